//! The headers in front of a request and a response.

use super::codec::{ALL, Codec, Fields};
use super::{Message, Str, message};

/// `RequestHeader.json`, version 1, or 2 in front of a flexible request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestHeader {
    pub request_api_key: i16,
    pub request_api_version: i16,
    pub correlation_id: i32,
    pub client_id: Option<Str>,
}

impl Fields for RequestHeader {
    fn fields(&mut self, codec: &mut Codec) {
        codec.field(&mut self.request_api_key, ALL);
        codec.field(&mut self.request_api_version, ALL);
        codec.field(&mut self.correlation_id, ALL);
        codec.old_string(&mut self.client_id);
    }

    fn tagged(&mut self, _: &mut Codec) {}
}

impl Message for RequestHeader {
    const MIN: i16 = 1;
    const MAX: i16 = 2;
    const FLEXIBLE: i16 = 2;
    const NAMES: &'static str = "request_api_key request_api_version correlation_id client_id ";
}

message! { response_header: ResponseHeader, 0..=1, flexible 1;
    ResponseHeader {
        correlation_id: i32, ALL;
    }
}
