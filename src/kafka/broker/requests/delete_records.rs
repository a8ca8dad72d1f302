//! DeleteRecords: a partition's log starts later from now on. The answer waits until all its replicas start there, as far as their brokers
//! are alive.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::held::{Held, Wait};
use crate::kafka::broker::replicas::overrides;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::config::TopicConfig;
use crate::kafka::controller::is_internal;
use crate::kafka::time::Time;
use crate::kafka::wire::message::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use crate::kafka::wire::message::{DeleteRecordsRequest, DeleteRecordsResponse};

/// A deletion that the leaders have made, and until when it may wait for the other replicas.
#[derive(Clone, Debug)]
pub struct HeldDeletion {
    pub context: Context,
    pub until: Time,
    topics: Vec<DeleteRecordsTopicResult>,
    pub waits: Vec<Wait>,
}

/// What a leader has deleted.
struct Deleted {
    /// Its log starts there now, or did later already.
    before: i64,
    low_watermark: i64,
}

impl BrokerApi for DeleteRecordsRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        let (mut topics, mut waits) = (Vec::new(), Vec::new());
        for topic in self.topics {
            let name = topic.name.0.as_ref();
            let mut partitions = Vec::new();
            for asked in topic.partitions {
                let index = asked.partition_index;
                let (low_watermark, error) = match broker.delete_records_before(name, index, asked.offset) {
                    Ok(Deleted { before, low_watermark }) => {
                        if low_watermark < before {
                            waits.push(Wait {
                                topic: topics.len(),
                                at: partitions.len(),
                                name: name.into(),
                                partition: index,
                                offset: before,
                            });
                        }
                        (low_watermark, ErrorCode::None)
                    }
                    Err(error) => (-1, error),
                };
                partitions.push(DeleteRecordsPartitionResult {
                    partition_index: index,
                    low_watermark,
                    error_code: error.code(),
                    ..Default::default()
                });
            }
            topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
        }
        let until = now.plus_millis(i64::from(self.timeout_ms.max(0)));
        let held = HeldDeletion { context: context.clone(), until, topics, waits };
        if broker.deletion_is_due(&held) {
            return reply(context, broker.finish_deletion(held));
        }
        broker.purgatory.hold(Held::DeleteRecords(held));
        Reply::Held
    }
}

impl Broker {
    /// -1 asks for everything up to the high watermark.
    fn delete_records_before(&mut self, topic: &str, index: i32, offset: i64) -> Result<Deleted, ErrorCode> {
        if is_internal(topic) {
            return Err(ErrorCode::InvalidTopicException);
        }
        self.led_partition(topic, index, -1)?;
        let may_delete = TopicConfig::new(&self.config, overrides(self.controller.image(), topic)).cleanup_policy.delete;
        let (_, partition) = self.topics.partition_mut(topic, index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if !may_delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let before = if offset == -1 { partition.high_watermark } else { offset };
        if before < 0 || before > partition.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let later = before > partition.log.start_offset();
        if later {
            partition.log.advance_start_offset(&mut self.disk, before).map_err(|error| error.code())?;
        }
        let low_watermark = partition.low_watermark(self.controller.image());
        if later {
            self.touch(topic, index);
        }
        Ok(Deleted { before, low_watermark })
    }

    /// What became of a deletion that waits for replicas: the low watermark, or an error; `None`: it still waits.
    fn deleted_everywhere(&self, wait: &Wait) -> Option<Result<i64, ErrorCode>> {
        let Some(partition) = self.topics.partition(&wait.name, wait.partition) else {
            return Some(Err(ErrorCode::UnknownTopicOrPartition));
        };
        if partition.leading.is_none() {
            return Some(Err(ErrorCode::NotLeaderOrFollower));
        }
        let low_watermark = partition.low_watermark(self.controller.image());
        (low_watermark >= wait.offset).then_some(Ok(low_watermark))
    }

    /// Nothing of it waits any more.
    pub(in crate::kafka::broker) fn deletion_is_due(&self, held: &HeldDeletion) -> bool {
        held.waits.iter().all(|wait| self.deleted_everywhere(wait).is_some())
    }

    /// The answer. Where replicas have not followed yet it has timed out, and says what the low watermark was at first.
    pub(in crate::kafka::broker) fn finish_deletion(&self, held: HeldDeletion) -> DeleteRecordsResponse {
        let HeldDeletion { mut topics, waits, .. } = held;
        for wait in waits {
            let Some(answer) = topics.get_mut(wait.topic).and_then(|topic| topic.partitions.get_mut(wait.at)) else { continue };
            match self.deleted_everywhere(&wait) {
                Some(Ok(low_watermark)) => answer.low_watermark = low_watermark,
                Some(Err(error)) => (answer.low_watermark, answer.error_code) = (-1, error.code()),
                None => answer.error_code = ErrorCode::RequestTimedOut.code(),
            }
        }
        DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() }
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
