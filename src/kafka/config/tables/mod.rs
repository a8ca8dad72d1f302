//! The tables, with names, types, defaults and valid values as Kafka 4.1.1 defines them. `tests/config_vectors.rs` compares them with
//! Kafka's own.

mod broker;
mod broker_rest;
mod consumer;
mod group;
mod producer;
mod throttles;
mod topic;

pub use broker::BROKER;
pub use consumer::CONSUMER;
pub use group::GROUP;
pub use producer::PRODUCER;
pub use throttles::THROTTLES;
pub use topic::TOPIC;
