//! The scenario's text beside the picture. What is typed is applied at once, as long as it reads; else the place of the mistake is shown
//! and the last good run stays on the stage. What was typed is kept until something else is typed.

use crate::playground::scenario::Scenario;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::files;
use crate::web::words::{panels as words, sheets};
use leptos::html;
use leptos::prelude::*;
use std::time::Duration;

/// The reference, beside the page that is its own.
const LANGUAGE: &str = "scenarios/language.html";
/// A pause in typing after which what stands there is applied.
const PAUSE: Duration = Duration::from_millis(400);
/// A line's height in CSS pixels.
const LINE_PX: u32 = 18;
/// Under this name the browser keeps what was typed last.
const KEPT: &str = "tidepool-scenario";

/// What is wrong with the text, and in which of its lines (from 1), where that is known.
#[derive(Clone, PartialEq, Debug)]
struct Problem {
    line: Option<u32>,
    words: String,
}

/// What was typed on a page of its own, in this visit or an earlier one. Storage may be refused: then nothing is kept.
fn kept(page: bool) -> Option<String> {
    let storage = page.then(|| window().local_storage().ok().flatten()).flatten();
    storage.and_then(|storage| storage.get_item(KEPT).ok().flatten())
}

fn keep(page: bool, text: &str) {
    if let Some(storage) = page.then(|| window().local_storage().ok().flatten()).flatten() {
        let _ = storage.set_item(KEPT, text);
    }
}

/// The first line of the text that says what this action's line says at its beginning.
fn line_of(text: &str, action: &str) -> Option<u32> {
    let action = action.strip_prefix("add ").unwrap_or(action);
    let mut words = action.split(' ').take(2);
    let (verb, name) = (words.next()?, words.next().unwrap_or_default());
    let says = |line: &str| {
        let mut words = line.split_whitespace().skip_while(|word| *word != verb);
        words.next().is_some() && (name.is_empty() || words.next() == Some(name))
    };
    text.lines().zip(1..).find(|(line, _)| !line.trim_start().starts_with('#') && says(line)).map(|(_, n)| n)
}

#[component]
pub fn Editor() -> impl IntoView {
    let playground = use_playground();
    let Playground { ui, stage, page, .. } = playground;
    let text = Memo::new(move |_| ui.draft().get().unwrap_or_else(|| ui.text().get()));
    let problem = RwSignal::new(None::<Problem>);
    let typed = StoredValue::new(0_u32);
    let own = RwSignal::new(kept(page));
    let apply = move || {
        let Some(draft) = ui.draft().get_untracked() else { return problem.set(None) };
        if let Err(error) = Scenario::parse(&draft) {
            return problem.set(Some(Problem { line: Some(error.line), words: words::wrong_line(error.line, &error.message) }));
        }
        let done = stage.with_value(|s| s.edit(draft));
        problem.set(done.err().map(|words| Problem { line: None, words }));
    };
    // What is brought here otherwise than by typing is applied, or says what is wrong with it.
    let is_typing = StoredValue::new(false);
    Effect::new(move |_| {
        if ui.draft().with(Option::is_some) && !is_typing.get_value() {
            apply();
        }
        is_typing.set_value(false);
    });
    let on_input = move |words: String| {
        is_typing.set_value(true);
        let now = typed.get_value() + 1;
        typed.set_value(now);
        keep(page, &words);
        own.set(Some(words.clone()));
        ui.draft().set(Some(words));
        set_timeout(
            move || {
                if typed.try_get_value() == Some(now) {
                    apply();
                }
            },
            PAUSE,
        );
    };
    // What the file asks for and the cluster refuses: while the text is what runs.
    let refused = Memo::new(move |_| {
        ui.snap().track();
        let failure = stage.with_value(|s| {
            s.run.borrow().time.play().failures().first().map(|failure| (failure.action.line(), failure.error.to_string()))
        });
        let (line, why) = failure.filter(|_| ui.draft().with(Option::is_none))?;
        let words = format!("{line}: {why}");
        Some(Problem { line: line_of(&text.get(), &line), words })
    });
    let shown = Memo::new(move |_| problem.get().or_else(|| refused.get()));
    let back = move |_| {
        if let Some(words) = own.get_untracked() {
            ui.draft().set(Some(words));
        }
    };
    let has_other = move || own.with(|own| own.as_ref().is_some_and(|own| text.with(|text| text != own)));
    let save = move |_| {
        if files::save(&ui.title().get_untracked(), &text.get_untracked()).is_err() {
            stage.with_value(|s| s.say(words::MAY_NOT_SAVE.into()));
        }
    };
    view! {
        <div class="tp-editor">
            <div class="tp-row">
                <button type="button" class="tp-text" on:click=move |_| ui.sheet().set(Some(sheets::NEW))>{words::NEW}</button>
                <OpenButton />
                <button type="button" class="tp-text" on:click=save>{words::SAVE}</button>
                {page.then(|| view! { <a class="tp-text" href=LANGUAGE target="_blank">{words::ALL_LINES}</a> })}
                <button type="button" class="tp-text" hidden=move || !has_other() on:click=back>{words::BACK_TO_OWN}</button>
                <span class="tp-quiet tp-end">
                    {move || if ui.draft().with(Option::is_some) { words::NOT_APPLIED } else { words::WHAT_RUNS }}
                </span>
            </div>
            <Text text problem=shown typed=on_input />
            <p class="tp-wrong" role="alert">{move || shown.get().map(|problem| problem.words)}</p>
        </div>
    }
}

/// Opens a file of the reader's.
#[component]
pub fn OpenButton() -> impl IntoView {
    let playground = use_playground();
    let chosen = move |event: leptos::ev::Targeted<web_sys::Event, web_sys::HtmlInputElement>| {
        let input = event.target();
        files::take(playground, input.files());
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <label class="tp-text tp-file">
            {words::OPEN_FILE}
            <input type="file" accept=".tide,text/plain" on:change:target=chosen />
        </label>
    }
}

/// The text with its lines' numbers; the line with the mistake is marked.
#[component]
fn Text(text: Memo<String>, problem: Memo<Option<Problem>>, typed: impl Fn(String) + Copy + 'static) -> impl IntoView {
    let scrolled = RwSignal::new(0);
    let area = NodeRef::<html::Textarea>::new();
    let numbers = move || {
        let count = text.with(|text| text.split('\n').count());
        (1..=count).map(|n| format!("{n}\n")).collect::<String>()
    };
    let line = Memo::new(move |_| problem.with(|problem| problem.as_ref().and_then(|problem| problem.line)));
    let top = move || line.get().map(|line| format!("{}px", i64::from((line - 1) * LINE_PX) - i64::from(scrolled.get())));
    view! {
        <div class="tp-lines-of-text">
            <pre aria-hidden="true" style:top=move || format!("{}px", -scrolled.get())>{numbers}</pre>
            <i class="tp-wrong-line" aria-hidden="true" hidden=move || line.get().is_none() style:top=top></i>
            <textarea
                wrap="off"
                spellcheck="false"
                autocomplete="off"
                aria-label=words::TEXT
                aria-invalid=move || problem.with(Option::is_some).to_string()
                node_ref=area
                prop:value=move || text.get()
                on:input:target=move |event| typed(event.target().value())
                on:scroll=move |_| {
                    if let Some(area) = area.get_untracked() {
                        scrolled.set(area.scroll_top());
                    }
                }
            ></textarea>
        </div>
    }
}
