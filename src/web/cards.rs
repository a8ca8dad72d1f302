//! What stands on the stage: names, states and buttons, each where the scene has put it.

use super::clock::tenths;
use super::context::{PageStateStoreFields as _, Snapshot, StageHandle, Ui};
use super::panels::ask;
use super::{dom, menu, zoom};
use crate::kafka::broker::PartitionView;
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::coordinator::GroupState;
use crate::playground::scene::{ARRANGEMENTS, Rect, Target, between};
use crate::world::ProcessState;
use crate::world::view::{ConsumerState, ProducerState};
use leptos::prelude::*;
use std::sync::Arc;
use web_sys::{Element, HtmlElement};

/// What stands at one place, for as long as the scene has it.
struct Card {
    what: Target,
    place: Option<Rect>,
    node: HtmlElement,
    owner: Owner,
}

/// Keeps on `stage`, behind its canvases, a card for each place of the scene, in the scene's order.
pub fn cards(stage: &Element, ui: Ui, act: StageHandle, controls: bool) {
    let Some(parent) = Owner::current() else { return };
    let stage = stage.clone();
    let mut cards: Vec<Card> = Vec::new();
    dom::effect(Box::new(move || {
        let snap = ui.snap().get();
        cards.retain(|card| {
            let stays = snap.places.iter().any(|p| p.what == card.what);
            if !stays {
                card.node.remove();
                card.owner.cleanup();
            }
            stays
        });
        let mut next = dom::at(&stage, "canvas + canvas").next_element_sibling();
        for place in &snap.places {
            let i = cards.iter().position(|c| c.what == place.what).unwrap_or_else(|| {
                let owner = parent.child();
                let node = owner.with(|| card(ui, act, controls, &place.what));
                cards.push(Card { what: place.what.clone(), place: None, node, owner });
                cards.len() - 1
            });
            let card = &mut cards[i];
            if next.as_ref() == Some(card.node.as_ref()) {
                next = card.node.next_element_sibling();
            } else {
                let _ = stage.insert_before(&card.node, next.as_deref());
            }
            if card.place.replace(place.rect) != Some(place.rect) {
                let Rect { x, y, w, h } = place.rect;
                // Where there are many, each has one line.
                let line = h < if matches!(place.what, Target::Partition(..)) { 15.0 } else { 36.0 };
                let _ = card.node.toggle_attribute_with_force("data-line", line);
                let [x, y, w, h] = [x, y, w, h].map(tenths);
                card.node.style().set_css_text(&format!("left:{x}px;top:{y}px;width:{w}px;height:{h}px"));
            }
        }
    }));
}

fn card(ui: Ui, act: StageHandle, controls: bool, what: &Target) -> HtmlElement {
    let card = match what.clone() {
        Target::Heading(text) => heading(ui, act, text),
        Target::Producer(name) => producer(ui, name),
        Target::Broker(name) => broker(ui, name),
        Target::Topic(topic) => topic_head(ui, topic),
        Target::Partition(topic, n) => partition(ui, topic, n),
        Target::Internal(topic) => named("<div class='tp-at tp-internal tp-mono' role=group><b></b></div>", "internal topic ", &topic),
        Target::Link(a, b) => link(ui, &a, &b),
        Target::Group(name) => group(ui, name),
        Target::Consumer(name) => consumer(ui, name),
        // One stands there only while it is looked into, and that is drawn by the second file.
        Target::Record(..) => return zoom::record(ui, act, what),
        // They move: the canvas draws them.
        Target::Frame(_) => return dom::element("<div hidden></div>"),
    };
    if controls && *what != Target::Group(None) {
        menu::on(&card, ui, act, what);
    }
    card
}

/// The markup with a name in its heading; what it is, and the name, are its label.
fn named(markup: &str, what: &str, name: &str) -> HtmlElement {
    let card = dom::element(markup);
    dom::at(&card, "b,h3").set_text_content(Some(name));
    if !what.is_empty() {
        dom::set(&card, "aria-label", &format!("{what}{name}"));
    }
    card
}

fn heading(ui: Ui, act: StageHandle, text: &'static str) -> HtmlElement {
    let card = named("<div class='tp-at tp-heading'><h3></h3><span class=tp-acts></span></div>", "", text);
    if text == "Cluster" {
        arrangements(&card, ui);
        let (mut made, of, owner) = (false, card.clone(), Owner::current());
        dom::effect(Box::new(move || {
            // They live as long as the heading, not until this runs again.
            if let Some(owner) = &owner
                && ui.zoomed().with(Option::is_some)
                && !std::mem::replace(&mut made, true)
            {
                owner.with(|| zoom::crumbs(&of, ui, act));
            }
        }));
    }
    card
}

