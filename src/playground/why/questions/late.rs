//! Why is what this producer sends refused, or not answered yet?

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::ClientError;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::config::PRODUCER;
use crate::kafka::wire::error::ErrorCode;
use crate::playground::narrate::{plural, reason};
use crate::playground::why::explanation::{Clock, Explanation, error_meaning};
use crate::playground::why::{Ask, Occasion, TopicPartition};
use crate::world::operations::{Action, AddProducer, ChangeProducer};
use crate::world::event::{Event, EventKind};
use crate::world::target::Target;
use crate::world::view::ProducerState;
use std::sync::Arc;

/// Answers may take so many seconds of a producer's rate.
const USUAL_S: u64 = 3;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Late {
    pub producer: Arc<str>,
}

impl Ask for Late {
    const FORM: &'static str = "late PRODUCER";
    const EXAMPLE: &'static str = "late checkout";

    fn parse(words: &[&str]) -> Option<Self> {
        let [producer] = *words else { return None };
        Some(Self { producer: producer.into() })
    }

    fn arguments(&self) -> String {
        self.producer.to_string()
    }

    fn asked(&self) -> String {
        format!("Why has {} no answer?", self.producer)
    }

    /// Wrong is a producer that waits too long, has given up records or does not run.
    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(_, Target::Producer(name)) => vec![Self { producer: name.clone() }],
            Occasion::LooksWrong(view, Target::Producer(name)) => {
                let late = |p: &&ProducerState| p.pending * 1000 > p.rate_per_1000s * USUAL_S;
                let wrong = |p: &&ProducerState| p.name == *name && (late(p) || p.failed > 0 || !p.state.is_running());
                view.producers.iter().filter(wrong).map(|p| Self { producer: p.name.clone() }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let name = &*self.producer;
        let Some(producer) = explanation.view.producers.iter().find(|producer| &*producer.name == name) else {
            return explanation.no(format_args!("There is no producer {name}."));
        };
        if !producer.state.is_running() {
            explanation.not_running(name, producer.state);
            return true;
        }
        // The newest answer: an acknowledgement or a trouble.
        let answer = explanation.producer_event(name, &|event| {
            matches!(event, ProducerEvent::Acked { .. } | ProducerEvent::Failed { .. } | ProducerEvent::Retrying { .. })
        });
        match answer.map(|event| (event, &event.kind)) {
            Some((event, EventKind::Producer { event: ProducerEvent::Retrying { topic, partition, error, at: again }, .. })) => {
                let (at, again) = (TopicPartition::new(topic, *partition), Clock(*again));
                let said = error_meaning(*error);
                explanation.now(format_args!("{name} has not got its records into {at} yet: {said}."));
                explanation.tell(event, format_args!("{name} got no acknowledgement, and tries again at {again}."));
                explanation.refused(name, &at, *error);
                return true;
            }
            Some((event, EventKind::Producer { event: ProducerEvent::Failed { ticket, error }, .. })) => {
                let said = match error {
                    ClientError::Broker(error) => error_meaning(*error),
                    error => reason(error),
                };
                explanation.tell(event, format_args!("{name} gave up a record: {said}."));
                let place =
                    explanation.producer_event(name, &|event| matches!(event, ProducerEvent::Partitioned { ticket: t, .. } if t == ticket));
                let error = if let ClientError::Broker(error) = error { *error } else { ErrorCode::NetworkException };
                match place.map(|event| &event.kind) {
                    Some(EventKind::Producer { event: ProducerEvent::Partitioned { topic, partition, .. }, .. }) => {
                        explanation.refused(name, &TopicPartition::new(topic, *partition), error);
                    }
                    _ => {
                        explanation.blame(&[name], explanation.view.now);
                    }
                }
                return true;
            }
            _ => {}
        }
        let pending = producer.pending;
        if pending == 0 {
            return explanation.no(format_args!("Nothing is late: every record that {name} has sent has its answer."));
        }
        explanation.now(format_args!("{name} waits for the answer to {}.", plural(pending, "record")));
        explanation.no_answer_yet(name, &producer.accumulated)
    }
}

impl<'a> Explanation<'a> {
    fn producer_event(&self, name: &str, wanted: &dyn Fn(&ProducerEvent) -> bool) -> Option<&'a Event> {
        self.last(self.view.now, &|kind| matches!(kind, EventKind::Producer { node, event } if **node == *name && wanted(event)))
    }

