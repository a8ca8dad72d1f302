//! How a group finds its order: all stop, what moves stops, or the coordinator deals out.

use super::{Preset, consumers, with_members};
use crate::playground::compare::Variant;
use crate::playground::scenario::{Contrast, Scenario};

pub(super) static PRESET: Preset = Preset {
    contrast: Contrast::Protocol,
    title: "Group protocol",
    asks: "While the group shares its partitions out anew, who reads on?",
    first: &["without an owner", "longest without an owner", "partitions given up", "rebalances"],
    fits: |scenario| consumers(scenario).any(|spec| spec.group.is_some()),
    make,
};

const STRATEGY: &str = "partition.assignment.strategy";
const PROTOCOL: &str = "group.protocol";
/// What only members of classic groups may set; for the others it is the broker's.
const CLASSIC: [&str; 3] = [STRATEGY, SESSION, "heartbeat.interval.ms"];
const SESSION: &str = "session.timeout.ms";
const GROUP_SESSION: &str = "group.consumer.session.timeout.ms";
const LEAST_SESSION: &str = "group.consumer.min.session.timeout.ms";

fn make(scenario: &Scenario) -> Vec<Variant> {
    let eager = classic(scenario, "eager", "range");
    let cooperative = classic(scenario, "cooperative", "cooperative-sticky");
    vec![eager, cooperative, modern(scenario)]
}

fn classic(scenario: &Scenario, name: &str, strategy: &str) -> Variant {
    let session = scenario.genesis.broker_config.get(GROUP_SESSION);
    let scenario = with_members(scenario, |spec| {
        let modern = spec.config.remove(PROTOCOL).is_some_and(|protocol| protocol.eq_ignore_ascii_case("consumer"));
        spec.config.remove("group.remote.assignor");
        spec.config.insert(STRATEGY.into(), strategy.into());
        // Who dies is noticed after the same time.
        if let Some(session) = session.filter(|_| modern) {
            spec.config.insert(SESSION.into(), session.clone());
        }
    });
    Variant { name: name.to_owned(), words: format!("{STRATEGY}={strategy}"), scenario }
}

fn modern(scenario: &Scenario) -> Variant {
    let session = consumers(scenario).find_map(|spec| spec.config.get(SESSION)).cloned();
    let mut scenario = with_members(scenario, |spec| {
        for name in CLASSIC {
            spec.config.remove(name);
        }
        spec.config.insert(PROTOCOL.into(), "consumer".into());
    });
    let brokers = &mut scenario.genesis.broker_config;
    if let Some(session) = session.filter(|_| !brokers.contains_key(GROUP_SESSION)) {
        brokers.insert(GROUP_SESSION.into(), session.clone());
        brokers.insert(LEAST_SESSION.into(), session);
    }
    Variant { name: "KIP-848".to_owned(), words: format!("{PROTOCOL}=consumer"), scenario }
}
