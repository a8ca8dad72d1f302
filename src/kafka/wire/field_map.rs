//! Which bytes of a frame or of a log belong to which field: Kafka's name for it, its value as text, and its byte range. The inspector
//! shows this. [`super::message::codec`] fills it while it reads a message.

use super::batch::{Batch, RawRecord, bit};
use super::error::ErrorCode;
use super::message::ApiKey;
use super::{compression::Compression, varint};
use bytes::Bytes;
use std::ops::Range;

/// The most fields that a map lists. Later ones count as part of the last listed field that contains them.
pub const MAX_FIELDS: usize = 3_000;
/// The most characters of a string value. The rest is cut off, with an ellipsis.
const MAX_TEXT: usize = 120;

/// One field and its bytes. A field that contains others comes before them; the bytes that are in none of them (a length, a tag) are its
/// own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldSpan {
    /// How many fields contain this one.
    pub depth: u32,
    pub name: String,
    /// Empty for a structure.
    pub value: String,
    pub bytes: Range<u32>,
}

/// The fields of some bytes, in the order of the bytes.
#[derive(Clone, Default, Debug)]
pub struct FieldMap {
    pub fields: Vec<FieldSpan>,
    /// The size of all bytes, mapped or not.
    pub total: u32,
    /// The bytes at the end that no message has been read from yet.
    pub rest: Bytes,
    depth: u32,
    /// The index of the innermost field that has begun and not ended.
    open: usize,
}

/// How a number is written as text.
#[derive(Clone, Copy)]
pub(super) enum NumberKind {
    /// A signed number of so many bits; error codes and API keys are named.
    Signed(u32),
    Unsigned,
    Bool,
    Null,
    /// Not at all.
    Hidden,
}

impl FieldMap {
    pub fn new(bytes: Bytes) -> Self {
        Self { total: bytes.len() as u32, rest: bytes, ..Self::default() }
    }

    /// The position of the first byte of `rest`.
    pub fn position(&self) -> u32 {
        self.total - self.rest.len() as u32
    }

    /// Begins a field at byte `at` and returns the field that contains it, which [`Self::finish`] wants back. `name`: `snake_case` becomes
    /// Kafka's `CamelCase`.
    pub fn begin(&mut self, name: &str, at: u32) -> usize {
        let outer = std::mem::replace(&mut self.open, self.fields.len());
        if self.fields.len() < MAX_FIELDS {
            self.fields.push(FieldSpan { depth: self.depth, name: camel(name), value: String::new(), bytes: at..at });
        }
        self.depth += 1;
        outer
    }

    /// Ends the innermost open field before byte `at`.
    pub fn finish(&mut self, outer: usize, at: u32) {
        if let Some(field) = self.fields.get_mut(self.open) {
            field.bytes.end = at;
        }
        self.depth = self.depth.saturating_sub(1);
        self.open = outer;
    }

    /// Sets the value of the innermost open field.
    pub fn note(&mut self, value: String) {
        if let Some(field) = self.fields.get_mut(self.open) {
            field.value = value;
        }
    }

    pub(super) fn rename(&mut self, name: &str) {
        if let Some(field) = self.fields.get_mut(self.open) {
            field.name = camel(name);
        }
    }

    pub(super) fn number(&mut self, value: u64, kind: NumberKind) {
        let Some(field) = self.fields.get_mut(self.open) else { return };
        field.value = match kind {
            NumberKind::Signed(bits) => {
                let number = (value << (64 - bits)).cast_signed() >> (64 - bits);
                let code = i16::try_from(number).unwrap_or(-1);
                if field.name.ends_with("ErrorCode") {
                    format!("{number} {}", ErrorCode::from_code(code).name())
                } else if let (true, Ok(api)) = (field.name.ends_with("ApiKey"), ApiKey::try_from(code)) {
                    format!("{number} {api:?}")
                } else {
                    number.to_string()
                }
            }
            NumberKind::Unsigned => value.to_string(),
            NumberKind::Bool => (value != 0).to_string(),
            NumberKind::Null => "null".into(),
            NumberKind::Hidden => String::new(),
        };
    }

    /// Adds all bytes behind the last field as unreadable.
    pub fn unreadable(&mut self, why: &str) {
        let from = self.fields.iter().map(|field| field.bytes.end).max().unwrap_or(0);
        self.depth = 0;
        self.leaf("unreadable", why.into(), from..self.total);
    }

    fn leaf(&mut self, name: &str, value: String, bytes: Range<u32>) {
        let outer = self.begin(name, bytes.start);
        self.note(value);
        self.finish(outer, bytes.end);
    }

    /// Sets the value of a field of bytes that end before `end`. Record batches become fields of their own.
    pub(super) fn bytes(&mut self, bytes: &Bytes, end: u32) {
        if self.fields.get(self.open).is_some_and(|field| field.name == "Records") {
            self.note(format!("{} bytes", bytes.len()));
            self.batches(bytes.clone(), end - bytes.len() as u32);
        } else {
            self.note(text(bytes));
        }
    }

    /// Maps record batches from byte `at` on. The last one may be cut off, as in a Fetch response.
    pub fn batches(&mut self, mut bytes: Bytes, mut at: u32) {
        while !bytes.is_empty() {
            let outer = self.begin("record_batch", at);
            match Batch::split_first(&mut bytes) {
                Ok(batch) => {
                    self.batch(&batch, at);
                    at += batch.size();
                }
                Err(why) => {
                    self.note(why.to_string());
                    at += std::mem::take(&mut bytes).len() as u32;
                }
            }
            self.finish(outer, at);
        }
    }

