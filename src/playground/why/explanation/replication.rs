//! What befell a partition's replicas: elections, the ISR, the high watermark.

use super::Explanation;
use crate::kafka::broker::{BrokerEvent, PartitionView};
use crate::kafka::controller::{ChangeReason, ControllerEvent};
use crate::kafka::time::Time;
use crate::playground::narrate::brokers;
use crate::playground::why::TopicPartition;
use crate::world::event::{Event, EventKind};
use crate::world::judge::probe::ClusterProbe as _;

/// A controller's decision on a partition.
struct Decision<'e> {
    leader: i32,
    isr: &'e [i32],
    why: ChangeReason,
}

impl Decision<'_> {
    fn of<'e>(kind: &'e EventKind, at: &TopicPartition) -> Option<Decision<'e>> {
        match kind {
            EventKind::Broker {
                event: BrokerEvent::Controller(ControllerEvent::PartitionChanged { topic, partition, leader, isr, why, .. }),
                ..
            } if at.is(topic, *partition) => Some(Decision { leader: *leader, isr, why: *why }),
            _ => None,
        }
    }
}

impl<'a> Explanation<'a> {
    /// The newest event of a partition up to `until` that is wanted.
    pub(crate) fn of_partition(&self, at: &TopicPartition, until: Time, wanted: &dyn Fn(&BrokerEvent) -> bool) -> Option<&'a Event> {
        self.last(until, &|kind| match kind {
            EventKind::Broker { event, .. } => match event {
                BrokerEvent::Appended { topic, partition, .. }
                | BrokerEvent::AppendRefused { topic, partition, .. }
                | BrokerEvent::HighWatermark { topic, partition, .. }
                | BrokerEvent::SegmentDeleted { topic, partition, .. }
                | BrokerEvent::BecameLeader { topic, partition, .. }
                | BrokerEvent::Recovered { topic, partition, .. }
                | BrokerEvent::Controller(ControllerEvent::PartitionChanged { topic, partition, .. })
                | BrokerEvent::Truncated { topic, partition, .. } => at.is(topic, *partition) && wanted(event),
                _ => false,
            },
            _ => false,
        })
    }

    /// The newest decision of a controller that gave the partition this leader.
    pub(crate) fn decided(&self, at: &TopicPartition, leader: i32) -> Option<&'a Event> {
        self.last(self.view.now, &|kind| Decision::of(kind, at).is_some_and(|decision| decision.leader == leader))
    }

    /// How a replica fell out of the ISR, the last time before a moment.
    pub(crate) fn left_isr(&mut self, at: &TopicPartition, id: i32, before: Time) {
        // The oldest of the newest decisions that all lack it.
        let mut left: Option<(&Event, Decision<'_>)> = None;
        for event in self.world.events().iter().rev().filter(|event| event.at < before) {
            let Some(decision) = Decision::of(&event.kind, at) else { continue };
            if decision.isr.contains(&id) {
                break;
            }
            left = Some((event, decision));
        }
        let until = left.as_ref().map_or(self.view.now.min(before), |(event, _)| event.at);
        let me = format!("broker-{id}");
        if let Some((event, Decision { leader, why, .. })) = left {
            let (lag, copied) = (self.lag_time(), self.last_copy(at, id, until));
            let reason = match why {
                ChangeReason::IsrShrunk => {
                    format!("for {lag} it had not caught up with the leader, broker-{leader} (replica.lag.time.max.ms)")
                }
                ChangeReason::LeaderFenced(_) | ChangeReason::ReplicaFenced(_) => "the controller no longer counted it as alive".into(),
                ChangeReason::BrokerRestartedUncleanly => {
                    "it came back without having shut down, and may have lost what it had not flushed".into()
                }
                why => why.name().to_owned(),
            };
            self.tell(event, format_args!("{me} left the ISR of {at}: {reason}.{copied}"));
            let fenced = |kind: &EventKind| {
                matches!(kind, EventKind::Broker { event: BrokerEvent::Controller(ControllerEvent::BrokerFenced { broker, .. }), .. }
                    if *broker == id)
            };
            if let Some(event) = self.last(until, &fenced).filter(|event| event.at == until) {
                self.narrated(event);
            }
            if leader >= 0 && self.blame(&[&me, &format!("broker-{leader}")], until) {
                return;
            }
        }
        self.blame(&[&me], until);
    }

    /// What a follower had fetched last, up to a moment, in words.
    pub(crate) fn last_copy(&self, at: &TopicPartition, id: i32, until: Time) -> String {
        let me = format!("broker-{id}");
        let copied = |kind: &EventKind| {
            matches!(kind, EventKind::Broker { node, event: BrokerEvent::Replicated { topic, partition, .. } }
                if **node == *me && at.is(topic, *partition))
        };
        match self.last(until, &copied).map(|event| &event.kind) {
            Some(EventKind::Broker { event: BrokerEvent::Replicated { last_offset, .. }, .. }) => {
                format!(" The last record that it had copied was offset {last_offset}.")
            }
            _ => String::new(),
        }
    }

    /// Fewer in-sync replicas than `acks=all` and the high watermark need. Whether it is so.
    pub(crate) fn too_few_in_sync(&mut self, state: &PartitionView) -> bool {
        let at = TopicPartition::new(&state.topic, state.partition);
        let least = self.world.newest_image().map_or(1, |image| self.world.min_isr(image, &at.topic));
        if state.isr.len() as u64 >= least {
            return false;
        }
        let only = brokers(&state.isr);
        let verb = if state.isr.len() == 1 { "is" } else { "are" };
        self.now(format_args!("{at} needs {least} replicas in sync (min.insync.replicas), and only {only} {verb}."));
        for id in state.replicas.iter().filter(|id| !state.isr.contains(id)) {
            self.left_isr(&at, *id, Time::NEVER);
        }
        true
    }

    /// Why the high watermark has not passed an offset that the leader has.
    pub(crate) fn above_high_watermark(&mut self, state: &PartitionView, offset: i64) {
        if self.too_few_in_sync(state) {
            return;
        }
        let (at, leader) = (TopicPartition::new(&state.topic, state.partition), state.leader);
        let mut late = false;
        for id in state.isr.iter().copied().filter(|id| *id != leader) {
            let end = state.follower_ends.iter().find(|(follower, _)| *follower == id).map_or(0, |(_, end)| *end);
            if end > offset {
                continue;
            }
            late = true;
            let (lag, copied) = (self.lag_time(), self.last_copy(&at, id, self.view.now));
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
}
