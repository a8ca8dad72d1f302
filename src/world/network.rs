//! Links: connections between nodes, with latency, jitter and order; what is lost, cut and sent again on them, as TCP would.

use super::action::LinkSpec;
use super::event::{EventId, EventKind, NodeName};
use super::queue::{LinkId, NodeId, Pending, Queue};
use super::record::Recorder;
use super::sink::Sinks;
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::message::ApiKey;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Requests of one connection whose answers the network still expects. Beyond it the oldest is forgotten (with `acks=0` there
/// is no answer); a late answer is then shown as an answer to `ApiVersions`, and nothing else depends on it.
const MAX_EXPECTED: u32 = 4096;

/// What TCP waits before it sends again what got no answer; doubled each time (`TCP_RTO_MIN` of Linux). In microseconds.
pub const RETRANSMIT_US: i64 = 200_000;
/// A packet lost this often in a row breaks its connection.
const MAX_LOSSES: u32 = 6;
/// What could not be delivered for so long breaks its connection, on the sender's side. In microseconds.
const UNDELIVERED_US: i64 = 15_000_000;

/// One end of a connection.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) node: NodeId,
    pub(super) name: NodeName,
    /// The node's own idea of the connection.
    pub(super) open: bool,
    /// The other end has been told that this one is closed.
    told: bool,
    /// When the last thing under way to this end arrives.
    last: Time,
    /// What could not get here yet, in order, each with its cause.
    stalled: VecDeque<(Option<EventId>, Pending)>,
    since: Time,
    tries: u32,
}

impl End {
    fn new(node: NodeId, name: NodeName, last: Time) -> Self {
        Self { node, name, open: true, told: false, last, stalled: VecDeque::new(), since: last, tries: 0 }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) dialler: End,
    /// The dialler's own number for it.
    pub(super) conn: u64,
    pub(super) listener: End,
    /// To the controller listener.
    pub(super) controller: bool,
    /// (correlation id, API, version) of requests not yet answered, in order.
    expected: VecDeque<(i32, ApiKey, i16)>,
}

impl Link {
    pub(super) fn end(&self, dialler: bool) -> &End {
        if dialler { &self.dialler } else { &self.listener }
    }

    fn end_mut(&mut self, dialler: bool) -> &mut End {
        if dialler { &mut self.dialler } else { &mut self.listener }
    }
}

/// A frame under way.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub(super) link: LinkId,
    pub(super) to_listener: bool,
    /// Lost so often that its connection breaks.
    pub(super) doomed: bool,
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
    pub(super) controller: bool,
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
    pub(super) links: SortedVecMap<LinkId, Link>,
    pub(super) flights: SortedVecMap<u64, InFlight>,
    pub(super) listeners: Vec<Listener>,
    /// What the node whose turn it is sends leaves this much later (a slow disk), in microseconds.
    pub(super) delay_us: i64,
    /// How links are that have no override.
    pub(super) default_link: LinkSpec,
    /// How single links are, from the first node to the second; `None`: like all others.
    pub(super) link_overrides: Vec<(NodeId, NodeId, Option<LinkSpec>)>,
    /// Nothing gets from the first to the second.
    pub(super) cuts: SortedVecSet<(NodeId, NodeId)>,
    /// Cut from everyone.
    pub(super) isolated: SortedVecSet<NodeId>,
    /// Machines without power: nothing of theirs answers.
    pub(super) off: SortedVecSet<NodeId>,
    /// In this turn a broker has ended of itself.
    pub(super) ended: bool,
    /// Packets lost and doubled so far.
    pub(super) lost: u64,
    pub(super) duplicated: u64,
    pub(super) seed: u64,
    /// Planted in the processes that start.
    pub(super) sabotage: Option<Sabotage>,
    streams: SortedVecMap<(NodeId, NodeId), Streams>,
    next_link: u64,
    next_message: u64,
}

/// What chance does to the links that one node dials to another.
#[derive(Clone, Debug)]
struct Streams {
    jitter: Rng,
    loss: Rng,
}

