//! Lz4 in its frame format. Frames are read by `lz4_flex`.
//!
//! The encoder is written here: that of `lz4_flex` hashes five bytes where a word has 64 bits and four where it has 32, so a batch would
//! be other bytes in wasm than natively. What it writes is what Kafka's Java producer writes: independent blocks of 64 KiB, no checksums.

use super::{DecodeError, read_within};
use lz4_flex::frame::FrameDecoder;
use std::io::{self, Read};

/// Magic number, then: version 1 and independent blocks, blocks of 64 KiB, the header's checksum.
const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
/// The most bytes of a block, so that a distance within it fits 16 bits.
const BLOCK_BYTES: usize = 64 * 1024;
/// A block's size with this bit: the block is stored, not compressed.
const STORED: usize = 0x8000_0000;
/// A length that does not fit four bits goes on in bytes.
const LONG: usize = 15;

/// The shortest match in bytes, which are also those that are hashed.
const MIN_MATCH: usize = 4;
/// The hash table has 2^12 entries.
const TABLE_BITS: u32 = 12;
/// The format wants the last match to begin at least this many bytes before the end of a block...
const LAST_MATCH_START: usize = 12;
/// ...and to leave this many bytes as literals.
const LAST_LITERALS: usize = 5;

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    for block in plain.chunks(BLOCK_BYTES) {
        let start = packed.len();
        packed.extend([0; 4]);
        compress_block(block, &mut packed);
        let mut size = packed.len() - start - 4;
        if size >= block.len() {
            packed.truncate(start + 4);
            packed.extend(block);
            size = block.len() | STORED;
        }
        packed[start..start + 4].copy_from_slice(&(size as u32).to_le_bytes());
    }
    packed.extend([0; 4]);
    packed
}

fn compress_block(block: &[u8], packed: &mut Vec<u8>) {
    let word = |at: usize| block.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let mut table = vec![0_u16; 1 << TABLE_BITS];
    // An empty entry says 0, a position as good as any, so the search begins at 1.
    let (mut literals, mut at) = (0, 1);
    while at + LAST_MATCH_START <= block.len() {
        let here = word(at);
        let entry = &mut table[(here.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize];
        let candidate = usize::from(std::mem::replace(entry, at as u16));
        if word(candidate) == here {
            let rest = block[at + MIN_MATCH..block.len() - LAST_LITERALS].iter();
            let more = rest.zip(&block[candidate + MIN_MATCH..]).take_while(|(a, b)| a == b).count();
            put_sequence(&block[literals..at], Some((at - candidate, more)), packed);
            at += MIN_MATCH + more;
            literals = at;
        } else {
            // Data that has not repeated itself for long is skipped faster.
            at += 1 + (at - literals) / 64;
        }
    }
    put_sequence(&block[literals..], None, packed);
}

/// Literals, and behind them a match: its distance, and its length beyond [`MIN_MATCH`]. The last sequence of a block has no match.
fn put_sequence(literals: &[u8], found: Option<(usize, usize)>, packed: &mut Vec<u8>) {
    let more = found.map_or(0, |(_, more)| more);
    packed.push((literals.len().min(LONG) << 4 | more.min(LONG)) as u8);
    put_length_rest(literals.len(), packed);
    packed.extend(literals);
    if let Some((distance, more)) = found {
        packed.extend((distance as u16).to_le_bytes());
        put_length_rest(more, packed);
    }
}

fn put_length_rest(length: usize, packed: &mut Vec<u8>) {
    if let Some(mut rest) = length.checked_sub(LONG) {
        while rest >= 255 {
            packed.push(255);
            rest -= 255;
        }
        packed.push(rest as u8);
    }
}

/// Reads one frame. What follows it is ignored, as by Kafka's `Lz4BlockInputStream`.
pub(super) fn decompress(packed: &[u8], limit: u64) -> Result<Vec<u8>, DecodeError> {
    let mut plain = Vec::new();
    read_within(FrameDecoder::new(Unended(packed)), &mut plain, limit)?;
    Ok(plain)
}

/// A reader that fails at its end instead of saying that nothing is left: `lz4_flex` takes the end of its input for the end of a frame,
/// and would read a frame that is cut off after a block without complaint.
struct Unended<'a>(&'a [u8]);

impl Read for Unended<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is cut off")),
            read => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_is_an_error() {
        let plain = b"under glass, under glass, under glass".repeat(9);
        let packed = compress(&plain);
        assert_eq!(decompress(&packed, 1000), Ok(plain));
        assert!((0..packed.len()).all(|cut| decompress(&packed[..cut], 1000).is_err()));
    }
}
