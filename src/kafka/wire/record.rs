//! One record of a batch (`DefaultRecord`): read lazily from the records section, written to it.

use super::batch::{BatchError, HEADER_BYTES, Record};
use super::varint;
use bytes::{BufMut, Bytes, BytesMut};
use std::ops::Range;

/// A record as it is written: its offset and timestamp relative to the batch. What [`Record`] cannot give back, the
/// timestamp delta under LogAppendTime, is still here, so that a batch can be written again byte for byte.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawRecord {
    /// No bit of it has a meaning yet.
    pub attributes: i8,
    /// Milliseconds from the batch's base timestamp (or delete horizon).
    pub timestamp_delta: i64,
    /// From the batch's base offset.
    pub offset_delta: i32,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// As [`Record::bytes`].
    pub bytes: Range<u32>,
}

/// The records of a batch, one by one. Ends after the first malformed one.
#[derive(Clone, Debug)]
pub struct Records {
    data: Bytes,
    at: usize,
    index: u32,
    count: u32,
    failed: bool,
}

impl Records {
    /// `data`: the records section, not compressed. `count`: what the header says.
    pub(super) fn new(data: Bytes, count: u32) -> Self {
        Self { data, at: 0, index: 0, count, failed: false }
    }

    /// An upper bound for the records that are really there: none is shorter than seven bytes.
    pub(super) fn most(&self) -> usize {
        (self.data.len() / 7).min(self.count as usize)
    }

    fn parse(&mut self) -> Result<RawRecord, &'static str> {
        let start = self.at;
        let data = &self.data;
        let mut at = start;
        let length = varint::take_i32(data, &mut at).ok_or("its length is cut off")?;
        let length = usize::try_from(length).map_err(|_| "its length is negative")?;
        let end = at.checked_add(length).filter(|&end| end <= data.len()).ok_or("it is longer than the batch")?;
        let mut cursor = Cursor { data, end, at };
        let attributes = cursor.byte()? as i8;
        let timestamp_delta = cursor.long()?;
        let offset_delta = cursor.int()?;
        let key = cursor.nullable()?;
        let value = cursor.nullable()?;
        let count = usize::try_from(cursor.int()?).map_err(|_| "its header count is negative")?;
        // A header takes two bytes at least.
        if count > (end - cursor.at) / 2 {
            return Err("it has fewer headers than it says");
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let key = cursor.nullable()?.ok_or("a header key is null")?;
            headers.push((key, cursor.nullable()?));
        }
        if cursor.at != end {
            return Err("bytes follow its headers");
        }
        self.at = end;
        Ok(RawRecord { attributes, timestamp_delta, offset_delta, key, value, headers, bytes: place(start)..place(end) })
    }
}

/// A position in the records section, counted from the batch's first byte.
fn place(at: usize) -> u32 {
    (at as u32).saturating_add(HEADER_BYTES)
}

impl Iterator for Records {
    type Item = Result<RawRecord, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let index = self.index;
        let result = if index < self.count {
            self.index += 1;
            self.parse()
        } else if self.at < self.data.len() {
            Err("bytes follow the last record")
        } else {
            return None;
        };
        self.failed = result.is_err();
        Some(result.map_err(|why| BatchError::Record { index, why }))
    }
}

/// Reads fields up to `end`, which is within `data`.
struct Cursor<'a> {
    data: &'a Bytes,
    end: usize,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &[u8] {
        self.data.get(..self.end).unwrap_or_default()
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        let byte = *self.rest().get(self.at).ok_or("it ends before its attributes")?;
        self.at += 1;
        Ok(byte)
    }

    fn int(&mut self) -> Result<i32, &'static str> {
        let mut at = self.at;
        let value = varint::take_i32(self.rest(), &mut at).ok_or("a number is cut off or too long")?;
        self.at = at;
        Ok(value)
    }

    fn long(&mut self) -> Result<i64, &'static str> {
        let mut at = self.at;
        let value = varint::take_i64(self.rest(), &mut at).ok_or("a number is cut off or too long")?;
        self.at = at;
        Ok(value)
    }

    fn nullable(&mut self) -> Result<Option<Bytes>, &'static str> {
        let length = self.int()?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| "a field's length is negative")?;
        let end = self.at.checked_add(length).filter(|&end| end <= self.end).ok_or("a field is longer than the record")?;
        let field = self.data.slice(self.at..end);
        self.at = end;
        Ok(Some(field))
    }
}

/// The parts of a record that stand in its body, borrowed.
pub(super) struct Body<'a> {
    pub attributes: i8,
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [(Bytes, Option<Bytes>)],
}

impl Body<'_> {
    /// Bytes of the record without its length.
    fn len(&self) -> usize {
        let mut len = 1 + varint::len(self.timestamp_delta) + varint::len(self.offset_delta.into());
        len += nullable_len(self.key) + nullable_len(self.value) + varint::len(self.headers.len() as i64);
        for (key, value) in self.headers {
            len += nullable_len(Some(key)) + nullable_len(value.as_deref());
        }
        len
    }

    /// Bytes of the record with its length.
    pub(super) fn size(&self) -> usize {
        let len = self.len();
        varint::len(len as i64) + len
    }

    pub(super) fn put(&self, buffer: &mut BytesMut) {
        let len = self.len();
        buffer.reserve(len + 5);
        varint::put(buffer, len as i64);
        buffer.put_i8(self.attributes);
        varint::put(buffer, self.timestamp_delta);
        varint::put(buffer, self.offset_delta.into());
        put_nullable(buffer, self.key);
        put_nullable(buffer, self.value);
        varint::put(buffer, self.headers.len() as i64);
        for (key, value) in self.headers {
            put_nullable(buffer, Some(key));
            put_nullable(buffer, value.as_deref());
        }
    }
}

fn nullable_len(field: Option<&[u8]>) -> usize {
    field.map_or(1, |field| varint::len(field.len() as i64) + field.len())
}

fn put_nullable(buffer: &mut BytesMut, field: Option<&[u8]>) {
    match field {
        Some(field) => {
            varint::put(buffer, field.len() as i64);
            buffer.put_slice(field);
        }
        None => varint::put(buffer, -1),
    }
}

impl RawRecord {
    pub(super) fn body(&self) -> Body<'_> {
        Body {
            attributes: self.attributes,
            timestamp_delta: self.timestamp_delta,
            offset_delta: self.offset_delta,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &self.headers,
        }
    }

    /// The record with its place in the log. `log_append_time`: the batch's max timestamp, if it is the records' time.
    pub(super) fn at(self, base_offset: i64, base_timestamp: i64, log_append_time: Option<i64>) -> Record {
        Record {
            offset: base_offset.wrapping_add(self.offset_delta.into()),
            timestamp: log_append_time.unwrap_or(base_timestamp.wrapping_add(self.timestamp_delta)),
            key: self.key,
            value: self.value,
            headers: self.headers,
            attributes: self.attributes,
            bytes: self.bytes,
        }
    }
}
