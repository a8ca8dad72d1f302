//! Figures over time: how many partitions have no leader, and how far each group is behind. Each is a step function.

use super::meter::Meter;
use super::timeline_rows::micros;
use super::{Branch, Moment, Timeline};
use crate::playground::narrate::tenths;
use std::sync::Arc;

/// Steps that a branch keeps of a figure.
pub const MAX_STEPS: u32 = 2_000;
/// Groups whose lag is kept.
pub const MAX_LAGS: u32 = 8;
/// Simulated microseconds between two looks at the groups' lag; each thinning doubles them.
const SPACING_US: i64 = 250_000;

/// What a figure counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Counted {
    /// Partitions of user topics whose leader has no process, or is cut off, and that have no new one yet.
    Leaderless,
    /// Readable records that a group has not committed.
    Lag(Arc<str>),
}

/// From `at`, in microseconds since the run began, until the next step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    pub at: i64,
    pub value: i64,
}

/// One figure of a branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    pub counted: Counted,
    /// By time; before the first it is 0.
    pub steps: Vec<Step>,
    /// Where the branch leaves the one that is shown: the steps of that one after it, empty without another branch.
    pub ghost: Vec<Step>,
}

/// The value of a step function at a time.
fn value_at(steps: &[Step], at: i64) -> i64 {
    let next = steps.partition_point(|step| step.at <= at);
    next.checked_sub(1).and_then(|i| steps.get(i)).map_or(0, |step| step.value)
}

impl Figure {
    pub fn name(&self) -> String {
        match &self.counted {
            Counted::Leaderless => "no leader".to_owned(),
            Counted::Lag(group) => format!("lag of {group}"),
        }
    }

    /// The greatest value, of both branches.
    pub fn most(&self) -> i64 {
        self.steps.iter().chain(&self.ghost).map(|step| step.value).max().unwrap_or(0)
    }

    /// What it says of a moment.
    pub fn words(&self, at: i64) -> String {
        let value = value_at(&self.steps, at);
        match (&self.counted, value) {
            (Counted::Leaderless, _) => {
                let now = match value {
                    0 => "every partition has a leader".to_owned(),
                    1 => "1 partition has no leader".to_owned(),
                    _ => format!("{value} partitions have no leader"),
                };
                let sum = self.sum_us(at);
                if sum == 0 { now } else { format!("{now}; {} without one so far, all partitions added up", tenths(sum)) }
            }
            (Counted::Lag(group), 0) => format!("{group} has committed all that is readable"),
            (Counted::Lag(group), 1) => format!("{group} is 1 record behind"),
            (Counted::Lag(group), _) => format!("{group} is {value} records behind"),
        }
    }

    /// Value × microseconds until a time.
    pub fn sum_us(&self, until: i64) -> i64 {
        let ends = self.steps.iter().skip(1).map(|step| step.at).chain([i64::MAX]);
        self.steps.iter().zip(ends).map(|(step, end)| step.value * (end.min(until) - step.at).max(0)).sum()
    }

    /// The nearest step before or after a place.
    pub fn next(&self, at: i64, back: bool) -> Option<i64> {
        let at_of = |step: &Step| step.at;
        if back { self.steps.iter().map(at_of).rfind(|step| *step < at) } else { self.steps.iter().map(at_of).find(|step| *step > at) }
    }
}

/// A step and how many events there were before it.
type Kept = (Step, u64);

/// The figures of a branch as it is played.
#[derive(Clone, Debug)]
pub struct Figures {
    leaderless: Vec<Kept>,
    lags: Vec<(Arc<str>, Vec<Kept>)>,
    /// Of the meter, when the leaders were looked at last.
    leaders_seen: u32,
    due: i64,
    spacing_us: i64,
    /// Steps for which there was no room.
    pub(super) dropped: u32,
    /// There are more groups than `MAX_LAGS`.
    pub(super) has_left_out: bool,
    /// Grows with every change.
    changes: u32,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            leaderless: Vec::new(),
            lags: Vec::new(),
            leaders_seen: 0,
            due: 0,
            spacing_us: SPACING_US,
            dropped: 0,
            has_left_out: false,
            changes: 0,
        }
    }
}

