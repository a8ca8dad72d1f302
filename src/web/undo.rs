//! What can be undone and redone, in the caption; Ctrl+Z and Ctrl+Y do it too.

use super::context::{PageStateStoreFields as _, Playground, StageHandle, use_playground};
use super::words::stage as words;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, KeyboardEvent};

#[component]
pub fn Undo() -> impl IntoView {
    view! {
        <p class="tp-undo">
            <UndoButton redo=false />
            <UndoButton redo=true />
        </p>
    }
}

/// Hidden while there is nothing to take back.
#[component]
fn UndoButton(redo: bool) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let label = Memo::new(move |_| ui.undo().with(|both| both[usize::from(redo)].clone()));
    let word = if redo { words::REDO } else { words::UNDO };
    view! {
        <button
            type="button"
            class="tp-text"
            hidden=move || label.with(String::is_empty)
            on:click=move |_| stage.with_value(|s| s.undo(redo))
        >
            {move || format!("{word} {}", label.get())}
        </button>
    }
}

/// The keys of undo and redo, for the playground's frame. In a field that is written in they are the field's own.
pub fn on_key_down(stage: StageHandle, event: &KeyboardEvent) {
    if !event.ctrl_key() && !event.meta_key() {
        return;
    }
    let redo = match event.key().to_ascii_lowercase().as_str() {
        "z" => event.shift_key(),
        "y" => true,
        _ => return,
    };
    let writes = event.target().is_some_and(|target| {
        target.dyn_ref::<HtmlInputElement>().is_some_and(|input| input.type_() != "range")
            || target.dyn_ref::<HtmlSelectElement>().is_some()
            || target.dyn_ref::<HtmlTextAreaElement>().is_some()
    });
    if !writes {
        event.prevent_default();
        stage.with_value(|s| s.undo(redo));
    }
}
