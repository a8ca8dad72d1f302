//! What the log knows of each idempotent producer: the last five batches, for duplicates and sequence checks
//! its open transaction (`ProducerStateManager`, `ProducerAppendInfo`), and the `.snapshot` file that keeps it over a restart.

use super::super::wire::batch::Batch;
use super::super::wire::error::ErrorCode;
use super::super::wire::marker::Marker;
use super::{AbortedTransaction, LogError, refused};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::VecDeque;

/// Batches kept for each producer; a client has at most as many requests in flight.
const BATCHES_KEPT: usize = 5;
const SNAPSHOT_VERSION: i16 = 1;
const SNAPSHOT_HEAD: usize = 10;
const SNAPSHOT_ENTRY: usize = 46;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BatchMeta {
    pub(super) last_sequence: i32,
    pub(super) last_offset: i64,
    pub(super) offset_delta: i32,
    pub(super) timestamp: i64,
}

impl BatchMeta {
    pub(super) fn first_offset(&self) -> i64 {
        self.last_offset - i64::from(self.offset_delta)
    }

    fn first_sequence(&self) -> i32 {
        // 2147483647 is followed by 0.
        let first = i64::from(self.last_sequence) - i64::from(self.offset_delta);
        (if first < 0 { first + (1 << 31) } else { first }) as i32
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Producer {
    epoch: i16,
    coordinator_epoch: i32,
    last_timestamp: i64,
    /// First offset of the open transaction.
    transaction: Option<i64>,
    batches: VecDeque<BatchMeta>,
}

/// A transaction of a client that does not add its partitions itself is being verified (`VerificationStateEntry`, KIP-890).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Verification {
    epoch: i16,
    /// The lowest sequence that came meanwhile: an append that skips it is out of order.
    lowest_sequence: i32,
    /// Its client gets a new epoch with each transaction (`supportsEpochBump`).
    bumps: bool,
    /// The transaction's coordinator knows the partition.
    verified: bool,
}

/// A transaction that a marker has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ended {
    pub(super) transaction: AbortedTransaction,
    pub(super) aborted: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Producers {
    by_id: SortedVecMap<i64, Producer>,
    /// First offset of each open transaction, and its producer.
    open: SortedVecMap<i64, i64>,
    /// First offset of each transaction that has ended, and its marker's: while the marker is not committed, neither is the end.
    ended: SortedVecMap<i64, i64>,
    verifications: SortedVecMap<i64, Verification>,
    /// The state covers the log up to here.
    map_end: i64,
    /// Where the newest snapshot stands; -1 when there is none.
    last_snapshot: i64,
}

/// The state of one idempotent producer, as DescribeProducers returns it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActiveProducer {
    pub producer_id: i64,
    pub epoch: i16,
    /// -1 when no batch is kept.
    pub last_sequence: i32,
    /// Milliseconds since the Unix epoch.
    pub last_timestamp: i64,
    /// -1 when no transaction marker was seen.
    pub coordinator_epoch: i32,
    /// First offset of the open transaction; -1 without one.
    pub current_txn_start_offset: i64,
}

