//! The help: keys, what is real here, and Kafka's words.

use super::keys::{ELSEWHERE, KEYS};
use super::words::help as words;
use crate::playground::glossary::TERMS;
use leptos::prelude::*;

#[component]
pub fn Help() -> impl IntoView {
    let all = KEYS.iter().map(|key| (key.shown, key.words)).chain(ELSEWHERE.iter().copied());
    let row = |(name, words): (&'static str, &'static str)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{words}</dd>
            </div>
        }
    };
    view! {
        <div class="tp-help">
            <section>
                <h3>{words::KEYS}</h3>
                <dl class="tp-keys">{all.map(row).collect_view()}</dl>
            </section>
            <section>
                <h3>{words::WHAT_IS_REAL}</h3>
                <dl class="tp-real">{words::REAL.iter().copied().map(row).collect_view()}</dl>
            </section>
            <section class="tp-words">
                <h3>{words::WORDS}</h3>
                <dl>{TERMS.iter().map(|term| (term.name, term.means)).map(row).collect_view()}</dl>
            </section>
        </div>
    }
}