    /// What lies behind a broker's refusal, or behind the silence.
    fn refused(&mut self, name: &str, at: &TopicPartition, error: ErrorCode) {
        let refusal = |event: &BrokerEvent| matches!(event, BrokerEvent::AppendRefused { .. });
        let Some(state) = self.partition(at) else {
            return self.now(format_args!("There is no partition {at} any more."));
        };
        match error {
            ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
                self.too_few_in_sync(state);
                if let Some(event) = self.of_partition(at, self.view.now, &refusal) {
                    let leader = state.leader;
                    self.tell(event, format_args!("broker-{leader}, the leader, refused the records: with acks=all it may not take them."));
                }
            }
            _ if state.leader < 0 => {
                self.leaderless(at);
            }
            _ => {
                if self.blame(&[name, self.broker_name(state.leader)], self.view.now) {
                    return;
                }
                // Somebody else leads now.
                if matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::NetworkException | ErrorCode::RequestTimedOut) {
                    self.leaderless(at);
                }
                if let Some(event) = self.of_partition(at, self.view.now, &refusal) {
                    self.narrated(event);
                }
            }
        }
    }

    /// Records were sent or are to be sent, and there is no trouble to tell of.
    fn no_answer_yet(&mut self, name: &str, waiting: &[(Arc<str>, i32, u32)]) -> bool {
        for (topic, partition, _) in waiting {
            let at = TopicPartition::new(topic, *partition);
            if self.partition(&at).is_some_and(|state| state.leader < 0) {
                return self.leaderless(&at);
            }
        }
        let sent = self.producer_event(name, &|event| matches!(event, ProducerEvent::BatchSent { .. }));
        let Some((event, EventKind::Producer { event: ProducerEvent::BatchSent { topic, partition, attempt, .. }, .. })) =
            sent.map(|event| (event, &event.kind))
        else {
            self.lingers(name);
            return true;
        };
        let at = TopicPartition::new(topic, *partition);
        let Some(state) = self.partition(&at) else { return true };
        let leader = self.broker_name(state.leader);
        self.tell(event, format_args!("{name} sent its newest batch, for {at}, to {leader} (attempt {attempt})."));
        if state.leader < 0 {
            self.leaderless(&at);
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
            Action::AddProducer(AddProducer(spec)) | Action::ChangeProducer(ChangeProducer(spec)) if *spec.name == *name => Some(spec.config.get("linger.ms")),
            _ => None,
        });
        let linger = config.flatten().map_or_else(|| PRODUCER.default_of("linger.ms"), String::as_str);
        self.now(format_args!("Records wait up to linger.ms ({linger}) in its accumulator, so that they travel in one batch."));
        self.started(name, self.view.now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn late() -> Late {
        Late { producer: "checkout".into() }
    }

    #[test]
    fn a_produce_that_is_refused_or_late() {
        let mut run = Run::of(&format!("{TWO}\nat 10s kill broker-2"));
        run.until(17);
        run.is_so(
            late(),
            "
              now: checkout has not got its records into orders-0 yet: NOT_ENOUGH_REPLICAS (fewer replicas are in sync than \
               min.insync.replicas asks for).
              now: orders-0 needs 2 replicas in sync (min.insync.replicas), and only broker-1 is.
              Retrying: checkout got no acknowledgement, and tries again at 17.753 s.
              AppendRefused: broker-1, the leader, refused the records: with acks=all it may not take them.
              PartitionChanged: broker-2 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
               (replica.lag.time.max.ms). The last record that it had copied was offset 62.
              Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-1"));
        run.until(11);
        run.is_so(
            late(),
            "
              now: checkout waits for the answer to 11 records.
              BatchSent: checkout sent its newest batch, for orders-0, to broker-1 (attempt 1).
              Acted: broker-1 is frozen: it hears and says nothing.
            ",
        );
        run.until(13);
        run.is_so(
            late(),
            "
              now: checkout has not got its records into orders-0 yet: NETWORK_EXCEPTION (no answer came back).
              Retrying: checkout got no acknowledgement, and tries again at 12.116 s.
              Acted: broker-1 is frozen: it hears and says nothing.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s cut checkout broker-1\nat 30s heal\nat 31s rate checkout 0/s"));
        run.until(11);
        run.is_so(
            late(),
            "
              now: checkout waits for the answer to 11 records.
              BatchSent: checkout sent its newest batch, for orders-0, to broker-1 (attempt 1).
              Acted: checkout and broker-1 cannot reach each other.
            ",
        );
        run.until(50);
        run.is_not_so(
            late(),
            "
              now: Nothing is late: every record that checkout has sent has its answer.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-3"));
        run.until(11);
        run.is_so(
            late(),
            "
              now: checkout waits for the answer to 11 records.
              now: With acks=all the answer comes once all in-sync replicas have the records.
              now: The high watermark moves once every in-sync replica has the records. broker-3 does not fetch, and is taken out of the \
               in-sync set only after 5s (replica.lag.time.max.ms). The last record that it had copied was offset 62.
              BatchSent: checkout sent its newest batch, for orders-0, to broker-1 (attempt 1).
              Acted: broker-3 is frozen: it hears and says nothing.
            ",
        );
    }
}
