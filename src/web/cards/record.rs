//! What a record holds, line by line: a card at the last step of zoom.

use super::Card;
use crate::playground::scene::content;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::words::cards as words;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Record(card: Card, topic: Arc<str>, partition: i32, offset: i64) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let label = words::content_of(&words::record(&topic, partition, offset));
    let lines = Memo::new(move |_| {
        let view = ui.snap().with(|s| s.view.clone());
        stage.with_value(|s| content(s.run.borrow().world(), &view, &topic, partition, offset))
    });
    let line = |(name, words)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{words}</dd>
            </div>
        }
    };
    view! {
        <div class="tp-at tp-record tp-number" role="region" aria-label=label node_ref=card.node {..card.frame()}>
            <dl>{move || lines.get().into_iter().map(line).collect_view()}</dl>
        </div>
    }
}
