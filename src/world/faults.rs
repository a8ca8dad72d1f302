//! Faults: what is allowed, and doing it.

use super::World;
use super::acting::{Step, invalid, no_such, wrong};
use super::action::{Action, ActionError, Fault, LinkSpec};
use super::broker_node::BrokerNode;
use super::event::EventKind;
use super::nodes::{Machine, Node};
use super::process::ProcessState;
use super::queue::NodeId;
use crate::kafka::broker::{Broker, BrokerOptions};
use crate::kafka::rng::Rng;
use std::sync::Arc;

/// One way latency, jitter, and what a slow disk takes at most, in microseconds: a minute.
const MAX_DELAY_US: i64 = 60_000_000;
/// A clock is at most a day off, in microseconds.
const MAX_SKEW_US: i64 = 86_400_000_000;

/// A checked fault of one broker or of the network.
pub(super) enum Blow {
    Kill,
    LosePower,
    Wipe,
    Stop,
    Restart(Box<Broker>),
    Pause,
    Resume,
    SlowDisk(i64),
    FullDisk(Option<u64>),
    Skew(i64),
    Cut { to: NodeId, one_way: bool },
    Link { to: NodeId, one_way: bool, how: Option<LinkSpec> },
    Isolate,
}

pub(super) fn check_weather(weather: LinkSpec) -> Result<(), ActionError> {
    if !(0..=MAX_DELAY_US).contains(&weather.latency_us) || !(0..=MAX_DELAY_US).contains(&weather.jitter_us) {
        return Err(invalid("a link's latency and jitter are 0 to 60 s"));
    }
    if weather.loss_ppm > 1_000_000 || weather.duplicate_ppm > 1_000_000 {
        return Err(invalid("loss and duplication are 0 to 100 %"));
    }
    Ok(())
}

impl World {
    /// A broker or a client.
    fn any_node(&self, name: &str) -> Result<&Node, ActionError> {
        let mut nodes = self.nodes.iter().filter(|node| !matches!(node.machine, Machine::Admin(_)));
        nodes.clone().find(|node| &*node.meta.name == name).ok_or_else(|| {
            let names = nodes.by_ref().map(|node| &*node.meta.name).collect();
            no_such("node", name, names)
        })
    }

    pub(super) fn broker_node(&self, name: &str) -> Result<(&Node, &BrokerNode), ActionError> {
        let brokers = || {
            self.nodes.iter().filter_map(|node| match &node.machine {
                Machine::Broker(broker) => Some((node, &**broker)),
                _ => None,
            })
        };
        brokers()
            .find(|(node, _)| &*node.meta.name == name)
            .ok_or_else(|| no_such("broker", name, brokers().map(|(node, _)| &*node.meta.name).collect()))
    }

    /// The other end of a link between two nodes.
    fn other(&self, from: &str, to: &str) -> Result<NodeId, ActionError> {
        let to = self.any_node(to)?.meta.id;
        if self.any_node(from)?.meta.id == to {
            return Err(invalid("a link is between two nodes: these are one"));
        }
        Ok(to)
    }

