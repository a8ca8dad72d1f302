//! Producers: what is refused and what is late.

use super::explanation::{Clock, Explanation, Tp};
use crate::kafka::broker::{BrokerEvent, PartitionView};
use crate::kafka::client::ClientError;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::config::PRODUCER;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::playground::narrate::{brokers, plural, reason};
use crate::world::action::Action;
use crate::world::event::{Event, EventKind};
use crate::world::judge::probe::ClusterProbe as _;
use std::sync::Arc;

impl<'a> Explanation<'a> {
    pub(super) fn late(&mut self, name: &str) -> bool {
        let Some(producer) = self.view.producers.iter().find(|producer| &*producer.name == name) else {
            return self.no(format_args!("There is no producer {name}."));
        };
        if !producer.state.is_running() {
            self.not_running(name, producer.state);
            return true;
        }
        // The newest answer: an acknowledgement or a trouble.
        let answer = self.producer_event(name, &|event| {
            matches!(event, ProducerEvent::Acked { .. } | ProducerEvent::Failed { .. } | ProducerEvent::Retrying { .. })
        });
        match answer.map(|event| (event, &event.kind)) {
            Some((event, EventKind::Producer { event: ProducerEvent::Retrying { topic, partition, error, at }, .. })) => {
                let (tp, at) = (Tp(topic, *partition), Clock(*at));
                let said = code(*error);
                self.now(format_args!("{name} has not got its records into {tp} yet: {said}."));
                self.tell(event, format_args!("{name} got no acknowledgement, and tries again at {at}."));
                self.refused(name, (topic, *partition), *error);
                return true;
            }
            Some((event, EventKind::Producer { event: ProducerEvent::Failed { ticket, error }, .. })) => {
                let place =
                    self.producer_event(name, &|event| matches!(event, ProducerEvent::Partitioned { ticket: t, .. } if t == ticket));
                let said = match error {
                    ClientError::Broker(error) => code(*error),
                    error => reason(error),
                };
                self.tell(event, format_args!("{name} gave up a record: {said}."));
                let place = place.and_then(|event| match &event.kind {
                    EventKind::Producer { event: ProducerEvent::Partitioned { topic, partition, .. }, .. } => Some((topic, *partition)),
                    _ => None,
                });
                let error = if let ClientError::Broker(error) = error { *error } else { ErrorCode::NetworkException };
                match place {
                    Some(place) => self.refused(name, place, error),
                    None => {
                        self.blame(&[name], self.view.now);
                    }
                }
                return true;
            }
            _ => {}
        }
        let pending = producer.pending;
        if pending == 0 {
            return self.no(format_args!("Nothing is late: every record that {name} has sent has its answer."));
        }
        self.now(format_args!("{name} waits for the answer to {}.", plural(pending.cast_signed(), "record")));
        self.no_answer_yet(name, &producer.accumulated)
    }

