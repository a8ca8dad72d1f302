//! A page of a menu: a form that fills in a line of the scenario language.

use super::{MenuHandle, element};
use crate::playground::menu::{Ask, Field, Form, form};
use crate::web::context::use_playground;
use crate::web::words::menu as words;
use leptos::html;
use leptos::prelude::*;
use web_sys::{HtmlElement, SubmitEvent};

/// A form with more fields than these folds those that are seldom asked for and that nobody has set.
const MANY: usize = 8;

/// Why what was filled in is refused.
#[derive(Clone)]
struct Refusal {
    /// Which attempt it answers: each is said anew, also in the same words.
    attempt: u32,
    /// The field that it is about, where it names one.
    field: Option<usize>,
    words: String,
}

#[component]
pub fn FormView(menu: MenuHandle, ask: Ask) -> impl IntoView {
    let stage = use_playground().stage;
    // What it is about may have gone since the menu was opened.
    let Some(form) = stage.with_value(|s| form(s.run.borrow().world(), &ask)) else {
        menu.close();
        return ().into_any();
    };
    view! { <Fields menu form /> }.into_any()
}

#[component]
fn Fields(menu: MenuHandle, form: Form) -> impl IntoView {
    let stage = use_playground().stage;
    let values: Vec<RwSignal<String>> = form.fields.iter().map(|field| RwSignal::new(shown(field).to_owned())).collect();
    let refusal = RwSignal::new(None::<Refusal>);
    let rows: Vec<Row> =
        form.fields.iter().cloned().zip(&values).zip(0..).map(|((field, value), at)| Row::new(field, *value, at)).collect();
    let first = rows.first().cloned();
    menu.enter("dialog", form.title.clone(), move || first.as_ref()?.element());
    let (title, means) = (form.title.clone(), form.means);
    let form = StoredValue::new(form);
    let said = StoredValue::new(values);
    let filled = move || form.with_value(|form| said.with_value(|values| filled(form, values)));
    let words = move || {
        let restarts = form.with_value(|form| form.restarts(&filled()));
        if restarts { words::RESTART } else { words::APPLY }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let done = form.with_value(|form| {
            let values = untrack(filled);
            let wrong = form.wrong(&values);
            let done = if wrong.is_empty() { stage.with_value(|s| s.line(&form.line(&values))) } else { Err(wrong) };
            done.map_err(|words| (form.about(&words), words))
        });
        match done {
            Ok(()) => menu.close(),
            // What was filled in stays.
            Err((field, words)) => refusal.update(|refusal| {
                let attempt = refusal.as_ref().map_or(0, |refusal| refusal.attempt) + 1;
                *refusal = Some(Refusal { attempt, field, words });
            }),
        }
    };
    let many = rows.len() > MANY;
    let (folded, plain): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| many && row.field.folded && row.field.value.is_empty());
    let first_restarting = plain.iter().find(|row| row.field.restarts).map(|row| row.at);
    let rows = plain.into_iter().map(|row| {
        let heading = (Some(row.at) == first_restarting).then(|| view! { <h3>{words::NEW_PROCESS}</h3> });
        view! {
            {heading}
            <FieldRow row refusal />
        }
    });
    let rows = rows.collect_view();
    let folded = (!folded.is_empty()).then(|| view! { <Folded rows=folded refusal /> });
    view! {
        <form novalidate on:submit=submit>
            <b>{title}</b>
            <p class="tp-quiet">{means}</p>
            <div class="tp-fields">{rows} {folded}</div>
            <div class="tp-row">
                <button type="submit" class="tp-text">
                    {words}
                </button>
            </div>
            <Refused refusal field=None />
        </form>
    }
}

