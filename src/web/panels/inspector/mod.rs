//! The Inspector: what is chosen, as what it keeps, its configs, its frames, and a frame or a record as fields and bytes side by side.

mod bytes;
mod configs;
mod frames;
mod machine;
mod state;

use self::bytes::{Bytes, Dissected, dissect};
use crate::playground::scene::Target;
use crate::web::context::{PageStateStoreFields as _, Playground, Ui, use_playground};
use crate::web::words::inspector as words;
use crate::world::EPOCH;
use configs::Configs;
use frames::Frames;
use leptos::ev::{Event, Targeted};
use leptos::prelude::*;
use state::State;
use std::sync::Arc;
use web_sys::HtmlSelectElement;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    State,
    Configs,
    Frames,
    Bytes,
}

const MODES: [(Mode, &str); 4] =
    [(Mode::State, words::STATE), (Mode::Configs, words::CONFIGS), (Mode::Frames, words::FRAMES), (Mode::Bytes, words::BYTES)];

fn label(target: &Target) -> String {
    match target {
        Target::Broker(name) | Target::Producer(name) | Target::Consumer(name) | Target::Internal(name) => name.to_string(),
        Target::Topic(topic) => words::topic(topic),
        Target::Partition(topic, n) => format!("{topic}-{n}"),
        Target::Group(Some(group)) => words::group(group),
        Target::Record(topic, n, offset) => words::record(topic, *n, *offset),
        Target::Frame(message) => words::frame(*message),
        Target::Group(None) | Target::Heading(_) | Target::Link(..) => String::new(),
    }
}

fn is_bytes(target: &Target) -> bool {
    matches!(target, Target::Frame(_) | Target::Record(..))
}

/// What can be looked into: what is chosen first, if it does not stand on the stage.
fn targets(ui: Ui) -> Vec<Target> {
    let mut all: Vec<Target> = ui.chosen().get().filter(is_bytes).into_iter().collect();
    let on_stage = |target: &Target| !label(target).is_empty();
    ui.snap().with(|s| {
        for target in s.places.iter().map(|place| &place.what).filter(|target| on_stage(target)) {
            if !all.contains(target) {
                all.push(target.clone());
            }
        }
    });
    all
}

/// The mode, which follows what is chosen: a frame or a record is bytes, what stands on the stage is not.
fn mode_of_chosen(ui: Ui) -> RwSignal<Mode> {
    let bytes = Memo::new(move |_| ui.chosen().get().map(|chosen| (is_bytes(&chosen), chosen)));
    let is_now = move || bytes.with_untracked(|chosen| chosen.as_ref().is_some_and(|(bytes, _)| *bytes));
    let mode = RwSignal::new(if is_now() { Mode::Bytes } else { Mode::State });
    Effect::watch(
        move || bytes.track(),
        move |(), _, _| match is_now() {
            true => mode.set(Mode::Bytes),
            false if mode.get_untracked() == Mode::Bytes => mode.set(Mode::State),
            false => {}
        },
        false,
    );
    mode
}

#[component]
pub fn Inspector() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let mode = mode_of_chosen(ui);
    let all = Memo::new(move |_| targets(ui));
    // What is chosen, or the first broker.
    let target = Memo::new(move |_| {
        let first = || all.with(|all| all.iter().find(|target| matches!(target, Target::Broker(_))).cloned());
        ui.chosen().get().filter(|target| !label(target).is_empty()).or_else(first)
    });
    let dissected = Memo::new(move |_| {
        let target = (mode.get() == Mode::Bytes).then(|| target.get()).flatten()?;
        stage.with_value(|s| dissect(&s.run.borrow(), &target)).map(Arc::new)
    });
    let view_of = move || match (mode.get(), target.get()) {
        (Mode::State, Some(target)) => view! { <State target /> }.into_any(),
        (Mode::Configs, Some(target)) => view! { <Configs target /> }.into_any(),
        (Mode::Frames, target) => view! { <Frames target /> }.into_any(),
        (Mode::Bytes | Mode::State | Mode::Configs, _) => view! { <Bytes dissected /> }.into_any(),
    };
    let button = |(of, name): (Mode, &'static str)| {
        view! {
            <button type="button" class="tp-text" aria-pressed=move || (mode.get() == of).to_string() on:click=move |_| mode.set(of)>
                {name}
            </button>
        }
    };
    view! {
        <div class="tp-look">
            <div class="tp-row">
                <Targets all target />
                <span role="group" aria-label=words::VIEW>{MODES.map(button).collect_view()}</span>
                <span class="tp-quiet tp-number tp-end">{move || dissected.get().map(|dissected| view! { <Title dissected /> })}</span>
            </div>
            <div class="tp-body">
                <div class="tp-view">{view_of}</div>
            </div>
        </div>
    }
}

#[component]
fn Targets(all: Memo<Vec<Target>>, target: Memo<Option<Target>>) -> impl IntoView {
    let ui = use_playground().ui;
    let choose = move |event: Targeted<Event, HtmlSelectElement>| {
        let index = usize::try_from(event.target().selected_index()).ok();
        ui.chosen().set(index.and_then(|index| all.with_untracked(|all| all.get(index).cloned())));
    };
    let option = move |of: Target| {
        let words = label(&of);
        view! { <option prop:selected=move || target.with(|target| target.as_ref() == Some(&of))>{words}</option> }
    };
    view! {
        <select aria-label=words::WHAT on:change:target=choose>
            <For each=move || all.get() key=Clone::clone children=option />
        </select>
    }
}

/// What the bytes are, and the way to when they were sent.
#[component]
fn Title(dissected: Arc<Dissected>) -> impl IntoView {
    let stage = use_playground().stage;
    let sent = dissected.sent.map(|sent| {
        let go = move |_| stage.with_value(|s| s.scrub(sent.micros_since(EPOCH)));
        view! {
            <button type="button" class="tp-text" title=words::GO_TO_SENT on:click=go>{frames::time_words(sent)}</button>
        }
    });
    view! {
        {dissected.title.clone()}
        {sent}
    }
}
