//! Configs by Kafka's names: what holds, Kafka's default, and what differs.

use crate::kafka::config::{BROKER, BrokerConfig, CONSUMER, ConfigDef, ConfigTable, Effect, PRODUCER, Source, TOPIC};
use crate::kafka::controller::check_dynamic;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::World;
use crate::world::action::CommitPolicy;
use crate::world::operations::{Action, ChangeConsumer, ChangeProducer, SetBrokerConfig, SetTopicConfig};
use crate::world::target::Target;
use crate::world::view::WorldView;

/// A config as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub name: &'static str,
    pub value: String,
    /// Kafka's; empty without one.
    pub default: &'static str,
    /// What it does in Kafka, in one sentence.
    pub doc: &'static str,
    /// Whether anything here goes by it.
    pub effect: Effect,
    /// It was set, on the thing itself or on what it inherits from.
    pub differs: bool,
    /// It can be set; a client gets a new process for it.
    pub editable: bool,
    /// Where it was set, if not on the thing itself: words to be put before those of the default.
    pub from: &'static str,
    /// The heading under which it stands; empty for those that come first, without one.
    pub group: &'static str,
}

const READ_ONLY: &str = "Read-only: a change needs a restart with another file";
const WITHOUT_EFFECT: &str = "Without effect here: these are taken and kept, but nothing goes by them";

/// A client's configs that its app decides.
pub(super) const OF_THE_APP: [&str; 2] = ["enable.auto.commit", "group.id"];
/// A client's configs that the world decides; they are not shown.
pub(super) const OF_THE_WORLD: [&str; 2] = ["bootstrap.servers", "client.id"];

/// The configs of a broker, topic (or partition), producer or consumer: those that can be set first, those without effect last, and among
/// them those that differ from their default first. Empty for what has no configs. `all`: a broker's without what is set on it alone.
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

/// A row of the table, with the value that holds.
fn row(def: &ConfigDef, value: String, differs: bool, editable: bool, from: &'static str) -> Config {
    let group = if def.in_force() { "" } else { WITHOUT_EFFECT };
    let default = def.default.unwrap_or_default();
    Config { name: def.name, value, default, doc: def.doc, effect: def.effect, differs, editable, from, group }
}

/// Where a value was set, if not on the thing itself.
fn set_on(source: Source) -> &'static str {
    match source {
        Source::Topic | Source::Group | Source::Default => "",
        Source::DynamicBroker => "set on the broker; ",
        Source::DynamicDefaultBroker => "set on all brokers; ",
        Source::StaticBroker => "set in the broker's file; ",
    }
}

fn of_broker(config: &BrokerConfig, all: bool) -> Vec<Config> {
    let config = if all { &config.of_all_brokers() } else { config };
    let rows = BROKER.iter().map(|def| {
        let first = config.values(def.name).into_iter().next();
        let source = first.as_ref().map_or(Source::Default, |first| first.source);
        let value = first.and_then(|first| first.value).unwrap_or_default();
        let row = row(def, value, source != Source::Default, def.is_dynamic() && def.in_force(), set_on(source));
        let group = if row.group.is_empty() && !row.editable { READ_ONLY } else { row.group };
        Config { group, ..row }
    });
    rows.collect()
}

fn of_topic(world: &World, view: &WorldView, topic: &str) -> Vec<Config> {
    let Some(image) = world.image().filter(|image| image.topics.contains_key(topic)) else { return Vec::new() };
    let (none, plain) = (SortedVecMap::new(), BrokerConfig::default());
    let set = image.topic_configs.get(topic).unwrap_or(&none);
    let broker = view.brokers.iter().find_map(|state| world.broker(&state.name).map(|broker| broker.config()));
    let broker = broker.unwrap_or(&plain);
    let rows = TOPIC.iter().filter(|def| def.default.is_some() || set.contains_key(def.name)).map(|def| {
        let (source, _) = broker.topic_synonyms(set, def);
        let value = broker.topic_value(set, def).unwrap_or_default().into_owned();
        // A value that comes from log.retention.hours and the like has the source Default in Kafka.
        let differs = source != Source::Default || def.server.is_some() && value != def.default.unwrap_or_default();
        row(def, value, differs, true, set_on(source))
    });
    rows.collect()
}

fn of_client(table: &ConfigTable, set: &SortedVecMap<String, String>) -> Vec<Config> {
    let rows = table.iter().filter(|def| !OF_THE_WORLD.contains(&def.name)).map(|def| {
        let default = def.default.unwrap_or_default();
        let value = set.get(def.name).map_or(default, String::as_str);
        let editable = def.in_force() && !OF_THE_APP.contains(&def.name);
        row(def, value.into(), value != default, editable, "")
    });
    rows.collect()
}

/// The line that sets a config; an empty value takes it back. `all`: on all brokers instead of one.
///
/// # Errors
/// Kafka's words for a value that it does not take.
pub fn check(world: &World, target: &Target, name: &str, value: &str, all: bool) -> Result<String, String> {
    let change = |config: &mut SortedVecMap<String, String>| {
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
            Some(Action::from(SetTopicConfig { topic: topic.clone(), config: [(name.to_owned(), value.to_owned())].into() }))
        }
        Target::Broker(broker) => {
            let def = BROKER.get(name).ok_or("There is no such config.")?;
            check_dynamic(def.name, Some(value).filter(|value| !value.is_empty()), all).map_err(|(_, why)| why)?;
            let broker = (!all).then(|| broker.clone());
            Some(SetBrokerConfig { broker, config: [(name.to_owned(), value.to_owned())].into() }.into())
        }
        Target::Producer(client) | Target::Consumer(client) => world.client(client).map(|mut action| {
            match &mut action {
                Action::ChangeProducer(ChangeProducer(spec)) => change(&mut spec.config),
                Action::ChangeConsumer(ChangeConsumer(spec)) => change(&mut spec.config),
                _ => {}
            }
            action
        }),
        _ => None,
    };
    Ok(action.ok_or("This is set when the process starts.")?.line())
}
