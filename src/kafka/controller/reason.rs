//! Why the controller changes a partition.

use std::fmt;
use std::hash::{Hash, Hasher};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeReason {
    Created,
    /// This broker led the partition and was fenced.
    LeaderFenced(i32),
    /// This broker was in sync without leading, and was fenced.
    ReplicaFenced(i32),
    BrokerUnfenced,
    BrokerUnregistered,
    BrokerRestarted,
    BrokerRestartedUncleanly,
    ControlledShutdown,
    /// The preferred replica leads again.
    Preferred,
    /// A replica leads that may lack committed records.
    Unclean,
    IsrShrunk,
    IsrExpanded,
    Reassigned,
    ReassignmentCancelled,
}

impl ChangeReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::LeaderFenced(_) => "leader's broker was fenced",
            Self::ReplicaFenced(_) => "replica's broker was fenced",
            Self::BrokerUnfenced => "broker unfenced",
            Self::BrokerUnregistered => "broker unregistered",
            Self::BrokerRestarted => "broker restarted",
            Self::BrokerRestartedUncleanly => "broker restarted uncleanly",
            Self::ControlledShutdown => "controlled shutdown",
            Self::Preferred => "preferred",
            Self::Unclean => "unclean",
            Self::IsrShrunk => "isr shrunk",
            Self::IsrExpanded => "isr expanded",
            Self::Reassigned => "reassigned",
            Self::ReassignmentCancelled => "reassignment cancelled",
        }
    }
}

impl fmt::Display for ChangeReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// By its name, so that reasons can be added.
impl Hash for ChangeReason {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}
