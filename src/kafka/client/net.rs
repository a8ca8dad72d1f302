//! Connections of a client (`NetworkClient`): by node, dialled when something is to be sent, ApiVersions first, then
//! requests in order with correlation ids; a request that times out closes its connection, a closed one backs off.

use super::backoff::Backoff;
use super::{ConnId, Output};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use crate::kafka::wire::frame;
use crate::kafka::wire::message::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use crate::kafka::wire::message::{Request, Str};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// How long connections wait, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For an answer (`request.timeout.ms`).
    pub request_ms: i64,
    /// For a dialled connection (`socket.connection.setup.timeout.ms`).
    pub connection_setup_ms: i64,
}

/// An API and its lowest and highest version.
pub type ApiRange = (ApiKey, i16, i16);

/// The APIs that clients use, with their lowest and highest version. The highest is the Java client 4.1's, except where it needs topic ids
/// (Produce 13, Fetch 13 and later): there it is the last with names.
pub const APIS: &[ApiRange] = &[
    (ApiKey::Produce, 3, 12),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 10),
    (ApiKey::Metadata, 4, 13),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 6),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::InitProducerId, 0, 5),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::EndTxn, 0, 5),
    (ApiKey::TxnOffsetCommit, 0, 5),
    (ApiKey::ConsumerGroupHeartbeat, 0, 1),
];

/// The node at the other end of a connection. The coordinator has a connection of its own, so that a held Fetch does not delay a heartbeat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Node {
    /// The n-th of `bootstrap.servers`.
    Bootstrap(u32),
    Broker(i32),
    Coordinator(i32),
    /// The controller listener of a node, for brokers that ask the active controller.
    Controller(i32),
    /// The same listener, for voters among themselves: a metadata fetch that is held there delays nobody else.
    Voter(i32),
    /// The client listener of a leader, for the n-th of the further fetchers that follow it: a fetch that is held delays no other.
    Fetcher(i32, i32),
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    pub node: Node,
    pub tag: T,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub enum Outcome {
    Body {
        version: i16,
        body: Bytes,
    },
    /// The connection closed before the answer came.
    Lost,
}

/// Whether a node can take a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    Ready,
    /// A connection attempt is under way; `handle_connected` or `handle_disconnected` will follow.
    Busy,
    /// Reconnect backoff until then.
    After(Time),
    /// No address is known for it.
    Unknown,
}

#[derive(Clone, Debug)]
struct InFlight<T> {
    correlation: i32,
    api: ApiKey,
    version: i16,
    deadline: Time,
    /// `None`: our own ApiVersions.
    tag: Option<T>,
}

#[derive(Clone, Debug)]
enum Link {
    Down,
    Connecting { conn: ConnId, deadline: Time },
    Handshaking { conn: ConnId },
    Ready { conn: ConnId, versions: SortedVecMap<i16, (i16, i16)> },
}

#[derive(Clone, Debug)]
struct Peer<T> {
    host: Arc<str>,
    port: i32,
    link: Link,
    failures: u32,
    retry_at: Time,
    in_flight: VecDeque<InFlight<T>>,
}

impl<T> Peer<T> {
    fn new(host: Arc<str>, port: i32) -> Self {
        Self { host, port, link: Link::Down, failures: 0, retry_at: Time(i64::MIN), in_flight: VecDeque::new() }
    }

    fn conn(&self) -> Option<ConnId> {
        match self.link {
            Link::Down => None,
            Link::Connecting { conn, .. } | Link::Handshaking { conn } | Link::Ready { conn, .. } => Some(conn),
        }
    }
}

/// All connections of one client, its requests in flight, and its outputs, oldest first.
///
/// Who owns it hands in what happens on the connections (`handle_*`, `expire`), gets back the answers whose requests are thereby settled,
/// and after each call drains `poll_output`. Each request with a tag is answered exactly once: by a body, or by `Outcome::Lost` when its
/// connection ends or its time is over.
#[derive(Clone, Debug)]
pub struct Net<T, E> {
    apis: &'static [ApiRange],
    client_id: Arc<str>,
    timeouts: Timeouts,
    /// Before a node is dialled again.
    reconnect: Backoff,
    peers: SortedVecMap<Node, Peer<T>>,
    conns: SortedVecMap<ConnId, Node>,
    next_conn: u64,
    next_correlation: i32,
    rotation: u64,
    outputs: VecDeque<Output<E>>,
}

