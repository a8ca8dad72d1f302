//! Tests of the tables and of what holds where.

use super::*;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;

const TABLES: [ConfigTable; 6] = [BROKER, THROTTLES, TOPIC, GROUP, PRODUCER, CONSUMER];

#[test]
fn the_tables_are_sorted_and_every_default_is_valid() {
    for table in TABLES {
        assert!(table.defs.is_sorted_by(|a, b| a.name < b.name), "{} configs are out of order", table.whose);
        for def in table.iter() {
            if let Some(default) = def.default {
                assert_eq!(def.check(default), Ok(()));
            }
            assert!(def.server.is_none_or(|server| BROKER.get(server).is_some()), "{}", def.name);
            let words = def.doc.strip_suffix('.').unwrap_or_default();
            assert!(!words.is_empty() && !words.contains(". "), "{}: the doc is one sentence", def.name);
        }
    }
}

/// The configs in force are those that stand in a field; a topic's default on a broker stands in the topic's.
#[test]
fn what_is_in_force_stands_in_a_field() {
    let in_force = |table: ConfigTable| -> SortedVecSet<&str> { table.iter().filter(|def| def.in_force()).map(|def| def.name).collect() };
    let fields = |configs: &[&'static str]| -> SortedVecSet<&str> { configs.iter().copied().collect() };
    assert_eq!(in_force(TOPIC), fields(TopicConfig::CONFIGS));
    assert_eq!(in_force(GROUP), fields(GroupConfigs::CONFIGS));
    assert_eq!(in_force(PRODUCER), fields(ProducerConfig::CONFIGS));
    assert_eq!(in_force(CONSUMER), fields(ConsumerConfig::CONFIGS));
    let mut broker = fields(BrokerConfig::CONFIGS);
    broker.extend(TOPIC.iter().filter(|def| def.in_force()).filter_map(|def| def.server));
    broker.extend(["log.retention.hours", "log.retention.minutes", "log.roll.hours", "log.roll.jitter.hours"]);
    assert_eq!(in_force(BROKER), broker);
}

#[test]
fn the_topic_goes_before_the_broker_and_milliseconds_before_hours() {
    let none = SortedVecMap::new();
    let retention = |config: &BrokerConfig, overrides: &SortedVecMap<String, String>| TopicConfig::new(config, overrides).retention_ms;
    let fixed = [("log.retention.hours".to_owned(), "2".to_owned())].into();
    let mut config = BrokerConfig::new(fixed).unwrap();
    assert_eq!(retention(&config, &none), 7_200_000);
    config.set_altered(&[("1".into(), [("log.retention.ms".to_owned(), "5".to_owned())].into())].into(), 1);
    assert_eq!(retention(&config, &none), 5);
    let topic = [("retention.ms".to_owned(), "9".to_owned())].into();
    assert_eq!(retention(&config, &topic), 9);
    let def = TOPIC.get("retention.ms").unwrap();
    let (source, synonyms) = config.topic_synonyms(&topic, def);
    assert_eq!((config.topic_value(&topic, def).as_deref(), source), (Some("9"), Source::Topic));
    let names = |all: &[Sourced]| all.iter().map(|one| (one.name.clone(), one.source as i8)).collect::<Vec<_>>();
    let of = |expected: &[(&str, i8)]| expected.iter().map(|(name, source)| ((*name).to_owned(), *source)).collect::<Vec<_>>();
    let hours = "log.retention.hours";
    assert_eq!(names(&synonyms), of(&[("retention.ms", 1), ("log.retention.ms", 2), (hours, 4), (hours, 5)]));
    // From its own name on, as Kafka lists them: 4.1.1 shows none for retention.ms while only the hours are set.
    assert_eq!(names(&config.synonyms(hours)), of(&[(hours, 4), (hours, 5)]));
    config.set_altered(&SortedVecMap::new(), 1);
    let (source, synonyms) = config.topic_synonyms(&none, def);
    assert_eq!((config.topic_value(&none, def).as_deref(), source), (Some("7200000"), Source::Default));
    assert_eq!(names(&synonyms), of(&[]));
}

#[test]
fn a_brokers_own_value_goes_before_the_clusters_and_that_before_the_file() {
    let one = |value: &str| -> SortedVecMap<String, String> { [("min.insync.replicas".to_owned(), value.to_owned())].into() };
    let mut config = BrokerConfig::new(one("2")).unwrap();
    let altered = [(String::new(), one("3")), ("1".to_owned(), one("4")), ("2".to_owned(), one("5"))].into();
    for (node, expected) in [(1, 4), (2, 5), (3, 3)] {
        config.set_altered(&altered, node);
        assert_eq!(config.min_insync_replicas(&SortedVecMap::new()), expected);
    }
    let (source, synonyms) = config.topic_synonyms(&SortedVecMap::new(), TOPIC.get("min.insync.replicas").unwrap());
    assert_eq!(source, Source::DynamicDefaultBroker);
    let all: Vec<_> = synonyms.iter().map(|synonym| (synonym.value.as_deref().unwrap(), synonym.source as i8)).collect();
    assert_eq!(all, [("3", 3), ("2", 4), ("1", 5)]);
}

#[test]
fn fields_follow_what_is_set() {
    let one = |value: &str| -> SortedVecMap<String, String> { [("producer.id.expiration.ms".to_owned(), value.to_owned())].into() };
    let mut config = BrokerConfig::new([("broker.rack".to_owned(), "b".to_owned())].into()).unwrap();
    assert_eq!((config.producer_id_expiration_ms, config.broker_rack.as_deref()), (86_400_000, Some("b")));
    config.set_altered(&[(String::new(), one("7")), ("2".to_owned(), one("8"))].into(), 2);
    assert_eq!((config.producer_id_expiration_ms, config.of_all_brokers().producer_id_expiration_ms), (8, 7));
    config.set_altered(&SortedVecMap::new(), 2);
    assert_eq!((config.producer_id_expiration_ms, config.broker_rack.as_deref()), (86_400_000, Some("b")));
}

#[test]
fn a_refused_config_says_what_is_expected() {
    let told = |table: ConfigTable, name: &str, value: &str| {
        let error = table.check(name, value).expect_err("it is refused");
        (error.to_string(), error.kafka_message())
    };
    let cases = [
        (TOPIC, "segment.bytes", "1000", "a whole number from 1048576 to 2147483647", "Value must be at least 1048576"),
        (TOPIC, "retention.ms", "x", "a whole number from -1 to 9223372036854775807", "Not a number of type LONG"),
        (
            TOPIC,
            "cleanup.policy",
            "compact,burn",
            "one or several of compact, delete, with commas between",
            "String must be one of: compact, delete",
        ),
        (
            TOPIC,
            "leader.replication.throttled.replicas",
            "x:y",
            "*, or partition:broker, with commas between several",
            "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following format: \
             [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        ),
        (BROKER, "remote.log.manager.task.retry.jitter", "0.6", "a number from 0 to 0.5", "Value must be no more than 0.5"),
        (
            BROKER,
            "group.consumer.migration.policy",
            "sideways",
            "DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL in letters of any case",
            "String must be one of (case insensitive): DISABLED, DOWNGRADE, UPGRADE, BIDIRECTIONAL",
        ),
        (TOPIC, "min.cleanable.dirty.ratio", "1.5", "a number from 0 to 1", "Value must be no more than 1"),
        (TOPIC, "preallocate", "yes", "true or false", "Expected value to be either true or false"),
        (PRODUCER, "linger.ms", "soon", "a whole number from 0 to 9223372036854775807", "Not a number of type LONG"),
        (PRODUCER, "acks", "2", "all, -1, 0 or 1", "String must be one of: all, -1, 0, 1"),
        (PRODUCER, "bootstrap.servers", "nowhere", "host:port, with commas between several", "Invalid url in bootstrap.servers"),
        (CONSUMER, "group.instance.id", "", "a text that is not empty", "String must be non-empty"),
        (CONSUMER, "max.poll.records", "3000000000", "a whole number from 1 to 2147483647", "Not a number of type INT"),
    ];
    for (table, name, value, expected, kafka) in cases {
        let shown = if value == "x:y" { "[x:y]" } else { value };
        let kafka = format!("Invalid value {shown} for configuration {name}: {kafka}");
        assert_eq!(told(table, name, value), (format!("{name}={shown}: {expected}"), kafka));
    }
    assert_eq!(TOPIC.check("internal.segment.bytes", "200").map(|def| def.name), Ok("internal.segment.bytes"));
    let (words, kafka) = told(TOPIC, "num.partition", "1");
    assert_eq!((&*kafka, words.starts_with("num.partition is not a topic config")), ("Unknown topic config name: num.partition", true));
    assert!(told(BROKER, "num.partition", "1").0.ends_with("did you mean num.partitions?"));
    assert!(told(BROKER, "retention.ms", "1").0.ends_with("it is a topic config, whose default is log.retention.ms"));
    assert!(told(PRODUCER, "group.id", "g").0.ends_with("it is a consumer config"));
}

#[test]
fn a_producers_configs_agree() {
    let resolved = |configs: &[(&str, &str)]| {
        let mut config = ProducerConfig::new("p", vec![("broker".into(), 9092)]);
        configs.iter().try_for_each(|(name, value)| config.set(name, value))?;
        config.resolved()
    };
    let idempotent =
        |configs: &[(&str, &str)]| resolved(configs).map(|config| config.enable_idempotence).map_err(|error| error.to_string());
    assert_eq!(idempotent(&[]), Ok(true));
    assert_eq!(idempotent(&[("acks", " 1 "), ("enable.idempotence", "FALSE")]), Ok(false));
    // Idempotence by default gives way, but for the requests in flight; one that was asked for does not.
    assert_eq!((idempotent(&[("acks", "1")]), idempotent(&[("retries", "0")])), (Ok(false), Ok(false)));
    let asked = ("enable.idempotence", "true");
    assert_eq!(idempotent(&[("acks", "1"), asked]), Err("acks=1: all, since enable.idempotence is true".into()));
    assert_eq!(idempotent(&[("retries", "0"), asked]), Err("retries=0: more than 0, since enable.idempotence is true".into()));
    let six = ("max.in.flight.requests.per.connection", "6");
    let refused = Err("max.in.flight.requests.per.connection=6: at most 5, since enable.idempotence is true".into());
    assert_eq!((idempotent(&[six]), idempotent(&[six, ("acks", "1")])), (refused.clone(), refused));
    assert_eq!(idempotent(&[six, ("enable.idempotence", "false")]), Ok(false));

    let delivery = |configs: &[(&str, &str)]| resolved(configs).map(|config| config.delivery_timeout_ms).map_err(|error| error.to_string());
    assert_eq!(delivery(&[("request.timeout.ms", "150000")]), Ok(150_005));
    let late = Err("delivery.timeout.ms=100: at least linger.ms + request.timeout.ms".into());
    assert_eq!(delivery(&[("delivery.timeout.ms", "100")]), late);
    let most = |configs: &[(&str, &str)]| resolved(configs).map(|config| config.reconnect_backoff_max_ms);
    assert_eq!(most(&[("reconnect.backoff.ms", "70")]), Ok(70));
    assert_eq!(most(&[("reconnect.backoff.ms", "70"), ("reconnect.backoff.max.ms", "80")]), Ok(80));
}

#[test]
fn a_consumers_configs_agree() {
    let resolved = |group: Option<&str>, configs: &[(&str, &str)]| {
        let mut config = ConsumerConfig::new("c", vec![("broker".into(), 9092)]);
        config.group_id = group.map(Into::into);
        configs.iter().try_for_each(|(name, value)| config.set(name, value))?;
        config.resolved()
    };
    let commits = |group, configs: &[(&str, &str)]| resolved(group, configs).map(|config| config.enable_auto_commit).ok();
    assert_eq!((commits(None, &[]), commits(Some("g"), &[])), (Some(false), Some(true)));
    assert_eq!(commits(None, &[("enable.auto.commit", "true")]), None);
    assert!(resolved(Some("g"), &[("heartbeat.interval.ms", "45000")]).is_err());
}

#[test]
fn a_reset_by_duration_is_read_as_java_reads_it() {
    let reset = |text: &str| {
        let mut config = ConsumerConfig::new("c", Vec::new());
        config.set("auto.offset.reset", &format!("by_duration:{text}")).ok().map(|()| config.auto_offset_reset)
    };
    let hour = 3_600_000_000;
    for (text, micros) in [
        ("PT1H", hour),
        ("P2D", 48 * hour),
        ("P1DT1H", 25 * hour),
        ("pt90m", hour + hour / 2),
        ("PT0.5S", 500_000),
        ("PT1H1S", hour + 1_000_000),
        ("PT0S", 0),
    ] {
        assert_eq!(reset(text), Some(OffsetReset::ByDuration(micros)), "{text}");
    }
    for text in ["", "P", "PT", "1H", "PT1", "PT-1H", "P1H", "PTS", "PT1S1H", "PT99999999999999H"] {
        assert_eq!(reset(text), None, "{text}");
    }
    assert_eq!(OffsetReset::ByDuration(1500).timestamp(Time(10_000)), 8);
}

#[test]
fn the_rules_between_configs_are_kafkas() {
    let broker = |configs: &[(&str, &str)]| {
        let set = configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        BrokerConfig::new(set).map(|_| ()).map_err(|error| error.kafka_message())
    };
    assert_eq!(broker(&[]), Ok(()));
    for (configs, why) in [
        (&[("log.retention.ms", "0")][..], "log.retention.ms must be unlimited (-1) or, greater than or equal to 1"),
        (&[("log.roll.ms", "0")], "log.roll.ms must be greater than or equal to 1"),
        (&[("log.roll.jitter.ms", "-1")], "log.roll.jitter.ms must be greater than or equal to 0"),
        (
            &[("group.consumer.max.session.timeout.ms", "44000")],
            "group.consumer.max.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
        ),
        (
            &[("group.share.heartbeat.interval.ms", "4000")],
            "group.share.heartbeat.interval.ms must be greater than or equal to group.share.min.heartbeat.interval.ms",
        ),
        (
            &[("group.share.session.timeout.ms", "61000")],
            "group.share.session.timeout.ms must be less than or equal to group.share.max.session.timeout.ms",
        ),
        (&[("group.share.assignors", "simple,simple")], "group.share.assignors must contain exactly one assignor, but found 2"),
        (
            &[("group.share.record.lock.duration.ms", "10000")],
            "group.share.record.lock.duration.ms must be greater than or equal to group.share.min.record.lock.duration.ms",
        ),
        (
            &[("group.share.max.share.sessions", "100")],
            "group.share.max.share.sessions must be greater than or equal to group.share.max.size",
        ),
        (
            &[("group.streams.min.heartbeat.interval.ms", "16000")],
            "group.streams.max.heartbeat.interval.ms must be greater than or equal to group.streams.min.heartbeat.interval.ms",
        ),
        (
            &[("group.streams.num.standby.replicas", "3")],
            "group.streams.num.standby.replicas must be less than or equal to group.streams.max.standby.replicas",
        ),
        (
            &[("group.streams.max.heartbeat.interval.ms", "60000"), ("group.streams.heartbeat.interval.ms", "45000")],
            "group.streams.heartbeat.interval.ms must be less than group.streams.session.timeout.ms",
        ),
        (&[("log.cleaner.threads", "500")], "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread."),
        (&[("replica.lag.time.max.ms", "499")], "to prevent frequent changes in ISR"),
        (&[("replica.socket.timeout.ms", "499")], "to prevent unnecessary socket timeouts"),
        (&[("queued.max.request.bytes", "5")], "must be larger or equal to socket.request.max.bytes"),
        (&[("max.connections.per.ip", "0")], "only if max.connections.per.ip.overrides property is set."),
        (&[("connections.max.idle.ms", "100")], "from timing out"),
        (&[("max.connections.per.ip.overrides", "x")], "takes address:count, with commas between several"),
    ] {
        assert!(broker(configs).is_err_and(|error| error.ends_with(why)), "{configs:?}");
    }
    assert_eq!(broker(&[("max.connections.per.ip", "0"), ("max.connections.per.ip.overrides", "127.0.0.1:9")]), Ok(()));

    let few = [("max.connections.per.ip", "3"), ("max.connections.per.ip.overrides", "10.0.0.1:9, ::1:2")];
    let few = BrokerConfig::new(few.map(|(name, value)| (name.to_owned(), value.to_owned())).into()).unwrap();
    assert_eq!(["10.0.0.1", "::1", "10.0.0.2"].map(|address| few.connections_of(address)), [9, 2, 3]);

    let config = BrokerConfig::default();
    let set = |configs: &[(&str, &str)]| configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let lags = set(&[("min.compaction.lag.ms", "100"), ("max.compaction.lag.ms", "50")]);
    let why = "conflict topic config setting min.compaction.lag.ms (100) > max.compaction.lag.ms (50)";
    assert_eq!(config.check_topic(&lags), Err(why.to_owned()));
    assert!(config.check_topic(&set(&[("remote.storage.enable", "true")])).is_err_and(|why| why.contains("is disabled in the broker")));
    assert_eq!(config.check_topic(&set(&[("cleanup.policy", "")])), Ok(()));

    let group = |name: &str, value: &str| config.check_group(&set(&[(name, value)]));
    assert_eq!((group("consumer.session.timeout.ms", "50000"), group("streams.num.standby.replicas", "2")), (Ok(()), Ok(())));
    for (name, value, why) in [
        ("consumer.session.timeout.ms", "5", "must be greater than or equal to group.consumer.min.session.timeout.ms"),
        ("consumer.heartbeat.interval.ms", "50000", "must be less than or equal to group.consumer.max.heartbeat.interval.ms"),
        ("share.record.lock.duration.ms", "5000000", "must be less than or equal to group.share.max.record.lock.duration.ms"),
        ("streams.num.standby.replicas", "5", "must be less than or equal to group.streams.max.standby.replicas"),
    ] {
        assert_eq!(group(name, value), Err(format!("{name} {why}")));
    }
}
