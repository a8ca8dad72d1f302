//! The panels: the words on their tabs, and what each says.

pub use super::{COPIED, COPY, GO_THERE, MAY_NOT_SAVE, WHY};

pub const PANELS: &str = "Panels";
pub const LEDGER: &str = "Ledger";
pub const SINKS: &str = "Sinks";
pub const INSPECTOR: &str = "Inspector";
pub const TRANSCRIPT: &str = "Transcript";
pub const SCENARIO: &str = "Scenario";

pub const WHY_THIS: &str = "Why did this happen?";
pub const WHY_GONE: &str = "Why is a record gone?";
pub const WHY_TWICE: &str = "Why was a record given twice?";
pub const QUESTIONS: &str = "Questions of this moment";
pub const NOTHING_WRONG: &str = "Nothing looks wrong now. Choose a record, a partition, a client or a group to ask about it.";
pub const NOW: &str = "now";
pub const DIAGRAM: &str = "Space-time diagram";

pub fn more_questions(count: usize) -> String {
    format!("and {count} more")
}

pub fn answered_at(when: &str) -> String {
    format!("answered at {when}")
}

pub const RECORD: &str = "Record";
pub const KEY: &str = "Key";
pub const PLACE: &str = "Partition@offset";
pub const ACKNOWLEDGED: &str = "Acknowledged";
pub const READABLE: &str = "Readable";
pub const HANDLED: &str = "Handled";
pub const FATE: &str = "Fate";
pub const NO_RECORD: &str = "No record is like that.";
pub const RECORDS_THAT_ARE: &str = "Records that are";
pub const PARTITION: &str = "Partition";
pub const ALL_PARTITIONS: &str = "all partitions";
pub const PART: &str = "Part of a key, a producer or a place";
pub const PART_EXAMPLE: &str = "key, producer, orders-0@79";
pub const NEWER: &str = "newer";
pub const OLDER: &str = "older";

pub fn page(first: usize, until: usize, of: usize, at: &str) -> String {
    format!("{first}–{until} of {of} at {at}")
}

pub const NO_TABLE: &str =
    "No app writes into a table here: each only counts what it handles. A consumer's settings have its sink, as in sink=table.";
pub const SINK_OF: &str = "The sink of";
pub const ROWS_THAT_ARE: &str = "Rows that are";
pub const EVENT: &str = "Event, version";
pub const FROM: &str = "From";
pub const BY: &str = "By";
pub const AT: &str = "At";
pub const NOTE: &str = "Note";
pub const FOLLOW: &str = "Follow this record";
pub const NO_ROW: &str = "No row is like that.";

pub fn only(count: usize, mark: &str) -> String {
    format!("only {count} {mark}")
}

pub fn more_rows(count: usize) -> String {
    format!("{count} more rows are not shown here.")
}

pub const MAIN_EVENTS: &str = "Main events";
pub const HOW_IT_CAME: &str = "How it came about";
pub const EVERYTHING: &str = "Everything";
pub const HOW_MUCH: &str = "How much is told";
pub const FILTER: &str = "Filter the transcript";
pub const FILTER_EXAMPLE: &str = "filter";
pub const NOTHING_TOLD: &str = "Nothing has been told yet.";
pub const NO_SENTENCE: &str = "No sentence has these words.";
pub const PRESS_COPY: &str = "Press Ctrl+C";
pub const TO_COPY: &str = "The transcript, to copy";

pub fn listed(shown: usize, all: usize, gaps: &str) -> String {
    format!("{shown} of {all} sentences are listed, the nearest to now; Copy takes all. {gaps}")
}

pub const TEXT: &str = "The scenario's text";
pub const NEW: &str = "New…";
pub const OPEN_FILE: &str = "Open a file…";
pub const SAVE: &str = "Save as a file";
pub const ALL_LINES: &str = "All lines";
pub const BACK_TO_OWN: &str = "Back to my text";
pub const NOT_APPLIED: &str = "not applied yet";
pub const WHAT_RUNS: &str = "this is what runs";

pub fn wrong_line(line: u32, why: &str) -> String {
    format!("line {line}: {why}")
}
