//! Snappy: blocks by `snap`, in the stream of `snappy-java` (xerial) that Kafka's Java client writes. Its framing is none of snappy's own,
//! so it is written here. A single raw block, as some other clients write it, is read too.

use super::DecodeError;
use snap::raw::{Decoder, Encoder, decompress_len};

/// What `SnappyOutputStream` begins with, then version 1, compatible from version 1.
const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
const HEADER_BYTES: usize = MAGIC.len() + VERSIONS.len();
/// Its default block, in bytes.
const BLOCK_BYTES: usize = 32 * 1024;
/// Snappy's densest element makes 64 bytes of 3, so a block that announces more than this many times its size is malformed.
const MAX_RATIO: usize = 32;

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(HEADER_BYTES + plain.len() / 2);
    packed.extend(MAGIC);
    packed.extend(VERSIONS);
    let mut encoder = Encoder::new();
    for block in plain.chunks(BLOCK_BYTES) {
        let block = encoder.compress_vec(block).expect("a block of 32 KiB is not too large for snappy");
        packed.extend((block.len() as u32).to_be_bytes());
        packed.extend(block);
    }
    packed
}

pub(super) fn decompress(packed: &[u8], limit: u64) -> Result<Vec<u8>, DecodeError> {
    let mut plain = Vec::new();
    if !packed.starts_with(&MAGIC) {
        read_block(packed, &mut plain, limit)?;
        return Ok(plain);
    }
    let mut rest = packed;
    while !rest.is_empty() {
        if rest.starts_with(&MAGIC) {
            // Streams may follow one another, each with its header.
            rest = rest.get(HEADER_BYTES..).ok_or_else(|| DecodeError::corrupt("the stream header is cut off"))?;
            continue;
        }
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(|| DecodeError::corrupt("a block length is cut off"))?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, after) = after.split_at_checked(length).ok_or_else(|| DecodeError::corrupt("a block is cut off"))?;
        read_block(block, &mut plain, limit)?;
        rest = after;
    }
    Ok(plain)
}

/// Appends what a block holds. The size that it announces is checked before anything is allocated for it.
fn read_block(block: &[u8], plain: &mut Vec<u8>, limit: u64) -> Result<(), DecodeError> {
    let announced = decompress_len(block).map_err(DecodeError::corrupt)?;
    let start = plain.len();
    if announced as u64 > limit.saturating_sub(start as u64) {
        return Err(DecodeError::TooLarge);
    }
    if announced > block.len().saturating_mul(MAX_RATIO) {
        return Err(DecodeError::corrupt("a block announces more than it can hold"));
    }
    plain.resize(start + announced, 0);
    let written = Decoder::new().decompress(block, &mut plain[start..]).map_err(DecodeError::corrupt)?;
    plain.truncate(start + written);
    Ok(())
}
