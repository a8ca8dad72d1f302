//! A topic is made, through the admin client.

use super::form::{Field, Form};
use super::menu::fresh;
use super::prelude::*;
use super::settings::{check_configs, check_topic_name};
use super::units::number;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use crate::kafka::wire::message::{CreateTopicsRequest, CreateTopicsResponse, Str, TopicName};
use crate::world::admin::{AdminRequest, TIMEOUT_MS};
use crate::world::target::{Heading, Target};

/// Partitions that an action gives a topic at most.
pub const MAX_PARTITIONS: i32 = 1000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateTopic {
    pub topic: Arc<str>,
    pub partitions: i32,
    /// -1: `default.replication.factor`.
    pub replicas: i16,
    pub config: SortedVecMap<String, String>,
}

pub(super) fn check_partitions(partitions: i32) -> Result<(), ActionError> {
    if !(1..=MAX_PARTITIONS).contains(&partitions) {
        return Err(invalid(format!("{partitions} partitions: 1 to {MAX_PARTITIONS} are allowed")));
    }
    Ok(())
}

impl Operation for CreateTopic {
    type Checked = ();

    const KEYWORD: &'static str = "topic";
    const DRAWS: &'static [Draw] = &[];

    fn read(words: &mut Words) -> Parsed<Self> {
        let topic = words.name("the topic's name")?;
        let pairs = words.pairs(&["partitions", "replicas"], true)?;
        let partitions = pairs.get("partitions", number)?.unwrap_or(1);
        let replicas = pairs.get("replicas", number)?.unwrap_or(-1);
        Ok(Self { topic, partitions, replicas, config: pairs.configs })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.topic);
        line.pair("partitions", &self.partitions.to_string());
        if self.replicas != -1 {
            line.pair("replicas", &self.replicas.to_string());
        }
        line.configs(&self.config);
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        check_topic_name(&self.topic)?;
        check_partitions(self.partitions)?;
        check_configs(&self.config)?;
        let brokers = i64::from(world.genesis.brokers);
        if self.replicas != -1 && !(1..=brokers).contains(&i64::from(self.replicas)) {
            return Err(invalid(format!("{} replicas: there are {brokers} brokers", self.replicas)));
        }
        if world.partition_count(&self.topic) > 0 {
            return Err(ActionError::Exists { name: self.topic.to_string() });
        }
        Ok(())
    }

    fn apply(self, world: &mut World, (): ()) {
        let config = |(name, value): (&String, &String)| CreatableTopicConfig {
            name: Str::from(name.as_str()),
            value: Some(Str::from(value.as_str())),
        };
        let topic = CreatableTopic {
            name: TopicName(Str::from(&*self.topic)),
            num_partitions: self.partitions,
            replication_factor: self.replicas,
            configs: self.config.iter().map(config).collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: TIMEOUT_MS, ..CreateTopicsRequest::default() };
        let request = AdminRequest::new(&self.topic, 5, request, |response: CreateTopicsResponse| {
            response.topics.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
        });
        world.request(request.done_if(ErrorCode::TopicAlreadyExists));
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::LaterEventsSay
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
        if *menu.target == Target::Heading(Heading::Cluster) {
            let topic = fresh("topic", &mut super::menu::topics(menu.view).iter());
            let new = Self { topic, partitions: 3, replicas: -1, config: SortedVecMap::new() };
            menu.quick(Group::Topics, "+ topic", "With three partitions", new);
            menu.ask::<Self>(Group::Topics, "New topic…", "Name, partitions and replicas as you like", |world, _| {
                let name = fresh("topic", &mut super::menu::topics(&world.view()).iter());
                let rows = [("partitions", "1", "", &[][..]), ("replicas", "", "On so many brokers", &[])];
                let mut form = Form::new("New topic", "", Self::KEYWORD.to_owned(), &rows);
                form.fields.insert(0, Field::bare("name", &name, ""));
                Some(form)
            });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        let made = (name(), 1..9_i32, -1..5_i16, configs());
        made.prop_map(|(topic, partitions, replicas, config)| Self { topic, partitions, replicas, config }).boxed()
    }
}
