//! A client's process dies: its connections break, nothing is said.

use super::pause::group_of;
use super::prelude::*;
use crate::world::ProcessState;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    pub node: Arc<str>,
}

impl Operation for Crash {
    type Checked = NodeId;

    const KEYWORD: &'static str = "crash";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "crash of a client",
        on: On::Client,
        exclusive: true,
        profiles: &["swarm", "crashes", "clients"],
        stream: Stream::Shared,
        draw: |_, node| Trouble::passing(Self { node: node.clone() }),
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("the client's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.client_node(&self.node)?;
        if !node.meta.state.is_up() {
            return Err(wrong_state(node, "start it first"));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, |node, core| node.kill(core, ProcessState::Crashed));
    }

    fn describe(&self, world: &World) -> Narration {
        let node = &self.node;
        let text = match group_of(node, world) {
            Some((group, timeout)) => {
                format!("{node} crashed. {group} waits for its session timeout ({timeout}) before its partitions go to others.")
            }
            None => format!("{node} crashed: what it had not sent yet is lost."),
        };
        Narration::Says(1, text)
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
        Some("crash of a client")
    }

    fn hurts(&self) -> bool {
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Some((node, process)) = menu.client_process()
            && process.is_up()
        {
            let consumer = "Its group notices after session.timeout.ms";
            let description = if menu.consumer().is_some() { consumer } else { "Its process dies and says nothing" };
            menu.quick(Group::Process, "Crash", description, Self { node: node.clone() });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
