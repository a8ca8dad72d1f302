//! The wire: frames over `kafka-protocol`'s messages, the table of supported APIs, error codes, record batches.

pub mod api;
pub mod batch;
pub mod compression;
pub mod error;
pub mod frame;
pub mod murmur2;
