//! The JavaScript API of a mounted playground, version 1. `www/element.d.ts` has its types.

use super::branches;
use super::clock;
use super::context::PageStateStoreFields as _;
use super::error::{OptionError, argument, error};
use super::options::{self, Frame, THEMES};
use super::stage::Stage;
use super::state::State;
use super::words::api as words;
use crate::playground::time::Timeline;
use leptos::prelude::*;
use serde::Serialize as _;
use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The latest moment that JavaScript's numbers hold exactly, in microseconds.
const LATEST_US: f64 = 9_007_199_254_740_991.0;

/// A playground in a page; `element.js` hands its methods on.
#[wasm_bindgen]
pub struct Handle {
    mounted: RefCell<Option<Mounted>>,
}

pub(super) struct Mounted {
    pub stage: Rc<Stage>,
    pub frame: Frame,
    pub owner: Owner,
    pub unmount: Box<dyn Any>,
}

impl Handle {
    pub(super) fn new(mounted: Mounted) -> Self {
        Self { mounted: RefCell::new(Some(mounted)) }
    }

    fn stage(&self) -> Result<Rc<Stage>, JsValue> {
        self.mounted.borrow().as_ref().map(|m| m.stage.clone()).ok_or_else(|| error(words::DESTROYED))
    }
}

fn said<T>(done: Result<T, String>) -> Result<T, JsValue> {
    done.map_err(error)
}

fn text(name: &str, value: &JsValue) -> Result<String, OptionError> {
    argument(name, value, words::TEXT, |_: &String| true)
}

fn branch_id(stage: &Stage, name: &str, value: &JsValue) -> Result<u32, OptionError> {
    let known = |id: &f64| stage.run.borrow().time.branches().iter().any(|branch| f64::from(branch.id) == *id);
    argument(name, value, words::BRANCH, known).map(|id| id as u32)
}

#[wasm_bindgen]
impl Handle {
    /// Takes the playground out of the page and forgets it. Calling it again does nothing.
    pub fn destroy(&self) {
        let Some(Mounted { stage, owner, unmount, .. }) = self.mounted.borrow_mut().take() else { return };
        stage.destroy();
        drop(unmount);
        owner.cleanup();
    }

    /// An attribute of the element has changed.
    ///
    /// # Errors
    /// A value that is not what the attribute expects: then the old one stays.
    pub fn set(&self, name: &str, value: Option<String>) -> Result<(), JsValue> {
        let stage = self.stage()?;
        match (name, value) {
            ("theme", value) => {
                stage.ui.theme().set(options::word("theme", value.as_deref(), &THEMES)?.to_owned());
            }
            ("paused", value) => stage.play(value.is_none()),
            // Without one the director has the pace, as at the start.
            ("speed", value) => stage.ui.speed().set(value.map_or(Ok(clock::AUTO), |value| options::speed(&value))?),
            (name, value) => {
                let frame = self.mounted.borrow().as_ref().map(|mounted| mounted.frame);
                frame.map_or(Ok(()), |frame| frame.keep(name, value.as_deref()))?;
            }
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

    /// Goes back to the event before; pauses.
    #[wasm_bindgen(js_name = stepBack)]
    pub fn step_back(&self) -> Result<(), JsValue> {
        let stage = self.stage()?;
        stage.play(false);
        said(stage.go(|time| time.step_back().map(|_| ())).map(|_| ()))
    }

    /// Goes to a moment: microseconds since the run began. Earlier ones are replayed.
    pub fn seek(&self, time_us: JsValue) -> Result<(), JsValue> {
        let stage = self.stage()?;
        let micros = argument("time_us", &time_us, words::MICROS, |us: &f64| (0.0..=LATEST_US).contains(us))?;
        said(stage.seek(micros as i64).map(|said| stage.say(said)))
    }

    /// Shows a branch by its id, where one left it.
    pub fn select(&self, branch: JsValue) -> Result<(), JsValue> {
        let stage = self.stage()?;
        let branch = branch_id(&stage, "branch", &branch)?;
        said(stage.go(|time| time.select(branch)).map(|_| ()))
    }

    /// Gives a branch a name; without one, drops it.
    pub fn branch(&self, branch: JsValue, name: JsValue) -> Result<(), JsValue> {
        let stage = self.stage()?;
        let branch = branch_id(&stage, "branch", &branch)?;
        let name = argument("name", &name, words::NAME, |_: &Option<String>| true)?;
        let done = |time: &mut Timeline| match &name {
            Some(name) => time.rename(branch, name),
            None => time.drop_branch(branch),
        };
        said(stage.go(done).map(|_| ()))
    }

    /// Two branches in a sentence: where they part and what each has come to.
    pub fn compare(&self, left: JsValue, right: JsValue) -> Result<String, JsValue> {
        let stage = self.stage()?;
        let (left, right) = (branch_id(&stage, "left", &left)?, branch_id(&stage, "right", &right)?);
        said(branches::compared(&stage, left, right))
    }

    /// Running stops at these, with commas between them: "isr < 2, election".
    pub fn breakpoints(&self, words: JsValue) -> Result<(), JsValue> {
        let words = text("words", &words)?;
        said(self.stage()?.go(|time| time.set_breakpoints(&words)).map(|_| ()))
    }

    /// One line of the scenario language, done now: "crash billing-2".
    pub fn act(&self, line: JsValue) -> Result<(), JsValue> {
        let (stage, line) = (self.stage()?, text("line", &line)?);
        let done = stage.line(&line);
        stage.refresh();
        said(done)
    }

    /// The run's state as a plain object.
    pub fn state(&self) -> Result<JsValue, JsValue> {
        let state = State::of(&*self.stage()?);
        state.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(Into::into)
    }
}
