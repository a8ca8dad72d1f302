//! The types that a field may have: numbers, booleans, UUIDs, strings, bytes, lists, structures that may be null.

use super::super::Str;
use super::{ALL, Codec, Field, Fields, Spec};
use crate::kafka::wire::field_map::{NumberKind, kafka_uuid};
use bytes::Bytes;
use uuid::Uuid;

macro_rules! numbers {
    ($($type:ident: $bytes:literal;)*) => { $(
        impl Field for $type {
            fn default_of(spec: Spec) -> Self {
                spec.default as $type
            }
            fn is_default(&mut self, spec: Spec) -> bool {
                *self == Self::default_of(spec)
            }
            fn code(&mut self, codec: &mut Codec, _: Spec) {
                *self = codec.number($bytes, *self as u64) as $type;
                if $type::MIN == 0 {
                    codec.describe(*self as u64, NumberKind::Unsigned);
                }
            }
        }
    )* };
}

numbers! { i8: 1; i16: 2; u16: 2; i32: 4; u32: 4; i64: 8; }

impl Field for bool {
    fn default_of(spec: Spec) -> Self {
        spec.default != 0
    }
    fn is_default(&mut self, spec: Spec) -> bool {
        *self == Self::default_of(spec)
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        *self = codec.number(1, u64::from(*self)) != 0;
        codec.describe(u64::from(*self), NumberKind::Bool);
    }
}

/// Quotas alone are such numbers.
impl Field for f64 {
    fn default_of(_: Spec) -> Self {
        0.0
    }
    fn is_default(&mut self, _: Spec) -> bool {
        self.to_bits() == 0
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        *self = Self::from_bits(codec.number(8, self.to_bits()));
        if codec.maps() {
            codec.map.note(format!("{self:?}"));
        }
    }
}

impl Field for Uuid {
    fn default_of(_: Spec) -> Self {
        Uuid::nil()
    }
    fn is_default(&mut self, _: Spec) -> bool {
        self.is_nil()
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        let (high, low) = self.as_u64_pair();
        let high = codec.number(8, high);
        *self = Uuid::from_u64_pair(high, codec.number(8, low));
        if codec.maps() {
            codec.map.note(kafka_uuid(*self));
        }
    }
}

/// Types that may be null: the plain type is the same without null.
macro_rules! nullable {
    ($($type:ty: |$codec:ident, $value:ident, $nullable:ident| $code:expr;)*) => { $(
        impl Field for Option<$type> {
            fn default_of(spec: Spec) -> Self {
                (!spec.default_is_null).then(Default::default)
            }
            fn is_default(&mut self, spec: Spec) -> bool {
                self.as_ref().map_or(spec.default_is_null, |value| value.is_empty() && !spec.default_is_null)
            }
            fn code(&mut self, $codec: &mut Codec, spec: Spec) {
                let ($value, $nullable) = (self, spec.is_nullable_in($codec.version));
                $code;
            }
        }
        impl Field for $type {
            fn default_of(_: Spec) -> Self {
                Default::default()
            }
            fn is_default(&mut self, _: Spec) -> bool {
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
    Str: |codec, value, nullable| codec.string(value, nullable);
    Bytes: |codec, value, nullable| codec.bytes(value, nullable);
}

impl<T: Field> Field for Vec<T> {
    fn default_of(_: Spec) -> Self {
        Vec::new()
    }
    fn is_default(&mut self, _: Spec) -> bool {
        self.is_empty()
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        codec.list(self, true, false);
    }
}

impl<T: Field> Field for Option<Vec<T>> {
    fn default_of(spec: Spec) -> Self {
        (!spec.default_is_null).then(Vec::new)
    }
    fn is_default(&mut self, spec: Spec) -> bool {
        self.as_ref().map_or(spec.default_is_null, |list| list.is_empty() && !spec.default_is_null)
    }
    fn code(&mut self, codec: &mut Codec, spec: Spec) {
        let (present, nullable) = (self.is_some(), spec.is_nullable_in(codec.version));
        let list = self.get_or_insert_default();
        if !codec.list(list, present || !codec.writes(), nullable) {
            *self = None;
        }
    }
}

/// A structure that may be null. The byte in front of it is 1, or -1 for null.
impl<T: Fields + Field> Field for Option<T> {
    fn default_of(_: Spec) -> Self {
        None
    }
    fn is_default(&mut self, _: Spec) -> bool {
        self.is_none()
    }
    fn code(&mut self, codec: &mut Codec, _: Spec) {
        let present = codec.number(1, if self.is_some() { 1 } else { u64::MAX }) as i8 >= 0;
        codec.describe(0, if present { NumberKind::Hidden } else { NumberKind::Null });
        if !codec.writes() {
            *self = present.then(|| T::default_of(ALL));
        }
        if let Some(value) = self {
            value.code(codec, ALL);
        }
    }
}
