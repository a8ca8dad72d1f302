//! Configs by Kafka's names: what holds, Kafka's default, and what differs.

use crate::kafka::config::{BROKER, BrokerConfig, CONSUMER, ConfigDef, ConfigTable, PRODUCER, Source, TOPIC};
use crate::kafka::controller::check_dynamic;
use crate::playground::scenario::action_line;
use crate::world::World;
use crate::world::action::{Action, CommitPolicy};
use crate::world::target::Target;
use crate::world::view::WorldView;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A config as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub name: &'static str,
    pub value: String,
    pub default: &'static str,
    /// What it does, where Kafka's table is at hand.
    pub doc: &'static str,
    /// It was set, on the thing itself or on what it inherits from.
    pub differs: bool,
    /// It can be set; a client gets a new process for it.
    pub editable: bool,
    /// Where it was set, if not on the thing itself, before what its default is.
    pub from: &'static str,
    /// Those of one kind stand together, under these words; "" for those that can be set.
    pub group: &'static str,
}

/// What of a broker cannot be set while it runs, and what Kafka lets one set although nothing here goes by it.
const READ_ONLY: &str = "Read-only: a change needs a restart with another file";
const UNUSED: &str = "Without effect here: Kafka lets these be changed, but nothing goes by them";

/// Those that the app gives its client, and what stands for the world.
const OF_THE_APP: [&str; 2] = ["enable.auto.commit", "group.id"];
const OF_THE_WORLD: [&str; 2] = ["bootstrap.servers", "client.id"];

/// The configs of a broker, topic (or partition), producer or consumer, what can be set and what differs first; empty for what has none.
/// `all`: a broker's without what is set on it alone.
pub fn configs(world: &World, view: &WorldView, target: &Target, all: bool) -> Vec<Config> {
    let mut found: Vec<Config> = match target {
        Target::Broker(name) => world.broker(name).map(|broker| of_broker(broker.config(), all)).unwrap_or_default(),
        Target::Topic(topic) | Target::Internal(topic) | Target::Partition(topic, _) => of_topic(world, view, topic),
        Target::Producer(name) => world.producer(name).map(|(spec, _)| of_client(&PRODUCER, &spec.config)).unwrap_or_default(),
        Target::Consumer(name) => world
            .consumer(name)
            .map(|(spec, _)| {
                let mut set = spec.config.clone();
                let auto = spec.commit == CommitPolicy::Auto && spec.group.is_some();
                set.entry("enable.auto.commit".into()).or_insert(auto.to_string());
                if let Some(group) = &spec.group {
                    set.entry("group.id".into()).or_insert(group.to_string());
                }
                of_client(&CONSUMER, &set)
            })
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    found.sort_by(|a, b| (a.group, !a.differs).cmp(&(b.group, !b.differs)));
    found
}

fn row(def: &ConfigDef, value: Option<String>, source: Source, editable: bool) -> Config {
    let (value, default) = (value.unwrap_or_default(), def.default.unwrap_or(""));
    // Of a topic's, Kafka calls what comes of its broker's hours a default.
    let differs = source != Source::Default || def.server.is_some() && value != default;
    let from = match source {
        Source::Topic | Source::Default => "",
        Source::DynamicBroker => "set on the broker; ",
        Source::DynamicDefaultBroker => "set on all brokers; ",
        Source::StaticBroker => "set in the broker's file; ",
    };
    Config { name: def.name, value, default, doc: def.doc, differs, editable, from, group: "" }
}

fn of_broker(config: &BrokerConfig, all: bool) -> Vec<Config> {
    let config = if all { &config.of_all_brokers() } else { config };
    let rows = BROKER.iter().map(|def| {
        let first = config.values(def.name).into_iter().next();
        let source = first.as_ref().map_or(Source::Default, |first| first.source);
        let group = match (def.is_dynamic(), def.in_force()) {
            (true, true) => "",
            (true, false) => UNUSED,
            (false, _) => READ_ONLY,
        };
        Config { group, ..row(def, first.and_then(|first| first.value), source, group.is_empty()) }
    });
    rows.collect()
}

fn of_topic(world: &World, view: &WorldView, topic: &str) -> Vec<Config> {
    let Some(image) = world.image().filter(|image| image.topics.contains_key(topic)) else { return Vec::new() };
    let (none, plain) = (BTreeMap::new(), BrokerConfig::default());
    let set = image.topic_configs.get(topic).unwrap_or(&none);
    let broker = view.brokers.iter().find_map(|state| world.broker(&state.name).map(|broker| broker.config()));
    let broker = broker.unwrap_or(&plain);
    let rows = TOPIC.iter().filter(|def| def.default.is_some() || set.contains_key(def.name)).map(|def| {
        let (source, _) = broker.topic_synonyms(set, def);
        row(def, broker.topic_value(set, def).map(Cow::into_owned), source, true)
    });
    rows.collect()
}

fn of_client(table: &ConfigTable, set: &BTreeMap<String, String>) -> Vec<Config> {
    let rows = table.iter().filter(|def| !OF_THE_WORLD.contains(&def.name)).map(|def| {
        let default = def.default.unwrap_or_default();
        let value = set.get(def.name).map_or(default, String::as_str);
        let editable = !OF_THE_APP.contains(&def.name);
        let differs = value != default;
        Config { name: def.name, value: value.into(), default, doc: def.doc, differs, editable, from: "", group: "" }
    });
    rows.collect()
}

/// The line that sets a config; an empty value takes it back. `all`: on all brokers instead of one.
///
/// # Errors
/// Kafka's words for a value that it does not take.
pub fn check(world: &World, target: &Target, name: &str, value: &str, all: bool) -> Result<String, String> {
    let change = |config: &mut BTreeMap<String, String>| {
        config.remove(name);
        if !value.is_empty() {
            config.insert(name.to_owned(), value.to_owned());
        }
    };
    let action = match target {
        Target::Topic(topic) | Target::Internal(topic) | Target::Partition(topic, _) => {
            if !value.is_empty() {
                TOPIC.check(name, value).map_err(|error| error.kafka_message())?;
            }
            Some(Action::SetTopicConfig { topic: topic.clone(), config: [(name.to_owned(), value.to_owned())].into() })
        }
        Target::Broker(broker) => {
            let def = BROKER.get(name).ok_or("There is no such config.")?;
            check_dynamic(def, Some(value).filter(|value| !value.is_empty()), all).map_err(|(_, why)| why)?;
            let broker = (!all).then(|| broker.clone());
            Some(Action::SetBrokerConfig { broker, config: [(name.to_owned(), value.to_owned())].into() })
        }
        Target::Producer(client) | Target::Consumer(client) => world.client(client).map(|mut action| {
            match &mut action {
                Action::ChangeProducer(spec) => change(&mut spec.config),
                Action::ChangeConsumer(spec) => change(&mut spec.config),
                _ => {}
            }
            action
        }),
        _ => None,
    };
    Ok(action_line(&action.ok_or("This is set when the process starts.")?))
}
