//! Runs that are played to the same moments, in slices.

use super::Variant;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::playground::scenario::{Failure, Playback};
use crate::playground::time::{Bar, Counts, HUES, Row, TimeError, Timeline};
use crate::world::EPOCH;
use crate::world::action::ActionError;

/// Runs that stand one above the other.
pub const MAX_VARIANTS: usize = 3;
/// Simulated microseconds that one run is ahead of the others at most.
const STRIDE_US: i64 = 250_000;
/// How far a comparison goes where nothing says so, in microseconds.
const USUAL_US: i64 = 60_000_000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    #[error("two or three runs are compared, not {0}")]
    Count(usize),
    #[error("{variant} cannot begin: {error}")]
    Begin { variant: String, error: ActionError },
    #[error(transparent)]
    Time(#[from] TimeError),
}

/// A variant as it is played.
#[derive(Debug)]
pub struct Run {
    pub name: String,
    pub words: String,
    pub time: Timeline,
}

impl Run {
    /// Actions that could not be done here.
    pub fn failures(&self) -> &[Failure] {
        self.time.play().failures()
    }
}

/// See the module. Runs are begun in the order of their variants, each by a call of `advance`.
#[derive(Debug)]
pub struct Lockstep {
    waiting: Vec<Variant>,
    runs: Vec<Run>,
    /// The moment that all have reached.
    at: Time,
    /// How far a comparison goes.
    until: Time,
    /// Where it is worth looking at first.
    opens: Time,
    owners: Vec<String>,
}

impl Lockstep {
    /// `played`: how far the run has been played whose variants these are, in microseconds since it began.
    ///
    /// # Errors
    /// `Count`.
    pub fn new(mut variants: Vec<Variant>, played: i64) -> Result<Self, CompareError> {
        if !(2..=MAX_VARIANTS).contains(&variants.len()) {
            return Err(CompareError::Count(variants.len()));
        }
        let whole = variants.iter().map(|variant| variant.scenario.run_for).max().unwrap_or(0).max(played);
        let opens = variants.first().map_or(0, |variant| variant.scenario.opening_us());
        variants.reverse();
        let until = EPOCH.plus_micros(if whole > 0 { whole } else { USUAL_US });
        Ok(Self { waiting: variants, runs: Vec::new(), at: EPOCH, until, opens: EPOCH.plus_micros(opens).min(until), owners: Vec::new() })
    }

    /// Those that have begun, from top to bottom.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Whether all have begun.
    pub fn is_ready(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether all that have begun stand at this moment: between two slices some may be ahead.
    pub fn is_together(&self) -> bool {
        self.runs.iter().all(|run| run.time.moment().at == self.at.max(run.time.branch().start.at))
    }

    /// All owners of partitions that rows were last made of, in the order of their colours.
    pub fn owners(&self) -> &[String] {
        &self.owners
    }

    /// The moment that all have reached.
    pub fn at(&self) -> Time {
        self.at
    }

    pub fn until(&self) -> Time {
        self.until
    }

    pub fn opens(&self) -> Time {
        self.opens
    }

    /// Goes on to `target`, or to the end, while `more` says that there is time; whether all have arrived.
    ///
    /// # Errors
    /// `Begin`, or that a run cannot go back.
    pub fn go(&mut self, target: Time, more: &mut dyn FnMut() -> bool) -> Result<bool, CompareError> {
        while let Some(variant) = self.waiting.pop() {
            let Variant { name, words, scenario } = variant;
            match Playback::new(scenario) {
                Ok(play) => self.runs.push(Run { name, words, time: Timeline::new(play) }),
                Err(error) => return Err(CompareError::Begin { variant: name, error }),
            }
            if !more() {
                return Ok(false);
            }
        }
        let target = target.min(self.until).max(EPOCH);
        while self.at != target {
            // Backwards it is one leap: the runs' checkpoints are near.
            let next = if target < self.at { target } else { self.at.plus_micros(STRIDE_US).min(target) };
            for run in &mut self.runs {
                if run.time.moment().at != next && !run.time.seek_within(next, more)? {
                    return Ok(false);
                }
            }
            self.at = next;
            if self.at != target && !more() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What each run has come to by now; what groups do is counted from where it opens.
    pub fn counts(&self) -> Vec<Counts> {
        self.runs.iter().map(|run| run.time.counts(self.opens)).collect()
    }

    /// Each run's rows of owners; an owner has the same colour in all of them.
    pub fn owner_rows(&mut self, most: usize) -> Vec<Vec<Row>> {
        let rows = |run: &Run| run.time.timeline_rows(most).into_iter().filter(|row| row.lane.is_none()).collect();
        let mut all: Vec<Vec<Row>> = self.runs.iter().map(rows).collect();
        let is_owners = |bar: &Bar| bar.hue < HUES && bar.share == 1000;
        let bars = all.iter().flatten().flat_map(|row| &row.bars).filter(|bar| is_owners(bar));
        let owners: SortedVecSet<String> = bars.map(|bar| bar.label.clone()).collect();
        let owners: Vec<String> = owners.into_iter().collect();
        for bar in all.iter_mut().flatten().flat_map(|row| &mut row.bars).filter(|bar| is_owners(bar)) {
            let place = owners.iter().position(|owner| *owner == bar.label).unwrap_or(0);
            bar.hue = (place % usize::from(HUES)) as u8;
        }
        self.owners = owners;
        all
    }
}
