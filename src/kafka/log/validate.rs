//! The checks that a batch passes before a leader assigns offsets to it (`UnifiedLog.analyzeAndValidateRecords`, `LogValidator`):
//! one pass over its header, and one over its records.

use super::super::config::TopicCompression;
use super::super::wire::batch::{Batch, BatchError};
use super::super::wire::compression::{Compression, CompressionError};
use super::super::wire::error::ErrorCode;
use super::super::wire::skim::{Skimmed, skim};
use super::{LogConfig, LogError, RecordError, refused};
use crate::kafka::marks::mark;

fn invalid(why: impl Into<String>) -> LogError {
    refused(ErrorCode::InvalidRecord, why)
}

/// A batch that passed.
pub(super) struct Checked {
    /// The batch as it is to be stored, where `compression.type` wants another codec than it came with.
    pub(super) recompressed: Option<Batch>,
    /// Milliseconds; -1: no record has a time.
    pub(super) max_timestamp: i64,
}

/// `dir`: the partition's name. `now`: milliseconds since the Unix epoch.
pub(super) fn check(batch: &Batch, config: &LogConfig, dir: &str, now: i64, from_client: bool) -> Result<Checked, LogError> {
    check_header(batch, config, from_client)?;
    // The broker's own batches were built, not received: their records need no second look.
    if !from_client || config.records_unchecked {
        return Ok(Checked { recompressed: None, max_timestamp: batch.max_timestamp() });
    }
    let source = batch.compression().map_err(unreadable)?;
    let target = match config.compression {
        TopicCompression::Producer => source,
        TopicCompression::Of(codec) => codec,
    };
    let rules = Rules { config, dir, now, batch, in_place: source == target };
    let section = batch.records_section().map_err(|error| match error {
        BatchError::Compression(error) => unreadable(error),
        error => error.into(),
    })?;
    let walked = rules.walk(&section)?;
    if source != Compression::None && source == target && !walked.consecutive {
        // Kafka would build it anew, from records that it has stepped over without reading them.
        return Err(refused(ErrorCode::UnknownServerError, "offsets of a compressed batch do not follow one another"));
    }
    let recompressed = if source == target {
        None
    } else {
        mark!(BatchRecompressed);
        Some(batch.recompressed(target, config.compression_gzip_level)?)
    };
    check_size(recompressed.as_ref().unwrap_or(batch), config)?;
    Ok(Checked { recompressed, max_timestamp: walked.max_timestamp })
}

fn check_size(batch: &Batch, config: &LogConfig) -> Result<(), LogError> {
    if i64::from(batch.size()) <= i64::from(config.max_message_bytes) {
        return Ok(());
    }
    mark!(BatchTooLarge);
    let why = format!("the batch has {} bytes, max.message.bytes is {}", batch.size(), config.max_message_bytes);
    Err(refused(ErrorCode::MessageTooLarge, why))
}

fn check_header(batch: &Batch, config: &LogConfig, from_client: bool) -> Result<(), LogError> {
    if from_client && batch.base_offset() != 0 {
        return Err(invalid(format!("a produced batch starts at offset 0, this one at {}", batch.base_offset())));
    }
    check_size(batch, config)?;
    if from_client {
        batch.check_crc().map_err(|error| refused(ErrorCode::CorruptMessage, error.to_string()))?;
        if batch.is_control() {
            return Err(invalid("clients may not write control batches"));
        }
        if batch.producer_id() >= 0 && batch.base_sequence() < 0 {
            return Err(invalid(format!("producer id {} comes without a sequence", batch.producer_id())));
        }
    }
    let count = batch.record_count();
    if count <= 0 {
        return Err(invalid("the batch has no records"));
    }
    if batch.last_offset_delta() != count - 1 {
        return Err(invalid(format!("the last offset delta is {}, but {count} records are declared", batch.last_offset_delta())));
    }
    Ok(())
}

