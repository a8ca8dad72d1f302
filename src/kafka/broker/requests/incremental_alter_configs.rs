//! IncrementalAlterConfigs at a broker, before the request goes to the controller (`ConfigAdminManager.preprocess`).

use super::CheckedHere;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::Refusal;
use crate::kafka::controller::image::{BROKER_LOGGER_RESOURCE, BROKER_RESOURCE};
use crate::kafka::wire::message::incremental_alter_configs_request::AlterConfigsResource;
use crate::kafka::wire::message::incremental_alter_configs_response::AlterConfigsResourceResponse;
use crate::kafka::wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, Str};

/// Clients send no request that names two brokers, or a broker's loggers beside others; it is refused as a whole.
pub(super) const MIXED: &str = "The request also names another broker, or loggers.";

impl CheckedHere for IncrementalAlterConfigsRequest {
    /// One broker's configs are altered through that broker.
    fn check(&self, broker: &Broker) -> Option<IncrementalAlterConfigsResponse> {
        let why = |resource: &AlterConfigsResource| match resource.resource_type {
            BROKER_RESOURCE => broker.not_this_broker(&resource.resource_name).map(|why| (ErrorCode::InvalidRequest, why)),
            BROKER_LOGGER_RESOURCE => Some(broker.refused_levels(resource)),
            _ => None,
        };
        let wrong: Vec<_> = self.resources.iter().map(why).collect();
        if wrong.iter().all(Option::is_none) {
            return None;
        }
        let responses = self.resources.iter().zip(wrong).map(|(resource, refusal)| {
            let (error, why) = refusal.unwrap_or_else(|| (ErrorCode::InvalidRequest, MIXED.into()));
            AlterConfigsResourceResponse {
                error_code: error.code(),
                error_message: Some(Str::from(why)),
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
            }
        });
        Some(IncrementalAlterConfigsResponse { responses: responses.collect(), ..IncrementalAlterConfigsResponse::default() })
    }
}

impl Broker {
    /// Why a resource's name is not this broker, nor all brokers.
    pub(super) fn not_this_broker(&self, name: &str) -> Option<String> {
        let id = self.options.node_id;
        match name.parse::<i32>() {
            _ if name.is_empty() => None,
            Ok(other) if other == id => None,
            Ok(_) => Some(format!("Unexpected broker id, expected {id}, but received {name}")),
            Err(_) => Some(format!("Node id must be an integer, but it is: {name}")),
        }
    }

    /// Levels of loggers (`RuntimeLoggerManager`): there is one logger, and all that it is told is written.
    fn refused_levels(&self, resource: &AlterConfigsResource) -> Refusal {
        let (id, name) = (self.options.node_id, resource.resource_name.as_ref());
        match name.parse::<i32>() {
            Ok(other) if other == id => {}
            Ok(_) => return (ErrorCode::InvalidRequest, format!("Unexpected node id. Expected {id}, but received {name}")),
            Err(_) => return (ErrorCode::InvalidRequest, format!("Node id must be an integer, but it is: {name}")),
        }
        match resource.configs.iter().find(|config| config.name.as_ref() != super::describe_configs::LOGGER.0) {
            Some(other) => (ErrorCode::InvalidConfig, format!("Logger {} does not exist!", other.name)),
            None => (ErrorCode::InvalidConfig, "Levels of loggers are not altered here: all lines are written.".into()),
        }
    }
}
