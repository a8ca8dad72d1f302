//! The four tables, with names, types, defaults and valid values as Kafka 4.1.1 defines them. `tests/config_vectors.rs` compares them with
//! Kafka's own.

mod broker;
mod consumer;
mod producer;
mod topic;

pub use broker::BROKER;
pub use consumer::CONSUMER;
pub use producer::PRODUCER;
pub use topic::TOPIC;
