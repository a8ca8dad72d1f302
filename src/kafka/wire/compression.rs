//! Compression codecs of record batches.

use bytes::Bytes;

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
    pub fn from_attributes(_attributes: i16) -> Result<Self, CompressionError> {
        todo!()
    }

    /// Kafka's spelling in `compression.type`.
    pub fn name(self) -> &'static str {
        todo!()
    }

    pub fn compress(self, _plain: &[u8]) -> Bytes {
        todo!()
    }

    /// `limit`: the most bytes that may come out.
    pub fn decompress(self, _packed: &[u8], _limit: u64) -> Result<Bytes, CompressionError> {
        todo!()
    }
}
