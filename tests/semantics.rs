//! What the simulated clients do where the Java client of Kafka 4.1 does something that one might not expect. `semantics/` has a
//! scenario for each case.
#![cfg(not(target_arch = "wasm32"))]

use std::path::Path;
use tidepool::kafka::client::consumer::ConsumerEvent;
use tidepool::kafka::client::producer::ProducerEvent;
use tidepool::playground::scenario::{Playback, Scenario};
use tidepool::world::event::EventKind;
use tidepool::world::judge::{Judge, Verdict};

/// A scenario that was played to its end, and all that its clients told of.
struct Run {
    playback: Playback,
    verdict: Verdict,
    produced: Vec<ProducerEvent>,
    consumed: Vec<ConsumerEvent>,
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/semantics/{name}.tide"));
    std::fs::read_to_string(path).expect("the scenario is there")
}

/// Its expectations hold, and nothing happens that Kafka does not permit.
fn run(text: &str) -> Run {
    let mut playback = Playback::new(Scenario::parse(text).expect("it can be read")).expect("its world begins");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    let (mut produced, mut consumed, mut seen) = (Vec::new(), Vec::new(), 0);
    playback.watch_until(playback.end(), &mut |world| {
        judge.observe(world);
        for event in world.events().iter().filter(|event| event.id.0 >= seen) {
            match &event.kind {
                EventKind::Producer { event, .. } => produced.push(event.clone()),
                EventKind::Consumer { event, .. } => consumed.push(event.clone()),
                _ => {}
            }
        }
        seen = world.events().last().map_or(seen, |event| event.id.0 + 1);
    });
    assert!(playback.failures().is_empty(), "{:?}", playback.failures());
    for verdict in playback.verdicts() {
        assert!(verdict.held, "{} (found {})", verdict.expect, verdict.found);
    }
    let verdict = judge.verdict(playback.world(), false);
    assert_eq!(verdict.violations, [], "{verdict}");
    Run { playback, verdict, produced, consumed }
}

/// Records of each batch that was sent the first time.
fn batches(run: &Run) -> Vec<usize> {
    let records = run.produced.iter().filter_map(|event| match event {
        ProducerEvent::BatchSent { tickets, attempt: 1, .. } => Some(tickets.len()),
        _ => None,
    });
    records.collect()
}

#[test]
fn acks_alone_switch_idempotence_off() {
    let run = run(&read("acks1"));
    assert_eq!((run.verdict.ledger.acked, run.verdict.ledger.sent), (18, 18));
    assert!(!run.produced.iter().any(|event| matches!(event, ProducerEvent::GotProducerId { .. })));
}

#[test]
fn a_request_timeout_lifts_the_delivery_timeout() {
    assert_eq!(run(&read("rt")).verdict.ledger.acked, 18);
}

#[test]
fn each_batch_takes_a_whole_buffer_of_the_memory() {
    let run = run(&read("buf"));
    // Two batches fill the memory: the app waits for their answers again and again. Bytes of records never would.
    assert!((200..400).contains(&run.verdict.ledger.sent), "{}", run.verdict);
    let early = |event: &ProducerEvent| matches!(event, ProducerEvent::BatchSent { why: "buffer.memory", .. });
    assert!(run.produced.iter().any(early));
}

#[test]
fn what_compresses_well_makes_fuller_batches() {
    let text = read("comp");
    let fullest = |run: &Run| batches(run).into_iter().max().unwrap_or(0);
    let (gzip, none) = (fullest(&run(&text)), fullest(&run(&text.replace("compression.type=gzip", ""))));
    assert!(gzip > none * 3 / 2, "{gzip} records, uncompressed {none}");
}

#[test]
fn a_batch_that_is_too_large_is_split() {
    let run = run(&read("split"));
    assert!(run.produced.iter().any(|event| matches!(event, ProducerEvent::BatchSplit { batches: 2.., .. })));
    assert_eq!((run.verdict.ledger.failed, run.verdict.ledger.duplicated, run.verdict.ledger.reordered), (0, 0, 0));
}

#[test]
fn retries_without_idempotence_come_back_in_reverse() {
    let text = read("reorder");
    let again = |run: &Run| -> Vec<u64> {
        let first = |event: &ProducerEvent| match event {
            ProducerEvent::BatchSent { tickets, attempt: 2.., .. } => tickets.first().map(|ticket| ticket.0),
            _ => None,
        };
        run.produced.iter().filter_map(first).collect()
    };
    let reversed = again(&run(&text));
    assert!(reversed.len() >= 3 && reversed.windows(2).any(|two| two[1] < two[0]), "{reversed:?}");
    let ordered = run(&text.replace("acks=1 enable.idempotence=false", "acks=all"));
    assert!(!again(&ordered).is_empty() && again(&ordered).is_sorted());
    assert_eq!((ordered.verdict.ledger.reordered, ordered.verdict.ledger.duplicated), (0, 0));
}

#[test]
fn a_reset_by_duration_begins_at_the_first_record_that_is_young_enough() {
    let run = run(&read("bydur").replace("run      5s", "run      15s"));
    let reset = |event: &ConsumerEvent| matches!(event, ConsumerEvent::PositionReset { offset: 0, .. });
    assert!(run.consumed.iter().any(reset), "{:?}", run.consumed);
    assert_eq!(run.verdict.ledger.delivered, run.verdict.ledger.acked);
}

/// The offset at which a consumer goes on since the log was truncated.
fn truncated(run: &Run) -> Option<i64> {
    run.consumed.iter().find_map(|event| match event {
        ConsumerEvent::PositionReset { offset, why: "the log was truncated", .. } => Some(*offset),
        _ => None,
    })
}

#[test]
fn a_truncation_is_met_where_the_logs_diverge() {
    let run = run(&read("none1"));
    assert!(truncated(&run).is_some_and(|offset| offset > 0), "{:?}", run.consumed);
    assert_eq!(run.verdict.ledger.delivered, run.verdict.ledger.sent, "those before the truncation and those after it");
}

#[test]
fn a_consumer_that_has_crashed_reads_nothing_more() {
    let run = run(&read("none"));
    assert!((1..100).contains(&run.verdict.ledger.delivered), "{}", run.verdict);
}

#[test]
fn a_leader_is_found_in_the_end() {
    for name in ["un", "un2"] {
        let run = run(&read(name));
        assert_eq!(run.playback.verdicts().len(), 1);
    }
}
