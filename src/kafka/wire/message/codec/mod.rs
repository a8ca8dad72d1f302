//! One traversal of a message's fields that reads it, writes it, or maps its bytes.
//!
//! Kafka generates a reader and a writer for each message from its schema. Here the schema is the code: [`Fields::fields`] visits
//! each field once, with its [`Spec`], and [`Codec`] reads or writes it. So a field is declared in one place, and reader and writer cannot
//! disagree.
//!
//! Lengths and counts are checked against the remaining input before anything is allocated, as in Kafka ("tried to allocate a collection
//! of size …"). Errors are sticky: after the first one, later reads return zero and lists end; the caller gets the first error.

mod spec;
mod values;

pub use spec::{ALL, Spec, since};

use super::Str;
use crate::kafka::wire::field_map::{self, FieldMap, NumberKind};
use bytes::{Buf, Bytes};

/// The most elements that all lists of one message may have together. Without it a frame of `socket.request.max.bytes` full
/// of empty elements would take a hundred times its size in memory. A request about every partition of a large cluster has a hundredth.
pub const MAX_ELEMENTS: u32 = 10_000_000;

/// Why a message cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    #[error("it ends before its last field")]
    CutOff,
    #[error("a length or count exceeds the bytes that follow it")]
    TooLong,
    #[error("its lists have more than {MAX_ELEMENTS} elements")]
    TooMany,
    #[error("a string is not UTF-8")]
    NotUtf8,
    #[error("a field is null that is not nullable in this version")]
    Null,
    #[error("a variable-length number has more than five bytes")]
    Varint,
    #[error("a field is set that this version does not have")]
    NotInVersion,
    #[error("its versions are {min} to {max}, not {version}")]
    Version { version: i16, min: i16, max: i16 },
}

/// A type that a field of a message may have.
pub trait Field {
    /// The field's value in a message whose version lacks it.
    fn default_of(spec: Spec) -> Self
    where
        Self: Sized;
    /// Whether the field has that value.
    fn is_default(&mut self, spec: Spec) -> bool;
    /// Reads or writes the field. Before a read it has its default.
    fn code(&mut self, codec: &mut Codec, spec: Spec);
}

/// A structure of fields, in their order on the wire.
pub trait Fields {
    /// Visits the fields that are not tagged.
    fn fields(&mut self, codec: &mut Codec);
    /// Visits the tagged fields, in the order of their tags.
    fn tagged(&mut self, codec: &mut Codec);
}

/// What a traversal of a message does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    /// Reads, and notes the bytes of each field.
    Map,
    Write,
    /// Fails at a field that does not have its default.
    CompareToDefault,
}

/// The state of a traversal.
pub struct Codec {
    version: i16,
    flexible: bool,
    mode: Mode,
    input: Bytes,
    output: Vec<u8>,
    error: Option<CodecError>,
    /// Reading: the tag of the field that `input` holds. Writing: the number of tagged fields written so far.
    tag: u32,
    /// The elements of all lists so far; see [`MAX_ELEMENTS`].
    elements: u32,
    /// [`Mode::Map`]: the names of the fields to come in this structure, each with a space behind it.
    names: &'static str,
    map: FieldMap,
    /// [`Mode::Map`]: the position of the end of `input` in the map.
    end: u32,
}

/// Fills `fields` from the front of `bytes` and returns the bytes that follow.
pub(super) fn read(bytes: Bytes, version: i16, flexible: bool, fields: &mut dyn Fields) -> Result<Bytes, CodecError> {
    let mut codec = Codec::new(Mode::Read, version, flexible, bytes, Vec::new());
    codec.structure(fields, "");
    codec.error.map_or(Ok(codec.input), Err)
}

/// Reads a message from the front of the map's unread bytes, as [`read`] does, and adds its fields to the map. What cannot be read is
/// added as unreadable.
pub(super) fn map_fields(map: &mut FieldMap, version: i16, flexible: bool, fields: &mut dyn Fields, names: &'static str) {
    let mut codec = Codec::new(Mode::Map, version, flexible, std::mem::take(&mut map.rest), Vec::new());
    codec.end = map.total;
    codec.map = std::mem::take(map);
    codec.structure(fields, names);
    *map = codec.map;
    map.rest = codec.input;
    if let Some(error) = codec.error {
        map.unreadable(&error.to_string());
    }
}

/// Appends `fields` to `output`. They are mutable for the traversal only, and not changed.
pub(super) fn write(output: Vec<u8>, version: i16, flexible: bool, fields: &mut dyn Fields) -> Result<Vec<u8>, CodecError> {
    let mut codec = Codec::new(Mode::Write, version, flexible, Bytes::new(), output);
    codec.structure(fields, "");
    codec.error.map_or(Ok(codec.output), Err)
}

/// Whether all fields of a structure have their defaults.
pub(super) fn is_default(fields: &mut dyn Fields) -> bool {
    let mut codec = Codec::new(Mode::CompareToDefault, 0, false, Bytes::new(), Vec::new());
    fields.fields(&mut codec);
    fields.tagged(&mut codec);
    codec.error.is_none()
}

