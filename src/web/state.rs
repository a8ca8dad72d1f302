//! The run's state as a plain object for JavaScript: `api(1).state()`.

use super::context::PageStateStoreFields as _;
use super::stage::Stage;
use crate::world::EPOCH;
use leptos::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Times are microseconds since the run began. Numbers beyond 2^53 do not occur: a run ends long before.
#[derive(Debug, Default, Serialize)]
pub struct State {
    pub time_us: i64,
    /// Events so far.
    pub events: u64,
    /// Hexadecimal, 16 digits: equal for equal runs, natively and in the page.
    pub event_hash: String,
    /// Records handled by all consumers.
    pub handled: u64,
    /// Records acknowledged to all producers.
    pub acked: u64,
    /// Records under way on the network.
    pub moving: u64,
    /// Log end offsets by partition: `orders-0`.
    pub end_offsets: BTreeMap<String, i64>,
    /// Names of the branches by id.
    pub branches: BTreeMap<String, String>,
    /// The id of the branch that is shown.
    pub branch: u32,
    /// Whether the moment lies before the branch's end.
    pub past: bool,
    /// The branch's end.
    pub end_us: i64,
    pub playing: bool,
    /// true: all of it is written; false: some waits; null: the cluster lives in memory.
    pub stored: Option<bool>,
    /// What the store has to say; empty while all is well.
    pub store: String,
}

impl State {
    pub fn of(stage: &Stage) -> Self {
        let run = stage.run.borrow();
        let view = run.view();
        let branch = run.time.branch();
        Self {
            time_us: view.now.micros_since(EPOCH),
            events: run.events(),
            event_hash: format!("{:016x}", run.hash()),
            handled: view.consumers.iter().map(|c| c.handled).sum(),
            acked: view.producers.iter().map(|p| p.acked).sum(),
            moving: view.flights.iter().map(|f| f.cargo.len() as u64).sum(),
            end_offsets: view.partitions.iter().map(|p| (format!("{}-{}", p.view.topic, p.view.partition), p.view.end_offset)).collect(),
            branches: run.time.branches().iter().map(|b| (b.id.to_string(), b.name.clone())).collect(),
            branch: branch.id,
            past: run.time.in_past(),
            end_us: branch.end.at.micros_since(EPOCH),
            playing: stage.ui.playing().get_untracked(),
            stored: stage.is_settled(),
            store: stage.ui.store().get_untracked(),
        }
    }
}
