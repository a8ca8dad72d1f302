//! What stands where in a frame or a log's bytes: fields by Kafka's names, with values in words and byte ranges.

use super::batch::{Batch, bit};
use super::error::ErrorCode;
use super::message::ApiKey;
use super::{compression::Compression, varint};
use bytes::Bytes;
use std::ops::Range;

/// Fields that are noted at most. What lies behind them is inside the last one that holds it.
pub const MAX_SEEN: usize = 3_000;
/// Characters of a text that are shown at most.
const MAX_TEXT: usize = 120;

/// A field. One that has others inside stands before them; the bytes that are none of theirs (a length, a tag) are its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    pub depth: u32,
    pub name: String,
    /// Empty where the fields inside say it all.
    pub value: String,
    pub bytes: Range<u32>,
}

/// Fields in their order, as a walk over the bytes meets them.
#[derive(Clone, Default, Debug)]
pub struct Shown {
    pub seen: Vec<Seen>,
    /// How many bytes there are.
    pub total: u32,
    /// Those that no message has been read from yet.
    pub left: Bytes,
    depth: u32,
    open: usize,
}

/// What a number means.
#[derive(Clone, Copy)]
pub(super) enum Word {
    /// Of so many bits.
    Signed(u32),
    Count,
    Bool,
    Null,
    Nothing,
}

impl Shown {
    pub fn new(bytes: Bytes) -> Self {
        Self { total: bytes.len() as u32, left: bytes, ..Self::default() }
    }

    /// The place of the first byte that is left.
    pub fn place(&self) -> u32 {
        self.total - self.left.len() as u32
    }

    /// A field begins at byte `at`; gives back the one that it stands in. `name`: `snake_case` becomes Kafka's `CamelCase`.
    pub fn begin(&mut self, name: &str, at: u32) -> usize {
        let outer = std::mem::replace(&mut self.open, self.seen.len());
        if self.seen.len() < MAX_SEEN {
            self.seen.push(Seen { depth: self.depth, name: camel(name), value: String::new(), bytes: at..at });
        }
        self.depth += 1;
        outer
    }

    /// The field that began last, and has not ended, ends before byte `at`.
    pub fn finish(&mut self, outer: usize, at: u32) {
        if let Some(seen) = self.seen.get_mut(self.open) {
            seen.bytes.end = at;
        }
        self.depth = self.depth.saturating_sub(1);
        self.open = outer;
    }

    /// The open field's value.
    pub fn note(&mut self, value: String) {
        if let Some(seen) = self.seen.get_mut(self.open) {
            seen.value = value;
        }
    }

    pub(super) fn rename(&mut self, name: &str) {
        if let Some(seen) = self.seen.get_mut(self.open) {
            seen.name = camel(name);
        }
    }

    pub(super) fn number(&mut self, value: u64, word: Word) {
        let Some(seen) = self.seen.get_mut(self.open) else { return };
        seen.value = match word {
            Word::Signed(bits) => {
                let number = (value << (64 - bits)).cast_signed() >> (64 - bits);
                let code = i16::try_from(number).unwrap_or(-1);
                if seen.name.ends_with("ErrorCode") {
                    format!("{number} {}", ErrorCode::from_code(code).name())
                } else if let (true, Ok(api)) = (seen.name.ends_with("ApiKey"), ApiKey::try_from(code)) {
                    format!("{number} {api:?}")
                } else {
                    number.to_string()
                }
            }
            Word::Count => value.to_string(),
            Word::Bool => (value != 0).to_string(),
            Word::Null => "null".into(),
            Word::Nothing => String::new(),
        };
    }

    /// What could not be read, and all behind it.
    pub fn rest(&mut self, why: &str) {
        let from = self.seen.iter().map(|seen| seen.bytes.end).max().unwrap_or(0);
        self.depth = 0;
        self.leaf("unreadable", why.into(), from..self.total);
    }

    fn leaf(&mut self, name: &str, value: String, bytes: Range<u32>) {
        let outer = self.begin(name, bytes.start);
        self.note(value);
        self.finish(outer, bytes.end);
    }

    /// The value of a field that is bytes, which end before `end`.
    pub(super) fn bytes(&mut self, bytes: &Bytes, end: u32) {
        if self.seen.get(self.open).is_some_and(|seen| seen.name == "Records") {
            self.note(format!("{} bytes", bytes.len()));
            self.batches(bytes.clone(), end - bytes.len() as u32);
        } else {
            self.note(text(bytes));
        }
    }

    /// Record batches one behind the other, from byte `at` on. The last one may be cut off, as Fetch may return it.
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
        } else if self.records(batch, at).is_none() {
            self.note("malformed".into());
        }
        self.finish(outer, end);
    }

    fn records(&mut self, batch: &Batch, at: u32) -> Option<()> {
        let data = batch.bytes();
        for (i, record) in batch.raw_records().ok()?.enumerate() {
            let record = record.ok()?;
            let outer = self.begin(&format!("[{i}]"), at + record.bytes.start);
            self.note(format!("offset {}", batch.base_offset().wrapping_add(record.offset_delta.into())));
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
            self.finish(outer, at + to as u32);
        }
        Some(())
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

/// `max_wait_ms` as Kafka spells it: `MaxWaitMs`.
fn camel(snake: &str) -> String {
    let mut name = String::new();
    for part in snake.split('_') {
        let (first, rest) = part.split_at(part.len().min(1));
        name = name + &first.to_ascii_uppercase() + rest;
    }
    name
}

/// Text in quotes, or how many bytes there are.
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
