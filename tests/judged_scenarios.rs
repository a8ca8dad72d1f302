//! The judge's verdict on the scenarios that show what Kafka promises and what it does not.

use std::path::Path;
use tidepool::playground::scenario::{Playback, Scenario, scenario_hash};
use tidepool::world::EPOCH;
use tidepool::world::judge::{Judge, RecordOutcome, Verdict};

fn verdict(name: &str) -> Verdict {
    judged(&read(name))
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/scenarios").join(name);
    std::fs::read_to_string(path).expect("the scenario is there")
}

/// The same with a planted bug: what the judge says against it.
fn planted(name: &str, sabotage: &str) -> Vec<&'static str> {
    let text = read(name).replacen("\nseed ", &format!("\nsabotage {sabotage}\nseed "), 1);
    let mut playback = Playback::new(Scenario::parse(&text).expect("it can be read")).expect("its world begins");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    playback.watch_until(playback.end(), &mut |world| judge.observe(world));
    let mut kinds: Vec<&str> = judge.verdict(playback.world(), false).violations.iter().map(|violation| violation.kind).collect();
    kinds.dedup();
    kinds
}

/// How many records a group was given.
fn given(verdict: &Verdict, who: &str) -> u64 {
    let delivered = verdict.ledger.records.iter().filter(|record| record.delivered.iter().any(|(name, _)| &**name == who));
    delivered.count() as u64
}

#[test]
fn aborted_records_are_read_by_those_who_want_all_alone() {
    let verdict = verdict("aborted-records.tide");
    let (all, committed) = (given(&verdict, "audit"), given(&verdict, "billing"));
    assert!(committed > 50 && committed + 30 < all, "{committed} of {all}");
    assert_eq!(all, verdict.ledger.acked);
    assert_eq!(planted("aborted-records.tide", "lso-ignored"), ["uncommitted-transaction"]);
    assert_eq!(planted("aborted-records.tide", "marker-lost"), ["marker"]);
}

#[test]
fn a_hanging_transaction_holds_back_what_is_behind_it_and_is_aborted() {
    let verdict = verdict("hanging-transaction.tide");
    let of =
        |who: &str| verdict.ledger.records.iter().filter(|record| &*record.producer == who && record.acked == Some(true)).count() as u64;
    assert!(of("checkout") > 10, "{verdict}");
    assert_eq!(given(&verdict, "billing"), of("shop"), "none of checkout's, and all of the other's");
    assert_eq!(given(&verdict, "audit"), of("shop") + of("checkout"));
}

fn judged(text: &str) -> Verdict {
    let mut playback = Playback::new(Scenario::parse(text).expect("it can be read")).expect("its world begins");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    playback.watch_until(playback.end(), &mut |world| judge.observe(world));
    assert!(playback.failures().is_empty(), "{:?}", playback.failures());
    assert_eq!(Ok(playback.world().event_hash()), scenario_hash(text), "the judge changes nothing");
    let verdict = judge.verdict(playback.world(), false);
    assert_eq!(verdict.violations, [], "{verdict}");
    verdict
}

fn permitted(verdict: &Verdict) -> Vec<(&str, &str, u64)> {
    verdict.ledger.permitted.iter().map(|permitted| (permitted.what, permitted.why, permitted.records)).collect()
}

#[test]
fn acks_1_loses_what_only_the_leader_had() {
    let verdict = verdict("acks-1-loses.tide");
    assert!(verdict.ledger.lost > 0, "{verdict}");
    let why = "acks=1: another leader took over before a follower had the record";
    assert_eq!(permitted(&verdict), [("lost", why, verdict.ledger.lost)]);
}

#[test]
fn min_isr_refuses_and_loses_nothing() {
    let verdict = verdict("min-isr-refuses.tide");
    assert_eq!((verdict.ledger.lost, verdict.ledger.duplicated, verdict.ledger.reordered), (0, 0, 0), "{verdict}");
    assert_eq!(verdict.ledger.acked, verdict.ledger.sent);
    assert!(verdict.ledger.sent > 300 && verdict.counters.isr_changes > 0, "{verdict}");
}

#[test]
fn retries_without_idempotence_change_the_order() {
    let verdict = verdict("retries-reorder.tide");
    assert!(verdict.ledger.reordered > 10 && verdict.ledger.lost == 0, "{verdict}");
    let order = "without idempotence a record that is sent again may come after later ones";
    assert!(permitted(&verdict).contains(&("out of order", order, verdict.ledger.reordered)), "{verdict}");
}

#[test]
fn an_unclean_election_gives_up_what_was_committed() {
    let verdict = verdict("unclean-election.tide");
    assert!(verdict.ledger.lost > 0 && verdict.counters.truncations > 0, "{verdict}");
    assert_eq!(permitted(&verdict), [("lost", "unclean leader election is on", verdict.ledger.lost)]);
}

#[test]
fn an_unclean_election_may_be_allowed_by_brokers_configs() {
    let text = read("unclean-election.tide");
    let with = |brokers: &[&str]| {
        let mut all = text.replace(" unclean.leader.election.enable=true\n", "\n");
        for (at, broker) in (5..).zip(brokers) {
            all = all.replace("run      50s", &format!("at {at}s config {broker} unclean.leader.election.enable=true\nrun 50s"));
        }
        judged(&all)
    };
    // On all of them, or on those that can be the active controller then: it goes by its own node's.
    for brokers in [&["brokers"][..], &["broker-1", "broker-3"]] {
        let verdict = with(brokers);
        assert!(verdict.ledger.lost > 0, "{verdict}");
        assert_eq!(permitted(&verdict), [("lost", "unclean leader election is on", verdict.ledger.lost)]);
    }
    assert_eq!(with(&["broker-2"]).ledger.lost, 0);
}

