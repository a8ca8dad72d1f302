//! Configs of brokers, altered while they run: Kafka's rules, what holds where, and what each of them does.

use super::testing::{TestBroker, batch};
use super::testing_cluster::Cluster;
use crate::kafka::log::LogConfig;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::create_topics_request::CreatableTopic;
use crate::kafka::wire::message::describe_configs_request::DescribeConfigsResource;
use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::wire::message::*;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn text(value: &str) -> Str {
    Str::from(value)
}

fn resource(broker: &str, changes: &[(&str, i8, Option<&str>)]) -> AlterConfigsResource {
    let change = |(name, config_operation, value): &(&str, i8, Option<&str>)| AlterableConfig {
        name: text(name),
        config_operation: *config_operation,
        value: value.map(text),
    };
    AlterConfigsResource { resource_type: 4, resource_name: text(broker), configs: changes.iter().map(change).collect() }
}

fn request(resources: Vec<AlterConfigsResource>) -> IncrementalAlterConfigsRequest {
    IncrementalAlterConfigsRequest { resources, ..IncrementalAlterConfigsRequest::default() }
}

/// Asks broker `at`, in both versions; code and words of the first resource.
fn alter(cluster: &mut Cluster, at: i32, broker: &str, changes: &[(&str, i8, Option<&str>)]) -> (i16, String) {
    let mut both = [0, 1].map(|version| {
        let answer = cluster.call(at, version, request(vec![resource(broker, changes)])).responses.remove(0);
        (answer.error_code, answer.error_message.map_or_else(String::new, |why| why.as_ref().to_owned()))
    });
    assert_eq!(both[0].0, both[1].0);
    cluster.run_for(1000);
    std::mem::take(&mut both[1])
}

/// Value, source, read-only and synonyms (value and source) of one config.
type Described = (Option<String>, i8, bool, Vec<(String, String, i8)>);

fn describe(cluster: &mut Cluster, at: i32, kind: i8, name: &str, key: &str) -> Option<Described> {
    let keys = Some(vec![text(key)]);
    let resource = DescribeConfigsResource { resource_type: kind, resource_name: text(name), configuration_keys: keys };
    let request = DescribeConfigsRequest { resources: vec![resource], include_synonyms: true, ..DescribeConfigsRequest::default() };
    let result = cluster.call(at, 4, request).results.remove(0);
    assert_eq!(result.error_code, 0, "{:?}", result.error_message);
    let config = result.configs.into_iter().next()?;
    let words = |value: Option<&Str>| value.map_or_else(String::new, |value| value.as_ref().to_owned());
    let synonyms = config.synonyms.iter().map(|one| (one.name.as_ref().to_owned(), words(one.value.as_ref()), one.source));
    Some((config.value.as_ref().map(|value| value.as_ref().to_owned()), config.config_source, config.read_only, synonyms.collect()))
}

fn create(cluster: &mut Cluster, topic: &str, replicas: i16) {
    let wanted =
        CreatableTopic { name: TopicName(text(topic)), num_partitions: 1, replication_factor: replicas, ..CreatableTopic::default() };
    let answer = cluster.call(1, 7, CreateTopicsRequest { topics: vec![wanted], ..CreateTopicsRequest::default() });
    assert_eq!(answer.topics[0].error_code, 0);
    cluster.until(5000, "a leader", |cluster| cluster.leader(topic, 0).is_some());
    cluster.run_for(1000);
}