impl Figures {
    /// Another number than before when anything has changed.
    pub fn version(&self) -> u32 {
        self.changes
    }

    /// Looks at what the meter says at the branch's end.
    pub(super) fn take(&mut self, here: Moment, meter: &Meter) {
        let at = micros(here.at);
        if self.leaders_seen != meter.leader_changes() {
            self.leaders_seen = meter.leader_changes();
            let value = i64::from(meter.leaderless());
            if self.leaderless.len() >= MAX_STEPS as usize {
                self.dropped += 1;
            } else if push(&mut self.leaderless, Step { at, value }, here.events) {
                self.changes += 1;
            }
        }
        if at < self.due {
            return;
        }
        self.due = at + self.spacing_us;
        for (group, value) in meter.lags() {
            let index = match self.lags.iter().position(|(name, _)| name == group) {
                Some(index) => index,
                None if self.lags.len() >= MAX_LAGS as usize => {
                    self.has_left_out = true;
                    continue;
                }
                None => {
                    self.lags.push((Arc::clone(group), Vec::new()));
                    self.lags.len() - 1
                }
            };
            if let Some((_, steps)) = self.lags.get_mut(index)
                && push(steps, Step { at, value }, here.events)
            {
                self.changes += 1;
            }
        }
        if self.lags.iter().any(|(_, steps)| steps.len() > MAX_STEPS as usize) {
            self.thin();
        }
    }

    /// Half of the looks at lag are forgotten, and the next ones come half as often.
    fn thin(&mut self) {
        for (_, steps) in &mut self.lags {
            let mut even = false;
            steps.retain(|_| {
                even = !even;
                even
            });
        }
        self.spacing_us *= 2;
        self.changes += 1;
    }

    pub(super) fn keep_before(&mut self, moment: Moment) {
        self.changes += 1;
        // The meter goes back too, and counts on from there: whatever it says next is news.
        self.leaders_seen = u32::MAX;
        self.due = micros(moment.at);
        for steps in self.lags.iter_mut().map(|(_, steps)| steps).chain([&mut self.leaderless]) {
            steps.retain(|(_, events)| *events <= moment.events);
        }
    }

    fn steps(&self, counted: &Counted) -> &[Kept] {
        match counted {
            Counted::Leaderless => &self.leaderless,
            Counted::Lag(group) => self.lags.iter().find(|(name, _)| name == group).map_or(&[], |(_, steps)| steps),
        }
    }
}

/// Adds a step if it is one; whether it is.
fn push(steps: &mut Vec<Kept>, step: Step, events: u64) -> bool {
    let is_new = step.value != steps.last().map_or(0, |(last, _)| last.value);
    if is_new {
        steps.push((step, events));
    }
    is_new
}

