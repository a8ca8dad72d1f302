//! One broker node: request handlers, partitions, purgatory, background work. Today it is a cluster of one: it is its own
//! controller and leads every partition; the shapes (leader epoch, ISR, high watermark) are those of a cluster.

mod admin;
mod background;
pub(in crate::kafka) mod config;
pub(in crate::kafka) mod config_table;
mod configs;
mod dispatch;
mod fetch;
mod files;
mod groups;
mod init_producer_id;
mod judged;
mod list_offsets;
mod metadata;
mod open;
mod partition;
mod produce;
mod purgatory;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod topics;

use super::controller::{ControllerEvent, QuorumView, Voter};
use super::coordinator::{GroupCoordinator, GroupEvent, GroupView, Token};
use super::disk::Disk;
use super::log::{Appended, LogError, SegmentInfo};
use super::rng::Rng;
use super::time::{Deadline, Time, earlier};
use super::wire::batch::Batch;
use super::wire::error::ErrorCode;
use crate::kafka::map::Map;
use bytes::Bytes;
use config::BrokerConfig;
use std::collections::VecDeque;
use std::sync::Arc;

/// A connection to this broker, named by whoever owns the sockets or links. Never used again after it closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// A connection that this node dialled to another, named by this node. Never used again after it closed.
pub use super::client::ConnId as PeerConn;

/// What a broker is started with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerOptions {
    pub node_id: i32,
    pub cluster_id: Arc<str>,
    /// advertised.listeners: what Metadata tells clients to dial.
    pub host: Arc<str>,
    pub port: i32,
    /// `controller.quorum.voters`; empty: this node alone. Brokers that are no voters only fetch the metadata log.
    pub voters: Vec<Voter>,
    /// The port of this node's controller listener.
    pub controller_port: i32,
    /// A planted bug, for the judge to find.
    pub sabotage: Option<Sabotage>,
    /// Static broker configs by Kafka's names; unknown names and bad values are refused by `Broker::open`.
    pub config: Map<String, String>,
    pub seed: u64,
}

/// Bugs that can be planted to see whether the judge finds them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sabotage {
    /// acks=all is answered before the followers have the records.
    AckBeforeReplication,
    /// The high watermark follows the leader's log alone.
    HighWatermarkFromLeader,
    /// A follower keeps what a new leader does not have.
    NoTruncation,
    /// Any live replica is elected, in sync or not.
    UncleanElection,
    /// A leader of an older epoch goes on: epochs in requests are not compared.
    EpochNotFenced,
    /// The leader never drops a follower from the ISR, and does not wait for those that are gone.
    IsrNeverShrinks,
    /// A consumer commits the offset after the records that it is about to fetch.
    CommitBeforeRecords,
    /// The sequence numbers of idempotent producers are not checked.
    SequenceUnchecked,
}

impl Sabotage {
    pub const ALL: [Self; 8] = [
        Self::AckBeforeReplication,
        Self::HighWatermarkFromLeader,
        Self::NoTruncation,
        Self::UncleanElection,
        Self::EpochNotFenced,
        Self::IsrNeverShrinks,
        Self::CommitBeforeRecords,
        Self::SequenceUnchecked,
    ];

    /// As the command line and scenario files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AckBeforeReplication => "ack-before-replication",
            Self::HighWatermarkFromLeader => "high-watermark-from-leader",
            Self::NoTruncation => "no-truncation",
            Self::UncleanElection => "unclean-election",
            Self::EpochNotFenced => "epoch-not-fenced",
            Self::IsrNeverShrinks => "isr-never-shrinks",
            Self::CommitBeforeRecords => "commit-before-records",
            Self::SequenceUnchecked => "sequence-unchecked",
        }
    }
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
    Send {
        conn: ConnId,
        frame: Bytes,
    },
    /// Close it; `why` is for the log.
    Close {
        conn: ConnId,
        why: String,
    },
    /// This node dials another: answered by `handle_peer_connected` or `handle_peer_disconnected` with the same `conn`.
    Dial {
        conn: PeerConn,
        host: Arc<str>,
        port: i32,
    },
    /// A frame on a connection that this node dialled.
    SendPeer {
        conn: PeerConn,
        frame: Bytes,
    },
    HangUp {
        conn: PeerConn,
    },
    /// The only log directory has failed (a full disk): the process must end, as Kafka's halts.
    Halt {
        why: String,
    },
    /// A graceful stop is done: leaders have moved, logs are closed.
    Stopped,
    /// A line for the broker's log.
    Log(String),
    Event(BrokerEvent),
}

