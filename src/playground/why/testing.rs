//! Runs for the tests of the questions. Each question is tested with a run in which it arises and with one in which it does not.

use super::{Question, TopicPartition, why};
use crate::playground::scenario::{Playback, Scenario};
use crate::world::event::{Event, EventKind};
use crate::world::judge::Judge;
use crate::world::{EPOCH, World};

/// Three brokers with short times, one partition.
pub(super) const CLUSTER: &str = "
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

pub(super) struct Run {
    pub(super) playback: Playback,
    pub(super) judge: Judge,
}

impl Run {
    pub(super) fn new(text: &str) -> Self {
        let scenario = Scenario::parse(text.trim_start()).unwrap_or_else(|error| panic!("{error}"));
        Self { playback: Playback::new(scenario).expect("it starts"), judge: Judge::new() }
    }

    /// In the cluster of these tests.
    pub(super) fn of(lines: &str) -> Self {
        Self::new(&format!("{CLUSTER}{lines}\nrun 300s"))
    }

    pub(super) fn world(&self) -> &World {
        self.playback.world()
    }

    pub(super) fn until(&mut self, seconds: i64) -> &mut Self {
        let judge = &mut self.judge;
        self.playback.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| judge.observe(world));
        assert!(self.playback.failures().is_empty(), "{:?}", self.playback.failures());
        self
    }

    /// Asks and compares: a line for each link, with the kind of its event.
    fn ask(&self, question: impl Into<Question>, expected: &str) -> bool {
        let (world, answer) = (self.world(), why(self.playback.world(), &self.judge, &question.into()));
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
        assert_eq!(found, expected);
        answer.so
    }

    pub(super) fn is_so(&self, question: impl Into<Question>, expected: &str) {
        assert!(self.ask(question, expected), "it is so");
    }

    pub(super) fn is_not_so(&self, question: impl Into<Question>, expected: &str) {
        assert!(!self.ask(question, expected), "it is not so");
    }
}

/// The innermost variant's name.
pub(super) fn kind(event: &Event) -> String {
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
pub(super) const ORDERS: &str = "
topic orders partitions=1 replicas=3 min.insync.replicas=2
producer checkout topic=orders rate=10/s keys=alice,bob acks=all request.timeout.ms=2000 delivery.timeout.ms=60000
consumer billing-1 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000
";

/// The same with one replica fewer, so that one failure leaves fewer than `min.insync.replicas`.
pub(super) const TWO: &str = "
topic orders partitions=1 replicas=2 min.insync.replicas=2
producer checkout topic=orders rate=10/s keys=alice,bob acks=all request.timeout.ms=2000 delivery.timeout.ms=60000
";

/// `orders-0`, the partition of these tests.
pub(super) fn orders() -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition: 0 }
}

pub(super) fn high_watermark(run: &Run) -> i64 {
    let view = run.world().view();
    view.partitions.iter().find(|state| &*state.view.topic == "orders").expect("it is there").view.high_watermark
}
