//! One playground's loop: runs the world within a budget for each frame, paints, and publishes what stands at most ten times a
//! second. It rests when paused, hidden, off screen or destroyed.

pub(in crate::web) mod camera;
mod commands;
pub(in crate::web) mod frames;
mod journey;
mod narrator;
mod opening;
mod pace;

use super::clock;
use super::context::{PageStateStoreFields as _, Snapshot, Ui};
use super::host::{Host, HostEvent};
use super::layers::Layers;
use super::run::{Disks, Run};
use super::store::Store;
use super::words::stage as words;
use crate::kafka::time::Time;
use crate::playground::director::{Direction, Director, EYE, REAL, waiting_words};
use crate::playground::scene::{self, Scene, Target, Trail};
use crate::playground::time::{idle, replay_events};
use crate::world::EPOCH;
use crate::world::view::WorldView;
use camera::Camera;
use frames::Frames;
use journey::Journey;
use leptos::prelude::*;
use narrator::Narrator;
use opening::{Opening, SLICE_MS};
use pace::Pace;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlCanvasElement;

/// The broker whose files a store keeps.
const NODE: i32 = 1;
/// Milliseconds between two looks at the ledger, and between two updates of what stands.
const JUDGE_MS: f64 = 1000.0;
/// The ledger reads all logs: after a look it rests so many times as long.
const JUDGE_REST: f64 = 100.0;
const PUBLISH_MS: f64 = 100.0;
/// Real milliseconds after which a sentence that waits is not said any more.
const LATE_MS: i64 = 4_000;
/// How many simulated seconds a second it goes at least where nothing holds it back, for what is late then.
const FASTEST: f64 = 100.0;

/// What a playground is made from, for reset.
#[derive(Clone, Default)]
pub struct ScenarioSource {
    pub name: String,
    pub text: String,
    pub seed: Option<u64>,
}

/// Driven by the browser's frames and by `commands`. A command changes the run, then calls `refresh`; the next frame shows it.
pub struct Stage {
    source: RefCell<ScenarioSource>,
    pub run: RefCell<Run>,
    pub ui: Ui,
    host: Host,
    store: RefCell<Option<Rc<Store>>>,
    layers: RefCell<Option<Layers>>,
    frames: Frames,
    camera: RefCell<Camera>,
    pace: RefCell<Pace>,
    narrator: RefCell<Narrator>,
    opening: Opening,
    /// Times of the latest frame, and of the latest publication, in milliseconds.
    last: Cell<f64>,
    published: Cell<f64>,
    /// When the ledger is looked at next.
    judged: Cell<f64>,
    /// Where the reader drags to, for the next frame: microseconds since the run began.
    scrubbed: Cell<Option<i64>>,
    /// On the way to the next event worth seeing, as fast as it goes, until then at most.
    seeking_event: Cell<Option<Time>>,
    /// On the way to a far moment, a slice in each frame.
    journey: Cell<Option<Journey>>,
    director: RefCell<Director>,
    direction: RefCell<Direction>,
    /// All records had arrived when the picture was drawn last.
    idle: Cell<bool>,
    /// What was drawn last, without its shapes: what a pointer can hit.
    pub scene: RefCell<Scene>,
    /// The moment that was drawn last.
    seen: RefCell<Arc<WorldView>>,
    /// The branch that the followed record's stations are of.
    trail_branch: Cell<u32>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn now_ms() -> f64;
}

/// Milliseconds of the page's own clock.
pub(in crate::web) fn clock_ms() -> f64 {
    now_ms()
}

impl Stage {
    pub fn new(source: ScenarioSource, run: Run, ui: Ui, host: Host) -> Rc<Self> {
        let stage = Rc::new(Self {
            source: RefCell::new(source),
            run: RefCell::new(run),
            ui,
            host,
            store: RefCell::default(),
            layers: RefCell::default(),
            frames: Frames::new(),
            camera: RefCell::new(Camera::new()),
            pace: RefCell::default(),
            narrator: RefCell::default(),
            opening: Opening::default(),
            last: Cell::new(0.0),
            published: Cell::new(f64::NEG_INFINITY),
            judged: Cell::new(f64::NEG_INFINITY),
            scrubbed: Cell::new(None),
            seeking_event: Cell::default(),
            journey: Cell::default(),
            director: RefCell::default(),
            direction: RefCell::new(Direction { rate: EYE, wait: None }),
            idle: Cell::new(false),
            scene: RefCell::default(),
            seen: RefCell::default(),
            trail_branch: Cell::default(),
        });
        let weak = Rc::downgrade(&stage);
        stage.frames.on_frame(move |t| {
            if let Some(stage) = weak.upgrade() {
                stage.on_frame(t);
            }
        });
        stage
    }

