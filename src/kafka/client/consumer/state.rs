//! The states of a consumer, as seen from outside.

use std::fmt;

/// Where a consumer stands with its group: Kafka's `AbstractCoordinator.MemberState`, and what comes before and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MembershipState {
    /// Its partitions were given to it by hand (`assign`); it joins no group.
    Assigned,
    Unjoined,
    /// The group has refused it for good: its program would have to end.
    Failed,
    /// It waits for the answer to its JoinGroup.
    Joining,
    /// It waits for the answer to its SyncGroup.
    Syncing,
    /// Of the consumer protocol: it is on its way to what it was told to have.
    Reconciling,
    Stable,
    /// `close` was called: it commits and leaves.
    Closing,
    /// It has closed, or there is no process.
    Closed,
}

impl MembershipState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Unjoined => "unjoined",
            Self::Failed => "failed",
            Self::Joining => "joining",
            Self::Syncing => "syncing",
            Self::Reconciling => "reconciling",
            Self::Stable => "stable",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    /// It has what it reads from: the group is stable, or the partitions were given by hand.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Stable | Self::Assigned)
    }
}

impl fmt::Display for MembershipState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
