//! A run in time: any moment of it, its branches, what happened when, and where to stop.
//!
//! A moment is found from the nearest checkpoint before it and the actions after that. Who acts before the end of a branch makes
//! another one; the first stays as it was.

mod assignment_spans;
mod branches;
mod breakpoints;
mod checkpoints;
mod counts;
mod figures;
mod gaps;
mod handovers;
mod marks;
mod meter;
mod narration;
mod replay_events;
#[cfg(test)]
mod tests;
mod timeline_rows;
mod undo;

pub use assignment_spans::{AssignmentSpans, MAX_SPANS, Span};
pub use branches::{Branch, Comparison, Difference, MAX_BRANCHES, MAX_NAME};
pub use breakpoints::{Breakpoint, MAX_BREAKPOINTS, hints};
pub use checkpoints::{LOOK_BACK, MAX_BYTES, MAX_CHECKPOINTS, SPACING};
pub use counts::Counts;
pub use figures::{Counted, Figure, MAX_STEPS, Step};
pub use gaps::Gap;
pub use handovers::{Handover, Handovers};
pub use marks::{Lane, MAX_MARKS, Mark};
pub use narration::MAX_NARRATION;
pub use replay_events::{MAX_REPLAY, replay_events};
pub use timeline_rows::{Bar, HUES, MAX_ROWS, NOBODY, Row, Window};

use super::narrate::{narrate, often};
use super::scenario::Playback;
use crate::kafka::broker::PartitionView;
use crate::kafka::time::Time;
use crate::world::World;
use crate::world::action::ActionError;
use crate::world::event::{Event, EventId, EventKind};
use crate::world::judge::Judge;
use crate::world::look::Frame;
use crate::world::operations::Action;
use crate::world::view::{ConsumerState, WorldView};
use checkpoints::Checkpoints;
use meter::Meter;

/// Turns between two questions whether there is time for more.
const AT_ONCE: u32 = 64;

/// A place between two turns of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment {
    pub at: Time,
    /// Events before it.
    pub events: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error("there is no branch {0}")]
    NoBranch(u32),
    #[error("this is the branch that is shown; go to another one first")]
    Shown,
    #[error("a run has at most {limit} branches; drop one first")]
    Branches { limit: u32 },
    #[error("a branch's name has 1 to {limit} characters")]
    Name { limit: u32 },
    #[error("{word}: a breakpoint is one of {words}")]
    Breakpoint { word: String, words: String },
    #[error("a run has at most {limit} breakpoints")]
    Breakpoints { limit: u32 },
    #[error("a cluster that is being saved goes only forward")]
    OnlyForward,
    #[error("{0}")]
    Action(#[from] ActionError),
}

/// All that a moment needs.
#[derive(Clone, Debug)]
struct State {
    play: Playback,
    judge: Judge,
    meter: Meter,
    /// Which of the branch's actions comes next.
    next: u32,
}

impl State {
    fn moment(&self) -> Moment {
        let world = self.play.world();
        Moment { at: world.now(), events: world.next_event().0 }
    }

    /// The next turn, if it comes by `until`: an action of the branch comes after all else that is due then.
    fn turn(&mut self, actions: &[(Time, Action)], until: Time) -> bool {
        let mine = actions.get(self.next as usize).filter(|(at, _)| *at <= until);
        if !self.play.turn(mine.map_or(until, |(at, _)| *at)) {
            let Some((at, action)) = mine else { return false };
            self.play.run_until(*at);
            // It could be done when it was recorded, and this is the same world.
            let _ = self.play.world_mut().act(action.clone());
            self.next += 1;
        }
        self.observe();
        true
    }

    /// Takes in what has happened since the last time.
    fn observe(&mut self) {
        self.judge.observe(self.play.world());
        self.meter.observe(self.play.world());
    }

    /// Goes on to `until`, unwatched.
    fn run_until(&mut self, actions: &[(Time, Action)], until: Time) {
        while self.turn(actions, until) {}
        self.play.run_until(until);
    }
}

