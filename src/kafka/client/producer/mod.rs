//! The producer: metadata, partitioner, accumulator, sender, idempotence (`KafkaProducer`, `RecordAccumulator`, `Sender`).

mod accumulator;
mod compression_ratio;
mod hashes;
mod offsets;
mod partitioner;
mod sender;
mod transactions;

use super::backoff::Backoff;
use super::consumer::NextOffset;
use super::metadata::Metadata;
use super::net::{APIS, Answer, Net, Timeouts};
use super::{Client, ClientError, ConnId, Core, Describe, Output, TopicPartition, connected, disconnected, frame_came, timed_out};
use crate::kafka::config::ProducerConfig;
use crate::kafka::marks::mark;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, TimerKind, Who, earlier};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::murmur2;
use accumulator::{Accumulated, Accumulator, ProducerBatch};
use bytes::Bytes;
pub use hashes::KeyPartitioner;
use partitioner::{Candidate, Partitioner};
use std::collections::VecDeque;
use std::sync::Arc;
use transactions::Transactions;
pub use transactions::{DROPPED, TransactionStep};

/// A record to send. `partition: None` lets the partitioner choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerRecord {
    pub topic: Arc<str>,
    pub partition: Option<i32>,
    /// Milliseconds; `None`: now.
    pub timestamp: Option<i64>,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// Names a record from `send` to `Acked` or `Failed`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum ProducerEvent {
    /// The partitioner has chosen.
    Partitioned {
        ticket: Ticket,
        topic: Arc<str>,
        partition: i32,
    },
    /// A batch left in a Produce frame. `attempt` is 1 the first time.
    BatchSent {
        topic: Arc<str>,
        partition: i32,
        tickets: Vec<Ticket>,
        attempt: u32,
        why: &'static str,
    },
    /// `offset` is -1 with acks=0.
    Acked {
        ticket: Ticket,
        topic: Arc<str>,
        partition: i32,
        offset: i64,
    },
    Failed {
        ticket: Ticket,
        error: ClientError,
    },
    /// A batch was too large for the broker: its records go in so many smaller ones.
    BatchSplit {
        topic: Arc<str>,
        partition: i32,
        records: u32,
        batches: u32,
    },
    Retrying {
        topic: Arc<str>,
        partition: i32,
        error: ErrorCode,
        at: Time,
    },
    GotProducerId {
        producer_id: i64,
        epoch: i16,
    },
    /// The records from this ticket on belong to a transaction.
    TransactionBegun {
        first: Ticket,
    },
    TransactionEnded {
        committed: bool,
    },
    /// It cannot be ended, and no other one can begin: another process has the transactional id, or the broker refuses it.
    TransactionFailed {
        error: ClientError,
    },
    /// The group's offsets are in the log, and hold once the transaction is committed.
    OffsetsAdded {
        group: Arc<str>,
        /// As in `ConsumerEvent::Committed`.
        offsets: Vec<NextOffset>,
    },
    /// The group's coordinator has refused them: the transaction can only be aborted.
    OffsetsRefused {
        error: ClientError,
    },
}

/// What a request was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tag {
    Metadata,
    InitProducerId,
    /// FindCoordinator of the transactional id.
    Coordinator,
    EndTransaction,
    /// FindCoordinator of the group whose offsets are in the transaction.
    GroupCoordinator,
    Offsets,
    /// The n-th Produce request.
    Produce(u64),
}

/// A record whose partition cannot be chosen yet.
#[derive(Clone, Debug)]
struct Waiting {
    ticket: Ticket,
    since: Time,
    record: ProducerRecord,
    bytes: u64,
}

/// A batch in a Produce request.
#[derive(Clone, Debug)]
pub(super) struct InFlightBatch {
    at: TopicPartition,
    batch: ProducerBatch,
    /// `delivery.timeout.ms` passed while it was in flight: its records have failed already.
    expired: bool,
}

