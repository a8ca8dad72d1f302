//! The group coordinator: one machine for the groups of all `__consumer_offsets` partitions that this broker leads.
//! Kafka's `GroupMetadataManager`, `ClassicGroup`, `OffsetMetadataManager`. Its state lives in the log: what it decides
//! to remember leaves as [`Output::Append`], and the answers that depend on it wait for [`GroupCoordinator::handle_committed`].

mod api;
mod assignors;
mod classic;
mod consumer;
mod group;
mod offsets;
mod output;
mod records;
mod requests;
#[cfg(test)]
pub(in crate::kafka) mod samples;
mod state;
mod timers;
mod topics;
pub mod transactional;
pub mod transactions;
mod view;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests_offsets;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests_transactional;

pub use self::api::{Request, Response};
pub use self::state::GroupState;
pub use self::topics::Topic;
pub use super::config::MigrationPolicy;

use self::classic::ClassicGroup;
use self::consumer::ConsumerGroup;
use self::group::Group;
use self::output::{Context, Pending};
use self::records::{CommittedOffset, GroupRecord, Key};
use self::timers::{Kind, Timers};
use self::topics::Topics;
use super::config::{BrokerConfig, GroupConfigs};
use super::rng::Rng;
use super::time::{Deadline, Time};
use super::wire::batch::Batch;
use super::wire::error::ErrorCode;
use super::wire::marker::Marker;
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::wire::message as m;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Names a request that waits for its answer; the broker gives it and gets it back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Token(pub u64);

/// Broker configs that the coordinator reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupConfig {
    pub offsets_topic_partitions: i32,
    pub initial_rebalance_delay_ms: i32,
    pub min_session_timeout_ms: i32,
    pub max_session_timeout_ms: i32,
    pub max_size: i32,
    pub offset_metadata_max_bytes: i32,
    pub offsets_retention_minutes: i32,
    pub offsets_retention_check_interval_ms: i64,
    pub consumer_heartbeat_interval_ms: i32,
    pub consumer_session_timeout_ms: i32,
    /// Of groups that have configs of their own.
    pub of_groups: SortedVecMap<Arc<str>, GroupConfigs>,
    pub consumer_max_size: i32,
    pub consumer_regex_refresh_interval_ms: i32,
    pub migration_policy: MigrationPolicy,
    /// The first is for members that ask for none.
    pub consumer_assignors: Vec<Arc<str>>,
    /// A planted bug: what another has counts as free.
    pub two_owners: bool,
    /// The same: who commits is not looked at.
    pub takes_any_commit: bool,
}

impl GroupConfig {
    pub fn new(broker: &BrokerConfig) -> Self {
        Self {
            offsets_topic_partitions: broker.offsets_topic_num_partitions,
            initial_rebalance_delay_ms: broker.group_initial_rebalance_delay_ms,
            min_session_timeout_ms: broker.group_min_session_timeout_ms,
            max_session_timeout_ms: broker.group_max_session_timeout_ms,
            max_size: broker.group_max_size,
            offset_metadata_max_bytes: broker.offset_metadata_max_bytes,
            offsets_retention_minutes: broker.offsets_retention_minutes,
            offsets_retention_check_interval_ms: broker.offsets_retention_check_interval_ms,
            consumer_heartbeat_interval_ms: broker.group_consumer_heartbeat_interval_ms,
            consumer_session_timeout_ms: broker.group_consumer_session_timeout_ms,
            of_groups: SortedVecMap::new(),
            consumer_max_size: broker.group_consumer_max_size,
            consumer_regex_refresh_interval_ms: broker.group_consumer_regex_refresh_interval_ms,
            migration_policy: broker.group_consumer_migration_policy,
            consumer_assignors: broker.group_consumer_assignors.clone(),
            two_owners: false,
            takes_any_commit: false,
        }
    }

    /// Milliseconds between a member's heartbeats in this group of the consumer protocol.
    pub fn heartbeat_interval_ms(&self, group: &str) -> i32 {
        self.of_groups.get(group).map_or(self.consumer_heartbeat_interval_ms, |own| own.consumer_heartbeat_interval_ms)
    }

    /// Milliseconds without a heartbeat after which a member of this group of the consumer protocol is removed.
    pub fn session_timeout_ms(&self, group: &str) -> i32 {
        self.of_groups.get(group).map_or(self.consumer_session_timeout_ms, |own| own.consumer_session_timeout_ms)
    }
}

