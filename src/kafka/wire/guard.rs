//! Protects `kafka-protocol`'s decoders from counts that lie. They make room for as many elements as an array says it has
//! before they read one, so four bytes of garbage could ask for hundreds of gigabytes. Kafka refuses a count that exceeds
//! the bytes left ("tried to allocate a collection of size …"); [`Guard`] brings the same rule to the reads underneath.
//!
//! A count is an int32 or, in flexible versions, an unsigned varint. A varint beyond the bytes left is never right (counts
//! and lengths cannot be, and tags are small): the read fails. An int32 beyond them may be a plain number, so the first
//! pass reads it as one more than the bytes left: as a count that surely fails, as a number it does not matter. Only when a
//! number was bent and the pass succeeded, a second pass reads the true values, whose counts have been tried by then.
//!
//! Reads of numbers never fail: past the end they give 0 and leave a mark, which is looked at once, when the message is through. So the
//! decoders have no way out after each of their thousand fields, which would be a tenth of what the page's visitors download.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::Decodable;
use kafka_protocol::protocol::buf::ByteBuf;
use std::ops::Range;

/// Decodes a message off the front of `bytes`. Never asks for room beyond a few times the bytes' own length.
pub(super) fn decode<T: Decodable>(bytes: &mut Bytes, version: i16) -> Result<T, String> {
    let mut guard = Guard { bytes: bytes.clone(), bend: true, bent: false, failed: false };
    loop {
        let message = T::decode(&mut guard, version).map_err(|error| error.to_string())?;
        if guard.failed {
            return Err("a number is cut off, or a count exceeds what follows it".to_owned());
        }
        if !guard.bent {
            *bytes = guard.bytes;
            return Ok(message);
        }
        guard = Guard { bytes: bytes.clone(), bend: false, bent: false, failed: false };
    }
}

struct Guard {
    bytes: Bytes,
    bend: bool,
    bent: bool,
    /// Something could not be read; nothing more is.
    failed: bool,
}

impl Guard {
    /// The next `size` bytes as a big-endian number, 8 at most.
    #[inline(never)]
    fn number(&mut self, size: usize) -> u64 {
        if self.bytes.len() < size {
            self.fail();
            return 0;
        }
        let mut value = 0;
        for byte in self.bytes.iter().take(size) {
            value = value << 8 | u64::from(*byte);
        }
        self.bytes.advance(size);
        value
    }

    /// No more is read, so that no loop goes on for long.
    fn fail(&mut self) {
        self.failed = true;
        self.bytes.clear();
    }

    #[inline(never)]
    fn byte(&mut self) -> u8 {
        // A byte of 0x80 or more is part of a varint (a boolean is 0 or 1, an int8 is read otherwise). The varint's later bytes
        // come by here too: from there it is only smaller, against about as many bytes left.
        if self.bytes.first().is_some_and(|byte| *byte >= 0x80) && self.varint_lies() {
            self.fail();
        }
        self.number(1) as u8
    }

    #[inline(never)]
    fn int(&mut self) -> i32 {
        let value = self.number(4) as i32;
        let beyond = i32::try_from(self.bytes.len() + 1).unwrap_or(i32::MAX);
        if self.bend && value > beyond {
            self.bent = true;
            return beyond;
        }
        value
    }

    /// Whether the unsigned varint that begins here exceeds what would be left after it.
    fn varint_lies(&self) -> bool {
        let mut value = 0_u64;
        for (index, &byte) in self.bytes.iter().take(5).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                let left = self.bytes.len() - index - 1;
                // Lengths and counts are written plus one.
                return value > left as u64 + 1;
            }
        }
        // Cut off or too long.
        true
    }
}

/// All infallible, so that nobody downstream has to handle what cannot happen.
impl Buf for Guard {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    #[inline(always)]
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        Ok(self.byte())
    }

    #[inline(always)]
    fn try_get_i8(&mut self) -> Result<i8, TryGetError> {
        Ok(self.number(1) as i8)
    }

    #[inline(always)]
    fn try_get_i16(&mut self) -> Result<i16, TryGetError> {
        Ok(self.number(2) as i16)
    }

    #[inline(always)]
    fn try_get_u16(&mut self) -> Result<u16, TryGetError> {
        Ok(self.number(2) as u16)
    }

    #[inline(always)]
    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        Ok(self.int())
    }

    #[inline(always)]
    fn try_get_u32(&mut self) -> Result<u32, TryGetError> {
        Ok(self.number(4) as u32)
    }

    #[inline(always)]
    fn try_get_i64(&mut self) -> Result<i64, TryGetError> {
        Ok(self.number(8) as i64)
    }
}

impl ByteBuf for Guard {
    fn peek_bytes(&mut self, range: Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    #[inline(never)]
    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.bytes.split_to(size)
    }
}