/// A producer that never blocks. [`Client`] has the contract of its connections; the application calls [`Producer::send`] for each record
/// and learns what became of it from the events that carry the record's [`Ticket`]: `Partitioned`, `BatchSent` (and `Retrying`) any number
/// of times, then `Acked` or `Failed`, once.
///
/// # Limits
/// `buffer.memory` bounds the batches that wait or are in flight; each takes `batch.size` of it, or its first record's bytes if those are
/// more. When it is reached, `send` refuses the record, and batches go without waiting for `linger.ms`; the app tries again later.
#[derive(Clone, Debug)]
pub struct Producer {
    config: ProducerConfig,
    net: Net<Tag, ProducerEvent>,
    metadata: Metadata,
    partitioner: Partitioner,
    by_key: KeyPartitioner,
    /// Records that went round so far, by topic.
    rounds: SortedVecMap<Arc<str>, u32>,
    accumulator: Accumulator,
    backoff: Backoff,
    waiting: VecDeque<Waiting>,
    in_flight: SortedVecMap<u64, Vec<InFlightBatch>>,
    next_request: u64,
    next_ticket: u64,
    /// Bytes of `buffer.memory` that batches take, and records that have no outcome yet.
    used: u64,
    records: u64,
    flushing: bool,
    /// `send` has refused a record because `buffer.memory` is full: batches go without waiting for `linger.ms`.
    exhausted: bool,
    producer_id: Option<(i64, i16)>,
    /// With a `transactional.id`.
    transactions: Option<Transactions>,
    id_in_flight: bool,
    id_retry_at: Time,
    /// By node, the partition after which the next request begins, so that no partition starves.
    drain_from: SortedVecMap<i32, TopicPartition>,
    wake: Option<Deadline>,
}

impl Core for Producer {
    type Tag = Tag;
    type Event = ProducerEvent;

    fn net(&mut self) -> &mut Net<Tag, ProducerEvent> {
        &mut self.net
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn handle_answers(&mut self, now: Time, answers: Vec<Answer<Tag>>) {
        for Answer { tag, outcome, .. } in answers {
            match tag {
                Tag::Metadata => self.metadata.handle(now, &mut self.net, outcome),
                Tag::InitProducerId if self.transactions.is_some() => self.handle_transactional_id(now, outcome),
                Tag::InitProducerId => self.handle_init_producer_id(now, outcome),
                Tag::Coordinator => self.handle_coordinator(now, outcome),
                Tag::EndTransaction => self.handle_end(now, outcome),
                Tag::GroupCoordinator => self.handle_group_coordinator(now, outcome),
                Tag::Offsets => self.handle_offsets(now, outcome),
                Tag::Produce(number) => {
                    let batches = self.in_flight.remove(&number).unwrap_or_default();
                    self.handle_produce(now, batches, outcome);
                }
            }
        }
    }

    fn run(&mut self, now: Time) {
        self.wake = None;
        self.choose_partitions(now);
        self.expire_batches(now);
        if !self.waiting.is_empty() && self.waiting.iter().any(|waiting| !self.routable(&waiting.record)) {
            self.metadata.request_update();
        }
        if let Some(deadline) = self.metadata.run(now, &mut self.net, Tag::Metadata) {
            self.wake = earlier(self.wake.take(), Some(deadline));
        }
        self.run_sender(now);
        if self.records == 0 {
            self.flushing = false;
        }
    }
}

impl Client for Producer {
    type Event = ProducerEvent;

    fn handle_connected(&mut self, now: Time, conn: ConnId) {
        connected(self, now, conn);
    }

    fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        frame_came(self, now, conn, frame);
    }

    fn handle_disconnected(&mut self, now: Time, conn: ConnId) {
        disconnected(self, now, conn);
    }

    fn handle_timeout(&mut self, now: Time) {
        timed_out(self, now);
    }

    fn poll_output(&mut self) -> Option<Output<ProducerEvent>> {
        self.net.poll_output()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        earlier(self.wake.clone(), self.net.deadline())
    }

