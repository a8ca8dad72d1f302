//! A group of the consumer protocol (KIP-848). Kafka's `ConsumerGroup` and the part of `GroupMetadataManager` about it.
//!
//! Each change of members or topics makes a new group epoch; for it the coordinator computes a target assignment; and each member goes
//! towards its target by itself, by way of its heartbeats: first it gives up, then it gets what others have given up.

mod classic_members;
mod describe;
mod heartbeat;
mod member;
mod migration;
mod records;
mod regex;
mod step;

pub use self::classic_members::join_failed;
pub use self::heartbeat::heartbeat_error;
pub use self::member::Partitions;
pub use self::records::Record;

use self::member::{LEAVE, Member, MemberState};
use self::regex::Resolved;
use super::assignors::{self, MemberSpec, Spec};
use super::group::Common;
use super::output::Context;
use super::timers::Kind;
use super::topics::Topics;
use super::{GroupConfig, GroupState};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::hash_order;
use crate::kafka::wire::message as m;
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// The topics are looked at again after this time at the latest (`METADATA_REFRESH_INTERVAL_MS`).
const METADATA_REFRESH_MS: i64 = 3_600_000;

/// A request that a consumer group refuses.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {message}", error.name())]
pub struct Refused {
    pub error: ErrorCode,
    pub message: String,
}

pub fn refused(error: ErrorCode, message: impl Into<String>) -> Refused {
    Refused { error, message: message.into() }
}

#[derive(Clone, Debug)]
pub struct ConsumerGroup {
    pub common: Common,
    pub epoch: i32,
    pub metadata_hash: i64,
    /// The epoch of the target assignment.
    pub target_epoch: i32,
    target: SortedVecMap<Arc<str>, Partitions>,
    pub members: SortedVecMap<Arc<str>, Member>,
    regexes: SortedVecMap<Arc<str>, Resolved>,
    /// When the topics are looked at again, in milliseconds since the Unix epoch; at the next heartbeat when it has passed.
    refresh_at: i64,
    /// The expressions are about to be matched.
    matching: bool,
}

impl ConsumerGroup {
    pub const fn new(common: Common) -> Self {
        Self {
            common,
            epoch: 0,
            metadata_hash: 0,
            target_epoch: 0,
            target: SortedVecMap::new(),
            members: SortedVecMap::new(),
            regexes: SortedVecMap::new(),
            refresh_at: 0,
            matching: false,
        }
    }

