//! A playground in a page: `mount` puts one into an element and hands back its JavaScript API.

use super::clock;
use super::run::{Disks, Run};
use super::stage::{Recipe, Stage};
use super::store::Store;
use super::ui::{self, Act, Ui};
use crate::playground::time::Timeline;
use crate::world::EPOCH;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Document, HtmlElement, IntersectionObserver, IntersectionObserverEntry, MediaQueryList, ResizeObserver};

/// Milliseconds of the run that have passed when the page opens.
const OPENING_MS: i64 = 16_000;
/// The bar's height and the caption's, in CSS pixels.
const AROUND: f64 = 56.0 + 138.0;

/// Whether a media query holds.
fn prefers(query: &str) -> bool {
    media(query).is_some_and(|m| m.matches())
}

pub(super) fn media(query: &str) -> Option<MediaQueryList> {
    web_sys::window()?.match_media(query).ok().flatten()
}

pub(super) fn toggle_theme(ui: Ui, act: Act) {
    let dark = match ui.theme.get_untracked().as_str() {
        "dark" => true,
        "light" => false,
        _ => prefers("(prefers-color-scheme: dark)"),
    };
    set_theme(ui, if dark { "light" } else { "dark" });
    act.with_value(later_retheme);
}

fn set_theme(ui: Ui, theme: &str) {
    ui.theme.set(if matches!(theme, "light" | "dark") { theme.to_owned() } else { String::new() });
}

/// The custom properties change after the attribute has; then the canvas reads them.
fn later_retheme(stage: &Rc<Stage>) {
    let stage = Rc::downgrade(stage);
    set_timeout(
        move || {
            if let Some(s) = stage.upgrade() {
                s.retheme();
            }
        },
        std::time::Duration::from_millis(30),
    );
}

/// Something to undo when the playground goes.
type Undo = Box<dyn FnOnce()>;

fn listen(target: &web_sys::EventTarget, event: &'static str, call: impl FnMut() + 'static) -> Undo {
    let closure = Closure::<dyn FnMut()>::new(call);
    let target = target.clone();
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    Box::new(move || {
        let _ = target.remove_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    })
}

/// A page of its own shows the whole picture between its bar and what stands below it, as that is while no panel is open.
fn resize(stage: &Stage, root: &HtmlElement) {
    let inner = web_sys::window().and_then(|w| w.inner_height().ok()?.as_f64()).filter(|_| root.class_list().contains("tp-page"));
    stage.resize(f64::from(root.client_width()), inner.map_or(0.0, |height| (height - AROUND).max(1.0)));
}

fn watch(stage: &Rc<Stage>, root: &HtmlElement, document: &Document) -> Vec<Undo> {
    let mut undo: Vec<Undo> = Vec::new();
    let weak = Rc::downgrade(stage);
    {
        let (weak, document2) = (weak.clone(), document.clone());
        undo.push(listen(document, "visibilitychange", move || {
            if let Some(s) = weak.upgrade() {
                s.set_visible(!document2.hidden());
                s.flush();
            }
        }));
    }
    if let Some(window) = web_sys::window() {
        let weak = weak.clone();
        undo.push(listen(&window, "pagehide", move || {
            if let Some(s) = weak.upgrade() {
                s.flush();
            }
        }));
    }
    if let Some(m) = media("(prefers-color-scheme: dark)") {
        let weak = weak.clone();
        undo.push(listen(&m, "change", move || {
            if let Some(s) = weak.upgrade() {
                later_retheme(&s);
            }
        }));
    }
    let size = {
        let (weak, root) = (weak.clone(), root.clone());
        move || {
            if let Some(s) = weak.upgrade() {
                resize(&s, &root);
            }
        }
    };
    if let Some(window) = web_sys::window() {
        undo.push(listen(&window, "resize", size.clone()));
    }
    let sized = Closure::<dyn FnMut()>::new(size);
    if let Ok(observer) = ResizeObserver::new(sized.as_ref().unchecked_ref()) {
        observer.observe(root);
        undo.push(Box::new(move || {
            observer.disconnect();
            drop(sized);
        }));
    }
    let seen = {
        let weak = weak.clone();
        Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let last = entries.get(entries.length().saturating_sub(1));
            if let (Some(s), Ok(e)) = (weak.upgrade(), last.dyn_into::<IntersectionObserverEntry>()) {
                s.set_on_screen(e.is_intersecting());
            }
        })
    };
    if let Ok(observer) = IntersectionObserver::new(seen.as_ref().unchecked_ref()) {
        observer.observe(root);
        undo.push(Box::new(move || {
            observer.disconnect();
            drop(seen);
        }));
    }
    undo
}

