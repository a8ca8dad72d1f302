//! The way to the controller and back: to the one in this process while it is active, else over a connection to the one that is.
//! Clients' requests that only a controller can answer go there in an Envelope (KIP-590).

use super::dispatch::{Context, Reply, api_versions_response, decode, reply};
use super::peers::{Message, Mine, QUORUM_REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS, Tag};
use super::{Broker, BrokerEvent, ConnId, ErrorCode};
use crate::kafka::client::net::{Node, Outcome};
use crate::kafka::controller::{Answer, Ask, Output, Request, Response};
use crate::kafka::coordinator::Token;
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::api::{self, CONTROLLER};
use crate::kafka::wire::frame::{self, FrameError, RequestFrame};
use crate::kafka::wire::message::{ApiKey, EnvelopeRequest, EnvelopeResponse};
use bytes::Bytes;

/// `retry.backoff.ms` of a request that is forwarded.
const FORWARD_BACKOFF_MS: i64 = 100;

/// Who waits for an answer of the controller in this process.
#[derive(Clone, Debug)]
pub enum Asker {
    /// A connection, of either listener.
    Connection(Context),
    /// A client of another broker: the envelope's context, and the client's own.
    Envelope(Context, Context),
    Mine(Mine),
}

/// A client's request that is to reach the active controller.
#[derive(Clone, Debug)]
pub struct Forward {
    context: Context,
    api: ApiKey,
    /// The whole frame, and its body.
    frame: Bytes,
    body: Bytes,
    until: Time,
}

/// The APIs that a broker hands on.
pub fn is_forwarded(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::CreateTopics
            | ApiKey::DeleteTopics
            | ApiKey::CreatePartitions
            | ApiKey::IncrementalAlterConfigs
            | ApiKey::ElectLeaders
            | ApiKey::AlterPartitionReassignments
            | ApiKey::ListPartitionReassignments
            | ApiKey::DescribeQuorum
    )
}

fn read(api: ApiKey, version: i16, body: Bytes) -> Result<Request, FrameError> {
    macro_rules! read {
        ($($api:ident)*) => {
            match api {
                $(ApiKey::$api => Request::$api(decode(body, version)?),)*
                _ => return Err(FrameError::UnknownApi(api as i16)),
            }
        };
    }
    Ok(read!(Vote BeginQuorumEpoch EndQuorumEpoch Fetch DescribeQuorum BrokerRegistration BrokerHeartbeat UnregisterBroker AlterPartition
        AllocateProducerIds CreateTopics DeleteTopics CreatePartitions IncrementalAlterConfigs ElectLeaders AlterPartitionReassignments
        ListPartitionReassignments))
}

fn write(context: &Context, response: Response) -> Reply {
    macro_rules! write {
        ($($api:ident)*) => {
            match response {
                $(Response::$api(response) => reply(context, response),)*
            }
        };
    }
    write!(Vote BeginQuorumEpoch EndQuorumEpoch Fetch DescribeQuorum BrokerRegistration BrokerHeartbeat UnregisterBroker AlterPartition
        AllocateProducerIds CreateTopics DeleteTopics CreatePartitions IncrementalAlterConfigs ElectLeaders AlterPartitionReassignments
        ListPartitionReassignments)
}

impl Broker {
    /// Whether the controller of this process leads the quorum.
    pub(super) fn is_active(&self) -> bool {
        self.controller.is_active()
    }

    /// The active controller, where it is another node.
    fn active_elsewhere(&self) -> Option<i32> {
        self.controller.quorum().leader.filter(|id| *id != self.options.node_id)
    }

    fn ask_local(&mut self, now: Time, asker: Asker, version: i16, request: Request) {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.asked.insert(token, asker);
        self.controller.handle_request(now, &mut self.disk, token, version, request);
    }

    /// A request of this broker's own. The answer, or that there is none, comes to `mine_done`.
    pub(super) fn ask_controller(&mut self, now: Time, mine: Mine, request: Request) {
        if self.is_active() {
            let version = match mine {
                Mine::Register => 4,
                Mine::Heartbeat => 1,
                Mine::AlterPartition => 3,
                Mine::ProducerIds => 0,
                Mine::CreateTopic(_) => 7,
            };
            self.ask_local(now, Asker::Mine(mine), version, request);
        } else if let Some(leader) = self.active_elsewhere() {
            let timeout = match mine {
                // As long as a session, half of it.
                Mine::Heartbeat | Mine::Register => self.config.long("broker.session.timeout.ms") / 2,
                _ => QUORUM_REQUEST_TIMEOUT_MS,
            };
            self.peers.ask(now, Node::Controller(leader), Message::Plain(Box::new(request)), Tag::Mine(mine), timeout.max(1));
        } else {
            self.mine_done(now, mine, None);
        }
    }

