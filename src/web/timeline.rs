//! The timeline: where one is in the run, what happened when, who owned what, and where its branches part.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::{branches, clock, dom};
use crate::playground::time::{MAX_ROWS, Row, Timeline, Window, hints};
use crate::world::EPOCH;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent, PointerEvent};

const MARKUP: &str = "<div class=tp-times role=group aria-label=Timeline>\
    <div class=tp-over title='The whole run: drag to move the part below'><svg viewBox='0 0 1000 16' preserveAspectRatio=none \
    aria-hidden=true></svg><b></b><i class=tp-now></i></div>\
    <button type=button class='tp-text tp-fold' title='Elections, ISR, owners, actions: a lane each'>Lanes</button>\
    <div class=tp-track role=slider tabindex=0 aria-label='Moment of the run' aria-valuemin=0 aria-keyshortcuts='+ -'>\
    <svg viewBox='0 0 1000 25' preserveAspectRatio=none aria-hidden=true></svg><em></em>\
    <i class=tp-line></i><i class=tp-done></i><i class=tp-now></i></div>\
    <div class=tp-row><span class='tp-size tp-quiet tp-number'></span><span class=tp-scale>\
    <button type=button class=tp-text aria-label='Zoom out' title='Zoom out (−)'>−</button>\
    <button type=button class=tp-text aria-label='Zoom in' title='Zoom in (+), or Ctrl and the wheel'>+</button></span>\
    <button type=button class='tp-text tp-stops' aria-expanded=false></button></div>\
    <div class=tp-names></div><div class=tp-plot><svg preserveAspectRatio=none aria-hidden=true></svg><em></em><i class=tp-now></i></div>\
    <div class='tp-row tp-wide tp-pause' hidden><input class=tp-stop placeholder='isr &lt; 2, election' aria-label='Pause when'>\
    <span class=tp-hints></span></div>\
    <div class='tp-row tp-wide tp-past' hidden><span>You are in the past: acting here forks the run.</span>\
    <button type=button class=tp-text>To its end</button></div>\
    <p class='tp-wide tp-limit' hidden></p><div class='tp-row tp-wide tp-chips'></div>\
    <span class='tp-hint tp-quiet tp-number' aria-hidden=true></span></div>";

const NAME: &str = "<div role=slider tabindex=0 class='tp-quiet tp-number' aria-valuenow=0 \
    aria-valuetext='arrows go from event to event, Enter goes there'></div>";

/// Seconds that the track shows at least; it doubles when the run has come to its end.
const SPAN_US: i64 = 60_000_000;
/// Of the track's width, in thousandths: how near a mark the pointer is meant to be on it.
const NEAR: i64 = 8;
/// Where there is less room than this, the lanes are folded away when the page opens: pixels.
const ROOM: (f64, f64) = (900.0, 900.0);
/// Pixels from one time on the axis to the next, at least.
const LABEL: i64 = 76;
/// A lane's height in pixels.
const LANE: i64 = 14;

/// The length of the track in microseconds.
fn span(time: &Timeline) -> i64 {
    let mut span = SPAN_US;
    while span < end(time) {
        span *= 2;
    }
    span
}

fn end(time: &Timeline) -> i64 {
    time.branch().end.at.micros_since(EPOCH)
}

/// What is shown of the run, and what has been drawn of it.
struct Shown {
    /// None: all of it.
    window: Option<Window>,
    open: bool,
    rows: Vec<Row>,
    /// Of which state `rows` are, and where one was then.
    of: (u32, u32, u32, u32, usize),
    drawn: (i64, i64, i64, bool),
    now: i64,
    chips: Vec<(u32, String)>,
}

impl Shown {
    fn window(&self, time: &Timeline) -> Window {
        self.window.unwrap_or(Window { from: 0, to: span(time) })
    }

    fn zoom(&mut self, time: &Timeline, at: i64, closer: bool) {
        let whole = span(time);
        self.window = Some(self.window(time).zoom(at, closer, whole)).filter(|window| window.width() < whole);
        self.open |= self.window.is_some();
    }