    /// From now on the broker's files are written behind the run.
    pub fn keep_in(&self, store: Rc<Store>) {
        store.adopt(NODE, self.run.borrow_mut().keep_journal(NODE));
        *self.store.borrow_mut() = Some(store);
    }

    /// Hands over what the broker has written since the last time.
    fn write_behind(&self) {
        if let Some(store) = &*self.store.borrow() {
            let mut run = self.run.borrow_mut();
            while let Some(change) = run.poll_change(NODE) {
                store.apply(NODE, change);
            }
        }
    }

    pub fn flush(&self) {
        self.write_behind();
        if let Some(store) = &*self.store.borrow() {
            store.flush();
        }
    }

    /// Whether the store, if there is one, holds everything; `None` without one.
    pub fn is_settled(&self) -> Option<bool> {
        self.store.borrow().as_ref().map(|s| s.is_settled())
    }

    pub fn attach(&self, canvases: [HtmlCanvasElement; 2]) {
        *self.layers.borrow_mut() = Some(Layers::new(canvases));
        self.retheme();
        self.refresh();
    }

    pub fn destroy(&self) {
        self.write_behind();
        if let Some(store) = self.store.borrow_mut().take() {
            store.close();
        }
        self.frames.stop();
    }

    pub fn retheme(&self) {
        if let Some(layers) = &mut *self.layers.borrow_mut() {
            layers.retheme();
        }
        self.wake();
    }

    pub fn is_dark(&self) -> bool {
        self.layers.borrow().as_ref().is_some_and(Layers::is_dark)
    }

    /// CSS pixels; `room`: the height in which the picture is seen at once, 0: as high as it likes.
    pub fn resize(&self, width: f64, room: f64) {
        if self.camera.borrow_mut().resize(width, room) {
            self.refresh();
        }
    }

    pub fn set_visible(&self, visible: bool) {
        self.frames.set_visible(visible);
        self.wake();
    }

    pub fn set_on_screen(&self, on_screen: bool) {
        self.frames.set_on_screen(on_screen);
        self.wake();
    }

    /// Asks for one frame; frames follow each other while the run plays.
    pub fn wake(&self) {
        self.frames.ask();
    }

    /// What stands is published at the next frame, whenever the last time was.
    pub fn refresh(&self) {
        self.published.set(f64::NEG_INFINITY);
        self.wake();
    }

    fn on_frame(self: &Rc<Self>, t: f64) {
        if !self.frames.begin() {
            return;
        }
        let dt = (t - self.last.replace(t)).clamp(0.0, 100.0);
        if let Some(micros) = self.scrubbed.take() {
            let end = self.run.borrow().time.branch().end.at.micros_since(EPOCH);
            self.said(self.seek(micros.min(end)));
        }
        let playing = self.ui.playing().get_untracked();
        if self.opening.ahead().is_some() {
            self.come_to_opening();
        } else if playing {
            self.advance(dt);
        }
        let began = now_ms();
        self.write_behind();
        self.listen(t);
        let moves = self.arrange(dt);
        self.draw(t);
        self.pace.borrow_mut().spent(now_ms() - began);
        if moves || playing || self.opening.ahead().is_some() {
            self.wake();
        }
    }

    /// The page opens at this moment, in microseconds since the run began.
    pub fn open_at(&self, micros: i64) {
        self.opening.set(micros);
    }

    /// One slice of the way to the opening.
    fn come_to_opening(&self) {
        let Some(micros) = self.opening.ahead() else { return };
        let until = now_ms() + SLICE_MS;
        let mut run = self.run.borrow_mut();
        if !run.time.advance(EPOCH.plus_micros(micros), &mut || now_ms() < until) {
            return;
        }
        self.opening.end();
        if let Some(last) = run.sentences(1).pop() {
            self.ui.said().set(last.text);
        }
        self.refresh();
    }