impl Codec {
    fn new(mode: Mode, version: i16, flexible: bool, input: Bytes, output: Vec<u8>) -> Self {
        Self { version, flexible, mode, input, output, error: None, tag: 0, elements: 0, names: "", map: FieldMap::default(), end: 0 }
    }

    pub(super) fn field(&mut self, value: &mut dyn Field, spec: Spec) {
        let present = spec.is_in(self.version);
        if self.maps() {
            let name = self.next_name();
            if present {
                let outer = self.begin(name);
                value.code(self, spec);
                self.finish(outer);
            }
            return;
        }
        let compares = self.mode == Mode::CompareToDefault || (self.mode == Mode::Write && !present && !spec.ignorable);
        if compares {
            if !value.is_default(spec) {
                self.fail(CodecError::NotInVersion);
            }
        } else if present {
            value.code(self, spec);
        }
    }

    pub(super) fn tagged_field(&mut self, value: &mut dyn Field, spec: Spec) {
        let Some(tag) = spec.tag else { return };
        if self.mode == Mode::CompareToDefault {
            self.field(value, spec);
        } else if !self.writes() {
            if self.maps() {
                let name = self.next_name();
                if self.tag == tag {
                    self.map.rename(name);
                }
            }
            if self.tag == tag && spec.is_in(self.version) {
                value.code(self, spec);
                self.tag = u32::MAX;
            }
        } else if !value.is_default(spec) {
            if !spec.is_in(self.version) {
                if !spec.ignorable {
                    self.fail(CodecError::NotInVersion);
                }
                return;
            }
            let (outer, count) = (std::mem::take(&mut self.output), self.tag);
            value.code(self, spec);
            self.tag = count + 1;
            let written = std::mem::replace(&mut self.output, outer);
            self.uvarint(tag);
            self.chunk(&written);
        }
    }

    /// Fields, and behind them the tagged ones if the version is a flexible one.
    pub(super) fn structure(&mut self, fields: &mut dyn Fields, names: &'static str) {
        let outer = std::mem::replace(&mut self.names, names);
        fields.fields(self);
        if self.flexible {
            self.tagged_section(fields);
        }
        self.names = outer;
    }

    fn tagged_section(&mut self, fields: &mut dyn Fields) {
        if self.writes() {
            let outer = std::mem::take(&mut self.output);
            self.tag = 0;
            fields.tagged(self);
            let written = std::mem::replace(&mut self.output, outer);
            self.uvarint(self.tag);
            self.output.extend_from_slice(&written);
        } else {
            let names = self.names;
            let section = self.begin("tagged_fields");
            let count = self.uvarint(0);
            if count > self.remaining() {
                self.fail(CodecError::TooLong);
            }
            for _ in 0..count {
                if self.error.is_some() {
                    break;
                }
                let field_span = self.begin("unknown_field");
                let tag = self.uvarint(0);
                let size = self.uvarint(0);
                if self.maps() {
                    self.map.note(format!("tag {tag}, {size} bytes"));
                }
                if let Some(field) = self.take(size) {
                    let end = self.end;
                    self.end = end.saturating_sub(self.remaining());
                    let rest = std::mem::replace(&mut self.input, field);
                    (self.tag, self.names) = (tag, names);
                    // An unknown tag is skipped, as KIP-482 wants.
                    fields.tagged(self);
                    (self.input, self.end) = (rest, end);
                }
                self.finish(field_span);
            }
            self.finish(section);
        }
    }

    fn writes(&self) -> bool {
        self.mode == Mode::Write
    }

    fn maps(&self) -> bool {
        self.mode == Mode::Map
    }

    /// The position of the first byte of `input` in the map.
    fn position(&self) -> u32 {
        self.end.saturating_sub(self.remaining())
    }

