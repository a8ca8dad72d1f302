//! A broker: the state of its process, what is special about it, how long it will be waited for, and the faults that it is there for.

use super::countdown::Countdown;
use super::{Card, Name};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::words::cards as words;
use crate::world::ProcessState;
use crate::world::view::BrokerState;
use leptos::prelude::*;
use std::sync::Arc;

/// The controller's sign.
const CROWN: &str = "♛";

#[component]
pub fn Broker(card: Card, name: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let label = words::broker(&name);
    let (of, counted) = (name.clone(), name.clone());
    let words = Memo::new(move |_| ui.snap().with(|s| words(s.view.brokers.iter().find(|b| b.name == of))));
    // On a card of one line a role is its sign alone.
    let split = move || words.get().1.split_once(' ').filter(|(mark, _)| *mark == CROWN);
    let mark = move || split().map_or(words.get().1, |(mark, _)| mark);
    let role = move || split().map(|(_, role)| view! { <span class="tp-word">{format!(" {role}")}</span> });
    view! {
        <div
            class="tp-at tp-card tp-broker"
            role="group"
            aria-label=label
            data-broker=name.to_string()
            data-state=move || words.get().0
            node_ref=card.node
            {..card.frame()}
        >
            <div class="tp-row">
                <i class={"tp-light"} aria-hidden="true"></i>
                <b>
                    <Name card text=&*name />
                </b>
                <Countdown who=counted />
                <span class="tp-quiet tp-end" title=move || words.get().1>
                    {mark}
                    {role}
                </span>
            </div>
            <div class="tp-row">
                <QuickActions target=card.menu_target() end=true />
            </div>
        </div>
    }
}

/// The process's state, and what to say of it.
fn words(broker: Option<&BrokerState>) -> (&'static str, &'static str) {
    let Some(b) = broker else { return ("gone", words::GONE) };
    let word = match b.state {
        ProcessState::Running if b.isolated => words::ISOLATED,
        ProcessState::Running if b.is_controller => words::CONTROLLER,
        ProcessState::Running if b.fenced => words::FENCED,
        ProcessState::Running if b.slow_us > 0 => words::SLOW_DISK,
        ProcessState::Running if b.disk_free == 0 => words::DISK_FULL,
        ProcessState::Running if b.skew_us != 0 => words::CLOCK_SKEWED,
        ProcessState::Running => "",
        other => other.word(),
    };
    (b.state.name(), word)
}
