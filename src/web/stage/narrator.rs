//! The narrator's sentences, said one at a time.

use crate::playground::narrate::{Sentence, Waiting};

/// Milliseconds that a sentence stays before the next replaces it.
const SENTENCE_MS: f64 = 1600.0;

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
    /// Takes new sentences; gives the next one when the latest has stood long enough.
    pub fn tell(&mut self, now: f64, new: impl IntoIterator<Item = Sentence>) -> Option<String> {
        for sentence in new {
            self.waiting.push(sentence);
        }
        let next = if now - self.said >= SENTENCE_MS { self.waiting.pop() } else { None };
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

    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}