    /// What is told of a place: in a row, or in any.
    fn hint(&self, time: &Timeline, row: Option<usize>, micros: i64) -> (Option<i64>, String) {
        let near = self.window(time).width() * NEAR / 1000;
        let mut rows = self.rows.iter().enumerate().filter(|(i, r)| row.map_or(r.lane.is_some(), |row| row == *i));
        let found = rows.by_ref().filter_map(|(_, row)| Some((row, row.at(micros, near)?)));
        let found = found.min_by_key(|(_, bar)| (bar.from - micros).abs());
        match (found, row.and_then(|row| self.rows.get(row))) {
            (Some((row, bar)), _) => {
                let (at, name) = if row.lane.is_some() { (bar.from, row.name.as_str()) } else { (micros, "") };
                let ghost = if bar.ghost { " · on the other branch" } else { "" };
                let dot = if name.is_empty() { "" } else { " · " };
                (row.lane.map(|_| at), format!("{}{dot}{name} · {}{ghost}", clock::time_words(at), bar.text))
            }
            (None, Some(row)) if row.lane.is_none() && micros <= end(time) => {
                (None, format!("{} · nobody has {}", clock::time_words(micros), row.name))
            }
            _ => (None, clock::time_words(micros)),
        }
    }
}

type State = Rc<RefCell<Shown>>;

fn seek(act: StageHandle, micros: i64) {
    act.with_value(|s| s.scrub(micros));
}

/// Puts the timeline into the caption of the playground `root`.
pub fn timeline(root: &Element, ui: Ui, act: StageHandle, controls: bool) {
    let node = dom::element(MARKUP);
    let _ = dom::at(root, ".tp-caption").prepend_with_node_1(&node);
    let page = root.closest(".tp-page").ok().flatten().is_some();
    let size = |what: fn(&web_sys::Window) -> Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        web_sys::window().and_then(|w| what(&w).ok()?.as_f64()).unwrap_or(0.0)
    };
    let room = size(web_sys::Window::inner_width) >= ROOM.0 && size(web_sys::Window::inner_height) >= ROOM.1;
    let shown: State = Rc::new(RefCell::new(Shown {
        window: None,
        open: page && room,
        rows: Vec::new(),
        of: (0, 0, 0, 0, 0),
        drawn: (-1, 0, 0, false),
        now: 0,
        chips: Vec::new(),
    }));
    // Draws anew what stands, at once.
    let redraw: Rc<dyn Fn()> = {
        let (node, shown) = (node.clone(), shown.clone());
        Rc::new(move || {
            let now = ui.snap().with_untracked(|s| s.elapsed);
            act.with_value(|s| draw(&node, &s.run.borrow().time, now, &mut shown.borrow_mut(), ui, act, controls));
        })
    };
    point(&node, &shown, act, &redraw);
    keys(&node, &shown, act, &redraw);
    pause(&node, act, controls);
    let again = redraw.clone();
    let state = shown.clone();
    dom::on(&node, ".tp-fold", "click", move |_| {
        let mut shown = state.borrow_mut();
        shown.open = !shown.open;
        if !shown.open {
            shown.window = None;
        }
        drop(shown);
        again();
    });
    for (nth, closer) in [(":first-child", false), (":last-child", true)] {
        let (state, again) = (shown.clone(), redraw.clone());
        dom::on(&node, &format!(".tp-scale > {nth}"), "click", move |_| {
            act.with_value(|s| state.borrow_mut().zoom(&s.run.borrow().time, s.aim(), closer));
            again();
        });
    }
    dom::on(&node, ".tp-past button", "click", move |_| seek(act, i64::MAX));
    dom::effect(Box::new(move || {
        ui.snap().track();
        redraw();
    }));
}

