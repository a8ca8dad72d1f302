//! Why a config is refused.

use super::def::ConfigTable;
use super::{BROKER, CONSUMER, PRODUCER, TOPIC};

/// A refused config. Displayed as `name=value: what is expected`; [`ConfigError::kafka_message`] has Kafka's words for a response.
#[derive(Clone, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum ConfigError {
    /// The table has no such name.
    #[error("{name} is not a {whose} config that is known here; {hint}")]
    Unknown { whose: &'static str, name: String, hint: String },
    /// The value is not of the type, or not among the valid values.
    #[error("{name}={value}: {expected}")]
    Invalid {
        name: &'static str,
        value: String,
        expected: String,
        /// What Kafka's `ConfigException` says after name and value.
        kafka: String,
    },
    /// The value does not go with that of another config.
    #[error("{name}={value}: {expected}")]
    Conflict { name: &'static str, value: String, expected: String },
    /// A rule between configs is broken; in Kafka's words.
    #[error("{0}")]
    Rule(String),
}

impl ConfigError {
    pub(super) fn unknown(table: &ConfigTable, name: &str) -> Self {
        Self::Unknown { whose: table.whose, name: name.into(), hint: hint(table, name) }
    }

    pub(super) fn conflict(name: &'static str, value: impl ToString, expected: &str) -> Self {
        Self::Conflict { name, value: value.to_string(), expected: expected.into() }
    }

    /// The sentence that Kafka answers with, for INVALID_CONFIG and INVALID_REQUEST.
    pub fn kafka_message(&self) -> String {
        match self {
            Self::Unknown { whose, name, .. } => format!("Unknown {whose} config name: {name}"),
            Self::Invalid { name, value, kafka, .. } => format!("Invalid value {value} for configuration {name}: {kafka}"),
            Self::Rule(why) => why.clone(),
            Self::Conflict { name, value, expected } => format!("Invalid value {value} for configuration {name}: {expected}"),
        }
    }
}

/// Whose config it is instead, or the name that is nearest to it.
fn hint(table: &ConfigTable, name: &str) -> String {
    let others = [BROKER, TOPIC, PRODUCER, CONSUMER].into_iter().filter(|other| other.whose != table.whose);
    if let Some((other, def)) = others.into_iter().find_map(|other| Some((other, other.get(name)?))) {
        return match def.server {
            Some(server) => format!("it is a {} config, whose default is {server}", other.whose),
            None => format!("it is a {} config", other.whose),
        };
    }
    let nearest = table.iter().min_by_key(|def| distance(name, def.name)).map_or("", |def| def.name);
    format!("did you mean {nearest}?")
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> u32 {
    let mut row: Vec<u32> = (0..).take(b.len() + 1).collect();
    for x in a.bytes() {
        let mut corner = row.first().copied().unwrap_or(0);
        let mut left = corner + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let above = *cell;
            left = (corner + u32::from(x != y)).min(above + 1).min(left + 1);
            *cell = left;
            corner = above;
        }
    }
    row.last().copied().unwrap_or(0)
}
