//! The narrator's sentences, said one at a time.

use crate::kafka::time::Time;
use crate::playground::narrate::{Sentence, Waiting};

/// Milliseconds that a sentence stays before the next replaces it: alone, and at least, however many wait.
const SENTENCE_MS: f64 = 1600.0;
const LEAST_MS: f64 = 500.0;

pub struct Narrator {
    waiting: Waiting,
    /// When the latest sentence was said, in milliseconds.
    said: f64,
}

impl Default for Narrator {
    fn default() -> Self {
        Self { waiting: Waiting::default(), said: f64::NEG_INFINITY }
    }
}

impl Narrator {
    /// Takes new sentences; gives the next one when the latest has stood long enough. A deed is said at once. While the run stands still
    /// nothing else is said, and what happened before `late` is not said any more.
    pub fn tell(&mut self, now: f64, new: impl IntoIterator<Item = Sentence>, late: Time, playing: bool) -> Option<String> {
        let mut deed = false;
        for sentence in new {
            if sentence.deed {
                self.waiting.clear();
                deed = true;
            }
            self.waiting.push(sentence);
        }
        self.waiting.forget_before(late);
        let stands = (SENTENCE_MS / self.waiting.len().max(1) as f64).max(LEAST_MS);
        let next = if deed || playing && now - self.said >= stands { self.waiting.pop() } else { None };
        if next.is_some() {
            self.said = now;
        }
        next
    }

    /// Something else is said now: what waited is dropped.
    pub fn interrupt(&mut self, now: f64) {
        self.waiting.clear();
        self.said = now;
    }

    /// The run was moved to another moment: what waited was about this one.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}
