//! The run's branches: one chip for each, and a table that holds two of them side by side.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::stage::Stage;
use super::{clock, dom};
use crate::playground::time::{Comparison, Counts, Timeline};
use crate::world::EPOCH;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

/// High watermarks that the table shows one by one.
const MARKS: usize = 8;

/// The branches; `all` ends with the one that is shown.
pub fn chips(node: &Element, all: &[(u32, String)], ui: Ui, act: StageHandle, controls: bool) {
    node.set_text_content(None);
    let Some(((shown, _), rest)) = all.split_last() else { return };
    for (id, name) in rest {
        let (id, shown) = (*id, *shown);
        let chip = dom::element(
            "<span class=tp-chip><button type=button class=tp-text></button><button type=button class='tp-text tp-more'>compare</button>\
            <button type=button class='tp-text tp-drop'>×</button></span>",
        );
        let _ = node.append_child(&chip);
        if id == shown {
            let input: HtmlInputElement =
                dom::element("<input class=tp-text maxlength=40 aria-label='Name of this branch'>").unchecked_into();
            input.set_value(name);
            HtmlElement::style(&input).set_css_text(&format!("width:{}ch", name.chars().count() + 2));
            dom::set(&chip, "aria-current", "true");
            chip.replace_children_with_node_1(&input);
            let field = input.clone();
            dom::on(&input, "", "change", move |_| act.with_value(|s| s.branch(|t| t.rename(id, &field.value()))));
            continue;
        }
        dom::at(&chip, "button").set_text_content(Some(name));
        dom::set(&dom::at(&chip, ".tp-drop"), "aria-label", &format!("Drop {name}"));
        dom::on(&chip, "button", "click", move |_| act.with_value(|s| s.moved(|t| t.select(id))));
        let more = dom::at(&chip, ".tp-more");
        let from: HtmlElement = more.clone().unchecked_into();
        dom::on(&more, "", "click", move |_| act.with_value(|s| table(s, ui, &from, shown, id)));
        dom::on(&chip, ".tp-drop", "click", move |_| act.with_value(|s| s.branch(|t| t.drop_branch(id))));
        if !controls {
            dom::at(&chip, ".tp-drop").remove();
        }
    }
}

fn name(time: &Timeline, id: u32) -> &str {
    time.branches().iter().find(|b| b.id == id).map_or("", |b| &b.name)
}

fn at(time: crate::kafka::time::Time) -> String {
    clock::time_words(time.micros_since(EPOCH))
}

/// Where two branches part, in a sentence.
fn parting(time: &Timeline, compared: &Comparison, shown: u32, other: u32) -> String {
    let (shown, other) = (name(time, shown), name(time, other));
    match compared.difference.as_ref().and_then(|d| d.left.as_ref().or(d.right.as_ref())) {
        Some(event) => format!("{shown} and {other} part at {}.", at(event.at)),
        None => format!("{shown} and {other} are the same so far."),
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
            let mut said = format!("{} At {}", parting(time, &compared, shown, other), at(compared.at));
            for (id, c) in [(shown, &compared.left), (other, &compared.right)] {
                said += &format!("; {}: {} acknowledged, {} lost, elections: {}", name(time, id), c.acked, c.lost, c.elections);
            }
            Ok(said + ".")
        }
    }
}

const TABLE: &str = "<div class=tp-versus role=dialog aria-label='Two branches'><button type=button class='tp-text tp-end' \
    aria-label='Close the comparison'>close</button><b></b><p class=tp-quiet></p>\
    <table class=tp-number><thead><tr><td></td><th scope=col></th><th scope=col></th></tr></thead><tbody></tbody></table></div>";

type Count = fn(&Counts) -> u64;

/// Rows of the table, with what the two counted.
const ROWS: [(&str, Count); 10] = [
    ("sent", |c| c.sent),
    ("acknowledged", |c| c.acked),
    ("readable", |c| c.readable),
    ("lost", |c| c.lost),
    ("twice in a log", |c| c.duplicated),
    ("delivered again", |c| c.redelivered),
    ("elections of leaders", |c| c.elections),
    ("elections of the controller", |c| c.quorum_elections),
    ("rebalances", |c| c.rebalances),
    ("violations", |c| c.violations),
];

/// Opens the table above the caption.
fn table(stage: &Stage, ui: Ui, from: &HtmlElement, shown: u32, other: u32) {
    let Ok(Some(caption)) = from.closest(".tp-caption") else { return };
    if let Ok(Some(open)) = caption.query_selector(".tp-versus") {
        open.remove();
    }
    let run = stage.run.borrow();
    let time = &run.time;
    let compared = match time.compare(shown, other) {
        Ok(compared) => compared,
        Err(why) => {
            drop(run);
            return stage.say(format!("{why}."));
        }
    };
    let panel = dom::element(TABLE);
    let sentence = parting(time, &compared, shown, other);
    dom::at(&panel, "b").set_text_content(Some(&sentence));
    let words = format!("Both are counted at {}, where the shorter one ends.", at(compared.at));
    dom::at(&panel, "p").set_text_content(Some(&words));
    for (place, id) in [("th", shown), ("th + th", other)] {
        dom::at(&panel, place).set_text_content(Some(name(time, id)));
    }
    let body = dom::at(&panel, "tbody");
    let row = |what: &str, left: Option<i64>, right: Option<i64>| {
        let line = dom::element("<table><tr><th scope=row></th><td></td><td></td></tr></table>");
        let line = dom::at(&line, "tr");
        dom::at(&line, "th").set_text_content(Some(what));
        for (cell, value) in [("td", left), ("td + td", right)] {
            let text = value.map_or("none".to_owned(), |value| value.to_string());
            dom::at(&line, cell).set_text_content(Some(&text));
        }
        let _ = line.toggle_attribute_with_force("data-differs", left != right);
        let _ = body.append_child(&line);
    };
    let (left, right) = (&compared.left, &compared.right);
    for (what, count) in ROWS {
        row(what, i64::try_from(count(left)).ok(), i64::try_from(count(right)).ok());
    }
    let (mut drawn, mut more) = (0, 0);
    let of = |all: &Counts, topic: &str, n: i32| all.high_watermarks.iter().find(|(t, m, _)| **t == *topic && *m == n).map(|(.., hw)| *hw);
    let only = right.high_watermarks.iter().filter(|(topic, n, _)| of(left, topic, *n).is_none());
    for (topic, n, _) in left.high_watermarks.iter().chain(only) {
        let (a, b) = (of(left, topic, *n), of(right, topic, *n));
        if a == b || drawn >= MARKS {
            more += 1;
            continue;
        }
        drawn += 1;
        row(&format!("high watermark of {topic}-{n}"), a, b);
    }
    if more > 0 {
        let rest = if drawn < MARKS { "the same in both" } else { "not shown here" };
        let note = dom::element("<p class=tp-quiet></p>");
        note.set_text_content(Some(&format!("{more} more high watermarks are {rest}.")));
        let _ = panel.append_child(&note);
    }
    drop(run);
    let (gone, back) = (panel.clone(), from.clone());
    let close = move || {
        gone.remove();
        let _ = back.focus();
    };
    let closes = close.clone();
    dom::on(&panel, "button", "click", move |_| closes());
    dom::on(&panel, "", "keydown", move |event| {
        if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape") {
            close();
        }
    });
    let _ = caption.append_child(&panel);
    if let Some(button) = dom::at(&panel, "button").dyn_ref::<HtmlElement>() {
        let _ = button.focus();
    }
    ui.said().set(sentence);
}
