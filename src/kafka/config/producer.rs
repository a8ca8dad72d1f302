//! The configs of one producer.

use super::PRODUCER;
use super::error::ConfigError;
use super::value::{Value, config_struct};
use crate::kafka::wire::compression::Compression;
use std::sync::Arc;

/// `acks`: who must have a batch before the leader answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Acks {
    /// All replicas in sync.
    #[default]
    All = -1,
    /// Nobody: there is no answer.
    None = 0,
    Leader = 1,
}

impl Value for Acks {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "all" | "-1" => Some(Self::All),
            "0" => Some(Self::None),
            "1" => Some(Self::Leader),
            _ => None,
        }
    }
}

config_struct! {
    /// A producer's configs, by their names with `_` for `.` (`ProducerConfig`). Times are in milliseconds, sizes in bytes.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ProducerConfig of PRODUCER {
        acks: Acks = "acks",
        batch_size: u32 = "batch.size",
        bootstrap_servers: Vec<(Arc<str>, i32)> = "bootstrap.servers",
        buffer_memory: u64 = "buffer.memory",
        client_id: Arc<str> = "client.id",
        compression_type: Compression = "compression.type",
        delivery_timeout_ms: i64 = "delivery.timeout.ms",
        enable_idempotence: bool = "enable.idempotence",
        linger_ms: i64 = "linger.ms",
        max_block_ms: i64 = "max.block.ms",
        max_in_flight_requests_per_connection: u32 = "max.in.flight.requests.per.connection",
        max_request_size: u32 = "max.request.size",
        metadata_max_age_ms: i64 = "metadata.max.age.ms",
        partitioner_adaptive_partitioning_enable: bool = "partitioner.adaptive.partitioning.enable",
        partitioner_ignore_keys: bool = "partitioner.ignore.keys",
        reconnect_backoff_max_ms: i64 = "reconnect.backoff.max.ms",
        reconnect_backoff_ms: i64 = "reconnect.backoff.ms",
        request_timeout_ms: i64 = "request.timeout.ms",
        retries: u32 = "retries",
        retry_backoff_max_ms: i64 = "retry.backoff.max.ms",
        retry_backoff_ms: i64 = "retry.backoff.ms",
        socket_connection_setup_timeout_ms: i64 = "socket.connection.setup.timeout.ms",
    }
}

impl ProducerConfig {
    /// Kafka's defaults, for a client of this name that first dials these addresses.
    pub fn new(client_id: &str, bootstrap_servers: Vec<(Arc<str>, i32)>) -> Self {
        Self { client_id: Arc::from(client_id), bootstrap_servers, ..Self::default() }
    }

    /// Sets a config by Kafka's name.
    ///
    /// # Errors
    /// A name that the table does not have, or a value that it does not take.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        PRODUCER.check(name, value)?;
        self.assign(name, value);
        Ok(())
    }

    /// # Errors
    /// The first of the rules between configs that is broken (`ProducerConfig.postProcessAndValidateIdempotenceConfigs`,
    /// `KafkaProducer.configureDeliveryTimeout`).
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.bootstrap_servers.is_empty() {
            return Err(ConfigError::conflict("bootstrap.servers", "", "at least one host:port"));
        }
        if self.enable_idempotence {
            if self.acks != Acks::All {
                return Err(ConfigError::conflict("acks", self.acks as i16, "all, since enable.idempotence is true"));
            }
            if self.retries == 0 {
                return Err(ConfigError::conflict("retries", 0, "more than 0, since enable.idempotence is true"));
            }
            let in_flight = self.max_in_flight_requests_per_connection;
            if in_flight > 5 {
                let expected = "at most 5, since enable.idempotence is true";
                return Err(ConfigError::conflict("max.in.flight.requests.per.connection", in_flight, expected));
            }
        }
        if self.delivery_timeout_ms < self.linger_ms.saturating_add(self.request_timeout_ms) {
            let expected = "at least linger.ms + request.timeout.ms";
            return Err(ConfigError::conflict("delivery.timeout.ms", self.delivery_timeout_ms, expected));
        }
        Ok(())
    }
}
