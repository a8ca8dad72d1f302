//! A random run from a seed: cluster, workload and a swarm of faults. What is drawn, the operations say (`Operation::DRAWS`); here it is
//! said when. Each run draws which kinds of faults are on at all.

mod incidents;

use super::{configs, processors};
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::playground::scenario::Scenario;
use crate::world::action::{ConsumerSpec, Genesis, Keys, ProducerSpec, TransactionPlan};
use crate::world::handler::{CommitMode, CommitPolicy, HandlerSpec};
use crate::world::operations::{
    Action, AddConsumer, AddProducer, Ailment, Condition, CreateTopic, Dice, Draw, Heal, On, SetBrokerConfig, SetRate, SetTopicConfig,
    Severity, Stop, Stream, Trouble, draws,
};
use std::sync::Arc;

const S: i64 = 1_000_000;

/// Which operations may be drawn: those that name this profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
}

/// The first is the default.
pub(crate) const PROFILES: [Profile; 8] = [
    Profile { name: "swarm" },
    Profile { name: "calm" },
    Profile { name: "crashes" },
    Profile { name: "power" },
    Profile { name: "network" },
    Profile { name: "clients" },
    Profile { name: "settings" },
    Profile { name: processors::PROFILE },
];

impl Profile {
    fn draws(self) -> Vec<Draw> {
        let name = if self.name == processors::PROFILE { PROFILES[0].name } else { self.name };
        draws().into_iter().filter(|draw| draw.profiles.contains(&name)).collect()
    }
}

/// A run under construction.
struct Run {
    dice: Dice,
    actions: Vec<(i64, Action)>,
}

impl Run {
    fn at(&mut self, at: i64, action: impl Into<Action>) {
        self.actions.push((at, action.into()));
    }

    fn trouble(&mut self, trouble: Trouble, from: i64, until: i64) {
        self.actions.extend(trouble.begin.into_iter().map(|action| (from, action)));
        self.actions.extend(trouble.end.into_iter().map(|action| (until.max(from + trouble.least_us), action)));
    }
}

pub(crate) fn configs(pairs: &[(&str, String)]) -> SortedVecMap<String, String> {
    let mut map = SortedVecMap::new();
    for (name, value) in pairs {
        map.insert((*name).to_owned(), value.clone());
    }
    map
}

/// The run of a seed.
pub(crate) fn draw(seed: u64, profile: Profile, sabotage: Option<Sabotage>) -> Scenario {
    let mut rng = Rng::stream(seed, "simulate");
    let brokers = match rng.below(20) {
        0 => 1,
        1 => 2,
        2 | 3 => 4,
        4 | 5 => 5,
        _ => 3,
    };
    // As many voters as `World::new` makes of it.
    let one_voter = brokers > 1 && rng.chance(1, 5);
    let voters = if one_voter || brokers < 3 { 1 } else { 3 };
    let dice = Dice { rng, brokers, voters, topics: Vec::new(), producers: Vec::new(), consumers: Vec::new() };
    let mut run = Run { dice, actions: Vec::new() };
    let mut genesis = Genesis { voters: one_voter.into(), ..genesis(&mut run.dice, seed, sabotage) };
    workload(&mut run.dice);
    variety(&mut run.dice, &mut genesis);
    transactions(&mut run.dice, &mut genesis);
    habits(&mut run.dice, seed);
    let output = processors::draw(&mut run.dice, &mut genesis, profile.name == processors::PROFILE);
    run.actions.extend(output.map(|topic| (0, topic.into())));
    incidents::latecomer(&mut run, seed);
    incidents::hollow(&mut run, seed);
    run.actions.extend(setup(&run.dice));
    throttles(&mut run, seed);
    let calm_from = S * i64::try_from(run.dice.between(8, 20)).unwrap_or(8) + long(&mut run, &mut genesis);
    alterations(&mut run, seed, calm_from);
    let draws = profile.draws();
    swarm(&mut run, &draws, calm_from);
    single(&mut run, &draws, seed, calm_from);
    heal(&mut run, calm_from);
    run.actions.sort_by_key(|(at, _)| *at);
    Scenario {
        title: format!("Seed {seed}, profile {}", profile.name),
        opens_at: 0,
        compares: None,
        genesis,
        actions: run.actions,
        notes: Vec::new(),
        run_for: calm_from + 2 * S + super::trial::SETTLE_US,
        expects: Vec::new(),
    }
}

