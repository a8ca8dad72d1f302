//! Speeds in a word, and units.

pub const AUTO: &str = "auto";
pub const MAX: &str = "max";

pub const MICROS: &str = "µs";
pub const MILLIS: &str = "ms";
pub const SECONDS: &str = "s";
pub const MINUTES: &str = "min";
