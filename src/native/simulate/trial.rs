//! One judged run of a scenario.

use super::coverage::Requests;
use crate::kafka::broker::{BrokerEvent, OFFSETS_TOPIC, PartitionView, TRANSACTIONS_TOPIC};
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::time::Time;
use crate::playground::scenario::{Playback, Scenario};
use crate::world::action::ConsumerSpec;
use crate::world::event::EventKind;
use crate::world::judge::{Judge, Verdict, Violation};
use crate::world::operations::{Action, AddConsumer, AddPartitions, ChangeConsumer, DeleteTopic};
use crate::world::view::{ConsumerState, ProducerState, WorldView};
use crate::world::{EPOCH, ProcessState, World};
use std::sync::Arc;

/// What a healed cluster has at most until nothing is under way any more. In microseconds.
pub(crate) const SETTLE_US: i64 = 90_000_000;
/// How long nobody must have done anything before a cluster that is not quiet is called stuck.
const STUCK_US: i64 = 60_000_000;
/// Who has got on since then is not stuck.
const GETS_ON_US: i64 = 10_000_000;
const SLICE_US: i64 = 500_000;
/// A violation of what never comes to an end.
const LIVENESS: &str = "liveness";

pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// When it ended, in microseconds since the run's beginning.
    pub(crate) end: i64,
    /// Actions that could not be done.
    pub(crate) undone: Vec<(i64, Action)>,
    /// What the nodes asked each other.
    pub(crate) requests: Requests,
}

impl Outcome {
    pub(crate) fn shows(&self, wanted: &Violation) -> bool {
        self.verdict.violations.iter().any(|violation| alike(violation, wanted))
    }
}

/// Whether both are of one kind. What is stuck is so in many ways: there the words are the same too, but for numbers.
fn alike(a: &Violation, b: &Violation) -> bool {
    let words = |of: &Violation| of.what.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    a.kind == b.kind && (a.kind != LIVENESS || words(a) == words(b))
}

/// Runs to the scenario's end, or until everything is quiet after its last action, or until a violation is seen (one as `wanted`,
/// where that is given). A panic is a violation too.
pub(crate) fn run(scenario: &Scenario, wanted: Option<&Violation>) -> Result<Outcome, String> {
    let caught = std::panic::catch_unwind(|| judged(scenario, wanted));
    match caught {
        Ok(outcome) => outcome,
        Err(panic) => {
            let what = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let what = format!("the program panicked: {}", what.unwrap_or_default());
            let violation = Violation { at: EPOCH, event: crate::world::event::EventId(0), kind: "panic", what };
            let verdict = Verdict {
                violations: vec![violation],
                ..Judge::new().verdict(&World::new(Default::default()).map_err(|e| e.to_string())?, false)
            };
            Ok(Outcome { verdict, end: scenario.run_for, undone: Vec::new(), requests: Requests::default() })
        }
    }
}

fn judged(scenario: &Scenario, wanted: Option<&Violation>) -> Result<Outcome, String> {
    let mut judge = Judge::new();
    let mut playback = Playback::new(scenario.clone()).map_err(|error| error.to_string())?;
    judge.observe(playback.world());
    let mut requests = Requests::default();
    requests.observe(playback.world());
    let last = scenario.actions.last().map_or(0, |(at, _)| *at);
    loop {
        let now = playback.world().now();
        let seen = judge.violations().iter().any(|violation| wanted.is_none_or(|wanted| alike(violation, wanted)));
        let quiet = now.micros_since(EPOCH) > last + SLICE_US && matches!(rest(playback.world(), &judge), Rest::Quiet | Rest::Excused);
        if seen || quiet || now >= playback.end() {
            break;
        }
        let until = now.plus_micros(SLICE_US).min(playback.end());
        playback.watch_until(until, &mut |world| {
            judge.observe(world);
            requests.observe(world);
        });
    }
    let undone = playback.failures().iter().map(|failure| (failure.at, failure.action.clone())).collect();
    let end = playback.world().now().micros_since(EPOCH);
    Ok(Outcome { verdict: verdict(playback.world(), &judge), end, undone, requests })
}

