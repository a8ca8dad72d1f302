//! What is waited for at a node or a group, counted down on its card: a ring that empties, and what is left.

use crate::playground::director::{countdown, left_percent, wait_of, waiting_words};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Countdown(who: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let words = Memo::new(move |_| {
        ui.snap().with(|s| {
            let wait = wait_of(&s.view, &who)?;
            Some((left_percent(wait, s.view.now), countdown(wait, s.view.now), waiting_words(wait, s.view.now)))
        })
    });
    let is_waiting = Memo::new(move |_| words.with(Option::is_some));
    let left = move || words.with(|w| w.as_ref().map(|(left, ..)| format!("{left}%")));
    let said = move || words.with(|w| w.as_ref().map(|(_, said, _)| said.clone()));
    let title = move || words.with(|w| w.as_ref().map(|(.., title)| title.clone()));
    view! {
        <Show when=move || is_waiting.get()>
            <span class="tp-countdown tp-number" title=title>
                <i class="tp-ring" style=("--left", left) aria-hidden="true"></i>
                {said}
            </span>
        </Show>
    }
}