/// Scrubs on track and lanes, moves the window on the overview, zooms by wheel, tells what is pointed at.
fn point(node: &Element, shown: &State, act: StageHandle, redraw: &Rc<dyn Fn()>) {
    let told = dom::at(node, ".tp-hint");
    for part in [".tp-track", ".tp-plot", ".tp-over"] {
        let area: HtmlElement = dom::at(node, part).unchecked_into();
        // Where in the window one holds it.
        let held: Rc<Cell<Option<i64>>> = Rc::default();
        for event in ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave", "wheel"] {
            let (held, shown, redraw, told, area2) = (held.clone(), shown.clone(), redraw.clone(), told.clone(), area.clone());
            dom::on(&area, "", event, move |e| {
                let Ok(e) = e.dyn_into::<web_sys::MouseEvent>() else { return };
                let rect = area2.get_bounding_client_rect();
                let place = ((f64::from(e.client_x()) - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0);
                let row = (part == ".tp-plot").then(|| ((f64::from(e.client_y()) - rect.top()) / LANE as f64) as usize);
                let (mut text, mut to) = (String::new(), None);
                act.with_value(|s| {
                    let run = s.run.borrow();
                    let (time, mut state) = (&run.time, shown.borrow_mut());
                    let (window, whole) = (state.window(time), span(time));
                    let over = part == ".tp-over";
                    let at = if over { (place * whole as f64) as i64 } else { window.from + (place * window.width() as f64) as i64 };
                    let (mark, words) = state.hint(time, row, at);
                    match event {
                        "wheel" if e.ctrl_key() => {
                            e.prevent_default();
                            let down = js_sys::Reflect::get(&e, &"deltaY".into()).ok().and_then(|y| y.as_f64()).unwrap_or(0.0);
                            state.zoom(time, at, down < 0.0);
                        }
                        "pointerdown" if e.button() == 0 => {
                            held.set(Some(if over && window.holds(at) { at - window.from } else { window.width() / 2 }));
                            if let Some(e) = e.dyn_ref::<PointerEvent>() {
                                let _ = area2.set_pointer_capture(e.pointer_id());
                            }
                        }
                        "pointerup" | "pointercancel" => held.set(None),
                        _ => {}
                    }
                    if let Some(offset) = held.get() {
                        if over {
                            state.window = state.window.map(|window| window.begin(at - offset, whole));
                        } else {
                            to = Some(mark.filter(|_| event == "pointerdown").unwrap_or(at));
                        }
                    }
                    if event != "pointerleave" {
                        text = words;
                    }
                });
                told.set_text_content(Some(&text));
                if let Some(to) = to {
                    seek(act, to);
                }
                if event == "wheel" || held.get().is_some() {
                    redraw();
                }
            });
        }
    }
}

/// Arrows move in time, + and - zoom; on a lane's name the arrows go from mark to mark, and Enter goes there.
fn keys(node: &Element, shown: &State, act: StageHandle, redraw: &Rc<dyn Fn()>) {
    let (state, again) = (shown.clone(), redraw.clone());
    dom::on(node, ".tp-track", "keydown", move |e| {
        let Some(key) = e.dyn_ref::<KeyboardEvent>() else { return };
        let step = if key.shift_key() { 10_000_000 } else { 1_000_000 };
        let (now, end) = act.with_value(|s| (s.aim(), end(&s.run.borrow().time)));
        let to = match key.key().as_str() {
            "ArrowLeft" | "ArrowDown" => now - step,
            "ArrowRight" | "ArrowUp" => now.saturating_add(step),
            "PageDown" => now - 10_000_000,
            "PageUp" => now.saturating_add(10_000_000),
            "Home" => 0,
            "End" => end,
            sign @ ("+" | "=" | "-") => {
                act.with_value(|s| state.borrow_mut().zoom(&s.run.borrow().time, now, sign != "-"));
                e.prevent_default();
                return again();
            }
            _ => return,
        };
        e.prevent_default();
        seek(act, to);
    });
    let (state, told) = (shown.clone(), dom::at(node, ".tp-hint"));
    for event in ["keydown", "focusin", "focusout"] {
        let (state, told) = (state.clone(), told.clone());
        dom::on(node, ".tp-names", event, move |e| {
            let Some(name) = e.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
            let key = e.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key).unwrap_or_default();
            let row = name.get_attribute("data-row").and_then(|row| row.parse::<usize>().ok()).unwrap_or(usize::MAX);
            let at = name.get_attribute("aria-valuenow").and_then(|at| at.parse::<i64>().ok()).unwrap_or(0);
            let state = state.borrow();
            let Some(row) = state.rows.get(row) else { return };
            let bar = match key.as_str() {
                "ArrowLeft" | "ArrowRight" => row.next(at, key == "ArrowLeft"),
                "Enter" => return seek(act, at),
                _ if event == "focusout" => return told.set_text_content(None),
                _ => return,
            };
            e.prevent_default();
            if let Some(bar) = bar {
                let words = format!("{} · {}", clock::time_words(bar.from), bar.text);
                dom::set(&name, "aria-valuenow", &bar.from.to_string());
                dom::set(&name, "aria-valuetext", &words);
                told.set_text_content(Some(&words));
            }
        });
    }
}

