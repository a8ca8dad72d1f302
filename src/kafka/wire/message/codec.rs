//! One walk over a message's fields that reads or writes it.
//!
//! Kafka generates a reader and a writer for each message from its schema. Here the schema is the code: [`Fields::fields`] visits
//! each field once, with its [`Spec`], and [`Codec`] reads or writes what it meets. So a field is declared in one place, costs the
//! page a call, and both directions cannot disagree.
//!
//! Lengths and counts are tried against the bytes that are left before anything is made of them, as Kafka does ("tried to allocate a
//! collection of size …"). After the first failure every read gives zeros and no list goes on; whoever began the walk sees the failure.

use super::Str;
use crate::kafka::wire::shown::{self, Shown, Word};
use bytes::{Buf, Bytes};
use uuid::Uuid;

/// The most elements that all lists of one message may have, so that a frame of [`super::super::frame::MAX_FRAME_BYTES`] that is nothing
/// but empty elements does not grow a hundredfold. A hundred times what a request about every partition of a large cluster has.
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
    #[error("a field is null that may not be in this version")]
    Null,
    #[error("a variable-length number has more than five bytes")]
    Varint,
    #[error("a field is set that this version cannot say")]
    Unsayable,
    #[error("its versions are {min} to {max}, not {version}")]
    Version { version: i16, min: i16, max: i16 },
}

/// In which versions a field is there, and what stands for it in the others. Packed, since each field hands one over:
/// `since` 5 bits, `until` 5, nullable since 5, tag 5, what an absent field is 4, ignorable 1.
#[derive(Clone, Copy)]
pub struct Spec(u32);

/// A field of every version.
pub const ALL: Spec = since(0);

/// A field that came with `version`.
pub const fn since(version: u32) -> Spec {
    Spec(version | NONE << 5 | NONE << 15)
}

const NONE: u32 = 31;

impl Spec {
    /// The last version that has the field.
    pub const fn to(self, version: u32) -> Self {
        Spec(self.0 & !(NONE << 5) | version << 5)
    }

    /// The first version in which the field may be null. Without this, an `Option` may be in all versions.
    pub const fn nullable(self, version: u32) -> Self {
        Spec(self.0 | version << 10)
    }

    /// The field stands among the tagged ones (KIP-482), under `tag`.
    pub const fn tag(self, tag: u32) -> Self {
        Spec(self.0 & !(NONE << 15) | tag << 15)
    }

    /// A version without this field may be written though it is set. Otherwise that is an error.
    pub const fn ignorable(self) -> Self {
        Spec(self.0 | 1 << 24)
    }

    /// An absent field is null. What is not said to be something else is 0, false, or empty.
    pub const fn or_null(self) -> Self {
        self.absent(1)
    }

    pub const fn or_minus_one(self) -> Self {
        self.absent(2)
    }

    pub const fn or_one(self) -> Self {
        self.absent(3)
    }

    pub const fn or_max(self) -> Self {
        self.absent(4)
    }

    pub const fn or_min(self) -> Self {
        self.absent(5)
    }

    pub const fn or_minus_two(self) -> Self {
        self.absent(6)
    }

    /// Kafka's timeout of an admin's request, in milliseconds.
    pub const fn or_60_000(self) -> Self {
        self.absent(7)
    }

    pub const fn or_2_000(self) -> Self {
        self.absent(8)
    }

    const fn absent(self, kind: u32) -> Self {
        Spec(self.0 | kind << 20)
    }

    pub(super) const fn is_tagged(self) -> bool {
        self.0 >> 15 & NONE != NONE
    }

    fn said_in(self, version: i16) -> bool {
        let version = version as u32;
        version >= self.0 & NONE && version <= self.0 >> 5 & NONE
    }

    fn is_ignorable(self) -> bool {
        self.0 & 1 << 24 != 0
    }

    fn null_in(self, version: i16) -> bool {
        version as u32 >= self.0 >> 10 & NONE
    }

