//! Gzip (RFC 1952) by `flate2`.

use super::{DecodeError, read_within};
use flate2::read::{GzEncoder, MultiGzDecoder};
use std::io::Read as _;

/// The default of Kafka's `compression.gzip.level`: zlib's own.
const LEVEL: u32 = 6;

pub(super) fn compress(level: Option<u32>, plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(plain, flate2::Compression::new(level.unwrap_or(LEVEL).min(9)))
        .read_to_end(&mut packed)
        .expect("reading from memory does not fail");
    packed
}

/// A file may have several members, one after the other.
pub(super) fn decompress(packed: &[u8], limit: u64) -> Result<Vec<u8>, DecodeError> {
    let mut plain = Vec::new();
    read_within(MultiGzDecoder::new(packed), &mut plain, limit)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_follow_one_another_and_every_cut_is_an_error() {
        let mut packed = compress(None, b"under ");
        let first = packed.len();
        packed.extend(compress(None, b"glass"));
        assert_eq!(decompress(&packed, 100).as_deref(), Ok(&b"under glass"[..]));
        for cut in (0..packed.len()).filter(|cut| *cut != first) {
            assert!(decompress(&packed[..cut], 100).is_err(), "cut at {cut}");
        }
        packed[first - 1] ^= 1;
        assert!(decompress(&packed, 100).is_err(), "a wrong length");
    }
}
