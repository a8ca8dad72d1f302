//! What producers have sent and been told, and what consumers have handled: all that the ledger is made of.

use super::probe::ClusterProbe;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::world::ProcessState;
use crate::world::action::CommitPolicy;
use crate::world::event::EPOCH;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Pending,
    Acked,
    Failed,
}

/// How its producer was told that a record's transaction has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// Not, or it is in none.
    No,
    Committed,
    Aborted,
}

/// Per-record bookkeeping; keep it compact.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) producer: u16,
    /// How much of its partition had been given up when it was acknowledged.
    pub(super) cuts: u16,
    /// 1-based index among the app's records.
    pub(super) number: u32,
    /// Milliseconds since the run's beginning.
    pub(super) sent_ms: u32,
    pub(super) id: u64,
    pub(super) key: u64,
    pub(super) partition: i32,
    pub(super) answer: Answer,
    pub(super) ended: Ended,
    pub(super) offset: i64,
    /// The partition's leader epoch when it was acknowledged.
    pub(super) epoch: i32,
    /// Which of its producer's topics it goes to.
    pub(super) topic: u8,
    /// Its app has sent it before.
    pub(super) again: bool,
}

/// An app that produces, and the records of its that wait for an answer.
#[derive(Clone, Debug)]
pub(super) struct ProducerLog {
    pub(super) name: Arc<str>,
    pub(super) topics: Vec<Arc<str>>,
    pub(super) acks: i16,
    pub(super) idempotent: bool,
    /// A batch of it was sent again in parts.
    pub(super) splits: bool,
    /// It has sent more in one turn than is remembered: some records have no entry.
    pub(super) missed: bool,
    /// Records that have been entered so far, over all its processes.
    taken: u64,
    /// The process whose events are looked at; what the next one has sent as it began is entered once its beginning is.
    process: u32,
    /// Of this process: ticket → entry.
    tickets: SortedVecMap<u64, u32>,
    /// The first entry that may belong to its open transaction.
    transaction: Option<u32>,
}

/// Everything that was sent and handled.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordTracker {
    pub(super) producers: Vec<ProducerLog>,
    pub(super) entries: Vec<Entry>,
    /// Contents by group (or lone consumer).
    pub(super) handled: SortedVecMap<Arc<str>, Vec<u64>>,
    /// Groups that had a rebalance, a lost commit or a crash: they may be given a record again.
    pub(super) unsettled: SortedVecSet<Arc<str>>,
    /// Groups of which a member was stopped with records in hand that it had committed.
    pub(super) stopped: SortedVecSet<Arc<str>>,
    deleted: SortedVecSet<Arc<str>>,
    /// There was a fault, or a request had to be tried again.
    pub(super) disturbed: bool,
}

impl RecordTracker {
    /// Bytes.
    pub(super) fn weight(&self) -> u64 {
        let handled: usize = self.handled.values().map(Vec::len).sum();
        let tickets: usize = self.producers.iter().map(|producer| producer.tickets.len()).sum();
        (self.entries.len() * size_of::<Entry>() + (handled + 2 * tickets) * size_of::<u64>()) as u64
    }

    fn producer(&mut self, name: &str) -> Option<&mut ProducerLog> {
        self.producers.iter_mut().find(|producer| &*producer.name == name)
    }

    fn entry(&mut self, name: &str, ticket: u64, done: bool) -> Option<&mut Entry> {
        let producer = self.producer(name)?;
        let at = if done { producer.tickets.remove(&ticket)? } else { *producer.tickets.get(&ticket)? };
        self.entries.get_mut(usize::try_from(at).ok()?)
    }

    /// Enters what the producer has sent since the last time.
    pub(super) fn take_sent(&mut self, name: &Arc<str>, probe: &dyn ClusterProbe, now: Time) {
        let Some(sender) = probe.sender(name) else { return };
        let at = match self.producers.iter().position(|producer| producer.name == *name) {
            Some(at) => at,
            None => {
                let (topics, tickets) = (sender.topics.clone(), SortedVecMap::new());
                let producer = ProducerLog {
                    name: name.clone(),
                    topics,
                    acks: sender.acks,
                    idempotent: sender.idempotent,
                    splits: false,
                    missed: false,
                    taken: 0,
                    process: sender.recent.last().map_or(0, |sent| sent.process),
                    tickets,
                    transaction: None,
                };
                self.producers.push(producer);
                self.producers.len() - 1
            }
        };
        let Some(producer) = self.producers.get_mut(at) else { return };
        let new = sender.count.saturating_sub(producer.taken);
        producer.missed |= new > sender.recent.len() as u64;
        let skip = (sender.recent.len() as u64).saturating_sub(new);
        for (nth, sent) in (sender.count - sender.recent.len() as u64 + 1..).zip(&sender.recent).skip(skip as usize) {
            if sent.process > producer.process {
                return;
            }
            producer.taken = nth;
            producer.tickets.insert(sent.ticket, self.entries.len() as u32);
            self.entries.push(Entry {
                producer: at as u16,
                cuts: 0,
                number: nth as u32,
                sent_ms: (now.micros_since(EPOCH) / 1000) as u32,
                id: sent.id,
                key: sent.key,
                partition: -1,
                answer: Answer::Pending,
                ended: Ended::No,
                offset: -1,
                epoch: 0,
                topic: sent.topic,
                again: sent.again,
            });
        }
    }

