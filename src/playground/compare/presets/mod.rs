//! Settings that are set against each other: one file for each preset, and one line for it in the list below.

mod acks;
mod commits;
mod idempotence;
mod protocol;

use super::Variant;
use crate::playground::scenario::{Contrast, Scenario};
use crate::world::action::{ConsumerSpec, ProducerSpec};
use crate::world::operations::{Action, AddConsumer, AddProducer, ChangeConsumer, ChangeProducer};

/// See the module.
pub struct Preset {
    pub contrast: Contrast,
    pub title: &'static str,
    /// What it asks, in a sentence.
    pub asks: &'static str,
    /// Figures that answer it.
    pub first: &'static [&'static str],
    /// Whether anything in the scenario goes by these settings.
    fits: fn(&Scenario) -> bool,
    make: fn(&Scenario) -> Vec<Variant>,
}

pub static PRESETS: [&Preset; 4] = [&protocol::PRESET, &acks::PRESET, &commits::PRESET, &idempotence::PRESET];

impl Preset {
    /// From top to bottom.
    pub fn variants(&self, scenario: &Scenario) -> Vec<Variant> {
        (self.make)(scenario)
    }
}

/// The presets that a scenario has something for.
pub fn offered(scenario: &Scenario) -> impl Iterator<Item = &'static Preset> {
    PRESETS.into_iter().filter(|preset| (preset.fits)(scenario))
}

/// The preset for this contrast.
pub fn preset(contrast: Contrast) -> &'static Preset {
    PRESETS.into_iter().find(|preset| preset.contrast == contrast).unwrap_or(PRESETS[0])
}

fn consumers(scenario: &Scenario) -> impl Iterator<Item = &ConsumerSpec> {
    scenario.actions.iter().filter_map(|(_, action)| match action {
        Action::AddConsumer(AddConsumer(spec)) | Action::ChangeConsumer(ChangeConsumer(spec)) => Some(spec),
        _ => None,
    })
}

fn producers(scenario: &Scenario) -> impl Iterator<Item = &ProducerSpec> {
    scenario.actions.iter().filter_map(|(_, action)| match action {
        Action::AddProducer(AddProducer(spec)) | Action::ChangeProducer(ChangeProducer(spec)) => Some(spec),
        _ => None,
    })
}

/// The scenario with every member of a group, whenever it is added or changed, set otherwise.
fn with_members(scenario: &Scenario, set: impl Fn(&mut ConsumerSpec)) -> Scenario {
    let mut scenario = scenario.clone();
    for (_, action) in &mut scenario.actions {
        if let Action::AddConsumer(AddConsumer(spec)) | Action::ChangeConsumer(ChangeConsumer(spec)) = action
            && spec.group.is_some()
        {
            set(spec);
        }
    }
    scenario
}

/// Transactions ask for acks=all and idempotence: their producers stay as they are.
fn is_plain(spec: &ProducerSpec) -> bool {
    !spec.config.contains_key("transactional.id")
}

/// The scenario with every producer that writes without transactions set otherwise.
fn with_producers(scenario: &Scenario, set: impl Fn(&mut ProducerSpec)) -> Scenario {
    let mut scenario = scenario.clone();
    for (_, action) in &mut scenario.actions {
        if let Action::AddProducer(AddProducer(spec)) | Action::ChangeProducer(ChangeProducer(spec)) = action
            && is_plain(spec)
        {
            set(spec);
        }
    }
    scenario
}

/// A variant that sets configs of producers.
fn of_producers(name: &str, scenario: &Scenario, configs: &[(&str, &str)]) -> Variant {
    let scenario = with_producers(scenario, |spec| {
        for (name, value) in configs {
            spec.config.insert((*name).to_owned(), (*value).to_owned());
        }
    });
    let words: Vec<String> = configs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Variant { name: name.to_owned(), words: words.join(" "), scenario }
}
