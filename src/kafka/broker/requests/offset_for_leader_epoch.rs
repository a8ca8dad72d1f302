//! OffsetForLeaderEpoch (KIP-101): where a leader epoch ends in this log.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::time::Time;
use crate::kafka::wire::message::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use crate::kafka::wire::message::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

impl BrokerApi for OffsetForLeaderEpochRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let topics = self.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let found = broker.led_partition(topic.topic.0.as_ref(), asked.partition, asked.current_leader_epoch);
                let answer = EpochEndOffset { partition: asked.partition, ..EpochEndOffset::default() };
                match found {
                    Ok(partition) => {
                        let (epoch, end) = partition.log.end_offset_for_epoch(asked.leader_epoch);
                        EpochEndOffset { leader_epoch: epoch, end_offset: end, ..answer }
                    }
                    Err(error) => EpochEndOffset { error_code: error.code(), leader_epoch: -1, end_offset: -1, ..answer },
                }
            });
            OffsetForLeaderTopicResult { partitions: partitions.collect(), topic: topic.topic.clone() }
        });
        reply(context, OffsetForLeaderEpochResponse { topics: topics.collect(), ..OffsetForLeaderEpochResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};

    impl Sample for OffsetForLeaderEpochRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let wanted = OffsetForLeaderTopic { topic: topic(name), partitions: vec![OffsetForLeaderPartition::default()] };
            OffsetForLeaderEpochRequest { topics: vec![wanted], ..OffsetForLeaderEpochRequest::default() }
        }
    }
}