impl Producers {
    pub(super) fn active(&self) -> impl Iterator<Item = ActiveProducer> + '_ {
        self.by_id.iter().map(|(&producer_id, producer)| ActiveProducer {
            producer_id,
            epoch: producer.epoch,
            last_sequence: producer.batches.back().map_or(-1, |batch| batch.last_sequence),
            last_timestamp: producer.last_timestamp,
            coordinator_epoch: producer.coordinator_epoch,
            current_txn_start_offset: producer.transaction.unwrap_or(-1),
        })
    }

    /// First offset of each open transaction and its producer's id, in the log's order.
    pub(super) fn open_transactions(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.open.iter().map(|(first, id)| (*first, *id))
    }

    pub(super) fn empty_at(offset: i64) -> Self {
        Self { map_end: offset, last_snapshot: offset, ..Self::default() }
    }

    pub(super) fn map_end(&self) -> i64 {
        self.map_end
    }

    pub(super) fn set_map_end(&mut self, offset: i64) {
        self.map_end = offset;
    }

    /// Whether anything changed since the last snapshot.
    pub(super) fn snapshot_due(&self) -> bool {
        self.map_end > self.last_snapshot
    }

    pub(super) fn snapshot_taken(&mut self) {
        self.last_snapshot = self.map_end;
    }

    /// The batch among the producer's last five that this batch repeats.
    pub(super) fn duplicate(&self, batch: &Batch) -> Option<BatchMeta> {
        let producer = self.by_id.get(&batch.producer_id())?;
        let (first, last) = (batch.base_sequence(), batch.last_sequence());
        let same = |meta: &&BatchMeta| meta.first_sequence() == first && meta.last_sequence == last;
        producer.batches.iter().find(same).filter(|_| producer.epoch == batch.producer_epoch()).copied()
    }

    /// Epoch and sequence of a batch that is no duplicate. `verify`: a transactional batch must belong to a transaction that is open
    /// here or was verified.
    pub(super) fn check(&self, batch: &Batch, from_client: bool, verify: bool) -> Result<(), LogError> {
        let (id, epoch, first) = (batch.producer_id(), batch.producer_epoch(), batch.base_sequence());
        let known = self.by_id.get(&id);
        let verification = self.verifications.get(&id);
        if let Some(seen) = known.map(|producer| producer.epoch).filter(|&seen| epoch < seen) {
            mark!(ProducerEpochOld);
            let message = format!("producer {id} has epoch {epoch}, but {seen} was seen");
            return Err(refused(ErrorCode::InvalidProducerEpoch, message));
        }
        let verified = || self.in_transaction(id, epoch) || verification.is_some_and(|it| it.verified && it.epoch == epoch);
        if verify && batch.is_transactional() && !batch.is_control() && !verified() {
            mark!(TransactionUnverified);
            return Err(refused(ErrorCode::InvalidTxnState, "Record was not part of an ongoing transaction"));
        }
        if from_client && let Some(verification) = verification {
            if known.is_none() && verification.bumps && first != 0 {
                let message = format!("producer {id} is not known and begins with sequence {first}, where 0 must come");
                return Err(refused(ErrorCode::OutOfOrderSequenceNumber, message));
            }
            let lowest = verification.lowest_sequence;
            if first > lowest {
                let message = format!("producer {id} sent sequence {first}, and {lowest} before it is not there yet");
                return Err(refused(ErrorCode::OutOfOrderSequenceNumber, message));
            }
        }
        let Some(producer) = known else {
            if first > 0 {
                mark!(ProducerUnknown);
            }
            return Ok(());
        };
        if batch.is_control() {
            return match Marker::of(batch) {
                Some(Marker { coordinator_epoch, .. }) if coordinator_epoch < producer.coordinator_epoch => {
                    let message =
                        format!("a coordinator of epoch {coordinator_epoch} ends a transaction, {} was seen", producer.coordinator_epoch);
                    Err(refused(ErrorCode::TransactionCoordinatorFenced, message))
                }
                _ => Ok(()),
            };
        }
        let expected = match producer.batches.back() {
            Some(last) if epoch == producer.epoch => last.last_sequence.checked_add(1).unwrap_or(0),
            _ => 0,
        };
        if from_client && first != expected {
            mark!(SequenceOutOfOrder);
            let message = format!("producer {id} sent sequence {first} where {expected} must come (epoch {epoch})");
            return Err(refused(ErrorCode::OutOfOrderSequenceNumber, message));
        }
        if producer.transaction.is_some() && !batch.is_transactional() {
            let message = format!("producer {id} is in a transaction and writes outside of it");
            return Err(refused(ErrorCode::InvalidTxnState, message));
        }
        Ok(())
    }

    /// Takes a stored batch in; the transaction that it ends.
    pub(super) fn update(&mut self, batch: &Batch) -> Option<Ended> {
        self.map_end = batch.last_offset() + 1;
        let id = batch.producer_id();
        if id < 0 {
            return None;
        }
        let epoch = batch.producer_epoch();
        let producer = self.by_id.entry(id).or_insert_with(|| Producer {
            epoch,
            coordinator_epoch: -1,
            last_timestamp: -1,
            transaction: None,
            batches: VecDeque::new(),
        });
        if producer.epoch != epoch {
            producer.epoch = epoch;
            producer.batches.clear();
        }
        producer.last_timestamp = batch.max_timestamp();
        if batch.is_control() {
            let Marker { commit, coordinator_epoch } = Marker::of(batch)?;
            producer.coordinator_epoch = coordinator_epoch;
            // A marker has the epoch that its producer's next transaction has, whose verification may have begun.
            self.verifications.retain(|other, it| *other != id || it.bumps && it.epoch == epoch);
            let first_offset = producer.transaction.take()?;
            return Some(self.end(id, first_offset, batch.base_offset(), !commit));
        }
        if producer.batches.len() == BATCHES_KEPT {
            producer.batches.pop_front();
        }
        producer.batches.push_back(BatchMeta {
            last_sequence: batch.last_sequence(),
            last_offset: batch.last_offset(),
            offset_delta: batch.last_offset_delta(),
            timestamp: batch.max_timestamp(),
        });
        if batch.is_transactional() && producer.transaction.is_none() {
            producer.transaction = Some(batch.base_offset());
            self.open.insert(batch.base_offset(), id);
            self.verifications.remove(&id);
        }
        None
    }

    fn end(&mut self, producer_id: i64, first_offset: i64, last_offset: i64, aborted: bool) -> Ended {
        self.open.remove(&first_offset);
        self.ended.insert(first_offset, last_offset);
        let last_stable_offset = self.open.first_key_value().map_or(last_offset + 1, |(first, _)| *first);
        Ended { transaction: AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset }, aborted }
    }

    /// The first offset of the oldest transaction that is open, or whose end is not below the high watermark.
    pub(super) fn first_unstable(&self, high_watermark: i64) -> Option<i64> {
        let open = self.open.first_key_value().map(|(first, _)| *first);
        let ended = self.ended.iter().find(|(_, last)| **last >= high_watermark).map(|(first, _)| *first);
        open.into_iter().chain(ended).min()
    }

    /// Forgets the ends that are committed.
    pub(super) fn committed(&mut self, high_watermark: i64) {
        if !self.ended.is_empty() {
            self.ended.retain(|_, last| *last >= high_watermark);
        }
    }

    /// Whether the producer has a transaction open here, in this epoch.
    pub(super) fn in_transaction(&self, id: i64, epoch: i16) -> bool {
        self.by_id.get(&id).is_some_and(|producer| producer.transaction.is_some() && producer.epoch == epoch)
    }

    /// Whether the producer's epoch is older than one that was seen here.
    pub(super) fn is_fenced(&self, id: i64, epoch: i16) -> bool {
        self.by_id.get(&id).is_some_and(|producer| epoch < producer.epoch)
    }

    /// A batch of a transaction that is not open here has come, and is to be verified.
    pub(super) fn begin_verification(&mut self, id: i64, epoch: i16, sequence: i32, bumps: bool) {
        let begun = Verification { epoch, lowest_sequence: sequence, bumps, verified: false };
        let entry = self.verifications.entry(id).or_insert(begun);
        if entry.epoch < epoch {
            *entry = Verification { bumps: entry.bumps, ..begun };
        } else if entry.epoch == epoch {
            entry.lowest_sequence = entry.lowest_sequence.min(sequence);
        }
    }

    pub(super) fn verified(&mut self, id: i64, epoch: i16) {
        if let Some(entry) = self.verifications.get_mut(&id).filter(|entry| entry.epoch == epoch) {
            entry.verified = true;
        }
    }

    /// Producers silent for `expiration` milliseconds and outside a transaction are forgotten.
    pub(super) fn expire(&mut self, now: i64, expiration: i64) {
        self.by_id.retain(|_, p| p.transaction.is_some() || now.saturating_sub(p.last_timestamp) < expiration);
    }

    /// `ProducerSnapshot` version 1: version, CRC-32C of the rest, count, 46 bytes for each producer.
    pub(super) fn snapshot(&self) -> Bytes {
        let mut rest = BytesMut::with_capacity(4 + self.by_id.len() * SNAPSHOT_ENTRY);
        rest.put_u32(self.by_id.len() as u32);
        for (&id, producer) in &self.by_id {
            let last = producer.batches.back();
            rest.put_i64(id);
            rest.put_i16(producer.epoch);
            rest.put_i32(last.map_or(-1, |meta| meta.last_sequence));
            rest.put_i64(last.map_or(-1, |meta| meta.last_offset));
            rest.put_i32(last.map_or(0, |meta| meta.offset_delta));
            rest.put_i64(producer.last_timestamp);
            rest.put_i32(producer.coordinator_epoch);
            rest.put_i64(producer.transaction.unwrap_or(-1));
        }
        let mut out = BytesMut::with_capacity(6 + rest.len());
        out.put_i16(SNAPSHOT_VERSION);
        out.put_u32(crc32c(&rest));
        out.put(rest);
        out.freeze()
    }

    /// `None` when the version, the CRC or the size does not fit.
    pub(super) fn from_snapshot(bytes: &[u8], offset: i64) -> Option<Self> {
        let (head, entries) = bytes.split_first_chunk::<SNAPSHOT_HEAD>()?;
        let [v0, v1, c0, c1, c2, c3, n0, n1, n2, n3] = *head;
        let count = u64::from(u32::from_be_bytes([n0, n1, n2, n3]));
        if i16::from_be_bytes([v0, v1]) != SNAPSHOT_VERSION
            || u32::from_be_bytes([c0, c1, c2, c3]) != crc32c(bytes.get(6..)?)
            || count.checked_mul(SNAPSHOT_ENTRY as u64)? != entries.len() as u64
        {
            return None;
        }
        let mut state = Self::empty_at(offset);
        for mut entry in entries.chunks_exact(SNAPSHOT_ENTRY) {
            use bytes::Buf;
            let id = entry.get_i64();
            let epoch = entry.get_i16();
            let last_sequence = entry.get_i32();
            let last_offset = entry.get_i64();
            let offset_delta = entry.get_i32();
            let timestamp = entry.get_i64();
            let coordinator_epoch = entry.get_i32();
            let transaction = Some(entry.get_i64()).filter(|&first| first >= 0);
            let meta = BatchMeta { last_sequence, last_offset, offset_delta, timestamp };
            let batches = if last_offset >= 0 { VecDeque::from([meta]) } else { VecDeque::new() };
            if let Some(first) = transaction {
                state.open.insert(first, id);
            }
            state.by_id.insert(id, Producer { epoch, coordinator_epoch, last_timestamp: timestamp, transaction, batches });
        }
        Some(state)
    }
}

