//! One link is like this from now on.

use super::form::{Field, Form};
use super::links::{is_bad, read_spec, spec_form, write_spec};
use super::menu::MenuTarget;
use super::prelude::*;
use super::units::quoted;
use crate::world::action::LinkSpec;
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetLink {
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// Not back.
    pub one_way: bool,
    /// `None`: as all others again.
    pub how: Option<LinkSpec>,
}

const ONE_WAY: &str = "one-way";

fn form(world: &World, target: &Target) -> Option<Form> {
    let Target::Link(a, b) = target else { return None };
    let now = world.link(a, b);
    let start = format!("{} {} {}", SetLink::KEYWORD, quoted(a), quoted(b));
    let mut form = spec_form(&format!("{a} – {b}"), start, &now);
    let way = if matches!(&now, Action::SetLink(link) if link.one_way) { ONE_WAY } else { "" };
    let field = Field::bare("direction", way, "one-way: from the first to the second only");
    form.fields.insert(0, Field { default: "both ways".to_owned(), choices: &["both ways", ONE_WAY], ..field });
    Some(form)
}

impl Operation for SetLink {
    type Checked = (NodeId, NodeId);

    const KEYWORD: &'static str = "link";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "one link",
        on: On::Broker,
        exclusive: false,
        profiles: &["swarm", "network", "clients"],
        stream: Stream::Own { one_in: 4 },
        draw: |dice, node| {
            let other = dice.node();
            let (from, to) = if dice.rng.chance(1, 2) { (node.clone(), other) } else { (other, node.clone()) };
            let one_way = dice.rng.chance(1, 2);
            let (latency_us, jitter_us) = (dice.micros(1, 800), dice.micros(0, 200));
            let (loss_ppm, duplicate_ppm) = (dice.between(0, 200_000) as u32, dice.between(0, 50_000) as u32);
            if from == to {
                return Trouble::default();
            }
            let how = Some(LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm });
            Trouble::passing(Self { from, to, one_way, how })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let (from, to) = (words.name("a node's name")?, words.name("the other node's name")?);
        let one_way = words.has(ONE_WAY);
        let (how, given) = read_spec(words)?;
        Ok(Self { from, to, one_way, how: given.then_some(how) })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.from);
        line.word(&self.to);
        line.flag(self.one_way, ONE_WAY);
        if let Some(how) = &self.how {
            write_spec(how, line);
        }
    }

    fn check(&self, world: &World) -> Result<(NodeId, NodeId), ActionError> {
        self.how.unwrap_or(world.core.default_link).check()?;
        world.both_ends(&self.from, &self.to)
    }

    fn apply(self, world: &mut World, (from, to): (NodeId, NodeId)) {
        world.core.set_link(from, to, self.how);
        if !self.one_way {
            world.core.set_link(to, from, self.how);
        }
    }

    fn describe(&self, _: &World) -> Narration {
        let (from, to) = (&self.from, &self.to);
        let (way, and) = if self.one_way { ("from", "to") } else { ("between", "and") };
        let takes = self.how.as_ref().map_or_else(|| "what all links take again".to_owned(), LinkSpec::to_string);
        let lost = self.how.is_some_and(|how| how.loss_ppm > 0);
        let tail = if lost { ": what is lost is sent again after 200ms, then 400ms, as TCP does" } else { "" };
        Narration::Says(1, format!("A frame {way} {from} {and} {to} now takes {takes}{tail}."))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.from), Subject::Node(&self.to)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::hinders(Ailment::link(&self.from, &self.to), self.how.as_ref().is_some_and(is_bad))
    }

    fn remedy(&self) -> Vec<Action> {
        vec![Self { how: None, ..self.clone() }.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("one link")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Some((node, _)) = menu.process() {
            menu.open(Group::Network, "One link…", "Cut it, or make it slow or lossy", MenuTarget::Links(node.clone()));
        }
        // What is cut from everyone is no one link.
        if let Target::Link(a, b) = menu.target
            && &**b != "everyone"
        {
            menu.ask::<Self>(Group::Slow, "Slow or lossy…", "Latency, jitter, loss and duplicates of this link", form);
            let own = |(x, y, how): &(Arc<str>, Arc<str>, Option<LinkSpec>)| how.is_some() && (x == a && y == b || x == b && y == a);
            if menu.view.link_faults.iter().any(own) {
                let like_others = Self { from: a.clone(), to: b.clone(), one_way: false, how: None };
                menu.item(Group::Slow, "As the others", "It is as all links are", like_others);
            }
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        let all = (name(), name(), any::<bool>(), proptest::option::of(link_spec()));
        all.prop_map(|(from, to, one_way, how)| Self { from, to, one_way, how }).boxed()
    }
}
