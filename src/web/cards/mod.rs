//! What stands on the stage: names, states and buttons, each where the scene has put it. A new kind of card is a file here, and its line
//! in `of_target`.

mod broker;
mod consumer;
mod countdown;
mod crumbs;
mod group;
mod heading;
mod link;
mod partition;
mod producer;
mod record;
mod topic;

use super::clock::tenths;
use super::context::{PageStateStoreFields as _, Ui, use_playground};
use super::menu::{OpenMenu, Opener};
use super::navigation::Navigation;
use super::panels::ask::CardQuestions;
use crate::playground::menu::MenuTarget;
use crate::playground::scene::{Rect, Target};
use broker::Broker;
use consumer::Consumer;
use group::Group;
use heading::Heading;
use leptos::attr::Attribute;
use leptos::html;
use leptos::prelude::*;
use link::Link;
use partition::Partition;
use producer::Producer;
use record::Record;
use std::time::Duration;
use topic::{Internal, Topic};
use web_sys::{KeyboardEvent, MouseEvent};

/// Below these heights, in CSS pixels, a card has one line.
const LINE: f32 = 36.0;
const PARTITION_LINE: f32 = 15.0;
/// When what is zoomed into, or was, has come to its place.
const ARRIVED: Duration = Duration::from_millis(600);

/// A card for each place of the scene, in the scene's order, which is that of the Tab key.
#[component]
pub fn Cards(nav: Navigation) -> impl IntoView {
    let ui = use_playground().ui;
    CardQuestions::provide();
    let targets = Memo::new(move |_| ui.snap().with(|s| s.places.iter().map(|place| place.what.clone()).collect::<Vec<_>>()));
    let each = move || {
        let targets = targets.get();
        nav.keep_focus();
        targets
    };
    view! { <For each key=|target| target.clone() children=move |target| of_target(Card::new(nav, target.clone()), target) /> }
}

fn of_target(card: Card, target: Target) -> AnyView {
    match target {
        Target::Heading(of) => view! { <Heading card of /> }.into_any(),
        Target::Producer(name) => view! { <Producer card name /> }.into_any(),
        Target::Broker(name) => view! { <Broker card name /> }.into_any(),
        Target::Topic(name) => view! { <Topic card name /> }.into_any(),
        Target::Partition(topic, partition) => view! { <Partition card topic partition /> }.into_any(),
        Target::Internal(name) => view! { <Internal card name /> }.into_any(),
        Target::Link(a, b) => view! { <Link card a b /> }.into_any(),
        Target::Group(name) => view! { <Group card name /> }.into_any(),
        Target::Consumer(name) => view! { <Consumer card name /> }.into_any(),
        Target::Record(topic, partition, offset) => view! { <Record card topic partition offset /> }.into_any(),
        // They move: the canvas draws them.
        Target::Frame(_) => ().into_any(),
    }
}

/// What all cards have: a place, keys, and a menu.
#[derive(Clone, Copy)]
pub struct Card {
    nav: Navigation,
    ui: Ui,
    /// What the card is about.
    target: StoredValue<Target>,
    /// The card's element.
    node: NodeRef<html::Div>,
    menu: OpenMenu,
    opener: Opener,
    /// Whether things have menus in this playground, and the target one.
    has_menu: bool,
    place: Memo<Option<Rect>>,
}

impl Card {
    fn new(nav: Navigation, target: Target) -> Self {
        let playground = use_playground();
        let ui = playground.ui;
        let node = NodeRef::new();
        let opener = Opener::new(MenuTarget::At(target.clone()), node);
        let has_menu = playground.has_menus() && !matches!(target, Target::Group(None) | Target::Record(..) | Target::Frame(_));
        let here = target.clone();
        let place = Memo::new(move |before: Option<&Option<Rect>>| {
            let now = ui.snap().with(|s| s.places.iter().find(|place| place.what == here).map(|place| place.rect));
            now.or(before.copied().flatten())
        });
        Self { nav, ui, target: StoredValue::new(target), node, menu: OpenMenu::expect(), opener, has_menu, place }
    }

    /// What the card's menu is about, where it has one.
    fn menu_target(self) -> Option<MenuTarget> {
        self.has_menu.then(|| MenuTarget::At(self.target.get_value()))
    }

    /// The attributes and listeners that each card's element has.
    fn frame(self) -> impl Attribute + Clone + use<> {
        let partition = self.target.with_value(|target| matches!(target, Target::Partition(..)));
        let line = if partition { PARTITION_LINE } else { LINE };
        let length = move |of: fn(Rect) -> f32| Signal::derive(move || self.place.get().map(|place| format!("{}px", tenths(of(place)))));
        // Where there are many, each has one line.
        let has_line = move || self.place.get().is_some_and(|place| place.h < line);
        let is_lit = move || self.ui.lit().with(|lit| lit.as_ref().is_some_and(|lit| self.target.with_value(|target| target == lit)));
        let key = move |event: KeyboardEvent| {
            self.target.with_value(|target| {
                if matches!(target, Target::Partition(..) | Target::Broker(_) | Target::Topic(_)) {
                    self.nav.on_key_down(&event, Some(target));
                }
            });
        };
        let context_menu = move |event: MouseEvent| {
            if self.has_menu {
                event.prevent_default();
                self.menu.open(self.opener, Some(&event));
            }
        };
        view! {
            <{..}
                style:left=length(|place| place.x)
                style:top=length(|place| place.y)
                style:width=length(|place| place.w)
                style:height=length(|place| place.h)
                data-line=has_line
                data-lit=is_lit
                on:focusin=move |event| self.nav.on_focus_in(&event)
                on:focusout=move |_| self.nav.on_focus_out()
                on:keydown=key
                on:contextmenu=context_menu
            />
        }
    }

    /// Brings the card into sight when the zoom has changed from and to what `when` says.
    fn stay_in_sight(self, when: impl Fn(Option<&Target>, Option<&Target>) -> bool + 'static) {
        let (ui, node) = (self.ui, self.node);
        let moved = move |now: &Option<Target>, before: Option<&Option<Target>>, _: Option<()>| {
            let before = before.and_then(Option::as_ref);
            if now.as_ref() == before || !when(before, now.as_ref()) {
                return;
            }
            let Some(card) = node.get_untracked() else { return };
            // Where columns are stacked, what is zoomed into comes to the top.
            let to_top = now.is_some() && ui.snap().with_untracked(|s| s.narrow);
            let most = if to_top { 120.0 } else { 480.0 };
            let arrived = move || {
                if card.is_connected() && !(0.0..most).contains(&card.get_bounding_client_rect().top()) {
                    card.scroll_into_view_with_bool(true);
                }
            };
            set_timeout(arrived, ARRIVED);
        };
        Effect::watch(move || ui.zoomed().get(), moved, false);
    }
}

/// A card's name: the button of its menu, where it has one.
#[component]
fn Name(card: Card, #[prop(into)] text: String) -> impl IntoView {
    if !card.has_menu {
        return text.into_any();
    }
    let expanded = card.menu.is_open(card.opener);
    view! {
        <button
            type="button"
            class="tp-do"
            aria-haspopup="menu"
            aria-expanded=move || expanded.get().to_string()
            node_ref=card.opener.button()
            on:click=move |event| {
                event.prevent_default();
                card.menu.open(card.opener, None);
            }
        >
            {text}
        </button>
    }
    .into_any()
}
