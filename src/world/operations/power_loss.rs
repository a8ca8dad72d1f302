//! The machine of a broker or client dies: nobody is told, and what a broker had not flushed is lost.

use super::draw::broker;
use super::prelude::*;
use crate::world::ProcessState;
use crate::world::nodes::Node;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PowerLoss {
    pub node: Arc<str>,
}

impl Operation for PowerLoss {
    type Checked = NodeId;

    const KEYWORD: &'static str = "power-loss";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "power loss",
        on: On::Broker,
        exclusive: true,
        profiles: &["swarm", "power"],
        stream: Stream::Shared,
        draw: |dice, node| {
            let mut trouble = Trouble::passing(Self { node: node.clone() });
            // The whole rack at once, now and then.
            if dice.rng.chance(1, 8) {
                for node in (1..=dice.brokers).map(broker) {
                    trouble.begin.push(Self { node: node.clone() }.into());
                    trouble.end.push(super::Restart { node }.into());
                }
            }
            trouble
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.any_node(&self.node)?;
        if node.meta.state == ProcessState::PoweredOff {
            return Err(wrong_state(node, "restart it first"));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, Node::lose_power);
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{} lost its power: what it had not flushed is gone, and nobody is told.", self.node))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::stops(Ailment::Process(self.node.clone()))
    }

    fn remedy(&self) -> Vec<Action> {
        vec![super::Restart { node: self.node.clone() }.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("power loss")
    }

    fn hurts(&self) -> bool {
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Some((broker, process)) = menu.broker_process()
            && process.is_up()
        {
            let description = "Its machine dies; what was not flushed is lost";
            menu.item(Group::Process, "Lose power", description, Self { node: broker.name.clone() });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
