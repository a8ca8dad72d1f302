//! What the controller checks before it takes a name or a config.

use super::active::{MIN_ISR, Refusal};
use crate::kafka::config::{ConfigDef, ConfigType, list};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::incremental_alter_configs_request::AlterableConfig;

/// The longest topic name (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME: usize = 249;
/// The longest value of a config, in bytes: a record of the metadata log takes no longer one.
const MAX_VALUE: usize = 32_767;

/// Whether a topic is Kafka's own.
pub fn is_internal(name: &str) -> bool {
    matches!(name, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

/// # Errors
/// Why the name is none, in Kafka's words.
pub fn check_name(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() {
        Err("the empty string is not allowed".into())
    } else if name == "." || name == ".." {
        Err(format!("'{name}' is not allowed"))
    } else if name.len() > MAX_NAME {
        Err(format!("the length of '{name}' is longer than the max allowed length {MAX_NAME}"))
    } else if name.chars().all(legal) {
        Ok(())
    } else {
        Err(format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"))
    }
}

/// Whether a broker config may become this (`None`: unset) while brokers run (`DynamicBrokerConfig.validate`). `all`: for all of them.
///
/// # Errors
/// Kafka's code and words.
pub fn check_dynamic(def: &ConfigDef, value: Option<&str>, all: bool) -> Result<(), Refusal> {
    let key = def.name;
    if let Some(value) = value {
        let refused = |why| (ErrorCode::InvalidRequest, why);
        if !def.is_dynamic() {
            return Err(refused(format!("Cannot update these configs dynamically: Set({key})")));
        }
        def.check(value).map_err(|error| refused(error.kafka_message()))?;
    }
    // Eligible leader replicas (KIP-966) need one value for all brokers.
    let why = match value {
        _ if key != MIN_ISR => return Ok(()),
        _ if !all => "Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
        None => "Cluster-level min.insync.replicas cannot be removed while ELR is enabled.",
        Some(_) => return Ok(()),
    };
    Err((ErrorCode::InvalidConfig, why.into()))
}

/// The new value of one altered config, or `None` to unset it. `set`: what is set on the resource now; else lists begin with the default.
pub fn altered(
    def: &ConfigDef,
    config: &AlterableConfig,
    set: &SortedVecMap<String, String>,
    broker: bool,
) -> Result<Option<String>, Refusal> {
    let key = def.name;
    let current = set.get(key).map_or(def.default.unwrap_or(""), String::as_str);
    let given = || {
        let missing = || (ErrorCode::InvalidRequest, format!("Null value not supported for : {key}"));
        config.value.as_ref().map(|value| value.to_string()).ok_or_else(missing)
    };
    let only_lists = |what: &str| {
        let why = match broker {
            true => format!("Config value {} is not allowed for config key: {key}", what.to_ascii_lowercase()),
            false => format!("Can't {what} to key {key} because its type is not LIST."),
        };
        if def.kind == ConfigType::List { Ok(()) } else { Err((ErrorCode::InvalidConfig, why)) }
    };
    let value = match config.config_operation {
        0 => Some(given()?),
        1 => None,
        2 => {
            only_lists("APPEND")?;
            let more = given()?;
            let mut items = list(current);
            for item in list(&more) {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
            Some(items.join(","))
        }
        3 => {
            only_lists("SUBTRACT")?;
            let less = given()?;
            let less = list(&less);
            Some(list(current).into_iter().filter(|item| !less.contains(item)).collect::<Vec<_>>().join(","))
        }
        other => return Err((ErrorCode::InvalidRequest, format!("Unknown operation type {other}"))),
    };
    if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE) {
        let why = format!("The configuration value cannot be added because it exceeds the maximum value size of {MAX_VALUE} bytes.");
        return Err((ErrorCode::InvalidConfig, why));
    }
    Ok(value)
}
