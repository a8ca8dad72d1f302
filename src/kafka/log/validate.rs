//! The checks that a batch passes before a leader assigns offsets to it (`UnifiedLog.analyzeAndValidateRecords`, `LogValidator`).

use super::super::wire::batch::{Batch, HEADER_BYTES};
use super::super::wire::compression::Compression;
use super::super::wire::error::ErrorCode;
use super::{LogConfig, LogError, refused};

fn invalid(why: impl Into<String>) -> LogError {
    refused(ErrorCode::InvalidRecord, why)
}

/// `now`: milliseconds since the Unix epoch.
pub(super) fn check(batch: &Batch, config: &LogConfig, now: i64, from_client: bool) -> Result<(), LogError> {
    if from_client && batch.base_offset() != 0 {
        return Err(invalid(format!("a produced batch starts at offset 0, this one at {}", batch.base_offset())));
    }
    if i64::from(batch.size()) > i64::from(config.max_message_bytes) {
        let why = format!("the batch has {} bytes, max.message.bytes is {}", batch.size(), config.max_message_bytes);
        return Err(refused(ErrorCode::MessageTooLarge, why));
    }
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
    let compression = batch.compression().map_err(|error| invalid(error.to_string()))?;
    let bounds = Bounds::new(config, now);
    // The broker's own batches were built, not received: their records need no second look.
    if !from_client {
        return Ok(());
    }
    if compression == Compression::None {
        let records = batch.bytes().get(HEADER_BYTES as usize..).unwrap_or_default();
        return walk(records, count, batch.base_timestamp(), config.compact, bounds);
    }
    if let Some(bounds) = bounds {
        bounds.check(0, batch.max_timestamp())?;
    }
    if config.compact {
        let records = batch.records().map_err(|error| invalid(error.to_string()))?;
        if let Some(index) = (0..).zip(&records).find_map(|(index, record)| record.key.is_none().then_some(index)) {
            return Err(no_key(index));
        }
    }
    Ok(())
}

fn no_key(index: i32) -> LogError {
    LogError::Record { index, code: ErrorCode::InvalidRecord, message: "a compacted topic does not take records without a key".into() }
}

/// The timestamps that are accepted. Absent with LogAppendTime, where the broker writes its own.
#[derive(Clone, Copy)]
struct Bounds {
    earliest: i64,
    latest: i64,
}

impl Bounds {
    fn new(config: &LogConfig, now: i64) -> Option<Self> {
        let earliest = if config.message_timestamp_before_max_ms == i64::MAX {
            i64::MIN
        } else {
            now.saturating_sub(config.message_timestamp_before_max_ms)
        };
        let latest = now.saturating_add(config.message_timestamp_after_max_ms);
        (!config.log_append_time).then_some(Self { earliest, latest })
    }

    fn check(self, index: i32, timestamp: i64) -> Result<(), LogError> {
        // -1 is "no timestamp".
        if timestamp == -1 || (self.earliest..=self.latest).contains(&timestamp) {
            return Ok(());
        }
        let message = format!("timestamp {timestamp} is outside [{}, {}]", self.earliest, self.latest);
        Err(LogError::Record { index, code: ErrorCode::InvalidTimestamp, message })
    }
}

/// Steps over uncompressed records without allocating: every length must fit, and nothing may be left.
fn walk(mut rest: &[u8], count: i32, base_timestamp: i64, needs_key: bool, bounds: Option<Bounds>) -> Result<(), LogError> {
    for index in 0..count {
        let record = step(&mut rest).ok_or_else(|| invalid(format!("record {index} of {count} is malformed")))?;
        if needs_key && !record.has_key {
            return Err(no_key(index));
        }
        if let Some(bounds) = bounds {
            bounds.check(index, base_timestamp.saturating_add(record.timestamp_delta))?;
        }
    }
    if !rest.is_empty() {
        return Err(invalid(format!("{} bytes follow the last of {count} records", rest.len())));
    }
    Ok(())
}

struct Step {
    timestamp_delta: i64,
    has_key: bool,
}

fn step(rest: &mut &[u8]) -> Option<Step> {
    let length = u32::try_from(varint(rest)?).ok()?;
    let (mut body, after) = rest.split_at_checked(length as usize)?;
    *rest = after;
    let (_attributes, tail) = body.split_first()?;
    body = tail;
    let timestamp_delta = varint(&mut body)?;
    let _offset_delta = varint(&mut body)?;
    let has_key = skip(&mut body, true)?;
    skip(&mut body, true)?;
    for _ in 0..u32::try_from(varint(&mut body)?).ok()? {
        skip(&mut body, false)?;
        skip(&mut body, true)?;
    }
    body.is_empty().then_some(Step { timestamp_delta, has_key })
}

/// Over a length and its bytes; whether they are there (-1 is null).
fn skip(body: &mut &[u8], nullable: bool) -> Option<bool> {
    match varint(body)? {
        -1 if nullable => Some(false),
        length => {
            *body = body.get(u32::try_from(length).ok()? as usize..)?;
            Some(true)
        }
    }
}

/// A zigzag varint of at most ten bytes.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}
