//! Floor 2: a deterministic universe for Kafka's machines. `World = replay(genesis, actions)`, byte for byte the same
//! natively and in wasm.

mod acting;
pub mod action;
mod admin;
mod consumer_app;
pub mod event;
pub mod judge;
mod judging;
mod network;
mod nodes;
mod producer_app;
mod queue;
mod record;
mod show;
mod sink;
#[cfg(test)]
mod tests;
pub mod view;

pub use acting::{MAX_ACTIONS, MAX_CLIENTS, MAX_CONFIGS, MAX_HANDLE_US, MAX_KEYS, MAX_PARTITIONS, MAX_RATE_PER_1000S, MAX_VALUE_BYTES};
pub use record::MAX_EVENTS;

use crate::kafka::broker::{Broker, BrokerOptions};
use crate::kafka::disk::Disk;
use crate::kafka::rng::Rng;
use crate::kafka::time::{Deadline, Reason, Time};
use action::{Action, ActionError, Genesis};
use admin::Admin;
use event::{Event, EventId, EventKind};
use network::{Core, Listener};
use nodes::{Input, Machine, Node};
use queue::{NodeId, Pending};
use std::sync::Arc;
use view::WorldView;

/// Where virtual time begins: 2026-01-01T00:00:00Z, so that record timestamps look like timestamps.
pub const EPOCH: Time = Time::from_millis(1_767_225_600_000);

/// The port that simulated brokers listen on.
const BROKER_PORT: i32 = 9092;
/// The node that carries topic actions to the broker.
const ADMIN: &str = "admin";

/// A run. Cloning is cheap (shared chunks): a checkpoint is a clone.
#[derive(Clone, Debug)]
pub struct World {
    genesis: Arc<Genesis>,
    history: Arc<Vec<(Time, Action)>>,
    core: Core,
    /// By `NodeId`; nodes never leave.
    nodes: Vec<Node>,
}

impl World {
    /// Boots the brokers.
    ///
    /// # Errors
    /// `Invalid` when there is not exactly one broker, a link is impossible, or the broker refuses its configs or its disk.
    pub fn new(genesis: Genesis) -> Result<Self, ActionError> {
        if genesis.brokers != 1 {
            return Err(ActionError::Invalid(format!("{} brokers: a run has exactly 1 for now", genesis.brokers)));
        }
        let minute = 60_000_000;
        if !(0..=minute).contains(&genesis.latency_us) || !(0..=minute).contains(&genesis.jitter_us) {
            return Err(ActionError::Invalid("a link's latency and jitter are 0 to 60 s".into()));
        }
        let now = EPOCH;
        let node_id = 1;
        let name: Arc<str> = format!("broker-{node_id}").into();
        let options = BrokerOptions {
            node_id,
            cluster_id: "tidepool-AAAAAAAAAAAAA".into(),
            host: name.clone(),
            port: BROKER_PORT,
            voters: Vec::new(),
            controller_port: 9093,
            sabotage: genesis.sabotage,
            config: genesis.broker_config.clone(),
            seed: Rng::stream(genesis.seed, &name).next_u64(),
        };
        let disk = match genesis.disks.get(&node_id) {
            Some(files) => Disk::from_files(files.iter().cloned()),
            None => Disk::default(),
        };
        let broker = Broker::open(now, options, disk).map_err(|error| ActionError::Invalid(error.to_string()))?;
        let mut core = Core::new(now, genesis.seed, genesis.latency_us, genesis.jitter_us);
        core.listeners.push(Listener { host: name.clone(), port: BROKER_PORT, node: NodeId(0), name: name.clone() });
        let mut broker = Node::new(NodeId(0), name.clone(), Machine::Broker(Box::new(broker)));
        broker.settle(&mut core);
        let admin = Node::new(NodeId(1), ADMIN.into(), Machine::Admin(Box::new(Admin::new(name, BROKER_PORT))));
        Ok(Self { genesis: Arc::new(genesis), history: Arc::new(Vec::new()), core, nodes: vec![broker, admin] })
    }

