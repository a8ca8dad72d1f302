//! The first minute's line above the stage: what came of the step before, what is to be done now, and the button that does it.

use super::context::{PageStateStoreFields as _, Playground, use_playground};
use super::stage::Stage;
use super::words::guide as words;
use crate::playground::guide::{Guide as Machine, Look, Offer, STEPS, Shown};
use leptos::prelude::*;

/// The name under which the browser remembers that a reader has seen it.
const SEEN: &str = "tidepool-guide";

/// Whether this browser has been through it. Storage may be refused: then it has not.
fn is_seen() -> bool {
    let storage = window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item(SEEN).ok().flatten()).is_some()
}

fn remember() {
    if let Ok(Some(storage)) = window().local_storage() {
        // Who refuses sees it again next time.
        let _ = storage.set_item(SEEN, "seen");
    }
}

/// On a page of its own that a reader sees for the first time, as long as the run has what the steps are about.
#[component]
pub fn Guide() -> impl IntoView {
    let Playground { ui, page, controls, .. } = use_playground();
    let open = RwSignal::new(page && controls && !is_seen());
    let fits = Memo::new(move |_| ui.snap().with(|s| Machine::fits(&s.view)));
    let over = move || {
        open.set(false);
        ui.lit().set(None);
        remember();
    };
    view! {
        <Show when=move || open.get() && fits.get()>
            <Steps over />
        </Show>
    }
}

/// The line, for as long as the steps go on; `over`: the reader closes it.
#[component]
pub fn Steps(over: impl Fn() + Copy + 'static) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let steps = StoredValue::new_local(Machine::new());
    let shown = RwSignal::new(Shown::default());
    let look = move || {
        let trail = ui.trail().get_untracked();
        let now = stage.with_value(|s| {
            let (run, view) = (s.run.borrow(), ui.snap().with_untracked(|snap| snap.view.clone()));
            steps.try_update_value(|steps| steps.observe(&Look { time: &run.time, view: &view, trail: trail.as_deref() }))
        });
        if let Some(now) = now.filter(|now| shown.with_untracked(|was| was != now)) {
            let lit = now.task.as_ref().and_then(|task| task.lit.clone());
            if ui.lit().with_untracked(|was| *was != lit) {
                ui.lit().set(lit);
            }
            if now.done == STEPS {
                remember();
            }
            shown.set(now);
        }
    };
    Effect::new(move |_| {
        ui.snap().track();
        ui.trail().track();
        look();
    });
    let part = move |of: fn(&Shown) -> String| Memo::new(move |_| shown.with(of));
    // Where nothing has come of a step, the line says what this is: what is below it stays where it is.
    let outcome = part(|shown| shown.outcome.clone());
    let came = move || if outcome.with(String::is_empty) { words::INTRODUCTION.to_owned() } else { outcome.get() };
    let number = part(|shown| words::step_of((shown.done + 1).min(STEPS), STEPS));
    let text = part(|shown| match &shown.task {
        Some(task) => task.text.clone(),
        None if shown.waiting.is_empty() => words::THAT_WAS_ALL.to_owned(),
        None => shown.waiting.clone(),
    });
    let is_over = Memo::new(move |_| shown.with(|shown| shown.done == STEPS));
    let pass = move |_| {
        steps.update_value(Machine::pass);
        look();
    };
    view! {
        <aside class="tp-guide" aria-label=words::FIRST_STEPS>
            <p class="tp-came" data-none=move || outcome.with(String::is_empty)>{came}</p>
            <p class="tp-task">
                <Show when=move || !is_over.get()>
                    <span class="tp-count tp-number">{number}</span>
                </Show>
                <span>{text}</span>
                <Guesses steps shown look />
                <TaskButton shown />
            </p>
            <div class="tp-acts">
                <Show when=move || !is_over.get()>
                    <button type="button" class="tp-text" on:click=pass>{words::SKIP}</button>
                </Show>
                <button type="button" class="tp-text" aria-label=words::CLOSE_STEPS on:click=move |_| over()>{words::CLOSE}</button>
            </div>
        </aside>
    }
}

/// The answers to guess among, once and before the deed.
#[component]
fn Guesses(
    steps: StoredValue<Machine, LocalStorage>,
    shown: RwSignal<Shown>,
    look: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let guesses = Memo::new(move |_| shown.with(|shown| shown.task.as_ref().map(|task| task.guesses.clone()).unwrap_or_default()));
    let guess = move |words: String| {
        let (said, chosen) = (words.clone(), words.clone());
        let pressed = move || shown.with(|shown| shown.guess.as_ref() == Some(&chosen)).to_string();
        let choose = move |_| {
            steps.update_value(|steps| steps.guess(said.clone()));
            look();
        };
        view! {
            <button type="button" class="tp-text" aria-pressed=pressed on:click=choose>
                {words}
            </button>
        }
    };
    view! {
        <span class="tp-guesses" role="group" aria-label=words::GUESS hidden=move || guesses.with(Vec::is_empty)>
            <For each=move || guesses.get() key=String::clone children=guess />
        </span>
    }
}

#[component]
fn TaskButton(shown: RwSignal<Shown>) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let words = Memo::new(move |_| shown.with(|shown| Some(shown.task.as_ref()?.offer.as_ref()?.0.clone())).unwrap_or_default());
    let act = move |_| {
        let offer = shown.with_untracked(|shown| Some(shown.task.as_ref()?.offer.as_ref()?.1.clone()));
        match offer {
            Some(Offer::Line(line)) => {
                // What follows is to be seen, and not a record of before.
                ui.chosen().set(None);
                stage.with_value(|s| s.tell(&line));
            }
            Some(Offer::Seek(at)) => stage.with_value(|s| s.moved(|time| time.seek(at))),
            Some(Offer::Follow(target)) => ui.chosen().set(Some(target)),
            None => return,
        }
        // Something happens only while time goes on; in the past one looks first.
        if !matches!(shown.with_untracked(|shown| shown.task.clone()).and_then(|task| task.offer), Some((_, Offer::Seek(_)))) {
            stage.with_value(|s: &std::rc::Rc<Stage>| s.play(true));
        }
    };
    view! {
        <button type="button" class="tp-do-it" hidden=move || words.with(String::is_empty) on:click=act>
            {words}
        </button>
    }
}
