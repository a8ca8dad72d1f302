//! The form of a new cluster: a few numbers, from which the text of a scenario is written.

use super::context::{PageStateStoreFields as _, use_playground};
use super::panels::editor;
use super::stage::ScenarioSource;
use crate::playground::scenario::{BLANK_FIELDS, Blank, BlankField};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

#[component]
pub fn NewCluster() -> impl IntoView {
    let playground = use_playground();
    let (ui, stage) = (playground.ui, playground.stage);
    let blank = StoredValue::new(Blank::default());
    // The field that is refused, and why.
    let refusal = RwSignal::new(None::<(&'static str, String)>);
    let begin = move |event: SubmitEvent| {
        event.prevent_default();
        let text = match blank.with_value(Blank::text) {
            Ok(text) => text,
            Err(error) => return refusal.set(Some((error.field(), error.to_string()))),
        };
        let source = ScenarioSource { name: "new".into(), text, seed: None };
        match stage.with_value(|s| s.open(source)) {
            Ok(()) => {
                ui.sheet().set(None);
                ui.panel().set(Some(editor::NAME));
            }
            Err(why) => refusal.set(Some(("", why))),
        }
    };
    let field = |BlankField { name, means, of, .. }: &'static BlankField| {
        let initial = of(&mut Blank::default()).to_string();
        // What is no number is out of every range.
        let typed = move |words: String| blank.update_value(|blank| *of(blank) = words.trim().parse().unwrap_or(u32::MAX));
        view! {
            <label>
                <span>{*name}</span>
                <input
                    inputmode="numeric"
                    autocomplete="off"
                    prop:value=initial
                    aria-invalid=move || refusal.with(|refusal| refusal.as_ref().is_some_and(|(field, _)| field == name)).to_string()
                    on:input:target=move |event| typed(event.target().value())
                />
                <span class="tp-quiet">{*means}</span>
            </label>
        }
    };
    view! {
        <form class="tp-new" on:submit=begin>
            {BLANK_FIELDS.iter().map(field).collect_view()}
            <p class="tp-wrong" role="alert">{move || refusal.get().map(|(_, why)| why)}</p>
            <p class="tp-quiet">"Everything else is in the text that is written from this: it opens beside the picture."</p>
            <button type="submit" class="tp-do-it">"Begin"</button>
        </form>
    }
}
