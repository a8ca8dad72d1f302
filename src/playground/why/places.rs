//! What questions are about: partitions and records, as they are written.

use std::fmt;
use std::sync::Arc;

/// A partition (`org.apache.kafka.common.TopicPartition`), written `orders-0`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicPartition {
    pub topic: Arc<str>,
    pub partition: i32,
}

impl TopicPartition {
    pub fn new(topic: &Arc<str>, partition: i32) -> Self {
        Self { topic: topic.clone(), partition }
    }

    /// Reads `orders-0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (topic, number) = text.rsplit_once('-')?;
        let partition = number.parse().ok()?;
        (!topic.is_empty()).then(|| Self { topic: topic.into(), partition })
    }

    pub fn is(&self, topic: &str, partition: i32) -> bool {
        self.partition == partition && *self.topic == *topic
    }

    pub fn at(&self, offset: i64) -> RecordAt {
        RecordAt { partition: self.clone(), offset }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// A record's place in a log, written `orders-0@79`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordAt {
    pub partition: TopicPartition,
    pub offset: i64,
}

impl RecordAt {
    pub fn new(topic: &Arc<str>, partition: i32, offset: i64) -> Self {
        TopicPartition::new(topic, partition).at(offset)
    }

    /// Reads `orders-0@79`.
    pub fn parse(text: &str) -> Option<Self> {
        let (partition, offset) = text.rsplit_once('@')?;
        Some(Self { partition: TopicPartition::parse(partition)?, offset: offset.parse().ok()? })
    }

    pub fn is(&self, topic: &str, partition: i32, offset: i64) -> bool {
        self.offset == offset && self.partition.is(topic, partition)
    }
}

impl fmt::Display for RecordAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.partition, self.offset)
    }
}
