//! What several operations ask the world for, and do to it.

use crate::kafka::client::producer::Producer;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::world::ProcessState;
use crate::world::action::{ActionError, ConsumerSpec, ProducerSpec};
use crate::world::admin::AdminRequest;
use crate::world::broker_node::BrokerNode;
use crate::world::consumer_app::{Clients, ConsumerApp, Launch};
use crate::world::event::EventKind;
use crate::world::nodes::{Machine, Node};
use crate::world::process::process_seed;
use crate::world::producer_app::ProducerApp;
use crate::world::queue::NodeId;
use crate::world::{ADMIN, World};
use std::sync::Arc;

/// Clients that a run has at most, gone ones included.
pub const MAX_CLIENTS: u32 = 256;

pub(super) fn invalid(text: impl Into<String>) -> ActionError {
    ActionError::Invalid(text.into())
}

pub(super) fn wrong_state(node: &Node, hint: &'static str) -> ActionError {
    ActionError::WrongState { name: node.meta.name.to_string(), state: node.meta.state, hint }
}

pub(super) fn no_such(what: &'static str, name: &str, names: Vec<&str>) -> ActionError {
    let names: SortedVecSet<&str> = names.into_iter().collect();
    let names: Vec<&str> = names.into_iter().take(8).collect();
    let hint = if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) };
    ActionError::NoSuch { what, name: name.to_owned(), hint }
}

/// `broker-1` … `broker-9`.
pub(super) fn is_broker(name: &str) -> bool {
    name.strip_prefix("broker-").is_some_and(|id| matches!(id.as_bytes(), [b'1'..=b'9']))
}

/// A client that runs or does not, and is not on the way from one to the other.
pub(super) fn settled(node: &Node) -> Result<&Node, ActionError> {
    match node.meta.state {
        ProcessState::Paused => Err(wrong_state(node, "unfreeze it first")),
        ProcessState::Stopping => Err(wrong_state(node, "it is about to stop")),
        _ => Ok(node),
    }
}

