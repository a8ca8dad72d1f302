//! Appending: a leader validates batches and assigns offsets; a follower appends the leader's batches as they are.

use super::super::disk::{Disk, DiskError};
use super::super::time::Time;
use super::super::wire::batch::{Batch, batches};
use super::super::wire::error::ErrorCode;
use super::segment::{Segment, path};
use super::{Appended, Log, LogError, refused, validate};
use crate::kafka::marks::mark;
use bytes::Bytes;
use std::sync::Arc;

/// Room that an append needs beside the batch itself: index entries and the epoch checkpoint.
const ROOM_BESIDE: u64 = 256;

impl Log {
    /// As leader: validates (CRC, size, timestamps, sequence checks of idempotent producers: KAFKA.md 3.2, 3.3), gives offsets,
    /// patches the leader epoch, rolls when due. `from_client` is false for the broker's own batches (coordinator, control).
    pub fn append(
        &mut self,
        disk: &mut Disk,
        now: Time,
        batch: &Batch,
        leader_epoch: i32,
        from_client: bool,
    ) -> Result<Appended, LogError> {
        let checked = validate::check(batch, &self.config, &self.dir, now.millis(), from_client)?;
        let batch = checked.recompressed.as_ref().unwrap_or(batch);
        if u64::from(batch.size()) > u64::try_from(self.config.segment_bytes).unwrap_or(0) {
            let why = format!("the batch has {} bytes, segment.bytes is {}", batch.size(), self.config.segment_bytes);
            return Err(refused(ErrorCode::RecordListTooLarge, why));
        }
        if batch.producer_id() >= 0 && !self.config.sequences_unchecked {
            if from_client && let Some(first) = self.producers.duplicate(batch) {
                mark!(SequenceRepeated);
                return Ok(Appended {
                    base_offset: first.first_offset(),
                    last_offset: first.last_offset,
                    log_append_time: if self.config.log_append_time { first.timestamp } else { -1 },
                    duplicate: true,
                    rolled: false,
                });
            }
            self.producers.check(batch, from_client, self.config.transaction_verification)?;
        }
        let log_append_time = self.config.log_append_time;
        let max_timestamp = if log_append_time { now.millis() } else { checked.max_timestamp };
        let stored = batch.with_offset(self.end_offset, leader_epoch).with_max_timestamp(log_append_time, max_timestamp);
        let rolled = self.store(disk, now.millis(), &stored)?;
        self.flush_when_due(disk)?;
        Ok(Appended {
            base_offset: stored.base_offset(),
            last_offset: stored.last_offset(),
            log_append_time: if log_append_time { now.millis() } else { -1 },
            duplicate: false,
            rolled,
        })
    }

    /// As follower: the leader's bytes as they came; offsets must go on from the end. A truncated last batch is left out.
    /// Without a whole batch, `base_offset` is the log end offset and `last_offset` is one less.
    pub fn append_as_follower(&mut self, disk: &mut Disk, now: Time, bytes: Bytes) -> Result<Appended, LogError> {
        let (base_offset, mut rolled) = (self.end_offset, false);
        let mut first = None;
        for batch in batches(bytes) {
            let batch = batch?;
            batch.check_crc()?;
            if batch.base_offset() < self.end_offset || batch.last_offset_delta() < 0 {
                return Err(LogError::OffsetOutOfRange { offset: batch.base_offset(), start: self.start_offset, end: self.end_offset });
            }
            first.get_or_insert(batch.base_offset());
            // A copy, so that the log does not keep the whole response alive for a part of it.
            let mut own = Bytes::copy_from_slice(batch.bytes());
            rolled |= self.store(disk, now.millis(), &Batch::split_first(&mut own)?)?;
        }
        self.flush_when_due(disk)?;
        Ok(Appended {
            base_offset: first.unwrap_or(base_offset),
            last_offset: self.end_offset - 1,
            log_append_time: -1,
            duplicate: false,
            rolled,
        })
    }

    /// Puts a batch with its final offsets at the end; whether a new segment was begun for it.
    fn store(&mut self, disk: &mut Disk, now: i64, batch: &Batch) -> Result<bool, LogError> {
        if disk.free() < u64::from(batch.size()).saturating_add(ROOM_BESIDE) {
            let capacity = disk.used().saturating_add(disk.free());
            return Err(DiskError::Full { path: self.dir.to_string(), capacity }.into());
        }
        let (base, last) = (batch.base_offset(), batch.last_offset());
        let size = u64::from(batch.size());
        let must_roll = |active: &Arc<Segment>| active.must_roll(&self.config, now, size, batch.max_timestamp(), last);
        let rolled = self.segments.last().is_none_or(must_roll) && self.roll(disk, now, base)?;
        self.assign_epoch(disk, batch.partition_leader_epoch(), base)?;
        let Some(active) = self.segments.last_mut() else { return Ok(rolled) };
        Arc::make_mut(active).append(disk, batch, &self.config)?;
        self.end_offset = last + 1;
        if let Some(ended) = self.producers.update(batch).filter(|ended| ended.aborted) {
            Arc::make_mut(active).note_aborted(disk, ended.transaction)?;
        }
        Ok(rolled)
    }

    /// Closes the active segment and starts a new one at `base`, unless the active one is empty and starts there already.
    pub(super) fn roll(&mut self, disk: &mut Disk, now: i64, base: i64) -> Result<bool, LogError> {
        if let Some(active) = self.segments.last_mut() {
            if active.size == 0 && active.base_offset == base {
                return Ok(false);
            }
            Arc::make_mut(active).seal(disk)?;
        }
        let segment = Segment::create(disk, &self.dir, base, now)?;
        self.producers.set_map_end(base);
        self.snapshot_producers(disk)?;
        self.flush(disk)?;
        self.segments.push(Arc::new(segment));
        Ok(true)
    }

    pub(super) fn snapshot_producers(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        if self.producers.snapshot_due() {
            disk.replace(&path(&self.dir, self.producers.map_end(), "snapshot"), self.producers.snapshot())?;
            self.producers.snapshot_taken();
        }
        Ok(())
    }

    fn flush_when_due(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        if self.end_offset - self.recovery_point >= self.config.flush_messages {
            self.flush(disk)?;
        }
        Ok(())
    }
}
