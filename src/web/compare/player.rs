//! Plays runs in lockstep within a budget for each frame, draws them, and publishes what stands at most ten times a second.

use super::picture::Picture;
use crate::playground::compare::{CompareError, FigureRow, Lockstep, Run, Variant, figure_rows};
use crate::playground::time::{Row, Window};
use crate::web::stage::clock_ms;
use crate::web::stage::frames::Frames;
use crate::web::words::compare as words;
use crate::world::EPOCH;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use web_sys::HtmlCanvasElement;

/// Milliseconds of a frame that the runs may take.
const BUDGET_MS: f64 = 9.0;
const PUBLISH_MS: f64 = 100.0;
/// Between two looks at the figures, which read all logs; after a look they rest so many times as long.
const COUNT_MS: f64 = 300.0;
const COUNT_REST: f64 = 20.0;
/// Rows of partitions for each run; where there are more, a group is one row.
const ROWS: usize = 10;
/// What is seen of the time before the moment at which it opens, in microseconds.
const BEFORE_US: i64 = 2_000_000;

/// Simulated seconds a second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    Real,
    Brisk,
    Max,
}

impl Pace {
    pub const ALL: [Self; 3] = [Self::Real, Self::Brisk, Self::Max];

    pub fn words(self) -> &'static str {
        match self {
            Self::Real => "1×",
            Self::Brisk => "4×",
            Self::Max => words::MAX,
        }
    }

    /// Microseconds for each millisecond.
    fn rate(self) -> f64 {
        match self {
            Self::Real => 1_000.0,
            Self::Brisk => 4_000.0,
            Self::Max => 200_000.0,
        }
    }
}

/// A run as it is shown.
#[derive(Clone, PartialEq, Default)]
pub struct RunShown {
    pub name: String,
    pub words: String,
    /// Actions that could not be done here.
    pub failed: String,
    pub rows: Arc<Vec<Row>>,
}

/// All runs as they are shown. Times are microseconds since the runs began.
#[derive(Clone, PartialEq)]
pub struct Shown {
    pub at: i64,
    pub opens: i64,
    /// What the lanes and the slider span.
    pub window: Window,
    pub runs: Vec<RunShown>,
    pub figures: Vec<FigureRow>,
}

impl Default for Shown {
    fn default() -> Self {
        Self { at: 0, opens: 0, window: Window { from: 0, to: 1 }, runs: Vec::new(), figures: Vec::new() }
    }
}

/// The signals that a player publishes to, and those that it goes by.
#[derive(Clone, Copy)]
struct Signals {
    shown: RwSignal<Shown>,
    playing: RwSignal<bool>,
    pace: RwSignal<Pace>,
    wrong: RwSignal<String>,
}

pub struct Player {
    all: RefCell<Lockstep>,
    /// Figures that come first.
    first: &'static [&'static str],
    frames: Frames,
    signals: Cell<Option<Signals>>,
    pictures: RefCell<Vec<Option<Picture>>>,
    /// The moment to go to, wherever that is.
    goal: Cell<Option<i64>>,
    last: Cell<f64>,
    published: Cell<f64>,
    counted: Cell<f64>,
}

fn micros(time: crate::kafka::time::Time) -> i64 {
    time.micros_since(EPOCH)
}

