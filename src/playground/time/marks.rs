//! What a timeline shows of a run: deeds, elections, rebalances, shrunk ISRs and violations, each when it happened and in words.

use crate::kafka::broker::BrokerEvent;
use crate::kafka::controller::ControllerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::time::Time;
use crate::playground::narrate::narrate;
use crate::world::World;
use crate::world::event::{Event, EventKind};
use crate::world::judge::Judge;

/// Marks that a branch keeps; more are only counted.
pub const MAX_MARKS: u32 = 1_000;
/// Marks of one lane that are this close are one, in microseconds.
const TOGETHER_US: i64 = 300_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    Deed,
    Election,
    Isr,
    Rebalance,
    Violation,
}

impl Lane {
    pub const ALL: [Self; 5] = [Self::Deed, Self::Election, Self::Isr, Self::Rebalance, Self::Violation];

    pub fn name(self) -> &'static str {
        match self {
            Self::Deed => "actions, faults",
            Self::Election => "elections",
            Self::Isr => "ISR shrinks",
            Self::Rebalance => "rebalances",
            Self::Violation => "violations",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    pub at: Time,
    /// The first event of it.
    pub event: u64,
    pub lane: Lane,
    /// Events that are one mark.
    pub count: u32,
    /// The first of them in words.
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct Marks {
    all: Vec<Mark>,
    /// Marks for which there was no room.
    pub dropped: u32,
    /// Violations that have been marked.
    wrong: usize,
}

/// What the event is to a timeline.
pub(super) fn lane(event: &EventKind) -> Option<Lane> {
    Some(match event {
        EventKind::Acted { .. } => Lane::Deed,
        EventKind::Broker { event, .. } => match event {
            BrokerEvent::BecameLeader { epoch: 1.., .. } | BrokerEvent::Controller(ControllerEvent::Elected { .. }) => Lane::Election,
            BrokerEvent::IsrChanged { from, to, .. } if to.len() < from.len() => Lane::Isr,
            BrokerEvent::Group(GroupEvent::StateChanged { from, to, .. }) if to.is_rebalancing() && !from.is_rebalancing() => {
                Lane::Rebalance
            }
            _ => return None,
        },
        _ => return None,
    })
}

impl Marks {
    /// In the order in which they happened.
    pub fn all(&self) -> &[Mark] {
        &self.all
    }

    pub(super) fn take(&mut self, event: &Event, world: &World) {
        if let Some(lane) = lane(&event.kind) {
            self.add(event.at, event.id.0, lane, &|| narrate(event, world).map(|sentence| sentence.text));
        }
    }

    pub(super) fn wrong(&mut self, judge: &Judge) {
        for violation in judge.violations().get(self.wrong..).unwrap_or_default() {
            self.add(violation.at, violation.event.0, Lane::Violation, &|| Some(violation.what.clone()));
        }
        self.wrong = judge.violations().len();
    }

    fn add(&mut self, at: Time, event: u64, lane: Lane, words: &dyn Fn() -> Option<String>) {
        if let Some(last) = self.all.iter_mut().rev().find(|mark| mark.lane == lane)
            && at.micros_since(last.at) < TOGETHER_US
        {
            last.count += 1;
        } else if self.all.len() < MAX_MARKS as usize {
            self.all.push(Mark { at, event, lane, count: 1, text: words().unwrap_or_else(|| lane.name().to_owned()) });
        } else {
            self.dropped += 1;
        }
    }

    pub(super) fn keep_before(&mut self, event: u64) {
        self.all.retain(|mark| mark.event < event);
        self.wrong = self.all.iter().filter(|mark| mark.lane == Lane::Violation).map(|mark| mark.count as usize).sum();
    }
}
