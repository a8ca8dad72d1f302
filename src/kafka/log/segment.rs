//! One segment: a `.log` file with its two indexes (`LogSegment`).

use super::super::disk::{Disk, DiskError};
use super::super::rng::Rng;
use super::super::wire::batch::{Batch, BatchError};
use super::head::Head;
use super::index::{OFFSET_ENTRY, OffsetIndex, TIME_ENTRY, TimeIndex};
use super::{AbortedTransaction, LogConfig, SegmentInfo, aborted};
use bytes::Bytes;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) base_offset: i64,
    pub(super) size: u64,
    /// Milliseconds; stands in for a timestamp while the segment has none.
    pub(super) created: i64,
    /// -1: none yet.
    pub(super) max_timestamp: i64,
    /// Last offset of the batch that has it.
    pub(super) max_timestamp_offset: i64,
    /// What `segment.ms` counts from: the greatest timestamp of the first batch.
    pub(super) rolling_timestamp: Option<i64>,
    pub(super) bytes_since_index: u64,
    /// First offset and position of the last appended batch, which is usually the next one to be read.
    pub(super) last: Option<(i64, u64)>,
    pub(super) offsets: OffsetIndex,
    pub(super) times: TimeIndex,
    pub(super) log: Arc<str>,
    pub(super) index: Arc<str>,
    pub(super) time_index: Arc<str>,
    /// Transactions whose abort stands here, by their markers.
    pub(super) aborted: Vec<AbortedTransaction>,
    /// Their file, which is there only when there are some.
    pub(super) aborted_index: Arc<str>,
}

pub(super) fn path(dir: &str, base_offset: i64, suffix: &str) -> Arc<str> {
    Arc::from(format!("{dir}/{base_offset:020}.{suffix}"))
}

impl Segment {
    /// The segment in memory; its files may be there already.
    pub(super) fn at(dir: &str, base_offset: i64, created: i64) -> Self {
        Self {
            base_offset,
            size: 0,
            created,
            max_timestamp: -1,
            max_timestamp_offset: base_offset,
            rolling_timestamp: None,
            bytes_since_index: 0,
            last: None,
            offsets: OffsetIndex::default(),
            times: TimeIndex::default(),
            log: path(dir, base_offset, "log"),
            index: path(dir, base_offset, "index"),
            time_index: path(dir, base_offset, "timeindex"),
            aborted: Vec::new(),
            aborted_index: path(dir, base_offset, "txnindex"),
        }
    }

    /// A new segment with its empty files.
    pub(super) fn create(disk: &mut Disk, dir: &str, base_offset: i64, created: i64) -> Result<Self, DiskError> {
        let segment = Self::at(dir, base_offset, created);
        for file in [&segment.log, &segment.index, &segment.time_index] {
            disk.append(file, Bytes::new())?;
        }
        Ok(segment)
    }

    pub(super) fn relative(&self, offset: i64) -> u32 {
        u32::try_from(offset.saturating_sub(self.base_offset).max(0)).unwrap_or(u32::MAX)
    }

    /// Whether a batch of `size` bytes must go to a new segment.
    pub(super) fn must_roll(&self, config: &LogConfig, now: i64, size: u64, max_timestamp: i64, last_offset: i64) -> bool {
        let waited = match self.rolling_timestamp {
            Some(first) if first >= 0 => max_timestamp.saturating_sub(first),
            _ => now.saturating_sub(self.created),
        };
        let index_bytes = u64::try_from(config.segment_index_bytes).unwrap_or(0);
        self.size + size > u64::try_from(config.segment_bytes).unwrap_or(0)
            || (self.size > 0 && waited > config.segment_ms - self.jitter(config))
            || self.offsets.entries.len() as u64 >= index_bytes / OFFSET_ENTRY
            || self.times.entries.len() as u64 + 1 >= index_bytes / TIME_ENTRY
            || last_offset - self.base_offset > i64::from(i32::MAX)
    }

