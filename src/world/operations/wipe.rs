//! A broker that does not run loses its whole disk.

use super::Kill;
use super::draw::broker;
use super::prelude::*;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wipe {
    pub node: Arc<str>,
}

impl Operation for Wipe {
    type Checked = NodeId;

    const KEYWORD: &'static str = "wipe";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "wipe",
        on: On::Broker,
        exclusive: true,
        profiles: &["swarm", "power"],
        stream: Stream::Shared,
        draw: |dice, node| {
            let mut trouble = Trouble::passing(Kill { node: node.clone() });
            // A voter that forgets its votes may undo what the quorum has committed: Kafka does not permit that either.
            if !(1..=dice.voters).any(|id| broker(id) == *node) {
                trouble.begin.push(Self { node: node.clone() }.into());
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
        let (node, _) = world.broker_node(&self.node)?;
        if node.meta.state.is_up() {
            return Err(wrong_state(node, "kill or stop it first"));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_broker(id, |broker| {
            broker.disk.wipe();
            broker.look();
        });
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("The disk of {} is empty now.", self.node))
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
        Some("wipe")
    }

    fn hurts(&self) -> bool {
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Some((broker, process)) = menu.broker_process()
            && process == Process::Down
        {
            menu.item(Group::Disk, "Wipe the disk", "All its files are lost", Self { node: broker.name.clone() });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