/// "pause when …": a button that tells what is set, and a row with what can be said.
fn pause(node: &Element, act: StageHandle, controls: bool) {
    let (button, row) = (dom::at(node, ".tp-stops"), dom::at(node, ".tp-pause"));
    if !controls {
        button.remove();
        return row.remove();
    }
    let input: HtmlInputElement = dom::at(&row, "input").unchecked_into();
    let set: Rc<dyn Fn()> = {
        let (input, button) = (input.clone(), button.clone());
        Rc::new(move || {
            act.with_value(|s| {
                let done = s.run.borrow_mut().time.set_breakpoints(&input.value());
                dom::set(&input, "aria-invalid", if done.is_err() { "true" } else { "false" });
                match done {
                    Err(why) => s.say(format!("{why}.")),
                    Ok(()) => {
                        let all = s.run.borrow().time.breakpoints().iter().map(|b| b.text()).collect::<Vec<_>>().join(", ");
                        button.set_text_content(Some(&format!("pause when {}", if all.is_empty() { "…" } else { &all })));
                    }
                }
            });
        })
    };
    set();
    let shown = button.clone();
    let field = input.clone();
    dom::on(&button, "", "click", move |_| {
        let hidden = !row.has_attribute("hidden");
        let _ = row.toggle_attribute_with_force("hidden", hidden);
        dom::set(&shown, "aria-expanded", if hidden { "false" } else { "true" });
        if !hidden {
            let _ = field.focus();
        }
    });
    let all = dom::at(node, ".tp-hints");
    for (word, means) in hints() {
        let hint = dom::element("<button type=button class=tp-text></button>");
        hint.set_text_content(Some(word));
        dom::set(&hint, "title", means);
        let _ = all.append_child(&hint);
    }
    let (field, apply) = (input.clone(), set.clone());
    dom::on(&all, "", "click", move |e| {
        let word = e.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()).filter(|t| t.has_attribute("title"));
        let Some(word) = word.and_then(|t| t.text_content()) else { return };
        let before = field.value();
        let mut words: Vec<&str> = before.split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
        // Pressed again it goes.
        match words.iter().position(|other| *other == word) {
            Some(at) => drop(words.remove(at)),
            None => words.push(&word),
        }
        field.set_value(&words.join(", "));
        apply();
    });
    dom::on(&input, "", "change", move |_| set());
}

