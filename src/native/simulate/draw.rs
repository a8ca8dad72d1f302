//! A random run from a seed: cluster, workload and a swarm of faults. Each run draws which kinds of faults are on at all.

use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::playground::scenario::Scenario;
use crate::world::action::{Action, CommitPolicy, ConsumerSpec, Fault, Genesis, Keys, LinkSpec, ProducerSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

const MS: i64 = 1_000;
const S: i64 = 1_000_000;

/// Kinds of faults that a run may have on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Kill,
    PowerLoss,
    Wipe,
    Stop,
    Pause,
    SlowDisk,
    FullDisk,
    Skew,
    Links,
    Cut,
    OneWay,
    Isolate,
    CrashClient,
    PauseClient,
    Elect,
    Reassign,
}

use Kind::*;

const ALL: [Kind; 16] =
    [Kill, PowerLoss, Wipe, Stop, Pause, SlowDisk, FullDisk, Skew, Links, Cut, OneWay, Isolate, CrashClient, PauseClient, Elect, Reassign];

/// Which faults may be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    kinds: &'static [Kind],
}

/// The first is the default.
pub(crate) const PROFILES: [Profile; 6] = [
    Profile { name: "swarm", kinds: &ALL },
    Profile { name: "calm", kinds: &[] },
    Profile { name: "crashes", kinds: &[Kill, Stop, Pause, CrashClient, PauseClient] },
    Profile { name: "power", kinds: &[PowerLoss, Wipe, FullDisk, SlowDisk, Kill] },
    Profile { name: "network", kinds: &[Cut, OneWay, Isolate, Links, Pause] },
    Profile { name: "clients", kinds: &[CrashClient, PauseClient, Links, Kill] },
];

struct Draw {
    rng: Rng,
    brokers: u32,
    voters: u32,
    actions: Vec<(i64, Action)>,
    topics: Vec<(Arc<str>, i32, u32)>,
    clients: Vec<Arc<str>>,
}

fn configs(pairs: &[(&str, String)]) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs {
        map.insert((*name).to_owned(), value.clone());
    }
    map
}

fn broker(id: u32) -> Arc<str> {
    format!("broker-{id}").into()
}

impl Draw {
    /// A number in `low..=high`.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.rng.below(high - low + 1)
    }

    fn at(&mut self, at: i64, action: Action) {
        self.actions.push((at, action));
    }

    fn fault(&mut self, at: i64, fault: Fault) {
        self.at(at, Action::Fault(fault));
    }

    /// Whole milliseconds, so that a file says it shortly.
    fn micros(&mut self, low_ms: u64, high_ms: u64) -> i64 {
        i64::try_from(self.between(low_ms, high_ms)).unwrap_or(0) * MS
    }
}

/// The run of a seed.
pub(crate) fn draw(seed: u64, profile: Profile, sabotage: Option<Sabotage>) -> Scenario {
    let mut d =
        Draw { rng: Rng::stream(seed, "simulate"), brokers: 3, voters: 0, actions: Vec::new(), topics: Vec::new(), clients: Vec::new() };
    d.brokers = match d.rng.below(20) {
        0 => 1,
        1 => 2,
        2 | 3 => 4,
        4 | 5 => 5,
        _ => 3,
    };
    if d.brokers > 1 && d.rng.chance(1, 5) {
        d.voters = 1;
    }
    let genesis = genesis(&mut d, seed, sabotage);
    workload(&mut d);
    let calm_from = S * i64::try_from(d.between(8, 20)).unwrap_or(8);
    faults(&mut d, profile, calm_from);
    one_link(&mut d, seed, profile, calm_from);
    heal(&mut d, calm_from);
    d.actions.sort_by_key(|(at, _)| *at);
    Scenario {
        title: format!("Seed {seed}, profile {}", profile.name),
        genesis,
        actions: d.actions,
        notes: Vec::new(),
        run_for: calm_from + 2 * S + super::trial::SETTLE_US,
        expects: Vec::new(),
    }
}

fn genesis(d: &mut Draw, seed: u64, sabotage: Option<Sabotage>) -> Genesis {
    let replicas = d.brokers.min(3);
    let session = d.between(1500, 4000);
    let mut config = configs(&[
        ("offsets.topic.num.partitions", d.between(1, 2).to_string()),
        ("offsets.topic.replication.factor", replicas.to_string()),
        ("group.initial.rebalance.delay.ms", "100".into()),
        ("group.min.session.timeout.ms", "500".into()),
        ("broker.session.timeout.ms", session.to_string()),
        ("broker.heartbeat.interval.ms", (session / 5).to_string()),
        ("replica.lag.time.max.ms", d.between(1000, 3000).to_string()),
        ("replica.fetch.wait.max.ms", "250".into()),
    ]);
    if d.rng.chance(1, 4) {
        config.insert("log.flush.interval.messages".into(), d.between(1, 20).to_string());
    }
    Genesis {
        seed,
        brokers: d.brokers,
        voters: d.voters,
        sabotage,
        broker_config: config,
        latency_us: i64::try_from(d.between(1, 8)).unwrap_or(1) * 500,
        jitter_us: i64::try_from(d.between(0, 4)).unwrap_or(0) * 500,
        disks: BTreeMap::new(),
    }
}

