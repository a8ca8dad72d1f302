//! Nodes: a process with its machine. Every mutation is followed by a full drain of outputs and a re-armed wake-up.

use super::admin::{self, Admin};
use super::broker_node::BrokerNode;
use super::consumer_app::{Clients, ConsumerApp};
use super::event::{EventId, EventKind, NodeName};
use super::network::Core;
use super::process::ProcessState;
use super::producer_app::ProducerApp;
use super::queue::{LinkId, NodeId, Pending, Slot};
use crate::kafka::client::producer::Producer;
use crate::kafka::client::{self, Client, ConnId};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, TimerKind, earlier};
use bytes::Bytes;

/// Wake-ups of one node at one moment before the world makes it wait a millisecond: a machine whose deadline does
/// not move must not stop time.
const MAX_WAKES_AT_ONCE: u32 = 1000;

/// A consumer app's producer has its connections from this number on: the two clients of a process are told apart by it.
pub(super) const PRODUCER_CONNS: u64 = 1 << 32;

/// What reaches a node.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A connection that this node dialled is up.
    Connected(u64),
    /// Someone has dialled this node; `controller`: its controller listener.
    Accepted {
        conn: u64,
        controller: bool,
    },
    /// On a connection that this node dialled, or one that it accepted: the two are numbered apart.
    Frame {
        dialled: bool,
        conn: u64,
        frame: Bytes,
    },
    Disconnected {
        dialled: bool,
        conn: u64,
    },
}

impl Input {
    /// The connection on this node.
    const fn conn(&self) -> u64 {
        match self {
            Self::Connected(conn) | Self::Accepted { conn, .. } | Self::Frame { conn, .. } | Self::Disconnected { conn, .. } => *conn,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Machine {
    Broker(Box<BrokerNode>),
    Producer(Box<ProducerApp>),
    Consumer(Box<ConsumerApp>),
    Admin(Box<Admin>),
}

/// A client's next process.
#[derive(Clone, Debug)]
pub(super) enum Next {
    Producer(Box<Producer>, i16),
    Consumer(Box<Clients>),
}

/// What every node has, whatever runs on it.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) id: NodeId,
    pub(super) name: NodeName,
    pub(super) state: ProcessState,
    /// When a process that stops is given up; `Time::NEVER` for any other.
    pub(super) stop_by: Time,
    /// Which process of this name it is: 1 is the first.
    pub(super) incarnation: u32,
    /// The connections that it dialled.
    pub(super) conns: SortedVecMap<u64, LinkId>,
    /// How far its clock is ahead of the world's, in microseconds.
    pub(super) skew_us: i64,
    wake: Option<(Slot, Reason)>,
    wake_cause: Option<EventId>,
    last_wake: Time,
    wakes_at_once: u32,
    /// Once the process has stopped, this one starts.
    pub(super) next: Option<Box<Next>>,
    /// What arrived while the process is paused, each with its event.
    pub(super) held: Vec<(Option<EventId>, Input)>,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) meta: Meta,
    pub(super) machine: Machine,
}

impl Node {
    pub(super) fn new(id: NodeId, name: NodeName, machine: Machine) -> Self {
        Self {
            meta: Meta {
                id,
                name,
                state: ProcessState::Running,
                stop_by: Time::NEVER,
                incarnation: 1,
                conns: SortedVecMap::new(),
                skew_us: 0,
                wake: None,
                wake_cause: None,
                last_wake: Time(i64::MIN),
                wakes_at_once: 0,
                next: None,
                held: Vec::new(),
            },
            machine,
        }
    }

    /// Whether a connection to this node finds a listener: a broker's for clients opens late.
    pub(super) fn listens(&self, controller: bool) -> bool {
        let serves = match &self.machine {
            Machine::Broker(broker) => broker.broker.as_ref().is_some_and(|broker| controller || broker.serves_clients()),
            _ => true,
        };
        self.meta.state.is_up() && serves
    }

    /// Why this node will be woken.
    pub(super) fn wake_reason(&self) -> Option<&Reason> {
        self.meta.wake.as_ref().map(|(_, reason)| reason)
    }

    /// Hands the input in, drains, re-arms. A paused process gets it when it is resumed.
    pub(super) fn deliver(&mut self, core: &mut Core, input: Input) {
        if self.meta.state == ProcessState::Paused {
            self.meta.held.push((core.cause, input));
            return;
        }
        self.hand_in(core.now, input);
        self.settle(core);
    }

    /// What this node's clock shows.
    pub(super) fn clock(&self, now: Time) -> Time {
        now.plus_micros(self.meta.skew_us)
    }

