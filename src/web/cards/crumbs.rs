//! The way from the cluster to what is zoomed into, each part a button, in the cluster's heading.

use crate::playground::scene::{Target, zoom_steps};
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::navigation::Navigation;
use crate::web::words::cards as words;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// `back`: what gets the focus when the crumbs that had it are gone.
#[component]
pub fn Crumbs(nav: Navigation, back: NodeRef<html::Button>) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let node = NodeRef::<html::Nav>::new();
    let steps = Memo::new(move |_| {
        let arrangement = ui.arrangement().get();
        let mut steps = vec![None];
        if let Some(target) = ui.zoomed().get() {
            let known = ui.snap().with_untracked(|s| zoom_steps(&s.view, &target, arrangement));
            // In the past it may not be there yet.
            steps.extend(if known.is_empty() { vec![target] } else { known }.into_iter().map(Some));
        }
        steps
    });
    let each = move || {
        let steps = steps.get();
        // A crumb that has the focus may go: its place is the last crumb's then.
        if let Some(list) = node.get_untracked().filter(|list| list.matches(":focus-within").unwrap_or(false)) {
            let cluster = steps.len() == 1;
            queue_microtask(move || {
                let last = list.last_element_child().and_then(|last| last.dyn_into::<HtmlElement>().ok());
                let to = if cluster { back.try_get_untracked().flatten().map(Into::into) } else { last };
                if let Some(to) = to {
                    let _ = to.focus();
                }
            });
        }
        steps
    };
    let away = move || {
        ui.snap().track();
        stage.with_value(|s| s.scene.borrow().off_screen.clone())
    };
    view! {
        <nav
            class="tp-crumbs tp-number"
            aria-label=words::CRUMBS
            aria-description=away
            hidden=move || ui.zoomed().with(Option::is_none)
            node_ref=node
        >
            <For each key=|step| step.clone() let(step)>
                <Crumb nav steps step />
            </For>
        </nav>
    }
}

#[component]
fn Crumb(nav: Navigation, steps: Memo<Vec<Option<Target>>>, step: Option<Target>) -> impl IntoView {
    let words = match &step {
        Some(Target::Topic(name) | Target::Broker(name)) => name.to_string(),
        Some(Target::Partition(topic, n)) => format!("{topic}-{n}"),
        Some(Target::Record(_, _, offset)) => words::at_offset(*offset),
        _ => words::CLUSTER.to_owned(),
    };
    let here = step.clone();
    let current = move || steps.with(|steps| steps.last() == Some(&here)).then_some("location");
    view! {
        <button type="button" class="tp-text" aria-current=current on:click=move |_| nav.zoom_to(step.clone())>
            {words}
        </button>
    }
}
