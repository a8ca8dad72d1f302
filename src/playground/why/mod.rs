//! "Why?": from a state, or from something that is absent, back to the action or the fault that began it.
//!
//! A question is one file in `questions/` and one line in the list of `questions/mod.rs`: the trait `Ask` names its parts, and a missing
//! part does not compile. What several answers share (a node that was killed, a replica that left the ISR, a rebalance) is told by
//! `explanation/`.

mod explanation;
mod places;
mod questions;
mod suggestions;
#[cfg(test)]
mod testing;

pub use explanation::seconds;
pub use places::{RecordAt, TopicPartition};
pub use questions::*;
pub use suggestions::{Occasion, of_ledger, of_record, on_cards, suggested_questions, wrong_with};

use crate::kafka::time::Time;
use crate::world::World;
use crate::world::event::EventId;
use crate::world::judge::Judge;
use explanation::Explanation;
use std::fmt;
use std::str::FromStr;

/// A kind of question. The implementing struct holds what it is asked about; things are named as on the stage.
pub trait Ask: Clone + PartialEq + Eq + fmt::Debug + Into<Question> {
    /// How it is typed, as help shows it: `gone TOPIC-N@OFFSET`. The first word is its name.
    const FORM: &'static str;
    /// One that can be typed: `gone orders-0@79`. A test reads it and writes it back.
    const EXAMPLE: &'static str;

    /// Reads the words that follow the name.
    fn parse(words: &[&str]) -> Option<Self>;

    /// What `parse` reads: the words that follow the name.
    fn arguments(&self) -> String;

    /// As a person asks it.
    fn asked(&self) -> String;

    /// Which questions of this kind are suggested on an occasion.
    fn suggested(occasion: &Occasion<'_>) -> Vec<Self>;

    /// Answers; whether what was asked about is so. If it is not, the first link says what is so instead.
    fn answer(&self, explanation: &mut Explanation<'_>) -> bool;
}

impl fmt::Display for Question {
    /// As a person asks it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.asked())
    }
}

/// What was typed is none of the questions.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", forms())]
pub struct NotAQuestion;

impl FromStr for Question {
    type Err = NotAQuestion;

    fn from_str(text: &str) -> Result<Self, NotAQuestion> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Self::from_words(&words).ok_or(NotAQuestion)
    }
}

/// One sentence of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    pub text: String,
    /// When it happened; the present for what is so now.
    pub at: Time,
    /// The event that it rests on; `None` for what is so now and for actions whose events are no longer kept.
    pub event: Option<EventId>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Whether what was asked about is so. If not, the first link says what is so instead.
    pub so: bool,
    /// From now back to what began it: later links never happened after earlier ones.
    pub links: Vec<Link>,
}

/// Answers from the run as it is now. `judge`: the one that has watched this run.
pub fn why(world: &World, judge: &Judge, question: &Question) -> Answer {
    let view = world.view();
    let mut explanation = Explanation::new(world, judge, &view);
    let so = question.answer(&mut explanation);
    Answer { so, links: explanation.finish() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_typed_as_it_is_read() {
        for (form, example) in EXAMPLES {
            let question: Question = example.parse().unwrap_or_else(|error| panic!("{example}: {error}"));
            assert_eq!(question.typed(), *example);
            assert!(forms().contains(form) && form.split(' ').next() == example.split(' ').next());
            assert!(question.to_string().starts_with("Why ") && question.to_string().ends_with('?'));
        }
    }

    #[test]
    fn questions_are_understood_or_not() {
        for (text, asked) in [
            ("not-readable my-orders-0@63", "Why can offset 63 of my-orders-0 not be read yet?"),
            ("idle billing-1", "Why does billing-1 do nothing?"),
            ("late checkout", "Why has checkout no answer?"),
            ("lag billing orders-2", "Why is billing behind on orders-2?"),
            ("leaderless orders-0", "Why has orders-0 no leader?"),
            (" out-of-sync  orders-0 broker-2", "Why is broker-2 not in sync for orders-0?"),
            ("twice billing orders-0@5", "Why was offset 5 of orders-0 given to billing twice?"),
            ("gone orders-0@79", "Why is offset 79 of orders-0 gone?"),
            ("event 512", "Why did this happen?"),
        ] {
            assert_eq!(text.parse::<Question>().map(|question| question.to_string()).as_deref(), Ok(asked));
        }
        let none =
            ["", "idle", "idle a b", "gone orders-0", "gone -0@1", "lag billing orders", "out-of-sync orders-0 2", "twice a b-0@x", "why"];
        for text in none {
            assert_eq!(text.parse::<Question>(), Err(NotAQuestion), "{text}");
        }
    }
}
