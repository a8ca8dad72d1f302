//! The timeline: where one is in the run, what happened when, and its branches.

use super::dom;
use super::ui::{Act, Ui};
use super::{clock, stage::Stage};
use crate::playground::time::{Lane, Timeline};
use crate::world::EPOCH;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};

const MARKUP: &str = "<div class=tp-times role=group aria-label=Timeline><div class=tp-row>\
    <div class=tp-track role=slider tabindex=0 aria-label='Moment of the run' aria-valuemin=0>\
    <svg viewBox='0 0 1000 25' preserveAspectRatio=none aria-hidden=true></svg>\
    <i class=tp-line></i><i class=tp-done></i><i class=tp-now></i>\
    <span class='tp-hint tp-quiet tp-number' aria-hidden=true></span></div>\
    <span class='tp-quiet tp-number'></span>\
    <input class='tp-stop tp-quiet' placeholder='pause when …' aria-label='Pause when' \
    title='isr &lt; 2, election, rebalance, truncated, lost, …'></div>\
    <div class='tp-row tp-past' hidden><span>You are in the past: acting here forks the run.</span>\
    <button type=button class=tp-text>To its end</button></div><div class='tp-row tp-chips'></div></div>";

/// Seconds that the track shows at least; it doubles when the run has come to its end.
const SPAN_US: i64 = 60_000_000;
/// Of the track's width, in thousandths: how near a mark the pointer is meant to be on it.
const NEAR: i64 = 8;

/// The length of the track in microseconds.
fn span(end: i64) -> i64 {
    let mut span = SPAN_US;
    while span < end {
        span *= 2;
    }
    span
}

fn ends(time: &Timeline) -> (i64, i64) {
    let end = time.branch().end.at.micros_since(EPOCH);
    (end, span(end))
}

/// The mark at a place of the track, or the lanes' colours in words.
fn hint(time: &Timeline, micros: i64) -> String {
    let (_, span) = ends(time);
    let near = |at: i64| (at - micros).abs() * 1000 <= NEAR * span;
    let marks = time.branch().marks().all();
    let found = marks.iter().map(|m| (m.at.micros_since(EPOCH), m)).filter(|(at, _)| near(*at)).min_by_key(|(at, _)| (at - micros).abs());
    match found {
        Some((at, mark)) => {
            let more = if mark.count > 1 { format!(" (and {} more)", mark.count - 1) } else { String::new() };
            format!("{} · {} · {}{more}", clock::time_words(at), mark.lane.name(), mark.text)
        }
        None => clock::time_words(micros),
    }
}

/// A path for each lane that has something.
fn paths(time: &Timeline, span: i64) -> String {
    let mut svg = String::new();
    for (lane, row) in Lane::ALL.into_iter().zip(0..) {
        let mut path = String::new();
        for mark in time.branch().marks().all().iter().filter(|mark| mark.lane == lane) {
            path += &format!("M{} {}v5", mark.at.micros_since(EPOCH) * 1000 / span, row * 5);
        }
        if !path.is_empty() {
            svg += &format!("<path class=tp-lane-{row} d='{path}'/>");
        }
    }
    svg
}

fn seek(act: Act, micros: i64) {
    act.with_value(|s| s.scrub(micros));
}