    fn advance(&self, dt_ms: f64) {
        let until = now_ms() + self.pace.borrow().budget_ms();
        let mut more = || now_ms() < until;
        if let Some(journey) = self.journey.get() {
            return self.travel(journey, &mut more);
        }
        let mut run = self.run.borrow_mut();
        match (self.seeking_event.get(), self.factor()) {
            (Some(limit), _) => {
                if run.time.advance(limit, &mut more) {
                    drop(run);
                    self.stand_still();
                    return self.say(words::NOTHING_WITHIN_A_MINUTE.into());
                }
            }
            (None, Some(factor)) => {
                let target = run.now().plus_micros(self.pace.borrow_mut().due(dt_ms, factor));
                // What does not fit in a frame is dropped: the picture slows down instead of stalling.
                let arrived = run.time.advance(target, &mut more);
                if arrived && self.idle.get() && self.ui.skip().get_untracked() {
                    run.time.pass_idle(&mut more);
                }
            }
            (None, None) => {
                let target = run.now().plus_millis(60_000);
                run.time.advance(target, &mut more);
            }
        }
        if let Some((_, why)) = run.time.take_stop() {
            let met = run.time.breakpoints().iter().any(|b| b.text() == why);
            drop(run);
            self.stand_still();
            if met {
                self.host.emit(&HostEvent::Breakpoint { time_us: self.now_us(), text: &why });
            }
            self.say(if met { words::paused_at(&why) } else { why });
        }
    }

    /// Simulated seconds a second; `None` is as fast as it goes.
    fn factor(&self) -> Option<f64> {
        match self.ui.speed().get_untracked() {
            clock::AUTO => Some(self.direction.borrow().rate as f64 / REAL as f64),
            step => clock::factor(step),
        }
    }

    /// Asks the director how the moment is to be played.
    fn direct(&self, view: &WorldView) {
        *self.direction.borrow_mut() = self.director.borrow_mut().direct(view);
    }

    /// What is waited for and how fast that goes by, where it goes faster than the run.
    fn waiting(&self, view: &WorldView) -> String {
        let direction = self.direction.borrow();
        let auto = self.ui.speed().get_untracked() == clock::AUTO && self.ui.playing().get_untracked();
        match &direction.wait {
            Some(wait) if auto && direction.rate > REAL => {
                format!("{}, ×{}", waiting_words(wait, view.now), direction.rate / REAL)
            }
            Some(wait) => waiting_words(wait, view.now),
            None => String::new(),
        }
    }

    fn now_us(&self) -> i64 {
        self.run.borrow().now().micros_since(EPOCH)
    }

    /// Takes what has happened from the run, in words, and says one sentence at a time.
    fn listen(&self, t: f64) {
        if self.opening.ahead().is_some() {
            return;
        }
        let new = self.run.borrow_mut().sentences(self.ui.level().get_untracked());
        let run = self.run.borrow();
        if self.ui.note().with_untracked(|n| n != run.note()) {
            self.ui.note().set(run.note().to_owned());
        }
        drop(run);
        let rate = (self.factor().unwrap_or(FASTEST) * REAL as f64) as i64;
        let late = self.run.borrow().now().plus_micros(-rate.saturating_mul(LATE_MS));
        let next = self.narrator.borrow_mut().tell(t, new, late, self.ui.playing().get_untracked());
        if let Some(sentence) = next {
            self.host.emit(&HostEvent::Narration { time_us: self.now_us(), text: &sentence });
            self.ui.said().set(sentence);
        }
    }

    pub fn say(&self, text: String) {
        self.narrator.borrow_mut().interrupt(now_ms());
        self.host.emit(&HostEvent::Narration { time_us: self.now_us(), text: &text });
        self.ui.said().set(text);
        self.refresh();
    }

    /// Moves the camera on its way; whether it moved.
    fn arrange(&self, dt: f64) -> bool {
        let (arrangement, zoomed) = (self.ui.arrangement().get_untracked(), self.ui.zoomed().get_untracked());
        let moves = self.camera.borrow_mut().step(dt, arrangement, zoomed);
        if moves {
            // What stands moves along with what is drawn.
            self.published.set(f64::NEG_INFINITY);
        }
        moves
    }

