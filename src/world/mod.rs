//! Floor 2: a deterministic universe for Kafka's machines. `World = replay(genesis, actions)`, byte for byte the same
//! natively and in wasm.

pub mod action;
mod admin;
mod broker_node;
mod cargo;
mod consumer_app;
pub mod content;
pub mod event;
pub mod handler;
mod holdings;
pub mod judge;
pub mod look;
mod network;
mod nodes;
pub mod operations;
mod outbox;
mod output;
mod process;
mod processing;
mod producer_app;
mod queue;
mod record;
mod sends;
mod show;
mod sink;
pub mod sink_rows;
mod sink_table;
pub mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_cluster;
#[cfg(test)]
mod tests_consumers;
mod turn;
pub mod view;
mod waits;

pub use admin::ALL_BROKERS;
pub use event::EPOCH;
pub use network::RETRANSMIT_US;
pub use process::ProcessState;
pub use record::{MAX_EVENTS, first_kept};

use crate::kafka::broker::{Broker, BrokerOptions};
use crate::kafka::config::fit_internal_topics;
use crate::kafka::controller::Voter;
use crate::kafka::controller::image::Image;
use crate::kafka::disk::Disk;
use crate::kafka::rng::Rng;
use crate::kafka::time::{Deadline, Reason, Time};
use action::{ActionError, Genesis};
use admin::Admin;
use broker_node::BrokerNode;
use event::{Event, EventId, EventKind};
use network::{Core, Listener};
use nodes::{Input, Machine, Node};
use operations::{Action, ChangeConsumer, ChangeProducer, Links, SetLink};
use queue::{NodeId, Pending};
use std::sync::Arc;
use view::WorldView;

