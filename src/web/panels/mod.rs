//! The drawer under the caption: one panel at a time, made when its tab is opened and gone when it is closed.

pub mod why;

use super::dom;
use super::ui::{Act, Ui};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// A panel: the word on its tab, and what fills it for as long as the owner at hand lives.
struct Panel {
    name: &'static str,
    fill: fn(&Element, Ui, Act),
}

/// In the order of their tabs. A new panel is a line here and a file beside this one.
const ALL: &[Panel] = &[];

/// Puts tabs and drawer into the playground `root`.
pub fn panels(root: &Element, ui: Ui, act: Act) {
    let Some(parent) = Owner::current() else { return };
    let (tabs, panel) = (dom::at(root, ".tp-tabs"), dom::at(root, ".tp-panel"));
    for Panel { name, .. } in ALL {
        let tab = dom::element("<button type=button role=tab class=tp-text></button>");
        tab.set_text_content(Some(name));
        let chosen = move || (ui.panel.get() == Some(*name)).to_string();
        dom::attribute(&tab, "", "aria-selected", chosen);
        dom::on(&tab, "", "click", move |_| ui.panel.update(|open| *open = if *open == Some(*name) { None } else { Some(name) }));
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
            ui.panel.set(None);
            dom::focus(strip.query_selector("[data-was]").ok().flatten());
        }
    });
    let mut owner: Option<Owner> = None;
    dom::effect(Box::new(move || {
        let open = ui.panel.get();
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
