//! Watch a record: one is chosen, and its way is known.

use super::{Look, Offer, Progress, Step, Task, seconds};
use crate::playground::scene::{Spot, Target};
use crate::world::view::WorldView;

#[derive(Debug, Default)]
pub(super) struct Follow;

/// The newest record that a group may read, of the partition that has the most.
fn newest(view: &WorldView) -> Option<Target> {
    let readable = view.partitions.iter().filter(|state| !state.internal && state.view.high_watermark > state.view.log_start_offset);
    let state = readable.max_by_key(|state| state.view.high_watermark)?;
    Some(Target::Record(state.view.topic.clone(), state.view.partition, state.view.high_watermark - 1))
}

impl Step for Follow {
    fn observe(&mut self, look: &Look) -> Progress {
        let Some(trail) = look.trail.filter(|trail| !trail.stations.is_empty()) else {
            let record = newest(look.view);
            let partition = record.as_ref().and_then(|target| match target {
                Target::Record(topic, n, _) => Some(Target::Partition(topic.clone(), *n)),
                _ => None,
            });
            return Progress::Asked(Some(Task {
                text: "Each square is a record. Click one: when may a consumer read it?".into(),
                guesses: ["once it is written", "once every replica in sync has it"].map(str::to_owned).into(),
                offer: record.map(|record| ("Follow a record".into(), Offer::Follow(record))),
                lit: partition,
            }));
        };
        let begun = trail.stations.first().map(|station| station.at);
        let reached = |holds: fn(&Spot) -> bool| {
            let station = trail.stations.iter().find(|station| holds(&station.spot) && station.at <= look.view.now);
            Some(station?.at.micros_since(begun?))
        };
        let Some(readable) = reached(|spot| matches!(spot, Spot::Watermark)) else {
            return Progress::Waiting("It is on its way: its stations are numbered on the stage.".into());
        };
        let replicas = look.view.partitions.iter().find(|state| state.view.topic == trail.topic && state.view.partition == trail.partition);
        let replicas = replicas.map_or(0, |state| state.view.isr.len());
        let mut outcome = format!(
            "{}-{}, offset {}: on {replicas} brokers, and therefore readable, after {}",
            trail.topic,
            trail.partition,
            trail.offset,
            seconds(readable)
        );
        if let Some(handled) = reached(|spot| matches!(spot, Spot::Handled(_))) {
            outcome += &format!("; handled after {}", seconds(handled));
        }
        Progress::Done(outcome + ".", Some("once every replica in sync has it".into()))
    }
}