/// Kafka's defaults.
impl Default for GroupConfig {
    fn default() -> Self {
        Self::new(&BrokerConfig::default())
    }
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    pub client_id: Arc<str>,
    pub host: Arc<str>,
    pub version: i16,
}

#[derive(Clone, Debug)]
pub enum Output {
    Respond {
        token: Token,
        response: Response,
    },
    /// Append this batch (keys and values in Kafka's own `__consumer_offsets` format; null value = tombstone) to that partition of
    /// `__consumer_offsets`, then call `handle_committed(append_id)` once the high watermark has passed it,
    /// or `handle_append_failed`.
    Append {
        append_id: u64,
        partition: i32,
        batch: Batch,
    },
    /// For narrators and timelines.
    Event(GroupEvent),
}

/// Why a group's state changes as it goes from one protocol to the other.
pub const UPGRADED: &str = "a member of the consumer protocol has joined";
pub const DOWNGRADED: &str = "the group is one of the classic protocol again";

/// What happened in a group, in Kafka's words.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum GroupEvent {
    StateChanged {
        group: Arc<str>,
        from: GroupState,
        to: GroupState,
        generation: i32,
        why: Arc<str>,
    },
    MemberAdded {
        group: Arc<str>,
        member: Arc<str>,
        client_id: Arc<str>,
    },
    /// `why`: "left", "session timeout", "rebalance timeout", "replaced by static member", …
    MemberRemoved {
        group: Arc<str>,
        member: Arc<str>,
        client_id: Arc<str>,
        why: Arc<str>,
    },
    /// The rebalance of `generation` is done: member id → its assignment's bytes.
    Assigned {
        group: Arc<str>,
        generation: i32,
        assignments: Vec<(Arc<str>, Bytes)>,
    },
    /// A member of a consumer group has another epoch or other partitions; `revoking`: what it is to give up first.
    Reconciled {
        group: Arc<str>,
        member: Arc<str>,
        client_id: Arc<str>,
        epoch: i32,
        assigned: Vec<(Arc<str>, i32)>,
        revoking: Vec<(Arc<str>, i32)>,
    },
    OffsetCommitted {
        group: Arc<str>,
        topic: Arc<str>,
        partition: i32,
        offset: i64,
    },
}

/// A group as DescribeGroups and the page show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupView {
    pub group: Arc<str>,
    /// "classic" or "consumer", as ListGroups spells it.
    pub group_type: &'static str,
    pub state: GroupState,
    /// Of a consumer group the group epoch.
    pub generation: i32,
    /// The assignor.
    pub protocol: Option<Arc<str>>,
    pub leader: Option<Arc<str>>,
    pub members: Vec<MemberView>,
    /// Until when its rebalance waits for members that have not asked to join, or synced; `None` while it is stable or empty.
    pub deadline: Option<Deadline>,
    /// (topic, partition, committed offset), sorted.
    pub offsets: Vec<(Arc<str>, i32, i64)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberView {
    pub member: Arc<str>,
    pub client_id: Arc<str>,
    pub instance: Option<Arc<str>>,
    /// The assignment as `ConsumerProtocolAssignment` decodes: (topic, partition), sorted. Empty while none.
    pub assignment: Vec<(Arc<str>, i32)>,
    pub session_deadline: Time,
    pub session_timeout_ms: i32,
    /// Of a consumer group's member; -2: a static member that is away. In a classic group the generation.
    pub epoch: i32,
    /// Of a consumer group's member: what it is to give up, and what it is to have in the end.
    pub revoking: Vec<(Arc<str>, i32)>,
    pub target: Vec<(Arc<str>, i32)>,
}

/// A DeleteGroups that waits for its tombstones.
#[derive(Clone, Debug)]
struct Deletion {
    token: Token,
    results: Vec<m::delete_groups_response::DeletableGroupResult>,
    waits_for: u32,
}

impl Deletion {
    fn response(&self) -> Response {
        Response::DeleteGroups(m::DeleteGroupsResponse { results: self.results.clone(), ..m::DeleteGroupsResponse::default() })
    }
}

