//! The topics of which this broker has partitions, and the Metadata API, which answers from the image of the metadata log.

use super::dispatch::Context;
use super::partition::Partition;
use super::{Broker, ErrorCode};
use crate::kafka::controller::image::{BrokerImage, TopicImage};
use crate::kafka::controller::{check_name, is_internal};
use crate::kafka::time::Time;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use crate::kafka::wire::message::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// All that may be done to a topic, as bits (READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS).
pub const TOPIC_OPERATIONS: i32 = 3576;
/// All that may be done to a cluster, as bits.
pub const CLUSTER_OPERATIONS: i32 = 8096;

pub fn text(value: &str) -> Str {
    Str::from(value)
}

pub fn topic_name(name: &str) -> TopicName {
    TopicName(Str::from(name))
}

/// A topic of which this broker has partitions.
#[derive(Clone, Debug)]
pub struct Topic {
    pub name: Arc<str>,
    pub id: Uuid,
    /// Those that are here, by number.
    pub partitions: BTreeMap<i32, Partition>,
}

/// Topics by name, and their ids.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    by_name: BTreeMap<Arc<str>, Topic>,
    ids: BTreeMap<Uuid, Arc<str>>,
}

impl Topics {
    /// The topic; without partitions, if it was not here.
    pub fn ensure(&mut self, name: &Arc<str>, id: Uuid) -> &mut Topic {
        self.ids.insert(id, name.clone());
        self.by_name.entry(name.clone()).or_insert_with(|| Topic { name: name.clone(), id, partitions: BTreeMap::new() })
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
        self.get(name)?.partitions.get(&index)
    }

    pub fn partition_mut(&mut self, name: &str, index: i32) -> Option<(Arc<str>, &mut Partition)> {
        let topic = self.by_name.get_mut(name)?;
        let partition = topic.partitions.get_mut(&index)?;
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
        let image = self.controller.image();
        let topics = match request.topics {
            None => image.topics.values().map(|topic| self.describe_topic(topic, operations)).collect(),
            Some(topics) if topics.is_empty() && context.version == 0 => {
                image.topics.values().map(|topic| self.describe_topic(topic, operations)).collect()
            }
            Some(topics) => {
                let mut found = Vec::new();
                for asked in topics {
                    found.push(match asked.name {
                        Some(name) if asked.topic_id.is_nil() || context.version < 12 => {
                            self.metadata_of(now, name.0.as_ref(), may_create, operations)
                        }
                        _ if context.version < 12 => unknown(Some(""), Uuid::nil(), ErrorCode::InvalidRequest),
                        _ => {
                            let image = self.controller.image();
                            match image.ids.get(&asked.topic_id).and_then(|name| image.topics.get(name)) {
                                Some(topic) => self.describe_topic(topic, operations),
                                None => unknown(None, asked.topic_id, ErrorCode::UnknownTopicId),
                            }
                        }
                    });
                }
                found
            }
        };
        let brokers = self.live_brokers().map(|broker| MetadataResponseBroker {
            node_id: BrokerId(broker.id),
            host: text(&broker.host),
            port: broker.port,
            rack: broker.rack.as_deref().map(text),
        });
        let mut response = MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(self.cluster_id()),
            controller_id: self.controller_id(),
            topics,
            ..MetadataResponse::default()
        };
        if request.include_cluster_authorized_operations && (8..=10).contains(&context.version) {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response
    }

    /// The brokers that clients may talk to.
    pub(super) fn live_brokers(&self) -> impl Iterator<Item = &BrokerImage> {
        self.controller.image().brokers.values().filter(|broker| !broker.fenced)
    }

    /// The active controller, which is a broker too.
    pub(super) fn controller_id(&self) -> BrokerId {
        BrokerId(self.controller.quorum().leader.unwrap_or(-1))
    }

    fn metadata_of(&mut self, now: Time, name: &str, may_create: bool, operations: bool) -> MetadataResponseTopic {
        if let Some(topic) = self.controller.image().topics.get(name) {
            return self.describe_topic(topic, operations);
        }
        if check_name(name).is_err() {
            return unknown(Some(name), Uuid::nil(), ErrorCode::InvalidTopicException);
        }
        // As Kafka: the topic is made now, and there for the client's next question.
        if may_create {
            self.create_default_topic(now, name);
        }
        unknown(Some(name), Uuid::nil(), ErrorCode::UnknownTopicOrPartition)
    }

    fn describe_topic(&self, topic: &TopicImage, operations: bool) -> MetadataResponseTopic {
        let brokers = &self.controller.image().brokers;
        let alive = |id: &i32| brokers.get(id).is_some_and(|broker| !broker.fenced);
        let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
        let partitions = (0..).zip(&topic.partitions).map(|(index, partition)| {
            let led = alive(&partition.leader);
            let error = if led { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
            let offline = partition.replicas.iter().filter(|id| !alive(id)).copied().map(BrokerId);
            MetadataResponsePartition {
                error_code: error.code(),
                partition_index: index,
                leader_id: BrokerId(if led { partition.leader } else { -1 }),
                leader_epoch: partition.leader_epoch,
                replica_nodes: ids(&partition.replicas),
                isr_nodes: ids(&partition.isr),
                offline_replicas: offline.collect(),
            }
        });
        let mut described = MetadataResponseTopic {
            name: Some(topic_name(&topic.name)),
            topic_id: topic.id,
            is_internal: is_internal(&topic.name),
            partitions: partitions.collect(),
            ..MetadataResponseTopic::default()
        };
        if operations {
            described.topic_authorized_operations = TOPIC_OPERATIONS;
        }
        described
    }

    /// What is wrong with asking this broker for a partition that it does not lead; nothing is known of it, or another leads.
    pub(super) fn not_led(&self, topic: &str, index: i32) -> ErrorCode {
        match self.controller.image().partition(topic, index) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        }
    }

    /// Who leads the partition, and in which epoch, by the metadata; -1 each when nobody does.
    pub(super) fn leader_of(&self, topic: &str, index: i32) -> (i32, i32) {
        self.controller.image().partition(topic, index).map_or((-1, -1), |partition| (partition.leader, partition.leader_epoch))
    }

    pub(super) fn host(&self) -> Str {
        text(&self.options.host)
    }

    pub(super) fn cluster_id(&self) -> Str {
        text(&self.options.cluster_id)
    }

    pub(super) fn rack(&self) -> Option<Str> {
        let rack = self.config.text("broker.rack");
        (!rack.is_empty()).then(|| Str::from(rack))
    }
}

fn unknown(name: Option<&str>, id: Uuid, error: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic { error_code: error.code(), name: name.map(topic_name), topic_id: id, ..MetadataResponseTopic::default() }
}
