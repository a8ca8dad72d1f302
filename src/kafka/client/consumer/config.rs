//! The consumer's configs, by Kafka's names (`ConsumerConfig`).

use crate::kafka::client::{ClientError, boolean, config_error, number, servers};
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetReset {
    Latest,
    Earliest,
    None,
}

/// Kafka's consumer configs; defaults are Kafka 4.1's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerConfig {
    pub client_id: Arc<str>,
    pub bootstrap_servers: Vec<(Arc<str>, i32)>,
    pub group_id: Option<Arc<str>>,
    pub group_instance_id: Option<Arc<str>>,
    pub session_timeout_ms: i32,
    pub heartbeat_interval_ms: i32,
    pub max_poll_interval_ms: i32,
    pub max_poll_records: u32,
    pub auto_offset_reset: OffsetReset,
    pub enable_auto_commit: bool,
    pub auto_commit_interval_ms: i64,
    pub fetch_min_bytes: i32,
    pub fetch_max_wait_ms: i32,
    pub fetch_max_bytes: i32,
    pub max_partition_fetch_bytes: i32,
    pub request_timeout_ms: i64,
    pub retry_backoff_ms: i64,
    pub retry_backoff_max_ms: i64,
    pub metadata_max_age_ms: i64,
    pub allow_auto_create_topics: bool,
    pub check_crcs: bool,
    /// A planted bug (`Sabotage::CommitBeforeRecords`), which no config sets: offsets of records that the app has not been given are
    /// committed.
    pub commit_before_records: bool,
}

impl ConsumerConfig {
    /// Kafka 4.1's defaults.
    pub fn new(client_id: &str, bootstrap: &str, port: i32) -> Self {
        Self {
            client_id: Arc::from(client_id),
            bootstrap_servers: vec![(Arc::from(bootstrap), port)],
            group_id: None,
            group_instance_id: None,
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 3000,
            max_poll_interval_ms: 300_000,
            max_poll_records: 500,
            auto_offset_reset: OffsetReset::Latest,
            enable_auto_commit: true,
            auto_commit_interval_ms: 5000,
            fetch_min_bytes: 1,
            fetch_max_wait_ms: 500,
            fetch_max_bytes: 52_428_800,
            max_partition_fetch_bytes: 1_048_576,
            request_timeout_ms: 30_000,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1000,
            metadata_max_age_ms: 300_000,
            allow_auto_create_topics: true,
            check_crcs: true,
            commit_before_records: false,
        }
    }

    /// Sets a config by Kafka's name. Unknown names and values out of range are errors.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ClientError> {
        let int = i64::from(i32::MAX);
        match name {
            "client.id" => self.client_id = Arc::from(value),
            "bootstrap.servers" => self.bootstrap_servers = servers(name, value)?,
            "group.id" => self.group_id = Some(Arc::from(value)),
            "group.instance.id" => self.group_instance_id = Some(Arc::from(value)),
            "session.timeout.ms" => self.session_timeout_ms = number(name, value, 1, int)?,
            "heartbeat.interval.ms" => self.heartbeat_interval_ms = number(name, value, 1, int)?,
            "max.poll.interval.ms" => self.max_poll_interval_ms = number(name, value, 1, int)?,
            "max.poll.records" => self.max_poll_records = number(name, value, 1, int)?,
            "auto.offset.reset" => {
                self.auto_offset_reset = match value.trim() {
                    "latest" => OffsetReset::Latest,
                    "earliest" => OffsetReset::Earliest,
                    "none" => OffsetReset::None,
                    _ => return Err(config_error(name, value, "latest, earliest or none")),
                };
            }
            "enable.auto.commit" => self.enable_auto_commit = boolean(name, value)?,
            "auto.commit.interval.ms" => self.auto_commit_interval_ms = number(name, value, 1, int)?,
            "fetch.min.bytes" => self.fetch_min_bytes = number(name, value, 0, int)?,
            "fetch.max.wait.ms" => self.fetch_max_wait_ms = number(name, value, 0, int)?,
            "fetch.max.bytes" => self.fetch_max_bytes = number(name, value, 0, int)?,
            "max.partition.fetch.bytes" => self.max_partition_fetch_bytes = number(name, value, 0, int)?,
            "request.timeout.ms" => self.request_timeout_ms = number(name, value, 1, int)?,
            "retry.backoff.ms" => self.retry_backoff_ms = number(name, value, 1, int)?,
            "retry.backoff.max.ms" => self.retry_backoff_max_ms = number(name, value, 1, int)?,
            "metadata.max.age.ms" => self.metadata_max_age_ms = number(name, value, 1, i64::MAX)?,
            "allow.auto.create.topics" => self.allow_auto_create_topics = boolean(name, value)?,
            "check.crcs" => self.check_crcs = boolean(name, value)?,
            _ => return Err(config_error(name, value, "a consumer config of Kafka 4.1 that is built here")),
        }
        Ok(())
    }

    /// The rules between configs.
    pub(super) fn check(&self) -> Result<(), ClientError> {
        if self.bootstrap_servers.is_empty() {
            return Err(config_error("bootstrap.servers", "", "at least one host:port"));
        }
        if self.group_id.is_some() && self.heartbeat_interval_ms >= self.session_timeout_ms {
            let value = self.heartbeat_interval_ms.to_string();
            return Err(config_error("heartbeat.interval.ms", &value, "less than session.timeout.ms"));
        }
        Ok(())
    }
}
