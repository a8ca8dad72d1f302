//! The second wasm file and its style sheet: what only panels, menus, zoom and followed records need. They are loaded when one of them
//! is asked for first, so that a page that only shows a run stays small. `scripts/split.mjs` says what is in the file; nothing of it may
//! be called before it is here.

use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

type Then = Box<dyn FnOnce()>;

#[derive(Clone, Copy)]
pub struct Late {
    here: RwSignal<bool>,
    /// Loads it; `None` while it is under way and when it is not needed.
    load: StoredValue<Option<Function>, LocalStorage>,
    /// What is done when it has come.
    waiting: StoredValue<Vec<Then>, LocalStorage>,
    /// What went wrong; empty when nothing did.
    pub wrong: RwSignal<String>,
}

impl Late {
    pub fn new() -> Self {
        Self {
            here: RwSignal::new(true),
            load: StoredValue::new_local(None),
            waiting: StoredValue::new_local(Vec::new()),
            wrong: RwSignal::new(String::new()),
        }
    }

    /// `load`: a function that gives a promise; anything else when all is in one file.
    pub fn comes_by(&self, load: JsValue) {
        let load: Option<Function> = load.dyn_into().ok();
        self.here.set(load.is_none());
        self.load.set_value(load);
    }

    /// Whether it has come; followed as a signal.
    pub fn came(&self) -> bool {
        self.here.get()
    }

    /// Whether it is here, for what is drawn again and again: asks for it, but not once more on its own after a failure.
    pub fn here(&self) -> bool {
        let here = self.here.get_untracked();
        if !here && self.wrong.with_untracked(String::is_empty) {
            self.fetch();
        }
        here
    }

    /// Does it as soon as it is here: what a hand asks for, and so what tries again after a failure.
    pub fn after(&self, then: Then) {
        if self.here.get_untracked() {
            then();
        } else {
            self.waiting.update_value(|all| all.push(then));
            self.fetch();
        }
    }

    fn fetch(&self) {
        let Some(load) = self.load.try_update_value(Option::take).flatten() else { return };
        let Self { here, load: again, waiting, wrong } = *self;
        wrong.set(String::new());
        spawn_local(async move {
            let promise = load.call0(&JsValue::NULL).and_then(|p| p.dyn_into::<Promise>());
            let done = match promise {
                Ok(promise) => JsFuture::from(promise).await,
                Err(why) => Err(why),
            };
            // The playground may be gone by now.
            match done {
                Ok(_) => {
                    here.try_set(true);
                    waiting.try_update_value(std::mem::take).unwrap_or_default().into_iter().for_each(|then| then());
                }
                Err(why) => {
                    let why = why.dyn_ref::<js_sys::Error>().map_or_else(String::new, |error| String::from(error.message()));
                    // Nothing that was asked for may happen by surprise later.
                    waiting.try_update_value(Vec::clear);
                    again.try_set_value(Some(load));
                    wrong.try_set(format!("A part of this page could not be loaded: {why}. Open it again to try once more."));
                }
            }
        });
    }
}
