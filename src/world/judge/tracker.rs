//! The ledger: what became of every record, by content.

use super::probe::{ClusterProbe, Place, read};
use super::{Judge, Partition, Violation};
use crate::kafka::time::Time;
use crate::kafka::wire::batch::Batch;
use crate::world::ProcessState;
use crate::world::action::CommitPolicy;
use crate::world::content::content_id;
use crate::world::event::EPOCH;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Findings of one kind that are told one by one; more are only counted.
const TOLD: u64 = 5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Pending,
    Acked,
    Failed,
}

/// A record from the day it was sent. There is one for each, so it is small.
#[derive(Clone, Debug)]
struct Entry {
    producer: u16,
    /// How much of its partition had been given up when it was acknowledged.
    cuts: u16,
    /// From 1, in the order of its app.
    number: u32,
    /// Milliseconds since the run's beginning.
    sent_ms: u32,
    id: u64,
    key: u64,
    partition: i32,
    answer: Answer,
    offset: i64,
    /// The partition's leader epoch when it was acknowledged.
    epoch: i32,
}

#[derive(Clone, Debug)]
struct ProducerLog {
    name: Arc<str>,
    topic: Arc<str>,
    acks: i16,
    idempotent: bool,
    taken: u64,
    /// Of this process: ticket → entry.
    tickets: BTreeMap<u64, u32>,
}

/// Everything that was sent and handled.
#[derive(Clone, Debug, Default)]
pub(super) struct RecordTracker {
    producers: Vec<ProducerLog>,
    entries: Vec<Entry>,
    /// Contents by group (or lone consumer).
    handled: BTreeMap<Arc<str>, Vec<u64>>,
    /// Groups that had a rebalance, a lost commit or a crash: they may be given a record again.
    unsettled: BTreeSet<Arc<str>>,
    /// Groups of which a member was stopped with records in hand that it had committed.
    stopped: BTreeSet<Arc<str>>,
    deleted: BTreeSet<Arc<str>>,
    /// There was a fault, or a request had to be tried again.
    pub(super) disturbed: bool,
}

/// What became of one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordOutcome {
    pub producer: Arc<str>,
    /// The how manieth of its app, from 1.
    pub number: u64,
    pub acks: i16,
    pub idempotent: bool,
    /// `None`: no answer has come. An answer to `acks=0` is nobody's.
    pub acked: Option<bool>,
    /// Hash of its key; 0 without one.
    pub key: u64,
    /// -1 until the partitioner has chosen.
    pub partition: i32,
    pub topic: Arc<str>,
    /// When it was handed to the client, to the millisecond.
    pub sent: Time,
    /// Where it is in a log first.
    pub place: Option<(Arc<str>, i32, i64)>,
    /// The place that its acknowledgement named.
    pub promised: Option<(Arc<str>, i32, i64)>,
    /// How often it is in the logs.
    pub copies: u32,
    /// How often each group (or lone consumer) has handled it.
    pub delivered: Vec<(Arc<str>, u32)>,
    /// It lies below the high watermark.
    pub readable: bool,
    pub lost: bool,
    /// It is in the logs more often than it was sent.
    pub duplicated: bool,
    /// It lies before an earlier one of its key.
    pub reordered: bool,
    /// A group was given it more often than it is in the logs.
    pub redelivered: bool,
    /// Why Kafka permits what befell it, if it does.
    pub allowed_because: Option<&'static str>,
}

