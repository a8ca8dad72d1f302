//! What the page says, a file for each room. Its words stand together, so that they are read, compared and translated in one place; the
//! rooms have what the words stand on. Three kinds of words are elsewhere: an error's are declared with its type (`#[error("…")]`), names
//! that the style sheets, the browser or the scenario language know are no words, and what the cluster does is told by the floors below.

pub mod api;
pub mod bar;
pub mod branches;
pub mod cards;
pub mod clock;
pub mod compare;
pub mod guide;
pub mod help;
pub mod inspector;
pub mod menu;
pub mod panels;
pub mod sheets;
pub mod stage;
pub mod store;
pub mod timeline;

pub const APPLY: &str = "Apply";
pub const CLOSE: &str = "Close";
pub const COMPARE: &str = "Compare";
pub const COPIED: &str = "Copied";
pub const COPY: &str = "Copy";
pub const GO_THERE: &str = "Go to this moment";
pub const MAY_NOT_SAVE: &str = "This page may not save files.";
pub const NEXT_EVENT: &str = "Step to the next event";
pub const PAUSE: &str = "Pause";
pub const PLAY: &str = "Play";
pub const PREVIOUS_EVENT: &str = "Step back to the event before";
pub const WHY: &str = "Why?";

/// A record by its place.
pub fn record(topic: &str, partition: i32, offset: i64) -> String {
    format!("{topic}-{partition} {}", at_offset(offset))
}

pub fn at_offset(offset: i64) -> String {
    format!("offset {offset}")
}