    fn next_name(&mut self) -> &'static str {
        let (name, rest) = self.names.split_once(' ').unwrap_or_default();
        self.names = rest;
        name
    }

    /// Begins a field in the map and returns the field that contains it.
    fn begin(&mut self, name: &str) -> usize {
        if self.maps() { self.map.begin(name, self.position()) } else { 0 }
    }

    fn finish(&mut self, outer: usize) {
        if self.maps() {
            self.map.finish(outer, self.position());
        }
    }

    /// Sets the text of the number that was just read.
    fn describe(&mut self, value: u64, kind: NumberKind) {
        if self.maps() {
            self.map.number(value, kind);
        }
    }

    fn fail(&mut self, error: CodecError) {
        self.error.get_or_insert(error);
        self.input.clear();
    }

    fn remaining(&self) -> u32 {
        u32::try_from(self.input.len()).unwrap_or(u32::MAX)
    }

    /// Reads or writes a big-endian number of up to eight bytes, without a sign. Returns it.
    fn number(&mut self, bytes: u32, value: u64) -> u64 {
        let size = bytes as usize;
        if self.writes() {
            self.output.extend(value.to_be_bytes().iter().skip(8 - size));
            return value;
        }
        if self.input.len() < size {
            self.fail(CodecError::CutOff);
            return 0;
        }
        let value = self.input.iter().take(size).fold(0, |value, byte| value << 8 | u64::from(*byte));
        self.input.advance(size);
        self.describe(value, NumberKind::Signed(bytes * 8));
        value
    }

    fn uvarint(&mut self, value: u32) -> u32 {
        if self.writes() {
            let mut rest = value;
            while rest >= 0x80 {
                self.output.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            self.output.push(rest as u8);
            return value;
        }
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.number(1, 0) as u32;
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        self.fail(CodecError::Varint);
        0
    }

    /// Reads or writes the length in front of a string, bytes or a list; `None` is null. In inflexible versions it has `size` bytes.
    fn length(&mut self, length: Option<usize>, size: u32, nullable: bool) -> Option<u32> {
        // Written plus one in flexible versions, and as it is in the others, where it is -1 for null.
        let written = length.map_or(0, |length| length as u32 + 1);
        let plus_one = if self.flexible {
            self.uvarint(written)
        } else if size == 2 {
            (self.number(2, u64::from(written.wrapping_sub(1))) as i16 as u32).wrapping_add(1)
        } else {
            (self.number(4, u64::from(written.wrapping_sub(1))) as u32).wrapping_add(1)
        };
        let Some(length) = plus_one.checked_sub(1) else {
            if !nullable && self.error.is_none() {
                self.fail(CodecError::Null);
            }
            self.describe(0, NumberKind::Null);
            return None;
        };
        if self.writes() {
            // What is longer than 32767 bytes is no string in the old form.
            if size == 2 && !self.flexible && length > i16::MAX as u32 {
                self.fail(CodecError::TooLong);
            }
        } else if length > self.remaining() {
            self.fail(CodecError::TooLong);
            return None;
        }
        Some(length)
    }

    /// The client id in a request's header. It has the form of inflexible versions in all of them, so that a broker can read the header
    /// of a version that it does not know (KIP-511).
    pub(super) fn old_string(&mut self, value: &mut Option<Str>) {
        let flexible = std::mem::replace(&mut self.flexible, false);
        self.field(value, ALL);
        self.flexible = flexible;
    }

    fn take(&mut self, size: u32) -> Option<Bytes> {
        if size > self.remaining() {
            self.fail(CodecError::TooLong);
            return None;
        }
        Some(self.input.split_to(size as usize))
    }

    fn chunk(&mut self, bytes: &[u8]) {
        self.uvarint(bytes.len() as u32);
        self.output.extend_from_slice(bytes);
    }

    fn string(&mut self, value: &mut Option<Str>, nullable: bool) {
        let length = self.length(value.as_ref().map(|text| text.len()), 2, nullable);
        if let (true, Some(text)) = (self.writes(), &value) {
            self.output.extend_from_slice(text.as_bytes());
        }
        if !self.writes() {
            *value = None;
            if let Some(bytes) = length.and_then(|length| self.take(length)) {
                if self.maps() {
                    self.map.note(field_map::text(&bytes));
                }
                match std::str::from_utf8(&bytes) {
                    Ok(text) => *value = Some(Str::from(text)),
                    Err(_) => self.fail(CodecError::NotUtf8),
                }
            }
        }
    }

    fn bytes(&mut self, value: &mut Option<Bytes>, nullable: bool) {
        let length = self.length(value.as_ref().map(Bytes::len), 4, nullable);
        if let (true, Some(bytes)) = (self.writes(), &value) {
            self.output.extend_from_slice(bytes);
        }
        if !self.writes() {
            *value = length.and_then(|length| self.take(length));
            if let (true, Some(bytes)) = (self.maps(), &value) {
                self.map.bytes(bytes, self.position());
            }
        }
    }

    /// Reads or writes a list. `present`: it is not null. Returns whether the list that was read or written is not null.
    fn list(&mut self, list: &mut dyn List, present: bool, nullable: bool) -> bool {
        let Some(count) = self.length(present.then(|| list.count()), 4, nullable) else { return false };
        self.elements = self.elements.saturating_add(count);
        if self.elements > MAX_ELEMENTS {
            self.fail(CodecError::TooMany);
        } else if self.writes() {
            list.write(self);
        } else {
            self.describe(count.into(), NumberKind::Unsigned);
            for i in 0..count {
                let outer = if self.maps() { self.begin(&format!("[{i}]")) } else { 0 };
                list.read_item(self);
                self.finish(outer);
                if self.error.is_some() {
                    break;
                }
            }
        }
        true
    }
}

/// A vector for [`Codec::list`], without the type of its elements, so that the function is compiled once.
trait List {
    fn count(&self) -> usize;
    fn write(&mut self, codec: &mut Codec);
    fn read_item(&mut self, codec: &mut Codec);
}

impl<T: Field> List for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn write(&mut self, codec: &mut Codec) {
        for item in self {
            item.code(codec, ALL);
        }
    }

    fn read_item(&mut self, codec: &mut Codec) {
        let mut item = T::default_of(ALL);
        item.code(codec, ALL);
        self.push(item);
    }
}
