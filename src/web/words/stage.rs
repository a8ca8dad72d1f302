//! The frame of the playground, and what is said under the stage: of deeds, of moments, of the ledger and of scenario files.

pub const SKIP_TO_STAGE: &str = "To the stage";
pub const SKIP_TO_DECK: &str = "To time and panels";
pub const DECK: &str = "Time, ledger and panels";
pub const FAULTS: &str = "What can be done here";
pub const REDO: &str = "Redo";
pub const UNDO: &str = "Undo";

pub fn playground(title: &str) -> String {
    format!("Kafka playground: {title}")
}

pub fn compare_by(what: &str) -> String {
    format!("Compare by {what}")
}

pub const AGAIN: &str = "delivered again";
pub const TWICE: &str = "twice in a log";
pub const OUT_OF_ORDER: &str = "out of order";

pub fn ledger(sent: u64, acked: u64, readable: u64, lost: u64) -> String {
    format!("{sent} sent · {acked} acknowledged · {readable} readable · {lost} lost")
}

pub const FROM_BEGINNING: &str = "From the beginning.";
pub const NOTHING_WITHIN_A_MINUTE: &str = "Nothing worth telling happens within a minute.";
pub const NOTHING_TO_UNDO: &str = "There is nothing to take back.";
pub const SAVED_NOT_OPENED: &str = "This cluster is being saved; another scenario needs a page of its own.";
pub const SAVED_NOT_EDITED: &str = "This cluster is being saved: its scenario cannot be changed any more.";

pub fn forked(branch: &str) -> String {
    format!("This branch is “{branch}” now; the other stays as it was.")
}

pub fn asked(line: &str) -> String {
    format!("“{line}” waits: the cluster is asked, and answers once time goes on.")
}

/// How undo and redo are told to the host page.
pub fn deed_again(redo: bool, what: &str) -> String {
    format!("{} {what}", if redo { "redo" } else { "undo" })
}

pub fn redone(branch: &str, what: &str) -> String {
    format!("This is “{branch}” again: {what}.")
}

pub fn undone(branch: &str, what: &str) -> String {
    format!("Taken back: {what}. “{branch}” stays as it was, beside this one.")
}

pub fn on_the_way(to: &str, percent: i64) -> String {
    format!("On the way to {to}: {percent} %. Pause stops it.")
}

pub fn paused_at(why: &str) -> String {
    format!("Paused at {why}.")
}

pub const TOO_LARGE: &str = "it is larger than a megabyte";
pub const UNREADABLE: &str = "it cannot be read";
pub const WRONG_BEGINNING: &str = "its first line is expected to be: tidepool 1";

pub fn no_scenario(name: &str, why: &str) -> String {
    format!("{name} is no scenario: {why}.")
}
