//! ListPartitionReassignments: the reassignments that are under way (`ReplicationControlManager.listPartitionReassignments`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, broker_ids, text, topic_name};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use crate::kafka::wire::message::list_partition_reassignments_response::{OngoingPartitionReassignment, OngoingTopicReassignment};
use crate::kafka::wire::message::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};

impl ControllerApi for ListPartitionReassignmentsRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> ListPartitionReassignmentsResponse {
        let wanted = |name: &str, index: i32| {
            let of = |topics: &Vec<ListPartitionReassignmentsTopics>| {
                topics.iter().any(|topic| topic.name.0.as_ref() == name && topic.partition_indexes.contains(&index))
            };
            self.topics.as_ref().is_none_or(of)
        };
        let mut topics = Vec::new();
        for (name, topic) in &active.draft.topics {
            let ongoing = (0..).zip(&topic.partitions).filter(|(index, state)| state.is_reassigning() && wanted(name, *index));
            let partitions: Vec<OngoingPartitionReassignment> = ongoing
                .map(|(index, state)| OngoingPartitionReassignment {
                    partition_index: index,
                    replicas: broker_ids(&state.replicas),
                    adding_replicas: broker_ids(&state.adding),
                    removing_replicas: broker_ids(&state.removing),
                })
                .collect();
            if !partitions.is_empty() {
                topics.push(OngoingTopicReassignment { name: topic_name(name), partitions });
            }
        }
        ListPartitionReassignmentsResponse { error_message: None, topics, ..ListPartitionReassignmentsResponse::default() }
    }
}

impl Refuse for ListPartitionReassignmentsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> ListPartitionReassignmentsResponse {
        ListPartitionReassignmentsResponse {
            error_code: error.code(),
            error_message: Some(text(why)),
            ..ListPartitionReassignmentsResponse::default()
        }
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::list_partition_reassignments_request::ListPartitionReassignmentsTopics;

    impl Sample for ListPartitionReassignmentsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let wanted = ListPartitionReassignmentsTopics { name: topic(name), partition_indexes: vec![0, 9] };
            ListPartitionReassignmentsRequest { topics: Some(vec![wanted]), ..ListPartitionReassignmentsRequest::default() }
        }
    }
}
