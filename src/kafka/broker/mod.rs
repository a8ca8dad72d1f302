//! One node of a cluster, broker and controller in one: request handlers, replicas and ISR, purgatory, background work. What there is
//! (topics, leaders, in-sync replicas) comes from the metadata log that the controllers keep.

mod answers;
mod appending;
mod background;
mod connections;
mod coordinator_appends;
mod deletions;
mod dispatch;
mod fetch_sessions;
mod files;
mod follower;
mod forwarding;
mod groups;
mod held;
mod inspection;
mod isr;
mod lifecycle;
mod open;
mod partition;
mod peers;
mod producer_ids;
mod purgatory;
mod replica_fetchers;
mod replicas;
mod replication_quota;
mod requests;
mod session_partitions;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_cluster;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_cluster;
#[cfg(test)]
mod tests_configs;
#[cfg(test)]
mod tests_transactions;
pub(in crate::kafka) mod topic_creation;
mod topics;
mod transactions;
mod txn_markers;
mod verification;
#[cfg(test)]
mod version_tests;

use super::config::{BrokerConfig, ConfigError};
use super::controller::{Controller, ControllerEvent, QuorumView, Voter};
use super::coordinator::transactions::{TransactionCoordinator, TransactionEvent, TransactionView};
use super::coordinator::{GroupCoordinator, GroupEvent, GroupView, Token};
use super::disk::Disk;
use super::log::SegmentInfo;
use super::sabotage::Sabotage;
use super::time::{Deadline, Time, earlier};
use super::wire::error::ErrorCode;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use bytes::Bytes;
pub use partition::IsrReason;
use std::collections::VecDeque;
use std::sync::Arc;
pub use topic_creation::{OFFSETS_TOPIC, TRANSACTIONS_TOPIC};
use uuid::Uuid;

/// A connection to this broker, named by the owner of the sockets or links. A name is never used again after its connection closed.
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
    pub config: SortedVecMap<String, String>,
    pub seed: u64,
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
    TopicCreated {
        topic: Arc<str>,
        partitions: i32,
    },
    TopicDeleted {
        topic: Arc<str>,
    },
    PartitionsAdded {
        topic: Arc<str>,
        from: i32,
        to: i32,
    },
    Appended {
        topic: Arc<str>,
        partition: i32,
        base_offset: i64,
        last_offset: i64,
        producer_id: i64,
        duplicate: bool,
    },
    AppendRefused {
        topic: Arc<str>,
        partition: i32,
        error: ErrorCode,
        message: String,
    },
    HighWatermark {
        topic: Arc<str>,
        partition: i32,
        from: i64,
        to: i64,
    },
    SegmentRolled {
        topic: Arc<str>,
        partition: i32,
        base_offset: i64,
    },
    SegmentDeleted {
        topic: Arc<str>,
        partition: i32,
        base_offset: i64,
    },
    Recovered {
        topic: Arc<str>,
        partition: i32,
        text: String,
    },
    FetchHeld {
        conn: ConnId,
        until: Time,
    },
    FetchReleased {
        conn: ConnId,
        why: &'static str,
    },
    Group(GroupEvent),
    Transaction(TransactionEvent),
    Controller(ControllerEvent),
    /// This broker leads the partition from here on.
    BecameLeader {
        topic: Arc<str>,
        partition: i32,
        epoch: i32,
        end_offset: i64,
    },
    /// Leader -1: nobody leads it.
    BecameFollower {
        topic: Arc<str>,
        partition: i32,
        leader: i32,
        epoch: i32,
    },
    /// The leader has got it through the controller.
    IsrChanged {
        topic: Arc<str>,
        partition: i32,
        from: Vec<i32>,
        to: Vec<i32>,
        why: IsrReason,
    },
    /// A follower appended what it fetched.
    Replicated {
        topic: Arc<str>,
        partition: i32,
        base_offset: i64,
        last_offset: i64,
    },
    /// A follower cut what its leader does not have.
    Truncated {
        topic: Arc<str>,
        partition: i32,
        from: i64,
        to: i64,
        epoch: i32,
    },
    /// The controller counts this broker in, or no longer.
    Unfenced {
        broker: i32,
    },
    Fenced {
        broker: i32,
    },
    StorageFailed {
        why: Arc<str>,
    },
    /// What this broker asked for itself, such as `__consumer_offsets`, was refused.
    TopicNotCreated {
        topic: Arc<str>,
        why: Arc<str>,
    },
}

