//! AlterPartition: a leader asks for another in-sync set (`ReplicationControlManager.alterPartition`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, alive, broker_ids};
use crate::kafka::controller::image::PartitionImage;
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::alter_partition_request as alter;
use crate::kafka::wire::message::alter_partition_response as altered;
use crate::kafka::wire::message::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};
use std::sync::Arc;

impl ControllerApi for AlterPartitionRequest {
    fn handle(&self, active: &mut Active, _now: Time, version: i16) -> AlterPartitionResponse {
        let leader = self.broker_id.0;
        if let Err(error) = active.check_epoch(leader, self.broker_epoch) {
            return AlterPartitionResponse { error_code: error.code(), ..AlterPartitionResponse::default() };
        }
        let mut topics = Vec::new();
        for topic in &self.topics {
            let known = active.draft.topic_of(topic.topic_id).map(|known| known.name.clone());
            let mut partitions = Vec::new();
            for asked in &topic.partitions {
                let answer = altered::PartitionData { partition_index: asked.partition_index, ..altered::PartitionData::default() };
                let result = match &known {
                    Some(name) => active.alter_partition(version, leader, name, asked),
                    None => Err(ErrorCode::UnknownTopicId),
                };
                partitions.push(match result {
                    Ok(state) => altered::PartitionData {
                        leader_id: BrokerId(state.leader),
                        leader_epoch: state.leader_epoch,
                        isr: broker_ids(&state.isr),
                        leader_recovery_state: i8::from(state.recovering),
                        partition_epoch: state.partition_epoch,
                        ..answer
                    },
                    Err(error) => altered::PartitionData { error_code: error.code(), ..answer },
                });
            }
            topics.push(altered::TopicData { topic_id: topic.topic_id, partitions });
        }
        AlterPartitionResponse { topics, ..AlterPartitionResponse::default() }
    }
}

impl Refuse for AlterPartitionRequest {
    fn refuse(&self, error: ErrorCode, _why: &str) -> AlterPartitionResponse {
        AlterPartitionResponse { error_code: error.code(), ..AlterPartitionResponse::default() }
    }
}

impl Active {
    fn alter_partition(
        &mut self,
        version: i16,
        leader: i32,
        topic: &Arc<str>,
        asked: &alter::PartitionData,
    ) -> Result<PartitionImage, ErrorCode> {
        let index = asked.partition_index;
        let old = self.draft.partition(topic, index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let isr: Vec<(i32, i64)> = match asked.new_isr_with_epochs.is_empty() {
            true => asked.new_isr.iter().map(|id| (id.0, -1)).collect(),
            false => asked.new_isr_with_epochs.iter().map(|state| (state.broker_id.0, state.broker_epoch)).collect(),
        };
        self.check_alter(version, leader, old, asked, &isr)?;
        let recovering = asked.leader_recovery_state == 1;
        let leader_epoch = old.leader_epoch;
        let why = if isr.len() < old.isr.len() { ChangeReason::IsrShrunk } else { ChangeReason::IsrExpanded };
        let isr: Vec<i32> = isr.into_iter().map(|(id, _)| id).collect();
        self.change(topic, index, None, &alive, why, |builder| {
            builder.isr = isr;
            builder.recovering = recovering;
        });
        let state = self.draft.partition(topic, index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        // The change can have completed a reassignment in which the one who asked has no place: an error, although it is done.
        if state.leader_epoch != leader_epoch && state.leader != leader {
            return Err(if version >= 2 { ErrorCode::NewLeaderElected } else { ErrorCode::FencedLeaderEpoch });
        }
        Ok(state.clone())
    }

    /// `ReplicationControlManager.validateAlterPartitionData`, in its order.
    fn check_alter(
        &self,
        version: i16,
        leader: i32,
        old: &PartitionImage,
        asked: &alter::PartitionData,
        isr: &[(i32, i64)],
    ) -> Result<(), ErrorCode> {
        // Only a controller of an earlier epoch can be behind the broker: this one is.
        if asked.leader_epoch > old.leader_epoch || asked.partition_epoch > old.partition_epoch {
            return Err(ErrorCode::NotController);
        }
        if asked.leader_epoch < old.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if old.leader != leader {
            return Err(ErrorCode::InvalidRequest);
        }
        if asked.partition_epoch < old.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        let twice = isr.iter().enumerate().any(|(at, (id, _))| isr.iter().take(at).any(|(other, _)| other == id));
        if isr.is_empty() || twice || isr.iter().any(|(id, _)| !old.replicas.contains(id)) || !isr.iter().any(|(id, _)| *id == leader) {
            return Err(ErrorCode::InvalidRequest);
        }
        let recovery = asked.leader_recovery_state;
        if !(0..=1).contains(&recovery) || (recovery == 1 && (isr.len() > 1 || !old.recovering)) {
            return Err(ErrorCode::InvalidRequest);
        }
        for (id, epoch) in isr {
            let eligible =
                self.draft.is_active(*id) && self.draft.brokers.get(id).is_some_and(|broker| *epoch < 0 || broker.epoch == *epoch);
            if !eligible {
                return Err(if version >= 2 { ErrorCode::IneligibleReplica } else { ErrorCode::OperationNotAttempted });
            }
        }
        Ok(())
    }
}
