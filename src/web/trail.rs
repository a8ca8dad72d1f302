//! The card of a followed record: its stations, each a way to its moment.

use super::context::{PageStateStoreFields as _, Playground, use_playground};
use super::words::{cards as words, clock};
use crate::playground::scene::{Station, Target, hint};
use crate::world::EPOCH;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Trail() -> impl IntoView {
    let ui = use_playground().ui;
    let record = Memo::new(move |_| ui.trail().with(|t| t.as_ref().map(|t| (t.topic.clone(), t.partition, t.offset))));
    move || record.get().map(|(topic, partition, offset)| view! { <Followed topic partition offset /> })
}

#[component]
fn Followed(topic: Arc<str>, partition: i32, offset: i64) -> impl IntoView {
    let ui = use_playground().ui;
    let name = words::record(&topic, partition, offset);
    let target = Target::Record(topic, partition, offset);
    // What the hint says beside the name.
    let words = {
        let (target, name) = (target.clone(), name.clone());
        Memo::new(move |_| {
            let hint = ui.snap().with(|s| hint(&s.view, &target));
            hint.strip_prefix(&name).map(|words| words.trim_start_matches(", ").to_owned()).unwrap_or_default()
        })
    };
    let note = move || ui.trail().with(|t| t.as_ref().map(|t| t.note.clone()).unwrap_or_default());
    let stations = move || ui.trail().with(|t| t.iter().flat_map(|t| t.stations.iter().cloned()).enumerate().collect::<Vec<_>>());
    let label = words::way_of(&name);
    let let_go = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            ui.chosen().set(None);
        }
    };
    view! {
        <div class="tp-trail tp-number" role="region" aria-label=label on:keydown=let_go>
            <button type="button" class="tp-text tp-end" aria-label=words::LET_GO_OF_RECORD on:click=move |_| ui.chosen().set(None)>
                {words::LET_GO}
            </button>
            <button
                type="button"
                class="tp-text tp-end tp-near"
                aria-label=words::ZOOM_INTO_RECORD
                on:click=move |_| ui.zoomed().set(Some(target.clone()))
            >
                {words::ZOOM}
            </button>
            <b>{name}</b>
            <p class="tp-quiet">{words}</p>
            <ol>
                <For each=stations key=|(n, station)| (*n, station.event.0, station.text.clone()) let((_, station))>
                    <StationLine station />
                </For>
            </ol>
            <p>{note}</p>
        </div>
    }
}

#[component]
fn StationLine(station: Station) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let us = station.at.micros_since(EPOCH);
    // In the past, stations that are already known stay in the list.
    let later = Memo::new(move |_| ui.snap().with(|s| us > s.elapsed));
    view! {
        <li data-event=station.event.0.to_string() data-us=us.to_string() data-later=later>
            <button type="button" class="tp-text" title=words::GO_THERE on:click=move |_| stage.with_value(|s| s.scrub(us))>
                {format!("{}.{:03} {}", us / 1_000_000, us / 1000 % 1000, clock::SECONDS)}
            </button>
            <span>{station.text}</span>
        </li>
    }
}
