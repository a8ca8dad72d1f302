//! Membership in a group of the consumer protocol (KIP-848; `ConsumerMembershipManager`, `ConsumerHeartbeatRequestManager`): one request
//! does it all. The coordinator says what the member is to have; the member gives up what is not in it, inside `poll`, takes the rest, and
//! says so with its next heartbeat.

use super::membership::Phase;
use super::offsets::CommitKind;
use super::{Consumer, ConsumerEvent, Tag};
use crate::kafka::client::net::Outcome;
use crate::kafka::client::{TopicPartition, code, string, text, topic_name};
use crate::kafka::config::GroupProtocol;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::consumer_group_heartbeat_request::TopicPartitions;
use crate::kafka::wire::message::{ApiKey, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use std::sync::Arc;
use uuid::Uuid;

/// The epoch with which a member leaves; a static one says with the other that it will be back.
const LEAVE: i32 = -1;
const LEAVE_FOR_NOW: i32 = -2;

/// What a member of the consumer protocol keeps beside what all members keep.
#[derive(Clone, Debug, Default)]
pub(super) struct Modern {
    /// What the coordinator said last that the member is to have, while a topic's name is not known yet.
    unnamed: Option<Vec<(Uuid, Vec<i32>)>>,
    /// What the coordinator knows of what the member has.
    told: Vec<TopicPartition>,
    /// An answer was lost or was an error, and with it perhaps an assignment: the next request says everything again, and is told
    /// everything (`HeartbeatState.reset`).
    unsure: bool,
    /// The topics and the pattern that the last request which said any has said: others go with the next one.
    subscribed: (SortedVecSet<Arc<str>>, Option<Arc<str>>),
    /// From the coordinator's answers.
    interval_ms: i32,
    failures: u32,
}

impl Consumer {
    pub(super) fn is_modern(&self) -> bool {
        self.config.group_protocol == GroupProtocol::Consumer
    }

    /// All that it was told to have it has, and the coordinator knows it.
    pub(super) fn is_reconciled(&self) -> bool {
        self.member.given.is_none() && self.modern.unnamed.is_none() && self.modern.told == self.assignment()
    }

    pub(super) fn run_modern(&mut self, now: Time) {
        if self.member.fatal || self.member.leaving || self.member.heartbeat_in_flight {
            return;
        }
        self.name_given(now);
        let joins = self.member.phase == Phase::Unjoined;
        if joins {
            if !self.member.prepared || self.member.rejoin.is_none() {
                return;
            }
            if now < self.member.join_retry_at {
                return self.wake_at(self.member.join_retry_at, "join retry backoff");
            }
        }
        // What was read of partitions that were given up is committed before others get them.
        let committing = self.commits_first();
        let owned = self.assignment();
        let changed = self.member.given.is_none() && self.modern.told != owned;
        let due = now >= self.member.heartbeat_at;
        let news = !joins && !committing && if self.modern.unsure { due } else { changed };
        if !joins && !news && !due {
            return self.wake_at(self.member.heartbeat_at, "heartbeat interval");
        }
        self.send_heartbeat(now, joins, news.then_some(owned));
    }

    fn send_heartbeat(&mut self, now: Time, joins: bool, news: Option<Vec<TopicPartition>>) {
        let Some(node) = self.coordinator_ready(now) else { return };
        let Some(version) = self.net.version(node, ApiKey::ConsumerGroupHeartbeat) else { return };
        if self.member.id.is_empty() {
            self.member.id = Arc::from(self.ids.uuid().to_string());
        }
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.group(),
            member_id: string(&self.member.id),
            member_epoch: if joins { 0 } else { self.member.generation },
            instance_id: self.instance(),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        let owned = if joins { Some(Vec::new()) } else { news.as_ref().map(|news| self.by_id(news)) };
        let whole = joins || self.modern.unsure && news.is_some();
        let pattern = self.pattern.as_ref().map(|(pattern, _)| pattern.clone());
        let (says_topics, says_pattern) = (whole || self.modern.subscribed.0 != self.subscription, self.modern.subscribed.1 != pattern);
        // An empty pattern takes the former one back.
        let regex = pattern.as_ref().filter(|_| whole || says_pattern).cloned().or_else(|| says_pattern.then(|| Arc::from("")));
        let request = ConsumerGroupHeartbeatRequest {
            rebalance_timeout_ms: if whole { self.config.max_poll_interval_ms } else { -1 },
            subscribed_topic_names: says_topics.then(|| self.subscription.iter().map(|topic| topic_name(topic)).collect()),
            subscribed_topic_regex: regex.as_deref().map(string),
            server_assignor: self.config.group_remote_assignor.as_deref().filter(|_| whole).map(string),
            topic_partitions: owned,
            ..request
        };
        let tag = Tag::GroupHeartbeat { round: self.member.round, told: news };
        if !self.net.send(now, node, version, request, Some(tag), None) {
            return;
        }
        self.modern.unsure &= !whole;
        self.modern.subscribed = (self.subscription.clone(), pattern);
        self.member.heartbeat_in_flight = true;
        self.member.heartbeat_at = now.plus_millis(i64::from(self.modern.interval_ms.max(1)));
        if joins {
            self.member.phase = Phase::Joining;
            let why = self.member.rejoin.take().unwrap_or_default();
            let group = text(&self.group().0);
            self.net.event(ConsumerEvent::Joining { group, why });
        }
    }

    fn by_id(&self, partitions: &[TopicPartition]) -> Vec<TopicPartitions> {
        let mut topics: SortedVecMap<Uuid, Vec<i32>> = SortedVecMap::new();
        for (topic, partition) in partitions {
            let id = self.metadata.topic(topic).map(|topic| topic.id).unwrap_or_default();
            topics.entry(id).or_default().push(*partition);
        }
        topics.into_iter().map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions }).collect()
    }

    pub(super) fn handle_group_heartbeat(&mut self, now: Time, round: u64, told: Option<Vec<TopicPartition>>, outcome: Outcome) {
        self.member.heartbeat_in_flight = false;
        if round != self.member.round {
            return;
        }
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<ConsumerGroupHeartbeatResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let Some(response) = response else { return self.heartbeat_failed(now, code::COORDINATOR_NOT_AVAILABLE) };
        if response.error_code != 0 {
            return self.heartbeat_failed(now, response.error_code);
        }
        self.modern.failures = 0;
        self.modern.interval_ms = response.heartbeat_interval_ms;
        self.member.heartbeat_at = now.plus_millis(i64::from(response.heartbeat_interval_ms));
        self.member.generation = response.member_epoch;
        self.member.phase = Phase::Stable;
        self.joined = (response.member_epoch, self.member.id.clone());
        if let Some(told) = told {
            self.modern.told = told;
        }
        if let Some(assignment) = response.assignment {
            let topics = assignment.topic_partitions.into_iter().map(|topic| (topic.topic_id, topic.partitions));
            self.modern.unnamed = Some(topics.collect());
            self.name_given(now);
        }
    }

    fn heartbeat_failed(&mut self, now: Time, error: i16) {
        self.modern.unsure = true;
        let wait = self.backoff.draw(self.modern.failures);
        self.modern.failures = self.modern.failures.saturating_add(1);
        self.member.heartbeat_at = now.plus_millis(wait);
        if self.member.phase == Phase::Joining {
            self.member.phase = Phase::Unjoined;
            self.member.want_rejoin(ErrorCode::from_code(error).name());
            self.member.join_retry_at = now.plus_millis(wait);
        }
        match error {
            code::COORDINATOR_NOT_AVAILABLE | code::NOT_COORDINATOR => self.lose_coordinator(now),
            // It has nothing any more, and joins anew inside `poll`.
            code::FENCED_MEMBER_EPOCH | code::UNKNOWN_MEMBER_ID => {
                self.forget_membership(false, ErrorCode::from_code(error).name());
                self.member.join_retry_at = now.plus_millis(wait);
            }
            error if ErrorCode::from_code(error).retriable() => {}
            _ => self.fatal(error),
        }
    }

    /// What it is to have, by the names of the topics; as long as one is not known, metadata is asked for.
    fn name_given(&mut self, now: Time) {
        let Some(topics) = self.modern.unnamed.take() else { return };
        let mut given: Vec<TopicPartition> = Vec::new();
        for (id, partitions) in &topics {
            let known = |name: &&Arc<str>| self.metadata.topic(name).is_some_and(|topic| topic.id == *id);
            // It may have a topic to which it is not subscribed any more, or not by its name.
            let name = self.subscription.iter().find(known).or_else(|| self.metadata.name_of(*id));
            let Some(name) = name.cloned() else {
                self.metadata.request_update();
                self.modern.unnamed = Some(topics);
                return;
            };
            given.extend(partitions.iter().map(|partition| (name.clone(), *partition)));
        }
        given.sort();
        self.member.given = Some(given);
        // What a member has to give up, it gives up inside `poll`.
        if self.to_give_up().is_empty() {
            self.take_given(now);
        }
    }

    /// The part of a membership that happens inside `poll`.
    pub(super) fn prepare_modern(&mut self, now: Time) {
        if self.member.given.is_some() && self.auto_commits() {
            self.commit_positions(now, CommitKind::Last);
        }
        self.take_given(now);
        if self.member.rejoin.is_none() || self.member.prepared || self.member.phase != Phase::Unjoined {
            return;
        }
        let partitions = self.assignment();
        if !partitions.is_empty() {
            self.net.event(ConsumerEvent::Revoked { partitions, lost: true });
        }
        self.partitions.clear();
        self.completed.clear();
        self.modern.told.clear();
        self.modern.unnamed = None;
        self.member.lost = false;
        self.member.prepared = true;
    }

    /// Says that it goes. False: there is no membership to leave, or the coordinator cannot be reached.
    pub(super) fn leave_modern(&mut self, now: Time) -> bool {
        if self.member.generation < 0 || self.manual {
            return false;
        }
        let Some(node) = self.coordinator_ready(now) else { return false };
        let Some(version) = self.net.version(node, ApiKey::ConsumerGroupHeartbeat) else { return false };
        let instance_id = self.instance();
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.group(),
            member_id: string(&self.member.id),
            member_epoch: if instance_id.is_some() { LEAVE_FOR_NOW } else { LEAVE },
            instance_id,
            ..ConsumerGroupHeartbeatRequest::default()
        };
        self.member.leaving = self.net.send(now, node, version, request, Some(Tag::Leave), None);
        self.member.leaving
    }

    /// A member whose epoch has gone on while its request was under way asks again with the new one.
    pub(super) fn is_stale_epoch(&self, error: i16) -> bool {
        self.is_modern() && error == code::STALE_MEMBER_EPOCH && self.member.generation >= 0
    }
}
