//! Looking closely: what is under the pointer or under the arrow keys, one record's way, one partition's records at large.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::{dom, zoom};
use crate::playground::scene::{Rect, Station, Target, Trail, hint};
use crate::world::EPOCH;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, MouseEvent};

/// Where a hint stands above its thing, and how far it stays from the right edge: CSS pixels.
const LIFT: f32 = 30.0;
const ROOM: f32 = 350.0;
/// Milliseconds between two turns of a wheel that are two steps.
const STEP_MS: f64 = 250.0;
/// When a partition that one looks into, or did, has come to its place.
const ARRIVED: std::time::Duration = std::time::Duration::from_millis(600);

/// Lets pointer and keyboard look at what the canvas draws on `stage`.
pub fn look(stage: &Element, caption: &Element, ui: Ui, act: StageHandle) {
    let (root, of) = (stage.clone(), stage.clone());
    // What is under the pointer, when no card is.
    let hit = move |event: &Event| {
        let mouse = event.dyn_ref::<MouseEvent>()?;
        let bare = mouse.target()?.dyn_ref::<Element>() == Some(&of);
        let frame = of.get_bounding_client_rect();
        let (x, y) = (f64::from(mouse.client_x()) - frame.left(), f64::from(mouse.client_y()) - frame.top());
        let found = act.with_value(|s| s.scene.borrow().hit(x as f32, y as f32));
        Some((found?, bare))
    };
    let at_pointer = hit.clone();
    let at_pointer = move |event: &Event| at_pointer(event).map(|found| found.0);
    let hit = move |event: &Event| {
        let (what, bare) = hit(event)?;
        (bare && matches!(what, Target::Record(..) | Target::Frame(_) | Target::Partition(..))).then_some(what)
    };
    let turned = std::cell::Cell::new(f64::NEG_INFINITY);
    let point = move |what: Option<Target>| {
        if ui.pointed().with_untracked(|now| *now != what) {
            ui.pointed().set(what);
            act.with_value(|s| s.wake());
        }
    };
    let choose = move |what: Option<Target>| ui.chosen().update(|now| *now = if *now == what { None } else { what });
    // Whoever looks at something else: the picture follows, also while time stands still.
    dom::effect(Box::new(move || {
        ui.chosen().track();
        ui.zoomed().track();
        ui.arrangement().track();
        act.with_value(|s| s.refresh());
    }));
    let under = hit.clone();
    dom::on(&root, "", "pointermove", move |event| point(under(&event)));
    dom::on(&root, "", "pointerleave", move |_| point(None));
    dom::on(&root, "", "focusout", move |_| point(None));
    let (under, bare) = (hit.clone(), root.clone());
    dom::on(&root, "", "click", move |event| {
        let empty = event.target().and_then(|t| t.dyn_into().ok()) == Some(bare.clone());
        match under(&event) {
            None if empty && ui.chosen().with_untracked(|now| matches!(now, Some(Target::Record(..)))) => choose(None),
            None => {}
            what => choose(what),
        }
    });
    let under = hit.clone();
    dom::on(&root, "", "dblclick", move |event| {
        if let Some(Target::Record(topic, n, offset)) = under(&event) {
            ui.chosen().set(None);
            let here = Target::Partition(topic.clone(), n);
            if ui.zoomed().with_untracked(|z| *z == Some(here.clone())) {
                zoom::toward(ui, act, Target::Record(topic, n, offset));
            } else {
                ui.zoomed().set(Some(here));
            }
        }
    });
    dom::on(&root, "", "wheel", move |event| {
        let of = |name: &str| js_sys::Reflect::get(&event, &name.into()).unwrap_or_default();
        if !of("ctrlKey").is_truthy() {
            return;
        }
        event.prevent_default();
        // A pinch is many events, and one step.
        let at = of("timeStamp").as_f64().unwrap_or(0.0);
        if at - turned.replace(at) < STEP_MS {
            return;
        }
        if of("deltaY").as_f64() > Some(0.0) {
            zoom::out(ui);
        } else if let Some(what) = at_pointer(&event) {
            zoom::toward(ui, act, what);
        }
    });
    dom::on(&root, "", "keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key) else { return };
        let card = event.target().and_then(|t| t.dyn_into::<Element>().ok()?.closest(".tp-at").ok()?);
        let of = |name| card.as_ref().and_then(|card| card.get_attribute(name));
        let here = of("data-topic").and_then(|topic| Some((Arc::<str>::from(topic), of("data-n")?.parse::<i32>().ok()?)));
        let walked = ui.pointed().get_untracked().filter(|what| match (what, &here) {
            (Target::Record(topic, n, _), Some(here)) => (topic, *n) == (&here.0, here.1),
            _ => false,
        });
        let zoomed = ui.zoomed().get_untracked();
        let own = event.target() == card.clone().map(Into::into);
        match (&*key, here) {
            ("Escape", _) if ui.chosen().with_untracked(Option::is_some) && !matches!(zoomed, Some(Target::Record(..))) => choose(None),
            ("Escape" | "-", _) if zoomed.is_some() => zoom::out(ui),
            ("ArrowLeft" | "ArrowRight", Some(_)) if let Some(Target::Record(topic, n, at)) = zoomed => {
                let next = if key == "ArrowLeft" { -1 } else { 1 };
                zoom::toward(ui, act, Target::Record(topic, n, at.saturating_add(next)));
            }
            ("+" | "=", here) => {
                let broker = of("data-broker").map(|name| Target::Broker(name.into()));
                let topic = of("data-topic").map(|name| Target::Topic(name.into()));
                let thing = here.map(|(topic, n)| Target::Partition(topic, n)).or(broker).or(topic);
                let Some(what) = walked.or(thing).or(ui.chosen().get_untracked()).or(zoomed) else { return };
                zoom::toward(ui, act, what);
            }
            ("ArrowLeft" | "ArrowRight", Some((topic, n))) if own => {
                let step = if key == "ArrowLeft" { -1 } else { 1 };
                let from = if let Some(Target::Record(_, _, offset)) = walked { Some(offset) } else { None };
                point(act.with_value(|s| s.scene.borrow().walk(&topic, n, from, step)));
            }
            ("Enter", Some(_)) if own && walked.is_some() => choose(walked),
            ("Enter", Some((topic, n))) if own => ui.zoomed().set(Some(Target::Partition(topic, n))),
            _ => return,
        }
        event.prevent_default();
    });
    stay(stage, ui);
    tip(stage, ui, act);
    trail(caption, ui, act);
}