/// See the module.
#[derive(Debug)]
pub struct Timeline {
    state: State,
    branches: Vec<Branch>,
    current: u32,
    next_branch: u32,
    checkpoints: Checkpoints,
    breakpoints: Vec<Breakpoint>,
    /// The event at which running stopped, and for which breakpoint.
    stopped: Option<(EventId, String)>,
    /// Running stops at the next event that is told at this level.
    stop_at_level: Option<u8>,
    /// Events that have been looked at.
    seen: u64,
    /// Whether there is a way back.
    keeps: bool,
}

impl Timeline {
    pub fn new(play: Playback) -> Self {
        let mut state = State { play, judge: Judge::new(), meter: Meter::default(), next: 0 };
        state.observe();
        let start = state.moment();
        let mut timeline = Self {
            state,
            branches: vec![Branch::first(start)],
            current: 1,
            next_branch: 2,
            checkpoints: Checkpoints::default(),
            breakpoints: Vec::new(),
            stopped: None,
            stop_at_level: None,
            seen: start.events,
            keeps: true,
        };
        timeline.checkpoints.take(&timeline.state, timeline.current);
        timeline
    }

    /// From now on there is no way back and no fork: the run's changes are written where they cannot be taken back.
    pub fn only_forward(&mut self) {
        self.keeps = false;
        self.checkpoints = Checkpoints::default();
    }

    pub fn keeps(&self) -> bool {
        self.keeps
    }

    pub fn play(&self) -> &Playback {
        &self.state.play
    }

    pub fn world(&self) -> &World {
        self.state.play.world()
    }

    /// For backends that take the disks' journals; to act there is `act`.
    pub fn world_mut(&mut self) -> &mut World {
        self.state.play.world_mut()
    }

    pub fn judge(&self) -> &Judge {
        &self.state.judge
    }

    pub fn moment(&self) -> Moment {
        self.state.moment()
    }

    /// The branch that is shown.
    pub fn branch(&self) -> &Branch {
        self.find(self.current).unwrap_or(&self.branches[0])
    }

    /// Whether what is shown has a future already.
    pub fn in_past(&self) -> bool {
        self.moment() < self.branch().end
    }

    /// Checkpoints and their estimated bytes, beside `MAX_CHECKPOINTS` and `MAX_BYTES`.
    pub fn meter(&self) -> (u32, u64) {
        (self.checkpoints.count(), self.checkpoints.bytes())
    }

