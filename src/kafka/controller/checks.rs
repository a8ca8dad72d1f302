//! What the controller checks before it takes a name or a config.

use super::active::{MIN_ISR, Refusal};
use super::configs::{Values, broker_def};
use crate::kafka::config::{ConfigDef, ConfigType, UpdateMode, list};
use crate::kafka::wire::error::ErrorCode;

/// The longest topic name (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME: usize = 249;
/// The longest value of a config, in bytes: a record of the metadata log takes no longer one.
const MAX_VALUE: usize = 32_767;
/// Dynamic in Kafka, and fixed here.
const LISTENERS: [&str; 2] = ["listeners", "listener.security.protocol.map"];

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

/// Whether a broker config may become this (`None`: unset) while brokers run (`DynamicBrokerConfig.validate`). `all`: for all of them. A
/// name that nobody knows is taken.
///
/// # Errors
/// Kafka's code and words.
pub fn check_dynamic(key: &str, value: Option<&str>, all: bool) -> Result<(), Refusal> {
    if let (Some(value), Some(def)) = (value, broker_def(key)) {
        let refused = |why| (ErrorCode::InvalidRequest, why);
        if !def.is_dynamic() {
            return Err(refused(format!("Cannot update these configs dynamically: Set({key})")));
        }
        if key.starts_with("ssl.") {
            let why = "These security configs can be dynamically updated only per-listener using the listener prefix";
            return Err(refused(format!("{why}: Set({key})")));
        }
        def.check(value).map_err(|error| refused(error.kafka_message()))?;
        if all && def.update == UpdateMode::PerBroker {
            return Err(refused(format!("Cannot update these configs at default cluster level, broker id must be specified: Set({key})")));
        }
        if LISTENERS.contains(&key) {
            return Err(refused(format!("{key} is given at the start, and stays.")));
        }
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

/// What an alteration asks of one config, as IncrementalAlterConfigs says it.
pub struct Alteration<'a> {
    pub key: &'a str,
    /// 0 sets, 1 unsets, 2 appends to a list, 3 subtracts from one.
    pub operation: i8,
    pub value: Option<&'a str>,
}

/// The new value of one altered config, or `None` to unset it. `set`: what is set on the resource now; else lists begin with the default.
///
/// # Errors
/// Kafka's code and words; an operation that does not exist, or a list of a name that is not known, is an UNKNOWN_SERVER_ERROR without
/// words in Kafka, but for an operation on a broker.
pub fn altered(def: Option<&ConfigDef>, asked: &Alteration<'_>, set: &Values, broker: bool) -> Result<Option<String>, Refusal> {
    let key = asked.key;
    let current = set.get(key).map_or(def.and_then(|def| def.default).unwrap_or(""), String::as_str);
    let given = || asked.value.ok_or_else(|| (ErrorCode::InvalidRequest, format!("Null value not supported for : {key}")));
    let only_lists = |what: &str| {
        let why = match (broker, def) {
            (_, Some(def)) if def.kind == ConfigType::List => return Ok(()),
            (true, None) => return Err((ErrorCode::UnknownServerError, String::new())),
            (true, Some(_)) => format!("Config value {} is not allowed for config key: {key}", what.to_ascii_lowercase()),
            (false, _) => format!("Can't {what} to key {key} because its type is not LIST."),
        };
        Err((ErrorCode::InvalidConfig, why))
    };
    let value = match asked.operation {
        0 => Some(given()?.to_owned()),
        1 => None,
        2 => {
            only_lists("APPEND")?;
            let mut items = list(current);
            for item in list(given()?) {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
            Some(items.join(","))
        }
        3 => {
            only_lists("SUBTRACT")?;
            let less = list(given()?);
            Some(list(current).into_iter().filter(|item| !less.contains(item)).collect::<Vec<_>>().join(","))
        }
        other if broker => return Err((ErrorCode::InvalidRequest, format!("Unknown operations type {other}"))),
        _ => return Err((ErrorCode::UnknownServerError, String::new())),
    };
    if value.as_ref().is_some_and(|value| value.len() > MAX_VALUE) {
        let why = format!("The configuration value cannot be added because it exceeds the maximum value size of {MAX_VALUE} bytes.");
        return Err((ErrorCode::InvalidConfig, why));
    }
    Ok(value)
}
