//! Why is this record gone, although it was acknowledged with this offset?

use crate::kafka::broker::{BrokerEvent, PartitionView};
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::controller::ControllerEvent;
use crate::kafka::time::Time;
use crate::playground::narrate::acks_words;
use crate::playground::why::explanation::Explanation;
use crate::playground::why::{Ask, Occasion, RecordAt};
use crate::world::operations::Action;
use crate::world::event::{Event, EventKind};
use crate::world::target::Target;
use crate::world::view::ProducerState;
use std::sync::Arc;

/// What was done to a leader so long before it acknowledged a record is told as a cause of the loss, in milliseconds.
const BEFORE_MS: i64 = 30_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gone {
    pub record: RecordAt,
}

impl Ask for Gone {
    const FORM: &'static str = "gone TOPIC-N@OFFSET";
    const EXAMPLE: &'static str = "gone orders-0@79";

    fn parse(words: &[&str]) -> Option<Self> {
        let [at] = words else { return None };
        Some(Self { record: RecordAt::parse(at)? })
    }

    fn arguments(&self) -> String {
        self.record.to_string()
    }

    fn asked(&self) -> String {
        format!("Why is offset {} of {} gone?", self.record.offset, self.record.partition)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(_, Target::Record(topic, n, offset)) => vec![Self { record: RecordAt::new(topic, *n, *offset) }],
            Occasion::Record(outcome) if outcome.acks != 0 && outcome.lost => {
                let at = outcome.place.as_ref().or(outcome.promised.as_ref());
                at.map(|(topic, n, offset)| Self { record: RecordAt::new(topic, *n, *offset) }).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let (at, offset) = (&self.record.partition, self.record.offset);
        let known = Known::of(explanation, &self.record);
        let Some(state) = explanation.partition(at) else {
            explanation.topic_is_deleted(&self.record);
            return true;
        };
        if state.leader < 0 {
            explanation.now(format_args!("Nobody can tell whether offset {offset} of {at} is gone: the partition has no leader."));
            known.acknowledgement(explanation, offset);
            return explanation.leaderless(at);
        }
        if offset < state.log_start_offset {
            explanation.is_retained_no_more(&self.record, state);
            known.acknowledgement(explanation, offset);
            return true;
        }
        match known.lacking.filter(|_| known.was_acknowledged) {
            Some(leader) => explanation.lost_with_leader(&self.record, &known, leader),
            None if known.lost => {
                explanation
                    .now(format_args!("Offset {offset} of {at} was acknowledged, and it is gone; how that came about is no longer kept."));
            }
            None if offset < state.end_offset => {
                return explanation.no(format_args!("Offset {offset} of {at} is there: broker-{}, the leader, has it.", state.leader));
            }
            None => {
                let end = state.end_offset;
                return explanation
                    .no(format_args!("{at} has no offset {offset}, and nobody was told that it had: its log ends at {end}."));
            }
        }
        true
    }
}

/// What the run knows of the record.
struct Known<'a> {
    /// The newest leader that began with a log that ended at or before the offset: from then on the offset is another record's, if any's.
    lacking: Option<&'a Event>,
    /// The acknowledgement, while it is kept.
    acked: Option<&'a Event>,
    producer: Option<&'a ProducerState>,
    /// It was acknowledged before that leader began.
    was_acknowledged: bool,
    /// The ledger counts it as lost; the acknowledgement is too long ago to be kept.
    lost: bool,
}

impl<'a> Known<'a> {
    fn of(explanation: &Explanation<'a>, record: &RecordAt) -> Self {
        let now = explanation.view.now;
        let lacking = explanation.of_partition(
            &record.partition,
            now,
            &|event| matches!(event, BrokerEvent::BecameLeader { end_offset, .. } if *end_offset <= record.offset),
        );
        let acked = |until: Time| {
            explanation.last(until, &|kind| {
                matches!(kind, EventKind::Producer { event: ProducerEvent::Acked { topic, partition, offset, .. }, .. }
                    if record.is(topic, *partition, *offset))
            })
        };
        let before = lacking.and_then(|event| acked(event.at));
        let lost = if before.is_some() { None } else { explanation.producer_of_lost(record) };
        let acked = before.or_else(|| acked(now).filter(|_| lost.is_none()));
        let sender = match acked.map(|event| &event.kind) {
            Some(EventKind::Producer { node, .. }) => Some(node),
            _ => lost.as_ref(),
        };
        let producer = sender.and_then(|name| explanation.view.producers.iter().find(|producer| producer.name == *name));
        Self { lacking, acked, producer, was_acknowledged: before.is_some() || lost.is_some(), lost: lost.is_some() }
    }