fn draw(node: &Element, time: &Timeline, now: i64, shown: &mut Shown, ui: Ui, act: StageHandle, controls: bool) {
    let (end, whole) = (end(time), span(time));
    // The window goes along with the playhead, unless somebody has moved it elsewhere.
    if let Some(window) = shown.window
        && !window.holds(now)
        && (window.holds(shown.now) || (now - shown.now).abs() > 500_000)
    {
        shown.window = Some(window.begin(now - window.width() / 4, whole));
    }
    shown.now = now;
    let window = shown.window(time);
    let tenths = |part: i64| format!("{}.{}%", part / 10, part % 10);
    let style = format!(
        "--at:{};--end:{};--all:{};--from:{};--wide:{};--lanes:{}px",
        tenths(window.part(now)),
        tenths(window.part(end)),
        tenths(now * 1000 / whole),
        tenths(window.from * 1000 / whole),
        tenths((window.width() * 1000 / whole).max(4)),
        shown.rows.len() as i64 * LANE
    );
    node.dyn_ref::<HtmlElement>().map(HtmlElement::style).into_iter().for_each(|css| css.set_css_text(&style));
    let _ = node.toggle_attribute_with_force("data-open", shown.open);
    let _ = node.toggle_attribute_with_force("data-out", !window.holds(now));
    dom::set(&dom::at(node, ".tp-fold"), "aria-expanded", if shown.open { "true" } else { "false" });
    let track = dom::at(node, ".tp-track");
    dom::set(&track, "aria-valuemax", &(end / 1_000_000).to_string());
    dom::set(&track, "aria-valuenow", &(now / 1_000_000).to_string());
    let words = if time.keeps() { clock::time_words(now) } else { "this cluster is being saved: it goes only forward".to_owned() };
    dom::set(&track, "aria-valuetext", &words);
    let ((count, bytes), full) = (time.meter(), time.limit_words());
    let label = dom::at(node, ".tp-size");
    label.set_text_content(Some(&clock::span_words(window.width())));
    let meter = format!("History: {count} checkpoints, {} of {} MB", bytes >> 20, crate::playground::time::MAX_BYTES >> 20);
    dom::set(&label, "title", &meter);
    let limit = [if full.is_empty() { String::new() } else { format!("{full} ({meter})") }, time.timeline_rows_gaps()].join(" ");
    let line = dom::at(node, ".tp-limit");
    let _ = line.toggle_attribute_with_force("hidden", limit.trim().is_empty());
    line.set_text_content(Some(limit.trim()));
    let _ = dom::at(node, ".tp-past").toggle_attribute_with_force("hidden", !time.in_past() || now >= end);

    let branch = time.branch();
    let counted = branch.marks().all().iter().map(|mark| mark.count).sum();
    let beside = time.beside().map_or(0, |(other, _)| other.id);
    let of = (branch.id, beside, counted, branch.assignment_spans().version(), time.branches().len());
    let drawn = (window.from, window.to, window.part(end), shown.open);
    if shown.of != of {
        shown.rows = time.timeline_rows(MAX_ROWS as usize);
        names(&dom::at(node, ".tp-names"), &shown.rows);
    }
    if shown.of != of || shown.drawn != drawn {
        (shown.of, shown.drawn) = (of, drawn);
        let all = Window { from: 0, to: whole };
        let (ticks, tree) = (ticks(&shown.rows, if shown.open { all } else { window }), tree(time, all));
        dom::at(node, ".tp-over svg").set_inner_html(&if shown.open { format!("{ticks}{tree}") } else { String::new() });
        dom::at(node, ".tp-track svg").set_inner_html(&if shown.open { String::new() } else { format!("{ticks}{tree}") });
        dom::at(node, ".tp-track em").set_inner_html(&if shown.open {
            axis(window, i64::from(track.client_width()))
        } else {
            String::new()
        });
        if shown.open {
            lanes(&dom::at(node, ".tp-plot"), &shown.rows, time, window, end);
        }
    }
    let mut all: Vec<(u32, String)> = time.branches().iter().map(|b| (b.id, b.name.clone())).collect();
    all.push((branch.id, String::new()));
    if shown.chips != all {
        let chips = dom::at(node, ".tp-chips");
        chips.set_text_content(None);
        // One branch, and which one is shown.
        if all.len() > 2 {
            let all = all.clone();
            branches::chips(&chips, &all, ui, act, controls);
        }
        shown.chips = all;
    }
}

/// Names of the lanes, each a place for the keyboard.
fn names(node: &Element, rows: &[Row]) {
    let all = node.children();
    for (i, row) in (0_u32..).zip(rows) {
        let name: Element = all.item(i).unwrap_or_else(|| {
            let name = dom::element(NAME);
            dom::set(&name, "data-row", &i.to_string());
            let _ = node.append_child(&name);
            name.into()
        });
        if name.text_content().as_deref() != Some(&row.name) {
            name.set_text_content(Some(&row.name));
            dom::set(&name, "aria-label", &row.name);
            dom::set(&name, "title", &row.name);
        }
    }
    while let Some(gone) = all.item(rows.len() as u32) {
        gone.remove();
    }
}

