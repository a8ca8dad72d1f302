//! The partition log: segments with offset and time indexes, leader epochs, producer state, recovery.
//! Kafka's `UnifiedLog`, `LogSegment`, `OffsetIndex`, `TimeIndex`, `ProducerStateManager`, over a [`Disk`].

mod aborted;
mod append;
mod checkpoint;
mod epochs;
mod head;
mod index;
mod producer_state;
mod read;
mod recovery;
mod retention;
mod segment;
mod validate;

use super::config::{BrokerConfig, TimestampType, TopicCompression, TopicConfig};
use super::disk::{Disk, DiskError};
use super::wire::batch::BatchError;
use super::wire::error::ErrorCode;
pub use aborted::AbortedTransaction;
pub use checkpoint::{read_checkpoint, whole};
use epochs::Epochs;
pub use producer_state::ActiveProducer;
use producer_state::Producers;
use segment::{Segment, path};
use std::sync::Arc;

const EPOCHS_FILE: &str = "leader-epoch-checkpoint";

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
    pub compression: TopicCompression,
    /// `compression.gzip.level`, when it is not left to the codec.
    pub compression_gzip_level: Option<u32>,
    /// `flush.messages`: records between forced flushes.
    pub flush_messages: i64,
    /// `flush.ms`: how long records may stay unflushed, as the broker looks for it.
    pub flush_ms: i64,
    /// `file.delete.delay.ms`.
    pub file_delete_delay_ms: i64,
    /// `segment.jitter.ms`, and what it is drawn by: the node.
    pub segment_jitter_ms: i64,
    pub jitter_seed: u64,
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
    /// `transaction.partition.verification.enable`: a transaction begins in a partition only when its coordinator knows of it.
    pub transaction_verification: bool,
    /// A planted bug: sequence numbers are not looked at.
    pub sequences_unchecked: bool,
    /// A planted bug: records are not looked into.
    pub records_unchecked: bool,
    /// A planted bug: open and aborted transactions are read like committed ones.
    pub transactions_ignored: bool,
}

impl LogConfig {
    /// For a topic on a broker with these configs.
    pub fn new(broker: &BrokerConfig, topic: &TopicConfig) -> Self {
        Self {
            segment_bytes: topic.internal_segment_bytes.unwrap_or(topic.segment_bytes),
            segment_ms: topic.segment_ms,
            segment_index_bytes: topic.segment_index_bytes,
            index_interval_bytes: topic.index_interval_bytes,
            max_message_bytes: topic.max_message_bytes,
            retention_ms: topic.retention_ms,
            retention_bytes: topic.retention_bytes,
            log_append_time: topic.message_timestamp_type == TimestampType::LogAppendTime,
            message_timestamp_after_max_ms: topic.message_timestamp_after_max_ms,
            message_timestamp_before_max_ms: topic.message_timestamp_before_max_ms,
            compact: topic.cleanup_policy.compact,
            compression: topic.compression_type,
            compression_gzip_level: u32::try_from(topic.compression_gzip_level).ok(),
            flush_messages: topic.flush_messages,
            flush_ms: topic.flush_ms,
            file_delete_delay_ms: topic.file_delete_delay_ms,
            segment_jitter_ms: topic.segment_jitter_ms,
            jitter_seed: broker.node_id.unsigned_abs().into(),
            producer_id_expiration_ms: broker.producer_id_expiration_ms,
            transaction_verification: broker.transaction_partition_verification_enable,
            sequences_unchecked: false,
            records_unchecked: false,
            transactions_ignored: false,
        }
    }
}

/// Kafka's defaults.
impl Default for LogConfig {
    fn default() -> Self {
        Self::new(&BrokerConfig::default(), &TopicConfig::default())
    }
}

/// A refused append or read, with Kafka's code.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{message}")]
    Refused { code: ErrorCode, message: String },
    /// The batch is rejected because of some of its records (KIP-467). There is one at least.
    #[error("{}", RecordError::summary(*code, errors))]
    Records { code: ErrorCode, errors: Vec<RecordError> },
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("offset {offset} is outside [{start}, {end}]")]
    OffsetOutOfRange { offset: i64, start: i64, end: i64 },
}

/// A record because of which its batch is rejected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordError {
    /// In the batch, from 0.
    pub index: i32,
    pub message: String,
}

impl RecordError {
    /// Kafka's sentence about all of them (`LogValidator.processRecordErrors`).
    fn summary(code: ErrorCode, errors: &[Self]) -> String {
        if code == ErrorCode::InvalidTimestamp {
            return "One or more records have been rejected due to invalid timestamp".into();
        }
        let shown = errors.iter().take(3).map(|error| format!("RecordError(batchIndex={}, message='{}')", error.index, error.message));
        format!(
            "One or more records have been rejected due to {} record errors in total, and only showing the first three errors at most: [{}]",
            errors.len(),
            shown.collect::<Vec<_>>().join(", ")
        )
    }
}

