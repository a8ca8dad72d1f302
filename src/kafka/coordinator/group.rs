//! What there is for a `group.id`: the types of groups (`Group.GroupType`) as a table. A type is one variant, a folder of its own, and an
//! arm where the types differ.

use super::GroupState;
use super::classic::ClassicGroup;
use super::consumer::ConsumerGroup;
use super::records::{CommittedOffset, Key};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::message::Str;
use bytes::Bytes;
use std::sync::Arc;

/// The only protocol type whose metadata the coordinator looks into.
pub const CONSUMER: &str = "consumer";

/// All that may be done to a group, as bits (READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS): nobody is kept from anything here.
pub const GROUP_OPERATIONS: i32 = 3400;

/// A topic and a partition that an offset is committed for.
pub type Place = (Arc<str>, i32);

pub fn text(text: &str) -> Str {
    Str::from(text)
}

/// What groups of all types have.
#[derive(Clone, Debug)]
pub struct Common {
    pub id: Arc<str>,
    /// Of `__consumer_offsets`.
    pub partition: i32,
    /// Tells this group from a deleted one of the same name, whose appends may still be on their way.
    pub incarnation: u64,
    /// The last change that is in it, for one whose records were refused.
    pub step: u64,
    pub offsets: SortedVecMap<Place, CommittedOffset>,
    /// Offsets of open transactions, by producer id.
    pub pending_offsets: SortedVecMap<i64, SortedVecMap<Place, CommittedOffset>>,
}

#[derive(Clone, Debug)]
pub enum Group {
    Classic(ClassicGroup),
    /// KIP-848.
    Consumer(ConsumerGroup),
}

impl Group {
    pub const fn common(&self) -> &Common {
        match self {
            Self::Classic(group) => &group.common,
            Self::Consumer(group) => &group.common,
        }
    }

    pub const fn common_mut(&mut self) -> &mut Common {
        match self {
            Self::Classic(group) => &mut group.common,
            Self::Consumer(group) => &mut group.common,
        }
    }

    /// As ListGroups spells it.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Classic(_) => "classic",
            Self::Consumer(_) => "consumer",
        }
    }

    pub fn state(&self) -> GroupState {
        match self {
            Self::Classic(group) => group.state.kind(),
            Self::Consumer(group) => group.state(),
        }
    }

    pub fn epoch(&self) -> i32 {
        match self {
            Self::Classic(group) => group.generation,
            Self::Consumer(group) => group.epoch,
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Self::Classic(group) => group.is_empty(),
            Self::Consumer(group) => group.members.is_empty(),
        }
    }

    pub const fn as_classic(&self) -> Option<&ClassicGroup> {
        match self {
            Self::Classic(group) => Some(group),
            Self::Consumer(_) => None,
        }
    }

    pub const fn as_consumer(&self) -> Option<&ConsumerGroup> {
        match self {
            Self::Consumer(group) => Some(group),
            Self::Classic(_) => None,
        }
    }

    /// Somebody in the group subscribes to the topic.
    pub fn subscribes_to(&self, topic: &str) -> bool {
        match self {
            Self::Classic(group) => group.subscribes_to(topic),
            Self::Consumer(group) => group.subscribes_to(topic),
        }
    }

    /// The tombstones of all that is logged of the group, its offsets apart.
    pub fn tombstones(&self) -> Vec<(Bytes, Option<Bytes>)> {
        match self {
            Self::Classic(group) => vec![(Key::Group { group: Arc::clone(&group.common.id) }.encode(), None)],
            Self::Consumer(group) => group.tombstones(),
        }
    }
}
