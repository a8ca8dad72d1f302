//! Configs: parsing, checking, and what holds where. Kafka's `ConfigDef`, `KafkaConfig`, `LogConfig`.
//!
//! A topic config is, in this order: set on the topic, set on the broker at run time, set on the broker at its start,
//! Kafka's default. Which of them won is its source in DescribeConfigs.

use super::ConfigError;
use super::config_table::{BROKER, TOPIC};
use crate::kafka::coordinator::GroupConfig;
use crate::kafka::log::LogConfig;
use std::collections::BTreeMap;

/// A config's type, by Kafka's number in DescribeConfigs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
        }
    }
}

/// Which values a config takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Valid {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    /// Each element, for a list.
    OneOf(&'static [&'static str]),
    /// 0 to 1.
    Ratio,
    /// 1 to 9, or -1.
    GzipLevel,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigDef {
    pub name: &'static str,
    pub kind: Kind,
    pub default: Option<&'static str>,
    pub valid: Valid,
    /// For a topic config: the broker config behind it.
    pub server: Option<&'static str>,
    pub doc: &'static str,
}

/// Where a value comes from, by Kafka's number (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Topic = 1,
    DynamicBroker = 2,
    /// BTreeSet at run time for all brokers.
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
}

/// A value, the name that it was set by and its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sourced {
    pub name: &'static str,
    pub value: Option<String>,
    pub source: Source,
}

/// Names of one setting, the one that goes before the others first (`DynamicBrokerConfig.brokerConfigSynonyms`).
const SAME: [&[&str]; 4] = [
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
    &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
];

/// The tables are sorted by name.
fn find(table: &'static [ConfigDef], name: &str) -> Option<&'static ConfigDef> {
    table.binary_search_by(|def| def.name.cmp(name)).ok().and_then(|index| table.get(index))
}

pub fn topic_def(name: &str) -> Option<&'static ConfigDef> {
    find(TOPIC, name)
}

pub fn broker_def(name: &str) -> Option<&'static ConfigDef> {
    find(BROKER, name)
}

/// The elements of a list value.
pub fn list(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

impl ConfigDef {
    /// Checks a value; the error is the sentence that Kafka's `ConfigException` says after the value.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let text = value.trim();
        let number = match self.kind {
            Kind::Boolean => {
                let fine = text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
                return if fine { Ok(()) } else { Err("Expected value to be either true or false".into()) };
            }
            Kind::Int => text.parse::<i32>().ok().map(i64::from),
            Kind::Short => text.parse::<i16>().ok().map(i64::from),
            Kind::Long => text.parse::<i64>().ok(),
            Kind::Double => {
                let millionths = parse_millionths(text).ok_or_else(|| format!("Not a number of type {}", self.kind.name()))?;
                return match self.valid {
                    Valid::Ratio if millionths < 0 => Err("Value must be at least 0".into()),
                    Valid::Ratio if millionths > 1_000_000 => Err("Value must be no more than 1".into()),
                    _ => Ok(()),
                };
            }
            Kind::String | Kind::List => {
                let items = if self.kind == Kind::List { list(text) } else { vec![text] };
                return match self.valid {
                    Valid::OneOf(allowed) => match items.iter().find(|item| !allowed.contains(item)) {
                        Some(_) => Err(format!("String must be one of: {}", allowed.join(", "))),
                        None if items.is_empty() => Err("Configuration must not be empty".into()),
                        None => Ok(()),
                    },
                    _ => Ok(()),
                };
            }
        };
        let Some(number) = number else { return Err(format!("Not a number of type {}", self.kind.name())) };
        match self.valid {
            Valid::AtLeast(least) if number < least => Err(format!("Value must be at least {least}")),
            Valid::Between(least, _) if number < least => Err(format!("Value must be at least {least}")),
            Valid::Between(_, most) if number > most => Err(format!("Value must be no more than {most}")),
            Valid::GzipLevel if number != -1 && !(1..=9).contains(&number) => Err("Value must be between 1 and 9 or equal to -1".into()),
            _ => Ok(()),
        }
    }
}

impl ConfigDef {
    /// The same check; the error is the whole sentence of Kafka's `ConfigException`.
    pub fn accepts(&self, value: &str) -> Result<(), String> {
        self.check(value).map_err(|why| format!("Invalid value {value} for configuration {}: {why}", self.name))
    }
}

/// A decimal number in millionths, without floats.
fn parse_millionths(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse::<u32>().ok()?.into() };
    let digits: String = part.chars().chain("000000".chars()).take(6).collect();
    let value = whole.checked_mul(1_000_000)?.checked_add(digits.parse().ok()?)?;
    Some(if negative { -value } else { value })
}

