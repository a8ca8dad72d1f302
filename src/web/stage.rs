//! One playground's loop: runs the world within a budget for each frame, paints, and tells the standing part at most ten
//! times a second. It rests when paused, hidden, off screen or destroyed.

use super::clock;
use super::context::{PageStateStoreFields as _, Snapshot, Ui};
use super::layers::Layers;
use super::run::{Disks, Run};
use super::store::Store;
use crate::playground::narrate::{Waiting, plainly};
use crate::playground::scene::{self, ArrangementBlend, Scene, Target, Trail, View};
use crate::playground::time::{TimeError, Timeline, replay_events};
use crate::world::EPOCH;
use crate::world::view::WorldView;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlCanvasElement, MediaQueryList};

/// The broker whose files a store keeps.
const NODE: i32 = 1;
/// Milliseconds that a frame may take with all that it does, and what the world has of it at least and at most.
const FRAME_MS: f64 = 13.0;
const LEAST_MS: f64 = 3.0;
const BUDGET_MS: f64 = 8.0;
/// From one arrangement to the other.
const ARRANGE_MS: f64 = 420.0;
const REDUCED: &str = "(prefers-reduced-motion: reduce)";
/// Milliseconds between two looks at the ledger, and between two updates of what stands.
const JUDGE_MS: f64 = 1000.0;
/// The ledger reads all logs: after a look it rests so many times as long.
const JUDGE_REST: f64 = 100.0;
const PUBLISH_MS: f64 = 100.0;
/// Milliseconds that a sentence stays before the next replaces it.
const SENTENCE_MS: f64 = 1600.0;

/// What the browser calls for each frame.
type Tick = Closure<dyn FnMut(f64)>;

/// What a playground is made from, for reset.
#[derive(Clone, Default)]
pub struct ScenarioSource {
    pub name: String,
    pub text: String,
    pub seed: Option<u64>,
}

pub struct Stage {
    pub source: ScenarioSource,
    pub run: RefCell<Run>,
    pub ui: Ui,
    store: RefCell<Option<Rc<Store>>>,
    layers: RefCell<Option<Layers>>,
    width: Cell<f64>,
    /// The height in which the picture is seen at once; 0: as high as it likes.
    room: Cell<f64>,
    visible: Cell<bool>,
    on_screen: Cell<bool>,
    gone: Cell<bool>,
    frame: Cell<Option<i32>>,
    last: Cell<f64>,
    published: Cell<f64>,
    /// When the ledger is looked at next.
    judged: Cell<f64>,
    spoken: Cell<f64>,
    /// Simulated microseconds that a frame left over, at slow speeds less than one.
    rest: Cell<f64>,
    /// Where one drags to, for the next frame: microseconds since the run began.
    scrubbed: Cell<Option<i64>>,
    /// How far the picture is on its way between two arrangements, and into one partition.
    arrangement: Cell<ArrangementBlend>,
    zoom: Cell<f64>,
    focus: RefCell<Option<Target>>,
    /// What was drawn last, without its shapes: what a pointer can hit.
    pub scene: RefCell<Scene>,
    /// The branch of which `Ui::trail` tells.
    told: Cell<u32>,
    /// The moment that was drawn last.
    seen: RefCell<Arc<WorldView>>,
    waiting: RefCell<Waiting>,
    /// On the way to the next event worth seeing, as fast as it goes.
    hunting: Cell<bool>,
    /// All records had arrived when it was drawn last.
    idle: Cell<bool>,
    /// Milliseconds that frames lately took beside the world: the longest, slowly forgotten.
    beside: Cell<f64>,
    /// When and where the pace was taken last.
    paced: Cell<(f64, i64)>,
    tick: RefCell<Option<Tick>>,
    still: Option<MediaQueryList>,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn now_ms() -> f64;
}

impl Stage {
    pub fn new(source: ScenarioSource, run: Run, ui: Ui) -> Rc<Self> {
        let stage = Rc::new(Self {
            source,
            run: RefCell::new(run),
            ui,
            store: RefCell::default(),
            layers: RefCell::default(),
            width: Cell::new(0.0),
            room: Cell::default(),
            visible: Cell::new(true),
            on_screen: Cell::new(true),
            gone: Cell::new(false),
            frame: Cell::new(None),
            last: Cell::new(0.0),
            published: Cell::new(f64::NEG_INFINITY),
            judged: Cell::new(f64::NEG_INFINITY),
            spoken: Cell::new(f64::NEG_INFINITY),
            rest: Cell::new(0.0),
            scrubbed: Cell::new(None),
            arrangement: Cell::default(),
            zoom: Cell::default(),
            focus: RefCell::default(),
            scene: RefCell::default(),
            told: Cell::default(),
            waiting: RefCell::default(),
            seen: RefCell::default(),
            hunting: Cell::new(false),
            idle: Cell::new(false),
            beside: Cell::new(0.0),
            paced: Cell::new((0.0, 0)),
            tick: RefCell::default(),
            still: web_sys::window().and_then(|w| w.match_media(REDUCED).ok().flatten()),
        });
        let weak: Weak<Self> = Rc::downgrade(&stage);
        *stage.tick.borrow_mut() = Some(Closure::new(move |t: f64| {
            if let Some(stage) = weak.upgrade() {
                stage.on_frame(t);
            }
        }));
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
        self.gone.set(true);
        if let (Some(id), Some(w)) = (self.frame.take(), web_sys::window()) {
            let _ = w.cancel_animation_frame(id);
        }
    }