    /// The picture's width in CSS pixels.
    pub fn width(&self) -> f64 {
        self.camera.borrow().width()
    }

    /// The way of the record that is chosen. In the past, stations that one has seen to come stay known.
    fn trail(&self, view: &WorldView) -> Option<Arc<Trail>> {
        let Some(Target::Record(topic, n, offset)) = self.ui.chosen().get_untracked() else { return None };
        let mut trail = scene::follow(self.run.borrow().world(), view, &topic, n, offset);
        // How it came may be among the events that a leap has left behind.
        if trail.note == scene::FORGOTTEN && replay_events(&mut self.run.borrow_mut().time) {
            trail = scene::follow(self.run.borrow().world(), view, &topic, n, offset);
        }
        let run = self.run.borrow();
        let branch = run.time.branch().id;
        let known = self.trail_branch.replace(branch) == branch && run.time.in_past();
        if let Some(old) = self.ui.trail().get_untracked().filter(|_| known)
            && (&old.topic, old.partition, old.offset) == (&topic, n, offset)
        {
            trail.stations.extend(old.stations.iter().filter(|s| s.at > view.now).cloned());
        }
        Some(Arc::new(trail))
    }

    fn draw(&self, t: f64) {
        let mut guard = self.layers.borrow_mut();
        let (Some(layers), width) = (&mut *guard, self.width()) else { return };
        if width <= 0.0 {
            return;
        }
        let view = Arc::new(self.run.borrow().view_after(&self.seen.borrow()));
        *self.seen.borrow_mut() = view.clone();
        if t - self.published.get() >= PUBLISH_MS {
            let trail = self.trail(&view);
            if self.ui.trail().with_untracked(|old| *old != trail) {
                self.ui.trail().set(trail);
            }
        }
        self.direct(&view);
        self.idle.set(idle(&view));
        let mut camera = self.camera.borrow().view();
        camera.selection = self.ui.chosen().get_untracked();
        camera.pointed = self.ui.pointed().get_untracked();
        camera.trail = self.ui.trail().get_untracked();
        let mut picture = scene::scene(&view, view.now, &camera);
        let height = layers.show(&mut picture, width);
        drop(guard);
        *self.scene.borrow_mut() = picture;
        if t - self.published.get() >= PUBLISH_MS {
            self.publish(t, view, height);
        }
    }

    /// Tells the components what the moment is, and once in a while what the judge says of it.
    fn publish(&self, t: f64, view: Arc<WorldView>, height: f64) {
        self.published.set(t);
        let elapsed = view.now.micros_since(EPOCH);
        let scene = self.scene.borrow();
        self.ui.rate().set(self.direction.borrow().rate);
        let waiting = self.waiting(&view);
        if self.ui.waiting().with_untracked(|was| *was != waiting) {
            self.ui.waiting().set(waiting);
        }
        let snap = Snapshot { view, places: scene.places.clone(), height, narrow: scene.narrow, elapsed };
        drop(scene);
        let auto = self.ui.speed().get_untracked() == clock::AUTO;
        let playing = self.ui.playing().get_untracked();
        let reached = self.pace.borrow_mut().measure(t, elapsed, self.factor(), playing && !auto);
        if let Some(pace) = reached {
            self.ui.pace().set(pace);
        }
        self.ui.snap().set(Arc::new(snap));
        let playing = self.ui.playing().get_untracked();
        self.host.emit(&HostEvent::Time { time_us: elapsed, playing });
        let undo = self.run.borrow().time.undo_labels();
        if self.ui.undo().with_untracked(|was| *was != undo) {
            self.ui.undo().set(undo);
        }
        if t >= self.judged.get() {
            let began = now_ms();
            let (wrong, ledger, lost) = self.run.borrow().judged();
            self.ui.astray().set(lost);
            self.ui.wrong().set(wrong);
            self.ui.ledger().set(ledger);
            self.judged.set(t + JUDGE_MS.max((now_ms() - began) * JUDGE_REST));
        }
    }
}