/// Runs on to `until`, with the judge looking at every event.
pub(crate) fn watch(playback: &mut Playback, judge: &mut Judge, until: Time) {
    playback.watch_until(until, &mut |world| judge.observe(world));
}

/// The judge's verdict now, with what is stuck although nothing stands in its way.
pub(crate) fn verdict(world: &World, judge: &Judge) -> Verdict {
    let rest = rest(world, judge);
    let mut verdict = judge.verdict(world, rest == Rest::Quiet);
    let last = world.history().last().map_or(EPOCH, |(at, _)| *at);
    if let Rest::Busy(what) = rest
        && healed(world)
        && world.now().micros_since(last) >= STUCK_US
    {
        let event = world.events().last().map_or(crate::world::event::EventId(0), |event| event.id);
        verdict.violations.push(Violation { at: world.now(), event, kind: LIVENESS, what });
    }
    verdict
}

/// What there still is to do, from nothing to the worst.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    Quiet,
    /// Somebody will never come to an end, as in Kafka.
    Excused,
    /// Somebody has a lot to do, and gets on with it.
    GetsOn,
    /// This is under way or undone.
    Busy(String),
}

fn rest(world: &World, judge: &Judge) -> Rest {
    let view = world.view();
    let mut rest = clients_at_work(world, &view, judge);
    for look in [replicas_behind, hanging, unread] {
        if matches!(rest, Rest::Busy(_)) {
            break;
        }
        rest = rest.max(look(world, &view, judge));
    }
    rest
}

/// Whether something like this has happened of late.
fn lately(world: &World, is_such: impl Fn(&EventKind) -> bool) -> bool {
    let mut late = world.events().iter().rev().take_while(|event| world.now().micros_since(event.at) < GETS_ON_US);
    late.any(|event| is_such(&event.kind))
}

/// What it has left is acknowledged one after the other: a long outbox is not stuck.
fn sends_on(world: &World, producer: &ProducerState) -> bool {
    lately(world, |kind| matches!(kind, EventKind::Producer { node, event: ProducerEvent::Acked { .. } } if *node == producer.name))
}

/// It commits one transaction after the other with what it has read and copied. With one record in each that takes longer than a run.
fn copies_on(world: &World, consumer: &ConsumerState) -> bool {
    let is_commit = |event: &ProducerEvent| matches!(event, ProducerEvent::TransactionEnded { committed: true, .. });
    lately(world, |kind| matches!(kind, EventKind::Producer { node, event } if *node == consumer.name && is_commit(event)))
}

/// More and more of the partition is committed.
fn grows_on(world: &World, view: &PartitionView) -> bool {
    let is_its = |topic: &Arc<str>, partition: i32| *topic == view.topic && partition == view.partition;
    let moves = |event: &BrokerEvent| matches!(event, BrokerEvent::HighWatermark { topic, partition, .. } if is_its(topic, *partition));
    lately(world, |kind| matches!(kind, EventKind::Broker { event, .. } if moves(event)))
}

fn clients_at_work(world: &World, view: &WorldView, judge: &Judge) -> Rest {
    if let Some(broker) = view.brokers.iter().find(|broker| !broker.state.is_running()) {
        return Rest::Busy(format!("{} is {}", broker.name, broker.state));
    }
    // A client may believe for ever in the leader of a former topic, which a late answer has named: its epoch is newer than the new topic's
    // (`Metadata.updatePartitionLeadership`). An outbox then never ends.
    let may_end = |producer: &ProducerState| takes_all(view, &producer.topic) && !judge.was_deleted(&producer.topic);
    let is_stuck = |producer: &&ProducerState| producer.pending > 0 && may_end(producer) && !sends_on(world, producer);
    if let Some(producer) = view.producers.iter().find(is_stuck) {
        return Rest::Busy(format!("{} still has {} records to send", producer.name, producer.pending));
    }
    if let Some(sends) = view.producers.iter().find(|producer| producer.state.is_running() && producer.rate_per_1000s > 0) {
        return Rest::Busy(format!("{} still sends", sends.name));
    }
    match view.producers.iter().find(|producer| producer.pending > 0) {
        Some(producer) if may_end(producer) => Rest::GetsOn,
        Some(_) => Rest::Excused,
        None => Rest::Quiet,
    }
}

