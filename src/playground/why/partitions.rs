//! Partitions: who leads them and who is in sync.

use super::explanation::{Clock, Explanation, Tp};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::controller::ControllerEvent;
use crate::kafka::time::Time;
use crate::playground::narrate::brokers;
use crate::world::event::{Event, EventKind};
use crate::world::judge::probe::ClusterProbe as _;

impl<'a> Explanation<'a> {
    pub(super) fn leaderless(&mut self, topic: &str, partition: i32) -> bool {
        let tp = Tp(topic, partition);
        let Some(state) = self.partition(topic, partition) else { return self.no(format_args!("There is no partition {tp}.")) };
        let (leader, epoch) = (state.leader, state.leader_epoch);
        if leader >= 0 {
            self.now(format_args!("{tp} has a leader: broker-{leader}, in epoch {epoch}."));
            let began = |kind: &EventKind| {
                matches!(kind, EventKind::Broker { event: BrokerEvent::BecameLeader { topic: t, partition: p, epoch: e, .. }, .. }
                    if &**t == topic && *p == partition && *e == epoch)
            };
            if let Some(event) = self.last(self.view.now, &began) {
                self.narrated(event);
            }
            return false;
        }
        let Some(known) = self.world.image().and_then(|image| image.partition(topic, partition)) else {
            self.now(format_args!("{tp} has no leader: no broker is up that could lead it."));
            self.blame_all(&state.replicas);
            return true;
        };
        match known.leader {
            -1 => self.nobody_may_lead(&tp, known),
            named if self.runs(named) => {
                self.now(format_args!("{tp} has no leader at this moment: broker-{named} is to lead it and has not taken over yet."));
                if let Some(event) = self.decided(topic, partition, named) {
                    self.narrated(event);
                }
                self.blame_all(&[named]);
            }
            named => {
                let broker = self.broker(named).map_or("gone", |broker| broker.state.name());
                self.now(format_args!("{tp} has no leader: by the metadata it is still broker-{named}, which is down ({broker})."));
                self.no_election_yet(named);
                self.blame_all(&[named]);
            }
        }
        true
    }

    /// Why the controller has not given the partitions of a broker that is gone to another one.
    fn no_election_yet(&mut self, gone: i32) {
        match self.world.session_end(gone) {
            Some(end) if end > self.view.now => {
                let session = self.broker_millis("broker.session.timeout.ms", 9_000);
                self.now(format_args!(
                    "The controller waits for its heartbeats until {}, and elects nobody else before (broker.session.timeout.ms: {session}).",
                    Clock(end)
                ));
            }
            Some(_) => {}
            None if self.view.quorum.is_none() => {
                let down: Vec<i32> = self.view.brokers.iter().map(|broker| broker.node_id).filter(|id| !self.runs(*id)).collect();
                let (down_count, all) = (down.len(), self.view.brokers.len());
                self.now(format_args!(
                    "Nobody can elect another leader: there is no active controller. It takes a majority of the voters; {down_count} of {all} brokers are down."
                ));
                self.blame_all(&down);
            }
            None => {}
        }
    }

    /// The metadata say that nobody leads.
    fn nobody_may_lead(&mut self, tp: &Tp<'_>, known: &crate::kafka::controller::image::PartitionImage) {
        let mut able: Vec<i32> = known.isr.clone();
        able.extend(known.elr.iter().filter(|id| !known.isr.contains(id)));
        if able.is_empty() {
            able.extend(&known.last_known_elr);
        }
        let is = if able.len() == 1 { "it is" } else { "they are" };
        let able_names = brokers(&able);
        self.now(format_args!(
            "{tp} has no leader: only a replica that has every committed record may lead. That is {able_names}, and {is} not up."
        ));
        let others: Vec<i32> = known.replicas.iter().copied().filter(|id| !able.contains(id) && self.runs(*id)).collect();
        if let Some(other) = others.first() {
            let names = brokers(&others);
            let verb = if others.len() == 1 { "runs but was" } else { "run but were" };
            if self.world.unclean(tp.0) {
                self.now(format_args!("{names} {verb} not in sync; unclean.leader.election.enable is true, so it may lead in a moment."));
            } else {
                self.now(format_args!(
                    "{names} {verb} not in sync and may lack records, and so may not lead (unclean.leader.election.enable is false)."
                ));
            }
            self.left_isr(tp.0, tp.1, *other, Time::NEVER);
        }
        if let Some(event) = self.decided(tp.0, tp.1, -1) {
            self.narrated(event);
        }
        self.blame_all(&able);
    }

