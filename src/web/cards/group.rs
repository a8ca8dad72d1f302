//! A consumer group: its state in Kafka's word, its generation, and what its sink has.

use super::{Card, Name};
use crate::playground::sinks::sink_words;
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::panels::ask::AskAbout;
use leptos::prelude::*;
use std::sync::Arc;

/// Without a `name`: the consumers that are in no group.
#[component]
pub fn Group(card: Card, name: Option<Arc<str>>) -> impl IntoView {
    let ui = use_playground().ui;
    let title = name.as_deref().unwrap_or("without a group").to_owned();
    let of = name.clone();
    let sink = Memo::new(move |_| ui.snap().with(|s| sink_words(&s.view, of.as_ref())));
    let kind = move || sink.with(|sink| format!("{}: ", sink.kind));
    let count = move || sink.with(|sink| sink.count);
    let rest = move || sink.with(|sink| format!(" {}", sink.rest));
    let label = format!("consumer group {title}");
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
                    {kind} <b>{count}</b> {rest}
                </span>
                <QuickActions target=card.menu_target() end=true />
            </div>
        </div>
    }
}

/// What the coordinator says of the group.
#[component]
fn Membership(card: Card, name: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let group = Memo::new(move |_| {
        ui.snap().with(|s| {
            let group = s.view.groups.iter().find(|g| g.group == name)?;
            Some((group.state, group.generation, s.view.group_lag(group)))
        })
    });
    let state = move || group.get().map_or("", |g| g.0.name());
    let words = move || match group.get() {
        None => "not joined yet",
        Some((state, ..)) if state.is_rebalancing() => "Rebalancing",
        Some((state, ..)) => state.name(),
    };
    let generation = move || group.get().map_or_else(String::new, |g| format!("generation {}", g.1));
    let lag = move || group.get().map_or_else(String::new, |g| format!("lag {}", g.2));
    view! {
        <AskAbout what=card.target.get_value() />
        <span class="tp-pill" data-state=state title=state>
            {words}
        </span>
        <span class="tp-quiet tp-number tp-end">
            <span title="Readable records that the group has not committed">{lag}</span>
            <i>" · " {generation}</i>
        </span>
    }
}
