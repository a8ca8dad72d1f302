//! What the host page is told while the run goes on: the element makes an event of each.

use js_sys::{Function, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast as _, JsValue};

/// What has happened. The names of the variants are those of the events, without `tidepool-`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum HostEvent<'a> {
    /// The picture's moment has changed: at most ten times a second.
    Time { time_us: i64, playing: bool },
    /// The narrator has said a sentence.
    Narration { time_us: i64, text: &'a str },
    /// Running has stopped at a breakpoint.
    Breakpoint { time_us: i64, text: &'a str },
    /// A line of the scenario language was done.
    Deed { time_us: i64, text: &'a str },
}

impl HostEvent<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Time { .. } => "time",
            Self::Narration { .. } => "narration",
            Self::Breakpoint { .. } => "breakpoint",
            Self::Deed { .. } => "deed",
        }
    }
}

/// The host page, if it listens.
#[derive(Default)]
pub struct Host(Option<Function>);

impl Host {
    /// From the option `tell`: a function of an event's name and its detail.
    pub fn of(options: &JsValue) -> Self {
        Self(Reflect::get(options, &"tell".into()).ok().and_then(|tell| tell.dyn_into().ok()))
    }

    /// What the host throws is its own affair: events report it.
    pub fn emit(&self, event: &HostEvent) {
        let Some(tell) = &self.0 else { return };
        if let Ok(detail) = event.serialize(&serde_wasm_bindgen::Serializer::json_compatible()) {
            let _ = tell.call2(&JsValue::NULL, &event.name().into(), &detail);
        }
    }
}
