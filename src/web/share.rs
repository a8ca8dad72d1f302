//! The sheet that hands the shown moment on: a link to it, lines for a page of one's own, and a file.

use super::context::{PageStateStoreFields as _, Playground, use_playground};
use super::files;
use super::words::sheets as words;
use crate::playground::share::Shared;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlTextAreaElement;

#[wasm_bindgen]
extern "C" {
    /// Fails where the page may not write to the clipboard, or the browser has none for it.
    #[wasm_bindgen(js_namespace = ["navigator", "clipboard"], js_name = writeText, catch)]
    async fn write_text(text: &str) -> Result<JsValue, JsValue>;
}

/// What stands in the sheet is of the moment at which it was opened.
#[component]
pub fn Share() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let shared = stage.with_value(|s| {
        let paused = !ui.playing().get_untracked();
        ui.text().with_untracked(|text| Shared::of(&s.run.borrow().time, text, paused))
    });
    let Ok(shared) = shared else { return ().into_any() };
    let page = window().location().href().unwrap_or_default();
    let page = page.split(['?', '#']).next().unwrap_or_default();
    // `element.js` lies beside the page that is its own.
    let home = page.rfind('/').map_or("", |end| &page[..=end]);
    let (link, tag, text) = (shared.address(page), shared.tag(home), shared.text);
    let save = move |_| {
        if files::save(&ui.title().get_untracked(), &text).is_err() {
            stage.with_value(|s| s.say(words::MAY_NOT_SAVE.into()));
        }
    };
    view! {
        <div class="tp-share">
            <Copied title=words::LINK text=link rows=2 />
            <Copied title=words::TAG text=tag rows=4 />
            <p class="tp-quiet">
                {words::SAME_RUN}
            </p>
            <button type="button" class="tp-text" on:click=save>{words::SAVE}</button>
        </div>
    }
    .into_any()
}

/// A text, and a button that copies it.
#[component]
fn Copied(title: &'static str, text: String, rows: u32) -> impl IntoView {
    let (field, said) = (NodeRef::<html::Textarea>::new(), RwSignal::new(words::COPY));
    let shown = text.clone();
    let copy = move |_| {
        let text = text.clone();
        let select = |field: HtmlTextAreaElement| {
            let _ = field.focus();
            field.select();
        };
        if let Some(field) = field.get_untracked() {
            select(field);
        }
        spawn_local(async move {
            said.try_set(if write_text(&text).await.is_ok() { words::COPIED } else { words::MARKED });
        });
    };
    view! {
        <section>
            <div class="tp-row">
                <h3>{title}</h3>
                <button type="button" class="tp-text tp-end" aria-label=move || words::copy_what(said.get(), title) on:click=copy>
                    {said}
                </button>
            </div>
            <textarea readonly rows=rows spellcheck="false" aria-label=title node_ref=field>
                {shown}
            </textarea>
        </section>
    }
}