fn workload(d: &mut Draw) {
    for nth in 1..=d.between(1, 2) {
        let replicas = if d.rng.chance(2, 3) { 3 } else { d.between(1, 3) as u32 }.min(d.brokers);
        let min_isr = d.between(1, 2).min(u64::from(replicas));
        let mut config = configs(&[("min.insync.replicas", min_isr.to_string())]);
        if d.rng.chance(1, 10) {
            config.insert("unclean.leader.election.enable".into(), "true".into());
        }
        let topic: Arc<str> = format!("t{nth}").into();
        let partitions = i32::try_from(d.between(1, 3)).unwrap_or(1);
        d.topics.push((topic.clone(), partitions, replicas));
        d.at(0, Action::CreateTopic { topic, partitions, replicas: i16::try_from(replicas).unwrap_or(1), config });
    }
    for nth in 1..=d.between(1, 3) {
        let (acks, idempotent) = match d.rng.below(20) {
            0..10 => ("all", true),
            10..13 => ("all", false),
            13..17 => ("1", false),
            _ => ("0", false),
        };
        let config = configs(&[
            ("acks", acks.into()),
            ("enable.idempotence", idempotent.to_string()),
            ("request.timeout.ms", d.between(1000, 3000).to_string()),
            ("delivery.timeout.ms", d.between(5000, 20_000).to_string()),
            ("linger.ms", d.between(0, 20).to_string()),
            ("metadata.max.age.ms", "5000".into()),
        ]);
        let topic = pick_topic(d);
        let name: Arc<str> = format!("p{nth}").into();
        d.clients.push(name.clone());
        let rate_per_1000s = d.between(2, 30) * 1000;
        let keys = if d.rng.chance(1, 5) { Keys::None } else { Keys::Uniform(d.between(1, 6) as u32) };
        let value_bytes = d.between(30, 120) as u32;
        d.at(0, Action::AddProducer(ProducerSpec { name, topic, rate_per_1000s, keys, value_bytes, config }));
    }
    for group in 1..=d.between(0, 2) {
        let topic = pick_topic(d);
        let auto = d.rng.chance(1, 2);
        let interval = d.between(300, 2000);
        for member in 1..=d.between(1, 3) {
            let config = configs(&[
                ("auto.offset.reset", "earliest".into()),
                ("session.timeout.ms", "2000".into()),
                ("heartbeat.interval.ms", "400".into()),
                ("request.timeout.ms", "3000".into()),
                ("max.poll.interval.ms", "8000".into()),
                ("auto.commit.interval.ms", interval.to_string()),
                ("metadata.max.age.ms", "5000".into()),
            ]);
            let name: Arc<str> = format!("g{group}-{member}").into();
            d.clients.push(name.clone());
            let commit = if auto { CommitPolicy::Auto } else { CommitPolicy::AfterEachPoll };
            let handle_us = i64::try_from(d.between(1, 40)).unwrap_or(1) * 100;
            let group = Some(format!("g{group}").into());
            d.at(0, Action::AddConsumer(ConsumerSpec { name, group, topics: vec![topic.clone()], handle_us, commit, config }));
        }
    }
}

fn pick_topic(d: &mut Draw) -> Arc<str> {
    let at = d.rng.below(d.topics.len() as u64);
    d.topics.get(at as usize).map_or_else(|| "t1".into(), |(topic, ..)| topic.clone())
}

fn faults(d: &mut Draw, profile: Profile, calm_from: i64) {
    let on: Vec<Kind> = profile.kinds.iter().copied().filter(|_| d.rng.chance(1, 2)).collect();
    let on = if on.is_empty() { profile.kinds.to_vec() } else { on };
    if on.is_empty() {
        return;
    }
    // Until when each broker and client has its own trouble.
    let mut busy: BTreeMap<Arc<str>, i64> = BTreeMap::new();
    let mut now = S;
    for _ in 0..d.between(2, 12) {
        now += d.micros(100, 4000);
        let kind = on.get(d.rng.below(on.len() as u64) as usize).copied().unwrap_or(Kill);
        let lasts = if d.rng.chance(1, 3) { d.micros(50, 600) } else { d.micros(600, 8000) };
        let until = now + lasts;
        if now >= calm_from {
            return;
        }
        let on_client = matches!(kind, CrashClient | PauseClient);
        let name = if on_client {
            d.clients.get(d.rng.below(d.clients.len() as u64) as usize).cloned().unwrap_or_else(|| "p1".into())
        } else {
            broker(1 + d.rng.below(d.brokers.into()) as u32)
        };
        let free = busy.get(&name).is_none_or(|busy| *busy < now);
        if !free {
            continue;
        }
        let until = until.min(calm_from);
        if !matches!(kind, Links | Cut | OneWay | Isolate | Skew | Elect | Reassign) {
            busy.insert(name.clone(), until);
        }
        one(d, kind, name, now, until);
    }
}

