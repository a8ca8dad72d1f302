//! Actions: what is allowed, and doing it.

use super::action::LinkSpec;
use super::action::{Action, ActionError, ConsumerSpec, Keys, ProducerSpec};
use super::admin::{ALL_BROKERS, Wish};
use super::consumer_app::ConsumerApp;
use super::event::{EventId, EventKind};
use super::faults::Blow;
use super::nodes::{Machine, Next, Node};
use super::process::ProcessState;
use super::producer_app::ProducerApp;
use super::queue::NodeId;
use super::{ADMIN, World};
use crate::kafka::client::ClientError;
use crate::kafka::client::{consumer::Consumer, producer::Producer};
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Actions that a run's history keeps; the next one is refused.
pub const MAX_ACTIONS: u32 = 100_000;
/// Clients that a run has at most, gone ones included.
pub const MAX_CLIENTS: u32 = 256;
/// Partitions that an action gives a topic at most.
pub const MAX_PARTITIONS: i32 = 1000;
/// Records in a thousand seconds: 10,000 a second.
pub const MAX_RATE_PER_1000S: u64 = 10_000_000;
pub const MAX_VALUE_BYTES: u32 = 1_000_000;
/// Different keys of one producer app.
pub const MAX_KEYS: u32 = 10_000;
/// Microseconds that a handler takes at most for one record: an hour.
pub const MAX_HANDLE_US: i64 = 3_600_000_000;
/// Configs given with one action.
pub const MAX_CONFIGS: u32 = 64;

/// A checked action, ready to be done without failing.
pub(super) enum Step {
    Admin(Wish),
    Fault(NodeId, Blow),
    Links(LinkSpec),
    Heal,
    NewProducer(ProducerSpec, Producer, i16),
    NewConsumer(ConsumerSpec, Consumer),
    Stop(NodeId),
    Crash(NodeId),
    RestartProducer(NodeId, Producer, i16),
    RestartConsumer(NodeId, Consumer),
    Pause(NodeId),
    Resume(NodeId),
    ChangeProducer(NodeId, ProducerSpec, Producer, i16),
    ChangeConsumer(NodeId, ConsumerSpec, Consumer),
    SetRate(NodeId, u64),
    SetHandleTime(NodeId, i64),
    Produce(NodeId, Option<Arc<str>>, Option<Arc<str>>),
}

pub(super) fn invalid(text: impl Into<String>) -> ActionError {
    ActionError::Invalid(text.into())
}

fn client_error(error: &ClientError) -> ActionError {
    invalid(error.to_string())
}

fn check_topic_name(topic: &str) -> Result<(), ActionError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if topic.is_empty() || topic.len() > 249 || topic == "." || topic == ".." || !topic.chars().all(legal) {
        return Err(invalid(format!("{topic:?} cannot name a topic: 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'")));
    }
    Ok(())
}

fn check_partitions(partitions: i32) -> Result<(), ActionError> {
    if !(1..=MAX_PARTITIONS).contains(&partitions) {
        return Err(invalid(format!("{partitions} partitions: 1 to {MAX_PARTITIONS} are allowed")));
    }
    Ok(())
}

fn check_configs(config: &BTreeMap<String, String>) -> Result<(), ActionError> {
    if config.len() as u64 > u64::from(MAX_CONFIGS) {
        return Err(invalid(format!("{} configs: at most {MAX_CONFIGS} are allowed", config.len())));
    }
    Ok(())
}

fn check_rate(rate_per_1000s: u64) -> Result<(), ActionError> {
    if rate_per_1000s > MAX_RATE_PER_1000S {
        return Err(invalid(format!("a rate is at most {} records a second", MAX_RATE_PER_1000S / 1000)));
    }
    Ok(())
}

fn check_handle_time(handle_us: i64) -> Result<(), ActionError> {
    if !(0..=MAX_HANDLE_US).contains(&handle_us) {
        return Err(invalid(format!("a handler takes 0 to {} s for a record", MAX_HANDLE_US / 1_000_000)));
    }
    Ok(())
}

