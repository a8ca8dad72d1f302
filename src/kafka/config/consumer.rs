//! The configs of one consumer.

use super::CONSUMER;
use super::def::list;
use super::error::ConfigError;
use super::value::{Value, config_struct, duration_us, reconnect_backoff_max};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use std::sync::Arc;

/// `auto.offset.reset`: where reading begins when no offset is committed, or the committed one is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OffsetReset {
    #[default]
    Latest,
    Earliest,
    /// It is an error.
    None,
    /// At the first record that is not older than so many microseconds (KIP-1106).
    ByDuration(i64),
}

impl Value for OffsetReset {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "latest" => Some(Self::Latest),
            "earliest" => Some(Self::Earliest),
            "none" => Some(Self::None),
            _ => duration_us(text.strip_prefix("by_duration:")?).map(Self::ByDuration),
        }
    }
}

impl OffsetReset {
    /// What ListOffsets is asked for (`AutoOffsetResetStrategy.timestamp`).
    pub fn timestamp(self, now: Time) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest | Self::None => -1,
            Self::ByDuration(micros) => now.0.saturating_sub(micros).max(0) / 1000,
        }
    }
}

/// The assignors that `partition.assignment.strategy` may name, each with Java's class.
pub const ASSIGNORS: [(&str, &str); 4] = [
    ("range", "org.apache.kafka.clients.consumer.RangeAssignor"),
    ("roundrobin", "org.apache.kafka.clients.consumer.RoundRobinAssignor"),
    ("sticky", "org.apache.kafka.clients.consumer.StickyAssignor"),
    ("cooperative-sticky", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"),
];

/// `partition.assignment.strategy`: names of assignors, the preferred one first. A text has Java's classes, or the names themselves.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssignmentStrategies(pub Vec<&'static str>);

impl Value for AssignmentStrategies {
    fn parse(text: &str) -> Option<Self> {
        let named = |item: &str| {
            let item = item.strip_prefix("class ").unwrap_or(item).trim();
            ASSIGNORS.into_iter().find(|(name, class)| item == *name || item == *class).map(|(name, _)| name)
        };
        let mut names = Vec::new();
        for item in list(text) {
            let name = named(item)?;
            if names.contains(&name) {
                return None;
            }
            names.push(name);
        }
        (!names.is_empty()).then_some(Self(names))
    }
}

/// `group.protocol`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GroupProtocol {
    #[default]
    Classic,
    /// KIP-848.
    Consumer,
}

impl Value for GroupProtocol {
    fn parse(text: &str) -> Option<Self> {
        match &*text.to_ascii_lowercase() {
            "classic" => Some(Self::Classic),
            "consumer" => Some(Self::Consumer),
            _ => None,
        }
    }
}

/// `isolation.level`, with the protocol's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum IsolationLevel {
    #[default]
    ReadUncommitted = 0,
    ReadCommitted = 1,
}

impl Value for IsolationLevel {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "read_uncommitted" => Some(Self::ReadUncommitted),
            "read_committed" => Some(Self::ReadCommitted),
            _ => None,
        }
    }
}

/// Configs of the classic protocol, which the consumer protocol refuses (`ConsumerConfig.CONSUMER_PROTOCOL_UNSUPPORTED_CONFIGS`).
const CLASSIC_ONLY: [&str; 3] = ["heartbeat.interval.ms", "partition.assignment.strategy", "session.timeout.ms"];

