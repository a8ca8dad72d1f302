//! The requests that the group coordinator answers, made of the table of APIs (`kafka::apis`).

use crate::kafka::wire::frame::{self, FrameError};
use crate::kafka::wire::message::{self as m, ApiKey, covers};
use bytes::Bytes;

/// From the table: the rows of the coordinator for `requests`.
macro_rules! rows {
    ({$($name:ident = $key:literal, $request:ident => $response:ident,
        {$(broker $broker_min:literal..=$broker_max:literal in $module:ident $(from $from:literal)?)?
         $(coordinator $min:literal..=$max:literal)?
         $(forwarded $forwarded_min:literal..=$forwarded_max:literal $(in $check:ident)?)?}
        $controller:tt;)*}
     $absent:tt) => {
        requests! { $($($name, $request, $response, $max;)?)* }
    };
}

macro_rules! requests {
    ($($name:ident, $request:ident, $response:ident, $max:literal;)*) => {
        /// A request to the coordinator. Each comes with its version (answers differ), and the client's id and host.
        #[derive(Clone, Debug)]
        pub enum Request { $($name(m::$request),)* }

        #[derive(Clone, Debug)]
        pub enum Response { $($name(m::$response),)* }

        impl Request {
            /// # Errors
            /// An API that is not one of these; a body that is not its request.
            pub fn decode(api: ApiKey, version: i16, body: Bytes) -> Result<Self, FrameError> {
                Ok(match api {
                    $(ApiKey::$name => {
                        const { covers::<m::$request>($max) };
                        Self::$name(frame::decode_request_body(body, version)?)
                    })*
                    _ => return Err(FrameError::UnknownApi(api as i16)),
                })
            }
        }

        impl Response {
            /// # Errors
            /// A field is set that the version cannot say.
            pub fn encode(self, version: i16, correlation_id: i32) -> Result<Bytes, FrameError> {
                match self { $(Self::$name(response) => frame::encode_response(version, correlation_id, response),)* }
            }
        }
    };
}

crate::kafka_apis!(rows);
