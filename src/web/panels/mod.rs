//! The drawer under the caption: one panel at a time, made when its tab is opened and gone when it is closed.

pub mod ask;
pub mod editor;
pub mod inspector;
pub mod ledger;
pub(in crate::web) mod rows;
pub mod sinks;
pub mod transcript;
pub mod why;

use super::context::{PageStateStoreFields as _, Playground, Ui, use_playground};
use super::legend::Legend;
use super::words::panels as words;
use crate::playground::scene::Target;
use editor::Editor;
use inspector::Inspector;
use ledger::Ledger;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use sinks::Sinks;
use transcript::Transcript;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use why::Why;

/// A panel: the word on its tab, and its component.
struct Panel {
    name: &'static str,
    view: fn() -> AnyView,
}

/// In the order of their tabs. A new panel is a line here and a file beside this one.
const PANELS: &[Panel] = &[
    Panel { name: words::WHY, view: || view! { <Why /> }.into_any() },
    Panel { name: words::LEDGER, view: || view! { <Ledger /> }.into_any() },
    Panel { name: words::SINKS, view: || view! { <Sinks /> }.into_any() },
    Panel { name: words::INSPECTOR, view: || view! { <Inspector /> }.into_any() },
    Panel { name: words::TRANSCRIPT, view: || view! { <Transcript /> }.into_any() },
    Panel { name: words::SCENARIO, view: || view! { <Editor /> }.into_any() },
];

/// Opens the panel at `index`, or closes it when it is the open one.
pub(super) fn toggle(ui: Ui, index: usize) {
    if let Some(Panel { name, .. }) = PANELS.get(index) {
        ui.panel().update(|open| *open = if *open == Some(*name) { None } else { Some(*name) });
    }
}

/// The tabs and the drawer that they open.
#[component]
pub fn Panels() -> impl IntoView {
    let tabs = NodeRef::new();
    view! {
        <Tabs tabs />
        <PanelDrawer tabs />
        <Legend />
    }
}

/// Focuses the child at `index`.
fn focus_child(list: NodeRef<html::Div>, index: usize) {
    let child = list.get_untracked().and_then(|list| list.children().item(u32::try_from(index).ok()?));
    if let Some(child) = child.and_then(|child| child.dyn_into::<HtmlElement>().ok()) {
        let _ = child.focus();
    }
}

/// A tab for each panel, if the playground has controls. Arrows go from tab to tab.
#[component]
fn Tabs(tabs: NodeRef<html::Div>) -> impl IntoView {
    let Playground { ui, controls, .. } = use_playground();
    let tab = |(index, Panel { name, .. }): (usize, &'static Panel)| {
        let walk = move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowRight" => (index + 1) % PANELS.len(),
                "ArrowLeft" => (index + PANELS.len() - 1) % PANELS.len(),
                _ => return,
            };
            event.prevent_default();
            focus_child(tabs, to);
        };
        view! {
            <button
                type="button"
                role="tab"
                class="tp-text"
                aria-selected=move || (ui.panel().get() == Some(*name)).to_string()
                on:click=move |_| toggle(ui, index)
                on:keydown=walk
            >
                {*name}
            </button>
        }
    };
    let all = if controls { PANELS } else { &[] };
    view! {
        <div class="tp-tabs" role="tablist" aria-label=words::PANELS node_ref=tabs>
            {all.iter().enumerate().map(tab).collect_view()}
        </div>
    }
}

/// The open panel. Escape closes it and goes back to its tab.
#[component]
fn PanelDrawer(tabs: NodeRef<html::Div>) -> impl IntoView {
    let Playground { ui, .. } = use_playground();
    let open = Memo::new(move |_| {
        let name = ui.panel().get()?;
        PANELS.iter().position(|panel| panel.name == name)
    });
    let panel = move || open.get().and_then(|index| PANELS.get(index));
    // A frame is bytes before all: choosing it opens the panel that shows them.
    Effect::new(move |_| {
        if matches!(ui.chosen().get(), Some(Target::Frame(_))) {
            ui.panel().set(Some(words::INSPECTOR));
        }
    });
    let close = move |event: KeyboardEvent| {
        if event.key() == "Escape"
            && let Some(index) = open.get_untracked()
        {
            focus_child(tabs, index);
            ui.panel().set(None);
        }
    };
    view! {
        <div
            class="tp-panel"
            role="tabpanel"
            hidden=move || open.get().is_none()
            aria-label=move || panel().map(|panel| panel.name)
            on:keydown=close
        >
            {move || panel().map(|panel| (panel.view)())}
        </div>
    }
}