fn check_producer(spec: &ProducerSpec) -> Result<(), ActionError> {
    check_topic_name(&spec.topic)?;
    check_rate(spec.rate_per_1000s)?;
    check_configs(&spec.config)?;
    if spec.value_bytes > MAX_VALUE_BYTES {
        return Err(invalid(format!("a value has at most {MAX_VALUE_BYTES} bytes")));
    }
    let keys = match &spec.keys {
        Keys::None => 1,
        Keys::Set(keys) => u32::try_from(keys.len()).unwrap_or(u32::MAX),
        Keys::Uniform(n) | Keys::Skewed(n) => *n,
    };
    if !(1..=MAX_KEYS).contains(&keys) {
        return Err(invalid(format!("{keys} keys: 1 to {MAX_KEYS} are allowed")));
    }
    Ok(())
}

fn check_consumer(spec: &ConsumerSpec) -> Result<(), ActionError> {
    if spec.topics.is_empty() || spec.topics.len() > 100 {
        return Err(invalid("a consumer reads 1 to 100 topics"));
    }
    for topic in &spec.topics {
        check_topic_name(topic)?;
    }
    if spec.group.as_ref().is_some_and(|group| group.is_empty() || group.len() > 255) {
        return Err(invalid("a group's name has 1 to 255 characters"));
    }
    check_handle_time(spec.handle_us)?;
    check_configs(&spec.config)
}

impl World {
    /// See `World::act`.
    pub(super) fn do_action(&mut self, action: Action) -> Result<EventId, ActionError> {
        if self.history.len() as u64 >= u64::from(MAX_ACTIONS) {
            return Err(ActionError::TooMany { limit: MAX_ACTIONS });
        }
        let step = self.check(&action)?;
        let index = u32::try_from(self.history.len()).unwrap_or(u32::MAX);
        self.core.cause = None;
        let acted = self.core.record(EventKind::Acted { action: index });
        self.core.cause = Some(acted);
        Arc::make_mut(&mut self.history).push((self.core.now, action));
        self.carry_out(step);
        self.core.cause = None;
        Ok(acted)
    }

