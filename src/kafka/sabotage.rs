//! Planted bugs.

/// Bugs that can be planted to see whether the judge finds them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sabotage {
    /// acks=all is answered before the followers have the records.
    AckBeforeReplication,
    /// The high watermark follows the leader's log alone.
    HighWatermarkFromLeader,
    /// A follower keeps what a new leader does not have.
    NoTruncation,
    /// Any live replica is elected, in sync or not.
    UncleanElection,
    /// A leader of an older epoch goes on: epochs in requests are not compared.
    EpochNotFenced,
    /// The leader never drops a follower from the ISR, and does not wait for those that are gone.
    IsrNeverShrinks,
    /// A consumer commits the offset after the records that it is about to fetch.
    CommitBeforeRecords,
    /// A consumer commits offsets without the epoch of the leader that it read from (KIP-320).
    EpochNotCommitted,
    /// The sequence numbers of idempotent producers are not checked.
    SequenceUnchecked,
    /// A leader appends a batch without looking into its records.
    RecordNotValidated,
    /// A log that belongs to no topic is forgotten, and written over by the next one of its name.
    StrayLogOverwritten,
    /// The last stable offset is the high watermark, and no transaction counts as aborted.
    LsoIgnored,
    /// A leader says that it has written a transaction's marker, and has not.
    MarkerLost,
    /// A member of a group is given a partition that another has.
    TwoOwners,
    /// A coordinator takes offsets from whoever commits them: of a former generation or epoch, and of members that are gone.
    GenerationNotChecked,
}

impl Sabotage {
    pub const ALL: [Self; 15] = [
        Self::AckBeforeReplication,
        Self::HighWatermarkFromLeader,
        Self::NoTruncation,
        Self::UncleanElection,
        Self::EpochNotFenced,
        Self::IsrNeverShrinks,
        Self::CommitBeforeRecords,
        Self::EpochNotCommitted,
        Self::SequenceUnchecked,
        Self::RecordNotValidated,
        Self::StrayLogOverwritten,
        Self::LsoIgnored,
        Self::MarkerLost,
        Self::TwoOwners,
        Self::GenerationNotChecked,
    ];

    /// As the command line and scenario files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AckBeforeReplication => "ack-before-replication",
            Self::HighWatermarkFromLeader => "high-watermark-from-leader",
            Self::NoTruncation => "no-truncation",
            Self::UncleanElection => "unclean-election",
            Self::EpochNotFenced => "epoch-not-fenced",
            Self::IsrNeverShrinks => "isr-never-shrinks",
            Self::CommitBeforeRecords => "commit-before-records",
            Self::EpochNotCommitted => "epoch-not-committed",
            Self::SequenceUnchecked => "sequence-unchecked",
            Self::RecordNotValidated => "record-not-validated",
            Self::StrayLogOverwritten => "stray-log-overwritten",
            Self::LsoIgnored => "lso-ignored",
            Self::MarkerLost => "marker-lost",
            Self::TwoOwners => "two-owners",
            Self::GenerationNotChecked => "generation-not-checked",
        }
    }
}