    /// Tells that the producer was told of the record.
    fn acknowledgement(&self, explanation: &mut Explanation<'a>, offset: i64) {
        if let (Some(event), Some(producer)) = (self.acked, self.producer) {
            let acks = acks_words(producer.acks);
            explanation.tell(event, format_args!("{} was told that offset {offset} is there ({acks}).", producer.name));
        }
    }
}

impl<'a> Explanation<'a> {
    /// The producer of a record that was acknowledged here and is lost, by the ledger.
    fn producer_of_lost(&self, record: &RecordAt) -> Option<Arc<str>> {
        let all = self.judge.verdict(self.world, false).ledger.records;
        let here = |place: &(Arc<str>, i32, i64)| record.is(&place.0, place.1, place.2);
        all.into_iter().find(|outcome| outcome.lost && outcome.promised.as_ref().is_some_and(here)).map(|outcome| outcome.producer)
    }

    fn topic_is_deleted(&mut self, record: &RecordAt) {
        let at = &record.partition;
        self.now(format_args!("There is no partition {at}, and its records went with it."));
        let deleted =
            |kind: &EventKind| matches!(kind, EventKind::Broker { event: BrokerEvent::TopicDeleted { topic }, .. } if *topic == at.topic);
        if let Some(event) = self.last(self.view.now, &deleted) {
            self.narrated(event);
        }
    }

    fn is_retained_no_more(&mut self, record: &RecordAt, state: &PartitionView) {
        let (at, offset, start) = (&record.partition, record.offset, state.log_start_offset);
        self.now(format_args!("Retention has deleted offset {offset} of {at}: its log begins at offset {start} now. That is no loss."));
        let deleted = self.of_partition(
            at,
            self.view.now,
            &|event| matches!(event, BrokerEvent::SegmentDeleted { base_offset, .. } if *base_offset <= offset),
        );
        if let Some(event) = deleted {
            self.narrated(event);
        }
        self.action(self.view.now, &|action| match action {
            Action::SetTopicConfig(set) => set.topic == at.topic,
            Action::SetBrokerConfig(set) => set.config.keys().any(|name| name.starts_with("log.retention.")),
            _ => false,
        });
    }

