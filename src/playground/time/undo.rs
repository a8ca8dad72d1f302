//! Undo: back to the moment before a deed, on a branch without it. The branch with it stays, and is what redo goes back to.

use super::{MAX_BRANCHES, TimeError, Timeline};
use crate::kafka::time::Time;
use crate::world::operations::Action;

impl Timeline {
    /// What undo and redo would take back and do again; empty: nothing.
    pub fn undo_labels(&self) -> [String; 2] {
        let of = |deed: Option<&(Time, Action)>| deed.map(|(_, action)| action.label()).unwrap_or_default();
        [of(self.last_deed()), of(self.undone())]
    }

    /// What people have done before the moment that is shown, oldest first.
    pub fn deeds(&self) -> &[(Time, Action)] {
        self.branch().actions.get(..self.state.next as usize).unwrap_or_default()
    }

    /// What was done last before the moment that is shown, by people: what undo takes back.
    pub fn last_deed(&self) -> Option<&(Time, Action)> {
        self.deeds().last()
    }

    /// What undo took back last, as long as nothing else has been done since.
    pub fn undone(&self) -> Option<&(Time, Action)> {
        let (from, n) = self.branch().without.filter(|(_, n)| *n == self.branch().actions.len())?;
        self.find(from).ok()?.actions.get(n)
    }

    /// Goes to the moment before the last deed, on a branch without it; the deed in words. `None`: there is none.
    ///
    /// # Errors
    /// `OnlyForward`, or `Branches`.
    pub fn undo(&mut self) -> Result<Option<String>, TimeError> {
        if !self.keeps {
            return Err(TimeError::OnlyForward);
        }
        let Some((at, action)) = self.last_deed().cloned() else { return Ok(None) };
        let (id, n) = (self.current, self.state.next as usize - 1);
        if let Some(other) = self.branches.iter().find(|branch| branch.without == Some((id, n))).map(|branch| branch.id) {
            // It was undone before.
            self.select(other)?;
            self.seek(at)?;
            return Ok(Some(action.label()));
        }
        if self.branches.len() >= MAX_BRANCHES as usize {
            return Err(TimeError::Branches { limit: MAX_BRANCHES });
        }
        // A checkpoint of this very time may have the deed already; the first one has none.
        let start = self.branch().start;
        let Some(mut state) = self.before(id, |moment| moment.at < at || moment == start)? else { return Ok(None) };
        state.run_until(self.branch().actions.get(..n).unwrap_or_default(), at);
        self.set(state);
        let new = self.fork(&format!("without {}", action.label()));
        if let Ok(branch) = self.find_mut(new) {
            branch.without = Some((id, n));
        }
        Ok(Some(action.label()))
    }

    /// Goes back to the branch with what undo took back; the deed in words. `None`: there is none.
    ///
    /// # Errors
    /// `OnlyForward`.
    pub fn redo(&mut self) -> Result<Option<String>, TimeError> {
        let Some((_, action)) = self.undone().cloned() else { return Ok(None) };
        if let Some((from, _)) = self.branch().without {
            self.select(from)?;
        }
        Ok(Some(action.label()))
    }
}
