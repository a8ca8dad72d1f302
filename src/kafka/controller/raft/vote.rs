//! Vote, BeginQuorumEpoch and EndQuorumEpoch, both sides (`KafkaRaftClient.handleVoteRequest` and its siblings).

use super::{BrokerId, ControllerEvent, Disk, Raft, Role, Time, metadata_topic, text};
use crate::kafka::controller::requests::QuorumApi;
use crate::kafka::coordinator::Token;
use crate::kafka::marks::mark;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::begin_quorum_epoch_request as begin;
use crate::kafka::wire::message::begin_quorum_epoch_response as begun;
use crate::kafka::wire::message::end_quorum_epoch_request as end;
use crate::kafka::wire::message::end_quorum_epoch_response as ended;
use crate::kafka::wire::message::vote_request as vote;
use crate::kafka::wire::message::vote_response as voted;
use crate::kafka::wire::message::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, EndQuorumEpochRequest, EndQuorumEpochResponse, VoteRequest, VoteResponse,
};

impl QuorumApi for VoteRequest {
    fn handle(self, raft: &mut Raft, now: Time, disk: &mut Disk, _token: Token, _version: i16) -> Option<VoteResponse> {
        Some(raft.handle_vote(now, disk, &self))
    }
}

impl QuorumApi for BeginQuorumEpochRequest {
    fn handle(self, raft: &mut Raft, now: Time, disk: &mut Disk, _token: Token, _version: i16) -> Option<BeginQuorumEpochResponse> {
        Some(raft.handle_begin(now, disk, &self))
    }
}

impl QuorumApi for EndQuorumEpochRequest {
    fn handle(self, raft: &mut Raft, now: Time, disk: &mut Disk, _token: Token, _version: i16) -> Option<EndQuorumEpochResponse> {
        Some(raft.handle_end(now, disk, &self))
    }
}

impl Raft {
    /// Of the last record: epoch and the offset after it.
    fn position(&self) -> (i32, i64) {
        (self.log.latest_epoch().max(0), self.log.end_offset())
    }

    pub(super) fn foreign(&self, cluster: Option<&Str>) -> bool {
        cluster.is_some_and(|cluster| cluster.as_ref() != &*self.cluster_id)
    }

    pub(super) fn vote_request(&self, to: i32, pre_vote: bool) -> VoteRequest {
        let (last_epoch, last_offset) = self.position();
        let partition = vote::PartitionData {
            replica_epoch: self.epoch,
            replica_id: BrokerId(self.id),
            last_offset_epoch: last_epoch,
            last_offset,
            pre_vote,
            ..vote::PartitionData::default()
        };
        let topic = vote::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        VoteRequest { cluster_id: Some(text(&self.cluster_id)), voter_id: BrokerId(to), topics: vec![topic] }
    }

    fn handle_vote(&mut self, now: Time, disk: &mut Disk, request: &VoteRequest) -> VoteResponse {
        let Some(asked) = request.topics.first().and_then(|topic| topic.partitions.first()) else {
            return VoteResponse { error_code: ErrorCode::InvalidRequest.code(), ..VoteResponse::default() };
        };
        if self.foreign(request.cluster_id.as_ref()) {
            return VoteResponse { error_code: ErrorCode::InconsistentClusterId.code(), ..VoteResponse::default() };
        }
        let (error, granted) = self.consider(now, disk, request.voter_id, asked);
        let partition = voted::PartitionData {
            error_code: error.code(),
            leader_id: Self::broker_id(self.leader),
            leader_epoch: self.epoch,
            vote_granted: granted,
            ..voted::PartitionData::default()
        };
        let topic = voted::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        VoteResponse { topics: vec![topic], ..VoteResponse::default() }
    }

