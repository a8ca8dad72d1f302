//! What a run knew at a moment of the past.

use super::{LOOK_BACK, Moment, Timeline, since};
use crate::kafka::time::Time;
use crate::world::first_kept;

/// Events that are played again at most to bring others back: some hundred milliseconds of the page's engine.
pub const MAX_REPLAY: u64 = 60_000;

/// Brings back the events that would be kept here had nobody leapt: a leap knows only those that are kept with its checkpoint. They are
/// played again beside the run, which stays where it is. Whether there are more now.
pub fn replay_events(timeline: &mut Timeline) -> bool {
    let next = timeline.moment().events;
    let known = timeline.world().events().first().map_or(next, |event| event.id.0);
    // A checkpoint has as many with it.
    let with = LOOK_BACK as u64;
    let from = first_kept(next).max(timeline.branch().start.events.saturating_sub(with));
    let fits = |moment: Moment| moment.events <= from + with && moment.events + MAX_REPLAY >= known;
    if known <= from {
        return false;
    }
    let Ok(Some(mut state)) = timeline.before(timeline.current, fits) else { return false };
    let mut events = Vec::new();
    let mut seen = from;
    loop {
        events.extend(since(state.play.world(), seen).iter().take_while(|event| event.id.0 < known).cloned());
        seen = state.moment().events.max(from);
        if seen >= known || !state.turn(&timeline.branch().actions, Time(i64::MAX)) {
            break;
        }
    }
    if events.len() as u64 != known - from {
        return false;
    }
    events.extend_from_slice(timeline.world().events());
    timeline.world_mut().restore_events(events);
    true
}
