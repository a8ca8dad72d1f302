//! The consumer: classic group membership on its own heartbeat timer, range assignor, fetcher, positions, commits
//! (`ClassicKafkaConsumer`, `ConsumerCoordinator`, `Fetcher`).

use super::{ClientError, ConnId, Output};
use crate::kafka::time::{Deadline, Time};
use bytes::Bytes;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetReset {
    Latest,
    Earliest,
    None,
}

/// Kafka's consumer configs; defaults are Kafka 4.1's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerConfig {
    pub client_id: Arc<str>,
    pub bootstrap_servers: Vec<(Arc<str>, i32)>,
    pub group_id: Option<Arc<str>>,
    pub group_instance_id: Option<Arc<str>>,
    pub session_timeout_ms: i32,
    pub heartbeat_interval_ms: i32,
    pub max_poll_interval_ms: i32,
    pub max_poll_records: u32,
    pub auto_offset_reset: OffsetReset,
    pub enable_auto_commit: bool,
    pub auto_commit_interval_ms: i64,
    pub fetch_min_bytes: i32,
    pub fetch_max_wait_ms: i32,
    pub fetch_max_bytes: i32,
    pub max_partition_fetch_bytes: i32,
    pub request_timeout_ms: i64,
    pub retry_backoff_ms: i64,
    pub retry_backoff_max_ms: i64,
    pub metadata_max_age_ms: i64,
    pub allow_auto_create_topics: bool,
    pub check_crcs: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerRecord {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub leader_epoch: i32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConsumerEvent {
    Joining { group: Arc<str>, why: Arc<str> },
    /// `onPartitionsRevoked` / `onPartitionsLost` (`lost`).
    Revoked { partitions: Vec<(Arc<str>, i32)>, lost: bool },
    Assigned { generation: i32, member: Arc<str>, partitions: Vec<(Arc<str>, i32)> },
    /// This member is the leader and has computed everyone's assignment.
    LedAssignment { protocol: Arc<str>, members: u32 },
    PositionReset { topic: Arc<str>, partition: i32, offset: i64, why: &'static str },
    Fetched { topic: Arc<str>, partition: i32, base_offset: i64, last_offset: i64 },
    Committed { offsets: Vec<(Arc<str>, i32, i64)> },
    CommitFailed { error: ClientError },
    /// max.poll.interval.ms passed without a poll: the member leaves the group.
    PollTimeout,
    Error { error: ClientError },
}

#[derive(Clone, Debug)]
pub struct Consumer {}

impl ConsumerConfig {
    pub fn new(_client_id: &str, _bootstrap: &str, _port: i32) -> Self {
        todo!()
    }
    /// Sets a config by Kafka's name.
    pub fn set(&mut self, _name: &str, _value: &str) -> Result<(), ClientError> {
        todo!()
    }
}

impl Consumer {
    pub fn new(_config: ConsumerConfig, _seed: u64) -> Result<Self, ClientError> {
        todo!()
    }

    /// Group subscription by names. Needs group.id.
    pub fn subscribe(&mut self, _now: Time, _topics: Vec<Arc<str>>) -> Result<(), ClientError> {
        todo!()
    }

    /// Assignment without a group.
    pub fn assign(&mut self, _now: Time, _partitions: Vec<(Arc<str>, i32)>) {
        todo!()
    }

    pub fn seek(&mut self, _now: Time, _topic: &str, _partition: i32, _offset: i64) {
        todo!()
    }

    /// `KafkaConsumer.poll` that never blocks: up to max.poll.records of what has been fetched; also the sign of life that
    /// max.poll.interval.ms watches. Auto commit happens here. Call it again when `has_records` or a timeout says so.
    pub fn poll(&mut self, _now: Time) -> Vec<ConsumerRecord> {
        todo!()
    }

    /// Whether `poll` would return records (or must be called for a rebalance callback).
    pub fn wants_poll(&self) -> bool {
        todo!()
    }

    /// Commits the positions (what `poll` has returned so far), or the given offsets. Answered by `Committed` or `CommitFailed`.
    pub fn commit(&mut self, _now: Time, _offsets: Option<Vec<(Arc<str>, i32, i64)>>) {
        todo!()
    }

    /// Commits if auto commit is on, leaves the group, closes connections as the answers come.
    pub fn close(&mut self, _now: Time) {
        todo!()
    }

    pub fn assignment(&self) -> Vec<(Arc<str>, i32)> {
        todo!()
    }

    /// (topic, partition, position: next offset that poll returns).
    pub fn positions(&self) -> Vec<(Arc<str>, i32, i64)> {
        todo!()
    }

    /// (member id, generation), once joined.
    pub fn membership(&self) -> Option<(Arc<str>, i32)> {
        todo!()
    }

    /// "unjoined", "joining", "syncing", "stable", "closed", "assigned".
    pub fn state(&self) -> &'static str {
        todo!()
    }

    pub fn handle_connected(&mut self, _now: Time, _conn: ConnId) {
        todo!()
    }
    pub fn handle_frame(&mut self, _now: Time, _conn: ConnId, _frame: Bytes) {
        todo!()
    }
    pub fn handle_disconnected(&mut self, _now: Time, _conn: ConnId) {
        todo!()
    }
    pub fn handle_timeout(&mut self, _now: Time) {
        todo!()
    }
    pub fn poll_output(&mut self) -> Option<Output<ConsumerEvent>> {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }
}