/// The coordinator of the groups in the partitions of `__consumer_offsets` that this broker leads.
///
/// The broker calls `handle_elected` and `handle_resigned` as it leads such a partition or no longer does, `handle_request` for each
/// request, `handle_topic_deleted`, and `handle_timeout` when `poll_timeout` is due; after each, it drains `poll_output`. Every
/// `Output::Append` is followed by one `handle_committed` or `handle_append_failed` with its id, unless its partition is resigned first.
#[derive(Clone, Debug)]
pub struct GroupCoordinator {
    cx: Context,
    /// The partitions of `__consumer_offsets` that this broker leads.
    led: SortedVecSet<i32>,
    groups: SortedVecMap<Arc<str>, Group>,
    deletions: SortedVecMap<u64, Deletion>,
    next_deletion: u64,
    next_incarnation: u64,
    next_step: u64,
    topics: Arc<Topics>,
}

impl GroupCoordinator {
    /// `seed` feeds the stream that member ids are drawn from.
    pub fn new(config: GroupConfig, seed: u64) -> Self {
        Self {
            cx: Context {
                config,
                rng: Rng::stream(seed, "coordinator"),
                timers: Timers::default(),
                outputs: VecDeque::new(),
                in_flight: SortedVecMap::new(),
                next_append: 0,
            },
            led: SortedVecSet::new(),
            groups: SortedVecMap::new(),
            deletions: SortedVecMap::new(),
            next_deletion: 0,
            next_incarnation: 0,
            next_step: 0,
            topics: Arc::default(),
        }
    }

    /// This broker now leads the partition: its batches, oldest first, rebuild the groups in it. Sessions start anew.
    /// Batches and records that do not read as Kafka's formats are passed over, as a coordinator must load what it can.
    pub fn handle_elected(&mut self, now: Time, partition: i32, batches: impl Iterator<Item = Batch>) {
        self.led.insert(partition);
        for batch in batches {
            let producer_id = batch.producer_id();
            let order = self.cx.take_append_id();
            if let Some(marker) = Marker::of(&batch) {
                self.replay_end(partition, producer_id, marker.commit);
            } else if !batch.is_control() {
                let transaction = batch.is_transactional().then_some(producer_id);
                for record in batch.records().unwrap_or_default() {
                    if let Some(key) = record.key {
                        self.replay(now, partition, key, record.value, transaction, order);
                    }
                }
            }
        }
        let loaded: Vec<Arc<str>> = self.of_partition(partition);
        for id in loaded {
            mark!(CoordinatorLoads);
            let group = match self.groups.get_mut(&id) {
                Some(Group::Classic(group)) => group,
                Some(Group::Consumer(group)) => {
                    group.watch(now, &mut self.cx);
                    continue;
                }
                None => continue,
            };
            let members: Vec<Arc<str>> = group.members.iter().map(|member| Arc::clone(&member.id)).collect();
            for member in &members {
                group.touch(now, &mut self.cx, member);
            }
            if i64::try_from(members.len()).unwrap_or(i64::MAX) > i64::from(self.cx.config.max_size) {
                group.prepare_rebalance(now, &mut self.cx, "the loaded group is over its capacity");
            }
        }
        self.schedule_retention_check(now, false);
    }

    fn of_partition(&self, partition: i32) -> Vec<Arc<str>> {
        let all = self.groups.values().map(Group::common);
        all.filter(|group| group.partition == partition).map(|group| Arc::clone(&group.id)).collect()
    }

    fn replay(&mut self, now: Time, partition: i32, key: Bytes, value: Option<Bytes>, transaction: Option<i64>, order: u64) {
        match (Key::decode(key), value) {
            (Ok(Key::Offset { group, topic, partition: of }), Some(value)) if transaction.is_some() => {
                if let (Ok(kept), Some(producer_id)) = (CommittedOffset::decode(value), transaction) {
                    let change = ((topic, of), Some(CommittedOffset { order, ..kept }));
                    self.create(now, &group, partition).common_mut().keep_pending(producer_id, vec![change]);
                }
            }
            (Ok(Key::Offset { group, topic, partition: of }), Some(value)) => {
                if let Ok(kept) = CommittedOffset::decode(value) {
                    self.create(now, &group, partition).common_mut().offsets.insert((topic, of), CommittedOffset { order, ..kept });
                }
            }
            (Ok(Key::Offset { group, topic, partition: of }), None) => {
                if let Some(group) = self.groups.get_mut(&group) {
                    group.common_mut().remove_offset(&(topic, of));
                }
            }
            (Ok(Key::Group { group }), Some(value)) => {
                if let Ok(record) = GroupRecord::decode(value) {
                    let mut restored = ClassicGroup::new(self.create(now, &group, partition).common().clone(), now);
                    restored.restore(record);
                    self.groups.insert(group, Group::Classic(restored));
                }
            }
            (Ok(Key::Group { group }), None) => {
                if self.groups.get(&group).is_some_and(|group| group.as_classic().is_some()) {
                    self.forget_group(now, &group);
                }
            }
            (Ok(Key::Other { number, rest }), value) => {
                if let Ok(Some((group, record))) = consumer::Record::decode(number, rest, value) {
                    self.replay_consumer(now, &group, partition, record);
                }
            }
            (Err(_), _) => {}
        }
    }

