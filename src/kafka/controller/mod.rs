//! The KRaft controller of one node: a replica of the metadata log, kept in step with the other voters by Kafka's raft (KIP-595), and,
//! while this node leads the quorum, the state machine that decides (`QuorumController`): brokers, topics, leaders, in-sync replicas.
//!
//! No I/O of its own: requests come decoded, what it asks of others and what it answers go out as outputs. The broker node around it owns
//! the connections and the disk. A node that is not a voter is an observer: it only fetches the log.

mod active;
mod brokers;
mod checks;
mod configs;
mod elections;
pub mod features;
pub mod image;
mod placement;
mod raft;
mod reason;
pub mod records;
mod requests;
#[cfg(test)]
mod tests;
mod topics;

use super::config::BrokerConfig;
use super::coordinator::Token;
use super::disk::Disk;
use super::sabotage::Sabotage;
use super::time::{Deadline, Time, earlier};
use super::wire::batch::batches;
use super::wire::error::ErrorCode;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::message as m;
use active::Active;
pub(in crate::kafka) use active::Refusal;
use bytes::Bytes;
pub use checks::{check_dynamic, check_name, is_internal};
use image::Image;
use raft::Raft;
pub use reason::ChangeReason;
use records::Record;
use requests::{ControllerApi, QuorumApi};
pub use requests::{Refuse, Request, Response, Visitor};
use std::collections::VecDeque;
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
    /// By id; none: this node alone. A single voter that is this node leads at once.
    pub voters: Vec<Voter>,
    pub seed: u64,
    /// A planted bug; of interest here: `UncleanElection`.
    pub sabotage: Option<Sabotage>,
}

/// What committed records have changed in the image since the last time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delta {
    /// Topics that are new or whose partitions changed.
    pub topics: SortedVecSet<Arc<str>>,
    pub deleted: Vec<(Arc<str>, Uuid)>,
    /// Topics whose configs changed.
    pub topic_configs: SortedVecSet<Arc<str>>,
    pub broker_configs: bool,
    /// Groups whose configs changed.
    pub group_configs: SortedVecSet<Arc<str>>,
    /// A broker came, went, was fenced or unfenced.
    pub brokers: bool,
}

#[derive(Clone, Debug)]
pub enum Output {
    Respond {
        token: Token,
        response: Response,
    },
    /// For another voter, whose id is `to`. Its answer, or that there is none, comes back with `id` through `handle_answer`.
    Ask {
        id: u64,
        to: i32,
        request: Request,
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
    Candidate {
        epoch: i32,
        why: &'static str,
    },
    /// This voter's answer to a candidate.
    Voted {
        epoch: i32,
        candidate: i32,
        granted: bool,
    },
    /// This voter leads the quorum, by these votes (its own among them).
    Elected {
        epoch: i32,
        votes: Vec<i32>,
    },
    /// This replica follows that leader.
    Follows {
        epoch: i32,
        leader: i32,
    },
    Resigned {
        epoch: i32,
        why: &'static str,
    },
    /// The uncommitted end of the metadata log was cut.
    Truncated {
        from: i64,
        to: i64,
    },
    // The following come from the active controller only.
    BrokerRegistered {
        broker: i32,
        epoch: i64,
    },
    BrokerFenced {
        broker: i32,
        why: &'static str,
    },
    BrokerUnfenced {
        broker: i32,
    },
    /// Leader -1: nobody can lead.
    PartitionChanged {
        topic: Arc<str>,
        partition: i32,
        leader: i32,
        leader_epoch: i32,
        isr: Vec<i32>,
        elr: Vec<i32>,
        why: ChangeReason,
    },
}

/// What a node is to its quorum: the values of Kafka's metric `current-state`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QuorumRole {
    /// A voter that knows no leader and has not voted in this epoch.
    Unattached,
    /// A voter that has voted in this epoch and knows no leader yet.
    Voted,
    /// Asks for pre-votes.
    Prospective,
    Candidate,
    Leader,
    Follower,
    /// Led in this epoch and has given it up.
    Resigned,
    /// Not a voter.
    Observer,
}

impl QuorumRole {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unattached => "Unattached",
            Self::Voted => "Voted",
            Self::Prospective => "Prospective",
            Self::Candidate => "Candidate",
            Self::Leader => "Leader",
            Self::Follower => "Follower",
            Self::Resigned => "Resigned",
            Self::Observer => "Observer",
        }
    }
}

impl std::fmt::Display for QuorumRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The quorum as this node knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuorumView {
    pub epoch: i32,
    pub leader: Option<i32>,
    pub voters: Vec<i32>,
    pub role: QuorumRole,
    pub high_watermark: i64,
    pub end_offset: i64,
}

/// What waits for its records to be committed.
#[derive(Clone, Debug)]
struct Pending {
    /// Of the last record.
    offset: i64,
    output: PendingOutput,
}

#[derive(Clone, Debug)]
enum PendingOutput {
    Event(ControllerEvent),
    /// `refusal` goes out instead if this node stops leading before.
    Answer {
        token: Token,
        response: Response,
        refusal: Response,
    },
}

