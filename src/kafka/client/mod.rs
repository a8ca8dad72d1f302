//! Clients: producer and consumer, as the Java client does it. They speak frames to whatever address metadata gives them.
//! `net` (connections, ApiVersions, correlation, metadata, retries) is shared by both.

pub mod backoff;
pub mod consumer;
pub mod metadata;
pub mod net;
pub mod producer;
#[cfg(test)]
mod tests;

use super::config::ConfigError;
use super::time::{Deadline, Time};
use super::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::FindCoordinatorResponse;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::TopicName;
use bytes::Bytes;
use metadata::Metadata;
use net::{Answer, Net, Outcome};
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
    /// `BufferPool.allocate`, for a batch of `batch.size` bytes: it can never be.
    #[error("a batch takes {size} bytes, and buffer.memory has no more than {limit}")]
    BatchBeyondMemory { size: u64, limit: u64 },
    #[error("the record has {size} bytes, max.request.size is {limit}")]
    RecordTooLarge { size: u64, limit: u64 },
    #[error("{0:?}")]
    Broker(ErrorCode),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("offset {offset} of {topic}-{partition} is out of range and auto.offset.reset is none")]
    NoOffset { topic: String, partition: i32, offset: i64 },
    #[error("{topic}-{partition} was truncated below offset {offset}{}, and auto.offset.reset is none", diverging(*diverges))]
    LogTruncation { topic: String, partition: i32, offset: i64, diverges: Option<i64> },
    #[error("{what} has passed: {after_ms} ms")]
    Timeout { what: &'static str, after_ms: i64 },
    #[error("{0}")]
    Illegal(&'static str),
}

/// Where the logs diverge, as far as a leader said it.
fn diverging(offset: Option<i64>) -> String {
    offset.map(|offset| format!(" (what lies before {offset} is as it was)")).unwrap_or_default()
}

/// A client as a state machine without I/O. [`producer::Producer`] and [`consumer::Consumer`] are driven in the same way.
///
/// # Contract
///
/// Two parties call a client: the application (`Producer::send`, `Consumer::poll`, [`Client::close`], …) and the owner of its connections,
/// who hands in what happened on them and carries out what the client wants.
///
/// 1. After each call of either party, [`Client::poll_output`] is called until it gives `None`, and each output is carried out in order.
///    Frames of one connection must leave in the order in which they come out.
/// 2. [`Output::Connect`] is answered once: by [`Client::handle_connected`] when the connection is up, or by
///    [`Client::handle_disconnected`] when it cannot be made. A connection that is up ends with `handle_disconnected`, unless the client
///    itself ended it by [`Output::Disconnect`]: then nothing more is handed in for it.
/// 3. Then the owner asks [`Client::poll_timeout`] and calls [`Client::handle_timeout`] at that time, or later. Every call may move the
///    deadline.
/// 4. `now` never goes back from one call to the next.
///
/// A connection that the client does not know (any more) is ignored. Whatever a frame contains, nothing panics: a frame that cannot be read
/// ends its connection.
pub trait Client {
    /// What the client tells of.
    type Event;

    /// A connection that the client asked for is up.
    fn handle_connected(&mut self, now: Time, conn: ConnId);
    /// A frame has come, without its length prefix.
    fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Bytes);
    /// A connection is closed, or could not be made.
    fn handle_disconnected(&mut self, now: Time, conn: ConnId);
    /// The deadline of [`Client::poll_timeout`] has come.
    fn handle_timeout(&mut self, now: Time);
    /// The next thing to be carried out; `None`: all is done for now.
    fn poll_output(&mut self) -> Option<Output<Self::Event>>;
    /// When the client next acts by itself, and why; `None`: not until something is handed in.
    fn poll_timeout(&self) -> Option<Deadline>;
    /// The application is done: what is pending is sent, a consumer commits (if it commits by itself) and leaves its group.
    fn close(&mut self, now: Time);
    /// Whether all that [`Client::close`] began is done.
    fn is_closed(&self) -> bool;
    /// What it keeps, in Kafka's words, for an inspector.
    fn describe(&self, describe: Describe);
}

/// Takes a name and a value, or, without a value, a heading.
pub type Describe<'a> = &'a mut dyn FnMut(&dyn std::fmt::Display, Option<&dyn std::fmt::Display>);

