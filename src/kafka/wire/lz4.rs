//! The frame format of lz4, and its blocks. What is written has blocks of 64 KiB that stand alone and no checksums, as Kafka's producer
//! writes it; every frame is read.

use super::lz::{BLOCK_BYTES, number, repeat, split, take};

/// Magic, then: version 1 and blocks that stand alone, blocks of 64 KiB, the checksum of these two.
const HEADER: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
const VERSION: usize = 0x40;
const BLOCK_CHECKSUMS: usize = 0x10;
const CONTENT_SIZE: usize = 0x08;
const CONTENT_CHECKSUM: usize = 0x04;
const DICTIONARY: usize = 0x01;
/// A block's size with this bit: it is not compressed.
const STORED: usize = 0x8000_0000;
/// A length that does not fit four bits goes on in bytes.
const LONG: usize = 15;

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    for block in plain.chunks(BLOCK_BYTES) {
        let start = packed.len();
        packed.extend([0; 4]);
        split(block, &mut |literals, length, distance| {
            let more = length.saturating_sub(4);
            packed.push((literals.len().min(LONG) << 4 | more.min(LONG)) as u8);
            put_rest(literals.len(), &mut packed);
            packed.extend(literals);
            if length > 0 {
                packed.extend((distance as u16).to_le_bytes());
                put_rest(more, &mut packed);
            }
        });
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

fn put_rest(length: usize, packed: &mut Vec<u8>) {
    if let Some(mut rest) = length.checked_sub(LONG) {
        while rest >= 255 {
            packed.push(255);
            rest -= 255;
        }
        packed.push(rest as u8);
    }
}

/// Reads one frame; gives up as soon as more than `limit` bytes have come out, and returns those.
pub(super) fn decompress(packed: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut rest = packed.strip_prefix(&HEADER[..4])?;
    let descriptor = rest;
    let (flags, sizes) = (number(&mut rest, 1)?, number(&mut rest, 1)?);
    if flags & 0xc0 != VERSION || flags & DICTIONARY != 0 {
        return None;
    }
    if flags & CONTENT_SIZE != 0 {
        take(&mut rest, 8)?;
    }
    let described = descriptor.get(..descriptor.len() - rest.len())?;
    if number(&mut rest, 1)? != (xxh32(described) >> 8 & 0xff) as usize {
        return None;
    }
    // 4 is 64 KiB, each next four times as much, 7 the last.
    let most = BLOCK_BYTES << (2 * (sizes >> 4 & 7).checked_sub(4)?);
    let mut plain = Vec::new();
    loop {
        let size = number(&mut rest, 4)?;
        if size == 0 {
            break;
        }
        let block = take(&mut rest, size & !STORED)?;
        if flags & BLOCK_CHECKSUMS != 0 && number(&mut rest, 4)? != xxh32(block) as usize {
            return None;
        }
        if size & STORED != 0 {
            plain.extend(block);
        } else {
            let end = plain.len() + most;
            read_block(block, &mut plain, end)?;
        }
        if plain.len() as u64 > limit {
            return Some(plain);
        }
    }
    if flags & CONTENT_CHECKSUM != 0 && number(&mut rest, 4)? != xxh32(&plain) as usize {
        return None;
    }
    Some(plain)
}

/// A block may repeat what the blocks before it said; it does not go on beyond `end`.
fn read_block(mut rest: &[u8], plain: &mut Vec<u8>, end: usize) -> Option<()> {
    loop {
        let token = number(&mut rest, 1)?;
        let literals = length(token >> 4, &mut rest)?;
        plain.extend(take(&mut rest, literals)?);
        if rest.is_empty() {
            return (plain.len() <= end).then_some(());
        }
        let distance = number(&mut rest, 2)?;
        let length = length(token & LONG, &mut rest)? + 4;
        if plain.len() + length > end {
            return None;
        }
        repeat(plain, 0, distance, length)?;
    }
}

fn length(short: usize, rest: &mut &[u8]) -> Option<usize> {
    let mut length = short;
    let mut last = if short == LONG { 255 } else { 0 };
    while last == 255 {
        last = number(rest, 1)?;
        length += last;
    }
    Some(length)
}

/// XXH32 with seed 0.
fn xxh32(data: &[u8]) -> u32 {
    const PRIMES: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
    let [p1, p2, p3, p4, p5] = PRIMES;
    let mut lanes = [p1.wrapping_add(p2), p2, 0, 0_u32.wrapping_sub(p1)];
    let (stripes, tail) = data.as_chunks::<16>();
    for stripe in stripes {
        for (lane, bytes) in lanes.iter_mut().zip(stripe.as_chunks::<4>().0) {
            *lane = lane.wrapping_add(u32::from_le_bytes(*bytes).wrapping_mul(p2)).rotate_left(13).wrapping_mul(p1);
        }
    }
    let turned = lanes.iter().zip([1, 7, 12, 18]).fold(0_u32, |sum, (lane, bits)| sum.wrapping_add(lane.rotate_left(bits)));
    let mut hash = if stripes.is_empty() { p5 } else { turned }.wrapping_add(data.len() as u32);
    let (words, bytes) = tail.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(p3)).rotate_left(17).wrapping_mul(p4);
    }
    for byte in bytes {
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(p5)).rotate_left(11).wrapping_mul(p1);
    }
    hash = (hash ^ hash >> 15).wrapping_mul(p2);
    hash = (hash ^ hash >> 13).wrapping_mul(p3);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_reference() {
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"abc"), 0x32d1_53ff);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
        assert_eq!((xxh32(&HEADER[4..6]) >> 8) as u8, HEADER[6]);
    }

    #[test]
    fn every_cut_is_an_error() {
        let packed = compress(&b"under glass, under glass, under glass".repeat(9));
        assert_eq!(decompress(&packed, 1000), Some(b"under glass, under glass, under glass".repeat(9)));
        assert!((0..packed.len()).all(|cut| decompress(&packed[..cut], 1000).is_none()));
    }
}
