//! Coverage marks on the odd branches of the protocol: whether runs have been through them at all (as TigerBeetle's `marks`, and
//! rust-analyzer's `cov-mark`, have them). The seed search prints how often each was met; a mark that no run meets says that the search
//! does not look where one thinks it does.
//!
//! A mark counts and decides nothing: no machine reads it. In wasm it is nothing at all.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that a branch was taken: `mark!(FencedFetch)`.
macro_rules! mark {
    ($mark:ident) => {{
        #[cfg(not(target_arch = "wasm32"))]
        $crate::kafka::marks::Mark::$mark.met();
    }};
}
pub(crate) use mark;

macro_rules! marks {
    ($($mark:ident: $words:literal,)*) => {
        /// A branch that is seldom taken.
        #[cfg(not(target_arch = "wasm32"))]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Mark {
            $(#[doc = $words] $mark,)*
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl Mark {
            pub const ALL: &[Self] = &[$(Self::$mark,)*];

            /// What happens there.
            pub fn words(self) -> &'static str {
                match self { $(Self::$mark => $words,)* }
            }
        }
    };
}

marks! {
    // Fetches, and what followers do with the answers. A fetch that comes out of turn in its session (INVALID_FETCH_SESSION_EPOCH) has no
    // mark: after any failure a follower closes its session (`FetchSessionHandler.handleError`), and no connection delivers a fetch twice
    // or in another order. Only raw frames get there, those of `broker/tests.rs`.
    FetchFenced: "a fetch in a former leader epoch is refused",
    FetchAhead: "a fetch in a leader epoch that the broker does not know yet is refused",
    FetchOfFormerProcess: "a follower's fetch as a process that another has followed is refused",
    FetchPartsWays: "a leader tells a follower where their logs part ways",
    FetchOutOfRange: "a fetch at an offset that the log does not have is refused",
    FetchOfOlderSegment: "a held fetch is answered, since its offset lies in an older segment",
    SessionUnknown: "a fetch in a session that the broker does not have is refused",
    SessionRests: "a partition rests in a follower's fetch session",
    FollowerCut: "a follower cuts what its leader does not have",
    FollowerStartsAnew: "a follower drops its log, since the leader's begins later",
    FollowerOutOfRange: "a follower asks where its leader's log ends, since it has nothing where its own does",
    FollowerOvertaken: "an answer to a follower comes after newer metadata or a truncation",
    FollowerThrottled: "a follower waits, since it copies faster than its throttle",
    LeaderThrottled: "a leader gives a follower nothing, since it gives faster than its throttle",
    FollowerRefused: "a follower is refused, and asks again later",
    FollowerDiskFull: "a follower cannot write what it fetched",
    // Transactions.
    TransactionUnverified: "a record of a transaction that its coordinator does not know to be here is refused",
    TransactionFenced: "an open transaction is aborted, since another process has its id",
    ProducerFenced: "a producer learns that another process has its transactional id",
    TransactionTimedOut: "an open transaction is aborted, since its time is over",
    TransactionConcurrent: "a transaction begins while the former one's markers are being written",
    MarkersAgain: "a marker is written again, since its partition's leader did not say that it has it",
    CompletionAgain: "a coordinator writes again that a transaction's markers stand, since its log refused it",
    MarkersLoaded: "a new coordinator writes the markers of a transaction that its predecessor has decided",
    // The in-sync set.
    IsrRefused: "the controller refuses an in-sync set for good",
    IsrNotNow: "the controller does not take a replica in now",
    IsrUnsettled: "a proposal of an in-sync set got no answer that settles it",
    // Writes.
    WriteBelowMinIsr: "a write is refused below min.insync.replicas",
    WriteThenBelowMinIsr: "a write was appended, and the in-sync set is below its minimum by then",
    WriteTimedOut: "a write is not replicated within its time",
    WriteClosed: "a connection is closed over a failed write with acks=0",
    SequenceRepeated: "a batch that is there already is acknowledged again",
    SequenceOutOfOrder: "a batch is refused, since its sequence does not follow",
    ProducerEpochOld: "a batch of a former producer epoch is refused",
    ProducerUnknown: "a leader takes a later batch of a producer of which it knows nothing",
    RecordRefused: "a batch with a record that may not be there is refused",
    BatchTooLarge: "a batch beyond max.message.bytes is refused",
    BatchRecompressed: "a batch is stored in the topic's own codec",
    // Logs and disks.
    LogCut: "recovery cuts the end of a log",
    LogSetAside: "a log that belongs to no topic is set aside",
    TopicOfSameName: "a broker learns at once that a topic is gone and that another has its name",
    RetentionByTime: "retention deletes a segment by its age",
    RetentionBySize: "retention deletes a segment by the log's size",
    RetentionByStart: "retention deletes a segment below the log's start",
    DiskFull: "a leader cannot write",
    // The controller.
    ElectedUncleanly: "a leader is elected from outside the in-sync replicas",
    ElectedEligible: "an eligible leader is elected, since nobody is in sync",
    ElectedLastKnown: "the last known leader is elected",
    NobodyLeads: "a partition has nobody to lead it",
    ShutdownUnclean: "a broker comes back from an unclean shutdown",
    BrokerFenced: "a silent broker is fenced",
    ReassignmentDone: "a reassignment is complete",
    LeadersBalanced: "a preferred leader leads again by itself",
    // The quorum.
    VoteRefused: "a voter refuses its vote",
    PreVoteRefused: "a voter refuses its pre-vote",
    QuorumPartsWays: "a voter cuts its metadata log, since the leader's parts ways with it",
    QuorumResigned: "a quorum's leader resigns, since a majority has not fetched",
    // Groups.
    GroupFull: "a member is refused, since the group has its greatest size",
    MemberUnknown: "a coordinator does not know a member",
    GenerationOld: "a member of a former generation is refused",
    InstanceFenced: "a static member is replaced by another process",
    SessionOver: "a member is removed when its session is over",
    JoinTooLate: "a rebalance goes on without those who have not joined",
    SyncTooLate: "members that have not synced are removed",
    CoordinatorMoved: "a coordinator gives its groups up",
    CoordinatorLoads: "a coordinator reads its groups from the log",
    OffsetsExpired: "committed offsets expire",
    CommitNotStored: "what a coordinator appends cannot be stored",
    // Clients.
    BatchSplit: "a producer splits a batch that is too large",
    BatchExpired: "a producer's batch is older than delivery.timeout.ms",
    BufferFull: "a producer has no memory left",
    ProducerBumped: "a producer begins a new epoch",
    LeaderTold: "a client is told by a refusal who leads instead",
    PositionCut: "a consumer's position lies beyond the end of a truncated log",
    PositionReset: "a consumer's position is reset",
    PollTooLate: "a consumer leaves its group, since it did not poll",
    CoordinatorLost: "a consumer looks for its coordinator again",
    CommitGivenUp: "a commit that nobody waits for is not tried again",
    CommitOvertaken: "a commit fails, since the group has gone on",
    OffsetsRefused: "a transaction with a group's offsets is aborted, since the group has gone on",
}

#[cfg(not(target_arch = "wasm32"))]
static MET: [AtomicU64; Mark::ALL.len()] = [const { AtomicU64::new(0) }; Mark::ALL.len()];

#[cfg(not(target_arch = "wasm32"))]
impl Mark {
    pub(crate) fn met(self) {
        if let Some(count) = MET.get(self as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often this process has been there.
    pub fn count(self) -> u64 {
        MET.get(self as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}
