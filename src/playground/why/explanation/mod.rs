//! What answers are made of: links, each on its event, and the search for events. `blame` tells what was done to a node, `replication`
//! what befell a partition's replicas, `groups` what befell a consumer group, `transactions` which transaction holds readers back.

mod blame;
mod groups;
mod replication;
mod transactions;

pub(super) use groups::coordinator_slot;

use super::{Link, TopicPartition};
use crate::kafka::broker::PartitionView;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::playground::narrate::narrate;
use crate::world::event::{Event, EventId, EventKind};
use crate::world::judge::Judge;
use crate::world::operations::duration_text;
use crate::world::view::{BrokerState, WorldView};
use crate::world::{EPOCH, World};
use std::fmt;

/// A moment as the page shows it: seconds since the run's beginning.
pub(super) struct Clock(pub Time);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&seconds(self.0.micros_since(EPOCH)))
    }
}

/// `12.480 s` of microseconds since the run's beginning.
pub fn seconds(us: i64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1000 % 1000)
}

/// An error code with what it means.
pub(super) fn error_meaning(error: ErrorCode) -> String {
    let means = match error {
        ErrorCode::NotEnoughReplicas => "fewer replicas are in sync than min.insync.replicas asks for",
        ErrorCode::NotEnoughReplicasAfterAppend => "replicas fell out of sync after the append",
        ErrorCode::NotLeaderOrFollower => "the broker that it asked does not lead this partition",
        ErrorCode::NetworkException => "no answer came back",
        ErrorCode::RequestTimedOut => "the in-sync replicas did not have it in time",
        ErrorCode::LeaderNotAvailable => "nobody leads it",
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => "it is larger than max.message.bytes",
        ErrorCode::KafkaStorageError => "the broker's disk failed",
        _ => return error.name().to_owned(),
    };
    format!("{} ({means})", error.name())
}

/// An answer in the making. Each method adds links; `finish` puts them in order.
pub struct Explanation<'a> {
    pub(super) world: &'a World,
    pub(super) judge: &'a Judge,
    pub(super) view: &'a WorldView,
    links: Vec<Link>,
}

impl<'a> Explanation<'a> {
    pub(super) fn new(world: &'a World, judge: &'a Judge, view: &'a WorldView) -> Self {
        Self { world, judge, view, links: Vec::new() }
    }

    fn push(&mut self, text: String, at: Time, event: Option<EventId>) {
        // Two ways to one cause name it once.
        if self.links.iter().all(|link| link.text != text || link.at != at) {
            self.links.push(Link { text, at, event });
        }
    }

    /// What is so now.
    pub(super) fn now(&mut self, text: fmt::Arguments<'_>) {
        self.push(text.to_string(), self.view.now, None);
    }

    /// What is not so: the plain answer to a question that does not arise.
    pub(super) fn no(&mut self, text: fmt::Arguments<'_>) -> bool {
        self.now(text);
        false
    }

    /// An event in words of the answer's own.
    pub(super) fn tell(&mut self, event: &Event, text: fmt::Arguments<'_>) {
        self.push(text.to_string(), event.at, Some(event.id));
    }

    /// The way back ends here: what led to it is no longer kept.
    pub(super) fn forgotten(&mut self, at: Time) {
        self.push("What led to that is no longer kept: the run keeps its newest events, and these were older.".into(), at, None);
    }

    /// An event in the narrator's words.
    pub(super) fn narrated(&mut self, event: &Event) {
        if let Some(sentence) = narrate(event, self.world) {
            self.push(sentence.text, event.at, Some(event.id));
        }
    }

    /// The newest event up to `until` that is wanted.
    pub(super) fn last(&self, until: Time, wanted: &dyn Fn(&EventKind) -> bool) -> Option<&'a Event> {
        self.world.events().iter().rev().find(|event| event.at <= until && wanted(&event.kind))
    }

    pub(super) fn partition(&self, at: &TopicPartition) -> Option<&'a PartitionView> {
        self.view.partitions.iter().map(|state| &state.view).find(|view| at.is(&view.topic, view.partition))
    }

    pub(super) fn broker(&self, id: i32) -> Option<&'a BrokerState> {
        self.view.brokers.iter().find(|broker| broker.node_id == id)
    }

    /// The broker's name; empty when there is no such broker.
    pub(super) fn broker_name(&self, id: i32) -> &'a str {
        self.broker(id).map_or("", |broker| &*broker.name)
    }

    /// Whether its process is there and not frozen.
    pub(super) fn runs(&self, id: i32) -> bool {
        self.broker(id).is_some_and(|broker| broker.state.is_running())
    }

    /// `replica.lag.time.max.ms` in words.
    pub(super) fn lag_time(&self) -> String {
        self.broker_millis("replica.lag.time.max.ms", 30_000)
    }

    /// What a broker config in milliseconds is set to, or Kafka's default for it, in words.
    pub(super) fn broker_millis(&self, name: &str, default: i64) -> String {
        let set = self.world.genesis().broker_config.get(name).and_then(|value| value.parse().ok());
        duration_text(i64::saturating_mul(set.unwrap_or(default), 1000))
    }

    /// How many links there are, to go back to.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.links.truncate(len);
    }

    /// Newest first; what happened in one moment stays as it was told.
    pub(super) fn finish(mut self) -> Vec<Link> {
        self.links.sort_by_key(|link| std::cmp::Reverse(link.at));
        self.links
    }
}
