//! A process's life: how it starts, is frozen, stops and dies.

use super::consumer_app::{ConsumerApp, Launch};
use super::event::EventKind;
use super::network::Core;
use super::nodes::{Machine, Next, Node, PRODUCER_CONNS};
use crate::kafka::broker::Broker;
use crate::kafka::client::Client;
use crate::kafka::rng::Rng;
use crate::kafka::time::Time;
use std::fmt;
use std::hash::{Hash, Hasher};

/// What a stopping process has at most, as `KafkaConsumer.close` and `KafkaProducer.close` have by default: 30 s.
const CLOSE_TIMEOUT_US: i64 = 30_000_000;

/// The state of a node's process, broker or client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ProcessState {
    /// There has been no process yet. Only the event of the first start has it.
    #[default]
    New,
    Running,
    /// Stopped with SIGSTOP, or in a long garbage collection.
    Paused,
    /// On its way down, as its program ends: it flushes and closes.
    Stopping,
    Stopped,
    /// A client's process died.
    Crashed,
    /// A broker's process died; its page cache stays.
    Killed,
    /// The machine died: what was not flushed is lost.
    PoweredOff,
}

impl ProcessState {
    /// As the hash of a run's events, scenario files and the JavaScript API have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
            Self::Killed => "killed",
            Self::PoweredOff => "powered off",
        }
    }

    /// What people read of it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paused => "frozen",
            other => other.name(),
        }
    }

    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running)
    }

    /// There is a process, if only a frozen one.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Stopping)
    }

    /// The process ended without closing: it died, or its machine did.
    pub const fn is_dead(self) -> bool {
        matches!(self, Self::Crashed | Self::Killed | Self::PoweredOff)
    }
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// By name, so that the hash of a run's events does not depend on the order of the variants.
impl Hash for ProcessState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name().hash(hasher);
    }
}

/// The seed of a client's process, in the run of this seed.
pub(super) fn process_seed(seed: u64, name: &str, incarnation: u32) -> u64 {
    Rng::stream(seed, &format!("client/{name}/{incarnation}")).next_u64()
}

impl Node {
    pub(super) fn set_state(&mut self, core: &mut Core, to: ProcessState) {
        let from = std::mem::replace(&mut self.meta.state, to);
        self.meta.stop_by = if to == ProcessState::Stopping { core.now.plus_micros(CLOSE_TIMEOUT_US) } else { Time::NEVER };
        let kind = EventKind::ProcessState { node: self.meta.name.clone(), from, to };
        core.cause = Some(core.record(kind));
    }

    /// The process ends: what it had open breaks, what it knew is gone.
    fn end_process(&mut self, core: &mut Core) {
        self.meta.conns.clear();
        for (link, dialler) in core.links_of(self.meta.id) {
            core.hang_up(link, dialler);
        }
        self.meta.held.clear();
        self.meta.next = None;
        match &mut self.machine {
            Machine::Producer(app) => app.client = None,
            Machine::Consumer(app) => app.forget_process(),
            Machine::Broker(node) => node.end(),
            Machine::Admin(_) => {}
        }
        self.arm(core);
    }

    /// The process dies; its connections are reset.
    pub(super) fn kill(&mut self, core: &mut Core, to: ProcessState) {
        self.set_state(core, to);
        self.end_process(core);
    }

    /// The machine dies: nobody is told, and what a broker had not flushed is lost, or with `torn` some of it.
    pub(super) fn lose_power(&mut self, core: &mut Core, torn: Option<Rng>) {
        self.set_state(core, ProcessState::PoweredOff);
        core.vanish(self.meta.id);
        self.end_process(core);
        if let Machine::Broker(node) = &mut self.machine {
            match torn {
                None => node.disk.lose_unflushed(),
                Some(mut rng) => node.disk.tear_unflushed(|bytes| rng.below(bytes + 1)),
            }
            node.look();
        }
    }

