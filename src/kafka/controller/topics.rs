//! CreateTopics, DeleteTopics, CreatePartitions (`ReplicationControlManager`).

use super::active::{Active, Refusal, partition_event, text, topic_name};
use super::checks::{check_name, is_internal};
use super::image::{PartitionImage, TOPIC_RESOURCE};
use super::placement::place;
use super::records::Record;
use crate::kafka::broker::config::{Source, check_topic};
use crate::kafka::broker::config_table::TOPIC;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::create_partitions_request::CreatePartitionsTopic;
use crate::kafka::wire::message::create_partitions_response::CreatePartitionsTopicResult;
use crate::kafka::wire::message::create_topics_request::CreatableTopic;
use crate::kafka::wire::message::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use crate::kafka::wire::message::delete_topics_response::DeletableTopicResult;
use crate::kafka::wire::message::{
    BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// Partitions that one topic may have; Kafka's controller refuses more in one request, too.
pub const MAX_PARTITIONS: i32 = 10_000;

/// What a CreateTopics entry asks for, checked: replicas and ISR of every partition.
struct Plan {
    partitions: Vec<PartitionImage>,
    configs: BTreeMap<String, String>,
}

/// A partition's first state. The ISR is those replicas that are active.
fn fresh(replicas: Vec<i32>, isr: Vec<i32>) -> PartitionImage {
    let leader = isr.first().copied().unwrap_or(-1);
    PartitionImage { replicas, isr, leader, ..PartitionImage::default() }
}

impl Active {
    pub(super) fn create_topics(&mut self, request: &CreateTopicsRequest) -> CreateTopicsResponse {
        let mut names = BTreeSet::new();
        let twice: BTreeSet<_> = request.topics.iter().map(|topic| topic.name.clone()).filter(|name| !names.insert(name.clone())).collect();
        let mut results = Vec::new();
        for asked in &request.topics {
            let answer = CreatableTopicResult { name: asked.name.clone(), ..CreatableTopicResult::default() };
            let plan = match twice.contains(&asked.name) {
                true => Err((ErrorCode::InvalidRequest, "Duplicate topic name.".into())),
                false => self.plan_topic(asked),
            };
            results.push(match plan {
                Ok(plan) => {
                    let id = self.new_id();
                    let answer = CreatableTopicResult {
                        topic_id: id,
                        error_message: None,
                        num_partitions: i32::try_from(plan.partitions.len()).unwrap_or(i32::MAX),
                        replication_factor: plan.partitions.first().map_or(0, |state| state.replicas.len() as i16),
                        configs: Some(self.created_configs(&plan.configs)),
                        ..answer
                    };
                    if !request.validate_only {
                        self.make_topic(&asked.name.0, id, plan);
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

    fn make_partition(&mut self, name: &Arc<str>, topic: Uuid, partition: i32, state: PartitionImage) {
        self.event(partition_event(name, partition, &state, "created"));
        self.push(Record::Partition { topic, partition, state });
    }

    fn created_configs(&self, overrides: &BTreeMap<String, String>) -> Vec<CreatableTopicConfigs> {
        let configs = TOPIC.iter().filter_map(|def| {
            let (value, source, _) = self.config.topic_value(overrides, def);
            let config = CreatableTopicConfigs { name: Str::from(def.name), ..CreatableTopicConfigs::default() };
            (value.is_some() || source != Source::Default).then(|| CreatableTopicConfigs {
                value: value.map(Str::from),
                config_source: source as i8,
                ..config
            })
        });
        configs.collect()
    }

    fn plan_topic(&mut self, asked: &CreatableTopic) -> Result<Plan, Refusal> {
        let name = asked.name.0.as_ref();
        self.check_new_name(name)?;
        let mut configs = BTreeMap::new();
        for config in &asked.configs {
            let key = config.name.as_ref();
            let value = config
                .value
                .as_ref()
                .ok_or_else(|| (ErrorCode::InvalidConfig, format!("Null value not supported for topic configs: {key}")))?;
            // What a broker itself sets for `__consumer_offsets` may be outside a user's range.
            if !is_internal(name) {
                check_topic(key, value.as_ref()).map_err(|why| (ErrorCode::InvalidConfig, why))?;
            }
            configs.insert(key.to_owned(), value.to_string());
        }
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
        let partitions = if partitions == -1 { self.config.int("num.partitions") } else { partitions };
        if partitions > MAX_PARTITIONS {
            return Err((ErrorCode::InvalidPartitions, format!("{partitions} partitions are more than {MAX_PARTITIONS}.")));
        }
        let default = || i16::try_from(self.config.int("default.replication.factor")).unwrap_or(i16::MAX);
        Ok((partitions, if replicas == -1 { default() } else { replicas }))
    }

    /// New partitions on the brokers whose turn it is.
    fn place_new(&mut self, partitions: i32, replicas: i16) -> Result<Vec<PartitionImage>, Refusal> {
        let refuse =
            |why: &str| (ErrorCode::InvalidReplicationFactor, format!("Unable to replicate the partition {replicas} time(s): {why}"));
        let usable = self.draft.brokers.values().filter(|broker| !broker.in_controlled_shutdown);
        let count = usize::try_from(replicas).unwrap_or(0).max(1);
        let placed = place(usable, &mut self.rng, partitions, count).map_err(|why| refuse(&why))?;
        let mut made = Vec::new();
        for replicas in placed {
            let isr = self.active_of(&replicas);
            if isr.is_empty() {
                return Err(refuse("All brokers are currently fenced or in controlled shutdown."));
            }
            made.push(fresh(replicas, isr));
        }
        Ok(made)
    }

    fn active_of(&self, replicas: &[i32]) -> Vec<i32> {
        replicas.iter().copied().filter(|replica| self.draft.is_active(*replica)).collect()
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
        let by_index: BTreeMap<i32, &Vec<BrokerId>> =
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

    /// A manual assignment of one partition. `factor`: how many replicas the partitions before it have.
    fn check_replicas(&self, index: i32, brokers: &[BrokerId], factor: &mut Option<usize>) -> Result<PartitionImage, Refusal> {
        let replicas = self.check_manual(brokers)?;
        let wrong = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
        let expected = *factor.get_or_insert(replicas.len());
        if expected != replicas.len() {
            return wrong(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous \
                 partitions, which have {expected} replica(s).",
                replicas.len()
            ));
        }
        let isr = self.active_of(&replicas);
        if isr.is_empty() {
            return wrong(format!(
                "All brokers specified in the manual partition assignment for partition {index} are fenced or in controlled shutdown."
            ));
        }
        Ok(fresh(replicas, isr))
    }

    /// `validateManualPartitionAssignment`: registered brokers, each once, one at least.
    pub(super) fn check_manual(&self, brokers: &[BrokerId]) -> Result<Vec<i32>, Refusal> {
        let wrong = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
        let mut seen = BTreeSet::new();
        for broker in brokers {
            if !self.draft.brokers.contains_key(&broker.0) {
                return wrong(format!("The manual partition assignment includes broker {}, but no such broker is registered.", broker.0));
            }
            if !seen.insert(broker.0) {
                return wrong(format!("The manual partition assignment includes the broker {} more than once.", broker.0));
            }
        }
        if brokers.is_empty() {
            return wrong("The manual partition assignment includes an empty replica list.".into());
        }
        Ok(super::active::numbers(brokers))
    }

    pub(super) fn delete_topics(&mut self, version: i16, request: &DeleteTopicsRequest) -> DeleteTopicsResponse {
        let mut asked: Vec<(Option<String>, Uuid)> =
            request.topic_names.iter().map(|name| (Some(name.0.to_string()), Uuid::nil())).collect();
        asked.extend(request.topics.iter().map(|topic| (topic.name.as_ref().map(|name| name.0.to_string()), topic.topic_id)));
        let mut results = Vec::new();
        for (name, id) in asked {
            let by_id = name.is_none();
            let known = match &name {
                Some(name) => self.draft.topics.get(name.as_str()).ok_or(ErrorCode::UnknownTopicOrPartition),
                None => self.draft.topic_of(id).ok_or(ErrorCode::UnknownTopicId),
            };
            let known = known
                .map(|topic| (topic.name.clone(), topic.id))
                .and_then(|known| if self.config.flag("delete.topic.enable") { Ok(known) } else { Err(ErrorCode::TopicDeletionDisabled) });
            results.push(match known {
                Ok((name, id)) => {
                    self.push(Record::RemoveTopic { id });
                    DeletableTopicResult {
                        name: Some(topic_name(&name)),
                        topic_id: id,
                        error_message: None,
                        ..DeletableTopicResult::default()
                    }
                }
                Err(error) => {
                    let message = match error {
                        ErrorCode::UnknownTopicOrPartition => "This server does not host this topic-partition.",
                        ErrorCode::UnknownTopicId => "This server does not host this topic ID.",
                        _ => "Topic deletion is disabled.",
                    };
                    DeletableTopicResult {
                        name: name.as_deref().map(topic_name).or((by_id && version < 6).then(|| topic_name(""))),
                        topic_id: id,
                        error_code: error.code(),
                        error_message: Some(Str::from(message)),
                    }
                }
            });
        }
        DeleteTopicsResponse { responses: results, ..DeleteTopicsResponse::default() }
    }

    pub(super) fn create_partitions(&mut self, request: &CreatePartitionsRequest) -> CreatePartitionsResponse {
        let mut results = Vec::new();
        for asked in &request.topics {
            let answer = CreatePartitionsTopicResult { name: asked.name.clone(), ..CreatePartitionsTopicResult::default() };
            results.push(match self.grow_topic(asked, request.validate_only) {
                Ok(()) => CreatePartitionsTopicResult { error_message: None, ..answer },
                Err((error, why)) => CreatePartitionsTopicResult { error_code: error.code(), error_message: Some(text(why)), ..answer },
            });
        }
        CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() }
    }

    fn grow_topic(&mut self, asked: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refusal> {
        let name = asked.name.0.as_ref();
        let unknown = || (ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.".to_owned());
        let topic = self.draft.topics.get(name).ok_or_else(unknown)?;
        let (name, id) = (topic.name.clone(), topic.id);
        let from = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let replicas = topic.partitions.first().map_or(1, |state| state.replicas.len());
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
        if is_internal(&name) {
            // Groups would move to other partitions than the ones that hold their offsets.
            return refuse(format!("{name} cannot be grown."));
        }
        let added = asked.count - from;
        let made = match &asked.assignments {
            Some(assignments) => {
                if i32::try_from(assignments.len()) != Ok(added) {
                    let why = format!(
                        "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
                        assignments.len()
                    );
                    return Err((ErrorCode::InvalidReplicaAssignment, why));
                }
                let mut factor = Some(replicas);
                let check = |(index, assignment): (i32, &_)| {
                    let assignment: &crate::kafka::wire::message::create_partitions_request::CreatePartitionsAssignment = assignment;
                    self.check_replicas(index, &assignment.broker_ids, &mut factor)
                };
                (from..).zip(assignments).map(check).collect::<Result<Vec<_>, _>>()?
            }
            None => self.place_new(added, i16::try_from(replicas).unwrap_or(1))?,
        };
        if !validate_only {
            for (index, state) in (from..).zip(made) {
                self.make_partition(&name, id, index, state);
            }
        }
        Ok(())
    }
}
