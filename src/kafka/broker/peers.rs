//! Connections that this node dials to others: voters among themselves, the active controller, the leaders that it follows. Requests
//! wait for their connection, and for their answer, no longer than their timeout.

use super::forwarding::response_of;
use super::{Broker, Output};
use crate::kafka::apis::CONTROLLER;
use crate::kafka::client::Output as NetOutput;
use crate::kafka::client::net::{Answer, Net, Node, Outcome, Readiness, Spoken};
use crate::kafka::controller::{Request, Visitor};
use crate::kafka::time::{Deadline, Reason, Time, earlier};
use crate::kafka::wire::message::{self as m, ApiKey, EnvelopeRequest};
use std::sync::Arc;

/// What brokers and voters say to each other: all that a controller's listener answers, and among it Fetch, which leaders answer too.
const SPOKEN: &[Spoken] = &{
    let mut spoken = [(ApiKey::Fetch, 0, 0); CONTROLLER.len()];
    let mut at = 0;
    while at < spoken.len() {
        spoken[at] = (CONTROLLER[at].key, CONTROLLER[at].min, CONTROLLER[at].max);
        at += 1;
    }
    spoken
};
/// `quorum.request.timeout.ms`.
pub const QUORUM_REQUEST_TIMEOUT_MS: i64 = 2000;
/// `request.timeout.ms` of a broker, and `replica.socket.timeout.ms`.
pub const REQUEST_TIMEOUT_MS: i64 = 30_000;

/// What is sent.
#[derive(Clone, Debug)]
pub enum Message {
    Plain(Box<Request>),
    Envelope(EnvelopeRequest),
}

/// Which request of this node's own an answer is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnRequest {
    Register,
    Heartbeat,
    AlterPartition,
    ProducerIds,
    CreateTopic(Arc<str>),
}

/// Whose request it was.
#[derive(Clone, Debug)]
pub enum Tag {
    /// The controller's, with the id that it wants to hear again.
    Quorum { id: u64, api: ApiKey },
    /// This broker's own, to the active controller.
    Own(OwnRequest, ApiKey),
    /// A client's, in an envelope.
    Forward(super::forwarding::Forward),
    /// A follower's fetch from that leader.
    Follow { leader: i32, asked: Vec<super::follower::Asked> },
}

#[derive(Clone, Debug)]
struct Queued {
    node: Node,
    message: Message,
    tag: Tag,
    until: Time,
}

#[derive(Clone, Debug)]
pub struct Peers {
    net: Net<Tag, ()>,
    queue: Vec<Queued>,
}

/// Sends a request to a node whose connection is ready. False: it cannot be sent.
struct Sender<'a> {
    net: &'a mut Net<Tag, ()>,
    now: Time,
    node: Node,
    tag: Tag,
    timeout_ms: i64,
}

impl Visitor for Sender<'_> {
    type Output = bool;

    fn visit<R: m::Request>(self, request: R) -> bool {
        let Some(version) = self.net.version(self.node, R::KEY) else { return false };
        self.net.send(self.now, self.node, version, request, Some(self.tag), Some(self.timeout_ms))
    }
}

impl Peers {
    pub fn new(node_id: i32) -> Self {
        Self { net: Net::new(SPOKEN, format!("broker-{node_id}").into(), &[], REQUEST_TIMEOUT_MS), queue: Vec::new() }
    }

    pub fn set_address(&mut self, node: Node, host: &Arc<str>, port: i32) {
        self.net.set_address(node, host, port);
    }

    pub fn ask(&mut self, now: Time, node: Node, message: Message, tag: Tag, timeout_ms: i64) {
        self.queue.push(Queued { node, message, tag, until: now.plus_millis(timeout_ms) });
    }

    /// Sends what can be sent; returns what will never be.
    fn pump(&mut self, now: Time) -> Vec<Answer<Tag>> {
        let mut lost = Vec::new();
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
        lost
    }

    fn send(&mut self, now: Time, node: Node, message: Message, tag: Tag, timeout_ms: i64) -> bool {
        let sender = Sender { net: &mut self.net, now, node, tag, timeout_ms };
        match message {
            Message::Envelope(request) => sender.visit(request),
            Message::Plain(request) => request.visit(sender),
        }
    }

    /// Takes back what waits for a connection that could not be made.
    fn lose(&mut self, node: Node) -> Vec<Answer<Tag>> {
        let (gone, kept) = std::mem::take(&mut self.queue).into_iter().partition(|queued| queued.node == node);
        self.queue = kept;
        let gone: Vec<Queued> = gone;
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

impl Broker {
    pub(super) fn peer_connected(&mut self, now: Time, conn: super::PeerConn) {
        self.peers.net.handle_connected(now, conn);
        self.peer_outputs();
    }

    pub(super) fn peer_frame(&mut self, now: Time, conn: super::PeerConn, frame: bytes::Bytes) {
        let answers = self.peers.net.handle_frame(now, conn, frame);
        self.take_answers(now, answers);
    }

    pub(super) fn peer_disconnected(&mut self, now: Time, conn: super::PeerConn) {
        let node = self.peers.net.node_of(conn);
        let mut answers = self.peers.net.handle_disconnected(now, conn);
        answers.extend(node.into_iter().flat_map(|node| self.peers.lose(node)).collect::<Vec<_>>());
        self.take_answers(now, answers);
    }

    pub(super) fn expire_peers(&mut self, now: Time) {
        let answers = self.peers.net.expire(now);
        self.take_answers(now, answers);
    }

    /// Whether anything happened.
    pub(super) fn pump_peers(&mut self, now: Time) -> bool {
        if self.peers.queue.is_empty() {
            return false;
        }
        let before = self.peers.queue.len();
        let lost = self.peers.pump(now);
        let moved = !lost.is_empty() || before != self.peers.queue.len();
        self.take_answers(now, lost);
        moved
    }

    pub(super) fn peer_outputs(&mut self) {
        while let Some(output) = self.peers.net.poll_output() {
            self.outputs.push_back(match output {
                NetOutput::Connect { conn, host, port } => Output::Dial { conn, host, port },
                NetOutput::Send { conn, frame } => Output::SendPeer { conn, frame },
                NetOutput::Disconnect { conn } => Output::HangUp { conn },
                NetOutput::Event(()) => continue,
            });
        }
    }

    fn take_answers(&mut self, now: Time, answers: Vec<Answer<Tag>>) {
        self.peer_outputs();
        for Answer { tag, outcome, .. } in answers {
            match tag {
                Tag::Quorum { id, api } => self.controller.handle_answer(now, &mut self.disk, id, response_of(api, outcome)),
                Tag::Own(own, api) => self.own_answered(now, own, response_of(api, outcome)),
                Tag::Forward(forward) => self.forward_answered(now, forward, outcome),
                Tag::Follow { leader, asked } => self.fetched(now, leader, &asked, outcome),
            }
        }
    }
}
