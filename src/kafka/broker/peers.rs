//! Connections that this node dials to others: voters among themselves, the active controller, the leaders that it follows. Requests
//! wait for their connection, and for their answer, no longer than their timeout.

use super::PeerConn;
use crate::kafka::apis::CONTROLLER;
use crate::kafka::client::Output as NetOutput;
use crate::kafka::client::backoff::Backoff;
use crate::kafka::client::net::{Answer, ApiRange, Net, Node, Outcome, Readiness, Timeouts};
use crate::kafka::controller::{Request, Visitor};
use crate::kafka::time::{Deadline, Reason, Time, earlier};
use crate::kafka::wire::message::{
    self as m, AddPartitionsToTxnRequest, ApiKey, EnvelopeRequest, ListOffsetsRequest, WriteTxnMarkersRequest,
};
use bytes::Bytes;
use std::sync::Arc;

/// What brokers and voters say to each other: all that a controller's listener answers, and among it Fetch, which leaders answer too;
/// and what is said of transactions, and of where a log ends.
const SPOKEN: &[ApiRange] = &{
    let mut spoken = [(ApiKey::AddPartitionsToTxn, 4, 5); CONTROLLER.len() + 3];
    spoken[CONTROLLER.len()] = (ApiKey::WriteTxnMarkers, 1, 1);
    spoken[CONTROLLER.len() + 1] = (ApiKey::ListOffsets, 1, 10);
    let mut at = 0;
    while at < CONTROLLER.len() {
        spoken[at] = (CONTROLLER[at].key, CONTROLLER[at].min, CONTROLLER[at].max);
        at += 1;
    }
    spoken
};
/// `quorum.request.timeout.ms`.
pub const QUORUM_REQUEST_TIMEOUT_MS: i64 = 2000;
/// `request.timeout.ms` of a broker, and `replica.socket.timeout.ms`.
pub const REQUEST_TIMEOUT_MS: i64 = 30_000;
const TIMEOUTS: Timeouts = Timeouts { request_ms: REQUEST_TIMEOUT_MS, connection_setup_ms: 10_000 };
/// `reconnect.backoff.ms` and `reconnect.backoff.max.ms`.
const RECONNECT_BACKOFF_MS: (i64, i64) = (50, 1000);

/// What is sent.
#[derive(Clone, Debug)]
pub enum Message {
    Plain(Box<Request>),
    Envelope(EnvelopeRequest),
    AddPartitionsToTxn(AddPartitionsToTxnRequest),
    WriteTxnMarkers(WriteTxnMarkersRequest),
    ListOffsets(ListOffsetsRequest),
}

#[derive(Clone, Debug)]
struct Queued<T> {
    node: Node,
    message: Message,
    tag: T,
    until: Time,
}

/// What this node asks of others, each request with a tag that comes back with its answer.
///
/// The owner gives addresses (`set_address`) and requests (`ask`), calls `pump` after each of its inputs until nothing moves, and the
/// `handle_*` methods for what happens to the connections and for timeouts. All of these return answers, among them that a request is
/// lost; `poll_output` is drained after each of them.
#[derive(Clone, Debug)]
pub struct Peers<T> {
    net: Net<T, ()>,
    queue: Vec<Queued<T>>,
}

/// Sends a request to a node whose connection is ready. False: it cannot be sent.
struct Sender<'a, T> {
    net: &'a mut Net<T, ()>,
    now: Time,
    node: Node,
    tag: T,
    timeout_ms: i64,
}

impl<T: Clone> Visitor for Sender<'_, T> {
    type Output = bool;

    fn visit<R: m::Request>(self, request: R) -> bool {
        let Some(version) = self.net.version(self.node, R::KEY) else { return false };
        self.net.send(self.now, self.node, version, request, Some(self.tag), Some(self.timeout_ms))
    }
}

impl<T: Clone> Peers<T> {
    pub fn new(node_id: i32) -> Self {
        Self {
            net: Net::new(
                SPOKEN,
                format!("broker-{node_id}").into(),
                &[],
                TIMEOUTS,
                Backoff::steady(RECONNECT_BACKOFF_MS.0, RECONNECT_BACKOFF_MS.1),
            ),
            queue: Vec::new(),
        }
    }

