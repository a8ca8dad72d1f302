//! A consumer group: its state in Kafka's word, its generation, and what its sink has.

use super::{Card, Name};
use crate::playground::glossary::{GENERATION, LAG, PROTOCOL};
use crate::playground::groups::{epoch_words, protocol_words, state_meaning};
use crate::playground::sinks::sink_words;
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::panels::ask::AskAbout;
use crate::web::words::{cards as words, panels};
use leptos::prelude::*;
use std::sync::Arc;

/// Without a `name`: the consumers that are in no group.
#[component]
pub fn Group(card: Card, name: Option<Arc<str>>) -> impl IntoView {
    let ui = use_playground().ui;
    let title = name.as_deref().unwrap_or(words::NO_GROUP).to_owned();
    let of = name.clone();
    let sink = Memo::new(move |_| ui.snap().with(|s| sink_words(&s.view, of.as_ref())));
    let kind = move || sink.with(|sink| format!("{}: ", sink.kind));
    let count = move || sink.with(|sink| sink.count);
    let rest = move || sink.with(|sink| format!(" {}", sink.rest));
    let label = words::group(&title);
    view! {
        <div class="tp-at tp-card tp-group" role="group" aria-label=label node_ref=card.node {..card.frame()}>
            <div class="tp-row tp-head">
                <b class="tp-title">
                    <Name card text=title />
                </b>
                {name.map(|name| view! { <Membership card name /> })}
            </div>
            <div class="tp-foot">
                <span class="tp-quiet tp-number">
                    {kind} <b>{count}</b> <span class="tp-rest">{rest}</span>
                </span>
                <QuickActions target=card.menu_target() end=true />
            </div>
        </div>
    }
}

/// What the coordinator says of the group.
#[component]
fn Membership(card: Card, name: Arc<str>) -> impl IntoView {
    let playground = use_playground();
    let (ui, is_dead_end) = (playground.ui, !playground.has_panels());
    let group = Memo::new(move |_| {
        ui.snap().with(|s| {
            let group = s.view.groups.iter().find(|g| g.group == name)?;
            Some((group.state, epoch_words(group), s.view.group_lag(group), protocol_words(group)))
        })
    });
    let state = move || group.get().map_or("", |g| g.0.name());
    let words = move || match group.get() {
        None => words::NOT_JOINED,
        Some((state, ..)) if state.is_rebalancing() => words::REBALANCING,
        Some((state, ..)) => state.name(),
    };
    let epoch = move || group.get().map_or_else(String::new, |g| g.1);
    let protocol = move || group.get().map_or_else(String::new, |g| g.3);
    let target = card.target.get_value();
    let look_into = move |_| {
        ui.chosen().set(Some(target.clone()));
        ui.panel().set(Some(panels::INSPECTOR));
    };
    let title = move || group.get().map(|g| words::group_state(g.0.name(), state_meaning(g.0)));
    let lag = move || group.get().map_or_else(String::new, |g| words::lag(g.2));
    view! {
        <AskAbout what=card.target.get_value() />
        <button type="button" class="tp-pill" data-state=state title=title disabled=is_dead_end on:click=look_into>
            {words}
        </button>
        <span class="tp-quiet tp-number tp-end">
            <span title=LAG.means>{lag}</span>
            {" · "}
            <span title=GENERATION.means>{epoch}</span>
        </span>
        <span class="tp-quiet tp-protocol" title=PROTOCOL.means>{protocol}</span>
    }
}