impl<T, E> Net<T, E> {
    pub fn new(
        apis: &'static [ApiRange],
        client_id: Arc<str>,
        bootstrap: &[(Arc<str>, i32)],
        timeouts: Timeouts,
        reconnect: Backoff,
    ) -> Self {
        let peers =
            bootstrap.iter().zip(0_u32..).map(|((host, port), index)| (Node::Bootstrap(index), Peer::new(host.clone(), *port))).collect();
        Self {
            apis,
            client_id,
            timeouts,
            reconnect,
            peers,
            conns: SortedVecMap::new(),
            next_conn: 0,
            next_correlation: 0,
            rotation: 0,
            outputs: VecDeque::new(),
        }
    }

    pub fn event(&mut self, event: E) {
        self.outputs.push_back(Output::Event(event));
    }

    pub fn poll_output(&mut self) -> Option<Output<E>> {
        self.outputs.pop_front()
    }

    /// The address of a node, from Metadata or FindCoordinator.
    pub fn set_address(&mut self, node: Node, host: &Arc<str>, port: i32) {
        let peer = self.peers.entry(node).or_insert_with(|| Peer::new(host.clone(), port));
        if (&peer.host, peer.port) != (host, port) {
            peer.host = host.clone();
            peer.port = port;
        }
    }

    /// Whether an address of the node is known.
    pub fn knows(&self, node: Node) -> bool {
        self.peers.contains_key(&node)
    }

    /// Whether the node can take a request now; dials if that is what it needs.
    pub fn ready(&mut self, now: Time, node: Node) -> Readiness {
        let Some(peer) = self.peers.get_mut(&node) else { return Readiness::Unknown };
        match peer.link {
            Link::Ready { .. } => Readiness::Ready,
            Link::Connecting { .. } | Link::Handshaking { .. } => Readiness::Busy,
            Link::Down if now < peer.retry_at => Readiness::After(peer.retry_at),
            Link::Down => {
                let conn = ConnId(self.next_conn);
                self.next_conn += 1;
                peer.link = Link::Connecting { conn, deadline: now.plus_millis(self.timeouts.connection_setup_ms) };
                let (host, port) = (peer.host.clone(), peer.port);
                self.conns.insert(conn, node);
                self.outputs.push_back(Output::Connect { conn, host, port });
                Readiness::Busy
            }
        }
    }

    /// Requests under way to the node.
    pub fn in_flight(&self, node: Node) -> u32 {
        self.peers.get(&node).map_or(0, |peer| peer.in_flight.len() as u32)
    }

    /// Any broker for a request that any broker answers (`NetworkClient.leastLoadedNode`): the ready one with the fewest
    /// requests in flight; without one, dials. Bootstrap servers come in when no broker is known or none can be reached.
    pub fn least_loaded(&mut self, now: Time) -> Result<Node, Readiness> {
        let brokers: Vec<Node> = self.peers.keys().copied().filter(|node| matches!(node, Node::Broker(_))).collect();
        let alive =
            brokers.iter().any(|node| self.peers.get(node).is_some_and(|peer| peer.failures == 0 || !matches!(peer.link, Link::Down)));
        let mut nodes = brokers;
        if !alive {
            nodes.extend(self.peers.keys().copied().filter(|node| matches!(node, Node::Bootstrap(_))));
        }
        let ready = |node: &&Node| self.peers.get(node).is_some_and(|peer| matches!(peer.link, Link::Ready { .. }));
        if let Some(node) = nodes.iter().filter(ready).min_by_key(|node| self.in_flight(**node)) {
            return Ok(*node);
        }
        let connecting = |node: &Node| self.peers.get(node).is_some_and(|peer| !matches!(peer.link, Link::Down));
        if nodes.iter().any(connecting) {
            return Err(Readiness::Busy);
        }
        let due: Vec<Node> = nodes.iter().copied().filter(|node| self.peers.get(node).is_some_and(|peer| peer.retry_at <= now)).collect();
        if due.is_empty() {
            let soonest = nodes.iter().filter_map(|node| self.peers.get(node)).map(|peer| peer.retry_at).min();
            return Err(soonest.map_or(Readiness::Unknown, Readiness::After));
        }
        let index = (self.rotation % due.len() as u64) as usize;
        self.rotation += 1;
        match due.get(index) {
            Some(node) => Err(self.ready(now, *node)),
            None => Err(Readiness::Unknown),
        }
    }