/// Kafka has no error code for a codec that does not exist or data that does not decompress. What would not fit into
/// [`MAX_UNCOMPRESSED_BYTES`](super::super::wire::batch::MAX_UNCOMPRESSED_BYTES) is too large, which a producer can mend.
fn unreadable(error: CompressionError) -> LogError {
    let code = match error {
        CompressionError::TooLarge { .. } => ErrorCode::MessageTooLarge,
        CompressionError::UnknownCodec(_) | CompressionError::Corrupt { .. } => ErrorCode::UnknownServerError,
    };
    refused(code, error.to_string())
}

/// What the records of one batch are held to.
struct Rules<'a> {
    config: &'a LogConfig,
    dir: &'a str,
    now: i64,
    batch: &'a Batch,
    /// Its records are stored as they came.
    in_place: bool,
}

/// What a pass over all records found.
struct Walked {
    max_timestamp: i64,
    /// Their offset deltas are 0, 1, 2 and so on.
    consecutive: bool,
}

impl Rules<'_> {
    /// Steps over the records, which take all of `rest`. Nothing is allocated unless a record is bad.
    fn walk(&self, mut rest: &[u8]) -> Result<Walked, LogError> {
        let count = self.batch.record_count();
        let base_timestamp = self.batch.base_timestamp();
        // As Kafka reads records under LogAppendTime: all have the batch's time.
        let one_time = self.batch.is_log_append_time().then(|| self.batch.max_timestamp());
        let mut walked = Walked { max_timestamp: -1, consecutive: true };
        let mut errors = Vec::new();
        let mut code = ErrorCode::InvalidRecord;
        for index in 0..count {
            let record = skim(&mut rest).ok_or_else(|| invalid(format!("record {index} of {count} is malformed")))?;
            let timestamp = one_time.unwrap_or(base_timestamp.wrapping_add(record.timestamp_delta));
            walked.consecutive &= record.offset_delta == index;
            walked.max_timestamp = walked.max_timestamp.max(timestamp);
            if let Some((of, message)) = self.fault(&record, timestamp) {
                if of == ErrorCode::InvalidTimestamp {
                    code = of;
                }
                errors.push(RecordError { index, message });
            }
        }
        if !rest.is_empty() {
            return Err(invalid(format!("{} bytes follow the last of {count} records", rest.len())));
        }
        if errors.is_empty() {
            return Ok(walked);
        }
        mark!(RecordRefused);
        Err(LogError::Records { code, errors })
    }

    /// What is wrong with a record, in Kafka's words, which clients show.
    fn fault(&self, record: &Skimmed, timestamp: i64) -> Option<(ErrorCode, String)> {
        if self.config.compact && record.key_size < 0 {
            let message = format!("Compacted topic cannot accept message without key in topic partition {}", self.dir);
            return Some((ErrorCode::InvalidRecord, message));
        }
        let before = self.config.message_timestamp_before_max_ms;
        let after = self.config.message_timestamp_after_max_ms;
        let message = if !self.config.log_append_time && timestamp != -1 {
            let age = self.now.wrapping_sub(timestamp);
            if age <= before && age.wrapping_neg() <= after {
                return None;
            }
            format!(
                "Timestamp {timestamp} of message with offset {} is out of range. The timestamp should be within [{}, {}]",
                record.offset_delta,
                self.now.wrapping_sub(before),
                self.now.wrapping_add(after)
            )
        } else if self.batch.is_log_append_time() {
            let kind =
                if self.in_place && self.batch.compression() != Ok(Compression::None) { "PartialDefaultRecord" } else { "DefaultRecord" };
            format!(
                "Invalid timestamp type in message {kind}(offset={}, timestamp={timestamp}, key={} bytes, value={} bytes). \
                 Producer should not set timestamp type to LogAppendTime.",
                record.offset_delta,
                record.key_size.max(0),
                record.value_size.max(0)
            )
        } else {
            return None;
        };
        Some((ErrorCode::InvalidTimestamp, message))
    }
}