fn genesis(d: &mut Dice, seed: u64, sabotage: Option<Sabotage>) -> Genesis {
    let replicas = d.brokers.min(3);
    let session = d.between(1500, 4000);
    let mut config = configs(&[
        ("offsets.topic.num.partitions", d.between(1, 2).to_string()),
        ("offsets.topic.replication.factor", replicas.to_string()),
        ("group.initial.rebalance.delay.ms", "100".into()),
        ("group.consumer.session.timeout.ms", "2000".into()),
        ("group.consumer.heartbeat.interval.ms", "400".into()),
        ("group.consumer.min.session.timeout.ms", "2000".into()),
        ("group.consumer.min.heartbeat.interval.ms", "400".into()),
        ("group.min.session.timeout.ms", "500".into()),
        ("broker.session.timeout.ms", session.to_string()),
        ("broker.heartbeat.interval.ms", (session / 5).to_string()),
        ("replica.lag.time.max.ms", d.between(1000, 3000).to_string()),
        ("replica.fetch.wait.max.ms", "250".into()),
        ("log.initial.task.delay.ms", "500".into()),
        ("log.retention.check.interval.ms", "1000".into()),
    ]);
    if d.rng.chance(1, 4) {
        config.insert("log.flush.interval.messages".into(), d.between(1, 20).to_string());
    }
    Genesis {
        seed,
        brokers: d.brokers,
        voters: 0,
        sabotage,
        broker_config: config,
        latency_us: i64::try_from(d.between(1, 8)).unwrap_or(1) * 500,
        jitter_us: i64::try_from(d.between(0, 4)).unwrap_or(0) * 500,
        disks: SortedVecMap::new(),
    }
}

fn workload(d: &mut Dice) {
    topics(d);
    producers(d);
    consumers(d);
}

fn topics(d: &mut Dice) {
    for nth in 1..=d.between(1, 2) {
        let replicas = if d.rng.chance(2, 3) { 3 } else { d.between(1, 3) as u32 }.min(d.brokers);
        let min_isr = d.between(1, 2).min(u64::from(replicas));
        let mut config = configs(&[("min.insync.replicas", min_isr.to_string())]);
        if d.rng.chance(1, 10) {
            config.insert("unclean.leader.election.enable".into(), "true".into());
        }
        let topic: Arc<str> = format!("t{nth}").into();
        let partitions = i32::try_from(d.between(1, 3)).unwrap_or(1);
        d.topics.push(CreateTopic { topic, partitions, replicas: i16::try_from(replicas).unwrap_or(1), config });
    }
}

fn producers(d: &mut Dice) {
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
        let topic = d.topic();
        let name: Arc<str> = format!("p{nth}").into();
        let rate_per_1000s = d.between(2, 30) * 1000;
        let keys = if d.rng.chance(1, 5) { Keys::None } else { Keys::Uniform(d.between(1, 6) as u32) };
        let value_bytes = d.between(30, 120) as u32;
        d.producers.push(ProducerSpec {
            name,
            topic,
            rate_per_1000s,
            keys,
            value_bytes,
            partitioner: Default::default(),
            habits: Default::default(),
            transactions: TransactionPlan::default(),
            config,
        });
    }
}

fn consumers(d: &mut Dice) {
    for group in 1..=d.between(0, 2) {
        let topic = d.topic();
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
            let commit = if auto { CommitPolicy::Auto } else { CommitPolicy::AfterEachPoll(CommitMode::Async) };
            let handle_us = i64::try_from(d.between(1, 40)).unwrap_or(1) * 100;
            let group = Some(format!("g{group}").into());
            d.consumers.push(ConsumerSpec {
                name,
                group,
                topics: vec![topic.clone()],
                handle_us,
                commit,
                handler: HandlerSpec::default(),
                config,
            });
        }
    }
}