    /// A transaction that is open is aborted.
    fn close(&mut self, now: Time) {
        if self.end_transaction(now, false).is_err() {
            self.flush(now);
        }
    }

    fn is_closed(&self) -> bool {
        self.records == 0 && !matches!(self.transaction(), Some(TransactionStep::Ending { .. }))
    }

    fn describe(&self, describe: Describe) {
        if let Some((id, epoch)) = self.producer_id {
            describe(&"producer id", Some(&id));
            describe(&"producer epoch", Some(&epoch));
        }
        describe(&"buffered bytes", Some(&self.used));
        for (at, queue) in &self.accumulator.queues {
            describe(&format_args!("{}-{}", at.0, at.1), None);
            describe(&"next sequence", Some(&queue.next_sequence));
            let mut batch = |state: &str, batch: &ProducerBatch| {
                let base = batch.sequence.map_or(-1, |sequence| sequence.base);
                let words = format_args!("{} records, {} bytes, base sequence {base}", batch.records.len(), batch.size).to_string();
                describe(&state, Some(&words));
            };
            for sent in self.in_flight.values().flatten().filter(|sent| sent.at == *at) {
                batch("in flight", &sent.batch);
            }
            for waiting in &queue.batches {
                batch("waiting", waiting);
            }
        }
    }
}

impl Producer {
    pub fn new(config: ProducerConfig, seed: u64) -> Result<Self, ClientError> {
        let config = config.resolved()?;
        let timeouts = Timeouts { request_ms: config.request_timeout_ms, connection_setup_ms: config.socket_connection_setup_timeout_ms };
        let jitter = |what| Rng::stream(seed, what);
        let reconnect = Backoff::jittered(config.reconnect_backoff_ms, config.reconnect_backoff_max_ms, jitter("reconnect"));
        let retry = |what| Backoff::jittered(config.retry_backoff_ms, config.retry_backoff_max_ms, jitter(what));
        Ok(Self {
            net: Net::new(APIS, config.client_id.clone(), &config.bootstrap_servers, timeouts, reconnect),
            metadata: Metadata::new(retry("metadata"), config.metadata_max_age_ms, true),
            partitioner: Partitioner::new(seed, config.batch_size, config.partitioner_adaptive_partitioning_enable),
            by_key: KeyPartitioner::default(),
            rounds: SortedVecMap::new(),
            accumulator: Accumulator::new(config.batch_size, config.compression_type),
            backoff: retry("retry"),
            waiting: VecDeque::new(),
            in_flight: SortedVecMap::new(),
            next_request: 0,
            next_ticket: 0,
            used: 0,
            records: 0,
            flushing: false,
            exhausted: false,
            producer_id: None,
            transactions: config.transactional_id.clone().map(|id| Transactions::new(id, config.transaction_timeout_ms)),
            id_in_flight: false,
            id_retry_at: Time(i64::MIN),
            drain_from: SortedVecMap::new(),
            wake: None,
            config,
        })
    }

    /// Chooses partitions by another rule from the next record on.
    pub fn partition_by(&mut self, rule: KeyPartitioner) {
        self.by_key = rule;
    }

