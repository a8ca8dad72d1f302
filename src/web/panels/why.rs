//! "Why?": a button where something is wrong or missing, and the panel that answers with sentences and a picture.

use super::due;
use crate::playground::spacetime::{diagram, draw, escape, words};
use crate::playground::time::replay_events;
use crate::playground::why as questions;
use crate::playground::why::{Happened, Question, seconds, suggested_questions, told_as, why};
use crate::web::context::{PageStateStoreFields as _, StageHandle, Ui};
use crate::web::dom;
use crate::web::run::Run;
use crate::world::EPOCH;
use crate::world::event::EventId;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// The word on the panel's tab.
pub const NAME: &str = "Why?";

/// `words`: the question's, as the button's label; empty while there is none.
fn button(after: &Element, ui: Ui, words: Box<dyn Fn() -> String>, ask: Box<dyn Fn() -> Option<Question>>) {
    let button = dom::element("<button type=button class='tp-text tp-ask'>Why?</button>");
    let _ = after.after_with_node_1(&button);
    let shown = button.clone();
    dom::when(words, move |words| {
        shown.set_hidden(words.is_empty());
        dom::set(&shown, "aria-label", words);
        dom::set(&shown, "title", words);
    });
    let from = button.clone();
    dom::on(&button, "", "click", move |_| {
        if let Some(question) = untrack(&ask) {
            ask_from(ui, &from, question);
        }
    });
}

/// Opens the panel with a question; Escape leads back to where it was asked.
pub fn ask_from(ui: Ui, from: &Element, question: Question) {
    if let Ok(Some(root)) = from.closest(".tp") {
        if let Ok(Some(before)) = root.query_selector("[data-asked]") {
            let _ = before.remove_attribute("data-asked");
        }
        dom::set(from, "data-asked", "");
    }
    ui.asked().set(Some(question));
    ui.panel().set(Some(NAME));
}

/// Behind the latest sentence, while the event that it tells is kept.
pub fn of_said(caption: &Element, ui: Ui, act: StageHandle) {
    let found = StoredValue::new(None::<EventId>);
    let words = move || {
        let said = ui.said().get();
        let id = if said.is_empty() { None } else { act.with_value(|s| told_as(s.run.borrow().world(), &said)) };
        found.set_value(id);
        id.map_or("", |_| "Why did this happen?").to_owned()
    };
    let ask = move || found.get_value().map(|event| Happened { event }.into());
    button(&dom::at(caption, ".tp-said"), ui, Box::new(words), Box::new(ask));
}

/// Behind the ledger's line, when something was lost or given twice.
pub fn of_ledger(caption: &Element, ui: Ui, act: StageHandle) {
    let words = move || {
        ui.ledger()
            .with(|line| match line.as_str() {
                "" => "",
                line if !line.contains(" 0 lost") => "Why is a record gone?",
                line if line.contains("delivered again") => "Why was a record given twice?",
                _ => "",
            })
            .to_owned()
    };
    let ask = move || act.with_value(|s| suspects(&s.run.borrow()).into_iter().next());
    button(&dom::at(caption, ".tp-ledger > :last-child"), ui, Box::new(words), Box::new(ask));
}

/// What there is to ask about the ledger.
fn suspects(run: &Run) -> Vec<Question> {
    questions::of_ledger(&run.judge().verdict(run.world(), false).ledger)
}

/// Fills the panel.
pub fn fill(panel: &Element, ui: Ui, act: StageHandle) {
    let node = dom::element(
        "<div class=tp-why><div class=tp-offers role=group aria-label='Questions of this moment'></div>\
        <div class=tp-answer><b role=heading aria-level=3 tabindex=-1></b> <span class='tp-quiet tp-number'></span><ol></ol></div>\
        <figure><div class=tp-space></div><figcaption class=tp-quiet></figcaption></figure></div>",
    );
    let _ = panel.append_child(&node);
    offered(&dom::at(&node, ".tp-offers"), ui, act);
    let shown = node.clone();
    dom::effect(Box::new(move || {
        let question = ui.asked().get();
        act.with_value(|s| {
            let mut run = s.run.borrow_mut();
            replay_events(&mut run.time);
            answer(&shown, &run, question.as_ref());
        });
    }));
    // One listener for all links, in the list and in the picture.
    let go = move |target: Option<web_sys::EventTarget>| {
        let at =
            target.and_then(|t| t.dyn_into::<Element>().ok()).filter(|t| t.closest("[role=button],li button").ok().flatten().is_some());
        let us = at.and_then(|at| at.closest("[data-us]").ok().flatten()?.get_attribute("data-us")?.parse().ok());
        if let Some(us) = us {
            act.with_value(|s| s.scrub(us));
        }
        us.is_some()
    };
    dom::on(&node, "", "click", move |e| _ = go(e.target()));
    dom::on(&node, "", "keydown", move |e| {
        let Some(key) = e.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key) else { return };
        let at = e.target().and_then(|t| t.dyn_into::<Element>().ok());
        match (key.as_str(), at) {
            ("Enter" | " ", Some(at)) if at.has_attribute("tabindex") && go(e.target()) => e.prevent_default(),
            ("Escape", Some(at)) => {
                let back = at.closest(".tp").ok().flatten().and_then(|tp| tp.query_selector("[data-asked]").ok().flatten());
                if let Some(back) = back.and_then(|b| b.dyn_into::<HtmlElement>().ok()).filter(|b| b.offset_parent().is_some()) {
                    e.stop_propagation();
                    ui.panel().set(None);
                    let _ = back.focus();
                }
            }
            _ => {}
        }
    });
    for event in ["pointerover", "focusin"] {
        let all = node.clone();
        dom::on(&node, "", event, move |e| {
            let at = e.target().and_then(|t| t.dyn_into::<Element>().ok()).and_then(|t| t.closest("[data-n]").ok().flatten());
            let lit = at.and_then(|at| at.get_attribute("data-n")).unwrap_or_default();
            for list in ["ol", ".tp-figure"].map(|list| dom::at(&all, list).children()) {
                for item in (0..).map_while(|n| list.item(n)) {
                    let of = item.get_attribute("data-n").unwrap_or_default();
                    let on = of.split(' ').any(|n| !n.is_empty() && lit.split(' ').any(|l| l == n));
                    let _ = item.toggle_attribute_with_force("data-lit", on);
                }
            }
        });
    }
}

