//! The drawer under the caption: one panel at a time, made when its tab is opened and gone when it is closed.

mod inspector;
mod ledger;
pub mod transcript;
pub mod why;

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::dom;
use crate::playground::scene::Target;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// A panel: the word on its tab, and what fills it for as long as the owner at hand lives.
struct Panel {
    name: &'static str,
    fill: fn(&Element, Ui, StageHandle),
}

/// In the order of their tabs. A new panel is a line here and a file beside this one.
const ALL: &[Panel] = &[
    Panel { name: why::NAME, fill: why::fill },
    Panel { name: "Ledger", fill: ledger::fill },
    Panel { name: "Inspector", fill: inspector::fill },
    Panel { name: "Transcript", fill: transcript::fill },
];

/// Puts the drawer into the playground `root`, and the tabs if it has controls.
pub fn panels(root: &Element, ui: Ui, act: StageHandle, controls: bool) {
    let Some(parent) = Owner::current() else { return };
    let (tabs, panel) = (dom::at(root, ".tp-tabs"), dom::at(root, ".tp-panel"));
    for Panel { name, .. } in ALL.iter().filter(|_| controls) {
        let tab = dom::element("<button type=button role=tab class=tp-text></button>");
        tab.set_text_content(Some(name));
        let chosen = move || (ui.panel().get() == Some(*name)).to_string();
        dom::attribute(&tab, "", "aria-selected", chosen);
        dom::on(&tab, "", "click", move |_| ui.panel().update(|open| *open = if *open == Some(*name) { None } else { Some(name) }));
        let _ = tabs.append_child(&tab);
    }
    // Arrows go from tab to tab, Escape closes the drawer and goes back to its tab.
    let strip = tabs.clone();
    dom::on(&tabs, "", "keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        let Some(tab) = event.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
        let to = match key.key().as_str() {
            "ArrowRight" => tab.next_element_sibling().or(strip.first_element_child()),
            "ArrowLeft" => tab.previous_element_sibling().or(strip.last_element_child()),
            _ => return,
        };
        event.prevent_default();
        dom::focus(to);
    });
    let strip = tabs.clone();
    dom::on(&panel, "", "keydown", move |event| {
        if event.dyn_ref::<KeyboardEvent>().is_some_and(|key| key.key() == "Escape") {
            ui.panel().set(None);
            dom::focus(strip.query_selector("[data-was]").ok().flatten());
        }
    });
    // A frame is bytes before all: they are shown where there is room for them.
    dom::effect(Box::new(move || {
        if matches!(ui.chosen().get(), Some(Target::Frame(_))) {
            ui.panel().set(Some("Inspector"));
        }
    }));
    let mut owner: Option<Owner> = None;
    dom::effect(Box::new(move || {
        let open = ui.panel().get();
        if let Some(owner) = owner.take() {
            owner.cleanup();
        }
        panel.set_text_content(None);
        let _ = panel.toggle_attribute_with_force("hidden", open.is_none());
        let Some((n, Panel { name, fill })) = (0..).zip(ALL).find(|(_, panel)| Some(panel.name) == open) else { return };
        dom::set(&panel, "aria-label", name);
        for (i, tab) in (0..).map_while(|i| Some((i, tabs.children().item(i)?))) {
            let _ = tab.toggle_attribute_with_force("data-was", i == n);
        }
        let child = parent.child();
        child.with(|| fill(&panel, ui, act));
        owner = Some(child);
    }));
}

/// Milliseconds between two looks of a panel while the run plays.
const LOOK_MS: f64 = 1000.0;

/// Whether a list is to be made anew: at once when it is asked for something else or when the run stands still; while the run plays
/// once a second, and not under a hand that is about to choose from it. Follows the moment.
fn due<T: PartialEq>(ui: Ui, list: &Element, last: &Cell<f64>, before: &RefCell<Option<T>>, asked: T) -> bool {
    let (playing, now) = (ui.playing().get(), js_sys::Date::now());
    ui.snap().track();
    let other = before.borrow().as_ref() != Some(&asked);
    let rests = playing && now - last.get() < LOOK_MS || list.matches(":is(:hover,:focus-within)").unwrap_or(false);
    if !other && rests {
        return false;
    }
    last.set(now);
    before.replace(Some(asked));
    true
}
