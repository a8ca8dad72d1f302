//! Rewind: to before the first thing that was done.

use super::{Look, Offer, Progress, Step, Task};
use crate::kafka::time::Time;
use crate::world::EPOCH;

/// How long before the deed the button goes to, in microseconds.
const BEFORE_US: i64 = 1_000_000;

#[derive(Debug, Default)]
pub(super) struct Rewind {
    /// The first deed and what it was, once there is one.
    first: Option<(Time, String)>,
}

impl Step for Rewind {
    fn observe(&mut self, look: &Look) -> Progress {
        if let Some((at, action)) = look.time.deeds().first() {
            self.first = Some((*at, action.words()));
        }
        let Some((at, line)) = self.first.as_ref().filter(|_| look.time.keeps()) else { return Progress::Asked(None) };
        if look.view.now < *at && look.time.in_past() {
            let words = "This moment again, to the byte: a run is replayed, not undone. What you did is still ahead.";
            return Progress::Done(words.into(), None);
        }
        let to = at.plus_micros(-BEFORE_US).max(look.time.branch().start.at);
        Progress::Asked(Some(Task {
            text: format!("Time goes both ways. Go back to before \u{201c}{line}\u{201d}: by the button, or by the track below."),
            guesses: vec![],
            offer: Some((
                format!("Rewind to {}.{} s", to.micros_since(EPOCH) / 1_000_000, to.micros_since(EPOCH) / 100_000 % 10),
                Offer::Seek(to),
            )),
            lit: None,
        }))
    }
}
