//! What the narrator has said, with its times: three levels, a filter, a way to each moment, and all of it to take along.

use crate::playground::narrate::Sentence;
use crate::web::context::{PageStateStoreFields as _, StageHandle, Ui};
use crate::web::{clock, dom};
use crate::world::EPOCH;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, HtmlInputElement};

const MARKUP: &str = "<div class=tp-told><div class=tp-row><span class=tp-levels role=group aria-label='How much is told'>\
    <button type=button class=tp-text>Main events</button><button type=button class=tp-text>How it came about</button>\
    <button type=button class=tp-text>Everything</button></span><input type=search placeholder=filter aria-label='Filter the transcript'>\
    <button type=button class='tp-text tp-end'>Copy</button></div><p class=tp-quiet></p><ol></ol></div>";

/// Sentences in the list at once; a copy has all.
const LISTED: usize = 300;
/// Updates of the page between two of the list, while the run plays.
const EVERY: u32 = 4;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["navigator", "clipboard"], js_name = writeText)]
    async fn write_text(text: &str) -> Result<JsValue, JsValue>;
}

fn line(s: &Sentence) -> String {
    format!("{}  {}", clock::time_words(s.at.micros_since(EPOCH)), s.text)
}

pub fn fill(panel: &Element, ui: Ui, act: StageHandle) {
    let node = dom::element(MARKUP);
    let _ = panel.append_child(&node);
    let (list, note) = (dom::at(&node, "ol"), dom::at(&node, "p"));
    let levels = dom::at(&node, ".tp-levels");
    for (level, nth) in [(1_u8, "button"), (2, "button + button"), (3, "button + button + button")] {
        dom::attribute(&levels, nth, "aria-pressed", move || (ui.level().get() == level).to_string());
        dom::on(&levels, nth, "click", move |_| ui.level().set(level));
    }
    let filter = RwSignal::new(String::new());
    let input: HtmlInputElement = dom::at(&node, "input").unchecked_into();
    let field = input.clone();
    dom::on(&input, "", "input", move |_| filter.set(field.value().to_lowercase()));
    // One listener for all sentences: each says when it was.
    dom::on(&list, "", "click", move |event| {
        let us = event.target().and_then(|t| t.dyn_into::<Element>().ok()).and_then(|t| t.get_attribute("data-us"));
        if let Some(us) = us.and_then(|us| us.parse::<i64>().ok()) {
            act.with_value(|s| s.scrub(us));
        }
    });
    copy(&node, ui, act);
    let (turn, drawn) = (Cell::new(0_u32), RefCell::new((0, 0, 0, String::new(), 0)));
    let before: Rc<RefCell<Vec<u64>>> = Rc::default();
    dom::effect(Box::new(move || {
        let (level, wanted, now) = (ui.level().get(), filter.get(), ui.snap().with(|s| s.elapsed));
        turn.set(turn.get() + 1);
        let key = |n: u64| (level, n, now, wanted.clone(), 0);
        if ui.playing().get_untracked() && turn.get() % EVERY != 0 && drawn.borrow().0 == level && drawn.borrow().3 == wanted {
            return;
        }
        let (mut all, words) = act.with_value(|s| {
            let time = &s.run.borrow().time;
            (time.narration(level, 0), time.narration_gaps(level))
        });
        all.retain(|s| wanted.is_empty() || s.text.to_lowercase().contains(&wanted));
        let past = all.iter().filter(|s| s.at.micros_since(EPOCH) <= now).count();
        // Some of what is to come is in the list too, where it is known.
        let last = all.len().min(past.max(LISTED / 2) + LISTED / 2);
        let shown = all.get(last.saturating_sub(LISTED)..last).unwrap_or_default();
        let mut words = words;
        if shown.len() < all.len() {
            words = format!("{} of {} sentences are listed, the nearest to now; Copy takes all. {words}", shown.len(), all.len());
        }
        if all.is_empty() {
            words = if wanted.is_empty() { "Nothing has been told yet." } else { "No sentence has these words." }.to_owned();
        }
        note.set_text_content(Some(&words));
        let ids: Vec<u64> = shown.iter().map(|s| s.event.0).collect();
        fit(&list, shown, &before.borrow(), &ids);
        let current = past.saturating_sub(1 + all.len().min(last).saturating_sub(LISTED));
        mark(&list, if past == 0 { None } else { Some(current) });
        *before.borrow_mut() = ids;
        *drawn.borrow_mut() = key(last as u64);
    }));
}

