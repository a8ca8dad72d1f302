//! A node's clock is set apart from the world's.

use super::prelude::*;
use super::units::duration_text;

/// A clock is at most a day off, in microseconds.
pub(super) const MAX_SKEW_US: i64 = 86_400_000_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skew {
    pub node: Arc<str>,
    /// How far the clock is ahead from now on, in microseconds; negative: behind; 0: it is right.
    pub by_us: i64,
}

impl Operation for Skew {
    type Checked = NodeId;

    const KEYWORD: &'static str = "skew";
    const DRAWS: &'static [Draw] = &[
        Draw {
            name: "clock skew",
            on: On::Broker,
            exclusive: false,
            profiles: &["swarm"],
            stream: Stream::Shared,
            draw: |dice, node| Trouble::lasting(Self { node: node.clone(), by_us: dice.micros(1, 20_000) - 10_000_000 }),
        },
        Draw {
            name: "clock skew of a client",
            on: On::Client,
            exclusive: false,
            profiles: &["swarm", "clients"],
            stream: Stream::Own { one_in: 4 },
            draw: |dice, node| Trouble::lasting(Self { node: node.clone(), by_us: dice.micros(1, 20_000) - 10_000_000 }),
        },
    ];

    fn read(words: &mut Words) -> Parsed<Self> {
        let node = words.name("the broker's name")?;
        Ok(Self { node, by_us: words.signed_duration("how far its clock is ahead, as in 2s or -2s,")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
        line.signed_duration(self.by_us);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        if !(-MAX_SKEW_US..=MAX_SKEW_US).contains(&self.by_us) {
            return Err(invalid("a clock is at most a day ahead or behind"));
        }
        Ok(world.any_node(&self.node)?.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, |node, core| {
            node.meta.skew_us = self.by_us;
            node.settle(core);
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let (node, by) = (&self.node, duration_text(self.by_us.saturating_abs()));
        let text = match self.by_us {
            0 => format!("The clock of {node} is right again."),
            1.. => format!("The clock of {node} is {by} ahead."),
            _ => format!("The clock of {node} is {by} behind."),
        };
        Narration::Says(1, text)
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Vec::new()
    }

    fn remedy(&self) -> Vec<Action> {
        Vec::new()
    }

    fn fault(&self) -> Option<&'static str> {
        Some("clock skew")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((broker, process)) = menu.broker_process() else { return };
        let skew = |by_us| Self { node: broker.name.clone(), by_us };
        if process == Process::Running {
            menu.item(Group::Clock, "Clock ahead", "By a minute", skew(60_000_000));
            menu.item(Group::Clock, "Clock behind", "By a minute", skew(-60_000_000));
        }
        if broker.skew_us != 0 {
            menu.item(Group::Clock, "Set the clock", "It is right again", skew(0));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), -9_000_000..9_000_000_i64).prop_map(|(node, by_us)| Self { node, by_us }).boxed()
    }
}