    /// The number that an absent field has, of `bits` bits.
    const fn number(self, bits: u32) -> i64 {
        match self.0 >> 20 & 15 {
            2 => -1,
            3 => 1,
            4 => i64::MAX >> (64 - bits),
            5 => i64::MIN >> (64 - bits),
            6 => -2,
            7 => 60_000,
            8 => 2_000,
            _ => 0,
        }
    }

    pub const fn is_null(self) -> bool {
        self.0 >> 20 & 15 == 1
    }
}

/// What can stand in a message.
pub trait Field {
    /// What the field is in a message whose version lacks it.
    fn absent(spec: Spec) -> Self
    where
        Self: Sized;
    /// Whether the field says no more than an absent one.
    fn is_absent(&mut self, spec: Spec) -> bool;
    /// Reads or writes it. What is read into is as [`Field::absent`] made it.
    fn code(&mut self, codec: &mut Codec, spec: Spec);
}

/// A structure of fields, in their order on the wire.
pub trait Fields {
    fn fields(&mut self, codec: &mut Codec);
    /// The tagged ones, in the order of their tags.
    fn tagged(&mut self, codec: &mut Codec);
}

/// What a walk over a message does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Reads,
    /// Reads, and notes which bytes each field has.
    Shows,
    Writes,
    /// Looks for a field that is not absent, which is a failure.
    Compares,
}

/// Where a walk over a message stands.
pub struct Codec {
    version: i16,
    flexible: bool,
    walk: Walk,
    input: Bytes,
    output: Vec<u8>,
    failure: Option<CodecError>,
    /// Reading: the tag whose field is to take what is in `input`. Writing: how many tagged fields have been written.
    tag: u32,
    elements: u32,
    /// The names of the fields that come next in the structure, each with a space behind it. Only where they are shown.
    names: &'static str,
    shown: Shown,
    /// Where `input` ends in what is shown.
    end: u32,
}

/// Fills `fields` from the front of `bytes` and gives back the rest.
pub(super) fn read(bytes: Bytes, version: i16, flexible: bool, fields: &mut dyn Fields) -> Result<Bytes, CodecError> {
    let mut codec = Codec::new(Walk::Reads, version, flexible, bytes, Vec::new());
    codec.structure(fields, "");
    codec.failure.map_or(Ok(codec.input), Err)
}

/// Reads as [`read`] does from what is left to be shown, and notes each field. What could not be read is noted too.
pub(super) fn show(shown: &mut Shown, version: i16, flexible: bool, fields: &mut dyn Fields, names: &'static str) {
    let mut codec = Codec::new(Walk::Shows, version, flexible, std::mem::take(&mut shown.left), Vec::new());
    codec.end = shown.total;
    codec.shown = std::mem::take(shown);
    codec.structure(fields, names);
    *shown = codec.shown;
    shown.left = codec.input;
    if let Some(failure) = codec.failure {
        shown.rest(&failure.to_string());
    }
}

/// Writes `fields` behind what is in `output`. They are as before afterwards.
pub(super) fn write(output: Vec<u8>, version: i16, flexible: bool, fields: &mut dyn Fields) -> Result<Vec<u8>, CodecError> {
    let mut codec = Codec::new(Walk::Writes, version, flexible, Bytes::new(), output);
    codec.structure(fields, "");
    codec.failure.map_or(Ok(codec.output), Err)
}

/// Whether no field of a structure says more than an absent one.
pub(super) fn is_absent(fields: &mut dyn Fields) -> bool {
    let mut codec = Codec::new(Walk::Compares, 0, false, Bytes::new(), Vec::new());
    fields.fields(&mut codec);
    fields.tagged(&mut codec);
    codec.failure.is_none()
}

impl Codec {
    fn new(walk: Walk, version: i16, flexible: bool, input: Bytes, output: Vec<u8>) -> Self {
        Self { version, flexible, walk, input, output, failure: None, tag: 0, elements: 0, names: "", shown: Shown::default(), end: 0 }
    }

