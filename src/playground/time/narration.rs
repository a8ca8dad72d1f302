//! What the narrator has said on a branch: levels 1 and 2 are kept with the branch, level 3 is told from the events that are kept.

use super::{LOOK_BACK, Timeline};
use crate::playground::narrate::{Sentence, narrate, often};
use crate::world::World;
use crate::world::event::Event;
use std::collections::VecDeque;

/// Sentences of levels 1 and 2 that a branch keeps; older ones go.
pub const MAX_NARRATION: u32 = 2_000;

#[derive(Clone, Debug, Default)]
pub struct Narration {
    all: VecDeque<Sentence>,
    /// Sentences that went.
    dropped: u64,
}

impl Narration {
    pub(super) fn take(&mut self, event: &Event, world: &World) {
        if often(&event.kind) {
            return;
        }
        if let Some(sentence) = narrate(event, world).filter(|sentence| sentence.level < 3) {
            if self.all.len() >= MAX_NARRATION as usize {
                self.all.pop_front();
                self.dropped += 1;
            }
            self.all.push_back(sentence);
        }
    }

    pub(super) fn keep_before(&mut self, event: u64) {
        self.all.retain(|sentence| sentence.event.0 < event);
    }
}

impl Timeline {
    /// What is told from event `from` on, oldest first: of levels 1 and 2 all that the branch knows, also of what is to come when one
    /// is in the past; of level 3 what happened in the last `LOOK_BACK` events until now.
    pub fn narration(&self, level: u8, from: u64) -> Vec<Sentence> {
        let world = self.world();
        let (here, kept) = (self.moment().events, world.events());
        let kept = kept.get(kept.len().saturating_sub(LOOK_BACK)..).unwrap_or_default();
        let all = &self.branch().narration.all;
        let stored = |from: u64, to: u64| all.iter().filter(move |s| s.level <= level && (from..to).contains(&s.event.0)).cloned();
        let mut out: Vec<Sentence> = match kept.first().filter(|_| level > 2) {
            None => stored(from, u64::MAX).collect(),
            Some(first) => {
                let mut out: Vec<Sentence> = stored(from, first.id.0).collect();
                out.extend(kept.iter().filter(|event| event.id.0 >= from).filter_map(|event| narrate(event, world)));
                out.extend(stored(here.max(from), u64::MAX));
                out
            }
        };
        // What a rebalance has come to is told after the event with which it ends.
        out.extend(self.branch().handovers.sentences(from));
        out.sort_by_key(|sentence| sentence.event);
        out
    }

    /// What is missing in it, in words; empty when nothing is.
    pub fn narration_gaps(&self, level: u8) -> String {
        let mut said = String::new();
        let dropped = self.branch().narration.dropped;
        if dropped > 0 {
            said = format!("The first {dropped} sentences are gone: {MAX_NARRATION} are kept. ");
        }
        if level > 2 && self.moment().events > LOOK_BACK as u64 {
            said += &format!("Level 3 covers the last {LOOK_BACK} events; what came before is told at level 2.");
        }
        said
    }
}
