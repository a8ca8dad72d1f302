//! Envelope (KIP-590): a client's request that another broker hands on to this node's controller.

use super::BrokerApi;
use crate::kafka::apis::is_forwarded;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::forwarding::Requester;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::Request;
use crate::kafka::time::Time;
use crate::kafka::wire::frame::{self, FrameError};
use crate::kafka::wire::message::{EnvelopeRequest, EnvelopeResponse};

impl BrokerApi for EnvelopeRequest {
    /// NOT_CONTROLLER from a node that does not lead the quorum: the broker looks for the one that does. What is inside must be a request
    /// that brokers forward; anything else closes the connection.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        match open(self, context) {
            Err(error) => Reply::Close(error.to_string()),
            Ok(_) if !broker.controller.is_active() => {
                let error_code = ErrorCode::NotController.code();
                reply(context, EnvelopeResponse { response_data: None, error_code })
            }
            Ok((client, request)) => {
                let version = client.version;
                broker.ask_local(now, Requester::Envelope(context.clone(), client), version, request);
                Reply::Held
            }
        }
    }
}

/// The client's request, and how its answer is written.
fn open(envelope: EnvelopeRequest, context: &Context) -> Result<(Context, Request), FrameError> {
    let inner = frame::decode_request(envelope.request_data)?;
    if !is_forwarded(inner.api) {
        return Err(FrameError::UnknownApi(inner.api as i16));
    }
    let client = Context::new(context.conn, inner.version, &inner.header);
    Ok((client, Request::decode(inner.api, inner.version, inner.body)?))
}