    #[inline(never)]
    pub(super) fn field(&mut self, value: &mut dyn Field, spec: Spec) {
        let said = spec.said_in(self.version);
        if self.shows() {
            let name = self.next_name();
            if said {
                let outer = self.begin(name);
                value.code(self, spec);
                self.finish(outer);
            }
            return;
        }
        let compares = self.walk == Walk::Compares || (self.walk == Walk::Writes && !said && !spec.is_ignorable());
        if compares {
            if !value.is_absent(spec) {
                self.fail(CodecError::Unsayable);
            }
        } else if said {
            value.code(self, spec);
        }
    }

    #[inline(never)]
    pub(super) fn tagged_field(&mut self, value: &mut dyn Field, spec: Spec) {
        let tag = spec.0 >> 15 & NONE;
        if self.walk == Walk::Compares {
            self.field(value, spec);
        } else if !self.writes() {
            if self.shows() {
                let name = self.next_name();
                if self.tag == tag {
                    self.shown.rename(name);
                }
            }
            if self.tag == tag && spec.said_in(self.version) {
                value.code(self, spec);
                self.tag = u32::MAX;
            }
        } else if !value.is_absent(spec) {
            if !spec.said_in(self.version) {
                return if spec.is_ignorable() {
                } else {
                    self.fail(CodecError::Unsayable)
                };
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
    #[inline(never)]
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
            if count > self.left() {
                self.fail(CodecError::TooLong);
            }
            for _ in 0..count {
                if self.failure.is_some() {
                    break;
                }
                let one = self.begin("unknown_field");
                let tag = self.uvarint(0);
                let size = self.uvarint(0);
                if self.shows() {
                    self.shown.note(format!("tag {tag}, {size} bytes"));
                }
                if let Some(field) = self.take(size) {
                    let end = self.end;
                    self.end = end.saturating_sub(self.left());
                    let rest = std::mem::replace(&mut self.input, field);
                    (self.tag, self.names) = (tag, names);
                    // A tag that nobody knows is skipped: that is what tags are for.
                    fields.tagged(self);
                    (self.input, self.end) = (rest, end);
                }
                self.finish(one);
            }
            self.finish(section);
        }
    }

    fn writes(&self) -> bool {
        self.walk == Walk::Writes
    }

    fn shows(&self) -> bool {
        self.walk == Walk::Shows
    }

    /// The place of `input`'s first byte in what is shown.
    fn place(&self) -> u32 {
        self.end.saturating_sub(self.left())
    }

    fn next_name(&mut self) -> &'static str {
        let (name, rest) = self.names.split_once(' ').unwrap_or_default();
        self.names = rest;
        name
    }

    /// Notes that a field begins; gives back the one that it stands in.
    fn begin(&mut self, name: &str) -> usize {
        if self.shows() { self.shown.begin(name, self.place()) } else { 0 }
    }

    fn finish(&mut self, outer: usize) {
        if self.shows() {
            self.shown.finish(outer, self.place());
        }
    }

    /// What the number that was just read means.
    fn means(&mut self, value: u64, word: Word) {
        if self.shows() {
            self.shown.number(value, word);
        }
    }

    fn fail(&mut self, error: CodecError) {
        self.failure.get_or_insert(error);
        self.input.clear();
    }

    fn left(&self) -> u32 {
        u32::try_from(self.input.len()).unwrap_or(u32::MAX)
    }

