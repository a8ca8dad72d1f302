//! IncrementalAlterConfigs at a broker, before the request goes to the controller (`ConfigAdminManager.preprocess`).

use super::CheckedHere;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::image::BROKER_RESOURCE;
use crate::kafka::wire::message::incremental_alter_configs_response::AlterConfigsResourceResponse;
use crate::kafka::wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, Str};

impl CheckedHere for IncrementalAlterConfigsRequest {
    /// One broker's configs are altered through that broker. Clients send no request that names two brokers; it is refused as a whole.
    fn check(&self, broker: &Broker) -> Option<IncrementalAlterConfigsResponse> {
        let id = broker.options.node_id;
        let mut wrong = false;
        let responses = self.resources.iter().map(|resource| {
            let name = resource.resource_name.as_ref();
            let why = match name.parse::<i32>() {
                _ if resource.resource_type != BROKER_RESOURCE || name.is_empty() => None,
                Ok(other) if other == id => None,
                Ok(_) => Some(format!("Unexpected broker id, expected {id}, but received {name}")),
                Err(_) => Some(format!("Node id must be an integer, but it is: {name}")),
            };
            wrong |= why.is_some();
            AlterConfigsResourceResponse {
                error_code: ErrorCode::InvalidRequest.code(),
                error_message: Some(Str::from(why.unwrap_or_else(|| "The request also names another broker.".into()))),
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
            }
        });
        let responses = responses.collect();
        wrong.then(|| IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() })
    }
}