/// Puts a playground into `root`, an element inside `host`'s shadow tree. Fails with a sentence when the scenario is wrong.
/// `options`: the element's attributes as text (`store`, `theme`, `controls`, `speed`, `seed`, `mode`), `paused`, and the
/// scenario (`scenarioText`, `scenarioName`); what is missing is as if it were not set.
#[wasm_bindgen]
pub async fn mount(host: HtmlElement, root: HtmlElement, options: JsValue) -> Result<Handle, JsValue> {
    super::start();
    let option = |name: &str| js_sys::Reflect::get(&options, &name.into()).unwrap_or_default();
    let text = |name: &str| option(name).as_string().unwrap_or_default();
    let paused = option("paused").is_truthy();
    let fail = |why: String| JsValue::from(js_sys::Error::new(&why));
    let seed = match text("seed").as_str() {
        "" => None,
        text => Some(
            text.trim().parse::<u64>().map_err(|_| fail(format!("seed=\"{text}\": a whole number from 0 to {} is expected", u64::MAX)))?,
        ),
    };
    let recipe = Recipe { name: text("scenarioName"), text: text("scenarioText"), seed };
    let document = host.owner_document().ok_or_else(|| fail("the element is in no document".into()))?;

    let owner = Owner::new();
    let ui = owner.with(Ui::new);
    let mut store = None;
    let name = text("store");
    if !name.is_empty() {
        match Store::open(&name, move |why| ui.store.set(why)).await {
            Ok(s) => store = Some(s),
            Err(error) => ui.store.set(error.to_string()),
        }
    }
    let disks = store.as_ref().map_or_else(Disks::new, |s| s.disks());
    let recovered = !disks.is_empty();
    let page = text("mode") == "page";
    let mut run = Run::start(&recipe.text, &recipe.name, seed, disks).map_err(fail)?;
    if page && !paused {
        // The page opens when records flow and the group reads them.
        run.time.advance(EPOCH.plus_millis(OPENING_MS), &mut || true);
        if let Some(last) = run.sentences(1).pop() {
            ui.said.set(last.text);
        }
    }
    let (stage, act) = owner.with(|| {
        ui.playing.set(!paused);
        ui.title.set(run.title());
        set_theme(ui, &text("theme"));
        // At a quarter of its speed a record's way can be followed by eye.
        let unhurried = if page { clock::UNHURRIED } else { 0 };
        ui.speed.set(clock::step_of(&text("speed")).unwrap_or(unhurried));
        let stage = Stage::new(recipe, run, ui);
        (stage.clone(), Act::new_local(stage))
    });
    if let Some(store) = store {
        let torn = store.torn();
        stage.keep_in(store);
        if !torn.is_empty() {
            ui.store.set(format!("The store was damaged: {}.", torn.join("; ")));
        }
        stage.say(
            if recovered { "The cluster is back: the broker has recovered its files." } else { "This cluster is kept in this browser." }
                .into(),
        );
    }
    let controls = text("controls") != "none";
    root.set_class_name(if page { "tidepool tp-page" } else { "tidepool tp-embed" });
    let unmount = owner.with(|| {
        let unmount = mount_to(root.clone(), || InertElement::new(ui::MARKUP));
        ui::follow(&root, ui, act, controls);
        unmount
    });
    resize(&stage, &root);
    let undo = watch(&stage, &root, &document);
    Ok(Handle { inner: Rc::new(RefCell::new(Some(Inner { stage, undo, owner, unmount: Box::new(unmount) }))) })
}

struct Inner {
    stage: Rc<Stage>,
    undo: Vec<Undo>,
    owner: Owner,
    unmount: Box<dyn Any>,
}

/// A mounted playground's JavaScript API, version 1.
#[wasm_bindgen]
pub struct Handle {
    inner: Rc<RefCell<Option<Inner>>>,
}

impl Handle {
    fn stage(&self) -> Result<Rc<Stage>, JsValue> {
        self.inner.borrow().as_ref().map(|i| i.stage.clone()).ok_or_else(|| js_sys::Error::new("this playground is destroyed").into())
    }
}

#[wasm_bindgen]
impl Handle {
    /// The same playground under the API of `version`; `null` when this build does not have it.
    pub fn api(&self, version: u32) -> Option<Handle> {
        (version == 1).then(|| Handle { inner: self.inner.clone() })
    }

    /// Takes the playground out of the page and forgets it. Calling it again does nothing.
    pub fn destroy(&self) {
        let Some(inner) = self.inner.borrow_mut().take() else { return };
        inner.stage.destroy();
        for undo in inner.undo {
            undo();
        }
        drop(inner.unmount);
        inner.owner.cleanup();
    }