impl BrokerEvent {
    /// Of which topic's partitions it tells.
    pub fn topic(&self) -> Option<&Arc<str>> {
        match self {
            Self::Appended { topic, .. }
            | Self::AppendRefused { topic, .. }
            | Self::HighWatermark { topic, .. }
            | Self::SegmentRolled { topic, .. }
            | Self::SegmentDeleted { topic, .. }
            | Self::Recovered { topic, .. }
            | Self::BecameLeader { topic, .. }
            | Self::BecameFollower { topic, .. }
            | Self::IsrChanged { topic, .. }
            | Self::Replicated { topic, .. }
            | Self::Truncated { topic, .. } => Some(topic),
            _ => None,
        }
    }
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
    /// With fewer in sync it refuses writes with acks=all: `min.insync.replicas`, or the number of replicas where that is less.
    pub min_isr: usize,
    pub elr: Vec<i32>,
    pub partition_epoch: i32,
    /// Whether this broker leads it, according to this broker's own state.
    pub is_leader: bool,
    /// The end offsets of the followers as the leader knows them; on a follower empty.
    pub follower_ends: Vec<(i32, i64)>,
    /// Leader epochs in this log and where each begins.
    pub epochs: Vec<(i32, i64)>,
    pub log_start_offset: i64,
    pub high_watermark: i64,
    /// Up to where a read_committed consumer reads.
    pub last_stable_offset: i64,
    /// First offset of each transaction that is open here and its producer's id, in the log's order.
    pub open_transactions: Vec<(i64, i64)>,
    pub end_offset: i64,
    pub segments: Vec<SegmentInfo>,
}

/// Whose records are appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// A producer's; `all`: with acks=all.
    Client {
        all: bool,
    },
    Coordinator,
}

/// One node: a broker, and the controller in the same process.
///
/// The owner of the connections and of time drives it:
///
/// 1. `open` on the node's disk.
/// 2. `handle_connected` or `handle_controller_connected`, `handle_frame` and `handle_disconnected` for connections that others have made;
///    `handle_peer_connected`, `handle_peer_frame` and `handle_peer_disconnected` for those that `Output::Dial` asked for; `handle_timeout`
///    when `poll_timeout` is due; `handle_shutdown` for a graceful stop.
/// 3. After each of these calls, `open` too: `poll_output` until it is `None`, then `poll_timeout` for the next deadline. The changes of
///    the disk are durable only where the owner makes them so, before it lets the outputs out.
/// 4. After `Output::Stopped`, or to kill the node: `into_disk`.
///
/// Time never goes backwards between calls.
#[derive(Clone, Debug)]
pub struct Broker {
    options: BrokerOptions,
    config: BrokerConfig,
    disk: Disk,
    controller: Controller,
    /// Who waits for the controller of this process.
    asked: SortedVecMap<Token, forwarding::Requester>,
    /// Clients' requests for the active controller, and when each is to be sent.
    forwards: Vec<(Time, forwarding::Forward)>,
    /// Topics that this broker has asked for itself.
    creating: SortedVecSet<Arc<str>>,
    /// Why the controller refused those that it did.
    not_created: SortedVecMap<Arc<str>, Arc<str>>,
    /// Topics of the metadata that were seen, with their partitions' number.
    known: SortedVecMap<Arc<str>, i32>,
    peers: peers::Peers<answers::Tag>,
    life: lifecycle::Life,
    /// `directory.id`.
    directory: Uuid,
    fetchers: replica_fetchers::ReplicaFetchers,
    quotas: replication_quota::ReplicationQuotas,
    altering: isr::AlterPartitions,
    /// Appends of this broker's own that wait for the high watermark.
    appends: coordinator_appends::CoordinatorAppends<transactions::Appender>,
    /// `replica.lag.time.max.ms`.
    lag_ms: i64,
    halted: bool,
    topics: topics::Topics,
    groups: GroupCoordinator,
    transactions: TransactionCoordinator,
    transaction_askers: SortedVecMap<Token, transactions::Asker>,
    markers: txn_markers::TxnMarkers,
    marker_writes: txn_markers::MarkerWrites,
    verifications: verification::Verifications,
    /// Group requests that wait for the coordinator's answer.
    waiting: SortedVecMap<Token, dispatch::Context>,
    next_token: u64,
    connections: connections::Connections,
    doomed: deletions::Doomed,
    /// Connections whose held request is answered and whose queued frames come next.
    ready: VecDeque<ConnId>,
    purgatory: purgatory::Purgatory<held::Held>,
    sessions: fetch_sessions::FetchSessions,
    producer_ids: producer_ids::ProducerIds,
    live_broker_draws: Rng,
    tasks: background::Tasks,
    checkpoints: files::Checkpoints,
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

