//! ElectLeaders: preferred and unclean elections on demand (`ReplicationControlManager.electLeaders`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, alive, text, topic_name};
use crate::kafka::controller::elections::Election;
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use crate::kafka::wire::message::{ElectLeadersRequest, ElectLeadersResponse};
use std::borrow::Cow;
use std::sync::Arc;

impl ControllerApi for ElectLeadersRequest {
    fn handle(&self, active: &mut Active, _now: Time, version: i16) -> ElectLeadersResponse {
        let election = match self.election_type {
            0 => Election::Preferred,
            1 if version >= 1 => Election::Unclean,
            other => return self.refuse(ErrorCode::InvalidRequest, &format!("Unknown election type {other}")),
        };
        let all = self.topic_partitions.is_none();
        let asked: Vec<(Arc<str>, i32)> = match &self.topic_partitions {
            None => active.partitions(|_| true),
            Some(topics) => {
                topics.iter().flat_map(|topic| topic.partitions.iter().map(|index| (Arc::from(topic.topic.0.as_ref()), *index))).collect()
            }
        };
        let mut results: Vec<ReplicaElectionResult> = Vec::new();
        for (topic, index) in asked {
            let (error, why) = active.elect(&topic, index, election);
            // A request for all partitions is answered with those that needed an election.
            if all && error == ErrorCode::ElectionNotNeeded {
                continue;
            }
            let result = PartitionResult {
                partition_id: index,
                error_code: error.code(),
                error_message: (error != ErrorCode::None).then(|| text(why)),
            };
            match results.iter_mut().find(|result| result.topic.0.as_ref() == &*topic) {
                Some(of) => of.partition_result.push(result),
                None => results.push(ReplicaElectionResult { topic: topic_name(&topic), partition_result: vec![result] }),
            }
        }
        ElectLeadersResponse { replica_election_results: results, ..ElectLeadersResponse::default() }
    }
}

impl Refuse for ElectLeadersRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> ElectLeadersResponse {
        let of = |index: &i32| PartitionResult { partition_id: *index, error_code: error.code(), error_message: Some(text(why)) };
        let topics = self.topic_partitions.iter().flatten();
        let results = topics
            .map(|topic| ReplicaElectionResult { topic: topic.topic.clone(), partition_result: topic.partitions.iter().map(of).collect() });
        ElectLeadersResponse { error_code: error.code(), replica_election_results: results.collect(), ..ElectLeadersResponse::default() }
    }
}

impl Active {
    fn elect(&mut self, topic: &str, index: i32, election: Election) -> (ErrorCode, Cow<'static, str>) {
        let Some(state) = self.draft.partition(topic, index) else {
            let why = match self.draft.topics.get(topic) {
                Some(_) => format!("No such partition as {topic}-{index}"),
                None => format!("No such topic as {topic}"),
            };
            return (ErrorCode::UnknownTopicOrPartition, why.into());
        };
        let preferred = state.replicas.first() == Some(&state.leader);
        if election == Election::Preferred && preferred || election == Election::Unclean && state.leader >= 0 {
            return (ErrorCode::ElectionNotNeeded, "Leader election not needed for topic partition.".into());
        }
        let why = if election == Election::Preferred { ChangeReason::Preferred } else { ChangeReason::Unclean };
        let before = state.leader;
        self.change(topic, index, Some(election), &alive, why, |_| {});
        let leader = self.draft.partition(topic, index).map_or(-1, |state| state.leader);
        let of = self.draft.partition(topic, index).and_then(|state| state.replicas.first().copied());
        match election {
            Election::Preferred if Some(leader) == of => (ErrorCode::None, "".into()),
            Election::Preferred => (ErrorCode::PreferredLeaderNotAvailable, "The preferred leader was not available.".into()),
            _ if leader >= 0 && leader != before => (ErrorCode::None, "".into()),
            _ => (ErrorCode::EligibleLeadersNotAvailable, "No eligible leaders are available.".into()),
        }
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::elect_leaders_request::TopicPartitions;

    impl Sample for ElectLeadersRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let wanted = TopicPartitions { topic: topic(name), partitions: vec![0, 9] };
            let request = ElectLeadersRequest { topic_partitions: Some(vec![wanted]), ..ElectLeadersRequest::default() };
            if version >= 1 { ElectLeadersRequest { election_type: 1, ..request } } else { request }
        }
    }
}
