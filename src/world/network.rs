//! Links: connections between clients and brokers, with latency, jitter and order.

use super::event::{EventId, EventKind, NodeName};
use super::queue::{LinkId, NodeId, Pending, Queue};
use super::record::Recorder;
use super::sink::Sinks;
use crate::kafka::map::Map;
use crate::kafka::rng::Rng;
use crate::kafka::time::Time;
use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use std::collections::VecDeque;
use std::sync::Arc;

/// Requests of one connection whose answers the network still expects. Beyond it the oldest is forgotten (with `acks=0` there
/// is no answer); a late answer is then shown as an answer to `ApiVersions`, and nothing else depends on it.
const MAX_EXPECTED: u32 = 4096;

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) client: NodeId,
    pub(super) client_conn: u64,
    pub(super) client_name: NodeName,
    pub(super) broker: NodeId,
    pub(super) broker_name: NodeName,
    /// Each side's own idea of the connection.
    pub(super) client_open: bool,
    pub(super) broker_open: bool,
    last_to_broker: Time,
    last_to_client: Time,
    /// (correlation id, API, version) of requests not yet answered, in order.
    expected: VecDeque<(i32, ApiKey, i16)>,
}

/// A frame under way.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub(super) link: LinkId,
    pub(super) to_broker: bool,
    pub(super) from: NodeName,
    pub(super) to: NodeName,
    pub(super) frame: Bytes,
    pub(super) sent: Time,
    pub(super) arrives: Time,
    pub(super) api: ApiKey,
    pub(super) version: i16,
}

/// Where a broker listens.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) host: Arc<str>,
    pub(super) port: i32,
    pub(super) node: NodeId,
    pub(super) name: NodeName,
}

/// Everything that nodes share: time, the queue, the links, the events.
#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) now: Time,
    /// The event being processed.
    pub(super) cause: Option<EventId>,
    pub(super) queue: Queue,
    pub(super) recorder: Recorder,
    pub(super) sinks: Sinks,
    pub(super) links: Map<LinkId, Link>,
    pub(super) flights: Map<u64, InFlight>,
    pub(super) listeners: Vec<Listener>,
    seed: u64,
    latency_us: i64,
    jitter_us: u64,
    streams: Map<(NodeId, NodeId), Rng>,
    next_link: u64,
    next_message: u64,
}

impl Core {
    pub(super) fn new(now: Time, seed: u64, latency_us: i64, jitter_us: i64) -> Self {
        Self {
            now,
            cause: None,
            queue: Queue::default(),
            recorder: Recorder::new(),
            sinks: Sinks::default(),
            links: Map::new(),
            flights: Map::new(),
            listeners: Vec::new(),
            seed,
            latency_us,
            jitter_us: jitter_us.max(0).cast_unsigned(),
            streams: Map::new(),
            next_link: 1,
            next_message: 1,
        }
    }

    /// Records what happened now, because of the event being processed.
    pub(super) fn record(&mut self, kind: EventKind) -> EventId {
        self.recorder.push(self.now, self.cause, kind)
    }

    /// When something sent now from one node arrives at the other.
    fn arrival(&mut self, client: NodeId, broker: NodeId, names: (&str, &str)) -> Time {
        let seed = self.seed;
        let stream = self.streams.entry((client, broker)).or_insert_with(|| Rng::stream(seed, &format!("link/{}/{}", names.0, names.1)));
        let jitter = stream.below(self.jitter_us.saturating_add(1)).cast_signed();
        self.now.plus_micros(self.latency_us).plus_micros(jitter)
    }