    pub(super) fn append(&mut self, disk: &mut Disk, batch: &Batch, config: &LogConfig) -> Result<(), DiskError> {
        let (max_timestamp, last_offset) = (batch.max_timestamp(), batch.last_offset());
        disk.append(&self.log, batch.bytes().clone())?;
        let position = self.size;
        self.last = Some((batch.base_offset(), position));
        self.size += u64::from(batch.size());
        if let Some((offset, time)) = self.note(position, u64::from(batch.size()), max_timestamp, last_offset, config) {
            disk.append(&self.index, Bytes::copy_from_slice(&OffsetIndex::bytes(offset)))?;
            if let Some(time) = time {
                disk.append(&self.time_index, Bytes::copy_from_slice(&TimeIndex::bytes(time)))?;
            }
        }
        Ok(())
    }

    /// Takes a batch into indexes and marks; the new index entries, when it is time for some.
    #[allow(clippy::type_complexity)]
    pub(super) fn note(
        &mut self,
        position: u64,
        size: u64,
        max_timestamp: i64,
        last_offset: i64,
        config: &LogConfig,
    ) -> Option<((u32, u32), Option<(i64, u32)>)> {
        if position == 0 {
            self.rolling_timestamp = Some(max_timestamp);
        }
        if max_timestamp > self.max_timestamp {
            self.max_timestamp = max_timestamp;
            self.max_timestamp_offset = last_offset;
        }
        let mut new = None;
        if self.bytes_since_index > u64::try_from(config.index_interval_bytes).unwrap_or(0) {
            let entry = (self.relative(last_offset), u32::try_from(position).unwrap_or(u32::MAX));
            self.offsets.entries.push(entry);
            new = Some((entry, self.push_time()));
            self.bytes_since_index = 0;
        }
        self.bytes_since_index += size;
        new
    }

    fn push_time(&mut self) -> Option<(i64, u32)> {
        let last = self.times.entries.last().map_or(-1, |entry| entry.0);
        let entry = (self.max_timestamp, self.relative(self.max_timestamp_offset));
        (self.max_timestamp > last).then(|| self.times.entries.push(entry)).map(|()| entry)
    }

    /// The last time index entry, which a segment gets when it is rolled or closed.
    pub(super) fn seal(&mut self, disk: &mut Disk) -> Result<(), DiskError> {
        match self.push_time() {
            Some(entry) => disk.append(&self.time_index, Bytes::copy_from_slice(&TimeIndex::bytes(entry))),
            None => Ok(()),
        }
    }

    /// A marker in this segment has aborted a transaction.
    pub(super) fn note_aborted(&mut self, disk: &mut Disk, transaction: AbortedTransaction) -> Result<(), DiskError> {
        self.aborted.push(transaction);
        disk.append(&self.aborted_index, transaction.bytes())
    }

    /// Forgets the aborted transactions whose markers stand at `offset` or after it.
    pub(super) fn truncate_aborted(&mut self, disk: &mut Disk, offset: i64) -> Result<(), DiskError> {
        let left = self.aborted.partition_point(|transaction| transaction.last_offset < offset);
        if left < self.aborted.len() {
            self.aborted.truncate(left);
            disk.truncate(&self.aborted_index, left as u64 * aborted::ENTRY)?;
        }
        Ok(())
    }

    /// The first batch whose last offset is not below `offset`, and where it stands.
    pub(super) fn find(&self, disk: &Disk, offset: i64) -> Option<(u64, Head)> {
        let mut position = match self.last {
            Some((base, position)) if base <= offset => position,
            _ if offset < self.base_offset => 0,
            _ => self.offsets.position_before(self.relative(offset)),
        };
        let file = disk.open(&self.log)?;
        while position < self.size {
            let head = Head::of(file, position)?;
            if head.last_offset >= offset {
                return Some((position, head));
            }
            position += head.size;
        }
        None
    }

    /// Where the batch that holds `offset` begins, or the segment's end.
    pub(super) fn position_of(&self, disk: &Disk, offset: i64) -> u64 {
        if offset <= self.base_offset { 0 } else { self.find(disk, offset).map_or(self.size, |(position, _)| position) }
    }

    pub(super) fn batch(&self, disk: &Disk, position: u64, head: Head) -> Result<Batch, BatchError> {
        let mut bytes = disk.read(&self.log, position, head.size).unwrap_or_default();
        Batch::split_first(&mut bytes)
    }