/// The switch between the arrangements of the stage.
fn arrangements(card: &Element, ui: Ui) {
    let group = dom::element("<span class=tp-by role=group aria-label=Arrangement></span>");
    for to in ARRANGEMENTS {
        let button = dom::element("<button type=button class=tp-text></button>");
        button.set_text_content(Some(to.label));
        dom::set(&button, "title", to.about);
        dom::attribute(&button, "", "aria-pressed", move || (ui.arrangement().get() == to).to_string());
        dom::on(&button, "", "click", move |_| ui.arrangement().set(to));
        let _ = group.append_child(&button);
    }
    let _ = dom::at(card, "h3").after_with_node_1(&group);
}

fn rate_words(per_1000s: u64) -> String {
    if per_1000s.is_multiple_of(1000) {
        format!("{}/s", per_1000s / 1000)
    } else {
        format!("{}.{}/s", per_1000s / 1000, per_1000s / 100 % 10)
    }
}

/// A closure that reads one producer of the moment; `None` when it has gone.
fn producer_words(ui: Ui, name: &Arc<str>, words: fn(Option<&ProducerState>) -> String) -> impl Fn() -> String + 'static {
    let name = name.clone();
    move || ui.snap().with(|s| words(s.view.producers.iter().find(|p| p.name == name)))
}

fn producer(ui: Ui, name: Arc<str>) -> HtmlElement {
    let card = named(
        "<div class='tp-at tp-card tp-producer' role=group>\
        <div class=tp-row><b></b><span class='tp-quiet tp-number tp-end'></span></div>\
        <div class='tp-row tp-quiet tp-number'><span></span></div>\
        <div class=tp-row><span class='tp-acts tp-end'></span></div></div>",
        "producer ",
        &name,
    );
    ask::on_card(&card, ui, Target::Producer(name.clone()));
    let process = |p: Option<&ProducerState>| p.map_or(ProcessState::Stopped, |p| p.state).to_string();
    dom::attribute(&card, "", "data-state", producer_words(ui, &name, process));
    let word = |p: Option<&ProducerState>| match p {
        Some(p) if p.state.is_running() => rate_words(p.rate_per_1000s),
        other => other.map_or(ProcessState::Stopped, |p| p.state).to_string(),
    };
    dom::text(&card, ".tp-end", producer_words(ui, &name, word));
    let line = |p: Option<&ProducerState>| {
        let Some(p) = p else { return String::new() };
        let acks = if p.acks < 0 { "all".to_owned() } else { p.acks.to_string() };
        let failed = if p.failed > 0 { format!(", {} failed", p.failed) } else { String::new() };
        format!("acks={acks} · {} acked{failed}", p.acked)
    };
    dom::text(&card, ".tp-quiet > span", producer_words(ui, &name, line));
    card
}

/// The process's state, and what to say of it.
fn broker_words(s: &Snapshot, name: &str) -> (&'static str, &'static str) {
    let Some(b) = s.view.brokers.iter().find(|b| &*b.name == name) else { return ("gone", "gone") };
    let word = match b.state {
        ProcessState::Running if b.isolated => "isolated",
        ProcessState::Running if b.is_controller => "♛ controller",
        ProcessState::Running if b.fenced => "fenced",
        ProcessState::Running if b.slow_us > 0 => "slow disk",
        ProcessState::Running if b.disk_free == 0 => "disk full",
        ProcessState::Running if b.skew_us != 0 => "clock skewed",
        ProcessState::Running => "",
        other => other.name(),
    };
    (b.state.name(), word)
}

fn broker(ui: Ui, name: Arc<str>) -> HtmlElement {
    let card = named(
        "<div class='tp-at tp-card tp-broker' role=group><div class=tp-row>\
        <i class=tp-light aria-hidden=true></i><b></b><span class='tp-quiet tp-end'></span></div></div>",
        "broker ",
        &name,
    );
    dom::set(&card, "data-broker", &name);
    let (of, said) = (name.clone(), name.clone());
    dom::attribute(&card, "", "data-state", move || ui.snap().with(|s| broker_words(s, &of).0.to_owned()));
    dom::text(&card, ".tp-end", move || ui.snap().with(|s| broker_words(s, &said).1.to_owned()));
    card
}

fn link(ui: Ui, a: &Arc<str>, b: &Arc<str>) -> HtmlElement {
    let markup = "<div class='tp-at tp-internal tp-link tp-number' role=group><b></b> <span></span></div>";
    let (card, a, b) = (named(markup, "link ", &format!("{a} – {b}")), a.clone(), b.clone());
    dom::text(&card, "span", move || ui.snap().with(|s| between(&s.view, &a, &b)));
    card
}