    /// A client dials.
    pub(super) fn dial(&mut self, meta: &mut super::nodes::Meta, conn: u64, host: &str, port: i32) {
        let listener = self.listeners.iter().find(|at| &*at.host == host && at.port == port).cloned();
        let Some(listener) = listener else {
            let at = self.now.plus_micros(self.latency_us.saturating_mul(2));
            let refused = Pending::Refused { node: meta.id, incarnation: meta.incarnation, conn };
            self.queue.push(at, refused, self.cause);
            return;
        };
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let arrives = self.arrival(meta.id, listener.node, (&meta.name, &listener.name));
        self.links.insert(
            link,
            Link {
                client: meta.id,
                client_conn: conn,
                client_name: meta.name.clone(),
                broker: listener.node,
                broker_name: listener.name,
                client_open: true,
                broker_open: true,
                last_to_broker: arrives,
                last_to_client: self.now,
                expected: VecDeque::new(),
            },
        );
        meta.conns.insert(conn, link);
        self.queue.push(arrives, Pending::Dialled { link }, self.cause);
    }

    /// When the next thing sent on this link arrives, after all that was sent before it.
    fn next_arrival(&mut self, id: LinkId, to_broker: bool) -> Option<Time> {
        let link = self.links.get(&id)?;
        let (client, broker) = (link.client, link.broker);
        let (client_name, broker_name) = (link.client_name.clone(), link.broker_name.clone());
        let drawn = self.arrival(client, broker, (&client_name, &broker_name));
        let link = self.links.get_mut(&id)?;
        let last = if to_broker { &mut link.last_to_broker } else { &mut link.last_to_client };
        *last = drawn.max(*last);
        Some(*last)
    }

    /// The broker accepts: the client learns it one latency later.
    pub(super) fn accept(&mut self, link: LinkId) {
        if let Some(arrives) = self.next_arrival(link, false) {
            self.queue.push(arrives, Pending::Accepted { link }, self.cause);
        }
    }

    pub(super) fn send(&mut self, id: LinkId, to_broker: bool, frame: Bytes) {
        let Some(arrives) = self.next_arrival(id, to_broker) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        let (from, to) = if to_broker {
            (link.client_name.clone(), link.broker_name.clone())
        } else {
            (link.broker_name.clone(), link.client_name.clone())
        };
        let (api, version) = if to_broker {
            let (correlation, api, version) = peek_request(&frame);
            if link.expected.len() as u64 >= u64::from(MAX_EXPECTED) {
                link.expected.pop_front();
            }
            link.expected.push_back((correlation, api, version));
            (api, version)
        } else {
            let correlation = int32(&frame, 0);
            let mut found = (ApiKey::ApiVersions, 0);
            if link.expected.iter().any(|entry| entry.0 == correlation) {
                while let Some((id, api, version)) = link.expected.pop_front() {
                    if id == correlation {
                        found = (api, version);
                        break;
                    }
                }
            }
            found
        };
        let message = self.next_message;
        self.next_message += 1;
        let bytes = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let kind = EventKind::FrameSent { message, from: from.clone(), to: to.clone(), api, response: !to_broker, bytes, arrives };
        let sent_event = self.record(kind);
        let sent = self.now;
        self.flights.insert(message, InFlight { link: id, to_broker, from, to, frame, sent, arrives, api, version });
        self.queue.push(arrives, Pending::Frame { message }, Some(sent_event));
    }

    /// One side closes; the other learns it after everything sent before.
    pub(super) fn hang_up(&mut self, id: LinkId, by_client: bool) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let open = if by_client { &mut link.client_open } else { &mut link.broker_open };
        if !std::mem::replace(open, false) {
            return;
        }
        if let Some(arrives) = self.next_arrival(id, by_client) {
            self.queue.push(arrives, Pending::Closed { link: id, to_broker: by_client }, self.cause);
        }
    }
}

fn int16(frame: &[u8], at: usize) -> i16 {
    frame.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, i16::from_be_bytes)
}

fn int32(frame: &[u8], at: usize) -> i32 {
    frame.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes)
}

/// Correlation id, API and version, from a request's first eight bytes.
fn peek_request(frame: &[u8]) -> (i32, ApiKey, i16) {
    let api = ApiKey::try_from(int16(frame, 0)).unwrap_or(ApiKey::ApiVersions);
    (int32(frame, 4), api, int16(frame, 2))
}
