//! What stands on the stage: names, states and buttons, each where the scene has put it.

use super::ui::{Act, Snapshot, Ui};
use crate::kafka::broker::PartitionView;
use crate::kafka::map::Map;
use crate::playground::scene::{Rect, Target};
use crate::world::action::{Action, CommitPolicy, ConsumerSpec, Fault, Keys, ProducerSpec};
use crate::world::view::ConsumerState;
use leptos::prelude::*;
use std::sync::Arc;

/// A handler that keeps up with everything, and a slow one: microseconds for each record.
const QUICK_US: i64 = 100_000;
const SLOW_US: i64 = 2_000_000;

/// With one decimal.
fn tenths(value: f32) -> String {
    let tenths = (value * 10.0).round() as i32;
    format!("{}.{}", tenths / 10, tenths.abs() % 10)
}

#[component]
pub fn Cards(ui: Ui, act: Act, controls: bool) -> impl IntoView {
    let targets = Memo::new(move |_| ui.snap.with(|s| s.places.iter().map(|p| p.what.clone()).collect::<Vec<_>>()));
    view! {
        <For each=move || targets.get() key=|t| t.clone() children=move |what| {
            let target = what.clone();
            let rect = Memo::new(move |_| ui.snap.with(|s| s.places.iter().find(|p| p.what == target).map(|p| p.rect).unwrap_or_default()));
            let place = move || {
                let Rect { x, y, w, h } = rect.get();
                let [x, y, w, h] = [x, y, w, h].map(tenths);
                format!("left:{x}px;top:{y}px;width:{w}px;height:{h}px")
            };
            match what {
                Target::Heading(text) => heading(ui, act, controls, text, place).into_any(),
                Target::Producer(name) => producer(ui, act, controls, name, place).into_any(),
                Target::Broker(name) => broker(ui, act, controls, name, place).into_any(),
                Target::Topic(topic) => topic_head(ui, act, controls, topic, place).into_any(),
                Target::Partition(topic, n) => partition(ui, topic, n, place).into_any(),
                Target::Internal(topic) => view! { <div class="tp-at tp-internal tp-mono" style=place>{topic.to_string()}</div> }.into_any(),
                Target::Group(name) => group(ui, act, controls, name, place).into_any(),
                Target::Consumer(name) => consumer(ui, act, controls, name, place).into_any(),
            }
        }/>
    }
}

