//! One replica of the metadata log: Kafka's raft (KIP-595, pre-vote of KIP-996), over the log and the file `quorum-state`.
//!
//! Snapshots (KIP-630) are absent: the log is kept whole, and a new replica reads it from its first record. The voters are those of
//! `controller.quorum.voters` (kraft.version 0). An idle leader writes no NoOpRecord.

mod describe;
mod fetch;
mod state;
mod vote;

use super::QuorumRole;
use super::records::{Record, Writer};
use super::{ControllerEvent, ControllerOptions, METADATA_DIR, METADATA_TOPIC, METADATA_TOPIC_ID, Output, QuorumView, Request, Voter};
use crate::kafka::config::BrokerConfig;
use crate::kafka::coordinator::Token;
use crate::kafka::disk::Disk;
use crate::kafka::log::{Log, LogConfig, LogError};
use crate::kafka::marks::mark;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, TimerKind};
use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::{BrokerId, TopicName};
use std::collections::VecDeque;
use std::sync::Arc;

/// Before a request that was lost or refused is made again.
const RETRY_MS: i64 = 100;
/// `KafkaRaftClient.MAX_FETCH_WAIT_MS`.
const MAX_FETCH_WAIT_MS: i32 = 500;
const MAX_FETCH_BYTES: i32 = 1 << 20;

/// The greatest of the values that so many of them have reached; `None` for none of them, and where there are fewer.
fn reached_by<T: Ord + Copy>(count: usize, values: &[T]) -> Option<T> {
    let reached = |value: &T| values.iter().filter(|other| *other >= value).count() >= count;
    values.iter().copied().filter(reached).max().filter(|_| count > 0)
}

#[derive(Clone, Debug)]
enum Role {
    /// Knows no leader; may have voted in this epoch.
    Unattached,
    /// Asks whether it would be elected, before it disturbs anyone.
    Prospective,
    Candidate,
    Leader(Leading),
    Follower,
    /// Led in this epoch and does so no longer.
    Resigned,
}

#[derive(Clone, Debug)]
struct Leading {
    /// Where this epoch begins: its LeaderChange.
    start: i64,
    replicas: SortedVecMap<i32, Replica>,
}

/// Another replica as the leader sees it.
#[derive(Clone, Debug)]
struct Replica {
    /// -1: not yet known.
    end: i64,
    last_fetch: Time,
    caught_up: Time,
}

/// A request to another replica in the current role.
#[derive(Clone, Debug, Default)]
struct Peer {
    in_flight: Option<u64>,
    retry_at: Time,
    /// What it answered: a vote, or that it has understood.
    answer: Option<bool>,
}

/// A fetch that waits for records.
#[derive(Clone, Debug)]
struct Held {
    token: Token,
    replica: i32,
    offset: i64,
    high_watermark: i64,
    max_bytes: i32,
    until: Time,
}

#[derive(Clone, Debug)]
pub struct Raft {
    id: i32,
    cluster_id: Arc<str>,
    voters: Vec<Voter>,
    pub log: Log,
    rng: Rng,
    epoch: i32,
    leader: Option<i32>,
    voted: Option<i32>,
    role: Role,
    high_watermark: i64,
    /// The election timeout, or a follower's fetch timeout.
    timer: Time,
    /// The leader has answered a fetch: it is alive, and nobody gets a pre-vote.
    fetched: bool,
    peers: SortedVecMap<i32, Peer>,
    next_ask: u64,
    /// Whom a leader that resigns proposes, best first.
    preferred: Vec<i32>,
    held: Vec<Held>,
    election_timeout_ms: i64,
    fetch_timeout_ms: i64,
    backoff_max_ms: i64,
    pub outputs: VecDeque<Output>,
}

fn text(value: &str) -> Str {
    Str::from(value)
}

fn metadata_topic() -> TopicName {
    TopicName(Str::from(METADATA_TOPIC))
}

