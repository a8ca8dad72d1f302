//! What a run has come to that neither the judge nor a look at the world tells: how long producers waited for their answers, how long
//! partitions had no leader, and how often groups found a new order.

use super::since;
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::producer::{ProducerEvent, Ticket};
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::world::event::{Event, EventKind};
use crate::world::{ProcessState, World};
use std::sync::Arc;

/// Rebalances, and revocations, that are remembered; later ones are not counted.
const MAX_KEPT: usize = 10_000;

/// A partition of a topic.
type Place = (Arc<str>, i32);

/// What `BrokerEvent`s say of a partition's leader.
#[derive(Clone, Debug)]
struct Led {
    by: Arc<str>,
    epoch: i32,
    /// Since when its leader has no process, or nobody reaches it.
    gone: Option<Time>,
    /// It is gone by a cut alone, and back once that is healed.
    cut: bool,
    high_watermark: i64,
}

/// Takes in the events of a run. Cloned with its world it is part of a checkpoint. Durations are microseconds.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    next_event: u64,
    /// By producer: when each record that waits was handed to the client.
    handed: SortedVecMap<Arc<str>, SortedVecMap<Ticket, Time>>,
    /// Records that were acknowledged, how long all of them waited together, and how long the longest did.
    pub answered: u64,
    pub waited_us: i64,
    pub longest_wait_us: i64,
    leaders: SortedVecMap<Place, Led>,
    leaderless_us: i64,
    longest_leaderless_us: i64,
    /// Grows whenever a partition has lost its leader or has one again.
    leader_changes: u32,
    /// By group: committed offsets of user topics. An offset that expires or is deleted stays.
    committed: SortedVecMap<Arc<str>, SortedVecMap<Place, i64>>,
    /// When groups of both protocols began to find a new order.
    rebalances: Vec<Time>,
    /// When partitions were taken from a member while it ran, and how many.
    revoked: Vec<(Time, u32)>,
}

fn has_ended(state: ProcessState) -> bool {
    matches!(state, ProcessState::Stopped | ProcessState::Crashed | ProcessState::Killed | ProcessState::PoweredOff)
}

impl Meter {
    /// Takes in what has happened since the last time. The world still keeps it: this is called after each turn.
    pub(super) fn observe(&mut self, world: &World) {
        for event in since(world, self.next_event) {
            self.take(event);
        }
        self.next_event = world.next_event().0;
    }

    /// Rebalances of all groups, from a time on.
    pub fn rebalances(&self, from: Time) -> u64 {
        self.rebalances.iter().filter(|at| **at >= from).count() as u64
    }

    /// Partitions that were taken from members while they ran, from a time on.
    pub fn revoked(&self, from: Time) -> u64 {
        self.revoked.iter().filter(|(at, _)| *at >= from).map(|(_, count)| u64::from(*count)).sum()
    }

    /// Partitions × time without a leader until `now`, and the longest time that one of them had none.
    pub fn leaderless_us(&self, now: Time) -> (i64, i64) {
        let open = self.leaders.values().filter_map(|led| Some(now.micros_since(led.gone?).max(0)));
        open.fold((self.leaderless_us, self.longest_leaderless_us), |(sum, longest), us| (sum + us, longest.max(us)))
    }

    pub(super) fn leader_changes(&self) -> u32 {
        self.leader_changes
    }

    /// How many partitions have no leader now.
    pub(super) fn leaderless(&self) -> u32 {
        self.leaders.values().map(|led| u32::from(led.gone.is_some())).sum()
    }

    /// Readable records that each group has not committed, by group.
    pub(super) fn lags(&self) -> impl Iterator<Item = (&Arc<str>, i64)> {
        let behind = |(place, offset): (&Place, &i64)| self.leaders.get(place).map_or(0, |led| (led.high_watermark - offset).max(0));
        self.committed.iter().map(move |(group, offsets)| (group, offsets.iter().map(behind).sum()))
    }

    fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Producer { node, event: what } => self.producer(event.at, node, what),
            EventKind::Broker { node, event: BrokerEvent::BecameLeader { topic, partition, epoch, .. } } => {
                self.leads(event.at, node, topic, *partition, *epoch);
            }
            EventKind::Broker { node, event: BrokerEvent::HighWatermark { topic, partition, to, .. } } => {
                if let Some(led) = self.leaders.get_mut(&(topic.clone(), *partition)).filter(|led| led.by == *node) {
                    led.high_watermark = *to;
                }
            }
            EventKind::Broker { event: BrokerEvent::TopicDeleted { topic }, .. } => self.deleted(event.at, topic),
            EventKind::Broker { event: BrokerEvent::Group(GroupEvent::OffsetCommitted { group, topic, partition, offset }), .. } => {
                self.committed.entry(group.clone()).or_default().insert((topic.clone(), *partition), *offset);
            }
            EventKind::Broker { event: BrokerEvent::Group(GroupEvent::StateChanged { from, to, .. }), .. }
                if to.is_rebalancing() && !from.is_rebalancing() && self.rebalances.len() < MAX_KEPT =>
            {
                self.rebalances.push(event.at);
            }
            EventKind::Consumer { event: ConsumerEvent::Revoked { partitions, .. }, .. } if self.revoked.len() < MAX_KEPT => {
                self.revoked.push((event.at, u32::try_from(partitions.len()).unwrap_or(u32::MAX)));
            }
            EventKind::ProcessState { node, to, .. } if has_ended(*to) => {
                self.handed.remove(node);
                self.gone(event.at, node, false);
            }
            EventKind::LinkCut { from, to, one_way: false } if **to == *"everyone" => self.gone(event.at, from, true),
            EventKind::Healed => self.healed(event.at),
            _ => {}
        }
    }

    fn producer(&mut self, at: Time, node: &Arc<str>, event: &ProducerEvent) {
        match event {
            ProducerEvent::Partitioned { ticket, .. } => {
                self.handed.entry(node.clone()).or_default().insert(*ticket, at);
            }
            ProducerEvent::Acked { ticket, .. } => {
                if let Some(since) = self.handed.get_mut(node).and_then(|waiting| waiting.remove(ticket)) {
                    let waited = at.micros_since(since).max(0);
                    self.answered += 1;
                    self.waited_us += waited;
                    self.longest_wait_us = self.longest_wait_us.max(waited);
                }
            }
            ProducerEvent::Failed { ticket, .. } => {
                if let Some(waiting) = self.handed.get_mut(node) {
                    waiting.remove(ticket);
                }
            }
            _ => {}
        }
    }

    fn gone(&mut self, at: Time, broker: &Arc<str>, cut: bool) {
        for led in self.leaders.values_mut().filter(|led| led.by == *broker) {
            led.cut = cut && (led.cut || led.gone.is_none());
            if led.gone.is_none() {
                led.gone = Some(at);
                self.leader_changes += 1;
            }
        }
    }

    /// Who was only cut off leads on, unless another has been elected meanwhile.
    fn healed(&mut self, at: Time) {
        let mut waited = Vec::new();
        for led in self.leaders.values_mut().filter(|led| led.cut) {
            led.cut = false;
            waited.extend(led.gone.take());
        }
        waited.into_iter().for_each(|since| self.led_again(since, at));
    }

    /// A partition's time without a leader is over.
    fn led_again(&mut self, since: Time, at: Time) {
        let us = at.micros_since(since).max(0);
        self.leaderless_us += us;
        self.longest_leaderless_us = self.longest_leaderless_us.max(us);
        self.leader_changes += 1;
    }

    /// The active controller tells it, once and before another topic has the name. What it waited stays counted.
    fn deleted(&mut self, at: Time, topic: &Arc<str>) {
        let mut waited = Vec::new();
        self.leaders.retain(|(name, _), led| {
            waited.extend(led.gone.filter(|_| name == topic));
            name != topic
        });
        waited.into_iter().for_each(|since| self.led_again(since, at));
        for offsets in self.committed.values_mut() {
            offsets.retain(|(name, _), _| name != topic);
        }
    }

    fn leads(&mut self, at: Time, by: &Arc<str>, topic: &Arc<str>, partition: i32, epoch: i32) {
        if topic.starts_with("__") {
            return;
        }
        let place = (topic.clone(), partition);
        let high_watermark = self.leaders.get(&place).map_or(0, |old| old.high_watermark);
        let led = Led { by: by.clone(), epoch, gone: None, cut: false, high_watermark };
        let Some(old) = self.leaders.insert(place, led).filter(|old| old.epoch <= epoch) else { return };
        if let Some(since) = old.gone {
            self.led_again(since, at);
        }
    }

    #[cfg(test)]
    pub(super) fn set_lag(&mut self, group: &str, lag: i64) {
        let place = (Arc::from("orders"), 0);
        let led = Led { by: "broker-1".into(), epoch: 0, gone: None, cut: false, high_watermark: lag };
        self.leaders.insert(place.clone(), led);
        self.committed.entry(group.into()).or_default().insert(place, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::playground::time::Timeline;
    use crate::world::EPOCH;

    fn metered(text: &str, seconds: i64) -> (Meter, Time) {
        let play = Playback::new(Scenario::parse(text).expect("the scenario reads")).expect("the world begins");
        let mut timeline = Timeline::new(play);
        timeline.advance(EPOCH.plus_millis(seconds * 1000), &mut || true);
        (timeline.state.meter.clone(), timeline.moment().at)
    }

    #[test]
    fn an_answer_takes_a_way_there_and_back_and_acks_0_takes_none() {
        let with = |acks: &str| {
            let head = "tidepool 1\nbroker 1\nlink latency=60ms jitter=0ms\ntopic orders partitions=1\n";
            let text = format!("{head}producer checkout topic=orders rate=4/s acks={acks} enable.idempotence=false linger.ms=0\n");
            metered(&text, 20).0
        };
        let mean = |meter: &Meter| meter.waited_us / meter.answered.max(1) as i64;
        let (all, none) = (with("all"), with("0"));
        assert!(all.answered > 30 && none.answered > 30);
        assert!((120_000..260_000).contains(&mean(&all)), "{} µs", mean(&all));
        assert!(mean(&none) < 20_000, "{} µs", mean(&none));
    }

    /// An isolated broker that is let in again before its session is over leads on.
    #[test]
    fn a_cut_that_heals_in_time_costs_only_its_time() {
        let text = "tidepool 1\nbrokers 3\nlink latency=20ms jitter=0ms\ntopic orders partitions=3 replicas=3\n\
                    at 10s isolate broker-2\nat 11s heal\n";
        let (meter, now) = metered(text, 30);
        let (sum, longest) = meter.leaderless_us(now);
        assert_eq!((sum % longest, longest), (0, 1_000_000));
    }

    /// What a topic had to wait until it was deleted stays counted, and ends there.
    #[test]
    fn a_topic_that_is_deleted_waits_no_longer() {
        let text = "tidepool 1\nbrokers 3\nlink latency=20ms jitter=0ms\nconfig broker.session.timeout.ms=9000\n\
                    topic orders partitions=3 replicas=3\nat 10s kill broker-2\nat 12s delete orders\n";
        let (meter, now) = metered(text, 40);
        let (sum, longest) = meter.leaderless_us(now);
        assert!(sum > 0 && (2_000_000..9_000_000).contains(&longest), "{longest} µs");
        assert_eq!((meter.leaderless(), meter.leaders.len()), (0, 0));
    }

    #[test]
    fn a_partition_is_without_a_leader_from_the_death_of_one_to_the_next() {
        let text = "tidepool 1\nbrokers 3\nlink latency=20ms jitter=0ms\nconfig broker.session.timeout.ms=3000\n\
                    config broker.heartbeat.interval.ms=500\ntopic orders partitions=3 replicas=3\nat 10s kill broker-2\n";
        let (meter, now) = metered(text, 11);
        let (sum, longest) = meter.leaderless_us(now);
        assert_eq!(longest, 1_000_000, "it goes on");
        assert_eq!(sum % longest, 0);
        let (later, now) = metered(text, 30);
        let (_, longest) = later.leaderless_us(now);
        assert!((2_000_000..9_000_000).contains(&longest), "{longest} µs");
        let without = text.replace("at 10s kill broker-2\n", "");
        let (meter, now) = metered(&without, 30);
        assert_eq!(meter.leaderless_us(now), (0, 0));
    }
}