    /// The one door: does `action` now, and appends it to the history. An action that cannot be done changes nothing.
    ///
    /// # Errors
    /// What stands against it, and what is allowed.
    pub fn act(&mut self, action: Action) -> Result<EventId, ActionError> {
        // Everything due now comes first, however the run got here: a replay acts at the same point.
        self.run_until(self.core.now);
        self.do_action(action)
    }

    /// Actions so far, with their times.
    pub fn history(&self) -> &[(Time, Action)] {
        &self.history
    }

    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The same run from its value: genesis and history, up to `until`.
    ///
    /// # Errors
    /// The first action that cannot be done (then it is not the history of such a run).
    pub fn replay(genesis: Genesis, history: &[(Time, Action)], until: Time) -> Result<Self, ActionError> {
        let mut world = Self::new(genesis)?;
        for (at, action) in history {
            if *at > until {
                break;
            }
            world.run_until(*at);
            world.act(action.clone())?;
        }
        world.run_until(until);
        Ok(world)
    }

    pub fn now(&self) -> Time {
        self.core.now
    }

    /// The next thing that will happen and why; `None` when nothing ever will.
    pub fn next_deadline(&self) -> Option<Deadline> {
        let (at, what) = self.core.queue.peek()?;
        let reason = match what {
            Pending::Wake { node } => self.node(*node).and_then(Node::wake_reason).cloned(),
            Pending::Frame { message } => {
                self.core.flights.get(message).map(|flight| Reason::new("arrival of a frame", format!("{} at {}", flight.from, flight.to)))
            }
            Pending::Dialled { .. } | Pending::Accepted { .. } | Pending::Refused { .. } => Some(Reason::new("connection setup", "")),
            Pending::Closed { .. } => Some(Reason::new("end of a connection", "")),
        };
        Some((at, reason.unwrap_or_else(|| Reason::new("timer", ""))))
    }

    /// Runs the next event; returns its id. What leaves no event (the end of a connection that both sides had left) is passed over.
    pub fn step(&mut self) -> Option<EventId> {
        loop {
            let (at, what, cause) = self.core.queue.pop()?;
            self.core.now = at.max(self.core.now);
            let id = self.core.recorder.next_id();
            self.core.cause = cause;
            self.process(what);
            self.core.cause = None;
            if self.core.recorder.next_id() != id {
                return Some(id);
            }
        }
    }

    /// Runs everything up to and including `until`; time is then `until`.
    pub fn run_until(&mut self, until: Time) {
        while let Some((at, _)) = self.core.queue.peek() {
            if at > until {
                break;
            }
            let Some((at, what, cause)) = self.core.queue.pop() else { break };
            self.core.now = at.max(self.core.now);
            self.core.cause = cause;
            self.process(what);
            self.core.cause = None;
        }
        self.core.now = self.core.now.max(until);
    }

    /// Events so far and kept (`MAX_EVENTS`, oldest dropped first; ids go on).
    pub fn events(&self) -> &[Event] {
        self.core.recorder.events()
    }

