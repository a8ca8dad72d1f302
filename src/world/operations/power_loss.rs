//! The machine of a broker or client dies: nobody is told, and what a broker had not flushed is lost. With `torn`, it dies while the page
//! cache is written: of each file, some of what was not flushed is there, from the beginning on.

use super::draw::broker;
use super::prelude::*;
use crate::kafka::rng::Rng;
use crate::world::ProcessState;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PowerLoss {
    pub node: Arc<str>,
    /// Some of what was not flushed had been written.
    pub torn: bool,
}

impl PowerLoss {
    pub fn of(node: Arc<str>) -> Self {
        Self { node, torn: false }
    }
}

impl Operation for PowerLoss {
    type Checked = NodeId;

    const KEYWORD: &'static str = "power-loss";
    const DRAWS: &'static [Draw] = &[
        Draw {
            name: "power loss",
            on: On::Broker,
            exclusive: true,
            profiles: &["swarm", "power"],
            stream: Stream::Shared,
            draw: |dice, node| {
                let mut trouble = Trouble::passing(Self::of(node.clone()));
                // The whole rack at once, now and then.
                if dice.rng.chance(1, 8) {
                    for node in (1..=dice.brokers).map(broker) {
                        trouble.begin.push(Self::of(node.clone()).into());
                        trouble.end.push(super::Restart { node }.into());
                    }
                }
                trouble
            },
        },
        Draw {
            name: "power loss that tears",
            on: On::Broker,
            exclusive: true,
            profiles: &["swarm", "power"],
            stream: Stream::Own { one_in: 10 },
            draw: |_, node| Trouble::passing(Self { node: node.clone(), torn: true }),
        },
    ];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's name")?, torn: words.flag("torn")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
        line.flag(self.torn, "torn");
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.any_node(&self.node)?;
        if node.meta.state == ProcessState::PoweredOff {
            return Err(wrong_state(node, "start it first"));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        let seed = world.genesis().seed;
        world.with_node(id, |node, core| {
            let torn = self.torn.then(|| Rng::stream(seed, &format!("torn/{}/{}", node.meta.name, node.meta.incarnation)));
            node.lose_power(core, torn);
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let gone = match self.torn {
            false => "what it had not flushed is gone",
            true => "of what it had not flushed, each file has the beginning at most",
        };
        Narration::Says(1, format!("{} lost its power: {gone}, and nobody is told.", self.node))
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
            menu.item(Group::Process, "Lose power", description, Self::of(broker.name.clone()));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), any::<bool>()).prop_map(|(node, torn)| Self { node, torn }).boxed()
    }
}
