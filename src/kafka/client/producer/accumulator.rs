//! Records waiting to be sent, in batches by partition, in order (`RecordAccumulator`, `ProducerBatch`).

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
    pub created: Time,
    pub attempts: u32,
    pub retry_at: Time,
    /// A record did not fit: no more are added.
    pub closed: bool,
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
    pub producer: Option<(i64, i16)>,
    /// The numbering has a gap: a new epoch begins when nothing is on the wire.
    pub reset: bool,
    /// A numbered batch was given up, and nobody knows whether it was written: nothing new is numbered until those after it have their
    /// answers, and then a new epoch begins (`partitionsWithUnresolvedSequences`).
    pub unresolved: bool,
}

impl PartitionQueue {
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
    let headers: u32 = record.headers.iter().map(|(key, value)| field_bytes(Some(key)) + field_bytes(value.as_ref())).sum();
    let body = 1
        + varint_bytes(timestamp_delta)
        + varint_bytes(offset_delta)
        + field_bytes(record.key.as_ref())
        + field_bytes(record.value.as_ref())
        + varint_bytes(record.headers.len() as i64)
        + headers;
    varint_bytes(i64::from(body)) + body
}

impl ProducerBatch {
    fn new(now: Time) -> Self {
        Self {
            records: Vec::new(),
            size: HEADER_BYTES,
            created: now,
            attempts: 0,
            retry_at: now,
            closed: false,
            sequence: None,
            bytes: None,
        }
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
        Self { batches: VecDeque::new(), in_flight: 0, next_sequence: 0, producer: None, reset: false, unresolved: false }
    }
}

/// All queues and the bytes in them.
#[derive(Clone, Debug)]
pub struct Accumulator {
    batch_size: u32,
    pub queues: SortedVecMap<TopicPartition, PartitionQueue>,
}

impl Accumulator {
    pub fn new(batch_size: u32) -> Self {
        Self { batch_size, queues: SortedVecMap::new() }
    }

    pub fn queue(&mut self, at: &TopicPartition) -> &mut PartitionQueue {
        self.queues.entry(at.clone()).or_insert_with(PartitionQueue::new)
    }

    /// Appends to the partition's open batch or to a new one; returns the bytes that it added.
    pub fn append(&mut self, now: Time, at: &TopicPartition, entry: Accumulated) -> u32 {
        let limit = self.batch_size;
        let queue = self.queue(at);
        if let Some(last) = queue.batches.back_mut().filter(|last| !last.closed && last.attempts == 0) {
            let base = last.records.first().map_or(entry.timestamp, |first| first.timestamp);
            let size = record_bytes(&entry.record, entry.timestamp.saturating_sub(base), last.records.len() as i64);
            if last.size.saturating_add(size) <= limit {
                last.size += size;
                last.records.push(entry);
                return size;
            }
            last.closed = true;
        }
        let mut batch = ProducerBatch::new(now);
        batch.size = batch.size.saturating_add(record_bytes(&entry.record, 0, 0));
        batch.records.push(entry);
        let size = batch.size;
        queue.batches.push_back(batch);
        size
    }

    /// Whether the partition has no batch that could take more (`allBatchesFull`).
    pub fn all_full(&self, at: &TopicPartition) -> bool {
        self.queues.get(at).and_then(|queue| queue.batches.back()).is_none_or(|last| last.closed || last.size >= self.batch_size)
    }

    /// Batches waiting at the partition.
    pub fn waiting(&self, at: &TopicPartition) -> u32 {
        self.queues.get(at).map_or(0, |queue| queue.batches.len() as u32)
    }

    /// Puts a batch back for a retry, before everything that came after it.
    pub fn reenqueue(&mut self, at: &TopicPartition, batch: ProducerBatch) {
        let queue = self.queue(at);
        let first = batch.records.first().map(|record| record.ticket);
        let place = queue.batches.iter().position(|other| other.records.first().map(|record| record.ticket) > first);
        queue.batches.insert(place.unwrap_or(queue.batches.len()), batch);
    }
}