    /// What it means that a limit is reached; empty before.
    pub fn limit_words(&self) -> &'static str {
        if self.checkpoints.thinned { "History is full: older moments take longer to reach." } else { "" }
    }

    /// The event and the words of the breakpoint at which running has stopped; then none until the next stop.
    pub fn take_stop(&mut self) -> Option<(EventId, String)> {
        self.stopped.take()
    }

    /// Running stops at the next event that the narrator tells at this level, and not for it any more when `None`.
    pub fn run_to_next_event(&mut self, level: Option<u8>) {
        self.stop_at_level = level;
    }

    /// Runs on to the next event that ends a wait (a record enters, or the narrator has something to tell), while `more` says that
    /// there is time. Precondition: nothing but housekeeping goes on (`idle`).
    pub fn pass_idle(&mut self, more: &mut dyn FnMut() -> bool) {
        let mut turns = 0_u32;
        loop {
            let from = self.moment().events;
            if !self.turn(Time(i64::MAX), true) || self.stopped.is_some() {
                return;
            }
            let ends = |event: &Event| match &event.kind {
                EventKind::Producer { .. } => true,
                kind => !often(kind) && narrate(event, self.world()).is_some_and(|sentence| sentence.level < 3),
            };
            turns += 1;
            if since(self.world(), from).iter().any(ends) || turns.is_multiple_of(AT_ONCE) && !more() {
                return;
            }
        }
    }

    pub fn breakpoints(&self) -> &[Breakpoint] {
        &self.breakpoints
    }

    /// Instead of those before: running stops at the event that meets one of these.
    ///
    /// # Errors
    /// `Breakpoint` for words that are none, `Breakpoints` when there are more than `MAX_BREAKPOINTS`.
    pub fn set_breakpoints(&mut self, words: &str) -> Result<(), TimeError> {
        let mut breakpoints = Vec::new();
        for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if breakpoints.len() >= MAX_BREAKPOINTS as usize {
                return Err(TimeError::Breakpoints { limit: MAX_BREAKPOINTS });
            }
            breakpoints.push(Breakpoint::parse(word)?);
        }
        self.breakpoints = breakpoints;
        for breakpoint in &mut self.breakpoints {
            breakpoint.arm(&self.state.judge, self.state.play.world());
        }
        Ok(())
    }

    /// Runs on to `target` while `more` says that there is time; `false` when there was not, or a breakpoint was met.
    pub fn advance(&mut self, target: Time, more: &mut dyn FnMut() -> bool) -> bool {
        let mut turns = 0;
        while self.turn(target, true) {
            turns += 1;
            if self.stopped.is_some() || turns % AT_ONCE == 0 && !more() {
                return false;
            }
        }
        self.settle(target);
        true
    }

    /// The next event, whoever makes it; `false` when there is none, ever.
    pub fn step(&mut self) -> bool {
        let before = self.moment().events;
        while self.moment().events == before {
            if !self.turn(Time(i64::MAX), true) {
                return false;
            }
        }
        self.stopped = None;
        true
    }

    /// The moment of the event before.
    ///
    /// # Errors
    /// `OnlyForward`.
    pub fn step_back(&mut self) -> Result<bool, TimeError> {
        let here = self.moment();
        let Some(mut state) = self.before(self.current, |moment| moment < here)? else { return Ok(false) };
        let mut target = state.moment();
        let actions = &self.branch().actions;
        while state.turn(actions, here.at) && state.moment() < here {
            // A turn that leaves no event is no place to stop at.
            if state.moment().events > target.events {
                target = state.moment();
            }
        }
        if let Some(state) = self.before(self.current, |moment| moment <= target)? {
            self.set(state);
            while self.moment() < target && self.turn(target.at, false) {}
        }
        Ok(true)
    }

    /// The bytes of a frame that is under way, or was when it was sent, while that event is kept. The run stays where it is.
    pub fn frame(&self, message: u64) -> Option<Frame> {
        let now = self.world().frame(message);
        if now.is_some() {
            return now;
        }
        let sent = |event: &&Event| matches!(event.kind, EventKind::FrameSent { message: sent, .. } if sent == message);
        let event = self.world().events().iter().rev().find(sent)?;
        let mut state = self.before(self.current, |moment| moment.events <= event.id.0).ok()??;
        let actions = &self.branch().actions;
        while state.moment().events <= event.id.0 && state.turn(actions, event.at) {}
        state.play.world().frame(message)
    }

    /// Goes to a time: an earlier one, or one that has not been yet. Before the beginning is the beginning.
    ///
    /// # Errors
    /// `OnlyForward`.
    pub fn seek(&mut self, target: Time) -> Result<(), TimeError> {
        self.seek_within(target, &mut || true).map(|_| ())
    }

    /// `seek` while `more` says that there is time; whether it has arrived. To ask again goes on.
    ///
    /// # Errors
    /// `OnlyForward`.
    pub fn seek_within(&mut self, target: Time, more: &mut dyn FnMut() -> bool) -> Result<bool, TimeError> {
        let here = self.moment();
        let back = target < here.at;
        if back || self.keeps {
            let start = self.branch().start.at;
            let found = self.before(self.current, |moment| moment.at <= target.max(start) && (back || moment > here))?;
            if let Some(state) = found {
                self.set(state);
            }
        }
        let mut turns = 0_u32;
        while self.turn(target, false) {
            turns += 1;
            if turns.is_multiple_of(AT_ONCE) && !more() {
                return Ok(false);
            }
        }
        self.settle(target);
        Ok(true)
    }

    /// Does an action now. In the past this forks the run: the new branch's id.
    ///
    /// # Errors
    /// What stands against the action, or `Branches`. Then nothing is done and nothing forks.
    pub fn act(&mut self, action: Action) -> Result<Option<u32>, TimeError> {
        // All that is due now comes first, as it will when this is played again.
        let now = self.moment().at;
        while self.turn(now, false) {}
        let fork = self.in_past();
        if fork && self.branches.len() >= MAX_BRANCHES as usize {
            return Err(TimeError::Branches { limit: MAX_BRANCHES });
        }
        self.state.play.world_mut().act(action.clone())?;
        let forked = fork.then(|| self.fork(&action.label()));
        let next = self.state.next + 1;
        self.state.next = next;
        if let Some(branch) = self.branches.iter_mut().find(|branch| branch.id == self.current) {
            branch.actions.push((now, action));
        }
        self.state.observe();
        self.look(true);
        Ok(forked)
    }

    fn set(&mut self, state: State) {
        self.seen = state.moment().events;
        self.checkpoints.at(state.moment());
        self.state = state;
        for breakpoint in &mut self.breakpoints {
            breakpoint.arm(&self.state.judge, self.state.play.world());
        }
    }

    /// The state of the branch's latest checkpoint that `fits`.
    fn before(&self, branch: u32, fits: impl Fn(Moment) -> bool) -> Result<Option<State>, TimeError> {
        if !self.keeps {
            return Err(TimeError::OnlyForward);
        }
        Ok(self.checkpoints.latest(branch, &fits))
    }

    fn turn(&mut self, until: Time, stops: bool) -> bool {
        let Some(branch) = self.branches.iter().find(|branch| branch.id == self.current) else { return false };
        let moved = self.state.turn(&branch.actions, until);
        if moved {
            self.look(stops);
        }
        moved
    }

    fn settle(&mut self, until: Time) {
        self.state.play.run_until(until);
        self.look(false);
    }

    /// Looks at what has happened since the last time: for breakpoints, and at the branch's end for marks and checkpoints.
    fn look(&mut self, stops: bool) {
        let here = self.state.moment();
        let world = self.state.play.world();
        let Some(branch) = self.branches.iter_mut().find(|branch| branch.id == self.current) else { return };
        let fresh = here > branch.end;
        if self.seen < here.events && (fresh || stops && (self.stop_at_level.is_some() || !self.breakpoints.is_empty())) {
            for event in since(world, self.seen) {
                if fresh && event.id.0 >= branch.end.events {
                    branch.marks.take(event, world);
                    branch.assignment_spans.take(event);
                    branch.handovers.take(event, &branch.assignment_spans);
                    branch.narration.take(event, world);
                }
                if let Some(level) = self.stop_at_level.filter(|_| stops && self.stopped.is_none() && !often(&event.kind))
                    && let Some(sentence) = narrate(event, world).filter(|sentence| sentence.level <= level)
                {
                    self.stopped = Some((event.id, sentence.text));
                }
                for breakpoint in &mut self.breakpoints {
                    if breakpoint.meets(event, &self.state.judge, world) && stops && self.stopped.is_none() {
                        self.stopped = Some((event.id, breakpoint.text()));
                    }
                }
            }
            if fresh {
                branch.marks.wrong(&self.state.judge);
                branch.figures.take(here, &self.state.meter);
            }
        }
        self.seen = here.events;
        branch.end = branch.end.max(here);
        if self.keeps && self.checkpoints.is_due(here, fresh) {
            self.checkpoints.take(&self.state, self.current);
        }
    }
}

/// The kept events from this number on.
fn since(world: &World, from: u64) -> &[Event] {
    let events = world.events();
    let first = events.first().map_or(from, |event| event.id.0);
    events.get(usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX)..).unwrap_or_default()
}

/// Whether all records have arrived: none waits for a producer, for its high watermark or for a reader, and no group rebalances.
pub fn idle(view: &WorldView) -> bool {
    let busy = |p: &PartitionView| {
        let reader =
            |c: &ConsumerState| c.positions.iter().any(|(topic, n, at)| *topic == p.topic && *n == p.partition && *at < p.high_watermark);
        p.high_watermark < p.end_offset || view.consumers.iter().any(reader)
    };
    view.producers.iter().all(|p| p.pending == 0)
        && view.consumers.iter().all(|c| c.backlog == 0)
        && view.groups.iter().all(|group| !group.state.is_rebalancing())
        && !view.partitions.iter().filter(|p| !p.internal).any(|p| busy(&p.view))
}