    fn consider(&mut self, now: Time, disk: &mut Disk, voter: BrokerId, asked: &vote::PartitionData) -> (ErrorCode, bool) {
        let (epoch, candidate) = (asked.replica_epoch, asked.replica_id.0);
        let too_new = if asked.pre_vote { asked.last_offset_epoch > epoch } else { asked.last_offset_epoch >= epoch };
        if epoch < 0 || asked.last_offset < 0 || asked.last_offset_epoch < 0 || too_new {
            return (ErrorCode::InvalidRequest, false);
        }
        if voter.0 >= 0 && voter.0 != self.id {
            return (ErrorCode::InvalidVoterKey, false);
        }
        if epoch < self.epoch {
            return (ErrorCode::FencedLeaderEpoch, false);
        }
        if epoch > self.epoch {
            self.detach(now, disk, epoch);
        }
        let current = (asked.last_offset_epoch, asked.last_offset) >= self.position();
        let mut granted = match (&self.role, asked.pre_vote) {
            (Role::Leader(_), _) => false,
            (Role::Follower, true) => current && !self.fetched,
            (_, true) => current,
            (Role::Unattached | Role::Prospective, false) if self.leader.is_none() => match self.voted {
                Some(voted) => voted == candidate,
                None => current,
            },
            (_, false) => false,
        };
        if !granted && asked.pre_vote {
            mark!(PreVoteRefused);
        }
        if !asked.pre_vote {
            if !granted {
                mark!(VoteRefused);
            }
            if granted && self.voted.is_none() {
                self.voted = Some(candidate);
                // A vote is written down before it is given.
                granted = self.keep(disk);
                self.timer = self.random_election_timeout(now);
            }
            self.event(ControllerEvent::Voted { epoch, candidate, granted });
        }
        (ErrorCode::None, granted)
    }

    pub fn vote_answered(&mut self, now: Time, disk: &mut Disk, id: u64, response: &VoteResponse) {
        let Some(to) = self.answered(now, id) else { return };
        let answer = response.topics.first().and_then(|topic| topic.partitions.first());
        let Some(answer) = answer.filter(|_| response.error_code == 0) else { return self.retry_later(now, to) };
        let epoch = self.epoch;
        self.learn(now, disk, answer.leader_epoch, answer.leader_id.0);
        if self.epoch != epoch || !matches!(self.role, Role::Prospective | Role::Candidate) {
            return;
        }
        if answer.error_code != 0 {
            return self.retry_later(now, to);
        }
        self.peers.entry(to).or_default().answer = Some(answer.vote_granted);
        let given = |granted: bool| self.peers.iter().filter(move |(_, peer)| peer.answer == Some(granted)).map(|(id, _)| *id);
        let mut votes: Vec<i32> = given(true).chain([self.id]).collect();
        votes.sort();
        let refused = given(false).count();
        if votes.len() >= self.majority() {
            match self.role {
                Role::Prospective => self.stand(now, disk),
                _ => self.lead(now, disk, votes),
            }
        } else if refused > self.voters.len() - self.majority() {
            // Lost: again after a backoff, drawn so that two candidates do not meet for ever.
            let backoff = now.plus_millis(1 + self.rng.below(self.backoff_max_ms.unsigned_abs()) as i64);
            self.timer = self.timer.min(backoff);
        }
    }

    pub(super) fn begin_request(&self, to: i32) -> BeginQuorumEpochRequest {
        let partition = begin::PartitionData { leader_id: BrokerId(self.id), leader_epoch: self.epoch, ..begin::PartitionData::default() };
        let topic = begin::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        let endpoints = self.voters.iter().filter(|voter| voter.id == self.id).map(|voter| begin::LeaderEndpoint {
            name: Str::from("CONTROLLER"),
            host: text(&voter.host),
            port: voter.port as u16,
        });
        BeginQuorumEpochRequest {
            cluster_id: Some(text(&self.cluster_id)),
            voter_id: BrokerId(to),
            topics: vec![topic],
            leader_endpoints: endpoints.collect(),
        }
    }

    fn handle_begin(&mut self, now: Time, disk: &mut Disk, request: &BeginQuorumEpochRequest) -> BeginQuorumEpochResponse {
        if self.foreign(request.cluster_id.as_ref()) {
            return BeginQuorumEpochResponse { error_code: ErrorCode::InconsistentClusterId.code(), ..BeginQuorumEpochResponse::default() };
        }
        let Some(asked) = request.topics.first().and_then(|topic| topic.partitions.first()) else {
            return BeginQuorumEpochResponse { error_code: ErrorCode::InvalidRequest.code(), ..BeginQuorumEpochResponse::default() };
        };
        let error = self.heard_of(now, disk, asked.leader_epoch, asked.leader_id.0);
        let partition = begun::PartitionData {
            error_code: error.code(),
            leader_id: Self::broker_id(self.leader),
            leader_epoch: self.epoch,
            ..begun::PartitionData::default()
        };
        let topic = begun::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        BeginQuorumEpochResponse { topics: vec![topic], ..BeginQuorumEpochResponse::default() }
    }

    /// A leader makes itself known.
    fn heard_of(&mut self, now: Time, disk: &mut Disk, epoch: i32, leader: i32) -> ErrorCode {
        if leader < 0 || epoch < 0 {
            return ErrorCode::InvalidRequest;
        }
        if epoch < self.epoch {
            return ErrorCode::FencedLeaderEpoch;
        }
        if epoch == self.epoch && self.leader.is_some_and(|known| known != leader) {
            return ErrorCode::InvalidRequest;
        }
        self.learn(now, disk, epoch, leader);
        if matches!(self.role, Role::Prospective) && self.leader == Some(leader) {
            self.follow(now, disk, epoch, leader);
        }
        ErrorCode::None
    }

