//! The wire: frames and messages, error codes, record batches.

pub mod batch;
mod batch_builder;
pub mod compression;
pub mod crc32c;
pub mod error;
pub mod frame;
mod gzip;
mod lz;
mod lz4;
pub mod message;
pub mod murmur2;
mod record;
pub mod shown;
mod snappy;
mod unzstd;
mod varint;
mod zstd;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
