//! Runs in lockstep are what they are alone, and settings have the consequences that they are known for.

use super::*;
use crate::kafka::time::Time;
use crate::playground::scenario::{Contrast, Playback, scenarios};
use crate::playground::time::Counts;
use crate::world::EPOCH;
use crate::world::operations::{Action, Crash, Kill};

fn listed(name: &str) -> Scenario {
    let entry = scenarios().iter().find(|entry| entry.name == name).expect("it is listed");
    Scenario::parse(entry.text).expect("it reads")
}

fn at(seconds: i64) -> Time {
    EPOCH.plus_millis(seconds * 1000)
}

/// What the variants that a scenario offers come to by its end.
fn played(scenario: &Scenario) -> (Lockstep, Vec<Counts>) {
    let contrast = scenario.compares.expect("it offers a comparison");
    let mut all = Lockstep::new(preset(contrast).variants(scenario), 0).expect("two or three");
    let until = all.until();
    assert!(all.go(until, &mut || true).expect("they begin"));
    for run in all.runs() {
        assert!(run.failures().is_empty(), "{}: {:?}", run.name, run.failures());
    }
    let counts = all.counts();
    (all, counts)
}

/// Partition-microseconds without an owner: eager, cooperative, KIP-848.
fn unowned(scenario: &Scenario) -> [i64; 3] {
    let mut all = Lockstep::new(preset(Contrast::Protocol).variants(scenario), 0).expect("three");
    let until = all.until();
    assert!(all.go(until, &mut || true).expect("they begin"));
    let counts = all.counts();
    std::array::from_fn(|i| counts[i].unowned_us)
}

#[test]
fn a_join_leaves_partitions_to_nobody_longest_when_all_stop() {
    let mut scenario = listed("three-protocols");
    let (_, counts) = played(&scenario);
    let [eager, cooperative, modern] = counts.as_slice() else { panic!("three variants") };
    assert_eq!((eager.revoked, cooperative.revoked), (8, 2), "all eight, or the two that move");
    assert!(eager.longest_unowned_us > 0 && modern.longest_unowned_us > 0);
    for seed in 1..=5 {
        scenario.genesis.seed = seed;
        let [eager, cooperative, modern] = unowned(&scenario);
        let told = format!("seed {seed}: {eager}, {cooperative}, {modern} partition-microseconds");
        assert!(eager > cooperative && cooperative > 0 && eager > modern && modern > 0, "{told}");
    }
}

#[test]
fn fewer_acks_lose_what_they_acknowledged() {
    let (_, counts) = played(&listed("acks-1-loses"));
    let lost: Vec<u64> = counts.iter().map(|c| c.lost).collect();
    assert!(lost[1] > 0 && lost[2] == 0, "{lost:?}");
    let waits: Vec<i64> = counts.iter().map(|c| c.wait_us).collect();
    assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
}

#[test]
fn what_is_committed_before_is_lost_and_what_is_committed_after_is_repeated() {
    let (_, counts) = played(&listed("commit-order"));
    let told: Vec<(u64, u64)> = counts.iter().map(|c| (c.missing, c.twice)).collect();
    let [before, interval, after] = told.as_slice() else { panic!("three variants") };
    assert!(before.0 > 0 && before.1 == 0 && interval.0 == 0 && interval.1 > 0, "{told:?}");
    assert!(after.0 == 0 && after.1 <= interval.1, "{told:?}");
}

#[test]
fn a_batch_that_is_sent_again_is_there_twice_without_idempotence() {
    let (_, counts) = played(&listed("retries-reorder"));
    let wrong: Vec<u64> = counts.iter().map(|c| c.duplicated + c.reordered).collect();
    assert!(wrong[0] > 0 && wrong[1] == 0, "{wrong:?}");
}

#[test]
fn each_listed_scenario_is_compared_as_it_offers_and_in_every_other_way_that_it_has_something_for() {
    for entry in scenarios() {
        let scenario = Scenario::parse(entry.text).expect(entry.name);
        let fits: Vec<Contrast> = offered(&scenario).map(|preset| preset.contrast).collect();
        assert!(scenario.compares.is_none_or(|contrast| fits.contains(&contrast)), "{}", entry.name);
        for preset in offered(&scenario) {
            let variants = preset.variants(&scenario);
            assert!((2..=MAX_VARIANTS).contains(&variants.len()), "{}", entry.name);
            for Variant { name, scenario, .. } in variants {
                let play = Playback::new(scenario).expect(entry.name);
                assert!(play.failures().is_empty(), "{}, {name}: {:?}", entry.name, play.failures());
            }
        }
    }
}

#[test]
fn a_branch_as_a_scenario_is_the_same_run_and_in_lockstep_too() {
    let mut time = Timeline::new(Playback::new(listed("three-brokers")).expect("it begins"));
    time.advance(at(15), &mut || true);
    time.act(Action::Kill(Kill { node: "broker-2".into() })).expect("it can be killed");
    time.advance(at(22), &mut || true);
    let first = time.branch().id;
    time.seek(at(18)).expect("there is a way back");
    let second = time.act(Action::Crash(Crash { node: "billing-1".into() })).expect("it can crash").expect("it forks");
    time.advance(at(30), &mut || true);
    let mut all = Lockstep::new(branches(&time, &[first, second]).expect("they are there"), 30_000_000).expect("two");
    // In slices as short as they can be.
    while !all.go(at(30), &mut || false).expect("they begin") {}
    assert_eq!(all.runs()[1].time.world().event_hash(), time.world().event_hash());
    assert!(all.runs().iter().all(|run| run.time.moment().at == all.at()));
    // Back, and there again.
    assert!(all.go(at(17), &mut || true).expect("there is a way back"));
    let counts = all.counts();
    assert_eq!(counts[0], counts[1], "they part later");
    assert!(all.go(at(30), &mut || true).expect("on"));
    assert_eq!(all.runs()[1].time.world().event_hash(), time.world().event_hash());
    assert_ne!(all.counts()[0], all.counts()[1]);
    assert_eq!(Lockstep::new(Vec::new(), 0).err(), Some(CompareError::Count(0)));
}
