//! Branches: each is a whole run of its own, from the beginning, and shares with the one it left what both went through.

use super::assignment_spans::AssignmentSpans;
use super::figures::Figures;
use super::marks::Marks;
use super::narration::Narration;
use super::{Counts, Handovers, Moment, State, TimeError, Timeline, since};
use crate::kafka::time::Time;
use crate::playground::scenario::Scenario;
use crate::world::EPOCH;
use crate::world::event::Event;
use crate::world::operations::Action;

pub const MAX_BRANCHES: u32 = 8;
/// The name of the branch that a run begins with.
const FIRST: &str = "first run";
/// Characters of a branch's name.
pub const MAX_NAME: u32 = 40;

#[derive(Clone, Debug)]
pub struct Branch {
    pub id: u32,
    pub name: String,
    /// The branch that it left, while that is there, and when.
    pub parent: Option<u32>,
    pub start: Moment,
    pub forked: Moment,
    /// How far it has been played.
    pub end: Moment,
    /// Where one was when one left it.
    pub(super) left: Time,
    /// What people did on the way, from the beginning; what the scenario's file does is not among it.
    pub(super) actions: Vec<(Time, Action)>,
    pub(super) marks: Marks,
    pub(super) assignment_spans: AssignmentSpans,
    pub(super) handovers: Handovers,
    pub(super) figures: Figures,
    pub(super) narration: Narration,
    /// It was left for this one to be without an action: that branch, and which of its actions.
    pub(super) without: Option<(u32, usize)>,
}

impl Branch {
    pub(super) fn first(start: Moment) -> Self {
        Self {
            id: 1,
            name: FIRST.into(),
            parent: None,
            start,
            forked: start,
            end: start,
            left: start.at,
            actions: Vec::new(),
            marks: Marks::default(),
            assignment_spans: AssignmentSpans::default(),
            handovers: Handovers::default(),
            figures: Figures::default(),
            narration: Narration::default(),
            without: None,
        }
    }

    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    pub fn handovers(&self) -> &Handovers {
        &self.handovers
    }

    pub fn assignment_spans(&self) -> &AssignmentSpans {
        &self.assignment_spans
    }

    pub fn figures(&self) -> &Figures {
        &self.figures
    }
}

/// Where two branches part: the first event that is not the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    pub left: Option<Event>,
    pub right: Option<Event>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// When both are counted: at the end of the one that has been played less far.
    pub at: Time,
    /// None: they are the same until then.
    pub difference: Option<Difference>,
    pub left: Counts,
    pub right: Counts,
}

