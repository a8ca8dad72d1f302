//! What is waited for at a node or a group, counted down on its card: a ring that empties, and what is left.

use crate::playground::director::{countdown, left_percent, wait_of, waiting_words};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Countdown(who: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    // Percent, what comes, the time until then, the whole sentence. Where there is little room, the time alone stays.
    let words = Memo::new(move |_| {
        ui.snap().with(|s| {
            let wait = wait_of(&s.view, &who)?;
            let said = countdown(wait, s.view.now);
            let (what, left) = said.split_at(said.find(|c: char| c.is_ascii_digit()).unwrap_or(0));
            Some((left_percent(wait, s.view.now), what.to_owned(), left.to_owned(), waiting_words(wait, s.view.now)))
        })
    });
    let is_waiting = Memo::new(move |_| words.with(Option::is_some));
    let part = move || words.with(|w| w.as_ref().map(|(part, ..)| format!("{part}%")));
    let what = move || words.with(|w| w.as_ref().map(|(_, what, ..)| what.clone()));
    let left = move || words.with(|w| w.as_ref().map(|(_, _, left, _)| left.clone()));
    let title = move || words.with(|w| w.as_ref().map(|(.., title)| title.clone()));
    view! {
        <Show when=move || is_waiting.get()>
            <span class="tp-countdown tp-number" title=title>
                <i class="tp-ring" style=("--left", part) aria-hidden="true"></i>
                <span>
                    <span class="tp-what">{what}</span>
                    {left}
                </span>
            </span>
        </Show>
    }
}
