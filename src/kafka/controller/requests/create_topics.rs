//! CreateTopics (`ReplicationControlManager.createTopics`).

use super::{ControllerApi, Refuse};
use crate::kafka::config::{Source, TOPIC};
use crate::kafka::controller::active::{Active, Refusal, text};
use crate::kafka::controller::checks::{check_name, is_internal};
use crate::kafka::controller::image::{PartitionImage, TOPIC_RESOURCE};
use crate::kafka::controller::records::Record;
use crate::kafka::controller::topics::MAX_PARTITIONS;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::create_topics_request::CreatableTopic;
use crate::kafka::wire::message::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use crate::kafka::wire::message::{BrokerId, CreateTopicsRequest, CreateTopicsResponse, Str};
use std::sync::Arc;
use uuid::Uuid;

/// What a CreateTopics entry asks for, checked: replicas and ISR of every partition.
struct Plan {
    partitions: Vec<PartitionImage>,
    configs: SortedVecMap<String, String>,
}

impl ControllerApi for CreateTopicsRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> CreateTopicsResponse {
        let mut names = SortedVecSet::new();
        let twice: SortedVecSet<_> =
            self.topics.iter().map(|topic| topic.name.clone()).filter(|name| !names.insert(name.clone())).collect();
        let mut results = Vec::new();
        // One row for each name.
        for asked in self.topics.iter().filter(|asked| names.remove(&asked.name)) {
            let answer = CreatableTopicResult { name: asked.name.clone(), ..CreatableTopicResult::default() };
            let plan = match twice.contains(&asked.name) {
                true => Err((ErrorCode::InvalidRequest, "Duplicate topic name.".into())),
                false => active.plan_topic(asked),
            };
            results.push(match plan {
                Ok(plan) => {
                    let id = active.new_id();
                    let answer = CreatableTopicResult {
                        topic_id: id,
                        error_message: None,
                        num_partitions: i32::try_from(plan.partitions.len()).unwrap_or(i32::MAX),
                        replication_factor: plan.partitions.first().map_or(0, |state| state.replicas.len() as i16),
                        configs: Some(active.created_configs(&plan.configs)),
                        ..answer
                    };
                    if !self.validate_only {
                        active.make_topic(&asked.name.0, id, plan);
                    }
                    answer
                }
                Err((error, why)) => {
                    CreatableTopicResult { error_code: error.code(), error_message: Some(text(why)), configs: Some(Vec::new()), ..answer }
                }
            });
        }
        CreateTopicsResponse { topics: results, ..CreateTopicsResponse::default() }
    }
}

impl Refuse for CreateTopicsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> CreateTopicsResponse {
        let topics = self.topics.iter().map(|topic| CreatableTopicResult {
            name: topic.name.clone(),
            error_code: error.code(),
            error_message: Some(text(why)),
            ..CreatableTopicResult::default()
        });
        CreateTopicsResponse { topics: topics.collect(), ..CreateTopicsResponse::default() }
    }
}

impl Active {
    fn new_id(&mut self) -> Uuid {
        loop {
            let id = self.rng.uuid();
            if !self.draft.ids.contains_key(&id) {
                return id;
            }
        }
    }

    fn make_topic(&mut self, name: &str, id: Uuid, plan: Plan) {
        let name: Arc<str> = name.into();
        self.push(Record::Topic { name: name.clone(), id });
        for (key, value) in plan.configs {
            self.push(Record::Config { kind: TOPIC_RESOURCE, resource: name.clone(), name: key, value: Some(value) });
        }
        for (index, state) in (0..).zip(plan.partitions) {
            self.make_partition(&name, id, index, state);
        }
    }

    fn created_configs(&self, overrides: &SortedVecMap<String, String>) -> Vec<CreatableTopicConfigs> {
        let configs = TOPIC.iter().filter_map(|def| {
            let value = self.config.topic_value(overrides, def);
            let (source, _) = self.config.topic_synonyms(overrides, def);
            let config = CreatableTopicConfigs { name: Str::from(def.name), ..CreatableTopicConfigs::default() };
            (value.is_some() || source != Source::Default).then(|| CreatableTopicConfigs {
                value: value.as_deref().map(Str::from),
                config_source: source as i8,
                ..config
            })
        });
        configs.collect()
    }

