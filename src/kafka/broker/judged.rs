//! What a broker shows the judge beside its partitions: never through the protocol.

use super::{Broker, PartitionView};
use crate::kafka::controller::image::Image;
use bytes::Bytes;

impl Broker {
    /// One of `partitions()`.
    pub fn partition_view(&self, topic: &str, partition: i32) -> Option<PartitionView> {
        let found = self.topics.get(topic)?;
        Some(found.partitions.get(&partition)?.view(&found.name, partition))
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