    pub(super) fn check(&self, action: &Action) -> Result<Step, ActionError> {
        Ok(match action {
            Action::CreateTopic { topic, partitions, replicas, config } => {
                check_topic_name(topic)?;
                check_partitions(*partitions)?;
                check_configs(config)?;
                let brokers = i64::from(self.genesis.brokers);
                if *replicas != -1 && !(1..=brokers).contains(&i64::from(*replicas)) {
                    return Err(invalid(format!("{replicas} replicas: there are {brokers} brokers")));
                }
                if self.partition_count(topic) > 0 {
                    return Err(ActionError::Exists { name: topic.to_string() });
                }
                Step::Admin(Wish::Create { topic: topic.clone(), partitions: *partitions, replicas: *replicas, config: config.clone() })
            }
            Action::SetTopicConfig { topic, config } => {
                self.existing_topic(topic)?;
                check_configs(config)?;
                if config.is_empty() {
                    return Err(invalid("a config and its value are expected"));
                }
                Step::Admin(Wish::SetConfig { topic: topic.clone(), config: config.clone() })
            }
            Action::SetBrokerConfig { broker, config } => {
                check_configs(config)?;
                if config.is_empty() {
                    return Err(invalid("a config and its value are expected"));
                }
                let to = match broker {
                    Some(name) => Some(self.broker_node(name)?.1.options.node_id),
                    None => None,
                };
                Step::Admin(Wish::SetBrokerConfig {
                    to,
                    name: broker.clone().unwrap_or_else(|| ALL_BROKERS.into()),
                    config: config.clone(),
                })
            }
            Action::ElectLeader { topic, partition, unclean } => {
                self.existing_partition(topic, *partition)?;
                Step::Admin(Wish::Elect { topic: topic.clone(), partition: *partition, unclean: *unclean })
            }
            Action::Reassign { topic, partition, replicas } => {
                self.existing_partition(topic, *partition)?;
                let brokers = i64::from(self.genesis.brokers);
                let mut seen = BTreeSet::new();
                for id in replicas {
                    if !(1..=brokers).contains(&i64::from(*id)) {
                        return Err(invalid(format!("there is no broker {id}; there are 1 to {brokers}")));
                    }
                    if !seen.insert(*id) {
                        return Err(invalid(format!("broker {id} is given twice")));
                    }
                }
                if replicas.is_empty() {
                    return Err(invalid("at least one broker is expected"));
                }
                Step::Admin(Wish::Reassign { topic: topic.clone(), partition: *partition, replicas: replicas.clone() })
            }
            Action::Fault(fault) => self.check_fault(fault)?,
            Action::DeleteTopic { topic } => {
                self.existing_topic(topic)?;
                Step::Admin(Wish::Delete { topic: topic.clone() })
            }
            Action::AddPartitions { topic, total } => {
                let have = self.existing_topic(topic)?;
                check_partitions(*total)?;
                if *total <= have {
                    return Err(invalid(format!("{topic} has {have} partitions: their number can only grow")));
                }
                Step::Admin(Wish::AddPartitions { topic: topic.clone(), total: *total })
            }
            Action::AddProducer(spec) => {
                check_producer(spec)?;
                self.new_client_name(&spec.name)?;
                let (client, acks) = self.producer_client(spec, 1)?;
                Step::NewProducer(spec.clone(), client, acks)
            }
            Action::AddConsumer(spec) => {
                check_consumer(spec)?;
                self.new_client_name(&spec.name)?;
                Step::NewConsumer(spec.clone(), self.consumer_client(spec)?)
            }
            Action::StopClient { name } => {
                let node = self.client_node(name)?;
                match node.meta.state {
                    ProcessState::Running => Step::Stop(node.meta.id),
                    ProcessState::Paused => return Err(wrong(node, "resume it first")),
                    _ => return Err(wrong(node, "only a running client can be stopped")),
                }
            }
            Action::CrashClient { name } => {
                let node = self.client_node(name)?;
                match node.meta.state {
                    state if !state.is_up() => return Err(wrong(node, "restart it first")),
                    _ => Step::Crash(node.meta.id),
                }
            }
            Action::RestartClient { name } => {
                let node = self.client_node(name)?;
                if node.meta.state.is_up() {
                    return Err(wrong(node, "stop or crash it first"));
                }
                let incarnation = node.meta.incarnation + 1;
                match &node.machine {
                    Machine::Producer(app) => {
                        let (client, acks) = self.producer_client(&app.spec, incarnation)?;
                        Step::RestartProducer(node.meta.id, client, acks)
                    }
                    Machine::Consumer(app) => Step::RestartConsumer(node.meta.id, self.consumer_client(&app.spec)?),
                    Machine::Broker(_) | Machine::Admin(_) => return Err(invalid("only clients restart")),
                }
            }
            Action::PauseClient { name } => {
                let node = self.client_node(name)?;
                match node.meta.state {
                    ProcessState::Running => Step::Pause(node.meta.id),
                    _ => return Err(wrong(node, "only a running client can be paused")),
                }
            }
            Action::ResumeClient { name } => {
                let node = self.client_node(name)?;
                match node.meta.state {
                    ProcessState::Paused => Step::Resume(node.meta.id),
                    _ => return Err(wrong(node, "only a paused client can be resumed")),
                }
            }
            Action::ChangeProducer(spec) => {
                check_producer(spec)?;
                let node = settled(self.producer_node(&spec.name)?)?;
                let (client, acks) = self.producer_client(spec, node.meta.incarnation + 1)?;
                Step::ChangeProducer(node.meta.id, spec.clone(), client, acks)
            }
            Action::ChangeConsumer(spec) => {
                check_consumer(spec)?;
                let node = settled(self.client_node(&spec.name)?)?;
                if !matches!(node.machine, Machine::Consumer(_)) {
                    return Err(self.no_such("consumer", &spec.name));
                }
                Step::ChangeConsumer(node.meta.id, spec.clone(), self.consumer_client(spec)?)
            }
            Action::SetRate { name, rate_per_1000s } => {
                check_rate(*rate_per_1000s)?;
                Step::SetRate(self.producer_node(name)?.meta.id, *rate_per_1000s)
            }
            Action::SetHandleTime { name, handle_us } => {
                check_handle_time(*handle_us)?;
                let node = self.client_node(name)?;
                if !matches!(node.machine, Machine::Consumer(_)) {
                    return Err(self.no_such("consumer", name));
                }
                Step::SetHandleTime(node.meta.id, *handle_us)
            }
            Action::Produce { name, key, value } => {
                let node = self.producer_node(name)?;
                if node.meta.state != ProcessState::Running {
                    return Err(wrong(node, "only a running producer can send"));
                }
                if key.as_ref().map_or(0, |key| key.len()) as u64 + value.as_ref().map_or(0, |value| value.len()) as u64
                    > u64::from(MAX_VALUE_BYTES)
                {
                    return Err(invalid(format!("key and value have at most {MAX_VALUE_BYTES} bytes")));
                }
                Step::Produce(node.meta.id, key.clone(), value.clone())
            }
        })
    }

