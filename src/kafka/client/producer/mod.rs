//! The producer: metadata, partitioner, accumulator, sender, idempotence (`KafkaProducer`, `RecordAccumulator`, `Sender`).

use super::{ClientError, ConnId, Output};
use crate::kafka::time::{Deadline, Time};
use crate::kafka::wire::compression::Compression;
use crate::kafka::wire::error::ErrorCode;
use bytes::Bytes;
use std::sync::Arc;

/// Kafka's producer configs, by their names with `_` for `.`; defaults are Kafka 4.1's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerConfig {
    pub client_id: Arc<str>,
    pub bootstrap_servers: Vec<(Arc<str>, i32)>,
    /// -1, 0 or 1.
    pub acks: i16,
    pub enable_idempotence: bool,
    pub linger_ms: i64,
    pub batch_size: u32,
    pub buffer_memory: u64,
    pub max_request_size: u32,
    pub max_in_flight_requests_per_connection: u32,
    pub retries: u32,
    pub retry_backoff_ms: i64,
    pub retry_backoff_max_ms: i64,
    pub request_timeout_ms: i64,
    pub delivery_timeout_ms: i64,
    pub max_block_ms: i64,
    pub metadata_max_age_ms: i64,
    pub compression_type: Compression,
    pub partitioner_adaptive_partitioning_enable: bool,
    pub partitioner_ignore_keys: bool,
}

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

/// A record handed to the producer, named until its fate is known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProducerEvent {
    /// The partitioner has chosen.
    Partitioned { ticket: Ticket, topic: Arc<str>, partition: i32 },
    /// A batch left in a Produce frame. `attempt` is 1 the first time.
    BatchSent { topic: Arc<str>, partition: i32, tickets: Vec<Ticket>, attempt: u32, why: &'static str },
    /// `offset` is -1 with acks=0.
    Acked { ticket: Ticket, topic: Arc<str>, partition: i32, offset: i64 },
    Failed { ticket: Ticket, error: ClientError },
    Retrying { topic: Arc<str>, partition: i32, error: ErrorCode, at: Time },
    GotProducerId { producer_id: i64, epoch: i16 },
}

#[derive(Clone, Debug)]
pub struct Producer {}

impl ProducerConfig {
    /// Kafka 4.1's defaults.
    pub fn new(_client_id: &str, _bootstrap: &str, _port: i32) -> Self {
        todo!()
    }

    /// Sets a config by Kafka's name.
    pub fn set(&mut self, _name: &str, _value: &str) -> Result<(), ClientError> {
        todo!()
    }
}

impl Producer {
    pub fn new(_config: ProducerConfig, _seed: u64) -> Result<Self, ClientError> {
        todo!()
    }

    /// `KafkaProducer.send` that never blocks: a full buffer is an error, for the app to try again later.
    pub fn send(&mut self, _now: Time, _record: ProducerRecord) -> Result<Ticket, ClientError> {
        todo!()
    }

    /// Everything accumulated goes out without waiting for linger.ms.
    pub fn flush(&mut self, _now: Time) {
        todo!()
    }

    /// Records accumulated or in flight.
    pub fn pending(&self) -> u64 {
        todo!()
    }

    /// (topic, partition, records waiting in the accumulator), sorted; partition -1: not chosen yet (no metadata).
    pub fn accumulated(&self) -> Vec<(Arc<str>, i32, u32)> {
        todo!()
    }

    pub fn handle_connected(&mut self, _now: Time, _conn: ConnId) {
        todo!()
    }
    pub fn handle_frame(&mut self, _now: Time, _conn: ConnId, _frame: Bytes) {
        todo!()
    }
    pub fn handle_disconnected(&mut self, _now: Time, _conn: ConnId) {
        todo!()
    }
    pub fn handle_timeout(&mut self, _now: Time) {
        todo!()
    }
    pub fn poll_output(&mut self) -> Option<Output<ProducerEvent>> {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }
}
