//! The form of a new cluster: a few numbers, from which the text of a scenario is written.

use super::context::{PageStateStoreFields as _, use_playground};
use super::stage::ScenarioSource;
use super::words::{panels, sheets as words};
use crate::playground::scenario::{BLANK_FIELDS, Blank, BlankField, described};
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
                ui.panel().set(Some(panels::SCENARIO));
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
            <p class="tp-quiet">{words::ELSE_IS_TEXT}</p>
            <button type="submit" class="tp-do-it">{words::BEGIN}</button>
        </form>
        <Described />
    }
}

/// The topics of a real cluster, as its tool prints them.
#[component]
fn Described() -> impl IntoView {
    let playground = use_playground();
    let (ui, stage) = (playground.ui, playground.stage);
    let (text, refused) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let begin = move |_| {
        let opened = text.with_untracked(|text| described(text)).map_err(|why| why.to_string()).and_then(|text| {
            let source = ScenarioSource { name: "described".into(), text, seed: None };
            stage.with_value(|s| s.open(source))
        });
        match opened {
            Ok(()) => {
                ui.sheet().set(None);
                ui.panel().set(Some(panels::SCENARIO));
            }
            Err(why) => refused.set(why),
        }
    };
    view! {
        <details class="tp-paste tp-described">
            <summary class="tp-text">{words::DESCRIBED}</summary>
            <textarea
                rows="5"
                wrap="off"
                spellcheck="false"
                aria-label=words::WHAT_TOOL_PRINTS
                on:input:target=move |event| text.set(event.target().value())
            ></textarea>
            <p class="tp-wrong" role="alert">{refused}</p>
            <button type="button" class="tp-do-it" on:click=begin>{words::BEGIN_WITH_THESE}</button>
        </details>
    }
}
