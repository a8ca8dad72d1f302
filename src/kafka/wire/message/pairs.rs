//! Which messages belong together, by the table of APIs, and the versions of the headers in front of them.

use super::*;

macro_rules! pairs {
    ({$($name:ident = $key:literal, $request:ident => $response:ident, $broker:tt $controller:tt;)*} $absent:tt) => {
        $(impl Request for $request {
            const KEY: ApiKey = ApiKey::$name;
            type Response = $response;
        })*

        impl ApiKey {
            /// The first versions of request and response that have a flexible header (KIP-482).
            fn flexible(self) -> (i16, i16) {
                match self {
                    $(ApiKey::$name => ($request::HEADER, $response::HEADER),)*
                    _ => (NEVER, NEVER),
                }
            }

            /// The versions in which both messages can be read and written, if they are declared.
            pub fn versions(self) -> Option<std::ops::RangeInclusive<i16>> {
                match self {
                    $(ApiKey::$name => Some($request::MIN.max($response::MIN)..=$request::MAX.min($response::MAX)),)*
                    _ => None,
                }
            }
        }
    };
}

crate::kafka_apis!(pairs);

impl ApiKey {
    /// The version of the header in front of a request.
    pub fn request_header_version(self, version: i16) -> i16 {
        if version >= self.flexible().0 { 2 } else { 1 }
    }

    /// The version of the header in front of a response.
    pub fn response_header_version(self, version: i16) -> i16 {
        i16::from(version >= self.flexible().1)
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::apis::{BROKER, CONTROLLER};

    #[test]
    fn the_decoders_know_every_version_that_is_answered() {
        for range in BROKER.iter().chain(CONTROLLER) {
            let known = range.key.versions().expect("its messages are declared");
            assert!(*known.start() <= range.answered_from && range.max <= *known.end(), "{range:?} against {known:?}");
        }
    }
}
