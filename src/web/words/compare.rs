//! The sheet of comparisons.

pub use super::clock::MAX;
pub use super::{PAUSE, PLAY};

pub const NOTHING: &str = "There is nothing here to compare: no producer, no group, no other branch.";
pub const WHAT: &str = "What is compared";
pub const MOMENT: &str = "Moment of all runs";
pub const PACE: &str = "Pace";
pub const THE_SAME: &str = "The same as the others so far.";
pub const ALL_FIGURES: &str = "All figures";

pub fn with_branch(name: &str) -> String {
    format!("with “{name}”")
}

pub fn counted_from(at: &str) -> String {
    format!("Rebalances, and partitions without an owner, are counted from {at} on.")
}

/// Actions that a run could not do, the first of them with what stood against it.
pub fn not_done(count: usize, why: &str) -> String {
    match count {
        1 => format!("An action could not be done here: {why}."),
        count => format!("{count} actions could not be done here. The first: {why}."),
    }
}