    pub fn retheme(&self) {
        if let Some(layers) = &mut *self.layers.borrow_mut() {
            layers.retheme();
        }
        self.wake();
    }

    pub fn resize(&self, width: f64, room: f64) {
        if width > 0.0 && (width - self.width.get()).abs() + (room - self.room.get()).abs() > 0.5 {
            self.width.set(width);
            self.room.set(room);
            self.refresh();
        }
    }

    pub fn set_visible(&self, visible: bool) {
        self.visible.set(visible);
        self.wake();
    }

    pub fn set_on_screen(&self, on_screen: bool) {
        self.on_screen.set(on_screen);
        self.wake();
    }

    /// Asks for one frame; frames follow each other while the run plays.
    pub fn wake(&self) {
        if self.gone.get() || self.frame.get().is_some() || !self.visible.get() || !self.on_screen.get() {
            return;
        }
        if let (Some(tick), Some(w)) = (&*self.tick.borrow(), web_sys::window()) {
            self.frame.set(w.request_animation_frame(tick.as_ref().unchecked_ref()).ok());
        }
    }

    /// What stands is told at the next frame, whenever the last time was.
    pub fn refresh(&self) {
        self.published.set(f64::NEG_INFINITY);
        self.wake();
    }

    fn on_frame(self: &Rc<Self>, t: f64) {
        self.frame.set(None);
        if self.gone.get() {
            return;
        }
        let dt = (t - self.last.replace(t)).clamp(0.0, 100.0);
        if let Some(micros) = self.scrubbed.take() {
            let end = self.run.borrow().time.branch().end.at.micros_since(EPOCH);
            self.said(self.seek(micros.min(end)));
        }
        let playing = self.ui.playing().get_untracked();
        if playing {
            self.advance(dt);
        }
        let began = now_ms();
        self.write_behind();
        self.listen(t);
        let moves = self.arrange(dt);
        self.draw(t);
        self.beside.set((now_ms() - began).max(self.beside.get() * 0.95));
        if moves || playing || !self.waiting.borrow().is_empty() {
            self.wake();
        }
    }

    fn advance(&self, dt_ms: f64) {
        let mut run = self.run.borrow_mut();
        let until = now_ms() + (FRAME_MS - self.beside.get()).clamp(LEAST_MS, BUDGET_MS);
        let mut more = || now_ms() < until;
        match clock::factor(self.ui.speed().get_untracked()).filter(|_| !self.hunting.get()) {
            Some(factor) => {
                let due = self.rest.get() + dt_ms * 1000.0 * factor;
                let whole = due.floor();
                let target = run.now().plus_micros(whole as i64);
                // What does not fit in a frame is dropped: the picture slows down instead of stalling.
                let arrived = run.time.advance(target, &mut more);
                self.rest.set(due - whole);
                if arrived && self.idle.get() && self.ui.skip().get_untracked() {
                    run.time.pass_idle(&mut more);
                }
            }
            None => {
                let target = run.now().plus_millis(60_000);
                run.time.advance(target, &mut more);
            }
        }
        if let Some((_, why)) = run.time.take_stop() {
            let met = run.time.breakpoints().iter().any(|b| b.text() == why);
            drop(run);
            self.run_to_next_event(false);
            self.ui.playing().set(false);
            self.say(if met { format!("Paused at {why}.") } else { why });
        }
    }

    fn run_to_next_event(&self, on: bool) {
        self.hunting.set(on);
        self.run.borrow_mut().time.run_to_next_event(on.then(|| self.ui.level().get_untracked().min(2)));
    }

    /// Runs on, as fast as it goes, to the next event that the narrator tells; pauses there and says it.
    pub fn next(&self) {
        self.run_to_next_event(true);
        self.play(true);
    }

