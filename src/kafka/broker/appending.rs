//! Appending as a partition's leader. A write that fails ends the process, as Kafka's does when its only log directory fails.

use super::{Broker, BrokerEvent, ErrorCode, Origin, Output};
use crate::kafka::log::{Appended, LogError};
use crate::kafka::marks::mark;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::Batch;

impl Broker {
    /// A write has failed: the log directory is lost, and with it this process.
    pub(super) fn storage_failed(&mut self, error: &LogError, why: &str) {
        if matches!(error, LogError::Disk(_)) && !self.halted {
            mark!(DiskFull);
            self.halted = true;
            self.event(BrokerEvent::StorageFailed { why: why.into() });
            self.outputs.push_back(Output::Halt { why: why.to_owned() });
        }
    }

    /// Appends as the partition's leader and advances the high watermark; requests that wait for either are looked at again.
    pub(super) fn append(&mut self, now: Time, topic: &str, index: i32, batch: &Batch, origin: Origin) -> Result<Appended, LogError> {
        let not_led = self.not_led(topic, index);
        let refused = |code: ErrorCode| LogError::Refused { code, message: format!("{topic}-{index}: {code}") };
        let led = self.topics.partition_mut(topic, index).filter(|(_, partition)| partition.leading.is_some());
        let Some((name, partition)) = led else { return Err(refused(not_led)) };
        let all = origin != Origin::Client { all: false };
        let from_client = origin != Origin::Coordinator;
        let epoch = partition.state.leader_epoch;
        let appended = if all && partition.is_under_min_isr() {
            mark!(WriteBelowMinIsr);
            Err(refused(ErrorCode::NotEnoughReplicas))
        } else {
            partition.log.append(&mut self.disk, now, batch, epoch, from_client)
        };
        let appended = match appended {
            Ok(appended) => appended,
            Err(error) => {
                let (error_code, message) = (error.code(), error.to_string());
                self.storage_failed(&error, &message);
                self.event(BrokerEvent::AppendRefused { topic: name, partition: index, error: error_code, message });
                return Err(error);
            }
        };
        let Appended { base_offset, last_offset, duplicate, rolled, .. } = appended;
        let followed = partition.leading.as_ref().is_some_and(|leading| !leading.followers.is_empty());
        if rolled {
            partition.rolled(now);
            self.event(BrokerEvent::SegmentRolled { topic: name.clone(), partition: index, base_offset });
        }
        let producer_id = batch.producer_id();
        self.event(BrokerEvent::Appended { topic: name.clone(), partition: index, base_offset, last_offset, producer_id, duplicate });
        if followed {
            // Followers that wait for data read to the log's end.
            self.touch(&name, index);
        }
        self.move_high_watermark(now, &name, index);
        Ok(appended)
    }
}
