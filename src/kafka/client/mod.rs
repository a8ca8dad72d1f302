//! Clients: producer and consumer, as the Java client does it. They speak frames to whatever address metadata gives them.
//! `net` (connections, ApiVersions, correlation, metadata, retries) is shared by both.

pub mod consumer;
pub mod metadata;
pub mod net;
pub mod producer;
#[cfg(test)]
mod tests;

use super::config::ConfigError;
use super::wire::error::ErrorCode;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::TopicName;
use bytes::Bytes;
use std::sync::Arc;

/// A connection of this client, numbered by it; never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// What a client wants from the world, beside its events.
#[derive(Clone, Debug)]
pub enum Output<E> {
    /// Dial; the answer is `handle_connected` or `handle_disconnected`.
    Connect {
        conn: ConnId,
        host: Arc<str>,
        port: i32,
    },
    Send {
        conn: ConnId,
        frame: Bytes,
    },
    Disconnect {
        conn: ConnId,
    },
    Event(E),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Hash)]
pub enum ClientError {
    #[error("buffer.memory is full: {used} of {limit} bytes wait to be sent")]
    BufferFull { used: u64, limit: u64 },
    #[error("the record has {size} bytes, max.request.size is {limit}")]
    RecordTooLarge { size: u64, limit: u64 },
    #[error("{0:?}")]
    Broker(ErrorCode),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("offset {offset} of {topic}-{partition} is out of range and auto.offset.reset is none")]
    NoOffset { topic: String, partition: i32, offset: i64 },
    #[error("{what} has passed: {after_ms} ms")]
    Timeout { what: &'static str, after_ms: i64 },
    #[error("{0}")]
    Illegal(&'static str),
}

/// Takes names and what stands behind them; `None` makes the name a heading.
pub type Say<'a> = &'a mut dyn FnMut(&dyn std::fmt::Display, Option<&dyn std::fmt::Display>);

/// A topic's partition, as the clients' tables name it.
pub(crate) type TopicPartition = (Arc<str>, i32);

pub(crate) fn string(text: &str) -> Str {
    Str::from(text)
}

pub(crate) fn topic_name(topic: &str) -> TopicName {
    TopicName(string(topic))
}

pub(crate) fn text(string: &Str) -> Arc<str> {
    string.clone()
}

/// Kafka's error numbers that clients act upon.
pub(crate) mod code {
    pub const OFFSET_OUT_OF_RANGE: i16 = 1;
    pub const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
    pub const REQUEST_TIMED_OUT: i16 = 7;
    pub const NETWORK_EXCEPTION: i16 = 13;
    pub const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
    pub const COORDINATOR_NOT_AVAILABLE: i16 = 15;
    pub const NOT_COORDINATOR: i16 = 16;
    pub const ILLEGAL_GENERATION: i16 = 22;
    pub const UNKNOWN_MEMBER_ID: i16 = 25;
    pub const REBALANCE_IN_PROGRESS: i16 = 27;
    pub const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
    pub const DUPLICATE_SEQUENCE_NUMBER: i16 = 46;
    pub const UNKNOWN_PRODUCER_ID: i16 = 59;
    pub const MEMBER_ID_REQUIRED: i16 = 79;
    pub const FENCED_INSTANCE_ID: i16 = 82;
    pub const UNSTABLE_OFFSET_COMMIT: i16 = 88;

    /// Errors that mean: the metadata is wrong (`InvalidMetadataException`).
    pub fn invalid_metadata(code: i16) -> bool {
        matches!(code, 3 | 5 | 6 | 9 | 13 | 56 | 72 | 74 | 75 | 78 | 100 | 103)
    }
}
