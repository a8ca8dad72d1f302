//! The wire: frames over `kafka-protocol`'s messages, the table of supported APIs, error codes, record batches.

pub mod api;
pub mod batch;
mod batch_builder;
pub mod compression;
pub mod crc32c;
pub mod error;
pub mod frame;
mod guard;
mod gzip;
pub mod murmur2;
mod record;
mod varint;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
