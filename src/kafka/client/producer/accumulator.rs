//! Records waiting to be sent, in batches by partition, in order (`RecordAccumulator`, `ProducerBatch`).

use super::compression_ratio::{self, CompressionRatios};
use super::{ProducerRecord, Ticket};
use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{BatchBuilder, BatchOptions, HEADER_BYTES};
use crate::kafka::wire::compression::Compression;
use bytes::Bytes;
use std::collections::VecDeque;

/// Where a batch stands in its producer's numbering.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sequence {
    pub producer_id: i64,
    pub epoch: i16,
    pub base: i32,
    pub transactional: bool,
}

/// Adds to a sequence number, wrapping 2147483647 → 0.
pub fn advance(sequence: i32, by: u32) -> i32 {
    ((i64::from(sequence) + i64::from(by)) & i64::from(i32::MAX)) as i32
}

#[derive(Clone, Debug)]
pub struct Accumulated {
    pub ticket: Ticket,
    pub timestamp: i64,
    pub record: ProducerRecord,
}

#[derive(Clone, Debug)]
pub struct ProducerBatch {
    pub records: Vec<Accumulated>,
    /// Uncompressed bytes, header included.
    pub size: u32,
    /// The bytes up to which it takes records: `batch.size`, or the first record if that has more.
    limit: u32,
    /// How well its records are expected to compress.
    ratio: u32,
    /// What it takes of `buffer.memory`.
    pub memory: u32,
    /// The most bytes of a record in it.
    largest: u32,
    pub created: Time,
    pub attempts: u32,
    pub retry_at: Time,
    /// The leader's epoch when it was sent last.
    pub leader_epoch: i32,
    /// A record did not fit: no more are added.
    pub closed: bool,
    /// It comes from one that was too large.
    split: bool,
    /// Given when it is sent first, kept in retries.
    pub sequence: Option<Sequence>,
    bytes: Option<Bytes>,
}

/// The batches of one partition, oldest first, and its numbering.
#[derive(Clone, Debug)]
pub struct PartitionQueue {
    pub batches: VecDeque<ProducerBatch>,
    /// Base sequences (0 without idempotence) of batches on the wire.
    pub in_flight: u32,
    pub next_sequence: i32,
    /// The sequence that follows the last one that is acknowledged (`TransactionManager.isNextSequence`).
    pub acked_sequence: i32,
    pub producer: Option<(i64, i16)>,
    /// The numbering has a gap: a new epoch begins when nothing is on the wire.
    pub reset: bool,
    /// A numbered batch was given up, and nobody knows whether it was written: nothing new is numbered until those after it have their
    /// answers, and then a new epoch begins (`partitionsWithUnresolvedSequences`).
    pub unresolved: bool,
}

impl PartitionQueue {
    /// Begins the numbering anew, for this producer id and epoch.
    pub fn number_from_0(&mut self, producer: (i64, i16)) {
        self.producer = Some(producer);
        (self.next_sequence, self.acked_sequence) = (0, 0);
    }

    /// A batch is acknowledged, maybe after later ones: they may have gone to another leader.
    pub fn acknowledge(&mut self, batch: &ProducerBatch) {
        let Some(sequence) = batch.sequence else { return };
        let end = advance(sequence.base, batch.records.len() as u32);
        let ahead = end.wrapping_sub(self.acked_sequence) & i32::MAX;
        if ahead < i32::MAX / 2 {
            self.acked_sequence = end;
        }
    }

    /// Whether a new epoch is needed and may begin. A batch that may have been written keeps its number until its answer.
    pub fn begins_anew(&self) -> bool {
        self.in_flight == 0 && (self.reset || self.unresolved && self.batches.iter().all(|batch| batch.sequence.is_none()))
    }
}

fn varint_bytes(value: i64) -> u32 {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (zigzag | 1).leading_zeros()).div_ceil(7)
}

fn field_bytes(field: Option<&Bytes>) -> u32 {
    field.map_or(1, |bytes| varint_bytes(bytes.len() as i64) + bytes.len() as u32)
}

/// Bytes of a record in a batch, its length prefix included.
pub fn record_bytes(record: &ProducerRecord, timestamp_delta: i64, offset_delta: i64) -> u32 {
    let body = 1 + varint_bytes(timestamp_delta) + varint_bytes(offset_delta) + content_bytes(record);
    varint_bytes(i64::from(body)) + body
}

