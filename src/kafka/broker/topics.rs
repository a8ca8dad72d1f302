//! CreateTopics, DeleteTopics, CreatePartitions (the controller's `ReplicationControlManager`).

use super::config::{Source, check_topic, topic_def};
use super::config_table::TOPIC;
use super::dispatch::Context;
use super::metadata::{Topic, topic_name};
use super::partition::Partition;
use super::{Broker, BrokerEvent, ErrorCode, files};
use crate::kafka::log::Log;
use crate::kafka::map::{Map, Set};
use crate::kafka::time::Time;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse,
};
use kafka_protocol::protocol::StrBytes;
use std::sync::Arc;
use uuid::Uuid;

pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// The longest topic name (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME: usize = 249;
/// Partitions that one topic may have; Kafka's controller refuses more in one request, too.
pub const MAX_PARTITIONS: i32 = 10_000;

/// An error code with its sentence.
pub type Refusal = (ErrorCode, String);

pub fn is_internal(name: &str) -> bool {
    name == OFFSETS_TOPIC || name == "__transaction_state"
}

/// # Errors
/// Why the name is none, in Kafka's words.
pub fn check_name(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        Err("the empty string is not allowed".into())
    } else if name == "." || name == ".." {
        Err(format!("'{name}' is not allowed"))
    } else if name.len() > MAX_NAME {
        Err(format!("the length of '{name}' is longer than the max allowed length {MAX_NAME}"))
    } else if name.chars().all(legal) {
        Ok(())
    } else {
        Err(format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"))
    }
}

/// What a CreateTopics entry asks for, checked.
struct Plan {
    partitions: i32,
    replicas: i16,
    configs: Map<String, String>,
}

impl Broker {
    pub(super) fn create_topics(&mut self, now: Time, _context: &Context, request: CreateTopicsRequest) -> CreateTopicsResponse {
        let mut names = Set::new();
        let twice: Set<_> = request.topics.iter().map(|t| t.name.clone()).filter(|name| !names.insert(name.clone())).collect();
        let mut results = Vec::new();
        for asked in request.topics {
            let name = asked.name.0.to_string();
            let result = if twice.contains(&asked.name) {
                Err((ErrorCode::InvalidRequest, "Duplicate topic name.".into()))
            } else {
                self.plan_topic(&asked)
            };
            let made = result.and_then(|plan| {
                let id = if request.validate_only {
                    self.topic_ids.clone().uuid()
                } else {
                    self.create_topic(now, &name, plan.partitions, plan.configs.clone())?
                };
                Ok((id, plan))
            });
            let answer = CreatableTopicResult::default().with_name(asked.name);
            results.push(match made {
                Ok((id, plan)) => answer
                    .with_topic_id(id)
                    .with_error_message(None)
                    .with_num_partitions(plan.partitions)
                    .with_replication_factor(plan.replicas)
                    .with_configs(Some(self.created_configs(&plan.configs))),
                Err((error, why)) => {
                    answer.with_error_code(error.code()).with_error_message(Some(StrBytes::from_string(why))).with_configs(Some(Vec::new()))
                }
            });
        }
        CreateTopicsResponse::default().with_topics(results)
    }

    fn created_configs(&self, overrides: &Map<String, String>) -> Vec<CreatableTopicConfigs> {
        let configs = TOPIC.iter().filter_map(|def| {
            let (value, source, _) = self.config.topic_value(overrides, def);
            let config = CreatableTopicConfigs::default().with_name(StrBytes::from_static_str(def.name));
            (value.is_some() || source != Source::Default)
                .then(|| config.with_value(value.map(StrBytes::from_string)).with_config_source(source as i8))
        });
        configs.collect()
    }

    fn plan_topic(&self, asked: &CreatableTopic) -> Result<Plan, Refusal> {
        let name = asked.name.0.as_str();
        self.check_new_name(name)?;
        let (partitions, replicas) = if asked.assignments.is_empty() {
            self.check_counts(asked.num_partitions, asked.replication_factor)?
        } else {
            self.check_assignments(asked)?
        };
        let mut configs = Map::new();
        for config in &asked.configs {
            let name = config.name.as_str();
            let value = config
                .value
                .as_ref()
                .ok_or_else(|| (ErrorCode::InvalidConfig, format!("Null value not supported for topic configs: {name}")))?;
            check_topic(name, value.as_str()).map_err(|why| (ErrorCode::InvalidConfig, why))?;
            configs.insert(name.to_owned(), value.to_string());
        }
        Ok(Plan { partitions, replicas, configs })
    }

