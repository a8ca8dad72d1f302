//! A broker's disk is slow.

use super::prelude::*;
use super::units::duration_text;
use crate::world::action::MAX_DELAY_US;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlowDisk {
    pub node: Arc<str>,
    /// Every turn in which the broker writes takes this much longer, in microseconds; 0 heals.
    pub delay_us: i64,
}

impl Operation for SlowDisk {
    type Checked = NodeId;

    const KEYWORD: &'static str = "slow-disk";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "slow disk",
        on: On::Broker,
        exclusive: true,
        profiles: &["swarm", "power"],
        stream: Stream::Shared,
        draw: |dice, node| {
            let delay_us = dice.micros(1, 300);
            Trouble::passing(Self { node: node.clone(), delay_us })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's name")?, delay_us: words.duration()? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
        line.raw(&duration_text(self.delay_us));
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let (node, _) = world.broker_node(&self.node)?;
        if !(0..=MAX_DELAY_US).contains(&self.delay_us) {
            return Err(invalid("a disk takes 0 to 60 s longer"));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_broker(id, |broker| broker.slow_us = self.delay_us);
    }

    fn describe(&self, _: &World) -> Narration {
        let node = &self.node;
        let text = match self.delay_us {
            0 => format!("The disk of {node} is as fast as before."),
            delay_us => format!("Whatever {node} writes now takes {} longer.", duration_text(delay_us)),
        };
        Narration::Says(1, text)
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::hinders(Ailment::DiskSpeed(self.node.clone()), self.delay_us > 0)
    }

    fn remedy(&self) -> Vec<Action> {
        vec![Self { node: self.node.clone(), delay_us: 0 }.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("slow disk")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((broker, process)) = menu.broker_process() else { return };
        let slow = |delay_us| Self { node: broker.name.clone(), delay_us };
        if process == Process::Running {
            menu.item(Group::Disk, "Slow disk", "Whatever it writes takes 300 ms longer", slow(300_000));
        }
        if broker.slow_us > 0 {
            menu.item(Group::Disk, "Quick disk", "As fast as before", slow(0));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), 0..9_000_000_i64).prop_map(|(node, delay_us)| Self { node, delay_us }).boxed()
    }
}