    pub(super) fn check_fault(&self, fault: &Fault) -> Result<Step, ActionError> {
        let (name, blow) = match fault {
            Fault::Links { latency_us, jitter_us, loss_ppm, duplicate_ppm } => {
                let (latency_us, jitter_us, loss_ppm, duplicate_ppm) = (*latency_us, *jitter_us, *loss_ppm, *duplicate_ppm);
                let weather = LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm };
                check_weather(weather)?;
                return Ok(Step::Links(weather));
            }
            Fault::Heal => return Ok(Step::Heal),
            Fault::Cut { from, to, one_way } => (from, Blow::Cut { to: self.other(from, to)?, one_way: *one_way }),
            Fault::Link { from, to, one_way, how } => {
                check_weather(how.unwrap_or(self.core.weather))?;
                (from, Blow::Link { to: self.other(from, to)?, one_way: *one_way, how: *how })
            }
            Fault::Isolate { node } => (node, Blow::Isolate),
            Fault::Skew { node, by_us } => {
                if !(-MAX_SKEW_US..=MAX_SKEW_US).contains(by_us) {
                    return Err(invalid("a clock is at most a day ahead or behind"));
                }
                (node, Blow::Skew(*by_us))
            }
            Fault::Wipe { node: name } => {
                let (node, _) = self.broker_node(name)?;
                if node.meta.state.is_up() {
                    return Err(wrong(node, "kill or stop it first"));
                }
                (name, Blow::Wipe)
            }
            Fault::SlowDisk { node, delay_us } => {
                self.broker_node(node)?;
                if !(0..=MAX_DELAY_US).contains(delay_us) {
                    return Err(invalid("a disk takes 0 to 60 s longer"));
                }
                (node, Blow::SlowDisk(*delay_us))
            }
            Fault::FullDisk { node, free } => {
                self.broker_node(node)?;
                (node, Blow::FullDisk(*free))
            }
            Fault::PowerLoss { node: name } => {
                let node = self.any_node(name)?;
                if node.meta.state == ProcessState::PoweredOff {
                    return Err(wrong(node, "restart it first"));
                }
                (name, Blow::LosePower)
            }
            Fault::Kill { node: name }
            | Fault::Stop { node: name }
            | Fault::Restart { node: name }
            | Fault::Pause { node: name }
            | Fault::Resume { node: name } => {
                let node = self.any_node(name)?;
                let Machine::Broker(broker) = &node.machine else { return self.check(&client_action(fault, name)) };
                (name, check_process(self.genesis.seed, self.core.now, node, broker, fault)?)
            }
        };
        Ok(Step::Fault(self.any_node(name)?.meta.id, blow))
    }

    pub(super) fn strike(&mut self, id: NodeId, blow: Blow) {
        match blow {
            Blow::Kill => self.with_node(id, |node, core| node.kill(core, ProcessState::Killed)),
            Blow::LosePower => self.with_node(id, Node::lose_power),
            Blow::Stop => self.with_node(id, Node::stop),
            Blow::Restart(broker) => self.with_node(id, |node, core| node.start_broker(core, broker)),
            Blow::Pause => self.with_node(id, Node::pause),
            Blow::Resume => self.with_node(id, Node::resume),
            Blow::Wipe => self.with_broker(id, |broker| {
                broker.disk.wipe();
                broker.look();
            }),
            Blow::SlowDisk(delay_us) => self.with_broker(id, |broker| broker.slow_us = delay_us),
            Blow::FullDisk(free) => self.with_broker(id, |broker| {
                let disk = broker.disk_mut();
                disk.set_capacity(free.map(|free| disk.used().saturating_add(free)));
            }),
            Blow::Skew(by_us) => self.with_node(id, |node, core| {
                node.meta.skew_us = by_us;
                node.settle(core);
            }),
            Blow::Cut { to, one_way } => {
                self.core.cuts.insert((id, to));
                if !one_way {
                    self.core.cuts.insert((to, id));
                }
                if let (Some(from), Some(to)) = (self.name_of(id), self.name_of(to)) {
                    self.core.record(EventKind::LinkCut { from, to, one_way });
                }
            }
            Blow::Link { to, one_way, how } => {
                self.core.set_link(id, to, how);
                if !one_way {
                    self.core.set_link(to, id, how);
                }
            }
            Blow::Isolate => {
                self.core.isolated.insert(id);
                if let Some(from) = self.name_of(id) {
                    self.core.record(EventKind::LinkCut { from, to: "everyone".into(), one_way: false });
                }
            }
        }
    }

    pub(super) fn heal(&mut self) {
        self.core.cuts.clear();
        self.core.isolated.clear();
        self.core.odd.clear();
        self.core.record(EventKind::Healed);
    }

    fn name_of(&self, id: NodeId) -> Option<Arc<str>> {
        self.nodes.iter().find(|node| node.meta.id == id).map(|node| node.meta.name.clone())
    }

    fn with_broker(&mut self, id: NodeId, work: impl FnOnce(&mut BrokerNode)) {
        self.with_node(id, |node, _| {
            if let Machine::Broker(broker) = &mut node.machine {
                work(broker);
            }
        });
    }
}

/// What befalls a client is an action of its own.
fn client_action(fault: &Fault, name: &Arc<str>) -> Action {
    let name = name.clone();
    match fault {
        Fault::Stop { .. } => Action::StopClient { name },
        Fault::Restart { .. } => Action::RestartClient { name },
        Fault::Pause { .. } => Action::PauseClient { name },
        Fault::Resume { .. } => Action::ResumeClient { name },
        _ => Action::CrashClient { name },
    }
}

/// What befalls a broker's process.
fn check_process(seed: u64, now: crate::kafka::time::Time, node: &Node, broker: &BrokerNode, fault: &Fault) -> Result<Blow, ActionError> {
    let state = node.meta.state;
    Ok(match fault {
        Fault::Kill { .. } if state.is_up() => Blow::Kill,
        Fault::Kill { .. } => return Err(wrong(node, "restart it first")),
        Fault::Stop { .. } if state == ProcessState::Running => Blow::Stop,
        Fault::Stop { .. } => return Err(wrong(node, "only a running broker can be stopped")),
        Fault::Pause { .. } if state == ProcessState::Running => Blow::Pause,
        Fault::Pause { .. } => return Err(wrong(node, "only a running broker can be paused")),
        Fault::Resume { .. } if state == ProcessState::Paused => Blow::Resume,
        Fault::Resume { .. } => return Err(wrong(node, "only a paused broker can be resumed")),
        _ if state.is_up() => return Err(wrong(node, "kill or stop it first")),
        _ => {
            let incarnation = node.meta.incarnation + 1;
            let seed = Rng::stream(seed, &format!("{}/{incarnation}", node.meta.name)).next_u64();
            let options = BrokerOptions { seed, ..broker.options.clone() };
            let started = Broker::open(node.clock(now), options, broker.disk.clone());
            Blow::Restart(Box::new(started.map_err(|error| invalid(format!("{} cannot start: {error}", node.meta.name)))?))
        }
    })
}