#[test]
fn what_kafka_refuses_is_refused_in_its_words_and_changes_nothing() {
    let mut cluster = Cluster::new(3, &[], None);
    let before = cluster.node(1).controller().image().broker_configs.clone();
    let not = "Invalid value soon for configuration log.retention.ms: Not a number of type LONG";
    let small = "Invalid value 9 for configuration log.segment.bytes: Value must be at least 1048576";
    let fixed = "Cannot update these configs dynamically: Set(num.partitions)";
    type Change = (&'static str, i8, Option<&'static str>);
    let refusals: &[(&str, &[Change], i16, &str)] = &[
        ("1", &[("num.partitions", SET, Some("3"))], 42, fixed),
        ("", &[("num.partitions", SET, Some("3"))], 42, fixed),
        ("1", &[("log.retention.hours", SET, Some("3"))], 42, "Cannot update these configs dynamically: Set(log.retention.hours)"),
        ("2", &[("log.retention.ms", SET, Some("3"))], 42, "Unexpected broker id, expected 1, but received 2"),
        ("9", &[("log.retention.ms", SET, Some("3"))], 42, "Unexpected broker id, expected 1, but received 9"),
        ("one", &[("log.retention.ms", SET, Some("3"))], 42, "Node id must be an integer, but it is: one"),
        ("1", &[("log.retention.ms", SET, Some("soon"))], 42, not),
        ("", &[("log.segment.bytes", SET, Some("9"))], 42, small),
        ("", &[("log.retention.ms", SET, None)], 42, "Null value not supported for : log.retention.ms"),
        ("", &[("log.retention.ms", APPEND, Some("3"))], 40, "Config value append is not allowed for config key: log.retention.ms"),
        ("", &[("log.retention.ms", 9, Some("3"))], 42, "Unknown operations type 9"),
        ("", &[("log.zzz", 9, Some("3"))], 42, "Unknown operations type 9"),
        ("", &[("log.retention.ms", SET, Some("3")), ("log.retention.ms", DELETE, None)], 42, "Error due to duplicate config keys"),
        ("", &[("log.retention.ms", SET, Some("3")), ("log.segment.bytes", SET, Some("9"))], 42, small),
        ("1", &[("min.insync.replicas", SET, Some("2"))], 40, "Broker-level min.insync.replicas cannot be altered while ELR is enabled."),
        ("", &[("min.insync.replicas", DELETE, None)], 40, "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."),
        // A name that nobody knows has no type.
        ("", &[("log.zzz", APPEND, Some("1"))], -1, ""),
        ("", &[("log.zzz", SUBTRACT, Some("1"))], -1, ""),
        (
            "1",
            &[("log.retention.ms", SET, Some("0"))],
            42,
            "requirement failed: log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
        ),
        (
            "",
            &[("log.cleaner.threads", SET, Some("500"))],
            42,
            "requirement failed: log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
        ),
        (
            "",
            &[("max.connections.per.ip", SET, Some("0"))],
            42,
            "requirement failed: max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.",
        ),
        (
            "1",
            &[("ssl.keystore.type", SET, Some("x"))],
            42,
            "These security configs can be dynamically updated only per-listener using the listener prefix: Set(ssl.keystore.type)",
        ),
        (
            "",
            &[("sasl.jaas.config", SET, Some("x"))],
            42,
            "Cannot update these configs at default cluster level, broker id must be specified: Set(sasl.jaas.config)",
        ),
        (
            "",
            &[("leader.replication.throttled.rate", SET, Some("x"))],
            42,
            "Invalid value x for configuration leader.replication.throttled.rate: Not a number of type LONG",
        ),
        (
            "",
            &[("num.io.threads", SET, Some("17"))],
            42,
            "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for \
             num.io.threads=17, value should not be greater than double the current value 8 for configuration \
             Invalid dynamic configuration",
        ),
        (
            "1",
            &[("background.threads", SET, Some("4"))],
            42,
            "Invalid value org.apache.kafka.common.config.ConfigException: Dynamic thread count update validation failed for \
             background.threads=4, value should be at least half the current value 10 for configuration Invalid dynamic configuration",
        ),
        (
            "",
            &[("log.retention.ms", SET, Some("5000")), ("log.local.retention.ms", SET, Some("5001"))],
            42,
            "Invalid value org.apache.kafka.common.config.ConfigException: Invalid value 5001 for configuration \
             log.local.retention.ms: Value must not be more than log.retention.ms property value: 5000 for configuration \
             Invalid dynamic configuration",
        ),
        ("1", &[("listeners", SET, Some("PLAINTEXT://:1"))], 42, "listeners is given at the start, and stays."),
    ];
    for (broker, changes, code, why) in refusals {
        assert_eq!(alter(&mut cluster, 1, broker, changes), (*code, (*why).to_owned()), "{broker} {changes:?}");
    }
    let long = "a".repeat(40_000);
    let answer = cluster.call(1, 1, request(vec![resource("", &[("log.cleanup.policy", SET, Some(&long))])])).responses.remove(0);
    assert!(answer.error_message.is_some_and(|why| why.as_ref().ends_with("exceeds the maximum value size of 32767 bytes.")));
    // One resource twice, and one that this broker may not alter beside one that it may.
    let one = || resource("", &[("log.retention.ms", SET, Some("3"))]);
    let twice = cluster.call(1, 1, request(vec![one(), one()]));
    assert!(twice.responses.iter().all(|answer| answer.error_message.as_ref().is_some_and(|why| why.as_ref().contains("at most once"))));
    let mixed = cluster.call(1, 1, request(vec![one(), resource("2", &[("log.retention.ms", SET, Some("3"))])]));
    assert_eq!(mixed.responses.iter().map(|answer| answer.error_code).collect::<Vec<_>>(), [42, 42]);
    let asked = IncrementalAlterConfigsRequest { validate_only: true, ..request(vec![one()]) };
    assert_eq!(cluster.call(1, 1, asked).responses[0].error_code, 0);
    cluster.run_for(1000);
    assert_eq!(cluster.node(1).controller().image().broker_configs, before);
}

