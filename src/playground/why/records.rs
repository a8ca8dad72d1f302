//! Records: not readable yet, delivered twice, gone.

use super::explanation::{Explanation, Tp};
use crate::kafka::broker::{BrokerEvent, PartitionView};
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::controller::ControllerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::time::Time;
use crate::world::event::{Event, EventKind};
use std::sync::Arc;

impl<'a> Explanation<'a> {
    pub(super) fn not_readable(&mut self, topic: &str, partition: i32, offset: i64) -> bool {
        let tp = Tp(topic, partition);
        let Some(state) = self.partition(topic, partition) else { return self.no(format_args!("There is no partition {tp}.")) };
        let (start, high, end) = (state.log_start_offset, state.high_watermark, state.end_offset);
        if state.leader < 0 {
            self.now(format_args!("Nobody can read {tp} now: it has no leader."));
            return self.leaderless(topic, partition);
        }
        if offset >= end {
            return self.no(format_args!("{tp} has no record at offset {offset}: its log ends before offset {end}."));
        }
        if offset < start {
            return self.gone(topic, partition, offset);
        }
        if offset < high {
            self.now(format_args!("Offset {offset} of {tp} can be read: it lies below the high watermark, {high}."));
            let moved = self.of_partition(
                topic,
                partition,
                self.view.now,
                &|event| matches!(event, BrokerEvent::HighWatermark { from, to, .. } if (*from..*to).contains(&offset)),
            );
            if let Some(event) = moved {
                self.narrated(event);
            }
            return false;
        }
        self.now(format_args!(
            "Consumers see only what lies below the high watermark. That of {tp} is {high}, and the record is at offset {offset}."
        ));
        self.above_high_watermark(state, offset);
        let appended = self.of_partition(topic, partition, self.view.now, &|event| {
            matches!(event, BrokerEvent::Appended { base_offset, last_offset, .. } if (*base_offset..=*last_offset).contains(&offset))
        });
        if let Some(event) = appended {
            self.tell(event, format_args!("broker-{}, the leader, appended the record at offset {offset}.", state.leader));
        }
        true
    }

    /// Why the high watermark has not passed an offset that the leader has.
    pub(super) fn above_high_watermark(&mut self, state: &PartitionView, offset: i64) {
        if self.too_few(state) {
            return;
        }
        let (topic, partition, leader) = (&*state.topic, state.partition, state.leader);
        let mut late = false;
        for id in state.isr.iter().copied().filter(|id| *id != leader) {
            let end = state.follower_ends.iter().find(|(follower, _)| *follower == id).map_or(0, |(_, end)| *end);
            if end > offset {
                continue;
            }
            late = true;
            let (lag, copied) = (self.lag_time(), self.last_copy(topic, partition, id, self.view.now));
            let (me, from) = (format!("broker-{id}"), format!("broker-{leader}"));
            let does = match self.blame(&[&me, &from], self.view.now) {
                true => format!("does not fetch, and is taken out of the in-sync set only after {lag} (replica.lag.time.max.ms)"),
                false => "fetches all the time and has not had them yet".into(),
            };
            self.now(format_args!("The high watermark moves once every in-sync replica has the records. {me} {does}.{copied}"));
        }
        if !late {
            self.now(format_args!("Every in-sync replica has it, and the high watermark moves with their next fetch."));
        }
    }

