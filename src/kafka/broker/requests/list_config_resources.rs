//! ListConfigResources (KIP-1142): what has configs.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::image::{BROKER_LOGGER_RESOURCE, BROKER_RESOURCE, CLIENT_METRICS_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE};
use crate::kafka::time::Time;
use crate::kafka::wire::message::list_config_resources_response::ConfigResource;
use crate::kafka::wire::message::{ListConfigResourcesRequest, ListConfigResourcesResponse, Str};

/// In the order in which 4.1.1 lists them.
const KINDS: [i8; 5] = [GROUP_RESOURCE, CLIENT_METRICS_RESOURCE, BROKER_LOGGER_RESOURCE, BROKER_RESOURCE, TOPIC_RESOURCE];

impl BrokerApi for ListConfigResourcesRequest {
    /// UNSUPPORTED_VERSION for a type that cannot be listed. Before version 1 client metrics are listed, and there are none.
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let asked = if context.version == 0 { vec![CLIENT_METRICS_RESOURCE] } else { self.resource_types };
        if asked.iter().any(|kind| !KINDS.contains(kind)) {
            let error_code = ErrorCode::UnsupportedVersion.code();
            return reply(context, ListConfigResourcesResponse { error_code, ..ListConfigResourcesResponse::default() });
        }
        let image = broker.controller.image();
        let brokers = || broker.live_brokers().map(|broker| Str::from(broker.id.to_string())).collect::<Vec<_>>();
        let mut config_resources = Vec::new();
        for kind in KINDS.into_iter().filter(|kind| asked.is_empty() || asked.contains(kind)) {
            let names: Vec<Str> = match kind {
                GROUP_RESOURCE => image.group_configs.keys().map(|group| Str::from(group.as_str())).collect(),
                BROKER_LOGGER_RESOURCE | BROKER_RESOURCE => brokers(),
                TOPIC_RESOURCE => image.topics.keys().cloned().collect(),
                _ => Vec::new(),
            };
            config_resources.extend(names.into_iter().map(|resource_name| ConfigResource { resource_name, resource_type: kind }));
        }
        reply(context, ListConfigResourcesResponse { config_resources, ..ListConfigResourcesResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for ListConfigResourcesRequest {
        fn sample(_known: &Known, version: i16, _name: &str) -> Self {
            Self { resource_types: if version >= 1 { vec![2, 4, 32] } else { Vec::new() } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::samples::*;

    #[test]
    fn brokers_and_topics_are_listed_after_their_loggers() {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        let mut told = |version: i16, resource_types: Vec<i8>| {
            let answer = test.call(conn, version, ListConfigResourcesRequest { resource_types });
            let found = answer.config_resources.iter().map(|one| (one.resource_type, one.resource_name.to_string())).collect::<Vec<_>>();
            (answer.error_code, found)
        };
        let (logger, broker) = ((8, "1".to_owned()), (4, "1".to_owned()));
        assert_eq!(told(1, vec![]), (0, vec![logger, broker.clone()]));
        assert_eq!((told(1, vec![4, 2]), told(1, vec![32]), told(0, vec![])), ((0, vec![broker]), (0, vec![]), (0, vec![])));
        assert_eq!(told(1, vec![99]), (35, vec![]));
    }
}
