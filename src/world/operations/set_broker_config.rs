//! The configs of one broker or of all brokers are altered, through the admin client.

use super::form::{Field, Form};
use super::prelude::*;
use super::set_topic_config::{self, BROKER_RESOURCE, CONFIGS, alter, check_given, given};
use super::units::quoted;
use crate::kafka::config::{BROKER, THROTTLES};
use crate::kafka::controller::check_dynamic;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::admin::ALL_BROKERS;
use crate::world::target::{Heading, Target};

/// An empty value takes the config back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetBrokerConfig {
    /// `None`: all brokers.
    pub broker: Option<Arc<str>>,
    pub config: SortedVecMap<String, String>,
}

/// What a line has in place of a broker's name when all are meant.
const ALL: &str = "brokers";
/// What one broker cannot have for itself, since eligible leader replicas need one value for all.
const FOR_ALL: &str = "min.insync.replicas";
/// Those that are asked for first.
const FIRST: [&str; 7] = [
    FOR_ALL,
    "unclean.leader.election.enable",
    "log.retention.ms",
    "log.retention.bytes",
    "log.segment.bytes",
    "log.roll.ms",
    "message.max.bytes",
];

fn check_value(key: &str, value: &str) -> Result<(), String> {
    match BROKER.get(key) {
        Some(def) => check_dynamic(def.name, Some(value), true).map_err(|(_, why)| why),
        None if THROTTLES.get(key).is_some() => THROTTLES.check(key, value).map(|_| ()).map_err(|error| error.kafka_message()),
        None => set_topic_config::check_value(key, value),
    }
}

fn form(world: &World, target: &Target) -> Option<Form> {
    let name = if let Target::Broker(name) = target { Some(name) } else { None };
    let (title, whom) = name.map_or(("All brokers", ALL), |name| (name, name));
    let start = format!("{} {}", SetBrokerConfig::KEYWORD, quoted(whom));
    let mut form = Form::of_changes(title, "They hold at once; an empty field takes a config back", start, check_value);
    let id = match name {
        Some(name) => world.broker_node(name).ok()?.1.options.node_id.to_string(),
        None => String::new(),
    };
    let set = world.image()?.broker_configs.get(&id);
    let own = BROKER.iter().filter(|def| def.is_dynamic() && def.in_force() && (name.is_none() || def.name != FOR_ALL));
    for def in own.chain(THROTTLES.iter().filter(|def| def.in_force())) {
        let value = set.and_then(|set| set.get(def.name)).cloned().unwrap_or_default();
        form.fields.push(Field::changing(def, value));
    }
    form.fold(&FIRST);
    Some(form)
}

impl Operation for SetBrokerConfig {
    type Checked = Option<i32>;

    const KEYWORD: &'static str = "config";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "broker config",
        on: On::Broker,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, node| {
            let broker = dice.rng.chance(1, 2).then(|| node.clone());
            let age = dice.between(500, 20_000).to_string();
            Trouble::lasting(Self { broker, config: [("log.roll.ms".to_owned(), age)].into() })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let name = words.name("a broker's name, or brokers for all of them,")?;
        let config = words.pairs(&[], true)?.configs;
        Ok(Self { broker: (&*name != ALL).then_some(name), config })
    }

    fn write(&self, line: &mut Line) {
        line.word(self.broker.as_deref().unwrap_or(ALL));
        line.configs(&self.config);
    }

    fn check(&self, world: &World) -> Result<Option<i32>, ActionError> {
        check_given(&self.config)?;
        self.broker.as_ref().map(|name| Ok(world.broker_node(name)?.1.options.node_id)).transpose()
    }

    fn apply(self, world: &mut World, to: Option<i32>) {
        let about = self.broker.unwrap_or_else(|| ALL_BROKERS.into());
        let name = to.map_or_else(String::new, |id| id.to_string());
        world.request(alter(&about, BROKER_RESOURCE, &name, &self.config).through(to));
    }

    fn describe(&self, _: &World) -> Narration {
        match &self.broker {
            Some(broker) => given(broker, "is", &self.config),
            None => given("All brokers", "are", &self.config),
        }
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![self.broker.as_ref().map_or(Subject::AllBrokers, Subject::Node)]
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
        match menu.target {
            Target::Heading(Heading::Cluster) => menu.ask::<Self>(Group::Brokers, "Configs of all brokers…", CONFIGS, form),
            // A broker takes its own configs itself: it has to run.
            _ if menu.broker_process().is_some_and(|(_, process)| process == Process::Running) => {
                menu.ask::<Self>(Group::BrokerSettings, "Configs…", CONFIGS, form);
            }
            _ => {}
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        let broker = proptest::option::of(name().prop_filter("it is a broker's name", |name| &**name != ALL));
        (broker, configs()).prop_map(|(broker, config)| Self { broker, config }).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configs_are_told_with_whom_they_are_given_to() {
        let world = World::new(Default::default()).expect("it starts");
        let told = |broker: Option<&str>, value: &str| {
            let config = [("log.retention.ms".to_owned(), value.to_owned())].into();
            SetBrokerConfig { broker: broker.map(Into::into), config }.describe(&world)
        };
        assert_eq!(told(Some("broker-2"), "9"), Narration::Says(1, "broker-2 is given log.retention.ms=9.".to_owned()));
        assert_eq!(told(None, ""), Narration::Says(1, "All brokers are given the inherited log.retention.ms.".to_owned()));
    }
}
