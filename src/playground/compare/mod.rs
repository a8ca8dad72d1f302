//! One run under several settings: the same actions at the same times, in lockstep, with the figures in which they differ.
//!
//! A variant is a whole scenario: the file and what people did, with clients' settings changed. `Lockstep` plays one run for each to the
//! same moment; `presets` knows which settings can be set against each other in a scenario.

mod figures;
mod lockstep;
mod presets;
#[cfg(test)]
mod tests;

pub use figures::{FigureRow, figure_rows};
pub use lockstep::{CompareError, Lockstep, MAX_VARIANTS, Run};
pub use presets::{PRESETS, Preset, offered, preset};

use super::scenario::Scenario;
use super::time::{TimeError, Timeline};

/// A run to be played beside others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variant {
    /// Short, for a heading: `cooperative`.
    pub name: String,
    /// What is set for it: `partition.assignment.strategy=cooperative-sticky`.
    pub words: String,
    pub scenario: Scenario,
}

/// Branches of a run, by their ids, each as a variant under its name.
///
/// # Errors
/// `NoBranch`.
pub fn branches(time: &Timeline, ids: &[u32]) -> Result<Vec<Variant>, TimeError> {
    let variant = |id: &u32| {
        let scenario = time.as_scenario(*id)?;
        let name = time.branches().iter().find(|branch| branch.id == *id).map(|branch| branch.name.clone()).unwrap_or_default();
        Ok(Variant { name, words: String::new(), scenario })
    };
    ids.iter().map(variant).collect()
}