/// What one looks into, or did, stays in sight.
fn stay(stage: &Element, ui: Ui) {
    let stage = stage.clone();
    let mut before = None;
    dom::effect(Box::new(move || {
        let now = ui.zoomed().get();
        let left = std::mem::replace(&mut before, now.clone());
        if left == now {
            return;
        }
        let to_top = now.is_some() && ui.snap().with_untracked(|s| s.narrow);
        let selector = match (now, left) {
            (None, Some(Target::Partition(topic, n) | Target::Record(topic, n, _))) => format!("[data-topic='{topic}'][data-n='{n}']"),
            _ => ".tp-heading:has(.tp-by)".to_owned(),
        };
        let stage = stage.clone();
        set_timeout(
            move || {
                let card = stage.query_selector(&selector).ok().flatten();
                let Some(card) = card else { return };
                let top = card.get_bounding_client_rect().top();
                // Where columns are stacked, what one looks into comes to the top.
                let most = if to_top { 120.0 } else { 480.0 };
                if !(0.0..most).contains(&top) {
                    card.scroll_into_view_with_bool(true);
                }
            },
            ARRIVED,
        );
    }));
}

/// The name of what is pointed at, above it; screen readers say it.
fn tip(stage: &Element, ui: Ui, act: StageHandle) {
    let tip = dom::element("<div class='tp-tip tp-number' role=status hidden></div>");
    let _ = stage.append_child(&tip);
    dom::effect(Box::new(move || {
        let chosen = ui.chosen().get();
        let what = ui.pointed().get().filter(|what| chosen.as_ref() != Some(what));
        let words = what.as_ref().map(|what| ui.snap().with(|s| hint(&s.view, what))).unwrap_or_default();
        let spot = what.and_then(|what| act.with_value(|s| s.scene.borrow().spot(&what)));
        tip.set_hidden(words.is_empty() || spot.is_none());
        let Some(Rect { x, y, .. }) = spot else { return };
        if tip.text_content().as_deref() != Some(&words) {
            tip.set_text_content(Some(&words));
        }
        let most = act.with_value(|s| s.width() as f32 - ROOM);
        let [x, y] = [x.min(most).max(8.0), (y - LIFT).max(0.0)].map(super::clock::tenths);
        tip.style().set_css_text(&format!("left:{x}px;top:{y}px"));
    }));
}

