//! A new cluster from a few numbers, as the text of a scenario: the reader goes on from there.

use crate::world::MAX_BROKERS;
use std::fmt::Write as _;

/// Behind the number of brokers: a network whose frames can be followed, and groups that begin soon.
pub(super) const BEGINS: &str =
    "link     latency=60ms jitter=30ms\nconfig   offsets.topic.num.partitions=1\nconfig   group.initial.rebalance.delay.ms=1000";
pub(super) const ENDS: &str = "\n# A line for what is to happen, as in:\n# at 20s   kill broker-1\nrun      60s\n";

/// What a new cluster has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blank {
    pub brokers: u32,
    pub topics: u32,
    /// Of each topic.
    pub partitions: u32,
    /// Brokers that each partition is on.
    pub replicas: u32,
    /// Of each topic.
    pub producers: u32,
    /// Of the group of each topic.
    pub members: u32,
}

impl Default for Blank {
    fn default() -> Self {
        Self { brokers: 3, topics: 1, partitions: 3, replicas: 3, producers: 1, members: 2 }
    }
}

/// A number of the form: what it is called, what it says, its least and its most.
pub struct Field {
    pub name: &'static str,
    pub means: &'static str,
    pub range: (u32, u32),
    pub of: fn(&mut Blank) -> &mut u32,
}

/// In the order in which they are asked for.
pub const FIELDS: [Field; 6] = [
    Field { name: "brokers", means: "Each is a controller too", range: (1, MAX_BROKERS), of: |blank| &mut blank.brokers },
    Field { name: "topics", means: "None: an empty cluster", range: (0, 8), of: |blank| &mut blank.topics },
    Field { name: "partitions", means: "Of each topic", range: (1, 50), of: |blank| &mut blank.partitions },
    Field {
        name: "replication factor",
        means: "Brokers that each partition is on",
        range: (1, MAX_BROKERS),
        of: |blank| &mut blank.replicas,
    },
    Field { name: "producers", means: "For each topic", range: (0, 8), of: |blank| &mut blank.producers },
    Field { name: "group members", means: "A group for each topic; none: nobody reads", range: (0, 20), of: |blank| &mut blank.members },
];

/// A number that a new cluster cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlankError {
    #[error("{name}: a whole number from {from} to {to} is expected")]
    Range { name: &'static str, from: u32, to: u32 },
    #[error("replication factor: {replicas} replicas need {replicas} brokers, and there are {brokers}")]
    Replicas { replicas: u32, brokers: u32 },
}

impl BlankError {
    /// Which of the `FIELDS` it is about.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Range { name, .. } => name,
            Self::Replicas { .. } => FIELDS[3].name,
        }
    }
}

impl Blank {
    /// The scenario's text.
    ///
    /// # Errors
    /// The first number that is out of its range, or more replicas than brokers.
    pub fn text(&self) -> Result<String, BlankError> {
        let mut own = self.clone();
        for Field { name, range: (from, to), of, .. } in FIELDS {
            if !(from..=to).contains(of(&mut own)) {
                return Err(BlankError::Range { name, from, to });
            }
        }
        if self.replicas > self.brokers {
            return Err(BlankError::Replicas { replicas: self.replicas, brokers: self.brokers });
        }
        Ok(self.write())
    }

    fn write(&self) -> String {
        let mut out = format!("tidepool 1\ntitle    A new cluster\nopens    1s\nseed     1\nbrokers  {}\n{BEGINS}\n", self.brokers);
        for topic in 1..=self.topics {
            // One topic has names as people give them; several are told apart by their numbers.
            let (topic, suffix) =
                if self.topics == 1 { ("orders".to_owned(), String::new()) } else { (format!("topic-{topic}"), format!("-{topic}")) };
            let set = format!("partitions={} replicas={}", self.partitions, self.replicas);
            out += &topic_lines(&topic, &suffix, &set, (self.producers, self.members));
        }
        out + ENDS
    }
}

/// A topic with what is set on it, its producers, and the members of its group, as many as `clients` says.
pub(super) fn topic_lines(topic: &str, suffix: &str, set: &str, (producers, members): (u32, u32)) -> String {
    let mut out = format!("\ntopic    {topic} {set}\n");
    for n in 1..=producers {
        let _ = writeln!(out, "producer producer{suffix}-{n} topic={topic} rate=4/s keys=alice,bob,carol,dave acks=all");
    }
    for n in 1..=members {
        let _ = writeln!(out, "consumer member{suffix}-{n} group=group{suffix} topics={topic} handle=60ms auto.offset.reset=earliest");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Playback, Scenario};
    use super::*;
    use crate::world::EPOCH;

    #[test]
    fn a_new_cluster_reads_starts_and_has_what_was_asked_for() {
        for blank in [
            Blank::default(),
            Blank { topics: 0, ..Blank::default() },
            Blank { brokers: 1, topics: 3, partitions: 2, replicas: 1, producers: 2, members: 3 },
            Blank { producers: 0, members: 0, ..Blank::default() },
        ] {
            let text = blank.text().expect("the numbers are right");
            let mut play = Playback::new(Scenario::parse(&text).expect(&text)).expect(&text);
            play.run_until(EPOCH.plus_millis(12_000));
            assert!(play.failures().is_empty(), "{text}");
            let view = play.world().view();
            let partitions = view.partitions.iter().filter(|p| !p.internal).count();
            assert_eq!(view.brokers.len() as u32, blank.brokers);
            assert_eq!(partitions as u32, blank.topics * blank.partitions);
            assert_eq!(view.producers.len() as u32, blank.topics * blank.producers);
            assert_eq!(view.consumers.len() as u32, blank.topics * blank.members);
            assert!(view.partitions.iter().filter(|p| !p.internal).all(|p| p.view.replicas.len() as u32 == blank.replicas));
        }
    }

    #[test]
    fn numbers_that_cannot_be_are_refused_by_their_name() {
        let refused = |blank: Blank| {
            let error = blank.text().expect_err("it is refused");
            (error.field(), error.to_string())
        };
        let (field, words) = refused(Blank { brokers: 2, ..Blank::default() });
        assert_eq!((field, words.as_str()), ("replication factor", "replication factor: 3 replicas need 3 brokers, and there are 2"));
        let (field, words) = refused(Blank { brokers: 0, ..Blank::default() });
        assert_eq!((field, words.as_str()), ("brokers", "brokers: a whole number from 1 to 9 is expected"));
        assert_eq!(refused(Blank { partitions: 51, ..Blank::default() }).0, "partitions");
    }
}
