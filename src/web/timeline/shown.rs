//! What the timeline shows of the run, as signals.

use crate::playground::time::{Figure, MAX_BYTES, MAX_ROWS, Row, Timeline, Window};
use crate::web::clock;
use crate::web::context::{PageStateStoreFields as _, Playground, StageHandle, use_playground};
use crate::web::words::timeline as words;
use crate::world::EPOCH;
use leptos::prelude::*;
use std::sync::Arc;

/// Microseconds that the track shows at least; it doubles when the run has come to its end.
const SPAN_US: i64 = 60_000_000;
/// Of the track's width, in thousandths: how near a mark the pointer is meant to be on it.
const NEAR: i64 = 8;
/// Where the window is smaller than this, the lanes are folded away when the page opens: width and height in pixels.
const ROOM: (f64, f64) = (900.0, 900.0);
/// The playhead has leapt when it is further from where it was, in microseconds: the window follows it.
const LEAP_US: i64 = 500_000;

/// What is known of the run at a moment. Times are microseconds since the run began.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    pub now: i64,
    /// Where the branch that is shown ends.
    pub end: i64,
    /// The length of the track.
    pub whole: i64,
    /// Whether there is a way back.
    pub keeps: bool,
    pub in_past: bool,
    /// How many checkpoints there are, and their size.
    pub meter: String,
    /// What a limit that has been reached means; empty before.
    pub limit: String,
}

impl Facts {
    fn new(time: &Timeline) -> Self {
        let now = time.moment().at.micros_since(EPOCH);
        let end = time.branch().end.at.micros_since(EPOCH);
        let mut whole = SPAN_US;
        while whole < end {
            whole *= 2;
        }
        let ((count, bytes), full) = (time.meter(), time.limit_words());
        let meter = words::history(count, bytes >> 20, MAX_BYTES >> 20);
        let limit = [if full.is_empty() { String::new() } else { format!("{full} ({meter})") }, time.timeline_rows_gaps()].join(" ");
        Self { now, end, whole, keeps: time.keeps(), in_past: time.in_past(), meter, limit: limit.trim().to_owned() }
    }
}

/// What the rows depend on: the branch, the one beside it, its marks, its assignments, and how many branches there are.
type RowsOf = (u32, u32, u32, u32, usize);

/// The lanes, and where branches part.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows {
    of: RowsOf,
    pub rows: Vec<Row>,
    /// Where the branch beside the shown one parts from it.
    pub fork: Option<i64>,
    /// For each other branch: where it and the one that is shown, or the one it left, part, and where it ends.
    pub tree: Vec<(i64, i64)>,
}

fn rows_of(time: &Timeline) -> RowsOf {
    let branch = time.branch();
    let marks = branch.marks().all().iter().map(|mark| mark.count).sum();
    let beside = time.beside().map_or(0, |(other, _)| other.id);
    (branch.id, beside, marks, branch.assignment_spans().version(), time.branches().len())
}

impl Rows {
    fn new(time: &Timeline, of: RowsOf) -> Self {
        let shown = time.branch();
        let others = time.branches().iter().filter(|other| other.id != shown.id).map(|other| {
            let fork = if shown.parent == Some(other.id) { shown.forked } else { other.forked };
            (fork.at.micros_since(EPOCH), other.end.at.micros_since(EPOCH))
        });
        Self { of, rows: time.timeline_rows(MAX_ROWS as usize), fork: time.beside().map(|(_, fork)| fork), tree: others.collect() }
    }
}

/// What the figures depend on: the branch, the one beside it, and both one's versions.
type FiguresOf = (u32, u32, u32, u32);

/// The figures over time, as far as they have been played.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    of: FiguresOf,
    pub figures: Vec<Figure>,
}

fn figures_of(time: &Timeline) -> FiguresOf {
    let (branch, beside) = (time.branch(), time.beside().map(|(other, _)| other));
    let of_other = beside.map_or((0, 0), |other| (other.id, other.figures().version()));
    (branch.id, of_other.0, branch.figures().version(), of_other.1)
}

/// The timeline's state.
#[derive(Clone, Copy)]
pub struct Shown {
    pub stage: StageHandle,
    pub facts: Memo<Facts>,
    pub rows: Memo<Arc<Rows>>,
    pub figures: Memo<Arc<Figures>>,
    /// The part of the run that is shown; none: all of it.
    part: RwSignal<Option<Window>>,
    /// Whether the lanes are unfolded.
    pub open: RwSignal<bool>,
    /// What is told of the place that is pointed at.
    pub told: RwSignal<String>,
}

impl Shown {
    pub fn new() -> Self {
        let Playground { ui, stage, page, .. } = use_playground();
        let facts = Memo::new(move |_| {
            ui.snap().track();
            stage.with_value(|s| Facts::new(&s.run.borrow().time))
        });
        let rows = Memo::new(move |before: Option<&Arc<Rows>>| {
            ui.snap().track();
            stage.with_value(|s| {
                let time = &s.run.borrow().time;
                let of = rows_of(time);
                before.filter(|before| before.of == of).cloned().unwrap_or_else(|| Arc::new(Rows::new(time, of)))
            })
        });
        let figures = Memo::new(move |before: Option<&Arc<Figures>>| {
            ui.snap().track();
            stage.with_value(|s| {
                let time = &s.run.borrow().time;
                let of = figures_of(time);
                before.filter(|before| before.of == of).cloned().unwrap_or_else(|| Arc::new(Figures { of, figures: time.figures() }))
            })
        });
        let size = |size: Result<wasm_bindgen::JsValue, _>| size.ok().and_then(|size| size.as_f64()).unwrap_or(0.0);
        let room = size(window().inner_width()) >= ROOM.0 && size(window().inner_height()) >= ROOM.1;
        let (part, open, told) = (RwSignal::new(None), RwSignal::new(page && room), RwSignal::default());
        let shown = Self { stage, facts, rows, figures, part, open, told };
        shown.follow();
        shown
    }

