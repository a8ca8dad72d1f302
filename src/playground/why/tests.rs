//! Each question with a run in which it arises, and the same with one in which it does not.

use super::{Question, why};
use crate::playground::scenario::{Playback, Scenario};
use crate::world::event::{Event, EventKind};
use crate::world::judge::Judge;
use crate::world::{EPOCH, World};
use std::sync::Arc;

/// Three brokers with short times, one partition.
const CLUSTER: &str = "
tidepool 1
title why
seed 5
brokers 3
link latency=2ms jitter=3ms
config offsets.topic.num.partitions=1
config group.initial.rebalance.delay.ms=500
config replica.lag.time.max.ms=5000
config broker.session.timeout.ms=4000
";

struct Run {
    playback: Playback,
    judge: Judge,
}

impl Run {
    fn new(text: &str) -> Self {
        let scenario = Scenario::parse(text.trim_start()).unwrap_or_else(|error| panic!("{error}"));
        Self { playback: Playback::new(scenario).expect("it starts"), judge: Judge::new() }
    }

    /// In the cluster of these tests.
    fn of(lines: &str) -> Self {
        Self::new(&format!("{CLUSTER}{lines}\nrun 300s"))
    }

    fn world(&self) -> &World {
        self.playback.world()
    }

    fn until(&mut self, seconds: i64) -> &mut Self {
        let judge = &mut self.judge;
        self.playback.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| judge.observe(world));
        assert!(self.playback.failures().is_empty(), "{:?}", self.playback.failures());
        self
    }

    /// Asks and compares: a line for each link, with the kind of its event.
    fn ask(&self, question: &Question, expected: &str) -> bool {
        let (world, answer) = (self.world(), why(self.playback.world(), &self.judge, question));
        let mut lines = Vec::new();
        let mut before = world.now();
        for link in &answer.links {
            assert!(link.at <= before, "{} comes after what it led to", link.text);
            before = link.at;
            let kind = match link.event {
                Some(id) => {
                    let event = world.event(id).expect("the event is there");
                    assert_eq!(event.at, link.at, "{}", link.text);
                    kind(event)
                }
                None if link.at == world.now() => "now".into(),
                None => "forgotten".into(),
            };
            lines.push(format!("{kind}: {}", link.text));
        }
        let found = lines.join("\n");
        let expected = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        if std::env::var("PROBE").is_ok() { println!("@@{expected}\n{found}\n@@"); return answer.so; }
        assert_eq!(found, expected);
        answer.so
    }

    fn is_so(&self, question: &Question, expected: &str) {
        assert!(self.ask(question, expected), "it is so");
    }

    fn is_not_so(&self, question: &Question, expected: &str) {
        assert!(!self.ask(question, expected), "it is not so");
    }
}

/// The innermost variant's name.
fn kind(event: &Event) -> String {
    let text = match &event.kind {
        EventKind::Broker { event, .. } => format!("{event:?}"),
        EventKind::Producer { event, .. } => format!("{event:?}"),
        EventKind::Consumer { event, .. } => format!("{event:?}"),
        kind => format!("{kind:?}"),
    };
    let inner = text.trim_start_matches("Group(").trim_start_matches("Controller(");
    inner.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// A topic of one partition that broker-1 leads; broker-2 is the active controller.
const ORDERS: &str = "
topic orders partitions=1 replicas=3 min.insync.replicas=2
producer checkout topic=orders rate=10/s keys=alice,bob acks=all request.timeout.ms=2000 delivery.timeout.ms=60000
consumer billing-1 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000
";

/// The same with one replica fewer, so that one failure leaves fewer than `min.insync.replicas`.
const TWO: &str = "
topic orders partitions=1 replicas=2 min.insync.replicas=2
producer checkout topic=orders rate=10/s keys=alice,bob acks=all request.timeout.ms=2000 delivery.timeout.ms=60000
";

fn orders() -> Arc<str> {
    "orders".into()
}

fn unreadable(offset: i64) -> Question {
    Question::NotReadable { topic: orders(), partition: 0, offset }
}

fn idle(consumer: &str) -> Question {
    Question::Idle { consumer: consumer.into() }
}

fn late() -> Question {
    Question::Late { producer: "checkout".into() }
}

fn lag() -> Question {
    Question::Lag { group: "billing".into(), topic: orders(), partition: 0 }
}

fn leaderless() -> Question {
    Question::Leaderless { topic: orders(), partition: 0 }
}

fn out_of_sync(broker: i32) -> Question {
    Question::OutOfSync { topic: orders(), partition: 0, broker }
}

fn high_watermark(run: &Run) -> i64 {
    let view = run.world().view();
    view.partitions.iter().find(|state| &*state.view.topic == "orders").expect("it is there").view.high_watermark
}

#[test]
fn a_record_above_the_high_watermark() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-3"));
    run.until(12);
    run.is_so(&unreadable(high_watermark(&run)), "A1");
    run.is_not_so(&unreadable(3), "A2");
    run.is_not_so(&unreadable(3000), "A3");
    let mut run = Run::of(&format!("{}\nat 10s kill broker-2", TWO.replace("acks=all", "acks=1 enable.idempotence=false")));
    run.until(20);
    run.is_so(&unreadable(high_watermark(&run)), "A4");
}

