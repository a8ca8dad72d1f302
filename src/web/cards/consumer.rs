//! A consumer: its lag or its state, the partitions that it owns, and what it has handled.

use super::countdown::Countdown;
use super::{Card, Name};
use crate::kafka::client::consumer::MembershipState;
use crate::playground::groups::{epoch_of, member_words, membership};
use crate::playground::scene::hue;
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::panels::ask::AskAbout;
use crate::web::words::cards as words;
use crate::world::ProcessState;
use crate::world::view::{ConsumerState, WorldView};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Consumer(card: Card, name: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let label = words::consumer(&name);
    let (of, said, counted) = (name.clone(), name.clone(), name.clone());
    let consumer = Memo::new(move |_| ui.snap().with(|s| find(&s.view, &of).cloned()));
    let word = Memo::new(move |_| ui.snap().with(|s| word(&s.view, find(&s.view, &said))));
    let state = move || consumer.with(|c| c.as_ref().map_or(ProcessState::Stopped, |c| c.state).name());
    let (colour, stands) = (name.clone(), name.clone());
    let hue = Memo::new(move |_| ui.snap().with(|s| hue(&s.view, &colour)));
    let stands = Memo::new(move |_| {
        ui.snap().with(|s| {
            let app = find(&s.view, &stands)?;
            let (group, member) = membership(&s.view, app)?;
            Some(format!("{}, {}", epoch_of(group, member), member_words(&s.view, group, member)))
        })
    });
    let owned = name.clone();
    let owns = Memo::new(move |_| ui.snap().with(|s| find(&s.view, &owned).map(|c| partitions_words(&s.view, c)).unwrap_or_default()));
    let handled = move || consumer.with(|c| c.as_ref().map(|c| c.handled.to_string()).unwrap_or_default());
    view! {
        <div class="tp-at tp-member" role="group" aria-label=label data-state=state node_ref=card.node {..card.frame()}>
            <div class="tp-row">
                <b>
                    <i class="tp-swatch" data-hue=hue title=words::COLOUR></i>
                    <Name card text=&*name />
                </b>
                <AskAbout what=card.target.get_value() />
                <span class="tp-quiet tp-number tp-end" title=words::LAG_MEANS>{word}</span>
            </div>
            <div class="tp-row tp-mono tp-owns" title=move || stands.get()>{owns}</div>
            <div class="tp-row">
                <Countdown who=counted />
                <span class="tp-quiet tp-number tp-handled">
                    <span>{handled}</span>
                    <i>{words::HANDLED}</i>
                </span>
                <QuickActions target=card.menu_target() end=true />
            </div>
        </div>
    }
}

fn find<'a>(view: &'a WorldView, name: &str) -> Option<&'a ConsumerState> {
    view.consumers.iter().find(|c| &*c.name == name)
}

fn word(view: &WorldView, consumer: Option<&ConsumerState>) -> String {
    match consumer.map_or(ProcessState::Stopped, |c| c.state) {
        ProcessState::Running => match consumer.map(|c| (c.client_state, lag(view, c))) {
            Some((state, Some(lag))) if state.is_settled() => words::lag(lag),
            other => other.map_or("", |(state, _)| state.name()).to_owned(),
        },
        other => other.to_string(),
    }
}

/// Records below the high watermarks and above the consumer's positions; `None` until it reads.
fn lag(view: &WorldView, c: &ConsumerState) -> Option<i64> {
    let end =
        |t: &Arc<str>, n: i32| view.partitions.iter().find(|p| p.view.topic == *t && p.view.partition == n).map(|p| p.view.high_watermark);
    (!c.positions.is_empty()).then(|| c.positions.iter().filter_map(|(t, n, at)| Some((end(t, *n)? - at).max(0))).sum())
}

fn partitions_words(view: &WorldView, c: &ConsumerState) -> String {
    if c.assignment.is_empty() {
        let expects = membership(view, c).is_some_and(|(group, member)| group.state.is_rebalancing() || !member.target.is_empty());
        return match (c.state, c.client_state) {
            (ProcessState::Crashed | ProcessState::Stopped, _) => words::OWNS_NOTHING.into(),
            (_, MembershipState::Stable) if !expects => words::IDLE.into(),
            _ => words::WAITING.into(),
        };
    }
    // Three and more in a row are said by their ends.
    let mut words = String::new();
    let mut rest = &c.assignment[..];
    while let [(topic, first), ..] = rest {
        let run = rest.iter().zip(*first..).take_while(|((t, n), i)| t == topic && n == i).count();
        let (taken, last) = if run > 2 { (run, words::up_to(rest[run - 1].1)) } else { (1, String::new()) };
        let comma = if words.is_empty() { "" } else { ", " };
        words += &format!("{comma}{topic}-{first}{last}");
        rest = &rest[taken..];
    }
    words
}
