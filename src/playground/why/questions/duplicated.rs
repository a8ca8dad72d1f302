//! Why is this record in its partition's log twice?

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::time::Time;
use crate::playground::why::explanation::{Explanation, error_meaning};
use crate::playground::why::{Ask, Occasion, RecordAt, TopicPartition};
use crate::world::content::content_id;
use crate::world::event::{Event, EventKind};
use crate::world::judge::RecordOutcome;
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Duplicated {
    /// Either of its places.
    pub record: RecordAt,
}

impl Ask for Duplicated {
    const FORM: &'static str = "duplicated TOPIC-N@OFFSET";
    const EXAMPLE: &'static str = "duplicated orders-0@85";

    fn parse(words: &[&str]) -> Option<Self> {
        let [at] = words else { return None };
        Some(Self { record: RecordAt::parse(at)? })
    }

    fn arguments(&self) -> String {
        self.record.to_string()
    }

    fn asked(&self) -> String {
        format!("Why is the record at offset {} of {} in the log twice?", self.record.offset, self.record.partition)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(_, Target::Record(topic, n, offset)) => vec![Self { record: RecordAt::new(topic, *n, *offset) }],
            Occasion::Record(outcome) if outcome.duplicated => {
                outcome.place.iter().map(|(topic, n, offset)| Self { record: RecordAt::new(topic, *n, *offset) }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let (at, offset) = (&self.record.partition, self.record.offset);
        let Some(state) = explanation.partition(at) else { return explanation.no(format_args!("There is no partition {at}.")) };
        if state.leader < 0 {
            explanation.now(format_args!("Nobody can read the log of {at} now: it has no leader."));
            return explanation.leaderless(at);
        }
        let places = explanation.places(at, offset, state.log_start_offset, state.end_offset);
        let [.., first, second] = *places else {
            return match places.first() {
                None => explanation.no(format_args!("{at} has no record at offset {offset}.")),
                Some(_) => explanation.no(format_args!("The record at offset {offset} of {at} is in the log once.")),
            };
        };
        let Some(outcome) = explanation.outcome_at(at, &places) else {
            return explanation.no(format_args!("No producer of this run has sent the record at offset {offset} of {at}."));
        };
        let name = &*outcome.producer;
        if !outcome.duplicated {
            return explanation.no(format_args!("{name} has sent a record like that at offset {offset} of {at} more than once."));
        }
        explanation.now(format_args!("{name} sent one record, and the log of {at} has it at offset {first} and again at offset {second}."));
        if !outcome.idempotent {
            explanation.now(format_args!(
                "{name} is not idempotent: its batches carry no sequence numbers (enable.idempotence=false), and so a leader cannot tell \
                 a batch that it has already from a new one."
            ));
        } else if let Some(why) = outcome.allowed_because {
            explanation.now(format_args!("Kafka may let that happen to an idempotent producer: {why}."));
        }
        let again = explanation.arrival(at, second, name);
        let before = explanation.arrival(at, first, name);
        if let Some((until, leader)) = again {
            explanation.sent_again(name, at, leader, before.map_or(Time(i64::MIN), |(at, _)| at), until);
        }
        if before.is_none() || again.is_none() {
            explanation.forgotten(explanation.view.now);
        }
        true
    }
}

impl<'a> Explanation<'a> {
    /// Where the log holds the record that is at this offset; nowhere if there is none.
    fn places(&self, at: &TopicPartition, offset: i64, start: i64, end: i64) -> Vec<i64> {
        let batch = |offset| self.world.batch(&at.topic, at.partition, offset);
        let records = |offset| batch(offset).map(|batch| (batch.last_offset() + 1, batch.records().unwrap_or_default()));
        let id = records(offset).and_then(|(_, records)| {
            let record = records.into_iter().find(|record| record.offset == offset)?;
            Some(content_id(record.key.as_ref(), record.value.as_ref()))
        });
        let (mut out, mut next) = (Vec::new(), start);
        while next < end
            && id.is_some()
            && let Some((after, records)) = records(next)
        {
            let alike = records.iter().filter(|record| Some(content_id(record.key.as_ref(), record.value.as_ref())) == id);
            out.extend(alike.map(|record| record.offset));
            next = after;
        }
        out
    }

    /// What the ledger says of the record at these offsets.
    fn outcome_at(&self, at: &TopicPartition, offsets: &[i64]) -> Option<RecordOutcome> {
        let all = self.judge.verdict(self.world, false).ledger.records;
        all.into_iter()
            .find(|outcome| outcome.place.iter().any(|(topic, partition, offset)| at.is(topic, *partition) && offsets.contains(offset)))
    }

    /// How a leader got the record at this offset: when the producer sent it, and the leader's name.
    fn arrival(&mut self, at: &TopicPartition, offset: i64, producer: &str) -> Option<(Time, &'a str)> {
        let appended = self.of_partition(at, self.view.now, &|event| {
            matches!(event, BrokerEvent::Appended { base_offset, last_offset, duplicate: false, .. }
                if (*base_offset..=*last_offset).contains(&offset))
        })?;
        let EventKind::Broker { node, .. } = &appended.kind else { return None };
        self.tell(appended, format_args!("{node}, the leader, appended the record at offset {offset}."));
        // The frame that brought it, and the batch that was put into that frame in the same turn of the producer.
        let arrived = self.world.event(appended.cause?)?;
        let frame = self.world.event(arrived.cause?)?;
        let batch = |event: &&Event| match &event.kind {
            EventKind::Producer { node, event: ProducerEvent::BatchSent { topic, partition, .. } } => {
                **node == *producer && at.is(topic, *partition) && event.cause == frame.cause
            }
            _ => false,
        };
        let sent = self.world.events().iter().rev().skip_while(|event| event.at > frame.at).take_while(|event| event.at == frame.at);
        let sent = sent.into_iter().find(batch)?;
        if let EventKind::Producer { event: ProducerEvent::BatchSent { attempt, .. }, .. } = &sent.kind {
            self.tell(sent, format_args!("{producer} sent the batch with it to {node}, attempt {attempt}."));
        }
        Some((sent.at, node))
    }

    /// Why the producer sent a batch again between two moments, and what kept the answer from it.
    fn sent_again(&mut self, name: &str, at: &TopicPartition, leader: &str, since: Time, until: Time) {
        let retries = |kind: &EventKind| {
            matches!(kind, EventKind::Producer { node, event: ProducerEvent::Retrying { topic, partition, .. } }
                if **node == *name && at.is(topic, *partition))
        };
        let Some(event) = self.last(until, &retries).filter(|event| event.at >= since) else { return };
        let EventKind::Producer { event: ProducerEvent::Retrying { error, .. }, .. } = &event.kind else { return };
        self.tell(
            event,
            format_args!("{name} got no acknowledgement: {}. It does not know that the batch is in the log.", error_meaning(*error)),
        );
        if !self.blame(&[name, leader], event.at)
            && let Some(state) = self.partition(at)
        {
            self.blame_all(&state.replicas);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    /// The answers of broker-1 do not reach the producer for a while.
    const UNHEARD: &str = "\nat 10s cut broker-1 checkout one-way\nat 14s heal";

    #[test]
    fn a_record_that_is_in_the_log_twice() {
        let mut run = Run::of(&format!("{}{UNHEARD}", ORDERS.replace("acks=all", "acks=all enable.idempotence=false max.in.flight.requests.per.connection=1")));
        run.until(20);
        let ledger = run.judge.verdict(run.world(), false).ledger;
        let outcome = ledger.records.iter().find(|outcome| outcome.duplicated).expect("one is there twice");
        let [question] = &Duplicated::suggested(&Occasion::Record(outcome))[..] else { panic!("it is asked once") };
        run.is_so(
            question.clone(),
            "
              now: checkout sent one record, and the log of orders-0 has it at offset 63 and again at offset 64.
              now: checkout is not idempotent: its batches carry no sequence numbers (enable.idempotence=false), and so a leader cannot \
               tell a batch that it has already from a new one.
              Appended: broker-1, the leader, appended the record at offset 64.
              BatchSent: checkout sent the batch with it to broker-1, attempt 2.
              Retrying: checkout got no acknowledgement: NETWORK_EXCEPTION (no answer came back). It does not know that the batch is in \
               the log.
              Appended: broker-1, the leader, appended the record at offset 63.
              BatchSent: checkout sent the batch with it to broker-1, attempt 1.
              Acted: Nothing gets from broker-1 to checkout any more; the other way is open.
            ",
        );
        run.is_not_so(Duplicated { record: orders().at(3) }, "now: The record at offset 3 of orders-0 is in the log once.");
        run.is_not_so(Duplicated { record: orders().at(3000) }, "now: orders-0 has no record at offset 3000.");
        let mut run = Run::of(&format!("{ORDERS}{UNHEARD}"));
        run.until(20);
        let ledger = run.judge.verdict(run.world(), false).ledger;
        assert_eq!(ledger.duplicated, 0, "an idempotent producer sends again too, and the leader knows the batch");
    }
}
