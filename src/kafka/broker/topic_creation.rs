//! The topics that a broker asks its controller for (`AutoTopicCreationManager`).

use super::answers::OwnRequest;
use super::topics::{text, topic_name};
use super::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::controller::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use crate::kafka::wire::message::{CreateTopicsRequest, CreateTopicsResponse};
use std::sync::Arc;

pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
pub const TRANSACTIONS_TOPIC: &str = "__transaction_state";
/// Partitions that one topic may have; Kafka's controller refuses more in one request, too.
pub const MAX_PARTITIONS: i32 = 10_000;

impl Broker {
    /// Asks for a topic as `auto.create.topics.enable` does.
    pub(super) fn create_default_topic(&mut self, now: Time, name: &str) {
        if name == OFFSETS_TOPIC {
            return self.create_offsets_topic(now);
        }
        if name == TRANSACTIONS_TOPIC {
            return self.create_transactions_topic(now);
        }
        self.ask_for_topic(
            now,
            CreatableTopic { name: topic_name(name), num_partitions: -1, replication_factor: -1, ..CreatableTopic::default() },
        );
    }

    pub(super) fn create_offsets_topic(&mut self, now: Time) {
        let config = &self.config;
        let (partitions, replicas) = (config.offsets_topic_num_partitions, config.offsets_topic_replication_factor);
        let segment_bytes = config.offsets_topic_segment_bytes.to_string();
        let configs = [("cleanup.policy", "compact"), ("compression.type", "producer"), ("segment.bytes", &segment_bytes)];
        self.create_internal_topic(now, OFFSETS_TOPIC, partitions, replicas, &configs);
    }

    pub(super) fn create_transactions_topic(&mut self, now: Time) {
        let config = &self.config;
        let (partitions, replicas) = (config.transaction_state_log_num_partitions, config.transaction_state_log_replication_factor);
        let segment_bytes = config.transaction_state_log_segment_bytes.to_string();
        let min_isr = config.transaction_state_log_min_isr.to_string();
        let configs = [
            ("cleanup.policy", "compact"),
            ("compression.type", "uncompressed"),
            ("min.insync.replicas", &min_isr),
            ("segment.bytes", &segment_bytes),
            ("unclean.leader.election.enable", "false"),
        ];
        self.create_internal_topic(now, TRANSACTIONS_TOPIC, partitions, replicas, &configs);
    }

    /// Asks for a coordinator's topic. The controller refuses it until as many brokers are there as its replication factor says.
    fn create_internal_topic(&mut self, now: Time, name: &str, partitions: i32, replicas: i32, configs: &[(&str, &str)]) {
        if self.controller.image().topics.contains_key(name) {
            return;
        }
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig { name: text(name), value: Some(text(value)) };
        let topic = CreatableTopic {
            name: topic_name(name),
            num_partitions: partitions.min(MAX_PARTITIONS),
            replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
            configs: configs.iter().map(config).collect(),
            ..CreatableTopic::default()
        };
        self.ask_for_topic(now, topic);
    }

    /// The controller's answer to what was asked for; `None`: there is none. A refusal is told once, though clients ask again and again.
    pub(super) fn topic_answered(&mut self, name: &Arc<str>, response: Option<CreateTopicsResponse>) {
        self.creating.remove(name);
        let Some(response) = response else { return };
        let Some(failed) = response.topics.iter().find(|topic| topic.error_code != 0) else {
            self.not_created.remove(name);
            return;
        };
        let why: Arc<str> = failed.error_message.clone().unwrap_or_default();
        if failed.error_code == ErrorCode::TopicAlreadyExists.code() || self.not_created.get(name) == Some(&why) {
            return;
        }
        self.log(format!("topic {name} could not be created: {why}"));
        self.not_created.insert(name.clone(), why.clone());
        self.event(BrokerEvent::TopicNotCreated { topic: name.clone(), why });
    }

    fn ask_for_topic(&mut self, now: Time, topic: CreatableTopic) {
        let name = topic.name.0.as_ref().into();
        if !self.creating.insert(Arc::clone(&name)) {
            return; // it is on its way
        }
        let timeout = self.config.request_timeout_ms.max(1000);
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: timeout, ..CreateTopicsRequest::default() };
        self.ask_controller(now, OwnRequest::CreateTopic(name), Request::CreateTopics(request));
        self.drain_controller(now);
    }
}