/// All marks in one strip, a path for each lane.
fn ticks(rows: &[Row], window: Window) -> String {
    let mut svg = String::new();
    for row in rows {
        let Some(lane) = row.lane else { continue };
        let lane = lane as u8;
        let marks = row.bars.iter().filter(|bar| !bar.ghost && window.holds(bar.from));
        let path: String = marks.map(|bar| format!("M{} {}v5", window.part(bar.from), lane * 2)).collect();
        if !path.is_empty() {
            svg += &format!("<path class=tp-lane-{lane} d='{path}'/>");
        }
    }
    svg
}

/// A line for each other branch, from where it and the one that is shown, or the one it left, part.
fn tree(time: &Timeline, window: Window) -> String {
    let shown = time.branch();
    let lines = time.branches().iter().filter(|other| other.id != shown.id).map(|other| {
        let fork = if shown.parent == Some(other.id) { shown.forked } else { other.forked };
        let (from, to) = (window.part(fork.at.micros_since(EPOCH)), window.part(other.end.at.micros_since(EPOCH)));
        format!("M{from} 25l6 -8H{}", to.max(from + 6))
    });
    format!("<path class=tp-tree d='{}'/>", lines.collect::<String>())
}

/// Times along the window, at round places.
fn axis(window: Window, pixels: i64) -> String {
    let mut step = 1000;
    while step * (pixels / LABEL).max(1) < window.width() {
        step *= if step.to_string().starts_with('2') { 5 } else { 2 };
        if step.to_string().starts_with('4') {
            step = step / 4 * 5;
        }
    }
    let mut html = String::new();
    let mut at = (window.from + step - 1) / step * step;
    // The last one must not run into what stands beside the track.
    while window.part(at) < 940 && at < window.to {
        let words = clock::time_words(at);
        let words = if step >= 1_000_000 { words.split('.').next().unwrap_or_default() } else { &words };
        let part = window.part(at);
        html += &format!("<s style='left:{}.{}%'>{words}</s>", part / 10, part % 10);
        at += step;
    }
    html
}

/// The lanes in one drawing, and the owners' names over it where there is room.
fn lanes(plot: &Element, rows: &[Row], time: &Timeline, window: Window, end: i64) {
    let names = dom::at(plot, "em");
    names.set_text_content(None);
    let mut svg = String::new();
    for (row, y) in rows.iter().zip((0..).step_by(LANE as usize)) {
        if row.lane.is_none() {
            svg += &format!("<path class=tp-base d='M{} {}H{}'/>", window.part(0), y + 7, window.part(end));
        }
        let mut last = i64::MIN;
        for bar in row.bars.iter().filter(|bar| bar.from <= window.to && bar.to >= window.from) {
            let (from, to) = (window.part(bar.from), window.part(bar.to.min(end.max(bar.from))));
            let ghost = if bar.ghost { " tp-ghost" } else { "" };
            if let Some(lane) = row.lane {
                // Marks that fall together are drawn once.
                if from != last || bar.ghost {
                    svg += &format!("<path class='tp-lane-{}{ghost}' d='M{from} {}v10'/>", lane as u8, y + 2);
                }
                last = from;
                continue;
            }
            let (y, to) = (if bar.ghost { y + 13 } else { y + 6 }, if bar.ghost { window.part(bar.to) } else { to });
            let share = if bar.share < 1000 { format!(" opacity=0.{:03}", (bar.share / 2 + 250).max(1)) } else { String::new() };
            svg += &format!("<path class='tp-owner tp-hue-{}{ghost}'{share} d='M{from} {y}H{}'/>", bar.hue, to.max(from + 1));
            if to - from > 60 && !bar.ghost {
                let name = dom::element("<s></s>");
                name.set_text_content(Some(&bar.label));
                let css = format!("left:{}.{}%;width:{}.{}%;top:{}px", from / 10, from % 10, (to - from) / 10, (to - from) % 10, y - 6);
                name.style().set_css_text(&css);
                let _ = names.append_child(&name);
            }
        }
    }
    let height = rows.len() as i64 * LANE;
    if let Some((_, fork)) = time.beside().filter(|(_, fork)| window.holds(*fork)) {
        svg += &format!("<path class=tp-fork d='M{} 0V{height}'/>", window.part(fork));
    }
    let drawing = dom::at(plot, "svg");
    dom::set(&drawing, "viewBox", &format!("0 0 1000 {height}"));
    drawing.set_inner_html(&svg);
}