    pub(super) fn partitioned(&mut self, name: &str, ticket: u64, partition: i32) {
        if let Some(entry) = self.entry(name, ticket, false) {
            entry.partition = partition;
        }
    }

    /// Whether the promise is that of acks=all.
    pub(super) fn acked(&mut self, name: &str, ticket: u64, partition: i32, offset: i64, epoch: i32, cuts: u64) -> bool {
        let all = self.producer(name).is_some_and(|producer| producer.acks == -1);
        if let Some(entry) = self.entry(name, ticket, true) {
            entry.answer = Answer::Acked;
            (entry.partition, entry.offset, entry.epoch, entry.cuts) = (partition, offset, epoch, cuts as u16);
        }
        all
    }

    pub(super) fn failed(&mut self, name: &str, ticket: u64) {
        if let Some(entry) = self.entry(name, ticket, true) {
            entry.answer = Answer::Failed;
        }
    }

    pub(super) fn split(&mut self, name: &str) {
        if let Some(producer) = self.producer(name) {
            producer.splits = true;
        }
    }

    /// A transaction begins with the record of this ticket.
    pub(super) fn transaction_begun(&mut self, name: &str, first: u64) {
        let end = self.entries.len() as u32;
        if let Some(producer) = self.producer(name) {
            producer.transaction = Some(producer.tickets.range(&first..).next().map_or(end, |(_, entry)| *entry));
        }
    }

    /// The producer was told how its transaction has ended.
    pub(super) fn transaction_ended(&mut self, name: &str, committed: bool) {
        let Some(at) = self.producers.iter().position(|producer| &*producer.name == name) else { return };
        let Some(from) = self.producers.get_mut(at).and_then(|producer| producer.transaction.take()) else { return };
        let ended = if committed { Ended::Committed } else { Ended::Aborted };
        for entry in self.entries.iter_mut().skip(from as usize).filter(|entry| entry.producer as usize == at) {
            entry.ended = ended;
        }
    }

    /// A client's process is in another state.
    pub(super) fn process(&mut self, name: &str, from: ProcessState, to: ProcessState) {
        let same = matches!(to, ProcessState::Paused | ProcessState::Stopping) || from == ProcessState::Paused;
        if let Some(producer) = self.producer(name).filter(|_| !same || to.is_dead()) {
            producer.tickets.clear();
            producer.transaction = None;
            producer.process += u32::from(to == ProcessState::Running);
        }
    }

    pub(super) fn handled(&mut self, name: &Arc<str>, group: Option<&Arc<str>>, id: u64) {
        let who = group.unwrap_or(name);
        match self.handled.get_mut(who) {
            Some(ids) => ids.push(id),
            None => _ = self.handled.insert(who.clone(), vec![id]),
        }
    }

    pub(super) fn unsettled(&mut self, name: &Arc<str>, probe: &dyn ClusterProbe) {
        let group = probe.receiver(name).and_then(|receiver| receiver.group);
        self.unsettled.insert(group.unwrap_or_else(|| name.clone()));
    }

    pub(super) fn stopped(&mut self, name: &Arc<str>, probe: &dyn ClusterProbe) {
        self.unsettled(name, probe);
        if let Some(receiver) = probe.receiver(name).filter(|receiver| receiver.commit == CommitPolicy::Auto) {
            self.stopped.insert(receiver.group.unwrap_or_else(|| name.clone()));
        }
    }

    /// All members of a group are stopped, as their programs stop them.
    pub(super) fn group_stopped(&mut self, group: &Arc<str>) {
        self.unsettled.insert(group.clone());
        self.stopped.insert(group.clone());
    }

    pub(super) fn deleted(&mut self, topic: &Arc<str>) {
        self.deleted.insert(topic.clone());
    }

    /// What was under way when a topic was deleted may come after another one has its name.
    pub(super) fn was_deleted(&self, topic: &Arc<str>) -> bool {
        self.deleted.contains(topic)
    }
}
