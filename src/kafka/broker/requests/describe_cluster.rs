//! DescribeCluster (KIP-700, KIP-919): the brokers that clients may talk to, and the controller; of a controller's listener, the voters.

use super::BrokerApi;
use crate::kafka::apis::Listener;
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
        let listener = broker.connections.get(context.conn).map_or(Listener::Broker, |connection| connection.listener);
        let (own, own_name) = if listener == Listener::Broker { (BROKERS, "BROKER") } else { (CONTROLLERS, "CONTROLLER") };
        // Before version 1 nobody could ask for anything but brokers.
        let asked = if context.version == 0 { BROKERS } else { self.endpoint_type };
        if asked != own {
            let other = if own == BROKERS { "CONTROLLER" } else { "BROKER" };
            let (error, why) = match asked {
                BROKERS | CONTROLLERS => {
                    let why = format!("The request was sent to an endpoint of type {own_name}, but we wanted an endpoint of type {other}");
                    (ErrorCode::MismatchedEndpointType, why)
                }
                _ => (ErrorCode::UnsupportedEndpointType, format!("Unsupported endpoint type {asked}")),
            };
            return reply(
                context,
                DescribeClusterResponse {
                    error_code: error.code(),
                    error_message: Some(Str::from(why)),
                    ..DescribeClusterResponse::default()
                },
            );
        }
        let controller_id = if own == BROKERS { broker.any_live_broker() } else { broker.controller_id() };
        let controllers = broker.options.voters.iter().map(|voter| DescribeClusterBroker {
            broker_id: BrokerId(voter.id),
            host: text(&voter.host),
            port: voter.port,
            rack: None,
            ..DescribeClusterBroker::default()
        });
        let all = broker.controller.image().brokers.values();
        let shown = all.filter(|broker| !broker.fenced || self.include_fenced_brokers);
        let brokers = shown.map(|broker| DescribeClusterBroker {
            broker_id: BrokerId(broker.id),
            host: text(&broker.host),
            port: broker.port,
            rack: broker.rack.as_deref().map(text),
            is_fenced: broker.fenced,
            ..DescribeClusterBroker::default()
        });
        let mut response = DescribeClusterResponse {
            error_message: None,
            endpoint_type: own,
            cluster_id: broker.cluster_id(),
            brokers: if own == BROKERS { brokers.collect() } else { controllers.collect() },
            controller_id,
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

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing_cluster::Cluster;
    use crate::kafka::wire::message::DescribeClusterRequest;

    #[test]
    fn fenced_brokers_are_shown_to_who_asks_for_them() {
        let mut cluster = Cluster::new(3, &[], None);
        cluster.kill(3);
        cluster.until(20_000, "the broker is fenced", |cluster| {
            cluster.nodes.values().all(|node| node.controller().image().brokers.get(&3).is_some_and(|broker| broker.fenced))
        });
        let mut shown = |include_fenced_brokers| {
            let request = DescribeClusterRequest { endpoint_type: 1, include_fenced_brokers, ..DescribeClusterRequest::default() };
            let answer = cluster.call(1, 2, request);
            answer.brokers.iter().map(|broker| (broker.broker_id.0, broker.is_fenced)).collect::<Vec<_>>()
        };
        assert_eq!(shown(false), [(1, false), (2, false)]);
        assert_eq!(shown(true), [(1, false), (2, false), (3, true)]);
    }
}
