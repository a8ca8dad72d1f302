//! The group coordinator: one machine for the groups of all `__consumer_offsets` partitions that this broker leads.
//! Kafka's `GroupMetadataManager`, `ClassicGroup`, `OffsetMetadataManager`. Its state lives in the log: what it decides
//! to remember leaves as [`Output::Append`], and the answers that depend on it wait for [`GroupCoordinator::handle_committed`].

use super::time::{Deadline, Time};
use super::wire::batch::Batch;
use super::wire::error::ErrorCode;
use bytes::Bytes;
use kafka_protocol::messages as m;
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
}

impl Default for GroupConfig {
    fn default() -> Self {
        Self {
            offsets_topic_partitions: 50,
            initial_rebalance_delay_ms: 3000,
            min_session_timeout_ms: 6000,
            max_session_timeout_ms: 1_800_000,
            max_size: i32::MAX,
            offset_metadata_max_bytes: 4096,
            offsets_retention_minutes: 10_080,
            offsets_retention_check_interval_ms: 600_000,
        }
    }
}

/// A group request, decoded. Each comes with its version (answers differ) and the client's id and host.
#[derive(Clone, Debug)]
pub enum Request {
    JoinGroup(m::JoinGroupRequest),
    SyncGroup(m::SyncGroupRequest),
    Heartbeat(m::HeartbeatRequest),
    LeaveGroup(m::LeaveGroupRequest),
    OffsetCommit(m::OffsetCommitRequest),
    OffsetFetch(m::OffsetFetchRequest),
    OffsetDelete(m::OffsetDeleteRequest),
    ListGroups(m::ListGroupsRequest),
    DescribeGroups(m::DescribeGroupsRequest),
    DeleteGroups(m::DeleteGroupsRequest),
}

#[derive(Clone, Debug)]
pub enum Response {
    JoinGroup(m::JoinGroupResponse),
    SyncGroup(m::SyncGroupResponse),
    Heartbeat(m::HeartbeatResponse),
    LeaveGroup(m::LeaveGroupResponse),
    OffsetCommit(m::OffsetCommitResponse),
    OffsetFetch(m::OffsetFetchResponse),
    OffsetDelete(m::OffsetDeleteResponse),
    ListGroups(m::ListGroupsResponse),
    DescribeGroups(m::DescribeGroupsResponse),
    DeleteGroups(m::DeleteGroupsResponse),
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
    Respond { token: Token, response: Response },
    /// Append this batch (keys and values in Kafka's own `__consumer_offsets` format; null value = tombstone) to that partition of
    /// `__consumer_offsets`, then call `handle_committed(append_id)` once the high watermark has passed it,
    /// or `handle_append_failed`.
    Append { append_id: u64, partition: i32, batch: Batch },
    /// For narrators and timelines.
    Event(GroupEvent),
}

/// What happened in a group, in Kafka's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupEvent {
    StateChanged { group: Arc<str>, from: &'static str, to: &'static str, generation: i32, why: Arc<str> },
    MemberAdded { group: Arc<str>, member: Arc<str>, client_id: Arc<str> },
    /// `why`: "left", "session timeout", "rebalance timeout", "replaced by static member", …
    MemberRemoved { group: Arc<str>, member: Arc<str>, client_id: Arc<str>, why: Arc<str> },
    /// The rebalance of `generation` is done: member id → its assignment's bytes.
    Assigned { group: Arc<str>, generation: i32, assignments: Vec<(Arc<str>, Bytes)> },
    OffsetCommitted { group: Arc<str>, topic: Arc<str>, partition: i32, offset: i64 },
}

/// A group as DescribeGroups and the page show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupView {
    pub group: Arc<str>,
    /// "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead".
    pub state: &'static str,
    pub generation: i32,
    pub protocol: Option<Arc<str>>,
    pub leader: Option<Arc<str>>,
    pub members: Vec<MemberView>,
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
}

#[derive(Clone, Debug)]
pub struct GroupCoordinator {}

impl GroupCoordinator {
    /// `seed` feeds the stream that member ids are drawn from.
    pub fn new(_config: GroupConfig, _seed: u64) -> Self {
        todo!()
    }

    /// This broker now leads the partition: its batches, oldest first, rebuild the groups in it. Sessions start anew.
    pub fn handle_elected(&mut self, _now: Time, _partition: i32, _batches: impl Iterator<Item = Batch>) {
        todo!()
    }

    /// This broker no longer leads the partition: waiting requests answer NOT_COORDINATOR, groups are forgotten.
    pub fn handle_resigned(&mut self, _now: Time, _partition: i32) {
        todo!()
    }

    /// `topic_exists(topic, partition)` decides UNKNOWN_TOPIC_OR_PARTITION for commits.
    pub fn handle_request(
        &mut self,
        _now: Time,
        _token: Token,
        _caller: Caller,
        _request: Request,
        _topic_exists: &dyn Fn(&str, i32) -> bool,
    ) {
        todo!()
    }

    pub fn handle_committed(&mut self, _now: Time, _append_id: u64) {
        todo!()
    }

    pub fn handle_append_failed(&mut self, _now: Time, _append_id: u64, _error: ErrorCode) {
        todo!()
    }

    /// A topic was deleted: its offsets go (tombstones are appended).
    pub fn handle_topic_deleted(&mut self, _now: Time, _topic: &str) {
        todo!()
    }

    pub fn handle_timeout(&mut self, _now: Time) {
        todo!()
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        todo!()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }

    pub fn groups(&self) -> Vec<GroupView> {
        todo!()
    }
}
