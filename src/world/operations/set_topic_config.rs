//! A topic's configs are altered, through the admin client (IncrementalAlterConfigs).

use super::form::{Field, Form};
use super::prelude::*;
use super::settings::check_configs;
use super::units::quoted;
use crate::kafka::config::TOPIC;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use crate::kafka::wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, Str};
use crate::world::admin::AdminRequest;
use crate::world::target::Target;

/// An empty value takes the config back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetTopicConfig {
    pub topic: Arc<str>,
    pub config: SortedVecMap<String, String>,
}

/// Resource types of IncrementalAlterConfigs.
const TOPIC_RESOURCE: i8 = 2;
pub(super) const BROKER_RESOURCE: i8 = 4;

/// What the menus say of configs.
pub(super) const CONFIGS: &str = "Retention, min.insync.replicas and the others";

/// Those of a topic's configs that are asked for first.
const FIRST: [&str; 6] =
    ["min.insync.replicas", "unclean.leader.election.enable", "retention.ms", "retention.bytes", "segment.ms", "segment.bytes"];
/// Those that the form has folded.
#[rustfmt::skip]
const FOLDED: [&str; 8] = [
    "cleanup.policy", "max.message.bytes", "message.timestamp.type", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms",
    "index.interval.bytes", "segment.index.bytes", "flush.messages",
];

/// Whether a topic may have this value.
pub(super) fn check_value(name: &str, value: &str) -> Result<(), String> {
    TOPIC.check(name, value).map(|_| ()).map_err(|error| error.kafka_message())
}

/// The request that alters the configs of a topic, of a broker, or of all brokers (an empty name).
pub(super) fn alter(about: &Arc<str>, resource_type: i8, name: &str, config: &SortedVecMap<String, String>) -> AdminRequest {
    // Operation 0 sets, 1 deletes.
    let alter = |(name, value): (&String, &String)| AlterableConfig {
        name: Str::from(name.as_str()),
        config_operation: i8::from(value.is_empty()),
        value: (!value.is_empty()).then(|| Str::from(value.as_str())),
    };
    let configs = config.iter().map(alter).collect();
    let resource = AlterConfigsResource { resource_type, resource_name: Str::from(name), configs };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..IncrementalAlterConfigsRequest::default() };
    AdminRequest::new(about, 1, request, |response: IncrementalAlterConfigsResponse| {
        response.responses.into_iter().next().map(|resource| (resource.error_code, resource.error_message))
    })
}

/// Configs that are given by an action: some, and not too many.
pub(super) fn check_given(config: &SortedVecMap<String, String>) -> Result<(), ActionError> {
    check_configs(config)?;
    if config.is_empty() {
        return Err(invalid("a config and its value are expected"));
    }
    Ok(())
}

/// `orders is given retention.ms=9.` An empty value takes the config back: what stands behind it holds.
pub(super) fn given(whom: &str, verb: &str, config: &SortedVecMap<String, String>) -> Narration {
    let text = |(name, value): (&String, &String)| match value.is_empty() {
        true => format!("the inherited {name}"),
        false => format!("{name}={value}"),
    };
    let configs: Vec<String> = config.iter().map(text).collect();
    Narration::Says(1, format!("{whom} {verb} given {}.", configs.join(", ")))
}

impl Operation for SetTopicConfig {
    type Checked = ();

    const KEYWORD: &'static str = "set";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "topic config",
        on: On::Topic,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, _| {
            let (topic, bytes) = (dice.topic(), dice.between(400, 2000).to_string());
            Trouble::lasting(Self { topic, config: [("internal.segment.bytes".to_owned(), bytes)].into() })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let topic = words.name("the topic's name")?;
        Ok(Self { topic, config: words.pairs(&[], true)?.configs })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.topic);
        line.configs(&self.config);
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        world.existing_topic(&self.topic)?;
        check_given(&self.config)
    }

    fn apply(self, world: &mut World, (): ()) {
        world.request(alter(&self.topic, TOPIC_RESOURCE, &self.topic, &self.config));
    }

    fn describe(&self, _: &World) -> Narration {
        given(&self.topic, "is", &self.config)
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Topic(&self.topic)]
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
        if matches!(menu.target, Target::Topic(_) | Target::Internal(_)) {
            menu.ask::<Self>(Group::Topic, "Configs…", CONFIGS, |world, target| {
                let (Target::Topic(topic) | Target::Internal(topic)) = target else { return None };
                let start = format!("{} {}", Self::KEYWORD, quoted(topic));
                let mut form = Form::of_changes(topic, "An empty field takes a config back to its default", start, check_value);
                let set = world.image()?.topic_configs.get(topic);
                for def in FIRST.into_iter().chain(FOLDED).filter_map(|name| TOPIC.get(name)) {
                    let value = set.and_then(|set| set.get(def.name)).cloned().unwrap_or_default();
                    form.fields.push(Field::changing(def, value));
                }
                form.fold(&FIRST);
                Some(form)
            });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), configs()).prop_map(|(topic, config)| Self { topic, config }).boxed()
    }
}