    /// The group's record is gone. Its offsets may be those of a group of another type, whose records follow.
    fn forget_group(&mut self, now: Time, id: &Arc<str>) {
        let Some(group) = self.groups.remove(id) else { return };
        let common = group.common().clone();
        if !common.offsets.is_empty() || !common.pending_offsets.is_empty() {
            self.groups.insert(id.clone(), Group::Classic(ClassicGroup::new(common, now)));
        }
    }

    fn replay_consumer(&mut self, now: Time, id: &Arc<str>, partition: i32, record: consumer::Record) {
        if record == consumer::Record::Epoch(None) {
            if self.groups.get(id).is_some_and(|group| group.as_consumer().is_some()) {
                self.forget_group(now, id);
            }
            return;
        }
        if self.groups.get(id).is_none_or(|group| group.as_consumer().is_none()) {
            if record.is_tombstone() {
                return;
            }
            let common = self.create(now, id, partition).common().clone();
            self.groups.insert(id.clone(), Group::Consumer(ConsumerGroup::new(common)));
        }
        if let Some(Group::Consumer(group)) = self.groups.get_mut(id) {
            group.replay(record);
        }
    }

    /// A topic is as this says now, or gone; `version`: the offset of the metadata. Groups of the consumer protocol that subscribe to it
    /// look at it with their next heartbeat.
    pub fn handle_topic(&mut self, version: i64, name: &Arc<str>, topic: Option<Topic>) {
        if Arc::make_mut(&mut self.topics).set(version, name, topic) {
            for group in self.groups.values_mut() {
                if let Group::Consumer(group) = group
                    && group.subscribes_to(name)
                {
                    group.request_refresh();
                }
            }
        }
    }

    /// A group's configs are these from now on, `None`: the broker's. A member's session is as long as they say from its next heartbeat on.
    pub fn handle_group_configs(&mut self, group: &Arc<str>, configs: Option<GroupConfigs>) {
        match configs {
            Some(configs) => self.cx.config.of_groups.insert(group.clone(), configs),
            None => self.cx.config.of_groups.remove(group),
        };
    }

    /// This broker no longer leads the partition: waiting requests answer NOT_COORDINATOR, groups are forgotten.
    pub fn handle_resigned(&mut self, now: Time, partition: i32) {
        self.led.remove(&partition);
        let lost: Vec<u64> =
            self.cx.in_flight.iter().filter(|(_, flight)| flight.partition == partition).map(|(append_id, _)| *append_id).collect();
        for id in self.of_partition(partition) {
            match self.groups.remove(&id) {
                Some(Group::Classic(mut group)) => group.unload(&mut self.cx),
                Some(Group::Consumer(group)) => self.cx.timers.cancel_group(&group.common.id),
                None => {}
            }
        }
        for append_id in lost {
            self.handle_append_failed(now, append_id, ErrorCode::NotCoordinator);
        }
        // A deletion that failed above has brought its group back.
        for id in self.of_partition(partition) {
            self.groups.remove(&id);
        }
        if self.led.is_empty() {
            self.cx.timers.cancel(&Arc::default(), Kind::RetentionCheck);
        }
    }

    /// `topic_exists(topic, partition)` decides UNKNOWN_TOPIC_OR_PARTITION for commits.
    pub fn handle_request(&mut self, now: Time, token: Token, caller: Caller, request: Request, topic_exists: &dyn Fn(&str, i32) -> bool) {
        self.handle(now, token, &caller, request, topic_exists);
    }

