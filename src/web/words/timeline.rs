//! The timeline: its lanes, its window, the past, and where it pauses.

pub const TIMELINE: &str = "Timeline";
pub const LANES: &str = "Lanes";
pub const LANES_MEANS: &str = "Elections, ISR, owners, actions, partitions without a leader, lag: a lane each";
pub const ARROWS_GO: &str = "arrows go from event to event, Enter goes there";
pub const WHOLE_RUN: &str = "The whole run: drag to move the part below";
pub const MOMENT: &str = "Moment of the run";
pub const ONLY_FORWARD: &str = "this cluster is being saved: it goes only forward";
pub const ZOOM_OUT: &str = "Zoom out";
pub const ZOOM_OUT_MEANS: &str = "Zoom out (−)";
pub const ZOOM_IN: &str = "Zoom in";
pub const ZOOM_IN_MEANS: &str = "Zoom in (+), or Ctrl and the wheel";
pub const IN_THE_PAST: &str = "You are in the past: acting here forks the run.";
pub const TO_ITS_END: &str = "To its end";
/// Behind what is told of a mark.
pub const ON_OTHER_BRANCH: &str = " · on the other branch";

pub fn history(checkpoints: u32, megabytes: u64, most: u64) -> String {
    format!("History: {checkpoints} checkpoints, {megabytes} of {most} MB")
}

pub fn nobody_yet(at: &str, partition: &str) -> String {
    format!("{at} · nobody has had {partition} yet")
}

pub const PAUSE_WHEN: &str = "Pause when";
pub const PAUSE_EXAMPLE: &str = "isr < 2, election";

/// What is in force, or nothing.
pub fn pause_when(conditions: &str) -> String {
    format!("pause when {}", if conditions.is_empty() { "…" } else { conditions })
}
