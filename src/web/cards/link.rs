//! A link that is not as the others: cut, slow or lossy.

use super::{Card, Name};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::words::cards as words;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Link(card: Card, a: Arc<str>, b: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let name = format!("{a} – {b}");
    let label = words::link(&name);
    let words = Memo::new(move |_| ui.snap().with(|s| s.view.link_words(&a, &b)));
    view! {
        <div class="tp-at tp-internal tp-link tp-number" role="group" aria-label=label node_ref=card.node {..card.frame()}>
            <b>
                <Name card text=name />
            </b>
            " "
            <span>{words}</span>
        </div>
    }
}
