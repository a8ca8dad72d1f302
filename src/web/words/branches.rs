//! Branches of a run: their chips, and two of them in a sentence.

pub const COMPARE: &str = "compare";
pub const NAME: &str = "Name of this branch";

pub fn drop(name: &str) -> String {
    format!("Drop {name}")
}

pub fn part_at(shown: &str, other: &str, at: &str) -> String {
    format!("{shown} and {other} part at {at}.")
}

pub fn the_same(shown: &str, other: &str) -> String {
    format!("{shown} and {other} are the same so far.")
}

/// What branches have come to at a moment, each in a part of `outcome`.
pub fn compared(parting: &str, at: &str, outcomes: &[String]) -> String {
    format!("{parting} At {at}; {}.", outcomes.join("; "))
}

pub fn outcome(name: &str, acked: u64, lost: u64, elections: u64) -> String {
    format!("{name}: {acked} acknowledged, {lost} lost, elections: {elections}")
}
