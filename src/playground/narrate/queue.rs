//! What waits to be said where one sentence at a time is said: few, and never so many small ones that a large one is missed.

use super::Sentence;
use crate::kafka::time::Time;
use std::collections::VecDeque;

/// Sentences that wait; then the oldest of the least important give way.
pub const MAX_WAITING: usize = 6;

#[derive(Clone, Debug, Default)]
pub struct Waiting {
    all: VecDeque<Sentence>,
}

impl Waiting {
    /// A sentence of level 3 waits only when nothing else does, and gives way to any other: there are many of them, and late they
    /// say nothing.
    pub fn push(&mut self, sentence: Sentence) {
        self.all.retain(|other| other.level < 3);
        if sentence.level > 2 && !self.all.is_empty() {
            return;
        }
        if self.all.len() >= MAX_WAITING {
            let at = self.all.iter().position(|other| other.level > 1).unwrap_or(0);
            self.all.remove(at);
        }
        self.all.push_back(sentence);
    }

    pub fn pop(&mut self) -> Option<String> {
        self.all.pop_front().map(|sentence| sentence.text)
    }

    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// What happened before is not waited for any more: it would come late.
    pub fn forget_before(&mut self, at: Time) {
        self.all.retain(|sentence| sentence.at >= at);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::event::EventId;

    #[test]
    fn what_is_late_is_not_said() {
        let mut waiting = Waiting::default();
        for at in [1, 2, 3] {
            waiting.push(Sentence { level: 1, at: Time(at), text: at.to_string(), event: EventId(0), deed: false });
        }
        waiting.forget_before(Time(3));
        assert_eq!((waiting.len(), waiting.pop().as_deref()), (1, Some("3")));
    }

    #[test]
    fn small_sentences_do_not_crowd_out_large_ones() {
        let mut waiting = Waiting::default();
        let say = |level: u8, text: &str, waiting: &mut Waiting| {
            waiting.push(Sentence { level, at: Time(0), text: text.into(), event: EventId(0), deed: false });
        };
        say(3, "fetched", &mut waiting);
        say(3, "fetched again", &mut waiting);
        assert_eq!((waiting.pop().as_deref(), waiting.is_empty()), (Some("fetched again"), true));
        say(1, "killed", &mut waiting);
        for n in 0..20 {
            say(2, &format!("vote {n}"), &mut waiting);
            say(3, "fetched", &mut waiting);
        }
        let said: Vec<String> = std::iter::from_fn(|| waiting.pop()).collect();
        assert_eq!(said, ["killed", "vote 15", "vote 16", "vote 17", "vote 18", "vote 19"]);
    }
}
