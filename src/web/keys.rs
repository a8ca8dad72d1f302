//! Keys of the whole playground, while the focus is inside. One table: the help lists what is handled here, and nothing else.

use super::context::{PageStateStoreFields as _, Playground};
use super::words::{help as words, sheets};
use super::{panels, undo};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// A key: its name as the browser has it, its name in the help, and what it does.
pub struct Key {
    name: &'static str,
    pub shown: &'static str,
    pub words: &'static str,
    act: fn(Playground),
}

pub const KEYS: &[Key] = &[
    Key { name: " ", shown: words::SPACE, words: words::PLAY_PAUSE, act: |p| p.stage.with_value(|s| s.toggle()) },
    Key { name: ".", shown: ".", words: words::NEXT_EVENT, act: |p| p.stage.with_value(|s| s.step()) },
    Key { name: ",", shown: ",", words: words::PREVIOUS_EVENT, act: |p| p.stage.with_value(|s| s.step_back()) },
    Key { name: "ArrowRight", shown: "→", words: words::FORWARD, act: |p| shift(p, 1_000_000) },
    Key { name: "ArrowLeft", shown: "←", words: words::BACK, act: |p| shift(p, -1_000_000) },
    Key { name: "?", shown: "?", words: words::THIS_SHEET, act: |p| p.ui.sheet().set(Some(sheets::HELP)) },
    Key { name: "1", shown: "1", words: words::FIRST_PANEL, act: |p| panels::toggle(p.ui, 0) },
    Key { name: "2", shown: "2", words: words::SECOND_PANEL, act: |p| panels::toggle(p.ui, 1) },
    Key { name: "3", shown: "3", words: words::THIRD_PANEL, act: |p| panels::toggle(p.ui, 2) },
    Key { name: "4", shown: "4", words: words::FOURTH_PANEL, act: |p| panels::toggle(p.ui, 3) },
    Key { name: "5", shown: "5", words: words::FIFTH_PANEL, act: |p| panels::toggle(p.ui, 4) },
    Key { name: "6", shown: "6", words: words::SIXTH_PANEL, act: |p| panels::toggle(p.ui, 5) },
];

/// Keys that the stage and its cards handle themselves (`navigation`, `undo`), for the help.
pub const ELSEWHERE: &[(&str, &str)] = words::KEYS_ELSEWHERE;

fn shift(p: Playground, micros: i64) {
    p.stage.with_value(|s| s.scrub(s.aim() + micros));
}

/// Whether the key is the element's own: a field is written in, a button is pressed by Space, arrows move in what has a role for them.
fn is_own(element: &Element, key: &str) -> bool {
    match element.local_name().as_str() {
        "input" | "select" | "textarea" => true,
        "button" | "summary" => key == " " || key.starts_with("Arrow") && element.has_attribute("role"),
        _ => key.starts_with("Arrow") && element.has_attribute("role") && element.get_attribute("role").as_deref() != Some("group"),
    }
}

/// For the playground's frame. What an element inside has handled is done.
pub fn on_key_down(p: Playground, event: &KeyboardEvent) {
    undo::on_key_down(p.stage, event);
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() || p.ui.sheet().get_untracked().is_some() {
        return;
    }
    let pressed = event.key();
    let own = event.target().and_then(|target| target.dyn_into::<Element>().ok()).is_some_and(|element| is_own(&element, &pressed));
    let Some(key) = KEYS.iter().find(|key| key.name == pressed).filter(|_| !own) else { return };
    event.prevent_default();
    (key.act)(p);
}
