//! What can be pointed at, by name: the scene draws it, the menu acts on it.

use std::sync::Arc;

/// A column of the stage, by its heading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Heading {
    Producers,
    Cluster,
    Groups,
}

impl Heading {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Producers => "Producers",
            Self::Cluster => "Cluster",
            Self::Groups => "Consumer groups",
        }
    }
}

/// A thing on the stage, by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    Heading(Heading),
    Producer(Arc<str>),
    Broker(Arc<str>),
    Topic(Arc<str>),
    Partition(Arc<str>, i32),
    /// `None`: consumers without a group.
    Group(Option<Arc<str>>),
    Consumer(Arc<str>),
    Internal(Arc<str>),
    /// The link between two nodes.
    Link(Arc<str>, Arc<str>),
    /// Topic, partition, offset.
    Record(Arc<str>, i32, i64),
    /// A frame under way, by its number (`Flight::message`).
    Frame(u64),
}
