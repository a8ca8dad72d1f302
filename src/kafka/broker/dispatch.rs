//! Frames in, frames out: decode, hand to a handler, encode. Requests of one connection are answered in their order: while one
//! is held (a fetch in the purgatory, a join in the coordinator) the connection is muted and later frames wait.

use super::controlling::is_forwarded;
use super::{Broker, ConnId, Output};
use crate::kafka::coordinator::Request as GroupRequest;
use crate::kafka::time::Time;
use crate::kafka::wire::api::{ApiRange, SUPPORTED, supported};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame::{self, FrameError, RequestFrame};
use crate::kafka::wire::message::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use crate::kafka::wire::message::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use crate::kafka::wire::message::{Message, Str};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Frames that wait behind a held request. One more closes the connection.
pub const MAX_QUEUED_FRAMES: u32 = 10_000;
/// Bytes of those frames. More closes the connection.
pub const MAX_QUEUED_BYTES: u64 = 256 << 20;
/// metadata.version of Kafka 4.1 (4.1-IV1).
pub const METADATA_VERSION: i16 = 27;

#[derive(Clone, Debug)]
pub struct Connection {
    pub peer: Arc<str>,
    /// It came to the controller listener.
    controller: bool,
    /// A request waits for its answer: later ones wait in `queue`.
    pub held: bool,
    queue: VecDeque<Bytes>,
    queued_bytes: u64,
}

impl Connection {
    pub fn new(peer: &str, controller: bool) -> Self {
        Self { peer: peer.into(), controller, held: false, queue: VecDeque::new(), queued_bytes: 0 }
    }
}

/// Where an answer goes and how it is written.
#[derive(Clone, Debug)]
pub struct Context {
    pub conn: ConnId,
    pub version: i16,
    pub correlation_id: i32,
    pub client_id: Arc<str>,
}

/// What became of a request.
#[derive(Debug)]
pub enum Reply {
    Frame(Bytes),
    /// Answered later; until then the connection is muted.
    Held,
    /// Nothing is ever answered (Produce with acks=0).
    Nothing,
    Close(String),
}

/// Encodes an answer. One that cannot be encoded in the request's version closes the connection.
pub fn reply<R: Message>(context: &Context, response: R) -> Reply {
    match frame::encode_response(context.version, context.correlation_id, response) {
        Ok(frame) => Reply::Frame(frame),
        Err(error) => Reply::Close(format!("the answer cannot be written in version {}: {error}", context.version)),
    }
}

impl Broker {
    pub(super) fn receive(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        if !connection.held {
            self.process(now, conn, frame);
            return;
        }
        connection.queued_bytes = connection.queued_bytes.saturating_add(frame.len() as u64);
        if connection.queue.len() as u64 >= u64::from(MAX_QUEUED_FRAMES) || connection.queued_bytes > MAX_QUEUED_BYTES {
            self.close(conn, "too many requests wait behind one that is held".into());
            return;
        }
        connection.queue.push_back(frame);
    }

    pub(super) fn receive_queued(&mut self, now: Time, conn: ConnId) {
        while let Some(connection) = self.connections.get_mut(&conn) {
            if connection.held {
                return;
            }
            let Some(frame) = connection.queue.pop_front() else { return };
            connection.queued_bytes = connection.queued_bytes.saturating_sub(frame.len() as u64);
            self.process(now, conn, frame);
        }
    }

    fn process(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        // Held from the start: what is answered on the way lets go of it again.
        connection.held = true;
        let reply = if connection.controller {
            self.process_controller(now, conn, frame).unwrap_or_else(|error| Reply::Close(error.to_string()))
        } else {
            match frame::decode_request(frame.clone()) {
                Ok(request) => {
                    let api = request.api;
                    self.handle(now, conn, request, frame).unwrap_or_else(|error| Reply::Close(format!("{api:?}: {error}")))
                }
                Err(error) => Reply::Close(error.to_string()),
            }
        };
        if !matches!(reply, Reply::Held)
            && let Some(connection) = self.connections.get_mut(&conn)
        {
            connection.held = false;
        }
        match reply {
            Reply::Frame(frame) => self.outputs.push_back(Output::Send { conn, frame }),
            Reply::Held | Reply::Nothing => {}
            Reply::Close(why) => self.close(conn, why),
        }
    }

    pub(super) fn close(&mut self, conn: ConnId, why: String) {
        let peer = self.connections.remove(&conn).map(|connection| connection.peer).unwrap_or_default();
        self.purgatory.remove(conn);
        self.log(format!("connection {} from {peer} closed: {why}", conn.0));
        self.outputs.push_back(Output::Close { conn, why });
    }

    /// Answers a request that was held, and lets the connection go on.
    pub(super) fn answer_held<R: Message>(&mut self, context: &Context, response: R) {
        self.answer_with(context, reply(context, response));
    }

    pub(super) fn answer_with(&mut self, context: &Context, reply: Reply) {
        let Some(connection) = self.connections.get_mut(&context.conn) else { return };
        connection.held = false;
        match reply {
            Reply::Frame(frame) => self.outputs.push_back(Output::Send { conn: context.conn, frame }),
            Reply::Close(why) => return self.close(context.conn, why),
            Reply::Held | Reply::Nothing => {}
        }
        self.ready.push_back(context.conn);
    }

