//! IncrementalAlterConfigs, for topics and brokers (`ConfigurationControlManager`).

use super::active::{Active, MIN_ISR, Refusal, text};
use super::checks::{altered, is_dynamic};
use super::image::{BROKER_RESOURCE, TOPIC_RESOURCE};
use super::records::Record;
use crate::kafka::broker::config::{broker_def, check_broker, check_topic, topic_def};
use crate::kafka::map::{Map, Set};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::incremental_alter_configs_request::AlterConfigsResource;
use crate::kafka::wire::message::incremental_alter_configs_response::AlterConfigsResourceResponse;
use crate::kafka::wire::message::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

impl Active {
    pub(super) fn alter_configs(&mut self, request: &IncrementalAlterConfigsRequest) -> IncrementalAlterConfigsResponse {
        let mut responses = Vec::new();
        for resource in &request.resources {
            let answer = AlterConfigsResourceResponse {
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..AlterConfigsResourceResponse::default()
            };
            let result = self.altered_configs(resource);
            responses.push(match result {
                Ok(changes) => {
                    if !request.validate_only {
                        self.write_configs(resource, changes);
                    }
                    AlterConfigsResourceResponse { error_message: None, ..answer }
                }
                Err((error, why)) => AlterConfigsResourceResponse { error_code: error.code(), error_message: Some(text(why)), ..answer },
            });
        }
        IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() }
    }

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
        self.reelect(leaderless, -1, -1, -1, "unclean");
    }

    /// Name and new value of everything that the request changes; `None`: unset.
    fn altered_configs(&self, resource: &AlterConfigsResource) -> Result<Vec<(String, Option<String>)>, Refusal> {
        let name = resource.resource_name.as_ref();
        let mut seen = Set::new();
        if let Some(twice) = resource.configs.iter().find(|config| !seen.insert(config.name.clone())) {
            return Err((ErrorCode::InvalidRequest, format!("Error due to duplicate config keys: {}", twice.name)));
        }
        let none = Map::new();
        let invalid = |why: String| (ErrorCode::InvalidConfig, why);
        let mut changes = Vec::new();
        match resource.resource_type {
            TOPIC_RESOURCE => {
                if !self.draft.topics.contains_key(name) {
                    let why = "This server does not host this topic-partition.".to_owned();
                    return Err((ErrorCode::UnknownTopicOrPartition, why));
                }
                let before = self.draft.topic_configs.get(name).unwrap_or(&none);
                for config in &resource.configs {
                    let key = config.name.as_ref();
                    let def = topic_def(key).ok_or_else(|| invalid(format!("Unknown topic config name: {key}")))?;
                    let current = self.config.topic_value(before, def).0.unwrap_or_default();
                    let value = altered(def, config, &current)?;
                    if let Some(value) = &value {
                        check_topic(key, value).map_err(invalid)?;
                    }
                    changes.push((key.to_owned(), value));
                }
            }
            BROKER_RESOURCE => {
                if !name.is_empty() && !name.parse::<i32>().is_ok_and(|id| self.draft.brokers.contains_key(&id)) {
                    return Err((ErrorCode::InvalidRequest, format!("No broker {name} is registered.")));
                }
                let before = self.draft.broker_configs.get(name).unwrap_or(&none);
                for config in &resource.configs {
                    let key = config.name.as_ref();
                    let def = broker_def(key).ok_or_else(|| invalid(format!("Unknown broker config name: {key}")))?;
                    if !is_dynamic(key) {
                        return Err((ErrorCode::InvalidRequest, format!("Cannot update these configs dynamically: {key}")));
                    }
                    let current = before.get(key).map_or_else(|| self.config.text(key), String::as_str);
                    let value = altered(def, config, current)?;
                    if key == MIN_ISR && !name.is_empty() {
                        return Err(invalid("Broker-level min.insync.replicas cannot be altered while ELR is enabled.".into()));
                    }
                    if let Some(value) = &value {
                        check_broker(key, value).map_err(|error| invalid(error.to_string()))?;
                    }
                    // Eligible leader replicas (KIP-966) need one value for all brokers.
                    if key == MIN_ISR && !name.is_empty() {
                        return Err(invalid("Broker-level min.insync.replicas cannot be altered while ELR is enabled.".into()));
                    }
                    if key == MIN_ISR && value.is_none() {
                        return Err(invalid("Cluster-level min.insync.replicas cannot be removed while ELR is enabled.".into()));
                    }
                    changes.push((key.to_owned(), value));
                }
            }
            other => return Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
        }
        Ok(changes)
    }
}
