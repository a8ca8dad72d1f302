//! Compression codecs of record batches, over crates that are pure Rust, so that the browser has them too: `flate2`, `snap`,
//! `lz4_flex`, `ruzstd`.
//!
//! A simulated producer compresses its batches, and what is on the wire is part of a run. So `compress` must give the same bytes on
//! 64-bit machines and in wasm (32 bits); `tests/browser_codecs.rs` compares them. Only the lz4 encoder is written here for that reason.
//!
//! Compressed bytes come from outside: `decompress` has a limit, allocates in proportion to what has been decoded so far (plus at most
//! one frame's window or block), and answers malformed input with an error.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use bytes::Bytes;
use std::io::{self, Read};

/// Kafka's `CompressionType`, with its number in a batch's attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compression {
    #[default]
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CompressionError {
    #[error("compression codec {0} is not one of none, gzip, snappy, lz4, zstd")]
    UnknownCodec(u8),
    #[error("the {codec:?} data does not decompress: {why}")]
    Corrupt { codec: Compression, why: String },
    #[error("the batch decompresses to more than {limit} bytes")]
    TooLarge { limit: u64 },
}

impl Compression {
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec in the lowest three bits of a batch's attributes.
    pub fn from_attributes(attributes: i16) -> Result<Self, CompressionError> {
        let codec = (attributes & 0x07) as u8;
        Self::ALL.get(usize::from(codec)).copied().ok_or(CompressionError::UnknownCodec(codec))
    }

    /// Kafka's spelling in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// The same bytes on every machine.
    pub fn compress(self, plain: &[u8]) -> Bytes {
        self.compress_at(None, plain)
    }

    /// `gzip_level`: 1 to 9, or `None` for Kafka's default. The other codecs have one level here.
    pub fn compress_at(self, gzip_level: Option<u32>, plain: &[u8]) -> Bytes {
        match self {
            Self::None => Bytes::copy_from_slice(plain),
            Self::Gzip => gzip::compress(gzip_level, plain).into(),
            Self::Snappy => snappy::compress(plain).into(),
            Self::Lz4 => lz4::compress(plain).into(),
            Self::Zstd => zstd::compress(plain).into(),
        }
    }

    /// `limit`: the most bytes that may come out.
    pub fn decompress(self, packed: &[u8], limit: u64) -> Result<Bytes, CompressionError> {
        let decompressed = match self {
            Self::None if packed.len() as u64 > limit => Err(DecodeError::TooLarge),
            Self::None => Ok(packed.to_vec()),
            Self::Gzip => gzip::decompress(packed, limit),
            Self::Snappy => snappy::decompress(packed, limit),
            Self::Lz4 => lz4::decompress(packed, limit),
            Self::Zstd => zstd::decompress(packed, limit),
        };
        decompressed.map(Bytes::from).map_err(|error| match error {
            DecodeError::TooLarge => CompressionError::TooLarge { limit },
            DecodeError::Corrupt(why) => CompressionError::Corrupt { codec: self, why },
        })
    }
}

/// Why one codec could not decode.
#[derive(Debug, PartialEq, Eq)]
enum DecodeError {
    TooLarge,
    /// In the words of the crate.
    Corrupt(String),
}

impl DecodeError {
    fn corrupt(why: impl ToString) -> Self {
        Self::Corrupt(why.to_string())
    }
}

impl From<io::Error> for DecodeError {
    fn from(error: io::Error) -> Self {
        Self::corrupt(error)
    }
}

/// Appends what `reader` still gives to `plain`, which may hold `limit` bytes in all.
fn read_within(reader: impl Read, plain: &mut Vec<u8>, limit: u64) -> Result<(), DecodeError> {
    let room = limit.saturating_sub(plain.len() as u64);
    let read = reader.take(room.saturating_add(1)).read_to_end(plain)?;
    if read as u64 > room { Err(DecodeError::TooLarge) } else { Ok(()) }
}
