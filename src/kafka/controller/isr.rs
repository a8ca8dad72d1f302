//! AlterPartition, ElectLeaders and the balance of leaders (`ReplicationControlManager`).

use super::active::{Active, broker_ids, text, topic_name};
use super::elections::Election;
use super::image::{Image, PartitionImage};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::alter_partition_request as alter;
use crate::kafka::wire::message::alter_partition_response as altered;
use crate::kafka::wire::message::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use crate::kafka::wire::message::{AlterPartitionRequest, AlterPartitionResponse, BrokerId, ElectLeadersRequest, ElectLeadersResponse};
use std::sync::Arc;

/// Alive and not on its way out.
pub fn alive(draft: &Image, replica: i32) -> bool {
    draft.is_active(replica)
}

impl Active {
    pub(super) fn alter_partitions(&mut self, version: i16, request: &AlterPartitionRequest) -> AlterPartitionResponse {
        let leader = request.broker_id.0;
        if let Err(error) = self.check_epoch(leader, request.broker_epoch) {
            return AlterPartitionResponse { error_code: error.code(), ..AlterPartitionResponse::default() };
        }
        let mut topics = Vec::new();
        for topic in &request.topics {
            let known = self.draft.topic_of(topic.topic_id).map(|known| known.name.clone());
            let mut partitions = Vec::new();
            for asked in &topic.partitions {
                let answer = altered::PartitionData { partition_index: asked.partition_index, ..altered::PartitionData::default() };
                let result = match &known {
                    Some(name) => self.alter_partition(version, leader, name, asked),
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
        let why = if isr.len() < old.isr.len() { "isr shrunk" } else { "isr expanded" };
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

    pub(super) fn elect_leaders(&mut self, version: i16, request: &ElectLeadersRequest) -> ElectLeadersResponse {
        let election = match request.election_type {
            0 => Election::Preferred,
            1 if version >= 1 => Election::Unclean,
            _ => return ElectLeadersResponse { error_code: ErrorCode::InvalidRequest.code(), ..ElectLeadersResponse::default() },
        };
        let all = request.topic_partitions.is_none();
        let asked: Vec<(Arc<str>, i32)> = match &request.topic_partitions {
            None => self.partitions(|_| true),
            Some(topics) => {
                topics.iter().flat_map(|topic| topic.partitions.iter().map(|index| (Arc::from(topic.topic.0.as_ref()), *index))).collect()
            }
        };
        let mut results: Vec<ReplicaElectionResult> = Vec::new();
        for (topic, index) in asked {
            let (error, why) = self.elect(&topic, index, election);
            // Whoever asks for all wants to hear of those that needed it.
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

    fn elect(&mut self, topic: &str, index: i32, election: Election) -> (ErrorCode, &'static str) {
        let Some(state) = self.draft.partition(topic, index) else {
            return (ErrorCode::UnknownTopicOrPartition, "No such partition.");
        };
        let preferred = state.replicas.first() == Some(&state.leader);
        if election == Election::Preferred && preferred || election == Election::Unclean && state.leader >= 0 {
            return (ErrorCode::ElectionNotNeeded, "Leader election not needed for topic partition.");
        }
        let why = if election == Election::Preferred { "preferred" } else { "unclean" };
        let before = state.leader;
        self.change(topic, index, Some(election), &alive, why, |_| {});
        let leader = self.draft.partition(topic, index).map_or(-1, |state| state.leader);
        let of = self.draft.partition(topic, index).and_then(|state| state.replicas.first().copied());
        match election {
            Election::Preferred if Some(leader) == of => (ErrorCode::None, ""),
            Election::Preferred => (ErrorCode::PreferredLeaderNotAvailable, "The preferred leader was not available."),
            _ if leader >= 0 && leader != before => (ErrorCode::None, ""),
            _ => (ErrorCode::EligibleLeadersNotAvailable, "No eligible leaders are available."),
        }
    }

    /// Gives leadership back to preferred replicas that are in sync and alive (`maybeBalancePartitionLeaders`).
    pub(super) fn balance_leaders(&mut self) {
        if !self.config.flag("auto.leader.rebalance.enable") {
            return;
        }
        let imbalanced = self.partitions(|state| {
            let preferred = state.replicas.first().copied().unwrap_or(-1);
            state.leader != preferred && state.isr.contains(&preferred)
        });
        for (topic, index) in imbalanced {
            let preferred = self.draft.partition(&topic, index).and_then(|state| state.replicas.first().copied());
            if preferred.is_some_and(|preferred| self.draft.is_active(preferred)) {
                self.change(&topic, index, Some(Election::Preferred), &alive, "preferred", |_| {});
            }
        }
    }
}
