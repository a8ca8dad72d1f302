//! Fetch of the metadata log, both sides: what the leader answers at once or later, and what a replica takes or cuts.

use super::{
    BrokerId, ControllerEvent, Disk, Held, MAX_FETCH_BYTES, MAX_FETCH_WAIT_MS, METADATA_TOPIC_ID, Output, Raft, Replica, Role, Time, Token,
    text,
};
use crate::kafka::controller::requests::QuorumApi;
use crate::kafka::controller::{METADATA_TOPIC, Response};
use crate::kafka::marks::mark;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use crate::kafka::wire::message::fetch_response::{
    EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData, SnapshotId,
};
use crate::kafka::wire::message::{FetchRequest, FetchResponse};

impl QuorumApi for FetchRequest {
    fn handle(self, raft: &mut Raft, now: Time, disk: &mut Disk, token: Token, _version: i16) -> Option<FetchResponse> {
        raft.handle_fetch(now, disk, token, &self);
        None
    }
}

impl Raft {
    pub(super) fn fetch_request(&self) -> FetchRequest {
        let partition = FetchPartition {
            current_leader_epoch: self.epoch,
            fetch_offset: self.log.end_offset(),
            last_fetched_epoch: self.log.latest_epoch().max(0),
            log_start_offset: self.log.start_offset(),
            partition_max_bytes: MAX_FETCH_BYTES,
            high_watermark: self.high_watermark,
            ..FetchPartition::default()
        };
        let topic = FetchTopic { topic_id: METADATA_TOPIC_ID, partitions: vec![partition], ..FetchTopic::default() };
        FetchRequest {
            cluster_id: Some(text(&self.cluster_id)),
            replica_state: ReplicaState { replica_id: BrokerId(self.id), ..ReplicaState::default() },
            max_wait_ms: MAX_FETCH_WAIT_MS,
            max_bytes: MAX_FETCH_BYTES,
            topics: vec![topic],
            ..FetchRequest::default()
        }
    }

    fn fetch_response(&self, error: ErrorCode, mut partition: PartitionData) -> FetchResponse {
        partition = PartitionData {
            error_code: error.code(),
            current_leader: LeaderIdAndEpoch { leader_id: Self::broker_id(self.leader), leader_epoch: self.epoch },
            snapshot_id: SnapshotId::default(),
            ..partition
        };
        if matches!(self.role, Role::Leader(_)) {
            partition.high_watermark = self.high_watermark;
            partition.last_stable_offset = self.high_watermark;
            partition.log_start_offset = self.log.start_offset();
        } else {
            (partition.high_watermark, partition.last_stable_offset) = (-1, -1);
        }
        let topic =
            FetchableTopicResponse { topic_id: METADATA_TOPIC_ID, partitions: vec![partition], ..FetchableTopicResponse::default() };
        let leader = self.voters.iter().filter(|voter| Some(voter.id) == self.leader).map(|voter| NodeEndpoint {
            node_id: BrokerId(voter.id),
            host: text(&voter.host),
            port: voter.port,
            rack: None,
        });
        FetchResponse { responses: vec![topic], node_endpoints: leader.collect(), ..FetchResponse::default() }
    }

    fn respond(&mut self, token: Token, response: FetchResponse) {
        self.outputs.push_back(Output::Respond { token, response: Response::Fetch(response) });
    }

    fn handle_fetch(&mut self, now: Time, disk: &mut Disk, token: Token, request: &FetchRequest) {
        if self.foreign(request.cluster_id.as_ref()) {
            let response = FetchResponse { error_code: ErrorCode::InconsistentClusterId.code(), ..FetchResponse::default() };
            return self.respond(token, response);
        }
        let topic = request.topics.first().filter(|topic| topic.topic_id == METADATA_TOPIC_ID || topic.topic.as_ref() == METADATA_TOPIC);
        let Some(asked) = topic.and_then(|topic| topic.partitions.first()).filter(|asked| asked.partition == 0) else {
            let response = self.fetch_response(ErrorCode::UnknownTopicOrPartition, PartitionData::default());
            return self.respond(token, response);
        };
        let error = match &self.role {
            _ if asked.current_leader_epoch >= 0 && asked.current_leader_epoch < self.epoch => ErrorCode::FencedLeaderEpoch,
            _ if asked.current_leader_epoch > self.epoch => ErrorCode::UnknownLeaderEpoch,
            Role::Leader(_) if asked.fetch_offset < 0 || asked.last_fetched_epoch < 0 || request.max_wait_ms < 0 => {
                ErrorCode::InvalidRequest
            }
            Role::Leader(_) => ErrorCode::None,
            _ => ErrorCode::NotLeaderOrFollower,
        };
        if error != ErrorCode::None {
            let response = self.fetch_response(error, PartitionData::default());
            return self.respond(token, response);
        }
        // Before version 15 the replica's id is outside its state.
        let replica = if request.replica_state.replica_id.0 >= 0 { request.replica_state.replica_id.0 } else { request.replica_id.0 };
        let (epoch, offset) = (asked.last_fetched_epoch, asked.fetch_offset);
        let found = self.log.end_offset_for_epoch(epoch);
        let fits = (epoch == 0 && offset == 0) || (found.0 == epoch && found.1 >= offset);
        if !fits {
            // An epoch that this log does not have: what it has before that.
            let (epoch, end) = if found.0 >= 0 { found } else { (self.log.latest_epoch().max(0), self.log.end_offset()) };
            let diverging = EpochEndOffset { epoch, end_offset: end };
            let response = self.fetch_response(ErrorCode::None, PartitionData { diverging_epoch: diverging, ..PartitionData::default() });
            return self.respond(token, response);
        }
        self.note_fetch(now, replica, offset);
        self.release_held(now, disk);
        let held = Held {
            token,
            replica,
            offset,
            high_watermark: asked.high_watermark,
            max_bytes: asked.partition_max_bytes.min(request.max_bytes.max(1)),
            until: now.plus_millis(request.max_wait_ms.into()),
        };
        // A replica that asks anew no longer waits for an earlier answer.
        self.held.iter_mut().filter(|other| other.replica == replica).for_each(|other| other.until = now);
        self.held.push(held);
        self.release_held(now, disk);
    }