    pub fn handle_committed(&mut self, now: Time, append_id: u64) {
        let Some(flight) = self.cx.in_flight.remove(&append_id) else { return };
        let group = self.groups.get_mut(&flight.group).filter(|group| group.common().incarnation == flight.incarnation);
        match flight.pending {
            Pending::Group => {}
            Pending::Step { answer, .. } => {
                if let Some((token, response)) = answer {
                    self.cx.respond(token, response);
                }
            }
            Pending::Assignment { generation, assignments } => {
                if let Some(Group::Classic(group)) = group {
                    group.assignments_stored(now, &mut self.cx, generation, &assignments);
                }
            }
            Pending::StaticMember { generation, new, version, leader, .. } => {
                if let Some(Group::Classic(group)) = group {
                    group.static_member_stored(&mut self.cx, generation, &new, version, leader);
                }
            }
            Pending::Offsets { changes, answer } => {
                if let Some(group) = group {
                    group.common_mut().apply(&mut self.cx, changes);
                }
                if let Some((token, response)) = answer {
                    self.cx.respond(token, response);
                }
            }
            Pending::Transactional { producer_id, changes, answer: (token, response) } => {
                if let Some(group) = group {
                    group.common_mut().keep_pending(producer_id, changes);
                }
                self.cx.respond(token, response);
            }
            Pending::Delete { deletion, .. } => self.deleted(deletion, &flight.group, ErrorCode::None),
        }
        for (token, response) in flight.also {
            self.cx.respond(token, response);
        }
    }

    /// `error` is the log's; clients get what Kafka makes of it.
    pub fn handle_append_failed(&mut self, now: Time, append_id: u64, error: ErrorCode) {
        let Some(flight) = self.cx.in_flight.remove(&append_id) else { return };
        mark!(CommitNotStored);
        // What was appended and is not committed in time is in the log nevertheless.
        let was_refused = error != ErrorCode::RequestTimedOut;
        let error = client_error(error);
        let id = Arc::clone(&flight.group);
        let group = self.groups.get_mut(&flight.group).filter(|group| group.common().incarnation == flight.incarnation);
        match flight.pending {
            Pending::Group => {
                if group.is_some_and(|group| group.epoch() == 0) {
                    self.creation_failed(&id, error);
                }
            }
            Pending::Step { step, before, answer } => {
                if was_refused {
                    self.undo(&id, step, before);
                }
                if let Some((token, response)) = answer {
                    self.cx.respond(token, failed(response, error));
                }
            }
            Pending::Assignment { generation, .. } => {
                if let Some(Group::Classic(group)) = group {
                    group.assignments_failed(now, &mut self.cx, generation, error);
                }
            }
            Pending::StaticMember { former, new, leader, .. } => {
                if let Some(Group::Classic(group)) = group {
                    group.static_member_failed(now, &mut self.cx, *former, &new, leader.as_deref(), error);
                }
            }
            Pending::Offsets { answer, .. } => {
                if let Some((token, response)) = answer {
                    self.cx.respond(token, failed(response, error));
                }
            }
            Pending::Transactional { producer_id, changes, answer: (token, response) } => {
                if let Some(group) = group.filter(|_| !was_refused) {
                    group.common_mut().keep_pending(producer_id, changes);
                }
                self.cx.respond(token, transactional::failed(response, error));
            }
            Pending::Delete { group, deletion } => {
                self.groups.entry(Arc::clone(&id)).or_insert(*group);
                self.deleted(deletion, &id, error);
            }
        }
        for (token, response) in flight.also {
            self.cx.respond(token, failed(response, error));
        }
    }

    /// A consumer group is again as it was before a change that the log refused; its offsets are as they are.
    fn undo(&mut self, id: &Arc<str>, step: u64, before: Option<Box<Group>>) {
        let Some(now) = self.groups.get(id).map(Group::common).filter(|common| common.step >= step) else { return };
        let (offsets, pending_offsets) = (now.offsets.clone(), now.pending_offsets.clone());
        match before {
            Some(mut before) => {
                before.common_mut().offsets = offsets;
                before.common_mut().pending_offsets = pending_offsets;
                self.groups.insert(id.clone(), *before);
            }
            None => {
                self.groups.remove(id);
            }
        }
    }

    /// A topic was deleted: its offsets go (tombstones are appended).
    pub fn handle_topic_deleted(&mut self, now: Time, topic: &str) {
        for group in self.groups.values().map(Group::common) {
            let mut places = group.places(self.cx.in_flight.values());
            places.retain(|(name, _)| **name == *topic);
            if !places.is_empty() {
                group.forget(now, &mut self.cx, &places, None);
            }
        }
    }

