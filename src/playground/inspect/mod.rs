//! What can be looked into: frames and records as fields and bytes, and what a node keeps, in Kafka's words.

mod frame;

pub use frame::frame;
