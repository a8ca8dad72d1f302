//! A producer app sends more or fewer records.

use super::prelude::*;
use super::settings::check_rate;
use super::units::{rate, rate_text};
use crate::world::nodes::Machine;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetRate {
    pub name: Arc<str>,
    /// Records in a thousand seconds.
    pub rate_per_1000s: u64,
}

impl Operation for SetRate {
    type Checked = NodeId;

    const KEYWORD: &'static str = "rate";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "rate",
        on: On::Client,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, _| {
            let rate_per_1000s = dice.between(0, 60) * 1000;
            dice.producer().map_or_else(Trouble::default, |spec| Trouble::lasting(Self { name: spec.name, rate_per_1000s }))
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let name = words.name("the client's name")?;
        Ok(Self { name, rate_per_1000s: words.value("a rate, as in 4/s,", rate)? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.name);
        line.raw(&rate_text(self.rate_per_1000s));
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        check_rate(self.rate_per_1000s)?;
        Ok(world.producer_node(&self.name)?.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, |node, core| {
            let now = node.clock(core.now);
            if let Machine::Producer(app) = &mut node.machine {
                app.set_rate(now, self.rate_per_1000s);
            }
            node.settle(core);
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let rate = rate_text(self.rate_per_1000s);
        let rate = rate.trim_end_matches("/s");
        let s = if rate == "1" { "" } else { "s" };
        Narration::Says(1, format!("{} now sends {rate} record{s} a second.", self.name))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.name)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Vec::new()
    }

    fn remedy(&self) -> Vec<Action> {
        Vec::new()
    }

    fn fault(&self) -> Option<&'static str> {
        None
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        if let (Some(producer), Some((_, Process::Running))) = (menu.producer(), menu.process()) {
            let rate = producer.rate_per_1000s;
            for (label, rate_per_1000s) in [("Twice as many", (rate * 2).max(1000)), ("Half as many", rate / 2), ("None", 0)] {
                let name = producer.name.clone();
                menu.item(Group::Records, label, &rate_text(rate_per_1000s), Self { name, rate_per_1000s });
            }
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), 0..100_000_u64).prop_map(|(name, rate_per_1000s)| Self { name, rate_per_1000s }).boxed()
    }
}