    /// The version of an API to use with a ready node: the highest that both speak.
    pub fn version(&self, node: Node, api: ApiKey) -> Option<i16> {
        let Link::Ready { versions, .. } = &self.peers.get(&node)?.link else { return None };
        let (_, our_min, our_max) = self.apis.iter().copied().find(|(key, ..)| *key == api)?;
        let (min, max) = versions.get(&(api as i16)).copied()?;
        let version = our_max.min(max);
        (version >= our_min && version >= min).then_some(version)
    }

    /// Sends a request to a ready node. `tag` comes back with the answer; without one none is expected (acks=0).
    /// False: the node is not ready or the request cannot be encoded.
    pub fn send<R: Request>(&mut self, now: Time, node: Node, version: i16, request: R, tag: Option<T>, timeout_ms: Option<i64>) -> bool {
        let Some(peer) = self.peers.get_mut(&node) else { return false };
        let Link::Ready { conn, .. } = peer.link else { return false };
        let api = R::KEY;
        let correlation = self.next_correlation;
        let Ok(frame) = frame::encode_request(version, correlation, &self.client_id, request) else { return false };
        self.next_correlation = self.next_correlation.wrapping_add(1) & i32::MAX;
        if let Some(tag) = tag {
            let deadline = now.plus_millis(timeout_ms.unwrap_or(self.timeouts.request_ms));
            peer.in_flight.push_back(InFlight { correlation, api, version, deadline, tag: Some(tag) });
        }
        self.outputs.push_back(Output::Send { conn, frame });
        true
    }

    pub fn handle_connected(&mut self, now: Time, conn: ConnId) {
        let Some(node) = self.conns.get(&conn).copied() else { return };
        let Some(peer) = self.peers.get_mut(&node) else { return };
        if matches!(peer.link, Link::Connecting { .. }) && peer.conn() == Some(conn) {
            peer.link = Link::Handshaking { conn };
            self.send_api_versions(now, node, conn, 4);
        }
    }