#[test]
fn what_is_set_on_a_broker_goes_before_what_is_set_on_all_and_that_before_its_file() {
    let mut cluster = Cluster::new(3, &[("log.retention.ms", "4000")], None);
    create(&mut cluster, "orders", 3);
    let described = |cluster: &mut Cluster, at: i32| {
        let (value, source, read_only, synonyms) = describe(cluster, at, 4, &at.to_string(), "log.retention.ms").expect("is known");
        (value.unwrap_or_default(), source, read_only, synonyms.iter().map(|one| one.2).collect::<Vec<_>>())
    };
    // From the file; the hours behind it are Kafka's default.
    assert_eq!(described(&mut cluster, 2), ("4000".into(), 4, false, vec![4, 5]));
    assert_eq!(alter(&mut cluster, 3, "", &[("log.retention.ms", SET, Some("3000"))]), (0, String::new()));
    assert_eq!(alter(&mut cluster, 2, "2", &[("log.retention.ms", SET, Some("2000"))]), (0, String::new()));
    assert_eq!(described(&mut cluster, 1), ("3000".into(), 3, false, vec![3, 4, 5]));
    assert_eq!(described(&mut cluster, 2), ("2000".into(), 2, false, vec![2, 3, 4, 5]));
    // Topics inherit it on that broker, and the logs that are open follow.
    let of_topic = |cluster: &mut Cluster, at| describe(cluster, at, 2, "orders", "retention.ms").map(|found| (found.0, found.1));
    assert_eq!(of_topic(&mut cluster, 1), Some((Some("3000".into()), 3)));
    assert_eq!(of_topic(&mut cluster, 2), Some((Some("2000".into()), 2)));
    let kept = |cluster: &mut Cluster| {
        [1, 2, 3].map(|id| cluster.node(id).topics.partition("orders", 0).map(|partition| partition.log.config().retention_ms))
    };
    assert_eq!(kept(&mut cluster), [Some(3000), Some(2000), Some(3000)]);
    // Of all brokers only what was set on all of them is told.
    let all = describe(&mut cluster, 1, 4, "", "log.retention.ms").expect("was set");
    assert_eq!((all.0.as_deref(), all.1, all.3.len()), (Some("3000"), 3, 1));
    assert_eq!(describe(&mut cluster, 1, 4, "", "log.segment.bytes"), None);
    let fixed = describe(&mut cluster, 1, 4, "1", "num.partitions").expect("is known");
    assert_eq!((fixed.0.as_deref(), fixed.1, fixed.2), (Some("1"), 5, true));
    // A new process finds it in the metadata log.
    cluster.kill(2);
    cluster.run_for(1000);
    cluster.start(2);
    cluster.run_for(20_000);
    assert_eq!(kept(&mut cluster)[1], Some(2000));
    // Taken back, the next one holds.
    assert_eq!(alter(&mut cluster, 2, "2", &[("log.retention.ms", DELETE, None)]).0, 0);
    assert_eq!(kept(&mut cluster), [Some(3000); 3]);
    assert_eq!(alter(&mut cluster, 2, "", &[("log.retention.ms", DELETE, None)]).0, 0);
    assert_eq!(kept(&mut cluster), [Some(4000); 3]);
    // Lists: what is appended to begins with Kafka's default.
    let policy = |cluster: &mut Cluster| describe(cluster, 1, 4, "1", "log.cleanup.policy").and_then(|found| found.0);
    assert_eq!(alter(&mut cluster, 1, "1", &[("log.cleanup.policy", APPEND, Some("compact,delete"))]).0, 0);
    assert_eq!(policy(&mut cluster).as_deref(), Some("delete,compact"));
    assert_eq!(alter(&mut cluster, 1, "1", &[("log.cleanup.policy", SUBTRACT, Some("delete"))]).0, 0);
    assert_eq!(policy(&mut cluster).as_deref(), Some("compact"));
}

