//! Metadata: topics, their leaders and the brokers, from this broker's copy of the metadata.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::topics::{CLUSTER_OPERATIONS, TOPIC_OPERATIONS, text, topic_name};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::image::TopicImage;
use crate::kafka::controller::{check_name, is_internal};
use crate::kafka::time::Time;
use crate::kafka::wire::message::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use crate::kafka::wire::message::{BrokerId, MetadataRequest, MetadataResponse};
use uuid::Uuid;

impl BrokerApi for MetadataRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        let operations = self.include_topic_authorized_operations;
        let may_create = self.allow_auto_topic_creation && broker.config.auto_create_topics_enable;
        let image = broker.controller.image();
        let topics = match self.topics {
            None => image.topics.values().map(|topic| broker.describe_topic(topic, operations)).collect(),
            Some(topics) if topics.is_empty() && context.version == 0 => {
                image.topics.values().map(|topic| broker.describe_topic(topic, operations)).collect()
            }
            Some(topics) => {
                // As Kafka lists them: unknown ids, what there is, names that are refused, names that are created.
                let (mut nameless, mut found, mut refused, mut missing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                for asked in topics {
                    let image = broker.controller.image();
                    let topic = match &asked.name {
                        Some(name) if asked.topic_id.is_nil() || context.version < 12 => image.topics.get(name.0.as_ref()),
                        _ if context.version < 12 => {
                            refused.push(unknown(Some(""), Uuid::nil(), ErrorCode::InvalidRequest));
                            continue;
                        }
                        _ => match image.topic_of(asked.topic_id) {
                            Some(topic) => Some(topic),
                            None => {
                                nameless.push(unknown(None, asked.topic_id, ErrorCode::UnknownTopicId));
                                continue;
                            }
                        },
                    };
                    match (topic, asked.name) {
                        (Some(topic), _) => found.push(broker.describe_topic(topic, operations)),
                        (None, name) => {
                            let name = name.unwrap_or_default();
                            let answer = broker.metadata_of_missing(now, name.0.as_ref(), may_create);
                            let of = if answer.error_code == ErrorCode::InvalidTopicException.code() { &mut refused } else { &mut missing };
                            of.push(answer);
                        }
                    }
                }
                [nameless, found, refused, missing].concat()
            }
        };
        let brokers = broker.live_brokers().map(|broker| MetadataResponseBroker {
            node_id: BrokerId(broker.id),
            host: text(&broker.host),
            port: broker.port,
            rack: broker.rack.as_deref().map(text),
        });
        let mut response = MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(broker.cluster_id()),
            controller_id: broker.any_live_broker(),
            topics,
            ..MetadataResponse::default()
        };
        if self.include_cluster_authorized_operations && (8..=10).contains(&context.version) {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        reply(context, response)
    }
}

impl Broker {
    fn metadata_of_missing(&mut self, now: Time, name: &str, may_create: bool) -> MetadataResponseTopic {
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
}

fn unknown(name: Option<&str>, id: Uuid, error: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic { error_code: error.code(), name: name.map(topic_name), topic_id: id, ..MetadataResponseTopic::default() }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::metadata_request::MetadataRequestTopic;

    impl Sample for MetadataRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let wanted = MetadataRequestTopic { name: Some(topic(name)), ..MetadataRequestTopic::default() };
            let request = MetadataRequest { topics: Some(vec![wanted]), ..MetadataRequest::default() };
            let request = if version >= 4 { MetadataRequest { allow_auto_topic_creation: false, ..request } } else { request };
            let request = if version >= 8 { MetadataRequest { include_topic_authorized_operations: true, ..request } } else { request };
            if (8..=10).contains(&version) { MetadataRequest { include_cluster_authorized_operations: true, ..request } } else { request }
        }
    }
}
