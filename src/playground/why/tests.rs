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
    run.is_so(
        &unreadable(high_watermark(&run)),
        "
          now: Consumers see only what lies below the high watermark. That of orders-0 is 63, and the record is at offset 63.
          now: The high watermark moves once every in-sync replica has the records. broker-3 does not fetch, and is taken out of the \
           in-sync set only after 5s (replica.lag.time.max.ms). The last record that it had copied was offset 62.
          Appended: broker-1, the leader, appended the record at offset 63.
          Acted: broker-3 is frozen: it hears and says nothing.
        ",
    );
    run.is_not_so(
        &unreadable(3),
        "
          now: Offset 3 of orders-0 can be read: it lies below the high watermark, 63.
          HighWatermark: orders-0: the high watermark is 4.
        ",
    );
    run.is_not_so(
        &unreadable(3000),
        "
          now: orders-0 has no record at offset 3000: its log ends before offset 64.
        ",
    );
    let mut run = Run::of(&format!("{}\nat 10s kill broker-2", TWO.replace("acks=all", "acks=1 enable.idempotence=false")));
    run.until(20);
    run.is_so(
        &unreadable(high_watermark(&run)),
        "
          now: Consumers see only what lies below the high watermark. That of orders-0 is 63, and the record is at offset 63.
          now: orders-0 needs 2 replicas in sync (min.insync.replicas), and only broker-1 is.
          PartitionChanged: broker-2 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
           (replica.lag.time.max.ms). The last record that it had copied was offset 62.
          Appended: broker-1, the leader, appended the record at offset 63.
          Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
}

