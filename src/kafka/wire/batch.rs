//! Record batches, format v2 (`DefaultRecordBatch`): read in place, built once by the producer, patched by the leader
//! in the 12 bytes that the CRC does not cover.

use super::compression::{Compression, CompressionError};
use super::crc32c::crc32c;
use bytes::{Bytes, BytesMut};
use std::ops::Range;

pub use super::batch_builder::{BatchBuilder, BatchOptions};
pub use super::record::{RawRecord, Records};

/// Bytes of the batch header, up to and including the record count.
pub const HEADER_BYTES: u32 = 61;

/// The most bytes that the records of one batch may decompress to.
pub const MAX_UNCOMPRESSED_BYTES: u64 = 104_857_600;

/// Where the header's fields begin.
pub(super) mod at {
    pub const LENGTH: usize = 8;
    pub const LEADER_EPOCH: usize = 12;
    pub const MAGIC: usize = 16;
    pub const CRC: usize = 17;
    pub const ATTRIBUTES: usize = 21;
    pub const LAST_OFFSET_DELTA: usize = 23;
    pub const BASE_TIMESTAMP: usize = 27;
    pub const MAX_TIMESTAMP: usize = 35;
    pub const PRODUCER_ID: usize = 43;
    pub const PRODUCER_EPOCH: usize = 51;
    pub const BASE_SEQUENCE: usize = 53;
    pub const RECORD_COUNT: usize = 57;
    pub const RECORDS: usize = super::HEADER_BYTES as usize;
}

/// The bytes that the length field does not count: the base offset and the length itself.
pub(super) const BEFORE_LENGTH_COUNTS: usize = 12;

/// Bits of the attributes above the compression codec's three.
pub(super) mod bit {
    pub const LOG_APPEND_TIME: i16 = 1 << 3;
    pub const TRANSACTIONAL: i16 = 1 << 4;
    pub const CONTROL: i16 = 1 << 5;
    pub const DELETE_HORIZON: i16 = 1 << 6;
}

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

/// One batch, read in place from its bytes. Clones share them.
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

/// Writes base offset and leader epoch into the first bytes of a batch: all that a leader changes, both outside the CRC.
/// Leaves a buffer that is shorter than a header as it is.
pub fn patch_in_place(batch: &mut [u8], base_offset: i64, leader_epoch: i32) {
    if batch.len() >= at::RECORDS {
        put(batch, 0, base_offset.to_be_bytes());
        put(batch, at::LEADER_EPOCH, leader_epoch.to_be_bytes());
    }
}

/// `buffer` must reach to `at + N`.
pub(super) fn put<const N: usize>(buffer: &mut [u8], at: usize, value: [u8; N]) {
    buffer[at..at + N].copy_from_slice(&value);
}

/// The sequence `delta` after `sequence`: after 2147483647 comes 0 (`DefaultRecordBatch.incrementSequence`).
pub fn sequence_after(sequence: i32, delta: i32) -> i32 {
    ((i64::from(sequence) + i64::from(delta)).rem_euclid(1 << 31)) as i32
}

impl Batch {
    /// Takes the first batch off `bytes` (advancing it), checking length and magic but not the CRC. An error leaves
    /// `bytes` as they are.
    pub fn split_first(bytes: &mut Bytes) -> Result<Self, BatchError> {
        let have = bytes.len() as u64;
        let (Some(&length), Some(&magic)) = (bytes.get(at::LENGTH..).and_then(<[u8]>::first_chunk), bytes.get(at::MAGIC)) else {
            return Err(BatchError::Truncated { have, need: HEADER_BYTES.into() });
        };
        if magic != 2 {
            return Err(BatchError::Magic(magic as i8));
        }
        let length = i32::from_be_bytes(length);
        let need = u64::try_from(length).map_err(|_| BatchError::Length(length))? + BEFORE_LENGTH_COUNTS as u64;
        if need < HEADER_BYTES.into() {
            return Err(BatchError::Length(length));
        }
        if have < need {
            return Err(BatchError::Truncated { have, need });
        }
        Ok(Self { bytes: bytes.split_to(need as usize) })
    }

    /// Of bytes that begin with a whole header whose length field says how many there are.
    pub(super) fn from_built(bytes: Bytes) -> Self {
        debug_assert!(bytes.len() >= at::RECORDS);
        Self { bytes }
    }

    /// The batch's own bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Computes the CRC-32C of everything after the CRC field and compares.
    pub fn check_crc(&self) -> Result<(), BatchError> {
        let (stored, computed) = (self.crc(), crc32c(&self.bytes[at::ATTRIBUTES..]));
        if stored == computed { Ok(()) } else { Err(BatchError::Crc { stored, computed }) }
    }

