//! The buttons on a card for what is done to it most.

use crate::playground::menu::{Effect as Doing, MenuItem, MenuTarget, menu_items, title};
use crate::web::context::{PageStateStoreFields as _, Playground, Snapshot, use_playground};
use leptos::prelude::*;

/// None without a `target`. `end`: they stand at the end of their row.
#[component]
pub fn QuickActions(target: Option<MenuTarget>, #[prop(optional)] end: bool) -> impl IntoView {
    let ui = use_playground().ui;
    let of = target.clone();
    let items = Memo::new(move |_| match &of {
        Some(target) => ui.snap().with(|s| menu_items(&s.view, target).into_iter().filter(|item| item.quick).collect::<Vec<_>>()),
        None => Vec::new(),
    });
    let button = move |item| target.clone().map(|target| view! { <QuickAction target item /> });
    view! {
        <span class=if end { "tp-acts tp-end" } else { "tp-acts" }>
            <For each=move || items.get() key=|item| item.label.clone() children=button />
        </span>
    }
}

#[component]
fn QuickAction(target: MenuTarget, item: MenuItem) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let MenuItem { label, description, hurts, .. } = item;
    let (name, words) = (format!("{label} {}", title(&target)), label.clone());
    // What the item does may be another line by now: a new consumer has a new name.
    let now = move |s: &Snapshot| menu_items(&s.view, &target).into_iter().find(|item| item.label == label);
    let act = move |_| {
        if let Some(MenuItem { effect: Doing::Line(line), .. }) = ui.snap().with_untracked(|s| now(s)) {
            stage.with_value(|s| s.tell(&line));
        }
    };
    view! {
        <button type="button" class="tp-text" class:tp-bad=hurts aria-label=name title=description on:click=act>
            {words}
        </button>
    }
}