/// What happened on the broker, for narrators, timelines and tests.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
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
    Controller(ControllerEvent),
    /// This broker leads the partition from here on.
    BecameLeader { topic: Arc<str>, partition: i32, epoch: i32, end_offset: i64 },
    /// Leader -1: nobody leads it.
    BecameFollower { topic: Arc<str>, partition: i32, leader: i32, epoch: i32 },
    /// The leader has got it through the controller. `why`: "caught up", "not caught up for replica.lag.time.max.ms", "fenced", …
    IsrChanged { topic: Arc<str>, partition: i32, from: Vec<i32>, to: Vec<i32>, why: &'static str },
    /// A follower appended what it fetched.
    Replicated { topic: Arc<str>, partition: i32, base_offset: i64, last_offset: i64 },
    /// A follower cut what its leader does not have.
    Truncated { topic: Arc<str>, partition: i32, from: i64, to: i64, epoch: i32 },
    /// The controller counts this broker in, or no longer.
    Unfenced { broker: i32 },
    Fenced { broker: i32 },
    StorageFailed { why: Arc<str> },
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
    pub elr: Vec<i32>,
    pub partition_epoch: i32,
    /// Whether this broker leads it, by its own lights.
    pub is_leader: bool,
    /// The end offsets of the followers as the leader knows them; on a follower empty.
    pub follower_ends: Vec<(i32, i64)>,
    /// Leader epochs in this log and where each begins.
    pub epochs: Vec<(i32, i64)>,
    pub log_start_offset: i64,
    pub high_watermark: i64,
    pub end_offset: i64,
    pub segments: Vec<SegmentInfo>,
}

/// One broker. See the module.
#[derive(Clone, Debug)]
pub struct Broker {
    options: BrokerOptions,
    config: BrokerConfig,
    disk: Disk,
    topics: metadata::Topics,
    groups: GroupCoordinator,
    /// Group requests that wait for the coordinator's answer.
    waiting: Map<Token, dispatch::Context>,
    next_token: u64,
    connections: Map<ConnId, dispatch::Connection>,
    /// Connections whose held request is answered and whose queued frames come next.
    ready: VecDeque<ConnId>,
    purgatory: purgatory::Purgatory,
    producer_ids: init_producer_id::ProducerIds,
    tasks: background::Tasks,
    checkpoints: files::Checkpoints,
    topic_ids: Rng,
    outputs: VecDeque<Output>,
}

impl Broker {
    /// Boots from the disk, through the real recovery: Kafka's layout (`orders-0/00000000000000000000.log`, `meta.properties`,
    /// `recovery-point-offset-checkpoint`, `replication-offset-checkpoint`, …). An empty disk is a fresh broker. What recovery
    /// cut comes out as `Output::Log` and `BrokerEvent::Recovered`.
    ///
    /// # Errors
    /// A config that Kafka does not have or with a bad value; a disk that belongs to another node or cannot be written.
    pub fn open(now: Time, options: BrokerOptions, disk: Disk) -> Result<Self, OpenError> {
        open::open(now, options, disk)
    }

    /// `peer`: the client's host as DescribeGroups shows it ("/127.0.0.1").
    pub fn handle_connected(&mut self, _now: Time, conn: ConnId, peer: &str) {
        self.connections.insert(conn, dispatch::Connection::new(peer));
    }

