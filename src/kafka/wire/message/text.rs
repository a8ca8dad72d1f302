//! Names and ids that have a type of their own in Kafka's schemas (`entityType`).

use super::Str;
use super::codec::{Codec, Field, Spec};
use std::ops::Deref;

macro_rules! wrappers {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $($copy:ident)?;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, $($copy,)? Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $type);

        impl Deref for $name {
            type Target = $type;

            fn deref(&self) -> &$type {
                &self.0
            }
        }

        impl From<$type> for $name {
            fn from(value: $type) -> Self {
                $name(value)
            }
        }

        impl Field for $name {
            fn default_of(spec: Spec) -> Self {
                $name(Field::default_of(spec))
            }
            fn is_default(&mut self, spec: Spec) -> bool {
                self.0.is_default(spec)
            }
            #[inline]
            fn code(&mut self, codec: &mut Codec, spec: Spec) {
                self.0.code(codec, spec);
            }
        }
    )* };
}

wrappers! {
    /// `node.id` of a broker; -1 is none.
    BrokerId: i32, Copy;
    /// The id that a broker gave a producer (KIP-98); -1 is none.
    ProducerId: i64, Copy;
    /// A topic's name.
    TopicName: Str,;
    /// `group.id`.
    GroupId: Str,;
    /// `transactional.id`.
    TransactionalId: Str,;
}

/// The names of [`wrappers`] that may be null.
macro_rules! nullable {
    ($($name:ident)*) => { $(
        impl Field for Option<$name> {
            fn default_of(spec: Spec) -> Self {
                Option::<Str>::default_of(spec).map($name)
            }
            fn is_default(&mut self, spec: Spec) -> bool {
                match self {
                    Some(name) => name.is_empty() && !spec.default_is_null,
                    None => spec.default_is_null,
                }
            }
            fn code(&mut self, codec: &mut Codec, spec: Spec) {
                let mut text = self.take().map(|name| name.0);
                text.code(codec, spec);
                *self = text.map($name);
            }
        }
    )* };
}

nullable! { TopicName GroupId TransactionalId }
