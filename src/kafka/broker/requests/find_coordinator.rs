//! FindCoordinator: the broker that coordinates a group or a transactional id.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::topic_creation::{OFFSETS_TOPIC, TRANSACTIONS_TOPIC};
use crate::kafka::broker::topics::text;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::image::BrokerImage;
use crate::kafka::time::Time;
use crate::kafka::wire::message::find_coordinator_response::Coordinator;
use crate::kafka::wire::message::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, Str};
use crate::kafka::wire::murmur2::coordinator_partition;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const UNAVAILABLE: &str = "The coordinator is not available.";
/// Kafka's sentence for INVALID_REQUEST.
pub(super) const MALFORMED: &str = "This most likely occurs because of a request being malformed by the client library or the message was sent to an \
                         incompatible broker. See the broker logs for more details.";

impl BrokerApi for FindCoordinatorRequest {
    /// The coordinator is the leader of the id's partition of `__consumer_offsets` or `__transaction_state`, which is made with the first
    /// question.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        let many = context.version >= 4;
        let topic = match self.key_type {
            GROUP => {
                broker.create_offsets_topic(now);
                Some(OFFSETS_TOPIC)
            }
            TRANSACTION => {
                broker.create_transactions_topic(now);
                Some(TRANSACTIONS_TOPIC)
            }
            _ => None,
        };
        let keys = if many { self.coordinator_keys } else { vec![self.key] };
        let found = keys.into_iter().map(|key| {
            let coordinator = Coordinator { node_id: BrokerId(-1), port: -1, ..Coordinator::default() };
            let (error, message) = match topic {
                Some(topic) => {
                    if let Some(broker) = broker.coordinator_of(topic, key.as_ref()) {
                        // As observed: an empty message from the version with many keys on, and the error's name before.
                        return Coordinator {
                            key,
                            node_id: BrokerId(broker.id),
                            host: text(&broker.host),
                            port: broker.port,
                            error_message: Some(if many { Str::default() } else { Str::from("NONE") }),
                            ..coordinator
                        };
                    }
                    (ErrorCode::CoordinatorNotAvailable, UNAVAILABLE)
                }
                None => (ErrorCode::InvalidRequest, MALFORMED),
            };
            Coordinator { key, error_code: error.code(), error_message: Some(Str::from(message)), ..coordinator }
        });
        if many {
            let response = FindCoordinatorResponse { coordinators: found.collect(), ..FindCoordinatorResponse::default() };
            return reply(context, response);
        }
        let mut found = found;
        let found = found.next().unwrap_or_default();
        reply(
            context,
            FindCoordinatorResponse {
                error_code: found.error_code,
                error_message: found.error_message,
                node_id: found.node_id,
                host: found.host,
                port: found.port,
                ..FindCoordinatorResponse::default()
            },
        )
    }
}

impl Broker {
    /// The broker that coordinates the id, by the coordinators' topic.
    pub(in crate::kafka::broker) fn coordinator_of(&self, topic: &str, id: &str) -> Option<&BrokerImage> {
        let image = self.controller.image();
        let count = i32::try_from(image.topics.get(topic)?.partitions.len()).ok()?;
        let leader = image.partition(topic, coordinator_partition(id, count))?.leader;
        image.brokers.get(&leader).filter(|broker| !broker.fenced)
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for FindCoordinatorRequest {
        fn sample(_known: &Known, version: i16, _name: &str) -> Self {
            let request = FindCoordinatorRequest::default();
            if version >= 4 {
                FindCoordinatorRequest { coordinator_keys: vec![text("billing")], ..request }
            } else {
                FindCoordinatorRequest { key: text("billing"), ..request }
            }
        }
    }
}
