//! The frames sent lately, filtered by words; choosing one shows its bytes.

use crate::kafka::time::Time;
use crate::playground::inspect::{self, Sent};
use crate::playground::scene::Target;
use crate::web::clock;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::panels::rows::{followed, refreshed};
use crate::web::words::inspector as words;
use crate::world::EPOCH;
use leptos::html;
use leptos::prelude::*;

/// Frames in the list at most.
const MAX_FRAMES: usize = 60;

pub(super) fn time_words(at: Time) -> String {
    clock::time_words(at.micros_since(EPOCH))
}

#[component]
pub fn Frames(target: Option<Target>) -> impl IntoView {
    let stage = use_playground().stage;
    let node = match target {
        Some(Target::Broker(name) | Target::Producer(name) | Target::Consumer(name)) => name.to_string(),
        _ => String::new(),
    };
    let (list, filter) = (NodeRef::<html::Ol>::new(), RwSignal::new(node.clone()));
    let frames = refreshed(
        list,
        move || filter.get(),
        move |filter| stage.with_value(|s| inspect::frames(s.run.borrow().world(), filter, MAX_FRAMES)),
    );
    let empty = Memo::new(move |_| frames.with(Vec::is_empty));
    view! {
        <div class="tp-view">
            <input
                type="search"
                aria-label=words::SEARCH
                placeholder=words::SEARCH_EXAMPLE
                spellcheck="false"
                prop:value=node
                on:input:target=move |event| filter.set(event.target().value())
            />
            <ol node_ref=list>
                <For each=move || frames.get() key=|frame| frame.message children=move |frame| view! { <Frame frame frames /> } />
                <Show when=move || empty.get()>
                    <li class="tp-quiet">{words::NO_FRAME}</li>
                </Show>
            </ol>
        </div>
    }
}

#[component]
fn Frame(frame: Sent, frames: Memo<Vec<Sent>>) -> impl IntoView {
    let Playground { ui, .. } = use_playground();
    let message = frame.message;
    let frame = followed(frame, move |frame| frames.with(|all| all.iter().find(|other| other.message == frame.message).cloned()));
    view! {
        <li>
            <button type="button" data-m=message on:click=move |_| ui.chosen().set(Some(Target::Frame(message)))>
                <i>{move || frame.with(|frame| time_words(frame.at))}</i>
                <span>{move || frame.with(|frame| frame.words.clone())} <em>{move || frame.with(|frame| frame.meaning)}</em></span>
                <b>{move || frame.with(|frame| words::bytes(frame.bytes))}</b>
                <small>{move || frame.with(|frame| if frame.under_way { words::UNDER_WAY } else { "" })}</small>
            </button>
        </li>
    }
}