    /// The newest event of a partition up to `until` that is wanted.
    pub(super) fn of_partition(
        &self,
        topic: &str,
        partition: i32,
        until: Time,
        wanted: &dyn Fn(&BrokerEvent) -> bool,
    ) -> Option<&'a Event> {
        self.last(until, &|kind| match kind {
            EventKind::Broker { event, .. } => match event {
                BrokerEvent::Appended { topic: t, partition: p, .. }
                | BrokerEvent::HighWatermark { topic: t, partition: p, .. }
                | BrokerEvent::SegmentDeleted { topic: t, partition: p, .. }
                | BrokerEvent::BecameLeader { topic: t, partition: p, .. }
                | BrokerEvent::Recovered { topic: t, partition: p, .. }
                | BrokerEvent::Controller(ControllerEvent::PartitionChanged { topic: t, partition: p, .. })
                | BrokerEvent::Truncated { topic: t, partition: p, .. } => &**t == topic && *p == partition && wanted(event),
                _ => false,
            },
            _ => false,
        })
    }

    pub(super) fn twice(&mut self, reader: &str, topic: &str, partition: i32, offset: i64) -> bool {
        let tp = Tp(topic, partition);
        let mut found: Vec<(&Event, &str)> = Vec::new();
        for event in self.world.events().iter().rev() {
            if let EventKind::Handled { node, group, topic: t, partition: p, offset: o, .. } = &event.kind
                && group.as_ref().unwrap_or(node).as_ref() == reader
                && (&**t, *p, *o) == (topic, partition, offset)
            {
                found.push((event, node));
            }
        }
        let [(second, again), (first, before), ..] = *found else {
            return match found.first() {
                None => self.no(format_args!("{reader} has not handled offset {offset} of {tp}, or too long ago to be told.")),
                Some((event, by)) => {
                    self.tell(event, format_args!("{reader} handled offset {offset} of {tp} once: {by} did."));
                    false
                }
            };
        };
        self.now(format_args!("{reader} was given offset {offset} of {tp} twice: {before} handled it first, and {again} last."));
        self.tell(second, format_args!("{again} handled offset {offset} of {tp}, which {reader} had handled before."));
        self.tell(first, format_args!("{before} handled it the first time."));
        let began = self.last(second.at, &|kind| {
            matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::PositionReset { topic: t, partition: p, .. } }
                if **node == *again && &**t == topic && *p == partition)
        });
        let began = began.filter(|event| event.at > first.at);
        let until = began.map_or(second.at, |event| event.at);
        if let Some(event) = began
            && let EventKind::Consumer { event: ConsumerEvent::PositionReset { offset: from, why, .. }, .. } = &event.kind
        {
            self.tell(event, format_args!("{again} began {tp} at offset {from} ({why}): whatever lies from there on is given again."));
        }
        let commit = self.group_event(until, &|event| {
            matches!(event, GroupEvent::OffsetCommitted { group, topic: t, partition: p, .. }
                if **group == *reader && &**t == topic && *p == partition)
        });
        if let Some(event) = commit
            && let EventKind::Broker { event: BrokerEvent::Group(GroupEvent::OffsetCommitted { offset: at, .. }), .. } = &event.kind
        {
            self.tell(event, format_args!("{reader} had committed offset {at} of {tp}, the next to read, and nothing after that."));
        }
        let left = self.group_event(
            until,
            &|event| matches!(event, GroupEvent::MemberRemoved { group, client_id, .. } if **group == *reader && **client_id == *before),
        );
        if let Some(event) = left.filter(|event| event.at >= first.at) {
            self.narrated(event);
        }
        let lost = self.last(until, &|kind| match kind {
            EventKind::Consumer { node, event: ConsumerEvent::PollTimeout | ConsumerEvent::CommitFailed { .. } } => **node == *before,
            _ => false,
        });
        if let Some(event) = lost.filter(|event| event.at >= first.at) {
            self.narrated(event);
        }
        // Rebalances and what was done to the first owner, in between.
        if self.last_rebalance(reader, until).is_none_or(|at| at < first.at) {
            self.started(again, until);
        }
        self.blame_since(&[before], first.at, until);
        true
    }

    /// The producer of a record that was acknowledged here and is lost, by the ledger.
    fn lost(&self, topic: &str, partition: i32, offset: i64) -> Option<Arc<str>> {
        let all = self.judge.verdict(self.world, false).ledger.records;
        let here = |place: &(Arc<str>, i32, i64)| &*place.0 == topic && (place.1, place.2) == (partition, offset);
        all.into_iter().find(|outcome| outcome.lost && outcome.promised.as_ref().is_some_and(here)).map(|outcome| outcome.producer)
    }

    pub(super) fn gone(&mut self, topic: &str, partition: i32, offset: i64) -> bool {
        let tp = Tp(topic, partition);
        // A leader that began below it: from then on the offset is another record's, if anybody's.
        let lacked = self.of_partition(
            topic,
            partition,
            self.view.now,
            &|event| matches!(event, BrokerEvent::BecameLeader { end_offset, .. } if *end_offset <= offset),
        );
        let told = |until: Time| {
            self.last(until, &|kind| {
                matches!(kind, EventKind::Producer { event: ProducerEvent::Acked { topic: t, partition: p, offset: o, .. }, .. }
                if &**t == topic && *p == partition && *o == offset)
            })
        };
        let before = lacked.and_then(|event| told(event.at));
        // The acknowledgement may be too long ago to be kept; the ledger knows of it.
        let outcome = if before.is_some() { None } else { self.lost(topic, partition, offset) };
        let acked = before.or_else(|| told(self.view.now).filter(|_| outcome.is_none()));
        let sender = match acked.map(|event| &event.kind) {
            Some(EventKind::Producer { node, .. }) => Some(node),
            _ => outcome.as_ref(),
        };
        let acks = sender.and_then(|name| self.view.producers.iter().find(|producer| producer.name == *name));
        let Some(state) = self.partition(topic, partition) else {
            self.now(format_args!("There is no partition {tp}, and its records went with it."));
            let deleted =
                |kind: &EventKind| matches!(kind, EventKind::Broker { event: BrokerEvent::TopicDeleted { topic: t }, .. } if &**t == topic);
            if let Some(event) = self.last(self.view.now, &deleted) {
                self.narrated(event);
            }
            return true;
        };
        let confirmed = |explanation: &mut Self| {
            if let (Some(event), Some(producer)) = (acked, acks) {
                let acks = match producer.acks {
                    -1 => "all".to_owned(),
                    acks => acks.to_string(),
                };
                explanation.tell(event, format_args!("{} was told that offset {offset} is there (acks={acks}).", producer.name));
            }
        };
        if state.leader < 0 {
            self.now(format_args!("Nobody can tell whether offset {offset} of {tp} is gone: the partition has no leader."));
            confirmed(self);
            return self.leaderless(topic, partition);
        }
        if offset < state.log_start_offset {
            let start = state.log_start_offset;
            self.now(format_args!("Retention has deleted offset {offset} of {tp}: its log begins at offset {start} now. That is no loss."));
            let deleted = self.of_partition(
                topic,
                partition,
                self.view.now,
                &|event| matches!(event, BrokerEvent::SegmentDeleted { base_offset, .. } if *base_offset <= offset),
            );
            if let Some(event) = deleted {
                self.narrated(event);
            }
            self.action(self.view.now, &|action| match action {
                crate::world::action::Action::SetTopicConfig { topic: t, .. } => **t == *topic,
                crate::world::action::Action::SetBrokerConfig { config, .. } => {
                    config.keys().any(|name| name.starts_with("log.retention."))
                }
                _ => false,
            });
            confirmed(self);
            return true;
        }
        let Some(event) = lacked.filter(|_| before.is_some() || outcome.is_some()) else {
            if outcome.is_some() {
                self.now(format_args!("Offset {offset} of {tp} was acknowledged, and it is gone; how that came about is no longer kept."));
                return true;
            }
            if offset < state.end_offset {
                return self.no(format_args!("Offset {offset} of {tp} is there: broker-{}, the leader, has it.", state.leader));
            }
            return self
                .no(format_args!("{tp} has no offset {offset}, and nobody was told that it had: its log ends at {}.", state.end_offset));
        };
        let since = acked.map_or(event.at, |event| event.at);
        let EventKind::Broker { event: BrokerEvent::BecameLeader { epoch, end_offset, .. }, node } = &event.kind else { return true };
        let (epoch, end_offset, node) = (*epoch, *end_offset, node.clone());
        self.now(format_args!("Offset {offset} of {tp} was acknowledged, and it is gone from the log: the leader's log is the truth."));
        if acks.is_some_and(|producer| producer.acks == 1) {
            self.now(format_args!("With acks=1 the leader answers before any follower has the record: what it alone had, dies with it."));
        } else if acks.is_some_and(|producer| producer.acks == 0) {
            self.now(format_args!("With acks=0 nobody promises anything."));
        }
        if let Some(why) = self.judge.given_up(topic, partition, offset) {
            self.now(format_args!("It had been committed, and Kafka may give it up here: {why}."));
        }
        self.tell(
            event,
            format_args!("{node} took over {tp} in epoch {epoch} with a log that ended before offset {end_offset}: it had no such record."),
        );
        // The others follow it.
        let cut = self.of_partition(
            topic,
            partition,
            self.view.now,
            &|event| matches!(event, BrokerEvent::Truncated { from, to, .. } if (*to..*from).contains(&offset)),
        );
        if let Some(cut) = cut.filter(|cut| cut.at >= event.at) {
            self.narrated(cut);
        }
        let elected = self.of_partition(topic, partition, event.at, &|event| {
            matches!(event, BrokerEvent::Controller(ControllerEvent::PartitionChanged { leader_epoch, .. }) if *leader_epoch == epoch)
        });
        if let Some(event) = elected {
            self.narrated(event);
        }
        let recovered = self.of_partition(topic, partition, event.at, &|event| matches!(event, BrokerEvent::Recovered { .. }));
        if let Some(event) = recovered.filter(|event| event.at >= since) {
            self.narrated(event);
        }
        confirmed(self);
        let led = self.last(event.at, &|kind| {
            matches!(kind, EventKind::Broker { event: BrokerEvent::BecameLeader { topic: t, partition: p, epoch: e, .. }, .. }
                if &**t == topic && *p == partition && *e < epoch)
        });
        if let Some(EventKind::Broker { node: former, .. }) = led.map(|event| &event.kind) {
            self.blame_since(&[former], since.plus_millis(-BEFORE_MS), event.at);
        }
        if let (Some(id), Some(elected)) = (self.view.brokers.iter().find(|broker| broker.name == node), elected) {
            self.left_isr(topic, partition, id.node_id, elected.at);
        }
        true
    }
}

/// What was done to a leader so long before it acknowledged a record is told as a cause of the loss, in milliseconds.
const BEFORE_MS: i64 = 30_000;