impl Raft {
    pub fn open(now: Time, options: &ControllerOptions, config: &BrokerConfig, disk: &mut Disk) -> Result<Self, String> {
        let log_config = LogConfig { max_message_bytes: i32::MAX, retention_ms: -1, ..LogConfig::default() };
        let (log, recovery) = Log::open(disk, METADATA_DIR, log_config, now, false, 0).map_err(|error| error.to_string())?;
        let mut raft = Self {
            id: options.node_id,
            cluster_id: options.cluster_id.clone(),
            voters: options.voters.clone(),
            high_watermark: log.start_offset(),
            log,
            rng: Rng::stream(options.seed, &format!("quorum {}", options.node_id)),
            epoch: 0,
            leader: None,
            voted: None,
            role: Role::Unattached,
            timer: Time::NEVER,
            fetched: false,
            peers: SortedVecMap::new(),
            next_ask: 0,
            preferred: Vec::new(),
            held: Vec::new(),
            election_timeout_ms: config.controller_quorum_election_timeout_ms.max(1),
            fetch_timeout_ms: config.controller_quorum_fetch_timeout_ms.max(1),
            backoff_max_ms: config.controller_quorum_election_backoff_max_ms.max(1),
            outputs: VecDeque::new(),
        };
        raft.outputs.extend(recovery.dropped.iter().cloned().map(Output::Log));
        if !recovery.cut.is_empty() {
            raft.outputs.push_back(Output::Log(recovery.to_string()));
        }
        let mut leader = raft.load(disk)?;
        if raft.log.latest_epoch() > raft.epoch {
            (raft.epoch, raft.voted, leader) = (raft.log.latest_epoch(), None, None);
        }
        if raft.voters.len() == 1 && raft.is_voter() {
            raft.stand(now, disk);
        } else {
            match leader.filter(|leader| *leader != raft.id) {
                Some(leader) => raft.follow(now, disk, raft.epoch, leader),
                None => raft.detach(now, disk, raft.epoch),
            }
        }
        Ok(raft)
    }

    pub fn is_voter(&self) -> bool {
        self.voters.iter().any(|voter| voter.id == self.id)
    }

    fn others(&self) -> Vec<i32> {
        self.voters.iter().map(|voter| voter.id).filter(|id| *id != self.id).collect()
    }

    /// How many voters are a majority.
    fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// The epoch in which this replica leads, and where it begins.
    pub fn leading(&self) -> Option<(i32, i64)> {
        match &self.role {
            Role::Leader(leading) => Some((self.epoch, leading.start)),
            _ => None,
        }
    }

    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    pub fn view(&self) -> QuorumView {
        let role = match &self.role {
            _ if !self.is_voter() => QuorumRole::Observer,
            Role::Unattached if self.voted.is_some() => QuorumRole::Voted,
            Role::Unattached => QuorumRole::Unattached,
            Role::Prospective => QuorumRole::Prospective,
            Role::Candidate => QuorumRole::Candidate,
            Role::Leader(_) => QuorumRole::Leader,
            Role::Follower => QuorumRole::Follower,
            Role::Resigned => QuorumRole::Resigned,
        };
        QuorumView {
            epoch: self.epoch,
            leader: self.leader,
            voters: self.voters.iter().map(|voter| voter.id).collect(),
            role,
            high_watermark: self.high_watermark,
            end_offset: self.log.end_offset(),
        }
    }

    /// The candidate that this replica has voted for in its epoch; and, while it asks for votes itself, the voters that have granted it one
    /// (a pre-vote, before it stands).
    pub fn votes(&self) -> (Option<i32>, Vec<i32>) {
        let asks = matches!(self.role, Role::Prospective | Role::Candidate);
        let granted = self.peers.iter().filter(|(_, peer)| asks && peer.answer == Some(true)).map(|(id, _)| *id);
        (self.voted, granted.chain(asks.then_some(self.id)).collect())
    }

