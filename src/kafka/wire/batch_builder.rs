//! Building a record batch, byte for byte as Kafka's `MemoryRecordsBuilder` does.

use super::batch::{BEFORE_LENGTH_COUNTS, Batch, HEADER_BYTES, at, bit, put, seal};
use super::compression::Compression;
use super::record::Body;
use bytes::{Bytes, BytesMut};

/// The fields of a batch's header that describe its producer and its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchOptions {
    pub compression: Compression,
    /// Of gzip, 1 to 9; `None` is Kafka's default.
    pub gzip_level: Option<u32>,
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
            gzip_level: None,
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

/// Builds one batch, record by record, byte for byte as Kafka's `MemoryRecordsBuilder` does (compressed bytes depend on
/// the compressor).
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    options: BatchOptions,
    /// The header's place, then the records, uncompressed.
    buffer: BytesMut,
    count: u32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    pub fn new(options: BatchOptions) -> Self {
        let mut buffer = BytesMut::with_capacity(512);
        buffer.resize(at::RECORDS, 0);
        Self { options, buffer, count: 0, base_timestamp: -1, max_timestamp: -1 }
    }

    fn body<'a>(&self, timestamp: i64, key: Option<&'a [u8]>, value: Option<&'a [u8]>, headers: &'a [(Bytes, Option<Bytes>)]) -> Body<'a> {
        let base_timestamp = if self.count == 0 { timestamp } else { self.base_timestamp };
        Body {
            attributes: 0,
            timestamp_delta: timestamp.wrapping_sub(base_timestamp),
            offset_delta: self.count as i32,
            key,
            value,
            headers,
        }
    }

    /// Adds a record. `timestamp` in milliseconds since the Unix epoch; the first one is the batch's base timestamp.
    pub fn push(&mut self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(Bytes, Option<Bytes>)]) {
        self.body(timestamp, key, value, headers).put(&mut self.buffer);
        if self.count == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.count += 1;
    }

    /// Bytes that `push` with the same arguments would add.
    pub fn size_of(&self, timestamp: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[(Bytes, Option<Bytes>)]) -> u32 {
        self.body(timestamp, key, value, headers).size() as u32
    }

    pub fn record_count(&self) -> u32 {
        self.count
    }

    /// Bytes that the batch has so far, uncompressed, header included.
    pub fn size(&self) -> u32 {
        self.buffer.len() as u32
    }

    /// The batch. Without any record it has count 0, last offset delta -1 and timestamps -1: nothing that Kafka's producer sends
    /// and nothing that a broker takes.
    pub fn build(self) -> Batch {
        let Self { options, mut buffer, count, base_timestamp, max_timestamp } = self;
        if options.compression != Compression::None {
            let packed = options.compression.compress_at(options.gzip_level, &buffer[at::RECORDS..]);
            buffer.truncate(HEADER_BYTES as usize);
            buffer.extend_from_slice(&packed);
        }
        let mut attributes = options.compression as i16;
        if options.transactional {
            attributes |= bit::TRANSACTIONAL;
        }
        if options.control {
            attributes |= bit::CONTROL;
        }
        let length = (buffer.len() - BEFORE_LENGTH_COUNTS) as i32;
        put(&mut buffer, 0, options.base_offset.to_be_bytes());
        put(&mut buffer, at::LENGTH, length.to_be_bytes());
        put(&mut buffer, at::LEADER_EPOCH, options.partition_leader_epoch.to_be_bytes());
        put(&mut buffer, at::MAGIC, [2]);
        put(&mut buffer, at::ATTRIBUTES, attributes.to_be_bytes());
        put(&mut buffer, at::LAST_OFFSET_DELTA, (count as i32 - 1).to_be_bytes());
        put(&mut buffer, at::BASE_TIMESTAMP, base_timestamp.to_be_bytes());
        put(&mut buffer, at::MAX_TIMESTAMP, max_timestamp.to_be_bytes());
        put(&mut buffer, at::PRODUCER_ID, options.producer_id.to_be_bytes());
        put(&mut buffer, at::PRODUCER_EPOCH, options.producer_epoch.to_be_bytes());
        put(&mut buffer, at::BASE_SEQUENCE, options.base_sequence.to_be_bytes());
        put(&mut buffer, at::RECORD_COUNT, (count as i32).to_be_bytes());
        Batch::from_built(seal(buffer))
    }
}
