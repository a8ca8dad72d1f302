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
            return DescribeClusterResponse {
                error_code: error.code(),
                error_message: Some(Str::from(why)),
                endpoint_type: BROKERS,
                ..DescribeClusterResponse::default()
            };
        }
        let brokers = self.live_brokers().map(|broker| DescribeClusterBroker {
            broker_id: BrokerId(broker.id),
            host: text(&broker.host),
            port: broker.port,
            rack: broker.rack.as_deref().map(text),
            ..DescribeClusterBroker::default()
        });
        let mut response = DescribeClusterResponse {
            error_message: None,
            endpoint_type: BROKERS,
            cluster_id: self.cluster_id(),
            controller_id: self.controller_id(),
            brokers: brokers.collect(),
            ..DescribeClusterResponse::default()
        };
        if request.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response
    }

    pub(super) fn describe_producers(&self, request: DescribeProducersRequest) -> DescribeProducersResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|&index| {
                let answer = PartitionResponse { partition_index: index, error_message: None, ..PartitionResponse::default() };
                let partition = match self.led_partition(topic.name.as_ref(), index, -1) {
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
        DescribeProducersResponse { topics: topics.collect(), ..DescribeProducersResponse::default() }
    }
}