    fn plan_topic(&mut self, asked: &CreatableTopic) -> Result<Plan, Refusal> {
        let name = asked.name.0.as_ref();
        self.check_new_name(name)?;
        let mut configs = SortedVecMap::new();
        for config in &asked.configs {
            let key = config.name.as_ref();
            let value = config
                .value
                .as_ref()
                .ok_or_else(|| (ErrorCode::InvalidConfig, format!("Null value not supported for topic configs: {key}")))?;
            // What a broker itself sets for `__consumer_offsets` may be outside a user's range.
            if !is_internal(name) {
                TOPIC.check(key, value).map_err(|error| (ErrorCode::InvalidConfig, error.kafka_message()))?;
            }
            configs.insert(key.to_owned(), value.to_string());
        }
        self.config.check_topic(&configs).map_err(|why| (ErrorCode::InvalidConfig, why))?;
        let partitions = match asked.assignments.is_empty() {
            true => {
                let (partitions, replicas) = self.check_counts(asked.num_partitions, asked.replication_factor)?;
                self.place_new(partitions, replicas)?
            }
            false => self.check_assignments(asked)?,
        };
        Ok(Plan { partitions, configs })
    }

    fn check_new_name(&self, name: &str) -> Result<(), Refusal> {
        check_name(name).map_err(|why| (ErrorCode::InvalidTopicException, format!("Topic name is invalid: {why}")))?;
        if self.draft.topics.contains_key(name) {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        // Metric names cannot tell '.' from '_'.
        let metric = |name: &str| name.replace('.', "_");
        match self.draft.topics.keys().find(|other| name.contains(['.', '_']) && metric(other) == metric(name)) {
            Some(other) => Err((ErrorCode::InvalidTopicException, format!("Topic '{name}' collides with existing topic: {other}"))),
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
        let partitions = if partitions == -1 { self.config.num_partitions } else { partitions };
        if partitions > MAX_PARTITIONS {
            return Err((ErrorCode::InvalidPartitions, format!("{partitions} partitions are more than {MAX_PARTITIONS}.")));
        }
        let default = || i16::try_from(self.config.default_replication_factor).unwrap_or(i16::MAX);
        Ok((partitions, if replicas == -1 { default() } else { replicas }))
    }

    fn check_assignments(&self, asked: &CreatableTopic) -> Result<Vec<PartitionImage>, Refusal> {
        let given =
            |what: &str| (ErrorCode::InvalidRequest, format!("A manual partition assignment was specified, but {what} was not set to -1."));
        if asked.replication_factor != -1 {
            return Err(given("replication factor"));
        }
        if asked.num_partitions != -1 {
            return Err(given("numPartitions"));
        }
        let by_index: SortedVecMap<i32, &Vec<BrokerId>> =
            asked.assignments.iter().map(|assignment| (assignment.partition_index, &assignment.broker_ids)).collect();
        let count = i32::try_from(asked.assignments.len()).unwrap_or(i32::MAX);
        if !(0..count).eq(by_index.keys().copied()) {
            let why = "partitions should be a consecutive 0-based integer sequence";
            return Err((ErrorCode::InvalidReplicaAssignment, why.to_owned()));
        }
        if count > MAX_PARTITIONS {
            return Err((ErrorCode::InvalidPartitions, format!("{count} partitions are more than {MAX_PARTITIONS}.")));
        }
        let mut factor = None;
        by_index.iter().map(|(index, brokers)| self.check_replicas(*index, brokers, &mut factor)).collect()
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};

    impl Sample for CreateTopicsRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let config = CreatableTopicConfig { name: text("segment.bytes"), value: Some(text("1048576")) };
            let fresh = CreatableTopic {
                name: topic(&format!("{name}-version{version}")),
                num_partitions: 1,
                replication_factor: 1,
                ..CreatableTopic::default()
            };
            let exists = CreatableTopic { name: topic("orders"), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
            CreateTopicsRequest {
                timeout_ms: 1000,
                topics: vec![CreatableTopic { configs: vec![config], ..fresh }, exists],
                ..CreateTopicsRequest::default()
            }
        }
    }
}
