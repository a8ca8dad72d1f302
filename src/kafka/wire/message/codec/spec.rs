//! What a declaration says about a field beside its type: its versions, its tag, its default.

/// The properties of a field, as in Kafka's schemas.
#[derive(Clone, Copy)]
pub struct Spec {
    /// The first and the last version that has the field (`versions`).
    since: i16,
    until: i16,
    /// The first version in which the field may be null (`nullableVersions`).
    nullable_since: i16,
    /// A version without this field may be written though the field is set (`ignorable`). Otherwise that is an error.
    pub(super) ignorable: bool,
    /// The field is one of the tagged fields (KIP-482).
    pub(super) tag: Option<u32>,
    /// The value of a number or a boolean in versions without the field (`default`).
    pub(super) default: i64,
    /// The field is null in versions without it.
    pub(in crate::kafka::wire::message) default_is_null: bool,
}

/// A field of all versions.
pub const ALL: Spec = since(0);

/// A field that came with `version`. It is nullable if its type is an `Option`, is not tagged, and has the default 0, false or empty.
pub const fn since(version: i16) -> Spec {
    Spec { since: version, until: i16::MAX, nullable_since: 0, ignorable: false, tag: None, default: 0, default_is_null: false }
}

impl Spec {
    /// The last version that has the field.
    pub const fn to(self, version: i16) -> Self {
        Self { until: version, ..self }
    }

    /// The first version in which the field may be null.
    pub const fn nullable(self, version: i16) -> Self {
        Self { nullable_since: version, ..self }
    }

    /// The field is tagged.
    pub const fn tag(self, tag: u32) -> Self {
        Self { tag: Some(tag), ..self }
    }

    pub const fn ignorable(self) -> Self {
        Self { ignorable: true, ..self }
    }

    /// The default of a number or, as 1, of a boolean.
    pub const fn or(self, default: i64) -> Self {
        Self { default, ..self }
    }

    /// The default is null.
    pub const fn or_null(self) -> Self {
        Self { default_is_null: true, ..self }
    }

    pub(in crate::kafka::wire::message) const fn is_tagged(self) -> bool {
        self.tag.is_some()
    }

    pub(super) fn is_in(self, version: i16) -> bool {
        (self.since..=self.until).contains(&version)
    }

    pub(super) fn is_nullable_in(self, version: i16) -> bool {
        version >= self.nullable_since
    }
}