/// The stations of the record that is followed, each a way to its moment.
fn trail(caption: &Element, ui: Ui, act: StageHandle) {
    let caption = caption.clone();
    let mut open: Option<(HtmlElement, Arc<Trail>)> = None;
    dom::effect(Box::new(move || {
        let trail = ui.trail().get();
        let same = |old: &Trail, new: &Trail| {
            (&old.topic, old.partition, old.offset) == (&new.topic, new.partition, new.offset) && new.stations.starts_with(&old.stations)
        };
        let kept = match (open.take(), &trail) {
            (Some((card, old)), Some(new)) if same(&old, new) => Some((card, old.stations.len())),
            (Some((card, _)), _) => {
                card.remove();
                None
            }
            _ => None,
        };
        let Some(trail) = trail else { return };
        let card = station_card(&trail, kept, &caption, ui, act);
        open = Some((card, trail));
    }));
}

/// The list of a record's stations, made or gone on with: `kept` is the card and the stations that it has.
fn station_card(trail: &Trail, kept: Option<(HtmlElement, usize)>, caption: &Element, ui: Ui, act: StageHandle) -> HtmlElement {
    let name = format!("{}-{} offset {}", trail.topic, trail.partition, trail.offset);
    let (card, known) = kept.unwrap_or_else(|| {
        let card = dom::element(
            "<div class='tp-trail tp-number' role=region><button type=button class='tp-text tp-end' aria-label='Let go of the record'>\
            let go</button><button type=button class='tp-text tp-end tp-near' aria-label='Zoom into the record'>zoom</button><b></b><p class=tp-quiet></p><ol></ol><p></p></div>",
        );
        dom::set(&card, "aria-label", &format!("The way of {name}"));
        dom::at(&card, "b").set_text_content(Some(&name));
        dom::on(&card, "button", "click", move |_| ui.chosen().set(None));
        dom::on(&card, "", "keydown", move |event| {
            if event.dyn_ref::<KeyboardEvent>().is_some_and(|key| key.key() == "Escape") {
                ui.chosen().set(None);
            }
        });
        let _ = caption.append_child(&card);
        (card, 0)
    });
    let what = Target::Record(trail.topic.clone(), trail.partition, trail.offset);
    if known == 0 {
        let to = what.clone();
        dom::on(&card, ".tp-near", "click", move |_| ui.zoomed().set(Some(to.clone())));
    }
    let words = ui.snap().with_untracked(|s| hint(&s.view, &what));
    dom::at(&card, ".tp-quiet").set_text_content(words.strip_prefix(&name).map(|words| words.trim_start_matches(", ")));
    dom::at(&card, "p:last-child").set_text_content(Some(&trail.note));
    let list = dom::at(&card, "ol");
    for Station { at, text, event, .. } in trail.stations.iter().skip(known) {
        let us = at.micros_since(EPOCH);
        let line = dom::element("<li><button type=button class=tp-text title='Go to this moment'></button><span></span></li>");
        dom::at(&line, "button").set_text_content(Some(&format!("{}.{:03} s", us / 1_000_000, us / 1000 % 1000)));
        dom::at(&line, "span").set_text_content(Some(text));
        dom::set(&line, "data-event", &event.0.to_string());
        dom::set(&line, "data-us", &us.to_string());
        dom::on(&line, "button", "click", move |_| act.with_value(|s| s.scrub(us)));
        let _ = list.append_child(&line);
    }
    let now = ui.snap().with_untracked(|s| s.elapsed);
    for (line, station) in (0..).map_while(|i| list.children().item(i)).zip(&trail.stations) {
        let _ = line.toggle_attribute_with_force("data-later", station.at.micros_since(EPOCH) > now);
    }
    card
}
