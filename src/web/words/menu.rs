//! Forms in menus.

pub use super::APPLY;

pub const RESTART: &str = "Restart with these";
pub const NEW_PROCESS: &str = "With a new process";

pub fn more_fields(count: usize) -> String {
    format!("{count} more, with a new process")
}
