//! A node is cut from every other one.

use super::cut::cut_words;
use super::prelude::*;
use crate::world::event::EventKind;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Isolate {
    pub node: Arc<str>,
}

impl Operation for Isolate {
    type Checked = NodeId;

    const KEYWORD: &'static str = "isolate";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "isolation",
        on: On::Broker,
        exclusive: false,
        profiles: &["swarm", "network"],
        stream: Stream::Shared,
        draw: |_, node| Trouble::passing(Self { node: node.clone() }),
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { node: words.name("a node's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        Ok(world.any_node(&self.node)?.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.core.isolated.insert(id);
        world.core.record(EventKind::LinkCut { from: self.node, to: "everyone".into(), one_way: false });
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::ItsEventSays(cut_words(&self.node, "everyone", false))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::stops(Ailment::Access(self.node.clone()))
    }

    fn remedy(&self) -> Vec<Action> {
        vec![super::Heal.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("isolation")
    }

    fn hurts(&self) -> bool {
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Some((node, _)) = menu.process()
            && !menu.view.link_faults.iter().any(|(from, to, how)| how.is_none() && from == node && &**to == "everyone")
        {
            let isolated = Self { node: node.clone() };
            let description = "Nothing goes to it or from it";
            if menu.broker_process().is_some_and(|(_, process)| process.is_up()) {
                menu.quick(Group::Network, "Isolate", description, isolated);
            } else {
                menu.item(Group::Network, "Isolate", description, isolated);
            }
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
