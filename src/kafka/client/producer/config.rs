//! The producer's configs, by Kafka's names (`ProducerConfig`).

use crate::kafka::client::{ClientError, boolean, config_error, number, servers};
use crate::kafka::wire::compression::Compression;
use std::sync::Arc;

/// Kafka's producer configs, by their names with `_` for `.`; defaults are Kafka 4.1's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerConfig {
    pub client_id: Arc<str>,
    pub bootstrap_servers: Vec<(Arc<str>, i32)>,
    /// -1, 0 or 1.
    pub acks: i16,
    pub enable_idempotence: bool,
    pub linger_ms: i64,
    pub batch_size: u32,
    pub buffer_memory: u64,
    pub max_request_size: u32,
    pub max_in_flight_requests_per_connection: u32,
    pub retries: u32,
    pub retry_backoff_ms: i64,
    pub retry_backoff_max_ms: i64,
    pub request_timeout_ms: i64,
    pub delivery_timeout_ms: i64,
    pub max_block_ms: i64,
    pub metadata_max_age_ms: i64,
    pub compression_type: Compression,
    pub partitioner_adaptive_partitioning_enable: bool,
    pub partitioner_ignore_keys: bool,
}

impl ProducerConfig {
    /// Kafka 4.1's defaults.
    pub fn new(client_id: &str, bootstrap: &str, port: i32) -> Self {
        Self {
            client_id: Arc::from(client_id),
            bootstrap_servers: vec![(Arc::from(bootstrap), port)],
            acks: -1,
            enable_idempotence: true,
            linger_ms: 5,
            batch_size: 16_384,
            buffer_memory: 33_554_432,
            max_request_size: 1_048_576,
            max_in_flight_requests_per_connection: 5,
            retries: i32::MAX as u32,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1000,
            request_timeout_ms: 30_000,
            delivery_timeout_ms: 120_000,
            max_block_ms: 60_000,
            metadata_max_age_ms: 300_000,
            compression_type: Compression::None,
            partitioner_adaptive_partitioning_enable: true,
            partitioner_ignore_keys: false,
        }
    }

    /// Sets a config by Kafka's name. Unknown names and values out of range are errors.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ClientError> {
        let int = i64::from(i32::MAX);
        match name {
            "client.id" => self.client_id = Arc::from(value),
            "bootstrap.servers" => self.bootstrap_servers = servers(name, value)?,
            "acks" => {
                self.acks = match value.trim() {
                    "all" | "-1" => -1,
                    "0" => 0,
                    "1" => 1,
                    _ => return Err(config_error(name, value, "all, -1, 0 or 1")),
                };
            }
            "enable.idempotence" => self.enable_idempotence = boolean(name, value)?,
            "linger.ms" => self.linger_ms = number(name, value, 0, i64::MAX)?,
            "batch.size" => self.batch_size = number(name, value, 0, int)?,
            "buffer.memory" => self.buffer_memory = number(name, value, 0, i64::MAX)?,
            "max.request.size" => self.max_request_size = number(name, value, 0, int)?,
            "max.in.flight.requests.per.connection" => {
                self.max_in_flight_requests_per_connection = number(name, value, 1, int)?;
            }
            "retries" => self.retries = number(name, value, 0, int)?,
            "retry.backoff.ms" => self.retry_backoff_ms = number(name, value, 0, i64::MAX)?,
            "retry.backoff.max.ms" => self.retry_backoff_max_ms = number(name, value, 0, i64::MAX)?,
            "request.timeout.ms" => self.request_timeout_ms = number(name, value, 0, int)?,
            "delivery.timeout.ms" => self.delivery_timeout_ms = number(name, value, 0, int)?,
            "max.block.ms" => self.max_block_ms = number(name, value, 0, i64::MAX)?,
            "metadata.max.age.ms" => self.metadata_max_age_ms = number(name, value, 0, i64::MAX)?,
            "compression.type" => {
                self.compression_type = [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd]
                    .into_iter()
                    .find(|codec| codec.name() == value.trim())
                    .ok_or_else(|| config_error(name, value, "none, gzip, snappy, lz4 or zstd"))?;
            }
            "partitioner.adaptive.partitioning.enable" => {
                self.partitioner_adaptive_partitioning_enable = boolean(name, value)?;
            }
            "partitioner.ignore.keys" => self.partitioner_ignore_keys = boolean(name, value)?,
            _ => return Err(config_error(name, value, "a producer config of Kafka 4.1 that is built here")),
        }
        Ok(())
    }

    /// The rules between configs.
    pub(super) fn check(&self) -> Result<(), ClientError> {
        if self.bootstrap_servers.is_empty() {
            return Err(config_error("bootstrap.servers", "", "at least one host:port"));
        }
        if self.enable_idempotence {
            if self.acks != -1 {
                return Err(config_error("acks", &self.acks.to_string(), "all, since enable.idempotence is true"));
            }
            if self.retries == 0 {
                return Err(config_error("retries", "0", "more than 0, since enable.idempotence is true"));
            }
            if self.max_in_flight_requests_per_connection > 5 {
                return Err(config_error(
                    "max.in.flight.requests.per.connection",
                    &self.max_in_flight_requests_per_connection.to_string(),
                    "at most 5, since enable.idempotence is true",
                ));
            }
        }
        if self.delivery_timeout_ms < self.linger_ms.saturating_add(self.request_timeout_ms) {
            return Err(config_error(
                "delivery.timeout.ms",
                &self.delivery_timeout_ms.to_string(),
                "at least linger.ms + request.timeout.ms",
            ));
        }
        Ok(())
    }
}
