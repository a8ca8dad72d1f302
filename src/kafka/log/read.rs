//! Reading: by offset for fetches, by timestamp for ListOffsets.

use super::super::disk::Disk;
use super::segment::Segment;
use super::{AbortedTransaction, Log, LogError};
use bytes::Bytes;

/// A read may end where the disk's memory chunk ends, rather than copy, once it has this many bytes.
const ENOUGH: u64 = 256 * 1024;

impl Log {
    /// The segment that holds `offset`, and those after it, each with the next one's base offset.
    fn segments_from(&self, offset: i64) -> impl Iterator<Item = (&Segment, i64)> {
        let first = self.segments.partition_point(|segment| segment.base_offset <= offset).saturating_sub(1);
        self.segments.iter().enumerate().skip(first).map(|(i, segment)| {
            let next = self.segments.get(i + 1).map_or(self.end_offset, |next| next.base_offset);
            (&**segment, next)
        })
    }

    /// Bytes from the batch that holds `offset` on, below `upper`: `max_bytes` at most, cut wherever that is, as Kafka cuts them.
    /// The first batch is returned whole even when larger, if `min_one`. Empty when `offset ≥ upper`. One segment at most is read;
    /// less than `max_bytes` may come although there is more.
    pub fn read(&self, disk: &Disk, offset: i64, upper: i64, max_bytes: u32, min_one: bool) -> Result<Bytes, LogError> {
        if offset < self.start_offset || offset > self.end_offset {
            return Err(LogError::OffsetOutOfRange { offset, start: self.start_offset, end: self.end_offset });
        }
        let upper = upper.min(self.end_offset);
        if offset >= upper {
            return Ok(Bytes::new());
        }
        for (segment, next) in self.segments_from(offset) {
            let Some((position, head)) = segment.find(disk, offset) else { continue };
            let limit = if next <= upper { segment.size } else { segment.position_of(disk, upper) };
            let max = u64::from(max_bytes);
            let mut end = if limit.saturating_sub(position) <= max {
                limit
            } else if min_one {
                position + max.max(head.size)
            } else {
                position + max
            };
            if end <= position || end > limit {
                return Ok(Bytes::new());
            }
            // Batches never straddle two chunks, so a chunk's end is a batch's end.
            let shared = disk.shared_from(&segment.log, position);
            if shared >= ENOUGH.max(head.size) {
                end = end.min(position + shared);
            }
            return Ok(disk.read(&segment.log, position, end - position)?);
        }
        Ok(Bytes::new())
    }

    /// The aborted transactions that a reader of `bytes` bytes from `offset` on may meet (`UnifiedLog.collectAbortedTransactions`): by the
    /// offset index, so a few more than needed.
    pub fn aborted_transactions(&self, disk: &Disk, offset: i64, bytes: u64) -> Vec<AbortedTransaction> {
        let mut found = Vec::new();
        if self.config.transactions_ignored {
            return found;
        }
        let mut upper = None;
        for (segment, next) in self.segments_from(offset) {
            let upper = *upper.get_or_insert_with(|| {
                let position = segment.position_of(disk, offset).saturating_add(bytes);
                let entry = segment.offsets.entries.iter().find(|entry| u64::from(entry.1) >= position);
                entry.map_or(next, |entry| segment.base_offset + i64::from(entry.0))
            });
            for transaction in &segment.aborted {
                if transaction.last_offset >= offset && transaction.first_offset < upper {
                    found.push(*transaction);
                }
                if transaction.last_stable_offset >= upper {
                    return found;
                }
            }
        }
        found
    }

    /// Whether `offset` lies in an older segment than `end` does.
    pub fn is_on_older_segment(&self, offset: i64, end: i64) -> bool {
        let base = |offset: i64| self.segments_from(offset).next().map(|(segment, _)| segment.base_offset);
        base(offset) < base(end)
    }

    /// Bytes in `[offset, upper)`, for `fetch.min.bytes`, without reading them.
    pub fn bytes_between(&self, disk: &Disk, offset: i64, upper: i64) -> u64 {
        let upper = upper.min(self.end_offset);
        if offset >= upper {
            return 0;
        }
        self.segments_from(offset)
            .take_while(|(segment, _)| segment.base_offset < upper)
            .map(|(segment, next)| {
                let to = if next <= upper { segment.size } else { segment.position_of(disk, upper) };
                to.saturating_sub(segment.position_of(disk, offset))
            })
            .sum()
    }

    /// The first record with a timestamp ≥ `timestamp`: (offset, its timestamp, leader epoch).
    pub fn offset_for_timestamp(&self, disk: &Disk, timestamp: i64) -> Result<Option<(i64, i64, i32)>, LogError> {
        for (segment, _) in self.segments_from(self.start_offset).filter(|(segment, _)| segment.max_timestamp >= timestamp) {
            let from = segment.base_offset + i64::from(segment.times.offset_before(timestamp));
            let mut position = segment.position_of(disk, from.max(self.start_offset));
            while let Some(head) = super::head::Head::at(disk, &segment.log, position) {
                if head.max_timestamp >= timestamp {
                    let records = segment.batch(disk, position, head)?.records()?;
                    let found = |record: &&_| matches(record, timestamp, self.start_offset);
                    if let Some(record) = records.iter().find(found) {
                        return Ok(Some((record.offset, record.timestamp, head.leader_epoch)));
                    }
                }
                position += head.size;
            }
        }
        Ok(None)
    }

    /// The record with the greatest timestamp (ListOffsets -3): (offset, timestamp, leader epoch). The first of several.
    pub fn max_timestamp(&self, disk: &Disk) -> Result<Option<(i64, i64, i32)>, LogError> {
        let greatest = self.segments.iter().map(|segment| segment.max_timestamp).max().unwrap_or(-1);
        if greatest < 0 { Ok(None) } else { self.offset_for_timestamp(disk, greatest) }
    }
}

fn matches(record: &super::super::wire::batch::Record, timestamp: i64, start: i64) -> bool {
    record.timestamp >= timestamp && record.offset >= start
}
