//! One broker node: request handlers, partitions, purgatory, background work. Today it is a cluster of one: it is its own
//! controller and leads every partition; the shapes (leader epoch, ISR, high watermark) are those of a cluster.

use super::coordinator::{GroupEvent, GroupView};
use super::disk::Disk;
use super::log::SegmentInfo;
use super::time::{Deadline, Time};
use super::wire::error::ErrorCode;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A connection to this broker, named by whoever owns the sockets or links. Never used again after it closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// What a broker is started with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerOptions {
    pub node_id: i32,
    pub cluster_id: Arc<str>,
    /// advertised.listeners: what Metadata tells clients to dial.
    pub host: Arc<str>,
    pub port: i32,
    /// Static broker configs by Kafka's names; unknown names and bad values are refused by `Broker::open`.
    pub config: BTreeMap<String, String>,
    pub seed: u64,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("{name} is not a broker config of Kafka 4.1; {hint}")]
    Unknown { name: String, hint: String },
    #[error("{name}={value}: {expected}")]
    Invalid { name: String, value: String, expected: String },
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Disk(String),
}

#[derive(Clone, Debug)]
pub enum Output {
    /// A frame (without length prefix) for that connection.
    Send { conn: ConnId, frame: Bytes },
    /// Close it; `why` is for the log.
    Close { conn: ConnId, why: String },
    /// A line for the broker's log.
    Log(String),
    Event(BrokerEvent),
}

/// What happened on the broker, for narrators, timelines and tests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BrokerEvent {
    TopicCreated { topic: Arc<str>, partitions: i32 },
    TopicDeleted { topic: Arc<str> },
    PartitionsAdded { topic: Arc<str>, from: i32, to: i32 },
    Appended { topic: Arc<str>, partition: i32, base_offset: i64, last_offset: i64, producer_id: i64, duplicate: bool },
    AppendRefused { topic: Arc<str>, partition: i32, error: ErrorCode, message: String },
    HighWatermark { topic: Arc<str>, partition: i32, from: i64, to: i64 },
    SegmentRolled { topic: Arc<str>, partition: i32, base_offset: i64 },
    SegmentDeleted { topic: Arc<str>, partition: i32, base_offset: i64 },
    Recovered { topic: Arc<str>, partition: i32, text: String },
    FetchHeld { conn: ConnId, until: Time },
    FetchReleased { conn: ConnId, why: &'static str },
    Group(GroupEvent),
}

/// A partition as the page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionView {
    pub topic: Arc<str>,
    pub partition: i32,
    pub leader: i32,
    pub leader_epoch: i32,
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    pub log_start_offset: i64,
    pub high_watermark: i64,
    pub end_offset: i64,
    pub segments: Vec<SegmentInfo>,
}

#[derive(Clone, Debug)]
pub struct Broker {}

impl Broker {
    /// Boots from the disk, through the real recovery: Kafka's layout (`orders-0/00000000000000000000.log`, `meta.properties`,
    /// `recovery-point-offset-checkpoint`, `replication-offset-checkpoint`, …). An empty disk is a fresh broker. What recovery
    /// cut comes out as `Output::Log` and `BrokerEvent::Recovered`.
    pub fn open(_now: Time, _options: BrokerOptions, _disk: Disk) -> Result<Self, OpenError> {
        todo!()
    }

    /// `peer`: the client's host as DescribeGroups shows it ("/127.0.0.1").
    pub fn handle_connected(&mut self, _now: Time, _conn: ConnId, _peer: &str) {
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

    /// A graceful stop: logs closed, checkpoints and the clean-shutdown mark written. Nothing but `poll_output` and
    /// `into_disk` follows.
    pub fn handle_shutdown(&mut self, _now: Time) {
        todo!()
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        todo!()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }

    pub fn disk(&self) -> &Disk {
        todo!()
    }

    pub fn disk_mut(&mut self) -> &mut Disk {
        todo!()
    }

    /// The broker is killed: what is left of it is its disk.
    pub fn into_disk(self) -> Disk {
        todo!()
    }

    /// All partitions, internal ones too, by topic and number.
    pub fn partitions(&self) -> Vec<PartitionView> {
        todo!()
    }

    /// Whole batches of a partition from `offset` on, for the page and the judge (not through the protocol).
    pub fn peek(&self, _topic: &str, _partition: i32, _offset: i64, _max_bytes: u32) -> Bytes {
        todo!()
    }

    pub fn groups(&self) -> Vec<GroupView> {
        todo!()
    }
}
