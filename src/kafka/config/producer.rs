//! The configs of one producer.

use super::PRODUCER;
use super::error::ConfigError;
use super::value::{Value, config_struct, reconnect_backoff_max};
use crate::kafka::sorted_vec::SortedVecSet;
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

/// The leader knows the last five batches of a producer again (`ProducerStateEntry`).
const MAX_IN_FLIGHT_FOR_IDEMPOTENCE: u32 = 5;

config_struct! {
    /// A producer's configs, by their names with `_` for `.` (`ProducerConfig`). Times are in milliseconds, sizes in bytes.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct ProducerConfig of PRODUCER with given: SortedVecSet<&'static str> {
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
        transaction_timeout_ms: i64 = "transaction.timeout.ms",
        transactional_id: Option<Arc<str>> = "transactional.id",
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
        let def = PRODUCER.check(name, value)?;
        self.given.insert(def.name);
        self.assign(name, value);
        Ok(())
    }

    /// The configs as a producer goes by them: what was not set gives way to what was.
    ///
    /// # Errors
    /// The first of the rules between configs that is broken (`ProducerConfig.postProcessParsedConfig`,
    /// `KafkaProducer.configureDeliveryTimeout`).
    pub fn resolved(mut self) -> Result<Self, ConfigError> {
        if self.bootstrap_servers.is_empty() {
            return Err(ConfigError::conflict("bootstrap.servers", "", "at least one host:port"));
        }
        let given = |name| self.given.contains(name);
        self.reconnect_backoff_max_ms = reconnect_backoff_max(given, self.reconnect_backoff_ms, self.reconnect_backoff_max_ms);
        self.enable_idempotence = self.idempotence()?;
        if let Some(id) = self.transactional_id.as_ref().filter(|_| !self.enable_idempotence) {
            return Err(ConfigError::conflict("transactional.id", id, "none, since the producer is not idempotent"));
        }
        let least = self.linger_ms.saturating_add(self.request_timeout_ms).min(i32::MAX.into());
        if self.delivery_timeout_ms < least {
            if self.given.contains("delivery.timeout.ms") {
                let expected = "at least linger.ms + request.timeout.ms";
                return Err(ConfigError::conflict("delivery.timeout.ms", self.delivery_timeout_ms, expected));
            }
            self.delivery_timeout_ms = least;
        }
        Ok(self)
    }

    /// Whether the producer is idempotent: by default only as far as `acks` and `retries` allow it.
    fn idempotence(&self) -> Result<bool, ConfigError> {
        if !self.enable_idempotence {
            return Ok(false);
        }
        let asked = self.given.contains("enable.idempotence");
        if asked && self.retries == 0 {
            return Err(ConfigError::conflict("retries", 0, "more than 0, since enable.idempotence is true"));
        }
        if asked && self.acks != Acks::All {
            return Err(ConfigError::conflict("acks", self.acks as i16, "all, since enable.idempotence is true"));
        }
        let in_flight = self.max_in_flight_requests_per_connection;
        if in_flight > MAX_IN_FLIGHT_FOR_IDEMPOTENCE {
            let expected = "at most 5, since enable.idempotence is true";
            return Err(ConfigError::conflict("max.in.flight.requests.per.connection", in_flight, expected));
        }
        Ok(self.retries > 0 && self.acks == Acks::All)
    }
}