    /// A leader took over without the record. `began`: the event with which it began to lead.
    fn lost_with_leader(&mut self, record: &RecordAt, known: &Known<'a>, began: &'a Event) {
        let (at, offset) = (&record.partition, record.offset);
        let EventKind::Broker { event: BrokerEvent::BecameLeader { epoch, end_offset, .. }, node } = &began.kind else { return };
        self.now(format_args!("Offset {offset} of {at} was acknowledged, and it is gone from the log: the leader's log is the truth."));
        match known.producer.map(|producer| producer.acks) {
            Some(1) => self
                .now(format_args!("With acks=1 the leader answers before any follower has the record: what it alone had, dies with it.")),
            Some(0) => self.now(format_args!("With acks=0 nobody promises anything.")),
            _ => {}
        }
        if let Some(why) = self.judge.given_up(&at.topic, at.partition, offset) {
            self.now(format_args!("It had been committed, and Kafka may give it up here: {why}."));
        }
        self.tell(
            began,
            format_args!("{node} took over {at} in epoch {epoch} with a log that ended before offset {end_offset}: it had no such record."),
        );
        // The others follow it.
        let cut = self.of_partition(
            at,
            self.view.now,
            &|event| matches!(event, BrokerEvent::Truncated { from, to, .. } if (*to..*from).contains(&offset)),
        );
        if let Some(cut) = cut.filter(|cut| cut.at >= began.at) {
            self.narrated(cut);
        }
        let elected = self.of_partition(at, began.at, &|event| {
            matches!(event, BrokerEvent::Controller(ControllerEvent::PartitionChanged { leader_epoch, .. }) if leader_epoch == epoch)
        });
        if let Some(event) = elected {
            self.narrated(event);
        }
        let since = known.acked.map_or(began.at, |event| event.at);
        let recovered = self.of_partition(at, began.at, &|event| matches!(event, BrokerEvent::Recovered { .. }));
        if let Some(event) = recovered.filter(|event| event.at >= since) {
            self.narrated(event);
        }
        known.acknowledgement(self, offset);
        let led =
            self.of_partition(at, began.at, &|event| matches!(event, BrokerEvent::BecameLeader { epoch: before, .. } if before < epoch));
        if let Some(EventKind::Broker { node: former, .. }) = led.map(|event| &event.kind) {
            self.blame_since(&[former], since.plus_millis(-BEFORE_MS), began.at);
        }
        if let (Some(broker), Some(elected)) = (self.view.brokers.iter().find(|broker| broker.name == *node), elected) {
            self.left_isr(at, broker.node_id, elected.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "two whole answers")]
    fn an_acknowledged_record_that_is_gone() {
        let gone = |run: &mut Run, seconds: i64| {
            run.until(seconds);
            let ledger = run.judge.verdict(run.world(), false).ledger;
            let lost = ledger.records.iter().find(|outcome| outcome.lost).expect("one is lost").promised.clone().expect("it had a place");
            Gone { record: RecordAt::new(&lost.0, lost.1, lost.2) }
        };
        let mut run = Run::new(include_str!("../../../../www/scenarios/acks-1-loses.tide"));
        let question = gone(&mut run, 30);
        run.is_so(
            question.clone(),
            "
              now: Offset 79 of orders-0 was acknowledged, and it is gone from the log: the leader's log is the truth.
              now: With acks=1 the leader answers before any follower has the record: what it alone had, dies with it.
              Truncated: broker-2 cut 10 records off orders-0, back to offset 79: its leader does not have them.
              BecameLeader: broker-3 took over orders-0 in epoch 1 with a log that ended before offset 79: it had no such record.
              PartitionChanged: orders-0: broker-3 leads, epoch 1; in sync: broker-3 and broker-1 (broker-2 was fenced).
              Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
              Acked: checkout was told that offset 79 is there (acks=1).
              Acted: broker-2 and broker-3 cannot reach each other.
              Acted: broker-2 and broker-1 cannot reach each other.
            ",
        );
        let mut run = Run::new(include_str!("../../../../www/scenarios/unclean-election.tide"));
        let question = gone(&mut run, 40);
        run.is_so(
            question.clone(),
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
        let retained = Gone { record: orders().at(2) };
        run.is_so(
            retained.clone(),
            "
              now: Retention has deleted offset 2 of orders-0: its log begins at offset 434 now. That is no loss.
              SegmentDeleted: orders-0: the segment from offset 0 was deleted by retention.
              Acked: checkout was told that offset 2 is there (acks=all).
            ",
        );
        let there = Gone { record: orders().at(high_watermark(&run) - 1) };
        run.is_not_so(
            there,
            "
              now: Offset 462 of orders-0 is there: broker-1, the leader, has it.
            ",
        );
        let question = gone(&mut run, 80);
        run.is_so(
            question.clone(),
            "
              now: Offset 560 of orders-0 was acknowledged, and it is gone from the log: the leader's log is the truth.
              now: It had been committed, and Kafka may give it up here: every in-sync replica had lost power or its disk.
              BecameLeader: broker-1 took over orders-0 in epoch 2 with a log that ended before offset 560: it had no such record.
              PartitionChanged: orders-0: broker-1 leads, epoch 2; in sync: broker-1 (unclean).
              PartitionChanged: broker-1 left the ISR of orders-0: the controller no longer counted it as alive.
              BrokerFenced: The controller no longer counts broker-1 in: no heartbeat within broker.session.timeout.ms.
              Acted: broker-1 starts again, from its disk.
              Acted: broker-1 lost its power: what it had not flushed is gone, and nobody is told.
              Acked: checkout was told that offset 560 is there (acks=all).
            ",
        );
    }
}