    pub(super) fn hand_in(&mut self, now: Time, input: Input) {
        let now = self.clock(now);
        match &mut self.machine {
            Machine::Broker(node) => node.hand_in(now, input),
            Machine::Producer(app) => hand_to(app.client.as_mut(), now, input, 0),
            Machine::Consumer(app) if input.conn() >= PRODUCER_CONNS => {
                hand_to(app.output.as_mut().map(|output| &mut output.client), now, input, PRODUCER_CONNS);
            }
            Machine::Consumer(app) => hand_to(app.client.as_mut(), now, input, 0),
            Machine::Admin(admin) => match input {
                Input::Connected(conn) => admin.handle_connected(now, conn),
                Input::Frame { conn, frame, .. } => admin.handle_frame(now, conn, frame),
                Input::Disconnected { conn, .. } => admin.handle_disconnected(now, conn),
                Input::Accepted { .. } => {}
            },
        }
    }

    /// After any mutation: outputs out, the app's turn, until nothing more comes; then the next wake-up.
    pub(super) fn settle(&mut self, core: &mut Core) {
        let runs = !matches!(self.meta.state, ProcessState::Paused);
        let now = self.clock(core.now);
        loop {
            self.drain(core);
            let Machine::Consumer(app) = &mut self.machine else { break };
            let goes_on = runs && (app.go_by_producer(now) || app.poll(now, &mut core.sinks));
            if let Some(rows) = app.take_inserted() {
                core.record(EventKind::Inserted { node: self.meta.name.clone(), rows });
            }
            if !goes_on {
                break;
            }
        }
        if runs {
            self.start_over(core);
        }
        self.finish_stopping(core);
        self.arm(core);
    }

    fn drain(&mut self, core: &mut Core) {
        let meta = &mut self.meta;
        match &mut self.machine {
            Machine::Broker(node) => {
                if let Some(why) = node.drain(core, meta) {
                    core.record(EventKind::BrokerLog { node: meta.name.clone(), line: why });
                    node.ended.clone_from(&node.broker);
                    core.ended = true;
                    self.kill(core, ProcessState::Killed);
                }
            }
            Machine::Producer(app) => {
                let now = core.now.plus_micros(meta.skew_us);
                while let Some(event) = next_event(core, meta, app.client.as_mut(), 0) {
                    app.hear(now, &event);
                    core.record(EventKind::Producer { node: meta.name.clone(), event });
                }
            }
            Machine::Consumer(app) => {
                let now = core.now.plus_micros(meta.skew_us);
                while let Some(event) = next_event(core, meta, app.client.as_mut(), 0) {
                    app.hear(now, &event, &core.sinks);
                    core.record(EventKind::Consumer { node: meta.name.clone(), event });
                }
                while let Some(event) = next_event(core, meta, app.output.as_mut().map(|output| &mut output.client), PRODUCER_CONNS) {
                    app.hear_producer(now, &event);
                    core.record(EventKind::Producer { node: meta.name.clone(), event });
                }
            }
            Machine::Admin(admin) => {
                while let Some(output) = admin.poll_output() {
                    match output {
                        admin::Output::Connect { conn, host, port } => core.dial(meta, conn, &host, port),
                        admin::Output::Send { conn, frame } => {
                            if let Some(link) = meta.conns.get(&conn) {
                                core.send(*link, true, frame);
                            }
                        }
                        admin::Output::HangUp { conn } => {
                            if let Some(link) = meta.conns.remove(&conn) {
                                core.hang_up(link, true);
                            }
                        }
                        admin::Output::Answered { api, topic, error, message } => {
                            core.record(EventKind::AdminAnswered { node: meta.name.clone(), api, topic, error, message });
                        }
                    }
                }
            }
        }
    }

    /// The next deadline of the machine or of the app around it, by the world's clock.
    fn deadline(&self) -> Option<Deadline> {
        let name = &self.meta.name;
        let own = match &self.machine {
            Machine::Broker(node) => node.broker.as_ref().and_then(|broker| broker.poll_timeout()),
            Machine::Admin(admin) => admin.poll_timeout(),
            Machine::Producer(app) => {
                let tick = app.next_tick().map(|at| (at, Reason::new(TimerKind::NextRecord, name.clone())));
                earlier(app.client.as_ref().and_then(|client| client.poll_timeout()), tick)
            }
            Machine::Consumer(app) => {
                let handler = app.handler_done.map(|at| (at, Reason::new(TimerKind::Handler, name.clone())));
                let poll = app.next_poll().map(|at| (at, Reason::new(TimerKind::Poll, name.clone())));
                let duty = app.next_duty().map(|at| (at, Reason::new("app interval", name.clone())));
                let poll = earlier(poll, duty);
                let machine = app.client.as_ref().and_then(|client| client.poll_timeout());
                let producer = app.output.as_ref().and_then(|output| output.client.poll_timeout());
                earlier(earlier(machine, producer), earlier(handler, poll))
            }
        };
        let own = own.filter(|(at, _)| *at != Time::NEVER).map(|(at, reason)| (at.plus_micros(-self.meta.skew_us), reason));
        earlier(own, self.closing())
    }

