//! The inspector against a running cluster.

use super::*;
use crate::kafka::config::Effect;
use crate::kafka::controller::QuorumRole;
use crate::playground::scenario::{Playback, Scenario};
use crate::playground::time::Timeline;
use crate::world::EPOCH;
use crate::world::World;
use crate::world::operations::{Action, ChangeProducer};
use crate::world::target::Target;

const THREE: &str = include_str!("../../../www/scenarios/three-brokers.tide");

fn after_20_s() -> Timeline {
    let mut time = Timeline::new(Playback::new(Scenario::parse(THREE).expect("reads")).expect("begins"));
    time.seek(EPOCH.plus_millis(20_000)).expect("goes forward");
    time
}

/// The value behind a name, below a heading that begins with `head` ("" for the lines before any).
fn under<'a>(lines: &'a [Line], head: &str, name: &str) -> &'a str {
    let mut here = head.is_empty();
    for (line, value) in lines {
        match value {
            None => here = !head.is_empty() && line.starts_with(head),
            Some(value) if here && line == name => return value,
            Some(_) => {}
        }
    }
    panic!("{head} / {name}: {lines:#?}")
}

#[test]
fn every_thing_says_what_it_keeps() {
    let time = after_20_s();
    let (world, view) = (time.world(), time.world().view());
    let of = |target: Target| state(world, &view, &target);
    let p = view.partitions.iter().find(|p| &*p.view.topic == "orders").expect("has orders");
    let lines = of(Target::Partition("orders".into(), p.view.partition));
    assert_eq!(under(&lines, "", "leader"), p.view.leader.to_string());
    assert_eq!(under(&lines, "", "ISR").split(", ").count(), 3);
    assert_eq!(under(&lines, "Leader epochs", "epoch 0"), "from offset 0");
    assert!(under(&lines, "Segments", "00000000000000000000").ends_with("bytes"));
    for r in view.replicas.iter().filter(|r| &*r.topic == "orders" && r.partition == p.view.partition) {
        assert_eq!(under(&lines, &format!("Replica {}", r.broker), "log end offset"), r.end_offset.to_string());
    }
    assert!(lines.iter().any(|(name, _)| name.starts_with("producer ")), "{lines:?}");
    let lines = of(Target::Group(Some("billing".into())));
    assert_eq!(under(&lines, "", "state"), "Stable");
    assert!(under(&lines, "Committed offsets", "orders-0").contains("lag"));
    assert_eq!(lines.iter().filter(|(name, _)| name == "member id").count(), 3);
    let lines = of(Target::Producer("checkout".into()));
    assert!(under(&lines, "", "producer id").parse::<i64>().is_ok_and(|id| id >= 0));
    assert!(under(&lines, "orders-", "next sequence").parse::<i32>().is_ok_and(|next| next > 0));
    let lines = of(Target::Consumer("billing-1".into()));
    assert_eq!(under(&lines, "", "state"), "stable");
    assert!(under(&lines, "orders-", "position").parse::<i64>().is_ok_and(|at| at > 0));
    let lines = of(Target::Broker("broker-1".into()));
    assert_eq!(under(&lines, "Controller quorum", "voters"), "1, 2, 3");
    assert_eq!(under(&lines, "Registration", "fenced"), "false");
    assert!(!of(Target::Topic("orders".into())).is_empty() && of(Target::Broker("nobody".into())).is_empty());
}