    /// `KafkaProducer.send` that never blocks.
    ///
    /// # Errors
    /// [`ClientError::RecordTooLarge`]; [`ClientError::BatchBeyondMemory`]; [`ClientError::BufferFull`]: try again later; with a
    /// `transactional.id`, what forbids to write now.
    pub fn send(&mut self, now: Time, record: ProducerRecord) -> Result<Ticket, ClientError> {
        match self.transaction() {
            None | Some(TransactionStep::Open { .. }) => {}
            Some(TransactionStep::Failed(error) | TransactionStep::Fenced(error)) => return Err(error.clone()),
            Some(_) => return Err(ClientError::Illegal("a transactional producer sends in a transaction")),
        }
        let alone = u64::from(accumulator::upper_bound(&record));
        let limit = self.config.buffer_memory.min(u64::from(self.config.max_request_size));
        if alone > limit {
            return Err(ClientError::RecordTooLarge { size: alone, limit });
        }
        let ticket = Ticket(self.next_ticket);
        let waiting = Waiting { ticket, since: now, record, bytes: alone };
        let waits: u64 = self.waiting.iter().map(|waiting| waiting.bytes).sum();
        let needs = if waits == 0 && self.routable(&waiting.record) { self.needs(now, &waiting) } else { alone };
        if needs > self.config.buffer_memory {
            return Err(ClientError::BatchBeyondMemory { size: needs, limit: self.config.buffer_memory });
        }
        if self.used.saturating_add(waits).saturating_add(needs) > self.config.buffer_memory {
            self.exhausted = true;
            self.run(now);
            mark!(BufferFull);
            return Err(ClientError::BufferFull { used: self.used.saturating_add(waits), limit: self.config.buffer_memory });
        }
        self.next_ticket += 1;
        self.records += 1;
        if let Some(transactions) = &mut self.transactions {
            transactions.step = TransactionStep::Open { written: true };
        }
        self.metadata.want(&waiting.record.topic);
        self.waiting.push_back(waiting);
        self.run(now);
        Ok(ticket)
    }

    /// Sends all that is accumulated without waiting for `linger.ms`.
    pub fn flush(&mut self, now: Time) {
        self.flushing = self.records > 0;
        self.run(now);
    }

    pub fn acks(&self) -> i16 {
        self.config.acks as i16
    }

    /// Whether a batch that is sent twice is stored once.
    pub fn is_idempotent(&self) -> bool {
        self.config.enable_idempotence
    }

    /// Records accumulated or in flight.
    pub fn pending(&self) -> u64 {
        self.records
    }

    /// Topic, partition and number of records in the accumulator, sorted. Partition -1: not chosen yet, for want of metadata.
    pub fn accumulated(&self) -> Vec<(Arc<str>, i32, u32)> {
        let mut counts: SortedVecMap<TopicPartition, u32> = SortedVecMap::new();
        for waiting in &self.waiting {
            *counts.entry((waiting.record.topic.clone(), -1)).or_default() += 1;
        }
        for (at, queue) in &self.accumulator.queues {
            let records = queue.batches.iter().map(|batch| batch.records.len() as u32).sum();
            if records > 0 {
                counts.insert(at.clone(), records);
            }
        }
        counts.into_iter().map(|((topic, partition), records)| (topic, partition, records)).collect()
    }

    fn wake_at(&mut self, at: Time, what: impl Into<TimerKind>, who: impl Into<Who>) {
        self.wake = earlier(self.wake.take(), Some((at, Reason::new(what, who))));
    }

    fn routable(&self, record: &ProducerRecord) -> bool {
        self.metadata.partition_count(&record.topic).is_some_and(|count| record.partition.is_none_or(|chosen| chosen < count))
    }

    /// Moves records whose topic is known into the accumulator, in order, as far as `buffer.memory` goes. A record that has waited for
    /// `max.block.ms` fails.
    fn choose_partitions(&mut self, now: Time) {
        let mut full = false;
        for waiting in std::mem::take(&mut self.waiting) {
            let routable = self.routable(&waiting.record);
            let needs = if routable { self.needs(now, &waiting) } else { 0 };
            if needs > self.config.buffer_memory {
                self.records = self.records.saturating_sub(1);
                let error = ClientError::BatchBeyondMemory { size: needs, limit: self.config.buffer_memory };
                self.net.event(ProducerEvent::Failed { ticket: waiting.ticket, error });
                continue;
            }
            full |= routable && self.used.saturating_add(needs) > self.config.buffer_memory;
            if routable && !full {
                self.accumulate(now, waiting);
                continue;
            }
            let deadline = waiting.since.plus_millis(self.config.max_block_ms);
            if deadline <= now {
                self.records = self.records.saturating_sub(1);
                let what = if routable { "max.block.ms without memory" } else { "max.block.ms without metadata" };
                let error = ClientError::Timeout { what, after_ms: self.config.max_block_ms };
                self.net.event(ProducerEvent::Failed { ticket: waiting.ticket, error });
            } else {
                self.wake_at(deadline, "max.block.ms", waiting.record.topic.clone());
                self.waiting.push_back(waiting);
            }
        }
        self.exhausted |= full;
    }

