//! Sheets: what is read beside the run, in a dialog over it. One is open at a time; Escape closes it.

use super::compare::Compare;
use super::context::{PageStateStoreFields as _, use_playground};
use super::gallery::Gallery;
use super::help::Help;
use super::new_cluster::NewCluster;
use super::share::Share;
use super::words::sheets as words;
use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;

/// A sheet: its title, which is also its name, and its component.
struct Sheet {
    title: &'static str,
    view: fn() -> AnyView,
}

/// A new sheet is a line here and a file beside this one.
const SHEETS: &[Sheet] = &[
    Sheet { title: words::SCENARIOS, view: || view! { <Gallery /> }.into_any() },
    Sheet { title: words::NEW, view: || view! { <NewCluster /> }.into_any() },
    Sheet { title: words::COMPARE, view: || view! { <Compare /> }.into_any() },
    Sheet { title: words::SHARE, view: || view! { <Share /> }.into_any() },
    Sheet { title: words::HELP, view: || view! { <Help /> }.into_any() },
];

#[component]
pub fn Sheets() -> impl IntoView {
    let ui = use_playground().ui;
    let dialog = NodeRef::<html::Dialog>::new();
    let open = Memo::new(move |_| ui.sheet().get().and_then(|title| SHEETS.iter().position(|sheet| sheet.title == title)));
    Effect::new(move |_| {
        let (open, Some(dialog)) = (open.get().is_some(), dialog.get()) else { return };
        match (open, dialog.open()) {
            (true, false) => {
                let _ = dialog.show_modal();
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let sheet = move || open.get().and_then(|index| SHEETS.get(index));
    // A click beside it is a click on the dialog itself.
    let beside = move |event: MouseEvent| {
        if event.target() == event.current_target() {
            ui.sheet().set(None);
        }
    };
    view! {
        <dialog class="tp-sheet" node_ref=dialog aria-label=move || sheet().map(|sheet| sheet.title) on:close=move |_| ui.sheet().set(None) on:click=beside>
            {move || {
                sheet()
                    .map(|sheet| {
                        view! {
                            <div class="tp-sheet-body">
                                <div class="tp-row">
                                    <h2>{sheet.title}</h2>
                                    <button type="button" class="tp-text tp-end" on:click=move |_| ui.sheet().set(None)>{words::CLOSE}</button>
                                </div>
                                {(sheet.view)()}
                            </div>
                        }
                    })
            }}
        </dialog>
    }
}