    /// What befell these brokers, each for itself.
    pub(super) fn blame_all(&mut self, ids: &[i32]) -> bool {
        let mut told = false;
        for id in ids {
            if let Some(broker) = self.broker(*id) {
                let name = broker.name.clone();
                told |= self.blame(&[&name], self.view.now);
            }
        }
        told
    }

    /// The newest decision of a controller that gave the partition this leader.
    fn decided(&self, topic: &str, partition: i32, leader: i32) -> Option<&'a Event> {
        self.last(self.view.now, &|kind| decision(kind, topic, partition).is_some_and(|(given, ..)| given == leader))
    }

    pub(super) fn out_of_sync(&mut self, topic: &str, partition: i32, id: i32) -> bool {
        let tp = Tp(topic, partition);
        let Some(state) = self.partition(topic, partition) else { return self.no(format_args!("There is no partition {tp}.")) };
        if !state.replicas.contains(&id) {
            return self.no(format_args!("broker-{id} is no replica of {tp}: those are {}.", brokers(&state.replicas)));
        }
        if state.isr.contains(&id) {
            return self.no(format_args!("broker-{id} is in the in-sync set (ISR) of {tp}: it keeps up with the leader."));
        }
        let isr = brokers(&state.isr);
        self.now(format_args!("broker-{id} is not in the in-sync set (ISR) of {tp}, which is {isr}."));
        let own = self.view.replicas.iter().find(|r| r.broker == id && r.partition == partition && &*r.topic == topic);
        if let Some(own) = own.filter(|own| self.runs(id) && own.end_offset < state.end_offset) {
            let (own, end) = (own.end_offset, state.end_offset);
            self.now(format_args!("It has the records below offset {own}, the leader those below {end}: it has to catch up first."));
        }
        self.left_isr(topic, partition, id, Time::NEVER);
        true
    }

    /// How a replica fell out of the ISR, the last time before a moment.
    pub(super) fn left_isr(&mut self, topic: &str, partition: i32, id: i32, before: Time) {
        // The oldest of the newest decisions that all lack it.
        let mut left: Option<(&Event, i32, &str)> = None;
        for event in self.world.events().iter().rev().filter(|event| event.at < before) {
            let Some((leader, isr, why)) = decision(&event.kind, topic, partition) else { continue };
            if isr.contains(&id) {
                break;
            }
            left = Some((event, leader, why));
        }
        let until = left.map_or(self.view.now.min(before), |(event, ..)| event.at);
        let me = format!("broker-{id}");
        let (tp, copied) = (Tp(topic, partition), self.last_copy(topic, partition, id, until));
        if let Some((event, leader, why)) = left {
            let lag = self.lag_time();
            let reason = match why {
                "isr shrunk" => format!("for {lag} it had not caught up with the leader, broker-{leader} (replica.lag.time.max.ms)"),
                "leader's broker was fenced" => "the controller no longer counted it as alive".into(),
                "broker restarted uncleanly" => "it came back without having shut down, and may have lost what it had not flushed".into(),
                why => why.to_owned(),
            };
            self.tell(event, format_args!("{me} left the ISR of {tp}: {reason}.{copied}"));
            let fenced = |kind: &EventKind| {
                matches!(kind, EventKind::Broker { event: BrokerEvent::Controller(ControllerEvent::BrokerFenced { broker, .. }), .. }
                    if *broker == id)
            };
            if let Some(event) = self.last(until, &fenced).filter(|event| event.at == until) {
                self.narrated(event);
            }
            if leader >= 0 && self.blame(&[&me, &format!("broker-{leader}")], until) {
                return;
            }
        }
        self.blame(&[&me], until);
    }

    /// What a follower had fetched last, up to a moment, in words.
    pub(super) fn last_copy(&self, topic: &str, partition: i32, id: i32, until: Time) -> String {
        let me = format!("broker-{id}");
        let copied = |kind: &EventKind| {
            matches!(kind, EventKind::Broker { node, event: BrokerEvent::Replicated { topic: t, partition: p, .. } }
                if **node == *me && &**t == topic && *p == partition)
        };
        match self.last(until, &copied).map(|event| &event.kind) {
            Some(EventKind::Broker { event: BrokerEvent::Replicated { last_offset, .. }, .. }) => {
                format!(" The last record that it had copied was offset {last_offset}.")
            }
            _ => String::new(),
        }
    }
}

/// A controller's decision on this partition: leader, ISR and why.
fn decision<'e>(kind: &'e EventKind, topic: &str, partition: i32) -> Option<(i32, &'e [i32], &'static str)> {
    match kind {
        EventKind::Broker {
            event: BrokerEvent::Controller(ControllerEvent::PartitionChanged { topic: t, partition: p, leader, isr, why, .. }),
            ..
        } if &**t == topic && *p == partition => Some((*leader, isr, why)),
        _ => None,
    }
}