fn content_bytes(record: &ProducerRecord) -> u32 {
    let headers: u32 = record.headers.iter().map(|(key, value)| field_bytes(Some(key)) + field_bytes(value.as_ref())).sum();
    field_bytes(record.key.as_ref()) + field_bytes(record.value.as_ref()) + varint_bytes(record.headers.len() as i64) + headers
}

/// The most that a record may take before its batch (`DefaultRecord.MAX_RECORD_OVERHEAD`).
const MAX_RECORD_OVERHEAD: u32 = 21;

/// The most bytes of a batch with this record alone, whatever its time and place (`estimateSizeInBytesUpperBound`).
pub fn upper_bound(record: &ProducerRecord) -> u32 {
    HEADER_BYTES.saturating_add(MAX_RECORD_OVERHEAD).saturating_add(content_bytes(record))
}

impl ProducerBatch {
    fn new(now: Time, first: Accumulated, batch_size: u32, ratio: u32) -> Self {
        let limit = batch_size.max(upper_bound(&first.record));
        let largest = upper_bound(&first.record);
        Self {
            size: HEADER_BYTES.saturating_add(record_bytes(&first.record, 0, 0)),
            records: vec![first],
            limit,
            ratio,
            memory: limit,
            largest,
            created: now,
            attempts: 0,
            retry_at: now,
            leader_epoch: -1,
            closed: false,
            split: false,
            sequence: None,
            bytes: None,
        }
    }

    /// The bytes with which it is expected to be sent.
    pub fn expected(&self, ratios: &CompressionRatios) -> u32 {
        HEADER_BYTES.saturating_add(ratios.expected(self.size.saturating_sub(HEADER_BYTES), self.ratio))
    }

    pub fn is_full(&self, ratios: &CompressionRatios) -> bool {
        self.closed || self.expected(ratios) >= self.limit
    }

    /// Bytes that the record adds before compression, if there is room for it.
    fn room(&self, ratios: &CompressionRatios, entry: &Accumulated) -> Option<u32> {
        let base = self.records.first().map_or(entry.timestamp, |first| first.timestamp);
        let size = record_bytes(&entry.record, entry.timestamp.saturating_sub(base), self.records.len() as i64);
        let fits = !self.is_full(ratios) && self.expected(ratios).saturating_add(size) <= self.limit;
        (fits && self.attempts == 0).then_some(size)
    }

    fn push(&mut self, entry: Accumulated, size: u32) {
        self.largest = self.largest.max(upper_bound(&entry.record));
        self.size += size;
        self.records.push(entry);
    }

    /// How well the records of the built batch have compressed.
    pub fn ratio(&self) -> u32 {
        let records = u64::from(self.size.saturating_sub(HEADER_BYTES)).max(1);
        let built = self.bytes.as_ref().map_or(records, |bytes| (bytes.len() as u64).saturating_sub(u64::from(HEADER_BYTES)));
        u32::try_from(built * u64::from(compression_ratio::NONE) / records).unwrap_or(u32::MAX)
    }

    /// Parts it into smaller ones, as if they had not been sent yet (`ProducerBatch.split`). Parts of a batch have `batch.size`; what is
    /// still too large is cut in half. A Java client 4.1 cuts at `batch.size` again and again and so, where that is larger than
    /// `max.message.bytes`, sends the same batch until `delivery.timeout.ms`; later ones do as it is done here.
    fn parts(self, batch_size: u32, ratios: &CompressionRatios, ratio: u32) -> VecDeque<Self> {
        let limit = if self.split { self.largest.max(self.size / 2) } else { batch_size };
        let (created, mut sequence) = (self.created, self.sequence);
        let mut parts: VecDeque<Self> = VecDeque::new();
        for entry in self.records {
            let room = parts.back().and_then(|last| last.room(ratios, &entry));
            match (room, parts.back_mut()) {
                (Some(size), Some(last)) => last.push(entry, size),
                _ => parts.push_back(Self { memory: 0, split: true, ..Self::new(created, entry, limit, ratio) }),
            }
        }
        for part in &mut parts {
            part.closed = true;
            part.sequence = sequence;
            sequence = sequence.map(|from| Sequence { base: advance(from.base, part.records.len() as u32), ..from });
        }
        parts
    }

    pub fn tickets(&self) -> Vec<Ticket> {
        self.records.iter().map(|record| record.ticket).collect()
    }

    /// Gives the batch its place in the numbering; it is built anew.
    pub fn number(&mut self, sequence: Option<Sequence>) {
        self.sequence = sequence;
        self.bytes = None;
    }

