//! Time as the machines see it: an argument, never a clock.

use std::fmt;
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
    /// The deadline's kind, in Kafka's words: "session timeout".
    pub what: &'static str,
    pub who: Who,
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
    pub fn new(what: &'static str, who: impl Into<Who>) -> Self {
        Self { what, who: who.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::Fixed("") => f.write_str(self.what),
            Who::Named(name) if name.is_empty() => f.write_str(self.what),
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
