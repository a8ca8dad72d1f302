//! The topics of the cluster and the Metadata API. What is known about topics is kept in one small file
//! (`files::save_metadata`) until the metadata log of KRaft takes its place.

use super::dispatch::Context;
use super::partition::Partition;
use super::topics::{check_name, is_internal};
use super::{Broker, ErrorCode};
use crate::kafka::map::Map;
use crate::kafka::time::Time;
use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use std::sync::Arc;
use uuid::Uuid;

/// All that may be done to a topic, as bits (READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS).
const TOPIC_OPERATIONS: i32 = 3576;
/// All that may be done to a cluster, as bits.
pub const CLUSTER_OPERATIONS: i32 = 8096;

/// The name as `kafka-protocol` wants it.
pub fn topic_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

#[derive(Clone, Debug)]
pub struct Topic {
    pub name: Arc<str>,
    pub id: Uuid,
    /// Configs set on the topic itself.
    pub configs: Map<String, String>,
    /// By number, without holes.
    pub partitions: Vec<Partition>,
}

impl Topic {
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub fn partition_count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }
}

/// Topics by name, and their ids.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    by_name: Map<Arc<str>, Topic>,
    ids: Map<Uuid, Arc<str>>,
}

impl Topics {
    pub fn insert(&mut self, topic: Topic) {
        self.ids.insert(topic.id, topic.name.clone());
        self.by_name.insert(topic.name.clone(), topic);
    }

    pub fn remove(&mut self, name: &str) -> Option<Topic> {
        let topic = self.by_name.remove(name)?;
        self.ids.remove(&topic.id);
        Some(topic)
    }

    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub fn name_of(&self, id: Uuid) -> Option<&Arc<str>> {
        self.ids.get(&id)
    }

    pub fn partition(&self, name: &str, index: i32) -> Option<&Partition> {
        self.get(name)?.partition(index)
    }

    pub fn partition_mut(&mut self, name: &str, index: i32) -> Option<(Arc<str>, &mut Partition)> {
        let topic = self.by_name.get_mut(name)?;
        let partition = topic.partitions.get_mut(usize::try_from(index).ok()?)?;
        Some((topic.name.clone(), partition))
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Topic> {
        self.by_name.values_mut()
    }
}

impl Broker {
    pub(super) fn metadata(&mut self, now: Time, context: &Context, request: MetadataRequest) -> MetadataResponse {
        let operations = request.include_topic_authorized_operations;
        let may_create = request.allow_auto_topic_creation && self.config.flag("auto.create.topics.enable");
        let topics = match request.topics {
            None => self.topics.iter().map(|topic| self.describe_topic(topic, operations)).collect(),
            Some(topics) if topics.is_empty() && context.version == 0 => {
                self.topics.iter().map(|topic| self.describe_topic(topic, operations)).collect()
            }
            Some(topics) => {
                let mut found = Vec::new();
                for asked in topics {
                    found.push(match asked.name {
                        Some(name) if asked.topic_id.is_nil() || context.version < 12 => {
                            self.metadata_of(now, name.0.as_str(), may_create, operations)
                        }
                        _ if context.version < 12 => unknown(Some(""), Uuid::nil(), ErrorCode::InvalidRequest),
                        _ => match self.topics.name_of(asked.topic_id).and_then(|name| self.topics.get(name)) {
                            Some(topic) => self.describe_topic(topic, operations),
                            None => unknown(None, asked.topic_id, ErrorCode::UnknownTopicId),
                        },
                    });
                }
                found
            }
        };
        let mut response = MetadataResponse::default()
            .with_brokers(vec![
                MetadataResponseBroker::default()
                    .with_node_id(BrokerId(self.options.node_id))
                    .with_host(self.host())
                    .with_port(self.options.port)
                    .with_rack(self.rack()),
            ])
            .with_cluster_id(Some(self.cluster_id()))
            .with_controller_id(BrokerId(self.options.node_id))
            .with_topics(topics);
        if request.include_cluster_authorized_operations && (8..=10).contains(&context.version) {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response
    }

    fn metadata_of(&mut self, now: Time, name: &str, may_create: bool, operations: bool) -> MetadataResponseTopic {
        if let Some(topic) = self.topics.get(name) {
            return self.describe_topic(topic, operations);
        }
        if check_name(name).is_err() {
            return unknown(Some(name), Uuid::nil(), ErrorCode::InvalidTopicException);
        }
        // As Kafka: the topic is made now, and there for the client's next question.
        if may_create && let Err((_, why)) = self.create_default_topic(now, name) {
            self.log(format!("topic {name} could not be created: {why}"));
        }
        unknown(Some(name), Uuid::nil(), ErrorCode::UnknownTopicOrPartition)
    }

    fn describe_topic(&self, topic: &Topic, operations: bool) -> MetadataResponseTopic {
        let node = BrokerId(self.options.node_id);
        let partitions = (0..).zip(&topic.partitions).map(|(index, partition)| {
            let view = || std::iter::once(node).chain(partition.followers.keys().map(|id| BrokerId(*id))).collect::<Vec<_>>();
            MetadataResponsePartition::default()
                .with_partition_index(index)
                .with_leader_id(node)
                .with_leader_epoch(partition.leader_epoch)
                .with_replica_nodes(view())
                .with_isr_nodes(view())
        });
        let mut described = MetadataResponseTopic::default()
            .with_name(Some(topic_name(&topic.name)))
            .with_topic_id(topic.id)
            .with_is_internal(is_internal(&topic.name))
            .with_partitions(partitions.collect());
        if operations {
            described.topic_authorized_operations = TOPIC_OPERATIONS;
        }
        described
    }

    pub(super) fn host(&self) -> StrBytes {
        StrBytes::from_string(self.options.host.to_string())
    }

    pub(super) fn cluster_id(&self) -> StrBytes {
        StrBytes::from_string(self.options.cluster_id.to_string())
    }

    pub(super) fn rack(&self) -> Option<StrBytes> {
        let rack = self.config.text("broker.rack");
        (!rack.is_empty()).then(|| StrBytes::from_string(rack.to_owned()))
    }
}

fn unknown(name: Option<&str>, id: Uuid, error: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic::default().with_error_code(error.code()).with_name(name.map(topic_name)).with_topic_id(id)
}
