//! The configs of one topic, as they hold on one broker.

use super::TOPIC;
use super::broker::BrokerConfig;
use super::def::list;
use super::value::{Value, config_struct};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::compression::Compression;

/// `cleanup.policy`: one of the two, or both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CleanupPolicy {
    pub compact: bool,
    pub delete: bool,
}

impl Value for CleanupPolicy {
    fn parse(text: &str) -> Option<Self> {
        let items = list(text);
        Some(Self { compact: items.contains(&"compact"), delete: items.contains(&"delete") })
    }
}

/// `message.timestamp.type`: whose clock stamps a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TimestampType {
    #[default]
    CreateTime,
    LogAppendTime,
}

impl Value for TimestampType {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "CreateTime" => Some(Self::CreateTime),
            "LogAppendTime" => Some(Self::LogAppendTime),
            _ => None,
        }
    }
}

/// `compression.type` of a topic: the codec of its stored batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TopicCompression {
    /// Batches keep the codec of their producers.
    #[default]
    Producer,
    Of(Compression),
}

impl Value for TopicCompression {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "producer" => Some(Self::Producer),
            "uncompressed" => Some(Self::Of(Compression::None)),
            name => Compression::from_name(name).map(Self::Of),
        }
    }
}

/// Replicas whose copying is throttled: pairs of a partition and a broker, or `*`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ThrottledReplicas {
    All,
    Of(Vec<(i32, i32)>),
}

impl Default for ThrottledReplicas {
    fn default() -> Self {
        Self::Of(Vec::new())
    }
}

impl ThrottledReplicas {
    pub fn contains(&self, partition: i32, broker: i32) -> bool {
        match self {
            Self::All => true,
            Self::Of(replicas) => replicas.contains(&(partition, broker)),
        }
    }
}

impl Value for ThrottledReplicas {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let pairs = list(text).into_iter().map(|item| {
            let (partition, broker) = item.split_once(':')?;
            Some((partition.parse().ok()?, broker.parse().ok()?))
        });
        pairs.collect::<Option<Vec<_>>>().map(Self::Of)
    }
}

config_struct! {
    /// A topic's configs in force, by their names with `_` for `.` (`LogConfig`). Times are in milliseconds, sizes in bytes.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct TopicConfig of TOPIC {
        cleanup_policy: CleanupPolicy = "cleanup.policy",
        compression_gzip_level: i32 = "compression.gzip.level",
        compression_type: TopicCompression = "compression.type",
        file_delete_delay_ms: i64 = "file.delete.delay.ms",
        flush_messages: i64 = "flush.messages",
        flush_ms: i64 = "flush.ms",
        follower_replication_throttled_replicas: ThrottledReplicas = "follower.replication.throttled.replicas",
        index_interval_bytes: i32 = "index.interval.bytes",
        /// Goes before `segment_bytes`.
        internal_segment_bytes: Option<i32> = "internal.segment.bytes",
        leader_replication_throttled_replicas: ThrottledReplicas = "leader.replication.throttled.replicas",
        max_message_bytes: i32 = "max.message.bytes",
        message_timestamp_after_max_ms: i64 = "message.timestamp.after.max.ms",
        message_timestamp_before_max_ms: i64 = "message.timestamp.before.max.ms",
        message_timestamp_type: TimestampType = "message.timestamp.type",
        min_insync_replicas: i32 = "min.insync.replicas",
        retention_bytes: i64 = "retention.bytes",
        retention_ms: i64 = "retention.ms",
        segment_bytes: i32 = "segment.bytes",
        segment_index_bytes: i32 = "segment.index.bytes",
        segment_jitter_ms: i64 = "segment.jitter.ms",
        segment_ms: i64 = "segment.ms",
        unclean_leader_election_enable: bool = "unclean.leader.election.enable",
    }
}

impl TopicConfig {
    /// What holds on a broker with these configs, for a topic on which `overrides` are set.
    pub fn new(broker: &BrokerConfig, overrides: &SortedVecMap<String, String>) -> Self {
        let mut config = Self::default();
        for def in TOPIC.iter().filter(|def| def.in_force()) {
            if let Some(text) = broker.topic_value(overrides, def) {
                config.assign(def.name, &text);
            }
        }
        config
    }
}