#[test]
fn configs_say_what_differs_and_refuse_in_kafkas_words() {
    let time = after_20_s();
    let (world, view) = (time.world(), time.world().view());
    let topic = Target::Topic("orders".into());
    let rows = configs(world, &view, &topic, false);
    let min = rows.first().expect("has configs");
    assert_eq!((min.name, &*min.value, min.default, min.differs, min.editable), ("min.insync.replicas", "2", "1", true, true));
    let retention = rows.iter().find(|row| row.name == "retention.ms").expect("is there");
    assert_eq!((&*retention.value, retention.differs), ("604800000", false));
    let why = check(world, &topic, "retention.ms", "soon", false).expect_err("is no number");
    assert_eq!(why, "Invalid value soon for configuration retention.ms: Not a number of type LONG");
    assert_eq!(check(world, &topic, "retention.ms", "60000", false), Ok("set orders retention.ms=60000".into()));
    assert!(check(world, &topic, "retention.ms", "", false).is_ok_and(|line| Scenario::timed_line(&line).is_ok()));
    let rows = configs(world, &view, &Target::Broker("broker-1".into()), false);
    assert!(rows.iter().any(|row| row.name == "offsets.topic.num.partitions" && row.value == "1" && row.default == "50" && row.differs));
    let rows = configs(world, &view, &Target::Producer("batch".into()), false);
    assert_eq!(rows.iter().filter(|row| row.differs).map(|row| (row.name, &*row.value)).collect::<Vec<_>>(), [("linger.ms", "400")]);
    let rows = configs(world, &view, &Target::Consumer("billing-1".into()), false);
    let set: Vec<&str> = rows.iter().filter(|row| row.differs).map(|row| row.name).collect();
    assert_eq!(set, ["auto.offset.reset", "group.id", "session.timeout.ms"]);
    let of_the_app = ["group.id", "enable.auto.commit"];
    assert!(rows.iter().all(|row| row.editable == (row.effect == Effect::InForce && !of_the_app.contains(&row.name))));
    assert!(rows.iter().any(|row| row.name == "client.rack" && row.group.starts_with("Without effect here")));
    // A client's config is set by a line too; what the app has stays.
    let line = check(world, &Target::Consumer("billing-1".into()), "session.timeout.ms", "", false).expect("it is there");
    assert!(line.starts_with("change consumer billing-1 ") && line.contains("group=billing") && !line.contains("session"), "{line}");
    let mut line = check(world, &Target::Producer("batch".into()), "linger.ms", "7", false).expect("it is there");
    let Action::ChangeProducer(ChangeProducer(spec)) = Scenario::timed_line(&line).expect("reads").actions.remove(0).1 else {
        panic!("{line}")
    };
    assert_eq!(spec.config.get("linger.ms").map(String::as_str), Some("7"));
    line = check(world, &Target::Producer("batch".into()), "linger.ms", "soon", false).expect("the client refuses it");
    let Some((_, wrong)) = Scenario::timed_line(&line).expect("reads").actions.pop() else { panic!("{line}") };
    let why = world.clone().act(wrong).expect_err("is no number").to_string();
    assert!(why.starts_with("linger.ms=soon"), "{why}");
}

