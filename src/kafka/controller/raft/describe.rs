//! DescribeQuorum: the leader, and how far each replica of the metadata log is.

use super::{BrokerId, Disk, Raft, Role, Time, Token, Voter, metadata_topic, text};
use crate::kafka::controller::METADATA_TOPIC;
use crate::kafka::controller::requests::{QuorumApi, Refuse};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::describe_quorum_response as quorum;
use crate::kafka::wire::message::{DescribeQuorumRequest, DescribeQuorumResponse, Str};

impl QuorumApi for DescribeQuorumRequest {
    fn handle(self, raft: &mut Raft, now: Time, _disk: &mut Disk, _token: Token, version: i16) -> Option<DescribeQuorumResponse> {
        Some(raft.describe(now, version, &self))
    }
}

impl Refuse for DescribeQuorumRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> DescribeQuorumResponse {
        DescribeQuorumResponse { error_code: error.code(), error_message: Some(text(why)), ..DescribeQuorumResponse::default() }
    }
}

impl Raft {
    pub fn describe(&self, now: Time, version: i16, request: &DescribeQuorumRequest) -> DescribeQuorumResponse {
        if request.topics.first().is_none_or(|topic| topic.topic_name.as_ref() != METADATA_TOPIC) {
            return DescribeQuorumResponse { error_code: ErrorCode::UnknownTopicOrPartition.code(), ..DescribeQuorumResponse::default() };
        }
        let mut partition =
            quorum::PartitionData { leader_id: Self::broker_id(self.leader), leader_epoch: self.epoch, ..quorum::PartitionData::default() };
        if let Role::Leader(leading) = &self.role {
            let stamp = |time: Time| if time == Time::default() { -1 } else { time.millis() };
            let mut states: SortedVecMap<i32, (i64, i64, i64)> = SortedVecMap::new();
            for (id, replica) in &leading.replicas {
                states.insert(*id, (replica.end, stamp(replica.last_fetch), stamp(replica.caught_up)));
            }
            states.insert(self.id, (self.log.end_offset(), now.millis(), now.millis()));
            for (id, (end, fetch, caught_up)) in states {
                let mut state = quorum::ReplicaState { replica_id: BrokerId(id), log_end_offset: end, ..quorum::ReplicaState::default() };
                if version >= 1 {
                    (state.last_fetch_timestamp, state.last_caught_up_timestamp) = (fetch, caught_up);
                }
                let voter = self.voters.iter().any(|voter| voter.id == id);
                if voter { partition.current_voters.push(state) } else { partition.observers.push(state) }
            }
            partition.high_watermark = self.high_watermark;
        } else {
            partition.error_code = ErrorCode::NotLeaderOrFollower.code();
        }
        let topic = quorum::TopicData { topic_name: metadata_topic(), partitions: vec![partition] };
        let mut response = DescribeQuorumResponse { topics: vec![topic], error_message: None, ..DescribeQuorumResponse::default() };
        if version >= 2 {
            let listener = |voter: &Voter| {
                let name = Str::from("CONTROLLER");
                quorum::Listener { name, host: text(&voter.host), port: voter.port as u16 }
            };
            let node = |voter: &Voter| quorum::Node { node_id: BrokerId(voter.id), listeners: vec![listener(voter)] };
            response.nodes = self.voters.iter().map(node).collect();
        }
        response
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for DescribeQuorumRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let partition = describe_quorum_request::PartitionData::default();
            let wanted = describe_quorum_request::TopicData { topic_name: topic(name), partitions: vec![partition] };
            DescribeQuorumRequest { topics: vec![wanted] }
        }
    }
}
