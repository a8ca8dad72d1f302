//! A frame as its fields.

use crate::kafka::wire::message::{self as m, ApiKey, Message, RequestHeader, ResponseHeader};
use crate::kafka::wire::shown::{Seen, Shown};
use bytes::Bytes;

macro_rules! bodies {
    ($($api:ident: $request:ident => $response:ident;)*) => {
        fn body(api: ApiKey, response: bool, shown: Shown, bytes: Bytes, version: i16) -> (Shown, Bytes) {
            match (api, response) {
                $((ApiKey::$api, false) => m::$request::show(shown, bytes, version),
                (ApiKey::$api, true) => m::$response::show(shown, bytes, version),)*
                _ => (shown, bytes),
            }
        }
    };
}

crate::spoken_apis!(bodies);

/// The fields of a frame, header first. What cannot be read is a field too, with the reason.
pub fn frame(api: ApiKey, response: bool, version: i16, bytes: Bytes) -> Vec<Seen> {
    let total = bytes.len() as u32;
    let mut shown = Shown::new(total);
    let (word, header) = match response {
        false => ("Request", api.request_header_version(version)),
        true => ("Response", api.response_header_version(version)),
    };
    let outer = shown.begin(&format!("{word}Header"), 0);
    shown.note(format!("v{header}"));
    let (mut shown, rest) = if response { ResponseHeader::show(shown, bytes, header) } else { RequestHeader::show(shown, bytes, header) };
    shown.finish(outer, total - rest.len() as u32);
    let outer = shown.begin(&format!("{api:?}{word}"), total - rest.len() as u32);
    shown.note(format!("v{version}"));
    let (mut shown, rest) = body(api, response, shown, rest, version);
    shown.finish(outer, total - rest.len() as u32);
    if !rest.is_empty() {
        shown.rest("bytes behind the message");
    }
    shown.seen
}
