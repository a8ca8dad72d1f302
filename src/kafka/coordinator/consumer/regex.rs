//! Subscriptions by regular expression, which the coordinator matches against the topics that there are.

use crate::kafka::coordinator::topics::Topics;
use crate::kafka::expression;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use std::sync::Arc;

/// Milliseconds between two matchings of the same group's (`REGEX_BATCH_REFRESH_MIN_INTERVAL_MS`).
pub const MIN_INTERVAL_MS: i64 = 10_000;

/// The topics that an expression matched, and when (`ResolvedRegularExpression`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resolved {
    pub topics: SortedVecSet<Arc<str>>,
    /// The metadata's offset.
    pub version: i64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

pub fn resolve(now: Time, topics: &Topics, regex: &str) -> Resolved {
    let compiled = expression::compile(regex).ok();
    let matches = |name: &&Arc<str>| compiled.as_ref().is_some_and(|regex| regex.is_match(name));
    Resolved { topics: topics.names().filter(matches).cloned().collect(), version: topics.version, timestamp: now.millis() }
}