#[test]
fn three_brokers_lose_nothing() {
    let verdict = verdict("three-brokers.tide");
    assert_eq!(verdict.ledger.lost + verdict.ledger.duplicated + verdict.ledger.redelivered, 0, "{verdict}");
    assert!(verdict.ledger.delivered > 400, "{verdict}");
}

/// A planted bug: a member gets what another has. `protocol`: the group's.
fn two_owners(protocol: &str) -> Vec<&'static str> {
    let member = |name: &str| format!("consumer {name} group=billing topics=orders auto.offset.reset=earliest {protocol}\n");
    let head = "tidepool 1\nseed 5\nbroker 1\nsabotage two-owners\nconfig offsets.topic.num.partitions=1\ntopic orders partitions=4\n";
    let text = format!("{head}{}at 10s add {}run 30s\n", member("billing-1"), member("billing-2"));
    let mut playback = Playback::new(Scenario::parse(&text).expect("it can be read")).expect("its world begins");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    playback.watch_until(playback.end(), &mut |world| judge.observe(world));
    judge.verdict(playback.world(), false).violations.into_iter().map(|violation| violation.kind).collect()
}

#[test]
fn a_partition_with_two_owners_is_found_under_both_protocols() {
    for protocol in ["partition.assignment.strategy=range", "group.protocol=consumer"] {
        assert!(two_owners(protocol).contains(&"two-owners"), "{protocol}: {:?}", two_owners(protocol));
    }
}

#[test]
fn a_cooperative_join_and_the_consumer_protocol_lose_nothing() {
    for name in ["cooperative-join.tide", "consumer-protocol.tide", "static-members.tide"] {
        let verdict = verdict(name);
        assert_eq!((verdict.ledger.lost, verdict.ledger.duplicated, verdict.ledger.reordered), (0, 0, 0), "{name}: {verdict}");
        assert!(verdict.ledger.sent > 150, "{name}: {verdict}");
    }
}

/// How often each order is among what read_committed sees of a copying app's output, at least and at most.
fn copies(verdict: &Verdict, app: &str) -> (u32, u32) {
    let orders = verdict.ledger.records.iter().filter(|record| &*record.producer == "checkout" && record.acked == Some(true));
    let number = |record: &RecordOutcome| record.delivered.iter().find(|(who, _)| &**who == app).map_or(0, |(_, times)| *times);
    let times = orders.filter(|record| record.sent < EPOCH.plus_millis(30_000)).map(number);
    times.fold((u32::MAX, 0), |(least, most), times| (least.min(times), most.max(times)))
}

#[test]
fn what_is_processed_in_a_transaction_is_there_once() {
    let verdict = verdict("exactly-once-copy.tide");
    assert_eq!((verdict.ledger.lost, verdict.ledger.duplicated), (0, 0), "{verdict}");
    // Both have handled some orders twice; only one of them has written these twice.
    for app in ["exact", "least"] {
        let (least, most) = copies(&verdict, app);
        assert!(least >= 1 && most == 2, "{app}: {least} to {most}");
    }
    assert!(planted("exactly-once-copy.tide", "lso-ignored").contains(&"uncommitted-transaction"));
}

/// A group of two copies orders; the first of them is frozen with records in hand until the second has taken its partitions over.
fn zombie(delivery: &str, settings: &str, sabotage: &str) -> Verdict {
    let head = "tidepool 1\nseed 9\nbroker 1\nconfig offsets.topic.num.partitions=1\nconfig transaction.state.log.num.partitions=1\n";
    let member = |name: &str| {
        let what = format!("group=copy topics=orders output=out delivery={delivery} handle=20ms auto.offset.reset=earliest");
        format!("consumer {name} {what} producer.linger.ms=0 max.poll.records=10 {settings}\n")
    };
    let topics = "topic orders partitions=2\ntopic out partitions=2\nproducer checkout topic=orders rate=20/s keys=uniform:6 acks=all\nlink latency=5ms\n";
    let deeds = "at 12s pause copy-1\nat 40s resume copy-1\nat 50s rate checkout 0/s\nrun 90s\n";
    let text = format!("{head}{sabotage}{topics}{}{}{deeds}", member("copy-1"), member("copy-2"));
    let mut playback = Playback::new(Scenario::parse(&text).expect("it can be read")).expect("its world begins");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    playback.watch_until(playback.end(), &mut |world| judge.observe(world));
    assert!(playback.failures().is_empty(), "{:?}", playback.failures());
    judge.verdict(playback.world(), true)
}

#[test]
fn a_member_that_has_lost_its_partitions_cannot_commit_what_it_processed() {
    for settings in ["session.timeout.ms=6000", "group.protocol=consumer"] {
        let verdict = zombie("exactly-once", settings, "");
        assert_eq!(verdict.violations, [], "{settings}: {verdict}");
        assert!(verdict.ledger.sent > 1800, "{settings}: {verdict}");
    }
    let verdict = zombie("exactly-once", "session.timeout.ms=6000", "sabotage generation-not-checked\n");
    let kinds: Vec<&str> = verdict.violations.iter().map(|violation| violation.kind).collect();
    assert!(kinds.contains(&"commit-went-back") || kinds.contains(&"processed-twice"), "{kinds:?}");
}

#[test]
fn a_copy_at_most_once_may_lose_and_one_at_least_once_may_double() {
    for delivery in ["at-most-once", "at-least-once"] {
        let verdict = zombie(delivery, "session.timeout.ms=6000", "");
        assert_eq!(verdict.violations, [], "{delivery}: {verdict}");
    }
}
