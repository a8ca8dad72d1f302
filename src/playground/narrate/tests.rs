//! The narrator on runs.

use super::*;
use crate::playground::scenario::{Playback, Scenario};
use crate::world::EPOCH;

fn told(lines: &str, seconds: i64) -> Vec<String> {
    let text = format!("tidepool 1\ntitle t\nseed 5\nbrokers 3\nconfig broker.session.timeout.ms=4000\n{lines}\nrun 300s");
    let mut play = Playback::new(Scenario::parse(&text).expect("it reads")).expect("it starts");
    let mut transcript = Transcript::new(1);
    play.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| _ = transcript.update(world));
    transcript.sentences().map(|sentence| sentence.text.clone()).collect()
}

#[test]
fn a_follower_that_is_fenced_is_no_leader() {
    let said = told("topic orders partitions=3 replicas=3\nat 10s kill broker-3", 20);
    let fenced: Vec<&String> = said.iter().filter(|text| text.contains("was fenced")).collect();
    let (led, followed): (Vec<&String>, Vec<&String>) = fenced.iter().partition(|text| text.ends_with("(broker-3 was fenced)."));
    assert_eq!((led.len(), followed.len()), (1, 2), "{said:?}");
    assert!(led.iter().all(|text| text.contains(", epoch 1;")), "another leads: {led:?}");
    assert!(followed.iter().all(|text| text.ends_with("(broker-3, a follower, was fenced).")), "{followed:?}");
    assert!(followed.iter().all(|text| text.contains(", epoch 0;")), "the leader stays: {followed:?}");
}

/// Runs with a fault each, told as the page tells them: frame by frame.
fn told_in_frames(deed: &str, seed: u32) -> Vec<Sentence> {
    let text = format!(
        "tidepool 1\ntitle t\nseed {seed}\nbrokers 3\nconfig broker.session.timeout.ms=4000\ntopic orders partitions=3 replicas=3\n\
         producer checkout topic=orders rate=4/s acks=all\nat 10s {deed}\nrun 300s"
    );
    let mut play = Playback::new(Scenario::parse(&text).expect("it reads")).expect("it starts");
    let (mut told, mut next) = (Vec::new(), EventId(0));
    for frame in 0..400 {
        play.run_until(EPOCH.plus_millis(5_000 + frame * 50).max(play.world().now()));
        let world = play.world();
        let new = world.events().iter().filter(|event| event.id >= next);
        let mut sentences: Vec<Sentence> = new.filter_map(|event| narrate(event, world)).filter(|sentence| sentence.level < 3).collect();
        next = world.next_event();
        causes_first(&mut sentences, world);
        told.extend(sentences);
    }
    told
}

#[test]
fn in_ten_runs_with_faults_the_deed_comes_first_and_causes_before_what_they_lead_to() {
    let faults = ["kill broker-1", "kill broker-2", "kill broker-3", "pause broker-2", "isolate broker-3"];
    let mut fenced_runs = 0;
    for (seed, deed) in (1..).zip(faults.iter().chain(&faults)) {
        let told = told_in_frames(deed, seed);
        assert!(told.is_sorted_by_key(|sentence| sentence.at), "{deed}: none is behind another");
        // What is done before is the setup.
        let begun = EPOCH.plus_millis(10_000);
        let deeds: Vec<usize> = (0..told.len()).filter(|at| told[*at].deed && told[*at].at >= begun).collect();
        assert_eq!(deeds.len(), 1, "{deed}: {told:?}");
        let after = &told[deeds[0] + 1..];
        let fenced = |sentence: &Sentence| sentence.text.contains("no longer counts");
        let leads_to = |sentence: &Sentence| sentence.text.ends_with(" was fenced).");
        let Some(cause) = after.iter().position(fenced) else { continue };
        fenced_runs += 1;
        let broker = deed.rsplit(' ').next().unwrap_or_default();
        assert!(after[cause].text.contains(broker), "{deed}: {}", after[cause].text);
        assert!(after.iter().position(leads_to).is_some_and(|at| at > cause), "{deed}: what it leads to comes after it");
        assert!(told[..deeds[0]].iter().all(|sentence| !leads_to(sentence)), "{deed}: nothing of it before the deed");
    }
    assert_eq!(fenced_runs, 10, "each of them ends with a broker that is fenced");
}

/// What is told of level 2 and more important up to a moment, in one broker's cluster with transactions.
fn told_of_transactions(lines: &str, seconds: i64) -> Vec<String> {
    let text = format!(
        "tidepool 1\ntitle t\nseed 5\nbroker 1\nconfig transaction.state.log.num.partitions=1\ntopic orders partitions=1\n{lines}\nrun 300s"
    );
    let mut play = Playback::new(Scenario::parse(&text).expect("it reads")).expect("it starts");
    let mut transcript = Transcript::new(2);
    play.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| _ = transcript.update(world));
    transcript
        .sentences()
        .map(|sentence| sentence.text.clone())
        .filter(|text| text.contains("tx") || text.contains("transaction"))
        .collect()
}

