//! AlterPartitionReassignments and ListPartitionReassignments (`ReplicationControlManager`, `PartitionReassignmentReplicas`).

use super::active::{Active, Refusal, broker_ids, text, topic_name};
use super::isr::alive;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::alter_partition_reassignments_request::ReassignablePartition;
use crate::kafka::wire::message::alter_partition_reassignments_response::{ReassignablePartitionResponse, ReassignableTopicResponse};
use crate::kafka::wire::message::list_partition_reassignments_response::{OngoingPartitionReassignment, OngoingTopicReassignment};
use crate::kafka::wire::message::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, BrokerId, ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
};

impl Active {
    pub(super) fn reassign(&mut self, version: i16, request: &AlterPartitionReassignmentsRequest) -> AlterPartitionReassignmentsResponse {
        let same_factor = version >= 1 && !request.allow_replication_factor_change;
        let mut responses = Vec::new();
        for topic in &request.topics {
            let mut partitions = Vec::new();
            for asked in &topic.partitions {
                let answer =
                    ReassignablePartitionResponse { partition_index: asked.partition_index, ..ReassignablePartitionResponse::default() };
                partitions.push(match self.reassign_partition(topic.name.0.as_ref(), asked, same_factor) {
                    Ok(()) => ReassignablePartitionResponse { error_message: None, ..answer },
                    Err((error, why)) => {
                        ReassignablePartitionResponse { error_code: error.code(), error_message: Some(text(why)), ..answer }
                    }
                });
            }
            responses.push(ReassignableTopicResponse { name: topic.name.clone(), partitions });
        }
        let answer =
            AlterPartitionReassignmentsResponse { error_message: None, responses, ..AlterPartitionReassignmentsResponse::default() };
        if version >= 1 {
            AlterPartitionReassignmentsResponse { allow_replication_factor_change: request.allow_replication_factor_change, ..answer }
        } else {
            answer
        }
    }

    fn reassign_partition(&mut self, topic: &str, asked: &ReassignablePartition, same_factor: bool) -> Result<(), Refusal> {
        let index = asked.partition_index;
        let unknown = || (ErrorCode::UnknownTopicOrPartition, format!("Unable to find partition {topic}:{index}."));
        let state = self.draft.partition(topic, index).ok_or_else(unknown)?.clone();
        let Some(target) = &asked.replicas else {
            return self.cancel_reassignment(topic, index);
        };
        let target = self.check_target(target)?;
        // What was there before an earlier reassignment began.
        let original: Vec<i32> = state.replicas.iter().copied().filter(|replica| !state.adding.contains(replica)).collect();
        if same_factor && target.len() != original.len() {
            let why = format!(
                "The replication factor is changed from {} to {} although the request does not allow it.",
                original.len(),
                target.len()
            );
            return Err((ErrorCode::InvalidReplicationFactor, why));
        }
        let missing = |from: &[i32], of: &[i32]| -> Vec<i32> { of.iter().copied().filter(|replica| !from.contains(replica)).collect() };
        let (adding, removing) = (missing(&original, &target), missing(&target, &original));
        // The new replicas in their order, then those that go once the new ones are in sync.
        let merged: Vec<i32> = target.iter().chain(&removing).copied().collect();
        if !state.isr.is_empty() && !state.isr.iter().any(|replica| merged.contains(replica)) {
            let why = "None of the replicas that would be left is in sync.".to_owned();
            return Err((ErrorCode::InvalidReplicaAssignment, why));
        }
        self.change(topic, index, None, &alive, "reassigned", |builder| {
            builder.isr.retain(|replica| merged.contains(replica));
            (builder.replicas, builder.adding, builder.removing) = (merged.clone(), adding, removing);
        });
        Ok(())
    }

    fn check_target(&self, brokers: &[BrokerId]) -> Result<Vec<i32>, Refusal> {
        self.check_manual(brokers)
    }

    fn cancel_reassignment(&mut self, topic: &str, index: i32) -> Result<(), Refusal> {
        let none = || (ErrorCode::NoReassignmentInProgress, "No partition reassignment is in progress.".to_owned());
        let state = self.draft.partition(topic, index).filter(|state| state.is_reassigning()).ok_or_else(none)?;
        let back: Vec<i32> = state.replicas.iter().copied().filter(|replica| !state.adding.contains(replica)).collect();
        if !state.isr.iter().any(|replica| back.contains(replica)) {
            let why = "None of the replicas before the reassignment is in sync.".to_owned();
            return Err((ErrorCode::InvalidReplicaAssignment, why));
        }
        self.change(topic, index, None, &alive, "reassignment cancelled", |builder| {
            builder.isr.retain(|replica| back.contains(replica));
            builder.replicas = back.clone();
            builder.adding.clear();
            builder.removing.clear();
        });
        Ok(())
    }

    pub(super) fn list_reassignments(&self, request: &ListPartitionReassignmentsRequest) -> ListPartitionReassignmentsResponse {
        let wanted = |name: &str, index: i32| {
            let of = |topics: &Vec<crate::kafka::wire::message::list_partition_reassignments_request::ListPartitionReassignmentsTopics>| {
                topics.iter().any(|topic| topic.name.0.as_ref() == name && topic.partition_indexes.contains(&index))
            };
            request.topics.as_ref().is_none_or(of)
        };
        let mut topics = Vec::new();
        for (name, topic) in &self.draft.topics {
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
