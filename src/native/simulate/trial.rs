//! One judged run of a scenario.

use super::coverage::Requests;
use crate::kafka::broker::PartitionView;
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::time::Time;
use crate::playground::scenario::{Playback, Scenario};
use crate::world::judge::{Judge, Verdict, Violation};
use crate::world::operations::Action;
use crate::world::view::ConsumerState;
use crate::world::{EPOCH, World};

/// What a healed cluster has at most until nothing is under way any more. In microseconds.
pub(crate) const SETTLE_US: i64 = 90_000_000;
/// How long nobody must have done anything before a cluster that is not quiet is called stuck.
const STUCK_US: i64 = 60_000_000;
const SLICE_US: i64 = 500_000;

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
    pub(crate) fn shows(&self, kind: &str) -> Option<&Violation> {
        self.verdict.violations.iter().find(|violation| violation.kind == kind)
    }
}

/// Runs to the scenario's end, or until everything is quiet after its last action, or until a violation is seen (one of `kind`,
/// where one is given). A panic is a violation too.
pub(crate) fn run(scenario: &Scenario, kind: Option<&str>) -> Result<Outcome, String> {
    let caught = std::panic::catch_unwind(|| judged(scenario, kind));
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

fn judged(scenario: &Scenario, kind: Option<&str>) -> Result<Outcome, String> {
    let mut judge = Judge::new();
    let mut playback = Playback::new(scenario.clone()).map_err(|error| error.to_string())?;
    judge.observe(playback.world());
    let mut requests = Requests::default();
    requests.observe(playback.world());
    let last = scenario.actions.last().map_or(0, |(at, _)| *at);
    loop {
        let now = playback.world().now();
        let seen = match kind {
            Some(kind) => judge.violations().iter().any(|violation| violation.kind == kind),
            None => !judge.violations().is_empty(),
        };
        let quiet = now.micros_since(EPOCH) > last + SLICE_US && unsettled(playback.world()).is_none();
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
    let unsettled = unsettled(world);
    let mut verdict = judge.verdict(world, unsettled.is_none());
    let last = world.history().last().map_or(EPOCH, |(at, _)| *at);
    if let Some(what) = unsettled
        && healed(world)
        && world.now().micros_since(last) >= STUCK_US
    {
        let event = world.events().last().map_or(crate::world::event::EventId(0), |event| event.id);
        verdict.violations.push(Violation { at: world.now(), event, kind: "liveness", what });
    }
    verdict
}

/// What is still under way or undone; `None`: all is quiet.
fn unsettled(world: &World) -> Option<String> {
    let view = world.view();
    if let Some(broker) = view.brokers.iter().find(|broker| !broker.state.is_running()) {
        return Some(format!("{} is {}", broker.name, broker.state));
    }
    if let Some(producer) = view.producers.iter().find(|producer| producer.pending > 0) {
        return Some(format!("{} still has {} records to send", producer.name, producer.pending));
    }
    if let Some(producer) = view.producers.iter().find(|producer| producer.state.is_running() && producer.rate_per_1000s > 0) {
        return Some(format!("{} still sends", producer.name));
    }
    for partition in &view.partitions {
        let view = &partition.view;
        let name = format!("{}-{}", view.topic, view.partition);
        // Nobody is left who might lead it: its last eligible leaders were given up when `min.insync.replicas` changed (ClearElrRecord).
        if view.leader < 0 && view.isr.is_empty() && view.elr.is_empty() {
            continue;
        }
        if view.leader < 0 {
            return Some(format!("{name} has no leader"));
        }
        if view.high_watermark < view.end_offset {
            return Some(format!("{name} ends at {} and its high watermark stays at {}", view.end_offset, view.high_watermark));
        }
        if view.last_stable_offset < view.high_watermark {
            return Some(format!("{name}: a transaction is open from offset {} on", view.last_stable_offset));
        }
        if view.isr.len() < view.replicas.len() {
            return Some(format!("{name} has replicas {:?} and only {:?} in sync", view.replicas, view.isr));
        }
    }
    // Whoever is once told that its group is full never joins it again (`GroupMaxSizeReachedException`), even if that was of members whose
    // sessions were not over yet. Who was refused for good is over, as a program that ends with an error.
    let bounded = world.genesis().broker_config.contains_key("group.max.size");
    let lives = |consumer: &&ConsumerState| consumer.state.is_running() && consumer.client_state != MembershipState::Failed;
    for consumer in view.consumers.iter().filter(|consumer| lives(consumer) && !bounded) {
        if consumer.backlog > 0 {
            return Some(format!("{} still handles records", consumer.name));
        }
        if consumer.output.as_ref().is_some_and(|output| output.blocked || output.pending > 0) {
            return Some(format!("{} still waits for what it has sent", consumer.name));
        }
        let Some(group) = &consumer.group else { continue };
        if consumer.client_state != MembershipState::Stable {
            return Some(format!("{} of group {group} is {}", consumer.name, consumer.client_state));
        }
        let led = |view: &PartitionView| view.leader >= 0;
        for partition in view.partitions.iter().filter(|at| led(&at.view) && consumer.topics.contains(&at.view.topic)) {
            let (topic, number) = (&partition.view.topic, partition.view.partition);
            let members = view.consumers.iter().filter(|other| other.group == consumer.group && other.state.is_running());
            let position =
                members.flat_map(|member| &member.positions).filter(|(t, p, _)| t == topic && *p == number).map(|(.., at)| *at).max();
            // Nothing is to be read of an empty partition, and by time no position is found there.
            if position.unwrap_or(0) < partition.view.high_watermark {
                return Some(format!("group {group} has not read {topic}-{number} up to {}", partition.view.high_watermark));
            }
        }
    }
    None
}

/// Whether every fault that keeps a cluster from its work has been taken back.
fn healed(world: &World) -> bool {
    let view = world.view();
    let ends = view.producers.iter().all(|producer| producer.rate_per_1000s == 0 || !producer.state.is_running());
    ends && view.link_faults.is_empty()
        && view.brokers.iter().all(|broker| broker.state.is_running() && broker.slow_us == 0 && broker.disk_free == u64::MAX)
}
