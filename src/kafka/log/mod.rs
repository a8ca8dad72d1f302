//! The partition log: segments with offset and time indexes, leader epochs, producer state, recovery.
//! Kafka's `UnifiedLog`, `LogSegment`, `OffsetIndex`, `TimeIndex`, `ProducerStateManager`, over a [`Disk`].

use super::disk::{Disk, DiskError};
use super::time::Time;
use super::wire::batch::{Batch, BatchError};
use super::wire::error::ErrorCode;
use bytes::Bytes;

/// The topic's configs that the log reads, in Kafka's units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    pub segment_bytes: i32,
    pub segment_ms: i64,
    pub segment_index_bytes: i32,
    pub index_interval_bytes: i32,
    pub max_message_bytes: i32,
    pub retention_ms: i64,
    pub retention_bytes: i64,
    pub log_append_time: bool,
    pub message_timestamp_after_max_ms: i64,
    pub message_timestamp_before_max_ms: i64,
    /// `cleanup.policy` contains `compact`.
    pub compact: bool,
    /// `flush.messages`: records between forced flushes.
    pub flush_messages: i64,
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1_073_741_824,
            segment_ms: 604_800_000,
            segment_index_bytes: 10_485_760,
            index_interval_bytes: 4096,
            max_message_bytes: 1_048_588,
            retention_ms: 604_800_000,
            retention_bytes: -1,
            log_append_time: false,
            message_timestamp_after_max_ms: 3_600_000,
            message_timestamp_before_max_ms: i64::MAX,
            compact: false,
            flush_messages: i64::MAX,
            producer_id_expiration_ms: 86_400_000,
        }
    }
}

/// A refused append or read, with Kafka's code.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{message}")]
    Refused { code: ErrorCode, message: String },
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("offset {offset} is outside [{start}, {end}]")]
    OffsetOutOfRange { offset: i64, start: i64, end: i64 },
}

impl LogError {
    /// What a response carries for it.
    pub fn code(&self) -> ErrorCode {
        todo!()
    }
}

/// Where appended records went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    pub base_offset: i64,
    pub last_offset: i64,
    /// -1 with CreateTime, the append time with LogAppendTime.
    pub log_append_time: i64,
    /// The batch was one of the producer's last five: nothing was appended, the offsets are the first append's.
    pub duplicate: bool,
    /// A new segment was begun for it.
    pub rolled: bool,
}

/// What opening a log found and cut. `Display` is the line that the broker's log prints.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    pub segments: u32,
    pub batches_checked: u64,
    pub indexes_rebuilt: u32,
    /// File, bytes cut off its end, and why. Empty when the log was whole.
    pub cut: Vec<Cut>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    pub file: String,
    pub position: u64,
    pub bytes: u64,
    pub why: String,
}

/// A segment as the page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentInfo {
    pub base_offset: i64,
    pub size: u64,
    pub max_timestamp: i64,
}

/// One partition's log. All its bytes are in files under `dir` ("orders-0") of the disk handed to each call.
#[derive(Clone, Debug)]
pub struct Log {}

impl Log {
    /// Opens the log in `dir`, making it when there is none. `clean`: the broker shut down cleanly, so only the indexes'
    /// sanity is checked; otherwise the segments from `recovery_point` on are read whole, a torn or corrupt tail is cut at
    /// the last valid batch, and indexes and producer state are rebuilt.
    pub fn open(
        _disk: &mut Disk,
        _dir: &str,
        _config: LogConfig,
        _now: Time,
        _clean: bool,
        _recovery_point: i64,
    ) -> Result<(Self, Recovery), LogError> {
        todo!()
    }

    pub fn dir(&self) -> &str {
        todo!()
    }

    pub fn config(&self) -> &LogConfig {
        todo!()
    }

    pub fn set_config(&mut self, _config: LogConfig) {
        todo!()
    }

