//! Frames in, frames out: decode, hand to a handler, encode. Requests of one connection are answered in their order: while one
//! is held (a fetch in the purgatory, a join in the coordinator) the connection is muted and later frames wait.

use super::requests::{Incoming, api_versions};
use super::{Broker, ConnId, Output};
use crate::kafka::apis::{self, Listener};
use crate::kafka::time::Time;
use crate::kafka::wire::frame::{self, FrameError, RequestFrame};
use crate::kafka::wire::message::{ApiKey, Message, RequestHeader};
use bytes::Bytes;
use std::sync::Arc;

/// Where an answer goes and how it is written.
#[derive(Clone, Debug)]
pub struct Context {
    pub conn: ConnId,
    pub version: i16,
    pub correlation_id: i32,
    pub client_id: Arc<str>,
}

impl Context {
    pub fn new(conn: ConnId, version: i16, header: &RequestHeader) -> Self {
        let client_id = header.client_id.as_ref().map_or("", |id| id.as_ref()).into();
        Self { conn, version, correlation_id: header.correlation_id, client_id }
    }
}

/// The outcome of a request.
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
    encoded(context, frame::encode_response(context.version, context.correlation_id, response))
}

/// An answer that was encoded for `context`.
pub fn encoded(context: &Context, answer: Result<Bytes, FrameError>) -> Reply {
    match answer {
        Ok(frame) => Reply::Frame(frame),
        Err(error) => Reply::Close(format!("the answer cannot be written in version {}: {error}", context.version)),
    }
}

impl Broker {
    pub(super) fn receive(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        let Some(connection) = self.connections.used(conn, now) else { return };
        let most = u64::try_from(self.config.socket_request_max_bytes).unwrap_or(0);
        if frame.len() as u64 > most {
            let why = format!("a request of {} bytes is longer than socket.request.max.bytes={most}", frame.len());
            return self.close(conn, why);
        }
        if !connection.held {
            return self.process(now, conn, frame);
        }
        if !connection.queue(frame) {
            self.close(conn, "too many requests wait behind one that is held".into());
        }
    }

    pub(super) fn receive_queued(&mut self, now: Time, conn: ConnId) {
        while let Some(connection) = self.connections.get_mut(conn) {
            if connection.held {
                return;
            }
            let Some(frame) = connection.next_queued() else { return };
            self.process(now, conn, frame);
        }
    }

    fn process(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        // Muted first: what is answered at once unmutes it again.
        connection.held = true;
        let listener = connection.listener;
        let reply = match frame::decode_request_of(listener.apis(), frame.clone()) {
            Ok(request) => {
                let api = request.api;
                let reply = self.handle(now, conn, listener, request, frame);
                reply.unwrap_or_else(|error| Reply::Close(format!("{api:?}: {error}")))
            }
            Err(error) => Reply::Close(error.to_string()),
        };
        if !matches!(reply, Reply::Held)
            && let Some(connection) = self.connections.get_mut(conn)
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
        let peer = self.connections.get(conn).map(|connection| connection.peer.clone()).unwrap_or_default();
        self.disconnected(conn);
        self.log(format!("connection {} from {peer} closed: {why}", conn.0));
        self.outputs.push_back(Output::Close { conn, why });
    }

    /// Answers a request that was held, and lets the connection go on.
    pub(super) fn answer_held<R: Message>(&mut self, context: &Context, response: R) {
        self.answer_with(context, reply(context, response));
    }

    pub(super) fn answer_with(&mut self, context: &Context, reply: Reply) {
        let Some(connection) = self.connections.get_mut(context.conn) else { return };
        connection.held = false;
        match reply {
            Reply::Frame(frame) => self.outputs.push_back(Output::Send { conn: context.conn, frame }),
            Reply::Close(why) => return self.close(context.conn, why),
            Reply::Held | Reply::Nothing => {}
        }
        self.ready.push_back(context.conn);
    }

    fn handle(&mut self, now: Time, conn: ConnId, listener: Listener, request: RequestFrame, frame: Bytes) -> Result<Reply, FrameError> {
        let RequestFrame { api, version, header, body } = request;
        let context = Context::new(conn, version, &header);
        if api == ApiKey::ApiVersions && apis::find(listener.apis(), api).is_some_and(|range| version > range.max) {
            return Ok(api_versions::too_new(self, listener, &context));
        }
        let request = Incoming { api, frame, body };
        match listener {
            Listener::Broker => self.answer(now, context, request),
            Listener::Controller => self.answer_as_controller(now, context, request),
        }
    }
}