    pub(super) fn mine_answered(&mut self, now: Time, mine: Mine, outcome: Outcome) {
        let response = match outcome {
            Outcome::Lost => None,
            Outcome::Body { version, body } => match mine {
                Mine::Register => frame::decode_body(body, version).ok().map(Response::BrokerRegistration),
                Mine::Heartbeat => frame::decode_body(body, version).ok().map(Response::BrokerHeartbeat),
                Mine::AlterPartition => frame::decode_body(body, version).ok().map(Response::AlterPartition),
                Mine::ProducerIds => frame::decode_body(body, version).ok().map(Response::AllocateProducerIds),
                Mine::CreateTopic(_) => frame::decode_body(body, version).ok().map(Response::CreateTopics),
            },
        };
        self.mine_done(now, mine, response);
    }

    fn mine_done(&mut self, now: Time, mine: Mine, response: Option<Response>) {
        match (mine, response) {
            (Mine::Register, Some(Response::BrokerRegistration(response))) => self.registered(now, Some(response)),
            (Mine::Register, _) => self.registered(now, None),
            (Mine::Heartbeat, Some(Response::BrokerHeartbeat(response))) => self.heartbeat_answered(now, Some(response)),
            (Mine::Heartbeat, _) => self.heartbeat_answered(now, None),
            (Mine::AlterPartition, Some(Response::AlterPartition(response))) => self.altered(now, Some(response)),
            (Mine::AlterPartition, _) => self.altered(now, None),
            (Mine::ProducerIds, Some(Response::AllocateProducerIds(response))) => self.producer_ids_came(Some(response)),
            (Mine::ProducerIds, _) => self.producer_ids_came(None),
            (Mine::CreateTopic(name), response) => {
                self.creating.remove(&name);
                if let Some(Response::CreateTopics(response)) = response
                    && let Some(failed) = response.topics.iter().find(|topic| topic.error_code != 0)
                {
                    let why = failed.error_message.as_ref().map_or("", |why| why.as_ref());
                    self.log(format!("topic {name} could not be created: {why}"));
                }
            }
        }
    }

    pub(super) fn handle_controller_output(&mut self, now: Time, output: Output) {
        match output {
            Output::Respond { token, response } => match self.asked.remove(&token) {
                Some(Asker::Connection(context)) => self.answer_with(&context, write(&context, response)),
                Some(Asker::Mine(mine)) => self.mine_done(now, mine, Some(response)),
                Some(Asker::Envelope(outer, inner)) => {
                    let response = match write(&inner, response) {
                        Reply::Frame(frame) => EnvelopeResponse { response_data: Some(frame), ..EnvelopeResponse::default() },
                        _ => EnvelopeResponse { response_data: None, error_code: ErrorCode::UnknownServerError.code() },
                    };
                    self.answer_held(&outer, response);
                }
                None => {}
            },
            Output::Ask { id, to, request } => {
                let (api, request) = match request {
                    Ask::Vote(request) => (ApiKey::Vote, Request::Vote(request)),
                    Ask::BeginQuorumEpoch(request) => (ApiKey::BeginQuorumEpoch, Request::BeginQuorumEpoch(request)),
                    Ask::EndQuorumEpoch(request) => (ApiKey::EndQuorumEpoch, Request::EndQuorumEpoch(request)),
                    Ask::Fetch(request) => (ApiKey::Fetch, Request::Fetch(request)),
                };
                let tag = Tag::Quorum { id, api };
                let timeout = self.config.long("controller.quorum.request.timeout.ms").max(1);
                self.peers.ask(now, Node::Voter(to), Message::Plain(Box::new(request)), tag, timeout);
            }
            Output::Changed(delta) => self.apply_delta(now, &delta),
            Output::Event(event) => self.event(BrokerEvent::Controller(event)),
            Output::Log(line) => self.log(line),
        }
    }

    /// Until the controller has nothing more to say.
    pub(super) fn drain_controller(&mut self, now: Time) {
        while let Some(output) = self.controller.poll_output() {
            self.handle_controller_output(now, output);
        }
    }

