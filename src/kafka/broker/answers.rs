//! What this node has asked of others, and where each answer goes.

use super::follower::BeyondLeader;
use super::forwarding::{Forward, response_of};
use super::replica_fetchers::FetcherId;
use super::{Broker, Output, PeerConn};
use crate::kafka::client::Output as NetOutput;
use crate::kafka::client::net::{Answer, Outcome};
use crate::kafka::time::Time;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::{ApiKey, Message};
use bytes::Bytes;
use std::sync::Arc;

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
    Forward(Forward),
    /// Markers of ended transactions, to the leader of their partitions.
    Markers(u64),
    /// A question to the coordinator of a transaction.
    Verification(u64),
    /// A follower's fetch from that leader.
    Follow(FetcherId),
    /// A follower's question where its leader's log ends.
    LeaderEnd(BeyondLeader),
}

impl Broker {
    pub(super) fn peer_connected(&mut self, now: Time, conn: PeerConn) {
        self.peers.handle_connected(now, conn);
        self.drain_peers();
    }

    pub(super) fn peer_frame(&mut self, now: Time, conn: PeerConn, frame: Bytes) {
        let answers = self.peers.handle_frame(now, conn, frame);
        self.take_answers(now, answers);
    }

    pub(super) fn peer_disconnected(&mut self, now: Time, conn: PeerConn) {
        let answers = self.peers.handle_disconnected(now, conn);
        self.take_answers(now, answers);
    }

    pub(super) fn expire_peers(&mut self, now: Time) {
        let answers = self.peers.handle_timeout(now);
        self.take_answers(now, answers);
    }

    /// Whether anything happened.
    pub(super) fn pump_peers(&mut self, now: Time) -> bool {
        let (lost, moved) = self.peers.pump(now);
        self.take_answers(now, lost);
        moved
    }

    pub(super) fn drain_peers(&mut self) {
        while let Some(output) = self.peers.poll_output() {
            self.outputs.push_back(match output {
                NetOutput::Connect { conn, host, port } => Output::Dial { conn, host, port },
                NetOutput::Send { conn, frame } => Output::SendPeer { conn, frame },
                NetOutput::Disconnect { conn } => Output::HangUp { conn },
                NetOutput::Event(()) => continue,
            });
        }
    }

    fn take_answers(&mut self, now: Time, answers: Vec<Answer<Tag>>) {
        self.drain_peers();
        for Answer { tag, outcome, .. } in answers {
            match tag {
                Tag::Quorum { id, api } => self.controller.handle_answer(now, &mut self.disk, id, response_of(api, outcome)),
                Tag::Own(own, api) => self.own_answered(now, own, response_of(api, outcome)),
                Tag::Forward(forward) => self.forward_answered(now, forward, outcome),
                Tag::Markers(id) => self.markers_answered(now, id, body_of(outcome).as_ref()),
                Tag::Verification(id) => self.verification_answered(now, id, body_of(outcome).as_ref()),
                Tag::Follow(fetcher) => self.fetched(now, fetcher, outcome),
                Tag::LeaderEnd(beyond) => self.leader_end_answered(now, beyond, body_of(outcome).as_ref()),
            }
        }
    }
}

/// The answer; `None`: it did not come or cannot be read.
fn body_of<R: Message>(outcome: Outcome) -> Option<R> {
    match outcome {
        Outcome::Lost => None,
        Outcome::Body { version, body } => frame::decode_body(body, version).ok(),
    }
}