    fn check_new_name(&self, name: &str) -> Result<(), Refusal> {
        check_name(name).map_err(|why| (ErrorCode::InvalidTopicException, format!("Topic name is invalid: {why}")))?;
        if self.topics.get(name).is_some() {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        // Metric names cannot tell '.' from '_'.
        let metric = |name: &str| name.replace('.', "_");
        match self.topics.iter().find(|topic| name.contains(['.', '_']) && metric(&topic.name) == metric(name)) {
            Some(other) => Err((ErrorCode::InvalidTopicException, format!("Topic '{name}' collides with existing topic: {}", other.name))),
            None => Ok(()),
        }
    }

    fn check_counts(&self, partitions: i32, replicas: i16) -> Result<(i32, i16), Refusal> {
        if replicas == 0 || replicas < -1 {
            let why = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err((ErrorCode::InvalidReplicationFactor, why.into()));
        }
        if partitions == 0 || partitions < -1 {
            return Err((ErrorCode::InvalidPartitions, "Number of partitions was set to an invalid non-positive value.".into()));
        }
        let partitions = if partitions == -1 { self.config.int("num.partitions") } else { partitions };
        if partitions > MAX_PARTITIONS {
            return Err((ErrorCode::InvalidPartitions, format!("{partitions} partitions are more than {MAX_PARTITIONS}.")));
        }
        let replicas =
            if replicas == -1 { i16::try_from(self.config.int("default.replication.factor")).unwrap_or(i16::MAX) } else { replicas };
        if replicas > 1 {
            let why = format!(
                "Unable to replicate the partition {replicas} time(s): The target replication factor of {replicas} cannot be reached \
                 because only 1 broker(s) are registered."
            );
            return Err((ErrorCode::InvalidReplicationFactor, why));
        }
        Ok((partitions, replicas))
    }

    fn check_assignments(&self, asked: &CreatableTopic) -> Result<(i32, i16), Refusal> {
        let given =
            |what: &str| (ErrorCode::InvalidRequest, format!("A manual partition assignment was specified, but {what} was not set to -1."));
        if asked.replication_factor != -1 {
            return Err(given("replication factor"));
        }
        if asked.num_partitions != -1 {
            return Err(given("numPartitions"));
        }
        let wrong = |why: &str| (ErrorCode::InvalidReplicaAssignment, why.to_owned());
        let indexes: Set<i32> = asked.assignments.iter().map(|assignment| assignment.partition_index).collect();
        let count = i32::try_from(asked.assignments.len()).unwrap_or(i32::MAX);
        if !(0..count).eq(indexes.iter().copied()) {
            return Err(wrong("partitions should be a consecutive 0-based integer sequence"));
        }
        if count > MAX_PARTITIONS {
            return Err((ErrorCode::InvalidPartitions, format!("{count} partitions are more than {MAX_PARTITIONS}.")));
        }
        for assignment in &asked.assignments {
            self.check_replicas(&assignment.broker_ids)?;
        }
        Ok((count, 1))
    }

    fn check_replicas(&self, brokers: &[BrokerId]) -> Result<(), Refusal> {
        let wrong = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
        let mut seen = Set::new();
        for broker in brokers {
            if broker.0 != self.options.node_id {
                return wrong(format!("The manual partition assignment includes broker {}, but no such broker is registered.", broker.0));
            }
            if !seen.insert(broker.0) {
                return wrong(format!("The manual partition assignment includes the broker {} more than once.", broker.0));
            }
        }
        if brokers.is_empty() { wrong("The manual partition assignment includes an empty replica list.".into()) } else { Ok(()) }
    }

    /// Makes a topic as `auto.create.topics.enable` does.
    pub(super) fn create_default_topic(&mut self, now: Time, name: &str) -> Result<(), Refusal> {
        if name == OFFSETS_TOPIC {
            return self.create_offsets_topic(now);
        }
        self.check_new_name(name)?;
        let (partitions, _) = self.check_counts(-1, -1)?;
        self.create_topic(now, name, partitions, Map::new()).map(|_| ())
    }

    /// Makes `__consumer_offsets`, if it is not there, and leads all of it.
    pub(super) fn create_offsets_topic(&mut self, now: Time) -> Result<(), Refusal> {
        if self.topics.get(OFFSETS_TOPIC).is_some() {
            return Ok(());
        }
        let partitions = self.config.int("offsets.topic.num.partitions").min(MAX_PARTITIONS);
        let segment_bytes = self.config.text("offsets.topic.segment.bytes").to_owned();
        let configs =
            [("cleanup.policy", "compact".to_owned()), ("compression.type", "producer".to_owned()), ("segment.bytes", segment_bytes)];
        let configs = configs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.create_topic(now, OFFSETS_TOPIC, partitions, configs)?;
        for partition in 0..partitions {
            self.groups.handle_elected(now, partition, std::iter::empty());
        }
        Ok(())
    }

    fn create_topic(&mut self, now: Time, name: &str, partitions: i32, configs: Map<String, String>) -> Result<Uuid, Refusal> {
        let id = std::iter::repeat_with(|| self.topic_ids.uuid()).find(|id| self.topics.name_of(*id).is_none()).unwrap_or_default();
        let name: Arc<str> = name.into();
        let mut topic = Topic { name: name.clone(), id, configs, partitions: Vec::new() };
        self.add_partitions(now, &mut topic, partitions)?;
        self.topics.insert(topic);
        self.keep_metadata()?;
        self.event(BrokerEvent::TopicCreated { topic: name, partitions });
        Ok(id)
    }

    /// New, empty partitions, up to `count`. A failure leaves the topic as it was.
    fn add_partitions(&mut self, now: Time, topic: &mut Topic, count: i32) -> Result<(), Refusal> {
        let config = self.config.log_config(&topic.configs);
        let mut made = Vec::new();
        for index in topic.partition_count()..count {
            let dir = files::partition_dir(&topic.name, index);
            let opened = files::write_partition_metadata(&mut self.disk, &dir, topic.id)
                .map_err(|error| error.to_string())
                .and_then(|()| Log::open(&mut self.disk, &dir, config.clone(), now, true, 0).map_err(|error| error.to_string()));
            match opened {
                Ok((log, _)) => made.push(Partition::new(log, 0)),
                Err(why) => {
                    for partition in made {
                        partition.log.delete(&mut self.disk);
                    }
                    return Err((ErrorCode::KafkaStorageError, why));
                }
            }
        }
        topic.partitions.extend(made);
        Ok(())
    }

    pub(super) fn keep_metadata(&mut self) -> Result<(), Refusal> {
        files::save_metadata(&mut self.disk, &self.topics, &self.config).map_err(|error| (ErrorCode::KafkaStorageError, error.to_string()))
    }

    pub(super) fn delete_topics(&mut self, now: Time, context: &Context, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
        let mut asked: Vec<(Option<String>, Uuid)> =
            request.topic_names.iter().map(|name| (Some(name.0.to_string()), Uuid::nil())).collect();
        asked.extend(request.topics.iter().map(|topic| (topic.name.as_ref().map(|name| name.0.to_string()), topic.topic_id)));
        let mut results = Vec::new();
        for (name, id) in asked {
            let by_id = name.is_none();
            let known = match &name {
                Some(name) => self.topics.get(name).ok_or(ErrorCode::UnknownTopicOrPartition),
                None => self.topics.name_of(id).and_then(|name| self.topics.get(name)).ok_or(ErrorCode::UnknownTopicId),
            };
            let known = known
                .map(|topic| (topic.name.clone(), topic.id))
                .and_then(|known| if self.config.flag("delete.topic.enable") { Ok(known) } else { Err(ErrorCode::TopicDeletionDisabled) });
            let deleted = known.and_then(|(name, id)| self.delete_topic(now, &name).map(|()| (name, id)));
            results.push(match deleted {
                Ok((name, id)) => {
                    DeletableTopicResult::default().with_name(Some(topic_name(&name))).with_topic_id(id).with_error_message(None)
                }
                Err(error) => {
                    let message = match error {
                        ErrorCode::UnknownTopicOrPartition => "This server does not host this topic-partition.",
                        ErrorCode::UnknownTopicId => "This server does not host this topic ID.",
                        ErrorCode::TopicDeletionDisabled => "Topic deletion is disabled.",
                        _ => "The topic's files could not be removed.",
                    };
                    DeletableTopicResult::default()
                        .with_name(name.as_deref().map(topic_name).or((by_id && context.version < 6).then(|| topic_name(""))))
                        .with_topic_id(id)
                        .with_error_code(error.code())
                        .with_error_message(Some(StrBytes::from_static_str(message)))
                }
            });
        }
        DeleteTopicsResponse::default().with_responses(results)
    }

    fn delete_topic(&mut self, now: Time, name: &str) -> Result<(), ErrorCode> {
        let topic = self.topics.remove(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if let Err((error, _)) = self.keep_metadata() {
            self.topics.insert(topic);
            return Err(error);
        }
        for (index, partition) in (0..).zip(topic.partitions) {
            let dir = partition.log.dir().to_owned();
            partition.log.delete(&mut self.disk);
            files::remove_dir(&mut self.disk, &dir);
            self.purgatory.touch(name, index);
            if name == OFFSETS_TOPIC {
                self.groups.handle_resigned(now, index);
            }
        }
        if name != OFFSETS_TOPIC {
            self.groups.handle_topic_deleted(now, name);
        }
        self.event(BrokerEvent::TopicDeleted { topic: topic.name });
        Ok(())
    }

    pub(super) fn create_partitions(&mut self, now: Time, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
        let mut results = Vec::new();
        for asked in request.topics {
            let result = self.grow_topic(now, &asked, request.validate_only);
            let answer = CreatePartitionsTopicResult::default().with_name(asked.name);
            results.push(match result {
                Ok(()) => answer.with_error_message(None),
                Err((error, why)) => answer.with_error_code(error.code()).with_error_message(Some(StrBytes::from_string(why))),
            });
        }
        CreatePartitionsResponse::default().with_results(results)
    }

    fn grow_topic(&mut self, now: Time, asked: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refusal> {
        let name = asked.name.0.as_str();
        let unknown = || (ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.".to_owned());
        let from = self.topics.get(name).ok_or_else(unknown)?.partition_count();
        let refuse = |why: String| Err((ErrorCode::InvalidPartitions, why));
        if asked.count == from {
            return refuse(format!("Topic already has {from} partition(s)."));
        }
        if asked.count < from {
            return refuse(format!("The topic {name} currently has {from} partition(s); {} would not be an increase.", asked.count));
        }
        if asked.count > MAX_PARTITIONS {
            return refuse(format!("{} partitions are more than {MAX_PARTITIONS}.", asked.count));
        }
        if name == OFFSETS_TOPIC {
            // Groups would move to other partitions than the ones that hold their offsets.
            return refuse(format!("{name} cannot be grown."));
        }
        if let Some(assignments) = &asked.assignments {
            let added = asked.count - from;
            if i32::try_from(assignments.len()) != Ok(added) {
                let why = format!(
                    "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
                    assignments.len()
                );
                return Err((ErrorCode::InvalidReplicaAssignment, why));
            }
            for assignment in assignments {
                self.check_replicas(&assignment.broker_ids)?;
            }
        }
        if validate_only {
            return Ok(());
        }
        let mut topic = self.topics.remove(name).ok_or_else(unknown)?;
        let result = self.add_partitions(now, &mut topic, asked.count);
        let topic_name = topic.name.clone();
        self.topics.insert(topic);
        result?;
        self.keep_metadata()?;
        self.event(BrokerEvent::PartitionsAdded { topic: topic_name, from, to: asked.count });
        Ok(())
    }

    /// The topic's logs work by its configs from now on.
    pub(super) fn apply_topic_configs(&mut self) {
        for topic in self.topics.iter_mut() {
            let config = self.config.log_config(&topic.configs);
            for partition in &mut topic.partitions {
                if partition.log.config() != &config {
                    partition.log.set_config(config.clone());
                }
            }
        }
    }

    /// Sets (or, with `None`, unsets) topic configs that were checked.
    pub(super) fn set_topic_configs(&mut self, name: &str, configs: Map<String, String>) -> Result<(), Refusal> {
        debug_assert!(configs.keys().all(|name| topic_def(name).is_some()));
        if let Some(topic) = self.topics.get_mut(name) {
            topic.configs = configs;
        }
        self.apply_topic_configs();
        self.keep_metadata()
    }
}
