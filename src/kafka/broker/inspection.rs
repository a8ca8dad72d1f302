//! What a broker shows the judge and the inspector beside its partitions: never through the protocol.

use super::{Broker, PartitionView};
use crate::kafka::config::BrokerConfig;
use crate::kafka::controller::image::Image;
use crate::kafka::log::ActiveProducer;
use bytes::Bytes;

impl Broker {
    /// One of `partitions()`.
    pub fn partition_view(&self, topic: &str, partition: i32) -> Option<PartitionView> {
        let found = self.topics.get(topic)?;
        Some(found.partitions.get(&partition)?.view(&found.name, partition))
    }

    /// What the partition's log knows of idempotent producers.
    pub fn producers_of(&self, topic: &str, partition: i32) -> Vec<ActiveProducer> {
        self.topics.partition(topic, partition).map(|found| found.log.active_producers().collect()).unwrap_or_default()
    }

    /// What holds on this broker.
    pub fn config(&self) -> &BrokerConfig {
        &self.config
    }

    /// What this node knows of the committed metadata.
    pub fn image(&self) -> &Image {
        self.controller.image()
    }

    /// Whole batches of the committed metadata log from `offset` on.
    pub fn peek_metadata(&self, offset: i64, max_bytes: u32) -> Bytes {
        self.controller.peek(&self.disk, offset, max_bytes)
    }
}
