//! A run on the page: a scenario being played, its narrator, and its disk's journal for a store.

use super::context::Astray;
use super::words::stage as words;
use crate::kafka::disk::Change;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::playground::narrate::{Sentence, causes_first};
use crate::playground::scenario::{Playback, Scenario};
use crate::playground::time::{TimeError, Timeline};
use crate::world::World;
use crate::world::action::Genesis;
use crate::world::judge::Judge;
use crate::world::operations::Action;
use crate::world::view::WorldView;
use bytes::Bytes;

pub struct Run {
    pub time: Timeline,
    /// The event from which on nothing has been said yet.
    narrated: u64,
    note: Option<String>,
}

/// Files by node id.
pub type Disks = SortedVecMap<i32, Vec<(String, Bytes)>>;

impl Run {
    /// Reads the scenario and does its setup. `disks`: what a store kept; topics that are on it are not made again.
    ///
    /// # Errors
    /// A sentence: which line is wrong and what was expected there.
    pub fn start(text: &str, name: &str, seed: Option<u64>, disks: Disks) -> Result<Self, String> {
        let mut scenario = Scenario::parse(text).map_err(|e| format!("{name}: {e}"))?;
        if let Some(seed) = seed {
            scenario.genesis.seed = seed;
        }
        let kept = |topic: &str| {
            let first = format!("{topic}-0/");
            disks.values().flatten().any(|(path, _)| path.starts_with(&first))
        };
        scenario.actions.retain(|(_, a)| !matches!(a, Action::CreateTopic(made) if kept(&made.topic)));
        // Another boot draws other member ids and the like: the old ones are still known to the files.
        let written: u64 = disks.values().flatten().map(|(_, b)| b.len() as u64).sum();
        scenario.genesis.seed ^= written.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        scenario.genesis = Genesis { disks, ..scenario.genesis };
        let play = Playback::new(scenario).map_err(|e| format!("{name}: {e}"))?;
        let mut run = Self { time: Timeline::new(play), narrated: 0, note: None };
        // The setup is what the page opens with; the narrator begins after it.
        run.skip_narration();
        Ok(run)
    }

    pub fn title(&self) -> String {
        self.time.play().scenario().title.clone()
    }

    /// Where a page opens, in microseconds since the run began.
    pub fn opening_us(&self) -> i64 {
        self.time.play().scenario().opening_us()
    }

    pub fn world(&self) -> &World {
        self.time.world()
    }

    pub fn judge(&self) -> &Judge {
        self.time.judge()
    }

    pub fn now(&self) -> Time {
        self.world().now()
    }

    /// What the judge says now: what is wrong, or nothing; the ledger in one line; and what went wrong with records.
    pub fn judged(&self) -> (String, String, Astray) {
        let verdict = self.time.judge().verdict(self.world(), false);
        let wrong = verdict.violations.first().map(|violation| violation.what.clone()).unwrap_or_default();
        let l = &verdict.ledger;
        let mut line = words::ledger(l.sent, l.acked, l.readable, l.lost);
        for (count, what) in [(l.duplicated, words::TWICE), (l.reordered, words::OUT_OF_ORDER), (l.redelivered, words::AGAIN)] {
            if count > 0 {
                line += &format!(" · {count} {what}");
            }
        }
        for permitted in l.permitted.iter().take(1) {
            line += &format!(" ({})", permitted.why);
        }
        (wrong, line, Astray { lost: l.lost, redelivered: l.redelivered, duplicated: l.duplicated })
    }

    pub fn view(&self) -> WorldView {
        self.world().view()
    }

    pub fn view_after(&self, before: &WorldView) -> WorldView {
        self.world().view_after(before)
    }

    /// The new branch's name when the run forked.
    pub fn act(&mut self, action: Action) -> Result<Option<String>, String> {
        match self.time.act(action) {
            Ok(forked) => Ok(forked.map(|_| self.time.branch().name.clone())),
            Err(why) => Err(format!("{why}.")),
        }
    }

    /// One timed line of the scenario language, done now; the new branch's name when the run forked.
    pub fn line(&mut self, line: &str) -> Result<Option<String>, String> {
        let scenario = Scenario::timed_line(line)?;
        for (_, text) in scenario.notes {
            self.note = Some(text);
        }
        let mut forked = None;
        for (_, action) in scenario.actions {
            forked = self.act(action)?.or(forked);
        }
        Ok(forked)
    }

    /// The scenario's latest note.
    pub fn note(&self) -> &str {
        self.note.as_deref().or_else(|| self.time.play().note()).unwrap_or_default()
    }

    /// What has been said up to a level since the last time.
    pub fn sentences(&mut self, level: u8) -> Vec<Sentence> {
        let (from, here) = (self.narrated, self.events());
        if from >= here {
            return Vec::new();
        }
        self.narrated = here;
        let mut out = self.time.narration(level, from);
        out.retain(|s| s.event.0 < here);
        causes_first(&mut out, self.time.world());
        out
    }

    /// Goes to another moment of the run, by what `go` does with its timeline; what was said there last.
    pub fn go(&mut self, go: &mut dyn FnMut(&mut Timeline) -> Result<(), TimeError>) -> Result<String, String> {
        go(&mut self.time).map_err(|e| format!("{e}."))?;
        self.note = None;
        self.skip_narration();
        let here = self.events();
        let mut said = self.time.narration(1, 0);
        said.retain(|s| s.event.0 < here);
        Ok(said.pop().map(|s| s.text).unwrap_or_default())
    }

    /// What has happened until now is not told.
    fn skip_narration(&mut self) {
        self.narrated = self.events();
    }

    pub fn hash(&self) -> u64 {
        self.world().event_hash()
    }

    /// Events so far, kept or not.
    pub fn events(&self) -> u64 {
        self.world().next_event().0
    }

    /// From now on the broker's changes are kept for a store; what its disk holds now.
    pub fn keep_journal(&mut self, node: i32) -> Vec<(String, Bytes)> {
        self.time.only_forward();
        let Some(disk) = self.time.world_mut().disk_mut(node) else { return Vec::new() };
        disk.keep_journal();
        let paths: Vec<String> = disk.list("").map(str::to_owned).collect();
        paths.into_iter().filter_map(|p| disk.read_all(&p).ok().map(|b| (p, b))).collect()
    }

    pub fn poll_change(&mut self, node: i32) -> Option<Change> {
        self.time.world_mut().disk_mut(node)?.poll_change()
    }
}
