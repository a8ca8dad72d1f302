//! The timeline.

pub const PAUSE_WHEN: &str = "Pause when";
pub const PAUSE_EXAMPLE: &str = "isr < 2, election";

/// What is in force, or nothing.
pub fn pause_when(conditions: &str) -> String {
    format!("pause when {}", if conditions.is_empty() { "…" } else { conditions })
}
