//! Apps that make a record of each that they read: how often what they were to make is in their output, as `read_committed` sees it.

use super::close::{Evidence, Findings, Reason};
use super::probe::{ClusterProbe, Place, Receiver, read};
use super::transactions::TransactionOutcome;
use crate::kafka::wire::batch::{Batch, Record};
use crate::world::content::content_id;
use crate::world::handler::{Delivery, OutputSpec};
use crate::world::output;
use std::sync::Arc;

/// The topics in which groups and transactions are kept: what they lose is not known to have been processed.
const KEPT_IN: [&str; 2] = ["__consumer_offsets", "__transaction_state"];

/// A group of such apps that runs.
struct Processor {
    group: Arc<str>,
    topics: Vec<Arc<str>>,
    output: OutputSpec,
    read_committed: bool,
    /// Why it may never see a record that its topics have.
    omits: Reason,
    /// Its members have different settings: nothing can be said of it.
    mixed: bool,
}

fn processors(probe: &dyn ClusterProbe) -> Vec<Processor> {
    let mut all: Vec<Processor> = Vec::new();
    for name in probe.receivers() {
        let Some(Receiver { group: Some(group), output, topics, omits, earliest, read_committed, .. }) = probe.receiver(&name) else {
            continue;
        };
        let omits = omits.or_else(|| (!earliest).then_some("its group begins at the end of what is there"));
        match (all.iter_mut().find(|known| known.group == group), output) {
            (Some(known), output) => {
                known.mixed |= output.as_ref() != Some(&known.output) || topics != known.topics || read_committed != known.read_committed;
                known.omits = known.omits.or(omits);
            }
            (None, Some(output)) => all.push(Processor { group, topics, output, read_committed, omits, mixed: false }),
            (None, None) => {}
        }
    }
    all.retain(|processor| !processor.mixed);
    all
}

impl Evidence<'_> {
    /// Each committed record is processed exactly once, at least once or at most once, as its group's apps say.
    pub(super) fn processed(&self, probe: &dyn ClusterProbe, quiet: bool, findings: &mut Findings) {
        for processor in processors(probe).iter().filter(|_| !probe.is_restored()) {
            let deleted = |topic: &Arc<str>| self.judge.tracker.was_deleted(topic);
            if deleted(&processor.output.topic) || processor.topics.iter().any(deleted) {
                continue;
            }
            for log in self.logs.iter().filter(|log| processor.topics.contains(&log.partition.0)) {
                let (topic, partition) = &log.partition;
                let place = Place { node: log.node, topic: Some(topic), partition: *partition };
                // Where a log does not join, that was told when it was read.
                _ = read(probe, place, log.start, log.high_watermark, &mut |batch: &Batch| {
                    for record in batch.records().unwrap_or_default().iter().filter(|_| !batch.is_control()) {
                        self.is_processed(processor, (log.number, topic, *partition), record, quiet, findings);
                    }
                    true
                });
            }
        }
    }

    /// How often what this group makes of a record is in its output.
    fn times_made(&self, processor: &Processor, (topic, partition): (&str, i32), record: &Record) -> u64 {
        let made = output::value(&processor.group, (topic, partition, record.offset), record.value.as_ref());
        let id = content_id(record.key.as_ref(), Some(&made));
        let from = self.found.partition_point(|found| found.id < id);
        let same = self.found.iter().skip(from).take_while(|found| found.id == id);
        let in_output = |log: u32| self.logs.get(log as usize).is_some_and(|log| log.partition.0 == processor.output.topic);
        same.filter(|found| found.fate == TransactionOutcome::Committed && in_output(found.log)).count() as u64
    }

    fn fate_of(&self, log: i32, record: &Record) -> Option<TransactionOutcome> {
        let key = (content_id(record.key.as_ref(), record.value.as_ref()), log as u32, record.offset);
        let at = self.found.binary_search_by_key(&key, |found| (found.id, found.log, found.offset)).ok()?;
        self.found.get(at).map(|found| found.fate)
    }

    fn is_processed(
        &self,
        processor: &Processor,
        (log, topic, partition): (i32, &Arc<str>, i32),
        record: &Record,
        quiet: bool,
        findings: &mut Findings,
    ) {
        if processor.read_committed && self.fate_of(log, record) != Some(TransactionOutcome::Committed) {
            return;
        }
        let times = self.times_made(processor, (topic, partition), record);
        let (group, delivery) = (&processor.group, processor.output.delivery);
        let words = |what: &str| format!("{topic}-{partition}, offset {}: {group} ({}) {what}", record.offset, delivery.name());
        let given_up = self.given_up(processor, topic, partition);
        if times > 1 && delivery != Delivery::AtLeastOnce {
            findings.judge("processed twice", "processed-twice", given_up, || words(&format!("has processed it {times} times")));
        }
        if times == 0 && quiet && delivery != Delivery::AtMostOnce {
            let allowed = given_up.or(processor.omits).or_else(|| self.expired(processor));
            findings.judge("not processed", "not-processed", allowed, || words("has never processed it"));
        }
    }

    /// What was given up of that by which the group knows what it has processed.
    fn given_up(&self, processor: &Processor, topic: &str, partition: i32) -> Reason {
        let matters = |(name, number): &(Arc<str>, i32)| {
            KEPT_IN.contains(&&**name) || *name == processor.output.topic || (&**name, *number) == (topic, partition)
        };
        let mut shadows = self.judge.shadows.iter().filter(|(at, _)| matters(at));
        shadows
            .find_map(|(_, shadow)| shadow.cuts.first().map(|cut| cut.why).or_else(|| shadow.wanted_unclean.first().map(|(_, why)| *why)))
    }

    fn expired(&self, processor: &Processor) -> Reason {
        let output = self.logs.iter().filter(|log| log.partition.0 == processor.output.topic);
        output.clone().any(|log| log.start > 0).then_some("retention deletes from its output")
    }
}
