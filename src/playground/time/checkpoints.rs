//! Checkpoints: copies of all that a moment needs, bounded by count and bytes. At a limit old ones are thinned out, so that any
//! moment can still be reached, only later.

use super::{Moment, State};
use crate::world::event::Event;

/// Checkpoints that are kept at most, of all branches together.
pub const MAX_CHECKPOINTS: u32 = 128;
/// Their bytes at most, as estimated.
pub const MAX_BYTES: u64 = 64 << 20;
/// Events between two checkpoints: the page's engine makes as many in some ten milliseconds, and copies a checkpoint in less than one.
pub const SPACING: u64 = 4_000;
/// Events before a checkpoint that are kept with it, for what is told of the past.
pub const LOOK_BACK: usize = 2_000;
/// Where the copies grow large they are taken less often: an event more for this many bytes.
const BYTES_FOR_EVENT: u64 = 256;

#[derive(Debug)]
struct Checkpoint {
    moment: Moment,
    /// The branches that came by here.
    branches: Vec<u32>,
    state: State,
    events: Vec<Event>,
    bytes: u64,
}

#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    /// By moment.
    all: Vec<Checkpoint>,
    bytes: u64,
    /// A limit was reached.
    pub(super) thinned: bool,
    /// The event from which on the next one of the branch that is shown is due.
    due: u64,
}

impl Checkpoints {
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn of(&self, branch: u32) -> impl DoubleEndedIterator<Item = &Checkpoint> {
        self.all.iter().filter(move |one| one.branches.contains(&branch))
    }

    /// `fresh`: where the branch has never been; elsewhere checkpoints are only added while there is room.
    pub(super) fn is_due(&self, here: Moment, fresh: bool) -> bool {
        here.events >= self.due && (fresh || !self.thinned)
    }

    pub(super) fn take(&mut self, state: &State, branch: u32) {
        let here = state.moment();
        let last = self.of(branch).rev().find(|one| one.moment <= here).map(|one| (one.moment, one.bytes));
        let due = last.map_or(0, |(moment, bytes)| moment.events + SPACING.max(bytes / BYTES_FOR_EVENT));
        self.due = due;
        if here.events < due {
            return;
        }
        let world = state.play.world();
        let kept = world.events();
        let events = kept.get(kept.len().saturating_sub(LOOK_BACK)..).unwrap_or_default().to_vec();
        let copy = State { play: state.play.without_events(), judge: state.judge.clone(), meter: state.meter.clone(), next: state.next };
        let bytes = (events.len() * size_of::<Event>()) as u64 + world.weight() + copy.judge.weight();
        self.bytes += bytes;
        let at = self.all.partition_point(|one| one.moment <= here);
        self.all.insert(at, Checkpoint { moment: here, branches: vec![branch], state: copy, events, bytes });
        self.due = here.events + SPACING.max(bytes / BYTES_FOR_EVENT);
        while (self.all.len() > MAX_CHECKPOINTS as usize || self.bytes > MAX_BYTES) && self.thin() {}
    }

    /// Drops the checkpoint without which the gap in its branches is the smallest; the oldest of such. The first and the newest stay.
    fn thin(&mut self) -> bool {
        self.thinned = true;
        let mut best: Option<(u64, usize)> = None;
        for (i, one) in self.all.iter().enumerate() {
            let near = |other: &&Checkpoint| other.branches.iter().any(|branch| one.branches.contains(branch));
            let (Some(before), Some(after)) = (self.all[..i].iter().rev().find(near), self.all[i + 1..].iter().find(near)) else {
                continue;
            };
            let gap = after.moment.events - before.moment.events;
            if best.is_none_or(|(least, _)| gap < least) {
                best = Some((gap, i));
            }
        }
        let Some((_, i)) = best else { return false };
        self.bytes -= self.all.remove(i).bytes;
        true
    }

    /// The branch's latest state that `fits`, with the events before it that are kept with it.
    pub(super) fn latest(&self, branch: u32, fits: &dyn Fn(Moment) -> bool) -> Option<State> {
        let found = self.of(branch).rev().find(|one| fits(one.moment))?;
        let mut state = found.state.clone();
        state.play.world_mut().restore_events(found.events.clone());
        Some(state)
    }

    /// Another moment of a branch is shown.
    pub(super) fn at(&mut self, here: Moment) {
        self.due = here.events + SPACING;
    }

    /// The branch `to` has come by wherever `from` had been by then.
    pub(super) fn share(&mut self, from: u32, to: u32, by: Moment) {
        for one in self.all.iter_mut().filter(|one| one.moment <= by && one.branches.contains(&from)) {
            one.branches.push(to);
        }
    }

    pub(super) fn drop_branch(&mut self, branch: u32) {
        for one in &mut self.all {
            one.branches.retain(|id| *id != branch);
        }
        self.all.retain(|one| !one.branches.is_empty());
        self.bytes = self.all.iter().map(|one| one.bytes).sum();
        self.thinned = false;
    }
}
