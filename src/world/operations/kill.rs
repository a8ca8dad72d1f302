//! The process of a broker or client dies (SIGKILL); a broker keeps its page cache.

use super::prelude::*;
use crate::world::ProcessState;
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kill {
    pub node: Arc<str>,
}

impl Operation for Kill {
    type Checked = NodeId;

    const KEYWORD: &'static str = "kill";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "kill",
        on: On::Broker,
        exclusive: true,
        profiles: &["swarm", "crashes", "power", "clients"],
        stream: Stream::Shared,
        draw: |_, node| Trouble::passing(Self { node: node.clone() }),
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.any_node(&self.node)?;
        if !node.meta.state.is_up() {
            return Err(wrong_state(node, "start it first"));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        let to = if world.is_broker_node(id) { ProcessState::Killed } else { ProcessState::Crashed };
        world.with_node(id, |node, core| node.kill(core, to));
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{} was killed: its process is gone, what it had written stays in the page cache.", self.node))
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
        Some("kill")
    }

    fn hurts(&self) -> bool {
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Some((broker, process)) = menu.broker_process()
            && process.is_up()
        {
            menu.quick(Group::Process, "Kill", "Its process dies; its page cache stays", Self { node: broker.name.clone() });
        }
        if let (Target::Partition(..), Some(partition)) = (menu.target, menu.partition())
            && partition.view.leader >= 0
        {
            let node: Arc<str> = format!("broker-{}", partition.view.leader).into();
            menu.item(Group::Leader, &format!("Kill {node}"), "It leads this partition", Self { node });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
