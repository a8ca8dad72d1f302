//! IncrementalAlterConfigs, for topics, brokers and groups (`ConfigurationControlManager.incrementalAlterConfigs`).

use super::{ControllerApi, Refuse};
use crate::kafka::config::{GROUP, TOPIC};
use crate::kafka::controller::active::{Active, Refusal, text};
use crate::kafka::controller::checks::{Alteration, altered};
use crate::kafka::controller::configs::{Changes, broker_def};
use crate::kafka::controller::image::{BROKER_RESOURCE, TOPIC_RESOURCE};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::incremental_alter_configs_request::AlterConfigsResource;
use crate::kafka::wire::message::incremental_alter_configs_response::AlterConfigsResourceResponse;
use crate::kafka::wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

impl ControllerApi for IncrementalAlterConfigsRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> IncrementalAlterConfigsResponse {
        let mut responses = Vec::new();
        for resource in &self.resources {
            let same = |other: &&AlterConfigsResource| {
                (other.resource_type, &other.resource_name) == (resource.resource_type, &resource.resource_name)
            };
            let once = self.resources.iter().filter(same).count() == 1;
            let answer = AlterConfigsResourceResponse {
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..AlterConfigsResourceResponse::default()
            };
            let result = match once {
                true => active.altered_configs(resource),
                false => Err((ErrorCode::InvalidRequest, "Each resource must appear at most once.".into())),
            };
            responses.push(match result {
                Ok(changes) => {
                    if !self.validate_only {
                        active.write_configs(resource.resource_type, &resource.resource_name, changes);
                    }
                    AlterConfigsResourceResponse { error_message: None, ..answer }
                }
                Err((error, why)) => AlterConfigsResourceResponse {
                    error_code: error.code(),
                    error_message: Some(text(why)).filter(|why| !why.is_empty()),
                    ..answer
                },
            });
        }
        IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() }
    }
}

impl Refuse for IncrementalAlterConfigsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> IncrementalAlterConfigsResponse {
        let responses = self.resources.iter().map(|resource| AlterConfigsResourceResponse {
            error_code: error.code(),
            error_message: Some(text(why)),
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
        });
        IncrementalAlterConfigsResponse { responses: responses.collect(), ..IncrementalAlterConfigsResponse::default() }
    }
}

impl Active {
    fn altered_configs(&self, resource: &AlterConfigsResource) -> Result<Changes, Refusal> {
        let (kind, name) = (resource.resource_type, resource.resource_name.as_ref());
        let mut seen = SortedVecSet::new();
        if resource.configs.iter().any(|config| !seen.insert(config.name.clone())) {
            return Err((ErrorCode::InvalidRequest, "Error due to duplicate config keys".into()));
        }
        let before = self.configs_of(kind, name)?;
        let mut changes = Vec::new();
        for config in &resource.configs {
            let key = config.name.as_ref();
            let def = match kind {
                TOPIC_RESOURCE => TOPIC.get(key),
                BROKER_RESOURCE => broker_def(key),
                _ => GROUP.get(key),
            };
            let asked = Alteration { key, operation: config.config_operation, value: config.value.as_deref() };
            changes.push((key.to_owned(), altered(def, &asked, &before, kind == BROKER_RESOURCE)?));
        }
        self.check_changes(kind, name, &before, &changes)?;
        Ok(changes)
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};

    impl Sample for IncrementalAlterConfigsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let config = AlterableConfig { name: text("retention.ms"), value: Some(text("60000")), ..AlterableConfig::default() };
            let resource = AlterConfigsResource { resource_type: 2, resource_name: text(name), configs: vec![config] };
            IncrementalAlterConfigsRequest { resources: vec![resource], ..IncrementalAlterConfigsRequest::default() }
        }
    }
}