impl Timeline {
    /// The shown branch's figures, each with what it is on the branch beside it from where they part.
    pub fn figures(&self) -> Vec<Figure> {
        let shown = self.branch();
        let beside = self.beside();
        let mut counted = vec![Counted::Leaderless];
        let groups = |branch: &Branch| branch.figures.lags.iter().map(|(group, _)| group.clone()).collect::<Vec<_>>();
        for group in groups(shown).into_iter().chain(beside.map(|(branch, _)| groups(branch)).unwrap_or_default()) {
            if !counted.contains(&Counted::Lag(group.clone())) {
                counted.push(Counted::Lag(group));
            }
        }
        let figure = |counted: Counted| {
            let steps: Vec<Step> = shown.figures.steps(&counted).iter().map(|(step, _)| *step).collect();
            let ghost = beside.map(|(branch, from)| {
                let all: Vec<Step> = branch.figures.steps(&counted).iter().map(|(step, _)| *step).collect();
                let first = Step { at: from, value: value_at(&all, from) };
                let last = micros(branch.end.at);
                let end = Step { at: last, value: 0 };
                [first].into_iter().chain(all.into_iter().filter(|step| step.at > from)).chain([end]).collect()
            });
            Figure { counted, steps, ghost: ghost.unwrap_or_default() }
        };
        counted.into_iter().map(figure).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;
    use crate::world::operations::{Action, Crash};

    const SLOW: &str = "tidepool 1\nbrokers 3\nlink latency=20ms jitter=0ms\nconfig broker.session.timeout.ms=3000\n\
        config broker.heartbeat.interval.ms=500\ntopic orders partitions=3 replicas=3\nproducer checkout topic=orders rate=20/s\n\
        consumer billing-1 group=billing topics=orders handle=1ms auto.offset.reset=earliest\nat 10s kill broker-2\n";

    fn played(text: &str, seconds: i64) -> Timeline {
        let mut timeline = Timeline::new(Playback::new(Scenario::parse(text).expect("it reads")).expect("it begins"));
        timeline.advance(EPOCH.plus_millis(seconds * 1000), &mut || true);
        timeline
    }

    fn figure(timeline: &Timeline, name: &str) -> Figure {
        timeline.figures().into_iter().find(|figure| figure.name() == name).expect("there is one")
    }

    /// The chart and the counter that Compare shows are two ways to the same figure.
    #[test]
    fn partitions_without_a_leader_add_up_to_what_is_counted() {
        let timeline = played(SLOW, 30);
        let leaderless = figure(&timeline, "no leader");
        assert!(leaderless.most() >= 1);
        assert_eq!(value_at(&leaderless.steps, 9_000_000), 0);
        assert_eq!(value_at(&leaderless.steps, 29_000_000), 0);
        assert_eq!(leaderless.sum_us(30_000_000), timeline.counts(EPOCH).leaderless_us);
        assert!(leaderless.words(10_500_000).starts_with("1 partition has no leader"), "{}", leaderless.words(10_500_000));
    }

    #[test]
    fn lag_grows_while_a_consumer_is_down_and_is_what_the_view_says() {
        let text = format!("{SLOW}at 15s crash billing-1\n");
        let timeline = played(&text, 30);
        let lag = figure(&timeline, "lag of billing");
        let view = timeline.world().view();
        let now: i64 = view.groups.iter().map(|group| view.group_lag(group)).sum();
        let (told, spacing) = (value_at(&lag.steps, 30_000_000), 20 * SPACING_US / 1_000_000 + 1);
        assert!((now - told).abs() <= spacing + 5, "{told} of {now}");
        assert!(value_at(&lag.steps, 14_000_000) < told / 2);
    }

    /// What is played again is the same; a fork keeps what was before it, and the other branch's future is its ghost.
    #[test]
    fn a_fork_keeps_what_was_before_it() {
        let mut timeline = played(SLOW, 30);
        let before = timeline.figures();
        timeline.seek(EPOCH.plus_millis(25_000)).expect("there is a way back");
        assert_eq!(timeline.figures(), before, "the branch is as it was");
        timeline.act(Action::Crash(Crash { node: "billing-1".into() })).expect("it can be done");
        timeline.advance(EPOCH.plus_millis(40_000), &mut || true);
        let (old, new) = (&before[1], figure(&timeline, "lag of billing"));
        let early = |steps: &[Step]| steps.iter().copied().filter(|step| step.at < 24_900_000).collect::<Vec<_>>();
        assert_eq!(early(&new.steps), early(&old.steps));
        assert!(new.most() > old.most(), "{new:?}\n{old:?}");
        assert_eq!(new.ghost.iter().filter(|step| step.at == 30_000_000).count(), 1, "it ends where the other branch does");
    }

    #[test]
    fn a_long_run_is_thinned() {
        let mut figures = Figures::default();
        let mut meter = Meter::default();
        for look in 0..=i64::from(MAX_STEPS) {
            meter.set_lag("billing", look % 7 + 1);
            figures.take(Moment { at: EPOCH.plus_micros(look * SPACING_US), events: 0 }, &meter);
        }
        assert_eq!(figures.spacing_us, 2 * SPACING_US);
        assert_eq!(figures.lags[0].1.len(), MAX_STEPS as usize / 2 + 1);
    }
}
