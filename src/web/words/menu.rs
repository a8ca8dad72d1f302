//! Forms in menus.

pub use super::APPLY;

pub const RESTART: &str = "Restart with these";
pub const NEW_PROCESS: &str = "With a new process";

/// `restarts`: each of them needs another process.
pub fn more_fields(count: usize, restarts: bool) -> String {
    if restarts { format!("{count} more, with a new process") } else { format!("{count} more") }
}