fn topic_head(ui: Ui, topic: Arc<str>) -> HtmlElement {
    let markup = "<div class='tp-at tp-topic' role=group><b></b><span class=tp-quiet></span><span class=tp-acts></span></div>";
    let card = named(markup, "topic ", &topic);
    dom::set(&card, "data-topic", &topic);
    dom::text(&card, ".tp-quiet", move || match ui.snap().with(|s| s.view.partitions.iter().filter(|p| p.view.topic == topic).count()) {
        1 => "1 partition".to_owned(),
        n => format!("{n} partitions"),
    });
    card
}

/// Who leads, and who is in sync; with one replica there is nothing to say of the latter.
fn leader_words(p: &PartitionView) -> String {
    let leader = if p.leader < 0 { "no leader".to_owned() } else { format!("leader {}, epoch {}", p.leader, p.leader_epoch) };
    match p.replicas.len() {
        0 | 1 => leader,
        // There is room for one of them: the epoch is in the inspector.
        all if p.leader >= 0 && p.isr.len() < all => format!("leader {}, ISR {}/{all}", p.leader, p.isr.len()),
        _ => leader,
    }
}

fn partition(ui: Ui, topic: Arc<str>, n: i32) -> HtmlElement {
    let card = dom::element(
        "<div class='tp-at tp-partition' role=group tabindex=0 aria-description='Arrows walk its records, Enter follows one or zooms'>\
            <b class=tp-mono></b><span class='tp-quiet tp-number'></span><button type=button class='tp-text tp-zoom'></button></div>",
    );
    let title = format!("{topic}-{n}");
    dom::set(&card, "data-topic", &topic);
    dom::set(&card, "data-n", &n.to_string());
    let here = Target::Partition(topic.clone(), n);
    let to = here.clone();
    let zoomed = move || ui.zoomed().with(|z| z.as_ref() == Some(&here));
    let is = zoomed.clone();
    dom::attribute(&card, "button", "aria-pressed", move || is().to_string());
    let zoom = dom::at(&card, "button");
    dom::text(&zoom, "", move || if zoomed() { "whole cluster" } else { "zoom" }.into());
    dom::set(&zoom, "aria-label", &format!("Zoom into {title}"));
    dom::on(&zoom, "", "click", move |_| ui.zoomed().update(|z| *z = if z.as_ref() == Some(&to) { None } else { Some(to.clone()) }));
    dom::at(&card, "b").set_text_content(Some(&title));
    ask::on_card(&card, ui, Target::Partition(topic.clone(), n));
    let of = move |s: &Snapshot, words: &dyn Fn(&PartitionView) -> String| {
        s.view.partitions.iter().find(|p| p.view.topic == topic && p.view.partition == n).map(|p| words(&p.view)).unwrap_or_default()
    };
    let leader = of.clone();
    dom::text(&card, "span", move || ui.snap().with(|s| leader(s, &leader_words)));
    dom::attribute(&card, "", "aria-label", move || {
        let offsets = |p: &PartitionView| format!("high watermark {}, end offset {}", p.high_watermark, p.end_offset);
        format!("partition {title}, {}", ui.snap().with(|s| of(s, &offsets)))
    });
    card
}

/// The group's state in Kafka's word, and its generation.
fn group_state(s: &Snapshot, name: Option<&Arc<str>>) -> Option<(GroupState, i32)> {
    s.view.groups.iter().find(|g| Some(&g.group) == name).map(|g| (g.state, g.generation))
}

fn group(ui: Ui, name: Option<Arc<str>>) -> HtmlElement {
    let card = dom::element(
        "<div class='tp-at tp-card tp-group' role=group><div class='tp-row tp-head'><b class=tp-title></b></div>\
        <div class=tp-foot><span class='tp-quiet tp-number'>sink: <b></b> handled<i></i><span></span></span>\
        <span class='tp-acts tp-end'></span></div></div>",
    );
    let title = name.as_deref().unwrap_or("without a group");
    dom::set(&card, "aria-label", &format!("consumer group {title}"));
    dom::at(&card, "b").set_text_content(Some(title));
    let counted = name.clone();
    let counts = move || {
        ui.snap()
            .with(|s| s.view.consumers.iter().filter(|c| c.group == counted).fold((0, 0), |a, c| (a.0 + c.handled, a.1 + c.duplicates)))
    };
    let foot = dom::at(&card, ".tp-foot > span");
    let (handled, twice) = (counts.clone(), counts.clone());
    dom::text(&foot, "b", move || handled().0.to_string());
    dom::text(&foot, "i", move || if twice().1 == 0 { ", none twice" } else { "" }.to_owned());
    dom::text(&foot, "span", move || match counts().1 {
        0 => String::new(),
        n => format!(", {n} of them again"),
    });
    let Some(name) = name else { return card };
    ask::on_card(&card, ui, Target::Group(Some(name.clone())));
    let head = dom::at(&card, ".tp-head");
    for markup in ["<span class=tp-pill></span>", "<span class='tp-quiet tp-number tp-end'></span>"] {
        let _ = head.append_child(&dom::element(markup));
    }
    let (pill, of) = (dom::at(&head, ".tp-pill"), name.clone());
    dom::when(
        move || ui.snap().with(|s| group_state(s, Some(&of)).map_or("", |g| g.0.name()).to_owned()),
        move |state| {
            dom::set(&pill, "data-state", state);
            dom::set(&pill, "title", state);
        },
    );
    let of = name.clone();
    let words = move || match ui.snap().with(|s| group_state(s, Some(&of))) {
        None => "not joined yet",
        Some((state, _)) if state.is_rebalancing() => "Rebalancing",
        Some((state, _)) => state.name(),
    };
    dom::text(&head, ".tp-pill", move || words().to_owned());
    let of = name.clone();
    let generation = move || ui.snap().with(|s| group_state(s, Some(&of)).map_or_else(String::new, |g| format!("generation {}", g.1)));
    dom::text(&head, ".tp-end", generation);
    card
}