/// The port on which simulated brokers listen to clients and followers, and the one on which they listen as controllers.
const BROKER_PORT: i32 = 9092;
const CONTROLLER_PORT: i32 = 9093;
/// Brokers that a run has at most.
pub const MAX_BROKERS: u32 = 9;
/// Voters where the genesis does not say.
const DEFAULT_VOTERS: u32 = 3;
/// What a broker's part of a clone weighs: 75 to 110 kB after one to ten minutes of the default scenario.
const COPY_BYTES: u64 = 100_000;
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
    /// `Invalid` when there are not 1 to `MAX_BROKERS` brokers or as many voters, a link is impossible, or a broker refuses its configs or
    /// its disk.
    pub fn new(genesis: Genesis) -> Result<Self, ActionError> {
        if !(1..=MAX_BROKERS).contains(&genesis.brokers) {
            return Err(ActionError::Invalid(format!("{} brokers: a run has 1 to {MAX_BROKERS}", genesis.brokers)));
        }
        let voters = match genesis.voters {
            0 if genesis.brokers < DEFAULT_VOTERS => 1,
            0 => DEFAULT_VOTERS,
            voters => voters,
        };
        if voters > genesis.brokers {
            return Err(ActionError::Invalid(format!("{voters} voters: there are only {} brokers", genesis.brokers)));
        }
        let link = genesis.link();
        link.check()?;
        let now = EPOCH;
        let ids = || (1..=MAX_BROKERS).zip(1_i32..).take_while(|(n, _)| *n <= genesis.brokers).map(|(_, id)| id);
        let quorum: Vec<Voter> = ids().zip(0..voters).map(|(id, _)| Voter { id, host: broker_name(id), port: CONTROLLER_PORT }).collect();
        let mut config = genesis.broker_config.clone();
        fit_internal_topics(&mut config, genesis.brokers);
        let mut core = Core::new(now, genesis.seed, link);
        core.sabotage = genesis.sabotage;
        let mut nodes = Vec::new();
        for (node_id, index) in ids().zip(0_u32..) {
            let name = broker_name(node_id);
            let options = BrokerOptions {
                node_id,
                cluster_id: "tidepool-AAAAAAAAAAAAA".into(),
                host: name.clone(),
                port: BROKER_PORT,
                voters: if genesis.brokers == 1 { Vec::new() } else { quorum.clone() },
                controller_port: CONTROLLER_PORT,
                sabotage: genesis.sabotage,
                config: config.clone(),
                seed: Rng::stream(genesis.seed, &name).next_u64(),
            };
            let disk = match genesis.disks.get(&node_id) {
                Some(files) => Disk::from_files(files.iter().cloned()),
                None => Disk::default(),
            };
            let broker = Broker::open(now, options.clone(), disk).map_err(|error| ActionError::Invalid(error.to_string()))?;
            for (port, controller) in [(BROKER_PORT, false), (CONTROLLER_PORT, true)] {
                core.listeners.push(Listener { host: name.clone(), port, controller, node: NodeId(index), name: name.clone() });
            }
            let machine = Machine::Broker(Box::new(BrokerNode::new(options, Box::new(broker))));
            nodes.push(Node::new(NodeId(index), name, machine));
        }
        let mut world = Self { genesis: Arc::new(genesis), history: Arc::new(Vec::new()), core, nodes };
        for node in &mut world.nodes {
            node.settle(&mut world.core);
        }
        let admin = Machine::Admin(Box::new(Admin::new(world.bootstrap())));
        world.nodes.push(Node::new(NodeId(u32::try_from(world.nodes.len()).unwrap_or(u32::MAX)), ADMIN.into(), admin));
        Ok(world)
    }

    /// The one door: does `action` now, and appends it to the history. An action that cannot be done changes nothing.
    ///
    /// # Errors
    /// What stands against it, and what is allowed.
    pub fn act(&mut self, action: impl Into<Action>) -> Result<EventId, ActionError> {
        // Everything due now comes first, however the run got here: a replay acts at the same point.
        self.run_until(self.core.now);
        action.into().perform(self)
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
            Pending::Again { .. } => Some(Reason::new("retransmission", "")),
        };
        Some((at, reason.unwrap_or_else(|| Reason::new("timer", ""))))
    }

    fn named(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| &*node.meta.name == name)
    }

    /// Runs the next event; returns its id. What leaves no event (the end of a connection that both sides had left) is passed over.
    pub fn step(&mut self) -> Option<EventId> {
        loop {
            let id = self.core.recorder.next_id();
            if !self.take_turn() {
                return None;
            }
            if self.core.recorder.next_id() != id {
                return Some(id);
            }
        }
    }

    /// Runs everything up to and including `until`; time is then `until`.
    pub fn run_until(&mut self, until: Time) {
        while self.turn(until) {}
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

    /// The id that the next event will have.
    pub fn next_event(&self) -> EventId {
        self.core.recorder.next_id()
    }

    /// A clone that keeps no events: what a checkpoint needs.
    pub fn without_events(&self) -> Self {
        let mut world = self.clone();
        world.core.recorder.restore_events(Vec::new());
        world
    }

    /// Bytes that a clone of this keeps for itself once the world has gone on, as measured: what is in the logs is shared.
    pub fn weight(&self) -> u64 {
        u64::from(self.genesis.brokers) * COPY_BYTES
    }

    /// Gives a world back the events before its next one, which it no longer keeps.
    pub fn restore_events(&mut self, events: Vec<Event>) {
        self.core.recorder.restore_events(events);
    }

    /// Hash of all events so far, kept or not: equal natively and in wasm.
    pub fn event_hash(&self) -> u64 {
        self.core.recorder.hash()
    }

    /// What there is to see now.
    pub fn view(&self) -> WorldView {
        self.show(&WorldView::default())
    }

    /// The same, for one who looks often: `before` is what there was to see at another moment of this run.
    pub fn view_after(&self, before: &WorldView) -> WorldView {
        self.show(before)
    }

    /// Whether every topic action has been answered by the cluster.
    pub fn topics_settled(&self) -> bool {
        self.nodes.iter().all(|node| match &node.machine {
            Machine::Admin(admin) => admin.is_idle(),
            _ => true,
        })
    }

    /// Whether the controller counts every running broker in.
    pub fn brokers_settled(&self) -> bool {
        self.brokers().all(Broker::is_unfenced)
    }

    /// The broker's disk, for a backend that writes its changes behind the engine.
    pub fn disk_mut(&mut self, node_id: i32) -> Option<&mut Disk> {
        self.nodes.iter_mut().find_map(|node| match &mut node.machine {
            Machine::Broker(broker) if broker.options.node_id == node_id => Some(broker.disk_mut()),
            _ => None,
        })
    }

    fn process(&mut self, what: Pending) {
        let Some(what) = self.core.let_through(what) else { return };
        match what {
            Pending::Wake { node } => self.with_node(node, Node::wake),
            Pending::Dialled { link: id } => self.dialled(id),
            Pending::Accepted { link: id } => {
                let Some(link) = self.core.links.get(&id) else { return };
                if !link.dialler.open {
                    return self.core.tell_closed(id, true);
                }
                let (node, conn) = (link.dialler.node, link.conn);
                let kind = EventKind::Connected { from: link.listener.name.clone(), to: link.dialler.name.clone() };
                self.core.cause = Some(self.core.record(kind));
                self.with_node(node, |node, core| node.deliver(core, Input::Connected(conn)));
            }
            Pending::Refused { node, incarnation, conn } => {
                let Some(name) = self.node(node).filter(|node| node.meta.incarnation == incarnation).map(|n| n.meta.name.clone()) else {
                    return;
                };
                let kind = EventKind::Disconnected { from: "nobody".into(), to: name };
                self.core.cause = Some(self.core.record(kind));
                self.with_node(node, |node, core| node.deliver(core, Input::Disconnected { dialled: true, conn }));
            }
            Pending::Frame { message } => self.arrive(message),
            Pending::Closed { link: id, to_listener } => {
                if let Some(link) = self.core.forget(id).filter(|link| link.end(!to_listener).open) {
                    self.disconnected(id, &link, !to_listener);
                }
            }
            Pending::Again { link, to_listener } => match self.core.again(link, to_listener) {
                Ok(parcels) => {
                    for (cause, what) in parcels {
                        self.core.cause = cause;
                        self.process(what);
                    }
                }
                Err(()) => self.give_up(link, to_listener),
            },
        }
    }

    fn dialled(&mut self, id: queue::LinkId) {
        let Some(link) = self.core.links.get(&id) else { return };
        let (node, controller, open) = (link.listener.node, link.controller, link.listener.open);
        if !open || !self.node(node).is_some_and(|node| node.listens(controller)) {
            // The machine is there, but nobody listens.
            self.core.hang_up(id, false);
            return self.core.tell_closed(id, false);
        }
        let kind = EventKind::Connected { from: link.dialler.name.clone(), to: link.listener.name.clone() };
        self.core.cause = Some(self.core.record(kind));
        self.core.accept(id);
        self.with_node(node, |node, core| node.deliver(core, Input::Accepted { conn: id.0, controller }));
    }

    fn arrive(&mut self, message: u64) {
        let Some(flight) = self.core.flights.remove(&message) else { return };
        let (id, dialled) = (flight.link, !flight.to_listener);
        if flight.doomed {
            self.core.record(EventKind::FrameLost { message });
            return self.give_up(id, flight.to_listener);
        }
        let place = self.core.links.get(&id).filter(|link| link.end(dialled).open);
        match place.map(|link| (link.end(dialled).node, if dialled { link.conn } else { id.0 })) {
            Some((node, conn)) => {
                self.core.cause = Some(self.core.record(EventKind::FrameArrived { message }));
                self.with_node(node, |node, core| node.deliver(core, Input::Frame { dialled, conn, frame: flight.frame }));
            }
            None => {
                self.core.record(EventKind::FrameLost { message });
                // A machine that does not know the connection says so.
                self.core.tell_closed(id, dialled);
            }
        }
    }

    /// What was sent cannot be delivered: the connection breaks where it came from.
    fn give_up(&mut self, id: queue::LinkId, to_listener: bool) {
        if let Some(link) = self.core.break_at(id, to_listener) {
            self.disconnected(id, &link, to_listener);
        }
    }

    /// One end of a connection learns that it is over.
    fn disconnected(&mut self, id: queue::LinkId, link: &network::Link, dialled: bool) {
        let (end, other) = (link.end(dialled), link.end(!dialled));
        let conn = if dialled { link.conn } else { id.0 };
        let kind = EventKind::Disconnected { from: other.name.clone(), to: end.name.clone() };
        self.core.cause = Some(self.core.record(kind));
        self.with_node(end.node, |node, core| {
            if dialled {
                node.meta.conns.remove(&conn);
            }
            node.deliver(core, Input::Disconnected { dialled, conn });
        });
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

    /// The brokers that have a process, by id.
    fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.nodes.iter().filter_map(|node| match &node.machine {
            Machine::Broker(node) => node.broker.as_deref(),
            _ => None,
        })
    }

    /// How all links are, as the action that makes them so.
    pub fn links(&self) -> Action {
        Links(self.core.default_link).into()
    }

    /// How the link from one node to another is, as the action that makes it so: both ways, unless they differ.
    pub fn link(&self, from: &Arc<str>, to: &Arc<str>) -> Action {
        let id = |name: &Arc<str>| self.nodes.iter().find(|node| node.meta.name == *name).map(|node| node.meta.id);
        let own = |from, to| id(from).zip(id(to)).and_then(|(from, to)| self.core.own(from, to)).or(Some(self.core.default_link));
        let how = own(from, to);
        SetLink { from: from.clone(), to: to.clone(), one_way: how != own(to, from), how }.into()
    }

    /// The settings of a producer or consumer app, as the action that gives it these.
    pub fn client(&self, name: &str) -> Option<Action> {
        self.nodes.iter().filter(|node| &*node.meta.name == name).find_map(|node| match &node.machine {
            Machine::Producer(app) => Some(ChangeProducer(app.spec.clone()).into()),
            Machine::Consumer(app) => Some(ChangeConsumer(app.spec.clone()).into()),
            _ => None,
        })
    }

    /// What the committed metadata says, by the running broker that has heard most of it.
    pub fn image(&self) -> Option<&Image> {
        let mut newest: Option<&Image> = None;
        for broker in self.brokers() {
            let image = broker.controller().image();
            if newest.is_none_or(|newest| newest.offset < image.offset) {
                newest = Some(image);
            }
        }
        newest
    }

    /// When the active controller gives a broker up that it hears nothing of; `None` without a session or an active controller.
    pub fn session_end(&self, node_id: i32) -> Option<Time> {
        self.brokers().filter_map(|broker| broker.controller().session_end(node_id)).max()
    }

    /// The servers that clients dial first: those that run, or all when none does.
    fn bootstrap(&self) -> Vec<(Arc<str>, i32)> {
        let server = |node: &Node| match &node.machine {
            Machine::Broker(_) => Some((node.meta.name.clone(), BROKER_PORT)),
            _ => None,
        };
        let running: Vec<_> = self.nodes.iter().filter(|node| node.meta.state.is_up()).filter_map(server).collect();
        if running.is_empty() { self.nodes.iter().filter_map(server).collect() } else { running }
    }
}

fn broker_name(node_id: i32) -> Arc<str> {
    format!("broker-{node_id}").into()
}
