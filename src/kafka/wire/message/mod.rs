//! Kafka's messages, declared once each in the words of its schemas (`clients/src/main/resources/common/message/*.json`).
//!
//! ```text
//! message! { fetch_request: FetchRequest, 4..=18, flexible 12;     its module, its name, its versions, the first flexible one (KIP-482)
//!     FetchRequest {
//!         max_wait_ms: i32, ALL;                                   in all versions
//!         replica_id: BrokerId, ALL.to(14).or(-1);                 up to version 14; its default is -1
//!         session_id: i32, since(7).ignorable();                   from version 7 on; older ones may be written without it
//!         replica_state: ReplicaState, since(15).tag(1);           among the tagged fields
//! ```
//!
//! A declaration makes the structures, their defaults, and the traversal of [`codec`] over the fields, which are in their order on the
//! wire. An `Option` may be null. The fields of a structure that came with a newer version say `ALL`: they are there when it is.

mod acls;
mod admin;
mod brokers;
pub mod codec;
mod configs;
mod consumer_groups;
mod fetch;
mod groups;
mod headers;
mod metadata;
mod offsets;
mod pairs;
mod produce;
mod quorum;
#[cfg(test)]
mod tests;
mod text;
mod topics;
mod transactions;

pub use crate::kafka::apis::ApiKey;
pub use acls::*;
pub use admin::*;
pub use brokers::*;
pub use configs::*;
pub use consumer_groups::*;
pub use fetch::*;
pub use groups::*;
pub use headers::*;
pub use metadata::*;
pub use offsets::*;
pub use produce::*;
pub use quorum::*;
pub use text::{BrokerId, GroupId, ProducerId, TopicName, TransactionalId};
pub use topics::*;
pub use transactions::*;

use super::field_map::FieldMap;
use bytes::Bytes;
use codec::{CodecError, Fields};
use std::sync::Arc;

/// A string of a message.
pub type Str = Arc<str>;

/// The first flexible version of a message that has none.
pub const NEVER: i16 = i16::MAX;

/// A request, a response, a header, or a record of the metadata log: a structure with versions of its own.
pub trait Message: Fields + Default {
    const MIN: i16;
    const MAX: i16;
    /// The first flexible version (KIP-482).
    const FLEXIBLE: i16;
    /// The first version with a flexible header in front. An ApiVersions response has none, for clients that do not know its version
    /// (KIP-511).
    const HEADER: i16 = Self::FLEXIBLE;
    /// The names of its fields, each with a space behind it.
    const NAMES: &'static str;

    /// Reads the message from the front of `bytes`, and returns the bytes that follow it too.
    fn read(bytes: Bytes, version: i16) -> Result<(Self, Bytes), CodecError> {
        check::<Self>(version)?;
        let mut message = Self::default();
        let rest = codec::read(bytes, version, version >= Self::FLEXIBLE, &mut message)?;
        Ok((message, rest))
    }

    /// Reads the message at the front of the map's unread bytes and adds its fields to the map.
    fn map_fields(map: &mut FieldMap, version: i16) {
        codec::map_fields(map, version, version >= Self::FLEXIBLE, &mut Self::default(), Self::NAMES);
    }

    /// Appends the message to `output`.
    fn write(mut self, output: Vec<u8>, version: i16) -> Result<Vec<u8>, CodecError> {
        check::<Self>(version)?;
        codec::write(output, version, version >= Self::FLEXIBLE, &mut self)
    }
}

fn check<M: Message>(version: i16) -> Result<(), CodecError> {
    let (min, max) = (M::MIN, M::MAX);
    if (min..=max).contains(&version) { Ok(()) } else { Err(CodecError::Version { version, min, max }) }
}

/// A request, with the type of its response.
pub trait Request: Message {
    const KEY: ApiKey;
    type Response: Message;
}

/// Fails to compile, in a `const` block, where the table of APIs promises a version in which a request or its response is not declared.
pub const fn covers<R: Request>(max: i16) {
    assert!(max <= R::MAX && max <= <R::Response as Message>::MAX);
}

macro_rules! message {
    ($module:ident: $root:ident, $min:literal..=$max:literal, flexible $flexible:expr $(, header $header:expr)?;
        $($name:ident { $($field:ident: $type:ty, $spec:expr;)* })*) => {
        pub use $module::$root;

        pub mod $module {
            #[allow(unused_imports)]
            use super::super::{Str, codec::{ALL, Codec, Field, Fields, Spec, is_default, since}, text::*, Message, NEVER};
            #[allow(unused_imports)]
            use {bytes::Bytes, uuid::Uuid};

            impl Message for $root {
                const MIN: i16 = $min;
                const MAX: i16 = $max;
                const FLEXIBLE: i16 = $flexible;
                $(const HEADER: i16 = $header;)?
                const NAMES: &'static str = $root::NAMES;
            }

            $(
                #[derive(Clone, Debug, PartialEq)]
                pub struct $name { $(pub $field: $type,)* }

                impl $name {
                    /// Tagged fields are declared behind the others, so that both methods of `Fields` meet the names in this order.
                    const NAMES: &'static str = concat!($(stringify!($field), " ",)*);
                }

                impl Default for $name {
                    fn default() -> Self {
                        $name { $($field: Field::default_of($spec),)* }
                    }
                }

                impl Fields for $name {
                    #[allow(unused_variables)]
                    fn fields(&mut self, codec: &mut Codec) {
                        $(if const { !$spec.is_tagged() } { codec.field(&mut self.$field, const { $spec }); })*
                    }

                    #[allow(unused_variables)]
                    fn tagged(&mut self, codec: &mut Codec) {
                        $(if const { $spec.is_tagged() } { codec.tagged_field(&mut self.$field, const { $spec }); })*
                    }
                }

                impl Field for $name {
                    fn default_of(_: Spec) -> Self {
                        Self::default()
                    }
                    fn is_default(&mut self, _: Spec) -> bool {
                        is_default(self)
                    }
                    fn code(&mut self, codec: &mut Codec, _: Spec) {
                        codec.structure(self, Self::NAMES);
                    }
                }
            )*
        }
    };
}
use message;