impl Player {
    /// # Errors
    /// That there are not two or three variants.
    pub fn new(variants: Vec<Variant>, played: i64, first: &'static [&'static str]) -> Result<Rc<Self>, CompareError> {
        let all = Lockstep::new(variants, played)?;
        let player = Rc::new(Self {
            goal: Cell::new(Some(micros(all.opens()))),
            all: RefCell::new(all),
            first,
            frames: Frames::new(),
            signals: Cell::default(),
            pictures: RefCell::default(),
            last: Cell::new(0.0),
            published: Cell::new(f64::NEG_INFINITY),
            counted: Cell::new(f64::NEG_INFINITY),
        });
        let weak = Rc::downgrade(&player);
        player.frames.on_frame(move |t| {
            if let Some(player) = weak.upgrade() {
                player.on_frame(t);
            }
        });
        Ok(player)
    }

    pub fn show_in(&self, shown: RwSignal<Shown>, playing: RwSignal<bool>, pace: RwSignal<Pace>, wrong: RwSignal<String>) {
        self.signals.set(Some(Signals { shown, playing, pace, wrong }));
        self.frames.ask();
    }

    /// The canvas of a run.
    pub fn draw_in(&self, nth: usize, canvas: HtmlCanvasElement) {
        let mut pictures = self.pictures.borrow_mut();
        if pictures.len() <= nth {
            pictures.resize_with(nth + 1, || None);
        }
        pictures[nth] = Picture::new(canvas);
        drop(pictures);
        self.frames.ask();
    }

    pub fn stop(&self) {
        self.frames.stop();
        self.signals.set(None);
    }

    pub fn seek(&self, micros: i64) {
        self.goal.set(Some(micros));
        self.frames.ask();
    }

    /// Plays or pauses; at the end it begins anew.
    pub fn toggle(&self) {
        let Some(Signals { playing, .. }) = self.signals.get() else { return };
        let plays = !playing.get_untracked();
        playing.set(plays);
        let (at, until, opens) = {
            let all = self.all.borrow();
            (all.at(), all.until(), all.opens())
        };
        if plays && at >= until {
            self.goal.set(Some(micros(opens)));
        }
        self.frames.ask();
    }

    fn on_frame(&self, t: f64) {
        if !self.frames.begin() {
            return;
        }
        let Some(signals) = self.signals.get() else { return };
        let dt = (t - self.last.replace(t)).clamp(0.0, 100.0);
        let moved = match self.advance(dt, signals) {
            Ok(moved) => moved,
            Err(why) => {
                signals.wrong.set(format!("{why}."));
                return self.frames.stop();
            }
        };
        self.draw();
        if t - self.published.get() >= PUBLISH_MS || !moved {
            self.published.set(t);
            self.publish(t, signals, !moved);
        }
        if moved {
            self.frames.ask();
        }
    }

    /// One slice; whether there is more to come.
    fn advance(&self, dt: f64, signals: Signals) -> Result<bool, CompareError> {
        let mut all = self.all.borrow_mut();
        let until = clock_ms() + BUDGET_MS;
        let mut more = || clock_ms() < until;
        if let Some(goal) = self.goal.get() {
            if all.go(EPOCH.plus_micros(goal), &mut more)? {
                self.goal.set(None);
                return Ok(signals.playing.get_untracked());
            }
            return Ok(true);
        }
        if !signals.playing.get_untracked() {
            return Ok(false);
        }
        let due = (dt * signals.pace.get_untracked().rate()) as i64;
        let target = all.at().plus_micros(due);
        all.go(target, &mut more)?;
        let ends = all.at() >= all.until();
        if ends {
            signals.playing.set(false);
        }
        Ok(!ends)
    }

    /// Pictures of one and the same moment.
    fn draw(&self) {
        let all = self.all.borrow();
        for (run, picture) in all.runs().iter().zip(self.pictures.borrow_mut().iter_mut()) {
            if let Some(picture) = picture.as_mut().filter(|_| all.is_together()) {
                picture.draw(run.time.world(), all.owners());
            }
        }
    }

    fn publish(&self, t: f64, signals: Signals, rests: bool) {
        let mut all = self.all.borrow_mut();
        let rows = all.owner_rows(ROWS);
        let run = |(run, rows): (&Run, Vec<Row>)| RunShown {
            name: run.name.clone(),
            words: run.words.clone(),
            failed: failed(run),
            rows: Arc::new(rows),
        };
        let runs: Vec<RunShown> = all.runs().iter().zip(rows).map(run).collect();
        let mut figures = signals.shown.with_untracked(|shown| shown.figures.clone());
        if all.is_together() && all.is_ready() && (rests || t >= self.counted.get()) {
            let began = clock_ms();
            figures = figure_rows(&all.counts(), self.first);
            self.counted.set(t + COUNT_MS.max((clock_ms() - began) * COUNT_REST));
        }
        let (at, opens) = (micros(all.at()), micros(all.opens()));
        let window = Window { from: (opens - BEFORE_US).max(0), to: micros(all.until()) };
        drop(all);
        if let Some(mut pictures) = rests.then(|| self.pictures.borrow_mut()) {
            pictures.iter_mut().flatten().for_each(Picture::retheme);
        }
        signals.shown.set(Shown { at, opens, window, runs, figures });
    }
}

/// Actions that a run could not do, in words; empty: it could do all.
fn failed(run: &Run) -> String {
    let failures = run.failures();
    failures.first().map_or_else(String::new, |first| words::not_done(failures.len(), &first.error.to_string()))
}