config_struct! {
    /// A consumer's configs, by their names with `_` for `.` (`ConsumerConfig`). Times are in milliseconds, sizes in bytes.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ConsumerConfig of CONSUMER with given: SortedVecSet<&'static str> {
        allow_auto_create_topics: bool = "allow.auto.create.topics",
        auto_commit_interval_ms: i64 = "auto.commit.interval.ms",
        auto_offset_reset: OffsetReset = "auto.offset.reset",
        bootstrap_servers: Vec<(Arc<str>, i32)> = "bootstrap.servers",
        check_crcs: bool = "check.crcs",
        client_id: Arc<str> = "client.id",
        default_api_timeout_ms: i64 = "default.api.timeout.ms",
        enable_auto_commit: bool = "enable.auto.commit",
        fetch_max_bytes: i32 = "fetch.max.bytes",
        fetch_max_wait_ms: i32 = "fetch.max.wait.ms",
        fetch_min_bytes: i32 = "fetch.min.bytes",
        group_id: Option<Arc<str>> = "group.id",
        group_instance_id: Option<Arc<str>> = "group.instance.id",
        group_protocol: GroupProtocol = "group.protocol",
        group_remote_assignor: Option<Arc<str>> = "group.remote.assignor",
        /// Whether records of open and aborted transactions are read, too.
        isolation_level: IsolationLevel = "isolation.level",
        heartbeat_interval_ms: i32 = "heartbeat.interval.ms",
        max_partition_fetch_bytes: i32 = "max.partition.fetch.bytes",
        max_poll_interval_ms: i32 = "max.poll.interval.ms",
        max_poll_records: u32 = "max.poll.records",
        metadata_max_age_ms: i64 = "metadata.max.age.ms",
        partition_assignment_strategy: AssignmentStrategies = "partition.assignment.strategy",
        reconnect_backoff_max_ms: i64 = "reconnect.backoff.max.ms",
        reconnect_backoff_ms: i64 = "reconnect.backoff.ms",
        request_timeout_ms: i64 = "request.timeout.ms",
        retry_backoff_max_ms: i64 = "retry.backoff.max.ms",
        retry_backoff_ms: i64 = "retry.backoff.ms",
        session_timeout_ms: i32 = "session.timeout.ms",
        socket_connection_setup_timeout_ms: i64 = "socket.connection.setup.timeout.ms",
    }
}

impl ConsumerConfig {
    /// Kafka's defaults, for a client of this name that first dials these addresses.
    pub fn new(client_id: &str, bootstrap_servers: Vec<(Arc<str>, i32)>) -> Self {
        Self { client_id: Arc::from(client_id), bootstrap_servers, ..Self::default() }
    }

    /// Sets a config by Kafka's name.
    ///
    /// # Errors
    /// A name that the table does not have, or a value that it does not take.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let def = CONSUMER.check(name, value)?;
        self.given.insert(def.name);
        self.assign(name, value);
        Ok(())
    }

    /// The configs as a consumer goes by them: what was not set gives way to what was.
    ///
    /// # Errors
    /// The first of the rules between configs that is broken (`ConsumerConfig.postProcessParsedConfig`, `GroupRebalanceConfig`).
    pub fn resolved(mut self) -> Result<Self, ConfigError> {
        if self.bootstrap_servers.is_empty() {
            return Err(ConfigError::conflict("bootstrap.servers", "", "at least one host:port"));
        }
        let given = |name| self.given.contains(name);
        if self.group_id.is_none() {
            if self.enable_auto_commit && given("enable.auto.commit") {
                return Err(ConfigError::conflict("enable.auto.commit", true, "false, since there is no group.id"));
            }
            self.enable_auto_commit = false;
        }
        self.reconnect_backoff_max_ms = reconnect_backoff_max(given, self.reconnect_backoff_ms, self.reconnect_backoff_max_ms);
        if self.group_protocol == GroupProtocol::Consumer {
            if let Some(name) = CLASSIC_ONLY.into_iter().find(|name| given(name)) {
                return Err(ConfigError::conflict(name, "", "not set, since group.protocol is consumer"));
            }
        } else if self.group_remote_assignor.is_some() {
            return Err(ConfigError::conflict("group.remote.assignor", "", "not set, since group.protocol is classic"));
        } else if self.group_id.is_some() && self.heartbeat_interval_ms >= self.session_timeout_ms {
            return Err(ConfigError::conflict("heartbeat.interval.ms", self.heartbeat_interval_ms, "less than session.timeout.ms"));
        }
        Ok(self)
    }
}
