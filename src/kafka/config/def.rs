//! What a config is (`ConfigDef`), and whether a value is one of its values.

use super::error::ConfigError;
use super::value::{Value, host_ports, millionths};
use std::fmt;

/// A config's type, by Kafka's number in DescribeConfigs (`DescribeConfigsResponse.ConfigType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigType {
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    /// Texts with commas between.
    List = 7,
    /// The name of a Java class.
    Class = 8,
    /// A text that is never shown.
    Password = 9,
}

impl ConfigType {
    /// As `ConfigDef.Type` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }

    /// Least and greatest value, for whole numbers.
    fn range(self) -> Option<(i64, i64)> {
        match self {
            Self::Int => Some((i32::MIN.into(), i32::MAX.into())),
            Self::Short => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Long => Some((i64::MIN, i64::MAX)),
            Self::Boolean | Self::String | Self::Double | Self::List | Self::Class | Self::Password => None,
        }
    }
}

const THROTTLED_REPLICAS: &str = "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

/// Which values of its type a config takes (`ConfigDef.Validator`). Displayed as Kafka writes it; `Any` is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Valid {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    /// One of these texts; for a list: each element is one of them.
    OneOf(&'static [&'static str]),
    /// Likewise, in letters of any case.
    OneOfAnyCase(&'static [&'static str]),
    /// A number from 0 to 1.
    Ratio,
    /// A number from 0 to 0.5.
    HalfRatio,
    /// 1 to 9, or -1.
    GzipLevel,
    NonEmpty,
    /// Any text, but there must be one.
    NonNull,
    NonEmptyList,
    /// `*`, or partition:broker, with commas between several; may be empty (`ThrottledReplicaListValidator`).
    ThrottledReplicas,
    /// `auto.offset.reset`: a policy's name, or a duration.
    OffsetReset,
    /// `share.auto.offset.reset`: likewise, but not none.
    ShareReset,
    /// `host:port`, with commas between several; may be empty. Kafka checks it after the type (`ClientUtils`).
    HostPorts,
    /// `partition.assignment.strategy`: known assignors, each once. Kafka finds the classes after the type.
    Assignors,
    /// `group.consumer.assignors`: the server's assignors; Kafka looks for others' classes after the type.
    ServerAssignors,
}

impl fmt::Display for Valid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any | Self::ServerAssignors => Ok(()),
            Self::AtLeast(least) => write!(f, "[{least},...]"),
            Self::Between(least, most) => write!(f, "[{least},...,{most}]"),
            Self::OneOf(allowed) => write!(f, "[{}]", allowed.join(", ")),
            Self::OneOfAnyCase(allowed) => write!(f, "(case insensitive) [{}]", allowed.join(", ")),
            Self::Ratio => f.write_str("[0,...,1]"),
            Self::HalfRatio => f.write_str("[0,...,0.5]"),
            Self::GzipLevel => f.write_str("[1,...,9] or -1"),
            Self::NonEmpty => f.write_str("non-empty string"),
            Self::OffsetReset => f.write_str("[latest, earliest, none, by_duration:PnDTnHnMn.nS]"),
            Self::ShareReset => f.write_str("[latest, earliest, by_duration:PnDTnHnMn.nS]"),
            Self::NonNull | Self::HostPorts | Self::Assignors => f.write_str("non-null string"),
            Self::NonEmptyList => f.write_str("non-empty list"),
            Self::ThrottledReplicas => f.write_str(THROTTLED_REPLICAS),
        }
    }
}

/// Where a config may be changed while the process runs (the update modes of Kafka's documentation).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpdateMode {
    /// Nowhere: the process must be started again.
    ReadOnly,
    /// Nowhere, and DescribeConfigs shows it only where it is set (`ConfigDef.defineInternal`).
    Internal,
    /// On one broker.
    PerBroker,
    /// On all brokers, and on one.
    ClusterWide,
    /// On a topic.
    PerTopic,
    /// On a group.
    PerGroup,
}

/// What a config does here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// What it does in Kafka.
    InForce,
    /// It is checked, kept and shown, and nothing goes by it.
    TakenWithoutEffect,
}

impl Effect {
    /// For lists.
    pub fn words(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::TakenWithoutEffect => "without effect",
        }
    }
}

/// One row of a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigDef {
    pub name: &'static str,
    pub kind: ConfigType,
    /// `None`: without a value unless set.
    pub default: Option<&'static str>,
    pub valid: Valid,
    pub update: UpdateMode,
    pub effect: Effect,
    /// One sentence.
    pub doc: &'static str,
    /// For a topic config: the broker config that is its default (`ServerTopicConfigSynonyms`).
    pub server: Option<&'static str>,
}

/// A row of a table.
pub(super) const fn row(
    name: &'static str,
    kind: ConfigType,
    default: Option<&'static str>,
    valid: Valid,
    update: UpdateMode,
    effect: Effect,
    doc: &'static str,
) -> ConfigDef {
    ConfigDef { name, kind, default, valid, update, effect, doc, server: None }
}

