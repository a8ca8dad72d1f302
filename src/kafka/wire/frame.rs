//! Frames: a request or response as it crosses a connection, without the four-byte length in front.

use super::message::codec::CodecError;
use super::message::{ApiKey, Message, Request, RequestHeader, ResponseHeader, Str};
use crate::kafka::apis::{self, ApiRange};
use bytes::Bytes;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    #[error("the frame is not what its header says: {0}")]
    Malformed(CodecError),
    #[error("{0} bytes are no request header")]
    NoHeader(u64),
    #[error("API key {0} is not one of Kafka's or is not answered here")]
    UnknownApi(i16),
    #[error("{api:?} version {version} is not answered here; {min} to {max} are")]
    UnsupportedVersion { api: ApiKey, version: i16, min: i16, max: i16 },
    #[error("{0} bytes follow the message")]
    TrailingBytes(u64),
    #[error("the message cannot be written in this version: {0}")]
    Unencodable(CodecError),
}

/// A request whose header is decoded and whose body is still bytes.
#[derive(Clone, Debug)]
pub struct RequestFrame {
    pub api: ApiKey,
    pub version: i16,
    pub header: RequestHeader,
    pub body: Bytes,
}

/// Reads the header of a request to a broker's listener. See [`decode_request_of`].
pub fn decode_request(frame: Bytes) -> Result<RequestFrame, FrameError> {
    decode_request_of(apis::BROKER, frame)
}

/// Reads the header of a request to a listener that answers the APIs of `table`. ApiVersions in a version that is too new is let
/// through: its handler answers in version 0 (KIP-511).
///
/// # Errors
/// An API or a version that the listener does not answer, or no header. Kafka closes the connection then.
pub fn decode_request_of(table: &[ApiRange], frame: Bytes) -> Result<RequestFrame, FrameError> {
    let Some(&[k0, k1, v0, v1]) = frame.first_chunk() else {
        return Err(FrameError::NoHeader(frame.len() as u64));
    };
    let (key, version) = (i16::from_be_bytes([k0, k1]), i16::from_be_bytes([v0, v1]));
    let api = ApiKey::try_from(key).map_err(|()| FrameError::UnknownApi(key))?;
    let range = apis::find(table, api).ok_or(FrameError::UnknownApi(key))?;
    let too_new_but_answered = api == ApiKey::ApiVersions && version > range.max;
    if !range.answers(version) && !too_new_but_answered {
        return Err(FrameError::UnsupportedVersion { api, version, min: range.answered_from, max: range.max });
    }
    let (header, body) = RequestHeader::read(frame, api.request_header_version(version)).map_err(FrameError::Malformed)?;
    Ok(RequestFrame { api, version, header, body })
}

/// Decodes a whole message; bytes left over are an error. Counts in it are checked against its length before room is made.
pub fn decode_body<T: Message>(body: Bytes, version: i16) -> Result<T, FrameError> {
    let (message, rest) = T::read(body, version).map_err(FrameError::Malformed)?;
    if rest.is_empty() { Ok(message) } else { Err(FrameError::TrailingBytes(rest.len() as u64)) }
}

/// Decodes a request as Kafka's broker does: bytes left over are not looked at (`AbstractRequest.parseRequest`). librdkafka
/// leaves some behind when it asks Metadata v13 for all topics.
pub fn decode_request_body<T: Message>(body: Bytes, version: i16) -> Result<T, FrameError> {
    Ok(T::read(body, version).map_err(FrameError::Malformed)?.0)
}

/// Header and body of a request. The header's version follows from the API's.
///
/// An error means that the request has a field set that `version` cannot say.
pub fn encode_request<R: Request>(version: i16, correlation_id: i32, client_id: &Str, request: R) -> Result<Bytes, FrameError> {
    let header =
        RequestHeader { request_api_key: R::KEY as i16, request_api_version: version, correlation_id, client_id: Some(client_id.clone()) };
    encode(1 + i16::from(version >= R::HEADER), header, version, request)
}

/// Header and body of a response.
///
/// An error means that the response has a field set that `version` cannot say.
pub fn encode_response<R: Message>(version: i16, correlation_id: i32, response: R) -> Result<Bytes, FrameError> {
    encode(i16::from(version >= R::HEADER), ResponseHeader { correlation_id }, version, response)
}

/// Most frames are smaller than this, and are written without being moved.
const ROOM: usize = 256;

fn encode(header_version: i16, header: impl Message, version: i16, message: impl Message) -> Result<Bytes, FrameError> {
    let frame = header.write(Vec::with_capacity(ROOM), header_version).and_then(|frame| message.write(frame, version));
    frame.map(Bytes::from).map_err(FrameError::Unencodable)
}

/// The header of a response to `api` in `version`, and the body's bytes. An ApiVersions response has header v0 always.
pub fn decode_response(api: ApiKey, version: i16, frame: Bytes) -> Result<(ResponseHeader, Bytes), FrameError> {
    ResponseHeader::read(frame, api.response_header_version(version)).map_err(FrameError::Malformed)
}
