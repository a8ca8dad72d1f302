//! ApiVersions (KIP-35, KIP-511): what the listener answers, in which versions.

use super::BrokerApi;
use crate::kafka::apis::Listener;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use crate::kafka::wire::message::{ApiVersionsRequest, ApiVersionsResponse, Str};

/// metadata.version of Kafka 4.1 (4.1-IV1).
pub const METADATA_VERSION: i16 = 27;

impl BrokerApi for ApiVersionsRequest {
    /// INVALID_REQUEST for a client that does not say what software it is.
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let legible = |text: &str| {
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            edge(text.chars().next())
                && edge(text.chars().last())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        };
        if context.version >= 3 && !(legible(&self.client_software_name) && legible(&self.client_software_version)) {
            let error_code = ErrorCode::InvalidRequest.code();
            return reply(context, ApiVersionsResponse { error_code, ..ApiVersionsResponse::default() });
        }
        let listener = broker.connections.get(&context.conn).map_or(Listener::Broker, |connection| connection.listener);
        reply(context, response(listener, context.version))
    }
}

/// The answer to a client that speaks a newer version: what it may ask, in the body of version 0.
pub fn too_new(listener: Listener, context: &Context) -> Reply {
    let error_code = ErrorCode::UnsupportedVersion.code();
    let response = ApiVersionsResponse { error_code, ..response(listener, 0) };
    reply(&Context { version: 0, ..context.clone() }, response)
}

fn response(listener: Listener, version: i16) -> ApiVersionsResponse {
    let keys = listener.apis().iter().map(|range| ApiVersion { api_key: range.key as i16, min_version: range.min, max_version: range.max });
    let response = ApiVersionsResponse { api_keys: keys.collect(), ..ApiVersionsResponse::default() };
    if version < 3 {
        return response;
    }
    // group.version and transaction.version are absent as long as KIP-848 and transactions are.
    let name = Str::from("metadata.version");
    ApiVersionsResponse {
        supported_features: vec![SupportedFeatureKey { name: name.clone(), min_version: 7, max_version: METADATA_VERSION }],
        finalized_features_epoch: 0,
        finalized_features: vec![FinalizedFeatureKey { name, min_version_level: METADATA_VERSION, max_version_level: METADATA_VERSION }],
        ..response
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for ApiVersionsRequest {
        fn sample(_known: &Known, version: i16, _name: &str) -> Self {
            let (client_software_name, client_software_version) =
                if version >= 3 { (text("sweep"), text("1.0")) } else { (text(""), text("")) };
            ApiVersionsRequest { client_software_name, client_software_version }
        }
    }
}
