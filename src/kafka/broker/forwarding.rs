//! The way to the controller and back: to the one in this process while it is active, else over a connection to the one that is.
//! Clients' requests that only a controller can answer go there in an Envelope (KIP-590).

use super::answers::{OwnRequest, Tag};
use super::dispatch::{Context, Reply, encoded};
use super::peers::{Message, QUORUM_REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS};
use super::requests::{Incoming, refuse_forwarded};
use super::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::apis;
use crate::kafka::client::net::{Node, Outcome};
use crate::kafka::controller::{Output, Request, Response};
use crate::kafka::coordinator::Token;
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::frame;
use crate::kafka::wire::message::{ApiKey, EnvelopeRequest, EnvelopeResponse};
use bytes::Bytes;

/// `retry.backoff.ms` of a request that is forwarded.
const FORWARD_BACKOFF_MS: i64 = 100;
/// Kafka's sentence for REQUEST_TIMED_OUT.
const TIMED_OUT: &str = "The request timed out.";

/// Who waits for an answer of the controller in this process.
#[derive(Clone, Debug)]
pub enum Requester {
    /// A connection, of either listener.
    Connection(Context),
    /// A client of another broker: the envelope's context, and the client's own.
    Envelope(Context, Context),
    Own(OwnRequest),
}

/// A client's request that is to reach the active controller.
#[derive(Clone, Debug)]
pub struct Forward {
    context: Context,
    request: Incoming,
    until: Time,
}

fn write(context: &Context, response: Response) -> Reply {
    encoded(context, response.encode(context.version, context.correlation_id))
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

    pub(super) fn ask_local(&mut self, now: Time, requester: Requester, version: i16, request: Request) {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.asked.insert(token, requester);
        self.controller.handle_request(now, &mut self.disk, token, version, request);
    }

    /// A request of this broker's own. The answer, or that there is none, comes to `own_answered`.
    pub(super) fn ask_controller(&mut self, now: Time, own: OwnRequest, request: Request) {
        if self.is_active() {
            let version = apis::find(apis::CONTROLLER, request.api()).map_or(0, |range| range.max);
            self.ask_local(now, Requester::Own(own), version, request);
        } else if let Some(leader) = self.active_elsewhere() {
            let timeout = match own {
                // As long as a session, half of it.
                OwnRequest::Heartbeat | OwnRequest::Register => self.config.broker_session_timeout_ms / 2,
                _ => QUORUM_REQUEST_TIMEOUT_MS,
            };
            let tag = Tag::Own(own, request.api());
            self.peers.ask(now, Node::Controller(leader), Message::Plain(Box::new(request)), tag, timeout.max(1));
        } else {
            self.own_answered(now, own, None);
        }
    }

    /// `None`: the connection broke, or nothing came in time, or the answer could not be read.
    pub(super) fn own_answered(&mut self, now: Time, own: OwnRequest, response: Option<Response>) {
        match (own, response) {
            (OwnRequest::Register, Some(Response::BrokerRegistration(response))) => self.registered(now, Some(response)),
            (OwnRequest::Register, _) => self.registered(now, None),
            (OwnRequest::Heartbeat, Some(Response::BrokerHeartbeat(response))) => self.heartbeat_answered(now, Some(response)),
            (OwnRequest::Heartbeat, _) => self.heartbeat_answered(now, None),
            (OwnRequest::AlterPartition, Some(Response::AlterPartition(response))) => self.altered(now, Some(response)),
            (OwnRequest::AlterPartition, _) => self.altered(now, None),
            (OwnRequest::ProducerIds, Some(Response::AllocateProducerIds(response))) => self.producer_ids_came(now, Some(response)),
            (OwnRequest::ProducerIds, _) => self.producer_ids_came(now, None),
            (OwnRequest::CreateTopic(name), Some(Response::CreateTopics(response))) => self.topic_answered(&name, Some(response)),
            (OwnRequest::CreateTopic(name), _) => self.topic_answered(&name, None),
        }
    }

    pub(super) fn handle_controller_output(&mut self, now: Time, output: Output) {
        match output {
            Output::Respond { token, response } => match self.asked.remove(&token) {
                Some(Requester::Connection(context)) => self.answer_with(&context, write(&context, response)),
                Some(Requester::Own(own)) => self.own_answered(now, own, Some(response)),
                Some(Requester::Envelope(outer, inner)) => {
                    let response = match write(&inner, response) {
                        Reply::Frame(frame) => EnvelopeResponse { response_data: Some(frame), ..EnvelopeResponse::default() },
                        _ => EnvelopeResponse { response_data: None, error_code: ErrorCode::UnknownServerError.code() },
                    };
                    self.answer_held(&outer, response);
                }
                None => {}
            },
            Output::Ask { id, to, request } => {
                let tag = Tag::Quorum { id, api: request.api() };
                let timeout = self.config.controller_quorum_request_timeout_ms.max(1);
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

    // Clients' requests.

    pub(super) fn forward(&mut self, now: Time, context: Context, request: Incoming) -> Reply {
        self.forwards.push((now, Forward { context, request, until: now.plus_millis(REQUEST_TIMEOUT_MS) }));
        Reply::Held
    }

    /// Sends what is due; whether there was anything. A request that no controller has answered in time gets Kafka's refusal
    /// (`ForwardingManagerImpl`).
    pub(super) fn pump_forwards(&mut self, now: Time) -> bool {
        let Some(at) = self.forwards.iter().position(|(at, _)| *at <= now) else { return false };
        let (_, forward) = self.forwards.remove(at);
        let Forward { context, request, until } = forward;
        if until <= now {
            let refused = refuse_forwarded(&context, request.api, request.body, ErrorCode::RequestTimedOut, TIMED_OUT);
            let reply = refused.unwrap_or_else(|error| Reply::Close(error.to_string()));
            self.answer_with(&context, reply);
        } else if self.is_active() {
            match Request::decode(request.api, context.version, request.body) {
                Ok(request) => {
                    let version = context.version;
                    self.ask_local(now, Requester::Connection(context), version, request);
                }
                Err(error) => self.close(context.conn, error.to_string()),
            }
        } else if let Some(leader) = self.active_elsewhere() {
            let envelope = EnvelopeRequest {
                request_data: request.frame.clone(),
                request_principal: Some(Bytes::new()),
                client_host_address: Bytes::from_static(&[127, 0, 0, 1]),
            };
            let timeout = (until.micros_since(now) / 1000).clamp(1, 10_000);
            let tag = Tag::Forward(Forward { context, request, until });
            self.peers.ask(now, Node::Controller(leader), Message::Envelope(envelope), tag, timeout);
        } else {
            self.forwards.push((now.plus_millis(FORWARD_BACKOFF_MS), Forward { context, request, until }));
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
        if self.connections.get(forward.context.conn).is_some() {
            self.forwards.push((now.plus_millis(FORWARD_BACKOFF_MS), forward));
        }
    }

    pub(super) fn forwards_deadline(&self) -> Option<Deadline> {
        let at = self.forwards.iter().map(|(at, _)| *at).min()?;
        Some((at, Reason::new("retry backoff", "a request to the controller")))
    }
}

/// The answer to a request of this node; `None`: it did not come or cannot be read.
pub fn response_of(api: ApiKey, outcome: Outcome) -> Option<Response> {
    match outcome {
        Outcome::Lost => None,
        Outcome::Body { version, body } => Response::decode(api, version, body).ok(),
    }
}
