//! "Why?" behind a card's name, while something looks wrong with it.

use super::Card;
use crate::playground::why::wrong_with;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::panels::why::ask_from;
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn CardQuestion(card: Card) -> impl IntoView {
    let Playground { ui, .. } = use_playground();
    let question = Memo::new(move |_| ui.snap().with(|s| card.target.with_value(|target| wrong_with(&s.view, target))));
    let words = Memo::new(move |_| question.with(|q| q.as_ref().map(ToString::to_string).unwrap_or_default()));
    let node = NodeRef::<html::Button>::new();
    let ask = move |_| {
        if let (Some(from), Some(question)) = (node.get_untracked(), question.get_untracked()) {
            ask_from(ui, &from, question);
        }
    };
    view! {
        <button
            type="button"
            class="tp-text tp-ask"
            hidden=move || words.with(String::is_empty)
            aria-label=words
            title=words
            node_ref=node
            on:click=ask
        >
            "Why?"
        </button>
    }
}
