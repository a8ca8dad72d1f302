//! The ledger: what became of every record, by content.

use super::sight::{Place, Sight, content_id, read};
use super::{Judge, Partition, Violation};
use crate::kafka::map::{Map, Set, sort_by};
use crate::kafka::time::Time;
use crate::kafka::wire::batch::Batch;
use crate::world::EPOCH;
use crate::world::action::CommitPolicy;
use std::sync::Arc;

/// Findings of one kind that are told one by one; more are only counted.
const TOLD: u64 = 5;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Pending,
    Acked,
    Failed,
}

/// A record from the day it was sent. There is one for each, so it is small.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) producer: u16,
    /// How much of its partition had been given up when it was acknowledged.
    pub(super) cuts: u16,
    /// From 1, in the order of its app.
    pub(super) number: u32,
    /// Milliseconds since the run's beginning.
    pub(super) sent_ms: u32,
    pub(super) id: u64,
    pub(super) key: u64,
    pub(super) partition: i32,
    pub(super) answer: Answer,
    pub(super) offset: i64,
    /// The partition's leader epoch when it was acknowledged.
    pub(super) epoch: i32,
}

#[derive(Clone, Debug)]
pub(super) struct Maker {
    name: Arc<str>,
    pub(super) topic: Arc<str>,
    acks: i16,
    idempotent: bool,
    taken: u64,
    /// Of this process: ticket → entry.
    tickets: Map<u64, u32>,
}

/// Everything that was sent and handled.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    pub(super) makers: Vec<Maker>,
    pub(super) entries: Vec<Entry>,
    /// Contents by group (or lone consumer).
    pub(super) handled: Map<Arc<str>, Vec<u64>>,
    /// Groups that had a rebalance, a lost commit or a crash: they may be given a record again.
    unsettled: Set<Arc<str>>,
    /// Groups of which a member was stopped with records in hand that it had committed.
    stopped: Set<Arc<str>>,
    deleted: Set<Arc<str>>,
    /// There was a fault, or a request had to be tried again.
    pub(super) disturbed: bool,
}

/// What became of one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fate {
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
    pub excuse: Option<&'static str>,
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
    pub records: Vec<Fate>,
}

impl Book {
    /// Bytes.
    pub(super) fn weight(&self) -> u64 {
        let handled: usize = self.handled.values().map(Vec::len).sum();
        let tickets: usize = self.makers.iter().map(|maker| maker.tickets.len()).sum();
        (self.entries.len() * size_of::<Entry>() + (handled + 2 * tickets) * size_of::<u64>()) as u64
    }

    fn maker(&mut self, name: &str) -> Option<&mut Maker> {
        self.makers.iter_mut().find(|maker| &*maker.name == name)
    }

    fn entry(&mut self, name: &str, ticket: u64, done: bool) -> Option<&mut Entry> {
        let maker = self.maker(name)?;
        let at = if done { maker.tickets.remove(&ticket)? } else { *maker.tickets.get(&ticket)? };
        self.entries.get_mut(usize::try_from(at).ok()?)
    }