/// What the streams above do not draw, in half of the runs: configs, many partitions, codecs, large groups that read several topics, static
/// members.
fn variety(d: &mut Dice, genesis: &mut Genesis) {
    let mut rng = Rng::stream(genesis.seed, "simulate/variety");
    if rng.chance(1, 2) {
        return;
    }
    configs::draw(&mut rng, configs::BROKER, 4, &mut genesis.broker_config);
    for topic in &mut d.topics {
        if rng.chance(1, 6) {
            topic.partitions = 4 + i32::try_from(rng.below(13)).unwrap_or(0);
        }
        if rng.chance(1, 2) {
            configs::draw(&mut rng, configs::TOPIC, 3, &mut topic.config);
        }
    }
    for producer in &mut d.producers {
        if rng.chance(1, 2) {
            configs::draw(&mut rng, configs::PRODUCER, 3, &mut producer.config);
        }
        let compacted = |topic: &CreateTopic| topic.topic == producer.topic && topic.config.contains_key("cleanup.policy");
        if d.topics.iter().any(compacted) && rng.chance(1, 2) {
            producer.keys = Keys::None;
        }
    }
    let all: Vec<Arc<str>> = d.topics.iter().map(|topic| topic.topic.clone()).collect();
    let mut groups: Vec<Arc<str>> = d.consumers.iter().filter_map(|member| member.group.clone()).collect();
    groups.dedup();
    for group in groups {
        let Some(last) = d.consumers.iter().rev().find(|member| member.group.as_ref() == Some(&group)).cloned() else { continue };
        if rng.chance(1, 6) {
            d.consumers.extend((4..=4 + rng.below(5)).map(|nth| ConsumerSpec { name: format!("{group}-{nth}").into(), ..last.clone() }));
        }
        let (several, fixed) = (rng.chance(1, 3), rng.chance(1, 6));
        let mut shared = SortedVecMap::new();
        if rng.chance(1, 2) {
            configs::draw(&mut rng, configs::CONSUMER, 3, &mut shared);
        }
        let modern = Modern::draw(&mut rng);
        for member in d.consumers.iter_mut().filter(|member| member.group.as_ref() == Some(&group)) {
            member.config.extend(shared.iter().map(|(name, value)| (name.clone(), value.clone())));
            if several {
                member.topics.clone_from(&all);
            }
            if fixed {
                member.config.insert("group.instance.id".into(), member.name.to_string());
            }
            modern.apply(&mut rng, &mut member.config);
        }
    }
}

/// Who of a group speaks the consumer protocol (KIP-848), and for which of the coordinator's assignors.
pub(crate) struct Modern {
    /// Of the members, so many of four.
    share: u64,
    assignor: Option<&'static str>,
}

impl Modern {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let share = [0, 0, 2, 4].get(rng.below(4) as usize).copied().unwrap_or(0);
        let assignor = [None, Some("uniform"), Some("range")].get(rng.below(3) as usize).copied().flatten();
        Self { share, assignor }
    }

    pub(crate) fn apply(&self, rng: &mut Rng, config: &mut SortedVecMap<String, String>) {
        if self.share == 0 || !rng.chance(self.share, 4) {
            return;
        }
        for name in ["heartbeat.interval.ms", "partition.assignment.strategy", "session.timeout.ms"] {
            config.remove(name);
        }
        config.insert("group.protocol".into(), "consumer".into());
        if let Some(assignor) = self.assignor {
            config.insert("group.remote.assignor".into(), assignor.into());
        }
    }
}

