//! The wire: frames and messages, error codes, record batches.

pub mod batch;
mod batch_builder;
pub mod compression;
pub mod crc32c;
pub mod error;
pub mod field_map;
pub mod frame;
pub mod hash_order;
pub mod marker;
pub mod message;
pub mod murmur2;
mod record;
pub mod skim;
mod varint;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