    fn closing(&self) -> Option<Deadline> {
        match self.meta.state {
            ProcessState::Stopping => Some((self.meta.stop_by, Reason::new("close timeout", self.meta.name.clone()))),
            _ => None,
        }
    }

    /// One pending wake-up, at the earliest deadline.
    pub(super) fn arm(&mut self, core: &mut Core) {
        let awake = matches!(self.meta.state, ProcessState::Running | ProcessState::Stopping);
        let wanted = if awake { self.deadline() } else { None };
        let Some((at, reason)) = wanted else {
            self.disarm(core);
            return;
        };
        let mut at = at.max(core.now);
        if at == self.meta.last_wake && self.meta.wakes_at_once > MAX_WAKES_AT_ONCE {
            at = core.now.plus_millis(1);
        }
        if let Some((slot, armed)) = &mut self.meta.wake
            && slot.0 == at
        {
            *armed = reason;
            return;
        }
        self.disarm(core);
        let slot = core.queue.push(at, Pending::Wake { node: self.meta.id }, core.cause);
        self.meta.wake = Some((slot, reason));
        self.meta.wake_cause = core.cause;
    }

    fn disarm(&mut self, core: &mut Core) {
        if let Some((slot, _)) = self.meta.wake.take() {
            core.queue.cancel(slot);
        }
    }

    /// The armed deadline has come.
    pub(super) fn wake(&mut self, core: &mut Core) {
        let reason = self.meta.wake.take().map(|(_, reason)| reason);
        let now = core.now;
        if self.meta.last_wake == now {
            self.meta.wakes_at_once += 1;
        } else {
            self.meta.last_wake = now;
            self.meta.wakes_at_once = 0;
        }
        core.cause = self.meta.wake_cause;
        let now = self.clock(now);
        let turn = match &mut self.machine {
            Machine::Consumer(app) if app.handler_done.is_some_and(|at| at <= now) => app.finish_one(now, &self.meta.name, &mut core.sinks),
            _ => None,
        };
        let turn = turn.unwrap_or_else(|| {
            let reason = reason.unwrap_or_else(|| Reason::new("timer", ""));
            EventKind::Timer { node: self.meta.name.clone(), what: reason.what, who: reason.who.words() }.into()
        });
        core.cause = Some(core.record(turn.event));
        if let Some(inserted) = turn.inserted {
            core.cause = Some(core.record(inserted));
        }
        if turn.crashes {
            return self.kill(core, ProcessState::Crashed);
        }
        match &mut self.machine {
            Machine::Broker(node) => {
                if let Some(broker) = node.broker.as_mut() {
                    broker.handle_timeout(now);
                }
            }
            Machine::Producer(app) => {
                if app.next_tick().is_some_and(|at| at <= now) {
                    app.tick(now);
                }
                wake_client(app.client.as_mut(), now);
            }
            Machine::Consumer(app) => {
                wake_client(app.client.as_mut(), now);
                wake_client(app.output.as_mut().map(|output| &mut output.client), now);
            }
            Machine::Admin(admin) => admin.handle_timeout(now),
        }
        self.settle(core);
    }
}

/// Hands an input to the client of a process that has one. The client numbers its connections from 0, the node from `base`.
fn hand_to(client: Option<&mut impl Client>, now: Time, input: Input, base: u64) {
    let Some(client) = client else { return };
    let own = |conn: u64| ConnId(conn - base);
    match input {
        Input::Connected(conn) => client.handle_connected(now, own(conn)),
        Input::Frame { conn, frame, .. } => client.handle_frame(now, own(conn), frame),
        Input::Disconnected { conn, .. } => client.handle_disconnected(now, own(conn)),
        Input::Accepted { .. } => {}
    }
}

/// A wake-up may be the app's alone.
fn wake_client(client: Option<&mut impl Client>, now: Time) {
    if let Some(client) = client.filter(|client| client.poll_timeout().is_some_and(|(at, _)| at <= now)) {
        client.handle_timeout(now);
    }
}

/// Carries out what a client wants from the network, up to its next event; `None`: its outputs are drained.
fn next_event<C: Client>(core: &mut Core, meta: &mut Meta, client: Option<&mut C>, base: u64) -> Option<C::Event> {
    let client = client?;
    loop {
        match client.poll_output()? {
            client::Output::Connect { conn, host, port } => core.dial(meta, base + conn.0, &host, port),
            client::Output::Send { conn, frame } => {
                if let Some(link) = meta.conns.get(&(base + conn.0)) {
                    core.send(*link, true, frame);
                }
            }
            client::Output::Disconnect { conn } => {
                if let Some(link) = meta.conns.remove(&(base + conn.0)) {
                    core.hang_up(link, true);
                }
            }
            client::Output::Event(event) => return Some(event),
        }
    }
}