    /// An attribute of the element has changed.
    pub fn set(&self, name: &str, value: Option<String>) -> Result<(), JsValue> {
        let stage = self.stage()?;
        let ui = stage.ui;
        match name {
            "theme" => {
                set_theme(ui, value.as_deref().unwrap_or_default());
                later_retheme(&stage);
            }
            "paused" => stage.play(value.is_none()),
            "speed" => {
                if let Some(step) = value.as_deref().and_then(clock::step_of) {
                    ui.speed.set(step);
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub fn play(&self) -> Result<(), JsValue> {
        self.stage().map(|s| s.play(true))
    }

    pub fn pause(&self) -> Result<(), JsValue> {
        self.stage().map(|s| s.play(false))
    }

    /// Runs the next event; pauses.
    pub fn step(&self) -> Result<(), JsValue> {
        self.stage().map(|s| s.step())
    }

    /// Goes to a moment: microseconds since the run began. Earlier ones are replayed.
    pub fn seek(&self, time_us: f64) -> Result<(), JsValue> {
        let stage = self.stage()?;
        self.told(stage.seek(time_us as i64).map(|said| stage.say(said)))
    }

    fn told<T>(&self, done: Result<T, String>) -> Result<T, JsValue> {
        done.map_err(|e| js_sys::Error::new(&e).into())
    }

    /// Goes back to the event before; pauses.
    #[wasm_bindgen(js_name = stepBack)]
    pub fn step_back(&self) -> Result<(), JsValue> {
        let stage = self.stage()?;
        stage.play(false);
        self.told(stage.go(|time| time.step_back().map(|_| ())).map(|_| ()))
    }

    /// Shows a branch by its id, where one left it.
    pub fn select(&self, branch: u32) -> Result<(), JsValue> {
        self.told(self.stage()?.go(|time| time.select(branch)).map(|_| ()))
    }

    /// Gives a branch a name; without one, drops it.
    pub fn branch(&self, branch: u32, name: Option<String>) -> Result<(), JsValue> {
        let done = |time: &mut Timeline| match &name {
            Some(name) => time.rename(branch, name),
            None => time.drop_branch(branch),
        };
        self.told(self.stage()?.go(done).map(|_| ()))
    }

    /// Two branches in a sentence: where they part and what each has come to.
    pub fn compare(&self, left: u32, right: u32) -> Result<String, JsValue> {
        Ok(super::branches::compared(&*self.stage()?, left, right))
    }

    /// Running stops at these, with commas between them: "isr < 2, election".
    pub fn breakpoints(&self, words: &str) -> Result<(), JsValue> {
        self.told(self.stage()?.go(|time| time.set_breakpoints(words)).map(|_| ()))
    }

    /// One line of the scenario language, done now: "crash billing-2".
    pub fn act(&self, line: &str) -> Result<(), JsValue> {
        let stage = self.stage()?;
        let done = stage.line(line);
        stage.refresh();
        done.map_err(|e| js_sys::Error::new(&e).into())
    }

    /// The run's state as JSON. Times are microseconds since the run began; the hash is hexadecimal.
    pub fn state(&self) -> Result<String, JsValue> {
        let stage = self.stage()?;
        let run = stage.run.borrow();
        let view = run.view();
        let set = |o: &js_sys::Object, name: &str, value: JsValue| js_sys::Reflect::set(o, &name.into(), &value).map(|_| ());
        let o = js_sys::Object::new();
        set(&o, "time_us", (view.now.micros_since(EPOCH) as f64).into())?;
        set(&o, "events", (run.events() as f64).into())?;
        set(&o, "event_hash", format!("{:016x}", run.hash()).into())?;
        set(&o, "handled", (view.consumers.iter().map(|c| c.handled).sum::<u64>() as f64).into())?;
        set(&o, "acked", (view.producers.iter().map(|p| p.acked).sum::<u64>() as f64).into())?;
        set(&o, "moving", (view.flights.iter().map(|f| f.cargo.len()).sum::<usize>() as f64).into())?;
        let ends = js_sys::Object::new();
        for p in &view.partitions {
            set(&ends, &format!("{}-{}", p.view.topic, p.view.partition), (p.view.end_offset as f64).into())?;
        }
        set(&o, "end_offsets", ends.into())?;
        let branches = js_sys::Object::new();
        for b in run.time.branches() {
            set(&branches, &b.id.to_string(), b.name.as_str().into())?;
        }
        set(&o, "branches", branches.into())?;
        set(&o, "branch", run.time.branch().id.into())?;
        set(&o, "past", run.time.in_past().into())?;
        set(&o, "end_us", (run.time.branch().end.at.micros_since(EPOCH) as f64).into())?;
        set(&o, "playing", stage.ui.playing.get_untracked().into())?;
        // true: all of it is written; false: some waits; null: it lives in memory.
        set(&o, "stored", stage.is_settled().map_or(JsValue::NULL, JsValue::from))?;
        set(&o, "store", stage.ui.store.get_untracked().into())?;
        js_sys::JSON::stringify(&o).map(String::from)
    }
}
