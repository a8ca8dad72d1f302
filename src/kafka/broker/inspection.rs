//! What a broker shows the judge and the inspector beside its partitions: never through the protocol.

use super::{Broker, PartitionView, files};
use crate::kafka::config::BrokerConfig;
use crate::kafka::controller::METADATA_DIR;
use crate::kafka::controller::image::Image;
use crate::kafka::log::ActiveProducer;
use bytes::Bytes;
use uuid::Uuid;

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

    /// The partitions' logs on the disk, those that were set aside among them: folder, the topic that `partition.metadata` names, and the
    /// bytes of all segments.
    pub fn log_dirs(&self) -> Vec<(String, Option<Uuid>, u64)> {
        let mut found: Vec<(String, Option<Uuid>, u64)> = Vec::new();
        for path in self.disk.list("") {
            let Some((dir, file)) = path.split_once('/') else { continue };
            if files::parse_dir(dir).is_none() && !dir.ends_with("-stray") && !dir.ends_with("-delete") || dir == METADATA_DIR {
                continue;
            }
            if found.last().is_none_or(|(last, ..)| last != dir) {
                found.push((dir.to_owned(), files::read_partition_metadata(&self.disk, dir), 0));
            }
            if let Some((_, _, bytes)) = found.last_mut().filter(|_| file.ends_with(".log")) {
                *bytes += self.disk.len(path).unwrap_or(0);
            }
        }
        found
    }

    /// What holds on this broker.
    pub fn config(&self) -> &BrokerConfig {
        &self.config
    }

    /// What this node knows of the committed metadata.
    pub fn image(&self) -> &Image {
        self.controller.image()
    }

    /// The id of the topic whose logs are here under this name.
    pub fn topic_id(&self, name: &str) -> Option<Uuid> {
        self.topics.get(name).map(|topic| topic.id)
    }

    /// Whole batches of the committed metadata log from `offset` on.
    pub fn peek_metadata(&self, offset: i64, max_bytes: u32) -> Bytes {
        self.controller.peek(&self.disk, offset, max_bytes)
    }
}
