//! "Why?" buttons: each stands where something is wrong or missing, and opens the panel that answers.

use super::why;
use crate::playground::scene::Target;
use crate::playground::why::{Happened, Question, on_cards, told_as};
use crate::web::context::{Astray, PageStateStoreFields as _, Playground, Ui, use_playground};
use crate::web::words::panels as words;
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlElement;

/// The button that asked last, in the context of a playground: Escape in the answer leads back to it.
#[derive(Clone, Copy)]
pub struct AskedFrom(StoredValue<Option<HtmlElement>, LocalStorage>);

impl AskedFrom {
    /// For the owner at hand and what it holds.
    pub fn provide() {
        provide_context(Self(StoredValue::new_local(None)));
    }

    /// Focuses the button, if it can still be seen; whether it could.
    pub(super) fn focus_back() -> impl Fn() -> bool + Copy {
        let asked = use_context::<Self>();
        move || {
            let from = asked.and_then(|asked| asked.0.get_value()).filter(|from| from.is_connected() && from.offset_parent().is_some());
            from.is_some_and(|from| from.focus().is_ok())
        }
    }
}

/// What opens the panel with a question, asked from an element.
pub fn use_ask() -> impl Fn(HtmlElement, Question) + Copy {
    let (ui, asked) = (use_playground().ui, use_context::<AskedFrom>());
    move |from, question| {
        if let Some(asked) = asked {
            asked.0.set_value(Some(from));
        }
        open(ui, question);
    }
}

fn open(ui: Ui, question: Question) {
    ui.asked().set(Some(question));
    ui.panel().set(Some(words::WHY));
}

/// A "Why?" button that asks what `ask` gives when it is pressed.
#[component]
pub fn AskButton(
    /// The question in words; empty while there is none, and the button hidden.
    #[prop(into)]
    words: Signal<String>,
    /// Another button asks the same of something else.
    #[prop(optional, into)]
    again: Signal<bool>,
    ask: impl Fn() -> Option<Question> + 'static,
) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    let open = use_ask();
    let pressed = move |_| {
        if let (Some(question), Some(from)) = (untrack(&ask), button.get_untracked()) {
            open(from.into(), question);
        }
    };
    view! {
        <button
            type="button"
            class="tp-text tp-ask"
            node_ref=button
            hidden=move || words.with(String::is_empty)
            data-again=again
            aria-label=words
            title=words
            on:click=pressed
        >
            {words::WHY}
        </button>
    }
}

/// What there is to ask on the cards of a stage, in the context of all of them.
#[derive(Clone, Copy)]
pub struct CardQuestions(Memo<Vec<(Target, Question, bool)>>);

impl CardQuestions {
    /// For the component around the cards.
    pub fn provide() {
        let ui = use_playground().ui;
        provide_context(Self(Memo::new(move |_| ui.snap().with(|s| on_cards(&s.view)))));
    }
}

/// A card's "Why?" button for as long as something looks wrong with what it is about. The first of a kind is seen at all times, so that
/// one asks once for six partitions; the others where the pointer or the focus is.
///
/// # Panics
/// Outside of a component that has provided `CardQuestions`.
#[component]
pub fn AskAbout(what: Target) -> impl IntoView {
    let CardQuestions(all) = expect_context();
    let answers = use_playground().has_panels();
    let found = move |all: &Vec<(Target, Question, bool)>| {
        let (_, question, first) = all.iter().find(|(of, ..)| answers && *of == what)?;
        Some((question.clone(), *first))
    };
    let mine = Memo::new(move |_| all.with(&found));
    let words = move || mine.with(|mine| mine.as_ref().map(|(question, _)| question.to_string()).unwrap_or_default());
    let again = move || mine.with(|mine| mine.as_ref().is_some_and(|(_, first)| !first));
    view! { <AskButton words=Signal::derive(words) again=Signal::derive(again) ask=move || mine.get().map(|(question, _)| question) /> }
}

/// Behind the narrator's latest sentence, while the event that it tells is kept.
#[component]
pub fn AskAboutSaid() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let event = Memo::new(move |_| {
        let said = ui.said().get();
        if said.is_empty() { None } else { stage.with_value(|s| told_as(s.run.borrow().world(), &said)) }
    });
    let words = move || event.get().map_or("", |_| words::WHY_THIS).to_owned();
    view! { <AskButton words=Signal::derive(words) ask=move || event.get().map(|event| Happened { event }.into()) /> }
}

/// Behind the ledger's line, when a record was lost or delivered twice.
#[component]
pub fn AskAboutLedger() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let words = Memo::new(move |_| {
        let words = match ui.astray().get() {
            Astray { lost: 1.., .. } => words::WHY_GONE,
            Astray { redelivered: 1.., .. } => words::WHY_TWICE,
            _ => "",
        };
        words.to_owned()
    });
    let ask = move || stage.with_value(|s| why::suspects(&s.run.borrow()).into_iter().next());
    view! { <AskButton words=words ask=ask /> }
}
