//! A playground in a page: `mount` puts one into an element and hands back its JavaScript API.

use super::clock;
use super::context::{PageState, PageStateStoreFields as _, Playground as Context, StageHandle, Ui};
use super::playground::Playground;
use super::run::{Disks, Run};
use super::stage::{ScenarioSource, Stage};
use super::store::Store;
use super::theme;
use crate::playground::time::Timeline;
use crate::world::EPOCH;
use leptos::mount::mount_to;
use leptos::prelude::*;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

/// Milliseconds of the run that have passed when the page opens.
const OPENING_MS: i64 = 16_000;

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
    let source = ScenarioSource { name: text("scenarioName"), text: text("scenarioText"), seed };
    let _ = host;

    let owner = Owner::new();
    let ui = owner.with(|| Ui::new(PageState::default()));
    let mut store = None;
    let name = text("store");
    if !name.is_empty() {
        match Store::open(&name, move |why| ui.store().set(why)).await {
            Ok(s) => store = Some(s),
            Err(error) => ui.store().set(error.to_string()),
        }
    }
    let disks = store.as_ref().map_or_else(Disks::new, |s| s.disks());
    let recovered = !disks.is_empty();
    let page = text("mode") == "page";
    let mut run = Run::start(&source.text, &source.name, seed, disks).map_err(fail)?;
    if page && !paused {
        // The page opens when records flow and the group reads them.
        run.time.advance(EPOCH.plus_millis(OPENING_MS), &mut || true);
        if let Some(last) = run.sentences(1).pop() {
            ui.said().set(last.text);
        }
    }
    let (stage, handle) = owner.with(|| {
        ui.playing().set(!paused);
        ui.title().set(run.title());
        theme::set(ui, &text("theme"));
        // At a quarter of its speed a record's way can be followed by eye.
        let unhurried = if page { clock::UNHURRIED } else { 0 };
        ui.speed().set(clock::step_of(&text("speed")).unwrap_or(unhurried));
        let stage = Stage::new(source, run, ui);
        (stage.clone(), StageHandle::new_local(stage))
    });
    if let Some(store) = store {
        let torn = store.torn();
        stage.keep_in(store);
        if !torn.is_empty() {
            ui.store().set(format!("The store was damaged: {}.", torn.join("; ")));
        }
        stage.say(
            if recovered { "The cluster is back: the broker has recovered its files." } else { "This cluster is kept in this browser." }
                .into(),
        );
    }
    let controls = text("controls") != "none";
    root.set_class_name(if page { "tidepool tp-page" } else { "tidepool tp-embed" });
    let unmount = owner.with(|| {
        provide_context(Context { ui, stage: handle, controls, page });
        mount_to(root, || view! { <Playground /> })
    });
    Ok(Handle { inner: Rc::new(RefCell::new(Some(Inner { stage, owner, unmount: Box::new(unmount) }))) })
}

struct Inner {
    stage: Rc<Stage>,
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
        drop(inner.unmount);
        inner.owner.cleanup();
    }

    /// An attribute of the element has changed.
    pub fn set(&self, name: &str, value: Option<String>) -> Result<(), JsValue> {
        let stage = self.stage()?;
        let ui = stage.ui;
        match name {
            "theme" => {
                theme::set(ui, value.as_deref().unwrap_or_default());
                theme::apply(&stage);
            }
            "paused" => stage.play(value.is_none()),
            "speed" => {
                if let Some(step) = value.as_deref().and_then(clock::step_of) {
                    ui.speed().set(step);
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
        set(&o, "playing", stage.ui.playing().get_untracked().into())?;
        // true: all of it is written; false: some waits; null: it lives in memory.
        set(&o, "stored", stage.is_settled().map_or(JsValue::NULL, JsValue::from))?;
        set(&o, "store", stage.ui.store().get_untracked().into())?;
        js_sys::JSON::stringify(&o).map(String::from)
    }
}
