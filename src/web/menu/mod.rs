//! What can be done to a thing, on the thing: its quick actions, and a menu with items and forms. In a playground one menu is open at
//! a time.

mod form;
mod items;
mod place;
mod quick;

pub use quick::QuickActions;

use super::context::{PageStateStoreFields as _, use_playground};
use crate::playground::menu::{Ask, MenuTarget};
use form::FormView;
use items::Items;
use leptos::html;
use leptos::prelude::*;
use place::{Anchor, Ribbons, fit, place};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement, KeyboardEvent, MouseEvent};

/// The button that opens a menu, and the card that it stands on.
#[derive(Clone, Copy)]
pub struct Opener {
    target: StoredValue<MenuTarget>,
    button: NodeRef<html::Button>,
    card: NodeRef<html::Div>,
}

impl Opener {
    pub fn new(target: MenuTarget, card: NodeRef<html::Div>) -> Self {
        Self { target: StoredValue::new(target), button: NodeRef::new(), card }
    }

    pub fn button(self) -> NodeRef<html::Button> {
        self.button
    }
}

/// A menu that is open: of what, opened by what, and where.
#[derive(Clone)]
struct Opened {
    /// Counts the menus that were opened.
    turn: u32,
    target: MenuTarget,
    button: NodeRef<html::Button>,
    anchor: Anchor,
}

/// The open menu of a playground, in the context of all that can open it.
#[derive(Clone, Copy)]
pub struct OpenMenu(RwSignal<Option<Opened>>, StoredValue<u32>);

impl OpenMenu {
    /// For the component around everything that opens a menu.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None), StoredValue::new(0)));
    }

    /// # Panics
    /// Outside of a component that has provided one.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Opens the menu of a card, below the card or where the mouse is.
    pub fn open(self, opener: Opener, mouse: Option<&MouseEvent>) {
        let card = opener.card.get_untracked().map(|card| Anchor::of(&card.get_bounding_client_rect())).unwrap_or_default();
        let anchor = match mouse {
            // The menu key has no place of its own.
            Some(e) if e.client_x() > 0 || e.client_y() > 0 => card.at(f64::from(e.client_x()), f64::from(e.client_y())),
            _ => card,
        };
        self.1.update_value(|turn| *turn += 1);
        self.0.set(Some(Opened { turn: self.1.get_value(), target: opener.target.get_value(), button: opener.button, anchor }));
    }

    /// Whether the menu of this card is open.
    pub fn is_open(self, opener: Opener) -> Memo<bool> {
        let is_its = move |opened: &Opened| opener.target.with_value(|target| opened.target == *target);
        Memo::new(move |_| self.0.with(|opened| opened.as_ref().is_some_and(is_its)))
    }
}

/// What a menu shows.
#[derive(Clone)]
enum Page {
    Items(MenuTarget),
    Form(Ask),
}

/// An open menu for its pages.
#[derive(Clone, Copy)]
struct MenuHandle {
    node: NodeRef<html::Div>,
    page: RwSignal<Page>,
    /// The role and the name of the page that is shown.
    role: RwSignal<&'static str>,
    label: RwSignal<String>,
    anchor: Anchor,
    /// What it is not to cover, where it can be helped.
    ribbons: Option<Ribbons>,
}

impl MenuHandle {
    /// For a page that has come: says what it is, shows the menu, and gives `first` the focus.
    fn enter(self, role: &'static str, label: String, first: impl Fn() -> Option<HtmlElement> + 'static) {
        self.role.set(role);
        self.label.set(label);
        Effect::new(move |_| {
            let Some(menu) = self.node.get() else { return };
            if menu.matches(":popover-open").unwrap_or(false) {
                fit(&menu);
            } else if menu.show_popover().is_ok() {
                place(&menu, self.anchor, self.ribbons);
            }
            if let Some(first) = untrack(&first) {
                let _ = first.focus();
            }
        });
    }

    fn close(self) {
        if let Some(menu) = self.node.get_untracked() {
            let _ = menu.hide_popover();
        }
    }
}

/// The menu that is open, if one is.
#[component]
pub fn Menu() -> impl IntoView {
    let OpenMenu(opened, _) = OpenMenu::expect();
    move || opened.get().map(|opened| view! { <Popover opened /> })
}

/// A menu. The browser closes it at Escape and at a click elsewhere.
#[component]
fn Popover(opened: Opened) -> impl IntoView {
    let OpenMenu(open, _) = OpenMenu::expect();
    let node = NodeRef::<html::Div>::new();
    let (page, label) = (RwSignal::new(Page::Items(opened.target.clone())), RwSignal::new(String::new()));
    let ribbons = use_playground().ui.snap().with_untracked(|snap| Ribbons::new(&snap.places, &opened.target, opened.anchor));
    let menu = MenuHandle { node, page, role: RwSignal::new("menu"), label, anchor: opened.anchor, ribbons };
    let (button, turn) = (opened.button, opened.turn);
    let before_toggle = move |_: Event| {
        let closes = |menu: &HtmlElement| menu.matches(":popover-open").unwrap_or(false) && menu.matches(":focus-within").unwrap_or(false);
        if node.get_untracked().is_some_and(|menu| closes(&menu))
            && let Some(Some(button)) = button.try_get_untracked()
        {
            let _ = button.focus();
        }
    };
    let toggled = move |_: Event| {
        let closed = node.get_untracked().is_some_and(|menu| !menu.matches(":popover-open").unwrap_or(false));
        if closed && open.with_untracked(|now| now.as_ref().is_some_and(|now| now.turn == turn)) {
            open.set(None);
        }
    };
    let key = |event: KeyboardEvent| {
        if event.key() == "Escape" {
            // It closes the menu, which the browser does, and nothing else.
            event.stop_propagation();
        }
    };
    let content = move || match page.get() {
        Page::Items(target) => view! { <Items menu target /> }.into_any(),
        Page::Form(ask) => view! { <FormView menu ask /> }.into_any(),
    };
    view! {
        <div
            class="tp-menu"
            popover="auto"
            role=menu.role
            aria-label=label
            node_ref=node
            on:beforetoggle=before_toggle
            on:toggle=toggled
            on:keydown=key
        >
            {content}
        </div>
    }
}

/// An element of a reference, for `focus`.
fn element<E: JsCast>(element: Option<E>) -> Option<HtmlElement> {
    element.and_then(|element| element.dyn_into().ok())
}
