//! A frozen process goes on where it was frozen.

use super::prelude::*;
use crate::world::ProcessState;
use crate::world::nodes::Node;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resume {
    pub node: Arc<str>,
}

impl Operation for Resume {
    type Checked = NodeId;

    const KEYWORD: &'static str = "resume";
    const WORD: &'static str = "unfreeze";
    const DRAWS: &'static [Draw] = &[];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the broker's or client's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.any_node(&self.node)?;
        match (node.meta.state, world.is_broker_node(node.meta.id)) {
            (ProcessState::Paused, _) => Ok(node.meta.id),
            (_, true) => Err(wrong_state(node, "only a frozen broker can be unfrozen")),
            (_, false) => Err(wrong_state(node, "only a frozen client can be unfrozen")),
        }
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, Node::resume);
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{} goes on where it was frozen.", self.node))
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
        is_broker(&self.node).then_some("resume")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((node, Process::Paused)) = menu.process() else { return };
        let (description, resume) = ("It goes on where it was frozen", Self { node: node.clone() });
        if menu.broker().is_some() {
            menu.item(Group::Process, "Unfreeze", description, resume);
        } else {
            menu.quick(Group::Process, "Unfreeze", description, resume);
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