/// Every broker config that this engine goes by and Kafka lets one alter, a value, and what an open log makes of it.
#[test]
fn open_logs_follow_each_config_of_their_broker() {
    type Of = fn(&LogConfig) -> i64;
    let all: [(&str, &str, i64, Of); 17] = [
        ("log.retention.ms", "70", 70, |log| log.retention_ms),
        ("log.retention.bytes", "71", 71, |log| log.retention_bytes),
        ("log.roll.ms", "72", 72, |log| log.segment_ms),
        ("log.segment.bytes", "1048577", 1_048_577, |log| log.segment_bytes.into()),
        ("log.cleanup.policy", "compact", 1, |log| log.compact.into()),
        ("message.max.bytes", "73", 73, |log| log.max_message_bytes.into()),
        ("log.message.timestamp.type", "LogAppendTime", 1, |log| log.log_append_time.into()),
        ("log.message.timestamp.before.max.ms", "74", 74, |log| log.message_timestamp_before_max_ms),
        ("log.message.timestamp.after.max.ms", "75", 75, |log| log.message_timestamp_after_max_ms),
        ("log.index.interval.bytes", "76", 76, |log| log.index_interval_bytes.into()),
        ("log.index.size.max.bytes", "77", 77, |log| log.segment_index_bytes.into()),
        ("log.flush.interval.messages", "78", 78, |log| log.flush_messages),
        ("log.flush.interval.ms", "80", 80, |log| log.flush_ms),
        ("log.segment.delete.delay.ms", "81", 81, |log| log.file_delete_delay_ms),
        ("log.roll.jitter.ms", "82", 82, |log| log.segment_jitter_ms),
        ("producer.id.expiration.ms", "79", 79, |log| log.producer_id_expiration_ms),
        ("unclean.leader.election.enable", "true", 0, |_| 0),
    ];
    let mut cluster = Cluster::new(1, &[], None);
    create(&mut cluster, "orders", 1);
    for (name, value, expected, of) in all {
        assert_eq!(alter(&mut cluster, 1, "1", &[(name, SET, Some(value))]), (0, String::new()), "{name}");
        let partition = cluster.node(1).topics.partition("orders", 0).expect("is there");
        assert_eq!(of(partition.log.config()), expected, "{name}");
    }
    assert_eq!(alter(&mut cluster, 1, "", &[("min.insync.replicas", SET, Some("2"))]).0, 0);
    assert_eq!(cluster.node(1).topics.partition("orders", 0).map(|partition| partition.min_isr), Some(2));
}

