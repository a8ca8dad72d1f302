//! What the committed metadata says: brokers, topics, partitions, configs (`org.apache.kafka.image.MetadataImage`).

use crate::kafka::map::Map;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// The last record applied; -1 before the first.
    pub offset: i64,
    pub brokers: Map<i32, BrokerImage>,
    pub topics: Map<Arc<str>, TopicImage>,
    pub ids: Map<Uuid, Arc<str>>,
    /// Configs set on topics, by topic.
    pub topic_configs: Map<Arc<str>, Map<String, String>>,
    /// Dynamic broker configs; "" holds the cluster-wide defaults.
    pub broker_configs: Map<String, Map<String, String>>,
    /// The first producer id that no broker has been given.
    pub next_producer_id: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerImage {
    pub id: i32,
    pub epoch: i64,
    pub incarnation: Uuid,
    pub host: Arc<str>,
    pub port: i32,
    pub rack: Option<Arc<str>>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicImage {
    pub name: Arc<str>,
    pub id: Uuid,
    /// By number, without holes.
    pub partitions: Vec<PartitionImage>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartitionImage {
    /// The first is the preferred leader.
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    pub last_known_elr: Vec<i32>,
    pub adding: Vec<i32>,
    pub removing: Vec<i32>,
    /// -1: nobody leads.
    pub leader: i32,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    /// The leader was elected uncleanly and has not caught up with what that means (`LeaderRecoveryState.RECOVERING`).
    pub recovering: bool,
}

impl Image {
    pub fn partition(&self, topic: &str, partition: i32) -> Option<&PartitionImage> {
        self.topics.get(topic)?.partitions.get(usize::try_from(partition).ok()?)
    }
}