    fn send_api_versions(&mut self, now: Time, node: Node, conn: ConnId, version: i16) {
        let request = ApiVersionsRequest {
            client_software_name: Str::from("tidepool"),
            client_software_version: Str::from(env!("CARGO_PKG_VERSION")),
        };
        let request = if version < 3 { ApiVersionsRequest::default() } else { request };
        let correlation = self.next_correlation;
        self.next_correlation = self.next_correlation.wrapping_add(1) & i32::MAX;
        let Ok(frame) = frame::encode_request(version, correlation, &self.client_id, request) else { return };
        let deadline = now.plus_millis(self.timeouts.request_ms);
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.in_flight.push_back(InFlight { correlation, api: ApiKey::ApiVersions, version, deadline, tag: None });
            self.outputs.push_back(Output::Send { conn, frame });
        }
    }

    /// A frame came: the answer to the oldest request of its connection, or the connection is closed.
    pub fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Bytes) -> Vec<Answer<T>> {
        let Some(node) = self.conns.get(&conn).copied() else { return Vec::new() };
        let Some(peer) = self.peers.get_mut(&node) else { return Vec::new() };
        let Some(request) = peer.in_flight.pop_front() else { return self.close(now, conn) };
        let Ok((header, body)) = frame::decode_response(request.api, request.version, frame) else {
            peer.in_flight.push_front(request);
            return self.close(now, conn);
        };
        if header.correlation_id != request.correlation {
            peer.in_flight.push_front(request);
            return self.close(now, conn);
        }
        match request.tag {
            Some(tag) => vec![Answer { node, tag, outcome: Outcome::Body { version: request.version, body } }],
            None => self.handle_api_versions(now, node, conn, request.version, body),
        }
    }

    fn handle_api_versions(&mut self, now: Time, node: Node, conn: ConnId, version: i16, body: Bytes) -> Vec<Answer<T>> {
        // KIP-511: a broker that does not know the version says so in a v0 body.
        if version > 0 && body.starts_with(&[0, 35]) {
            self.send_api_versions(now, node, conn, 0);
            return Vec::new();
        }
        let Ok(response) = frame::decode_body::<ApiVersionsResponse>(body, version) else { return self.close(now, conn) };
        if response.error_code != 0 {
            return self.close(now, conn);
        }
        let versions = response.api_keys.iter().map(|row| (row.api_key, (row.min_version, row.max_version))).collect();
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.link = Link::Ready { conn, versions };
            peer.failures = 0;
        }
        Vec::new()
    }

    /// Closes a connection from this side; what was in flight is lost.
    pub fn close(&mut self, now: Time, conn: ConnId) -> Vec<Answer<T>> {
        if !self.conns.contains_key(&conn) {
            return Vec::new();
        }
        self.outputs.push_back(Output::Disconnect { conn });
        self.handle_disconnected(now, conn)
    }

    /// Closes the connection to a node, if there is one.
    pub fn close_node(&mut self, now: Time, node: Node) -> Vec<Answer<T>> {
        match self.peers.get(&node).and_then(Peer::conn) {
            Some(conn) => self.close(now, conn),
            None => Vec::new(),
        }
    }

    /// Closes the connection to a node, and forgets the node with its address, its backoff and what it was asked.
    pub fn forget(&mut self, now: Time, node: Node) {
        self.close_node(now, node);
        self.peers.remove(&node);
    }

    /// Whom an open connection is for.
    pub fn node_of(&self, conn: ConnId) -> Option<Node> {
        self.conns.get(&conn).copied()
    }

    /// The time before which a node that is down is not dialled again.
    pub fn backing_off(&self, node: Node) -> Option<Time> {
        self.peers.get(&node).filter(|peer| matches!(peer.link, Link::Down)).map(|peer| peer.retry_at)
    }

    /// Closes everything.
    pub fn close_all(&mut self, now: Time) {
        let conns: Vec<ConnId> = self.conns.keys().copied().collect();
        for conn in conns {
            self.close(now, conn);
        }
    }

    pub fn handle_disconnected(&mut self, now: Time, conn: ConnId) -> Vec<Answer<T>> {
        let Some(node) = self.conns.remove(&conn) else { return Vec::new() };
        let Some(peer) = self.peers.get_mut(&node) else { return Vec::new() };
        if peer.conn() != Some(conn) {
            return Vec::new();
        }
        peer.retry_at = now.plus_millis(self.reconnect.draw(peer.failures));
        peer.failures = peer.failures.saturating_add(1);
        peer.link = Link::Down;
        let lost = std::mem::take(&mut peer.in_flight);
        lost.into_iter().filter_map(|request| request.tag).map(|tag| Answer { node, tag, outcome: Outcome::Lost }).collect()
    }

    /// Closes connections on which a request or the connecting itself has timed out.
    pub fn expire(&mut self, now: Time) -> Vec<Answer<T>> {
        let late: Vec<ConnId> = self
            .peers
            .values()
            .filter(|peer| {
                peer.in_flight.iter().any(|request| request.deadline <= now)
                    || matches!(peer.link, Link::Connecting { deadline, .. } if deadline <= now)
            })
            .filter_map(Peer::conn)
            .collect();
        late.into_iter().flat_map(|conn| self.close(now, conn)).collect()
    }

    /// When the first request or connection attempt times out.
    pub fn deadline(&self) -> Option<Deadline> {
        let mut first: Option<(Time, &'static str, Node)> = None;
        for (node, peer) in &self.peers {
            let request = peer.in_flight.iter().map(|request| (request.deadline, "request timeout"));
            let setup = match peer.link {
                Link::Connecting { deadline, .. } => Some((deadline, "connection setup timeout")),
                _ => None,
            };
            for (at, what) in request.chain(setup) {
                if first.is_none_or(|(least, ..)| at < least) {
                    first = Some((at, what, *node));
                }
            }
        }
        // It is asked for after every event: only the first gets words.
        let (at, what, node) = first?;
        let who = match node {
            Node::Bootstrap(_) => self.peers.get(&node).map(|peer| format!("{}:{}", peer.host, peer.port)).unwrap_or_default().into(),
            Node::Broker(id) | Node::Coordinator(id) | Node::Controller(id) | Node::Voter(id) | Node::Fetcher(id, _) => {
                Who::Numbered("broker", id.into())
            }
        };
        Some((at, Reason::new(what, who)))
    }
}