    /// Enters what the producer has sent since the last time.
    pub(super) fn take_sent(&mut self, name: &Arc<str>, sight: &dyn Sight, now: Time) {
        let Some(sender) = sight.sender(name) else { return };
        let at = match self.makers.iter().position(|maker| maker.name == *name) {
            Some(at) => at,
            None => {
                let (topic, tickets) = (sender.topic.clone(), Map::new());
                let maker = Maker { name: name.clone(), topic, acks: sender.acks, idempotent: sender.idempotent, taken: 0, tickets };
                self.makers.push(maker);
                self.makers.len() - 1
            }
        };
        let Some(maker) = self.makers.get_mut(at) else { return };
        let new = sender.count.saturating_sub(maker.taken);
        let skip = (sender.recent.len() as u64).saturating_sub(new);
        for (nth, sent) in (sender.count - sender.recent.len() as u64 + 1..).zip(&sender.recent).skip(skip as usize) {
            maker.tickets.insert(sent.ticket, self.entries.len() as u32);
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
        maker.taken = sender.count;
    }

    pub(super) fn partitioned(&mut self, name: &str, ticket: u64, partition: i32) {
        if let Some(entry) = self.entry(name, ticket, false) {
            entry.partition = partition;
        }
    }

    /// Whether the promise is that of acks=all.
    pub(super) fn acked(&mut self, name: &str, ticket: u64, partition: i32, offset: i64, epoch: i32, cuts: u64) -> bool {
        let all = self.maker(name).is_some_and(|maker| maker.acks == -1);
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
    pub(super) fn process(&mut self, name: &str, to: &str) {
        if to != "paused"
            && to != "stopping"
            && let Some(maker) = self.maker(name)
        {
            maker.tickets.clear();
        }
    }

    pub(super) fn handled(&mut self, name: &Arc<str>, group: Option<&Arc<str>>, id: u64) {
        let who = group.unwrap_or(name);
        match self.handled.get_mut(who) {
            Some(ids) => ids.push(id),
            None => _ = self.handled.insert(who.clone(), vec![id]),
        }
    }

    pub(super) fn unsettled(&mut self, name: &Arc<str>, sight: &dyn Sight) {
        let group = sight.receiver(name).and_then(|receiver| receiver.group);
        self.unsettled.insert(group.unwrap_or_else(|| name.clone()));
    }

    pub(super) fn stopped(&mut self, name: &Arc<str>, sight: &dyn Sight) {
        self.unsettled(name, sight);
        if let Some(receiver) = sight.receiver(name).filter(|receiver| receiver.commit == CommitPolicy::Auto) {
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
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reader {
    pub(super) name: Arc<str>,
    pub(super) topics: Vec<Arc<str>>,
}

/// What the closing of the book comes to.
#[derive(Default)]
pub(super) struct Findings {
    permitted: Vec<Permitted>,
    violations: Vec<(&'static str, String)>,
    told: Map<&'static str, u64>,
}

/// What the logs and the groups say of a record that was sent.
pub(super) struct Facts<'a> {
    pub(super) entry: &'a Entry,
    pub(super) maker: &'a Maker,
    /// How often it is in the logs, and how often it was sent.
    pub(super) copies: u64,
    pub(super) alike: u64,
    /// Where it is first.
    pub(super) first: Option<(&'a Log, i64)>,
    /// It lies before an earlier one of its key.
    pub(super) reordered: bool,
    /// Who was given it more often than it is in the logs, and how often.
    pub(super) again: Option<(&'a Arc<str>, u64)>,
}

/// What befell a record, and why Kafka permits it.
#[derive(Default)]
pub(super) struct Befell {
    lost: bool,
    duplicated: bool,
    excuse: Option<&'static str>,
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

    fn judge(&mut self, what: &'static str, kind: &'static str, excuse: Option<&'static str>, words: impl FnOnce() -> String) {
        match excuse {
            Some(why) => self.permit(what, why),
            None => self.violate(kind, words),
        }
    }
}

impl Judge {
    /// Reads all logs and says what became of every record.
    pub(super) fn close(&mut self, sight: &dyn Sight, quiet: bool) -> Ledger {
        let mut ledger = Ledger::default();
        let mut findings = Findings::default();
        let places = self.leaders(sight);
        let mut found = self.read_all(&places, sight, &mut findings);
        found.sort_unstable_by_key(|found| (found.id, found.place, found.offset));
        let mut handled: Vec<(u64, &Arc<str>)> = Vec::new();
        for (who, ids) in &self.book.handled {
            handled.extend(ids.iter().map(|id| (*id, who)));
        }
        handled.sort_unstable();
        let mut sends: Vec<u64> = self.book.entries.iter().map(|entry| entry.id).collect();
        sends.sort_unstable();
        ledger.strangers = found.iter().filter(|found| sends.binary_search(&found.id).is_err()).count() as u64;
        let readers = readers(sight);
        // For each producer, key and partition: the place of the latest acknowledged record.
        let mut latest: Map<(u16, u64, u32), i64> = Map::new();
        for entry in &self.book.entries {
            let Some(maker) = self.book.makers.get(entry.producer as usize) else { continue };
            let from = found.partition_point(|found| found.id < entry.id);
            let copies = found.iter().skip(from).take_while(|found| found.id == entry.id);
            let count = copies.clone().count() as u64;
            let number = copies.clone().next().map_or(0, |found| found.place);
            let first = copies.clone().next().and_then(|found| Some((places.get(found.place as usize)?, found.offset)));
            let alike = (sends.partition_point(|id| *id <= entry.id) - sends.partition_point(|id| *id < entry.id)) as u64;
            let from = handled.partition_point(|(id, _)| *id < entry.id);
            let mut delivered: Vec<(Arc<str>, u32)> = Vec::new();
            for (_, who) in handled.iter().skip(from).take_while(|(id, _)| *id == entry.id) {
                match delivered.last_mut().filter(|(last, _)| last == *who) {
                    Some((_, times)) => *times += 1,
                    None => delivered.push((Arc::clone(who), 1)),
                }
            }
            let promised = entry.answer == Answer::Acked;
            ledger.sent += 1;
            ledger.acked += u64::from(promised);
            ledger.failed += u64::from(entry.answer == Answer::Failed);
            ledger.unknown += u64::from(entry.answer == Answer::Pending);
            ledger.readable += u64::from(count > 0);
            let mut reordered = false;
            if let Some((_, offset)) = first.filter(|_| promised && entry.key != 0) {
                let before = latest.entry((entry.producer, entry.key, number)).or_insert(offset);
                reordered = *before > offset && alike == 1;
                *before = offset.max(*before);
            }
            let again = delivered.iter().map(|(who, times)| (who, u64::from(*times))).find(|(_, times)| *times > count.max(1));
            let redelivered = again.is_some();
            let facts = Facts { entry, maker, copies: count, alike, first, reordered, again };
            let befell = self.weigh(&facts, &places, &mut ledger, &mut findings);
            let committed = first.is_some_and(|(log, offset)| offset < log.high_watermark);
            let mut missing = false;
            for reader in readers.iter().filter(|reader| reader.topics.contains(&maker.topic)) {
                let times = delivered.iter().find(|(who, _)| *who == reader.name).map_or(0, |(_, times)| *times);
                missing |= times == 0;
                if times == 0 && committed && quiet {
                    let shadow = self.shadows.get(&facts.place());
                    let excuse = match shadow.is_some_and(|shadow| !shadow.cuts.is_empty()) {
                        true => Some("records before it were given up, and the consumer's position lay beyond it"),
                        false if self.book.stopped.contains(&reader.name) => {
                            Some("its consumer was stopped after it had committed what it had polled")
                        }
                        false => None,
                    };
                    findings.judge("not delivered", "undelivered", excuse, || facts.words(&format!("was never given to {}", reader.name)));
                }
            }
            ledger.delivered += u64::from(!missing && !delivered.is_empty());
            ledger.records.push(Fate {
                producer: maker.name.clone(),
                number: entry.number.into(),
                acks: maker.acks,
                idempotent: maker.idempotent,
                acked: match entry.answer {
                    Answer::Pending => None,
                    answer => Some(answer == Answer::Acked),
                },
                key: entry.key,
                partition: entry.partition,
                topic: maker.topic.clone(),
                sent: EPOCH.plus_millis(entry.sent_ms.into()),
                place: first.map(|(log, offset)| (log.partition.0.clone(), log.partition.1, offset)),
                promised: (promised && entry.offset >= 0).then(|| (maker.topic.clone(), entry.partition, entry.offset)),
                copies: u32::try_from(count).unwrap_or(u32::MAX),
                delivered,
                readable: committed,
                lost: befell.lost,
                duplicated: befell.duplicated,
                reordered,
                redelivered,
                excuse: befell.excuse,
            });
        }
        self.conclude(findings, &mut ledger);
        ledger
    }

    /// What was found goes into the ledger and to the violations.
    pub(super) fn conclude(&mut self, mut findings: Findings, ledger: &mut Ledger) {
        sort_by(&mut findings.permitted, |a, b| (a.what, a.why).cmp(&(b.what, b.why)));
        ledger.permitted = findings.permitted;
        for (kind, what) in findings.violations {
            self.violations.push(Violation { at: self.now, event: self.event, kind, what });
        }
    }

    /// Whether what befell a record is permitted.
    pub(super) fn weigh(&self, facts: &Facts<'_>, logs: &[Log], ledger: &mut Ledger, findings: &mut Findings) -> Befell {
        let Facts { entry, maker, copies, .. } = *facts;
        let place = facts.place();
        let shadow = self.shadows.get(&place);
        let mut befell = Befell::default();
        if entry.answer == Answer::Acked && copies == 0 {
            let log = logs.iter().find(|log| log.led && log.partition == place);
            if self.book.was_deleted(&maker.topic) {
                findings.permit("lost", "its topic was deleted");
            } else if log.is_none() {
                ledger.unreadable += 1;
            } else if entry.offset >= 0 && log.is_some_and(|log| entry.offset < log.start) {
                ledger.expired += 1;
            } else {
                ledger.lost += 1;
                let cut = shadow.and_then(|shadow| {
                    let mut cuts = shadow.cuts.iter().skip(entry.cuts as usize);
                    cuts.find(|cut| entry.offset < 0 || cut.offset <= entry.offset).map(|cut| cut.why)
                });
                let newer = shadow.is_some_and(|shadow| shadow.leader_epoch > entry.epoch);
                let superseded =
                    shadow.and_then(|shadow| shadow.wanted_unclean.iter().find(|(epoch, _)| *epoch > entry.epoch).map(|(_, why)| *why));
                let excuse = match maker.acks {
                    0 => Some("acks=0 promises nothing"),
                    _ if cut.is_some() => cut,
                    _ if superseded.is_some() => superseded,
                    1 if newer => Some("acks=1: another leader took over before a follower had the record"),
                    _ => None,
                };
                (befell.lost, befell.excuse) = (true, excuse);
                findings.judge("lost", "lost", excuse, || facts.words("was acknowledged and is lost"));
            }
        }
        if copies > facts.alike {
            ledger.duplicated += 1;
            let excuse = match maker.idempotent {
                false => Some("without idempotence a record that is sent again may be there twice"),
                true if shadow.is_some_and(|shadow| shadow.forgot) => {
                    Some("a broker that is stopped keeps only the last batch of each producer: it does not know one before it again")
                }
                true => None,
            };
            (befell.duplicated, befell.excuse) = (true, excuse);
            findings.judge("duplicated", "duplicated", excuse, || facts.words(&format!("is in the log {copies} times")));
        }
        if facts.reordered {
            ledger.reordered += 1;
            befell.excuse = (!maker.idempotent).then_some("without idempotence a record that is sent again may come after later ones");
            findings.judge("out of order", "reordered", befell.excuse, || facts.words("lies before an earlier one of its key"));
        }
        if let Some((who, times)) = facts.again {
            ledger.redelivered += 1;
            let excuse = (self.book.unsettled.contains(who) || self.book.disturbed)
                .then_some("at least once: a consumer that lost its partition or crashed had not committed it yet");
            befell.excuse = befell.excuse.or(excuse);
            let words = || facts.words(&format!("was given to {who} {times} times without cause"));
            findings.judge("delivered again", "redelivered", excuse, words);
        }
        befell
    }

    /// The logs of all partitions that have a leader, in the order of their names.
    pub(super) fn leaders(&self, sight: &dyn Sight) -> Vec<Log> {
        let mut logs = Vec::<Log>::new();
        for node in sight.brokers() {
            for partition in sight.partitions(node) {
                if partition.0.starts_with("__") {
                    continue;
                }
                let Some(view) = sight.partition(node, &partition.0, partition.1).filter(|view| view.is_leader) else { continue };
                let shadow = self.shadows.get(&partition);
                // Of two that believe they lead, the later one does.
                let newest = shadow.map_or(0, |shadow| shadow.leader_epoch);
                if view.leader_epoch < newest || logs.iter().any(|log| log.partition == partition) {
                    continue;
                }
                let replica = shadow.and_then(|shadow| shadow.replicas.get(&node));
                let began = match sight.is_restored() {
                    true => shadow.and_then(|shadow| shadow.began).unwrap_or(i64::MAX),
                    false => i64::MIN,
                };
                logs.push(Log {
                    partition,
                    node,
                    grows_since: replica.map_or(0, |replica| replica.grows_since),
                    began,
                    led: true,
                    base: view.log_start_offset,
                    start: view.log_start_offset,
                    end: view.end_offset,
                    high_watermark: view.high_watermark,
                });
            }
        }
        sort_by(&mut logs, |a, b| a.partition.cmp(&b.partition));
        logs
    }

    /// All records of this run in these logs.
    fn read_all(&self, logs: &[Log], sight: &dyn Sight, findings: &mut Findings) -> Vec<Found> {
        let mut found = Vec::new();
        for (place, log) in (0..).zip(logs) {
            log.read(log.start, sight, findings, &mut |id, offset| found.push(Found { id, place, offset }));
        }
        found
    }
}

impl Facts<'_> {
    /// Its partition: where it was promised, or where it is.
    fn place(&self) -> Partition {
        let (chosen, first) = (self.entry.partition, self.first.map(|(log, _)| &log.partition));
        first.filter(|_| chosen < 0).map_or_else(|| (self.maker.topic.clone(), chosen), Partition::clone)
    }

    fn words(&self, what: &str) -> String {
        let (entry, (topic, partition)) = (self.entry, self.place());
        format!("record {} of {} ({topic}-{partition}, offset {}) {what}", entry.number, self.maker.name, entry.offset)
    }
}

/// A partition's log, read from its leader.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) partition: Partition,
    pub(super) node: i32,
    /// See `Replica::grows_since`.
    pub(super) grows_since: u64,
    /// What lies below is not of this run.
    pub(super) began: i64,
    /// It has a leader.
    pub(super) led: bool,
    /// Where reading began.
    pub(super) base: i64,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) high_watermark: i64,
}

impl Log {
    /// Content and offset of each record of this run from an offset on; `false` when they do not join.
    pub(super) fn read(&self, from: i64, sight: &dyn Sight, findings: &mut Findings, each: &mut dyn FnMut(u64, i64)) -> bool {
        let (topic, partition) = &self.partition;
        let place = Place { node: self.node, topic: Some(topic), partition: *partition };
        let mut joins = true;
        let mut next = from;
        let joined = read(sight, place, from, self.end, &mut |batch: &Batch| {
            // Where reading goes on, a batch must begin.
            joins &= from == self.base || next == batch.base_offset();
            next = batch.last_offset() + 1;
            for record in batch.records().unwrap_or_default() {
                if record.offset >= self.began.max(self.start) {
                    each(content_id(record.key.as_ref(), record.value.as_ref()), record.offset);
                }
            }
            true
        });
        if let Err(why) = &joined {
            findings.violate("dense", || format!("{topic}-{partition} on broker-{}: {why}", self.node));
        }
        joins && joined.is_ok() && next == self.end
    }
}

/// Groups (and lone consumers) that run and begin at the earliest offset.
pub(super) fn readers(sight: &dyn Sight) -> Vec<Reader> {
    let mut readers: Vec<Reader> = Vec::new();
    for name in sight.receivers() {
        let Some(receiver) = sight.receiver(&name).filter(|receiver| receiver.earliest) else { continue };
        let who = receiver.group.unwrap_or(name);
        match readers.iter_mut().find(|reader| reader.name == who) {
            Some(reader) => reader.topics.extend(receiver.topics),
            None => readers.push(Reader { name: who, topics: receiver.topics }),
        }
    }
    readers
}