    pub(super) fn quorum_answered(&mut self, now: Time, id: u64, api: ApiKey, outcome: Outcome) {
        let answer = match outcome {
            Outcome::Lost => None,
            Outcome::Body { version, body } => match api {
                ApiKey::Vote => frame::decode_body(body, version).ok().map(Answer::Vote),
                ApiKey::BeginQuorumEpoch => frame::decode_body(body, version).ok().map(Answer::BeginQuorumEpoch),
                ApiKey::EndQuorumEpoch => frame::decode_body(body, version).ok().map(Answer::EndQuorumEpoch),
                _ => frame::decode_body(body, version).ok().map(Answer::Fetch),
            },
        };
        self.controller.handle_answer(now, &mut self.disk, id, answer.unwrap_or(Answer::Lost));
    }

    // Clients' requests.

    pub(super) fn forward(&mut self, now: Time, context: Context, api: ApiKey, frame: Bytes, body: Bytes) -> Reply {
        self.forwards.push((now, Forward { context, api, frame, body, until: now.plus_millis(REQUEST_TIMEOUT_MS) }));
        Reply::Held
    }

    /// Sends what is due; whether there was anything.
    pub(super) fn pump_forwards(&mut self, now: Time) -> bool {
        let Some(at) = self.forwards.iter().position(|(at, _)| *at <= now) else { return false };
        let (_, forward) = self.forwards.remove(at);
        if forward.until <= now {
            self.close(forward.context.conn, format!("no controller has answered {:?}", forward.api));
        } else if self.is_active() {
            match read(forward.api, forward.context.version, forward.body) {
                Ok(request) => {
                    let version = forward.context.version;
                    self.ask_local(now, Asker::Connection(forward.context), version, request);
                }
                Err(error) => self.close(forward.context.conn, error.to_string()),
            }
        } else if let Some(leader) = self.active_elsewhere() {
            let request = EnvelopeRequest {
                request_data: forward.frame.clone(),
                request_principal: Some(Bytes::new()),
                client_host_address: Bytes::from_static(&[127, 0, 0, 1]),
            };
            let timeout = forward.until.micros_since(now) / 1000;
            self.peers.ask(now, Node::Controller(leader), Message::Envelope(request), Tag::Forward(forward), timeout.clamp(1, 10_000));
        } else {
            self.forwards.push((now.plus_millis(FORWARD_BACKOFF_MS), forward));
        }
        true
    }

    pub(super) fn forward_answered(&mut self, now: Time, forward: Forward, outcome: Outcome) {
        if let Outcome::Body { version, body } = outcome
            && let Ok(response) = frame::decode_body::<EnvelopeResponse>(body, version)
            && response.error_code == 0
            && let Some(frame) = response.response_data
        {
            return self.answer_with(&forward.context, Reply::Frame(frame));
        }
        if self.connections.contains_key(&forward.context.conn) {
            self.forwards.push((now.plus_millis(FORWARD_BACKOFF_MS), forward));
        }
    }

    pub(super) fn forwards_deadline(&self) -> Option<Deadline> {
        let at = self.forwards.iter().map(|(at, _)| *at).min()?;
        Some((at, Reason::new("retry backoff", "a request to the controller")))
    }

    // The controller listener.

    pub(super) fn process_controller(&mut self, now: Time, conn: ConnId, frame: Bytes) -> Result<Reply, FrameError> {
        let RequestFrame { api, version, header, body } = frame::decode_request_of(CONTROLLER, frame)?;
        let client_id = header.client_id.as_ref().map_or("", |id| id.as_ref()).into();
        let context = Context { conn, version, correlation_id: header.correlation_id, client_id };
        match api {
            ApiKey::ApiVersions => {
                let version = if api::find(CONTROLLER, api).is_some_and(|range| version <= range.max) { version } else { 0 };
                Ok(reply(&Context { version, ..context }, api_versions_response(CONTROLLER, version)))
            }
            ApiKey::Envelope => {
                let request: EnvelopeRequest = decode(body, version)?;
                let inner = frame::decode_request(request.request_data)?;
                if !is_forwarded(inner.api) {
                    return Err(FrameError::UnknownApi(inner.api as i16));
                }
                if !self.is_active() {
                    let response = EnvelopeResponse { response_data: None, error_code: ErrorCode::NotController.code() };
                    return Ok(reply(&context, response));
                }
                let client_id = inner.header.client_id.as_ref().map_or("", |id| id.as_ref()).into();
                let client = Context { conn, version: inner.version, correlation_id: inner.header.correlation_id, client_id };
                let request = read(inner.api, inner.version, inner.body)?;
                self.ask_local(now, Asker::Envelope(context, client), inner.version, request);
                Ok(Reply::Held)
            }
            _ => {
                let request = read(api, version, body)?;
                self.ask_local(now, Asker::Connection(context), version, request);
                Ok(Reply::Held)
            }
        }
    }
}
