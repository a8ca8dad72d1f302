//! The KRaft controller of one node: a replica of the metadata log, kept in step with the other voters by Kafka's raft (KIP-595), and,
//! while this node leads the quorum, the state machine that decides (`QuorumController`): brokers, topics, leaders, in-sync replicas.
//!
//! No I/O of its own: requests come decoded, what it asks of others and what it answers go out as outputs. The broker node around it owns
//! the connections and the disk. A node that is not a voter is an observer: it only fetches the log.

pub mod image;
pub mod records;

use super::broker::config::BrokerConfig;
use super::coordinator::Token;
use super::disk::Disk;
use super::map::Set;
use super::time::{Deadline, Time};
use bytes::Bytes;
use image::Image;
use kafka_protocol::messages as m;
use std::sync::Arc;
use uuid::Uuid;

/// The metadata log's topic, its only partition's directory and its id (`Topic.CLUSTER_METADATA_TOPIC_NAME`, `Uuid.METADATA_TOPIC_ID`).
pub const METADATA_TOPIC: &str = "__cluster_metadata";
pub const METADATA_DIR: &str = "__cluster_metadata-0";
pub const METADATA_TOPIC_ID: Uuid = Uuid::from_u128(1);

/// One of `controller.quorum.voters`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voter {
    pub id: i32,
    pub host: Arc<str>,
    /// Of its controller listener.
    pub port: i32,
}

#[derive(Clone, Debug)]
pub struct ControllerOptions {
    pub node_id: i32,
    pub cluster_id: Arc<str>,
    /// By id. A single voter that is this node leads at once.
    pub voters: Vec<Voter>,
    pub seed: u64,
}

/// A request that this room answers: of voters, of brokers (this node's own too) and, through brokers, of clients.
#[derive(Clone, Debug)]
pub enum Request {
    Vote(m::VoteRequest),
    BeginQuorumEpoch(m::BeginQuorumEpochRequest),
    EndQuorumEpoch(m::EndQuorumEpochRequest),
    /// Of the metadata log. Held until records come, at most its max wait.
    Fetch(m::FetchRequest),
    DescribeQuorum(m::DescribeQuorumRequest),
    BrokerRegistration(m::BrokerRegistrationRequest),
    BrokerHeartbeat(m::BrokerHeartbeatRequest),
    UnregisterBroker(m::UnregisterBrokerRequest),
    AlterPartition(m::AlterPartitionRequest),
    AllocateProducerIds(m::AllocateProducerIdsRequest),
    CreateTopics(m::CreateTopicsRequest),
    DeleteTopics(m::DeleteTopicsRequest),
    CreatePartitions(m::CreatePartitionsRequest),
    IncrementalAlterConfigs(m::IncrementalAlterConfigsRequest),
    ElectLeaders(m::ElectLeadersRequest),
    AlterPartitionReassignments(m::AlterPartitionReassignmentsRequest),
    ListPartitionReassignments(m::ListPartitionReassignmentsRequest),
}

#[derive(Clone, Debug)]
pub enum Response {
    Vote(m::VoteResponse),
    BeginQuorumEpoch(m::BeginQuorumEpochResponse),
    EndQuorumEpoch(m::EndQuorumEpochResponse),
    Fetch(m::FetchResponse),
    DescribeQuorum(m::DescribeQuorumResponse),
    BrokerRegistration(m::BrokerRegistrationResponse),
    BrokerHeartbeat(m::BrokerHeartbeatResponse),
    UnregisterBroker(m::UnregisterBrokerResponse),
    AlterPartition(m::AlterPartitionResponse),
    AllocateProducerIds(m::AllocateProducerIdsResponse),
    CreateTopics(m::CreateTopicsResponse),
    DeleteTopics(m::DeleteTopicsResponse),
    CreatePartitions(m::CreatePartitionsResponse),
    IncrementalAlterConfigs(m::IncrementalAlterConfigsResponse),
    ElectLeaders(m::ElectLeadersResponse),
    AlterPartitionReassignments(m::AlterPartitionReassignmentsResponse),
    ListPartitionReassignments(m::ListPartitionReassignmentsResponse),
}

/// What this node asks of another voter.
#[derive(Clone, Debug)]
pub enum Ask {
    Vote(m::VoteRequest),
    BeginQuorumEpoch(m::BeginQuorumEpochRequest),
    EndQuorumEpoch(m::EndQuorumEpochRequest),
    Fetch(m::FetchRequest),
}