    /// Appends records as leader and flushes them, since this replica counts towards the majority. Returns the last offset.
    ///
    /// # Errors
    /// A disk that does not take them: the leader must resign.
    pub fn append(&mut self, now: Time, disk: &mut Disk, records: &[Record]) -> Result<i64, LogError> {
        let mut builder = BatchBuilder::new(BatchOptions::default());
        for record in records {
            builder.push(now.millis(), None, Some(&record.encode()), &[]);
        }
        self.append_batch(now, disk, builder)
    }

    fn append_batch(&mut self, now: Time, disk: &mut Disk, builder: BatchBuilder) -> Result<i64, LogError> {
        let appended = self.log.append(disk, now, &builder.build(), self.epoch, false)?;
        self.log.flush(disk)?;
        self.advance_high_watermark();
        self.release_held(now, disk);
        Ok(appended.last_offset)
    }

    /// The LeaderChange control batch, with which every epoch begins.
    fn append_leader_change(&mut self, now: Time, disk: &mut Disk, votes: &[i32]) -> Result<i64, LogError> {
        let mut value = Writer::default();
        value.put(&0_i16.to_be_bytes());
        value.put(&self.id.to_be_bytes());
        let voters: Vec<i32> = self.voters.iter().map(|voter| voter.id).collect();
        for ids in [&voters[..], votes] {
            value.uvarint(ids.len() as u32 + 1);
            for id in ids {
                value.put(&id.to_be_bytes());
                value.put(&[0]);
            }
        }
        value.put(&[0]);
        let mut builder = BatchBuilder::new(BatchOptions { control: true, ..BatchOptions::default() });
        builder.push(now.millis(), Some(&[0, 0, 0, 2]), Some(&value.0), &[]);
        self.append_batch(now, disk, builder)
    }

    /// What a majority has, once that reaches into the leader's own epoch.
    fn advance_high_watermark(&mut self) {
        let Role::Leader(leading) = &self.role else { return };
        let end_of =
            |id: i32| if id == self.id { self.log.end_offset() } else { leading.replicas.get(&id).map_or(-1, |replica| replica.end) };
        let ends: Vec<i64> = self.voters.iter().map(|voter| end_of(voter.id)).collect();
        let end = reached_by(self.majority(), &ends).unwrap_or(-1);
        if end > leading.start && end > self.high_watermark {
            self.high_watermark = end;
        }
    }

