//! Apps that consume and produce, in some of the runs and in all of the profile that is named after them: a group copies one of the topics
//! into an output of its own, exactly once, at least once or at most once.

use super::draw::{Modern, configs};
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::action::{ConsumerSpec, Genesis};
use crate::world::handler::{Delivery, HandlerSpec, OutputSpec};
use crate::world::operations::{CreateTopic, Dice};
use std::sync::Arc;

/// The profile in which every run has such apps, beside the faults of the swarm.
pub(crate) const PROFILE: &str = "processing";

/// The output's topic, if the run has such apps. It is none of the topics that something is done to.
pub(crate) fn draw(d: &mut Dice, genesis: &mut Genesis, always: bool) -> Option<CreateTopic> {
    let mut rng = Rng::stream(genesis.seed, "simulate/processors");
    if !rng.chance(1, 6) && !always {
        return None;
    }
    let brokers = [("transaction.state.log.num.partitions", "3"), ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000")];
    genesis.broker_config.extend(brokers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // A group that forgets its offsets after a minute, or that its members are not let into, owes nothing.
    for name in ["offsets.retention.minutes", "group.max.size"] {
        genesis.broker_config.remove(name);
    }
    let replicas = if rng.chance(2, 3) { 3 } else { 1 + rng.below(3) as u32 }.min(d.brokers);
    let min_isr = (1 + rng.below(2)).min(u64::from(replicas));
    let output = CreateTopic {
        topic: "out".into(),
        partitions: 1 + i32::try_from(rng.below(3)).unwrap_or(0),
        replicas: i16::try_from(replicas).unwrap_or(1),
        config: configs(&[("min.insync.replicas", min_isr.to_string())]),
    };
    let delivery = [Delivery::ExactlyOnce, Delivery::ExactlyOnce, Delivery::AtLeastOnce, Delivery::AtMostOnce];
    let delivery = delivery.get(rng.below(4) as usize).copied().unwrap_or(Delivery::ExactlyOnce);
    let input: Arc<str> = d.topics.get(rng.below(d.topics.len() as u64) as usize)?.topic.clone();
    let (fixed, modern, handle_us) = (rng.chance(1, 5), Modern::draw(&mut rng), 100 + i64::try_from(rng.below(5000)).unwrap_or(0));
    let poll = (1 + rng.below(40)).to_string();
    for nth in 1..=1 + rng.below(3) {
        let name: Arc<str> = format!("copy-{nth}").into();
        let mut config = members_configs(&mut rng, &poll);
        if fixed {
            config.insert("group.instance.id".into(), name.to_string());
        }
        modern.apply(&mut rng, &mut config);
        let handler = HandlerSpec { output: Some(OutputSpec { topic: output.topic.clone(), delivery }), ..HandlerSpec::default() };
        let (group, topics, commit) = (Some("copy".into()), vec![input.clone()], delivery.commit());
        d.consumers.push(ConsumerSpec { name, group, topics, handle_us, commit, handler, config });
    }
    Some(output)
}

fn members_configs(rng: &mut Rng, poll: &str) -> SortedVecMap<String, String> {
    configs(&[
        ("auto.offset.reset", "earliest".into()),
        ("session.timeout.ms", "2000".into()),
        ("heartbeat.interval.ms", "400".into()),
        ("request.timeout.ms", "3000".into()),
        ("max.poll.interval.ms", "8000".into()),
        ("max.poll.records", poll.to_owned()),
        ("metadata.max.age.ms", "5000".into()),
        ("producer.transaction.timeout.ms", (2000 + rng.below(8000)).to_string()),
        ("producer.request.timeout.ms", (1000 + rng.below(2000)).to_string()),
        ("producer.delivery.timeout.ms", (5000 + rng.below(15_000)).to_string()),
        ("producer.linger.ms", rng.below(20).to_string()),
        ("producer.metadata.max.age.ms", "5000".into()),
    ])
}
