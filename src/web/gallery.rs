//! The gallery: all scenarios, each with its poster, what happens in it and what it teaches.

use super::context::{PageStateStoreFields as _, use_playground};
use super::paint::{self, Inks};
use super::panels::editor::OpenButton;
use super::stage::ScenarioSource;
use super::words::{panels, sheets as say};
use crate::playground::poster::{WIDTH, poster};
use crate::playground::scenario::{ScenarioEntry, scenarios};
use leptos::html;
use leptos::prelude::*;
use std::time::Duration;

/// A poster's size in CSS pixels.
const POSTER: (f64, f64) = (256.0, 132.0);
/// Between two posters the page has a frame of its own.
const BETWEEN: Duration = Duration::from_millis(30);
/// The page's address names the scenario by this.
pub const PARAMETER: &str = "scenario";

#[component]
pub fn Gallery() -> impl IntoView {
    let ui = use_playground().ui;
    let words = RwSignal::new(String::new());
    let edit = move |_| {
        ui.sheet().set(None);
        ui.panel().set(Some(panels::SCENARIO));
    };
    let found = move || words.with(|words| scenarios().iter().filter(|entry| entry.is_about(words)).collect::<Vec<_>>());
    let drawn = StoredValue::new(0_u32);
    view! {
        <div class="tp-row tp-begin">
            <button type="button" class="tp-text" on:click=move |_| ui.sheet().set(Some(say::NEW))>{say::NEW_CLUSTER}</button>
            <button type="button" class="tp-text" on:click=edit>{say::EDIT}</button>
            <OpenButton />
        </div>
        <label class="tp-search">
            <span class="tp-quiet">{say::FIND}</span>
            <input
                type="search"
                placeholder=say::FIND_EXAMPLE
                prop:value=move || words.get()
                on:input:target=move |event| words.set(event.target().value())
            />
        </label>
        <ul class="tp-gallery">
            <For each=found key=|entry| entry.name children=move |entry| view! { <Item entry drawn /> } />
        </ul>
        <Show when=move || found().is_empty()>
            <p class="tp-quiet">{say::NONE_FOUND}</p>
        </Show>
    }
}

#[component]
fn Item(entry: &'static ScenarioEntry, drawn: StoredValue<u32>) -> impl IntoView {
    let playground = use_playground();
    let (ui, stage) = (playground.ui, playground.stage);
    let open = move |_| {
        let source = ScenarioSource { name: entry.name.to_owned(), text: entry.text.to_owned(), seed: None };
        ui.sheet().set(None);
        match stage.with_value(|s| s.open(source)) {
            Ok(()) if playground.page => name_in_address(entry.name),
            Ok(()) => {}
            Err(why) => stage.with_value(|s| s.say(why)),
        }
    };
    view! {
        <li>
            <button type="button" aria-current=move || ui.title().with(|title| title == entry.title).then_some("true") on:click=open>
                <Poster entry drawn />
                <b>{entry.title}</b>
                <span>{entry.about}</span>
                <small>{entry.teaches}</small>
            </button>
        </li>
    }
}

/// The address can be shared: it opens this scenario.
fn name_in_address(name: &str) {
    let address = format!("?{PARAMETER}={name}");
    // Where an address must not change (a page in a frame of another's), it stays.
    let _ = window().history().and_then(|history| history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&address)));
}

/// Drawn when its turn comes: a run of some seconds is played for it.
#[component]
fn Poster(entry: &'static ScenarioEntry, drawn: StoredValue<u32>) -> impl IntoView {
    let node = NodeRef::<html::Canvas>::new();
    let turn = drawn.get_value();
    drawn.set_value(turn + 1);
    let draw = move || {
        let Some(canvas) = node.try_get_untracked().flatten().filter(|canvas| canvas.is_connected()) else { return };
        let (Some(scene), Some(c)) = (poster(entry.text), paint::context(&canvas)) else { return };
        let ratio = window().device_pixel_ratio().clamp(1.0, 3.0);
        let (width, height) = POSTER;
        canvas.set_width((width * ratio) as u32);
        canvas.set_height((height * ratio) as u32);
        // The whole picture, in the middle.
        let (whole, high) = (f64::from(WIDTH), f64::from(scene.height).max(1.0));
        let scale = (width / whole).min(height / high) * ratio;
        let (left, top) = ((width * ratio - whole * scale) / 2.0, (height * ratio - high * scale) / 2.0);
        let _ = c.set_transform(scale, 0.0, 0.0, scale, left, top);
        let inks = Inks::read(&canvas);
        paint::paint(&c, &scene.shapes, &inks, &mut paint::no_dots(), whole, high);
        paint::places(&c, &scene.places, &inks);
    };
    Effect::new(move |_| {
        if node.get().is_some() {
            set_timeout(draw, BETWEEN * turn);
        }
    });
    view! { <canvas aria-hidden="true" node_ref=node></canvas> }
}