/// Puts the timeline into the caption of the playground `root`.
pub fn timeline(root: &Element, ui: Ui, act: Act, controls: bool) {
    let node = dom::element(MARKUP);
    let _ = dom::at(root, ".tp-caption").prepend_with_node_1(&node);
    let track: HtmlElement = dom::at(&node, ".tp-track").unchecked_into();
    let told = dom::at(&node, ".tp-hint");
    let place = {
        let track = track.clone();
        move |e: &PointerEvent| {
            let (rect, end) = (track.get_bounding_client_rect(), act.with_value(|s| ends(&s.run.borrow().time)));
            let part = ((f64::from(e.client_x()) - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0);
            (part * end.1 as f64) as i64
        }
    };
    let (down, holder) = (Rc::new(Cell::new(false)), track.clone());
    for event in ["pointerdown", "pointermove", "pointerup", "pointercancel"] {
        let (place, down, holder, told) = (place.clone(), down.clone(), holder.clone(), told.clone());
        dom::on(&track, "", event, move |e| {
            let Ok(e) = e.dyn_into::<PointerEvent>() else { return };
            let at = place(&e);
            match event {
                "pointerdown" if e.button() == 0 => {
                    down.set(true);
                    let _ = holder.set_pointer_capture(e.pointer_id());
                }
                "pointermove" => {}
                _ => down.set(false),
            }
            if down.get() {
                seek(act, at);
            }
            told.set_text_content(Some(&act.with_value(|s| hint(&s.run.borrow().time, at))));
        });
    }
    dom::on(&track, "", "keydown", move |e| {
        let Some(key) = e.dyn_ref::<KeyboardEvent>() else { return };
        let step = if key.shift_key() { 10_000_000 } else { 1_000_000 };
        let (now, end) = act.with_value(|s| (s.aim(), ends(&s.run.borrow().time).0));
        let to = match key.key().as_str() {
            "ArrowLeft" | "ArrowDown" => now - step,
            "ArrowRight" | "ArrowUp" => now.saturating_add(step),
            "PageDown" => now - 10_000_000,
            "PageUp" => now.saturating_add(10_000_000),
            "Home" => 0,
            "End" => end,
            _ => return,
        };
        e.prevent_default();
        seek(act, to);
    });
    dom::on(&node, ".tp-past button", "click", move |_| seek(act, i64::MAX));
    let stop = dom::at(&node, ".tp-stop");
    if controls {
        let input: HtmlInputElement = stop.unchecked_into();
        let field = input.clone();
        dom::on(&input, "", "change", move |_| {
            act.with_value(|s| {
                let done = s.run.borrow_mut().time.set_breakpoints(&field.value());
                dom::set(&field, "aria-invalid", if done.is_err() { "true" } else { "false" });
                if let Err(why) = done {
                    s.say(format!("{why}."));
                }
            });
        });
    } else {
        stop.remove();
    }
    let drawn = RefCell::new((0, 0, 0, Vec::new()));
    dom::effect(Box::new(move || {
        let now = ui.snap.with(|s| s.elapsed);
        act.with_value(|s| {
            let run = s.run.borrow();
            draw(&node, &run.time, now, &mut drawn.borrow_mut(), act, controls);
        });
    }));
}

/// What was drawn last: span, branch, marks, chips.
type Drawn = (i64, u32, usize, Vec<(u32, String)>);

fn draw(node: &Element, time: &Timeline, now: i64, drawn: &mut Drawn, act: Act, controls: bool) {
    let (end, span) = ends(time);
    let part = |micros: i64| clock::tenths((micros * 1000 / span) as f32 / 10.0);
    let track: HtmlElement = dom::at(node, ".tp-track").unchecked_into();
    track.style().set_css_text(&format!("--at:{}%;--end:{}%", part(now), part(end)));
    dom::set(&track, "aria-valuemax", &(end / 1_000_000).to_string());
    dom::set(&track, "aria-valuenow", &(now / 1_000_000).to_string());
    let branch = time.branch();
    let words = if time.keeps() { clock::time_words(now) } else { "this cluster is being saved: it goes only forward".to_owned() };
    dom::set(&track, "aria-valuetext", &words);
    let ((count, bytes), full) = (time.meter(), time.limit_words());
    let label = dom::at(node, ".tp-track + span");
    let size = span / 1_000_000;
    let size = if size < 3600 { format!("{}:{:02}", size / 60, size % 60) } else { format!("{} h", size / 3600) };
    label.set_text_content(Some(&size));
    let meter = format!("History: {count} checkpoints, {} of {} MB. {full}", bytes >> 20, crate::playground::time::MAX_BYTES >> 20);
    dom::set(&label, "title", &meter);
    let past = dom::at(node, ".tp-past");
    let _ = past.toggle_attribute_with_force("hidden", !time.in_past() || now >= end);
    let marks = branch.marks().all();
    if (drawn.0, drawn.1, drawn.2) != (span, branch.id, marks.len()) {
        dom::at(node, "svg").set_inner_html(&paths(time, span));
        (drawn.0, drawn.1, drawn.2) = (span, branch.id, marks.len());
    }
    let mut all: Vec<(u32, String)> = time.branches().iter().map(|b| (b.id, b.name.clone())).collect();
    all.push((branch.id, String::new()));
    if drawn.3 != all {
        chips(&dom::at(node, ".tp-chips"), &all, act, controls);
        drawn.3 = all;
    }
}

/// The branches, when there is more than one; `all` ends with the one that is shown.
fn chips(node: &Element, all: &[(u32, String)], act: Act, controls: bool) {
    node.set_text_content(None);
    let Some(((shown, _), rest)) = all.split_last() else { return };
    if rest.len() < 2 {
        return;
    }
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
        dom::on(&chip, ".tp-more", "click", move |_| act.with_value(|s| s.compare(shown, id)));
        dom::on(&chip, ".tp-drop", "click", move |_| act.with_value(|s| s.branch(|t| t.drop_branch(id))));
        if !controls {
            dom::at(&chip, ".tp-drop").remove();
        }
    }
}

/// Two branches in a sentence.
pub fn compared(stage: &Stage, shown: u32, other: u32) -> String {
    let run = stage.run.borrow();
    let time = &run.time;
    let compared = match time.compare(shown, other) {
        Ok(compared) => compared,
        Err(why) => return format!("{why}."),
    };
    let name = |id: u32| time.branches().iter().find(|b| b.id == id).map_or("", |b| &b.name);
    let words = |at: crate::kafka::time::Time| clock::time_words(at.micros_since(EPOCH));
    let mut said = match compared.difference.and_then(|d| d.left.or(d.right)) {
        Some(event) => format!("{} and {} part at {}. ", name(shown), name(other), words(event.at)),
        None => format!("{} and {} are the same so far. ", name(shown), name(other)),
    };
    said += &format!("At {}", words(compared.at));
    for (id, c) in [(shown, compared.left), (other, compared.right)] {
        said += &format!("; {}: {} acknowledged, {} lost, elections: {}", name(id), c.acked, c.lost, c.elections);
    }
    said + "."
}
