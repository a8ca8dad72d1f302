//! What the controller's listener answers, made of the table of APIs (`kafka::apis`): one file here for each API of the active controller.
//! The quorum's own APIs are answered by `raft`.

use super::Controller;
use super::active::Active;
use super::raft::Raft;
use crate::kafka::coordinator::Token;
use crate::kafka::disk::Disk;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame::{self, FrameError};
use crate::kafka::wire::message::{self as m, ApiKey, covers};
use bytes::Bytes;

/// An API of the active controller (`QuorumController`).
pub trait ControllerApi: Refuse {
    /// Decides on the draft of the image: what is to change is pushed as records. The answer goes out once these are committed.
    fn handle(&self, active: &mut Active, now: Time, version: i16) -> Self::Response;
}

/// The whole answer to a request that was not carried out (`AbstractRequest.getErrorResponse`).
pub trait Refuse: m::Request {
    /// Says `error` of everything that was asked for; `why` is Kafka's sentence for it.
    fn refuse(&self, error: ErrorCode, why: &str) -> Self::Response;
}

/// An API of every replica of the metadata log, leading or not (`KafkaRaftClient`).
pub trait QuorumApi: m::Request {
    /// The answer; `None`: it comes later, as an output of `raft` for `token`.
    fn handle(self, raft: &mut Raft, now: Time, disk: &mut Disk, token: Token, version: i16) -> Option<Self::Response>;
}

/// Does something with a request of any API. See [`Request::visit`].
pub trait Visitor {
    type Output;
    fn visit<R: m::Request>(self, request: R) -> Self::Output;
}

/// From the table: the modules, and the rows of this listener for `requests`.
macro_rules! rows {
    ({$($name:ident = $key:literal, $request:ident => $response:ident, $broker:tt
        {$(quorum $quorum_min:literal..=$quorum_max:literal)?
         $(active $min:literal..=$max:literal in $module:ident)?
         $(node $node_min:literal..=$node_max:literal $(in $node:ident)?)?};)*}
     $absent:tt) => {
        $($(mod $module;)?)*

        requests! { $(
            $($name, $request, $response, $quorum_max, answer_as_replica;)?
            $($name, $request, $response, $max, decide;)?
        )* }
    };
}

macro_rules! requests {
    ($($name:ident, $request:ident, $response:ident, $max:literal, $answer:ident;)*) => {
        /// A request to a controller: of voters, of brokers (this node's own too) and, through brokers, of clients.
        #[derive(Clone, Debug)]
        pub enum Request { $($name(m::$request),)* }

        #[derive(Clone, Debug)]
        pub enum Response { $($name(m::$response),)* }

        impl Request {
            pub fn api(&self) -> ApiKey {
                match self { $(Self::$name(_) => ApiKey::$name,)* }
            }

            /// # Errors
            /// An API that is not one of these; a body that is not its request.
            pub fn decode(api: ApiKey, version: i16, body: Bytes) -> Result<Self, FrameError> {
                Ok(match api {
                    $(ApiKey::$name => Self::$name(frame::decode_request_body(body, version)?),)*
                    _ => return Err(FrameError::UnknownApi(api as i16)),
                })
            }

            /// Hands the message inside to a visitor.
            pub fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self { $(Self::$name(request) => visitor.visit(request),)* }
            }

            pub(super) fn answer(self, controller: &mut Controller, now: Time, disk: &mut Disk, token: Token, version: i16) {
                match self {
                    $(Self::$name(request) => {
                        const { covers::<m::$request>($max) };
                        controller.$answer(now, disk, token, version, request, Response::$name);
                    })*
                }
            }
        }

        impl Response {
            /// # Errors
            /// An API that is not one of these; a body that is not its response.
            pub fn decode(api: ApiKey, version: i16, body: Bytes) -> Result<Self, FrameError> {
                Ok(match api {
                    $(ApiKey::$name => Self::$name(frame::decode_body(body, version)?),)*
                    _ => return Err(FrameError::UnknownApi(api as i16)),
                })
            }

            /// # Errors
            /// A field is set that the version cannot say.
            pub fn encode(self, version: i16, correlation_id: i32) -> Result<Bytes, FrameError> {
                match self { $(Self::$name(response) => frame::encode_response(version, correlation_id, response),)* }
            }
        }
    };
}

crate::kafka_apis!(rows);