    pub fn size(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// A header field; a batch has all its header, so this does not fail.
    fn get<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[at..at + N]);
        field
    }

    pub fn base_offset(&self) -> i64 {
        i64::from_be_bytes(self.get(0))
    }

    pub fn last_offset(&self) -> i64 {
        self.base_offset().wrapping_add(self.last_offset_delta().into())
    }

    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(self.get(at::LAST_OFFSET_DELTA))
    }

    pub fn partition_leader_epoch(&self) -> i32 {
        i32::from_be_bytes(self.get(at::LEADER_EPOCH))
    }

    /// The CRC-32C that the batch says it has.
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(self.get(at::CRC))
    }

    pub fn attributes(&self) -> i16 {
        i16::from_be_bytes(self.get(at::ATTRIBUTES))
    }

    /// The first record's timestamp in milliseconds, or the delete horizon: what the records' timestamp deltas count from.
    pub fn base_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.get(at::BASE_TIMESTAMP))
    }

    /// Milliseconds. With LogAppendTime, when the leader appended it.
    pub fn max_timestamp(&self) -> i64 {
        i64::from_be_bytes(self.get(at::MAX_TIMESTAMP))
    }

    /// When tombstones and markers in it may go (milliseconds), once a compaction has set it.
    pub fn delete_horizon(&self) -> Option<i64> {
        (self.attributes() & bit::DELETE_HORIZON != 0).then(|| self.base_timestamp())
    }

    pub fn producer_id(&self) -> i64 {
        i64::from_be_bytes(self.get(at::PRODUCER_ID))
    }

    pub fn producer_epoch(&self) -> i16 {
        i16::from_be_bytes(self.get(at::PRODUCER_EPOCH))
    }

    /// -1 when the producer is not idempotent.
    pub fn base_sequence(&self) -> i32 {
        i32::from_be_bytes(self.get(at::BASE_SEQUENCE))
    }

    /// `base_sequence + last_offset_delta`, wrapping 2147483647 → 0; -1 without a sequence.
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            -1 => -1,
            base => sequence_after(base, self.last_offset_delta()),
        }
    }

    /// As the header says; may be a lie until the records are read.
    pub fn record_count(&self) -> i32 {
        i32::from_be_bytes(self.get(at::RECORD_COUNT))
    }

    pub fn compression(&self) -> Result<Compression, CompressionError> {
        Compression::from_attributes(self.attributes())
    }

    pub fn is_log_append_time(&self) -> bool {
        self.attributes() & bit::LOG_APPEND_TIME != 0
    }

    pub fn is_transactional(&self) -> bool {
        self.attributes() & bit::TRANSACTIONAL != 0
    }

    pub fn is_control(&self) -> bool {
        self.attributes() & bit::CONTROL != 0
    }

    /// Every header field with its name in Kafka's schema, range and value.
    pub fn fields(&self) -> Vec<Field> {
        let length = i32::from_be_bytes(self.get(at::LENGTH));
        let field = |name, at: usize, len: usize, value| Field { name, bytes: at as u32..(at + len) as u32, value };
        vec![
            field("baseOffset", 0, 8, self.base_offset()),
            field("batchLength", at::LENGTH, 4, length.into()),
            field("partitionLeaderEpoch", at::LEADER_EPOCH, 4, self.partition_leader_epoch().into()),
            field("magic", at::MAGIC, 1, i64::from(self.get::<1>(at::MAGIC)[0] as i8)),
            field("crc", at::CRC, 4, self.crc().into()),
            field("attributes", at::ATTRIBUTES, 2, self.attributes().into()),
            field("lastOffsetDelta", at::LAST_OFFSET_DELTA, 4, self.last_offset_delta().into()),
            field("baseTimestamp", at::BASE_TIMESTAMP, 8, self.base_timestamp()),
            field("maxTimestamp", at::MAX_TIMESTAMP, 8, self.max_timestamp()),
            field("producerId", at::PRODUCER_ID, 8, self.producer_id()),
            field("producerEpoch", at::PRODUCER_EPOCH, 2, self.producer_epoch().into()),
            field("baseSequence", at::BASE_SEQUENCE, 4, self.base_sequence().into()),
            field("recordsCount", at::RECORD_COUNT, 4, self.record_count().into()),
        ]
    }

    /// The records section, decompressed.
    pub fn records_section(&self) -> Result<Bytes, BatchError> {
        let section = self.bytes.slice(at::RECORDS..);
        Ok(match self.compression()? {
            Compression::None => section,
            codec => codec.decompress(&section, MAX_UNCOMPRESSED_BYTES)?,
        })
    }

    /// An iterator over the records in their stored form. Decompresses first, parses lazily.
    pub fn raw_records(&self) -> Result<Records, BatchError> {
        let count = u32::try_from(self.record_count()).map_err(|_| BatchError::Record { index: 0, why: "the record count is negative" })?;
        Ok(Records::new(self.records_section()?, count))
    }

    /// An iterator over the records, parsed lazily. It ends after an error.
    pub fn records_iter(&self) -> Result<impl Iterator<Item = Result<Record, BatchError>> + use<>, BatchError> {
        let (base_offset, base_timestamp) = (self.base_offset(), self.base_timestamp());
        let log_append_time = self.is_log_append_time().then(|| self.max_timestamp());
        Ok(self.raw_records()?.map(move |record| Ok(record?.at(base_offset, base_timestamp, log_append_time))))
    }

    /// All records, decompressed. Every length is checked against the remaining bytes, and `record_count` is not trusted for allocation.
    pub fn records(&self) -> Result<Vec<Record>, BatchError> {
        // A wrong count that is too large is found at the end of the data, so room for what fits there is enough.
        let mut records = Vec::with_capacity(self.raw_capacity());
        for record in self.records_iter()? {
            records.push(record?);
        }
        Ok(records)
    }

    /// The number of records to allocate for: at most what an uncompressed batch of this size could hold.
    fn raw_capacity(&self) -> usize {
        Records::new(self.bytes.slice(at::RECORDS..), self.record_count().max(0) as u32).most()
    }

    /// The same batch at another place of the log: base offset and leader epoch patched, nothing else (both outside the CRC).
    /// Copies the bytes once.
    #[must_use]
    pub fn with_offset(&self, base_offset: i64, leader_epoch: i32) -> Self {
        let mut bytes = BytesMut::from(&self.bytes[..]);
        patch_in_place(&mut bytes, base_offset, leader_epoch);
        Self { bytes: bytes.freeze() }
    }

    /// With this timestamp type (attribute bit 3) and greatest time in milliseconds. Where the header says otherwise, its CRC is made anew.
    #[must_use]
    pub fn with_max_timestamp(self, log_append_time: bool, timestamp: i64) -> Self {
        if self.is_log_append_time() == log_append_time && self.max_timestamp() == timestamp {
            return self;
        }
        let others = self.attributes() & !bit::LOG_APPEND_TIME;
        let attributes = if log_append_time { others | bit::LOG_APPEND_TIME } else { others };
        let mut bytes = self.bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        put(&mut bytes, at::ATTRIBUTES, attributes.to_be_bytes());
        put(&mut bytes, at::MAX_TIMESTAMP, timestamp.to_be_bytes());
        Self { bytes: seal(bytes) }
    }

    /// The same records with offsets one after the other, from the batch's base offset on, packed by another codec
    /// (`LogValidator.buildRecordsAndAssignOffsets`). Header fields that only a leader sets are left for it to set.
    pub fn recompressed(&self, compression: Compression, gzip_level: Option<u32>) -> Result<Self, BatchError> {
        let mut builder = BatchBuilder::new(BatchOptions {
            compression,
            gzip_level,
            producer_id: self.producer_id(),
            producer_epoch: self.producer_epoch(),
            base_sequence: self.base_sequence(),
            transactional: self.is_transactional(),
            control: self.is_control(),
            partition_leader_epoch: self.partition_leader_epoch(),
            base_offset: self.base_offset(),
        });
        for record in self.records_iter()? {
            let record = record?;
            builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
        }
        Ok(builder.build())
    }

    /// A batch with this one's header and other records, as compaction leaves it: base offset, last offset delta,
    /// timestamps, producer and attributes stay, also when no record is left. With this batch's own records the same bytes
    /// come out, except that a compressor may decide otherwise than the one that made them.
    pub fn rebuild(&self, records: &[RawRecord]) -> Result<Self, BatchError> {
        let mut section = BytesMut::new();
        for record in records {
            record.body().put(&mut section);
        }
        let section = self.compression()?.compress(&section);
        let mut bytes = BytesMut::with_capacity(at::RECORDS + section.len());
        bytes.extend_from_slice(&self.bytes[..at::RECORDS]);
        bytes.extend_from_slice(&section);
        put(&mut bytes, at::RECORD_COUNT, (records.len() as i32).to_be_bytes());
        let length = (bytes.len() - BEFORE_LENGTH_COUNTS) as i32;
        put(&mut bytes, at::LENGTH, length.to_be_bytes());
        Ok(Self { bytes: seal(bytes) })
    }
}

/// Writes the CRC of a whole batch.
pub(super) fn seal(mut bytes: BytesMut) -> Bytes {
    let crc = crc32c(&bytes[at::ATTRIBUTES..]);
    put(&mut bytes, at::CRC, crc.to_be_bytes());
    bytes.freeze()
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
