//! DescribeCluster.

use super::dispatch::Context;
use super::metadata::CLUSTER_OPERATIONS;
use super::{Broker, ErrorCode};
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};
use kafka_protocol::protocol::StrBytes;

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
                .with_error_message(Some(StrBytes::from_static_str(why)))
                .with_endpoint_type(BROKERS);
        }
        let node = BrokerId(self.options.node_id);
        let broker = DescribeClusterBroker::default()
            .with_broker_id(node)
            .with_host(self.host())
            .with_port(self.options.port)
            .with_rack(self.rack());
        let mut response = DescribeClusterResponse::default()
            .with_error_message(None)
            .with_endpoint_type(BROKERS)
            .with_cluster_id(self.cluster_id())
            .with_controller_id(node)
            .with_brokers(vec![broker]);
        if request.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response
    }
}
