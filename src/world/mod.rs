//! Floor 2: a deterministic universe for Kafka's machines. `World = replay(genesis, actions)`, byte for byte the same
//! natively and in wasm.

pub mod action;
pub mod event;
pub mod view;

use crate::kafka::time::{Deadline, Time};
use action::{Action, ActionError, Genesis};
use event::{Event, EventId};
use view::WorldView;

/// Where virtual time begins: 2026-01-01T00:00:00Z, so that record timestamps look like timestamps.
pub const EPOCH: Time = Time::from_millis(1_767_225_600_000);

/// A run. Cloning is cheap (shared chunks): a checkpoint is a clone.
#[derive(Clone, Debug)]
pub struct World {}

impl World {
    pub fn new(_genesis: Genesis) -> Result<Self, ActionError> {
        todo!()
    }

    /// The one door: does `action` now, and appends it to the history. An action that cannot be done changes nothing.
    pub fn act(&mut self, _action: Action) -> Result<EventId, ActionError> {
        todo!()
    }

    /// Actions so far, with their times.
    pub fn history(&self) -> &[(Time, Action)] {
        todo!()
    }

    pub fn genesis(&self) -> &Genesis {
        todo!()
    }

    /// The same run from its value: genesis and history, up to `until`.
    pub fn replay(_genesis: Genesis, _history: &[(Time, Action)], _until: Time) -> Result<Self, ActionError> {
        todo!()
    }

    pub fn now(&self) -> Time {
        todo!()
    }

    /// The next thing that will happen and why; `None` when nothing ever will.
    pub fn next_deadline(&self) -> Option<Deadline> {
        todo!()
    }

    /// Runs the next event; returns its id.
    pub fn step(&mut self) -> Option<EventId> {
        todo!()
    }

    /// Runs everything up to and including `until`; time is then `until`.
    pub fn run_until(&mut self, _until: Time) {
        todo!()
    }

    /// Events so far and kept (`MAX_EVENTS`, oldest dropped first; ids go on).
    pub fn events(&self) -> &[Event] {
        todo!()
    }

    /// Hash of all events so far, kept or not: equal natively and in wasm.
    pub fn event_hash(&self) -> u64 {
        todo!()
    }

    /// What there is to see now.
    pub fn view(&self) -> WorldView {
        todo!()
    }
}
