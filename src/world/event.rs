//! What happened, each with what led to it.

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::{consumer::ConsumerEvent, producer::ProducerEvent};
use crate::kafka::time::{Time, TimerKind};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::ApiKey;
use crate::world::ProcessState;
use crate::world::handler::OnFailure;
use std::sync::Arc;

/// Where virtual time begins: 2026-01-01T00:00:00Z, so that record timestamps look like timestamps.
pub const EPOCH: Time = Time::from_millis(1_767_225_600_000);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct EventId(pub u64);

/// `broker-1`, `checkout`, `billing-1`: every node has a name.
pub type NodeName = Arc<str>;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub id: EventId,
    pub at: Time,
    /// The event that led to this one; `None` for actions and what the genesis starts.
    pub cause: Option<EventId>,
    pub kind: EventKind,
}

#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum EventKind {
    /// Index in the history.
    Acted {
        action: u32,
    },
    FrameSent {
        message: u64,
        from: NodeName,
        to: NodeName,
        api: ApiKey,
        response: bool,
        bytes: u32,
        arrives: Time,
    },
    FrameArrived {
        message: u64,
    },
    /// Sent to, or under way to, a process that is gone.
    FrameLost {
        message: u64,
    },
    Connected {
        from: NodeName,
        to: NodeName,
    },
    Disconnected {
        from: NodeName,
        to: NodeName,
    },
    Timer {
        node: NodeName,
        what: TimerKind,
        who: Arc<str>,
    },
    Broker {
        node: NodeName,
        event: BrokerEvent,
    },
    BrokerLog {
        node: NodeName,
        line: String,
    },
    Producer {
        node: NodeName,
        event: ProducerEvent,
    },
    Consumer {
        node: NodeName,
        event: ConsumerEvent,
    },
    /// The app has handled a record: it is in the sink. `delivery` is 1 the first time this record reached this group.
    Handled {
        node: NodeName,
        group: Option<Arc<str>>,
        topic: Arc<str>,
        partition: i32,
        offset: i64,
        delivery: u32,
    },
    ProcessState {
        node: NodeName,
        from: ProcessState,
        to: ProcessState,
    },
    /// Nothing goes from one to the other (nor back, unless `one_way`); `to` is "everyone" for an isolated node.
    LinkCut {
        from: NodeName,
        to: NodeName,
        one_way: bool,
    },
    /// All cuts are gone.
    Healed,
    /// The cluster's answer to an action that an admin client carried to it.
    AdminAnswered {
        node: NodeName,
        api: ApiKey,
        topic: Arc<str>,
        error: ErrorCode,
        message: String,
    },
    /// The app's handler has failed on a record, for the `attempt`th time in a row.
    HandlerFailed {
        node: NodeName,
        topic: Arc<str>,
        partition: i32,
        offset: i64,
        attempt: u32,
        then: OnFailure,
    },
    /// The app has inserted rows in bulk.
    Inserted {
        node: NodeName,
        rows: u32,
    },
}