impl Core {
    pub(super) fn new(now: Time, seed: u64, default_link: LinkSpec) -> Self {
        Self {
            now,
            cause: None,
            queue: Queue::default(),
            recorder: Recorder::new(),
            sinks: Sinks::default(),
            links: SortedVecMap::new(),
            flights: SortedVecMap::new(),
            listeners: Vec::new(),
            delay_us: 0,
            default_link,
            link_overrides: Vec::new(),
            cuts: SortedVecSet::new(),
            isolated: SortedVecSet::new(),
            off: SortedVecSet::new(),
            ended: false,
            lost: 0,
            duplicated: 0,
            seed,
            sabotage: None,
            streams: SortedVecMap::new(),
            next_link: 1,
            next_message: 1,
        }
    }

    /// Records what happened now, because of the event being processed.
    pub(super) fn record(&mut self, kind: EventKind) -> EventId {
        self.recorder.push(self.now, self.cause, kind)
    }

    /// How one link is from now on; `None`: like all others.
    pub(super) fn set_link(&mut self, from: NodeId, to: NodeId, how: Option<LinkSpec>) {
        match self.link_overrides.iter_mut().find(|link| (link.0, link.1) == (from, to)) {
            Some(link) => link.2 = how,
            None => self.link_overrides.push((from, to, how)),
        }
    }

    /// The override of the link from one node to the other.
    pub(super) fn own(&self, from: NodeId, to: NodeId) -> Option<LinkSpec> {
        self.link_overrides.iter().find(|link| (link.0, link.1) == (from, to)).and_then(|link| link.2)
    }