/// What producer and consumer have in common inside: connections, their answers, and a run through all that is due.
trait Core {
    /// What a request was for.
    type Tag;
    type Event;

    fn net(&mut self) -> &mut Net<Self::Tag, Self::Event>;
    fn metadata(&mut self) -> &mut Metadata;
    fn handle_answers(&mut self, now: Time, answers: Vec<Answer<Self::Tag>>);
    /// A connection was lost; what was in flight on it is answered already.
    fn handle_connection_lost(&mut self, _now: Time) {}
    /// Does all that is due, and notes when to come back.
    fn run(&mut self, now: Time);
}

fn connected<C: Core>(client: &mut C, now: Time, conn: ConnId) {
    client.net().handle_connected(now, conn);
    client.run(now);
}

fn frame_came<C: Core>(client: &mut C, now: Time, conn: ConnId, frame: Bytes) {
    let answers = client.net().handle_frame(now, conn, frame);
    client.handle_answers(now, answers);
    client.run(now);
}

fn disconnected<C: Core>(client: &mut C, now: Time, conn: ConnId) {
    let answers = client.net().handle_disconnected(now, conn);
    client.metadata().request_update();
    client.handle_answers(now, answers);
    client.handle_connection_lost(now);
    client.run(now);
}

fn timed_out<C: Core>(client: &mut C, now: Time) {
    let answers = client.net().expire(now);
    client.handle_answers(now, answers);
    client.run(now);
}

/// Who commits for a group (`ConsumerGroupMetadata`): the member as it was when it joined last. A coordinator that has gone on refuses it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMetadata {
    pub group: Arc<str>,
    /// The generation, or the member's epoch; -1 before the first join.
    pub generation: i32,
    pub member: Arc<str>,
    pub instance: Option<Arc<str>>,
}

/// Id, host and port of the coordinator that a FindCoordinator of one key was answered with.
fn coordinator_in(outcome: Outcome) -> Option<(i32, Str, i32)> {
    let Outcome::Body { version, body } = outcome else { return None };
    let response = frame::decode_body::<FindCoordinatorResponse>(body, version).ok()?;
    match response.coordinators.into_iter().next() {
        Some(found) => (found.error_code == 0).then_some((found.node_id.0, found.host, found.port)),
        None => (response.error_code == 0).then_some((response.node_id.0, response.host, response.port)),
    }
}

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
    pub const NOT_LEADER_OR_FOLLOWER: i16 = 6;
    pub const REQUEST_TIMED_OUT: i16 = 7;
    pub const MESSAGE_TOO_LARGE: i16 = 10;
    pub const NETWORK_EXCEPTION: i16 = 13;
    pub const COORDINATOR_LOAD_IN_PROGRESS: i16 = 14;
    pub const COORDINATOR_NOT_AVAILABLE: i16 = 15;
    pub const NOT_COORDINATOR: i16 = 16;
    pub const ILLEGAL_GENERATION: i16 = 22;
    pub const INCONSISTENT_GROUP_PROTOCOL: i16 = 23;
    pub const UNKNOWN_MEMBER_ID: i16 = 25;
    pub const REBALANCE_IN_PROGRESS: i16 = 27;
    pub const OUT_OF_ORDER_SEQUENCE_NUMBER: i16 = 45;
    pub const DUPLICATE_SEQUENCE_NUMBER: i16 = 46;
    pub const UNKNOWN_PRODUCER_ID: i16 = 59;
    pub const FENCED_LEADER_EPOCH: i16 = 74;
    pub const MEMBER_ID_REQUIRED: i16 = 79;
    pub const FENCED_INSTANCE_ID: i16 = 82;
    pub const UNSTABLE_OFFSET_COMMIT: i16 = 88;
    pub const FENCED_MEMBER_EPOCH: i16 = 110;
    pub const STALE_MEMBER_EPOCH: i16 = 113;

    /// Errors that mean: the metadata is wrong (`InvalidMetadataException`).
    pub fn invalid_metadata(code: i16) -> bool {
        matches!(code, 3 | 5 | 6 | 9 | 13 | 56 | 72 | 74 | 75 | 78 | 100 | 103)
    }
}
