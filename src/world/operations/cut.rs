//! Nothing goes from one node to the other until healed. What is sent waits, as TCP does, and the connection breaks after a while.

use super::prelude::*;
use crate::world::event::EventKind;
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// Not back.
    pub one_way: bool,
}

/// A cut in words; `to` is "everyone" for an isolated node.
pub fn cut_words(from: &str, to: &str, one_way: bool) -> String {
    if to == "everyone" {
        format!("{from} is cut off from everyone.")
    } else if one_way {
        format!("Nothing gets from {from} to {to} any more; the other way is open.")
    } else {
        format!("{from} and {to} cannot reach each other.")
    }
}

fn draw(dice: &mut Dice, node: &Arc<str>, one_way: bool) -> Trouble {
    let (node, other) = (node.clone(), dice.node());
    if other == node {
        return Trouble::default();
    }
    let (from, to) = if dice.rng.chance(1, 2) { (node, other) } else { (other, node) };
    Trouble::passing(Cut { from, to, one_way })
}

impl Operation for Cut {
    type Checked = (NodeId, NodeId);

    const KEYWORD: &'static str = "cut";
    const DRAWS: &'static [Draw] = &[
        Draw {
            name: "cut",
            on: On::Broker,
            exclusive: false,
            profiles: &["swarm", "network"],
            stream: Stream::Shared,
            draw: |dice, node| draw(dice, node, false),
        },
        Draw {
            name: "one-way cut",
            on: On::Broker,
            exclusive: false,
            profiles: &["swarm", "network"],
            stream: Stream::Shared,
            draw: |dice, node| draw(dice, node, true),
        },
    ];

    fn read(words: &mut Words) -> Parsed<Self> {
        let (from, to) = (words.name("a node's name")?, words.name("the other node's name")?);
        Ok(Self { from, to, one_way: words.flag("one-way")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.from);
        line.word(&self.to);
        line.flag(self.one_way, "one-way");
    }

    fn check(&self, world: &World) -> Result<(NodeId, NodeId), ActionError> {
        world.both_ends(&self.from, &self.to)
    }

    fn apply(self, world: &mut World, (from, to): (NodeId, NodeId)) {
        world.core.cuts.insert((from, to));
        if !self.one_way {
            world.core.cuts.insert((to, from));
        }
        world.core.record(EventKind::LinkCut { from: self.from, to: self.to, one_way: self.one_way });
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::ItsEventSays(cut_words(&self.from, &self.to, self.one_way))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.from), Subject::Node(&self.to)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::stops(Ailment::Path(self.from.clone(), self.to.clone()))
    }

    fn remedy(&self) -> Vec<Action> {
        vec![super::Heal.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some(if self.one_way { "one-way cut" } else { "cut" })
    }

    fn hurts(&self) -> bool {
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        // What is cut from everyone is no one link.
        if let Target::Link(a, b) = menu.target
            && &**b != "everyone"
        {
            let cut = |from: &Arc<str>, to: &Arc<str>, one_way| Self { from: from.clone(), to: to.clone(), one_way };
            let both = format!("Nothing goes between {a} and {b}; their connection breaks after a while");
            menu.item(Group::Cut, "Cut both ways", &both, cut(a, b, false));
            menu.item(Group::Cut, "Cut one way", &format!("Nothing goes from {a} to {b}"), cut(a, b, true));
            menu.item(Group::Cut, "Cut the other way", &format!("Nothing goes from {b} to {a}"), cut(b, a, true));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), name(), any::<bool>()).prop_map(|(from, to, one_way)| Self { from, to, one_way }).boxed()
    }
}
