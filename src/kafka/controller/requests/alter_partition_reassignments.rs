//! AlterPartitionReassignments (`ReplicationControlManager.alterPartitionReassignments`, `PartitionReassignmentReplicas`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, Refusal, alive, text};
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::alter_partition_reassignments_request::ReassignablePartition;
use crate::kafka::wire::message::alter_partition_reassignments_response::{ReassignablePartitionResponse, ReassignableTopicResponse};
use crate::kafka::wire::message::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};

impl ControllerApi for AlterPartitionReassignmentsRequest {
    fn handle(&self, active: &mut Active, _now: Time, version: i16) -> AlterPartitionReassignmentsResponse {
        let same_factor = version >= 1 && !self.allow_replication_factor_change;
        let mut responses = Vec::new();
        for topic in &self.topics {
            let mut partitions = Vec::new();
            for asked in &topic.partitions {
                let answer =
                    ReassignablePartitionResponse { partition_index: asked.partition_index, ..ReassignablePartitionResponse::default() };
                partitions.push(match active.reassign_partition(topic.name.0.as_ref(), asked, same_factor) {
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
            AlterPartitionReassignmentsResponse { allow_replication_factor_change: self.allow_replication_factor_change, ..answer }
        } else {
            answer
        }
    }
}

impl Refuse for AlterPartitionReassignmentsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> AlterPartitionReassignmentsResponse {
        AlterPartitionReassignmentsResponse {
            error_code: error.code(),
            error_message: Some(text(why)),
            ..AlterPartitionReassignmentsResponse::default()
        }
    }
}

impl Active {
    fn reassign_partition(&mut self, topic: &str, asked: &ReassignablePartition, same_factor: bool) -> Result<(), Refusal> {
        let index = asked.partition_index;
        let unknown = || (ErrorCode::UnknownTopicOrPartition, format!("Unable to find partition {topic}:{index}."));
        let state = self.draft.partition(topic, index).ok_or_else(unknown)?.clone();
        let Some(target) = &asked.replicas else {
            return self.cancel_reassignment(topic, index);
        };
        let target = self.check_manual(target)?;
        let planned = state.replicas.iter().filter(|replica| !state.removing.contains(replica)).count();
        if same_factor && target.len() != planned {
            let why = format!("The replication factor is changed from {planned} to {}", target.len());
            return Err((ErrorCode::InvalidReplicationFactor, why));
        }
        // Against what is there, with what an earlier reassignment has added so far.
        let (adding, removing) = (missing(&state.replicas, &target), missing(&target, &state.replicas));
        self.change(topic, index, None, &alive, ChangeReason::Reassigned, |builder| {
            // The new replicas in their order, then those that go once the new ones are in sync.
            builder.replicas = target.iter().chain(&removing).copied().collect();
            // What is empty leaves what the earlier reassignment says.
            if !adding.is_empty() {
                builder.adding = adding;
            }
            if !removing.is_empty() {
                builder.removing = removing;
            }
        });
        Ok(())
    }

    /// `PartitionReassignmentRevert`: what was added goes, what was to go stays.
    fn cancel_reassignment(&mut self, topic: &str, index: i32) -> Result<(), Refusal> {
        let none = || (ErrorCode::NoReassignmentInProgress, "No partition reassignment is in progress.".to_owned());
        let state = self.draft.partition(topic, index).filter(|state| state.is_reassigning()).ok_or_else(none)?;
        let stays = |replica: &i32| !state.adding.contains(replica);
        let back: Vec<i32> = state.replicas.iter().copied().filter(stays).collect();
        let mut isr: Vec<i32> = state.isr.iter().copied().filter(stays).collect();
        let Some(first) = back.first() else {
            let why = "Invalid replica assignment: addingReplicas contains all replicas.".to_owned();
            return Err((ErrorCode::InvalidReplicaAssignment, why));
        };
        if isr.is_empty() {
            if !self.unclean_elections(topic) {
                let why = format!(
                    "Unable to revert partition assignment for {topic}:{index} because it would require an unclean leader election."
                );
                return Err((ErrorCode::InvalidReplicaAssignment, why));
            }
            isr.push(*first);
        }
        self.change(topic, index, None, &alive, ChangeReason::ReassignmentCancelled, |builder| {
            (builder.isr, builder.replicas) = (isr, back);
            builder.adding.clear();
            builder.removing.clear();
        });
        Ok(())
    }
}

/// Those of `of` that are not in `from`, in the order of their ids.
fn missing(from: &[i32], of: &[i32]) -> Vec<i32> {
    let mut missing: Vec<i32> = of.iter().copied().filter(|replica| !from.contains(replica)).collect();
    missing.sort();
    missing
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};

    impl Sample for AlterPartitionReassignmentsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let partition = ReassignablePartition { replicas: Some(vec![BrokerId(1)]), ..ReassignablePartition::default() };
            let wanted = ReassignableTopic { name: topic(name), partitions: vec![partition] };
            AlterPartitionReassignmentsRequest { topics: vec![wanted], ..AlterPartitionReassignmentsRequest::default() }
        }
    }
}
