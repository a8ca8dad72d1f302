//! A topic's head, and the name of an internal topic.

use super::{Card, Name};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::words::cards as words;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Topic(card: Card, name: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let label = words::topic(&name);
    let of = name.clone();
    let partitions = Memo::new(move |_| ui.snap().with(|s| s.view.partitions.iter().filter(|p| p.view.topic == of).count()));
    view! {
        <div class="tp-at tp-topic" role="group" aria-label=label data-topic=name.to_string() node_ref=card.node {..card.frame()}>
            <b>
                <Name card text=&*name />
            </b>
            <span class="tp-quiet">{move || words::partitions(partitions.get())}</span>
            <QuickActions target=card.menu_target() />
        </div>
    }
}

#[component]
pub fn Internal(card: Card, name: Arc<str>) -> impl IntoView {
    let label = words::internal_topic(&name);
    view! {
        <div class="tp-at tp-internal tp-mono" role="group" aria-label=label node_ref=card.node {..card.frame()}>
            <b>
                <Name card text=&*name />
            </b>
        </div>
    }
}
