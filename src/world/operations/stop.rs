//! A process stops as its program would: a broker by a controlled shutdown, a client flushed, left and closed.

use super::prelude::*;
use crate::world::ProcessState;
use crate::world::nodes::Node;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    pub node: Arc<str>,
}

impl Operation for Stop {
    type Checked = NodeId;

    const KEYWORD: &'static str = "stop";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "graceful stop",
        on: On::Broker,
        exclusive: true,
        profiles: &["swarm", "crashes"],
        stream: Stream::Shared,
        // A controlled shutdown takes its time.
        draw: |_, node| Trouble { least_us: 6_000_000, ..Trouble::passing(Self { node: node.clone() }) },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's or client's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.any_node(&self.node)?;
        match (node.meta.state, world.is_broker_node(node.meta.id)) {
            (ProcessState::Running, _) => Ok(node.meta.id),
            (_, true) => Err(wrong_state(node, "only a running broker can be stopped")),
            (ProcessState::Paused, false) => Err(wrong_state(node, "unfreeze it first")),
            (_, false) => Err(wrong_state(node, "only a running client can be stopped")),
        }
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, Node::stop);
    }

    fn describe(&self, _: &World) -> Narration {
        match is_broker(&self.node) {
            true => Narration::Says(1, format!("{} is asked to stop: it hands over what it leads first.", self.node)),
            false => Narration::Says(2, format!("{} is asked to stop.", self.node)),
        }
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
        is_broker(&self.node).then_some("graceful stop")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((node, Process::Running)) = menu.process() else { return };
        let description = match (menu.broker(), menu.consumer()) {
            (Some(_), _) => "A controlled shutdown: its leaders move first",
            (None, Some(_)) => "It commits and leaves its group",
            (None, None) => "It ends as its program would: what it has is sent first",
        };
        menu.item(Group::Process, "Stop", description, Self { node: node.clone() });
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