    /// Calls `each` for every head from `position` (a boundary) on; where the whole batches end.
    pub(super) fn heads(&self, disk: &Disk, mut position: u64, mut each: impl FnMut(u64, &Head)) -> u64 {
        let Some(file) = disk.open(&self.log) else { return position };
        while let Some(head) = Head::of(file, position) {
            if position + head.size > self.size {
                break;
            }
            each(position, &head);
            position += head.size;
        }
        position
    }

    /// Reads the marks that memory keeps beside the indexes: first batch's and greatest timestamp. The offset after the last
    /// batch, and where the whole batches end.
    pub(super) fn load_marks(&mut self, disk: &Disk, whole: bool) -> (i64, u64) {
        self.rolling_timestamp = Head::at(disk, &self.log, 0).map(|head| head.max_timestamp);
        (self.max_timestamp, self.max_timestamp_offset) = match self.times.entries.last() {
            Some(&(timestamp, offset)) => (timestamp, self.base_offset + i64::from(offset)),
            None => (-1, self.base_offset),
        };
        if !whole && self.max_timestamp >= 0 {
            return (self.base_offset, self.size);
        }
        let from = match self.times.entries.last() {
            Some(&(_, offset)) => self.offsets.position_before(offset),
            None => 0,
        };
        let (mut next, mut marks) = (self.base_offset, (self.max_timestamp, self.max_timestamp_offset));
        let end = self.heads(disk, from, |_, head| {
            next = head.last_offset + 1;
            if head.max_timestamp > marks.0 {
                marks = (head.max_timestamp, head.last_offset);
            }
        });
        (self.max_timestamp, self.max_timestamp_offset) = marks;
        (next, end)
    }

    /// Cuts the batch that holds `offset` and all after it; the offset at which the segment now ends.
    pub(super) fn truncate(&mut self, disk: &mut Disk, offset: i64) -> Result<i64, DiskError> {
        let Some((position, head)) = self.find(disk, offset) else { return Ok(offset) };
        let end = offset.min(head.base_offset.max(self.base_offset));
        disk.truncate(&self.log, position)?;
        self.size = position;
        self.last = None;
        let relative = self.relative(end);
        self.offsets.entries.retain(|entry| entry.0 < relative);
        self.times.entries.retain(|entry| entry.1 < relative);
        disk.truncate(&self.index, self.offsets.entries.len() as u64 * OFFSET_ENTRY)?;
        disk.truncate(&self.time_index, self.times.entries.len() as u64 * TIME_ENTRY)?;
        self.truncate_aborted(disk, end)?;
        self.bytes_since_index = 0;
        self.load_marks(disk, true);
        Ok(end)
    }

    pub(super) fn flush(&self, disk: &mut Disk) -> Result<(), DiskError> {
        for file in [&self.log, &self.index, &self.time_index] {
            disk.flush(file)?;
        }
        if self.aborted.is_empty() { Ok(()) } else { disk.flush(&self.aborted_index) }
    }

    pub(super) fn remove(&self, disk: &mut Disk, dir: &str) {
        for file in [&self.log, &self.index, &self.time_index, &self.aborted_index, &path(dir, self.base_offset, "snapshot")] {
            disk.remove(file);
        }
    }

    /// Renames the files, so that they are no part of the log; their names now. What cannot be renamed is removed.
    pub(super) fn doom(&self, disk: &mut Disk, dir: &str) -> Vec<String> {
        let snapshot = path(dir, self.base_offset, "snapshot");
        let mut doomed = Vec::new();
        for file in [&self.log, &self.index, &self.time_index, &self.aborted_index, &snapshot] {
            let name = format!("{file}.deleted");
            if disk.len(file).is_none() {
                continue;
            }
            match disk.rename(file, &name) {
                Ok(()) => doomed.push(name),
                Err(_) => disk.remove(file),
            }
        }
        doomed
    }

    /// The part of `segment.ms` that is taken off this segment's (`LogConfig.randomSegmentJitter`).
    fn jitter(&self, config: &LogConfig) -> i64 {
        match u64::try_from(config.segment_jitter_ms.min(config.segment_ms)) {
            Ok(most) if most > 0 => Rng::stream(config.jitter_seed, &self.log).below(most).cast_signed(),
            _ => 0,
        }
    }

    pub(super) fn info(&self) -> SegmentInfo {
        SegmentInfo { base_offset: self.base_offset, size: self.size, max_timestamp: self.max_timestamp }
    }
}
