//! One block of snappy: its length, then literals and copies.

use super::lz::{number, repeat, split, take};

/// The longest copy that one element makes.
const COPY_BYTES: usize = 64;

/// `plain`: not more than 64 KiB.
pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(plain.len() / 2);
    let mut length = plain.len();
    while length > 0x7f {
        packed.push(length as u8 | 0x80);
        length >>= 7;
    }
    packed.push(length as u8);
    split(plain, &mut |literals, mut length, distance| {
        if let Some(last) = literals.len().checked_sub(1) {
            match last {
                0..60 => packed.push((last << 2) as u8),
                60..256 => packed.extend([60 << 2, last as u8]),
                _ => packed.extend([61 << 2, last as u8, (last >> 8) as u8]),
            }
            packed.extend(literals);
        }
        while length > 0 {
            let step = length.min(COPY_BYTES);
            packed.extend([((step - 1) << 2 | 2) as u8, distance as u8, (distance >> 8) as u8]);
            length -= step;
        }
    });
    packed
}

/// What a block says it holds, and its elements.
pub(super) fn announced(block: &[u8]) -> Option<(u32, &[u8])> {
    let mut rest = block;
    let mut length = 0_u64;
    for shift in (0..35).step_by(7) {
        let byte = number(&mut rest, 1)?;
        length |= (byte as u64 & 0x7f) << shift;
        if byte < 0x80 {
            return Some((u32::try_from(length).ok()?, rest));
        }
    }
    None
}

/// Appends what the elements make, exactly `length` bytes.
pub(super) fn decompress(mut rest: &[u8], plain: &mut Vec<u8>, length: usize) -> Option<()> {
    let start = plain.len();
    let end = start + length;
    while !rest.is_empty() {
        let tag = number(&mut rest, 1)?;
        let high = tag >> 2;
        let (length, distance) = match tag & 3 {
            0 if high < 60 => (high + 1, 0),
            0 => (number(&mut rest, high - 59)?.checked_add(1)?, 0),
            1 => (4 + (high & 7), (tag >> 5) << 8 | number(&mut rest, 1)?),
            kind => (high + 1, number(&mut rest, if kind == 2 { 2 } else { 4 })?),
        };
        if length > end - plain.len() {
            return None;
        }
        if tag & 3 == 0 {
            plain.extend(take(&mut rest, length)?);
        } else {
            repeat(plain, start, distance, length)?;
        }
    }
    (plain.len() == end).then_some(())
}
