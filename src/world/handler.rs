//! What a consumer app does with a record: how often its handler fails, what happens then, and where the record goes.

use std::sync::Arc;

/// Rows that a bulk insert has at most.
pub const MAX_BULK_ROWS: u32 = 100_000;
/// Microseconds between two commits or bulk inserts.
pub const MAX_INTERVAL_US: i64 = 3_600_000_000;

/// The handler of a consumer app.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HandlerSpec {
    pub fails: Fails,
    pub on_failure: OnFailure,
    pub sink: SinkKind,
    /// Where records go that it fails on, if they go anywhere.
    pub dead_letters: Option<Arc<str>>,
    pub on_revoke: OnRevoke,
    pub output: Option<OutputSpec>,
}

/// What an app does before others get partitions that are taken from it (`ConsumerRebalanceListener.onPartitionsRevoked`), and when it
/// closes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum OnRevoke {
    #[default]
    Nothing,
    /// It inserts the rows that wait, and commits what it has handled (`commitSync`).
    Commit,
}

impl OnRevoke {
    pub const ALL: [Self; 2] = [Self::Nothing, Self::Commit];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Commit => "commit",
        }
    }
}

/// An app that makes one record of each that it has handled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputSpec {
    pub topic: Arc<str>,
    pub delivery: Delivery,
}

/// How its outputs and its offsets go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Delivery {
    /// What a poll has brought is committed first.
    AtMostOnce,
    /// It is committed once all outputs are acknowledged.
    AtLeastOnce,
    /// Outputs and offsets are in one transaction for each poll (`processing.guarantee=exactly_once_v2`).
    ExactlyOnce,
}

impl Delivery {
    pub const ALL: [Self; 3] = [Self::ExactlyOnce, Self::AtLeastOnce, Self::AtMostOnce];

    pub const fn name(self) -> &'static str {
        match self {
            Self::AtMostOnce => "at-most-once",
            Self::AtLeastOnce => "at-least-once",
            Self::ExactlyOnce => "exactly-once",
        }
    }

    /// When the app's consumer commits.
    pub const fn commit(self) -> CommitPolicy {
        match self {
            Self::AtMostOnce => CommitPolicy::BeforeHandling(CommitMode::Sync),
            Self::AtLeastOnce => CommitPolicy::AfterEachPoll(CommitMode::Sync),
            Self::ExactlyOnce => CommitPolicy::Never,
        }
    }
}

/// Which records the handler fails on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Fails {
    #[default]
    Never,
    /// On every record with this key, each time: a poison pill.
    Key(Arc<str>),
    /// On each attempt with this chance in a million: what a retry may get past.
    Ppm(u32),
}

/// What an app does once its handler has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum OnFailure {
    /// The exception ends the process; nothing is committed on the way.
    #[default]
    Crash,
    /// It tries the same record again, for as long as it takes.
    Retry,
    /// It goes on with the next record, and commits past this one.
    Skip,
    /// It sends the record to a dead-letter topic, and goes on once it is there.
    DeadLetter,
}

/// When an app commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitPolicy {
    /// `enable.auto.commit=true`: in `poll`, each `auto.commit.interval.ms`.
    Auto,
    /// What a poll has brought, before any of it is handled: at most once.
    BeforeHandling(CommitMode),
    /// Each record, once it is handled.
    EachRecord(CommitMode),
    /// What a poll has brought, once all of it is handled.
    AfterEachPoll(CommitMode),
    /// What the sink has taken, once it has: differs from `EachRecord` where rows are collected first.
    AfterInsert(CommitMode),
    /// What is handled, in the app's own loop, once the first that is not committed has waited for so many microseconds.
    Every(i64, CommitMode),
    Never,
}

/// Whether the app waits for the commit's answer before it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitMode {
    /// `commitAsync`
    Async,
    /// `commitSync`
    Sync,
}

/// Where an app puts a record that it has handled. What is in a sink outlives the process: it is a database of its group's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SinkKind {
    /// Nowhere: it only counts.
    #[default]
    Print,
    /// A table without a key: each insert is a row.
    Table,
    /// `UNIQUE(event_id)`: an event that is there already is not inserted again.
    UniqueTable,
    /// A row for each record key; the last write wins, whichever it is.
    Upsert,
    /// A row for each record key; only a newer version of the event replaces one.
    UpsertNewest,
    /// Each row in one transaction with its offset; the app begins where the table says, not where the group has committed.
    OffsetTable,
    /// A table that gets rows in bulk: they are collected in the process until there are so many, or the first has waited so long, in
    /// microseconds.
    Bulk { rows: u32, within_us: Option<i64> },
}

impl CommitPolicy {
    /// Whether the app waits for the answer to each of its commits.
    pub const fn waits(self) -> bool {
        matches!(
            self,
            Self::BeforeHandling(CommitMode::Sync)
                | Self::EachRecord(CommitMode::Sync)
                | Self::AfterEachPoll(CommitMode::Sync)
                | Self::AfterInsert(CommitMode::Sync)
                | Self::Every(_, CommitMode::Sync)
        )
    }
}

impl OnFailure {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::DeadLetter => "dead-letter",
        }
    }
}

impl HandlerSpec {
    /// Of an app that makes records of what it reads.
    pub fn delivery(&self) -> Option<Delivery> {
        self.output.as_ref().map(|output| output.delivery)
    }

    /// Why, with these settings, a group may never get a record that it was given; `None`: it always does.
    pub fn omits(&self, commit: CommitPolicy) -> Option<&'static str> {
        match (commit, self.sink, &self.fails, self.on_failure) {
            (CommitPolicy::BeforeHandling(_), ..) => {
                Some("its consumer commits before it handles: what it had in hand when it ended is passed over")
            }
            (_, _, Fails::Key(_) | Fails::Ppm(_), OnFailure::Skip) => Some("its handler failed on it, and it was skipped"),
            (_, _, Fails::Key(_) | Fails::Ppm(_), OnFailure::DeadLetter) => {
                Some("its handler failed on it, and it went to the dead-letter topic")
            }
            (_, _, Fails::Key(_) | Fails::Ppm(_), _) => Some("its handler fails, so what comes after that record waits"),
            _ => None,
        }
    }
}