fn button(act: Act, text: &'static str, label: String, bad: bool, make: impl Fn() -> Option<Action> + 'static) -> impl IntoView {
    view! {
        <button type="button" class="tp-text" class:tp-bad=bad aria-label=label.clone() title=label
            on:click=move |_| if let Some(action) = make() { act.with_value(|s| s.act(action)) }>{text}</button>
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

fn heading(
    ui: Ui,
    act: Act,
    controls: bool,
    text: &'static str,
    place: impl Fn() -> String + Send + Sync + Clone + 'static,
) -> impl IntoView {
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
    view! {
        <div class="tp-at tp-heading" style=place>
            <h3>{text}</h3>
            {controls.then(|| button(act, word, label.to_owned(), false, make))}
        </div>
    }
}

fn rate_words(per_1000s: u64) -> String {
    if per_1000s.is_multiple_of(1000) {
        format!("{}/s", per_1000s / 1000)
    } else {
        format!("{}.{}/s", per_1000s / 1000, per_1000s / 100 % 10)
    }
}

fn producer(ui: Ui, act: Act, controls: bool, name: Arc<str>, place: impl Fn() -> String + Send + Sync + Clone + 'static) -> impl IntoView {
    let wanted = name.clone();
    let state = Memo::new(move |_| ui.snap.with(|s| s.view.producers.iter().find(|p| p.name == wanted).cloned()));
    let process = Memo::new(move |_| state.with(|p| p.as_ref().map_or("stopped", |p| p.state)));
    let line = move || {
        state.with(|p| {
            p.as_ref().map(|p| {
                let acks = if p.acks < 0 { "all".to_owned() } else { p.acks.to_string() };
                let failed = if p.failed > 0 { format!(", {} failed", p.failed) } else { String::new() };
                format!("acks={acks} · {} acked{failed}", p.acked)
            })
        })
    };
    let word = move || match process.get() {
        "running" => state.with(|p| p.as_ref().map(|p| rate_words(p.rate_per_1000s))).unwrap_or_default(),
        other => other.to_owned(),
    };
    let buttons = {
        let name = name.clone();
        move || {
            let act_on = |make: fn(Arc<str>) -> Action| {
                let name = name.clone();
                move || Some(make(name.clone()))
            };
            match process.get() {
                "running" | "paused" => view! {
                    {button(act, "stop", format!("Stop {name}"), false, act_on(|name| Action::StopClient { name }))}
                    {button(act, "crash", format!("Crash {name}"), true, act_on(|name| Action::CrashClient { name }))}
                }
                .into_any(),
                _ => button(act, "restart", format!("Restart {name}"), false, act_on(|name| Action::RestartClient { name })).into_any(),
            }
        }
    };
    view! {
        <div class="tp-at tp-card tp-producer" style=place data-state=move || process.get() role="group" aria-label=format!("producer {name}")>
            <div class="tp-row"><b>{name.to_string()}</b><span class="tp-quiet tp-number tp-end">{word}</span></div>
            <div class="tp-row tp-quiet tp-number"><span>{line}</span></div>
            <div class="tp-row">{controls.then(|| view! { <span class="tp-acts tp-end">{buttons}</span> })}</div>
        </div>
    }
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

fn broker(ui: Ui, act: Act, controls: bool, name: Arc<str>, place: impl Fn() -> String + Send + Sync + Clone + 'static) -> impl IntoView {
    let wanted = name.clone();
    // The process's state, and what to say of it.
    let state = Memo::new(move |_| {
        ui.snap.with(|s| {
            let Some(b) = s.view.brokers.iter().find(|b| b.name == wanted) else { return ("gone", "gone") };
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
        })
    });
    let open = RwSignal::new(false);
    let said = name.clone();
    let menu = move || {
        let offers = match state.get().0 {
            "running" => RUNNING,
            "paused" => FROZEN,
            _ => DOWN,
        };
        let one = |(text, label, bad, fault): &Offer| {
            let (name, fault) = (name.clone(), *fault);
            button(act, text, (*label).to_owned(), *bad, move || {
                open.set(false);
                Some(Action::Fault(fault(name.clone())))
            })
        };
        offers.iter().map(one).collect_view()
    };
    view! {
        <div class="tp-at tp-card tp-broker" style=place data-state=move || state.get().0 role="group" aria-label=format!("broker {said}")>
            <button type="button" class="tp-row" disabled=!controls aria-expanded=move || open.get().to_string()
                title="What can be done to it" on:click=move |_| open.update(|o| *o = !*o)>
                <i class="tp-light" aria-hidden="true"></i><b>{said.to_string()}</b><span class="tp-quiet tp-end">{move || state.get().1}</span>
            </button>
            <Show when=move || open.get()><div class="tp-menu">{menu.clone()}</div></Show>
        </div>
    }
}

fn topic_head(
    ui: Ui,
    act: Act,
    controls: bool,
    topic: Arc<str>,
    place: impl Fn() -> String + Send + Sync + Clone + 'static,
) -> impl IntoView {
    let wanted = topic.clone();
    let count = Memo::new(move |_| ui.snap.with(|s| s.view.partitions.iter().filter(|p| p.view.topic == wanted).count()));
    let make = {
        let topic = topic.clone();
        move || Some(Action::AddPartitions { topic: topic.clone(), total: i32::try_from(count.get_untracked()).ok()? + 1 })
    };
    let label = format!("Add a partition to {topic}");
    view! {
        <div class="tp-at tp-topic" style=place>
            <b>{topic.to_string()}</b>
            <span class="tp-quiet">{move || match count.get() { 1 => "1 partition".to_owned(), n => format!("{n} partitions") }}</span>
            {controls.then(|| button(act, "+ partition", label, false, make))}
        </div>
    }
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

fn partition(ui: Ui, topic: Arc<str>, n: i32, place: impl Fn() -> String + Send + Sync + Clone + 'static) -> impl IntoView {
    let wanted = topic.clone();
    let line = Memo::new(move |_| {
        ui.snap.with(|s| {
            s.view
                .partitions
                .iter()
                .find(|p| p.view.topic == wanted && p.view.partition == n)
                .map(|p| (leader_words(&p.view), format!("high watermark {}, end offset {}", p.view.high_watermark, p.view.end_offset)))
                .unwrap_or_default()
        })
    });
    view! {
        <div class="tp-at tp-partition" style=place role="img" aria-label=move || format!("partition {topic}-{n}, {}", line.get().1)>
            <b class="tp-mono">{format!("{topic}-{n}")}</b>
            <span class="tp-quiet tp-number">{move || line.get().0}</span>
        </div>
    }
}

fn group(
    ui: Ui,
    act: Act,
    controls: bool,
    name: Option<Arc<str>>,
    place: impl Fn() -> String + Send + Sync + Clone + 'static,
) -> impl IntoView {
    let wanted = name.clone();
    let state = Memo::new(move |_| {
        ui.snap.with(|s| {
            let group = s.view.groups.iter().find(|g| Some(&g.group) == wanted.as_ref());
            let (handled, twice) =
                s.view.consumers.iter().filter(|c| c.group == wanted).fold((0, 0), |a, c| (a.0 + c.handled, a.1 + c.duplicates));
            (group.map(|g| (g.state, g.generation)), handled, twice)
        })
    });
    let pill = move || match state.get().0 {
        Some((state, _)) => match state {
            "PreparingRebalance" | "CompletingRebalance" => "Rebalancing",
            s => s,
        },
        None => "not joined yet",
    };
    let title = name.as_ref().map_or_else(|| "without a group".to_owned(), ToString::to_string);
    let label = name.as_ref().map_or_else(String::new, |g| format!("Add a consumer to {g}"));
    let grouped = name.is_some();
    let spoken = format!("consumer group {title}");
    let make = {
        let name = name.clone();
        move || Some(Action::AddConsumer(new_consumer(&ui.snap.get_untracked(), name.clone()?)))
    };
    view! {
        <div class="tp-at tp-card tp-group" style=place role="group" aria-label=spoken>
            <div class="tp-row tp-head">
                <b class="tp-title">{title}</b>
                {grouped.then(|| view! {
                    <span class="tp-pill" data-state=move || state.get().0.map_or("", |g| g.0) title=move || state.get().0.map_or("", |g| g.0)>{pill}</span>
                    <span class="tp-quiet tp-number tp-end">{move || state.get().0.map(|g| format!("generation {}", g.1))}</span>
                })}
            </div>
            <div class="tp-foot">
                <span class="tp-quiet tp-number">"sink: "<b>{move || state.get().1.to_string()}</b>" handled"
                    <i>{move || (state.get().2 == 0).then_some(", none twice")}</i>
                    {move || match state.get().2 { 0 => String::new(), n => format!(", {n} of them again") }}</span>
                {(controls && grouped).then(|| view! { <span class="tp-end">{button(act, "+ consumer", label, false, make)}</span> })}
            </div>
        </div>
    }
}

fn partitions_words(c: &ConsumerState) -> String {
    if c.assignment.is_empty() {
        return match (c.state, c.client_state) {
            ("crashed" | "stopped", _) => "owns nothing".into(),
            (_, "stable") => "idle: no partition".into(),
            _ => "waiting for partitions".into(),
        };
    }
    c.assignment.iter().map(|(t, n)| format!("{t}-{n}")).collect::<Vec<_>>().join(", ")
}

fn consumer(ui: Ui, act: Act, controls: bool, name: Arc<str>, place: impl Fn() -> String + Send + Sync + Clone + 'static) -> impl IntoView {
    let wanted = name.clone();
    let state = Memo::new(move |_| ui.snap.with(|s| s.view.consumers.iter().find(|c| c.name == wanted).cloned()));
    let process = Memo::new(move |_| state.with(|c| c.as_ref().map_or("stopped", |c| c.state)));
    let slow = Memo::new(move |_| state.with(|c| c.as_ref().is_some_and(|c| c.handle_us >= SLOW_US)));
    let lag = Memo::new(move |_| {
        ui.snap.with(|s| {
            state.with(|c| {
                let c = c.as_ref()?;
                let end = |t: &Arc<str>, n: i32| {
                    s.view.partitions.iter().find(|p| p.view.topic == *t && p.view.partition == n).map(|p| p.view.high_watermark)
                };
                (!c.positions.is_empty()).then(|| c.positions.iter().filter_map(|(t, n, at)| Some((end(t, *n)? - at).max(0))).sum::<i64>())
            })
        })
    });
    let word = move || match process.get() {
        "running" => match (state.with(|c| c.as_ref().map_or("", |c| c.client_state)), lag.get()) {
            ("stable" | "assigned", Some(lag)) => format!("lag {lag}"),
            (s, _) => s.to_owned(),
        },
        "paused" => "frozen".to_owned(),
        other => other.to_owned(),
    };
    let owns = Memo::new(move |_| state.with(|c| c.as_ref().map(partitions_words).unwrap_or_default()));
    let handled = move || state.with(|c| c.as_ref().map(|c| c.handled.to_string()));
    let buttons = {
        let name = name.clone();
        move || {
            let on = |make: fn(Arc<str>) -> Action| {
                let name = name.clone();
                move || Some(make(name.clone()))
            };
            match process.get() {
                "running" => {
                    let (word, label) = if slow.get() {
                        ("quick", format!("Make {name} quick again"))
                    } else {
                        ("slow", format!("Make {name} slow: two seconds for each record"))
                    };
                    let make = if slow.get() {
                        on(|name| Action::SetHandleTime { name, handle_us: QUICK_US })
                    } else {
                        on(|name| Action::SetHandleTime { name, handle_us: SLOW_US })
                    };
                    view! {
                        {button(act, word, label, false, make)}
                        {button(act, "pause", format!("Freeze {name}, as a long garbage collection does"), false, on(|name| Action::PauseClient { name }))}
                        {button(act, "stop", format!("Stop {name}: it leaves its group"), false, on(|name| Action::StopClient { name }))}
                        {button(act, "crash", format!("Crash {name}: it says nothing"), true, on(|name| Action::CrashClient { name }))}
                    }
                    .into_any()
                }
                "paused" => view! {
                    {button(act, "resume", format!("Resume {name}"), false, on(|name| Action::ResumeClient { name }))}
                    {button(act, "crash", format!("Crash {name}: it says nothing"), true, on(|name| Action::CrashClient { name }))}
                }
                .into_any(),
                _ => button(act, "restart", format!("Restart {name}"), false, on(|name| Action::RestartClient { name })).into_any(),
            }
        }
    };
    view! {
        <div class="tp-at tp-member" style=place data-state=move || process.get() role="group" aria-label=format!("consumer {name}")>
            <div class="tp-row"><b>{name.to_string()}</b><span class="tp-quiet tp-number tp-end">{word}</span></div>
            <div class="tp-row tp-mono tp-owns">{move || owns.get()}</div>
            <div class="tp-row"><span class="tp-quiet tp-number">{handled}<i>" handled"</i></span>
                {controls.then(|| view! { <span class="tp-acts tp-end">{buttons}</span> })}</div>
        </div>
    }
}