/// An outbox is never given up: as long as it lives its relay sends to a topic that is gone, or to a partition that nobody may lead.
fn takes_all(view: &WorldView, topic: &str) -> bool {
    let mut partitions = view.partitions.iter().map(|partition| &partition.view).filter(|view| *view.topic == *topic).peekable();
    partitions.peek().is_some() && !partitions.any(nobody_may_lead)
}

/// Nobody is left who might lead it: its last eligible leaders were given up when `min.insync.replicas` changed (ClearElrRecord).
fn nobody_may_lead(view: &PartitionView) -> bool {
    view.leader < 0 && view.isr.is_empty() && view.elr.is_empty()
}

fn replicas_behind(world: &World, view: &WorldView, _: &Judge) -> Rest {
    let mut rest = Rest::Quiet;
    for partition in &view.partitions {
        let view = &partition.view;
        let name = format!("{}-{}", view.topic, view.partition);
        if nobody_may_lead(view) {
            continue;
        }
        if view.leader < 0 {
            return Rest::Busy(format!("{name} has no leader"));
        }
        if view.high_watermark < view.end_offset {
            if !grows_on(world, view) {
                return Rest::Busy(format!("{name} ends at {} and its high watermark stays at {}", view.end_offset, view.high_watermark));
            }
            rest = Rest::GetsOn;
        }
        if view.isr.len() < view.replicas.len() {
            return Rest::Busy(format!("{name} has replicas {:?} and only {:?} in sync", view.replicas, view.isr));
        }
    }
    rest
}

/// Transactions that are open.
fn hanging(world: &World, view: &WorldView, judge: &Judge) -> Rest {
    let mut rest = Rest::Quiet;
    for at in view.partitions.iter().map(|at| &at.view).filter(|view| view.last_stable_offset < view.high_watermark) {
        let PartitionView { topic, partition, leader, last_stable_offset, .. } = at;
        if *leader < 0 || judge.may_lack_markers(topic, *partition) {
            rest = rest.max(Rest::Excused);
        } else if grows_on(world, at) {
            rest = Rest::GetsOn;
        } else {
            return Rest::Busy(format!("{topic}-{partition}: a transaction is open from offset {last_stable_offset} on"));
        }
    }
    rest
}

/// What the groups have not read.
fn unread(world: &World, view: &WorldView, judge: &Judge) -> Rest {
    // Whoever is once told that its group is full never joins it again (`GroupMaxSizeReachedException`), even if that was of members whose
    // sessions were not over yet. Who was refused for good is over, as a program that ends with an error.
    if world.genesis().broker_config.contains_key("group.max.size") {
        return Rest::Excused;
    }
    let mut rest = Rest::Quiet;
    for consumer in view.consumers.iter().filter(|consumer| consumer.state.is_running()) {
        rest = rest.max(match unread_by(world, view, judge, consumer) {
            Rest::Busy(_) if members(view, consumer).any(|member| copies_on(world, member)) => Rest::GetsOn,
            of_consumer => of_consumer,
        });
        if matches!(rest, Rest::Busy(_)) {
            break;
        }
    }
    rest
}

/// Those who read with it, itself among them.
fn members<'a>(view: &'a WorldView, consumer: &'a ConsumerState) -> impl Iterator<Item = &'a ConsumerState> {
    let lives = |other: &&ConsumerState| other.state.is_running() && other.client_state != MembershipState::Failed;
    view.consumers
        .iter()
        .filter(lives)
        .filter(|other| other.name == consumer.name || other.group.is_some() && other.group == consumer.group)
}

