//! Scenario files: reading, writing, errors, and those that the page ships.

use super::*;
use crate::kafka::sabotage::Sabotage;
use crate::world::EPOCH;
use crate::world::operations::{any_action, keywords};
use proptest::prelude::*;

const FIRST_LIGHT: &str = include_str!("../../../www/scenarios/first-light.tide");
const REBALANCE: &str = include_str!("../../../www/scenarios/rebalance.tide");
const SLOW_CONSUMER: &str = include_str!("../../../www/scenarios/slow-consumer.tide");
const LANGUAGE: &str = include_str!("../../../www/scenarios/language.html");
const HASHES: &str = include_str!("../../../tests/vectors/hashes.txt");

fn error(text: &str) -> (u32, u32, String) {
    let error = Scenario::parse(text).expect_err("the file is wrong");
    (error.line, error.column, error.message)
}

#[test]
fn errors_name_place_and_expectation() {
    let (line, column, message) = error("tidepool 1\n  consmer billing-1");
    assert_eq!((line, column), (2, 3));
    assert!(message.contains("did you mean consumer?"), "{message}");

    let (line, column, message) = error("tidepool 1\n\nproducer a topic=t rate=4 # too few\n");
    assert_eq!((line, column), (3, 25));
    assert!(message.contains("4/s"), "{message}");

    let (line, column, message) = error("tidepool 1\nat 8s crsh billing-2");
    assert_eq!((line, column), (2, 7));
    assert!(message.contains("did you mean crash?"), "{message}");

    assert_eq!(error("").0, 1);
    assert!(error("seed 1").2.contains("tidepool 1"));
    assert!(error("tidepool 2").2.contains("version"));
    assert!(error("tidepool 1\nproducer a").2.contains("topic= is missing"));
    assert!(error("tidepool 1\nseed 1\nseed 2").2.contains("twice"));
    assert!(error("tidepool 1\nbrokers 10").2.contains("1 to 9"));
    assert!(error("tidepool 1\nsabotage no-truncatoin").2.contains("did you mean no-truncation?"));
    assert!(error("tidepool 1\nat 1s kil broker-1").2.contains("did you mean kill?"));
    assert!(error("tidepool 1\nat 1s cut broker-1").2.contains("the other node's name"));
    assert!(error("tidepool 1\nat 1s cut broker-1 broker-2 twice").2.contains("one-way or nothing"));
    assert!(error("tidepool 1\nat 1s full-disk broker-1 full").2.contains("free=BYTES"));
    assert!(error("tidepool 1\nat 1s links loss=2").2.contains("percentage"));
    assert!(error("tidepool 1\nat 1s reassign orders 0 1,two").2.contains("whole number"));
    assert!(error("tidepool 1\nat 1s note \"open").2.contains("never closed"));
    assert!(error("tidepool 1\nexpect at 1s group g colour=red").2.contains("colour"));
    assert!(error("tidepool 1\nexpect at 1s group g members=many").2.contains("whole number"));
    assert!(error("tidepool 1\nat 1s crash a b").2.contains("nothing more"));
    assert!(error("tidepool 1\ntopic t partition=3").2.contains("did you mean partitions?"));
}

#[test]
fn too_many_lines_are_refused() {
    let mut text = String::from("tidepool 1");
    text.push_str(&"\n".repeat(MAX_LINES as usize));
    assert!(Scenario::parse(&text).is_ok());
    text.push_str("\n#");
    assert_eq!(error(&text).0, MAX_LINES + 1);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        title in "[a-zA-Z0-9'#\" ]{0,20}",
        seed in any::<u64>(),
        latency_us in 0..60_000_000_i64,
        mut actions in proptest::collection::vec((0..3_i64, any_action()), 0..12),
        note in "[\\PC\n]{0,20}",
    ) {
        actions.sort_by_key(|(at, _)| *at);
        let mut scenario = Scenario { title: title.trim().into(), actions, notes: vec![(5, note)], run_for: 7, ..Scenario::default() };
        scenario.genesis.seed = seed;
        scenario.genesis.brokers = u32::try_from(seed % 9 + 1).expect("it is small");
        scenario.genesis.voters = u32::try_from(seed % 4).expect("it is small");
        scenario.genesis.sabotage = Sabotage::ALL.into_iter().nth(usize::try_from(seed % 16).expect("it is small"));
        scenario.genesis.latency_us = latency_us;
        scenario.genesis.broker_config.insert("a.b".into(), "c d".into());
        scenario.expects.push(Expect {
            at: 3,
            what: Subject::Consumer,
            name: "a b".into(),
            conditions: vec![
                Condition { field: "handled".into(), comparison: Comparison::AtLeast, value: "-4".into() },
                Condition { field: "state".into(), comparison: Comparison::Equal, value: "run ning".into() },
            ],
        });
        let text = scenario.to_text();
        prop_assert_eq!(Scenario::parse(&text).map_err(|error| format!("{error}\n{text}")), Ok(scenario));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(tidepool 1\n)?[\\PC\n]{0,200}") {
        let _ = Scenario::parse(&text);
    }
}

/// Plays a file to its end; every expectation must hold.
fn all_hold(text: &str) -> Playback {
    let scenario = Scenario::parse(text).expect("the file is good");
    assert!(!scenario.expects.is_empty());
    let mut playback = Playback::new(scenario).expect("the world starts");
    playback.run_until(playback.end());
    assert_eq!(playback.failures(), []);
    let failed: Vec<String> =
        playback.verdicts().iter().filter(|verdict| !verdict.held).map(|v| format!("{} (found {})", v.expect, v.found)).collect();
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(playback.verdicts().len(), playback.scenario().expects.len());
    playback
}