/// In a third of the runs, producers that can write in transactions, and groups that read what is committed. What hangs is aborted within
/// seconds.
fn transactions(d: &mut Dice, genesis: &mut Genesis) {
    let mut rng = Rng::stream(genesis.seed, "simulate/transactions");
    if !rng.chance(1, 3) {
        return;
    }
    let brokers = [("transaction.state.log.num.partitions", "3"), ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000")];
    genesis.broker_config.extend(brokers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let set = |spec: &ProducerSpec, name: &str, value: &str| spec.config.get(name).is_some_and(|set| set == value);
    for producer in &mut d.producers {
        if !set(producer, "acks", "all") || !set(producer, "enable.idempotence", "true") || rng.chance(1, 3) {
            continue;
        }
        producer.config.insert("transactional.id".into(), producer.name.to_string());
        producer.config.insert("transaction.timeout.ms".into(), (1000 + rng.below(5000)).to_string());
        let (records, aborts_ppm) = (1 + rng.below(15) as u32, [0, 0, 200_000, 500_000][rng.below(4) as usize & 3]);
        producer.transactions = TransactionPlan { records, aborts_ppm };
    }
    let mut groups: Vec<Arc<str>> = d.consumers.iter().filter_map(|member| member.group.clone()).collect();
    groups.dedup();
    for group in groups {
        if rng.chance(1, 2) {
            for member in d.consumers.iter_mut().filter(|member| member.group.as_ref() == Some(&group)) {
                member.config.insert("isolation.level".into(), "read_committed".into());
            }
        }
    }
}

/// Some producers without transactions send again what has failed, or have an outbox; some give headers to their records.
fn habits(d: &mut Dice, seed: u64) {
    let mut rng = Rng::stream(seed, "simulate/habits");
    for producer in &mut d.producers {
        if rng.chance(1, 4) {
            producer.habits.headers = vec![("trace".into(), producer.name.clone()), ("empty".into(), "".into())];
        }
        let (retries, rows) = (1 + rng.below(3) as u32, 1 + rng.below(20) as u32);
        let kind = rng.below(8);
        if producer.config.contains_key("transactional.id") {
            continue;
        }
        match kind {
            0 => producer.habits.retries = retries,
            1 => producer.habits.outbox = Some(rows),
            _ => {}
        }
    }
}

/// One run in a hundred is minutes longer: a follower's fetch session grows old enough to be given up for another's, and what a group
/// without members has committed expires. By how much.
fn long(run: &mut Run, genesis: &mut Genesis) -> i64 {
    let mut rng = Rng::stream(genesis.seed, "simulate/long");
    // Where each input is to be processed once, no offset may expire.
    if !rng.chance(1, 100) || run.dice.consumers.iter().any(|member| member.handler.output.is_some()) {
        return 0;
    }
    let config = [
        ("max.incremental.fetch.session.cache.slots", "1"),
        ("offsets.retention.check.interval.ms", "1000"),
        ("offsets.retention.minutes", "1"),
    ];
    // A session gives way to that of a follower which has more partitions.
    let topic: Arc<str> = "uneven".into();
    run.at(0, CreateTopic { topic, partitions: 7, replicas: i16::from(run.dice.brokers > 1) + 1, config: SortedVecMap::new() });
    genesis.broker_config.extend(config.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let group = run.dice.consumers.first().and_then(|member| member.group.clone());
    let members = run.dice.consumers.iter().filter(|member| group.is_some() && member.group == group);
    run.actions.extend(members.map(|member| (8 * S, Stop { node: member.name.clone() }.into())));
    150 * S
}

/// Configs of topics and brokers are altered under way, and some are taken back.
fn alterations(run: &mut Run, seed: u64, calm_from: i64) {
    let mut rng = Rng::stream(seed, "simulate/alterations");
    if !rng.chance(1, 3) {
        return;
    }
    for _ in 0..1 + rng.below(3) {
        let mut config = SortedVecMap::new();
        configs::draw(&mut rng, configs::TOPIC, 2, &mut config);
        // Another policy would leave the judge in doubt about which records were let in.
        config.remove("cleanup.policy");
        let at = S + 1000 * i64::try_from(rng.below(10_000)).unwrap_or(0);
        let back = at + 1000 * i64::try_from(500 + rng.below(5000)).unwrap_or(0);
        let Some(topic) = run.dice.topics.get(rng.below(run.dice.topics.len() as u64) as usize).map(|made| made.topic.clone()) else {
            return;
        };
        if config.is_empty() || at >= calm_from {
            continue;
        }
        if back < calm_from && rng.chance(1, 2) {
            let config = config.keys().map(|name| (name.clone(), String::new())).collect();
            run.at(back, SetTopicConfig { topic: topic.clone(), config });
        }
        run.at(at, SetTopicConfig { topic, config });
    }
}

/// Where replicas of a topic are throttled, they have a rate, most often.
fn throttles(run: &mut Run, seed: u64) {
    let mut rng = Rng::stream(seed, "simulate/throttles");
    let throttled = |topic: &CreateTopic| topic.config.keys().any(|name| name.ends_with(".replication.throttled.replicas"));
    if !run.dice.topics.iter().any(throttled) || rng.chance(1, 4) {
        return;
    }
    let rate = (10_000 + rng.below(50_000)).to_string();
    let config = ["leader.replication.throttled.rate", "follower.replication.throttled.rate"].map(|name| (name.to_owned(), rate.clone()));
    run.at(S, SetBrokerConfig { broker: None, config: config.into() });
}

fn setup(d: &Dice) -> Vec<(i64, Action)> {
    let topics = d.topics.iter().cloned().map(Action::from);
    let producers = d.producers.iter().cloned().map(|spec| AddProducer(spec).into());
    let consumers = d.consumers.iter().cloned().map(|spec| AddConsumer(spec).into());
    topics.chain(producers).chain(consumers).map(|action| (0, action)).collect()
}

/// Draws from the shared stream: some kinds are on, and now and then one of them comes.
fn swarm(run: &mut Run, draws: &[Draw], calm_from: i64) {
    let all: Vec<&Draw> = draws.iter().filter(|draw| draw.stream == Stream::Shared).collect();
    let on: Vec<&Draw> = all.iter().copied().filter(|_| run.dice.rng.chance(1, 2)).collect();
    let on = if on.is_empty() { all } else { on };
    if on.is_empty() {
        return;
    }
    // Until when each broker and client has its own trouble.
    let mut busy: SortedVecMap<Arc<str>, i64> = SortedVecMap::new();
    let mut now = S;
    for _ in 0..run.dice.between(2, 12) {
        now += run.dice.micros(100, 4000);
        let Some(draw) = on.get(run.dice.rng.below(on.len() as u64) as usize) else { return };
        let lasts = if run.dice.rng.chance(1, 3) { run.dice.micros(50, 600) } else { run.dice.micros(600, 8000) };
        if now >= calm_from {
            return;
        }
        let until = (now + lasts).min(calm_from);
        let node = if draw.on == On::Client { run.dice.client() } else { run.dice.broker() };
        if busy.get(&node).is_some_and(|busy| *busy >= now) {
            continue;
        }
        if draw.exclusive {
            busy.insert(node.clone(), until);
        }
        let trouble = (draw.draw)(&mut run.dice, &node);
        run.trouble(trouble, now, until);
    }
}

/// Draws from streams of their own: what else a seed draws is as it was without them.
fn single(run: &mut Run, draws: &[Draw], seed: u64, calm_from: i64) {
    for draw in draws {
        let Stream::Own { one_in } = draw.stream else { continue };
        run.dice.rng = Rng::stream(seed, &format!("simulate/{}", draw.name));
        if !run.dice.rng.chance(1, one_in) {
            continue;
        }
        let node = if draw.on == On::Client { run.dice.client() } else { run.dice.broker() };
        let trouble = (draw.draw)(&mut run.dice, &node);
        let (now, lasts) = (run.dice.micros(1000, 12_000), run.dice.micros(500, 8000));
        if now < calm_from {
            run.trouble(trouble, now, (now + lasts).min(calm_from - 1));
        }
    }
}

/// Everything stands again, and once it does the producers stop.
fn heal(run: &mut Run, from: i64) {
    run.actions.retain(|(at, _)| *at < from);
    run.actions.sort_by_key(|(at, _)| *at);
    let mut wrong: Vec<(Ailment, Vec<Action>)> = Vec::new();
    for (_, action) in &run.actions {
        for condition in action.conditions() {
            let Condition { ailment, severity } = condition;
            // A link that is as all others again may still be cut: only healing ends what is wrong with the network.
            let over = severity == Severity::Over && (!ailment.is_of_network() || ailment == Ailment::Network);
            let (ailment, remedy) = match ailment.is_of_network() {
                true => (Ailment::Network, vec![Heal.into()]),
                false => (ailment, action.remedy()),
            };
            wrong.retain(|(other, _)| *other != ailment);
            if !over {
                wrong.push((ailment, remedy));
            }
        }
    }
    let mut remedies: Vec<Action> = wrong.into_iter().flat_map(|(_, remedy)| remedy).collect();
    remedies.sort_by_key(rank);
    remedies.dedup();
    for action in remedies {
        run.at(from, action);
    }
    for name in run.dice.producers.iter().map(|spec| spec.name.clone()).collect::<Vec<_>>() {
        run.at(from + 2 * S, SetRate { name, rate_per_1000s: 0 });
    }
}

/// The network is healed first, then disks, then processes by name.
fn rank(action: &Action) -> (u8, Option<Arc<str>>) {
    match action.conditions().into_iter().next().map(|condition| condition.ailment) {
        Some(ailment) if ailment.is_of_network() => (0, None),
        Some(Ailment::AllLinks) => (1, None),
        Some(Ailment::Process(node)) => (3, Some(node)),
        _ => (2, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::operations::keywords;
    use std::collections::BTreeSet;

    #[test]
    fn some_seed_draws_each_operation() {
        let mut drawn = BTreeSet::new();
        for profile in PROFILES {
            for seed in 0..300 {
                for (_, action) in draw(seed, profile, None).actions {
                    drawn.insert(action.keyword());
                }
            }
        }
        let missing: Vec<&str> = keywords().filter(|keyword| !drawn.contains(keyword)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "no seed draws these");
    }

    #[test]
    fn profiles_that_draws_name_are_there() {
        for draw in draws() {
            let known = |name: &&str| PROFILES.iter().any(|profile| profile.name == *name);
            assert!(!draw.profiles.is_empty() && draw.profiles.iter().all(known), "{}: {:?}", draw.name, draw.profiles);
        }
    }

    #[test]
    fn what_is_drawn_is_written_and_read_back() {
        for profile in PROFILES {
            for seed in 0..100 {
                let scenario = draw(seed, profile, None);
                assert_eq!(Scenario::parse(&scenario.to_text()), Ok(scenario));
            }
        }
    }
}
