//! "pause when …": a button that tells what is set, and a row with what can be said.

use crate::playground::time::{Timeline, hints};
use crate::web::context::{StageHandle, use_playground};
use crate::web::words::timeline as words;
use leptos::html;
use leptos::prelude::*;

/// Breakpoints, as they are typed and as they are in force.
#[derive(Clone, Copy)]
pub struct Stops {
    stage: StageHandle,
    /// Whether the row is there.
    pub open: RwSignal<bool>,
    typed: RwSignal<String>,
    in_force: RwSignal<String>,
    refused: RwSignal<bool>,
}

fn in_force(time: &Timeline) -> String {
    time.breakpoints().iter().map(|breakpoint| breakpoint.text()).collect::<Vec<_>>().join(", ")
}

impl Stops {
    pub fn new() -> Self {
        let stage = use_playground().stage;
        let set = stage.with_value(|s| in_force(&s.run.borrow().time));
        let typed = RwSignal::new(set.clone());
        Self { stage, open: RwSignal::new(false), typed, in_force: RwSignal::new(set), refused: RwSignal::new(false) }
    }

    /// Sets what is typed; what is wrong with it is said.
    fn apply(self) {
        self.stage.with_value(|s| {
            let done = self.typed.with_untracked(|typed| s.run.borrow_mut().time.set_breakpoints(typed));
            self.refused.set(done.is_err());
            match done {
                Err(why) => s.say(format!("{why}.")),
                Ok(()) => self.in_force.set(in_force(&s.run.borrow().time)),
            }
        });
    }

    /// Types a word, or takes it away.
    fn toggle(self, word: &str) {
        self.typed.update(|typed| {
            let mut words: Vec<&str> = typed.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
            match words.iter().position(|other| *other == word) {
                Some(at) => drop(words.remove(at)),
                None => words.push(word),
            }
            *typed = words.join(", ");
        });
        self.apply();
    }
}

#[component]
pub fn StopsButton(stops: Stops) -> impl IntoView {
    let words = move || stops.in_force.with(|conditions| words::pause_when(conditions));
    view! {
        <button
            type="button"
            class="tp-text tp-stops"
            aria-expanded=move || stops.open.get().to_string()
            on:click=move |_| stops.open.update(|open| *open = !*open)
        >
            {words}
        </button>
    }
}

/// The field, which takes the focus when the row opens, and the words that it knows.
#[component]
pub fn StopsRow(stops: Stops) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    field.on_load(|field| {
        let _ = field.focus();
    });
    let hint = |(word, means): (&'static str, &'static str)| {
        view! { <button type="button" class="tp-text" title=means on:click=move |_| stops.toggle(word)>{word}</button> }
    };
    view! {
        <div class="tp-row tp-wide tp-pause">
            <input
                class="tp-stop"
                placeholder=words::PAUSE_EXAMPLE
                aria-label=words::PAUSE_WHEN
                aria-invalid=move || stops.refused.get().to_string()
                prop:value=move || stops.typed.get()
                node_ref=field
                on:change:target=move |event| {
                    stops.typed.set(event.target().value());
                    stops.apply();
                }
            />
            <span class="tp-hints">{hints().map(hint).collect_view()}</span>
        </div>
    }
}
