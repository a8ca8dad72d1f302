//! DeleteRecords: a partition's log starts later from now on.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::replicas::overrides;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::config::TopicConfig;
use crate::kafka::controller::is_internal;
use crate::kafka::time::Time;
use crate::kafka::wire::message::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use crate::kafka::wire::message::{DeleteRecordsRequest, DeleteRecordsResponse};

impl BrokerApi for DeleteRecordsRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let mut topics = Vec::new();
        for topic in self.topics {
            let mut partitions = Vec::new();
            for asked in topic.partitions {
                let result = broker.delete_records_before(topic.name.0.as_ref(), asked.partition_index, asked.offset);
                let answer =
                    DeleteRecordsPartitionResult { partition_index: asked.partition_index, ..DeleteRecordsPartitionResult::default() };
                partitions.push(match result {
                    Ok(start) => DeleteRecordsPartitionResult { low_watermark: start, ..answer },
                    Err(error) => DeleteRecordsPartitionResult { error_code: error.code(), low_watermark: -1, ..answer },
                });
            }
            topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
        }
        reply(context, DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() })
    }
}

impl Broker {
    /// The new log start offset. -1 asks for everything up to the high watermark.
    fn delete_records_before(&mut self, topic: &str, index: i32, offset: i64) -> Result<i64, ErrorCode> {
        if is_internal(topic) {
            return Err(ErrorCode::InvalidTopicException);
        }
        self.led_partition(topic, index, -1)?;
        let may_delete = TopicConfig::new(&self.config, overrides(self.controller.image(), topic)).cleanup_policy.delete;
        let (_, partition) = self.topics.partition_mut(topic, index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if !may_delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let offset = if offset == -1 { partition.high_watermark } else { offset };
        if offset < 0 || offset > partition.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if offset > partition.log.start_offset() {
            partition.log.advance_start_offset(&mut self.disk, offset).map_err(|error| error.code())?;
            self.touch(topic, index);
        }
        Ok(self.topics.partition(topic, index).map_or(-1, |partition| partition.log.start_offset()))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

    impl Sample for DeleteRecordsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let wanted = DeleteRecordsTopic {
                name: topic(name),
                partitions: vec![DeleteRecordsPartition { offset: 1, ..DeleteRecordsPartition::default() }],
            };
            DeleteRecordsRequest { timeout_ms: 1000, topics: vec![wanted] }
        }
    }
}