/// One node's controller.
///
/// The broker node around it drives it: `handle_request` for requests from either listener and for the node's own, `handle_answer` for the
/// answer to each `Output::Ask`, `handle_timeout` when `poll_timeout` is due, `handle_shutdown` before a graceful stop. After each of these
/// calls, `open` too, `poll_output` is drained. A request is answered once, by `Output::Respond` with its token, perhaps much later. All
/// calls take the same disk.
#[derive(Clone, Debug)]
pub struct Controller {
    options: ControllerOptions,
    config: BrokerConfig,
    raft: Raft,
    image: Image,
    /// Everything below this offset is in the image.
    applied: i64,
    /// While this node leads the quorum and has applied what was committed before.
    active: Option<Active>,
    pending: VecDeque<Pending>,
    outputs: VecDeque<Output>,
}

impl Controller {
    /// Reopens the metadata log and `quorum-state`; an empty disk is a fresh replica. `config`: the node's static broker configs.
    ///
    /// # Errors
    /// A disk that cannot be read or written.
    pub fn open(now: Time, mut options: ControllerOptions, config: &BrokerConfig, disk: &mut Disk) -> Result<Self, String> {
        if options.voters.is_empty() {
            options.voters.push(Voter { id: options.node_id, host: Arc::from(""), port: 0 });
        }
        let raft = Raft::open(now, &options, config, disk)?;
        let mut controller = Self {
            config: config.clone(),
            applied: raft.log.start_offset(),
            raft,
            options,
            image: Image::empty(),
            active: None,
            pending: VecDeque::new(),
            outputs: VecDeque::new(),
        };
        controller.settle(now, disk);
        Ok(controller)
    }

    /// `version`: the request's. Answered through `Output::Respond`, at once or later. A controller that does not lead answers
    /// NOT_CONTROLLER or, for the quorum's own APIs, who leads.
    pub fn handle_request(&mut self, now: Time, disk: &mut Disk, token: Token, version: i16, request: Request) {
        request.answer(self, now, disk, token, version);
    }

    /// A request to the replica of the metadata log, leading or not.
    fn answer_as_replica<R: QuorumApi>(
        &mut self,
        now: Time,
        disk: &mut Disk,
        token: Token,
        version: i16,
        request: R,
        wrap: fn(R::Response) -> Response,
    ) {
        let response = request.handle(&mut self.raft, now, disk, token, version);
        // First what came before it, so that a vote's answer follows its event.
        self.settle(now, disk);
        if let Some(response) = response {
            self.outputs.push_back(Output::Respond { token, response: wrap(response) });
        }
    }

    /// A request to the active controller. The answer goes out when the records that it led to are committed.
    fn decide<R: ControllerApi>(
        &mut self,
        now: Time,
        disk: &mut Disk,
        token: Token,
        version: i16,
        request: R,
        wrap: fn(R::Response) -> Response,
    ) {
        let refusal = wrap(request.refuse(ErrorCode::NotController, NOT_CONTROLLER));
        let Some(active) = &mut self.active else {
            self.outputs.push_back(Output::Respond { token, response: refusal });
            return;
        };
        active.begin(self.raft.log.end_offset());
        let response = wrap(request.handle(active, now, version));
        self.write(now, disk);
        // If this node no longer leads, `settle` refuses it.
        let offset = self.raft.log.end_offset() - 1;
        self.pending.push_back(Pending { offset, output: PendingOutput::Answer { token, response, refusal } });
        self.settle(now, disk);
    }

    /// Appends what the active controller has decided; its events wait for the commit. If the log does not take it, the leader resigns.
    fn write(&mut self, now: Time, disk: &mut Disk) {
        let Some(active) = &mut self.active else { return };
        let (records, events) = active.take();
        if !records.is_empty()
            && let Err(error) = self.raft.append(now, disk, &records)
        {
            self.outputs.push_back(Output::Log(error.to_string()));
            self.raft.resign(now, disk, "the metadata log cannot be written");
            return;
        }
        let offset = self.raft.log.end_offset() - 1;
        self.pending.extend(events.into_iter().map(|event| Pending { offset, output: PendingOutput::Event(event) }));
    }

    /// `None`: the connection broke, or nothing came in time, or the answer could not be read.
    pub fn handle_answer(&mut self, now: Time, disk: &mut Disk, id: u64, answer: Option<Response>) {
        match answer {
            Some(Response::Vote(response)) => self.raft.vote_answered(now, disk, id, &response),
            Some(Response::BeginQuorumEpoch(response)) => self.raft.begin_answered(now, disk, id, &response),
            Some(Response::EndQuorumEpoch(response)) => self.raft.end_answered(now, disk, id, &response),
            Some(Response::Fetch(response)) => self.raft.fetch_answered(now, disk, id, response),
            _ => self.raft.lost(now, id),
        }
        self.settle(now, disk);
    }

    pub fn handle_timeout(&mut self, now: Time, disk: &mut Disk) {
        self.raft.timeout(now, disk);
        self.settle(now, disk);
        if let Some(active) = &mut self.active {
            active.begin(self.raft.log.end_offset());
            active.tick(now);
            self.write(now, disk);
            self.settle(now, disk);
        }
    }

