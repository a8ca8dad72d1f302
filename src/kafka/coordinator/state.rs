//! The states of a group, by Kafka's names.

use std::fmt;
use std::hash::{Hash, Hasher};

/// `ClassicGroupState` and `ConsumerGroupState`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupState {
    /// No members; the committed offsets stay.
    Empty,
    /// Members join, or are waited for.
    PreparingRebalance,
    /// All have joined; the leader's assignment is waited for.
    CompletingRebalance,
    Stable,
    /// Of the consumer protocol: there is a new epoch, and no target for it yet.
    Assigning,
    /// Of the consumer protocol: members are on their way to their targets.
    Reconciling,
    /// Deleted, or never there.
    Dead,
}

impl GroupState {
    /// As ListGroups and DescribeGroups write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Dead => "Dead",
        }
    }

    pub const fn is_rebalancing(self) -> bool {
        matches!(self, Self::PreparingRebalance | Self::CompletingRebalance | Self::Assigning | Self::Reconciling)
    }
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// By name, so that the hash of a run's events does not depend on the order of the variants.
impl Hash for GroupState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name().hash(hasher);
    }
}