#[derive(Clone, Debug)]
pub enum Answer {
    Vote(m::VoteResponse),
    BeginQuorumEpoch(m::BeginQuorumEpochResponse),
    EndQuorumEpoch(m::EndQuorumEpochResponse),
    Fetch(m::FetchResponse),
    /// The connection broke, or nothing came in time, or the answer could not be read.
    Lost,
}

/// What committed records have changed in the image since the last time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delta {
    /// Topics that are new or whose partitions changed.
    pub topics: Set<Arc<str>>,
    pub deleted: Vec<(Arc<str>, Uuid)>,
    /// Topics whose configs changed.
    pub topic_configs: Set<Arc<str>>,
    pub broker_configs: bool,
    /// A broker came, went, was fenced or unfenced.
    pub brokers: bool,
}

#[derive(Clone, Debug)]
pub enum Output {
    Respond {
        token: Token,
        response: Response,
    },
    /// The answer comes back with `id` through `handle_answer`. `to` is a voter's id.
    Ask {
        id: u64,
        to: i32,
        request: Ask,
    },
    /// The image has gone on.
    Changed(Delta),
    Event(ControllerEvent),
    Log(String),
}

/// What happened in the quorum and in the active controller, in Kafka's words.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum ControllerEvent {
    /// This voter stands for election.
    Candidate { epoch: i32, why: &'static str },
    /// This voter's answer to a candidate.
    Voted { epoch: i32, candidate: i32, granted: bool },
    /// This voter leads the quorum, by these votes (its own among them).
    Elected { epoch: i32, votes: Vec<i32> },
    /// This replica follows that leader.
    Follows { epoch: i32, leader: i32 },
    Resigned { epoch: i32, why: &'static str },
    /// The uncommitted end of the metadata log was cut.
    Truncated { from: i64, to: i64 },
    // The following come from the active controller only.
    BrokerRegistered { broker: i32, epoch: i64 },
    BrokerFenced { broker: i32, why: &'static str },
    BrokerUnfenced { broker: i32 },
    /// Leader -1: nobody can lead. `why`: "created", "leader's broker was fenced", "preferred", "unclean", "isr shrunk", …
    PartitionChanged {
        topic: Arc<str>,
        partition: i32,
        leader: i32,
        leader_epoch: i32,
        isr: Vec<i32>,
        elr: Vec<i32>,
        why: &'static str,
    },
}

/// The quorum as this node knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumView {
    pub epoch: i32,
    pub leader: Option<i32>,
    pub voters: Vec<i32>,
    /// "Unattached", "Voted", "Prospective", "Candidate", "Leader", "Follower", "Resigned", "Observer".
    pub role: &'static str,
    pub high_watermark: i64,
    pub end_offset: i64,
}

/// One node's controller. See the module.
#[derive(Clone, Debug)]
pub struct Controller {
    image: Image,
}

impl Controller {
    /// Reopens the metadata log and `quorum-state`; an empty disk is a fresh replica. `config`: the node's static broker configs.
    ///
    /// # Errors
    /// A disk that cannot be read or written.
    pub fn open(_now: Time, _options: ControllerOptions, _config: &BrokerConfig, _disk: &mut Disk) -> Result<Self, String> {
        todo!()
    }

    /// `version`: the request's. Answered through `Output::Respond`, at once or later. Whoever asks a controller that does not lead is told
    /// NOT_CONTROLLER (or, by the quorum's own APIs, who leads).
    pub fn handle_request(&mut self, _now: Time, _disk: &mut Disk, _token: Token, _version: i16, _request: Request) {
        todo!()
    }

    pub fn handle_answer(&mut self, _now: Time, _disk: &mut Disk, _id: u64, _answer: Answer) {
        todo!()
    }

    pub fn handle_timeout(&mut self, _now: Time, _disk: &mut Disk) {
        todo!()
    }

    /// A graceful stop: a leader resigns, so that another is elected at once.
    pub fn handle_shutdown(&mut self, _now: Time, _disk: &mut Disk) {
        todo!()
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        todo!()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }

    /// What the committed metadata says.
    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn quorum(&self) -> QuorumView {
        todo!()
    }

    /// Whole batches of the committed metadata log from `offset` on, for the judge.
    pub fn peek(&self, _disk: &Disk, _offset: i64, _max_bytes: u32) -> Bytes {
        todo!()
    }
}
