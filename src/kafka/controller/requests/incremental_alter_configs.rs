//! IncrementalAlterConfigs, for topics and brokers (`ConfigurationControlManager`).

use super::{ControllerApi, Refuse};
use crate::kafka::config::{BROKER, TOPIC};
use crate::kafka::controller::active::{Active, MIN_ISR, Refusal, text};
use crate::kafka::controller::checks::{altered, check_dynamic};
use crate::kafka::controller::image::{BROKER_RESOURCE, TOPIC_RESOURCE};
use crate::kafka::controller::reason::ChangeReason;
use crate::kafka::controller::records::Record;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
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
                        active.write_configs(resource, changes);
                    }
                    AlterConfigsResourceResponse { error_message: None, ..answer }
                }
                Err((error, why)) => AlterConfigsResourceResponse { error_code: error.code(), error_message: Some(text(why)), ..answer },
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
    fn write_configs(&mut self, resource: &AlterConfigsResource, changes: Vec<(String, Option<String>)>) {
        let kind = resource.resource_type;
        let clears = changes.iter().any(|(name, _)| name == MIN_ISR);
        for (name, value) in changes {
            self.push(Record::Config { kind, resource: resource.resource_name.as_ref().into(), name, value });
        }
        // Who is eligible was counted by the old minimum (`createClearElrRecordsAsNeeded`).
        if clears {
            let topic = if kind == TOPIC_RESOURCE { resource.resource_name.as_ref().into() } else { "".into() };
            self.push(Record::ClearElr { topic });
        }
        if kind == BROKER_RESOURCE {
            self.refresh_config();
        }
        // Where an unclean election is allowed from now on, leaderless partitions need not wait (`maybeTriggerUncleanLeaderElection`).
        let leaderless = self.partitions(|state| state.leader < 0);
        self.reelect(leaderless, -1, -1, -1, ChangeReason::Unclean);
    }

    /// Name and new value of everything that the request changes; `None`: unset.
    fn altered_configs(&self, resource: &AlterConfigsResource) -> Result<Vec<(String, Option<String>)>, Refusal> {
        let name = resource.resource_name.as_ref();
        let mut seen = SortedVecSet::new();
        if resource.configs.iter().any(|config| !seen.insert(config.name.clone())) {
            return Err((ErrorCode::InvalidRequest, "Error due to duplicate config keys".into()));
        }
        let none = SortedVecMap::new();
        let invalid = |why: String| (ErrorCode::InvalidConfig, why);
        let mut changes = Vec::new();
        match resource.resource_type {
            TOPIC_RESOURCE => {
                if !self.draft.topics.contains_key(name) {
                    return Err((ErrorCode::UnknownTopicOrPartition, format!("The topic '{name}' does not exist.")));
                }
                let before = self.draft.topic_configs.get(name).unwrap_or(&none);
                for config in &resource.configs {
                    let key = config.name.as_ref();
                    let def = TOPIC.get(key).ok_or_else(|| invalid(format!("Unknown topic config name: {key}")))?;
                    let value = altered(def, config, before, false)?;
                    if let Some(value) = &value {
                        def.check(value).map_err(|error| invalid(error.kafka_message()))?;
                    }
                    changes.push((key.to_owned(), value));
                }
            }
            BROKER_RESOURCE => {
                if !name.is_empty() {
                    let wrong = || (ErrorCode::InvalidRequest, "Unable to parse broker name as a base 10 number.".to_owned());
                    let id: i32 = name.parse().map_err(|_| wrong())?;
                    if !self.draft.brokers.contains_key(&id) {
                        return Err((ErrorCode::BrokerIdNotRegistered, format!("No node with id {id} found.")));
                    }
                }
                let before = self.draft.broker_configs.get(name).unwrap_or(&none);
                for config in &resource.configs {
                    let key = config.name.as_ref();
                    // Kafka takes a name that it does not know, for plugins; there are none here.
                    let def = BROKER.get(key).ok_or_else(|| invalid(format!("Unknown broker config name: {key}")))?;
                    let value = altered(def, config, before, true)?;
                    check_dynamic(def, value.as_deref(), name.is_empty())?;
                    changes.push((key.to_owned(), value));
                }
            }
            other => return Err((ErrorCode::InvalidRequest, format!("Unknown resource type {other}"))),
        }
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
