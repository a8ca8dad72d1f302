//! The run's branches: one chip for each; the sheet of comparisons plays two of them side by side.

use super::clock;
use super::context::{Compared, PageStateStoreFields as _, Playground, use_playground};
use super::panels::rows::followed;
use super::stage::Stage;
use super::words::{branches as words, sheets};
use crate::playground::time::{Comparison, Timeline};
use crate::world::EPOCH;
use leptos::prelude::*;

/// A branch's id and name.
type Named = (u32, String);

/// The branches, and the id of the one that is shown.
#[derive(Clone, PartialEq, Debug)]
struct Branches {
    all: Vec<Named>,
    shown: u32,
}

/// A chip for each branch, where there are several.
#[component]
pub fn Chips() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let branches = Memo::new(move |_| {
        ui.snap().track();
        stage.with_value(|s| {
            let time = &s.run.borrow().time;
            let all: Vec<Named> = time.branches().iter().map(|branch| (branch.id, branch.name.clone())).collect();
            Branches { all: if all.len() > 1 { all } else { Vec::new() }, shown: time.branch().id }
        })
    });
    view! {
        <div class="tp-row tp-wide tp-chips">
            <For
                each=move || branches.with(|branches| branches.all.clone())
                key=|(id, _)| *id
                children=move |branch| view! { <Chip branch branches /> }
            />
        </div>
    }
}

#[component]
fn Chip(branch: Named, branches: Memo<Branches>) -> impl IntoView {
    let id = branch.0;
    let branch = followed(branch, move |(id, _)| branches.with(|branches| branches.all.iter().find(|(other, _)| other == id).cloned()));
    let is_shown = Memo::new(move |_| branches.with(|branches| branches.shown == id));
    let name = Signal::derive(move || branch.with(|(_, name)| name.clone()));
    view! {
        <span class="tp-chip" aria-current=move || is_shown.get().then_some("true")>
            <Show when=move || is_shown.get() fallback=move || view! { <Other id name /> }>
                <Name id name />
            </Show>
        </span>
    }
}

/// The branch that is shown: its name can be changed.
#[component]
fn Name(id: u32, name: Signal<String>) -> impl IntoView {
    let stage = use_playground().stage;
    view! {
        <input
            class="tp-text"
            maxlength="40"
            aria-label=words::NAME
            style:width=move || format!("{}ch", name.with(|name| name.chars().count() + 2))
            prop:value=name
            on:change:target=move |event| stage.with_value(|s| s.branch(|time| time.rename(id, &event.target().value())))
        />
    }
}

/// Another branch: it can be shown, compared with the shown one, or dropped.
#[component]
fn Other(id: u32, name: Signal<String>) -> impl IntoView {
    let Playground { ui, stage, controls, .. } = use_playground();
    let open = move |_| {
        let shown = stage.with_value(|s| s.run.borrow().time.branch().id);
        ui.compared().set(Some(Compared::Branches(shown, id)));
        ui.sheet().set(Some(sheets::COMPARE));
    };
    view! {
        <button type="button" class="tp-text" on:click=move |_| stage.with_value(|s| s.moved(|time| time.select(id)))>{name}</button>
        <button type="button" class="tp-text tp-more" on:click=open>{words::COMPARE}</button>
        <Show when=move || controls>
            <button
                type="button"
                class="tp-text tp-drop"
                aria-label=move || words::drop(&name.get())
                on:click=move |_| stage.with_value(|s| s.branch(|time| time.drop_branch(id)))
            >
                "×"
            </button>
        </Show>
    }
}

fn name(time: &Timeline, id: u32) -> &str {
    time.branches().iter().find(|b| b.id == id).map_or("", |b| &b.name)
}

fn at(time: crate::kafka::time::Time) -> String {
    clock::time_words(time.micros_since(EPOCH))
}

/// Where two branches part, in a sentence; what stands against that, if there is no such branch.
pub fn parted(time: &Timeline, shown: u32, other: u32) -> String {
    match time.compare(shown, other) {
        Ok(compared) => parting(time, &compared, shown, other),
        Err(why) => format!("{why}."),
    }
}

/// Where two branches part, in a sentence.
fn parting(time: &Timeline, compared: &Comparison, shown: u32, other: u32) -> String {
    let (shown, other) = (name(time, shown), name(time, other));
    match compared.difference.as_ref().and_then(|d| d.left.as_ref().or(d.right.as_ref())) {
        Some(event) => words::part_at(shown, other, &at(event.at)),
        None => words::the_same(shown, other),
    }
}

/// Two branches in words.
///
/// # Errors
/// A sentence, when there is no such branch.
pub fn compared(stage: &Stage, shown: u32, other: u32) -> Result<String, String> {
    let run = stage.run.borrow();
    let time = &run.time;
    match time.compare(shown, other) {
        Err(why) => Err(format!("{why}.")),
        Ok(compared) => {
            let both = [(shown, &compared.left), (other, &compared.right)];
            let outcomes = both.map(|(id, c)| words::outcome(name(time, id), c.acked, c.lost, c.elections));
            Ok(words::compared(&parting(time, &compared, shown, other), &at(compared.at), &outcomes))
        }
    }
}