impl LogError {
    /// The error code of a response.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused { code, .. } | Self::Records { code, .. } => *code,
            // As Kafka 4.1 answers: an older magic and records that do not parse are INVALID_RECORD, the rest CORRUPT_MESSAGE.
            Self::Batch(BatchError::Magic(_) | BatchError::Record { .. } | BatchError::Compression(_)) => ErrorCode::InvalidRecord,
            Self::Batch(_) => ErrorCode::CorruptMessage,
            Self::Disk(_) => ErrorCode::KafkaStorageError,
            Self::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        }
    }
}

fn refused(code: ErrorCode, message: impl Into<String>) -> LogError {
    LogError::Refused { code, message: message.into() }
}

/// Where appended records went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    pub base_offset: i64,
    pub last_offset: i64,
    /// -1 with CreateTime, the append time with LogAppendTime.
    pub log_append_time: i64,
    /// The batch repeats one of the producer's last five: nothing was appended, and the offsets are those of the first append.
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
    /// What else was damaged and dropped, in Kafka's words.
    pub dropped: Vec<String>,
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
///
/// Opening is in `recovery`, appending in `append`, reading in `read`, deletion of old segments in `retention`.
#[derive(Clone, Debug)]
pub struct Log {
    dir: Arc<str>,
    config: LogConfig,
    /// In order of base offsets; never empty, the last one is the active segment.
    segments: Vec<Arc<Segment>>,
    start_offset: i64,
    end_offset: i64,
    /// Everything below is flushed.
    recovery_point: i64,
    epochs: Epochs,
    producers: Producers,
    /// Files of deleted segments, renamed: the owner removes them after `file.delete.delay.ms`.
    doomed: Vec<String>,
}