    pub fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        self.receive(now, conn, frame);
        self.settle(now);
    }

    /// Whether a request of this connection waits for its answer. Frames that come meanwhile are queued up to a limit,
    /// beyond which the connection is closed; whoever owns the socket may stop reading instead, as Kafka does.
    pub fn is_muted(&self, conn: ConnId) -> bool {
        self.connections.get(&conn).is_some_and(|connection| connection.held)
    }

    pub fn handle_disconnected(&mut self, _now: Time, conn: ConnId) {
        self.connections.remove(&conn);
        self.purgatory.remove(conn);
    }

    pub fn handle_timeout(&mut self, now: Time) {
        self.groups.handle_timeout(now);
        self.settle(now);
        self.release_due(now);
        self.settle(now);
        self.run_tasks(now);
        self.settle(now);
    }

    /// A graceful stop: logs closed, checkpoints and the clean-shutdown mark written. Nothing but `poll_output` and
    /// `into_disk` follows.
    pub fn handle_shutdown(&mut self, now: Time) {
        self.shut_down(now);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        earlier(earlier(self.purgatory.deadline(), self.groups.poll_timeout()), self.tasks.deadline())
    }

    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    pub fn disk_mut(&mut self) -> &mut Disk {
        &mut self.disk
    }

    /// The broker is killed: what is left of it is its disk.
    pub fn into_disk(self) -> Disk {
        self.disk
    }

    /// All partitions, internal ones too, by topic and number.
    pub fn partitions(&self) -> Vec<PartitionView> {
        let mut views = Vec::new();
        for topic in self.topics.iter() {
            for (index, partition) in (0..).zip(&topic.partitions) {
                views.push(partition.view(&topic.name, index, self.options.node_id));
            }
        }
        views
    }

    /// Whole batches of a partition from `offset` on, for the page and the judge (not through the protocol).
    pub fn peek(&self, topic: &str, partition: i32, offset: i64, max_bytes: u32) -> Bytes {
        let Some(partition) = self.topics.partition(topic, partition) else { return Bytes::new() };
        let log = &partition.log;
        let offset = offset.max(log.start_offset());
        log.read(&self.disk, offset, log.end_offset(), max_bytes, true).unwrap_or_default()
    }

    /// A connection to the controller listener (voters, and brokers that ask the controller).
    pub fn handle_controller_connected(&mut self, _now: Time, _conn: ConnId, _peer: &str) {
        todo!()
    }

    pub fn handle_peer_connected(&mut self, _now: Time, _conn: PeerConn) {
        todo!()
    }

    pub fn handle_peer_frame(&mut self, _now: Time, _conn: PeerConn, _frame: Bytes) {
        todo!()
    }

    /// Refused, broken or closed by the other side.
    pub fn handle_peer_disconnected(&mut self, _now: Time, _conn: PeerConn) {
        todo!()
    }

    pub fn quorum(&self) -> QuorumView {
        todo!()
    }

    /// Whether the controller counts this broker in.
    pub fn is_unfenced(&self) -> bool {
        todo!()
    }

    pub fn groups(&self) -> Vec<GroupView> {
        self.groups.groups()
    }

    fn event(&mut self, event: BrokerEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn log(&mut self, line: String) {
        self.outputs.push_back(Output::Log(line));
    }

    /// Appends as the partition's leader, moves the high watermark and wakes whoever waits for it.
    fn append(&mut self, now: Time, topic: &str, index: i32, batch: &Batch, from_client: bool) -> Result<Appended, LogError> {
        let Some((name, partition)) = self.topics.partition_mut(topic, index) else {
            let message = format!("{topic}-{index} is not on this broker");
            return Err(LogError::Refused { code: ErrorCode::UnknownTopicOrPartition, message });
        };
        let epoch = partition.leader_epoch;
        let appended = match partition.log.append(&mut self.disk, now, batch, epoch, from_client) {
            Ok(appended) => appended,
            Err(error) => {
                let (error_code, message) = (error.code(), error.to_string());
                self.event(BrokerEvent::AppendRefused { topic: name, partition: index, error: error_code, message });
                return Err(error);
            }
        };
        let Appended { base_offset, last_offset, duplicate, rolled, .. } = appended;
        let flushed = if rolled { partition.flush(&mut self.disk) } else { Ok(()) };
        let moved = partition.advance_high_watermark();
        if rolled {
            self.event(BrokerEvent::SegmentRolled { topic: name.clone(), partition: index, base_offset });
        }
        if let Err(error) = flushed {
            self.log(format!("{name}-{index}: not flushed: {error}"));
        }
        let producer_id = batch.producer_id();
        self.event(BrokerEvent::Appended { topic: name.clone(), partition: index, base_offset, last_offset, producer_id, duplicate });
        if let Some((from, to)) = moved {
            self.purgatory.touch(&name, index);
            self.event(BrokerEvent::HighWatermark { topic: name, partition: index, from, to });
        }
        Ok(appended)
    }

    /// Carries out what the last input led to, until nothing is left to do.
    fn settle(&mut self, now: Time) {
        loop {
            if let Some(output) = self.groups.poll_output() {
                self.handle_group_output(now, output);
            } else if self.release_touched() {
            } else if let Some(conn) = self.ready.pop_front() {
                self.receive_queued(now, conn);
            } else {
                return;
            }
        }
    }
}