    pub fn handle_timeout(&mut self, now: Time) {
        while let Some((id, kind)) = self.cx.timers.pop_due(now) {
            if kind == Kind::RetentionCheck {
                self.check_retention(now);
                continue;
            }
            let group = match self.groups.get_mut(&id) {
                Some(Group::Classic(group)) => group,
                Some(Group::Consumer(_)) => {
                    self.consumer_timeout(now, &id, &kind);
                    continue;
                }
                None => continue,
            };
            match kind {
                Kind::RetentionCheck | Kind::Revocation(_) | Kind::Join(_) | Kind::Sync(_) | Kind::Regex => {}
                Kind::InitialDelay => group.initial_delay_over(now, &mut self.cx),
                Kind::Rebalance => group.complete_join(now, &mut self.cx),
                Kind::PendingSync => group.pending_sync_over(now, &mut self.cx),
                Kind::Session(member) => group.session_over(now, &mut self.cx, &member),
            }
        }
    }

    fn consumer_timeout(&mut self, now: Time, id: &Arc<str>, kind: &Kind) {
        match kind {
            Kind::Session(member) => self.member_late(now, id, member, "session timeout"),
            Kind::Revocation(member) | Kind::Join(member) => self.member_late(now, id, member, "rebalance timeout"),
            Kind::Sync(member) => self.member_late(now, id, member, "sync timeout"),
            Kind::Regex => self.match_regexes(now, id),
            Kind::RetentionCheck | Kind::InitialDelay | Kind::Rebalance | Kind::PendingSync => {}
        }
    }

    fn schedule_retention_check(&mut self, now: Time, again: bool) {
        let nobody = Arc::default();
        if again || self.cx.timers.deadline(&nobody, Kind::RetentionCheck).is_none() {
            let interval = self.cx.config.offsets_retention_check_interval_ms.max(1);
            self.cx.timers.schedule(&nobody, Kind::RetentionCheck, now.plus_millis(interval), &nobody);
        }
    }

    /// Expired offsets go, and empty groups that have none left. Kafka's `cleanupExpiredOffsets`.
    fn check_retention(&mut self, now: Time) {
        let ids: Vec<Arc<str>> = self.groups.keys().cloned().collect();
        for id in ids {
            let Some(group) = self.groups.get(&id) else { continue };
            let expired = group.expired(now, &self.cx);
            let mut left = group.common().places(self.cx.in_flight.values());
            left.retain(|place| !expired.contains(place));
            let joining = group.as_classic().is_some_and(|group| !group.pending_joins.is_empty());
            if !expired.is_empty() {
                mark!(OffsetsExpired);
            }
            if group.is_empty() && !joining && left.is_empty() {
                self.delete(now, &id, None, "all its offsets have expired");
            } else if !expired.is_empty() {
                group.common().forget(now, &mut self.cx, &expired, None);
            }
        }
        self.schedule_retention_check(now, true);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.cx.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.cx.timers.next()
    }

    /// All groups, by id.
    pub fn groups(&self) -> Vec<GroupView> {
        self.groups.values().map(|group| group.view(&self.cx, &self.topics)).collect()
    }
}

/// The answer to a request whose records were not committed.
fn failed(response: Response, error: ErrorCode) -> Response {
    let error_code = error.code();
    match response {
        Response::OffsetCommit(response) => Response::OffsetCommit(offsets::commit_failed(response, error)),
        Response::OffsetDelete(_) => Response::OffsetDelete(m::OffsetDeleteResponse { error_code, ..m::OffsetDeleteResponse::default() }),
        Response::ConsumerGroupHeartbeat(_) => Response::ConsumerGroupHeartbeat(consumer::heartbeat_error(&consumer::refused(error, ""))),
        Response::JoinGroup(_) => consumer::join_failed(error),
        Response::SyncGroup(_) => Response::SyncGroup(classic::sync_error(error)),
        Response::Heartbeat(_) => Response::Heartbeat(m::HeartbeatResponse { error_code, ..m::HeartbeatResponse::default() }),
        Response::LeaveGroup(_) => Response::LeaveGroup(m::LeaveGroupResponse { error_code, ..m::LeaveGroupResponse::default() }),
        other => other,
    }
}

/// Kafka's `appendGroupMetadataErrorToResponseError`.
const fn client_error(append: ErrorCode) -> ErrorCode {
    match append {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => ErrorCode::UnknownServerError,
        other => other,
    }
}
