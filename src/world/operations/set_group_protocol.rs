//! The members of a group get another assignor, or go to the other protocol.

use super::lookup::settled;
use super::prelude::*;
use crate::world::ProcessState;
use crate::world::action::ConsumerSpec;
use crate::world::consumer_app::Clients;
use crate::world::nodes::{Machine, Next};
use crate::world::target::Target;

const STRATEGY: &str = "partition.assignment.strategy";
const PROTOCOL: &str = "group.protocol";
const REMOTE: &str = "group.remote.assignor";
/// Configs of the classic protocol that a member of the consumer protocol may not have.
const CLASSIC_ONLY: &[&str] = &[STRATEGY, "session.timeout.ms", "heartbeat.interval.ms"];

/// How the partitions of a group are dealt out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dealing {
    /// By an assignor of the group's leader: `partition.assignment.strategy`.
    Classic(&'static str),
    /// By an assignor of the coordinator, under the consumer protocol: `group.remote.assignor`.
    Consumer(&'static str),
}

/// As a line has them, how the menu calls them, and what they are.
const DEALINGS: [(&str, Dealing, &str, &str); 6] = [
    ("range", Dealing::Classic("range"), "Eager: range", "Classic protocol: all give up everything and join again"),
    ("roundrobin", Dealing::Classic("roundrobin"), "Eager: round robin", "Classic protocol: one after the other, all anew"),
    ("sticky", Dealing::Classic("sticky"), "Eager: sticky", "Classic protocol: all give up everything, and get most of it back"),
    (
        "cooperative-sticky",
        Dealing::Classic("cooperative-sticky"),
        "Cooperative",
        "Classic protocol: only what moves is given up, in a second round",
    ),
    (
        "consumer",
        Dealing::Consumer("uniform"),
        "Consumer protocol",
        "KIP-848: the coordinator deals out, and each member goes to its share by itself",
    ),
    ("consumer-range", Dealing::Consumer("range"), "Consumer protocol: range", "KIP-848, with the server's range assignor"),
];

/// All members that are there are stopped as their programs would stop them, and started with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetGroupProtocol {
    pub group: Arc<str>,
    pub dealing: Dealing,
}

impl SetGroupProtocol {
    fn word(&self) -> &'static str {
        DEALINGS.iter().find(|(_, dealing, ..)| *dealing == self.dealing).map_or("range", |(word, ..)| word)
    }

    /// A member's settings with it.
    fn applied(&self, spec: &ConsumerSpec) -> ConsumerSpec {
        let mut config = spec.config.clone();
        match self.dealing {
            Dealing::Classic(assignor) => {
                config.remove(PROTOCOL);
                config.remove(REMOTE);
                config.insert(STRATEGY.into(), assignor.into());
            }
            Dealing::Consumer(assignor) => {
                for name in CLASSIC_ONLY {
                    config.remove(*name);
                }
                config.insert(PROTOCOL.into(), "consumer".into());
                config.insert(REMOTE.into(), assignor.into());
            }
        }
        ConsumerSpec { config, ..spec.clone() }
    }
}

impl Operation for SetGroupProtocol {
    /// Each member, its settings, and the client that its next process has.
    type Checked = Vec<(NodeId, ConsumerSpec, Clients)>;

    const KEYWORD: &'static str = "protocol";
    /// To the consumer protocol only: there members that other draws set otherwise find each other, whatever assignor they name.
    const DRAWS: &'static [Draw] = &[Draw {
        name: "group protocol",
        on: On::Client,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 6 },
        draw: |dice, _| {
            let assignor = if dice.between(0, 1) == 0 { "uniform" } else { "range" };
            let group = dice.consumer().and_then(|spec| spec.group);
            group.map_or_else(Trouble::default, |group| Trouble::lasting(Self { group, dealing: Dealing::Consumer(assignor) }))
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let group = words.name("the group's name")?;
        let dealing = words.value("how its partitions are dealt out", |text| {
            let found = DEALINGS.iter().find(|(word, ..)| *word == text).map(|(_, dealing, ..)| *dealing);
            found.ok_or_else(|| format!("one of {} is expected", DEALINGS.map(|(word, ..)| word).join(", ")))
        })?;
        Ok(Self { group, dealing })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.group);
        line.raw(self.word());
    }

    fn check(&self, world: &World) -> Result<Self::Checked, ActionError> {
        let mut all = Vec::new();
        let mut groups: Vec<&str> = Vec::new();
        for node in &world.nodes {
            let Machine::Consumer(app) = &node.machine else { continue };
            groups.extend(app.spec.group.as_deref());
            if app.spec.group.as_deref() == Some(&*self.group) {
                let spec = self.applied(&app.spec);
                let clients = world.consumer_clients(&spec, settled(node)?.meta.incarnation + 1)?;
                all.push((node.meta.id, spec, clients));
            }
        }
        groups.dedup();
        if all.is_empty() { Err(no_such("group", &self.group, groups)) } else { Ok(all) }
    }

    fn apply(self, world: &mut World, members: Self::Checked) {
        for (id, spec, clients) in members {
            world.with_node(id, |node, core| {
                let Machine::Consumer(app) = &mut node.machine else { return };
                let again = app.spec != spec;
                app.spec = spec;
                node.change(core, again.then(|| Next::Consumer(Box::new(clients))));
            });
        }
    }

    fn describe(&self, _: &World) -> Narration {
        let how = match self.dealing {
            Dealing::Classic(assignor) => format!("the classic protocol, with the assignor {assignor}"),
            Dealing::Consumer(assignor) => format!("the consumer protocol (KIP-848), with the coordinator's assignor {assignor}"),
        };
        Narration::Says(1, format!("The members of {} start anew with {how}.", self.group))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        Vec::new()
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
        let Target::Group(Some(group)) = menu.target else { return };
        let members = || menu.view.consumers.iter().filter(|consumer| consumer.group.as_ref() == Some(group));
        let is_settled = |state| !matches!(state, ProcessState::Paused | ProcessState::Stopping);
        if members().count() == 0 || !members().all(|consumer| is_settled(consumer.state)) {
            return;
        }
        for (_, dealing, label, means) in DEALINGS {
            menu.item(Group::Protocol, label, means, Self { group: group.clone(), dealing });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), 0..DEALINGS.len()).prop_map(|(group, n)| Self { group, dealing: DEALINGS[n].1 }).boxed()
    }
}