    pub fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        self.receive(now, conn, frame);
        self.settle(now);
    }

    pub fn handle_timeout(&mut self, now: Time) {
        if self.life.stopped {
            return;
        }
        if self.controller.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.controller.handle_timeout(now, &mut self.disk);
        }
        self.expire_peers(now);
        self.close_idle(now);
        self.remove_doomed(now);
        self.groups.handle_timeout(now);
        self.transactions.handle_timeout(now);
        self.settle(now);
        self.expire_appends(now);
        self.release_due(now);
        self.settle(now);
        self.run_tasks(now);
        self.settle(now);
    }

    /// A graceful stop: leaderships move where there is another broker to take them; then logs are closed, checkpoints and the
    /// clean-shutdown mark written, and `Output::Stopped` says so. Nothing but `poll_output` and `into_disk` follows that.
    pub fn handle_shutdown(&mut self, now: Time) {
        self.leave(now, false);
    }

    /// The same where all nodes of the cluster stop at once: this one's controller goes on until [`Broker::finish_shutdown`], so that the
    /// others can be let go, too.
    pub fn handle_shutdown_of_all(&mut self, now: Time) {
        self.leave(now, true);
    }

    /// Whether the controller has let this broker go after [`Broker::handle_shutdown_of_all`].
    pub fn is_released(&self) -> bool {
        self.life.released
    }

    pub fn finish_shutdown(&mut self, now: Time) {
        self.stop(now);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        if self.life.stopped {
            return None;
        }
        let registered = self.life.epoch >= 0;
        let all = [
            self.purgatory.deadline(),
            self.groups.poll_timeout(),
            self.transactions.poll_timeout(),
            self.markers.deadline(),
            self.verifications.deadline(),
            self.tasks.deadline(),
            self.controller.poll_timeout(),
            self.peers.deadline(),
            self.life.deadline(),
            // Without a registration there is nobody to speak as.
            registered.then(|| self.fetchers.deadline()).flatten(),
            registered.then(|| self.altering.deadline()).flatten(),
            self.forwards_deadline(),
            self.appends.deadline(),
            self.connections.deadline(),
            self.doomed.deadline(),
        ];
        all.into_iter().fold(None, earlier)
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
            for (&index, partition) in &topic.partitions {
                views.push(partition.view(&topic.name, index));
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

    pub fn handle_peer_connected(&mut self, now: Time, conn: PeerConn) {
        self.peer_connected(now, conn);
        self.settle(now);
    }

    pub fn handle_peer_frame(&mut self, now: Time, conn: PeerConn, frame: Bytes) {
        self.peer_frame(now, conn, frame);
        self.settle(now);
    }

    /// Refused, broken or closed by the other side.
    pub fn handle_peer_disconnected(&mut self, now: Time, conn: PeerConn) {
        self.peer_disconnected(now, conn);
        self.settle(now);
    }

    pub fn quorum(&self) -> QuorumView {
        self.controller.quorum()
    }

    /// The controller of this node, for the page and the judge.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// Whether the client listener takes connections: once this process has caught up with the cluster's metadata, and not before
    /// (`BrokerServer.startup`), since it would say of every topic that there is none.
    pub fn serves_clients(&self) -> bool {
        self.life.caught_up
    }

    /// Whether the controller counts this broker in.
    pub fn is_unfenced(&self) -> bool {
        self.life.unfenced
    }

    pub fn groups(&self) -> Vec<GroupView> {
        self.groups.groups()
    }

    /// The transactional ids that this broker coordinates.
    pub fn transactions(&self) -> Vec<TransactionView> {
        self.transactions.transactions()
    }

    fn event(&mut self, event: BrokerEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    fn log(&mut self, line: String) {
        self.outputs.push_back(Output::Log(line));
    }

    /// Carries out what the last input led to, until nothing is left to do.
    fn settle(&mut self, now: Time) {
        loop {
            if self.life.stopped {
                return;
            }
            if let Some(output) = self.controller.poll_output() {
                self.handle_controller_output(now, output);
            } else if let Some(output) = self.groups.poll_output() {
                self.handle_group_output(now, output);
            } else if let Some(output) = self.transactions.poll_output() {
                self.handle_transaction_output(now, output);
            } else if self.release_touched(now) {
            } else if let Some(conn) = self.ready.pop_front() {
                self.receive_queued(now, conn);
            } else if !(self.live(now)
                || self.verify(now)
                || self.send_markers(now)
                || self.pump_forwards(now)
                || self.alter(now)
                || self.follow(now)
                || self.pump_peers(now))
            {
                return;
            }
        }
    }
}