    /// As leader: validates (CRC, size, timestamps, sequence checks of idempotent producers: KAFKA.md 3.2, 3.3), gives offsets,
    /// patches the leader epoch, rolls when due. `from_client` is false for the broker's own batches (coordinator, control).
    pub fn append(&mut self, _disk: &mut Disk, _now: Time, _batch: &Batch, _leader_epoch: i32, _from_client: bool) -> Result<Appended, LogError> {
        todo!()
    }

    /// As follower: the leader's bytes as they came; offsets must go on from the end.
    pub fn append_as_follower(&mut self, _disk: &mut Disk, _now: Time, _batches: Bytes) -> Result<Appended, LogError> {
        todo!()
    }

    /// Whole batches from the one that holds `offset`, below `upper`, up to `max_bytes`; the first batch is returned whole
    /// even when larger, if `min_one`. Empty when `offset == upper`.
    pub fn read(&self, _disk: &Disk, _offset: i64, _upper: i64, _max_bytes: u32, _min_one: bool) -> Result<Bytes, LogError> {
        todo!()
    }

    /// Bytes in `[offset, upper)`, for `fetch.min.bytes`, without reading them.
    pub fn bytes_between(&self, _disk: &Disk, _offset: i64, _upper: i64) -> u64 {
        todo!()
    }

    /// The first record with a timestamp ≥ `timestamp`: (offset, its timestamp, leader epoch).
    pub fn offset_for_timestamp(&self, _disk: &Disk, _timestamp: i64) -> Result<Option<(i64, i64, i32)>, LogError> {
        todo!()
    }

    /// The record with the greatest timestamp (ListOffsets -3): (offset, timestamp, leader epoch).
    pub fn max_timestamp(&self, _disk: &Disk) -> Result<Option<(i64, i64, i32)>, LogError> {
        todo!()
    }

    pub fn start_offset(&self) -> i64 {
        todo!()
    }

    /// LEO: the offset that the next record gets.
    pub fn end_offset(&self) -> i64 {
        todo!()
    }

    /// DeleteRecords; `offset` ≤ high watermark is the caller's to check.
    pub fn advance_start_offset(&mut self, _disk: &mut Disk, _offset: i64) -> Result<(), LogError> {
        todo!()
    }

    /// Cuts everything from `offset` on.
    pub fn truncate_to(&mut self, _disk: &mut Disk, _offset: i64) -> Result<(), LogError> {
        todo!()
    }

    /// The leader epoch of `offset`'s batch, and the latest epoch (-1 when there is none).
    pub fn epoch_of(&self, _offset: i64) -> i32 {
        todo!()
    }

    pub fn latest_epoch(&self) -> i32 {
        todo!()
    }

    /// OffsetForLeaderEpoch: (epoch found, its end offset), as `LeaderEpochFileCache.endOffsetFor`.
    pub fn end_offset_for_epoch(&self, _epoch: i32) -> (i32, i64) {
        todo!()
    }

    pub fn segments(&self) -> Vec<SegmentInfo> {
        todo!()
    }

    /// Bytes of all segments' `.log` files.
    pub fn size(&self) -> u64 {
        todo!()
    }

    /// Flushes everything up to the end; returns the new recovery point.
    pub fn flush(&mut self, _disk: &mut Disk) -> Result<i64, LogError> {
        todo!()
    }

    /// Deletes segments by time, size and start offset (KAFKA.md 3.10), never past `high_watermark`. Returns what went.
    pub fn apply_retention(&mut self, _disk: &mut Disk, _now: Time, _high_watermark: i64) -> Result<Vec<SegmentInfo>, LogError> {
        todo!()
    }

    /// Writes index tails and the producer snapshot, flushes: what a clean shutdown leaves.
    pub fn close(&mut self, _disk: &mut Disk) -> Result<(), LogError> {
        todo!()
    }

    /// Deletes all files of the partition.
    pub fn delete(self, _disk: &mut Disk) {
        todo!()
    }
}
