//! DescribeProducers (KIP-664): what a partition's leader knows of idempotent producers.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::controller::check_name;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use crate::kafka::wire::message::{DescribeProducersRequest, DescribeProducersResponse, Str};

impl BrokerApi for DescribeProducersRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let topics = self.topics.into_iter().map(|topic| {
            let refused = broker.no_such_topic(topic.name.as_ref());
            let partitions = topic.partition_indexes.iter().map(|&index| {
                let answer = PartitionResponse { partition_index: index, error_message: None, ..PartitionResponse::default() };
                if let Some((error, message)) = &refused {
                    return PartitionResponse { error_code: error.code(), error_message: Some(Str::from(message.as_str())), ..answer };
                }
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

impl Broker {
    /// What is told of a topic whose name is none, or that is not there. An error of one of its partitions has no words.
    fn no_such_topic(&self, name: &str) -> Option<(ErrorCode, String)> {
        if let Err(why) = check_name(name) {
            return Some((ErrorCode::InvalidTopicException, format!("Topic name is invalid: {why}")));
        }
        let unknown = !self.controller.image().topics.contains_key(name);
        unknown.then(|| (ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.".to_owned()))
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::wire::message::TopicName;
    use crate::kafka::wire::message::describe_producers_request::TopicRequest;

    #[test]
    fn a_topic_that_is_not_there_is_told_with_kafkas_words() {
        let mut test = TestBroker::new(&[]);
        test.advance(20_000);
        let conn = test.connect();
        let topics = ["nothing", "a/b"].map(|name| TopicRequest { name: TopicName(name.into()), partition_indexes: vec![0] }).into();
        let answer = test.call(conn, 0, DescribeProducersRequest { topics });
        let told = answer.topics.iter().map(|topic| &topic.partitions[0]);
        let told: Vec<_> = told.map(|it| (it.error_code, it.error_message.as_deref())).collect();
        let invalid = "Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
        assert_eq!(told, [(3, Some("This server does not host this topic-partition.")), (17, Some(invalid))]);
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