    /// A big-endian number of up to eight bytes, without a sign. Gives back what was read, or what was to be written.
    #[inline(never)]
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
        self.means(value, Word::Signed(bytes * 8));
        value
    }

    #[inline(never)]
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

    /// The length in front of something, which is read if there is nothing to write. `size` bytes in versions that are not flexible.
    #[inline(never)]
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
            if !nullable && self.failure.is_none() {
                self.fail(CodecError::Null);
            }
            self.means(0, Word::Null);
            return None;
        };
        if self.writes() {
            // What is longer than 32767 bytes is no string in the old form.
            if size == 2 && !self.flexible && length > i16::MAX as u32 {
                self.fail(CodecError::TooLong);
            }
        } else if length > self.left() {
            self.fail(CodecError::TooLong);
            return None;
        }
        Some(length)
    }

    /// The string of a request's header, which has the old form in flexible versions too, so that a broker can read a version that it does
    /// not know (KIP-511).
    pub(super) fn old_string(&mut self, value: &mut Option<Str>) {
        let flexible = std::mem::replace(&mut self.flexible, false);
        self.field(value, ALL);
        self.flexible = flexible;
    }

    fn take(&mut self, size: u32) -> Option<Bytes> {
        if size > self.left() {
            self.fail(CodecError::TooLong);
            return None;
        }
        Some(self.input.split_to(size as usize))
    }

    fn chunk(&mut self, bytes: &[u8]) {
        self.uvarint(bytes.len() as u32);
        self.output.extend_from_slice(bytes);
    }

    #[inline(never)]
    fn string(&mut self, value: &mut Option<Str>, nullable: bool) {
        let length = self.length(value.as_ref().map(|text| text.len()), 2, nullable);
        if let (true, Some(text)) = (self.writes(), &value) {
            self.output.extend_from_slice(text.as_bytes());
        }
        if !self.writes() {
            *value = None;
            if let Some(bytes) = length.and_then(|length| self.take(length)) {
                if self.shows() {
                    self.shown.note(shown::text(&bytes));
                }
                match std::str::from_utf8(&bytes) {
                    Ok(text) => *value = Some(Str::from(text)),
                    Err(_) => self.fail(CodecError::NotUtf8),
                }
            }
        }
    }

    #[inline(never)]
    fn bytes(&mut self, value: &mut Option<Bytes>, nullable: bool) {
        let length = self.length(value.as_ref().map(Bytes::len), 4, nullable);
        if let (true, Some(bytes)) = (self.writes(), &value) {
            self.output.extend_from_slice(bytes);
        }
        if !self.writes() {
            *value = length.and_then(|length| self.take(length));
            if let (true, Some(bytes)) = (self.shows(), &value) {
                self.shown.bytes(bytes, self.place());
            }
        }
    }

    /// A list, of which `there` says whether it is not null. Gives back the same.
    #[inline(never)]
    fn list(&mut self, list: &mut dyn List, there: bool, nullable: bool) -> bool {
        let Some(count) = self.length(there.then(|| list.count()), 4, nullable) else { return false };
        self.elements = self.elements.saturating_add(count);
        if self.elements > MAX_ELEMENTS {
            self.fail(CodecError::TooMany);
        } else if self.writes() {
            list.write(self);
        } else {
            self.means(count.into(), Word::Count);
            for i in 0..count {
                let outer = if self.shows() { self.begin(&format!("[{i}]")) } else { 0 };
                list.read_one(self);
                self.finish(outer);
                if self.failure.is_some() {
                    break;
                }
            }
        }
        true
    }
}

/// What [`Codec::list`] needs of a vector, so that it is there once and not for each type.
trait List {
    fn count(&self) -> usize;
    fn write(&mut self, codec: &mut Codec);
    fn read_one(&mut self, codec: &mut Codec);
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

    fn read_one(&mut self, codec: &mut Codec) {
        let mut item = T::absent(ALL);
        item.code(codec, ALL);
        self.push(item);
    }
}

macro_rules! numbers {
    ($($type:ident: $bytes:literal;)*) => { $(
        impl Field for $type {
            fn absent(spec: Spec) -> Self {
                spec.number($bytes * 8) as $type
            }
            fn is_absent(&mut self, spec: Spec) -> bool {
                *self == Self::absent(spec)
            }
            fn code(&mut self, codec: &mut Codec, _: Spec) {
                *self = codec.number($bytes, *self as u64) as $type;
                if $type::MIN == 0 {
                    codec.means(*self as u64, Word::Count);
                }
            }
        }
    )* };
}