#[test]
fn what_a_client_sees_changes_with_it() {
    let mut test = TestBroker::new(&[("log.retention.check.interval.ms", "1000"), ("log.initial.task.delay.ms", "1000")]);
    let conn = test.connect();
    let wanted = CreatableTopic { name: TopicName(text("orders")), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
    test.call(conn, 7, CreateTopicsRequest { topics: vec![wanted], ..CreateTopicsRequest::default() });
    let produce = |test: &mut TestBroker| {
        let partition = PartitionProduceData { index: 0, records: Some(batch(test.now, &["one", "two"])) };
        let topic = TopicProduceData { name: TopicName(text("orders")), partition_data: vec![partition], ..TopicProduceData::default() };
        let request = ProduceRequest { acks: 1, timeout_ms: 1000, topic_data: vec![topic], ..ProduceRequest::default() };
        test.call(conn, 9, request).responses[0].partition_responses[0].error_code
    };
    let set = |test: &mut TestBroker, name: &str, value: Option<&str>| {
        let operation = if value.is_some() { SET } else { DELETE };
        let answer = test.call(conn, 1, request(vec![resource("", &[(name, operation, value)])]));
        assert_eq!(answer.responses[0].error_code, 0, "{:?}", answer.responses[0].error_message);
        test.advance(100);
    };
    assert_eq!(produce(&mut test), 0);
    set(&mut test, "message.max.bytes", Some("60"));
    assert_eq!(produce(&mut test), 10);
    set(&mut test, "message.max.bytes", None);
    assert_eq!(produce(&mut test), 0);
    // Retention goes by it from its next look on.
    test.advance(5000);
    let start = |test: &TestBroker| test.broker.partitions().iter().find(|view| &*view.topic == "orders").map(|view| view.log_start_offset);
    assert_eq!(start(&test), Some(0));
    set(&mut test, "log.retention.ms", Some("2000"));
    test.advance(5000);
    assert_eq!(start(&test), Some(4));
}

/// Codes and words as 4.1.1 answers them, but for what is not built.
#[test]
fn configs_of_groups_loggers_and_client_metrics() {
    let mut cluster = Cluster::new(1, &[], None);
    let mut told = |kind: i8, name: &str, changes: &[(&str, i8, Option<&str>)]| {
        let asked = AlterConfigsResource { resource_type: kind, ..resource(name, changes) };
        let answer = cluster.call(1, 1, request(vec![asked])).responses.remove(0);
        (answer.error_code, answer.error_message.map_or_else(String::new, |why| why.to_string()))
    };
    let session = "consumer.session.timeout.ms";
    let fine = (0, String::new());
    let refused = |code: i16, why: &str| (code, why.to_owned());
    assert_eq!(told(32, "g1", &[(session, SET, Some("50000"))]), fine);
    assert_eq!(told(32, "g2", &[("consumer.heartbeat.interval.ms", SET, Some("15000")), (session, SET, Some("45000"))]), fine);
    let least = "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms";
    assert_eq!(told(32, "g1", &[(session, SET, Some("5"))]), refused(40, least));
    assert_eq!(told(32, "", &[(session, SET, Some("50000"))]), refused(42, "Default group resources are not allowed."));
    assert_eq!(told(32, "g1", &[("x.y", SET, Some("1"))]), refused(40, "Unknown group config name: x.y"));
    let not = "Invalid value y for configuration consumer.session.timeout.ms: Not a number of type INT";
    assert_eq!(told(32, "g1", &[(session, SET, Some("y"))]), refused(40, not));
    assert_eq!(told(32, "g1", &[(session, SET, None)]), refused(42, "Null value not supported for : consumer.session.timeout.ms"));
    let append = "Can't APPEND to key consumer.session.timeout.ms because its type is not LIST.";
    assert_eq!(told(32, "g1", &[(session, APPEND, Some("5"))]), refused(40, append));
    assert_eq!(told(32, "g1", &[(session, 9, Some("5"))]), refused(-1, ""));
    assert_eq!(told(8, "1", &[("kafka.zzz", SET, Some("INFO"))]), refused(40, "Logger kafka.zzz does not exist!"));
    assert_eq!(told(8, "2", &[("root", SET, Some("INFO"))]), refused(42, "Unexpected node id. Expected 1, but received 2"));
    assert_eq!(told(8, "", &[("root", SET, Some("INFO"))]), refused(42, "Node id must be an integer, but it is: "));
    assert_eq!(told(8, "1", &[("root", SET, Some("DEBUG"))]).0, 40);
    assert_eq!(told(16, "", &[("interval.ms", SET, Some("1"))]), refused(42, "Subscription name can't be empty"));
    assert_eq!(told(16, "m", &[("interval.ms", SET, Some("1"))]).0, 42);
    assert_eq!(told(99, "g", &[("a", SET, Some("b"))]), refused(42, "Unknown resource type 99"));
    assert_eq!(told(2, "", &[("retention.ms", SET, Some("1"))]), refused(42, "Default topic resources are not allowed."));
    assert_eq!(told(2, "nope", &[("retention.ms", SET, Some("1"))]), refused(3, "The topic 'nope' does not exist."));
    assert_eq!(told(2, "t t", &[("retention.ms", SET, Some("1"))]).0, 17);

    let (value, source, read_only, synonyms) = describe(&mut cluster, 1, 32, "g1", session).expect("is known");
    assert_eq!((value.as_deref(), source, read_only, synonyms), (Some("50000"), 8, false, vec![(session.into(), "50000".into(), 8)]));
    let (value, source, ..) = describe(&mut cluster, 1, 32, "g3", session).expect("is known");
    assert_eq!((value.as_deref(), source), (Some("45000"), 5));
    let listed = cluster.call(1, 1, ListConfigResourcesRequest { resource_types: vec![32] }).config_resources;
    assert_eq!(listed.iter().map(|one| &*one.resource_name).collect::<Vec<_>>(), ["g1", "g2"]);
}

#[test]
fn a_plugins_config_is_taken_and_never_shown() {
    let mut cluster = Cluster::new(1, &[], None);
    assert_eq!(
        alter(&mut cluster, 1, "", &[("my.plugin.key", SET, Some("4")), ("leader.replication.throttled.rate", SET, Some("9"))]).0,
        0
    );
    let (value, source, read_only, synonyms) = describe(&mut cluster, 1, 4, "1", "my.plugin.key").expect("is listed");
    assert_eq!((value, source, read_only, synonyms), (None, 3, true, vec![("my.plugin.key".into(), String::new(), 3)]));
    let (value, source, read_only, _) = describe(&mut cluster, 1, 4, "", "leader.replication.throttled.rate").expect("is listed");
    assert_eq!((value.as_deref(), source, read_only), (Some("9"), 3, true));
}

#[test]
fn alter_configs_replaces_all_that_is_set() {
    use crate::kafka::wire::message::alter_configs_request as old;
    let mut cluster = Cluster::new(1, &[], None);
    create(&mut cluster, "orders", 1);
    let mut replace = |kind: i8, name: &str, configs: &[(&str, Option<&str>)]| {
        let config = |(name, value): &(&str, Option<&str>)| old::AlterableConfig { name: text(name), value: value.map(text) };
        let resource =
            old::AlterConfigsResource { resource_type: kind, resource_name: text(name), configs: configs.iter().map(config).collect() };
        let answer = cluster.call(1, 2, AlterConfigsRequest { resources: vec![resource], validate_only: false }).responses.remove(0);
        (answer.error_code, answer.error_message.map_or_else(String::new, |why| why.to_string()))
    };
    assert_eq!(replace(2, "orders", &[("retention.ms", Some("5")), ("segment.ms", Some("6"))]), (0, String::new()));
    assert_eq!(replace(2, "orders", &[("retention.ms", Some("7"))]), (0, String::new()));
    assert_eq!(replace(2, "orders", &[("retention.ms", None)]), (42, "Null value not supported for : retention.ms".into()));
    assert_eq!(replace(2, "nope", &[("retention.ms", Some("1"))]), (3, "The topic 'nope' does not exist.".into()));
    assert_eq!(replace(4, "2", &[("log.retention.ms", Some("1"))]), (42, "Unexpected broker id, expected 1, but received 2".into()));
    assert_eq!(replace(8, "1", &[("root", Some("INFO"))]), (42, "Unknown resource type 8".into()));
    assert_eq!(replace(4, "1", &[("log.retention.ms", Some("100"))]), (0, String::new()));
    let set = &cluster.node(1).controller().image().topic_configs;
    assert_eq!(
        set.get("orders").expect("is set").iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(),
        [("retention.ms", "7")]
    );
}

/// Joins a group of the consumer protocol; code and the interval of its heartbeats.
fn join(cluster: &mut Cluster, group: &str, member: &str) -> (i16, i32) {
    let request = ConsumerGroupHeartbeatRequest {
        group_id: GroupId(text(group)),
        member_id: text(member),
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(vec![TopicName(text("orders"))]),
        topic_partitions: Some(Vec::new()),
        ..ConsumerGroupHeartbeatRequest::default()
    };
    let answer = cluster.call(1, 1, request);
    (answer.error_code, answer.heartbeat_interval_ms)
}

fn coordinated(groups: &[&str]) -> Cluster {
    let mut cluster = Cluster::new(1, &[("offsets.topic.replication.factor", "1")], None);
    for group in groups {
        let found = FindCoordinatorRequest { key: text(group), ..FindCoordinatorRequest::default() };
        for _ in 0..20 {
            if cluster.call(1, 2, found.clone()).error_code == 0 && join(&mut cluster, group, "first").0 == 0 {
                break;
            }
            cluster.run_for(200);
        }
    }
    cluster
}

#[test]
fn a_groups_own_configs_hold_for_its_members() {
    let mut cluster = coordinated(&["own", "plain"]);
    let altered =
        |changes: &[(&str, i8, Option<&str>)]| request(vec![AlterConfigsResource { resource_type: 32, ..resource("own", changes) }]);
    let (heartbeat, session) = ("consumer.heartbeat.interval.ms", "consumer.session.timeout.ms");
    assert_eq!(cluster.call(1, 1, altered(&[(heartbeat, SET, Some("6000")), (session, SET, Some("50000"))])).responses[0].error_code, 0);
    cluster.run_for(1000);
    assert_eq!((join(&mut cluster, "own", "m"), join(&mut cluster, "plain", "m")), ((0, 6000), (0, 5000)));
    let members = |cluster: &mut Cluster, group: &str| {
        let views = cluster.node(1).groups();
        views.iter().find(|view| &*view.group == group).map_or(0, |view| view.members.len())
    };
    cluster.run_for(46_000);
    assert_eq!(
        (members(&mut cluster, "own"), members(&mut cluster, "plain")),
        (1, 0),
        "the first member of its own group was there before"
    );
    cluster.run_for(5_000);
    assert_eq!(members(&mut cluster, "own"), 0);
    assert_eq!(cluster.call(1, 1, altered(&[(heartbeat, DELETE, None)])).responses[0].error_code, 0);
    cluster.run_for(1000);
    assert_eq!(join(&mut cluster, "own", "m"), (0, 5000));
}

#[test]
fn without_the_feature_nobody_speaks_the_consumer_protocol() {
    let mut cluster = coordinated(&["billing"]);
    let level = |cluster: &mut Cluster, level: i16, upgrade_type: i8| {
        let key = update_features_request::FeatureUpdateKey {
            feature: text("group.version"),
            max_version_level: level,
            upgrade_type,
            ..update_features_request::FeatureUpdateKey::default()
        };
        let answer = cluster.call(1, 2, UpdateFeaturesRequest { feature_updates: vec![key], ..UpdateFeaturesRequest::default() });
        cluster.run_for(500);
        answer.error_code
    };
    assert_eq!(level(&mut cluster, 2, 1), 95);
    assert_eq!(level(&mut cluster, 0, 1), 95, "a downgrade says that it is one");
    assert_eq!(level(&mut cluster, 0, 2), 0);
    assert_eq!(join(&mut cluster, "billing", "m").0, 35);
    let request = ConsumerGroupDescribeRequest { group_ids: vec![GroupId(text("billing"))], ..ConsumerGroupDescribeRequest::default() };
    assert_eq!(cluster.call(1, 1, request).groups[0].error_code, 35);
    assert_eq!(level(&mut cluster, 1, 1), 0);
    assert_eq!(join(&mut cluster, "billing", "m").0, 0);
}
