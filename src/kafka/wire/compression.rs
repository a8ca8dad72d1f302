//! Compression codecs of record batches. Gzip is RFC 1952, snappy comes in the `snappy-java` block stream that Kafka writes
//! (raw snappy, as other clients write it, is read too), lz4 and zstd in their frame formats. All in Rust, so that the
//! browser has them too. Zstd is written simply, which packs less tightly than Kafka's own.

use super::{gzip, lz4, snappy, unzstd, zstd};
use bytes::{BufMut, Bytes, BytesMut};

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

/// What `SnappyOutputStream` begins with, then version 1, compatible from version 1.
const XERIAL_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_HEADER_BYTES: usize = 16;
/// Its default block, in bytes.
const XERIAL_BLOCK_BYTES: usize = 32 * 1024;
/// Snappy's densest element makes 64 bytes of 3; a block that says more is lying.
const SNAPPY_MAX_RATIO: u64 = 32;

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

    pub fn compress(self, plain: &[u8]) -> Bytes {
        match self {
            Self::None => Bytes::copy_from_slice(plain),
            Self::Gzip => gzip::compress(plain).into(),
            Self::Snappy => compress_xerial(plain),
            Self::Lz4 => lz4::compress(plain).into(),
            Self::Zstd => zstd::compress(plain).into(),
        }
    }

    /// `limit`: the most bytes that may come out.
    pub fn decompress(self, packed: &[u8], limit: u64) -> Result<Bytes, CompressionError> {
        match self {
            Self::None if packed.len() as u64 > limit => Err(CompressionError::TooLarge { limit }),
            Self::None => Ok(Bytes::copy_from_slice(packed)),
            Self::Gzip => {
                let plain = gzip::decompress_all(packed, usize::try_from(limit).unwrap_or(usize::MAX)).map_err(|why| self.corrupt(why))?;
                within(plain, limit)
            }
            Self::Snappy => self.decompress_snappy(packed, limit),
            Self::Lz4 => within(lz4::decompress(packed, limit).ok_or_else(|| self.corrupt("the frame is corrupt or cut off"))?, limit),
            Self::Zstd => within(unzstd::decompress(packed, limit).ok_or_else(|| self.corrupt("the frame is corrupt or cut off"))?, limit),
        }
    }

    fn corrupt(self, why: &str) -> CompressionError {
        CompressionError::Corrupt { codec: self, why: why.into() }
    }

    fn decompress_snappy(self, packed: &[u8], limit: u64) -> Result<Bytes, CompressionError> {
        let mut plain = Vec::new();
        if !packed.starts_with(&XERIAL_MAGIC) {
            self.snappy_block(packed, limit, &mut plain)?;
            return Ok(plain.into());
        }
        let mut rest = packed;
        while !rest.is_empty() {
            if rest.starts_with(&XERIAL_MAGIC) {
                // Streams may follow one another, each with its header.
                rest = rest.get(XERIAL_HEADER_BYTES..).ok_or_else(|| self.corrupt("the stream header is cut off"))?;
                continue;
            }
            let (length, after) = rest.split_first_chunk::<4>().ok_or_else(|| self.corrupt("a block length is cut off"))?;
            let length = u32::from_be_bytes(*length) as usize;
            let (block, after) = after.split_at_checked(length).ok_or_else(|| self.corrupt("a block is cut off"))?;
            self.snappy_block(block, limit, &mut plain)?;
            rest = after;
        }
        Ok(plain.into())
    }

    fn snappy_block(self, block: &[u8], limit: u64, plain: &mut Vec<u8>) -> Result<(), CompressionError> {
        let (says, elements) = snappy::announced(block).ok_or_else(|| self.corrupt("a block has no length"))?;
        if u64::from(says) > limit.saturating_sub(plain.len() as u64) {
            return Err(CompressionError::TooLarge { limit });
        }
        if u64::from(says) > (block.len() as u64).saturating_mul(SNAPPY_MAX_RATIO) {
            return Err(self.corrupt("a block announces more than it can hold"));
        }
        snappy::decompress(elements, plain, says as usize).ok_or_else(|| self.corrupt("a block is corrupt"))
    }
}

fn compress_xerial(plain: &[u8]) -> Bytes {
    let mut packed = BytesMut::with_capacity(XERIAL_HEADER_BYTES + plain.len() / 2);
    packed.put_slice(&XERIAL_MAGIC);
    packed.put_i32(1);
    packed.put_i32(1);
    for block in plain.chunks(XERIAL_BLOCK_BYTES) {
        let block = snappy::compress(block);
        packed.put_u32(block.len() as u32);
        packed.put_slice(&block);
    }
    packed.freeze()
}

fn within(plain: Vec<u8>, limit: u64) -> Result<Bytes, CompressionError> {
    if plain.len() as u64 > limit { Err(CompressionError::TooLarge { limit }) } else { Ok(plain.into()) }
}
