//! One partition as its leader has it (`kafka.cluster.Partition`): the log, the leader epoch, the in-sync replicas and what
//! follows from them, the high watermark.

use super::PartitionView;
use crate::kafka::disk::Disk;
use crate::kafka::log::{Log, LogError};
use crate::kafka::map::Map;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Partition {
    pub log: Log,
    pub leader_epoch: i32,
    /// All records before it are on every in-sync replica.
    pub high_watermark: i64,
    /// Everything before it is flushed.
    pub recovery_point: i64,
    /// The end offsets of the in-sync followers. None yet: this broker is the only replica of all that it has.
    pub followers: Map<i32, i64>,
}

impl Partition {
    /// A log as it was opened. With one replica all that is in it is committed.
    pub fn new(log: Log, recovery_point: i64) -> Self {
        let leader_epoch = log.latest_epoch().max(0);
        let recovery_point = recovery_point.clamp(log.start_offset(), log.end_offset());
        let mut partition = Self { log, leader_epoch, high_watermark: 0, recovery_point, followers: Map::new() };
        partition.high_watermark = partition.committed_end();
        partition
    }

    /// The least end offset in the ISR.
    fn committed_end(&self) -> i64 {
        self.followers.values().copied().fold(self.log.end_offset(), i64::min)
    }

    /// The high watermark before and after, when it moved. It never goes back.
    pub fn advance_high_watermark(&mut self) -> Option<(i64, i64)> {
        let (from, to) = (self.high_watermark, self.committed_end());
        (to > from).then(|| {
            self.high_watermark = to;
            (from, to)
        })
    }

    /// Up to where a consumer reads. Without transactions the last stable offset is the high watermark.
    pub fn readable_end(&self) -> i64 {
        self.high_watermark
    }

    pub fn flush(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        if self.recovery_point < self.log.end_offset() {
            self.recovery_point = self.log.flush(disk)?;
        }
        Ok(())
    }

    pub fn view(&self, topic: &Arc<str>, partition: i32, leader: i32) -> PartitionView {
        let replicas: Vec<i32> = std::iter::once(leader).chain(self.followers.keys().copied()).collect();
        PartitionView {
            topic: topic.clone(),
            partition,
            leader,
            leader_epoch: self.leader_epoch,
            isr: replicas.clone(),
            elr: Vec::new(),
            partition_epoch: 0,
            is_leader: true,
            follower_ends: Vec::new(),
            epochs: Vec::new(),
            replicas,
            log_start_offset: self.log.start_offset(),
            high_watermark: self.high_watermark,
            end_offset: self.log.end_offset(),
            segments: self.log.segments(),
        }
    }
}
