//! Record batches, format v2 (`DefaultRecordBatch`): read in place, built once by the producer, patched by the leader
//! in the 12 bytes that the CRC does not cover.

use super::compression::{Compression, CompressionError};
use bytes::Bytes;
use std::ops::Range;

/// Bytes of the batch header, up to and including the record count.
pub const HEADER_BYTES: u32 = 61;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BatchError {
    #[error("{have} bytes left, a batch needs {need}")]
    Truncated { have: u64, need: u64 },
    #[error("magic {0}: only format v2 is read")]
    Magic(i8),
    #[error("batch length {0} is impossible")]
    Length(i32),
    #[error("CRC is {computed:#010x}, the batch says {stored:#010x}")]
    Crc { stored: u32, computed: u32 },
    #[error("record {index} is malformed: {why}")]
    Record { index: u32, why: &'static str },
    #[error(transparent)]
    Compression(#[from] CompressionError),
}

/// One batch, in place: the bytes as they came. Cloning shares them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    bytes: Bytes,
}

/// A header field by name and byte range, for those who show bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: &'static str,
    pub bytes: Range<u32>,
    pub value: i64,
}

/// One record. `bytes` is its range within the batch's *uncompressed* records section plus `HEADER_BYTES`
/// (equal to its range in the batch when the batch is not compressed).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub offset: i64,
    /// Milliseconds since the Unix epoch. With LogAppendTime it is the batch's max timestamp.
    pub timestamp: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    pub attributes: i8,
    pub bytes: Range<u32>,
}

impl Batch {
    /// Takes the first batch off `bytes` (advancing it), checking length and magic but not the CRC.
    pub fn split_first(_bytes: &mut Bytes) -> Result<Self, BatchError> {
        todo!()
    }

    /// The batch's own bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub fn check_crc(&self) -> Result<(), BatchError> {
        todo!()
    }

    pub fn size(&self) -> u32 {
        self.bytes.len() as u32
    }

    pub fn base_offset(&self) -> i64 {
        todo!()
    }
    pub fn last_offset(&self) -> i64 {
        todo!()
    }
    pub fn last_offset_delta(&self) -> i32 {
        todo!()
    }
    pub fn partition_leader_epoch(&self) -> i32 {
        todo!()
    }
    pub fn crc(&self) -> u32 {
        todo!()
    }
    pub fn attributes(&self) -> i16 {
        todo!()
    }
    pub fn base_timestamp(&self) -> i64 {
        todo!()
    }
    pub fn max_timestamp(&self) -> i64 {
        todo!()
    }
    pub fn producer_id(&self) -> i64 {
        todo!()
    }
    pub fn producer_epoch(&self) -> i16 {
        todo!()
    }
    /// -1 when the producer is not idempotent.
    pub fn base_sequence(&self) -> i32 {
        todo!()
    }
    /// `base_sequence + last_offset_delta`, wrapping 2147483647 → 0; -1 without a sequence.
    pub fn last_sequence(&self) -> i32 {
        todo!()
    }
    pub fn record_count(&self) -> i32 {
        todo!()
    }
    pub fn compression(&self) -> Result<Compression, CompressionError> {
        todo!()
    }
    pub fn is_log_append_time(&self) -> bool {
        todo!()
    }
    pub fn is_transactional(&self) -> bool {
        todo!()
    }
    pub fn is_control(&self) -> bool {
        todo!()
    }

    /// Every header field with its name in Kafka's schema, range and value.
    pub fn fields(&self) -> Vec<Field> {
        todo!()
    }

    /// All records, decompressed. Checks every length against what is there; `record_count` is not trusted for allocation.
    pub fn records(&self) -> Result<Vec<Record>, BatchError> {
        todo!()
    }

    /// The same batch at another place of the log: base offset and leader epoch patched, nothing else (both outside the CRC).
    #[must_use]
    pub fn with_offset(&self, _base_offset: i64, _leader_epoch: i32) -> Self {
        todo!()
    }

    /// For `message.timestamp.type=LogAppendTime`: attribute bit 3 and max timestamp set, CRC made anew.
    #[must_use]
    pub fn with_log_append_time(&self, _timestamp: i64) -> Self {
        todo!()
    }
}

/// All batches of a buffer, in order; a truncated last batch (as Fetch may return) ends it without an error.
pub fn batches(mut bytes: Bytes) -> impl Iterator<Item = Result<Batch, BatchError>> {
    let mut done = false;
    std::iter::from_fn(move || {
        if done || bytes.is_empty() {
            return None;
        }
        match Batch::split_first(&mut bytes) {
            Ok(batch) => Some(Ok(batch)),
            Err(BatchError::Truncated { .. }) => None,
            Err(error) => {
                done = true;
                Some(Err(error))
            }
        }
    })
}

/// What a batch's header says about its producer and kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchOptions {
    pub compression: Compression,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub transactional: bool,
    pub control: bool,
    pub partition_leader_epoch: i32,
    pub base_offset: i64,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            transactional: false,
            control: false,
            partition_leader_epoch: -1,
            base_offset: 0,
        }
    }
}

/// Builds one batch, record by record, byte for byte as Kafka's `MemoryRecordsBuilder` does.
#[derive(Clone, Debug)]
pub struct BatchBuilder {}

impl BatchBuilder {
    pub fn new(_options: BatchOptions) -> Self {
        todo!()
    }

    pub fn push(&mut self, _timestamp: i64, _key: Option<&[u8]>, _value: Option<&[u8]>, _headers: &[(Bytes, Option<Bytes>)]) {
        todo!()
    }

    pub fn record_count(&self) -> u32 {
        todo!()
    }

    /// Bytes that the batch has so far, uncompressed, header included.
    pub fn size(&self) -> u32 {
        todo!()
    }

    pub fn build(self) -> Batch {
        todo!()
    }
}
