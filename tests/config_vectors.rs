//! The tables of configs against Apache Kafka 4.1.1's own (`vectors/config_defaults_kafka_4.1.1.json`): each config that is known here has
//! Kafka's type, default and valid values, and each of Kafka's clients' is known; or it stands below with the reason.
#![cfg(not(target_arch = "wasm32"))]

use serde_json::Value;
use std::collections::BTreeSet;
use tidepool::kafka::config::{BROKER, CONSUMER, ConfigTable, GROUP, PRODUCER, TOPIC, UpdateMode};

const ENDLESS: &str = "0 would let a simulated client go on for ever at one moment";
const REPORTERS: &str = "nothing reports metrics";
const JAVA: &str = "it is required of a Java program only";
const CASE: &str = "letters are not compared without case";

/// Table, config and the reason for which it differs from Kafka's.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("producer", "key.serializer", JAVA),
    ("producer", "value.serializer", JAVA),
    ("producer", "metadata.recovery.strategy", CASE),
    ("producer", "metric.reporters", REPORTERS),
    ("producer", "reconnect.backoff.ms", ENDLESS),
    ("producer", "reconnect.backoff.max.ms", ENDLESS),
    ("producer", "socket.connection.setup.timeout.ms", ENDLESS),
    ("consumer", "auto.commit.interval.ms", ENDLESS),
    ("consumer", "heartbeat.interval.ms", ENDLESS),
    ("consumer", "key.deserializer", JAVA),
    ("consumer", "value.deserializer", JAVA),
    ("consumer", "metadata.max.age.ms", ENDLESS),
    ("consumer", "metadata.recovery.strategy", CASE),
    ("consumer", "metric.reporters", REPORTERS),
    ("consumer", "reconnect.backoff.ms", ENDLESS),
    ("consumer", "reconnect.backoff.max.ms", ENDLESS),
    ("consumer", "request.timeout.ms", ENDLESS),
    ("consumer", "retry.backoff.ms", ENDLESS),
    ("consumer", "retry.backoff.max.ms", ENDLESS),
    ("consumer", "session.timeout.ms", ENDLESS),
    ("consumer", "socket.connection.setup.timeout.ms", ENDLESS),
];

/// Names of Kafka's clients, or how they begin, that are refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("interceptor.classes", "there is no Java class to load"),
    ("internal.", "Kafka documents it nowhere"),
    ("partitioner.class", "there is no Java class to load"),
    ("sasl.", "SASL is not built"),
    ("security.", "TLS and SASL are not built"),
    ("share.", "share groups are not built"),
    ("ssl.", "TLS is not built"),
    ("transaction.two.phase.commit.enable", "two-phase commit (KIP-939) is not built"),
];

fn kafka(table: &ConfigTable) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/config_defaults_kafka_4.1.1.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the vector file")).expect("JSON");
    all[table.whose].clone()
}

#[test]
fn what_is_known_is_as_kafka_defines_it() {
    let (mut different, mut unlisted) = (BTreeSet::new(), Vec::new());
    for table in [BROKER, TOPIC, PRODUCER, CONSUMER] {
        let kafka = kafka(&table);
        for def in table.iter() {
            let ours = serde_json::json!([def.kind.name(), def.default, def.valid.to_string()]);
            let mut row = kafka.get(def.name).cloned().unwrap_or(Value::Null);
            if table.whose == "broker" && row[1] == "<required>" {
                row[1] = Value::Null; // the start gives it
            }
            if row == ours {
                continue;
            }
            different.insert((table.whose, def.name));
            if !DIFFERENT.iter().any(|(whose, name, _)| (*whose, *name) == (table.whose, def.name)) {
                unlisted.push(format!("{} {}: {ours} here, {row} in Kafka", table.whose, def.name));
            }
        }
    }
    assert!(unlisted.is_empty(), "{}", unlisted.join("\n"));
    let listed: BTreeSet<_> = DIFFERENT.iter().map(|(whose, name, _)| (*whose, *name)).collect();
    assert_eq!(listed, different, "what is listed as different is different");
}

#[test]
fn all_of_a_brokers_and_a_topics_configs_are_known() {
    for (table, count) in [(BROKER, 336), (TOPIC, 34)] {
        let kafka = kafka(&table);
        let names: Vec<&str> = kafka.as_object().expect("names").keys().map(String::as_str).collect();
        assert_eq!(names, table.iter().map(|def| def.name).collect::<Vec<_>>());
        assert_eq!(names.len(), count);
    }
    // Those that DescribeConfigs lists; the 317 of a recorded answer have one of a plugin among them.
    assert_eq!(BROKER.iter().filter(|def| def.update != UpdateMode::Internal).count(), 316);
}

#[test]
fn the_readme_counts_them() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let counts = [BROKER, TOPIC, GROUP, PRODUCER, CONSUMER].map(|table| {
        let in_force = table.iter().filter(|def| def.in_force()).count();
        format!("| {}s' | {} | {in_force} |\n", table.whose, table.iter().count())
    });
    assert!(readme.contains(&counts.concat()), "README.md lacks these rows:\n{}", counts.concat());
}

#[test]
fn the_clients_know_all_of_kafkas_names_but_those_that_are_refused() {
    let mut unused: BTreeSet<&str> = REFUSED.iter().map(|(name, _)| *name).collect();
    for table in [PRODUCER, CONSUMER] {
        for name in kafka(&table).as_object().expect("names").keys().filter(|name| table.get(name).is_none()) {
            let (refused, _) =
                REFUSED.iter().find(|(start, _)| name.starts_with(start)).unwrap_or_else(|| panic!("{} {name}", table.whose));
            unused.remove(refused);
        }
        assert!(table.iter().all(|def| REFUSED.iter().all(|(start, _)| !def.name.starts_with(start))));
    }
    assert_eq!(unused, BTreeSet::new());
}