    /// The partition of a record whose topic is known, and whether the partitioner stays on it.
    fn partition_of(&mut self, record: &ProducerRecord) -> (i32, bool) {
        let count = self.metadata.partition_count(&record.topic).unwrap_or(1);
        let key = record.key.as_ref().filter(|_| !self.config.partitioner_ignore_keys);
        if self.by_key == KeyPartitioner::RoundRobin && record.partition.is_none() {
            return (self.next_in_round(&record.topic, count), false);
        }
        if let Some(partition) = self.by_key.partition(key.map(|key| &key[..]), count).filter(|_| record.partition.is_none()) {
            return (partition, false);
        }
        match (record.partition, key) {
            // To librdkafka an empty key is none.
            (None, Some(key)) if key.is_empty() && self.by_key == KeyPartitioner::Crc32 => {
                (self.sticky_partition(&record.topic, count), true)
            }
            (Some(partition), _) => (partition.max(0), false),
            (None, Some(key)) => (murmur2::partition_for_key(key, count), false),
            (None, None) => (self.sticky_partition(&record.topic, count), true),
        }
    }

    /// `RoundRobinPartitioner`: the next of the partitions that have a leader, or of all as long as none has one.
    fn next_in_round(&self, topic: &Arc<str>, count: i32) -> i32 {
        let round = self.rounds.get(topic).copied().unwrap_or(0);
        let is_led = |partition: &i32| self.metadata.leader(topic, *partition).is_some();
        let led = (0..count).filter(is_led).count() as u32;
        let nth = round % if led > 0 { led } else { count.max(1).unsigned_abs() };
        let found = (0..count).filter(|partition| led == 0 || is_led(partition)).nth(nth as usize);
        found.unwrap_or(0)
    }

    /// What a record whose topic is known would take of `buffer.memory`.
    fn needs(&mut self, now: Time, waiting: &Waiting) -> u64 {
        let (partition, _) = self.partition_of(&waiting.record);
        let timestamp = waiting.record.timestamp.unwrap_or(now.millis());
        let entry = Accumulated { ticket: waiting.ticket, timestamp, record: waiting.record.clone() };
        u64::from(self.accumulator.needs(&(waiting.record.topic.clone(), partition), &entry))
    }

    fn accumulate(&mut self, now: Time, waiting: Waiting) {
        let Waiting { ticket, record, .. } = waiting;
        let topic = record.topic.clone();
        let (partition, sticky) = self.partition_of(&record);
        let at = (topic.clone(), partition);
        if self.by_key == KeyPartitioner::RoundRobin {
            let round = self.rounds.entry(topic.clone()).or_insert(0);
            *round = round.wrapping_add(1);
        }
        let timestamp = record.timestamp.unwrap_or(now.millis());
        let (added, memory) = self.accumulator.append(now, &at, Accumulated { ticket, timestamp, record });
        self.used = self.used.saturating_add(u64::from(memory));
        if sticky {
            self.partitioner.produced(&topic, added);
        }
        self.net.event(ProducerEvent::Partitioned { ticket, topic, partition });
    }

    fn sticky_partition(&mut self, topic: &Arc<str>, count: i32) -> i32 {
        if let Some(current) = self.partitioner.current(topic).filter(|current| *current < count) {
            let full = self.accumulator.all_full(&(topic.clone(), current));
            if !self.partitioner.exhausted(topic, full) {
                return current;
            }
        }
        let candidates: Vec<Candidate> = (0..count)
            .map(|partition| Candidate {
                partition,
                queue: self.accumulator.waiting(&(topic.clone(), partition)),
                available: self.metadata.leader(topic, partition).is_some(),
            })
            .collect();
        self.partitioner.switch(topic, &candidates)
    }
}
