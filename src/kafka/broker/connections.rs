//! Connections that others have made to this node, and their limits (`SocketServer`, `ConnectionQuotas`).

use super::{Broker, ConnId, Output};
use crate::kafka::apis::Listener;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Frames that wait behind a held request. One more closes the connection.
const MAX_QUEUED_FRAMES: u32 = 10_000;
/// Bytes of those frames. More closes the connection.
const MAX_QUEUED_BYTES: u64 = 256 << 20;

#[derive(Clone, Debug)]
pub struct Connection {
    pub peer: Arc<str>,
    /// To which it came.
    pub listener: Listener,
    /// A request waits for its answer, or the connection for its turn: frames wait in `queue`.
    pub held: bool,
    /// When it last said something.
    used: Time,
    queue: VecDeque<Bytes>,
    queued_bytes: u64,
}

impl Connection {
    /// Puts a frame behind a held request. False: there are too many.
    pub fn queue(&mut self, frame: Bytes) -> bool {
        self.queued_bytes = self.queued_bytes.saturating_add(frame.len() as u64);
        if self.queue.len() as u64 >= u64::from(MAX_QUEUED_FRAMES) || self.queued_bytes > MAX_QUEUED_BYTES {
            return false;
        }
        self.queue.push_back(frame);
        true
    }

    pub fn next_queued(&mut self) -> Option<Bytes> {
        let frame = self.queue.pop_front()?;
        self.queued_bytes = self.queued_bytes.saturating_sub(frame.len() as u64);
        Some(frame)
    }
}

/// All of a node's connections.
///
/// The owner says what comes and goes by `insert`, `used` and `remove`, and closes what `take_idle` gives when `deadline` is due. Clients'
/// connections beyond the limit wait; `admit` gives the next that may go on.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    all: SortedVecMap<ConnId, Connection>,
    /// Clients' connections that have their turn, by address.
    by_peer: SortedVecMap<Arc<str>, u32>,
    taken: u32,
    waiting: VecDeque<ConnId>,
    /// Nothing is idle for too long before it.
    idle_at: Option<Time>,
}

impl Connections {
    pub fn get(&self, conn: ConnId) -> Option<&Connection> {
        self.all.get(&conn)
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.all.get_mut(&conn)
    }

    pub fn ids(&self) -> Vec<ConnId> {
        self.all.keys().copied().collect()
    }

    /// The connection, which says something now.
    pub fn used(&mut self, conn: ConnId, now: Time) -> Option<&mut Connection> {
        let connection = self.all.get_mut(&conn)?;
        connection.used = now;
        Some(connection)
    }

    /// Clients' connections from an address.
    fn of(&self, peer: &str) -> u32 {
        self.by_peer.get(peer).copied().unwrap_or(0)
    }

    /// A client's connection beyond `most` waits.
    fn insert(&mut self, now: Time, conn: ConnId, peer: &str, listener: Listener, most: u32, idle_ms: i64) {
        let held = listener == Listener::Broker && self.taken >= most;
        let connection = Connection { peer: peer.into(), listener, held, used: now, queue: VecDeque::new(), queued_bytes: 0 };
        if held {
            self.waiting.push_back(conn);
        } else if listener == Listener::Broker {
            self.take(&connection.peer);
        }
        self.all.insert(conn, connection);
        if idle_ms >= 0 {
            self.idle_at.get_or_insert(now.plus_millis(idle_ms));
        }
    }

    fn take(&mut self, peer: &Arc<str>) {
        self.taken += 1;
        *self.by_peer.entry(peer.clone()).or_default() += 1;
    }

    fn remove(&mut self, conn: ConnId) {
        let Some(connection) = self.all.remove(&conn) else { return };
        if let Some(place) = self.waiting.iter().position(|waiting| *waiting == conn) {
            self.waiting.remove(place);
        } else if connection.listener == Listener::Broker {
            self.taken = self.taken.saturating_sub(1);
            match self.of(&connection.peer) {
                0 | 1 => drop(self.by_peer.remove(&connection.peer)),
                more => drop(self.by_peer.insert(connection.peer, more - 1)),
            }
        }
    }

    /// The next connection that waits, if it may go on.
    fn admit(&mut self, most: u32) -> Option<ConnId> {
        if self.taken >= most {
            return None;
        }
        let conn = self.waiting.pop_front()?;
        let connection = self.all.get_mut(&conn)?;
        connection.held = false;
        let peer = connection.peer.clone();
        self.take(&peer);
        Some(conn)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        Some((self.idle_at?, Reason::new("connections.max.idle.ms", "")))
    }

    /// Connections that have said nothing for so long, and wait for no answer; looks again when the next can be.
    fn take_idle(&mut self, now: Time, idle_ms: i64) -> Vec<ConnId> {
        if self.idle_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        let end = |connection: &Connection| if connection.held { now.plus_millis(idle_ms) } else { connection.used.plus_millis(idle_ms) };
        let idle: Vec<ConnId> = self.all.iter().filter(|(_, connection)| end(connection) <= now).map(|(conn, _)| *conn).collect();
        let next = self.all.values().map(end).filter(|at| *at > now).min();
        self.idle_at = next.filter(|_| idle_ms >= 0);
        if idle_ms >= 0 { idle } else { Vec::new() }
    }
}

