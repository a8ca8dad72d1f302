//! DescribeCluster and DescribeProducers.

use super::dispatch::Context;
use super::metadata::{CLUSTER_OPERATIONS, text};
use super::{Broker, ErrorCode};
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::describe_cluster_response::DescribeClusterBroker;
use crate::kafka::wire::message::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use crate::kafka::wire::message::{
    BrokerId, DescribeClusterRequest, DescribeClusterResponse, DescribeProducersRequest, DescribeProducersResponse,
};

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Broker {
    pub(super) fn describe_cluster(&self, context: &Context, request: DescribeClusterRequest) -> DescribeClusterResponse {
        // Before version 1 nobody could ask for anything but brokers.
        let endpoints = if context.version == 0 { BROKERS } else { request.endpoint_type };
        if endpoints != BROKERS {
            let (error, why) = if endpoints == CONTROLLERS {
                (ErrorCode::MismatchedEndpointType, "This is a broker's endpoint; a controller's was asked for.")
            } else {
                (ErrorCode::UnsupportedEndpointType, "There are no endpoints of this type.")
            };
            return DescribeClusterResponse::default()
                .with_error_code(error.code())
                .with_error_message(Some(Str::from(why)))
                .with_endpoint_type(BROKERS);
        }
        let brokers = self.live_brokers().map(|broker| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(broker.id))
                .with_host(text(&broker.host))
                .with_port(broker.port)
                .with_rack(broker.rack.as_deref().map(text))
        });
        let mut response = DescribeClusterResponse::default()
            .with_error_message(None)
            .with_endpoint_type(BROKERS)
            .with_cluster_id(self.cluster_id())
            .with_controller_id(self.controller_id())
            .with_brokers(brokers.collect());
        if request.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response
    }

    pub(super) fn describe_producers(&self, request: DescribeProducersRequest) -> DescribeProducersResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|&index| {
                let answer = PartitionResponse::default().with_partition_index(index).with_error_message(None);
                let partition = match self.led_partition(topic.name.as_ref(), index, -1) {
                    Ok(partition) => partition,
                    Err(error) => return answer.with_error_code(error.code()),
                };
                let producers = partition.log.active_producers().map(|producer| {
                    ProducerState::default()
                        .with_producer_id(producer.producer_id.into())
                        .with_producer_epoch(i32::from(producer.epoch))
                        .with_last_sequence(producer.last_sequence)
                        .with_last_timestamp(producer.last_timestamp)
                        .with_coordinator_epoch(producer.coordinator_epoch)
                        .with_current_txn_start_offset(producer.current_txn_start_offset)
                });
                answer.with_active_producers(producers.collect())
            });
            TopicResponse::default().with_partitions(partitions.collect()).with_name(topic.name.clone())
        });
        DescribeProducersResponse::default().with_topics(topics.collect())
    }
}