#[test]
fn a_brokers_configs_are_set_on_it_or_on_all_and_what_is_fixed_says_so() {
    let mut world = after_20_s().world().clone();
    let broker = Target::Broker("broker-2".into());
    let of = |world: &World, all: bool| configs(world, &world.view(), &broker, all);
    let rows = of(&world, false);
    // What can be set stands first, then what cannot, with the reason once; in each, what differs.
    let mut groups: Vec<&str> = rows.iter().map(|row| row.group).collect();
    groups.dedup();
    assert!(groups.len() == 3 && groups[0].is_empty() && groups[1].starts_with("Read-only: a change needs a restart"), "{groups:?}");
    assert!(rows.iter().all(|row| row.editable == row.group.is_empty()));
    let editable: Vec<&str> = rows.iter().filter(|row| row.editable).map(|row| row.name).collect();
    // Those that `open_logs_follow_each_config_of_their_broker` tries, min.insync.replicas, two of compression, three of connections,
    // the number of fetchers, and the verification of transactions.
    assert_eq!(editable.len(), 25, "{editable:?}");
    assert!(rows.iter().any(|row| row.name == "num.io.threads" && row.group.starts_with("Without effect")));
    let change = |world: &World, name: &str, value: &str, all: bool| check(world, &broker, name, value, all);
    assert_eq!(change(&world, "log.retention.ms", "60000", false), Ok("config broker-2 log.retention.ms=60000".into()));
    assert_eq!(change(&world, "log.retention.ms", "", true), Ok("config brokers log.retention.ms=\"\"".into()));
    let why = change(&world, "num.partitions", "6", false).expect_err("is fixed");
    assert_eq!(why, "Cannot update these configs dynamically: Set(num.partitions)");
    let why = change(&world, "log.retention.ms", "soon", true).expect_err("is no number");
    assert_eq!(why, "Invalid value soon for configuration log.retention.ms: Not a number of type LONG");
    assert!(change(&world, "min.insync.replicas", "1", false).is_err() && change(&world, "min.insync.replicas", "1", true).is_ok());
    for (all, value) in [(true, "70000"), (false, "60000")] {
        let line = change(&world, "log.retention.ms", value, all).expect("it can be set");
        let (_, action) = Scenario::timed_line(&line).expect("reads").actions.remove(0);
        world.act(action).expect("it is done");
        world.run_until(world.now().plus_millis(3000));
    }
    let value = |all: bool| of(&world, all).into_iter().find(|row| row.name == "log.retention.ms").map(|row| (row.value, row.from));
    let here = (Some(("60000".into(), "set on the broker; ")), Some(("70000".into(), "set on all brokers; ")));
    assert_eq!((value(false), value(true)), here);
    // A topic without one of its own has its broker's.
    let rows = configs(&world, &world.view(), &Target::Topic("orders".into()), false);
    let retention = rows.iter().find(|row| row.name == "retention.ms").map(|row| (&*row.value, row.differs, row.from));
    assert_eq!(retention, Some(("70000", true, "set on all brokers; ")));
}

#[test]
fn the_leader_of_the_quorum_tells_ends_lags_and_votes() {
    let time = after_20_s();
    let (world, view) = (time.world(), time.world().view());
    let leader = view.brokers.iter().find(|broker| broker.role == Some(QuorumRole::Leader)).expect("is elected").clone();
    let lines = state(world, &view, &Target::Broker(leader.name.clone()));
    let replicas: Vec<&str> = (1..=3).map(|id| under(&lines, "Replicas of the metadata log", &format!("voter {id}"))).collect();
    let end: i64 = under(&lines, "Controller quorum", "log end offset").parse().expect("a number");
    let own = usize::try_from(leader.node_id - 1).expect("an id");
    assert_eq!(replicas[own], format!("log end offset {end}, lag 0"));
    for words in &replicas {
        let (at, lag) = words.trim_start_matches("log end offset ").split_once(", lag ").expect("both");
        assert_eq!(at.parse::<i64>().expect("a number") + lag.parse::<i64>().expect("a number"), end, "{words}");
    }
    // A majority has voted for it, itself first of all.
    let votes = (1..=3).filter(|id| under(&lines, "Votes in epoch", &format!("voter {id}")) == format!("for {}", leader.node_id)).count();
    assert!(votes >= 2, "{lines:?}");
    assert_eq!(under(&lines, "Controller quorum", "voted for"), leader.node_id.to_string());
    let other = view.brokers.iter().find(|broker| broker.role == Some(QuorumRole::Follower)).expect("there are three");
    let lines = state(world, &view, &Target::Broker(other.name.clone()));
    assert!(lines.iter().all(|(name, _)| !name.starts_with("Replicas of the metadata log")), "only the leader knows");
}