    /// The event with this id, while it is kept.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        let events = self.events();
        let first = events.first()?.id.0;
        events.get(usize::try_from(id.0.checked_sub(first)?).ok()?)
    }

    /// Hash of all events so far, kept or not: equal natively and in wasm.
    pub fn event_hash(&self) -> u64 {
        self.core.recorder.hash()
    }

    /// What there is to see now.
    pub fn view(&self) -> WorldView {
        self.show()
    }

    /// Whether every topic action has been answered by the broker.
    pub fn topics_settled(&self) -> bool {
        self.nodes.iter().all(|node| match &node.machine {
            Machine::Admin(admin) => admin.is_idle(),
            _ => true,
        })
    }

    /// The broker's disk, for a backend that writes its changes behind the engine.
    pub fn disk_mut(&mut self, node_id: i32) -> Option<&mut Disk> {
        let name = format!("broker-{node_id}");
        self.nodes.iter_mut().find(|node| *node.meta.name == *name).and_then(|node| match &mut node.machine {
            Machine::Broker(broker) => Some(broker.disk_mut()),
            _ => None,
        })
    }

    fn process(&mut self, what: Pending) {
        match what {
            Pending::Wake { node } => self.with_node(node, Node::wake),
            Pending::Dialled { link: id } => {
                let Some(link) = self.core.links.get(&id) else { return };
                let broker = link.broker;
                let kind = EventKind::Connected { from: link.client_name.clone(), to: link.broker_name.clone() };
                self.core.cause = Some(self.core.record(kind));
                self.core.accept(id);
                self.with_node(broker, |node, core| node.deliver(core, Input::Connected(id.0)));
            }
            Pending::Accepted { link: id } => {
                let Some(link) = self.core.links.get(&id).filter(|link| link.client_open) else { return };
                let (client, conn) = (link.client, link.client_conn);
                let kind = EventKind::Connected { from: link.broker_name.clone(), to: link.client_name.clone() };
                self.core.cause = Some(self.core.record(kind));
                self.with_node(client, |node, core| node.deliver(core, Input::Connected(conn)));
            }
            Pending::Refused { node, incarnation, conn } => {
                let Some(name) = self.node(node).filter(|node| node.meta.incarnation == incarnation).map(|n| n.meta.name.clone()) else {
                    return;
                };
                let kind = EventKind::Disconnected { from: "nobody".into(), to: name };
                self.core.cause = Some(self.core.record(kind));
                self.with_node(node, |node, core| node.deliver(core, Input::Disconnected(conn)));
            }
            Pending::Frame { message } => self.arrive(message),
            Pending::Closed { link: id, to_broker } => self.closed(id, to_broker),
        }
    }

    fn arrive(&mut self, message: u64) {
        let Some(flight) = self.core.flights.remove(&message) else { return };
        let link = self.core.links.get(&flight.link);
        let place = link.and_then(|link| match flight.to_broker {
            true => link.broker_open.then_some((link.broker, flight.link.0)),
            false => link.client_open.then_some((link.client, link.client_conn)),
        });
        match place {
            Some((node, conn)) => {
                self.core.cause = Some(self.core.record(EventKind::FrameArrived { message }));
                self.with_node(node, |node, core| node.deliver(core, Input::Frame(conn, flight.frame)));
            }
            None => {
                self.core.record(EventKind::FrameLost { message });
            }
        }
    }

    fn closed(&mut self, id: queue::LinkId, to_broker: bool) {
        let Some(link) = self.core.links.remove(&id) else { return };
        if to_broker && link.broker_open {
            let kind = EventKind::Disconnected { from: link.client_name, to: link.broker_name };
            self.core.cause = Some(self.core.record(kind));
            self.with_node(link.broker, |node, core| node.deliver(core, Input::Disconnected(id.0)));
        } else if !to_broker && link.client_open {
            let kind = EventKind::Disconnected { from: link.broker_name, to: link.client_name };
            self.core.cause = Some(self.core.record(kind));
            self.with_node(link.client, |node, core| {
                node.meta.conns.remove(&link.client_conn);
                node.deliver(core, Input::Disconnected(link.client_conn));
            });
        }
    }

    fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(usize::try_from(id.0).ok()?)
    }

    fn with_node(&mut self, id: NodeId, work: impl FnOnce(&mut Node, &mut Core)) {
        let Ok(index) = usize::try_from(id.0) else { return };
        if let Some(node) = self.nodes.get_mut(index) {
            work(node, &mut self.core);
        }
    }

    fn broker(&self) -> Option<&Broker> {
        self.nodes.iter().find_map(|node| match &node.machine {
            Machine::Broker(broker) => Some(&**broker),
            _ => None,
        })
    }

    /// The host that clients dial first.
    fn bootstrap(&self) -> Arc<str> {
        self.core.listeners.first().map_or_else(|| "broker-1".into(), |listener| listener.host.clone())
    }
}
