//! What a broker answers itself, made of the table of APIs (`kafka::apis`): one file here for each API.

use super::dispatch::{Context, Reply, reply};
use super::forwarding::Requester;
use super::{Broker, ErrorCode};
use crate::kafka::apis::is_forwarded;
use crate::kafka::controller::{Refuse, Request as ControllerRequest};
use crate::kafka::coordinator::Request as GroupRequest;
use crate::kafka::time::Time;
use crate::kafka::wire::frame::{FrameError, decode_request_body as decode};
use crate::kafka::wire::message::{self as m, ApiKey, covers};
use bytes::Bytes;

/// An API that a broker answers itself.
pub trait BrokerApi: m::Request {
    /// Answers at once, or says that the answer comes later: the handler then sees to it that [`Broker::answer_held`] is called with the
    /// context, also when what it waits for never happens. Errors are parts of the answer.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply;
}

/// An API of the controller whose requests a broker looks at before it forwards them.
pub trait CheckedHere: m::Request {
    /// The answer, where the request is not to be forwarded.
    fn check(&self, broker: &Broker) -> Option<Self::Response>;
}

/// From the table: the modules, and the rows of both listeners for `listeners`.
macro_rules! rows {
    ({$($name:ident = $key:literal, $request:ident => $response:ident,
        {$(broker $min:literal..=$max:literal in $module:ident $(from $from:literal)?)?
         $(coordinator $group_min:literal..=$group_max:literal)?
         $(forwarded $forwarded_min:literal..=$forwarded_max:literal $(in $check:ident)?)?}
        {$(quorum $quorum_min:literal..=$quorum_max:literal)?
         $(active $active_min:literal..=$active_max:literal in $active:ident)?
         $(node $node_min:literal..=$node_max:literal $(in $node:ident)?)?};)*}
     $absent:tt) => {
        $($(pub(super) mod $module;)? $($(mod $check;)?)? $($(mod $node;)?)?)*

        listeners! {
            {$($($name, $request, $max;)?)*}
            {$($($($name, $request, $check;)?)?)*}
            {$($($name, $request, $forwarded_max;)?)*}
            {$($($name, $request, $node_max;)?)*}
        }
    };
}

macro_rules! listeners {
    ({$($own:ident, $own_request:ident, $own_max:literal;)*}
     {$($checked:ident, $checked_request:ident, $check:ident;)*}
     {$($forwarded:ident, $forwarded_request:ident, $forwarded_max:literal;)*}
     {$($node:ident, $node_request:ident, $node_max:literal;)*}) => {
        impl Broker {
            /// A request to the broker's listener.
            pub(super) fn answer(&mut self, now: Time, context: Context, request: Incoming) -> Result<Reply, FrameError> {
                let Incoming { api, frame, body } = request;
                let version = context.version;
                Ok(match api {
                    $(ApiKey::$own => {
                        const { covers::<m::$own_request>($own_max) };
                        decode::<m::$own_request>(body, version)?.handle(self, now, &context)
                    })*
                    $(ApiKey::$checked => match decode::<m::$checked_request>(body.clone(), version)?.check(self) {
                        Some(refused) => reply(&context, refused),
                        None => self.forward(now, context, Incoming { api, frame, body }),
                    })*
                    api if is_forwarded(api) => self.forward(now, context, Incoming { api, frame, body }),
                    api => self.group_request(now, context, GroupRequest::decode(api, version, body)?),
                })
            }

            /// A request to the controller's listener.
            pub(super) fn answer_as_controller(&mut self, now: Time, context: Context, request: Incoming) -> Result<Reply, FrameError> {
                let Incoming { api, body, .. } = request;
                let version = context.version;
                Ok(match api {
                    $(ApiKey::$node => {
                        const { covers::<m::$node_request>($node_max) };
                        decode::<m::$node_request>(body, version)?.handle(self, now, &context)
                    })*
                    api => {
                        let request = ControllerRequest::decode(api, version, body)?;
                        self.ask_local(now, Requester::Connection(context), version, request);
                        Reply::Held
                    }
                })
            }
        }

        /// The answer to a forwarded request that no controller has answered.
        pub(super) fn refuse_forwarded(
            context: &Context,
            api: ApiKey,
            body: Bytes,
            error: ErrorCode,
            why: &str,
        ) -> Result<Reply, FrameError> {
            Ok(match api {
                $(ApiKey::$forwarded => {
                    const { covers::<m::$forwarded_request>($forwarded_max) };
                    reply(context, decode::<m::$forwarded_request>(body, context.version)?.refuse(error, why))
                })*
                _ => return Err(FrameError::UnknownApi(api as i16)),
            })
        }
    };
}

/// A request as it came: the whole frame, and its body.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub api: ApiKey,
    pub frame: Bytes,
    pub body: Bytes,
}

crate::kafka_apis!(rows);
