//! What the narrator has said.

use super::{Sentence, narrate};
use crate::world::World;
use crate::world::event::EventId;
use std::collections::VecDeque;

/// Sentences that a transcript keeps; older ones go.
pub const MAX_SENTENCES: u32 = 1000;

/// What the narrator has said so far, up to a level.
#[derive(Clone, Debug)]
pub struct Transcript {
    level: u8,
    next: EventId,
    sentences: VecDeque<Sentence>,
}

impl Transcript {
    /// `level`: 1 to 3.
    pub fn new(level: u8) -> Self {
        Self { level, next: EventId(0), sentences: VecDeque::new() }
    }

    /// One that tells what happens from now on.
    pub fn after(level: u8, world: &World) -> Self {
        Self { next: world.next_event(), ..Self::new(level) }
    }

    /// Narrates the events since the last time; returns how many sentences are new. Events that the world no longer keeps
    /// are told by their number.
    pub fn update(&mut self, world: &World) -> u32 {
        let events = world.events();
        let Some(first) = events.first() else { return 0 };
        let mut new = 0;
        if first.id > self.next {
            let missed = first.id.0 - self.next.0;
            let text = format!("{missed} events went by too fast to be told.");
            self.push(Sentence { level: 1, at: first.at, text, event: first.id, deed: false });
            new += 1;
        }
        let start = usize::try_from(self.next.0.saturating_sub(first.id.0)).unwrap_or(usize::MAX);
        for event in events.iter().skip(start) {
            if let Some(sentence) = narrate(event, world).filter(|sentence| sentence.level <= self.level) {
                self.push(sentence);
                new += 1;
            }
            self.next = EventId(event.id.0 + 1);
        }
        new
    }

    fn push(&mut self, sentence: Sentence) {
        if self.sentences.len() as u64 >= u64::from(MAX_SENTENCES) {
            self.sentences.pop_front();
        }
        self.sentences.push_back(sentence);
    }

    /// Oldest first.
    pub fn sentences(&self) -> impl DoubleEndedIterator<Item = &Sentence> + ExactSizeIterator {
        self.sentences.iter()
    }

    pub fn latest(&self) -> Option<&Sentence> {
        self.sentences.back()
    }
}
