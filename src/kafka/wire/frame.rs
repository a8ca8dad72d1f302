//! Frames: a request or response as it crosses a connection, without the four-byte length in front.

use bytes::Bytes;
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request};

/// Kafka's `socket.request.max.bytes`: a longer frame closes the connection.
pub const MAX_FRAME_BYTES: u32 = 104_857_600;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    #[error("the frame ends inside its header or body: {0}")]
    Malformed(String),
    #[error("API key {0} is not one of Kafka's or is not answered here")]
    UnknownApi(i16),
    #[error("{api:?} version {version} is not answered here; {min} to {max} are")]
    UnsupportedVersion { api: ApiKey, version: i16, min: i16, max: i16 },
    #[error("{0} bytes follow the message")]
    TrailingBytes(u64),
}

/// A request whose header is decoded and whose body is still bytes.
#[derive(Clone, Debug)]
pub struct RequestFrame {
    pub api: ApiKey,
    pub version: i16,
    pub header: RequestHeader,
    pub body: Bytes,
}

/// Reads the header. `ApiVersions` with a version that is too new is let through (KIP-511): its handler answers in v0.
pub fn decode_request(_frame: Bytes) -> Result<RequestFrame, FrameError> {
    todo!()
}

/// Decodes a whole message; bytes left over are an error.
pub fn decode_body<T: Decodable>(_body: Bytes, _version: i16) -> Result<T, FrameError> {
    todo!()
}

/// Header and body of a request. The header's version follows from the API's.
pub fn encode_request<R: Request + Encodable>(
    _version: i16,
    _correlation_id: i32,
    _client_id: &str,
    _request: &R,
) -> Result<Bytes, FrameError> {
    todo!()
}

/// Header and body of a response.
pub fn encode_response<R: Encodable + HeaderVersion>(
    _version: i16,
    _correlation_id: i32,
    _response: &R,
) -> Result<Bytes, FrameError> {
    todo!()
}

/// The header of a response to `api` in `version`, and the body's bytes.
pub fn decode_response(_api: ApiKey, _version: i16, _frame: Bytes) -> Result<(ResponseHeader, Bytes), FrameError> {
    todo!()
}