    /// Takes in a record that is, or will be, in the log.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Epoch(Some((epoch, hash))) => (self.epoch, self.metadata_hash) = (epoch, hash),
            Record::Epoch(None) | Record::Partitions => {}
            Record::Member(id, Some(said)) => {
                let kept = self.members.remove(&id).unwrap_or_else(|| Member::new(id.clone()));
                let Member { epoch, previous_epoch, state, assigned, revoking, .. } = kept;
                self.members.insert(id, Member { epoch, previous_epoch, state, assigned, revoking, ..*said });
            }
            Record::Member(id, None) => {
                self.members.remove(&id);
            }
            Record::TargetEpoch(epoch) => self.target_epoch = epoch.unwrap_or(-1),
            Record::Target(id, Some(partitions)) => {
                self.target.insert(id, partitions);
            }
            Record::Target(id, None) => {
                self.target.remove(&id);
            }
            Record::Current(id, Some(now)) => {
                let member = self.members.entry(id.clone()).or_insert_with(|| Member::new(id));
                let Member { epoch, previous_epoch, state, assigned, revoking, .. } = *now;
                *member = Member { epoch, previous_epoch, state, assigned, revoking, ..member.clone() };
            }
            Record::Current(id, None) => {
                if let Some(member) = self.members.get_mut(&id) {
                    (member.epoch, member.previous_epoch) = (LEAVE, LEAVE);
                    (member.assigned, member.revoking) = (Partitions::new(), Partitions::new());
                }
            }
            Record::Regex(regex, Some(resolved)) => {
                self.regexes.insert(regex, resolved);
            }
            Record::Regex(regex, None) => {
                self.regexes.remove(&regex);
            }
        }
    }

    pub fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(|member| member.is_reconciled_to(self.target_epoch)) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    pub fn static_member(&self, instance: &str) -> Option<&Member> {
        self.members.values().find(|member| member.instance.as_deref() == Some(instance))
    }

    fn target_of(&self, member: &str) -> Partitions {
        self.target.get(member).cloned().unwrap_or_default()
    }

    /// Some member has the partition, or is still to give it up.
    fn is_owned(&self, topic: Uuid, partition: i32) -> bool {
        let has = |partitions: &Partitions| partitions.get(&topic).is_some_and(|all| all.contains(&partition));
        self.members.values().any(|member| has(&member.assigned) || has(&member.revoking))
    }

    /// All topics that somebody subscribes to, by name or by an expression that has been matched.
    fn subscribed_topics(&self) -> SortedVecSet<Arc<str>> {
        self.members.values().flat_map(|member| self.topics_of(member)).collect()
    }

    fn topics_of<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = Arc<str>> + 'a {
        let matched = self.regexes.get(&member.regex).into_iter().flat_map(|resolved| resolved.topics.iter());
        member.topics.iter().chain(matched).cloned()
    }

    pub fn subscribes_to(&self, topic: &str) -> bool {
        self.members.values().any(|member| self.topics_of(member).any(|name| *name == *topic))
    }

    fn subscribers_of(&self, regex: &str) -> usize {
        self.members.values().filter(|member| *member.regex == *regex).count()
    }

    fn regexes_in_use(&self) -> SortedVecSet<Arc<str>> {
        self.members.values().filter(|member| !member.regex.is_empty()).map(|member| member.regex.clone()).collect()
    }

    fn hash(&self, topics: &Topics) -> i64 {
        topics.hash(self.subscribed_topics().iter())
    }

    /// The assignor that most members ask for.
    pub fn assignor(&self) -> Option<&Arc<str>> {
        let asked: Vec<&Arc<str>> = self.members.values().filter_map(|member| member.assignor.as_ref()).collect();
        let votes = |name: &Arc<str>| asked.iter().filter(|other| **other == name).count();
        // As Java's `max` over a hash map: of those with equal votes the last one.
        let names: SortedVecSet<Arc<str>> = asked.iter().map(|name| (*name).clone()).collect();
        let best = hash_order::grown(names).into_iter().max_by_key(votes)?;
        asked.into_iter().find(|name| **name == best)
    }

    /// The target assignment of the group's epoch (`TargetAssignmentBuilder`): what of it is new.
    fn new_targets(&self, config: &GroupConfig, topics: &Topics) -> Vec<Record> {
        let Some(assignor) = assignors::find(self.assignor_name(config)) else { return Vec::new() };
        let specs = self.members.values().map(|member| {
            let names: SortedVecSet<Arc<str>> = self.topics_of(member).collect();
            MemberSpec {
                id: member.id.clone(),
                instance: member.instance.clone(),
                topics: hash_order::grown(names).iter().filter_map(|name| topics.id(name)).collect(),
                assigned: self.target_of(&member.id),
            }
        });
        let partitions = |topic: Uuid| topics.partitions(topic).unwrap_or(0);
        let spec = Spec::new(specs.collect(), self.has_same_subscriptions(), &partitions);
        let mut targets = (assignor.assign)(&spec);
        let mut records = Vec::new();
        for member in self.members.keys() {
            let target = targets.remove(member).unwrap_or_default();
            if self.target.get(member) != Some(&target) {
                records.push(Record::Target(member.clone(), Some(target)));
            }
        }
        records.push(Record::TargetEpoch(Some(self.epoch)));
        records
    }

    /// `ConsumerGroup.subscriptionType`: all by the same names, or all by one expression alone.
    fn has_same_subscriptions(&self) -> bool {
        let mut members = self.members.values();
        let Some(first) = members.next() else { return true };
        let alone = first.regex.is_empty() || first.topics.is_empty();
        alone && members.all(|member| member.topics == first.topics && member.regex == first.regex)
    }

    /// Kafka's `validateOffsetCommit`.
    pub fn validate_commit(&self, version: i16, request: &m::OffsetCommitRequest) -> Result<(), ErrorCode> {
        let epoch = request.generation_id_or_member_epoch;
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        let member = self.members.get(request.member_id.as_ref()).ok_or(ErrorCode::UnknownMemberId)?;
        if member.classic.is_none() && version < 9 {
            return Err(ErrorCode::UnsupportedVersion);
        }
        member.check_epoch(epoch)
    }

    /// Kafka's `validateOffsetFetch`. Whoever names no member may ask.
    pub fn validate_fetch(&self, member: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        if member.is_none() && epoch < 0 {
            return Ok(());
        }
        self.members.get(member.unwrap_or_default()).ok_or(ErrorCode::UnknownMemberId)?.check_epoch(epoch)
    }

    /// The tombstones of all that is logged of the group, its offsets apart.
    pub fn tombstones(&self) -> Vec<(Bytes, Option<Bytes>)> {
        self.tombstone_records().iter().map(|record| record.encode(&self.common.id)).collect()
    }

    fn tombstone_records(&self) -> Vec<Record> {
        let ids = || self.members.keys().cloned();
        let mut records: Vec<Record> = ids().map(|id| Record::Current(id, None)).collect();
        records.extend(ids().map(|id| Record::Target(id, None)));
        records.push(Record::TargetEpoch(None));
        records.extend(ids().map(|id| Record::Member(id, None)));
        records.extend(self.regexes.keys().map(|regex| Record::Regex(regex.clone(), None)));
        records.extend([Record::Partitions, Record::Epoch(None)]);
        records
    }

    /// The topics that a member gets, by name; those that are gone have none.
    pub fn named(topics: &Topics, partitions: &Partitions) -> Vec<(Arc<str>, i32)> {
        let mut named: Vec<(Arc<str>, i32)> = Vec::new();
        for (topic, partitions) in partitions {
            if let Some(name) = topics.name(*topic) {
                named.extend(partitions.iter().map(|partition| (name.clone(), *partition)));
            }
        }
        named.sort();
        named
    }

    /// This broker coordinates the group from now on: sessions start anew.
    pub fn watch(&self, now: Time, cx: &mut Context) {
        for member in self.members.values() {
            let session = i64::from(cx.config.session_timeout_ms(&self.common.id));
            cx.timers.schedule(&self.common.id, Kind::Session(member.id.clone()), now.plus_millis(session), member.shown());
            if member.is_revoking() {
                let at = now.plus_millis(i64::from(member.rebalance_timeout_ms));
                cx.timers.schedule(&self.common.id, Kind::Revocation(member.id.clone()), at, member.shown());
            }
        }
    }

    /// A topic has changed: at the next heartbeat it is looked at.
    pub const fn request_refresh(&mut self) {
        self.refresh_at = 0;
    }
}

impl Member {
    fn check_epoch(&self, epoch: i32) -> Result<(), ErrorCode> {
        match (epoch == self.epoch, &self.classic) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(ErrorCode::IllegalGeneration),
            (false, None) => Err(ErrorCode::StaleMemberEpoch),
        }
    }

    fn is_revoking(&self) -> bool {
        self.state == MemberState::UnrevokedPartitions
    }
}
