//! A process is frozen, as by a long garbage collection: nothing in, nothing out, until it is unfrozen.

use super::prelude::*;
use crate::kafka::config::{BROKER, CONSUMER};
use crate::world::ProcessState;
use crate::world::nodes::Node;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pause {
    pub node: Arc<str>,
}

const SESSION_TIMEOUT: &str = "session.timeout.ms";
/// What holds for members of the consumer protocol (KIP-848).
const BROKERS_TIMEOUT: &str = "group.consumer.session.timeout.ms";

/// A consumer's group and its session timeout in words; `None` for others.
pub(super) fn group_of(name: &str, world: &World) -> Option<(Arc<str>, String)> {
    let (spec, _) = world.consumer(name)?;
    let timeout = if spec.config.get("group.protocol").is_some_and(|protocol| protocol == "consumer") {
        let set = world.genesis().broker_config.get(BROKERS_TIMEOUT);
        set.map_or_else(|| BROKER.default_of(BROKERS_TIMEOUT), String::as_str)
    } else {
        spec.config.get(SESSION_TIMEOUT).map_or_else(|| CONSUMER.default_of(SESSION_TIMEOUT), String::as_str)
    };
    let text = match timeout.parse::<i64>() {
        Ok(millis) if millis % 1000 == 0 => format!("{} s", millis / 1000),
        _ => format!("{timeout} ms"),
    };
    Some((spec.group.clone()?, text))
}

impl Operation for Pause {
    type Checked = NodeId;

    const KEYWORD: &'static str = "pause";
    const WORD: &'static str = "freeze";
    const DRAWS: &'static [Draw] = &[
        Draw {
            name: "pause",
            on: On::Broker,
            exclusive: true,
            profiles: &["swarm", "crashes", "network"],
            stream: Stream::Shared,
            draw: |_, node| Trouble::passing(Self { node: node.clone() }),
        },
        Draw {
            name: "pause of a client",
            on: On::Client,
            exclusive: true,
            profiles: &["swarm", "crashes", "clients"],
            stream: Stream::Shared,
            draw: |_, node| Trouble::passing(Self { node: node.clone() }),
        },
    ];

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
            (_, true) => Err(wrong_state(node, "only a running broker can be frozen")),
            (_, false) => Err(wrong_state(node, "only a running client can be frozen")),
        }
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, Node::pause);
    }

    fn describe(&self, world: &World) -> Narration {
        let node = &self.node;
        let text = match group_of(node, world) {
            _ if is_broker(node) => format!("{node} is frozen: it hears and says nothing."),
            Some((group, timeout)) => format!("{node} is frozen: no heartbeats. {group} gives it {timeout} (its session timeout)."),
            None => format!("{node} is frozen."),
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
        vec![super::Resume { node: self.node.clone() }.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some(if is_broker(&self.node) { "pause" } else { "pause of a client" })
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((node, Process::Running)) = menu.process() else { return };
        let frozen = Self { node: node.clone() };
        if menu.consumer().is_some() {
            menu.quick(Group::Process, "Freeze", "No heartbeats, as in a long garbage collection", frozen);
        } else {
            menu.quick(Group::Process, "Freeze", "It hears and says nothing, as in a long garbage collection", frozen);
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|node| Self { node }).boxed()
    }
}
