//! DescribeProducers (KIP-664): what a partition's leader knows of idempotent producers.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::time::Time;
use crate::kafka::wire::message::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use crate::kafka::wire::message::{DescribeProducersRequest, DescribeProducersResponse};

impl BrokerApi for DescribeProducersRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let topics = self.topics.into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|&index| {
                let answer = PartitionResponse { partition_index: index, error_message: None, ..PartitionResponse::default() };
                let partition = match broker.led_partition(topic.name.as_ref(), index, -1) {
                    Ok(partition) => partition,
                    Err(error) => return PartitionResponse { error_code: error.code(), ..answer },
                };
                let producers = partition.log.active_producers().map(|producer| ProducerState {
                    producer_id: producer.producer_id.into(),
                    producer_epoch: i32::from(producer.epoch),
                    last_sequence: producer.last_sequence,
                    last_timestamp: producer.last_timestamp,
                    coordinator_epoch: producer.coordinator_epoch,
                    current_txn_start_offset: producer.current_txn_start_offset,
                });
                PartitionResponse { active_producers: producers.collect(), ..answer }
            });
            TopicResponse { partitions: partitions.collect(), name: topic.name.clone() }
        });
        reply(context, DescribeProducersResponse { topics: topics.collect(), ..DescribeProducersResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::describe_producers_request::TopicRequest;

    impl Sample for DescribeProducersRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let wanted = TopicRequest { name: topic(name), partition_indexes: vec![0, 9] };
            DescribeProducersRequest { topics: vec![wanted] }
        }
    }
}