/// Checks one topic config; the error is Kafka's message for INVALID_CONFIG.
pub fn check_topic(name: &str, value: &str) -> Result<(), String> {
    let def = topic_def(name).ok_or_else(|| format!("Unknown topic config name: {name}"))?;
    def.accepts(value)
}

/// Checks one broker config.
pub fn check_broker(name: &str, value: &str) -> Result<(), ConfigError> {
    let def = broker_def(name).ok_or_else(|| ConfigError::Unknown { name: name.into(), hint: hint(name) })?;
    def.check(value).map_err(|expected| ConfigError::Invalid { name: name.into(), value: value.into(), expected })
}

fn hint(name: &str) -> String {
    let nearest = BROKER.iter().min_by_key(|def| distance(name, def.name)).map_or("", |def| def.name);
    if topic_def(name).is_some() {
        return match topic_def(name).and_then(|def| def.server) {
            Some(server) => format!("it is a topic config, whose default is {server}"),
            None => "it is a topic config".into(),
        };
    }
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

/// The broker's configs: as started, and as altered since.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BrokerConfig {
    pub fixed: BTreeMap<String, String>,
    /// Altered for all brokers.
    pub cluster: BTreeMap<String, String>,
    /// Altered for this one.
    pub dynamic: BTreeMap<String, String>,
}

impl BrokerConfig {
    /// # Errors
    /// The first config, by name, that is unknown or has a bad value.
    pub fn new(fixed: BTreeMap<String, String>) -> Result<Self, ConfigError> {
        for (name, value) in &fixed {
            check_broker(name, value)?;
        }
        Ok(Self { fixed, ..Self::default() })
    }

    /// Takes in what the metadata says was altered at run time: `altered` by broker, "" for all of them.
    pub fn set_altered(&mut self, altered: &BTreeMap<String, BTreeMap<String, String>>, node_id: i32) {
        let of = |broker: &str| altered.get(broker).cloned().unwrap_or_default();
        (self.cluster, self.dynamic) = (of(""), of(&node_id.to_string()));
    }

    /// All values of a broker config, the one that holds first.
    pub fn values(&self, name: &str) -> Vec<Sourced> {
        self.found(&[name])
    }

    /// What DescribeConfigs calls synonyms: also the values of those that stand for the same setting, by source, from its own first on.
    pub fn synonyms(&self, name: &str) -> Vec<Sourced> {
        let mut found = match SAME.iter().find(|names| names.contains(&name)) {
            Some(names) => self.found(names),
            None => self.found(&[name]),
        };
        let own = found.iter().position(|value| value.name == name);
        found.drain(..own.unwrap_or(found.len()));
        found
    }

    fn found(&self, names: &[&str]) -> Vec<Sourced> {
        let mut found = Vec::new();
        let set = [
            (Some(&self.dynamic), Source::DynamicBroker),
            (Some(&self.cluster), Source::DynamicDefaultBroker),
            (Some(&self.fixed), Source::StaticBroker),
            (None, Source::Default),
        ];
        for (values, source) in set {
            for def in names.iter().filter_map(|name| broker_def(name)) {
                let value = values.map_or(def.default.map(String::from), |values| values.get(def.name).cloned());
                if value.is_some() {
                    found.push(Sourced { name: def.name, value, source });
                }
            }
        }
        found
    }

    /// What holds; empty when nothing is set.
    pub fn text(&self, name: &str) -> &str {
        let set = self.set(name).map(String::as_str);
        set.or_else(|| broker_def(name).and_then(|def| def.default)).unwrap_or("")
    }

    /// What holds, as a number. Values were checked when set; a config without a value is 0.
    pub fn long(&self, name: &str) -> i64 {
        self.text(name).trim().parse().unwrap_or(0)
    }

    pub fn int(&self, name: &str) -> i32 {
        i32::try_from(self.long(name)).unwrap_or(i32::MAX)
    }

    pub fn flag(&self, name: &str) -> bool {
        self.text(name).trim().eq_ignore_ascii_case("true")
    }

    fn set(&self, name: &str) -> Option<&String> {
        self.dynamic.get(name).or_else(|| self.cluster.get(name)).or_else(|| self.fixed.get(name))
    }

    fn is_set(&self, name: &str) -> bool {
        self.set(name).is_some()
    }