    /// When something sent now over a link of these two arrives at the other end, and whether it was lost so often that it never does.
    fn arrival(&mut self, dialler: (NodeId, &str), listener: (NodeId, &str), to_listener: bool) -> (Time, bool) {
        let (from, to) = if to_listener { (dialler.0, listener.0) } else { (listener.0, dialler.0) };
        let LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm } = self.own(from, to).unwrap_or(self.default_link);
        let seed = self.seed;
        let streams = self.streams.entry((dialler.0, listener.0)).or_insert_with(|| {
            let name = format!("{}/{}", dialler.1, listener.1);
            Streams { jitter: Rng::stream(seed, &format!("link/{name}")), loss: Rng::stream(seed, &format!("loss/{name}")) }
        });
        let jitter = streams.jitter.below(jitter_us.max(0).cast_unsigned().saturating_add(1)).cast_signed();
        let mut losses = 0;
        let mut waited = 0_i64;
        if loss_ppm > 0 {
            while losses < MAX_LOSSES && streams.loss.chance(u64::from(loss_ppm), 1_000_000) {
                waited += RETRANSMIT_US << losses;
                losses += 1;
            }
            self.lost += u64::from(losses);
        }
        if duplicate_ppm > 0 && streams.loss.chance(u64::from(duplicate_ppm), 1_000_000) {
            self.duplicated += 1;
        }
        let at = self.now.plus_micros(self.delay_us).plus_micros(latency_us).plus_micros(jitter).plus_micros(waited);
        (at, losses == MAX_LOSSES)
    }

    /// A node dials.
    pub(super) fn dial(&mut self, meta: &mut super::nodes::Meta, conn: u64, host: &str, port: i32) {
        let listener = self.listeners.iter().find(|at| &*at.host == host && at.port == port).cloned();
        let Some(listener) = listener else {
            let at = self.now.plus_micros(self.default_link.latency_us.saturating_mul(2));
            let refused = Pending::Refused { node: meta.id, incarnation: meta.incarnation, conn };
            self.queue.push(at, refused, self.cause);
            return;
        };
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let (arrives, _) = self.arrival((meta.id, &meta.name), (listener.node, &listener.name), true);
        self.links.insert(
            link,
            Link {
                dialler: End::new(meta.id, meta.name.clone(), self.now),
                conn,
                listener: End::new(listener.node, listener.name, arrives),
                controller: listener.controller,
                expected: VecDeque::new(),
            },
        );
        meta.conns.insert(conn, link);
        self.queue.push(arrives, Pending::Dialled { link }, self.cause);
    }

    /// When the next thing sent on this link arrives, after all that was sent before it.
    fn next_arrival(&mut self, id: LinkId, to_listener: bool) -> Option<(Time, bool)> {
        let link = self.links.get(&id)?;
        let (dialler, listener) = ((link.dialler.node, link.dialler.name.clone()), (link.listener.node, link.listener.name.clone()));
        let (drawn, doomed) = self.arrival((dialler.0, &dialler.1), (listener.0, &listener.1), to_listener);
        let end = self.links.get_mut(&id)?.end_mut(!to_listener);
        end.last = drawn.max(end.last);
        Some((end.last, doomed))
    }

    /// The listener accepts: the dialler learns it one latency later.
    pub(super) fn accept(&mut self, link: LinkId) {
        if let Some((arrives, _)) = self.next_arrival(link, false) {
            self.queue.push(arrives, Pending::Accepted { link }, self.cause);
        }
    }

    pub(super) fn send(&mut self, id: LinkId, to_listener: bool, frame: Bytes) {
        if !self.links.get(&id).is_some_and(|link| link.end(to_listener).open) {
            return;
        }
        let Some((arrives, doomed)) = self.next_arrival(id, to_listener) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        let (from, to) = (link.end(to_listener).name.clone(), link.end(!to_listener).name.clone());
        let (api, version) = if to_listener {
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
        let kind = EventKind::FrameSent { message, from: from.clone(), to: to.clone(), api, response: !to_listener, bytes, arrives };
        let sent_event = self.record(kind);
        let sent = self.now;
        self.flights.insert(message, InFlight { link: id, to_listener, doomed, from, to, frame, sent, arrives, api, version });
        self.queue.push(arrives, Pending::Frame { message }, Some(sent_event));
    }

    /// One end closes; the other learns it after everything sent before.
    pub(super) fn hang_up(&mut self, id: LinkId, by_dialler: bool) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if std::mem::replace(&mut link.end_mut(by_dialler).open, false) {
            self.tell_closed(id, by_dialler);
        }
    }

    /// Tells the other end that this one is closed, once.
    pub(super) fn tell_closed(&mut self, id: LinkId, by_dialler: bool) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let end = link.end_mut(by_dialler);
        if end.open || std::mem::replace(&mut end.told, true) {
            return;
        }
        if !link.end(!by_dialler).open {
            self.forget(id);
        } else if let Some((arrives, _)) = self.next_arrival(id, by_dialler) {
            self.queue.push(arrives, Pending::Closed { link: id, to_listener: by_dialler }, self.cause);
        }
    }

    /// Both ends are gone; what was still waiting on the way is lost.
    pub(super) fn forget(&mut self, id: LinkId) -> Option<Link> {
        let mut link = self.links.remove(&id)?;
        for dialler in [true, false] {
            self.lose(std::mem::take(&mut link.end_mut(dialler).stalled));
        }
        Some(link)
    }

    fn lose(&mut self, stalled: VecDeque<(Option<EventId>, Pending)>) {
        for (cause, what) in stalled {
            if let Pending::Frame { message } = what
                && self.flights.remove(&message).is_some()
            {
                let now = std::mem::replace(&mut self.cause, cause);
                self.record(EventKind::FrameLost { message });
                self.cause = now;
            }
        }
    }

    /// The links that end at this node: (link, whether the node has dialled it).
    pub(super) fn links_of(&self, node: NodeId) -> Vec<(LinkId, bool)> {
        let mut found = Vec::new();
        for (id, link) in &self.links {
            for dialler in [true, false] {
                if link.end(dialler).node == node {
                    found.push((*id, dialler));
                }
            }
        }
        found
    }

    /// The power is gone: the node's ends are closed and nobody is told.
    pub(super) fn vanish(&mut self, node: NodeId) {
        self.off.insert(node);
        for (id, dialler) in self.links_of(node) {
            let Some(link) = self.links.get_mut(&id) else { continue };
            link.end_mut(dialler).open = false;
            link.end_mut(dialler).told = false;
            let unsent = std::mem::take(&mut link.end_mut(!dialler).stalled);
            let both = !link.end(!dialler).open;
            self.lose(unsent);
            if both {
                self.forget(id);
            }
        }
    }

    /// Whether nothing gets from one node to the other.
    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.off.contains(&to)
            || self.isolated.contains(&to)
            || self.isolated.contains(&from)
            || (!self.cuts.is_empty() && self.cuts.contains(&(from, to)))
    }

    /// Where a parcel goes: its link, and whether to the listener.
    fn course(&self, what: &Pending) -> Option<(LinkId, bool)> {
        match what {
            Pending::Dialled { link } => Some((*link, true)),
            Pending::Accepted { link } => Some((*link, false)),
            Pending::Closed { link, to_listener } => Some((*link, *to_listener)),
            Pending::Frame { message } => self.flights.get(message).map(|flight| (flight.link, flight.to_listener)),
            _ => None,
        }
    }

    /// Gives back what arrives; keeps what cannot get through, and all that comes behind it, until it is sent again.
    pub(super) fn let_through(&mut self, what: Pending) -> Option<Pending> {
        let Some((id, to_listener)) = self.course(&what) else { return Some(what) };
        let Some(link) = self.links.get(&id) else { return Some(what) };
        let (from, to) = (link.end(to_listener), link.end(!to_listener));
        let waits = !to.stalled.is_empty();
        if !waits && !self.is_cut(from.node, to.node) {
            return Some(what);
        }
        let (now, cause) = (self.now, self.cause);
        let end = self.links.get_mut(&id)?.end_mut(!to_listener);
        if !waits {
            end.since = now;
            end.tries = 0;
            self.queue.push(now.plus_micros(RETRANSMIT_US), Pending::Again { link: id, to_listener }, cause);
        }
        if let Pending::Frame { message } = what
            && let Some(flight) = self.flights.get_mut(&message)
        {
            flight.arrives = now.plus_micros(RETRANSMIT_US);
        }
        let end = self.links.get_mut(&id)?.end_mut(!to_listener);
        end.stalled.push_back((cause, what));
        None
    }

    /// What waits on a link is sent again: gives back what now arrives. `Err`: it has waited too long, the sender gives up.
    pub(super) fn again(&mut self, id: LinkId, to_listener: bool) -> Result<VecDeque<(Option<EventId>, Pending)>, ()> {
        let Some(link) = self.links.get(&id) else { return Ok(VecDeque::new()) };
        let (from, to) = (link.end(to_listener).node, link.end(!to_listener).node);
        let cut = self.is_cut(from, to);
        let (now, cause) = (self.now, self.cause);
        let Some(link) = self.links.get_mut(&id) else { return Ok(VecDeque::new()) };
        let end = link.end_mut(!to_listener);
        if !cut || end.stalled.is_empty() {
            return Ok(std::mem::take(&mut end.stalled));
        }
        let limit = end.since.plus_micros(UNDELIVERED_US);
        if limit <= now {
            return Err(());
        }
        end.tries += 1;
        let at = now.plus_micros(RETRANSMIT_US << end.tries.min(10)).min(limit);
        for (_, what) in &end.stalled {
            if let Pending::Frame { message } = what
                && let Some(flight) = self.flights.get_mut(message)
            {
                flight.arrives = at;
            }
        }
        self.queue.push(at, Pending::Again { link: id, to_listener }, cause);
        Ok(VecDeque::new())
    }

    /// The connection breaks at one end: that end is closed, what it had sent is lost, the other end does not know.
    pub(super) fn break_at(&mut self, id: LinkId, dialler: bool) -> Option<Link> {
        let link = self.links.get_mut(&id)?;
        let was_open = std::mem::replace(&mut link.end_mut(dialler).open, false);
        link.end_mut(dialler).told = false;
        let stalled = std::mem::take(&mut link.end_mut(!dialler).stalled);
        let found = link.clone();
        self.lose(stalled);
        if !found.end(!dialler).open {
            self.forget(id);
        }
        was_open.then_some(found)
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
