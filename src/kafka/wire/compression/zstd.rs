//! Zstd (RFC 8878) by `ruzstd`. Its encoder has one level, which packs nearly as tightly as libzstd's first. Frames are written and read
//! without checksums (a record batch has its own CRC) and without dictionaries, which Kafka does not use.

use super::{DecodeError, read_within};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    compress_to_vec(plain, CompressionLevel::Fastest)
}

/// Frames may follow one another, with skippable ones between them. A frame with a window of more than 128 MiB is refused, as libzstd does;
/// its decoder holds at most that much before the first byte comes out.
pub(super) fn decompress(packed: &[u8], limit: u64) -> Result<Vec<u8>, DecodeError> {
    let (mut plain, mut rest) = (Vec::new(), packed);
    loop {
        // A decoder for each frame, since one that is used again reserves the whole window that the next frame announces.
        match StreamingDecoder::new(&mut rest) {
            Ok(frame) => read_within(frame, &mut plain, limit)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                rest = rest.get(length as usize..).ok_or_else(|| DecodeError::corrupt("a skippable frame is cut off"))?;
            }
            Err(error) => return Err(DecodeError::corrupt(error)),
        }
        if rest.is_empty() {
            return Ok(plain);
        }
    }
}