    /// A replica has everything below `offset`, on its disk.
    fn note_fetch(&mut self, now: Time, id: i32, offset: i64) {
        let end = self.log.end_offset();
        let Role::Leader(leading) = &mut self.role else { return };
        if id < 0 || id == self.id {
            return;
        }
        let replica = leading.replicas.entry(id).or_insert(Replica { end: -1, last_fetch: now, caught_up: Time::default() });
        replica.last_fetch = now;
        replica.end = offset;
        if offset >= end {
            replica.caught_up = now;
        }
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.answer = Some(true);
        }
        self.advance_high_watermark();
    }

    /// Answers the fetches that have waited for what is there now, or long enough.
    pub(super) fn release_held(&mut self, now: Time, disk: &Disk) {
        let (end, high_watermark) = (self.log.end_offset(), self.high_watermark);
        let mut at = 0;
        while let Some(held) = self.held.get(at) {
            let ready = held.offset < end || held.high_watermark < high_watermark || held.until <= now;
            if !ready {
                at += 1;
                continue;
            }
            let held = self.held.remove(at);
            let max = held.max_bytes.max(1).unsigned_abs();
            let response = match self.log.read(disk, held.offset, end, max, true) {
                Ok(records) => self.fetch_response(ErrorCode::None, PartitionData { records: Some(records), ..PartitionData::default() }),
                Err(error) => self.fetch_response(error.code(), PartitionData::default()),
            };
            self.respond(held.token, response);
        }
    }

    /// Fetches that wait for records answer that this replica no longer leads.
    pub(super) fn drop_held(&mut self) {
        for held in std::mem::take(&mut self.held) {
            let response = self.fetch_response(ErrorCode::NotLeaderOrFollower, PartitionData::default());
            self.respond(held.token, response);
        }
    }

    pub fn fetch_answered(&mut self, now: Time, disk: &mut Disk, id: u64, response: FetchResponse) {
        let Some(to) = self.answered(now, id) else { return };
        let error = response.error_code;
        let partition = response.responses.into_iter().next().and_then(|topic| topic.partitions.into_iter().next());
        let Some(partition) = partition.filter(|_| error == 0) else { return self.retry_later(now, to) };
        let before = (self.epoch, self.leader);
        self.learn(now, disk, partition.current_leader.leader_epoch, partition.current_leader.leader_id.0);
        if before != (self.epoch, self.leader) {
            return;
        }
        let from_leader = matches!(self.role, Role::Follower) && self.leader == Some(to);
        if !from_leader || partition.error_code != 0 {
            return self.retry_later(now, to);
        }
        self.fetched = true;
        self.timer = now.plus_millis(self.fetch_timeout_ms);
        let taken = if partition.diverging_epoch.end_offset >= 0 {
            self.truncate(disk, &partition.diverging_epoch)
        } else {
            self.take(now, disk, partition)
        };
        if let Err(why) = taken {
            self.outputs.push_back(Output::Log(why));
            self.retry_later(now, to);
        }
    }

    fn take(&mut self, now: Time, disk: &mut Disk, partition: PartitionData) -> Result<(), String> {
        if let Some(records) = partition.records.filter(|records| !records.is_empty()) {
            let appended = self.log.append_as_follower(disk, now, records);
            // The next fetch says that it is on the disk, also when not all of it fitted.
            self.log.flush(disk).and(appended.map(|_| ())).map_err(|error| error.to_string())?;
        }
        self.high_watermark = self.high_watermark.max(partition.high_watermark.min(self.log.end_offset()));
        Ok(())
    }

    /// Cuts what the leader does not have; never what is committed.
    fn truncate(&mut self, disk: &mut Disk, diverging: &EpochEndOffset) -> Result<(), String> {
        let (epoch, end) = self.log.end_offset_for_epoch(diverging.epoch);
        let to = match epoch {
            // Later than all of this log's epochs: only the offset says where to go on.
            -1 => diverging.end_offset.min(self.log.end_offset()),
            epoch if epoch == diverging.epoch => end.min(diverging.end_offset),
            _ => end,
        };
        if to < self.high_watermark {
            return Err(format!("the leader has the metadata log to {to} only, below the high watermark {}", self.high_watermark));
        }
        let from = self.log.end_offset();
        self.log.truncate_to(disk, to).map_err(|error| error.to_string())?;
        if from > self.log.end_offset() {
            mark!(QuorumPartsWays);
            self.event(ControllerEvent::Truncated { from, to: self.log.end_offset() });
        }
        Ok(())
    }
}
