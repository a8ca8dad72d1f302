//! A page of a menu: what can be done to its target, in groups.

use super::{MenuHandle, Page, element};
use crate::playground::menu::{Effect as Doing, MenuItem, MenuTarget, menu_items, title};
use crate::web::context::use_playground;
use leptos::html;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

/// They are those of the moment at which the menu was opened: nothing moves under the hand.
#[component]
pub fn Items(menu: MenuHandle, target: MenuTarget) -> impl IntoView {
    let stage = use_playground().stage;
    let view = stage.with_value(|s| s.run.borrow().view());
    let items: Vec<(usize, MenuItem)> = menu_items(&view, &target).into_iter().enumerate().collect();
    let nodes: Vec<NodeRef<html::Button>> = items.iter().map(|_| NodeRef::new()).collect();
    let first = nodes.first().copied();
    menu.enter("menu", title(&target), move || element(first?.get()));
    let nodes = StoredValue::new(nodes);
    let groups = items.chunk_by(|(_, a), (_, b)| a.group == b.group).map(|group| {
        let name = group.first().map_or("", |(_, item)| item.group);
        let items = group.iter().cloned().map(|(at, item)| view! { <Item menu item nodes at /> }).collect_view();
        view! {
            <div role="group" aria-label=name>
                <span class="tp-quiet" aria-hidden="true">
                    {name}
                </span>
                {items}
            </div>
        }
    });
    let groups = groups.collect_view();
    view! {
        <b>{title(&target)}</b>
        {groups}
    }
}

/// `at`: which of the menu's items, and of `nodes`, it is.
#[component]
fn Item(menu: MenuHandle, item: MenuItem, nodes: StoredValue<Vec<NodeRef<html::Button>>>, at: usize) -> impl IntoView {
    let stage = use_playground().stage;
    let MenuItem { label, description, hurts, effect, .. } = item;
    let act = move |_| match &effect {
        Doing::Line(line) => {
            menu.close();
            stage.with_value(|s| s.tell(line));
        }
        Doing::Open(target) => menu.page.set(Page::Items(target.clone())),
        Doing::Ask(ask) => menu.page.set(Page::Form(ask.clone())),
    };
    let key = move |event: KeyboardEvent| {
        let count = nodes.with_value(Vec::len);
        let to = match event.key().as_str() {
            "ArrowDown" => (at + 1) % count,
            "ArrowUp" => (at + count - 1) % count,
            "Home" => 0,
            "End" => count - 1,
            "Tab" => return menu.close(),
            _ => return,
        };
        event.prevent_default();
        if let Some(to) = nodes.with_value(|nodes| nodes.get(to).and_then(|node| element(node.get_untracked()))) {
            let _ = to.focus();
        }
    };
    // Its description is told while it has the focus, and a pointer gives it.
    let focus = move |_| {
        if let Some(item) = nodes.with_value(|nodes| element(nodes[at].get_untracked())) {
            let _ = item.focus();
        }
    };
    view! {
        <button
            type="button"
            role="menuitem"
            tabindex="-1"
            class="tp-item"
            class:tp-bad=hurts
            node_ref=nodes.with_value(|nodes| nodes[at])
            on:click=act
            on:pointermove=focus
            on:keydown=key
        >
            <span>{label}</span>
            " "
            <span class="tp-quiet">{description}</span>
        </button>
    }
}