/// Something that looks wrong and that Kafka permits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permitted {
    /// "lost", "duplicated", "out of order", "not delivered", "delivered again".
    pub what: &'static str,
    pub why: &'static str,
    pub records: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    /// Neither.
    pub unknown: u64,
    pub readable: u64,
    /// Acknowledged and gone.
    pub lost: u64,
    /// In the log more often than they were sent.
    pub duplicated: u64,
    pub reordered: u64,
    /// Handled at least once by every group that reads their topic.
    pub delivered: u64,
    /// Handled more than once by a group.
    pub redelivered: u64,
    /// Acknowledged, and since deleted by retention.
    pub expired: u64,
    /// Records that no log holds for its producer's partition has no leader now: nothing is said of them.
    pub unreadable: u64,
    /// In a log without anybody having sent them here.
    pub strangers: u64,
    pub permitted: Vec<Permitted>,
    pub records: Vec<RecordOutcome>,
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
                let (topic, tickets) = (sender.topic.clone(), BTreeMap::new());
                let producer =
                    ProducerLog { name: name.clone(), topic, acks: sender.acks, idempotent: sender.idempotent, taken: 0, tickets };
                self.producers.push(producer);
                self.producers.len() - 1
            }
        };
        let Some(producer) = self.producers.get_mut(at) else { return };
        let new = sender.count.saturating_sub(producer.taken);
        let skip = (sender.recent.len() as u64).saturating_sub(new);
        for (nth, sent) in (sender.count - sender.recent.len() as u64 + 1..).zip(&sender.recent).skip(skip as usize) {
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
                offset: -1,
                epoch: 0,
            });
        }
        producer.taken = sender.count;
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

    /// A client's process is in another state.
    pub(super) fn process(&mut self, name: &str, to: ProcessState) {
        if !matches!(to, ProcessState::Paused | ProcessState::Stopping)
            && let Some(producer) = self.producer(name)
        {
            producer.tickets.clear();
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

    pub(super) fn deleted(&mut self, topic: &Arc<str>) {
        self.deleted.insert(topic.clone());
    }

    /// What was under way when a topic was deleted may come after another one has its name.
    pub(super) fn was_deleted(&self, topic: &Arc<str>) -> bool {
        self.deleted.contains(topic)
    }
}

/// A record found in a log.
struct Found {
    id: u64,
    place: u32,
    offset: i64,
}

/// Whoever is to see every record of its topics.
struct Reader {
    name: Arc<str>,
    topics: Vec<Arc<str>>,
}

/// What `Judge::close` finds.
#[derive(Default)]
struct Findings {
    permitted: Vec<Permitted>,
    violations: Vec<(&'static str, String)>,
    told: BTreeMap<&'static str, u64>,
}

impl Findings {
    fn permit(&mut self, what: &'static str, why: &'static str) {
        match self.permitted.iter_mut().find(|found| found.what == what && found.why == why) {
            Some(found) => found.records += 1,
            None => self.permitted.push(Permitted { what, why, records: 1 }),
        }
    }

    fn violate(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        let told = self.told.entry(kind).or_insert(0);
        *told += 1;
        if *told <= TOLD {
            self.violations.push((kind, what()));
        }
    }

    fn judge(&mut self, what: &'static str, kind: &'static str, allowed_because: Option<&'static str>, words: impl FnOnce() -> String) {
        match allowed_because {
            Some(why) => self.permit(what, why),
            None => self.violate(kind, words),
        }
    }
}

impl Judge {
    /// Reads all logs and says what became of every record.
    pub(super) fn close(&mut self, probe: &dyn ClusterProbe, quiet: bool) -> Ledger {
        let mut ledger = Ledger::default();
        let mut findings = Findings::default();
        let (places, mut found) = self.read_all(probe, &mut findings);
        found.sort_unstable_by_key(|found| (found.id, found.place, found.offset));
        let mut handled: Vec<(u64, &Arc<str>)> = Vec::new();
        for (who, ids) in &self.tracker.handled {
            handled.extend(ids.iter().map(|id| (*id, who)));
        }
        handled.sort_unstable();
        let mut sends: Vec<u64> = self.tracker.entries.iter().map(|entry| entry.id).collect();
        sends.sort_unstable();
        ledger.strangers = found.iter().filter(|found| sends.binary_search(&found.id).is_err()).count() as u64;
        let readers = readers(probe);
        // For each producer, key and partition: the number and place of the latest acknowledged record.
        let mut latest: BTreeMap<(u16, u64, i32), (u64, i64)> = BTreeMap::new();
        for entry in &self.tracker.entries {
            let Some(producer) = self.tracker.producers.get(entry.producer as usize) else { continue };
            let place = (producer.topic.clone(), entry.partition);
            let from = found.partition_point(|found| found.id < entry.id);
            let copies = found.iter().skip(from).take_while(|found| found.id == entry.id);
            let count = copies.clone().count() as u64;
            let first = copies.clone().next().and_then(|found| Some((places.get(found.place as usize)?, found.offset)));
            let place = first.filter(|_| entry.partition < 0).map_or(place, |(log, _)| log.partition.clone());
            let alike = (sends.partition_point(|id| *id <= entry.id) - sends.partition_point(|id| *id < entry.id)) as u64;
            let from = handled.partition_point(|(id, _)| *id < entry.id);
            let mut delivered: Vec<(Arc<str>, u32)> = Vec::new();
            for (_, who) in handled.iter().skip(from).take_while(|(id, _)| *id == entry.id) {
                match delivered.last_mut().filter(|(last, _)| last == *who) {
                    Some((_, times)) => *times += 1,
                    None => delivered.push((Arc::clone(who), 1)),
                }
            }
            let words = |what: &str| {
                format!("record {} of {} ({}-{}, offset {}) {what}", entry.number, producer.name, place.0, place.1, entry.offset)
            };
            let promised = entry.answer == Answer::Acked;
            ledger.sent += 1;
            ledger.acked += u64::from(promised);
            ledger.failed += u64::from(entry.answer == Answer::Failed);
            ledger.unknown += u64::from(entry.answer == Answer::Pending);
            ledger.readable += u64::from(count > 0);
            let shadow = self.shadows.get(&place);
            let cut = shadow.and_then(|shadow| {
                shadow.cuts.iter().skip(entry.cuts as usize).find(|cut| entry.offset < 0 || cut.offset <= entry.offset).map(|cut| cut.why)
            });
            let gone = promised && count == 0;
            let log = places.iter().find(|found| found.partition == place);
            let (mut lost, mut duplicated, mut reordered, mut excused) = (false, false, false, None);
            if gone && self.tracker.was_deleted(&producer.topic) {
                findings.permit("lost", "its topic was deleted");
            } else if gone && log.is_none() {
                ledger.unreadable += 1;
            } else if gone && entry.offset >= 0 && log.is_some_and(|log| entry.offset < log.start) {
                ledger.expired += 1;
            } else if gone {
                lost = true;
                ledger.lost += 1;
                let newer = shadow.is_some_and(|shadow| shadow.leader_epoch > entry.epoch);
                let superseded =
                    shadow.and_then(|shadow| shadow.wanted_unclean.iter().find(|(epoch, _)| *epoch > entry.epoch).map(|(_, why)| *why));
                let allowed_because = match producer.acks {
                    0 => Some("acks=0 promises nothing"),
                    _ if cut.is_some() => cut,
                    _ if superseded.is_some() => superseded,
                    1 if newer => Some("acks=1: another leader took over before a follower had the record"),
                    _ => None,
                };
                excused = allowed_because;
                findings.judge("lost", "lost", allowed_because, || words("was acknowledged and is lost"));
            }
            if count > alike {
                ledger.duplicated += 1;
                let allowed_because = match producer.idempotent {
                    false => Some("without idempotence a record that is sent again may be there twice"),
                    true if shadow.is_some_and(|shadow| shadow.forgot) => {
                        Some("a broker that is stopped keeps only the last batch of each producer: it does not know one before it again")
                    }
                    true => None,
                };
                (duplicated, excused) = (true, allowed_because);
                findings.judge("duplicated", "duplicated", allowed_because, || words(&format!("is in the log {count} times")));
            }
            if let Some((log, offset)) = first.filter(|_| promised && entry.key != 0) {
                let key = (entry.producer, entry.key, log.number);
                let before = latest.get(&key).copied();
                if before.is_some_and(|(_, before)| before > offset) && alike == 1 {
                    ledger.reordered += 1;
                    let allowed_because =
                        (!producer.idempotent).then_some("without idempotence a record that is sent again may come after later ones");
                    (reordered, excused) = (true, allowed_because);
                    findings.judge("out of order", "reordered", allowed_because, || words("lies before an earlier one of its key"));
                }
                latest.insert(key, (u64::from(entry.number), before.map_or(offset, |(_, before)| before.max(offset))));
            }
            let committed = first.is_some_and(|(log, offset)| offset < log.high_watermark);
            let mut missing = false;
            for reader in readers.iter().filter(|reader| reader.topics.contains(&producer.topic)) {
                let times = delivered.iter().find(|(who, _)| *who == reader.name).map_or(0, |(_, times)| *times);
                missing |= times == 0;
                if times == 0 && committed && quiet {
                    let allowed_because = match shadow.is_some_and(|shadow| !shadow.cuts.is_empty()) {
                        true => Some("records before it were given up, and the consumer's position lay beyond it"),
                        false if self.tracker.stopped.contains(&reader.name) => {
                            Some("its consumer was stopped after it had committed what it had polled")
                        }
                        false => None,
                    };
                    findings
                        .judge("not delivered", "undelivered", allowed_because, || words(&format!("was never given to {}", reader.name)));
                }
            }
            ledger.delivered += u64::from(!missing && !delivered.is_empty());
            let again = delivered.iter().find(|(_, times)| u64::from(*times) > count.max(1));
            let redelivered = again.is_some();
            if let Some((who, times)) = again {
                ledger.redelivered += 1;
                let allowed_because = if self.tracker.unsettled.contains(who) || self.tracker.disturbed {
                    Some("at least once: a consumer that lost its partition or crashed had not committed it yet")
                } else {
                    None
                };
                excused = excused.or(allowed_because);
                findings.judge("delivered again", "redelivered", allowed_because, || {
                    words(&format!("was given to {who} {times} times without cause"))
                });
            }
            ledger.records.push(RecordOutcome {
                producer: producer.name.clone(),
                number: entry.number.into(),
                acks: producer.acks,
                idempotent: producer.idempotent,
                acked: match entry.answer {
                    Answer::Pending => None,
                    answer => Some(answer == Answer::Acked),
                },
                key: entry.key,
                partition: entry.partition,
                topic: producer.topic.clone(),
                sent: EPOCH.plus_millis(entry.sent_ms.into()),
                place: first.map(|(log, offset)| (log.partition.0.clone(), log.partition.1, offset)),
                promised: (promised && entry.offset >= 0).then(|| (producer.topic.clone(), entry.partition, entry.offset)),
                copies: u32::try_from(count).unwrap_or(u32::MAX),
                delivered,
                readable: committed,
                lost,
                duplicated,
                reordered,
                redelivered,
                allowed_because: excused,
            });
        }
        findings.permitted.sort_by(|a, b| (a.what, a.why).cmp(&(b.what, b.why)));
        ledger.permitted = findings.permitted;
        for (kind, what) in findings.violations {
            self.violations.push(Violation { at: self.now, event: self.event, kind, what });
        }
        ledger
    }

    /// All records of all partitions that have a leader.
    fn read_all(&self, probe: &dyn ClusterProbe, findings: &mut Findings) -> (Vec<Log>, Vec<Found>) {
        let (mut places, mut found) = (Vec::<Log>::new(), Vec::new());
        for node in probe.brokers() {
            for (topic, partition) in probe.partitions(node) {
                if topic.starts_with("__") {
                    continue;
                }
                let Some(view) = probe.partition(node, &topic, partition).filter(|view| view.is_leader) else { continue };
                // Of two that believe they lead, the later one does.
                let newest = self.shadows.get(&(topic.clone(), partition)).map_or(0, |shadow| shadow.leader_epoch);
                if view.leader_epoch < newest || places.iter().any(|log| log.partition.0 == topic && log.partition.1 == partition) {
                    continue;
                }
                let number = places.len() as i32;
                let place = Place { node, topic: Some(&topic), partition };
                let joined = read(probe, place, view.log_start_offset, view.end_offset, &mut |batch: &Batch| {
                    for record in batch.records().unwrap_or_default() {
                        if self.is_of_this_run(&topic, partition, record.offset, probe) {
                            let id = content_id(record.key.as_ref(), record.value.as_ref());
                            found.push(Found { id, place: number as u32, offset: record.offset });
                        }
                    }
                    true
                });
                if let Err(why) = joined {
                    findings.violate("dense", || format!("{topic}-{partition} on broker-{node}: {why}"));
                }
                let (start, high_watermark) = (view.log_start_offset, view.high_watermark);
                places.push(Log { partition: (topic.clone(), partition), number, start, high_watermark });
            }
        }
        (places, found)
    }
}

/// A partition's log, read from its leader.
struct Log {
    partition: Partition,
    number: i32,
    start: i64,
    high_watermark: i64,
}

/// Groups (and lone consumers) that run and begin at the earliest offset.
fn readers(probe: &dyn ClusterProbe) -> Vec<Reader> {
    let mut readers: Vec<Reader> = Vec::new();
    for name in probe.receivers() {
        let Some(receiver) = probe.receiver(&name).filter(|receiver| receiver.earliest) else { continue };
        let who = receiver.group.unwrap_or(name);
        match readers.iter_mut().find(|reader| reader.name == who) {
            Some(reader) => reader.topics.extend(receiver.topics),
            None => readers.push(Reader { name: who, topics: receiver.topics }),
        }
    }
    readers
}