    fn batch(&mut self, batch: &Batch, at: u32) {
        let mut from = at;
        for field in batch.fields() {
            let mut value = field.value.to_string();
            match field.name {
                "crc" => value = format!("{:#010x}", field.value),
                "attributes" => {
                    value = value + " " + batch.compression().map_or("", Compression::name);
                    for (bit, word) in [
                        (bit::LOG_APPEND_TIME, "LogAppendTime"),
                        (bit::TRANSACTIONAL, "transactional"),
                        (bit::CONTROL, "control"),
                        (bit::DELETE_HORIZON, "delete horizon"),
                    ] {
                        if batch.attributes() & bit != 0 {
                            value = value + ", " + word;
                        }
                    }
                }
                _ => {}
            }
            from = at + field.bytes.end;
            self.leaf(field.name, value, at + field.bytes.start..from);
        }
        let end = at + batch.size();
        let outer = self.begin("records", from);
        if batch.compression() != Ok(Compression::None) {
            self.note(format!("compressed, {} bytes", end - from));
        } else {
            if self.records(batch, at).is_none() {
                self.note("malformed".into());
            }
            let shown = self.fields.iter().skip(self.open.saturating_add(1)).map(|field| field.bytes.end).max();
            if let Some(shown) = shown.filter(|shown| *shown < end) {
                self.leaf("unreadable", String::new(), shown..end);
            }
        }
        self.finish(outer, end);
    }

    /// `None`: a record cannot be read. Those before it are shown.
    fn records(&mut self, batch: &Batch, at: u32) -> Option<()> {
        for (i, record) in batch.raw_records().ok()?.enumerate() {
            let record = record.ok()?;
            let (before, open, depth) = (self.fields.len(), self.open, self.depth);
            let outer = self.begin(&format!("[{i}]"), at + record.bytes.start);
            self.note(format!("offset {}", batch.base_offset().wrapping_add(record.offset_delta.into())));
            match self.record(batch.bytes(), &record, at) {
                Some(end) => self.finish(outer, end),
                None => {
                    self.fields.truncate(before);
                    (self.open, self.depth) = (open, depth);
                    return None;
                }
            }
        }
        Some(())
    }

    /// The fields of one record; gives the byte behind it.
    fn record(&mut self, data: &[u8], record: &RawRecord, at: u32) -> Option<u32> {
        let mut to = record.bytes.start as usize;
        self.varint(data, &mut to, at, "length")?;
        self.leaf("attributes", record.attributes.to_string(), at + to as u32..at + to as u32 + 1);
        to += 1;
        self.varint(data, &mut to, at, "timestamp_delta")?;
        self.varint(data, &mut to, at, "offset_delta")?;
        self.blob(data, &mut to, at, "key")?;
        self.blob(data, &mut to, at, "value")?;
        let headers = self.begin("headers", at + to as u32);
        let count = varint::take_i64(data, &mut to)?;
        self.note(count.to_string());
        for _ in 0..count {
            self.blob(data, &mut to, at, "header_key")?;
            self.blob(data, &mut to, at, "header_value")?;
        }
        self.finish(headers, at + to as u32);
        Some(at + to as u32)
    }

    fn varint(&mut self, data: &[u8], to: &mut usize, at: u32, name: &str) -> Option<()> {
        let from = *to as u32;
        let value = varint::take_i64(data, to)?;
        self.leaf(name, value.to_string(), at + from..at + *to as u32);
        Some(())
    }

    fn blob(&mut self, data: &[u8], to: &mut usize, at: u32, name: &str) -> Option<()> {
        let from = *to as u32;
        let value = match usize::try_from(varint::take_i64(data, to)?) {
            Err(_) => "null".into(),
            Ok(length) => {
                let bytes = data.get(*to..*to + length)?;
                *to += length;
                text(bytes)
            }
        };
        self.leaf(name, value, at + from..at + *to as u32);
        Some(())
    }
}

/// `max_wait_ms` in Kafka's spelling, `MaxWaitMs`.
fn camel(snake: &str) -> String {
    let mut name = String::new();
    for part in snake.split('_') {
        let (first, rest) = part.split_at(part.len().min(1));
        name = name + &first.to_ascii_uppercase() + rest;
    }
    name
}

/// The bytes as quoted text, or their number where they are not printable UTF-8.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => {
            let more = if text.chars().nth(MAX_TEXT).is_some() { "…" } else { "" };
            format!("\"{}{more}\"", text.chars().take(MAX_TEXT).collect::<String>())
        }
        _ => format!("{} bytes", bytes.len()),
    }
}

/// A UUID as Kafka writes it: URL-safe base64 without padding.
pub fn kafka_uuid(id: uuid::Uuid) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = id.as_u128();
    (0..22_u32)
        .map(|place| {
            let sixth = if place == 21 { (value << 4) & 63 } else { (value >> (122 - 6 * place)) & 63 };
            char::from(ALPHABET.get(usize::try_from(sixth).unwrap_or(0)).copied().unwrap_or(b'?'))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_written_as_kafka_writes_them() {
        assert_eq!(kafka_uuid(uuid::Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(kafka_uuid(uuid::Uuid::from_u128(u128::MAX)), "_____________________w");
    }
}
