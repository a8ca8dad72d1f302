//! A producer: its rate or its state, its acks and what it has sent.

use super::countdown::Countdown;
use super::{Card, Name};
use crate::kafka::client::producer::TransactionStep;
use crate::kafka::coordinator::transactions::TransactionState;
use crate::playground::glossary::ACKS;
use crate::playground::narrate;
use crate::playground::scene::transactional_words;
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::panels::ask::AskAbout;
use crate::web::words::cards as words;
use crate::world::ProcessState;
use crate::world::view::{ProducerState, WorldView};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Producer(card: Card, name: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let label = words::producer(&name);
    let (of, with, counted) = (name.clone(), name.clone(), name.clone());
    let producer = Memo::new(move |_| ui.snap().with(|s| s.view.producers.iter().find(|p| p.name == of).cloned()));
    let state = move || producer.with(|p| p.as_ref().map_or(ProcessState::Stopped, |p| p.state).name());
    let rate = move || producer.with(|p| p.as_ref().filter(|p| p.state.is_running()).map(|p| rate_words(p.rate_per_1000s)));
    let transaction = Memo::new(move |_| {
        ui.snap().with(|s| {
            let p = s.view.producers.iter().find(|p| p.name == with)?;
            Some((transaction_words(&s.view, p)?, transactional_words(&s.view, p)?))
        })
    });
    let step = move || transaction.with(|t| t.as_ref().map(|((step, _), _)| *step));
    let said = move || transaction.with(|t| t.as_ref().map(|((_, said), _)| said.clone()));
    let title = move || transaction.with(|t| t.as_ref().map(|(_, title)| words::transactional_id(title)));
    // What its process is, unless it runs: then what it asks for.
    let stands = move || producer.with(|p| p.as_ref().map_or(ProcessState::Stopped, |p| p.state));
    let acks = move || producer.with(|p| p.as_ref().map(acks_words).unwrap_or_default());
    let first = move || match stands() {
        state if state.is_running() => view! { <span class="tp-acks" title=ACKS.means>{acks}</span> }.into_any(),
        state => view! { <span class="tp-stands">{state.to_string()}</span> }.into_any(),
    };
    let acked = move || producer.with(|p| p.as_ref().map(|p| words::acked(p.acked, p.failed)).unwrap_or_default());
    let counts = move || format!("{}{}", acks(), acked());
    view! {
        <div class="tp-at tp-card tp-producer" role="group" aria-label=label data-state=state node_ref=card.node {..card.frame()}>
            <div class="tp-row">
                <b>
                    <Name card text=&*name />
                </b>
                <AskAbout what=card.target.get_value() />
                <span class="tp-quiet tp-number tp-end">{rate}</span>
            </div>
            <div class="tp-row tp-quiet tp-number">
                <span title=counts>
                    {first}
                    <span class="tp-acked">{acked}</span>
                </span>
            </div>
            <Show when=move || transaction.with(Option::is_some)>
                <div class="tp-row tp-quiet tp-number" title=title>
                    <Countdown who=counted.clone() />
                    <span class="tp-transaction" data-state=step>{said}</span>
                </div>
            </Show>
            <div class="tp-row">
                <QuickActions target=card.menu_target() end=true />
            </div>
        </div>
    }
}

fn rate_words(per_1000s: u64) -> String {
    if per_1000s.is_multiple_of(1000) {
        format!("{}/s", per_1000s / 1000)
    } else {
        format!("{}.{}/s", per_1000s / 1000, per_1000s / 100 % 10)
    }
}

/// How its transaction stands, for the style sheets and as a line; `None` without a `transactional.id`.
fn transaction_words(view: &WorldView, p: &ProducerState) -> Option<(&'static str, String)> {
    let id = p.transactional_id.as_ref()?;
    if matches!(p.transaction, Some(TransactionStep::Fenced(_))) {
        return Some(("fenced", words::TRANSACTIONS_FENCED.to_owned()));
    }
    let Some(known) = view.transactions.iter().find(|transaction| transaction.transactional_id == *id) else {
        return Some(("none", words::NO_ID.to_owned()));
    };
    let (step, said) = match known.state {
        TransactionState::Empty | TransactionState::Dead => ("none", words::NONE_YET),
        TransactionState::Ongoing => ("open", words::OPEN),
        TransactionState::PrepareCommit => ("committing", words::COMMITTING),
        TransactionState::PrepareAbort | TransactionState::PrepareEpochFence => ("aborting", words::ABORTING),
        TransactionState::CompleteCommit => ("committed", words::COMMITTED),
        TransactionState::CompleteAbort => ("aborted", words::ABORTED),
    };
    Some((step, words::transaction(said, known.epoch)))
}

fn acks_words(p: &ProducerState) -> String {
    words::acks(&narrate::acks_words(p.acks))
}