    fn carry_out(&mut self, step: Step) {
        let now = self.core.now;
        match step {
            Step::Admin(wish) => {
                let core = &mut self.core;
                if let Some(node) = self.nodes.iter_mut().find(|node| matches!(node.machine, Machine::Admin(_))) {
                    if let Machine::Admin(admin) = &mut node.machine {
                        admin.ask(now, wish);
                    }
                    node.settle(core);
                }
            }
            Step::Fault(id, blow) => self.strike(id, blow),
            Step::Links(weather) => self.core.weather = weather,
            Step::Heal => self.heal(),
            Step::NewProducer(spec, client, acks) => {
                let name = spec.name.clone();
                let mut app = ProducerApp::new(spec, self.genesis.seed, now);
                app.start(now, client, acks);
                self.start_node(name, Machine::Producer(Box::new(app)));
            }
            Step::NewConsumer(spec, client) => {
                let name = spec.name.clone();
                let mut app = ConsumerApp::new(spec);
                app.start(now, client);
                self.start_node(name, Machine::Consumer(Box::new(app)));
            }
            Step::Stop(id) => self.with_node(id, Node::stop),
            Step::Crash(id) => self.with_node(id, |node, core| node.kill(core, ProcessState::Crashed)),
            Step::Pause(id) => self.with_node(id, Node::pause),
            Step::Resume(id) => self.with_node(id, Node::resume),
            Step::RestartProducer(id, client, acks) => {
                self.with_node(id, |node, core| node.start_client(core, Next::Producer(client, acks)))
            }
            Step::RestartConsumer(id, client) => self.with_node(id, |node, core| node.start_client(core, Next::Consumer(client))),
            Step::ChangeProducer(id, spec, client, acks) => self.with_node(id, |node, core| {
                let now = node.clock(core.now);
                let Machine::Producer(app) = &mut node.machine else { return };
                let again = spec.config != app.spec.config;
                app.change(now, spec);
                node.change(core, again.then(|| Next::Producer(client, acks)));
            }),
            Step::ChangeConsumer(id, spec, client) => self.with_node(id, |node, core| {
                let Machine::Consumer(app) = &mut node.machine else { return };
                let handle_us = app.spec.handle_us;
                let again = app.spec != ConsumerSpec { handle_us, ..spec.clone() };
                app.spec = spec;
                node.change(core, again.then(|| Next::Consumer(client)));
            }),
            Step::SetRate(id, rate) => self.with_node(id, |node, core| {
                let now = node.clock(core.now);
                if let Machine::Producer(app) = &mut node.machine {
                    app.set_rate(now, rate);
                }
                node.settle(core);
            }),
            Step::SetHandleTime(id, handle_us) => self.with_node(id, |node, core| {
                if let Machine::Consumer(app) = &mut node.machine {
                    app.spec.handle_us = handle_us;
                }
                node.settle(core);
            }),
            Step::Produce(id, key, value) => self.with_node(id, |node, core| {
                let now = node.clock(core.now);
                if let Machine::Producer(app) = &mut node.machine {
                    app.by_hand(now, key, value);
                }
                node.settle(core);
            }),
        }
    }

    fn start_node(&mut self, name: Arc<str>, machine: Machine) {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let mut node = Node::new(id, name.clone(), machine);
        let started = self.core.record(EventKind::ProcessState { node: name, from: ProcessState::New, to: ProcessState::Running });
        self.core.cause = Some(started);
        node.settle(&mut self.core);
        self.nodes.push(node);
    }