    pub fn set_address(&mut self, node: Node, host: &Arc<str>, port: i32) {
        self.net.set_address(node, host, port);
    }

    pub fn ask(&mut self, now: Time, node: Node, message: Message, tag: T, timeout_ms: i64) {
        self.queue.push(Queued { node, message, tag, until: now.plus_millis(timeout_ms) });
    }

    /// Sends what can be sent. Returns what will never be, and whether anything moved.
    pub fn pump(&mut self, now: Time) -> (Vec<Answer<T>>, bool) {
        let mut lost = Vec::new();
        let before = self.queue.len();
        for queued in std::mem::take(&mut self.queue) {
            let Queued { node, message, tag, until } = queued;
            let left = until.micros_since(now) / 1000;
            let outcome = Outcome::Lost;
            if left <= 0 {
                lost.push(Answer { node, tag, outcome });
                continue;
            }
            match self.net.ready(now, node) {
                Readiness::Ready => {
                    if !self.send(now, node, message, tag.clone(), left) {
                        lost.push(Answer { node, tag, outcome });
                    }
                }
                Readiness::Unknown => lost.push(Answer { node, tag, outcome }),
                Readiness::Busy | Readiness::After(_) => self.queue.push(Queued { node, message, tag, until }),
            }
        }
        let moved = !lost.is_empty() || before != self.queue.len();
        (lost, moved)
    }

    pub fn handle_connected(&mut self, now: Time, conn: PeerConn) {
        self.net.handle_connected(now, conn);
    }

    pub fn handle_frame(&mut self, now: Time, conn: PeerConn, frame: Bytes) -> Vec<Answer<T>> {
        self.net.handle_frame(now, conn, frame)
    }

    /// What was sent on the connection is lost, and what waited for it.
    pub fn handle_disconnected(&mut self, now: Time, conn: PeerConn) -> Vec<Answer<T>> {
        let node = self.net.node_of(conn);
        let mut answers = self.net.handle_disconnected(now, conn);
        answers.extend(node.into_iter().flat_map(|node| self.lose(node)));
        answers
    }

    /// Closes the connection to a node of which nothing is wanted any more: what was asked of it gets no answer, and no backoff is kept.
    pub fn forget(&mut self, now: Time, node: Node) {
        self.queue.retain(|queued| queued.node != node);
        self.net.forget(now, node);
    }

    pub fn handle_timeout(&mut self, now: Time) -> Vec<Answer<T>> {
        self.net.expire(now)
    }

    pub fn poll_output(&mut self) -> Option<NetOutput<()>> {
        self.net.poll_output()
    }

    fn send(&mut self, now: Time, node: Node, message: Message, tag: T, timeout_ms: i64) -> bool {
        let sender = Sender { net: &mut self.net, now, node, tag, timeout_ms };
        match message {
            Message::Envelope(request) => sender.visit(request),
            Message::AddPartitionsToTxn(request) => sender.visit(request),
            Message::WriteTxnMarkers(request) => sender.visit(request),
            Message::ListOffsets(request) => sender.visit(request),
            Message::Plain(request) => request.visit(sender),
        }
    }

    /// Takes back what waits for a connection that could not be made.
    fn lose(&mut self, node: Node) -> Vec<Answer<T>> {
        let (gone, kept) = std::mem::take(&mut self.queue).into_iter().partition(|queued| queued.node == node);
        self.queue = kept;
        let gone: Vec<Queued<T>> = gone;
        gone.into_iter().map(|queued| Answer { node, tag: queued.tag, outcome: Outcome::Lost }).collect()
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let mut first = self.net.deadline();
        for queued in &self.queue {
            let at = match self.net.backing_off(queued.node) {
                Some(retry) => retry.min(queued.until),
                None => queued.until,
            };
            first = earlier(first, Some((at, Reason::new("reconnect backoff", ""))));
        }
        first
    }

    pub fn close_all(&mut self, now: Time) {
        self.net.close_all(now);
    }
}