    /// Of BeginQuorumEpoch and EndQuorumEpoch: (error, leader, epoch) as the other sees them; `None` when it was lost.
    pub fn understood(&mut self, now: Time, disk: &mut Disk, id: u64, answer: Option<(i16, i32, i32)>) {
        let Some(to) = self.answered(now, id) else { return };
        match answer {
            Some((error, leader, epoch)) => {
                let before = self.epoch;
                self.learn(now, disk, epoch, leader);
                if self.epoch == before {
                    match error {
                        0 => self.peers.entry(to).or_default().answer = Some(true),
                        _ => self.retry_later(now, to),
                    }
                }
            }
            None => self.retry_later(now, to),
        }
    }

    pub fn begin_answered(&mut self, now: Time, disk: &mut Disk, id: u64, response: &BeginQuorumEpochResponse) {
        let answer = response.topics.first().and_then(|topic| topic.partitions.first());
        self.understood(now, disk, id, answer.map(|answer| (answer.error_code, answer.leader_id.0, answer.leader_epoch)));
    }

    pub fn end_answered(&mut self, now: Time, disk: &mut Disk, id: u64, response: &EndQuorumEpochResponse) {
        let answer = response.topics.first().and_then(|topic| topic.partitions.first());
        self.understood(now, disk, id, answer.map(|answer| (answer.error_code, answer.leader_id.0, answer.leader_epoch)));
    }

    pub(super) fn end_request(&self) -> EndQuorumEpochRequest {
        let candidates = self.preferred.iter().map(|id| end::ReplicaInfo { candidate_id: BrokerId(*id), ..end::ReplicaInfo::default() });
        let partition = end::PartitionData {
            leader_id: BrokerId(self.id),
            leader_epoch: self.epoch,
            preferred_successors: self.preferred.clone(),
            preferred_candidates: candidates.collect(),
            ..end::PartitionData::default()
        };
        let topic = end::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        EndQuorumEpochRequest { cluster_id: Some(text(&self.cluster_id)), topics: vec![topic], ..EndQuorumEpochRequest::default() }
    }

    /// The leader goes: those whom it prefers stand at once, the others a little later.
    fn handle_end(&mut self, now: Time, disk: &mut Disk, request: &EndQuorumEpochRequest) -> EndQuorumEpochResponse {
        if self.foreign(request.cluster_id.as_ref()) {
            return EndQuorumEpochResponse { error_code: ErrorCode::InconsistentClusterId.code(), ..EndQuorumEpochResponse::default() };
        }
        let Some(asked) = request.topics.first().and_then(|topic| topic.partitions.first()) else {
            return EndQuorumEpochResponse { error_code: ErrorCode::InvalidRequest.code(), ..EndQuorumEpochResponse::default() };
        };
        let (epoch, leader) = (asked.leader_epoch, asked.leader_id.0);
        let error = self.heard_of(now, disk, epoch, leader);
        if error == ErrorCode::None && self.is_voter() && matches!(self.role, Role::Follower) && self.leader == Some(leader) {
            let named: Vec<i32> = match asked.preferred_candidates.is_empty() {
                true => asked.preferred_successors.clone(),
                false => asked.preferred_candidates.iter().map(|candidate| candidate.candidate_id.0).collect(),
            };
            let place = named.iter().position(|id| *id == self.id).unwrap_or(named.len()) as i64;
            let backoff = place * RESIGN_STEP_MS + if place > 0 { self.rng.below(RESIGN_STEP_MS as u64) as i64 } else { 0 };
            self.timer = self.timer.min(now.plus_millis(backoff.min(self.backoff_max_ms)));
            self.fetched = false;
        }
        let partition = ended::PartitionData {
            error_code: error.code(),
            leader_id: Self::broker_id(self.leader),
            leader_epoch: self.epoch,
            ..ended::PartitionData::default()
        };
        let topic = ended::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        EndQuorumEpochResponse { topics: vec![topic], ..EndQuorumEpochResponse::default() }
    }

    pub fn lost(&mut self, now: Time, id: u64) {
        if let Some(to) = self.answered(now, id) {
            self.retry_later(now, to);
        }
    }
}

/// How much later the next of a resigned leader's candidates stands.
const RESIGN_STEP_MS: i64 = 100;