    fn producer_event(&self, name: &str, wanted: &dyn Fn(&ProducerEvent) -> bool) -> Option<&'a Event> {
        self.last(self.view.now, &|kind| matches!(kind, EventKind::Producer { node, event } if **node == *name && wanted(event)))
    }

    /// What lies behind a broker's refusal, or behind the silence.
    fn refused(&mut self, name: &str, (topic, partition): (&Arc<str>, i32), error: ErrorCode) {
        let refusal = |kind: &EventKind| {
            matches!(kind, EventKind::Broker { event: BrokerEvent::AppendRefused { topic: t, partition: p, .. }, .. }
                if t == topic && *p == partition)
        };
        let Some(state) = self.partition(topic, partition) else {
            return self.now(format_args!("There is no partition {} any more.", Tp(topic, partition)));
        };
        match error {
            ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
                self.too_few(state);
                if let Some(event) = self.last(self.view.now, &refusal) {
                    let leader = state.leader;
                    self.tell(event, format_args!("broker-{leader}, the leader, refused the records: with acks=all it may not take them."));
                }
            }
            _ if state.leader < 0 => {
                self.leaderless(topic, partition);
            }
            _ => {
                let leader = self.broker(state.leader).map_or("", |broker| &*broker.name);
                if self.blame(&[name, leader], self.view.now) {
                    return;
                }
                // Somebody else leads now.
                if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::NetworkException | ErrorCode::RequestTimedOut) {
                    self.leaderless(topic, partition);
                }
                if let Some(event) = self.last(self.view.now, &refusal) {
                    self.narrated(event);
                }
            }
        }
    }

    /// Fewer in-sync replicas than `acks=all` and the high watermark need. Whether it is so.
    pub(super) fn too_few(&mut self, state: &PartitionView) -> bool {
        let (topic, partition) = (&*state.topic, state.partition);
        let least = self.world.min_isr(topic);
        if state.isr.len() as u64 >= least {
            return false;
        }
        let only = brokers(&state.isr);
        let verb = if state.isr.len() == 1 { "is" } else { "are" };
        self.now(format_args!("{} needs {least} replicas in sync (min.insync.replicas), and only {only} {verb}.", Tp(topic, partition)));
        for id in state.replicas.iter().filter(|id| !state.isr.contains(id)) {
            self.left_isr(topic, partition, *id, Time::NEVER);
        }
        true
    }

    /// Sent or to be sent, and no trouble told.
    fn no_answer_yet(&mut self, name: &str, waiting: &[(Arc<str>, i32, u32)]) -> bool {
        for (topic, partition, _) in waiting {
            if self.partition(topic, *partition).is_some_and(|state| state.leader < 0) {
                return self.leaderless(topic, *partition);
            }
        }
        let sent = self.producer_event(name, &|event| matches!(event, ProducerEvent::BatchSent { .. }));
        let place = sent.and_then(|event| match &event.kind {
            EventKind::Producer { event: ProducerEvent::BatchSent { topic, partition, attempt, .. }, .. } => {
                Some((event, topic, *partition, *attempt))
            }
            _ => None,
        });
        let Some((event, topic, partition, attempt)) = place else {
            self.lingers(name);
            return true;
        };
        let tp = Tp(topic, partition);
        let Some(state) = self.partition(topic, partition) else { return true };
        let leader = self.broker(state.leader).map_or("", |broker| &*broker.name);
        self.tell(event, format_args!("{name} sent its newest batch, for {tp}, to {leader} (attempt {attempt})."));
        if state.leader < 0 {
            self.leaderless(topic, partition);
        } else if self.blame(&[name, leader], self.view.now) {
        } else if state.high_watermark < state.end_offset {
            self.now(format_args!("With acks=all the answer comes once all in-sync replicas have the records."));
            self.above_high_watermark(state, state.high_watermark);
        } else if !waiting.is_empty() {
            self.lingers(name);
        }
        true
    }

    fn lingers(&mut self, name: &str) {
        let config = self.world.history().iter().rev().find_map(|(_, action)| match action {
            Action::AddProducer(spec) | Action::ChangeProducer(spec) if *spec.name == *name => Some(spec.config.get("linger.ms")),
            _ => None,
        });
        let linger = config.flatten().map_or_else(|| PRODUCER.default_of("linger.ms"), String::as_str);
        self.now(format_args!("Records wait up to linger.ms ({linger}) in its accumulator, so that they travel in one batch."));
        self.started(name, self.view.now);
    }
}

/// An error code with what it means.
fn code(error: ErrorCode) -> String {
    let means = match error {
        ErrorCode::NotEnoughReplicas => "fewer replicas are in sync than min.insync.replicas asks for",
        ErrorCode::NotEnoughReplicasAfterAppend => "replicas fell out of sync after the append",
        ErrorCode::NotLeaderOrFollower => "the broker that it asked does not lead this partition",
        ErrorCode::NetworkException => "no answer came back",
        ErrorCode::RequestTimedOut => "the in-sync replicas did not have it in time",
        ErrorCode::LeaderNotAvailable => "nobody leads it",
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => "it is larger than max.message.bytes",
        ErrorCode::KafkaStorageError => "the broker's disk failed",
        _ => return error.name().to_owned(),
    };
    format!("{} ({means})", error.name())
}
