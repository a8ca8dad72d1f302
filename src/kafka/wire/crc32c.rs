//! CRC-32C (Castagnoli), the checksum of record batches (KIP-98): sixteen bytes a step over tables that are made at the first
//! use, since the page's visitors would download them (16 KiB that do not compress).

use std::sync::LazyLock;

const POLYNOMIAL: u32 = 0x82f6_3b78;
/// Bytes of one step, and as many tables.
const STEP: usize = 16;

/// `TABLES[n][byte]`: what `byte` contributes with `n` zero bytes after it.
static TABLES: LazyLock<[[u32; 256]; STEP]> = LazyLock::new(tables);

fn tables() -> [[u32; 256]; STEP] {
    let mut tables = [[0_u32; 256]; STEP];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut level = 1;
    while level < STEP {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[level - 1][byte];
            tables[level][byte] = (before >> 8) ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        level += 1;
    }
    tables
}

/// The CRC-32C of `data`.
pub fn crc32c(data: &[u8]) -> u32 {
    let mut crc = !0_u32;
    let tables = &*TABLES;
    let (steps, tail) = data.as_chunks::<STEP>();
    for step in steps {
        let [a, b, c, d, rest @ ..] = *step;
        let first = u32::from_le_bytes([a, b, c, d]) ^ crc;
        let [a, b, c, d] = first.to_le_bytes();
        // The bytes that do not depend on the step before, so that the processor looks them up ahead.
        let mut ahead = 0;
        for (table, byte) in tables[..STEP - 4].iter().rev().zip(rest) {
            ahead ^= table[usize::from(byte)];
        }
        crc = ahead ^ tables[15][usize::from(a)] ^ tables[14][usize::from(b)] ^ tables[13][usize::from(c)] ^ tables[12][usize::from(d)];
    }
    for &byte in tail {
        crc = (crc >> 8) ^ tables[0][((crc ^ u32::from(byte)) & 0xff) as usize];
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, from the definition.
    fn slow(data: &[u8]) -> u32 {
        let mut crc = !0_u32;
        for &byte in data {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            }
        }
        !crc
    }

    #[test]
    fn check_value() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn every_length_agrees_with_the_definition() {
        let data: Vec<u8> = (0..100_u32).map(|n| (n * 37 + 11) as u8).collect();
        for end in 0..data.len() {
            assert_eq!(crc32c(&data[..end]), slow(&data[..end]), "{end} bytes");
        }
    }
}
