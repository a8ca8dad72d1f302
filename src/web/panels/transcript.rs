//! What the narrator has said, with its times: three levels, a filter, a way to each moment, and all of it to take along.

use crate::playground::narrate::Sentence;
use crate::web::clock;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::words::panels as words;
use crate::world::EPOCH;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// Sentences in the list at once; a copy has all.
const LISTED: usize = 300;
/// Updates of the page between two of the list, while the run plays.
const EVERY: u32 = 4;
const LEVELS: [(u8, &str); 3] = [(1, words::MAIN_EVENTS), (2, words::HOW_IT_CAME), (3, words::EVERYTHING)];

#[wasm_bindgen]
extern "C" {
    // web-sys's binding cannot be called where the clipboard is closed, as in a page without HTTPS: there it has no such object.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "clipboard"], js_name = writeText)]
    async fn write_text(text: &str) -> Result<JsValue, JsValue>;
}

fn micros(sentence: &Sentence) -> i64 {
    sentence.at.micros_since(EPOCH)
}

/// The sentences nearest to a moment.
#[derive(Clone, PartialEq, Debug)]
struct Listed {
    level: u8,
    /// What all sentences have in them, in lower case.
    filter: String,
    /// The branch that they are of: on another the same event's number is another event's.
    branch: u32,
    sentences: Vec<Sentence>,
    /// The index of the sentence that was said last.
    current: Option<usize>,
    /// What is left out, or why there is nothing.
    note: String,
}

#[component]
pub fn Transcript() -> impl IntoView {
    let ui = use_playground().ui;
    let filter = RwSignal::new(String::new());
    let listed = listed(filter);
    let level = |(level, name): (u8, &'static str)| {
        view! {
            <button
                type="button"
                class="tp-text"
                aria-pressed=move || (ui.level().get() == level).to_string()
                on:click=move |_| ui.level().set(level)
            >
                {name}
            </button>
        }
    };
    let copy = RwSignal::new(Copied::No);
    view! {
        <div class="tp-told">
            <div class="tp-row">
                <span class="tp-levels" role="group" aria-label=words::HOW_MUCH>
                    {LEVELS.map(level).collect_view()}
                </span>
                <input
                    type="search"
                    placeholder=words::FILTER_EXAMPLE
                    aria-label=words::FILTER
                    on:input:target=move |event| filter.set(event.target().value().to_lowercase())
                />
                <CopyButton copy />
            </div>
            <p class="tp-quiet">{move || listed.with(|listed| listed.note.clone())}</p>
            {move || copy.with(|copy| if let Copied::ByHand(text) = copy { Some(view! { <ByHand text=text.clone() /> }) } else { None })}
            <Sentences listed />
        </div>
    }
}

/// Looks at what has been told: at once when something else is asked for, or while the run stands still; else every fourth time.
fn listed(filter: RwSignal<String>) -> Memo<Listed> {
    let Playground { ui, stage, .. } = use_playground();
    let turn = StoredValue::new(0_u32);
    Memo::new(move |before: Option<&Listed>| {
        let (level, filter, now) = (ui.level().get(), filter.get(), ui.snap().with(|s| s.elapsed));
        turn.update_value(|turn| *turn += 1);
        if let Some(before) = before
            && before.level == level
            && before.filter == filter
            && ui.playing().get_untracked()
            && !turn.get_value().is_multiple_of(EVERY)
        {
            return before.clone();
        }
        stage.with_value(|s| {
            let time = &s.run.borrow().time;
            list(
                time.narration(level, 0),
                &time.narration_gaps(level),
                Listed { level, filter, branch: time.branch().id, sentences: Vec::new(), current: None, note: String::new() },
                now,
            )
        })
    })
}

