//! The first steps.

pub use super::CLOSE;

pub const FIRST_STEPS: &str = "First steps";
pub const CLOSE_STEPS: &str = "Close the first steps";
pub const GUESS: &str = "Your guess";
pub const INTRODUCTION: &str = "Kafka runs in this tab, for real. Five steps show what it does, and what happens when something breaks.";
pub const SKIP: &str = "Skip";
pub const THAT_WAS_ALL: &str = "That was all. What else breaks, and how, is in the list of scenarios.";

pub fn step_of(step: u32, all: u32) -> String {
    format!("{step} of {all}")
}