/// Fields that nobody has set, as they are by default; unfolded where one of them is refused.
#[component]
fn Folded(rows: Vec<Row>, refusal: RwSignal<Option<Refusal>>) -> impl IntoView {
    let own: Vec<usize> = rows.iter().map(|row| row.at).collect();
    let refused =
        move || refusal.with(|refusal| refusal.as_ref().and_then(|refusal| refusal.field).is_some_and(|field| own.contains(&field)));
    // Once it was unfolded for that it stays so.
    let open = Memo::new(move |before: Option<&bool>| before.copied().unwrap_or(false) || refused());
    let (count, restarts) = (rows.len(), rows.iter().all(|row| row.field.restarts));
    view! {
        <details open=move || open.get()>
            <summary class="tp-text">{words::more_fields(count, restarts)}</summary>
            {rows.into_iter().map(|row| view! { <FieldRow row refusal /> }).collect_view()}
        </details>
    }
}

/// The value that a field has at first: a list of choices shows what holds when nothing is chosen.
fn shown(field: &Field) -> &str {
    if !field.choices.is_empty() && field.value.is_empty() { &field.default } else { &field.value }
}

/// What the fields say. Follows the values.
fn filled(form: &Form, values: &[RwSignal<String>]) -> Vec<String> {
    let said = form.fields.iter().zip(values).map(|(field, value)| {
        let value = value.with(|value| value.trim().to_owned());
        // A default that nobody has chosen is not said.
        if field.value.is_empty() && !field.choices.is_empty() && value == field.default { String::new() } else { value }
    });
    said.collect()
}

/// A field with its value and its element.
#[derive(Clone)]
struct Row {
    field: Field,
    value: RwSignal<String>,
    /// Which of the form's fields it is.
    at: usize,
    input: NodeRef<html::Input>,
    select: NodeRef<html::Select>,
}

impl Row {
    fn new(field: Field, value: RwSignal<String>, at: usize) -> Self {
        Self { field, value, at, input: NodeRef::new(), select: NodeRef::new() }
    }

    fn element(&self) -> Option<HtmlElement> {
        element(self.input.get_untracked()).or_else(|| element(self.select.get_untracked()))
    }
}

#[component]
fn FieldRow(row: Row, refusal: RwSignal<Option<Refusal>>) -> impl IntoView {
    let at = row.at;
    let focused = row.clone();
    Effect::new(move |_| {
        let mine = refusal.with(|refusal| refusal.as_ref().is_some_and(|refusal| refusal.field == Some(at)));
        if let Some(element) = focused.element().filter(|_| mine) {
            let _ = element.focus();
        }
    });
    let invalid = move || refusal.with(|refusal| refusal.as_ref().map(|refusal| (refusal.field == Some(at)).to_string()));
    let Row { field: Field { key, value: initial, default, means, choices, .. }, value, input, select, .. } = row;
    // A long name breaks after a dot.
    let name = key.split_inclusive('.').map(|part| view! { {part.to_owned()} <wbr /> }).collect_view();
    let control = if choices.is_empty() {
        view! {
            <input
                spellcheck="false"
                autocomplete="off"
                placeholder=default
                prop:value=initial
                aria-invalid=invalid
                node_ref=input
                on:input:target=move |event| value.set(event.target().value())
            />
        }
        .into_any()
    } else {
        let chosen = value.get_untracked();
        let options = choices.iter().map(|word| view! { <option selected=*word == chosen>{*word}</option> }).collect_view();
        view! {
            <select
                aria-invalid=invalid
                node_ref=select
                on:input:target=move |event| value.set(event.target().value())
            >
                {options}
            </select>
        }
        .into_any()
    };
    view! {
        <label>
            <span class="tp-mono">{name}</span>
            {control}
            <span class="tp-quiet">{means}</span>
            <Refused refusal field=Some(at) />
        </label>
    }
}

/// The refusal, if it is about this field; without a field, if it is about none.
#[component]
fn Refused(refusal: RwSignal<Option<Refusal>>, field: Option<usize>) -> impl IntoView {
    let each = move || refusal.get().filter(|refusal| refusal.field == field);
    view! {
        <For each key=|refusal| refusal.attempt let(refusal)>
            <p class="tp-wrong" role="alert">
                {refusal.words}
            </p>
        </For>
    }
}