    /// A graceful stop: a leader resigns, so that another is elected at once.
    pub fn handle_shutdown(&mut self, now: Time, disk: &mut Disk) {
        self.raft.resign(now, disk, "shutdown");
        self.settle(now, disk);
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When a broker's session ends, if this is the active controller and it has one.
    pub fn session_end(&self, broker: i32) -> Option<Time> {
        self.active.as_ref()?.session_end(broker)
    }

    /// `broker.session.timeout.ms`, as the active controller goes by it.
    pub fn session_ms(&self) -> Option<i64> {
        Some(self.active.as_ref()?.session_ms())
    }

    /// When this voter wants to lead the quorum, if it hears of no leader until then.
    pub fn candidacy(&self) -> Option<Time> {
        self.raft.candidacy()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        earlier(self.raft.deadline(), self.active.as_ref().and_then(Active::deadline))
    }

    /// What the committed metadata says.
    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn quorum(&self) -> QuorumView {
        self.raft.view()
    }

    /// See `Raft::votes`.
    pub fn votes(&self) -> (Option<i32>, Vec<i32>) {
        self.raft.votes()
    }

    /// What DescribeQuorum answers; only the leader knows the others' ends.
    pub fn describe_quorum(&self, now: Time) -> Option<m::describe_quorum_response::PartitionData> {
        let topic = m::describe_quorum_request::TopicData {
            topic_name: m::TopicName(METADATA_TOPIC.into()),
            ..m::describe_quorum_request::TopicData::default()
        };
        let answer = self.raft.describe(now, 1, &m::DescribeQuorumRequest { topics: vec![topic] });
        answer.topics.into_iter().next()?.partitions.into_iter().next().filter(|partition| partition.error_code == 0)
    }

    /// Whether this node is the active controller: it leads and has applied all that was committed before.
    pub fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// Whole batches of the committed metadata log from `offset` on, for the judge.
    pub fn peek(&self, disk: &Disk, offset: i64, max_bytes: u32) -> Bytes {
        let log = &self.raft.log;
        log.read(disk, offset.max(log.start_offset()), self.raft.high_watermark(), max_bytes, true).unwrap_or_default()
    }

    /// After every event: sends, applies what is committed, answers what waited for it, becomes active or stops being so.
    fn settle(&mut self, now: Time, disk: &mut Disk) {
        loop {
            self.raft.pump(now);
            self.outputs.append(&mut self.raft.outputs);
            let leading = self.raft.leading();
            if self.active.as_ref().is_some_and(|active| leading.is_none_or(|(epoch, _)| epoch != active.epoch)) {
                self.active = None;
                self.refuse_pending();
            }
            self.apply(disk);
            let Some((epoch, start)) = leading.filter(|_| self.active.is_none()) else { return };
            if self.applied <= start {
                return;
            }
            let mut active = Active::new(now, &self.options, &self.config, self.image.clone(), epoch);
            active.begin(self.raft.log.end_offset());
            active.activate(start);
            self.active = Some(active);
            self.write(now, disk);
        }
    }

    /// What was not committed while this node led may be committed or not: those who wait ask again.
    fn refuse_pending(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            if let PendingOutput::Answer { token, refusal, .. } = pending.output {
                self.outputs.push_back(Output::Respond { token, response: refusal });
            }
        }
    }

    fn apply(&mut self, disk: &Disk) {
        let end = self.raft.high_watermark();
        let mut delta = Delta::default();
        let before = self.applied;
        while self.applied < end {
            let bytes = match self.raft.log.read(disk, self.applied, end, APPLY_BYTES, true) {
                Ok(bytes) if !bytes.is_empty() => bytes,
                _ => break,
            };
            for batch in batches(bytes).map_while(Result::ok) {
                let records = if batch.is_control() { Vec::new() } else { batch.records().unwrap_or_default() };
                for record in records {
                    match record.value.as_deref().map(Record::decode) {
                        Some(Ok(Some(known))) => self.image.apply(record.offset, &known, &mut delta),
                        Some(Err(why)) => self.outputs.push_back(Output::Log(format!("metadata record {}: {why}", record.offset))),
                        _ => {}
                    }
                }
                self.applied = batch.last_offset() + 1;
                self.image.offset = batch.last_offset();
            }
        }
        if self.applied > before {
            self.outputs.push_back(Output::Changed(delta));
        }
        while self.pending.front().is_some_and(|pending| pending.offset < end)
            && let Some(pending) = self.pending.pop_front()
        {
            self.outputs.push_back(match pending.output {
                PendingOutput::Event(event) => Output::Event(event),
                PendingOutput::Answer { token, response, .. } => Output::Respond { token, response },
            });
        }
    }
}

/// Kafka's sentence for NOT_CONTROLLER.
const NOT_CONTROLLER: &str = "This is not the correct controller for this cluster.";
/// Bytes of the log that are applied in one go.
const APPLY_BYTES: u32 = 1 << 20;