/// Keeps the questions: about what is looked at, then what the moment raises.
fn offered(list: &Element, ui: Ui, act: StageHandle) {
    let (list, last, before) = (list.clone(), Cell::new(0.0), RefCell::new(None));
    dom::effect(Box::new(move || {
        let (chosen, asked) = (ui.chosen().get(), ui.asked().get());
        if !due(ui, &list, &last, &before, (chosen.clone(), asked.clone())) {
            return;
        }
        let doubts = ui.ledger().with(|line| !line.contains(" 0 lost") || line.contains("delivered again"));
        let also = if doubts { act.with_value(|s| suspects(&s.run.borrow())) } else { Vec::new() };
        let (all, more) = ui.snap().with(|s| suggested_questions(&s.view, chosen.as_ref(), also));
        list.set_text_content(None);
        for question in all {
            let button = dom::element("<button type=button class=tp-text></button>");
            button.set_text_content(Some(&question.to_string()));
            dom::set(&button, "aria-pressed", &(asked.as_ref() == Some(&question)).to_string());
            let _ = list.append_child(&button);
            dom::on(&button, "", "click", move |_| ui.asked().set(Some(question.clone())));
        }
        let said = match (list.child_element_count(), more) {
            (0, _) => "Nothing looks wrong now. Choose a record, a partition, a client or a group to ask about it.".to_owned(),
            (_, 0) => return,
            _ => format!("and {more} more"),
        };
        let hint = dom::element("<span class=tp-quiet></span>");
        hint.set_text_content(Some(&said));
        let _ = list.append_child(&hint);
    }));
}

fn answer(node: &Element, run: &Run, question: Option<&Question>) {
    let _ = node.toggle_attribute_with_force("data-empty", question.is_none());
    let Some(question) = question else { return };
    let (view, world) = (run.view(), run.world());
    let links = why(world, run.judge(), question).links;
    let heading = dom::at(node, ".tp-answer b");
    heading.set_text_content(Some(&question.to_string()));
    dom::at(node, ".tp-answer span").set_text_content(Some(&format!("answered at {}", seconds(view.now.micros_since(EPOCH)))));
    let mut list = String::new();
    for (link, n) in links.iter().zip(1..) {
        let us = link.at.micros_since(EPOCH);
        let when = if link.event.is_none() && link.at == view.now { "now".to_owned() } else { seconds(us) };
        let event = link.event.map_or(String::new(), |id| id.0.to_string());
        list += &format!(
            "<li data-n={n} data-us={us} data-event='{event}'><i>{n}</i><span>{}</span>\
            <button type=button class='tp-text tp-number' title='Go to this moment'>{when}</button></li>",
            escape(&link.text)
        );
    }
    dom::at(node, "ol").set_inner_html(&list);
    let picture = diagram(world, &view, &links);
    let figure = dom::at(node, "figure");
    let _ = figure.toggle_attribute_with_force("hidden", picture.lanes.is_empty());
    let width = dom::at(node, "figure").client_width();
    dom::at(node, ".tp-space").set_inner_html(&draw(&picture, view.now, width.into()));
    dom::at(node, "figcaption").set_text_content(Some(&words(&picture)));
    // Who opened the panel by its tab stays there.
    if let Ok(Some(tp)) = node.closest(".tp")
        && let Ok(None) = tp.query_selector("[role=tab]:focus")
        && let Ok(heading) = heading.dyn_into::<HtmlElement>()
    {
        let _ = heading.focus();
    }
}
