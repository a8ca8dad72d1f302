//! New partitions: where their replicas go, and whether a manual assignment holds (`ReplicationControlManager`).

use super::active::{Active, Refusal, numbers, partition_event};
use super::image::PartitionImage;
use super::placement::place;
use super::reason::ChangeReason;
use super::records::Record;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::BrokerId;
use std::sync::Arc;
use uuid::Uuid;

/// Partitions that one topic may have; Kafka's controller refuses more in one request, too.
pub const MAX_PARTITIONS: i32 = 10_000;

/// A partition's first state. The ISR is those replicas that are active.
fn fresh(replicas: Vec<i32>, isr: Vec<i32>) -> PartitionImage {
    let leader = isr.first().copied().unwrap_or(-1);
    PartitionImage { replicas, isr, leader, ..PartitionImage::default() }
}

impl Active {
    pub(super) fn make_partition(&mut self, name: &Arc<str>, topic: Uuid, partition: i32, state: PartitionImage) {
        self.event(partition_event(name, partition, &state, ChangeReason::Created));
        self.push(Record::Partition { topic, partition, state });
    }

    /// New partitions on the brokers whose turn it is.
    pub(super) fn place_new(&mut self, partitions: i32, replicas: i16) -> Result<Vec<PartitionImage>, Refusal> {
        let refuse =
            |why: &str| (ErrorCode::InvalidReplicationFactor, format!("Unable to replicate the partition {replicas} time(s): {why}"));
        let usable = self.draft.brokers.values().filter(|broker| !broker.in_controlled_shutdown);
        let count = usize::try_from(replicas).unwrap_or(0).max(1);
        let placed = place(usable, &mut self.rng, partitions, count).map_err(|why| refuse(&why))?;
        let mut made = Vec::new();
        for replicas in placed {
            let isr = self.active_of(&replicas);
            if isr.is_empty() {
                return Err(refuse("All brokers are currently fenced or in controlled shutdown."));
            }
            made.push(fresh(replicas, isr));
        }
        Ok(made)
    }

    fn active_of(&self, replicas: &[i32]) -> Vec<i32> {
        replicas.iter().copied().filter(|replica| self.draft.is_active(*replica)).collect()
    }

    /// A manual assignment of one partition. `factor`: how many replicas the partitions before it have.
    pub(super) fn check_replicas(&self, index: i32, brokers: &[BrokerId], factor: &mut Option<usize>) -> Result<PartitionImage, Refusal> {
        let replicas = self.check_manual(brokers)?;
        let wrong = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
        let expected = *factor.get_or_insert(replicas.len());
        if expected != replicas.len() {
            return wrong(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous \
                 partitions, which have {expected} replica(s).",
                replicas.len()
            ));
        }
        let isr = self.active_of(&replicas);
        if isr.is_empty() {
            return wrong(format!(
                "All brokers specified in the manual partition assignment for partition {index} are fenced or in controlled shutdown."
            ));
        }
        Ok(fresh(replicas, isr))
    }

    /// `validateManualPartitionAssignment`: registered brokers, each once, one at least.
    pub(super) fn check_manual(&self, brokers: &[BrokerId]) -> Result<Vec<i32>, Refusal> {
        let wrong = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
        let mut seen = SortedVecSet::new();
        for broker in brokers {
            if !self.draft.brokers.contains_key(&broker.0) {
                return wrong(format!("The manual partition assignment includes broker {}, but no such broker is registered.", broker.0));
            }
            if !seen.insert(broker.0) {
                return wrong(format!("The manual partition assignment includes the broker {} more than once.", broker.0));
            }
        }
        if brokers.is_empty() {
            return wrong("The manual partition assignment includes an empty replica list.".into());
        }
        Ok(numbers(brokers))
    }
}
