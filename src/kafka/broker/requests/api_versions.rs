//! ApiVersions (KIP-35, KIP-511): what the listener answers, in which versions.

use super::BrokerApi;
use crate::kafka::apis::Listener;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::features::FEATURES;
use crate::kafka::time::Time;
use crate::kafka::wire::message::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use crate::kafka::wire::message::{ApiVersionsRequest, ApiVersionsResponse, Str};

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
        let listener = broker.connections.get(context.conn).map_or(Listener::Broker, |connection| connection.listener);
        reply(context, response(broker, listener, context.version))
    }
}

/// The answer to a client that speaks a newer version: what it may ask, in the body of version 0.
pub fn too_new(broker: &Broker, listener: Listener, context: &Context) -> Reply {
    let error_code = ErrorCode::UnsupportedVersion.code();
    let response = ApiVersionsResponse { error_code, ..response(broker, listener, 0) };
    reply(&Context { version: 0, ..context.clone() }, response)
}

fn response(broker: &Broker, listener: Listener, version: i16) -> ApiVersionsResponse {
    let keys = listener.apis().iter().map(|range| ApiVersion { api_key: range.key as i16, min_version: range.min, max_version: range.max });
    let response = ApiVersionsResponse { api_keys: keys.collect(), ..ApiVersionsResponse::default() };
    if version < 3 {
        return response;
    }
    let image = broker.controller.image();
    let supported = FEATURES.iter().map(|feature| SupportedFeatureKey {
        name: Str::from(feature.name),
        min_version: feature.min,
        max_version: feature.max,
    });
    // Version 3 cannot say a level of 0 (KAFKA-17011).
    let supported = supported.filter(|feature| version > 3 || feature.min_version > 0);
    let finalized = image.features.iter().map(|(name, level)| FinalizedFeatureKey {
        name: name.clone(),
        min_version_level: *level,
        max_version_level: *level,
    });
    ApiVersionsResponse {
        supported_features: supported.collect(),
        finalized_features_epoch: image.offset,
        finalized_features: finalized.collect(),
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
