//! A playground in a page: `mount` puts one into an element and hands back its JavaScript API.

use super::api::{Handle, Mounted};
use super::clock;
use super::context::{PageState, PageStateStoreFields as _, Playground as Context, StageHandle, Ui};
use super::error::error;
use super::host::Host;
use super::options::{Frame, Options};
use super::playground::Playground;
use super::run::{Disks, Run};
use super::stage::Stage;
use super::store::Store;
use super::words::store as words;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos_use_event_listener::use_event_listener;
use leptos_use_window::use_window;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

/// Puts a playground into `root`. `options`: what `Options` reads; what is missing is as if it were not set.
///
/// # Errors
/// An `Error` that names the option, its value and what is expected; or says which line of the scenario is wrong.
#[wasm_bindgen]
pub async fn mount(root: HtmlElement, options: JsValue) -> Result<Handle, JsValue> {
    super::start();
    let host = Host::of(&options);
    let Options { source, store: name, theme, frame, speed, paused, at, faults } = Options::read(options)?;
    let Frame { controls, page, layout, auto_height } = frame;
    let owner = Owner::new();
    let ui = owner.with(|| Ui::new(PageState::default()));
    let mut store = None;
    if let Some(name) = name {
        match Store::open(&name, move |why| ui.store().set(why)).await {
            Ok(open) => store = Some(open),
            Err(why) => ui.store().set(why.to_string()),
        }
    }
    let disks = store.as_ref().map_or_else(Disks::new, |s| s.disks());
    let recovered = !disks.is_empty();
    let run = match Run::start(&source.text, &source.name, source.seed, disks) {
        Ok(run) => run,
        Err(why) => {
            // What is stored stays as it is: the reader decides what becomes of it.
            if let Some(store) = store {
                store.leave();
            }
            return Err(error(why));
        }
    };
    let (stage, handle) = owner.with(|| {
        ui.playing().set(!paused);
        ui.title().set(run.title());
        ui.text().set(source.text.clone());
        ui.theme().set(theme.to_owned());
        ui.speed().set(speed.unwrap_or(clock::AUTO));
        let opening = run.opening_us();
        let stage = Stage::new(source, run, ui, host);
        // An author's moment comes before the scenario's own; both hold in a figure too, and where time stands still.
        stage.open_at(at.unwrap_or(opening));
        (stage.clone(), StageHandle::new_local(stage))
    });
    if let Some(store) = store {
        let torn = store.torn();
        stage.keep_in(store);
        if !torn.is_empty() {
            ui.store().set(words::damaged(&torn));
        }
        stage.say(if recovered { words::RECOVERED } else { words::KEPT }.into());
    }
    root.set_class_name(if page { "tidepool tp-page" } else { "tidepool tp-embed" });
    let unmount = owner.with(|| {
        let faults = StoredValue::new(faults);
        provide_context(Context { ui, stage: handle, controls, page, layout, auto_height, faults });
        let unmount = mount_to(root.clone(), || view! { <Playground /> });
        // What runs effects is there once something is mounted.
        print_in_dark_ink(root, handle);
        unmount
    });
    Ok(Handle::new(Mounted { stage, frame, owner, unmount: Box::new(unmount) }))
}

/// On paper the palette is the light one. What the canvases have is painted before, and no frame comes until the paper is there: the style
/// sheet turns their ink.
fn print_in_dark_ink(root: HtmlElement, stage: StageHandle) {
    let paper = root.clone();
    let _ = use_event_listener(use_window(), leptos::ev::beforeprint, move |_| {
        if stage.with_value(|s| s.is_dark()) {
            let _ = paper.set_attribute("data-ink", "light");
        }
    });
    let _ = use_event_listener(use_window(), leptos::ev::afterprint, move |_| {
        let _ = root.remove_attribute("data-ink");
    });
}
