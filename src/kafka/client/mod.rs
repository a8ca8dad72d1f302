//! Clients: producer and consumer, as the Java client does it. They speak frames to whatever address metadata gives them.
//! `net` (connections, ApiVersions, correlation, metadata, retries) is shared by both.

pub mod consumer;
pub mod producer;

use super::wire::error::ErrorCode;
use bytes::Bytes;
use std::sync::Arc;

/// A connection of this client, numbered by it; never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub u64);

/// What a client wants from the world, beside its events.
#[derive(Clone, Debug)]
pub enum Output<E> {
    /// Dial; the answer is `handle_connected` or `handle_disconnected`.
    Connect { conn: ConnId, host: Arc<str>, port: i32 },
    Send { conn: ConnId, frame: Bytes },
    Disconnect { conn: ConnId },
    Event(E),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("buffer.memory is full: {used} of {limit} bytes wait to be sent")]
    BufferFull { used: u64, limit: u64 },
    #[error("the record has {size} bytes, max.request.size is {limit}")]
    RecordTooLarge { size: u64, limit: u64 },
    #[error("{0:?}")]
    Broker(ErrorCode),
    #[error("{name}={value}: {expected}")]
    Config { name: String, value: String, expected: String },
    #[error("offset {offset} of {topic}-{partition} is out of range and auto.offset.reset is none")]
    NoOffset { topic: String, partition: i32, offset: i64 },
}
