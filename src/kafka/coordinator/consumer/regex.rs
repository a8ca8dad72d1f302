//! Subscriptions by regular expression: RE2's, which the coordinator matches against the topics that there are.

use crate::kafka::coordinator::topics::Topics;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use regex_lite::Regex;
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

/// # Errors
/// What RE2 says of an expression that is none.
pub fn check(regex: &str) -> Result<(), String> {
    compile(regex).map(|_| ())
}

/// The whole name must match.
fn compile(regex: &str) -> Result<Regex, String> {
    // Alone first, or a stray parenthesis would close the group.
    Regex::new(regex).and_then(|_| Regex::new(&format!("^(?:{regex})$"))).map_err(|error| in_words_of_re2(&error.to_string()))
}

/// RE2's words for the usual mistakes.
fn in_words_of_re2(error: &str) -> String {
    let known = [
        ("unclosed bracket", "missing closing ]"),
        ("missing closing bracket", "missing closing ]"),
        ("found missing right bracket", "missing closing ]"),
        ("unclosed group", "missing closing )"),
        ("found missing right parenthesis", "missing closing )"),
        ("closing ')' without", "unexpected )"),
        ("unopened group", "unexpected )"),
        ("missing repeat", "missing argument to repetition operator"),
        ("missing repetition", "missing argument to repetition operator"),
        ("missing expression", "missing argument to repetition operator"),
        ("incomplete escape", "trailing \\ at end of expression"),
    ];
    let error = error.to_ascii_lowercase();
    known.into_iter().find(|(ours, _)| error.contains(ours)).map_or(error.clone(), |(_, theirs)| theirs.to_owned())
}

pub fn resolve(now: Time, topics: &Topics, regex: &str) -> Resolved {
    let compiled = compile(regex).ok();
    let matches = |name: &&Arc<str>| compiled.as_ref().is_some_and(|regex| regex.is_match(name));
    Resolved { topics: topics.names().filter(matches).cloned().collect(), version: topics.version, timestamp: now.millis() }
}