/// What one consumer, or with it its group, has not read.
fn unread_by(world: &World, view: &WorldView, judge: &Judge, consumer: &ConsumerState) -> Rest {
    let commits_what_is_gone = commits_what_is_gone(world, view, consumer);
    if consumer.backlog > 0 && !commits_what_is_gone {
        return Rest::Busy(format!("{} still handles records", consumer.name));
    }
    if consumer.client_state == MembershipState::Failed {
        return Rest::Quiet;
    }
    if commits_what_is_gone {
        return Rest::Excused;
    }
    if let Some(output) = consumer.output.as_ref().filter(|output| output.blocked || output.pending > 0) {
        // A partition that refuses a marker as fenced leaves the transaction undecided for ever (`TransactionMarkerChannelManager`): it
        // may have lost what it knew of the producer.
        let lost = output.topic.as_deref().is_some_and(|topic| judge.has_given_up(topic, None));
        if lost || judge.has_given_up(TRANSACTIONS_TOPIC, None) {
            return Rest::Excused;
        }
        return Rest::Busy(format!("{} still waits for what it has sent", consumer.name));
    }
    let Some(group) = &consumer.group else { return Rest::Quiet };
    if consumer.client_state != MembershipState::Stable {
        return Rest::Busy(format!("{} of group {group} is {}", consumer.name, consumer.client_state));
    }
    let mut rest = Rest::Quiet;
    for partition in view.partitions.iter().filter(|at| at.view.leader >= 0 && consumer.topics.contains(&at.view.topic)) {
        let (topic, number) = (&partition.view.topic, partition.view.partition);
        let positions = members(view, consumer).flat_map(|member| &member.positions).filter(|(t, p, _)| t == topic && *p == number);
        let position = positions.map(|(.., at)| *at).max();
        let end = if judge.may_lack_markers(topic, number) { partition.view.last_stable_offset } else { partition.view.high_watermark };
        // Nothing is to be read of an empty partition, and by time no position is found there.
        if position.unwrap_or(0) >= end {
            continue;
        }
        // Offsets of a transaction whose marker is lost are never stable (UNSTABLE_OFFSET_COMMIT): nobody reads on from them.
        let unstable = [OFFSETS_TOPIC, TRANSACTIONS_TOPIC].iter().any(|topic| judge.has_given_up(topic, None));
        let missed = || view.groups.iter().any(|known| known.group == *group && judge.missed_rebalance(known));
        let unread = unstable || missed_growth(world, group, topic) || missed() || keeps_former_partitions(view, group);
        let waits = resets_by_duration(world, &consumer.name) || position.is_none() && unread;
        if !waits && !keeps_former_offset(world, view, group, topic, number) {
            return Rest::Busy(format!("group {group} has not read {topic}-{number} up to {end}"));
        }
        rest = Rest::Excused;
    }
    rest
}

/// Without a committed offset it reads from the first record of the last seconds: it waits for one to come.
fn resets_by_duration(world: &World, name: &str) -> bool {
    let reset = spec_of(world, |spec| &*spec.name == name).and_then(|spec| spec.config.get("auto.offset.reset"));
    reset.is_some_and(|reset| reset.starts_with("by_duration"))
}

/// What a consumer is set to, by its last line.
fn spec_of(world: &World, named: impl Fn(&ConsumerSpec) -> bool) -> Option<&ConsumerSpec> {
    let specs = world.history().iter().rev().filter_map(|(_, action)| match action {
        Action::AddConsumer(AddConsumer(spec)) | Action::ChangeConsumer(ChangeConsumer(spec)) => Some(spec),
        _ => None,
    });
    specs.into_iter().find(|spec| named(spec))
}

/// A static leader that comes back takes the topics as they are for those that it has assigned (KIP-814,
/// `ConsumerCoordinator.onLeaderElected`): partitions that were added while it was away belong to nobody until the next rebalance.
fn missed_growth(world: &World, group: &str, topic: &str) -> bool {
    let is_static = |spec: &ConsumerSpec| spec.group.as_deref() == Some(group) && spec.config.contains_key("group.instance.id");
    // Or it is made anew with more.
    let grew = |action: &Action| match action {
        Action::AddPartitions(AddPartitions { topic: grown, .. }) | Action::DeleteTopic(DeleteTopic { topic: grown }) => &**grown == topic,
        _ => false,
    };
    spec_of(world, is_static).is_some() && world.history().iter().any(|(_, action)| grew(action))
}