/// CRC-32C (Castagnoli), bit by bit: snapshots are small and seldom.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_snapshot_is_kafkas() {
        assert_eq!(Producers::empty_at(0).snapshot()[..], [0, 1, 0x48, 0x67, 0x4b, 0xc7, 0, 0, 0, 0]);
    }

    #[test]
    fn the_first_sequence_of_a_batch_that_wraps() {
        let meta = BatchMeta { last_sequence: 1, last_offset: 10, offset_delta: 3, timestamp: 0 };
        assert_eq!((meta.first_sequence(), meta.first_offset()), (i32::MAX - 1, 7));
    }

    #[test]
    fn a_snapshot_reads_back_and_a_damaged_one_does_not() {
        let meta = BatchMeta { last_sequence: 7, last_offset: 20, offset_delta: 2, timestamp: 5 };
        let mut state = Producers::empty_at(21);
        let mut producer =
            Producer { epoch: 3, coordinator_epoch: 2, last_timestamp: 5, transaction: Some(18), batches: VecDeque::from([meta]) };
        state.by_id.insert(9, producer.clone());
        state.open.insert(18, 9);
        producer.transaction = None;
        producer.batches.clear();
        state.by_id.insert(1000, producer);
        let bytes = state.snapshot();
        assert_eq!(bytes.len(), 10 + 2 * 46);
        assert_eq!(Producers::from_snapshot(&bytes, 21), Some(state));
        for i in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[i] ^= 0x10;
            assert_eq!(Producers::from_snapshot(&damaged, 21), None, "byte {i}");
            assert_eq!(Producers::from_snapshot(&bytes[..i], 21), None, "cut at {i}");
        }
    }
}
