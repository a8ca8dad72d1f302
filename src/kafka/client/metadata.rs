//! What a client knows of the cluster (`Metadata`): brokers, topics, leaders. Renewed when asked for and when it is old,
//! with backoff; a leader with an older epoch than the known one is not believed.

use super::backoff::Backoff;
use super::net::{Net, Node, Outcome, Readiness};
use super::{TopicPartition, text, topic_name};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::metadata_request::MetadataRequestTopic;
use crate::kafka::wire::message::{ApiKey, MetadataRequest, MetadataResponse};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartitionMetadata {
    /// -1: no leader.
    pub leader: i32,
    pub leader_epoch: i32,
    /// The newest epoch that is known from elsewhere. While it is newer than the leader's, that leader is not believed.
    pub seen_epoch: i32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicMetadata {
    /// Nil where the broker does not say. A topic that was made anew has another one, and its epochs begin again.
    pub id: Uuid,
    pub error: ErrorCode,
    pub partitions: SortedVecMap<i32, PartitionMetadata>,
}

#[derive(Clone, Debug)]
pub struct Metadata {
    backoff: Backoff,
    max_age_ms: i64,
    allow_auto_create: bool,
    topics: SortedVecMap<Arc<str>, TopicMetadata>,
    wanted: SortedVecSet<Arc<str>>,
    /// All topics that there are, for a subscription by pattern.
    all: bool,
    need_update: bool,
    in_flight: bool,
    last_success: Option<Time>,
    last_attempt: Option<Time>,
    failures: u32,
    /// The least time between the last attempt and the next, drawn when that ended.
    wait_ms: i64,
    /// The number of answers taken in.
    pub version: u64,
}

impl Metadata {
    pub fn new(mut backoff: Backoff, max_age_ms: i64, allow_auto_create: bool) -> Self {
        let wait_ms = backoff.draw(0);
        Self {
            backoff,
            max_age_ms,
            allow_auto_create,
            topics: SortedVecMap::new(),
            wanted: SortedVecSet::new(),
            all: false,
            need_update: true,
            in_flight: false,
            last_success: None,
            last_attempt: None,
            failures: 0,
            wait_ms,
            version: 0,
        }
    }

    /// Adds a topic of interest. A new one is asked for at once.
    pub fn want(&mut self, topic: &Arc<str>) {
        if self.wanted.insert(topic.clone()) {
            self.need_update = true;
            self.last_attempt = None;
        }
    }

    /// Keeps only these topics of interest.
    pub fn want_only(&mut self, topics: &SortedVecSet<Arc<str>>) {
        self.all = false;
        self.wanted.retain(|topic| topics.contains(topic));
        self.topics.retain(|topic, _| topics.contains(topic));
        for topic in topics {
            self.want(topic);
        }
    }

    /// Asks for all topics from now on.
    pub fn want_all(&mut self) {
        self.all = true;
        self.need_update = true;
    }

    /// The topics that there are, and no internal ones.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.topics.iter().filter(|(name, topic)| !topic.error.is_error() && !name.starts_with("__")).map(|(name, _)| name)
    }

    /// The name of the topic that has this id.
    pub fn name_of(&self, id: Uuid) -> Option<&Arc<str>> {
        self.topics.iter().find(|(_, topic)| topic.id == id && !topic.error.is_error()).map(|(name, _)| name)
    }

    pub fn request_update(&mut self) {
        self.need_update = true;
    }

    pub fn topic(&self, topic: &str) -> Option<&TopicMetadata> {
        self.topics.get(topic)
    }

    /// A topic of which the last answer was not an error: with one nothing is known of its partitions any more (`Metadata.update`).
    fn described(&self, topic: &str) -> Option<&TopicMetadata> {
        self.topics.get(topic).filter(|topic| !topic.error.is_error())
    }

    /// Partitions of a topic; `None` while it is unknown.
    pub fn partition_count(&self, topic: &str) -> Option<i32> {
        let count = self.described(topic)?.partitions.len() as i32;
        (count > 0).then_some(count)
    }

    /// The leader of a partition and its epoch, if there is one.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<(i32, i32)> {
        let found = self.described(topic)?.partitions.get(&partition)?;
        (found.leader >= 0 && found.leader_epoch >= found.seen_epoch).then_some((found.leader, found.leader_epoch))
    }

    /// An answer has named this epoch (`updateLastSeenEpochIfNewer`): what is known of an older one is renewed.
    pub fn saw_epoch(&mut self, topic: &str, partition: i32, epoch: i32) {
        let known = self.topics.get_mut(topic).and_then(|topic| topic.partitions.get_mut(&partition));
        if let Some(known) = known.filter(|known| epoch > known.leader_epoch.max(known.seen_epoch)) {
            known.seen_epoch = epoch;
            self.need_update = true;
        }
    }

    /// A broker that does not lead the partition has named its leader (KIP-951). True: it is news, and its address is known.
    pub fn lead_by<T, E>(&mut self, net: &Net<T, E>, at: &TopicPartition, (leader, epoch): (i32, i32)) -> bool {
        let known = self.topics.get_mut(&at.0).and_then(|topic| topic.partitions.get_mut(&at.1));
        let newer = known.filter(|known| leader >= 0 && epoch > known.leader_epoch && net.knows(Node::Broker(leader)));
        newer.is_some_and(|known| {
            mark!(LeaderTold);
            *known = PartitionMetadata { leader, leader_epoch: epoch, seen_epoch: known.seen_epoch.max(epoch) };
            true
        })
    }

    /// Sends a Metadata request when one is due; says when to come back otherwise.
    pub fn run<T, E>(&mut self, now: Time, net: &mut Net<T, E>, tag: T) -> Option<Deadline> {
        if self.in_flight {
            return None;
        }
        let allowed = self.last_attempt.map(|at| at.plus_millis(self.wait_ms));
        let expiry = self.last_success.map(|at| at.plus_millis(self.max_age_ms));
        let due = match (self.need_update, expiry) {
            (false, Some(at)) => at.max(allowed.unwrap_or(at)),
            _ => allowed.unwrap_or(now),
        };
        if now < due {
            let what = if self.need_update { "metadata retry backoff" } else { "metadata.max.age.ms" };
            return Some((due, Reason::new(what, "")));
        }
        let node = match net.least_loaded(now) {
            Ok(node) => node,
            Err(Readiness::After(at)) => return Some((at, Reason::new("reconnect backoff", ""))),
            Err(_) => return None,
        };
        let version = net.version(node, ApiKey::Metadata)?;
        let topics = self
            .wanted
            .iter()
            .map(|topic| MetadataRequestTopic { name: Some(topic_name(topic)), ..MetadataRequestTopic::default() })
            .collect();
        let request = MetadataRequest {
            topics: (!self.all).then_some(topics),
            allow_auto_topic_creation: self.allow_auto_create,
            ..MetadataRequest::default()
        };
        self.last_attempt = Some(now);
        if net.send(now, node, version, request, Some(tag), None) {
            self.in_flight = true;
            self.need_update = false;
            None
        } else {
            self.settle(true);
            Some((now.plus_millis(self.wait_ms), Reason::new("metadata retry backoff", "")))
        }
    }

    /// Takes in the answer (or its absence).
    pub fn handle<T, E>(&mut self, now: Time, net: &mut Net<T, E>, outcome: Outcome) {
        self.in_flight = false;
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<MetadataResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let Some(response) = response else {
            return self.settle(true);
        };
        for broker in &response.brokers {
            let (host, port): (Arc<str>, i32) = (text(&broker.host), broker.port);
            net.set_address(Node::Broker(broker.node_id.0), &host, port);
        }
        let mut unsettled = response.brokers.is_empty();
        if self.all && !unsettled {
            self.forget_missing(&response);
        }
        for topic in &response.topics {
            let Some(name) = &topic.name else { continue };
            let name: Arc<str> = text(&name.0);
            let error = ErrorCode::from_code(topic.error_code);
            if error.is_error() {
                unsettled |= error.retriable();
                match self.topics.get_mut(&name) {
                    Some(known) if error.retriable() => known.error = error,
                    _ => {
                        self.topics.insert(name, TopicMetadata { id: topic.topic_id, error, partitions: SortedVecMap::new() });
                    }
                }
                continue;
            }
            let known = self.topics.remove(&name).filter(|known| known.id == topic.topic_id);
            let mut partitions = SortedVecMap::new();
            for partition in &topic.partitions {
                let mut fresh = PartitionMetadata {
                    leader: partition.leader_id.0,
                    leader_epoch: partition.leader_epoch,
                    seen_epoch: partition.leader_epoch,
                };
                let old = known.as_ref().and_then(|topic| topic.partitions.get(&partition.partition_index));
                if let Some(old) = old.filter(|old| fresh.leader_epoch >= 0 && old.seen_epoch > fresh.leader_epoch) {
                    fresh = *old;
                }
                unsettled |= fresh.leader < 0 || fresh.leader_epoch < fresh.seen_epoch;
                partitions.insert(partition.partition_index, fresh);
            }
            self.topics.insert(name, TopicMetadata { id: topic.topic_id, error, partitions });
        }
        self.version += 1;
        self.last_success = Some(now);
        self.settle(unsettled);
    }

    /// Of what is not among all topics nothing is known any more, but that it is not there.
    fn forget_missing(&mut self, response: &MetadataResponse) {
        let named: SortedVecSet<&str> = response.topics.iter().filter_map(|topic| topic.name.as_ref()).map(|name| &*name.0).collect();
        self.topics.retain(|name, _| named.contains(&**name));
        for name in self.wanted.iter().filter(|name| !named.contains(&***name)) {
            let error = ErrorCode::UnknownTopicOrPartition;
            self.topics.insert(name.clone(), TopicMetadata { id: Uuid::nil(), error, partitions: SortedVecMap::new() });
        }
    }

    /// An attempt has ended: how long the next one waits.
    fn settle(&mut self, again: bool) {
        self.need_update |= again;
        self.failures = if again { self.failures.saturating_add(1) } else { 0 };
        self.wait_ms = self.backoff.draw(self.failures.saturating_sub(1));
    }
}
