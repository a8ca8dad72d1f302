//! AlterConfigs: what is set on a resource is replaced as a whole (`ConfigurationControlManager.legacyAlterConfigs`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, Refusal, text};
use crate::kafka::controller::configs::Changes;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::alter_configs_request::AlterConfigsResource;
use crate::kafka::wire::message::alter_configs_response::AlterConfigsResourceResponse;
use crate::kafka::wire::message::{AlterConfigsRequest, AlterConfigsResponse};

impl ControllerApi for AlterConfigsRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> AlterConfigsResponse {
        let mut responses = Vec::new();
        for resource in &self.resources {
            let same = |other: &&AlterConfigsResource| {
                (other.resource_type, &other.resource_name) == (resource.resource_type, &resource.resource_name)
            };
            let result = match self.resources.iter().filter(same).count() {
                1 => active.replaced_configs(resource),
                _ => Err((ErrorCode::InvalidRequest, "Each resource must appear at most once.".into())),
            };
            let answer = answer(resource, result.as_ref().err());
            responses.push(answer);
            if let Ok(changes) = result
                && !self.validate_only
            {
                active.write_configs(resource.resource_type, &resource.resource_name, changes);
            }
        }
        AlterConfigsResponse { responses, ..AlterConfigsResponse::default() }
    }
}

impl Refuse for AlterConfigsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> AlterConfigsResponse {
        let refusal = (error, why.to_owned());
        let responses = self.resources.iter().map(|resource| answer(resource, Some(&refusal)));
        AlterConfigsResponse { responses: responses.collect(), ..AlterConfigsResponse::default() }
    }
}

fn answer(resource: &AlterConfigsResource, refusal: Option<&Refusal>) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse {
        error_code: refusal.map_or(ErrorCode::None, |(error, _)| *error).code(),
        error_message: refusal.map(|(_, why)| text(why.as_str())),
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone(),
    }
}

impl Active {
    fn replaced_configs(&self, resource: &AlterConfigsResource) -> Result<Changes, Refusal> {
        let (kind, name) = (resource.resource_type, resource.resource_name.as_ref());
        let mut seen = SortedVecSet::new();
        if resource.configs.iter().any(|config| !seen.insert(config.name.as_ref())) {
            return Err((ErrorCode::InvalidRequest, "Error due to duplicate config keys".into()));
        }
        let without: Vec<&str> =
            resource.configs.iter().filter(|config| config.value.is_none()).map(|config| config.name.as_ref()).collect();
        if !without.is_empty() {
            return Err((ErrorCode::InvalidRequest, format!("Null value not supported for : {}", without.join(", "))));
        }
        let before = self.configs_of(kind, name)?;
        let gone = before.keys().filter(|key| !seen.contains(&key.as_str())).map(|key| (key.clone(), None));
        let set = resource.configs.iter().map(|config| (config.name.to_string(), config.value.as_ref().map(|value| value.to_string())));
        // What is set already needs no record.
        let changes: Changes = set.filter(|(key, value)| before.get(key) != value.as_ref()).chain(gone.collect::<Changes>()).collect();
        self.check_changes(kind, name, &before, &changes)?;
        Ok(changes)
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::alter_configs_request::{AlterConfigsResource, AlterableConfig};

    impl Sample for AlterConfigsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let config = AlterableConfig { name: text("retention.ms"), value: Some(text("60000")) };
            let resource = AlterConfigsResource { resource_type: 2, resource_name: text(name), configs: vec![config] };
            Self { resources: vec![resource], ..Self::default() }
        }
    }
}