    fn event(&mut self, event: ControllerEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Election timeouts are drawn from one to two times the configured one.
    fn random_election_timeout(&mut self, now: Time) -> Time {
        let extra = self.rng.below(self.election_timeout_ms.unsigned_abs());
        now.plus_millis(self.election_timeout_ms + extra as i64)
    }

    /// When the leader must have been fetched from by a majority.
    fn quorum_deadline(&self) -> Time {
        let Role::Leader(leading) = &self.role else { return Time::NEVER };
        let fetches: Vec<Time> =
            self.others().iter().map(|id| leading.replicas.get(id).map_or(Time::default(), |replica| replica.last_fetch)).collect();
        // The leader itself is one of the majority.
        match reached_by(self.majority() - 1, &fetches) {
            Some(last) => last.plus_millis(self.fetch_timeout_ms * 3 / 2),
            None => Time::NEVER,
        }
    }

    pub fn timeout(&mut self, now: Time, disk: &mut Disk) {
        self.release_held(now, disk);
        if self.quorum_deadline() <= now {
            mark!(QuorumResigned);
            self.resign(now, disk, "a majority of the voters has not fetched for 1.5 times the fetch timeout");
        }
        if self.timer <= now {
            match (&self.role, self.leader) {
                (Role::Leader(_), _) => {}
                _ if !self.is_voter() => self.detach(now, disk, self.epoch),
                (Role::Unattached | Role::Candidate | Role::Follower, _) => self.prospect(now, disk),
                (Role::Prospective, Some(leader)) => self.follow(now, disk, self.epoch, leader),
                (Role::Prospective | Role::Resigned, _) => self.detach(now, disk, self.epoch),
            }
        }
        self.pump(now);
    }

    /// When this voter wants to lead, if it hears of no leader until then.
    pub fn candidacy(&self) -> Option<Time> {
        (self.is_voter() && !matches!(self.role, Role::Leader(_)) && self.timer < Time::NEVER).then_some(self.timer)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let at = |time: Time, what: TimerKind| (time < Time::NEVER).then_some((time, what));
        let role = match self.role {
            Role::Leader(_) => at(self.quorum_deadline(), "check quorum".into()),
            Role::Follower => at(self.timer, "fetch timeout".into()),
            _ => at(self.timer, TimerKind::ElectionTimeout),
        };
        let held = self.held.iter().map(|held| held.until).min().and_then(|until| at(until, "fetch max wait".into()));
        let wanted = self.wanted();
        let retry =
            wanted.iter().filter_map(|id| self.peers.get(id)).filter(|peer| peer.in_flight.is_none()).map(|peer| peer.retry_at).min();
        let all = [role, held, retry.and_then(|time| at(time, "retry".into()))];
        let (time, what) = all.into_iter().flatten().min_by_key(|(time, _)| *time)?;
        Some((time, Reason::new(what, METADATA_DIR)))
    }

    /// Those who are to be asked something in the current role.
    fn wanted(&self) -> Vec<i32> {
        let unanswered = |id: &i32| self.peers.get(id).is_none_or(|peer| peer.answer.is_none());
        match self.role {
            Role::Prospective | Role::Candidate | Role::Leader(_) | Role::Resigned => {
                self.others().into_iter().filter(unanswered).collect()
            }
            Role::Follower => self.leader.into_iter().collect(),
            // A replica that knows no leader asks the others one by one.
            Role::Unattached if self.peers.values().any(|peer| peer.in_flight.is_some()) => Vec::new(),
            Role::Unattached => self.others(),
        }
    }

    /// Sends what is to be sent.
    pub fn pump(&mut self, now: Time) {
        let mut wanted = self.wanted();
        wanted.retain(|id| self.peers.get(id).is_none_or(|peer| peer.in_flight.is_none() && peer.retry_at <= now));
        if matches!(self.role, Role::Unattached) && wanted.len() > 1 {
            let pick = self.rng.below(wanted.len() as u64) as usize;
            wanted = wanted.get(pick).copied().into_iter().collect();
        }
        for to in wanted {
            let request = match &self.role {
                Role::Prospective => Request::Vote(self.vote_request(to, true)),
                Role::Candidate => Request::Vote(self.vote_request(to, false)),
                Role::Leader(_) => Request::BeginQuorumEpoch(self.begin_request(to)),
                Role::Resigned => Request::EndQuorumEpoch(self.end_request()),
                Role::Follower | Role::Unattached => Request::Fetch(self.fetch_request()),
            };
            self.next_ask += 1;
            let id = self.next_ask;
            self.peers.entry(to).or_default().in_flight = Some(id);
            self.outputs.push_back(Output::Ask { id, to, request });
        }
    }

    /// The peer that this answer belongs to, if the role in which it was asked still holds.
    fn answered(&mut self, now: Time, id: u64) -> Option<i32> {
        let (&to, peer) = self.peers.iter_mut().find(|(_, peer)| peer.in_flight == Some(id))?;
        peer.in_flight = None;
        peer.retry_at = now;
        Some(to)
    }

    fn retry_later(&mut self, now: Time, to: i32) {
        self.peers.entry(to).or_default().retry_at = now.plus_millis(RETRY_MS);
    }

    fn broker_id(id: Option<i32>) -> BrokerId {
        BrokerId(id.unwrap_or(-1))
    }
}