numbers! { i8: 1; i16: 2; u16: 2; i32: 4; u32: 4; i64: 8; }

impl Field for bool {
    fn absent(spec: Spec) -> Self {
        spec.number(8) != 0
    }
    fn is_absent(&mut self, spec: Spec) -> bool {
        *self == Self::absent(spec)
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        *self = codec.number(1, u64::from(*self)) != 0;
        codec.means(u64::from(*self), Word::Bool);
    }
}

impl Field for Uuid {
    fn absent(_: Spec) -> Self {
        Uuid::nil()
    }
    fn is_absent(&mut self, _: Spec) -> bool {
        self.is_nil()
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        let (high, low) = self.as_u64_pair();
        let high = codec.number(8, high);
        *self = Uuid::from_u64_pair(high, codec.number(8, low));
        if codec.shows() {
            codec.shown.note(shown::kafka_uuid(*self));
        }
    }
}

/// What may be null, of which the plain form is the same without null.
macro_rules! nullable {
    ($([$($generic:tt)*] $type:ty: |$codec:ident, $value:ident, $nullable:ident| $code:expr;)*) => { $(
        impl<$($generic)*> Field for Option<$type> {
            fn absent(spec: Spec) -> Self {
                (!spec.is_null()).then(Default::default)
            }
            fn is_absent(&mut self, spec: Spec) -> bool {
                self.as_ref().map_or(spec.is_null(), |value| value.is_empty() && !spec.is_null())
            }
            fn code(&mut self, $codec: &mut Codec, spec: Spec) {
                let ($value, $nullable) = (self, spec.null_in($codec.version));
                $code;
            }
        }
        impl<$($generic)*> Field for $type {
            fn absent(_: Spec) -> Self {
                Default::default()
            }
            fn is_absent(&mut self, _: Spec) -> bool {
                self.is_empty()
            }
            fn code(&mut self, $codec: &mut Codec, _: Spec) {
                let mut taken = Some(std::mem::take(self));
                let ($value, $nullable) = (&mut taken, false);
                $code;
                *self = taken.unwrap_or_default();
            }
        }
    )* };
}

nullable! {
    [] Str: |codec, value, nullable| codec.string(value, nullable);
    [] Bytes: |codec, value, nullable| codec.bytes(value, nullable);
}

impl<T: Field> Field for Vec<T> {
    fn absent(_: Spec) -> Self {
        Vec::new()
    }
    fn is_absent(&mut self, _: Spec) -> bool {
        self.is_empty()
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        codec.list(self, true, false);
    }
}

impl<T: Field> Field for Option<Vec<T>> {
    fn absent(spec: Spec) -> Self {
        (!spec.is_null()).then(Vec::new)
    }
    fn is_absent(&mut self, spec: Spec) -> bool {
        self.as_ref().map_or(spec.is_null(), |list| list.is_empty() && !spec.is_null())
    }
    fn code(&mut self, codec: &mut Codec, spec: Spec) {
        let (there, nullable) = (self.is_some(), spec.null_in(codec.version));
        let list = self.get_or_insert_default();
        if !codec.list(list, there || !codec.writes(), nullable) {
            *self = None;
        }
    }
}

/// A structure that may be null: a byte in front of it says so, 1 or -1.
impl<T: Fields + Field> Field for Option<T> {
    fn absent(_: Spec) -> Self {
        None
    }
    fn is_absent(&mut self, _: Spec) -> bool {
        self.is_none()
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        let there = codec.number(1, if self.is_some() { 1 } else { u64::MAX }) as i8 >= 0;
        codec.means(0, if there { Word::Nothing } else { Word::Null });
        if !codec.writes() {
            *self = there.then(|| T::absent(ALL));
        }
        if let Some(value) = self {
            value.code(codec, ALL);
        }
    }
}