#[test]
fn a_transaction_that_times_out_and_one_that_is_fenced_are_told_with_their_cause() {
    let checkout = "producer checkout topic=orders rate=2/s transaction=1000 acks=all transactional.id=tx transaction.timeout.ms=20000";
    let told = told_of_transactions(&format!("{checkout}\nat 8s crash checkout"), 60);
    assert_eq!(
        told,
        [
            "Topic __transaction_state was created with 1 partition.",
            "tx has its producer id and epoch 0: it can begin a transaction.",
            "tx's transaction was open for longer than its timeout: the coordinator aborts it, in epoch 1.",
        ]
    );
    let told = told_of_transactions(&format!("{checkout}\nat 8s add {}", checkout.replace("producer checkout", "producer second")), 20);
    assert_eq!(
        told,
        [
            "Topic __transaction_state was created with 1 partition.",
            "tx has its producer id and epoch 0: it can begin a transaction.",
            "A new process has the transactional.id tx: what the one before it left open is aborted, in epoch 1.",
            "tx has epoch 2: any process that used this transactional.id before is fenced.",
            "checkout can write no more: PRODUCER_FENCED. Another process has its transactional.id.",
        ]
    );
}

#[test]
fn a_join_under_the_consumer_protocol_is_told_step_by_step() {
    let scenario = include_str!("../../../www/scenarios/consumer-protocol.tide");
    let mut play = Playback::new(Scenario::parse(scenario).expect("it reads")).expect("it starts");
    let mut transcript = Transcript::new(1);
    play.watch_until(EPOCH.plus_millis(20_000), &mut |world| _ = transcript.update(world));
    let told: Vec<&str> = transcript.sentences().map(|sentence| &*sentence.text).filter(|text| text.contains("billing")).collect();
    assert_eq!(
        told,
        [
            "billing-1 starts and wants to read orders as a member of billing.",
            "billing-1 joined billing.",
            "billing, epoch 1: billing-1 has orders-0, orders-1, orders-2, orders-3, orders-4, orders-5.",
            "billing-2 starts and wants to read orders as a member of billing.",
            "billing-2 joined billing.",
            "billing-2 has no partition yet.",
            "billing: billing-1 is to give up orders-3, orders-4, orders-5; it keeps orders-0, orders-1, orders-2.",
            "billing, epoch 2: billing-1 has orders-0, orders-1, orders-2.",
            "billing, epoch 2: billing-2 has orders-3, orders-4, orders-5.",
            "billing-3 starts and wants to read orders as a member of billing.",
        ]
    );
}

#[test]
fn a_group_that_goes_to_the_other_protocol_and_back_is_told() {
    let text = "tidepool 1\ntitle t\nseed 5\nbroker 1\nconfig offsets.topic.num.partitions=1\ntopic orders partitions=2\n\
                producer checkout topic=orders rate=4/s acks=all\n\
                consumer billing-1 group=billing topics=orders session.timeout.ms=10000\n\
                at 8s add consumer billing-2 group=billing topics=orders group.protocol=consumer\nat 20s stop billing-2\nrun 300s";
    let mut play = Playback::new(Scenario::parse(text).expect("it reads")).expect("it starts");
    let mut transcript = Transcript::new(1);
    play.watch_until(EPOCH.plus_millis(30_000), &mut |world| _ = transcript.update(world));
    let told: Vec<&str> = transcript.sentences().map(|sentence| &*sentence.text).filter(|text| text.contains("billing")).collect();
    assert_eq!(
        told,
        [
            "billing-1 starts and wants to read orders as a member of billing.",
            "billing-1 joined billing.",
            "billing rebalances: generation 0 ends, and its members join again.",
            "billing, generation 1: billing-1 gets orders-0, orders-1.",
            "billing-2 starts and wants to read orders as a member of billing.",
            "billing-2 joined billing.",
            "billing goes over to the consumer protocol at epoch 2: its coordinator deals out the partitions from now on, to members of both \
             protocols.",
            "billing, epoch 1: billing-1 has orders-0, orders-1.",
            "billing-2 has no partition yet.",
            "billing, epoch 2: billing-1 has orders-0.",
            "billing, epoch 2: billing-2 has orders-1.",
            "billing-2 left billing.",
            "billing is a group of the classic protocol again, at generation 2: its last member of the consumer protocol is gone, and a \
             leader deals out the partitions.",
            "billing rebalances: generation 2 ends, and its members join again.",
            "billing-2 has stopped.",
            "billing, generation 3: billing-1 gets orders-0, orders-1.",
        ]
    );
}