/// One fault and its end.
fn one(d: &mut Draw, kind: Kind, node: Arc<str>, now: i64, until: i64) {
    let again = Fault::Restart { node: node.clone() };
    match kind {
        Kill => {
            d.fault(now, Fault::Kill { node });
            d.fault(until, again);
        }
        PowerLoss => {
            d.fault(now, Fault::PowerLoss { node });
            d.fault(until, again);
            // The whole rack at once, now and then.
            if d.rng.chance(1, 8) {
                for id in 1..=d.brokers {
                    d.fault(now, Fault::PowerLoss { node: broker(id) });
                    d.fault(until, Fault::Restart { node: broker(id) });
                }
            }
        }
        Wipe => {
            // A voter that forgets its votes may undo what the quorum has committed: Kafka does not permit that either.
            let voters = if d.voters == 1 || d.brokers < 3 { 1 } else { 3 };
            if (1..=voters).any(|id| broker(id) == node) {
                d.fault(now, Fault::Kill { node });
            } else {
                d.fault(now, Fault::Kill { node: node.clone() });
                d.fault(now, Fault::Wipe { node });
            }
            d.fault(until, again);
        }
        Stop => {
            d.fault(now, Fault::Stop { node });
            d.fault(until.max(now + 6 * S), again);
        }
        Pause => {
            d.fault(now, Fault::Pause { node: node.clone() });
            d.fault(until, Fault::Resume { node });
        }
        SlowDisk => {
            let delay_us = d.micros(1, 300);
            d.fault(now, Fault::SlowDisk { node: node.clone(), delay_us });
            d.fault(until, Fault::SlowDisk { node, delay_us: 0 });
        }
        FullDisk => {
            let free = d.between(0, 20_000);
            d.fault(now, Fault::FullDisk { node: node.clone(), free: Some(free) });
            d.fault(until, Fault::FullDisk { node, free: None });
            d.fault(until, again);
        }
        Skew => {
            let by_us = d.micros(1, 20_000) - 10 * S;
            d.fault(now, Fault::Skew { node, by_us });
        }
        Links => {
            let (latency_us, jitter_us) = (d.micros(1, 60), d.micros(0, 60));
            let (loss_ppm, duplicate_ppm) = (d.between(0, 50_000) as u32, d.between(0, 50_000) as u32);
            d.fault(now, Fault::Links { latency_us, jitter_us, loss_ppm, duplicate_ppm });
            d.fault(until, Fault::Links { latency_us: 2 * MS, jitter_us: MS, loss_ppm: 0, duplicate_ppm: 0 });
        }
        Cut | OneWay => {
            let others = u64::from(d.brokers) + d.clients.len() as u64;
            let other = d.rng.below(others);
            let to = if other < u64::from(d.brokers) {
                broker(other as u32 + 1)
            } else {
                d.clients.get((other - u64::from(d.brokers)) as usize).cloned().unwrap_or_else(|| broker(1))
            };
            if to != node {
                let (from, to) = if d.rng.chance(1, 2) { (node, to) } else { (to, node) };
                d.fault(now, Fault::Cut { from, to, one_way: kind == OneWay });
                d.fault(until, Fault::Heal);
            }
        }
        Isolate => {
            d.fault(now, Fault::Isolate { node });
            d.fault(until, Fault::Heal);
        }
        CrashClient => {
            d.at(now, Action::CrashClient { name: node.clone() });
            d.at(until, Action::RestartClient { name: node });
        }
        PauseClient => {
            d.at(now, Action::PauseClient { name: node.clone() });
            d.at(until, Action::ResumeClient { name: node });
        }
        Elect => {
            let (topic, partition, _) = pick_partition(d);
            d.at(now, Action::ElectLeader { topic, partition, unclean: false });
        }
        Reassign => {
            let (topic, partition, replicas) = pick_partition(d);
            let first = d.rng.below(d.brokers.into()) as u32;
            let replicas = (0..replicas).map(|nth| i32::try_from((first + nth) % d.brokers + 1).unwrap_or(1)).collect();
            d.at(now, Action::Reassign { topic, partition, replicas });
        }
    }
}