    /// Takes what has happened from the run, in words, and says one sentence at a time.
    fn listen(&self, t: f64) {
        let new = self.run.borrow_mut().sentences(self.ui.level().get_untracked());
        let run = self.run.borrow();
        if self.ui.note().with_untracked(|n| n != run.note()) {
            self.ui.note().set(run.note().to_owned());
        }
        drop(run);
        let mut waiting = self.waiting.borrow_mut();
        for s in new {
            waiting.push(s);
        }
        if t - self.spoken.get() >= SENTENCE_MS
            && let Some(s) = waiting.pop()
        {
            self.spoken.set(t);
            drop(waiting);
            self.ui.said().set(s);
        }
    }

    pub fn say(&self, text: String) {
        self.waiting.borrow_mut().clear();
        self.spoken.set(now_ms());
        self.ui.said().set(text);
        self.refresh();
    }

    /// Whether one wants the picture in steps.
    fn is_still(&self) -> bool {
        self.still.as_ref().is_some_and(MediaQueryList::matches)
    }

    /// Goes on to the arrangement that is wanted; whether there is more to go.
    fn arrange(&self, dt: f64) -> bool {
        let wanted = self.ui.arrangement().get_untracked();
        let to = self.ui.zoomed().get_untracked();
        let zoomed = scene::depth(to.as_ref());
        // On the way out it is what one comes from that is left.
        if to.is_some() && f64::from(zoomed) >= self.zoom.get() {
            *self.focus.borrow_mut() = to;
        }
        let step = if self.is_still() { 1.0 } else { dt / ARRANGE_MS };
        let (at, to, zoom_step) = (self.zoom.get(), f64::from(zoomed), if step < 1.0 { step } else { 3.0 });
        self.zoom.set(if at < to { (at + zoom_step).min(to) } else { (at - zoom_step).max(to) });
        let arrangement = self.arrangement.get();
        self.arrangement.set(arrangement.step_towards(wanted, step as f32));
        let moves = at != to || !arrangement.rests_in(wanted);
        if moves {
            // What stands moves along with what is drawn.
            self.published.set(f64::NEG_INFINITY);
        }
        moves
    }

    pub fn width(&self) -> f64 {
        self.width.get()
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
        let known = self.told.replace(branch) == branch && run.time.in_past();
        if let Some(old) = self.ui.trail().get_untracked().filter(|_| known)
            && (&old.topic, old.partition, old.offset) == (&topic, n, offset)
        {
            trail.stations.extend(old.stations.iter().filter(|s| s.at > view.now).cloned());
        }
        Some(Arc::new(trail))
    }

    fn draw(&self, t: f64) {
        let mut guard = self.layers.borrow_mut();
        let (Some(layers), width) = (&mut *guard, self.width.get()) else { return };
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
        self.idle.set(crate::playground::time::idle(&view));
        let mut camera = View::new(width as f32);
        camera.room = self.room.get() as f32;
        camera.reduced_motion = self.is_still();
        camera.arrangement = self.arrangement.get();
        camera.zoom = self.zoom.get() as f32;
        camera.focus = self.focus.borrow().clone();
        camera.selection = self.ui.chosen().get_untracked();
        camera.pointed = self.ui.pointed().get_untracked();
        camera.trail = self.ui.trail().get_untracked();
        let mut picture = scene::scene(&view, view.now, &camera);
        let height = layers.show(&mut picture, width);
        drop(guard);
        *self.scene.borrow_mut() = picture;
        if t - self.published.get() >= PUBLISH_MS {
            self.published.set(t);
            let elapsed = view.now.micros_since(EPOCH);
            let scene = self.scene.borrow();
            let snap = Snapshot { view, places: scene.places.clone(), height, narrow: scene.narrow, elapsed };
            drop(scene);
            self.pace(t, elapsed);
            self.ui.snap().set(Arc::new(snap));
            let offers = self.run.borrow().time.undo_labels();
            if self.ui.undo().with_untracked(|was| *was != offers) {
                self.ui.undo().set(offers);
            }
            if t >= self.judged.get() {
                let began = now_ms();
                let (wrong, ledger) = self.run.borrow().judged();
                self.ui.wrong().set(wrong);
                self.ui.ledger().set(ledger);
                self.judged.set(t + JUDGE_MS.max((now_ms() - began) * JUDGE_REST));
            }
        }
    }

    /// How fast it really goes, where that is less than was asked for.
    fn pace(&self, t: f64, elapsed: i64) {
        let (since, from) = self.paced.get();
        let ms = t - since;
        if ms >= JUDGE_MS || elapsed < from {
            self.paced.set((t, elapsed));
            let reached = (elapsed - from) as f64 / 1000.0 / ms;
            let asked = clock::factor(self.ui.speed().get_untracked());
            let short = self.ui.playing().get_untracked() && ms < 2.0 * JUDGE_MS && asked.is_none_or(|asked| reached < asked * 0.8);
            self.ui.pace().set(if short && reached >= 1.0 { reached as i64 } else { 0 });
        }
    }

