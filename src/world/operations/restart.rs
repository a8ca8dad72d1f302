//! A process that has ended starts again: a broker from its disk, a client with the same settings.

use super::prelude::*;
use crate::kafka::broker::{Broker, BrokerOptions};
use crate::kafka::rng::Rng;
use crate::world::nodes::{Machine, Next};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restart {
    pub node: Arc<str>,
}

/// What is about to run.
pub(in crate::world) enum Started {
    Broker(Box<Broker>),
    Client(Next),
}

impl Operation for Restart {
    type Checked = (NodeId, Started);

    const KEYWORD: &'static str = "restart";
    const WORD: &'static str = "start";
    const DRAWS: &'static [Draw] = &[];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's or client's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<(NodeId, Started), ActionError> {
        let node = world.any_node(&self.node)?;
        let incarnation = node.meta.incarnation + 1;
        if node.meta.state.is_up() {
            let broker = world.is_broker_node(node.meta.id);
            return Err(wrong_state(node, if broker { "kill or stop it first" } else { "stop or crash it first" }));
        }
        let process = match &node.machine {
            Machine::Broker(broker) => {
                let seed = Rng::stream(world.genesis.seed, &format!("{}/{incarnation}", node.meta.name)).next_u64();
                let options = BrokerOptions { seed, ..broker.options.clone() };
                let started = Broker::open(node.clock(world.core.now), options, broker.disk.clone());
                Started::Broker(Box::new(started.map_err(|error| invalid(format!("{} cannot start: {error}", node.meta.name)))?))
            }
            Machine::Producer(app) => {
                let (client, acks) = world.producer_client(&app.spec, incarnation)?;
                Started::Client(Next::Producer(Box::new(client), acks))
            }
            Machine::Consumer(app) => Started::Client(Next::Consumer(Box::new(world.consumer_clients(&app.spec, incarnation)?))),
            Machine::Admin(_) => return Err(no_such("node", &self.node, Vec::new())),
        };
        Ok((node.meta.id, process))
    }

    fn apply(self, world: &mut World, (id, process): (NodeId, Started)) {
        world.with_node(id, |node, core| match process {
            Started::Broker(broker) => node.start_broker(core, broker),
            Started::Client(next) => node.start_client(core, next),
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let how = if is_broker(&self.node) { "from its disk" } else { "as a new process" };
        Narration::Says(1, format!("{} starts again, {how}.", self.node))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::over(Ailment::Process(self.node.clone()))
    }

    fn remedy(&self) -> Vec<Action> {
        Vec::new()
    }

    fn fault(&self) -> Option<&'static str> {
        is_broker(&self.node).then_some("restart")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((node, Process::Down)) = menu.process() else { return };
        let restart = Self { node: node.clone() };
        if menu.broker().is_some() {
            menu.quick(Group::Process, "Start", "It starts again from its disk", restart);
        } else {
            menu.quick(Group::Process, "Start", "A new process with the same settings", restart);
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