/// Makes the list show these: at its ends when the rest is there already, so that a focus stays where it is.
fn fit(list: &Element, shown: &[Sentence], before: &[u64], ids: &[u64]) {
    let skip = ids.first().and_then(|first| before.iter().position(|id| id == first)).unwrap_or(before.len());
    let rest = before.get(skip..).unwrap_or_default();
    let keep = if ids.starts_with(rest) { rest.len() } else { 0 };
    let gone = if keep == 0 { before.len() } else { skip };
    for _ in 0..gone {
        if let Some(first) = list.first_element_child() {
            first.remove();
        }
    }
    for s in shown.iter().skip(keep) {
        let row = dom::element("<li><button type=button class='tp-text tp-number' title='Go to this moment'></button> <span></span></li>");
        dom::set(&row, "data-level", &s.level.to_string());
        let (us, button) = (s.at.micros_since(EPOCH), dom::at(&row, "button"));
        dom::set(&button, "data-us", &us.to_string());
        button.set_text_content(Some(&clock::time_words(us)));
        dom::at(&row, "span").set_text_content(Some(&s.text));
        let _ = list.append_child(&row);
    }
}

/// Shows which sentence was said last, and brings it into sight when that is another one.
fn mark(list: &Element, current: Option<usize>) {
    let now = current.and_then(|at| list.children().item(u32::try_from(at).ok()?));
    let was = list.query_selector("[aria-current]").ok().flatten();
    if was == now {
        return;
    }
    if let Some(was) = was {
        let _ = was.remove_attribute("aria-current");
    }
    let Some(now) = now.and_then(|now| now.dyn_into::<HtmlElement>().ok()) else { return };
    dom::set(&now, "aria-current", "true");
    // Only the list scrolls: `scrollIntoView` would move the page around it as well.
    list.set_scroll_top(now.offset_top() + now.offset_height() - list.client_height());
}

/// Hands over the whole transcript of the level; where the clipboard is closed the text is there, selected.
fn copy(node: &Element, ui: Ui, act: StageHandle) {
    let (button, root) = (dom::at(node, ".tp-end"), node.clone());
    let shown = button.clone();
    dom::on(&button, "", "click", move |_| {
        let all = act.with_value(|s| s.run.borrow().time.narration(ui.level().get_untracked(), 0));
        let mut text: String = all.iter().map(|s| line(s) + "\n").collect();
        let words = act.with_value(|s| s.run.borrow().time.narration_gaps(ui.level().get_untracked()));
        if !words.is_empty() {
            text = format!("({words})\n{text}");
        }
        let (shown, root) = (shown.clone(), root.clone());
        wasm_bindgen_futures::spawn_local(async move {
            if write_text(&text).await.is_ok() {
                return shown.set_text_content(Some("Copied"));
            }
            shown.set_text_content(Some("Press Ctrl+C"));
            let area = dom::element("<textarea readonly aria-label='The transcript, to copy'></textarea>");
            area.set_text_content(Some(&text));
            if let Ok(Some(old)) = root.query_selector("textarea") {
                old.remove();
            }
            let _ = dom::at(&root, "p").after_with_node_1(&area);
            let _ = area.focus();
            if let Ok(select) = js_sys::Reflect::get(&area, &"select".into())
                && let Some(select) = select.dyn_ref::<js_sys::Function>()
            {
                let _ = select.call0(&area);
            }
        });
    });
}
