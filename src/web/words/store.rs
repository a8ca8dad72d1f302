//! The store of a durable playground.

pub const RECOVERED: &str =
    "The cluster is back: the broker has recovered its files. Records of before are in them; what is counted here begins anew.";
pub const KEPT: &str = "This cluster is kept in this browser.";

pub const ANOTHER_TAB: &str = "blocked by another tab";
pub const NO_ANSWER: &str = "no answer";
pub const ABORTED: &str = "aborted";

pub fn damaged(torn: &[String]) -> String {
    format!("The store was damaged: {}.", torn.join("; "))
}

/// A file of which a part in the middle is not there.
pub fn gap(path: &str, end: u64, from: u64) -> String {
    format!("{path} has {end} bytes and then a gap up to {from}")
}