/// A group that goes over to the consumer protocol takes what its members have by the names of the topics
/// (`ConsumerGroup.fromClassicGroup`). The uniform assignor does not ask whether a topic still has these partitions: a member keeps those
/// that a new topic of the name has not, in the place of others.
fn keeps_former_partitions(view: &WorldView, group: &str) -> bool {
    let assigned = view.groups.iter().filter(|known| &*known.group == group).flat_map(|known| &known.members);
    let is_there = |(topic, number): &(Arc<str>, i32)| {
        view.partitions.iter().any(|partition| partition.view.topic == *topic && partition.view.partition == *number)
    };
    !assigned.flat_map(|member| &member.assignment).all(is_there)
}

/// A static member that comes back keeps what its group's leader has assigned (KIP-814), and the coordinator may have kept what was
/// committed of partitions that are gone. Then `commitSync` is refused for them (UNKNOWN_TOPIC_OR_PARTITION) until `max.poll.interval.ms`
/// is over, in each generation anew: between two of them the app handles what one poll brings.
fn commits_what_is_gone(world: &World, view: &WorldView, consumer: &ConsumerState) -> bool {
    let is_there = |(topic, number, _): &(Arc<str>, i32, i64)| {
        view.partitions.iter().any(|partition| partition.view.topic == *topic && partition.view.partition == *number)
    };
    let spec = spec_of(world, |spec| spec.name == consumer.name);
    let waits = spec.is_some_and(|spec| spec.commit.waits() && spec.config.contains_key("group.instance.id"));
    waits && !consumer.positions.iter().all(is_there)
}

/// A coordinator that loads its log after a topic was deleted knows nothing of that, and keeps what was committed for the partition. If a
/// topic has come in its place, the Java consumer takes the leader epoch of that offset for the newest that it has seen, and waits for a
/// leader of it (`Metadata.updateLastSeenEpochIfNewer`).
fn keeps_former_offset(world: &World, view: &WorldView, group: &str, topic: &str, partition: i32) -> bool {
    let deleted = |(_, action): &(Time, Action)| matches!(action, Action::DeleteTopic(DeleteTopic { topic: gone }) if &**gone == topic);
    let committed = view.groups.iter().filter(|known| &*known.group == group).flat_map(|known| &known.offsets);
    world.history().iter().any(deleted) && committed.into_iter().any(|(of, number, _)| &**of == topic && *number == partition)
}

/// Whether every fault that keeps a cluster from its work has been taken back.
fn healed(world: &World) -> bool {
    let view = world.view();
    let ends = view.producers.iter().all(|producer| producer.rate_per_1000s == 0 || !producer.state.is_running());
    let mut clients = view.producers.iter().map(|producer| producer.state).chain(view.consumers.iter().map(|consumer| consumer.state));
    ends && !clients.any(|state| state == ProcessState::Paused)
        && view.link_faults.is_empty()
        && view.brokers.iter().all(|broker| broker.state.is_running() && broker.slow_us == 0 && broker.disk_free == u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What the search once called stuck does not end in Kafka either: an outbox whose only replica lost its place in `isr` and `elr`, one
    /// whose client believes in the leader of a former topic, and `commitSync` of a partition that is gone; or it takes its time, as an app
    /// does that commits each record in a transaction of its own.
    #[test]
    fn what_never_ends_in_kafka_is_not_called_stuck() {
        for name in
            ["seed-56552", "seed-51782", "seed-1134141180", "seed-1134152151", "seed-739687535"].map(|seed| format!("{seed}-liveness.tide"))
        {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(&name);
            let text = std::fs::read_to_string(path).expect("the scenario is there");
            let mut playback = Playback::new(Scenario::parse(&text).expect("it can be read")).expect("its world begins");
            let mut judge = Judge::new();
            judge.observe(playback.world());
            let end = playback.end();
            watch(&mut playback, &mut judge, end);
            let at_work = rest(playback.world(), &judge) != Rest::Quiet;
            assert!(at_work && healed(playback.world()), "{name}: somebody is at work, though all is healed");
            assert_eq!(verdict(playback.world(), &judge).violations, [], "{name}");
        }
    }
}
