//! Gzip (RFC 1952) around `miniz_oxide`'s deflate: a header, a checksum and a length. Written here since what `flate2` adds to it
//! (streams, and 16 KiB of checksum tables) would be a twentieth of what the page's visitors download.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Magic, method deflate, no flags, no time, no extra flags, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
/// What Java's `GZIPOutputStream` and `gzip` use unless told otherwise.
const LEVEL: u8 = 6;
/// Room that the output starts with, in bytes; it doubles from there.
const FIRST_ROOM: usize = 4096;

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    packed.extend(compress_to_vec(plain, LEVEL));
    packed.extend(crc32(plain).to_le_bytes());
    // The length is kept modulo 2^32.
    packed.extend((plain.len() as u32).to_le_bytes());
    packed
}

/// All members of `packed`, one after the other; gives up as soon as more than `limit` bytes have come out, and returns those.
pub(super) fn decompress_all(mut packed: &[u8], limit: usize) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::new();
    loop {
        packed = member(packed, &mut plain, limit)?;
        if packed.is_empty() || plain.len() > limit {
            return Ok(plain);
        }
    }
}

/// Reads one member and returns what follows it.
fn member<'a>(packed: &'a [u8], plain: &mut Vec<u8>, limit: usize) -> Result<&'a [u8], &'static str> {
    let mut rest = skip_header(packed).ok_or("the gzip header is cut off or is none")?;
    let start = plain.len();
    let mut end = start;
    let mut state = DecompressorOxide::new();
    loop {
        if end == plain.len() {
            let room = plain.len().max(FIRST_ROOM).min(limit.saturating_add(1).saturating_sub(end));
            if room == 0 {
                return Ok(rest);
            }
            plain.resize(end + room, 0);
        }
        let (status, read, wrote) =
            decompress(&mut state, rest, plain.get_mut(start..).unwrap_or_default(), end - start, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
        rest = rest.get(read..).unwrap_or_default();
        end += wrote;
        match status {
            TINFLStatus::Done => break,
            TINFLStatus::HasMoreOutput => {}
            _ => return Err("the deflated data is corrupt or cut off"),
        }
    }
    plain.truncate(end);
    let (crc, after) = rest.split_first_chunk::<4>().ok_or("the gzip checksum is cut off")?;
    let (length, after) = after.split_first_chunk::<4>().ok_or("the gzip length is cut off")?;
    let own = plain.get(start..).unwrap_or_default();
    if u32::from_le_bytes(*crc) != crc32(own) || u32::from_le_bytes(*length) != own.len() as u32 {
        return Err("the gzip checksum does not match");
    }
    Ok(after)
}

fn skip_header(packed: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = packed.split_first_chunk::<10>()?;
    let flags = header[3];
    if header[..3] != HEADER[..3] {
        return None;
    }
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & HEADER_CRC != 0 { rest.get(2..) } else { Some(rest) }
}

/// CRC-32 (IEEE 802.3), four bits a step.
fn crc32(data: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    const TABLE: [u32; 16] = {
        let mut table = [0_u32; 16];
        let mut nibble = 0;
        while nibble < 16 {
            let mut crc = nibble as u32;
            let mut bit = 0;
            while bit < 4 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
                bit += 1;
            }
            table[nibble] = crc;
            nibble += 1;
        }
        table
    };
    let step = |crc: u32, nibble: u8| (crc >> 4) ^ TABLE[((crc ^ u32::from(nibble)) & 0xf) as usize];
    !data.iter().fold(!0, |crc, byte| step(step(crc, byte & 0xf), byte >> 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn members_follow_one_another_and_every_cut_is_an_error() {
        let mut packed = compress(b"under ");
        // A member with all optional fields, as `gzip` writes the name.
        let second = compress(b"glass");
        packed.extend([0x1f, 0x8b, 8, EXTRA | NAME | COMMENT | HEADER_CRC, 0, 0, 0, 0, 0, 3]);
        packed.extend(b"\x02\x00xxname\0comment\0cc");
        packed.extend(&second[10..]);
        assert_eq!(decompress_all(&packed, 100).as_deref(), Ok(&b"under glass"[..]));
        let first = compress(b"under ").len();
        for cut in (0..packed.len()).filter(|cut| *cut != first) {
            assert!(decompress_all(&packed[..cut], 100).is_err(), "cut at {cut}");
        }
        packed[first - 1] ^= 1;
        assert!(decompress_all(&packed, 100).is_err(), "a wrong length");
    }

    #[test]
    fn output_stops_one_byte_past_the_limit() {
        let packed = compress(&[0; 100_000]);
        assert_eq!(decompress_all(&packed, 100_000).map(|plain| plain.len()), Ok(100_000));
        assert_eq!(decompress_all(&packed, 99_999).map(|plain| plain.len()), Ok(100_000));
        assert_eq!(decompress_all(&packed, 10).map(|plain| plain.len()), Ok(11));
    }
}
