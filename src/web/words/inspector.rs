//! The inspector: what is looked into, as state, configs, frames and bytes.

pub use super::{APPLY, record};

pub const WHAT: &str = "What to look into";
pub const VIEW: &str = "View";
pub const STATE: &str = "State";
pub const CONFIGS: &str = "Configs";
pub const FRAMES: &str = "Frames";
pub const BYTES: &str = "Bytes";
pub const FIELDS: &str = "Fields";

pub fn topic(name: &str) -> String {
    format!("topic {name}")
}

pub fn group(name: &str) -> String {
    format!("group {name}")
}

pub fn frame(number: u64) -> String {
    format!("frame {number}")
}

pub fn states_of_group(now: &str) -> String {
    format!("The states of the group; it is {now}")
}

pub const NO_CONFIGS: &str = "It has no configs of its own, or no process.";
pub const TO_CLIENT: &str = "A change gives it a new process. An empty value takes it back.";
pub const TO_BROKER: &str = "A change goes to this broker as IncrementalAlterConfigs. An empty value takes it back.";
pub const TO_CONTROLLER: &str = "A change goes to the controller as IncrementalAlterConfigs. An empty value takes it back.";
pub const PASTE: &str = "Paste a .properties file";
pub const PROPERTIES: &str = "Lines of a .properties file";
pub const PROPERTIES_EXAMPLE: &str = "acks=all";
pub const WHOM: &str = "Whom a change is for";
pub const THIS_BROKER: &str = "This broker";
pub const ALL_BROKERS: &str = "All brokers";
pub const SET: &str = "set";

/// A group of configs that is folded.
pub fn folded(group: &str, count: usize) -> String {
    format!("{group} ({count})")
}

/// The default of a config, behind where its value is from.
pub fn default(from: &str, default: &str) -> String {
    match default {
        "" => format!("{from}no default"),
        default => format!("{from}default {default}"),
    }
}

pub const NO_FRAME: &str = "No frame lately.";
pub const SEARCH: &str = "Frames that these words speak of";
pub const SEARCH_EXAMPLE: &str = "node, API, request, response";
pub const UNDER_WAY: &str = "under way";
pub const GO_TO_SENT: &str = "Go to when it was sent";
pub const NO_BYTES: &str =
    "A frame chosen among Frames, or a record on the stage, is shown here as fields and bytes. Old frames are forgotten.";

pub fn bytes(count: u32) -> String {
    format!("{count} bytes")
}

/// A frame and what it is for.
pub fn sent(words: &str, meaning: &str, count: u32) -> String {
    let what = if meaning.is_empty() { String::new() } else { format!(" ({meaning})") };
    format!("{words}{what}, {}", bytes(count))
}

pub fn batch(count: u32) -> String {
    format!("batch of {}", bytes(count))
}

pub fn more_fields(count: usize) -> String {
    format!("{count} more fields are not shown.")
}

pub fn more_bytes(count: usize) -> String {
    format!("{count} more bytes are not shown.")
}
