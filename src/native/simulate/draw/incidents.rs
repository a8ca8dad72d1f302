//! What chance alone brings about too seldom: several deeds of one run, in an order and at moments that fit.

use super::{Run, S, configs};
use crate::kafka::rng::Rng;
use crate::world::action::ConsumerSpec;
use crate::world::operations::{Action, AddConsumer, Crash, Cut, Heal, Pause, PowerLoss, Restart, Resume, broker};
use std::sync::Arc;

/// In some runs a member dies or freezes while its group waits for the others to join: it is assigned something and never fetches it. That
/// is noticed before its session is over.
pub(super) fn latecomer(run: &mut Run, seed: u64) {
    let mut rng = Rng::stream(seed, "simulate/latecomer");
    if !rng.chance(1, 30) {
        return;
    }
    let classic = |member: &&ConsumerSpec| member.config.contains_key("session.timeout.ms");
    let Some(known) = run.dice.consumers.iter().rfind(classic).cloned() else { return };
    let name: Arc<str> = format!("{}-late", known.group.as_deref().unwrap_or_default()).into();
    let mut late = ConsumerSpec { name: name.clone(), ..known.clone() };
    if let Some(instance) = late.config.get_mut("group.instance.id") {
        *instance = name.to_string();
    }
    let joins = S + 1000 * i64::try_from(rng.below(3000)).unwrap_or(0);
    let (ends, again) = (joins + 1000 * i64::try_from(20 + rng.below(300)).unwrap_or(0), joins + 7 * S);
    let (end, start): (Action, Action) = match rng.chance(1, 2) {
        true => (Crash { node: name.clone() }.into(), Restart { node: name }.into()),
        false => (Pause { node: name.clone() }.into(), Resume { node: name }.into()),
    };
    let others = run.dice.consumers.iter_mut().filter(|member| member.group == known.group && classic(&&**member));
    for member in others.chain([&mut late]) {
        let patient = [("session.timeout.ms", "15000"), ("max.poll.interval.ms", "4000")];
        member.config.extend(patient.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    run.at(joins, AddConsumer(late));
    run.at(ends, end);
    run.at(again, start);
}

/// In some runs a follower that is cut off from its leader deletes all that it has, by its age, and the leader loses more than that with
/// its power: the follower's log begins beyond the leader's end.
pub(super) fn hollow(run: &mut Run, seed: u64) {
    let mut rng = Rng::stream(seed, "simulate/hollow");
    let makes = run.dice.consumers.iter().any(|member| member.handler.output.is_some());
    if !rng.chance(1, 60) || run.dice.brokers < 2 || makes {
        return;
    }
    let first = 1 + rng.below(run.dice.brokers.into()) as u32;
    let second = 1 + (first + rng.below(u64::from(run.dice.brokers) - 1) as u32) % run.dice.brokers;
    let [leader, follower] = [first, second].map(broker);
    for topic in &mut run.dice.topics {
        let young = configs(&[("min.insync.replicas", "1".into()), ("retention.ms", "500".into()), ("segment.ms", "500".into())]);
        topic.config.extend(young.iter().map(|(name, value)| (name.clone(), value.clone())));
        (topic.replicas, topic.partitions) = (2, topic.partitions.max(6));
    }
    let from = 2 * S + 1000 * i64::try_from(rng.below(2000)).unwrap_or(0);
    run.at(from, Cut { from: leader.clone(), to: follower, one_way: false });
    run.at(from + 4 * S, PowerLoss::of(leader.clone()));
    run.at(from + 4 * S, Heal);
    run.at(from + 6 * S, Restart { node: leader });
}
