//! Time as the machines see it: an argument, never a clock.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A moment: microseconds since the Unix epoch, on the clock of whoever hands it in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Time(pub i64);

impl Time {
    /// Later than every deadline.
    pub const NEVER: Self = Self(i64::MAX);

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch, rounded down: what Kafka writes as a record's timestamp.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1000)))
    }

    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to `self`; negative when `earlier` is later.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Why a machine wants to be woken, in words that the page shows: "session timeout of consumer-2".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    pub what: TimerKind,
    pub who: Who,
}

/// What a deadline is about. What the app around a client waits for is told apart, since a story passes over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerKind {
    /// A producer's app has a record to send.
    NextRecord,
    /// A consumer's app polls again.
    Poll,
    /// A consumer's app has handled a record.
    Handler,
    /// A broker or a member is silent for too long.
    SessionTimeout,
    /// A voter of the quorum wants to lead.
    ElectionTimeout,
    /// `group.initial.rebalance.delay.ms`.
    InitialRebalanceDelay,
    /// Not all members have joined.
    RebalanceTimeout,
    /// Not all members have asked for their assignment.
    SyncTimeout,
    /// A transaction is open, and its producer is silent.
    TransactionTimeout,
    /// Any other deadline of a machine, in Kafka's words.
    Kafka(&'static str),
}

impl TimerKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NextRecord => "next record",
            Self::Poll => "poll",
            Self::Handler => "handler",
            Self::SessionTimeout => "session timeout",
            Self::ElectionTimeout => "election timeout",
            Self::InitialRebalanceDelay => "initial rebalance delay",
            Self::RebalanceTimeout => "rebalance timeout",
            Self::SyncTimeout => "sync timeout",
            Self::TransactionTimeout => "transaction timeout",
            Self::Kafka(words) => words,
        }
    }
}

impl From<&'static str> for TimerKind {
    fn from(words: &'static str) -> Self {
        Self::Kafka(words)
    }
}

impl fmt::Display for TimerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// By its words, so that the hash of an event says what the page shows.
impl Hash for TimerKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// Whose a deadline is: a member, a partition, a connection; `Fixed("")`: nobody's. A machine says it after every event, so it is put
/// into words only when somebody reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    Fixed(&'static str),
    Named(Arc<str>),
    /// "broker 2".
    Numbered(&'static str, i64),
}

impl Who {
    pub fn words(self) -> Arc<str> {
        match self {
            Self::Named(name) => name,
            who => who.to_string().into(),
        }
    }
}

impl From<&'static str> for Who {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

impl From<Arc<str>> for Who {
    fn from(name: Arc<str>) -> Self {
        Self::Named(name)
    }
}

impl From<String> for Who {
    fn from(name: String) -> Self {
        Self::Named(name.into())
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Named(name) => f.write_str(name),
            Self::Numbered(what, number) => write!(f, "{what} {number}"),
        }
    }
}

impl Reason {
    pub fn new(what: impl Into<TimerKind>, who: impl Into<Who>) -> Self {
        Self { what: what.into(), who: who.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::Fixed("") => f.write_str(self.what.name()),
            Who::Named(name) if name.is_empty() => f.write_str(self.what.name()),
            who => write!(f, "{} of {who}", self.what),
        }
    }
}

/// The next moment at which a machine must be woken, and why.
pub type Deadline = (Time, Reason);

/// The earlier of two deadlines; the first wins a tie, so that the order of the arguments decides and nothing else.
pub fn earlier(a: Option<Deadline>, b: Option<Deadline>) -> Option<Deadline> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
        (a, b) => a.or(b),
    }
}
