//! The variable-length zigzag numbers that records are made of (`ByteUtils.writeVarint`, `writeVarlong`).

use bytes::{BufMut, BytesMut};

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Bytes that `value` takes. A varint takes as many as the varlong of the same value.
pub(super) const fn len(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

pub(super) fn put(buffer: &mut BytesMut, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        buffer.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    buffer.put_u8(rest as u8);
}

/// Reads a number at `*at` and moves past it. `None`: the data ends inside it, or it is longer than `max_bytes`.
fn take(data: &[u8], at: &mut usize, max_bytes: usize) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..max_bytes {
        let byte = *data.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// A varint: at most five bytes, and what exceeds 32 bits is dropped as Kafka drops it.
pub(super) fn take_i32(data: &[u8], at: &mut usize) -> Option<i32> {
    let value = take(data, at, 5)? as u32;
    Some((value >> 1) as i32 ^ -((value & 1) as i32))
}

/// A varlong: at most ten bytes.
pub(super) fn take_i64(data: &[u8], at: &mut usize) -> Option<i64> {
    let value = take(data, at, 10)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken_and_has_the_announced_length() {
        for value in [0, 1, -1, 63, 64, -64, -65, 8191, 8192, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, i64::MIN] {
            let mut buffer = BytesMut::new();
            put(&mut buffer, value);
            assert_eq!(buffer.len(), len(value), "{value}");
            let mut at = 0;
            assert_eq!(take_i64(&buffer, &mut at), Some(value));
            assert_eq!(at, buffer.len());
            assert_eq!(take_i64(&buffer[..buffer.len() - 1], &mut 0), None);
            if let Ok(small) = i32::try_from(value) {
                assert_eq!(take_i32(&buffer, &mut 0), Some(small));
            }
        }
    }

    #[test]
    fn endless_numbers_end() {
        assert_eq!(take_i32(&[0x80; 20], &mut 0), None);
        assert_eq!(take_i64(&[0x80; 20], &mut 0), None);
    }
}
