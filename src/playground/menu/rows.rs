//! The items that are words and a line: `$` in a line is the thing's name.

/// When it is offered (any of these) and how, its kind, its words, what they mean, and the line.
pub(super) struct Row(pub u16, pub &'static str, pub &'static str, pub &'static str, pub &'static str);

pub(super) const RUNNING: u16 = 1;
pub(super) const FROZEN: u16 = 2;
pub(super) const DOWN: u16 = 4;
pub(super) const SLOW: u16 = 8;
pub(super) const FULL: u16 = 16;
pub(super) const SKEWED: u16 = 32;
pub(super) const STATES: u16 = 127;
pub(super) const HURTS: u16 = 256;
pub(super) const QUICK: u16 = 512;
const UP: u16 = RUNNING | FROZEN;

pub(super) const BROKER: &[Row] = &[
    Row(UP | HURTS, "Process", "Kill", "Its process dies; its page cache stays", "kill $"),
    Row(UP | HURTS, "Process", "Lose power", "Its machine dies; what was not flushed is lost", "power-loss $"),
    Row(RUNNING, "Process", "Stop", "A controlled shutdown: its leaders move first", "stop $"),
    Row(RUNNING, "Process", "Freeze", "It stands still, as in a long garbage collection", "pause $"),
    Row(FROZEN, "Process", "Thaw", "It goes on where it stood still", "resume $"),
    Row(DOWN, "Process", "Start", "It starts again from its disk", "restart $"),
    Row(RUNNING, "Disk", "Slow disk", "Whatever it writes takes 300 ms longer", "slow-disk $ 300ms"),
    Row(SLOW, "Disk", "Quick disk", "As fast as before", "slow-disk $ 0"),
    Row(RUNNING | DOWN | HURTS, "Disk", "Fill the disk", "Not a byte is free", "full-disk $ free=0"),
    Row(FULL, "Disk", "Free the disk", "There is room again", "full-disk $ healed"),
    Row(DOWN | HURTS, "Disk", "Wipe the disk", "All its files are lost", "wipe $"),
    Row(RUNNING, "Clock", "Clock ahead", "By a minute", "skew $ 60s"),
    Row(RUNNING, "Clock", "Clock behind", "By a minute", "skew $ -60s"),
    Row(SKEWED, "Clock", "Set the clock", "It is right again", "skew $ 0"),
];

pub(super) const CLIENT: &[Row] = &[
    Row(UP | HURTS | QUICK, "Process", "Crash", "Its process dies and says nothing", "crash $"),
    Row(RUNNING, "Process", "Stop", "It ends as its program would: what it has is sent first", "stop $"),
    Row(RUNNING, "Process", "Freeze", "It stands still, as in a long garbage collection", "pause $"),
    Row(FROZEN | QUICK, "Process", "Resume", "It goes on where it stood still", "resume $"),
    Row(DOWN | QUICK, "Process", "Restart", "A new process with the same settings", "restart $"),
];

pub(super) const CONSUMER: &[Row] = &[
    Row(SLOW, "Handler", "Quick", "A tenth of a second for each record", "handle $ 100ms"),
    Row(RUNNING, "Handler", "Slow", "Two seconds for each record", "handle $ 2s"),
    Row(UP | HURTS | QUICK, "Process", "Crash", "Its group notices after session.timeout.ms", "crash $"),
    Row(RUNNING, "Process", "Stop", "It commits and leaves its group", "stop $"),
    Row(RUNNING | QUICK, "Process", "Freeze", "No heartbeats, as in a long garbage collection", "pause $"),
    Row(FROZEN | QUICK, "Process", "Resume", "It goes on where it stood still", "resume $"),
    Row(DOWN | QUICK, "Process", "Restart", "A new process with the same settings", "restart $"),
];