    /// A broker's process starts, from its disk.
    pub(super) fn start_broker(&mut self, core: &mut Core, broker: Box<Broker>) {
        self.meta.incarnation += 1;
        core.off.remove(&self.meta.id);
        self.set_state(core, ProcessState::Running);
        if let Machine::Broker(node) = &mut self.machine {
            node.start(broker);
        }
        self.settle(core);
    }

    /// A client's process starts.
    pub(super) fn start_client(&mut self, core: &mut Core, next: Next) {
        self.meta.incarnation += 1;
        core.off.remove(&self.meta.id);
        self.set_state(core, ProcessState::Running);
        let now = self.clock(core.now);
        match (&mut self.machine, next) {
            (Machine::Producer(app), Next::Producer(client, acks)) => app.start(now, *client, acks),
            (Machine::Consumer(app), Next::Consumer(clients)) => app.start(now, *clients),
            _ => {}
        }
        self.settle(core);
    }

    /// A client's settings are others: a process that runs gives way to the `next` one, if they need one.
    pub(super) fn change(&mut self, core: &mut Core, next: Option<Next>) {
        match next {
            Some(next) if self.meta.state == ProcessState::Running => {
                self.meta.next = Some(Box::new(next));
                self.stop(core);
            }
            _ => self.settle(core),
        }
    }

    /// An app whose producer is of no use any more ends as its program does, and what watches over it starts it again.
    pub(super) fn start_over(&mut self, core: &mut Core) {
        let now = self.clock(core.now);
        let Machine::Consumer(app) = &mut self.machine else { return };
        if !std::mem::take(&mut app.over) || self.meta.state != ProcessState::Running {
            return;
        }
        let launch = Launch {
            now,
            bootstrap: core.listeners.iter().filter(|it| !it.controller).map(|it| (it.host.clone(), it.port)).collect(),
            seed: core.seed,
            incarnation: self.meta.incarnation + 1,
            partitions: Vec::new(),
            sabotage: core.sabotage,
        };
        // The same settings have started a process before.
        let Ok(clients) = ConsumerApp::clients(&app.spec, launch) else { return };
        self.change(core, Some(Next::Consumer(Box::new(clients))));
    }

    pub(super) fn pause(&mut self, core: &mut Core) {
        self.set_state(core, ProcessState::Paused);
        self.arm(core);
    }

    pub(super) fn resume(&mut self, core: &mut Core) {
        self.set_state(core, ProcessState::Running);
        let resumed = core.cause;
        for (cause, input) in std::mem::take(&mut self.meta.held) {
            core.cause = cause.or(resumed);
            self.hand_in(core.now, input);
            self.settle(core);
        }
        core.cause = resumed;
        self.settle(core);
    }

    /// Stops as its program would: flush and close; the process ends once that is done.
    pub(super) fn stop(&mut self, core: &mut Core) {
        self.set_state(core, ProcessState::Stopping);
        let now = self.clock(core.now);
        match &mut self.machine {
            Machine::Producer(app) => app.stop(now),
            Machine::Consumer(app) => app.stop(now, &mut core.sinks),
            Machine::Broker(node) => {
                if let Some(broker) = node.broker.as_mut() {
                    broker.handle_shutdown(now);
                }
            }
            Machine::Admin(_) => {}
        }
        self.settle(core);
    }

    pub(super) fn finish_stopping(&mut self, core: &mut Core) {
        if self.meta.state != ProcessState::Stopping {
            return;
        }
        let done = match &self.machine {
            Machine::Producer(app) => app.client.as_ref().is_none_or(Client::is_closed),
            // A closing consumer keeps its connections until it has committed and left.
            Machine::Consumer(app) => app.is_closed() && self.meta.conns.keys().all(|conn| *conn >= PRODUCER_CONNS),
            Machine::Broker(node) => node.stopped,
            Machine::Admin(_) => true,
        };
        if done || self.meta.stop_by <= core.now {
            if let Machine::Broker(node) = &mut self.machine {
                node.ended.clone_from(&node.broker);
                core.ended = true;
            }
            let next = self.meta.next.take();
            self.set_state(core, ProcessState::Stopped);
            self.end_process(core);
            if let Some(next) = next {
                self.start_client(core, *next);
            }
        }
    }
}
