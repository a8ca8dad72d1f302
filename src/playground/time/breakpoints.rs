//! Breakpoints: at which event running stops.

use super::TimeError;
use super::marks::{Lane, lane};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::producer::ProducerEvent;
use crate::world::World;
use crate::world::event::{Event, EventKind};
use crate::world::judge::Judge;

pub const MAX_BREAKPOINTS: u32 = 8;

/// Kinds by their words, and what each means.
const WORDS: &[(&str, Kind, &str)] = &[
    ("action", Kind::Lane(Lane::Deed), "somebody does something to the cluster"),
    ("election", Kind::Lane(Lane::Election), "a partition or the quorum gets another leader"),
    ("rebalance", Kind::Lane(Lane::Rebalance), "a group begins to share out its partitions anew"),
    ("shrink", Kind::Lane(Lane::Isr), "a replica leaves the ISR"),
    ("violation", Kind::Violation, "an invariant does not hold"),
    ("truncated", Kind::Truncated, "a replica cuts records off its log"),
    ("fenced", Kind::Fenced, "a broker learns that it is not counted in"),
    ("refused", Kind::Refused, "a broker refuses records"),
    ("failed", Kind::Failed, "a producer gives up a record"),
    ("redelivered", Kind::Redelivered, "a group handles a record again"),
    ("lost", Kind::Lost, "an acknowledged record is gone"),
];

/// What can be said, with what it means; a number stands for any.
pub fn hints() -> impl Iterator<Item = (&'static str, &'static str)> {
    WORDS.iter().map(|(word, _, means)| (*word, *means)).chain([("isr < 2", "a partition has fewer replicas in sync than that")])
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Lane(Lane),
    /// A replica cut its log.
    Truncated,
    /// The controller no longer counts a broker in.
    Fenced,
    /// A broker refused a produce request.
    Refused,
    /// A producer gave up a record.
    Failed,
    /// A group handled a record again.
    Redelivered,
    /// An acknowledged record is in no log that counts any more.
    Lost,
    Violation,
    /// A partition has fewer than this many replicas in sync.
    Isr(usize),
}

/// One condition: a kind of event (`election`), or a number of in-sync replicas (`isr < 2`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breakpoint {
    kind: Kind,
    /// Lost records or violations until now.
    before: u64,
}

impl Breakpoint {
    /// # Errors
    /// `Breakpoint`, with the words that there are.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let isr = plain.strip_prefix("isr<").and_then(|number| number.parse().ok()).map(Kind::Isr);
        let named = WORDS.iter().find(|(word, ..)| *word == plain).map(|(_, kind, _)| *kind);
        match isr.or(named) {
            Some(kind) => Ok(Self { kind, before: 0 }),
            None => {
                let words: Vec<&str> = hints().map(|(word, _)| word).collect();
                Err(TimeError::Breakpoint { word: text.to_owned(), words: words.join(", ") })
            }
        }
    }

    /// As `parse` reads it.
    pub fn text(&self) -> String {
        match self.kind {
            Kind::Isr(number) => format!("isr < {number}"),
            kind => WORDS.iter().find(|(_, other, _)| *other == kind).map_or("", |(word, ..)| word).to_owned(),
        }
    }

    fn count(&self, judge: &Judge, world: &World) -> u64 {
        match self.kind {
            Kind::Lost => judge.verdict(world, false).ledger.lost,
            Kind::Violation => judge.violations().len() as u64,
            _ => 0,
        }
    }

    /// What is so already is no reason to stop.
    pub(super) fn arm(&mut self, judge: &Judge, world: &World) {
        self.before = self.count(judge, world);
    }

    pub(super) fn meets(&mut self, event: &Event, judge: &Judge, world: &World) -> bool {
        let counts = match self.kind {
            // Records are lost when another leads or a log is cut; to ask at each event would be slow.
            Kind::Lost => match &event.kind {
                EventKind::Broker { event: BrokerEvent::Truncated { .. }, .. } => true,
                kind => lane(kind) == Some(Lane::Election),
            },
            Kind::Violation => true,
            _ => false,
        };
        if counts {
            let now = self.count(judge, world);
            return std::mem::replace(&mut self.before, now) < now;
        }
        match (self.kind, &event.kind) {
            (Kind::Lane(wanted), kind) => lane(kind) == Some(wanted),
            (Kind::Isr(number), EventKind::Broker { event: BrokerEvent::IsrChanged { from, to, .. }, .. }) => {
                to.len() < number && to.len() < from.len()
            }
            (Kind::Truncated, EventKind::Broker { event: BrokerEvent::Truncated { .. }, .. })
            | (Kind::Fenced, EventKind::Broker { event: BrokerEvent::Fenced { .. }, .. })
            | (Kind::Refused, EventKind::Broker { event: BrokerEvent::AppendRefused { .. }, .. })
            | (Kind::Failed, EventKind::Producer { event: ProducerEvent::Failed { .. }, .. }) => true,
            (Kind::Redelivered, EventKind::Handled { delivery, .. }) => *delivery > 1,
            _ => false,
        }
    }
}