impl Broker {
    /// `peer`: the client's host as DescribeGroups shows it ("/127.0.0.1").
    pub fn handle_connected(&mut self, now: Time, conn: ConnId, peer: &str) {
        let address = peer.trim_start_matches('/');
        let most = self.config.connections_of(address);
        if i64::from(self.connections.of(peer)) >= i64::from(most) {
            // Kafka's words (`Acceptor`, `TooManyConnectionsException`).
            let why = format!("Rejected connection from {peer}, address already has the configured maximum of {most} connections.");
            self.log(why.clone());
            self.outputs.push_back(Output::Close { conn, why });
            return;
        }
        self.insert_connection(now, conn, peer, Listener::Broker);
    }

    /// A connection to the controller listener (voters, and brokers that ask the controller).
    pub fn handle_controller_connected(&mut self, now: Time, conn: ConnId, peer: &str) {
        self.insert_connection(now, conn, peer, Listener::Controller);
    }

    fn insert_connection(&mut self, now: Time, conn: ConnId, peer: &str, listener: Listener) {
        let (most, idle) = (self.most_connections(), self.config.connections_max_idle_ms);
        self.connections.insert(now, conn, peer, listener, most, idle);
    }

    fn most_connections(&self) -> u32 {
        u32::try_from(self.config.max_connections).unwrap_or(0)
    }

    pub fn handle_disconnected(&mut self, now: Time, conn: ConnId) {
        self.disconnected(conn);
        self.settle(now);
    }

    /// The connection is gone; one that waited may go on.
    pub(super) fn disconnected(&mut self, conn: ConnId) {
        self.connections.remove(conn);
        self.purgatory.remove(conn);
        self.admit_connections();
    }

    pub(super) fn admit_connections(&mut self) {
        while let Some(conn) = self.connections.admit(self.most_connections()) {
            self.ready.push_back(conn);
        }
    }

    /// Whether a request of this connection waits for its answer. Frames that come meanwhile are queued up to a limit,
    /// beyond which the connection is closed; the owner of the socket may stop reading instead, as Kafka does.
    pub fn is_muted(&self, conn: ConnId) -> bool {
        self.connections.get(conn).is_some_and(|connection| connection.held)
    }

    pub(super) fn close_idle(&mut self, now: Time) {
        let idle = self.config.connections_max_idle_ms;
        for conn in self.connections.take_idle(now, idle) {
            self.close(conn, format!("nothing was said for connections.max.idle.ms={idle}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::broker::{ConnId, Output};
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};

    fn test(config: &[(&str, &str)]) -> TestBroker {
        TestBroker::new(config)
    }

    #[test]
    fn one_address_has_so_many_connections_and_no_more() {
        let mut test = test(&[("max.connections.per.ip", "1"), ("max.connections.per.ip.overrides", "10.0.0.2:2")]);
        let mut refused = |id: u64, peer: &str| {
            test.broker.handle_connected(test.now, ConnId(id), peer);
            std::iter::from_fn(|| test.broker.poll_output()).any(|output| matches!(output, Output::Close { .. }))
        };
        assert_eq!(
            [(1, "/10.0.0.1"), (2, "/10.0.0.1"), (3, "/10.0.0.2"), (4, "/10.0.0.2"), (5, "/10.0.0.2")].map(|(id, peer)| refused(id, peer)),
            [false, true, false, false, true]
        );
        test.broker.handle_disconnected(test.now, ConnId(1));
        test.broker.handle_connected(test.now, ConnId(6), "/10.0.0.1");
        assert!(!std::iter::from_fn(|| test.broker.poll_output()).any(|output| matches!(output, Output::Close { .. })));
    }

    #[test]
    fn a_connection_beyond_the_most_waits_for_another_to_go() {
        let mut test = test(&[("max.connections", "1")]);
        let (first, second) = (test.connect(), test.connect());
        assert!(!test.broker.is_muted(first) && test.broker.is_muted(second));
        test.broker.handle_disconnected(test.now, first);
        assert!(!test.broker.is_muted(second));
        assert!(!test.call(second, 1, ListConfigResourcesRequest::default()).config_resources.is_empty());
    }

    #[test]
    fn a_connection_beyond_the_most_goes_on_when_more_are_taken() {
        let mut test = test(&[("max.connections", "1")]);
        let (first, second) = (test.connect(), test.connect());
        assert!(test.broker.is_muted(second));
        let more = AlterableConfig { name: text("max.connections"), value: Some(text("2")), ..AlterableConfig::default() };
        let resource = AlterConfigsResource { resource_type: 4, resource_name: text(""), configs: vec![more] };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..IncrementalAlterConfigsRequest::default() };
        assert_eq!(test.call(first, 1, request).responses[0].error_code, 0);
        assert!(!test.broker.is_muted(second));
        assert!(!test.call(second, 1, ListConfigResourcesRequest::default()).config_resources.is_empty());
    }

    #[test]
    fn a_connection_that_says_nothing_is_closed() {
        let mut test = test(&[("connections.max.idle.ms", "5000")]);
        let (quiet, busy) = (test.connect(), test.connect());
        test.advance(3000);
        test.call(busy, 1, ListConfigResourcesRequest::default());
        test.advance(3000);
        assert_eq!((test.closed.contains_key(&quiet), test.closed.contains_key(&busy)), (true, false));
        test.advance(3000);
        assert!(test.closed.contains_key(&busy));
    }

    #[test]
    fn a_frame_that_is_too_long_closes_its_connection() {
        let mut test = test(&[("socket.request.max.bytes", "100")]);
        let conn = test.connect();
        test.broker.handle_frame(test.now, conn, vec![0; 101].into());
        let closed = std::iter::from_fn(|| test.broker.poll_output()).any(|output| matches!(output, Output::Close { .. }));
        assert!(closed);
    }
}
