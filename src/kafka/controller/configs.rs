//! Configs of topics, brokers and groups: what may be set, and setting it (`ConfigurationControlManager`).

use super::active::{Active, MIN_ISR, Refusal};
use super::checks::{check_dynamic, check_name};
use super::image::{BROKER_RESOURCE, CLIENT_METRICS_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE};
use super::records::Record;
use crate::kafka::config::{BROKER, ConfigDef, ConfigTable, GROUP, THROTTLES, TOPIC};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::error::ErrorCode;

pub type Values = SortedVecMap<String, String>;
/// Name and new value; `None`: unset.
pub type Changes = Vec<(String, Option<String>)>;

fn invalid(why: impl Into<String>) -> Refusal {
    (ErrorCode::InvalidConfig, why.into())
}

fn malformed(why: impl Into<String>) -> Refusal {
    (ErrorCode::InvalidRequest, why.into())
}

impl Active {
    /// What is set on a resource now.
    ///
    /// # Errors
    /// There is no such resource.
    pub(super) fn configs_of(&self, kind: i8, name: &str) -> Result<Values, Refusal> {
        let set = match kind {
            TOPIC_RESOURCE if name.is_empty() => return Err(malformed("Default topic resources are not allowed.")),
            TOPIC_RESOURCE => {
                check_name(name).map_err(|why| (ErrorCode::InvalidTopicException, format!("Topic name is invalid: {why}")))?;
                if !self.draft.topics.contains_key(name) {
                    return Err((ErrorCode::UnknownTopicOrPartition, format!("The topic '{name}' does not exist.")));
                }
                self.draft.topic_configs.get(name)
            }
            BROKER_RESOURCE => {
                if !name.is_empty() {
                    let id: i32 = name.parse().map_err(|_| malformed("Unable to parse broker name as a base 10 number."))?;
                    if !self.draft.brokers.contains_key(&id) {
                        return Err((ErrorCode::BrokerIdNotRegistered, format!("No node with id {id} found.")));
                    }
                }
                self.draft.broker_configs.get(name)
            }
            GROUP_RESOURCE if name.is_empty() => return Err(malformed("Default group resources are not allowed.")),
            GROUP_RESOURCE => self.draft.group_configs.get(name),
            CLIENT_METRICS_RESOURCE if name.is_empty() => return Err(malformed("Subscription name can't be empty")),
            CLIENT_METRICS_RESOURCE => return Err(malformed("Client metrics (KIP-714) are not built here.")),
            other => return Err(malformed(format!("Unknown resource type {other}"))),
        };
        Ok(set.cloned().unwrap_or_default())
    }

    /// Whether a resource may have what is set on it together with these changes.
    ///
    /// # Errors
    /// Kafka's code and words.
    pub(super) fn check_changes(&self, kind: i8, name: &str, before: &Values, changes: &Changes) -> Result<(), Refusal> {
        let mut after = before.clone();
        for (key, value) in changes {
            match value {
                Some(value) => after.insert(key.clone(), value.clone()),
                None => after.remove(key),
            };
        }
        match kind {
            TOPIC_RESOURCE => {
                check_names(&TOPIC, changes)?;
                self.config.check_topic(&after).map_err(invalid)
            }
            GROUP_RESOURCE => {
                check_names(&GROUP, changes)?;
                self.config.check_group(&after).map_err(invalid)
            }
            _ => {
                let all = name.is_empty();
                for (key, value) in changes {
                    check_dynamic(key, value.as_deref(), all)?;
                }
                let now = self.config.with_altered(before.clone(), all);
                let new = self.config.with_altered(after, all);
                new.check_together().map_err(|why| malformed(format!("requirement failed: {why}")))?;
                now.check_change(&new).map_err(malformed)
            }
        }
    }

    pub(super) fn write_configs(&mut self, kind: i8, resource: &str, changes: Changes) {
        let clears = changes.iter().any(|(name, _)| name == MIN_ISR);
        for (name, value) in changes {
            self.push(Record::Config { kind, resource: resource.into(), name, value });
        }
        // Who is eligible was counted by the old minimum (`createClearElrRecordsAsNeeded`).
        if clears {
            let topic = if kind == TOPIC_RESOURCE { resource.into() } else { "".into() };
            self.push(Record::ClearElr { topic });
        }
        if kind == BROKER_RESOURCE {
            self.refresh_config();
        }
    }
}

fn check_names(table: &ConfigTable, changes: &Changes) -> Result<(), Refusal> {
    for (name, value) in changes {
        let def = table.get(name).ok_or_else(|| invalid(format!("Unknown {} config name: {name}", table.whose)))?;
        if let Some(value) = value {
            def.check(value).map_err(|error| invalid(error.kafka_message()))?;
        }
    }
    Ok(())
}

/// The table that has a broker's config, if one has it: others may be set too, for plugins.
pub fn broker_def(name: &str) -> Option<&'static ConfigDef> {
    BROKER.get(name).or_else(|| THROTTLES.get(name))
}