    /// The broker's value for a topic config, with hours and minutes made milliseconds.
    fn server_default(&self, def: &ConfigDef) -> Option<(Sourced, String)> {
        let (name, factor) = match def.name {
            "retention.ms" if self.is_set("log.retention.ms") => ("log.retention.ms", 1),
            "retention.ms" if self.is_set("log.retention.minutes") => ("log.retention.minutes", 60_000),
            "retention.ms" => ("log.retention.hours", 3_600_000),
            "segment.ms" if self.is_set("log.roll.ms") => ("log.roll.ms", 1),
            "segment.ms" => ("log.roll.hours", 3_600_000),
            "segment.jitter.ms" if self.is_set("log.roll.jitter.ms") => ("log.roll.jitter.ms", 1),
            "segment.jitter.ms" => ("log.roll.jitter.hours", 3_600_000),
            _ => (def.server?, 1),
        };
        let sourced = self.values(name).into_iter().next()?;
        let mut value = sourced.value.clone()?;
        if factor != 1 {
            let number: i64 = value.trim().parse().ok()?;
            // -1 hours mean "no limit", as -1 milliseconds do.
            value = if number < 0 { number } else { number.saturating_mul(factor) }.to_string();
        }
        Some((sourced, value))
    }

    /// The value of a topic config and where it comes from; then its synonyms, the one that holds first.
    pub fn topic_value(&self, overrides: &BTreeMap<String, String>, def: &'static ConfigDef) -> (Option<String>, Source, Vec<Sourced>) {
        let mut synonyms = Vec::new();
        if let Some(value) = overrides.get(def.name) {
            synonyms.push(Sourced { name: def.name, value: Some(value.clone()), source: Source::Topic });
        }
        let server = self.server_default(def);
        synonyms.extend(def.server.map(|name| self.synonyms(name)).unwrap_or_default());
        let source = synonyms.first().map_or(Source::Default, |first| first.source);
        let value = overrides.get(def.name).cloned().or(server.map(|(_, value)| value)).or_else(|| def.default.map(Into::into));
        (value, source, synonyms)
    }

    fn topic_text(&self, overrides: &BTreeMap<String, String>, name: &str) -> String {
        topic_def(name).and_then(|def| self.topic_value(overrides, def).0).unwrap_or_default()
    }

    fn topic_long(&self, overrides: &BTreeMap<String, String>, name: &str) -> i64 {
        self.topic_text(overrides, name).trim().parse().unwrap_or(0)
    }

    pub fn topic_int(&self, overrides: &BTreeMap<String, String>, name: &str) -> i32 {
        i32::try_from(self.topic_long(overrides, name)).unwrap_or(i32::MAX)
    }

    /// Whether `cleanup.policy` contains `delete`.
    pub fn deletes(&self, overrides: &BTreeMap<String, String>) -> bool {
        list(&self.topic_text(overrides, "cleanup.policy")).contains(&"delete")
    }

    /// What the log of a topic with these configs works by.
    pub fn log_config(&self, overrides: &BTreeMap<String, String>) -> LogConfig {
        let segment_bytes = match overrides.get("internal.segment.bytes").and_then(|value| value.trim().parse().ok()) {
            Some(bytes) => bytes,
            None => self.topic_int(overrides, "segment.bytes"),
        };
        LogConfig {
            segment_bytes,
            segment_ms: self.topic_long(overrides, "segment.ms"),
            segment_index_bytes: self.topic_int(overrides, "segment.index.bytes"),
            index_interval_bytes: self.topic_int(overrides, "index.interval.bytes"),
            max_message_bytes: self.topic_int(overrides, "max.message.bytes"),
            retention_ms: self.topic_long(overrides, "retention.ms"),
            retention_bytes: self.topic_long(overrides, "retention.bytes"),
            log_append_time: self.topic_text(overrides, "message.timestamp.type") == "LogAppendTime",
            message_timestamp_after_max_ms: self.topic_long(overrides, "message.timestamp.after.max.ms"),
            message_timestamp_before_max_ms: self.topic_long(overrides, "message.timestamp.before.max.ms"),
            compact: list(&self.topic_text(overrides, "cleanup.policy")).contains(&"compact"),
            flush_messages: self.topic_long(overrides, "flush.messages"),
            producer_id_expiration_ms: self.long("producer.id.expiration.ms"),
            sequences_unchecked: false,
        }
    }

