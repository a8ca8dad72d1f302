//! What an author lets readers do to a figure: a button for each line that the attribute `faults` has.

use super::context::use_playground;
use super::words::stage as words;
use crate::playground::scenario::Scenario;
use leptos::prelude::*;

#[component]
pub fn Faults() -> impl IntoView {
    let playground = use_playground();
    let stage = playground.stage;
    let button = move |line: String| {
        // The author's line, with the word that people read for what it does.
        let actions = Scenario::timed_line(&line).map(|scenario| scenario.actions).unwrap_or_default();
        let read = actions.first().and_then(|(_, action)| Some(action.word().to_owned() + line.strip_prefix(action.keyword())?));
        let read = read.unwrap_or_else(|| line.clone());
        let mut rest = read.chars();
        let words: String = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
        let act = move |_| {
            stage.with_value(|s| {
                s.tell(&line);
                s.play(true);
            });
        };
        view! { <button type="button" on:click=act>{words}</button> }
    };
    let lines = playground.faults.get_value();
    (!lines.is_empty()).then(|| {
        view! {
            <div class="tp-faults" role="group" aria-label=words::FAULTS>
                {lines.into_iter().map(button).collect_view()}
            </div>
        }
    })
}
