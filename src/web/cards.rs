//! What stands on the stage: names, states and buttons, each where the scene has put it.

use super::clock::tenths;
use super::dom;
use super::panels::why;
use super::ui::{Act, Snapshot, Ui};
use crate::kafka::broker::PartitionView;
use crate::kafka::map::Map;
use crate::playground::scene::{Rect, Target};
use crate::playground::why::offers;
use crate::world::action::{Action, CommitPolicy, ConsumerSpec, Fault, Keys, ProducerSpec};
use crate::world::view::{ConsumerState, ProducerState};
use leptos::prelude::*;
use std::sync::Arc;
use web_sys::{Element, HtmlElement};

/// A handler that keeps up with everything, and a slow one: microseconds for each record.
const QUICK_US: i64 = 100_000;
const SLOW_US: i64 = 2_000_000;

/// What stands at one place, for as long as the scene has it.
struct Card {
    what: Target,
    place: Option<Rect>,
    node: HtmlElement,
    owner: Owner,
}

/// Keeps on `stage`, behind its canvas, a card for each place of the scene, in the scene's order.
pub fn cards(stage: &Element, ui: Ui, act: Act, controls: bool) {
    let Some(parent) = Owner::current() else { return };
    let stage = stage.clone();
    let mut cards: Vec<Card> = Vec::new();
    dom::effect(Box::new(move || {
        let snap = ui.snap.get();
        cards.retain(|card| {
            let stays = snap.places.iter().any(|p| p.what == card.what);
            if !stays {
                card.node.remove();
                card.owner.cleanup();
            }
            stays
        });
        let mut next = dom::at(&stage, "canvas").next_element_sibling();
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

fn card(ui: Ui, act: Act, controls: bool, what: &Target) -> HtmlElement {
    match what.clone() {
        Target::Heading(text) => heading(ui, act, controls, text),
        Target::Producer(name) => producer(ui, act, controls, name),
        Target::Broker(name) => broker(ui, act, controls, name),
        Target::Topic(topic) => topic_head(ui, act, controls, topic),
        Target::Partition(topic, n) => partition(ui, topic, n),
        Target::Internal(topic) => {
            let card = dom::element("<div class='tp-at tp-internal tp-mono'></div>");
            card.set_text_content(Some(&topic));
            card
        }
        Target::Group(name) => group(ui, act, controls, name),
        Target::Consumer(name) => consumer(ui, act, controls, name),
        // They move: the canvas draws them.
        Target::Record(..) | Target::Frame(_) => dom::element("<div hidden></div>"),
    }
}

/// Appends a button to a descendant of `card`.
fn button(card: &Element, selector: &str, act: Act, text: &str, label: &str, make: impl Fn() -> Option<Action> + 'static) -> Element {
    let button = dom::element("<button type=button class=tp-text></button>");
    button.set_text_content(Some(text));
    dom::set(&button, "aria-label", label);
    dom::set(&button, "title", label);
    dom::on(&button, "", "click", move |_| {
        if let Some(action) = make() {
            act.with_value(|s| s.act(action));
        }
    });
    let _ = dom::at(card, selector).append_child(&button);
    button.into()
}

/// What can be done to a client: the word, what the button says before and after its name, whether it hurts, and the action.
type Deed = (&'static str, &'static str, &'static str, bool, fn(Arc<str>) -> Action);

/// Keeps in `.tp-acts` the buttons for what `deeds` finds in the client's state.
fn deeds(card: &Element, act: Act, name: &Arc<str>, state: impl Fn() -> String + 'static, deeds: fn(&str) -> &'static [Deed]) {
    let (acts, name) = (dom::at(card, ".tp-acts"), name.clone());
    dom::when(state, move |state| {
        acts.set_text_content(None);
        for (word, before, after, bad, make) in deeds(state) {
            let name2 = name.clone();
            let button = button(&acts, "", act, word, &format!("{before} {name}{after}"), move || Some(make(name2.clone())));
            hurt(&button, *bad);
        }
    });
}

fn hurt(button: &Element, bad: bool) {
    if bad {
        button.set_class_name("tp-text tp-bad");
    }
}

/// "name-3" after "name-1" and "name-2".
fn fresh(stem: &str, taken: &[Arc<str>]) -> Arc<str> {
    let mut n = 1_u32;
    loop {
        let name: Arc<str> = format!("{stem}-{n}").into();
        if !taken.contains(&name) {
            return name;
        }
        n += 1;
    }
}

fn names(s: &Snapshot) -> Vec<Arc<str>> {
    s.view.producers.iter().map(|p| p.name.clone()).chain(s.view.consumers.iter().map(|c| c.name.clone())).collect()
}

fn user_topics(s: &Snapshot) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    for p in s.view.partitions.iter().filter(|p| !p.internal) {
        if !out.contains(&p.view.topic) {
            out.push(p.view.topic.clone());
        }
    }
    out
}

fn new_consumer(s: &Snapshot, group: Arc<str>) -> ConsumerSpec {
    let like = s.view.consumers.iter().find(|c| c.group.as_ref() == Some(&group));
    ConsumerSpec {
        name: fresh(&group, &names(s)),
        topics: like.map_or_else(|| user_topics(s), |c| c.topics.clone()),
        handle_us: like.map_or(QUICK_US, |c| c.handle_us.min(SLOW_US)),
        group: Some(group),
        commit: CommitPolicy::Auto,
        // Records that were there before the group was are read too, and a crash is noticed while somebody watches.
        config: [("auto.offset.reset", "earliest"), ("session.timeout.ms", "10000")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    }
}

fn heading(ui: Ui, act: Act, controls: bool, text: &'static str) -> HtmlElement {
    let (word, label) = match text {
        "Producers" => ("+ producer", "Add a producer"),
        "Cluster" => ("+ topic", "Add a topic with three partitions"),
        _ => ("+ group", "Add a consumer in a group of its own"),
    };
    let make = move || {
        let s = ui.snap.get_untracked();
        Some(match text {
            "Producers" => Action::AddProducer(ProducerSpec {
                name: fresh("producer", &names(&s)),
                topic: user_topics(&s).first().cloned()?,
                rate_per_1000s: 1000,
                keys: Keys::Uniform(6),
                value_bytes: 90,
                config: Map::new(),
            }),
            "Cluster" => Action::CreateTopic { topic: fresh("topic", &user_topics(&s)), partitions: 3, replicas: -1, config: Map::new() },
            _ => {
                let groups: Vec<Arc<str>> =
                    s.view.groups.iter().map(|g| g.group.clone()).chain(s.view.consumers.iter().filter_map(|c| c.group.clone())).collect();
                Action::AddConsumer(new_consumer(&s, fresh("group", &groups)))
            }
        })
    };
    let card = dom::element("<div class='tp-at tp-heading'><h3></h3></div>");
    dom::at(&card, "h3").set_text_content(Some(text));
    if text == "Cluster" {
        arrangements(&card, ui);
    }
    if controls {
        button(&card, "", act, word, label, make);
    }
    card
}

/// The switch between the two arrangements of the stage.
fn arrangements(card: &Element, ui: Ui) {
    let group = dom::element("<span class=tp-by role=group aria-label=Arrangement></span>");
    for (word, to) in [("by topic", false), ("by broker", true)] {
        let button = dom::element("<button type=button class=tp-text></button>");
        button.set_text_content(Some(word));
        dom::attribute(&button, "", "aria-pressed", move || (ui.by_broker.get() == to).to_string());
        dom::on(&button, "", "click", move |_| ui.by_broker.set(to));
        let _ = group.append_child(&button);
    }
    let _ = card.append_child(&group);
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
    move || ui.snap.with(|s| words(s.view.producers.iter().find(|p| p.name == name)))
}

fn producer(ui: Ui, act: Act, controls: bool, name: Arc<str>) -> HtmlElement {
    let card = dom::element(
        "<div class='tp-at tp-card tp-producer' role=group>\
        <div class=tp-row><b></b><span class='tp-quiet tp-number tp-end'></span></div>\
        <div class='tp-row tp-quiet tp-number'><span></span></div>\
        <div class=tp-row><span class='tp-acts tp-end'></span></div></div>",
    );
    dom::set(&card, "aria-label", &format!("producer {name}"));
    dom::at(&card, "b").set_text_content(Some(&name));
    why::on_card(&card, ui, offers::of_producer, name.clone());
    let process = |p: Option<&ProducerState>| p.map_or("stopped", |p| p.state).to_owned();
    dom::attribute(&card, "", "data-state", producer_words(ui, &name, process));
    let word = |p: Option<&ProducerState>| match p {
        Some(p) if p.state == "running" => rate_words(p.rate_per_1000s),
        other => other.map_or("stopped", |p| p.state).to_owned(),
    };
    dom::text(&card, ".tp-end", producer_words(ui, &name, word));
    let line = |p: Option<&ProducerState>| {
        let Some(p) = p else { return String::new() };
        let acks = if p.acks < 0 { "all".to_owned() } else { p.acks.to_string() };
        let failed = if p.failed > 0 { format!(", {} failed", p.failed) } else { String::new() };
        format!("acks={acks} · {} acked{failed}", p.acked)
    };
    dom::text(&card, ".tp-quiet > span", producer_words(ui, &name, line));
    if controls {
        deeds(&card, act, &name, producer_words(ui, &name, process), |state| match state {
            "running" | "paused" => &[
                ("stop", "Stop", "", false, |name| Action::StopClient { name }),
                ("crash", "Crash", "", true, |name| Action::CrashClient { name }),
            ],
            _ => &[("restart", "Restart", "", false, |name| Action::RestartClient { name })],
        });
    } else {
        dom::at(&card, ".tp-acts").remove();
    }
    card
}

/// What can be done to a broker: the word, what it means, whether it hurts, and the fault.
type Offer = (&'static str, &'static str, bool, fn(Arc<str>) -> Fault);
const RUNNING: &[Offer] = &[
    ("kill", "Its process dies; its page cache stays", true, |node| Fault::Kill { node }),
    ("power loss", "Its machine dies; what was not flushed is lost", true, |node| Fault::PowerLoss { node }),
    ("stop", "A controlled shutdown: its leaders move first", false, |node| Fault::Stop { node }),
    ("freeze", "Its process stands still, as in a long garbage collection", false, |node| Fault::Pause { node }),
    ("isolate", "Nothing goes to it or from it", true, |node| Fault::Isolate { node }),
    ("slow disk", "Whatever it writes takes 300 ms longer", false, |node| Fault::SlowDisk { node, delay_us: 300_000 }),
    ("fill disk", "Not a byte is free on its disk", true, |node| Fault::FullDisk { node, free: Some(0) }),
    ("skew clock", "Its clock goes a minute ahead", false, |node| Fault::Skew { node, by_us: 60_000_000 }),
    ("heal network", "Every cut in the network is healed", false, |_| Fault::Heal),
];
const FROZEN: &[Offer] = &[
    ("thaw", "Its process goes on", false, |node| Fault::Resume { node }),
    ("kill", "Its process dies; its page cache stays", true, |node| Fault::Kill { node }),
];
const DOWN: &[Offer] = &[
    ("start", "It starts again from its disk", false, |node| Fault::Restart { node }),
    ("wipe disk", "Its disk is lost", true, |node| Fault::Wipe { node }),
    ("free disk", "There is room on its disk again", false, |node| Fault::FullDisk { node, free: None }),
];

/// The process's state, and what to say of it.
fn broker_words(s: &Snapshot, name: &str) -> (&'static str, &'static str) {
    let Some(b) = s.view.brokers.iter().find(|b| &*b.name == name) else { return ("gone", "gone") };
    let word = match b.state {
        "running" if b.isolated => "isolated",
        "running" if b.is_controller => "♛ controller",
        "running" if b.fenced => "fenced",
        "running" if b.slow_us > 0 => "slow disk",
        "running" if b.disk_free == 0 => "disk full",
        "running" if b.skew_us != 0 => "clock skewed",
        "running" => "",
        other => other,
    };
    (b.state, word)
}

fn broker(ui: Ui, act: Act, controls: bool, name: Arc<str>) -> HtmlElement {
    let card = dom::element(
        "<div class='tp-at tp-card tp-broker' role=group><button type=button class=tp-row title='What can be done to it'>\
        <i class=tp-light aria-hidden=true></i><b></b><span class='tp-quiet tp-end'></span></button></div>",
    );
    dom::set(&card, "aria-label", &format!("broker {name}"));
    dom::at(&card, "b").set_text_content(Some(&name));
    let open = RwSignal::new(false);
    let (of, said) = (name.clone(), name.clone());
    let state = move || ui.snap.with(|s| broker_words(s, &of).0.to_owned());
    dom::attribute(&card, "", "data-state", state.clone());
    dom::attribute(&card, "button", "aria-expanded", move || open.get().to_string());
    dom::text(&card, ".tp-end", move || ui.snap.with(|s| broker_words(s, &said).1.to_owned()));
    if !controls {
        dom::set(&dom::at(&card, "button"), "disabled", "");
    }
    dom::on(&card, "button", "click", move |_| open.set(!open.get_untracked()));
    let (menu, parent) = (dom::element("<div class=tp-menu></div>"), card.clone());
    let offered = move || if open.get() { state() } else { String::new() };
    dom::when(offered, move |state| {
        menu.remove();
        menu.set_text_content(None);
        let offers = match state {
            "" => return,
            "running" => RUNNING,
            "paused" => FROZEN,
            _ => DOWN,
        };
        for (text, label, bad, fault) in offers {
            let name = name.clone();
            let button = button(&menu, "", act, text, label, move || {
                open.set(false);
                Some(Action::Fault(fault(name.clone())))
            });
            hurt(&button, *bad);
        }
        let _ = parent.append_child(&menu);
    });
    card
}

fn topic_head(ui: Ui, act: Act, controls: bool, topic: Arc<str>) -> HtmlElement {
    let card = dom::element("<div class='tp-at tp-topic'><b></b><span class=tp-quiet></span></div>");
    dom::at(&card, "b").set_text_content(Some(&topic));
    let count = {
        let topic = topic.clone();
        move |s: &Snapshot| s.view.partitions.iter().filter(|p| p.view.topic == topic).count()
    };
    let counted = count.clone();
    dom::text(&card, "span", move || match ui.snap.with(|s| counted(s)) {
        1 => "1 partition".to_owned(),
        n => format!("{n} partitions"),
    });
    if controls {
        let label = format!("Add a partition to {topic}");
        button(&card, "", act, "+ partition", &label, move || {
            let total = i32::try_from(count(&ui.snap.get_untracked())).ok()? + 1;
            Some(Action::AddPartitions { topic: topic.clone(), total })
        });
    }
    card
}

/// Who leads, and who is in sync; with one replica there is nothing to say of the latter.
fn leader_words(p: &PartitionView) -> String {
    let leader = if p.leader < 0 { "no leader".to_owned() } else { format!("leader {}, epoch {}", p.leader, p.leader_epoch) };
    match p.replicas.len() {
        0 | 1 => leader,
        all if p.leader >= 0 && p.isr.len() < all => format!("{leader}, {}/{all}", p.isr.len()),
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
    let here = (topic.clone(), n);
    let zoomed = move || ui.zoomed.with(|z| z.as_ref() == Some(&here));
    let is = zoomed.clone();
    dom::attribute(&card, "button", "aria-pressed", move || is().to_string());
    let zoom = dom::at(&card, "button");
    dom::text(&zoom, "", move || if zoomed() { "whole cluster" } else { "zoom" }.into());
    dom::set(&zoom, "aria-label", &format!("Zoom into {title}"));
    let here = (topic.clone(), n);
    dom::on(&zoom, "", "click", move |_| ui.zoomed.update(|z| *z = if z.as_ref() == Some(&here) { None } else { Some(here.clone()) }));
    dom::at(&card, "b").set_text_content(Some(&title));
    why::on_card(&card, ui, offers::of_partition, format!("{topic}-{n}").into());
    let of = move |s: &Snapshot, words: &dyn Fn(&PartitionView) -> String| {
        s.view.partitions.iter().find(|p| p.view.topic == topic && p.view.partition == n).map(|p| words(&p.view)).unwrap_or_default()
    };
    let leader = of.clone();
    dom::text(&card, "span", move || ui.snap.with(|s| leader(s, &leader_words)));
    dom::attribute(&card, "", "aria-label", move || {
        let offsets = |p: &PartitionView| format!("high watermark {}, end offset {}", p.high_watermark, p.end_offset);
        format!("partition {title}, {}", ui.snap.with(|s| of(s, &offsets)))
    });
    card
}

/// The group's state in Kafka's word, and its generation.
fn group_state(s: &Snapshot, name: Option<&Arc<str>>) -> Option<(&'static str, i32)> {
    s.view.groups.iter().find(|g| Some(&g.group) == name).map(|g| (g.state, g.generation))
}

fn group(ui: Ui, act: Act, controls: bool, name: Option<Arc<str>>) -> HtmlElement {
    let card = dom::element(
        "<div class='tp-at tp-card tp-group' role=group><div class='tp-row tp-head'><b class=tp-title></b></div>\
        <div class=tp-foot><span class='tp-quiet tp-number'>sink: <b></b> handled<i></i><span></span></span></div></div>",
    );
    let title = name.as_deref().unwrap_or("without a group");
    dom::set(&card, "aria-label", &format!("consumer group {title}"));
    dom::at(&card, "b").set_text_content(Some(title));
    let counted = name.clone();
    let counts = move || {
        ui.snap.with(|s| s.view.consumers.iter().filter(|c| c.group == counted).fold((0, 0), |a, c| (a.0 + c.handled, a.1 + c.duplicates)))
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
    why::on_card(&card, ui, offers::of_group, name.clone());
    let head = dom::at(&card, ".tp-head");
    for markup in ["<span class=tp-pill></span>", "<span class='tp-quiet tp-number tp-end'></span>"] {
        let _ = head.append_child(&dom::element(markup));
    }
    let (pill, of) = (dom::at(&head, ".tp-pill"), name.clone());
    dom::when(
        move || ui.snap.with(|s| group_state(s, Some(&of)).map_or("", |g| g.0).to_owned()),
        move |state| {
            dom::set(&pill, "data-state", state);
            dom::set(&pill, "title", state);
            pill.set_text_content(Some(match state {
                "" => "not joined yet",
                "PreparingRebalance" | "CompletingRebalance" => "Rebalancing",
                state => state,
            }));
        },
    );
    let of = name.clone();
    let generation = move || ui.snap.with(|s| group_state(s, Some(&of)).map_or_else(String::new, |g| format!("generation {}", g.1)));
    dom::text(&head, ".tp-end", generation);
    if controls {
        let end = dom::element("<span class=tp-end></span>");
        let _ = dom::at(&card, ".tp-foot").append_child(&end);
        let label = format!("Add a consumer to {name}");
        button(&end, "", act, "+ consumer", &label, move || {
            Some(Action::AddConsumer(new_consumer(&ui.snap.get_untracked(), name.clone())))
        });
    }
    card
}

fn partitions_words(c: &ConsumerState) -> String {
    if c.assignment.is_empty() {
        return match (c.state, c.client_state) {
            ("crashed" | "stopped", _) => "owns nothing".into(),
            (_, "stable") => "idle: no partition".into(),
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
    move || ui.snap.with(|s| words(s, s.view.consumers.iter().find(|c| c.name == name)))
}

fn consumer(ui: Ui, act: Act, controls: bool, name: Arc<str>) -> HtmlElement {
    let card = dom::element(
        "<div class='tp-at tp-member' role=group><div class=tp-row><b></b><span class='tp-quiet tp-number tp-end'></span></div>\
        <div class='tp-row tp-mono tp-owns'></div>\
        <div class=tp-row><span class='tp-quiet tp-number'><span></span><i> handled</i></span>\
        <span class='tp-acts tp-end'></span></div></div>",
    );
    dom::set(&card, "aria-label", &format!("consumer {name}"));
    dom::at(&card, "b").set_text_content(Some(&name));
    why::on_card(&card, ui, offers::of_consumer, name.clone());
    let process = |_: &Snapshot, c: Option<&ConsumerState>| c.map_or("stopped", |c| c.state).to_owned();
    dom::attribute(&card, "", "data-state", consumer_words(ui, &name, process));
    let word = |s: &Snapshot, c: Option<&ConsumerState>| match c.map_or("stopped", |c| c.state) {
        "running" => match c.map(|c| (c.client_state, lag(s, c))) {
            Some(("stable" | "assigned", Some(lag))) => format!("lag {lag}"),
            other => other.map_or("", |o| o.0).to_owned(),
        },
        "paused" => "frozen".to_owned(),
        other => other.to_owned(),
    };
    dom::text(&card, ".tp-end", consumer_words(ui, &name, word));
    dom::text(&card, ".tp-owns", consumer_words(ui, &name, |_, c| c.map(partitions_words).unwrap_or_default()));
    let handled = |_: &Snapshot, c: Option<&ConsumerState>| c.map(|c| c.handled.to_string()).unwrap_or_default();
    dom::text(&card, ".tp-quiet > span", consumer_words(ui, &name, handled));
    if !controls {
        dom::at(&card, ".tp-acts").remove();
        return card;
    }
    let state = |_: &Snapshot, c: Option<&ConsumerState>| {
        match c {
            Some(c) if c.state == "running" && c.handle_us >= SLOW_US => "slow",
            other => other.map_or("stopped", |c| c.state),
        }
        .to_owned()
    };
    deeds(&card, act, &name, consumer_words(ui, &name, state), |state| {
        const PAUSE: Deed = ("pause", "Freeze", ", as a long garbage collection does", false, |name| Action::PauseClient { name });
        const STOP: Deed = ("stop", "Stop", ": it leaves its group", false, |name| Action::StopClient { name });
        const CRASH: Deed = ("crash", "Crash", ": it says nothing", true, |name| Action::CrashClient { name });
        const QUICK: Deed = ("quick", "Make", " quick again", false, |name| Action::SetHandleTime { name, handle_us: QUICK_US });
        const SLOW: Deed =
            ("slow", "Make", " slow: two seconds for each record", false, |name| Action::SetHandleTime { name, handle_us: SLOW_US });
        match state {
            "slow" => &[QUICK, PAUSE, STOP, CRASH],
            "running" => &[SLOW, PAUSE, STOP, CRASH],
            "paused" => &[("resume", "Resume", "", false, |name| Action::ResumeClient { name }), CRASH],
            _ => &[("restart", "Restart", "", false, |name| Action::RestartClient { name })],
        }
    });
    card
}
