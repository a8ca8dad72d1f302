//! What can be looked into: frames and records as fields and bytes, and what a node keeps, in Kafka's words.

mod configs;
mod frame;
mod list;
mod meaning;
mod paste;
mod state;
#[cfg(test)]
mod tests;

pub use configs::{Config, check, configs};
pub use frame::{frame, hex, place_of, record};
pub use list::{Sent, frames, sent};
pub use meaning::meaning;
pub use paste::{Pasted, paste, properties};
pub use state::{Line, state};