    pub fn group_config(&self) -> GroupConfig {
        GroupConfig {
            offsets_topic_partitions: self.int("offsets.topic.num.partitions"),
            initial_rebalance_delay_ms: self.int("group.initial.rebalance.delay.ms"),
            min_session_timeout_ms: self.int("group.min.session.timeout.ms"),
            max_session_timeout_ms: self.int("group.max.session.timeout.ms"),
            max_size: self.int("group.max.size"),
            offset_metadata_max_bytes: self.int("offset.metadata.max.bytes"),
            offsets_retention_minutes: self.int("offsets.retention.minutes"),
            offsets_retention_check_interval_ms: self.long("offsets.retention.check.interval.ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_valid() {
        for def in TOPIC.iter().chain(BROKER) {
            if let Some(default) = def.default {
                assert_eq!(def.check(default), Ok(()), "{}", def.name);
            }
            assert!(topic_def(def.name).or_else(|| broker_def(def.name)).is_some(), "{} is out of order", def.name);
            assert!(def.server.is_none_or(|server| broker_def(server).is_some()), "{}", def.name);
        }
    }

    #[test]
    fn no_override_gives_the_logs_defaults() {
        assert_eq!(BrokerConfig::default().log_config(&BTreeMap::new()), LogConfig::default());
        assert_eq!(BrokerConfig::default().group_config(), GroupConfig::default());
    }

    #[test]
    fn the_topic_goes_before_the_broker_and_milliseconds_before_hours() {
        let fixed = [("log.retention.hours".to_owned(), "2".to_owned())].into();
        let mut config = BrokerConfig::new(fixed).unwrap();
        assert_eq!(config.log_config(&BTreeMap::new()).retention_ms, 7_200_000);
        config.dynamic.insert("log.retention.ms".into(), "5".into());
        assert_eq!(config.log_config(&BTreeMap::new()).retention_ms, 5);
        let topic = [("retention.ms".to_owned(), "9".to_owned())].into();
        assert_eq!(config.log_config(&topic).retention_ms, 9);
        let (value, source, synonyms) = config.topic_value(&topic, topic_def("retention.ms").unwrap());
        assert_eq!((value.as_deref(), source), (Some("9"), Source::Topic));
        let names = |all: &[Sourced]| all.iter().map(|one| (one.name, one.source as i8)).collect::<Vec<_>>();
        let hours = "log.retention.hours";
        assert_eq!(names(&synonyms), [("retention.ms", 1), ("log.retention.ms", 2), (hours, 4), (hours, 5)]);
        // From its own name on, as Kafka lists them: 4.1.1 shows none for retention.ms while only the hours are set.
        assert_eq!(names(&config.synonyms(hours)), [(hours, 4), (hours, 5)]);
        config.dynamic.clear();
        let (value, source, synonyms) = config.topic_value(&BTreeMap::new(), topic_def("retention.ms").unwrap());
        assert_eq!((value.as_deref(), source, names(&synonyms)), (Some("7200000"), Source::Default, vec![]));
    }

    #[test]
    fn a_brokers_own_value_goes_before_the_clusters_and_that_before_the_file() {
        let one = |value: &str| -> BTreeMap<String, String> { [("min.insync.replicas".to_owned(), value.to_owned())].into() };
        let mut config = BrokerConfig::new(one("2")).unwrap();
        let altered = [(String::new(), one("3")), ("1".to_owned(), one("4")), ("2".to_owned(), one("5"))].into();
        for (node, expected) in [(1, "4"), (2, "5"), (3, "3")] {
            config.set_altered(&altered, node);
            assert_eq!(config.text("min.insync.replicas"), expected);
        }
        let (value, source, synonyms) = config.topic_value(&BTreeMap::new(), topic_def("min.insync.replicas").unwrap());
        assert_eq!((value.as_deref(), source), (Some("3"), Source::DynamicDefaultBroker));
        let all: Vec<_> = synonyms.iter().map(|synonym| (synonym.value.as_deref().unwrap(), synonym.source as i8)).collect();
        assert_eq!(all, [("3", 3), ("2", 4), ("1", 5)]);
    }

    #[test]
    fn a_bad_config_says_what_is_allowed() {
        assert_eq!(
            check_topic("segment.bytes", "1000").unwrap_err(),
            "Invalid value 1000 for configuration segment.bytes: Value must be at least 1048576"
        );
        assert_eq!(
            check_topic("retention.ms", "x").unwrap_err(),
            "Invalid value x for configuration retention.ms: Not a number of type LONG"
        );
        assert_eq!(check_topic("internal.segment.bytes", "200"), Ok(()));
        assert!(check_topic("cleanup.policy", "compact,burn").is_err());
        assert!(check_topic("min.cleanable.dirty.ratio", "1.5").is_err());
        let unknown = check_broker("num.partition", "1").unwrap_err();
        assert!(unknown.to_string().contains("num.partitions"), "{unknown}");
    }
}