    /// The batch as it goes into Produce; built once for a numbering.
    pub fn build(&mut self, compression: Compression) -> Bytes {
        if let Some(bytes) = &self.bytes {
            return bytes.clone();
        }
        let options = match self.sequence {
            Some(sequence) => BatchOptions {
                compression,
                producer_id: sequence.producer_id,
                producer_epoch: sequence.epoch,
                base_sequence: sequence.base,
                transactional: sequence.transactional,
                ..BatchOptions::default()
            },
            None => BatchOptions { compression, ..BatchOptions::default() },
        };
        let mut builder = BatchBuilder::new(options);
        for Accumulated { timestamp, record, .. } in &self.records {
            builder.push(*timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
        }
        let bytes = builder.build().bytes().clone();
        self.bytes = Some(bytes.clone());
        bytes
    }
}

impl PartitionQueue {
    fn new() -> Self {
        Self {
            batches: VecDeque::new(),
            in_flight: 0,
            next_sequence: 0,
            acked_sequence: 0,
            producer: None,
            reset: false,
            unresolved: false,
        }
    }
}

/// All queues.
#[derive(Clone, Debug)]
pub struct Accumulator {
    batch_size: u32,
    pub ratios: CompressionRatios,
    pub queues: SortedVecMap<TopicPartition, PartitionQueue>,
}

impl Accumulator {
    pub fn new(batch_size: u32, compression: Compression) -> Self {
        Self { batch_size, ratios: CompressionRatios::new(compression), queues: SortedVecMap::new() }
    }

    pub fn queue(&mut self, at: &TopicPartition) -> &mut PartitionQueue {
        self.queues.entry(at.clone()).or_insert_with(PartitionQueue::new)
    }

    /// What the record would take of `buffer.memory`: nothing where the partition's open batch has room for it.
    pub fn needs(&self, at: &TopicPartition, entry: &Accumulated) -> u32 {
        let last = self.queues.get(at).and_then(|queue| queue.batches.back());
        match last.and_then(|last| last.room(&self.ratios, entry)) {
            Some(_) => 0,
            None => self.batch_size.max(upper_bound(&entry.record)),
        }
    }

    /// Appends to the partition's open batch or to a new one. Returns the bytes that it is expected to add to what is sent, and the memory
    /// that it takes.
    pub fn append(&mut self, now: Time, at: &TopicPartition, entry: Accumulated) -> (u32, u32) {
        let Self { batch_size, ratios, queues } = self;
        let queue = queues.entry(at.clone()).or_insert_with(PartitionQueue::new);
        if let Some(last) = queue.batches.back_mut() {
            if let Some(size) = last.room(ratios, &entry) {
                let before = last.expected(ratios);
                last.push(entry, size);
                return (last.expected(ratios) - before, 0);
            }
            last.closed = true;
        }
        let batch = ProducerBatch::new(now, entry, *batch_size, ratios.estimate(&at.0));
        let added = (batch.expected(ratios), batch.memory);
        queue.batches.push_back(batch);
        added
    }

    /// Whether the partition has no batch that could take more (`allBatchesFull`).
    pub fn all_full(&self, at: &TopicPartition) -> bool {
        self.queues.get(at).and_then(|queue| queue.batches.back()).is_none_or(|last| last.is_full(&self.ratios))
    }

    /// Batches waiting at the partition.
    pub fn waiting(&self, at: &TopicPartition) -> u32 {
        self.queues.get(at).map_or(0, |queue| queue.batches.len() as u32)
    }

    /// Puts a batch back for a retry: before everything that came after it if batches are numbered, and else before everything that is
    /// there. Without numbers batches that were in flight together come back one after the other, and so in reverse
    /// (`RecordAccumulator.reenqueue`).
    pub fn reenqueue(&mut self, at: &TopicPartition, batch: ProducerBatch) {
        let queue = self.queue(at);
        if batch.sequence.is_none() {
            return queue.batches.push_front(batch);
        }
        let first = batch.records.first().map(|record| record.ticket);
        let place = queue.batches.iter().position(|other| other.records.first().map(|record| record.ticket) > first);
        queue.batches.insert(place.unwrap_or(queue.batches.len()), batch);
    }

    /// Puts the parts of a batch that was too large where it would have been (`splitAndReenqueue`); returns how many they are.
    pub fn split(&mut self, at: &TopicPartition, batch: ProducerBatch) -> u32 {
        self.ratios.reset(&at.0, batch.ratio());
        let parts = batch.parts(self.batch_size, &self.ratios, self.ratios.estimate(&at.0));
        let count = parts.len() as u32;
        for part in parts.into_iter().rev() {
            self.reenqueue(at, part);
        }
        count
    }
}
