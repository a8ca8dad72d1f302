//! The help: keys, what is real here; and the key of signs at the foot.

pub use super::{NEXT_EVENT, PREVIOUS_EVENT};

pub const KEYS: &str = "Keys, while the focus is inside";
pub const SPACE: &str = "Space";
pub const PLAY_PAUSE: &str = "Play, pause";
pub const FORWARD: &str = "A second forward";
pub const BACK: &str = "A second back";
pub const THIS_SHEET: &str = "This sheet";
pub const FIRST_PANEL: &str = "The first panel, open or closed";
pub const SECOND_PANEL: &str = "The second panel";
pub const THIRD_PANEL: &str = "The third panel";
pub const FOURTH_PANEL: &str = "The fourth panel";
pub const FIFTH_PANEL: &str = "The fifth panel";
pub const SIXTH_PANEL: &str = "The sixth panel";

/// Keys that the stage and its cards handle.
pub const KEYS_ELSEWHERE: &[(&str, &str)] = &[
    ("+ −", "Zoom into what has the focus, and out"),
    ("← →", "On a partition: from record to record"),
    ("Enter", "On a record: follow it"),
    ("Esc", "Let go, close, zoom out"),
    ("Ctrl Z, Ctrl Y", "Undo and redo what was done"),
];

pub const WHAT_IS_REAL: &str = "What is real here";
/// What stands here for what, and how far it goes.
pub const REAL: &[(&str, &str)] = &[
    (
        "Brokers, controllers",
        "Real: the same state machines answer real Kafka clients over sockets. Requests, files and logs are Kafka's, byte for byte.",
    ),
    ("Producers, consumers", "Real: they do what the Java clients do, and speak to brokers in Kafka's frames only."),
    ("Apps around them", "Simulated: they send at the rate that is set, and handle a record in the time that is set."),
    ("Network", "Simulated: delay, jitter, loss and cuts as TCP shows them; order holds within a connection."),
    ("Disks", "In memory, with what is flushed marked: a power loss takes the rest. With a store, also in this browser."),
    ("Time", "Simulated, in microseconds, from one seed: the same run again, to the byte."),
    ("Processor", "Free: work takes no time, except where a handler or a disk is slowed."),
    ("Absent", "Compaction, share groups, fetching from followers, ACLs, quotas, TLS, tiered storage."),
];

pub const WORDS: &str = "Words";

pub const SIGNS: &str = "Key";
pub const RECORD: &str = "a record; its colour and sign: its key";
pub const NOT_REPLICATED: &str = "not yet on every replica in sync";
pub const HIGH_WATERMARK: &str = "HW: readable up to here";
pub const READER: &str = "a reader's place";
pub const COMMITTED_OFFSET: &str = "a group's committed offset";
pub const DEAD: &str = "dead";
pub const TOMBSTONE: &str = "a tombstone: a record without a value";
pub const FOLLOWER: &str = "a follower's copy, up to its end; dashed: not in sync; red: down";
pub const TEAR: &str = "cut off here: these records are gone from this copy";
pub const GOES_ON: &str = "goes on where nothing is drawn";
pub const CUT_LINK: &str = "a link that is cut";
pub const SLOW_LINK: &str = "a link that is slow or lossy";
pub const NOBODY: &str = "in the lanes: nobody reads the partition";
pub const TRANSACTION: &str = "an open transaction and its records";
pub const LAST_STABLE: &str = "LSO: read_committed reads up to here";
pub const ABORTED: &str = "aborted";
pub const COMMIT_MARKER: &str = "COMMIT marker";
pub const ABORT_MARKER: &str = "ABORT marker";
