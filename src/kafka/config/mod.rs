//! Configs: Kafka's names, types, defaults and valid values, in one table each for brokers, topics, producers and consumers; and the
//! values that hold, parsed once and read as fields (`BrokerConfig`, `TopicConfig`, `GroupConfigs`, `ProducerConfig`,
//! `ConsumerConfig`).
//!
//! A table also says where a config may be changed and whether anything here goes by it ([`Effect`]). A config is added by its row in
//! `tables/` and, when it is in force, by a field of the struct of its table; the tests below fail when one of the two is missing.
//!
//! This room knows no broker, controller or client: they import it.

mod broker;
mod consumer;
mod def;
mod error;
mod group;
mod producer;
mod rules;
mod tables;
#[cfg(test)]
mod tests;
mod topic;
mod value;

pub use broker::{BrokerConfig, MigrationPolicy, SERVER_ASSIGNORS, Source, Sourced};
pub use consumer::{ASSIGNORS, AssignmentStrategies, ConsumerConfig, GroupProtocol, IsolationLevel, OffsetReset};
pub use def::{ConfigDef, ConfigTable, ConfigType, Effect, UpdateMode, Valid, list};
pub use error::ConfigError;
pub use group::GroupConfigs;
pub use producer::{Acks, ProducerConfig};
pub use rules::fit_internal_topics;
pub use tables::{BROKER, CONSUMER, GROUP, PRODUCER, THROTTLES, TOPIC};
pub use topic::{CleanupPolicy, TimestampType, TopicCompression, TopicConfig};
