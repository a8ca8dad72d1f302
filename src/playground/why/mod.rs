//! "Why?": from a state, or from something that is not there, back to the action or the fault that began it.
//!
//! A new question is a variant of `Question` and a line in `why`; a new answer is a method of `Explanation` beside its like: what the
//! clients do, what partitions do, what becomes of records. What several answers end in (a node that was killed, a replica out of
//! the ISR, a rebalance) is told in one place each.

mod causal_chain;
mod clients;
mod explanation;
mod groups;
mod parse;
mod partitions;
mod records;
pub mod suggested_questions;
#[cfg(test)]
mod tests;

use crate::kafka::time::Time;
use crate::world::World;
use crate::world::event::EventId;
use crate::world::judge::Judge;
pub use causal_chain::{told_as, waited_for};
use explanation::Explanation;
pub use explanation::seconds;
pub use parse::{FORMS, NotAQuestion};
use std::fmt;
use std::sync::Arc;

/// What can be asked. Things are named as on the stage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// Why can consumers not read this record yet?
    NotReadable { topic: Arc<str>, partition: i32, offset: i64 },
    /// Why does this consumer do nothing?
    Idle { consumer: Arc<str> },
    /// Why is what this producer sends refused, or not answered yet?
    Late { producer: Arc<str> },
    /// Why does this group's lag not go down?
    Lag { group: Arc<str>, topic: Arc<str>, partition: i32 },
    /// Why does nobody lead this partition?
    Leaderless { topic: Arc<str>, partition: i32 },
    /// Why is this replica not in sync?
    OutOfSync { topic: Arc<str>, partition: i32, broker: i32 },
    /// Why was this record given twice? `reader`: a group, or a consumer without one.
    Twice { reader: Arc<str>, topic: Arc<str>, partition: i32, offset: i64 },
    /// Why is this record gone, although it was acknowledged with this offset?
    Gone { topic: Arc<str>, partition: i32, offset: i64 },
    /// Why did this happen?
    Happened { event: EventId },
}

impl fmt::Display for Question {
    /// As a person would ask it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReadable { topic, partition, offset } => write!(f, "Why can offset {offset} of {topic}-{partition} not be read yet?"),
            Self::Idle { consumer } => write!(f, "Why does {consumer} do nothing?"),
            Self::Late { producer } => write!(f, "Why has {producer} no answer?"),
            Self::Lag { group, topic, partition } => write!(f, "Why is {group} behind on {topic}-{partition}?"),
            Self::Leaderless { topic, partition } => write!(f, "Why has {topic}-{partition} no leader?"),
            Self::OutOfSync { topic, partition, broker } => write!(f, "Why is broker-{broker} not in sync for {topic}-{partition}?"),
            Self::Twice { reader, topic, partition, offset } => {
                write!(f, "Why was offset {offset} of {topic}-{partition} given to {reader} twice?")
            }
            Self::Gone { topic, partition, offset } => write!(f, "Why is offset {offset} of {topic}-{partition} gone?"),
            Self::Happened { .. } => f.write_str("Why did this happen?"),
        }
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
    let so = match question {
        Question::NotReadable { topic, partition, offset } => explanation.not_readable(topic, *partition, *offset),
        Question::Idle { consumer } => explanation.idle(consumer),
        Question::Late { producer } => explanation.late(producer),
        Question::Lag { group, topic, partition } => explanation.lag(group, topic, *partition),
        Question::Leaderless { topic, partition } => explanation.leaderless(topic, *partition),
        Question::OutOfSync { topic, partition, broker } => explanation.out_of_sync(topic, *partition, *broker),
        Question::Twice { reader, topic, partition, offset } => explanation.twice(reader, topic, *partition, *offset),
        Question::Gone { topic, partition, offset } => explanation.gone(topic, *partition, *offset),
        Question::Happened { event } => explanation.causal_chain(*event),
    };
    Answer { so, links: explanation.finish() }
}