    // What a person does.

    pub fn toggle(&self) {
        if self.ui.playing().get_untracked() {
            self.run_to_next_event(false);
        }
        self.ui.playing().update(|p| *p = !*p);
        self.last.set(now_ms());
        self.refresh();
    }

    pub fn play(&self, on: bool) {
        if self.ui.playing().get_untracked() != on {
            self.toggle();
        }
    }

    pub fn step(&self) {
        self.ui.playing().set(false);
        let mut run = self.run.borrow_mut();
        run.time.step();
        let said = run.world().events().last().map(|event| plainly(event, run.world()));
        let _ = run.sentences(1);
        drop(run);
        self.said(Ok(said.unwrap_or_default()));
    }

    pub fn step_back(&self) {
        self.moved(|time| time.step_back().map(|_| ()));
    }

    /// Does a timed line of the scenario language now.
    ///
    /// # Errors
    /// What is wrong with it or stands against it; then nothing is done.
    pub fn line(&self, line: &str) -> Result<(), String> {
        match self.run.borrow_mut().line(line)? {
            Some(branch) => self.say(format!("This is {branch} now; the other stays as it was.")),
            None => self.refresh(),
        }
        Ok(())
    }

    /// `line`, and what stands against it is said.
    pub fn tell(&self, line: &str) {
        if let Err(why) = self.line(line) {
            self.say(why);
        }
    }

    /// Takes back what was done last, or does it again; time goes on as it did.
    pub fn undo(&self, redo: bool) {
        let (mut done, before) = (None, self.run.borrow().time.branch().name.clone());
        let went = self.go(|time| {
            done = if redo { time.redo()? } else { time.undo()? };
            Ok(())
        });
        let now = self.run.borrow().time.branch().name.clone();
        self.say(match (went, done) {
            (Err(why), _) => why,
            (_, None) => "There is nothing to take back.".to_owned(),
            (_, Some(what)) if redo => format!("This is {now} again: {what}."),
            (_, Some(what)) => format!("Taken back: {what}. This is {now} now; {before} stays as it was."),
        });
    }

    /// Where one is, or is about to be.
    pub fn aim(&self) -> i64 {
        self.scrubbed.get().unwrap_or_else(|| self.run.borrow().now().micros_since(EPOCH))
    }

    /// Goes there at the next frame: of all that a hand asks for between two frames only the last counts.
    pub fn scrub(&self, micros: i64) {
        if self.hunting.get() {
            self.run_to_next_event(false);
        }
        self.ui.playing().set(false);
        self.scrubbed.set(Some(micros.max(0)));
        self.wake();
    }

    pub fn seek(&self, micros: i64) -> Result<String, String> {
        self.go(|time| time.seek(EPOCH.plus_micros(micros.max(0))))
    }

    pub fn go(&self, go: impl FnOnce(&mut Timeline) -> Result<(), TimeError>) -> Result<String, String> {
        let mut go = Some(go);
        self.went(&mut |time| go.take().map_or(Ok(()), |go| go(time)))
    }

    fn went(&self, go: &mut dyn FnMut(&mut Timeline) -> Result<(), TimeError>) -> Result<String, String> {
        let said = self.run.borrow_mut().go(go)?;
        self.waiting.borrow_mut().clear();
        // In another branch the same number may be another frame's.
        self.seen.take();
        self.rest.set(0.0);
        // The ledger is that of the moment, not of a second ago.
        self.judged.set(f64::NEG_INFINITY);
        self.refresh();
        Ok(said)
    }

    /// Goes to another moment or branch, paused; what stands in the way is said.
    pub fn moved(&self, go: impl FnOnce(&mut Timeline) -> Result<(), TimeError>) {
        self.ui.playing().set(false);
        self.said(self.go(go));
    }

    /// Does something to the branches that moves nothing.
    pub fn branch(&self, work: impl FnOnce(&mut Timeline) -> Result<(), TimeError>) {
        let done = work(&mut self.run.borrow_mut().time);
        match done {
            Ok(()) => self.refresh(),
            Err(why) => self.say(format!("{why}.")),
        }
    }

    fn said(&self, said: Result<String, String>) {
        self.say(said.unwrap_or_else(|why| why));
    }

    pub fn reset(&self) {
        match Run::start(&self.source.text, &self.source.name, self.source.seed, Disks::new()) {
            Ok(run) => {
                *self.run.borrow_mut() = run;
                self.seen.take();
                self.scrubbed.set(None);
                if let Some(store) = &*self.store.borrow() {
                    store.adopt(NODE, self.run.borrow_mut().keep_journal(NODE));
                }
                self.say("From the beginning.".into());
            }
            Err(why) => self.say(why),
        }
    }
}
