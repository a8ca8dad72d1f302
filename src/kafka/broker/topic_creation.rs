//! The topics that a broker asks its controller for (`AutoTopicCreationManager`).

use super::Broker;
use super::answers::OwnRequest;
use super::topics::{text, topic_name};
use crate::kafka::controller::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::message::CreateTopicsRequest;
use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};

pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
/// Partitions that one topic may have; Kafka's controller refuses more in one request, too.
pub const MAX_PARTITIONS: i32 = 10_000;

impl Broker {
    /// Asks for a topic as `auto.create.topics.enable` does.
    pub(super) fn create_default_topic(&mut self, now: Time, name: &str) {
        if name == OFFSETS_TOPIC {
            return self.create_offsets_topic(now);
        }
        self.ask_for_topic(
            now,
            CreatableTopic { name: topic_name(name), num_partitions: -1, replication_factor: -1, ..CreatableTopic::default() },
        );
    }

    /// Asks for `__consumer_offsets`, with one replica for each broker at most, where Kafka would refuse until
    /// `offsets.topic.replication.factor` brokers are there.
    pub(super) fn create_offsets_topic(&mut self, now: Time) {
        if self.controller.image().topics.contains_key(OFFSETS_TOPIC) {
            return;
        }
        let brokers = self.controller.image().brokers.len().max(self.options.voters.len()).max(1);
        let replicas = self.config.offsets_topic_replication_factor.min(i32::try_from(brokers).unwrap_or(i32::MAX));
        let segment_bytes = self.config.offsets_topic_segment_bytes.to_string();
        let configs = [("cleanup.policy", "compact"), ("compression.type", "producer"), ("segment.bytes", &segment_bytes)];
        let configs = configs.map(|(name, value)| CreatableTopicConfig { name: text(name), value: Some(text(value)) });
        let topic = CreatableTopic {
            name: topic_name(OFFSETS_TOPIC),
            num_partitions: self.config.offsets_topic_num_partitions.min(MAX_PARTITIONS),
            replication_factor: i16::try_from(replicas).unwrap_or(i16::MAX),
            configs: configs.to_vec(),
            ..CreatableTopic::default()
        };
        self.ask_for_topic(now, topic);
    }

    fn ask_for_topic(&mut self, now: Time, topic: CreatableTopic) {
        let name = topic.name.0.as_ref().into();
        if !self.creating.insert(std::sync::Arc::clone(&name)) {
            return; // it is on its way
        }
        let timeout = self.config.request_timeout_ms.max(1000);
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: timeout, ..CreateTopicsRequest::default() };
        self.ask_controller(now, OwnRequest::CreateTopic(name), Request::CreateTopics(request));
        self.drain_controller(now);
    }
}
