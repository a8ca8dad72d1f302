//! The bar: its buttons, the time, and how the cluster is.

use crate::playground::narrate::plural;
use std::fmt::Display;

pub use super::{COMPARE, NEXT_EVENT, PAUSE, PLAY, PREVIOUS_EVENT};

pub const TIDEPOOL: &str = "Tidepool";
pub const ALL_SCENARIOS: &str = "All scenarios";

pub const STEP_BACK: &str = "Step back";
pub const NEXT: &str = "Next event worth seeing";
pub const ON_TO_NEXT: &str = "On to the next event worth seeing";

pub const SKIP_IDLE: &str = "skip idle";
pub const SKIP_IDLE_MEANS: &str = "Waits in which nothing moves pass at once";
pub const AUTO_MEANS: &str = "Slow where something happens, fast through waits";
pub const SPEED: &str = "Speed";
pub const SPEED_MEANS: &str = "Simulated seconds a second, from 1/1000 to as fast as it goes: ten steps are ten times as fast";

pub const SIMULATED_TIME: &str = "Simulated time";
pub const NOTHING_NEXT: &str = "nothing will happen by itself";

pub const BROKEN: &str = "An invariant is broken";
pub const ALL_HOLD: &str = "Every invariant of Kafka holds";

pub const COMPARE_MEANS: &str = "This run under other settings, side by side";
pub const RESET: &str = "Reset";
pub const HELP: &str = "Help";
pub const LIGHT_OR_DARK: &str = "Light or dark";

pub fn next(why: &impl Display, span: &str) -> String {
    format!("next: {why} in {span}")
}

pub fn broken(invariant: &str) -> String {
    format!("An invariant does not hold: {invariant}")
}

pub fn under_way(records: usize) -> String {
    match records {
        0 => String::new(),
        some => format!("{} under way", plural(some, "record")),
    }
}