impl World {
    pub(super) fn is_broker_node(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| matches!(node.machine, Machine::Broker(_)))
    }

    /// A broker or a client.
    pub(super) fn any_node(&self, name: &str) -> Result<&Node, ActionError> {
        let nodes = || self.nodes.iter().filter(|node| !matches!(node.machine, Machine::Admin(_)));
        nodes().find(|node| &*node.meta.name == name).ok_or_else(|| no_such("node", name, nodes().map(|node| &*node.meta.name).collect()))
    }

    pub(super) fn broker_node(&self, name: &str) -> Result<(&Node, &BrokerNode), ActionError> {
        let brokers = || {
            self.nodes.iter().filter_map(|node| match &node.machine {
                Machine::Broker(broker) => Some((node, &**broker)),
                _ => None,
            })
        };
        brokers()
            .find(|(node, _)| &*node.meta.name == name)
            .ok_or_else(|| no_such("broker", name, brokers().map(|(node, _)| &*node.meta.name).collect()))
    }

    /// The two ends of a link.
    pub(super) fn both_ends(&self, from: &str, to: &str) -> Result<(NodeId, NodeId), ActionError> {
        let (from, to) = (self.any_node(from)?.meta.id, self.any_node(to)?.meta.id);
        if from == to {
            return Err(invalid("a link is between two nodes: these are one"));
        }
        Ok((from, to))
    }

    pub(super) fn client_node(&self, name: &str) -> Result<&Node, ActionError> {
        self.nodes
            .iter()
            .filter(|node| matches!(node.machine, Machine::Producer(_) | Machine::Consumer(_)))
            .find(|node| &*node.meta.name == name)
            .ok_or_else(|| self.no_such_client("client", name))
    }

    pub(super) fn producer_node(&self, name: &str) -> Result<&Node, ActionError> {
        let node = self.client_node(name)?;
        match node.machine {
            Machine::Producer(_) => Ok(node),
            _ => Err(self.no_such_client("producer", name)),
        }
    }

    pub(super) fn consumer_node(&self, name: &str) -> Result<&Node, ActionError> {
        let node = self.client_node(name)?;
        match node.machine {
            Machine::Consumer(_) => Ok(node),
            _ => Err(self.no_such_client("consumer", name)),
        }
    }

    fn no_such_client(&self, what: &'static str, name: &str) -> ActionError {
        let is_one = |node: &&Node| match node.machine {
            Machine::Producer(_) => what != "consumer",
            Machine::Consumer(_) => what != "producer",
            _ => false,
        };
        no_such(what, name, self.nodes.iter().filter(is_one).map(|node| &*node.meta.name).collect())
    }

    /// Partitions of the topic; 0 when there is no such topic.
    pub(super) fn partition_count(&self, topic: &str) -> i32 {
        let found = self.image().and_then(|image| image.topics.get(topic));
        found.map_or(0, |topic| i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX))
    }

    /// Partitions of a topic that must be there.
    pub(super) fn existing_topic(&self, topic: &str) -> Result<i32, ActionError> {
        match self.partition_count(topic) {
            0 => {
                let topics = self.image().map(|image| image.topics.keys().map(|name| &**name).collect());
                Err(no_such("topic", topic, topics.unwrap_or_default()))
            }
            count => Ok(count),
        }
    }

    pub(super) fn existing_partition(&self, topic: &str, partition: i32) -> Result<(), ActionError> {
        let count = self.existing_topic(topic)?;
        if !(0..count).contains(&partition) {
            return Err(invalid(format!("{topic} has the partitions 0 to {}", count - 1)));
        }
        Ok(())
    }

    pub(super) fn new_client_name(&self, name: &str) -> Result<(), ActionError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            return Err(invalid(format!("{name:?} cannot name a client: 1 to 64 of a-z, A-Z, 0-9, '.', '_' and '-'")));
        }
        if name == ADMIN || self.nodes.iter().any(|node| &*node.meta.name == name) {
            return Err(ActionError::Exists { name: name.to_owned() });
        }
        if self.nodes.len() as u64 > u64::from(MAX_CLIENTS) + u64::from(self.genesis.brokers) {
            return Err(invalid(format!("a run has at most {MAX_CLIENTS} clients")));
        }
        Ok(())
    }

    /// A producer for this process of the app, and its `acks`.
    pub(super) fn producer_client(&self, spec: &ProducerSpec, incarnation: u32) -> Result<(Producer, i16), ActionError> {
        let seed = process_seed(self.genesis.seed, &spec.name, incarnation);
        ProducerApp::client(spec, self.bootstrap(), seed).map_err(|error| invalid(error.to_string()))
    }

    /// The clients for a new process of the app.
    pub(super) fn consumer_clients(&self, spec: &ConsumerSpec, incarnation: u32) -> Result<Clients, ActionError> {
        let mut partitions = Vec::new();
        if spec.group.is_none() {
            for topic in &spec.topics {
                // An app that assigns by itself knows its topics; of one that is not there yet it takes partition 0.
                partitions.extend((0..self.partition_count(topic).max(1)).map(|partition| (topic.clone(), partition)));
            }
        }
        let own = self.nodes.iter().find(|node| node.meta.name == spec.name);
        let now = own.map_or(self.core.now, |node| node.clock(self.core.now));
        let (seed, sabotage) = (self.genesis.seed, self.genesis.sabotage);
        let launch = Launch { now, bootstrap: self.bootstrap(), seed, incarnation, partitions, sabotage };
        ConsumerApp::clients(spec, launch).map_err(|error| invalid(error.to_string()))
    }

    /// A new client's first process.
    pub(super) fn start_node(&mut self, name: Arc<str>, machine: Machine) {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let mut node = Node::new(id, name.clone(), machine);
        let started = self.core.record(EventKind::ProcessState { node: name, from: ProcessState::New, to: ProcessState::Running });
        self.core.cause = Some(started);
        node.settle(&mut self.core);
        self.nodes.push(node);
    }

    pub(super) fn with_broker(&mut self, id: NodeId, work: impl FnOnce(&mut BrokerNode)) {
        self.with_node(id, |node, _| {
            if let Machine::Broker(broker) = &mut node.machine {
                work(broker);
            }
        });
    }

    /// The admin client sends this request.
    pub(super) fn request(&mut self, request: AdminRequest) {
        let core = &mut self.core;
        if let Some(node) = self.nodes.iter_mut().find(|node| matches!(node.machine, Machine::Admin(_))) {
            if let Machine::Admin(admin) = &mut node.machine {
                admin.ask(core.now, request);
            }
            node.settle(core);
        }
    }
}