impl Log {
    pub fn dir(&self) -> &str {
        &self.dir
    }

    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    pub fn set_config(&mut self, config: LogConfig) {
        self.config = config;
    }

    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// Files that are to be removed after `file.delete.delay.ms`.
    pub fn take_doomed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.doomed)
    }

    /// LEO: the offset that the next record gets.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// All offsets below it are flushed and survive a power loss.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// The idempotent producers that the log knows, by id.
    pub fn active_producers(&self) -> impl Iterator<Item = ActiveProducer> + '_ {
        self.producers.active()
    }

    /// First offset of each open transaction and its producer's id, in the log's order.
    pub fn open_transactions(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.producers.open_transactions()
    }

    /// Up to where a read_committed consumer reads: the first record of the oldest transaction that is open, or whose end is not
    /// committed yet; else the high watermark (`UnifiedLog.fetchLastStableOffsetMetadata`).
    pub fn last_stable_offset(&self, high_watermark: i64) -> i64 {
        if self.config.transactions_ignored {
            return high_watermark;
        }
        let first = self.producers.first_unstable(high_watermark).map(|first| first.max(self.start_offset));
        first.map_or(high_watermark, |first| first.min(high_watermark))
    }

    /// All below it is committed: the transactions that ended there are no longer looked at for the last stable offset.
    pub fn handle_high_watermark(&mut self, high_watermark: i64) {
        self.producers.committed(high_watermark);
    }

    /// Whether the producer's transaction has begun in this partition, in this epoch.
    pub fn in_transaction(&self, producer_id: i64, epoch: i16) -> bool {
        self.producers.in_transaction(producer_id, epoch)
    }

    /// A transaction that has not begun here is to be verified (KIP-890) before [`Log::append`] takes its first batch, which begins with
    /// `sequence`; -1 for the coordinator's own. `bumps`: the client gets a new epoch with each transaction, and begins it with sequence 0.
    pub fn begin_verification(&mut self, producer_id: i64, epoch: i16, sequence: i32, bumps: bool) {
        self.producers.begin_verification(producer_id, epoch, sequence, bumps);
    }

    /// Whether the producer's epoch is older than one that was seen here.
    pub fn is_fenced(&self, producer_id: i64, epoch: i16) -> bool {
        !self.config.sequences_unchecked && self.producers.is_fenced(producer_id, epoch)
    }

    /// The coordinator of the transaction knows this partition.
    pub fn verified(&mut self, producer_id: i64, epoch: i16) {
        self.producers.verified(producer_id, epoch);
    }

    /// DeleteRecords; `offset` ≤ high watermark is the caller's to check. Segments below it go with the next retention.
    pub fn advance_start_offset(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset > self.end_offset {
            return Err(LogError::OffsetOutOfRange { offset, start: self.start_offset, end: self.end_offset });
        }
        if offset > self.start_offset {
            self.start_offset = offset;
            if self.epochs.truncate_from_start(offset) {
                self.write_epochs(disk)?;
            }
        }
        Ok(())
    }

    /// Removes everything from `offset` on. A batch that contains `offset` is removed whole, so the log may end below it.
    /// An offset below the first segment empties the log and starts it there.
    pub fn truncate_to(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        if offset >= self.end_offset {
            // An epoch may begin at the end: its leader appended nothing before another was elected.
            return if self.epochs.truncate_from_end(self.end_offset) { self.write_epochs(disk) } else { Ok(()) };
        }
        if self.segments.first().is_none_or(|first| offset < first.base_offset) {
            return self.truncate_fully_and_start_at(disk, offset);
        }
        while self.segments.len() > 1
            && let Some(last) = self.segments.pop_if(|last| last.base_offset > offset)
        {
            last.remove(disk, &self.dir);
        }
        let mut end = offset;
        if let Some(active) = self.segments.last_mut() {
            end = Arc::make_mut(active).truncate(disk, offset)?;
        }
        self.end_offset = end;
        self.start_offset = self.start_offset.min(end);
        self.recovery_point = self.recovery_point.min(end);
        if self.epochs.truncate_from_end(end) {
            self.write_epochs(disk)?;
        }
        self.load_producers(disk, None).map(drop)
    }

    /// Empties the log; the next record gets `offset`. A follower does this when it lacks records that its leader has already deleted.
    pub fn truncate_fully_and_start_at(&mut self, disk: &mut Disk, offset: i64) -> Result<(), LogError> {
        let created = self.segments.last().map_or(0, |last| last.created);
        for segment in self.segments.drain(..) {
            segment.remove(disk, &self.dir);
        }
        for snapshot in recovery::numbered(disk, &self.dir, ".snapshot") {
            disk.remove(&path(&self.dir, snapshot, "snapshot"));
        }
        self.segments.push(Arc::new(Segment::create(disk, &self.dir, offset, created)?));
        (self.start_offset, self.end_offset, self.recovery_point) = (offset, offset, offset);
        self.producers = Producers::empty_at(offset);
        self.epochs.clear();
        self.write_epochs(disk)
    }

    /// A leader's epoch begins at `offset`, its log end, even when nothing is appended in it.
    pub fn assign_epoch(&mut self, disk: &mut Disk, epoch: i32, offset: i64) -> Result<(), LogError> {
        if self.epochs.assign(epoch, offset) { self.write_epochs(disk) } else { Ok(()) }
    }

    fn write_epochs(&self, disk: &mut Disk) -> Result<(), LogError> {
        Ok(disk.replace(&format!("{}/{EPOCHS_FILE}", self.dir), self.epochs.checkpoint())?)
    }

    /// The leader epoch of `offset`'s batch, and the latest epoch (-1 when there is none).
    pub fn epoch_of(&self, offset: i64) -> i32 {
        self.epochs.of(offset)
    }

    pub fn latest_epoch(&self) -> i32 {
        self.epochs.latest()
    }

    /// Leader epochs and where each begins.
    pub fn epochs(&self) -> Vec<(i32, i64)> {
        self.epochs.entries.clone()
    }

    /// OffsetForLeaderEpoch: (epoch found, its end offset), as `LeaderEpochFileCache.endOffsetFor`; (-1, -1) for an epoch
    /// that this log does not know.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64) {
        self.epochs.end_offset_for(epoch, self.end_offset)
    }

    pub fn segments(&self) -> Vec<SegmentInfo> {
        self.segments.iter().map(|segment| segment.info()).collect()
    }

    /// Bytes of all segments' `.log` files.
    pub fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Flushes everything up to the end; returns the new recovery point.
    pub fn flush(&mut self, disk: &mut Disk) -> Result<i64, LogError> {
        self.write_back(disk)?;
        self.recovery_point = self.end_offset;
        Ok(self.recovery_point)
    }

    /// What the operating system does in its own time: all that is written reaches the disk. The log does not hear of it, and its recovery
    /// point stays.
    pub fn write_back(&self, disk: &mut Disk) -> Result<(), LogError> {
        let unflushed = self.segments.partition_point(|segment| segment.base_offset <= self.recovery_point).saturating_sub(1);
        for segment in self.segments.iter().skip(unflushed) {
            segment.flush(disk)?;
        }
        Ok(())
    }

    /// Writes the index tails and the producer snapshot, and flushes, for a clean shutdown.
    pub fn close(&mut self, disk: &mut Disk) -> Result<(), LogError> {
        if let Some(active) = self.segments.last_mut() {
            Arc::make_mut(active).seal(disk)?;
        }
        self.snapshot_producers(disk)?;
        self.flush(disk)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_transactions;
#[cfg(test)]
mod tests_validate;
