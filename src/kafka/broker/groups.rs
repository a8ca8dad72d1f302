//! The way to the group coordinator and back: requests wait under a token, what the coordinator wants remembered is appended to
//! `__consumer_offsets`.

use super::dispatch::{Context, Reply};
use super::isr::Commit;
use super::metadata::text;
use super::topics::OFFSETS_TOPIC;
use super::{Broker, BrokerEvent, ErrorCode, Origin};
use crate::kafka::controller::image::BrokerImage;
use crate::kafka::coordinator::{Caller, Output, Request, Response, Token};
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{Batch, batches};
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::find_coordinator_response::Coordinator;
use crate::kafka::wire::message::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use crate::kafka::wire::murmur2::coordinator_partition;

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const UNAVAILABLE: &str = "The coordinator is not available.";
/// Kafka's sentence for INVALID_REQUEST.
const MALFORMED: &str = "This most likely occurs because of a request being malformed by the client library or the message was sent to an \
                         incompatible broker. See the broker logs for more details.";
/// Bytes of `__consumer_offsets` that are read at a time.
const LOAD_BYTES: u32 = 5 << 20;

impl Broker {
    pub(super) fn group_request(&mut self, now: Time, context: Context, request: Request) -> Reply {
        let token = Token(self.next_token);
        self.next_token += 1;
        let host = self.connections.get(&context.conn).map(|connection| connection.peer.clone()).unwrap_or_default();
        let caller = Caller { client_id: context.client_id.clone(), host, version: context.version };
        self.waiting.insert(token, context);
        let image = self.controller.image();
        self.groups.handle_request(now, token, caller, request, &|topic, partition| image.partition(topic, partition).is_some());
        Reply::Held
    }

    pub(super) fn handle_group_output(&mut self, now: Time, output: Output) {
        match output {
            Output::Respond { token, response } => {
                let Some(context) = self.waiting.remove(&token) else { return };
                match response {
                    Response::JoinGroup(response) => self.answer_held(&context, response),
                    Response::SyncGroup(response) => self.answer_held(&context, response),
                    Response::Heartbeat(response) => self.answer_held(&context, response),
                    Response::LeaveGroup(response) => self.answer_held(&context, response),
                    Response::OffsetCommit(response) => self.answer_held(&context, response),
                    Response::OffsetFetch(response) => self.answer_held(&context, response),
                    Response::OffsetDelete(response) => self.answer_held(&context, response),
                    Response::ListGroups(response) => self.answer_held(&context, response),
                    Response::DescribeGroups(response) => self.answer_held(&context, response),
                    Response::DeleteGroups(response) => self.answer_held(&context, response),
                }
            }
            Output::Append { append_id, partition, batch } => match self.append(now, OFFSETS_TOPIC, partition, &batch, Origin::Coordinator)
            {
                Ok(appended) => {
                    let end = appended.last_offset.saturating_add(1);
                    let passed = self.topics.partition(OFFSETS_TOPIC, partition).is_some_and(|it| it.high_watermark >= end);
                    if passed {
                        self.groups.handle_committed(now, append_id);
                    } else {
                        let until = now.plus_millis(self.config.long("offsets.commit.timeout.ms"));
                        self.commits.push(Commit { partition, end, append_id, until });
                    }
                }
                Err(error) => {
                    self.log(format!("{OFFSETS_TOPIC}-{partition}: the coordinator's records are refused: {error}"));
                    self.groups.handle_append_failed(now, append_id, error.code());
                }
            },
            Output::Event(event) => self.event(BrokerEvent::Group(event)),
        }
    }

    /// The coordinator of a group is the leader of its partition of `__consumer_offsets`, which is made with the first question.
    pub(super) fn find_coordinator(&mut self, now: Time, context: &Context, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
        let many = context.version >= 4;
        if request.key_type == GROUP && !self.controller.image().topics.contains_key(OFFSETS_TOPIC) {
            self.create_offsets_topic(now);
        }
        let keys = if many { request.coordinator_keys } else { vec![request.key] };
        let found = keys.into_iter().map(|key| {
            let coordinator = Coordinator { node_id: BrokerId(-1), port: -1, ..Coordinator::default() };
            let (error, message) = match request.key_type {
                GROUP => {
                    if let Some(broker) = self.coordinator_of(key.as_ref()) {
                        // As observed: an empty message from the version with many keys on.
                        return Coordinator {
                            key,
                            node_id: BrokerId(broker.id),
                            host: text(&broker.host),
                            port: broker.port,
                            error_message: many.then(Str::default),
                            ..coordinator
                        };
                    }
                    (ErrorCode::CoordinatorNotAvailable, UNAVAILABLE)
                }
                // There are no transactions yet.
                TRANSACTION => (ErrorCode::CoordinatorNotAvailable, UNAVAILABLE),
                _ => (ErrorCode::InvalidRequest, MALFORMED),
            };
            Coordinator { key, error_code: error.code(), error_message: Some(Str::from(message)), ..coordinator }
        });
        if many {
            return FindCoordinatorResponse { coordinators: found.collect(), ..FindCoordinatorResponse::default() };
        }
        let mut found = found;
        let found = found.next().unwrap_or_default();
        FindCoordinatorResponse {
            error_code: found.error_code,
            error_message: found.error_message,
            node_id: found.node_id,
            host: found.host,
            port: found.port,
            ..FindCoordinatorResponse::default()
        }
    }

    fn coordinator_of(&self, group: &str) -> Option<&BrokerImage> {
        let image = self.controller.image();
        let count = i32::try_from(image.topics.get(OFFSETS_TOPIC)?.partitions.len()).ok()?;
        let leader = image.partition(OFFSETS_TOPIC, coordinator_partition(group, count))?.leader;
        image.brokers.get(&leader).filter(|broker| !broker.fenced)
    }

    /// Leads a partition of `__consumer_offsets` from now on: its batches make its groups anew.
    pub(super) fn load_groups(&mut self, now: Time, index: i32) {
        let Some(partition) = self.topics.partition(OFFSETS_TOPIC, index) else { return };
        let log = &partition.log;
        let mut found: Vec<Batch> = Vec::new();
        let mut offset = log.start_offset();
        let mut stuck = None;
        while offset < log.end_offset() {
            let bytes = log.read(&self.disk, offset, log.end_offset(), LOAD_BYTES, true).unwrap_or_default();
            let next = batches(bytes).map_while(Result::ok).map(|batch| {
                let next = batch.last_offset().saturating_add(1);
                found.push(batch);
                next
            });
            match next.last() {
                Some(next) if next > offset => offset = next,
                _ => {
                    stuck = Some(offset);
                    break;
                }
            }
        }
        if let Some(offset) = stuck {
            self.log(format!("{OFFSETS_TOPIC}-{index} cannot be read from offset {offset} on"));
        }
        self.groups.handle_elected(now, index, found.into_iter());
    }
}