    fn partition_count(&self, topic: &str) -> i32 {
        let found = self.image().and_then(|image| image.topics.get(topic));
        found.map_or(0, |topic| i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX))
    }

    fn existing_topic(&self, topic: &str) -> Result<i32, ActionError> {
        match self.partition_count(topic) {
            0 => {
                let topics = self.image().map(|image| image.topics.keys().map(|name| &**name).collect());
                Err(no_such("topic", topic, topics.unwrap_or_default()))
            }
            count => Ok(count),
        }
    }

    fn existing_partition(&self, topic: &str, partition: i32) -> Result<(), ActionError> {
        let count = self.existing_topic(topic)?;
        if !(0..count).contains(&partition) {
            return Err(invalid(format!("{topic} has the partitions 0 to {}", count - 1)));
        }
        Ok(())
    }

    fn new_client_name(&self, name: &str) -> Result<(), ActionError> {
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

    fn client_node(&self, name: &str) -> Result<&Node, ActionError> {
        self.nodes
            .iter()
            .filter(|node| matches!(node.machine, Machine::Producer(_) | Machine::Consumer(_)))
            .find(|node| &*node.meta.name == name)
            .ok_or_else(|| self.no_such("client", name))
    }

    fn producer_node(&self, name: &str) -> Result<&Node, ActionError> {
        let node = self.client_node(name)?;
        match node.machine {
            Machine::Producer(_) => Ok(node),
            _ => Err(self.no_such("producer", name)),
        }
    }

    fn no_such(&self, what: &'static str, name: &str) -> ActionError {
        let names = self
            .nodes
            .iter()
            .filter(|node| match node.machine {
                Machine::Producer(_) => what != "consumer",
                Machine::Consumer(_) => what != "producer",
                _ => false,
            })
            .map(|node| &*node.meta.name)
            .collect();
        no_such(what, name, names)
    }

    /// The seed of a client's process.
    fn process_seed(&self, name: &str, incarnation: u32) -> u64 {
        Rng::stream(self.genesis.seed, &format!("client/{name}/{incarnation}")).next_u64()
    }

    fn producer_client(&self, spec: &ProducerSpec, incarnation: u32) -> Result<(Producer, i16), ActionError> {
        let seed = self.process_seed(&spec.name, incarnation);
        ProducerApp::client(spec, self.bootstrap(), seed).map_err(|error| client_error(&error))
    }

    fn consumer_client(&self, spec: &ConsumerSpec) -> Result<Consumer, ActionError> {
        let mut partitions = Vec::new();
        if spec.group.is_none() {
            for topic in &spec.topics {
                // An app that assigns by itself knows its topics; of one that is not there yet it takes partition 0.
                partitions.extend((0..self.partition_count(topic).max(1)).map(|partition| (topic.clone(), partition)));
            }
        }
        let own = self.nodes.iter().find(|node| node.meta.name == spec.name);
        let now: Time = own.map_or(self.core.now, |node| node.clock(self.core.now));
        let sabotaged = self.genesis.sabotage == Some(Sabotage::CommitBeforeRecords);
        ConsumerApp::client(spec, self.bootstrap(), now, (partitions, sabotaged)).map_err(|error| client_error(&error))
    }
}

/// A client that runs or does not, and is not on the way from one to the other.
fn settled(node: &Node) -> Result<&Node, ActionError> {
    match node.meta.state {
        ProcessState::Paused => Err(wrong(node, "resume it first")),
        ProcessState::Stopping => Err(wrong(node, "it is about to stop")),
        _ => Ok(node),
    }
}

pub(super) fn wrong(node: &Node, hint: &'static str) -> ActionError {
    ActionError::WrongState { name: node.meta.name.to_string(), state: node.meta.state, hint }
}

pub(super) fn no_such(what: &'static str, name: &str, mut names: Vec<&str>) -> ActionError {
    names.sort();
    names.dedup();
    names.truncate(8);
    let hint = if names.is_empty() { String::new() } else { format!("; there are {}", names.join(", ")) };
    ActionError::NoSuch { what, name: name.to_owned(), hint }
}
