//! The ways to a far moment and to the next event, in slices: the page answers meanwhile, and Pause stops them.

use super::Stage;
use crate::kafka::time::Time;
use crate::web::clock;
use crate::web::context::PageStateStoreFields as _;
use crate::web::words::stage as words;
use crate::world::EPOCH;
use leptos::prelude::*;

/// Simulated milliseconds beyond what has been played that are gone at once; what is farther goes in slices.
const AT_ONCE_MS: i64 = 600_000;
/// Simulated milliseconds in which the next event is looked for.
const LOOK_MS: i64 = 60_000;

#[derive(Clone, Copy)]
pub(super) struct Journey {
    from: Time,
    to: Time,
    /// Whether the run goes on when it has arrived.
    plays_on: bool,
}

impl Stage {
    /// Goes to a moment. One that is far is on its way when this returns: each frame goes on with it.
    ///
    /// # Errors
    /// What stands against it.
    pub fn seek(&self, micros: i64) -> Result<String, String> {
        let plays_on = self.journey.take().map_or_else(|| self.ui.playing().get_untracked(), |journey| journey.plays_on);
        let (from, to) = (self.run.borrow().now(), EPOCH.plus_micros(micros.max(0)));
        let is_near = to <= self.run.borrow().time.branch().end.at.plus_millis(AT_ONCE_MS);
        let mut arrived = false;
        let said = self.go(|time| {
            arrived = time.seek_within(to, &mut || is_near)?;
            Ok(())
        })?;
        if arrived {
            return Ok(said);
        }
        let journey = Journey { from, to, plays_on };
        self.journey.set(Some(journey));
        self.ui.playing().set(true);
        Ok(self.progress(journey))
    }

    /// One slice.
    pub(super) fn travel(&self, journey: Journey, more: &mut dyn FnMut() -> bool) {
        let mut arrived = false;
        let said = self.go(|time| {
            arrived = time.seek_within(journey.to, more)?;
            Ok(())
        });
        if arrived || said.is_err() {
            self.journey.set(None);
            self.ui.playing().set(journey.plays_on);
            return self.said(said);
        }
        let words = self.progress(journey);
        if self.ui.said().with_untracked(|was| *was != words) {
            self.say(words);
        }
    }

    fn progress(&self, journey: Journey) -> String {
        let whole = journey.to.micros_since(journey.from).max(1);
        let done = self.run.borrow().now().micros_since(journey.from).clamp(0, whole) / (whole / 100).max(1);
        words::on_the_way(&clock::time_words(journey.to.micros_since(EPOCH)), done)
    }

    /// Runs on, as fast as it goes, to the next event that the narrator tells within a minute; pauses there and says it.
    pub fn next(&self) {
        self.stop_seeking();
        let limit = self.run.borrow().now().plus_millis(LOOK_MS);
        self.play(true);
        self.seeking_event.set(Some(limit));
        self.run.borrow_mut().time.run_to_next_event(Some(self.ui.level().get_untracked().min(2)));
    }

    /// Whatever was looked for is not looked for any more; whether something was.
    pub(super) fn stop_seeking(&self) -> bool {
        self.run.borrow_mut().time.run_to_next_event(None);
        let (event, journey) = (self.seeking_event.take(), self.journey.take());
        event.is_some() || journey.is_some()
    }
}
