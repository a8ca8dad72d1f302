//! DescribeCluster (KIP-700): the brokers that clients may talk to, and the controller.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::topics::{CLUSTER_OPERATIONS, text};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::describe_cluster_response::DescribeClusterBroker;
use crate::kafka::wire::message::{BrokerId, DescribeClusterRequest, DescribeClusterResponse, Str};

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl BrokerApi for DescribeClusterRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        // Before version 1 nobody could ask for anything but brokers.
        let endpoints = if context.version == 0 { BROKERS } else { self.endpoint_type };
        if endpoints != BROKERS {
            let (error, why) = if endpoints == CONTROLLERS {
                (ErrorCode::MismatchedEndpointType, "This is a broker's endpoint; a controller's was asked for.")
            } else {
                (ErrorCode::UnsupportedEndpointType, "There are no endpoints of this type.")
            };
            return reply(
                context,
                DescribeClusterResponse {
                    error_code: error.code(),
                    error_message: Some(Str::from(why)),
                    endpoint_type: BROKERS,
                    ..DescribeClusterResponse::default()
                },
            );
        }
        let brokers = broker.live_brokers().map(|broker| DescribeClusterBroker {
            broker_id: BrokerId(broker.id),
            host: text(&broker.host),
            port: broker.port,
            rack: broker.rack.as_deref().map(text),
            ..DescribeClusterBroker::default()
        });
        let mut response = DescribeClusterResponse {
            error_message: None,
            endpoint_type: BROKERS,
            cluster_id: broker.cluster_id(),
            controller_id: broker.controller_id(),
            brokers: brokers.collect(),
            ..DescribeClusterResponse::default()
        };
        if self.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        reply(context, response)
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for DescribeClusterRequest {
        fn sample(_known: &Known, version: i16, _name: &str) -> Self {
            let request = DescribeClusterRequest { include_cluster_authorized_operations: true, ..DescribeClusterRequest::default() };
            if version >= 1 { DescribeClusterRequest { endpoint_type: 1, ..request } } else { request }
        }
    }
}
