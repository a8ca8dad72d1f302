//! The way to the group coordinator and back: requests wait under a token, what the coordinator wants remembered is appended to
//! `__consumer_offsets`.

use super::dispatch::{Context, Reply};
use super::topics::OFFSETS_TOPIC;
use super::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::coordinator::{Caller, Output, Request, Response, Token};
use crate::kafka::time::Time;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

impl Broker {
    pub(super) fn group_request(&mut self, now: Time, context: Context, request: Request) -> Reply {
        let token = Token(self.next_token);
        self.next_token += 1;
        let host = self.connections.get(&context.conn).map(|connection| connection.peer.clone()).unwrap_or_default();
        let caller = Caller { client_id: context.client_id.clone(), host, version: context.version };
        self.waiting.insert(token, context);
        let topics = &self.topics;
        self.groups.handle_request(now, token, caller, request, &|topic, partition| topics.partition(topic, partition).is_some());
        Reply::Held
    }

    pub(super) fn handle_group_output(&mut self, now: Time, output: Output) {
        match output {
            Output::Respond { token, response } => {
                let Some(context) = self.waiting.remove(&token) else { return };
                match response {
                    Response::JoinGroup(response) => self.answer_held(&context, &response),
                    Response::SyncGroup(response) => self.answer_held(&context, &response),
                    Response::Heartbeat(response) => self.answer_held(&context, &response),
                    Response::LeaveGroup(response) => self.answer_held(&context, &response),
                    Response::OffsetCommit(response) => self.answer_held(&context, &response),
                    Response::OffsetFetch(response) => self.answer_held(&context, &response),
                    Response::OffsetDelete(response) => self.answer_held(&context, &response),
                    Response::ListGroups(response) => self.answer_held(&context, &response),
                    Response::DescribeGroups(response) => self.answer_held(&context, &response),
                    Response::DeleteGroups(response) => self.answer_held(&context, &response),
                }
            }
            Output::Append { append_id, partition, batch } => match self.append(now, OFFSETS_TOPIC, partition, &batch, false) {
                // With one replica the high watermark has passed the batch as soon as it is appended.
                Ok(_) => self.groups.handle_committed(now, append_id),
                Err(error) => {
                    self.log(format!("{OFFSETS_TOPIC}-{partition}: the coordinator's records are refused: {error}"));
                    self.groups.handle_append_failed(now, append_id, error.code());
                }
            },
            Output::Event(event) => self.event(BrokerEvent::Group(event)),
        }
    }

    /// This broker is the coordinator of every group. The topic behind it is made with the first question, with one replica for
    /// each broker at most, where Kafka would refuse until `offsets.topic.replication.factor` brokers are there.
    pub(super) fn find_coordinator(&mut self, now: Time, context: &Context, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
        let error = match request.key_type {
            GROUP => match self.create_offsets_topic(now) {
                Ok(()) => ErrorCode::None,
                Err((_, why)) => {
                    self.log(format!("{OFFSETS_TOPIC} could not be created: {why}"));
                    ErrorCode::CoordinatorNotAvailable
                }
            },
            // There are no transactions yet.
            TRANSACTION => ErrorCode::CoordinatorNotAvailable,
            _ => ErrorCode::InvalidRequest,
        };
        let found = !error.is_error();
        let node = BrokerId(if found { self.options.node_id } else { -1 });
        let host = if found { self.host() } else { StrBytes::default() };
        let port = if found { self.options.port } else { -1 };
        let message = match error {
            // As observed: an empty message from the version with many keys on.
            ErrorCode::None => (context.version >= 4).then(StrBytes::default),
            ErrorCode::InvalidRequest => Some(StrBytes::from_string(format!("{} is not a type of coordinator.", request.key_type))),
            _ => Some(StrBytes::from_static_str("The coordinator is not available.")),
        };
        if context.version >= 4 {
            let coordinators = request.coordinator_keys.into_iter().map(|key| {
                Coordinator::default()
                    .with_key(key)
                    .with_node_id(node)
                    .with_host(host.clone())
                    .with_port(port)
                    .with_error_code(error.code())
                    .with_error_message(message.clone())
            });
            return FindCoordinatorResponse::default().with_coordinators(coordinators.collect());
        }
        FindCoordinatorResponse::default()
            .with_error_code(error.code())
            .with_error_message(message)
            .with_node_id(node)
            .with_host(host)
            .with_port(port)
    }
}