impl ConfigDef {
    /// The row of a topic config whose default is a broker config.
    pub(super) const fn behind(self, server: &'static str) -> Self {
        Self { server: Some(server), ..self }
    }

    /// Whether something here goes by it.
    pub fn in_force(&self) -> bool {
        self.effect == Effect::InForce
    }

    /// What DescribeConfigs says of it: its sentence, and whether it is without effect here.
    pub fn documentation(&self) -> String {
        match self.effect {
            Effect::InForce => self.doc.to_owned(),
            Effect::TakenWithoutEffect => format!("{} Taken without effect here.", self.doc),
        }
    }

    /// Whether it may be changed while the process runs.
    pub fn is_dynamic(&self) -> bool {
        !matches!(self.update, UpdateMode::ReadOnly | UpdateMode::Internal)
    }

    /// Whether its value is never shown (`KafkaConfig.maybeSensitive`).
    pub fn is_sensitive(&self) -> bool {
        self.kind == ConfigType::Password
    }

    /// # Errors
    /// [`ConfigError::Invalid`] when the value is not of the type or not one of the valid values. Space around a value does not count.
    pub fn check(&self, value: &str) -> Result<(), ConfigError> {
        match self.complaint(value) {
            None => Ok(()),
            Some(kafka) => {
                // Java shows a list in brackets.
                let value = if self.valid == Valid::ThrottledReplicas { format!("[{}]", list(value).join(", ")) } else { value.into() };
                let (name, expected) = (self.name, self.expected());
                Err(ConfigError::Invalid { name, value, expected, kafka })
            }
        }
    }

    /// What Kafka's `ConfigException` says of a value that it does not take.
    fn complaint(&self, value: &str) -> Option<String> {
        let text = value.trim();
        if let Some((least, most)) = self.kind.range() {
            let number = text.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
            return match number {
                Some(number) => self.number_complaint(number),
                None => Some(format!("Not a number of type {}", self.kind.name())),
            };
        }
        if self.valid == Valid::ThrottledReplicas && !is_throttled_replicas(text) {
            return Some(format!(
                "{} must be the literal '*' or a list of replicas in the following format: {THROTTLED_REPLICAS}",
                self.name
            ));
        }
        match self.kind {
            ConfigType::Boolean => {
                let fine = text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
                (!fine).then(|| "Expected value to be either true or false".into())
            }
            ConfigType::Double => match (self.valid, millionths(text)) {
                // Far ones are for configs that nothing goes by.
                (Valid::Any, None) if text.parse::<f64>().is_ok() => None,
                (_, None) => Some(format!("Not a number of type {}", self.kind.name())),
                (Valid::Ratio | Valid::HalfRatio, Some(number)) if number < 0 => Some("Value must be at least 0".into()),
                (Valid::Ratio, Some(number)) if number > 1_000_000 => Some("Value must be no more than 1".into()),
                (Valid::HalfRatio, Some(number)) if number > 500_000 => Some("Value must be no more than 0.5".into()),
                _ => None,
            },
            _ => self.text_complaint(text),
        }
    }

    fn number_complaint(&self, number: i64) -> Option<String> {
        match self.valid {
            Valid::AtLeast(least) | Valid::Between(least, _) if number < least => Some(format!("Value must be at least {least}")),
            Valid::Between(_, most) if number > most => Some(format!("Value must be no more than {most}")),
            Valid::GzipLevel if number != -1 && !(1..=9).contains(&number) => Some("Value must be between 1 and 9 or equal to -1".into()),
            _ => None,
        }
    }

    fn text_complaint(&self, text: &str) -> Option<String> {
        let items = if self.kind == ConfigType::List { list(text) } else { vec![text] };
        match self.valid {
            Valid::OneOf(allowed) if items.iter().any(|item| !allowed.contains(item)) => {
                Some(format!("String must be one of: {}", allowed.join(", ")))
            }
            Valid::OneOfAnyCase(allowed) if items.iter().any(|item| allowed.iter().all(|one| !one.eq_ignore_ascii_case(item))) => {
                Some(format!("String must be one of (case insensitive): {}", allowed.join(", ")))
            }
            Valid::ServerAssignors if items.is_empty() || items.iter().any(|item| !super::SERVER_ASSIGNORS.contains(item)) => {
                Some(format!("Class {text} could not be found"))
            }
            Valid::NonEmptyList if items.is_empty() && self.default != Some("") => Some("List must contain at least one element.".into()),
            Valid::NonEmpty if text.is_empty() => Some("String must be non-empty".into()),
            Valid::OffsetReset if super::OffsetReset::parse(text).is_none() => Some(format!(
                "Invalid value `{text}` for configuration {}. The value must be either 'earliest', 'latest', 'none' or of the format \
                 'by_duration:<PnDTnHnMn.nS.>'.",
                self.name
            )),
            Valid::ShareReset if text == "none" || super::OffsetReset::parse(text).is_none() => Some(format!(
                "Invalid value `{text}` for configuration {}. The value must be either 'earliest', 'latest' or of the format \
                 'by_duration:<PnDTnHnMn.nS>'.",
                self.name
            )),
            Valid::HostPorts if host_ports(text).is_none() => Some("Invalid url in bootstrap.servers".into()),
            Valid::Assignors if super::AssignmentStrategies::parse(text).is_none() => {
                Some(format!("Class {text} could not be found, or is named twice"))
            }
            _ => None,
        }
    }

