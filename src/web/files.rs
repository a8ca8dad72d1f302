//! Scenario files: dropped onto a page, chosen from a list of files, and saved.

use super::context::{PageStateStoreFields as _, Playground};
use super::stage::ScenarioSource;
use super::words::{panels, stage as words};
use crate::playground::scenario::Scenario;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, DragEvent, File, FileList, HtmlAnchorElement, Url};

/// Larger files are no scenarios: ten thousand lines of a hundred bytes.
const MAX_BYTES: f64 = 1_000_000.0;
const EXTENSION: &str = "tide";
/// What every scenario file begins with.
const BEGINS: &str = "tidepool ";

/// Whether a file is being dragged, as from a folder.
fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| data.types().includes(&JsValue::from_str("Files"), 0))
}

/// A dragged file may be dropped here.
pub fn on_drag_over(event: &DragEvent) {
    if has_files(event) {
        event.prevent_default();
    }
}

pub fn on_drop(playground: Playground, event: &DragEvent) {
    if has_files(event) {
        event.prevent_default();
        take(playground, event.data_transfer().and_then(|data| data.files()));
    }
}

/// Opens the first of the files. What is no scenario is refused with a sentence, and the run stays as it is.
pub fn take(playground: Playground, files: Option<FileList>) {
    let Some(file) = files.and_then(|files| files.get(0)) else { return };
    spawn_local(async move {
        if let Err(why) = open(playground, &file).await {
            let _ = playground.stage.try_with_value(|s| s.say(why));
        }
    });
}

async fn open(playground: Playground, file: &File) -> Result<(), String> {
    let name = file.name();
    let refused = |why| words::no_scenario(&name, why);
    if file.size() > MAX_BYTES {
        return Err(refused(words::TOO_LARGE));
    }
    let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
    let text = text.ok_or_else(|| refused(words::UNREADABLE))?;
    if !text.trim_start_matches('\u{feff}').starts_with(BEGINS) {
        return Err(refused(words::WRONG_BEGINNING));
    }
    let ui = playground.ui;
    // One with a mistake is shown with it; until it is mended, what runs goes on.
    if Scenario::parse(&text).is_err() {
        ui.draft().set(Some(text));
        ui.panel().set(Some(panels::SCENARIO));
        return Ok(());
    }
    let source = ScenarioSource { name: name.clone(), text, seed: None };
    playground.stage.try_with_value(|s| s.open(source)).unwrap_or(Ok(()))?;
    ui.sheet().set(None);
    Ok(())
}

/// A title as the name of a file: "Three brokers" is `three-brokers.tide`.
fn file_name(title: &str) -> String {
    let words = title.to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{}.{EXTENSION}", if words.is_empty() { "scenario".to_owned() } else { words.join("-") })
}

/// Gives the text to the browser as a file to keep.
pub fn save(title: &str, text: &str) -> Result<(), JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/plain");
    let blob = Blob::new_with_str_sequence_and_options(&js_sys::Array::of1(&text.into()), &kind)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(&file_name(title));
    link.click();
    // The download has begun by then; a moment later the address is not needed any more.
    set_timeout(move || drop(Url::revoke_object_url(&url)), std::time::Duration::from_secs(10));
    Ok(())
}
