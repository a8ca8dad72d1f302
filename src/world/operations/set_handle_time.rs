//! A consumer app's handler takes more or less time.

use super::prelude::*;
use super::settings::check_handle_time;
use super::units::duration_text;
use crate::world::nodes::Machine;

/// A handler that keeps up with everything, and a slow one: microseconds for each record.
pub(super) const QUICK_US: i64 = 100_000;
pub(super) const SLOW_US: i64 = 2_000_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetHandleTime {
    pub name: Arc<str>,
    /// Microseconds for each record.
    pub handle_us: i64,
}

impl Operation for SetHandleTime {
    type Checked = NodeId;

    const KEYWORD: &'static str = "handle";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "handler",
        on: On::Client,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, _| {
            let slow_us = dice.micros(1, 400);
            dice.consumer().map_or_else(Trouble::default, |spec| {
                let handle = |handle_us| Self { name: spec.name.clone(), handle_us };
                Trouble { end: vec![handle(spec.handle_us).into()], ..Trouble::lasting(handle(slow_us)) }
            })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { name: words.name("the client's name")?, handle_us: words.duration()? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.name);
        line.raw(&duration_text(self.handle_us));
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        check_handle_time(self.handle_us)?;
        Ok(world.consumer_node(&self.name)?.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, |node, core| {
            if let Machine::Consumer(app) = &mut node.machine {
                app.spec.handle_us = self.handle_us;
            }
            node.settle(core);
        });
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{} now takes {} for each record.", self.name, duration_text(self.handle_us)))
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
        let (Some(consumer), Some((_, process))) = (menu.consumer(), menu.process()) else { return };
        let handle = |handle_us| Self { name: consumer.name.clone(), handle_us };
        if consumer.handle_us >= SLOW_US {
            menu.item(Group::Handler, "Quick", "A tenth of a second for each record", handle(QUICK_US));
        }
        if process == Process::Running {
            menu.item(Group::Handler, "Slow", "Two seconds for each record", handle(SLOW_US));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), 0..9_000_000_i64).prop_map(|(name, handle_us)| Self { name, handle_us }).boxed()
    }
}
