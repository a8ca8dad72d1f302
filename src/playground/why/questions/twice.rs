//! Why was this record given to a reader twice?

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::playground::why::explanation::Explanation;
use crate::playground::why::suggestions::readers;
use crate::playground::why::{Ask, Occasion, RecordAt};
use crate::world::event::{Event, EventKind};
use crate::world::target::Target;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Twice {
    /// A group, or a consumer without one.
    pub reader: Arc<str>,
    pub record: RecordAt,
}

impl Ask for Twice {
    const FORM: &'static str = "twice GROUP TOPIC-N@OFFSET";
    const EXAMPLE: &'static str = "twice billing orders-0@5";

    fn parse(words: &[&str]) -> Option<Self> {
        let [reader, at] = *words else { return None };
        Some(Self { reader: reader.into(), record: RecordAt::parse(at)? })
    }

    fn arguments(&self) -> String {
        format!("{} {}", self.reader, self.record)
    }

    fn asked(&self) -> String {
        format!("Why was offset {} of {} given to {} twice?", self.record.offset, self.record.partition, self.reader)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(view, Target::Record(topic, n, offset)) => {
                let record = RecordAt::new(topic, *n, *offset);
                let readers = readers(view, &record.partition);
                readers.into_iter().map(|reader| Self { reader, record: record.clone() }).collect()
            }
            Occasion::Record(outcome) if outcome.acks != 0 && outcome.redelivered => {
                let at = outcome.place.as_ref().or(outcome.promised.as_ref());
                let most = outcome.delivered.iter().max_by_key(|(_, times)| *times);
                let question = at
                    .zip(most)
                    .map(|((topic, n, offset), (reader, _))| Self { reader: reader.clone(), record: RecordAt::new(topic, *n, *offset) });
                question.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let Self { reader, record } = self;
        let (at, offset) = (&record.partition, record.offset);
        let found = explanation.handled(reader, record);
        let [(second, again), (first, before), ..] = *found else {
            return match found.first() {
                None => explanation.no(format_args!("{reader} has not handled offset {offset} of {at}, or too long ago to be told.")),
                Some((event, by)) => {
                    explanation.tell(event, format_args!("{reader} handled offset {offset} of {at} once: {by} did."));
                    false
                }
            };
        };
        explanation.now(format_args!("{reader} was given offset {offset} of {at} twice: {before} handled it first, and {again} last."));
        explanation.tell(second, format_args!("{again} handled offset {offset} of {at}, which {reader} had handled before."));
        explanation.tell(first, format_args!("{before} handled it the first time."));
        let began = explanation.last(second.at, &|kind| {
            matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::PositionReset { topic, partition, .. } }
                if **node == *again && at.is(topic, *partition))
        });
        let began = began.filter(|event| event.at > first.at);
        let until = began.map_or(second.at, |event| event.at);
        if let Some(event) = began
            && let EventKind::Consumer { event: ConsumerEvent::PositionReset { offset: from, why, .. }, .. } = &event.kind
        {
            explanation
                .tell(event, format_args!("{again} began {at} at offset {from} ({why}): whatever lies from there on is given again."));
        }
        let commit = explanation.group_event(until, &|event| {
            matches!(event, GroupEvent::OffsetCommitted { group, topic, partition, .. }
                if group == reader && at.is(topic, *partition))
        });
        if let Some(event) = commit
            && let EventKind::Broker { event: BrokerEvent::Group(GroupEvent::OffsetCommitted { offset: next, .. }), .. } = &event.kind
        {
            explanation
                .tell(event, format_args!("{reader} had committed offset {next} of {at}, the next to read, and nothing after that."));
        }
        explanation.lost_ownership(reader, before, first, until);
        // Rebalances and what was done to the first owner, in between.
        if explanation.last_rebalance(reader, until).is_none_or(|at| at < first.at) {
            explanation.started(again, until);
        }
        explanation.blame_since(&[before], first.at, until);
        true
    }
}

impl<'a> Explanation<'a> {
    /// When the reader handled the record, and which consumer did, newest first.
    fn handled(&self, reader: &str, record: &RecordAt) -> Vec<(&'a Event, &'a str)> {
        let handled = |event: &'a Event| match &event.kind {
            EventKind::Handled { node, group, topic, partition, offset, .. }
                if **group.as_ref().unwrap_or(node) == *reader && record.is(topic, *partition, *offset) =>
            {
                Some((event, &**node))
            }
            _ => None,
        };
        self.world.events().iter().rev().filter_map(handled).collect()
    }

    /// How the consumer that handled a record first lost its partition before it had committed.
    fn lost_ownership(&mut self, reader: &str, before: &str, first: &Event, until: crate::kafka::time::Time) {
        let left = self.group_event(
            until,
            &|event| matches!(event, GroupEvent::MemberRemoved { group, client_id, .. } if **group == *reader && **client_id == *before),
        );
        if let Some(event) = left.filter(|event| event.at >= first.at) {
            self.narrated(event);
        }
        let lost = self.last(until, &|kind| match kind {
            EventKind::Consumer { node, event: ConsumerEvent::PollTimeout | ConsumerEvent::CommitFailed { .. } } => **node == *before,
            _ => false,
        });
        if let Some(event) = lost.filter(|event| event.at >= first.at) {
            self.narrated(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    #[test]
    fn a_record_delivered_twice() {
        let more = "consumer billing-2 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000";
        let mut run = Run::of(&format!("{ORDERS}\nat 12s crash billing-1\nat 13s add {more}"));
        run.until(30);
        let twice = |event: &Event| match event.kind {
            EventKind::Handled { offset, delivery: 2, .. } => Some(offset),
            _ => None,
        };
        let offset = run.world().events().iter().find_map(twice).expect("one is given twice");
        let ask = |offset| Twice { reader: "billing".into(), record: orders().at(offset) };
        run.is_so(
            ask(offset),
            "
              now: billing was given offset 56 of orders-0 twice: billing-1 handled it first, and billing-2 last.
              Handled: billing-2 handled offset 56 of orders-0, which billing had handled before.
              MemberRemoved: billing gave up billing-1: session timeout.
              StateChanged: billing rebalances: generation 1 ends, and its members join again.
              MemberAdded: billing-2 joined billing.
              Acted: billing-2 starts and wants to read orders as a member of billing.
              Acted: billing-1 crashed. billing waits for its session timeout (10 s) before its partitions go to others.
              Handled: billing-1 handled it the first time.
              OffsetCommitted: billing had committed offset 56 of orders-0, the next to read, and nothing after that.
            ",
        );
        run.is_not_so(
            ask(0),
            "
              Handled: billing handled offset 0 of orders-0 once: billing-1 did.
            ",
        );
        run.is_not_so(
            ask(high_watermark(&run)),
            "
              now: billing has not handled offset 263 of orders-0, or too long ago to be told.
            ",
        );
    }
}