#[test]
fn an_idle_consumer() {
    let more = "consumer billing-2 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000";
    let mut run = Run::of(&format!("{ORDERS}\nat 10s add {more}\nat 20s pause billing-1\nat 22s rate checkout 0/s"));
    run.until(19);
    let view = run.world().view();
    let without = view.consumers.iter().find(|consumer| consumer.assignment.is_empty()).expect("one has nothing").name.clone();
    run.is_so(&idle(&without), "B1");
    run.until(21);
    run.is_so(&idle("billing-1"), "B2");
    let mut run = Run::of(&format!("{}\nat 10s add {more}\nat 30s rate checkout 0/s", ORDERS.replace("handle=1ms", "handle=700ms")));
    run.until(12);
    run.is_so(&idle("billing-2"), "B3");
    run.is_not_so(&idle("billing-1"), "B4");
    run.is_not_so(&idle("nobody"), "B5");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s rate checkout 0/s\nat 20s kill broker-1\nat 21s add {more}"));
    run.until(15);
    run.is_so(&idle("billing-1"), "B6");
    run.until(23);
    run.is_so(&idle("billing-2"), "B7");
}

#[test]
fn a_produce_that_is_refused_or_late() {
    let mut run = Run::of(&format!("{TWO}\nat 10s kill broker-2"));
    run.until(17);
    run.is_so(&late(), "C1");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-1"));
    run.until(11);
    run.is_so(&late(), "C2");
    run.until(13);
    run.is_so(&late(), "C3");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s cut checkout broker-1\nat 30s heal\nat 31s rate checkout 0/s"));
    run.until(11);
    run.is_so(&late(), "C4");
    run.until(50);
    run.is_not_so(&late(), "C5");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-3"));
    run.until(11);
    run.is_so(&late(), "C6");
}

#[test]
fn a_lag_that_is_stuck() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause billing-1"));
    run.until(15);
    run.is_so(&lag(), "D1");
    run.until(30);
    run.is_so(&lag(), "D2");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s handle billing-1 500ms\nat 60s rate checkout 0/s\nat 61s handle billing-1 0ms"));
    run.until(20);
    run.is_so(&lag(), "D3");
    run.until(280);
    run.is_not_so(&lag(), "D4");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s crash billing-1"));
    run.until(15);
    run.is_so(&lag(), "D5");
}

#[test]
fn a_partition_without_a_leader() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-1"));
    run.until(11);
    run.is_so(&leaderless(), "E1");
    run.until(20);
    run.is_not_so(&leaderless(), "E2");
    let mut run = Run::of(&format!("{TWO}\nat 10s kill broker-2\nat 20s kill broker-1\nat 21s restart broker-2"));
    run.until(35);
    run.is_so(&leaderless(), "E3");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-2\nat 20s kill broker-1"));
    run.until(30);
    run.is_so(&leaderless(), "E4");
}

#[test]
fn a_replica_out_of_the_isr() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-3"));
    run.is_not_so(&out_of_sync(3), "F0");
    run.until(20);
    run.is_so(&out_of_sync(3), "F1");
    run.is_not_so(&out_of_sync(2), "F2");
    run.is_not_so(&out_of_sync(9), "F3");
    let mut run = Run::of(&format!("{ORDERS}\nat 10s cut broker-1 broker-3"));
    run.until(25);
    run.is_so(&out_of_sync(3), "F4");
}

#[test]
fn a_record_delivered_twice() {
    let more = "consumer billing-2 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000";
    let mut run = Run::of(&format!("{ORDERS}\nat 12s crash billing-1\nat 13s add {more}"));
    run.until(30);
    let twice = |event: &Event| match event.kind {
        EventKind::Handled { offset, delivery: 2, .. } => Some(offset),
        _ => None,
    };
    let offset = run.world().events().iter().find_map(twice).expect("one is given twice");
    let ask = |offset| Question::Twice { reader: "billing".into(), topic: orders(), partition: 0, offset };
    run.is_so(&ask(offset), "G1");
    run.is_not_so(&ask(0), "G2");
    run.is_not_so(&ask(high_watermark(&run)), "G3");
}

#[test]
fn an_acknowledged_record_that_is_gone() {
    let gone = |run: &mut Run, seconds: i64| {
        run.until(seconds);
        let ledger = run.judge.verdict(run.world(), false).ledger;
        let lost = ledger.records.iter().find(|fate| fate.lost).expect("one is lost").promised.clone().expect("it had a place");
        Question::Gone { topic: lost.0, partition: lost.1, offset: lost.2 }
    };
    let mut run = Run::new(include_str!("../../../www/scenarios/acks-1-loses.tide"));
    let question = gone(&mut run, 30);
    run.is_so(&question, "H1");
    let mut run = Run::new(include_str!("../../../www/scenarios/unclean-election.tide"));
    let question = gone(&mut run, 40);
    run.is_so(&question, "H2");
    let mut run = Run::of("
topic orders partitions=1 replicas=1 segment.bytes=2000 retention.bytes=4000
config log.retention.check.interval.ms=5000
producer checkout topic=orders rate=10/s keys=alice,bob
at 60s power-loss broker-1
at 61s restart broker-1");
    run.until(50);
    let retained = Question::Gone { topic: orders(), partition: 0, offset: 2 };
    run.is_so(&retained, "H3");
    let there = Question::Gone { topic: orders(), partition: 0, offset: high_watermark(&run) - 1 };
    run.is_not_so(&there, "H4");
    let question = gone(&mut run, 80);
    run.is_so(&question, "H5");
}