fn pick_partition(d: &mut Draw) -> (Arc<str>, i32, u32) {
    let at = d.rng.below(d.topics.len() as u64) as usize;
    let (topic, partitions, replicas) = d.topics.get(at).cloned().unwrap_or_else(|| ("t1".into(), 1, 1));
    (topic, i32::try_from(d.rng.below(partitions.unsigned_abs().into())).unwrap_or(0), replicas)
}

/// In some runs one link is slow or lossy for a while. It draws from a stream of its own: what else a seed draws is as it was without it.
fn one_link(d: &mut Draw, seed: u64, profile: Profile, calm_from: i64) {
    let others = std::mem::replace(&mut d.rng, Rng::stream(seed, "simulate/one link"));
    if profile.kinds.contains(&Links) && d.rng.chance(1, 4) {
        let (from, to) = (1 + d.rng.below(d.brokers.into()) as u32, d.rng.below(u64::from(d.brokers) + d.clients.len() as u64) as u32 + 1);
        let to =
            if to <= d.brokers { broker(to) } else { d.clients.get((to - d.brokers - 1) as usize).cloned().unwrap_or_else(|| broker(1)) };
        let from = broker(from);
        let (from, to) = if d.rng.chance(1, 2) { (from, to) } else { (to, from) };
        let one_way = d.rng.chance(1, 2);
        let (latency_us, jitter_us) = (d.micros(1, 800), d.micros(0, 200));
        let (loss_ppm, duplicate_ppm) = (d.between(0, 200_000) as u32, d.between(0, 50_000) as u32);
        let (now, lasts) = (d.micros(1000, 12_000), d.micros(500, 8000));
        if from != to && now < calm_from {
            let link = |how| Fault::Link { from: from.clone(), to: to.clone(), one_way, how };
            d.fault(now, link(Some(LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm })));
            d.fault((now + lasts).min(calm_from - 1), link(None));
        }
    }
    d.rng = others;
}

/// Everything stands again, and once it does the producers stop.
fn heal(d: &mut Draw, from: i64) {
    d.actions.retain(|(at, _)| *at < from);
    // What brings each node back.
    let restart = |node| Action::Fault(Fault::Restart { node });
    let mut down: BTreeMap<Arc<str>, fn(Arc<str>) -> Action> = BTreeMap::new();
    let (mut cut, mut links) = (false, false);
    let mut ends = Vec::new();
    d.actions.sort_by_key(|(at, _)| *at);
    for (_, action) in &d.actions {
        let (name, back): (_, fn(Arc<str>) -> Action) = match action {
            Action::Fault(Fault::Kill { node } | Fault::PowerLoss { node } | Fault::Stop { node }) => (node, restart),
            Action::Fault(Fault::Pause { node }) => (node, |node| Action::Fault(Fault::Resume { node })),
            Action::CrashClient { name } => (name, |name| Action::RestartClient { name }),
            Action::PauseClient { name } => (name, |name| Action::ResumeClient { name }),
            Action::Fault(Fault::Restart { node: name } | Fault::Resume { node: name })
            | Action::RestartClient { name }
            | Action::ResumeClient { name } => {
                down.remove(name);
                continue;
            }
            Action::Fault(Fault::FullDisk { node, free: Some(_) }) => {
                ends.push(Fault::FullDisk { node: node.clone(), free: None });
                (node, restart)
            }
            Action::Fault(Fault::FullDisk { node, free: None }) => {
                ends.retain(|end| !matches!(end, Fault::FullDisk { node: other, .. } if other == node));
                continue;
            }
            Action::Fault(Fault::SlowDisk { node, delay_us }) => {
                ends.retain(|end| !matches!(end, Fault::SlowDisk { node: other, .. } if other == node));
                if *delay_us > 0 {
                    ends.push(Fault::SlowDisk { node: node.clone(), delay_us: 0 });
                }
                continue;
            }
            Action::Fault(Fault::Cut { .. } | Fault::Isolate { .. } | Fault::Link { .. }) => {
                cut = true;
                continue;
            }
            Action::Fault(Fault::Heal) => {
                cut = false;
                continue;
            }
            Action::Fault(Fault::Links { loss_ppm, duplicate_ppm, .. }) => {
                links = *loss_ppm > 0 || *duplicate_ppm > 0;
                continue;
            }
            _ => continue,
        };
        down.insert(name.clone(), back);
    }
    if cut {
        d.fault(from, Fault::Heal);
    }
    if links {
        d.fault(from, Fault::Links { latency_us: 2 * MS, jitter_us: MS, loss_ppm: 0, duplicate_ppm: 0 });
    }
    for end in ends {
        d.fault(from, end);
    }
    for (name, back) in down {
        d.at(from, back(name));
    }
    let producers: Vec<Arc<str>> = d.clients.iter().filter(|name| name.starts_with('p')).cloned().collect();
    for name in producers {
        d.at(from + 2 * S, Action::SetRate { name, rate_per_1000s: 0 });
    }
}