    /// Which values it takes, in words.
    pub fn expected(&self) -> String {
        if let Some((least, most)) = self.kind.range() {
            return match self.valid {
                Valid::AtLeast(least) => format!("a whole number from {least} to {most}"),
                Valid::Between(least, most) => format!("a whole number from {least} to {most}"),
                Valid::GzipLevel => "a whole number from 1 to 9, or -1".into(),
                _ => format!("a whole number from {least} to {most}"),
            };
        }
        match (self.kind, self.valid) {
            (ConfigType::Boolean, _) => "true or false".into(),
            (ConfigType::Double, Valid::Ratio) => "a number from 0 to 1".into(),
            (ConfigType::Double, Valid::HalfRatio) => "a number from 0 to 0.5".into(),
            (ConfigType::Double, _) => "a number".into(),
            (ConfigType::List, Valid::OneOf(allowed)) => format!("one or several of {}, with commas between", allowed.join(", ")),
            (_, Valid::ThrottledReplicas) => "*, or partition:broker, with commas between several".into(),
            (_, Valid::OneOf(allowed)) => match allowed {
                [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
                _ => allowed.concat(),
            },
            (_, Valid::OneOfAnyCase(allowed)) => format!("{} in letters of any case", allowed.join(", ")),
            (_, Valid::ServerAssignors) => "uniform or range, or both with a comma between".into(),
            (_, Valid::NonEmpty) => "a text that is not empty".into(),
            (_, Valid::OffsetReset) => "latest, earliest, none, or by_duration: and a duration as PnDTnHnMn.nS".into(),
            (_, Valid::ShareReset) => "latest, earliest, or by_duration: and a duration as PnDTnHnMn.nS".into(),
            (_, Valid::HostPorts) => "host:port, with commas between several".into(),
            (_, Valid::Assignors) => "range, roundrobin, sticky or cooperative-sticky, or several with commas between".into(),
            _ => "a text".into(),
        }
    }
}

/// The configs of brokers, topics, producers or consumers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigTable {
    /// "broker", "topic", "group", "producer" or "consumer".
    pub whose: &'static str,
    /// Sorted by name.
    pub defs: &'static [ConfigDef],
}

impl ConfigTable {
    pub fn get(&self, name: &str) -> Option<&'static ConfigDef> {
        let index = self.defs.binary_search_by(|def| def.name.cmp(name)).ok()?;
        self.defs.get(index)
    }

    /// Kafka's default for a config; empty without one.
    pub fn default_of(&self, name: &str) -> &'static str {
        self.get(name).and_then(|def| def.default).unwrap_or_default()
    }

    pub fn iter(&self) -> std::slice::Iter<'static, ConfigDef> {
        self.defs.iter()
    }

    /// The row of a name for which the value is valid.
    ///
    /// # Errors
    /// [`ConfigError::Unknown`] or [`ConfigError::Invalid`].
    pub fn check(&self, name: &str, value: &str) -> Result<&'static ConfigDef, ConfigError> {
        let def = self.get(name).ok_or_else(|| ConfigError::unknown(self, name))?;
        def.check(value)?;
        Ok(def)
    }
}

/// Two sorted lists of rows as one that is sorted; made by the compiler.
pub(super) const fn merged<const COUNT: usize>(mut a: &[ConfigDef], mut b: &[ConfigDef]) -> [ConfigDef; COUNT] {
    const EMPTY: ConfigDef = row("", ConfigType::String, None, Valid::Any, UpdateMode::ReadOnly, Effect::TakenWithoutEffect, "");
    let mut all = [EMPTY; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = match (a, b) {
            ([first, rest @ ..], [second, ..]) if is_before(first.name.as_bytes(), second.name.as_bytes()) => {
                a = rest;
                *first
            }
            (_, [second, rest @ ..]) => {
                b = rest;
                *second
            }
            ([first, rest @ ..], []) => {
                a = rest;
                *first
            }
            ([], []) => EMPTY,
        };
        at += 1;
    }
    all
}

/// `<` of bytes, for the compiler.
const fn is_before(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([x, rest_of_a @ ..], [y, rest_of_b @ ..]) = (a, b) {
        if *x != *y {
            return *x < *y;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && !b.is_empty()
}

/// Whether a text is `*` or pairs of numbers.
fn is_throttled_replicas(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let pair = |item: &str| item.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker));
    text.is_empty() || text == "*" || text.split(',').all(|item| pair(item.trim()))
}

/// The elements of a list value.
pub fn list(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}