/// `listed` with those of `all` that fit, around the moment `now` in microseconds since the run began. `gaps`: what is no longer kept.
fn list(mut all: Vec<Sentence>, gaps: &str, mut listed: Listed, now: i64) -> Listed {
    all.retain(|sentence| listed.filter.is_empty() || sentence.text.to_lowercase().contains(&listed.filter));
    let past = all.iter().filter(|sentence| micros(sentence) <= now).count();
    // Some of what is to come is in the list too, where it is known.
    let last = all.len().min(past.max(LISTED / 2) + LISTED / 2);
    let first = last.saturating_sub(LISTED);
    listed.sentences = all.get(first..last).unwrap_or_default().to_vec();
    listed.current = past.checked_sub(first + 1);
    listed.note = match (all.len(), listed.sentences.len()) {
        (0, _) if listed.filter.is_empty() => words::NOTHING_TOLD.to_owned(),
        (0, _) => words::NO_SENTENCE.to_owned(),
        (all, shown) if shown < all => words::listed(shown, all, gaps),
        _ => gaps.to_owned(),
    };
    listed
}

#[component]
fn Sentences(listed: Memo<Listed>) -> impl IntoView {
    let stage = use_playground().stage;
    let list = NodeRef::<html::Ol>::new();
    let current = Memo::new(move |_| listed.with(|listed| Some(listed.sentences.get(listed.current?)?.event)));
    // The sentence that was said last comes into sight when it is another, or another list.
    let place = Memo::new(move |_| {
        let current = current.get();
        listed.with(|listed| (current, listed.level, listed.filter.clone(), listed.branch))
    });
    Effect::new(move |_| {
        // Read, not only tracked: a memo that nobody reads is never computed, and so hears of no change.
        place.with(|_| ());
        // Once the rows are there, and before the list is painted.
        request_animation_frame(move || {
            let at = listed.try_with_untracked(|listed| listed.current).flatten();
            let Some((list, at)) = list.try_get_untracked().flatten().zip(at.and_then(|at| u32::try_from(at).ok())) else { return };
            if let Some(row) = list.children().item(at).and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
                // Only the list scrolls: `scrollIntoView` would move the page around it as well.
                list.set_scroll_top(row.offset_top() + row.offset_height() - list.client_height());
            }
        });
    });
    let row = move |(_, sentence): (u32, Sentence)| {
        let (at, event) = (micros(&sentence), sentence.event);
        view! {
            <li data-level=sentence.level aria-current=move || (current.get() == Some(event)).then_some("true")>
                <button
                    type="button"
                    class="tp-text tp-number"
                    title=words::GO_THERE
                    data-us=at
                    on:click=move |_| stage.with_value(|s| s.scrub(at))
                >
                    {clock::time_words(at)}
                </button>
                " "
                <span>{sentence.text}</span>
            </li>
        }
    };
    let rows = move || listed.with(|listed| listed.sentences.iter().map(|sentence| (listed.branch, sentence.clone())).collect::<Vec<_>>());
    view! {
        <ol node_ref=list>
            <For each=rows key=|(branch, sentence)| (*branch, sentence.event) children=row />
        </ol>
    }
}

/// What became of copying.
#[derive(Clone, PartialEq, Debug)]
enum Copied {
    No,
    Yes,
    /// The clipboard is closed: the text is there, selected.
    ByHand(String),
}

/// Hands over the whole transcript of the level.
#[component]
fn CopyButton(copy: RwSignal<Copied>) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let pressed = move |_| {
        let level = ui.level().get_untracked();
        let (all, gaps) = stage.with_value(|s| {
            let time = &s.run.borrow().time;
            (time.narration(level, 0), time.narration_gaps(level))
        });
        let mut text = if gaps.is_empty() { String::new() } else { format!("({gaps})\n") };
        for sentence in all {
            text += &format!("{}  {}\n", clock::time_words(micros(&sentence)), sentence.text);
        }
        leptos::task::spawn_local(async move {
            let copied = if write_text(&text).await.is_ok() { Copied::Yes } else { Copied::ByHand(text) };
            // The panel may have been closed meanwhile.
            let _ = copy.try_set(copied);
        });
    };
    let words = move || {
        copy.with(|copy| match copy {
            Copied::No => words::COPY,
            Copied::Yes => words::COPIED,
            Copied::ByHand(_) => words::PRESS_COPY,
        })
    };
    view! { <button type="button" class="tp-text tp-end" on:click=pressed>{words}</button> }
}

#[component]
fn ByHand(text: String) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    area.on_load(|area| {
        let _ = area.focus();
        area.select();
    });
    view! { <textarea readonly aria-label=words::TO_COPY prop:value=text node_ref=area></textarea> }
}