    fn handle(&mut self, now: Time, conn: ConnId, request: RequestFrame, frame: Bytes) -> Result<Reply, FrameError> {
        let RequestFrame { api, version, header, body } = request;
        let client_id = header.client_id.as_ref().map_or("", |id| id.as_ref()).into();
        let context = Context { conn, version, correlation_id: header.correlation_id, client_id };
        let range = supported(api).ok_or(FrameError::UnknownApi(api as i16))?;
        if api == ApiKey::ApiVersions {
            return if (range.min..=range.max).contains(&version) {
                let response = self.api_versions(version, &decode(body, version)?);
                Ok(reply(&context, response))
            } else {
                // KIP-511: a client that is too new learns from a v0 body what it may ask.
                let error_code = ErrorCode::UnsupportedVersion.code();
                let response = ApiVersionsResponse { error_code, ..api_versions_response(SUPPORTED, 0) };
                Ok(reply(&Context { version: 0, ..context }, response))
            };
        }
        // Produce 0 to 2 are advertised for the sake of old librdkafka (KAFKA-18659), and refused.
        if !(range.min..=range.max).contains(&version) || api == ApiKey::Produce && version < 3 {
            return Err(FrameError::UnsupportedVersion { api, version, min: range.min, max: range.max });
        }
        let c = &context;
        Ok(match api {
            ApiKey::Produce => self.produce(now, c, decode(body, version)?),
            ApiKey::Fetch => self.fetch(now, c, decode(body, version)?),
            ApiKey::ListOffsets => reply(c, self.list_offsets(c, decode(body, version)?)),
            ApiKey::Metadata => reply(c, self.metadata(now, c, decode(body, version)?)),
            ApiKey::FindCoordinator => reply(c, self.find_coordinator(now, c, decode(body, version)?)),
            ApiKey::DeleteRecords => reply(c, self.delete_records(decode(body, version)?)),
            ApiKey::OffsetForLeaderEpoch => reply(c, self.offset_for_leader_epoch(decode(body, version)?)),
            ApiKey::InitProducerId => self.init_producer_id(now, context, &decode(body, version)?),
            ApiKey::DescribeConfigs => reply(c, self.describe_configs(c, decode(body, version)?)),
            ApiKey::DescribeProducers => reply(c, self.describe_producers(decode(body, version)?)),
            ApiKey::DescribeTopicPartitions => reply(c, self.describe_topic_partitions(&decode(body, version)?)),
            ApiKey::DescribeCluster => reply(c, self.describe_cluster(c, decode(body, version)?)),
            ApiKey::JoinGroup => self.group_request(now, context, GroupRequest::JoinGroup(decode(body, version)?)),
            ApiKey::SyncGroup => self.group_request(now, context, GroupRequest::SyncGroup(decode(body, version)?)),
            ApiKey::Heartbeat => self.group_request(now, context, GroupRequest::Heartbeat(decode(body, version)?)),
            ApiKey::LeaveGroup => self.group_request(now, context, GroupRequest::LeaveGroup(decode(body, version)?)),
            ApiKey::OffsetCommit => self.group_request(now, context, GroupRequest::OffsetCommit(decode(body, version)?)),
            ApiKey::OffsetFetch => self.group_request(now, context, GroupRequest::OffsetFetch(decode(body, version)?)),
            ApiKey::OffsetDelete => self.group_request(now, context, GroupRequest::OffsetDelete(decode(body, version)?)),
            ApiKey::ListGroups => self.group_request(now, context, GroupRequest::ListGroups(decode(body, version)?)),
            ApiKey::DescribeGroups => self.group_request(now, context, GroupRequest::DescribeGroups(decode(body, version)?)),
            ApiKey::DeleteGroups => self.group_request(now, context, GroupRequest::DeleteGroups(decode(body, version)?)),
            api if is_forwarded(api) => {
                if api == ApiKey::IncrementalAlterConfigs
                    && let Some(refused) = self.misdirected(&decode(body.clone(), version)?)
                {
                    return Ok(reply(c, refused));
                }
                self.forward(now, context, api, frame, body)
            }
            _ => return Err(FrameError::UnknownApi(api as i16)),
        })
    }

    fn api_versions(&self, version: i16, request: &ApiVersionsRequest) -> ApiVersionsResponse {
        let fine = |text: &str| {
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            edge(text.chars().next())
                && edge(text.chars().last())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        };
        if version >= 3 && !(fine(request.client_software_name.as_ref()) && fine(request.client_software_version.as_ref())) {
            return ApiVersionsResponse { error_code: ErrorCode::InvalidRequest.code(), ..ApiVersionsResponse::default() };
        }
        api_versions_response(SUPPORTED, version)
    }
}

pub fn decode<T: Message>(body: Bytes, version: i16) -> Result<T, FrameError> {
    frame::decode_request_body(body, version)
}

pub fn api_versions_response(table: &[ApiRange], version: i16) -> ApiVersionsResponse {
    let keys = table.iter().map(|range| ApiVersion { api_key: range.key as i16, min_version: range.min, max_version: range.max });
    let mut response = ApiVersionsResponse { api_keys: keys.collect(), ..ApiVersionsResponse::default() };
    if version >= 3 {
        // group.version and transaction.version are absent as long as KIP-848 and transactions are.
        let name = Str::from("metadata.version");
        response = ApiVersionsResponse {
            supported_features: vec![SupportedFeatureKey { name: name.clone(), min_version: 7, max_version: METADATA_VERSION }],
            finalized_features_epoch: 0,
            finalized_features: vec![FinalizedFeatureKey {
                name,
                min_version_level: METADATA_VERSION,
                max_version_level: METADATA_VERSION,
            }],
            ..response
        };
    }
    response
}
