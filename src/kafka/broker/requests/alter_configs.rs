//! AlterConfigs at a broker, before the request goes to the controller (`ConfigAdminManager.preprocess`).

use super::CheckedHere;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::image::{BROKER_LOGGER_RESOURCE, BROKER_RESOURCE};
use crate::kafka::wire::message::alter_configs_response::AlterConfigsResourceResponse;
use crate::kafka::wire::message::{AlterConfigsRequest, AlterConfigsResponse, Str};

impl CheckedHere for AlterConfigsRequest {
    fn check(&self, broker: &Broker) -> Option<AlterConfigsResponse> {
        let why = |kind: i8, name: &str| match kind {
            BROKER_RESOURCE => broker.not_this_broker(name),
            // Levels of loggers are altered by IncrementalAlterConfigs alone.
            BROKER_LOGGER_RESOURCE => Some(format!("Unknown resource type {kind}")),
            _ => None,
        };
        let wrong: Vec<_> = self.resources.iter().map(|resource| why(resource.resource_type, &resource.resource_name)).collect();
        if wrong.iter().all(Option::is_none) {
            return None;
        }
        let responses = self.resources.iter().zip(wrong).map(|(resource, why)| AlterConfigsResourceResponse {
            error_code: ErrorCode::InvalidRequest.code(),
            error_message: Some(Str::from(why.unwrap_or_else(|| super::incremental_alter_configs::MIXED.into()))),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
        });
        Some(AlterConfigsResponse { responses: responses.collect(), ..AlterConfigsResponse::default() })
    }
}
