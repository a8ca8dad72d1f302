//! Deleting old segments (`UnifiedLog.deleteOldSegments`): below the log start, beyond the size, beyond the time.

use super::super::disk::Disk;
use super::super::time::Time;
use super::segment::Segment;
use super::{Log, LogError, SegmentInfo};
use crate::kafka::marks::mark;

impl Log {
    /// Deletes segments by time, size and start offset (KAFKA.md 3.10), never past `high_watermark`. Returns what went.
    /// Their files are renamed ([`Log::take_doomed`]). Expired producers are forgotten too. A topic that is only compacted has both
    /// limits at -1.
    pub fn apply_retention(&mut self, disk: &mut Disk, now: Time, high_watermark: i64) -> Result<Vec<SegmentInfo>, LogError> {
        let now = now.millis();
        self.producers.expire(now, self.config.producer_id_expiration_ms);
        let start = self.start_offset;
        let mut gone = self.delete_oldest(disk, now, high_watermark, |_, next| next.is_some_and(|base| base <= start))?;
        if !gone.is_empty() {
            mark!(RetentionByStart);
        }
        if let Ok(limit) = u64::try_from(self.config.retention_bytes) {
            let before = gone.len();
            let mut beyond = self.size().checked_sub(limit);
            gone.extend(self.delete_oldest(disk, now, high_watermark, |segment, _| {
                beyond = beyond.and_then(|bytes| bytes.checked_sub(segment.size));
                beyond.is_some()
            })?);
            if gone.len() > before {
                mark!(RetentionBySize);
            }
        }
        let limit = self.config.retention_ms;
        if limit >= 0 {
            let before = gone.len();
            gone.extend(self.delete_oldest(disk, now, high_watermark, |segment, _| {
                let youngest = if segment.max_timestamp >= 0 { segment.max_timestamp } else { segment.created };
                now.saturating_sub(youngest) > limit
            })?);
            if gone.len() > before {
                mark!(RetentionByTime);
            }
        }
        Ok(gone)
    }

    /// Deletes segments from the oldest on, while `deletable(segment, base offset of the next segment)` is true.
    fn delete_oldest(
        &mut self,
        disk: &mut Disk,
        now: i64,
        high_watermark: i64,
        mut deletable: impl FnMut(&Segment, Option<i64>) -> bool,
    ) -> Result<Vec<SegmentInfo>, LogError> {
        let mut count = 0;
        for (i, segment) in self.segments.iter().enumerate() {
            let next = self.segments.get(i + 1).map(|next| next.base_offset);
            let last_and_empty = next.is_none() && segment.size == 0;
            if high_watermark < next.unwrap_or(self.end_offset) || last_and_empty || !deletable(segment, next) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        if count == self.segments.len() {
            self.roll(disk, now, self.end_offset)?;
        }
        let gone: Vec<_> = self.segments.drain(..count).collect();
        gone.iter().for_each(|segment| self.doomed.extend(segment.doom(disk, &self.dir)));
        if let Some(first) = self.segments.first().map(|segment| segment.base_offset) {
            self.advance_start_offset(disk, first)?;
        }
        Ok(gone.iter().map(|segment| segment.info()).collect())
    }
}
