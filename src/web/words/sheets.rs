//! Sheets: their titles, the gallery, the form of a new cluster, and what is shared.

pub use super::{CLOSE, COMPARE, COPIED, COPY, MAY_NOT_SAVE};

pub const SCENARIOS: &str = "Scenarios";
pub const NEW: &str = "A new cluster";
pub const SHARE: &str = "Share this moment";
pub const HELP: &str = "Keys, words, and what is real here";

pub const NEW_CLUSTER: &str = "New cluster…";
pub const EDIT: &str = "Edit what runs";
pub const FIND: &str = "Find a scenario";
pub const FIND_EXAMPLE: &str = "acks, rebalance, lag …";
pub const NONE_FOUND: &str = "No scenario is about that.";

pub const ELSE_IS_TEXT: &str = "Everything else is in the text that is written from this: it opens beside the picture.";
pub const BEGIN: &str = "Begin";
pub const DESCRIBED: &str = "Or with the topics of a real cluster: paste what kafka-topics.sh --describe prints";
pub const WHAT_TOOL_PRINTS: &str = "What kafka-topics.sh --describe prints";
pub const BEGIN_WITH_THESE: &str = "Begin with these topics";

pub const LINK: &str = "A link to this moment";
pub const TAG: &str = "For a page of your own";
pub const SAME_RUN: &str =
    "What you did is part of both. Who opens them sees the same run, to the byte: the cluster runs in their browser.";
pub const SAVE: &str = "Save as a scenario file";
pub const MARKED: &str = "Marked: copy it with Ctrl C";

/// What a button does with what.
pub fn copy_what(action: &str, what: &str) -> String {
    format!("{action}: {what}")
}