#[test]
fn first_light_is_as_expected() {
    all_hold(FIRST_LIGHT);
}

#[test]
fn rebalance_is_as_expected() {
    all_hold(REBALANCE);
}

#[test]
fn slow_consumer_is_as_expected() {
    all_hold(SLOW_CONSUMER);
}

#[test]
fn records_flow_within_two_seconds() {
    let scenario = Scenario::parse(FIRST_LIGHT).expect("the file is good");
    let mut world = scenario.start().expect("the world starts");
    world.run_until(EPOCH.plus_millis(2000));
    let view = world.view();
    let records: i64 = view.partitions.iter().filter(|state| !state.internal).map(|state| state.view.end_offset).sum();
    assert!(records > 0, "{records}");
}

#[test]
fn hashes_are_those_of_the_vectors() {
    let files = [
        ("first-light", FIRST_LIGHT),
        ("rebalance", REBALANCE),
        ("slow-consumer", SLOW_CONSUMER),
        ("three-brokers", include_str!("../../../www/scenarios/three-brokers.tide")),
        ("twenty-faults", include_str!("../../../tests/vectors/twenty-faults.tide")),
    ];
    let got = files.map(|(name, text)| format!("{name} {:016x}\n", scenario_hash(text).expect("it runs"))).concat();
    assert_eq!(got, HASHES, "the runs changed; if that is meant, put these into tests/vectors/hashes.txt");
}

#[test]
fn a_page_opens_when_records_flow_and_before_the_scenario_does_anything() {
    let opening =
        |lines: &str| Scenario::parse(&format!("tidepool 1\nbrokers 3\ntopic t partitions=1\n{lines}")).expect("it is right").opening_us();
    assert_eq!(opening("at 0s note \"n\"\n"), 16_000_000);
    assert_eq!(opening("at 12s kill broker-2\nat 40s kill broker-3\n"), 10_000_000);
    assert_eq!(opening("at 1s kill broker-2\n"), 0);
    assert_eq!(opening("at 50s kill broker-2\n"), 16_000_000);
}

/// Under both protocols a group reads the topics that match, also one that is made later, and no other.
#[test]
fn a_group_may_subscribe_by_a_pattern() {
    for protocol in ["partition.assignment.strategy=range metadata.max.age.ms=2000", "group.protocol=consumer metadata.max.age.ms=2000"] {
        let reader = format!("group=billing topics=\"^orders-.*\" sink=table auto.offset.reset=earliest {protocol}");
        let text = format!(
            "tidepool 1\nconfig offsets.topic.num.partitions=1\nconfig group.initial.rebalance.delay.ms=500\ntopic orders-eu partitions=2\n\
             topic orders-us partitions=2\ntopic carts partitions=1\nproducer eu topic=orders-eu rate=2/s\nproducer us topic=orders-us \
             rate=2/s\nproducer carts topic=carts rate=2/s\nconsumer a {reader}\nconsumer b {reader}\nat 15s topic orders-asia \
             partitions=2\nat 16s add producer asia topic=orders-asia rate=2/s\nrun 50s\nexpect at 14s group billing state=Stable \
             members=2\nexpect at 50s group billing state=Stable members=2 lag<=40\nexpect at 50s consumer a partitions=3\nexpect at 50s \
             consumer b partitions=3\nexpect at 50s sink billing rows>=200 missing<=10\n"
        );
        let scenario = Scenario::parse(&text).expect("it reads");
        assert_eq!(Scenario::parse(&scenario.to_text()).expect("what it writes"), scenario);
        let playback = all_hold(&text);
        let view = playback.world().view();
        assert!(view.consumers.iter().all(|consumer| consumer.topics.iter().all(|topic| topic.starts_with("orders-"))));
    }
}

#[test]
fn the_reference_has_every_verb_action_and_condition_and_each_of_its_lines_reads() {
    let unescaped = |text: &str| text.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&");
    let lines: Vec<String> =
        LANGUAGE.split("<dt><code>").skip(1).filter_map(|rest| rest.split_once("</code></dt>")).map(|(line, _)| unescaped(line)).collect();
    for line in &lines {
        let text = if line.starts_with("tidepool ") { line.clone() } else { format!("tidepool 1\n{line}") };
        if let Err(error) = Scenario::parse(&text) {
            panic!("{line}: {error}");
        }
    }
    let said = |words: &str| lines.iter().any(|line| line == words || line.starts_with(&format!("{words} ")));
    for verb in parse::VERBS {
        assert!(said(verb) || verb == "broker" || verb == "at" && lines.iter().any(|line| line.starts_with("at ")), "{verb}");
    }
    for keyword in keywords() {
        let timed = |line: &String| {
            line.strip_prefix("at ").and_then(|rest| rest.split_once(' ')).is_some_and(|(_, rest)| rest.starts_with(keyword))
        };
        assert!(lines.iter().any(timed), "at TIME {keyword}");
    }
    for subject in Subject::ALL {
        let line = lines.iter().find(|line| line.starts_with(&format!("expect at 60s {} ", subject.name())));
        let line = line.unwrap_or_else(|| panic!("expect {}", subject.name()));
        for field in subject.fields() {
            assert!([" {}=", " {}>=", " {}<="].iter().any(|form| line.contains(&form.replace("{}", field))), "{} {field}", subject.name());
        }
    }
}
