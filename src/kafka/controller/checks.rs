//! What the controller checks before it takes a name or a config.

use super::active::Refusal;
use crate::kafka::broker::config::{ConfigDef, Kind, list};
use crate::kafka::broker::config_table::TOPIC;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::incremental_alter_configs_request::AlterableConfig;

/// The longest topic name (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME: usize = 249;

/// Whether a topic is Kafka's own.
pub fn is_internal(name: &str) -> bool {
    name == "__consumer_offsets" || name == "__transaction_state"
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

/// Broker configs that can be altered at run time besides the topics' defaults (`DynamicBrokerConfig`).
const DYNAMIC: &[&str] = &[
    "background.threads",
    "log.cleaner.backoff.ms",
    "log.retention.hours",
    "log.retention.minutes",
    "log.roll.hours",
    "max.connections",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "producer.id.expiration.ms",
];

pub fn is_dynamic(name: &str) -> bool {
    DYNAMIC.contains(&name) || TOPIC.iter().any(|def| def.server == Some(name))
}

/// The new value of one altered config, or `None` to unset it.
pub fn altered(def: &ConfigDef, config: &AlterableConfig, current: &str) -> Result<Option<String>, Refusal> {
    let key = def.name;
    let given = || {
        let missing = || (ErrorCode::InvalidRequest, format!("Null value not supported for : {key}"));
        config.value.as_ref().map(|value| value.to_string()).ok_or_else(missing)
    };
    let only_lists = |what: &str| {
        let why = format!("Can't {what} to key {key} because its type is not LIST.");
        if def.kind == Kind::List { Ok(()) } else { Err((ErrorCode::InvalidConfig, why)) }
    };
    match config.config_operation {
        0 => given().map(Some),
        1 => Ok(None),
        2 => {
            only_lists("APPEND")?;
            let more = given()?;
            let mut items = list(current);
            for item in list(&more) {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
            Ok(Some(items.join(",")))
        }
        3 => {
            only_lists("SUBTRACT")?;
            let less = given()?;
            let less = list(&less);
            Ok(Some(list(current).into_iter().filter(|item| !less.contains(item)).collect::<Vec<_>>().join(",")))
        }
        other => Err((ErrorCode::InvalidRequest, format!("Unknown operation type {other}"))),
    }
}