#[test]
fn each_frame_sent_lately_is_read_to_its_last_byte_and_nothing_moves() {
    let time = after_20_s();
    let hash = time.world().event_hash();
    let all = frames(time.world(), "", 400);
    assert_eq!(all.len(), 400);
    assert!(all.iter().any(|sent| sent.under_way) && all.windows(2).all(|pair| pair[0].at >= pair[1].at));
    for sent in all.iter().step_by(9) {
        let found = time.frame(sent.message).expect("is found");
        let seen = frame(found.api, found.response, found.version, found.bytes.clone());
        assert!(found.bytes.len() as u32 == sent.bytes && seen.iter().all(|field| field.name != "Unreadable"), "{sent:?}: {seen:?}");
        let mut next = 0;
        for (_, run) in hex(&seen, u32::MAX) {
            assert!(run.start == next && run.end > next, "{sent:?}");
            next = run.end;
        }
        assert_eq!(next, sent.bytes, "{sent:?}");
    }
    let fetches = frames(time.world(), "fetch response billing-1", 5);
    assert!(fetches.len() == 5 && fetches.iter().all(|sent| sent.words.ends_with("Fetch response")), "{fetches:?}");
    assert!(sent(time.world(), all[0].message).is_some() && time.frame(u64::MAX).is_none());
    assert_eq!(time.world().event_hash(), hash);
}

#[test]
fn a_record_is_found_in_its_batch() {
    let time = after_20_s();
    let batch = time.world().batch("orders", 0, 3).expect("is in the log");
    let seen = record(&batch);
    let at = seen.iter().position(|field| field.value == "offset 3").expect("is in the batch");
    assert_eq!(seen[at].depth, 2);
    assert!(seen[at + 1..].iter().any(|field| field.name == "Key" && field.value.starts_with('"')));
    assert!(time.world().batch("orders", 0, 1_000_000).is_none());
}

#[test]
fn properties_are_read_as_java_reads_them() {
    let text = "# a comment\n! another\n\nacks=all\nlinger.ms : 20\nclient.rack  eu\\ west\nsasl.jaas.config=a \\\n    b;\nempty=\n";
    let pairs: Vec<(String, String)> = properties(text);
    let expected = [("acks", "all"), ("linger.ms", "20"), ("client.rack", "eu\\ west"), ("sasl.jaas.config", "a b;"), ("empty", "")];
    let unescaped = expected.map(|(name, value)| (name.to_owned(), value.replace("\\ ", " ")));
    assert_eq!(pairs, unescaped);
}

#[test]
fn a_producers_file_is_one_line_and_what_has_no_effect_or_no_place_is_said() {
    let time = after_20_s();
    let world = time.world();
    let checkout = Target::Producer("checkout".into());
    let file = "bootstrap.servers=kafka:9092\nkey.serializer=org.apache.kafka.common.serialization.StringSerializer\nacks=1\nlinger.ms=25\nlinger=5\n";
    let pasted = paste(world, &checkout, file).expect("its values are right");
    assert!(
        pasted.line.starts_with("change producer checkout ") && pasted.line.contains(" acks=1 ") && pasted.line.contains(" linger.ms=25"),
        "{pasted:?}"
    );
    assert!(pasted.words.starts_with("Set: acks, linger.ms. Without effect here: key.serializer."), "{pasted:?}");
    assert!(
        pasted.words.ends_with("Left out: bootstrap.servers, decided by its app here. Left out: linger, unknown to Kafka."),
        "{pasted:?}"
    );
    assert!(paste(world, &checkout, "acks=2").is_err(), "Kafka's own words for it");
    assert_eq!(paste(world, &checkout, "linger=5").expect("there is nothing wrong in it").line, "");
    let topic = paste(world, &Target::Topic("orders".into()), "retention.ms=60000\nsegment.bytes=2000000\n").expect("they are a topic's");
    assert_eq!(topic.line, "set orders retention.ms=60000 segment.bytes=2000000");
    let broker = paste(world, &Target::Broker("broker-1".into()), "node.id=7\nlog.retention.ms=60000\n").expect("they are a broker's");
    assert_eq!(broker.line, "config broker-1 log.retention.ms=60000");
    assert!(broker.words.contains("Left out: node.id, in need of a restart"), "{broker:?}");
}