#[test]
fn an_idle_consumer() {
    let more = "consumer billing-2 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000";
    let mut run = Run::of(&format!("{ORDERS}\nat 10s add {more}\nat 20s pause billing-1\nat 22s rate checkout 0/s"));
    run.until(19);
    let view = run.world().view();
    let without = view.consumers.iter().find(|consumer| consumer.assignment.is_empty()).expect("one has nothing").name.clone();
    run.is_so(
        &idle(&without),
        "
          now: billing-2 has no partition: billing has 2 members, orders has only 1 partition, and a partition goes to one member of a \
           group.
          Assigned: billing-2 was given nothing in generation 2 of billing.
          Acted: billing-2 starts and wants to read orders as a member of billing.
        ",
    );
    run.until(21);
    run.is_so(
        &idle("billing-1"),
        "
          now: billing-1 does nothing: it is frozen.
          Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
        ",
    );
    let mut run = Run::of(&format!("{}\nat 10s add {more}\nat 30s rate checkout 0/s", ORDERS.replace("handle=1ms", "handle=700ms")));
    run.until(12);
    run.is_so(
        &idle("billing-2"),
        "
          now: billing-2 reads nothing while billing rebalances.
          now: billing waits for billing-1, which has records in hand and joins again with its next poll.
          StateChanged: billing rebalances: generation 1 ends, and its members join again.
          MemberAdded: billing-2 joined billing.
          Acted: billing-2 starts and wants to read orders as a member of billing.
        ",
    );
    run.is_not_so(
        &idle("billing-1"),
        "
          now: billing-1 is not idle: it has 46 records in hand and takes 700ms for each.
        ",
    );
    run.is_not_so(
        &idle("nobody"),
        "
          now: There is no consumer nobody.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s rate checkout 0/s\nat 20s kill broker-1\nat 21s add {more}"));
    run.until(15);
    run.is_so(
        &idle("billing-1"),
        "
          now: billing-1 has read everything that there is in its partitions.
          now: checkout sends nothing by itself: its rate is 0.
          Acted: checkout now sends 0 records a second.
        ",
    );
    run.until(23);
    run.is_so(
        &idle("billing-2"),
        "
          now: billing-2 cannot join billing: its coordinator is whoever leads __consumer_offsets-0, and nobody does.
          now: __consumer_offsets-0 has no leader: by the metadata it is still broker-1, which is down (killed).
          now: The controller waits for its heartbeats until 23.612 s, and elects nobody else before (broker.session.timeout.ms: 4s).
          Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
}

#[test]
fn a_produce_that_is_refused_or_late() {
    let mut run = Run::of(&format!("{TWO}\nat 10s kill broker-2"));
    run.until(17);
    run.is_so(
        &late(),
        "
          now: checkout has not got its records into orders-0 yet: NOT_ENOUGH_REPLICAS (fewer replicas are in sync than \
           min.insync.replicas asks for).
          now: orders-0 needs 2 replicas in sync (min.insync.replicas), and only broker-1 is.
          Retrying: checkout got no acknowledgement, and tries again at 17.557 s.
          AppendRefused: broker-1, the leader, refused the records: with acks=all it may not take them.
          PartitionChanged: broker-2 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
           (replica.lag.time.max.ms). The last record that it had copied was offset 62.
          Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-1"));
    run.until(11);
    run.is_so(
        &late(),
        "
          now: checkout waits for the answer to 11 records.
          BatchSent: checkout sent its newest batch, for orders-0, to broker-1 (attempt 1).
          Acted: broker-1 is frozen: it hears and says nothing.
        ",
    );
    run.until(13);
    run.is_so(
        &late(),
        "
          now: checkout has not got its records into orders-0 yet: NETWORK_EXCEPTION (no answer came back).
          Retrying: checkout got no acknowledgement, and tries again at 12.103 s.
          Acted: broker-1 is frozen: it hears and says nothing.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s cut checkout broker-1\nat 30s heal\nat 31s rate checkout 0/s"));
    run.until(11);
    run.is_so(
        &late(),
        "
          now: checkout waits for the answer to 11 records.
          BatchSent: checkout sent its newest batch, for orders-0, to broker-1 (attempt 1).
          Acted: checkout and broker-1 cannot reach each other.
        ",
    );
    run.until(50);
    run.is_not_so(
        &late(),
        "
          now: Nothing is late: every record that checkout has sent has its answer.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-3"));
    run.until(11);
    run.is_so(
        &late(),
        "
          now: checkout waits for the answer to 11 records.
          now: With acks=all the answer comes once all in-sync replicas have the records.
          now: The high watermark moves once every in-sync replica has the records. broker-3 does not fetch, and is taken out of the \
           in-sync set only after 5s (replica.lag.time.max.ms). The last record that it had copied was offset 62.
          BatchSent: checkout sent its newest batch, for orders-0, to broker-1 (attempt 1).
          Acted: broker-3 is frozen: it hears and says nothing.
        ",
    );
}

#[test]
fn a_lag_that_is_stuck() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause billing-1"));
    run.until(15);
    run.is_so(
        &lag(),
        "
          now: billing is 57 records behind on orders-0, which only billing-1 may read.
          now: billing-1 does nothing: it is frozen.
          now: billing keeps the partition for it until its session ends at 19.288 s.
          Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
        ",
    );
    run.until(30);
    run.is_so(
        &lag(),
        "
          now: billing is 207 records behind on orders-0: it has no members, so nobody reads.
          StateChanged: billing rebalances: generation 1 ends, and its members join again.
          MemberRemoved: billing gave up billing-1: session timeout.
          Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s handle billing-1 500ms\nat 60s rate checkout 0/s\nat 61s handle billing-1 0ms"));
    run.until(20);
    run.is_so(
        &lag(),
        "
          now: billing is 89 records behind on orders-0, which only billing-1 may read.
          now: billing-1 has 12 records in hand and takes 500ms for each: at most 2 a second. To orders come 10 a second.
          Acted: billing-1 now takes 500ms for each record.
        ",
    );
    run.until(280);
    run.is_not_so(
        &lag(),
        "
          now: billing has no lag on orders-0: it has committed all that can be read.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s crash billing-1"));
    run.until(15);
    run.is_so(
        &lag(),
        "
          now: billing is 57 records behind on orders-0, which only billing-1 may read.
          now: billing-1 does nothing: it has crashed.
          now: billing keeps the partition for it until its session ends at 19.288 s.
          Acted: billing-1 crashed. billing waits for its session timeout (10 s) before its partitions go to others.
        ",
    );
}

#[test]
fn a_partition_without_a_leader() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-1"));
    run.until(11);
    run.is_so(
        &leaderless(),
        "
          now: orders-0 has no leader: by the metadata it is still broker-1, which is down (killed).
          now: The controller waits for its heartbeats until 13.578 s, and elects nobody else before (broker.session.timeout.ms: 4s).
          Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
    run.until(20);
    run.is_not_so(
        &leaderless(),
        "
          now: orders-0 has a leader: broker-2, in epoch 1.
          BecameLeader: broker-2 leads orders-0 from offset 63 on, epoch 1.
        ",
    );
    let mut run = Run::of(&format!("{TWO}\nat 10s kill broker-2\nat 20s kill broker-1\nat 21s restart broker-2"));
    run.until(35);
    run.is_so(
        &leaderless(),
        "
          now: orders-0 has no leader: only a replica that has every committed record may lead. That is broker-1, and it is not up.
          now: broker-2 runs but was not in sync and may lack records, and so may not lead (unclean.leader.election.enable is false).
          PartitionChanged: orders-0: nobody leads: no replica that is up has all records; in sync: nobody; broker-1 could lead again \
           (leader's broker was fenced).
          Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
          PartitionChanged: broker-2 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
           (replica.lag.time.max.ms). The last record that it had copied was offset 62.
          Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-2\nat 20s kill broker-1"));
    run.until(30);
    run.is_so(
        &leaderless(),
        "
          now: orders-0 has no leader: by the metadata it is still broker-1, which is down (killed).
          now: Nobody can elect another leader: there is no active controller. It takes a majority of the voters; 2 of 3 brokers are \
           down.
          Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
          Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
}

#[test]
fn a_replica_out_of_the_isr() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-3"));
    run.is_not_so(
        &out_of_sync(3),
        "
          now: broker-3 is in the in-sync set (ISR) of orders-0: it keeps up with the leader.
        ",
    );
    run.until(20);
    run.is_so(
        &out_of_sync(3),
        "
          now: broker-3 is not in the in-sync set (ISR) of orders-0, which is broker-1 and broker-2.
          PartitionChanged: broker-3 left the ISR of orders-0: the controller no longer counted it as alive. The last record that \
           it had copied was \
           offset 62.
          BrokerFenced: The controller no longer counts broker-3 in: no heartbeat within broker.session.timeout.ms.
          Acted: broker-3 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
    run.is_not_so(
        &out_of_sync(2),
        "
          now: broker-2 is in the in-sync set (ISR) of orders-0: it keeps up with the leader.
        ",
    );
    run.is_not_so(
        &out_of_sync(9),
        "
          now: broker-9 is no replica of orders-0: those are broker-1, broker-2 and broker-3.
        ",
    );
    let mut run = Run::of(&format!("{ORDERS}\nat 10s cut broker-1 broker-3"));
    run.until(25);
    run.is_so(
        &out_of_sync(3),
        "
          now: broker-3 is not in the in-sync set (ISR) of orders-0, which is broker-1 and broker-2.
          now: It has the records below offset 63, the leader those below 213: it has to catch up first.
          PartitionChanged: broker-3 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
           (replica.lag.time.max.ms). The last record that it had copied was offset 62.
          Acted: broker-1 and broker-3 cannot reach each other.
        ",
    );
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
    run.is_so(
        &ask(offset),
        "
          now: billing was given offset 56 of orders-0 twice: billing-1 handled it first, and billing-2 last.
          Handled: billing-2 handled offset 56 of orders-0, which billing had handled before.
          MemberRemoved: billing gave up billing-1: session timeout.
          StateChanged: billing rebalances: generation 1 ends, and its members join again.
          MemberAdded: billing-2 joined billing.
          Acted: billing-2 starts and wants to read orders as a member of billing.
          Acted: billing-1 crashed. billing waits for its session timeout (10 s) before its partitions go to others.
          Handled: billing-1 handled it the first time.
          OffsetCommitted: billing had committed offset 56 of orders-0, the next to read, and nothing after that.
        ",
    );
    run.is_not_so(
        &ask(0),
        "
          Handled: billing handled offset 0 of orders-0 once: billing-1 did.
        ",
    );
    run.is_not_so(
        &ask(high_watermark(&run)),
        "
          now: billing has not handled offset 263 of orders-0, or too long ago to be told.
        ",
    );
}

#[test]
fn an_acknowledged_record_that_is_gone() {
    let gone = |run: &mut Run, seconds: i64| {
        run.until(seconds);
        let ledger = run.judge.verdict(run.world(), false).ledger;
        let lost = ledger.records.iter().find(|outcome| outcome.lost).expect("one is lost").promised.clone().expect("it had a place");
        Question::Gone { topic: lost.0, partition: lost.1, offset: lost.2 }
    };
    let mut run = Run::new(include_str!("../../../www/scenarios/acks-1-loses.tide"));
    let question = gone(&mut run, 30);
    run.is_so(
        &question,
        "
          now: Offset 79 of orders-0 was acknowledged, and it is gone from the log: the leader's log is the truth.
          now: With acks=1 the leader answers before any follower has the record: what it alone had, dies with it.
          Truncated: broker-2 cut 10 records off orders-0, back to offset 79: its leader does not have them.
          BecameLeader: broker-3 took over orders-0 in epoch 1 with a log that ended before offset 79: it had no such record.
          PartitionChanged: orders-0: broker-3 leads, epoch 1; in sync: broker-3 and broker-1 (leader's broker was fenced).
          Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
          Acked: checkout was told that offset 79 is there (acks=1).
          Acted: broker-2 and broker-3 cannot reach each other.
          Acted: broker-2 and broker-1 cannot reach each other.
        ",
    );
    let mut run = Run::new(include_str!("../../../www/scenarios/unclean-election.tide"));
    let question = gone(&mut run, 40);
    run.is_so(
        &question,
        "
          now: Offset 59 of orders-0 was acknowledged, and it is gone from the log: the leader's log is the truth.
          now: It had been committed, and Kafka may give it up here: unclean leader election is on.
          Truncated: broker-2 cut 80 records off orders-0, back to offset 59: its leader does not have them.
          BecameLeader: broker-3 took over orders-0 in epoch 1 with a log that ended before offset 59: it had no such record.
          PartitionChanged: orders-0: broker-3 leads, epoch 1; in sync: broker-3 (unclean).
          Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
          Acked: checkout was told that offset 59 is there (acks=all).
          PartitionChanged: broker-3 left the ISR of orders-0: the controller no longer counted it as alive. The last record that \
           it had copied was \
           offset 58.
          BrokerFenced: The controller no longer counts broker-3 in: no heartbeat within broker.session.timeout.ms.
          Acted: broker-3 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
    let mut run = Run::of(
        "
topic orders partitions=1 replicas=1 internal.segment.bytes=2000 retention.bytes=4000
config log.retention.check.interval.ms=5000
producer checkout topic=orders rate=10/s keys=alice,bob
at 60s power-loss broker-1
at 61s restart broker-1",
    );
    run.until(50);
    let retained = Question::Gone { topic: orders(), partition: 0, offset: 2 };
    run.is_so(
        &retained,
        "
          now: Retention has deleted offset 2 of orders-0: its log begins at offset 434 now. That is no loss.
          SegmentDeleted: orders-0: the segment from offset 0 was deleted by retention.
          Acked: checkout was told that offset 2 is there (acks=all).
        ",
    );
    let there = Question::Gone { topic: orders(), partition: 0, offset: high_watermark(&run) - 1 };
    run.is_not_so(
        &there,
        "
          now: Offset 462 of orders-0 is there: broker-1, the leader, has it.
        ",
    );
    let question = gone(&mut run, 80);
    run.is_so(
        &question,
        "
          now: Offset 561 of orders-0 was acknowledged, and it is gone from the log: the leader's log is the truth.
          now: It had been committed, and Kafka may give it up here: every in-sync replica had lost power or its disk.
          BecameLeader: broker-1 took over orders-0 in epoch 2 with a log that ended before offset 561: it had no such record.
          PartitionChanged: orders-0: broker-1 leads, epoch 2; in sync: broker-1 (unclean).
          PartitionChanged: broker-1 left the ISR of orders-0: the controller no longer counted it as alive.
          BrokerFenced: The controller no longer counts broker-1 in: no heartbeat within broker.session.timeout.ms.
          Acted: broker-1 starts again, from its disk.
          Acted: broker-1 lost its power: what it had not flushed is gone, and nobody is told.
          Acked: checkout was told that offset 561 is there (acks=all).
        ",
    );
}

#[test]
fn whatever_happened_has_its_causes() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s pause billing-1\nat 40s kill broker-1"));
    run.until(30);
    let newest = |run: &Run, wanted: &str| {
        let event = run.world().events().iter().rev().find(|event| kind(event) == wanted).expect("it happened");
        Question::Happened { event: event.id }
    };
    run.is_so(
        &newest(&run, "MemberRemoved"),
        "
          MemberRemoved: billing gave up billing-1: session timeout.
          Timer: broker-1: session timeout of billing-1.
          Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
        ",
    );
    run.is_so(
        &newest(&run, "Acted"),
        "
          Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
          Acted: It begins there: that was done from outside, and nothing in the run led to it.
        ",
    );
    run.is_so(
        &newest(&run, "Acked"),
        "
          Acked: checkout: orders-0 offset 262 is acknowledged.
          FrameSent: broker-1 answered checkout's Produce request; the answer took 3ms.
          FrameSent: broker-2 sent a Fetch request to broker-1, which took 4ms.
          FrameSent: broker-1 answered broker-2's Fetch request; the answer took 4ms.
          FrameSent: checkout sent a Produce request to broker-1, which took 2ms.
          Timer: checkout: linger.ms of orders-0.
        ",
    );
    run.until(60);
    run.is_so(
        &newest(&run, "BecameLeader"),
        "
          BecameLeader: broker-2 leads orders-0 from offset 363 on, epoch 1.
          FrameSent: broker-3 sent a Fetch request to broker-2, which took 2ms.
          FrameSent: broker-2 answered broker-3's Fetch request; the answer took 4ms.
          Timer: broker-2: broker session timeout of broker 1.
          Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
        ",
    );
    run.is_not_so(
        &Question::Happened { event: crate::world::event::EventId(u64::MAX) },
        "
          now: That event is not kept: a run keeps only its newest ones.
        ",
    );
}

#[test]
fn a_frame_that_was_late_says_why() {
    let mut run = Run::of(&format!("{ORDERS}\nat 10s link checkout broker-1 loss=40%\nat 60s link checkout broker-1 latency=700ms"));
    let slowest = |run: &Run, wanted: &str, since: i64| {
        let acked = run.world().events().iter().filter(|event| kind(event) == wanted && event.at >= EPOCH.plus_millis(since * 1000));
        let texts = acked.map(|event| why(run.world(), &run.judge, &Question::Happened { event: event.id }).links);
        texts.filter_map(|links| links.into_iter().find(|link| link.text.contains("took") && link.text.contains(": "))).next_back()
    };
    run.until(30);
    let late = slowest(&run, "Acked", 12).expect("some were lost");
    let said = "without loss it takes at most 5ms there; a lost packet is sent again after 200ms, doubling, as TCP does, and holds up what";
    assert!(late.text.contains(said), "{}", late.text);
    run.until(70);
    let late = slowest(&run, "Acked", 66).expect("all are slow");
    assert!(late.text.ends_with(": that link was made slow."), "{}", late.text);
    let links = why(run.world(), &run.judge, &Question::Happened { event: late.event.expect("it is an event") }).links;
    assert!(links.iter().any(|link| link.text == "A frame between checkout and broker-1 now takes 700ms to 703ms."), "{links:?}");
    run.until(75);
    // And what waits for such a link names it.
    let mut run = Run::of(&format!("{ORDERS}\nat 10s link checkout broker-1 latency=20s"));
    run.until(16);
    let links = why(run.world(), &run.judge, &Question::Late { producer: "checkout".into() }).links;
    assert!(links.iter().any(|link| link.text == "A frame between checkout and broker-1 now takes 20s to 20003ms."), "{links:?}");
}