fn partitions_words(c: &ConsumerState) -> String {
    if c.assignment.is_empty() {
        return match (c.state, c.client_state) {
            (ProcessState::Crashed | ProcessState::Stopped, _) => "owns nothing".into(),
            (_, MembershipState::Stable) => "idle: no partition".into(),
            _ => "waiting for partitions".into(),
        };
    }
    // Three and more in a row are said by their ends.
    let mut words = String::new();
    let mut rest = &c.assignment[..];
    while let [(topic, first), ..] = rest {
        let run = rest.iter().zip(*first..).take_while(|((t, n), i)| t == topic && n == i).count();
        let (taken, last) = if run > 2 { (run, format!(" to {}", rest[run - 1].1)) } else { (1, String::new()) };
        let comma = if words.is_empty() { "" } else { ", " };
        words += &format!("{comma}{topic}-{first}{last}");
        rest = &rest[taken..];
    }
    words
}

/// Records that lie before the high watermarks and behind what the consumer has read; `None` until it reads.
fn lag(s: &Snapshot, c: &ConsumerState) -> Option<i64> {
    let end = |t: &Arc<str>, n: i32| {
        s.view.partitions.iter().find(|p| p.view.topic == *t && p.view.partition == n).map(|p| p.view.high_watermark)
    };
    (!c.positions.is_empty()).then(|| c.positions.iter().filter_map(|(t, n, at)| Some((end(t, *n)? - at).max(0))).sum())
}

/// A closure that reads one consumer of the moment; `None` when it has gone.
fn consumer_words(ui: Ui, name: &Arc<str>, words: fn(&Snapshot, Option<&ConsumerState>) -> String) -> impl Fn() -> String + 'static {
    let name = name.clone();
    move || ui.snap().with(|s| words(s, s.view.consumers.iter().find(|c| c.name == name)))
}

fn consumer(ui: Ui, name: Arc<str>) -> HtmlElement {
    let card = named(
        "<div class='tp-at tp-member' role=group><div class=tp-row><b></b><span class='tp-quiet tp-number tp-end'></span></div>\
        <div class='tp-row tp-mono tp-owns'></div>\
        <div class=tp-row><span class='tp-quiet tp-number'><span></span><i> handled</i></span>\
        <span class='tp-acts tp-end'></span></div></div>",
        "consumer ",
        &name,
    );
    ask::on_card(&card, ui, Target::Consumer(name.clone()));
    let process = |_: &Snapshot, c: Option<&ConsumerState>| c.map_or(ProcessState::Stopped, |c| c.state).to_string();
    dom::attribute(&card, "", "data-state", consumer_words(ui, &name, process));
    let word = |s: &Snapshot, c: Option<&ConsumerState>| match c.map_or(ProcessState::Stopped, |c| c.state) {
        ProcessState::Running => match c.map(|c| (c.client_state, lag(s, c))) {
            Some((state, Some(lag))) if state.is_settled() => format!("lag {lag}"),
            other => other.map_or("", |o| o.0.name()).to_owned(),
        },
        ProcessState::Paused => "frozen".to_owned(),
        other => other.to_string(),
    };
    dom::text(&card, ".tp-end", consumer_words(ui, &name, word));
    dom::text(&card, ".tp-owns", consumer_words(ui, &name, |_, c| c.map(partitions_words).unwrap_or_default()));
    let handled = |_: &Snapshot, c: Option<&ConsumerState>| c.map(|c| c.handled.to_string()).unwrap_or_default();
    dom::text(&card, ".tp-quiet > span", consumer_words(ui, &name, handled));
    card
}
