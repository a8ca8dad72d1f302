//! "Why?" where something is wrong or missing, and the panel that answers.

use crate::playground::why::{Question, why};
use crate::web::dom;
use crate::web::run::Run;
use crate::web::ui::{Act, Snapshot, Ui};
use crate::world::EPOCH;
use crate::world::event::EventKind;
use crate::world::view::PartitionState;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// Records that a group may be behind, or that a leader may have above its high watermark, without anybody wondering.
const USUAL: i64 = 20;
/// Answers may take so many seconds of a producer's rate.
const USUAL_S: u64 = 3;

/// What there is to ask at a moment.
type Asks = Box<dyn Fn(&Snapshot) -> Option<Question>>;

/// Keeps a button behind the first `b` of a card while there is something to ask.
fn on_card(card: &Element, ui: Ui, act: Act, asks: Asks) {
    let asked = StoredValue::new_local(asks);
    let words = move || ui.snap.with(|s| asked.with_value(|asks| asks(s))).map(|question| question.to_string()).unwrap_or_default();
    let ask = move || ui.snap.with_untracked(|s| asked.with_value(|asks| asks(s)));
    button(&dom::at(card, "b"), act, Box::new(words), Box::new(ask));
}

/// `words`: the question's, as the button's label; empty while there is none.
fn button(after: &Element, act: Act, words: Box<dyn Fn() -> String>, ask: Box<dyn Fn() -> Option<Question>>) {
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
        if let Some(question) = ask() {
            act.with_value(|s| answer(&s.run.borrow(), act, &question, &from));
        }
    });
}

/// Opens the panel above the caption.
fn answer(run: &Run, act: Act, question: &Question, from: &HtmlElement) {
    let Ok(Some(caption)) = from.closest(".tp").map(|tp| tp.map(|tp| dom::at(&tp, ".tp-caption"))) else { return };
    if let Ok(Some(open)) = caption.query_selector(".tp-why") {
        open.remove();
    }
    let panel = dom::element(
        "<div class=tp-why role=dialog><button type=button class='tp-text tp-end' aria-label='Close the answer'>close</button>\
        <b></b><ol></ol></div>",
    );
    let title = question.to_string();
    dom::set(&panel, "aria-label", &title);
    dom::at(&panel, "b").set_text_content(Some(&title));
    let list = dom::at(&panel, "ol");
    for link in why(run.world(), run.judge(), question).links {
        let us = link.at.micros_since(EPOCH);
        let line = dom::element(match link.event {
            Some(_) => "<li><button type=button class='tp-text tp-number' title='Go to this moment'></button> <span></span></li>",
            None => "<li><span class='tp-quiet tp-number'></span> <span></span></li>",
        });
        dom::set(&line, "data-us", &us.to_string());
        let when = match link.event {
            None if link.at == run.now() => "now".to_owned(),
            _ => format!("{}.{:03} s", us / 1_000_000, us / 1000 % 1000),
        };
        if let Some(id) = link.event {
            dom::set(&line, "data-event", &id.0.to_string());
            dom::on(&line, "button", "click", move |_| act.with_value(|s| s.scrub(us)));
        }
        dom::at(&line, ":first-child").set_text_content(Some(&when));
        dom::at(&line, ":last-child").set_text_content(Some(&link.text));
        let _ = list.append_child(&line);
    }
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
}

pub fn of_consumer(card: &Element, ui: Ui, act: Act, name: Arc<str>) {
    on_card(
        card,
        ui,
        act,
        Box::new(move |s| {
            let c = s.view.consumers.iter().find(|c| c.name == name)?;
            let works = c.state == "running" && matches!(c.client_state, "stable" | "assigned") && !c.assignment.is_empty();
            (!works).then(|| Question::Idle { consumer: name.clone() })
        }),
    );
}

pub fn of_producer(card: &Element, ui: Ui, act: Act, name: Arc<str>) {
    on_card(
        card,
        ui,
        act,
        Box::new(move |s| {
            let p = s.view.producers.iter().find(|p| p.name == name)?;
            let late = p.pending * 1000 > p.rate_per_1000s * USUAL_S;
            (late || p.failed > 0 || p.state != "running").then(|| Question::Late { producer: name.clone() })
        }),
    );
}

pub fn of_partition(card: &Element, ui: Ui, act: Act, topic: Arc<str>, partition: i32) {
    on_card(
        card,
        ui,
        act,
        Box::new(move |s| {
            let here = |p: &&PartitionState| p.view.topic == topic && p.view.partition == partition;
            let p = &s.view.partitions.iter().find(here)?.view;
            let topic = topic.clone();
            if p.leader < 0 {
                return Some(Question::Leaderless { topic, partition });
            }
            if let Some(broker) = p.replicas.iter().copied().find(|id| !p.isr.contains(id)) {
                return Some(Question::OutOfSync { topic, partition, broker });
            }
            let offset = p.high_watermark;
            (p.end_offset - offset > USUAL).then_some(Question::NotReadable { topic, partition, offset })
        }),
    );
}

pub fn of_group(card: &Element, ui: Ui, act: Act, group: Arc<str>) {
    on_card(
        card,
        ui,
        act,
        Box::new(move |s| {
            let view = s.view.groups.iter().find(|view| view.group == group)?;
            let mut most = (USUAL, None);
            for (topic, partition, at) in &view.offsets {
                let here = |p: &&PartitionState| p.view.topic == *topic && p.view.partition == *partition;
                let lag = s.view.partitions.iter().find(here).map_or(0, |p| p.view.high_watermark - at);
                if lag > most.0 {
                    most = (lag, Some((topic, *partition)));
                }
            }
            most.1.map(|(topic, partition)| Question::Lag { group: group.clone(), topic: topic.clone(), partition })
        }),
    );
}

/// Behind the ledger's line, when something was lost or given twice.
pub fn of_ledger(caption: &Element, ui: Ui, act: Act) {
    let words = move || {
        ui.ledger
            .with(|line| match line.as_str() {
                "" => "",
                line if !line.contains(" 0 lost") => "Why is a record gone?",
                line if line.contains("delivered again") => "Why was a record given twice?",
                _ => "",
            })
            .to_owned()
    };
    let ask = move || act.with_value(|s| suspect(&s.run.borrow()));
    button(&dom::at(caption, ".tp-ledger > :last-child"), act, Box::new(words), Box::new(ask));
}

/// The newest record of the ledger that was lost or, if none was, given twice.
fn suspect(run: &Run) -> Option<Question> {
    let ledger = run.judge().verdict(run.world(), false).ledger;
    let lost = ledger.records.into_iter().rev().filter(|fate| fate.lost).find_map(|fate| fate.promised);
    if let Some((topic, partition, offset)) = lost {
        return Some(Question::Gone { topic, partition, offset });
    }
    run.world().events().iter().rev().find_map(|event| match &event.kind {
        EventKind::Handled { node, group, topic, partition, offset, delivery } if *delivery > 1 => Some(Question::Twice {
            reader: group.as_ref().unwrap_or(node).clone(),
            topic: topic.clone(),
            partition: *partition,
            offset: *offset,
        }),
        _ => None,
    })
}