impl Timeline {
    /// Oldest first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    pub(super) fn find(&self, id: u32) -> Result<&Branch, TimeError> {
        self.branches.iter().find(|branch| branch.id == id).ok_or(TimeError::NoBranch(id))
    }

    pub(super) fn find_mut(&mut self, id: u32) -> Result<&mut Branch, TimeError> {
        self.branches.iter_mut().find(|branch| branch.id == id).ok_or(TimeError::NoBranch(id))
    }

    /// A name that no branch has yet: these words, and a number where they are taken.
    fn free_name(&self, words: &str) -> String {
        let short: String = words.chars().take(MAX_NAME as usize - 4).collect();
        let taken = |name: &str| self.branches.iter().any(|branch| branch.name == name);
        let numbered = (2..).map(|n| format!("{short}, {n}"));
        std::iter::once(short.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
    }

    /// What was until now becomes a branch of its own, named after what parts it, and is shown.
    pub(super) fn fork(&mut self, parted_by: &str) -> u32 {
        let name = self.free_name(parted_by);
        let here = self.moment();
        // The action itself has left its event already, and nothing else of the old branch.
        let forked = Moment { events: self.seen.min(here.events), ..here };
        let (id, next) = (self.next_branch, self.state.next as usize);
        self.next_branch += 1;
        let from = self.current;
        if let Ok(old) = self.find_mut(from) {
            let mut branch = old.clone();
            old.left = old.end.at;
            branch.actions.truncate(next);
            branch.marks.keep_before(forked.events);
            branch.assignment_spans.keep_before(forked.events);
            branch.handovers.keep_before(forked.events);
            branch.narration.keep_before(forked.events);
            branch.figures.keep_before(forked);
            branch = Branch { id, name, parent: Some(from), forked, end: forked, without: None, ..branch };
            self.branches.push(branch);
            self.checkpoints.share(from, id, forked);
            self.current = id;
        }
        id
    }

    /// # Errors
    /// `NoBranch`, or `Name` for an empty or long one.
    pub fn rename(&mut self, id: u32, name: &str) -> Result<(), TimeError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME as usize {
            return Err(TimeError::Name { limit: MAX_NAME });
        }
        self.find_mut(id)?.name = name.to_owned();
        Ok(())
    }

    /// Forgets a branch that is not shown. Those that left it are whole without it.
    ///
    /// # Errors
    /// `NoBranch`, or `Shown`.
    pub fn drop_branch(&mut self, id: u32) -> Result<(), TimeError> {
        let parent = self.find(id)?.parent;
        if id == self.current {
            return Err(TimeError::Shown);
        }
        self.branches.retain(|branch| branch.id != id);
        for child in self.branches.iter_mut().filter(|branch| branch.parent == Some(id)) {
            child.parent = parent;
            child.without = child.without.filter(|(of, _)| *of != id);
        }
        self.checkpoints.drop_branch(id);
        Ok(())
    }

    /// Shows a branch where one left it.
    ///
    /// # Errors
    /// `NoBranch`.
    pub fn select(&mut self, id: u32) -> Result<(), TimeError> {
        let left = self.find(id)?.left;
        if id == self.current {
            return Ok(());
        }
        let Some(state) = self.before(id, |moment| moment.at <= left)? else { return Err(TimeError::NoBranch(id)) };
        let now = self.moment().at;
        let current = self.current;
        self.find_mut(current)?.left = now;
        self.current = id;
        self.set(state);
        while self.turn(left, false) {}
        self.settle(left);
        Ok(())
    }

    /// Where two branches part, and what each has come to by the time that both have reached.
    ///
    /// # Errors
    /// `NoBranch`.
    pub fn compare(&self, left: u32, right: u32) -> Result<Comparison, TimeError> {
        let at = self.find(left)?.end.at.min(self.find(right)?.end.at);
        let same = self.find(left)?.actions.iter().zip(&self.find(right)?.actions).take_while(|(a, b)| a == b).count();
        let part = [left, right].into_iter().filter_map(|id| Some(self.find(id).ok()?.actions.get(same)?.0)).min().unwrap_or(at);
        let difference = self.part(left, right, part, at)?;
        Ok(Comparison { at, difference, left: self.counts_at(left, at)?, right: self.counts_at(right, at)? })
    }

    fn counts_at(&self, id: u32, at: Time) -> Result<Counts, TimeError> {
        let spans = self.find(id)?.assignment_spans();
        Ok(self.at(id, at)?.map(|state| state.counts(spans, EPOCH)).unwrap_or_default())
    }

    /// A branch as a scenario of its own: the file's actions, and what people did on the way. Playing it gives the same run.
    ///
    /// # Errors
    /// `NoBranch`.
    pub fn as_scenario(&self, id: u32) -> Result<Scenario, TimeError> {
        let mut scenario = self.state.play.scenario().clone();
        // People's come after those of the file at the same time.
        for (at, action) in &self.find(id)?.actions {
            scenario.add_action(at.micros_since(EPOCH), action.clone());
        }
        Ok(scenario)
    }

    /// The branch's state at a time.
    fn at(&self, id: u32, at: Time) -> Result<Option<State>, TimeError> {
        let Some(mut state) = self.before(id, |moment| moment.at <= at)? else { return Ok(None) };
        state.run_until(&self.find(id)?.actions, at);
        Ok(Some(state))
    }

    fn part(&self, left: u32, right: u32, part: Time, until: Time) -> Result<Option<Difference>, TimeError> {
        let before = |moment: Moment| moment.at < part;
        let (Some(mut a), Some(mut b)) = (self.before(left, before)?, self.before(right, before)?) else { return Ok(None) };
        let (left, right) = (&self.find(left)?.actions, &self.find(right)?.actions);
        // Their checkpoints may lie apart: up to the later one nothing differs.
        let from = a.moment().max(b.moment());
        while a.moment() < from && a.turn(left, until) {}
        while b.moment() < from && b.turn(right, until) {}
        loop {
            let seen = a.moment().events;
            let moved = (a.turn(left, until), b.turn(right, until));
            if a.play.world().event_hash() != b.play.world().event_hash() {
                let (mut a, mut b) = (since(a.play.world(), seen).iter(), since(b.play.world(), seen).iter());
                loop {
                    let (left, right) = (a.next().cloned(), b.next().cloned());
                    if left != right || left.is_none() {
                        return Ok(Some(Difference { left, right }));
                    }
                }
            }
            if moved == (false, false) {
                return Ok(None);
            }
        }
    }
}
