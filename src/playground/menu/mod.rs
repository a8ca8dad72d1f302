//! The menus of the things on the stage, their forms, and the marks of what was just done. A menu item is a line of the scenario language,
//! so that what is chosen from a menu is what a file says.

mod form;
mod rows;
#[cfg(test)]
mod tests;

pub use form::{Ask, Field, Form, form};

use super::scenario::{duration_text, quoted, rate_text};
use super::scene::{Target, between};
use crate::world::ProcessState;
use crate::world::view::{BrokerState, ConsumerState, WorldView};
use rows::{CLIENT, CONSUMER, DOWN, FROZEN, FULL, HURTS, QUICK, RUNNING, Row, SKEWED, SLOW};
use std::sync::Arc;

/// A handler that keeps up with everything, and a slow one: microseconds for each record.
const QUICK_US: i64 = 100_000;
const SLOW_US: i64 = 2_000_000;

/// What a menu belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MenuTarget {
    At(Target),
    /// The links of a node.
    Links(Arc<str>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Does this line of the scenario language, without its `at TIME`.
    Line(String),
    /// Opens another menu.
    Open(MenuTarget),
    /// Opens a form.
    Ask(Ask),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MenuItem {
    /// Items of one group stand together under its name.
    pub group: &'static str,
    pub label: String,
    pub description: String,
    /// It does harm: drawn in the colour of errors.
    pub hurts: bool,
    /// It has a button of its own on its target, beside the menu.
    pub quick: bool,
    pub effect: Effect,
}

/// What a target is called in a menu's name: `broker-1`, `the link between broker-1 and checkout`.
pub fn title(target: &MenuTarget) -> String {
    match target {
        MenuTarget::At(target) => match target {
            Target::Heading(text) => (*text).to_owned(),
            Target::Partition(topic, n) => format!("{topic}-{n}"),
            Target::Group(None) => "without a group".to_owned(),
            Target::Producer(name)
            | Target::Broker(name)
            | Target::Topic(name)
            | Target::Internal(name)
            | Target::Group(Some(name))
            | Target::Consumer(name) => name.to_string(),
            Target::Link(a, b) => format!("{a} – {b}"),
            Target::Record(..) | Target::Frame(_) => String::new(),
        },
        MenuTarget::Links(name) => format!("Links of {name}"),
    }
}

/// All that can be done to the target now; empty when it is not there any more.
pub fn menu_items(view: &WorldView, target: &MenuTarget) -> Vec<MenuItem> {
    let mut out = Vec::new();
    let o = &mut out;
    match target {
        MenuTarget::At(target) => standing(view, target, o),
        MenuTarget::Links(name) => {
            let brokers = view.brokers.iter().map(|b| &b.name);
            // Clients have links to brokers only.
            let clients = names(view).filter(|_| view.brokers.iter().any(|b| b.name == *name));
            for other in brokers.chain(clients).filter(|other| *other != name) {
                add(
                    o,
                    0,
                    "To",
                    other,
                    &between(view, name, other),
                    Effect::Open(MenuTarget::At(Target::Link(name.clone(), other.clone()))),
                );
            }
        }
    }
    out
}

fn add(out: &mut Vec<MenuItem>, how: u16, group: &'static str, label: &str, description: &str, effect: Effect) {
    let (label, description) = (label.to_owned(), description.to_owned());
    out.push(MenuItem { group, label, description, hurts: how & HURTS != 0, quick: how & QUICK != 0, effect });
}

fn line(out: &mut Vec<MenuItem>, how: u16, group: &'static str, words: &str, means: &str, line: String) {
    add(out, how, group, words, means, Effect::Line(line));
}

fn ask(out: &mut Vec<MenuItem>, group: &'static str, words: &str, means: &str, ask: Ask) {
    add(out, 0, group, words, means, Effect::Ask(ask));
}

fn is_cut(view: &WorldView, from: &str, to: &str) -> bool {
    view.link_faults.iter().any(|(a, b, how)| how.is_none() && **a == *from && (**b == *to || &**b == "everyone"))
}

/// Of all links: how they are, and healing.
fn network(view: &WorldView, out: &mut Vec<MenuItem>) {
    ask(out, "Network", "All links…", "Delay, loss and duplicates of every link", Ask::Links);
    if !view.link_faults.is_empty() {
        line(out, 0, "Network", "Heal the network", "No link is cut, and all are alike", "heal".to_owned());
    }
}

/// The rows that fit a state, about `name`.
fn put(rows: &[Row], state: u16, name: &str, out: &mut Vec<MenuItem>) {
    for Row(when, group, words, means, text) in rows {
        if when & state & rows::STATES != 0 {
            let (before, after) = text.split_once('$').unwrap_or((text, ""));
            line(out, *when, group, words, means, format!("{before}{}{after}", quoted(name)));
        }
    }
}

fn process(state: ProcessState) -> u16 {
    match state {
        ProcessState::Running => RUNNING,
        ProcessState::Paused => FROZEN,
        // On its way down nothing can be done but wait.
        ProcessState::Stopping => 0,
        _ => DOWN,
    }
}

fn broker(b: &BrokerState) -> u16 {
    let mut state = process(b.state);
    for (holds, bit) in [(b.slow_us > 0, SLOW), (b.disk_free == 0, FULL), (b.skew_us != 0, SKEWED)] {
        if holds {
            state |= bit;
        }
    }
    state
}

fn standing(view: &WorldView, target: &Target, out: &mut Vec<MenuItem>) {
    const CONFIGS: &str = "Retention, min.insync.replicas and the others";
    match target {
        Target::Heading("Producers") => {
            if let Some(topic) = topics(view).first() {
                line(out, QUICK, "Add", "+ producer", "It sends a record a second", new_producer(view, topic));
            }
        }
        Target::Heading("Cluster") => {
            let topic = fresh("topic", &mut topics(view).iter());
            line(out, QUICK, "Topics", "+ topic", "With three partitions", format!("topic {topic} partitions=3"));
            ask(out, "Topics", "New topic…", "Name, partitions and replicas as you like", Ask::NewTopic(topic));
            ask(out, "Brokers", "Configs of all brokers…", CONFIGS, Ask::Broker(None));
            network(view, out);
        }
        Target::Heading(_) => {
            let groups = view.groups.iter().map(|g| &g.group);
            let group = fresh("group", &mut groups.chain(view.consumers.iter().filter_map(|c| c.group.as_ref())));
            line(out, QUICK, "Add", "+ group", "A consumer in a group of its own", new_consumer(view, &group));
        }
        Target::Broker(name) => {
            let Some(b) = view.brokers.iter().find(|b| b.name == *name) else { return };
            put(rows::BROKER, broker(b), name, out);
            // It takes them itself.
            if broker(b) & RUNNING != 0 {
                ask(out, "Settings", "Configs…", CONFIGS, Ask::Broker(Some(name.clone())));
            }
            links(view, name, out);
        }
        Target::Producer(name) => {
            let Some(p) = view.producers.iter().find(|p| p.name == *name) else { return };
            let (state, rate, q) = (process(p.state), p.rate_per_1000s, quoted(name));
            settings(state, name, "Rate, keys, acks, linger.ms and the others", out);
            if state == RUNNING {
                ask(out, "Records", "Send one record…", "With a key and a value of yours", Ask::Send(name.clone()));
                for (words, rate) in [("Twice as many", (rate * 2).max(1000)), ("Half as many", rate / 2), ("None", 0)] {
                    let rate = rate_text(rate);
                    line(out, 0, "Records", words, &rate, format!("rate {q} {rate}"));
                }
            }
            put(CLIENT, state, name, out);
            links(view, name, out);
        }
        Target::Consumer(name) => {
            let Some(c) = view.consumers.iter().find(|c| c.name == *name) else { return };
            settings(process(c.state), name, "Group, commits, timeouts, fetching", out);
            let slow = if c.handle_us >= SLOW_US { SLOW } else { 0 };
            put(CONSUMER, process(c.state) | slow, name, out);
            links(view, name, out);
        }
        Target::Group(Some(group)) => {
            line(out, QUICK, "Members", "+ consumer", "It joins the group", new_consumer(view, group));
            for c in view.consumers.iter().filter(|c| c.group.as_ref() == Some(group)) {
                let member = Effect::Open(MenuTarget::At(Target::Consumer(c.name.clone())));
                add(out, 0, "Members", &format!("{}…", c.name), c.client_state.name(), member);
            }
        }
        Target::Topic(topic) => {
            let (count, q) = (view.partitions.iter().filter(|p| p.view.topic == *topic).count(), quoted(topic));
            let means = "A key may then go to another one than before";
            line(out, QUICK, "Topic", "+ partition", means, format!("partitions {q} total={}", count + 1));
            ask(out, "Topic", "Configs…", CONFIGS, Ask::Topic(topic.clone()));
            line(out, 0, "Topic", "Add a producer", "It sends a record a second", new_producer(view, topic));
            line(out, HURTS, "Topic", "Delete the topic", "With all its records", format!("delete {q}"));
        }
        Target::Internal(topic) => {
            for p in view.partitions.iter().filter(|p| p.view.topic == *topic) {
                let act = Effect::Open(MenuTarget::At(Target::Partition(topic.clone(), p.view.partition)));
                add(out, 0, "Partitions", &format!("{topic}-{}…", p.view.partition), "", act);
            }
            ask(out, "Topic", "Configs…", CONFIGS, Ask::Topic(topic.clone()));
        }
        Target::Partition(topic, n) => {
            let Some(p) = view.partitions.iter().find(|p| p.view.topic == *topic && p.view.partition == *n) else { return };
            if p.view.leader >= 0 {
                let id = p.view.leader;
                line(out, HURTS, "Leader", &format!("Kill broker-{id}"), "It leads this partition", format!("kill broker-{id}"));
            }
            let elect = format!("elect {} {n}", quoted(topic));
            line(out, 0, "Leader", "Elect the preferred", "The first of its replicas, if it is in sync", elect.clone());
            let means = "One outside the ISR may lead: what it does not have is lost";
            line(out, HURTS, "Leader", "Elect uncleanly", means, elect + " unclean");
            let replicas: Vec<String> = p.view.replicas.iter().map(i32::to_string).collect();
            let move_to = Ask::Reassign(topic.clone(), *n, replicas.join(","));
            ask(out, "Replicas", "Move…", "To other brokers, or another preferred leader", move_to);
        }
        Target::Link(a, b) => {
            // What is cut from everyone is no one link.
            if &**b != "everyone" {
                link(view, a, b, out);
            }
            network(view, out);
        }
        Target::Group(None) | Target::Record(..) | Target::Frame(_) => {}
    }
}

fn link(view: &WorldView, a: &Arc<str>, b: &Arc<str>, out: &mut Vec<MenuItem>) {
    let (qa, qb) = (quoted(a), quoted(b));
    let both = format!("Nothing goes between {a} and {b}; their connection breaks after a while");
    line(out, HURTS, "Cut", "Cut both ways", &both, format!("cut {qa} {qb}"));
    line(out, HURTS, "Cut", "Cut one way", &format!("Nothing goes from {a} to {b}"), format!("cut {qa} {qb} one-way"));
    line(out, HURTS, "Cut", "Cut the other way", &format!("Nothing goes from {b} to {a}"), format!("cut {qb} {qa} one-way"));
    ask(out, "Slow", "Slow or lossy…", "Latency, jitter, loss and duplicates of this link", Ask::Link(a.clone(), b.clone()));
    if view.link_faults.iter().any(|(x, y, how)| how.is_some() && (x == a && y == b || x == b && y == a)) {
        line(out, 0, "Slow", "As the others", "It is as all links are", format!("link {qa} {qb}"));
    }
}

/// What is frozen or about to stop takes no settings.
fn settings(state: u16, name: &Arc<str>, means: &str, out: &mut Vec<MenuItem>) {
    if state & (RUNNING | DOWN) != 0 {
        ask(out, "Settings", "Settings…", means, Ask::Client(name.clone()));
    }
}

fn links(view: &WorldView, name: &Arc<str>, out: &mut Vec<MenuItem>) {
    if !is_cut(view, name, "everyone") {
        line(out, HURTS, "Network", "Isolate", "Nothing goes to it or from it", format!("isolate {}", quoted(name)));
    }
    add(out, 0, "Network", "One link…", "Cut it, or make it slow or lossy", Effect::Open(MenuTarget::Links(name.clone())));
    network(view, out);
}

/// "name-3" after "name-1" and "name-2".
fn fresh(stem: &str, taken: &mut dyn Iterator<Item = &Arc<str>>) -> Arc<str> {
    let taken: Vec<&Arc<str>> = taken.collect();
    let mut n = 1_u32;
    loop {
        let name: Arc<str> = format!("{stem}-{n}").into();
        if !taken.contains(&&name) {
            return name;
        }
        n += 1;
    }
}

fn names(view: &WorldView) -> impl Iterator<Item = &Arc<str>> {
    view.producers.iter().map(|p| &p.name).chain(view.consumers.iter().map(|c| &c.name))
}

fn topics(view: &WorldView) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    for p in view.partitions.iter().filter(|p| !p.internal) {
        if !out.contains(&p.view.topic) {
            out.push(p.view.topic.clone());
        }
    }
    out
}

fn new_producer(view: &WorldView, topic: &str) -> String {
    format!("add producer {} topic={} rate=1/s keys=uniform:6 value=90", fresh("producer", &mut names(view)), quoted(topic))
}

/// Like the members that the group has. Records that were there before the group was are read too, and a crash is noticed while somebody
/// watches.
fn new_consumer(view: &WorldView, group: &Arc<str>) -> String {
    let like: Option<&ConsumerState> = view.consumers.iter().find(|c| c.group.as_ref() == Some(group));
    let topics = like.map_or_else(|| topics(view), |c| c.topics.clone()).join(",");
    let handle = duration_text(like.map_or(QUICK_US, |c| c.handle_us.min(SLOW_US)));
    let (name, topics, group) = (quoted(&fresh(group, &mut names(view))), quoted(&topics), quoted(group));
    format!("add consumer {name} group={group} topics={topics} handle={handle} auto.offset.reset=earliest session.timeout.ms=10000")
}