    /// The window goes along with the playhead, unless somebody has moved it elsewhere.
    fn follow(self) {
        Effect::new(move |before: Option<i64>| {
            let (now, whole) = self.facts.with(|facts| (facts.now, facts.whole));
            let before = before.unwrap_or(0);
            if let Some(part) = self.part.get_untracked()
                && !part.holds(now)
                && (part.holds(before) || (now - before).abs() > LEAP_US)
            {
                self.part.set(Some(part.begin(now - part.width() / 4, whole)));
            }
            now
        });
    }

    pub fn whole(self) -> Window {
        Window { from: 0, to: self.facts.with(|facts| facts.whole) }
    }

    pub fn window(self) -> Window {
        self.part.get().unwrap_or_else(|| self.whole())
    }

    /// The facts of this instant, which may be later than what was published last.
    pub fn now_facts(self) -> Facts {
        self.stage.with_value(|s| Facts::new(&s.run.borrow().time))
    }

    pub fn seek(self, micros: i64) {
        self.stage.with_value(|s| s.scrub(micros));
    }

    /// Folds the lanes away, with the zoom that is theirs, or unfolds them.
    pub fn fold(self) {
        self.open.update(|open| *open = !*open);
        if !self.open.get_untracked() {
            self.part.set(None);
        }
    }

    /// Shows half or twice as much, with the moment `at` where it was.
    pub fn zoom(self, at: i64, closer: bool) {
        let (window, whole) = untrack(|| (self.window(), self.whole().width()));
        let part = Some(window.zoom(at, closer, whole)).filter(|part| part.width() < whole);
        self.part.set(part);
        if part.is_some() {
            self.open.set(true);
        }
    }

    /// Moves the window to a beginning.
    pub fn pan(self, from: i64) {
        let whole = untrack(|| self.whole().width());
        self.part.update(|part| *part = part.map(|part| part.begin(from, whole)));
    }

    /// How many lanes there are: rows of marks and owners, then figures.
    pub fn lanes(self) -> i64 {
        (self.rows.with(|rows| rows.rows.len()) + self.figures.with(|all| all.figures.len())) as i64
    }

    /// The lanes' names from top to bottom.
    pub fn names(self) -> Vec<String> {
        let rows = self.rows.with(|rows| rows.rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>());
        self.figures.with(|all| rows.into_iter().chain(all.figures.iter().map(Figure::name)).collect())
    }

    /// The nearest beginning of something before or after a place in a lane, and its words.
    pub fn next(self, lane: &str, at: i64, back: bool) -> Option<(i64, String)> {
        let of_row = |rows: &Arc<Rows>| {
            let bar = rows.rows.iter().find(|row| row.name == lane)?.next(at, back)?;
            Some((bar.from, bar.text.clone()))
        };
        let of_figure = |all: &Arc<Figures>| {
            let figure = all.figures.iter().find(|figure| figure.name() == lane)?;
            let step = figure.next(at, back)?;
            Some((step, figure.words(step)))
        };
        self.rows.with_untracked(of_row).or_else(|| self.figures.with_untracked(of_figure))
    }

    /// What is told of a place in a row, or in any lane: the mark that is near it, and words.
    pub fn hint(self, row: Option<usize>, micros: i64) -> (Option<i64>, String) {
        let (near, end) = untrack(|| (self.window().width() * NEAR / 1000, self.facts.with(|facts| facts.end)));
        let figure = row.and_then(|row| row.checked_sub(self.rows.with_untracked(|rows| rows.rows.len())));
        let of_figure = figure.and_then(|at| self.figures.with_untracked(|all| Some(all.figures.get(at)?.words(micros))));
        match of_figure {
            Some(words) if micros <= end => (None, format!("{} · {words}", clock::time_words(micros))),
            _ => self.rows.with_untracked(|rows| hint(&rows.rows, row, micros, near, end)),
        }
    }
}

fn hint(rows: &[Row], row: Option<usize>, micros: i64, near: i64, end: i64) -> (Option<i64>, String) {
    let asked = rows.iter().enumerate().filter(|(i, of)| row.map_or(of.lane.is_some(), |row| row == *i));
    let found = asked.filter_map(|(_, row)| Some((row, row.at(micros, near)?))).min_by_key(|(_, bar)| (bar.from - micros).abs());
    match (found, row.and_then(|row| rows.get(row))) {
        (Some((row, bar)), _) => {
            let (at, name) = if row.lane.is_some() { (bar.from, row.name.as_str()) } else { (micros, "") };
            let ghost = if bar.ghost { words::ON_OTHER_BRANCH } else { "" };
            let dot = if name.is_empty() { "" } else { " · " };
            (row.lane.map(|_| at), format!("{}{dot}{name} · {}{ghost}", clock::time_words(at), bar.text))
        }
        (None, Some(row)) if row.lane.is_none() && micros <= end => (None, words::nobody_yet(&clock::time_words(micros), &row.name)),
        _ => (None, clock::time_words(micros)),
    }
}
