//! Scenario files: a run's genesis, its actions in time, notes to read, and what is expected of it. Text, made to be
//! written by hand.
//!
//! ```text
//! tidepool 1
//! title    One record's whole way
//! opens    16s
//! compare  protocol
//! seed     7
//! link     latency=60ms jitter=30ms
//! config   group.initial.rebalance.delay.ms=1000
//! topic    orders partitions=3
//! producer checkout topic=orders rate=4/s keys=alice,bob acks=all
//! consumer billing-1 group=billing topics=orders handle=120ms commit=auto
//! at 20s   crash billing-1
//! at 25s   kill broker-1
//! at 30s   link broker-2 broker-3 latency=200ms loss=5%
//! at 40s   link broker-2 broker-3
//! at 45s   note "Its partitions stay with nobody until the session timeout."
//! run      60s
//! expect   at 60s group billing state=Empty members=0
//! ```

mod blank;
mod described;
mod list;
mod parse;
mod play;
#[cfg(test)]
mod tests;
mod write;

pub use blank::{Blank, BlankError, FIELDS as BLANK_FIELDS, Field as BlankField};
pub use described::{DescribeError, described};
pub use list::{ScenarioEntry, scenarios};
pub use play::{Failure, Playback, Verdict, scenario_hash};

use crate::kafka::sorted_vec::insert_by_key;
use crate::world::World;
use crate::world::action::{ActionError, Genesis};
use crate::world::operations::{Action, MAX_DURATION_US};

/// Lines that a scenario file has at most.
pub const MAX_LINES: u32 = 10_000;
/// Bytes of a line.
pub const MAX_LINE_BYTES: u32 = 10_000;
/// Longest run, in microseconds: 30 days.
pub const MAX_RUN_US: i64 = MAX_DURATION_US;

/// A scenario file's meaning. Times are microseconds since the run's beginning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scenario {
    pub title: String,
    /// The moment at which a page opens it; 0: the file does not say.
    pub opens_at: i64,
    /// What a page offers to compare in it; `None`: the file does not say.
    pub compares: Option<Contrast>,
    pub genesis: Genesis,
    /// By time; at one time, in the file's order. Those at 0 are the setup: topics first, clients once the topics are there.
    pub actions: Vec<(i64, Action)>,
    pub notes: Vec<(i64, String)>,
    pub run_for: i64,
    pub expects: Vec<Expect>,
}

/// Settings of clients that are set against each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contrast {
    /// Of groups: eager, cooperative, KIP-848.
    Protocol,
    Acks,
    Commits,
    Idempotence,
}

impl Contrast {
    pub const ALL: [Self; 4] = [Self::Protocol, Self::Acks, Self::Commits, Self::Idempotence];

    pub fn name(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Acks => "acks",
            Self::Commits => "commits",
            Self::Idempotence => "idempotence",
        }
    }
}

/// What is expected at a time: every condition must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expect {
    pub at: i64,
    pub what: Subject,
    pub name: String,
    pub conditions: Vec<Condition>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// Fields: `state`, `type` (classic or consumer), `members`, `generation`, `lag`.
    Group,
    /// Fields: `state`, `client`, `handled`, `duplicates`, `failed`, `backlog`, `partitions`.
    Consumer,
    /// Fields: `state`, `sent`, `acked`, `failed`, `pending`.
    Producer,
    /// Fields: `partitions`, `records`, `isr` (the smallest of its partitions), `leaderless`.
    Topic,
    /// `orders-0`. Fields: `leader` (-1: none), `isr` (how many), `epoch`, `records`.
    Partition,
    /// Fields: `state`, `fenced`, `controller` (1 or 0).
    Broker,
    /// A group's table, by the group's name, or that of a consumer without a group. Fields: `rows`, `twice`, `ignored`, `stale`, `missing`.
    Sink,
}

impl Subject {
    pub const ALL: [Self; 7] = [Self::Group, Self::Consumer, Self::Producer, Self::Topic, Self::Partition, Self::Broker, Self::Sink];

    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Consumer => "consumer",
            Self::Producer => "producer",
            Self::Topic => "topic",
            Self::Partition => "partition",
            Self::Broker => "broker",
            Self::Sink => "sink",
        }
    }

    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Group => &["state", "type", "members", "generation", "lag"],
            Self::Consumer => &["state", "client", "handled", "duplicates", "failed", "backlog", "partitions"],
            Self::Producer => &["state", "sent", "acked", "failed", "pending"],
            Self::Topic => &["partitions", "records", "isr", "leaderless"],
            Self::Partition => &["leader", "isr", "epoch", "records"],
            Self::Broker => &["state", "fenced", "controller"],
            Self::Sink => &["rows", "twice", "ignored", "stale", "missing"],
        }
    }

    /// Whether the field is a word; the others are numbers.
    pub fn is_word(field: &str) -> bool {
        matches!(field, "state" | "type" | "client")
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    pub field: String,
    pub comparison: Comparison,
    pub value: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    Equal,
    AtLeast,
    AtMost,
}

impl Comparison {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        }
    }
}

/// What is wrong with a file, and where: lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ScenarioError {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

/// When records flow and groups read them, in microseconds since the run began.
const FLOWING_US: i64 = 16_000_000;
/// What a reader sees before the first thing that a scenario does.
const BEFORE_US: i64 = 2_000_000;

impl Scenario {
    /// Puts an action in its place: behind those of the same time.
    pub fn add_action(&mut self, at: i64, action: Action) {
        insert_by_key(&mut self.actions, (at, action), |(at, _)| *at);
    }

    /// The moment at which a page opens, in microseconds since the run began: records flow, and what the scenario does is still to come.
    pub fn opening_us(&self) -> i64 {
        if self.opens_at > 0 {
            return self.opens_at;
        }
        let first = self.actions.iter().map(|(at, _)| *at).find(|at| *at > 0);
        first.map_or(FLOWING_US, |at| (at - BEFORE_US).clamp(0, FLOWING_US))
    }

    /// One timed line: what stands behind `at TIME`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn timed_line(line: &str) -> Result<Self, String> {
        Self::parse(&format!("tidepool 1\nat 0s {line}\n")).map_err(|error| error.message)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong, with what was expected there.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        parse::parse(text)
    }

    /// The file that says this; parsing it gives the same scenario.
    pub fn to_text(&self) -> String {
        write::write(self)
    }

    /// A world with the setup done: topics made, clients started.
    ///
    /// # Errors
    /// The first action of the setup that cannot be done.
    pub fn start(&self) -> Result<World, ActionError> {
        let (world, failures) = play::start(self)?;
        match failures.into_iter().next() {
            Some(failure) => Err(failure.error),
            None => Ok(world),
        }
    }
}
