//! Closing: every log is read, and each record that was sent is looked up in it by its content.

use super::ledger::{Ledger, Permitted, RecordOutcome};
use super::probe::{ClusterProbe, Place, Receiver, read};
use super::tracker::{Answer, Ended, Entry, ProducerLog, RecordTracker};
use super::transactions::{OpenTransactions, TransactionOutcome};
use super::{Judge, Partition, Shadow, Violation};
use crate::kafka::broker::TRANSACTIONS_TOPIC;
use crate::kafka::sorted_vec::{SortedVecMap, insert_by_key};
use crate::kafka::wire::batch::{Batch, Record, sequence_after};
use crate::world::content::content_id;
use crate::world::event::EPOCH;
use std::sync::Arc;

/// Violations of one kind that are reported one by one; more are not.
const REPORTED: u64 = 5;

/// A record found in a log.
pub(super) struct Found {
    pub(super) id: u64,
    /// Which of the logs.
    pub(super) log: u32,
    pub(super) offset: i64,
    pub(super) fate: TransactionOutcome,
}

/// A partition's log, read from its leader.
pub(super) struct Log {
    pub(super) partition: Partition,
    /// Its leader.
    pub(super) node: i32,
    pub(super) number: i32,
    pub(super) start: i64,
    pub(super) high_watermark: i64,
    /// It begins with a later batch of some producer than its first.
    headless: bool,
}

/// A group or a lone consumer that runs and began at the earliest offset: it is to see every record of its topics.
struct Reader {
    name: Arc<str>,
    omits: Option<&'static str>,
    topics: Vec<Arc<str>>,
    /// It is to see those of committed transactions, and of no others.
    read_committed: bool,
}

/// What is permitted and what is not.
#[derive(Default)]
pub(super) struct Findings {
    permitted: Vec<Permitted>,
    violations: Vec<(&'static str, String)>,
    /// Violations by kind.
    counted: SortedVecMap<&'static str, u64>,
}

impl Findings {
    fn permit(&mut self, what: &'static str, why: &'static str) {
        match self.permitted.iter_mut().find(|found| found.what == what && found.why == why) {
            Some(found) => found.records += 1,
            None => insert_by_key(&mut self.permitted, Permitted { what, why, records: 1 }, |found| (found.what, found.why)),
        }
    }

    fn violate(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        let count = self.counted.entry(kind).or_insert(0);
        *count += 1;
        if *count <= REPORTED {
            self.violations.push((kind, what()));
        }
    }

    /// Permitted, for this reason, or a violation.
    pub(super) fn judge(&mut self, what: &'static str, kind: &'static str, allowed_because: Reason, words: impl FnOnce() -> String) {
        match allowed_because {
            Some(why) => self.permit(what, why),
            None => self.violate(kind, words),
        }
    }
}

/// `ProducerAppendInfo.checkSequence` takes any sequence number from a producer of which it has no state. A batch on its way to the old
/// leader is then overtaken by the next one, which goes to the new leader, and comes after it in the producer's next epoch.
const HEADLESS: &str = "a new leader that knows nothing of a producer takes a later batch first";

/// Why Kafka permits something that looks wrong; `None`: it does not.
pub(super) type Reason = Option<&'static str>;

/// Everything that records are looked up in.
pub(super) struct Evidence<'a> {
    pub(super) judge: &'a Judge,
    pub(super) logs: Vec<Log>,
    /// By id, log and offset.
    pub(super) found: Vec<Found>,
    /// By id: who handled the record.
    handled: Vec<(u64, &'a Arc<str>)>,
    /// The ids of all records that were sent, sorted.
    sends: Vec<u64>,
    readers: Vec<Reader>,
}

/// One record that was sent, and what the logs and the consumers have of it.
struct Case<'a> {
    entry: &'a Entry,
    producer: &'a ProducerLog,
    topic: &'a Arc<str>,
    /// The partition that its partitioner chose; before that, the one that it was found in.
    partition: Partition,
    shadow: Option<&'a Shadow>,
    /// The leader's log of its partition; `None` while nobody leads.
    log: Option<&'a Log>,
    /// Where it is first.
    first: Option<(&'a Log, i64)>,
    /// Of its transaction; `None`: it is not known which of several copies it is.
    fate: Option<TransactionOutcome>,
    /// Some record of its content is committed: an app sends the same again after an abort.
    is_committed: bool,
    copies: u64,
    /// Records of the same content that were sent.
    alike: u64,
    /// How often each reader handled it.
    delivered: Vec<(Arc<str>, u32)>,
}

/// What looks wrong with a record.
#[derive(Default)]
struct Wrong {
    lost: bool,
    duplicated: bool,
    reordered: bool,
    redelivered: bool,
    allowed_because: Reason,
}

/// What became of an acknowledged record that no log holds.
enum Absence {
    TopicDeleted,
    NobodyLeads,
    /// Retention deleted it.
    Expired,
    Lost(Reason),
}

impl Case<'_> {
    fn acked(&self) -> bool {
        self.entry.answer == Answer::Acked
    }

    fn words(&self, what: &str) -> String {
        let (Self { entry, producer, .. }, (topic, partition)) = (self, &self.partition);
        format!("record {} of {} ({topic}-{partition}, offset {}) {what}", entry.number, producer.name, entry.offset)
    }

    fn absence(&self, tracker: &RecordTracker) -> Option<Absence> {
        if !self.acked() || self.copies > 0 {
            return None;
        }
        let offset = self.entry.offset;
        Some(if tracker.was_deleted(self.topic) {
            Absence::TopicDeleted
        } else if self.log.is_none() {
            Absence::NobodyLeads
        } else if self.log.is_some_and(|log| offset < log.start && (offset >= 0 || log.start > 0)) {
            // Where the acknowledgement names no offset, it may have been any of those that are gone.
            Absence::Expired
        } else {
            Absence::Lost(self.loss_allowed())
        })
    }

    fn loss_allowed(&self) -> Reason {
        let (entry, shadow) = (self.entry, self.shadow);
        let newer = shadow.is_some_and(|shadow| shadow.leader_epoch > entry.epoch);
        let cut = shadow.and_then(|shadow| {
            let since = shadow.cuts.iter().skip(entry.cuts as usize);
            since.filter(|cut| entry.offset < 0 || cut.offset <= entry.offset).map(|cut| cut.why).next()
        });
        let superseded =
            shadow.and_then(|shadow| shadow.wanted_unclean.iter().find(|(epoch, _)| *epoch > entry.epoch).map(|(_, why)| *why));
        match self.producer.acks {
            0 => Some("acks=0 promises nothing"),
            1 if cut.is_none() && superseded.is_none() && newer => {
                Some("acks=1: another leader took over before a follower had the record")
            }
            _ => cut.or(superseded),
        }
    }

    /// Whether it is in the logs more often than it was sent, or is there again since its app has sent it again.
    fn duplication(&self) -> Option<Reason> {
        if self.entry.again && self.acked() && (2..=self.alike).contains(&self.copies) {
            return Some(Some("its app has sent it again: to the brokers that is another record"));
        }
        if self.producer.missed && self.copies > self.alike {
            return Some(Some("its app has sent more at once than the judge remembers"));
        }
        (self.copies > self.alike).then(|| match self.producer.idempotent {
            false => Some("without idempotence a record that is sent again may be there twice"),
            true if self.shadow.is_some_and(|shadow| shadow.forgot) => {
                Some("a broker that begins again has only the last batch of each producer: it does not know one before it again")
            }
            true if self.first.is_some_and(|(log, _)| log.headless) => Some(HEADLESS),
            true if self.shadow.is_some_and(|shadow| !shadow.cuts.is_empty()) => {
                Some("what the brokers knew of its producer was given up with records before it")
            }
            // `ProducerStateEntry.findDuplicateBatch` compares whole batches.
            true if self.producer.splits => Some(
                "a batch that is there already was refused as too large when it came again, and its parts are no duplicates to a broker",
            ),
            true => None,
        })
    }

    /// Whether it lies before an earlier record of its producer. `latest`: the greatest offset of those so far, by producer and log.
    fn disorder(&self, latest: &mut SortedVecMap<(u16, i32), i64>) -> Option<Reason> {
        // Which of several that were sent alike is found says nothing: an app sends again what an abort has taken back.
        let (log, offset) = self.first.filter(|_| self.acked() && self.alike == 1)?;
        let before = latest.entry((self.entry.producer, log.number)).or_insert(offset);
        let disordered = *before > offset;
        *before = offset.max(*before);
        disordered.then(|| match self.producer.idempotent {
            false => Some("without idempotence a record that is sent again may come after later ones"),
            true => log.headless.then_some(HEADLESS),
        })
    }

    fn times(&self, reader: &Reader) -> u32 {
        self.delivered.iter().find(|(who, _)| *who == reader.name).map_or(0, |(_, times)| *times)
    }

    /// Why a reader may never have been given it.
    fn omission_allowed(&self, reader: &Reader, tracker: &RecordTracker) -> Reason {
        if self.shadow.is_some_and(|shadow| !shadow.cuts.is_empty()) {
            Some("records before it were given up, and the consumer's position lay beyond it")
        } else if tracker.stopped.contains(&reader.name) {
            Some("its consumer was stopped after it had committed what it had polled")
        } else if tracker.was_deleted(self.topic) {
            Some("the consumer's position was one of the topic that had this name before")
        } else if self.shadow.zip(self.first).is_some_and(|(shadow, (_, offset))| offset < shadow.start) {
            Some("the leader's retention had deleted it; a replica that was away still has it, and leads now")
        } else {
            reader.omits
        }
    }

    /// A reader that was given it more often than it is in the logs, how often, and why that is permitted.
    fn redelivery(&self, tracker: &RecordTracker) -> Option<(&Arc<str>, u32, Reason)> {
        let (who, times) = self.delivered.iter().find(|(_, times)| u64::from(*times) > self.copies.max(1))?;
        let unsettled = tracker.unsettled.contains(who) || tracker.disturbed;
        let why = "at least once: a consumer that lost its partition or crashed had not committed it yet";
        Some((who, *times, unsettled.then_some(why)))
    }

    fn outcome(self, wrong: Wrong) -> RecordOutcome {
        let Self { entry, producer, topic, first, .. } = self;
        let acked = self.acked();
        RecordOutcome {
            producer: producer.name.clone(),
            number: entry.number.into(),
            acks: producer.acks,
            idempotent: producer.idempotent,
            acked: (entry.answer != Answer::Pending).then_some(acked),
            key: entry.key,
            partition: entry.partition,
            topic: topic.clone(),
            sent: EPOCH.plus_millis(entry.sent_ms.into()),
            place: first.map(|(log, offset)| (log.partition.0.clone(), log.partition.1, offset)),
            promised: (acked && entry.offset >= 0).then(|| (topic.clone(), entry.partition, entry.offset)),
            copies: u32::try_from(self.copies).unwrap_or(u32::MAX),
            delivered: self.delivered,
            readable: first.is_some_and(|(log, offset)| offset < log.high_watermark),
            lost: wrong.lost,
            duplicated: wrong.duplicated,
            reordered: wrong.reordered,
            redelivered: wrong.redelivered,
            allowed_because: wrong.allowed_because,
        }
    }
}

impl Ledger {
    fn count(&mut self, answer: Answer, copies: u64) {
        self.sent += 1;
        match answer {
            Answer::Acked => self.acked += 1,
            Answer::Failed => self.failed += 1,
            Answer::Pending => self.unknown += 1,
        }
        self.readable += u64::from(copies > 0);
    }
}

impl<'a> Evidence<'a> {
    fn new(judge: &'a Judge, probe: &dyn ClusterProbe, findings: &mut Findings) -> Self {
        let (logs, mut found) = read_all(judge, probe, findings);
        found.sort_unstable_by_key(|found| (found.id, found.log, found.offset));
        let tracker = &judge.tracker;
        let mut handled: Vec<(u64, &Arc<str>)> = Vec::new();
        for (who, ids) in &tracker.handled {
            handled.extend(ids.iter().map(|id| (*id, who)));
        }
        handled.sort_unstable();
        let mut sends: Vec<u64> = tracker.entries.iter().map(|entry| entry.id).collect();
        sends.sort_unstable();
        Self { judge, logs, found, handled, sends, readers: readers(probe) }
    }

    fn case(&self, entry: &'a Entry) -> Option<Case<'_>> {
        let producer = self.judge.tracker.producers.get(entry.producer as usize)?;
        let from = self.found.partition_point(|found| found.id < entry.id);
        let copies = self.found.iter().skip(from).take_while(|found| found.id == entry.id);
        let is_own = |found: &&Found| {
            let at = self.logs.get(found.log as usize).map(|log| &log.partition.1);
            found.offset == entry.offset && at == Some(&entry.partition)
        };
        let alike = (self.sends.partition_point(|id| *id <= entry.id) - self.sends.partition_point(|id| *id < entry.id)) as u64;
        let fate = copies.clone().find(is_own).or_else(|| copies.clone().next().filter(|_| alike == 1)).map(|found| found.fate);
        let first = copies.clone().next().and_then(|found| Some((self.logs.get(found.log as usize)?, found.offset)));
        let topic = producer.topics.get(usize::from(entry.topic))?;
        let chosen = (topic.clone(), entry.partition);
        let partition = first.filter(|_| entry.partition < 0).map_or(chosen, |(log, _)| log.partition.clone());
        let from = self.handled.partition_point(|(id, _)| *id < entry.id);
        let mut delivered: Vec<(Arc<str>, u32)> = Vec::new();
        for (_, who) in self.handled.iter().skip(from).take_while(|(id, _)| *id == entry.id) {
            match delivered.last_mut().filter(|(last, _)| last == *who) {
                Some((_, times)) => *times += 1,
                None => delivered.push((Arc::clone(who), 1)),
            }
        }
        Some(Case {
            entry,
            producer,
            topic,
            shadow: self.judge.shadows.get(&partition),
            log: self.logs.iter().find(|log| log.partition == partition),
            partition,
            first,
            fate,
            is_committed: copies.clone().any(|found| found.fate == TransactionOutcome::Committed),
            copies: copies.count() as u64,
            alike,
            delivered,
        })
    }

    /// What looks wrong with a record; it is counted and, unless it is permitted, a violation.
    fn wrong(&self, case: &Case<'_>, latest: &mut SortedVecMap<(u16, i32), i64>, ledger: &mut Ledger, findings: &mut Findings) -> Wrong {
        let tracker = &self.judge.tracker;
        let mut wrong = Wrong::default();
        match case.absence(tracker) {
            None => {}
            Some(Absence::TopicDeleted) => findings.permit("lost", "its topic was deleted"),
            Some(Absence::NobodyLeads) => ledger.unreadable += 1,
            Some(Absence::Expired) => ledger.expired += 1,
            Some(Absence::Lost(allowed)) => {
                let allowed = allowed.or_else(|| self.taken_for_another(case));
                ledger.lost += 1;
                (wrong.lost, wrong.allowed_because) = (true, allowed);
                findings.judge("lost", "lost", allowed, || case.words("was acknowledged and is lost"));
            }
        }
        if let Some(allowed) = case.duplication() {
            ledger.duplicated += 1;
            (wrong.duplicated, wrong.allowed_because) = (true, allowed);
            findings.judge("duplicated", "duplicated", allowed, || case.words(&format!("is in the log {} times", case.copies)));
        }
        if let Some(allowed) = case.disorder(latest) {
            ledger.reordered += 1;
            (wrong.reordered, wrong.allowed_because) = (true, allowed);
            findings.judge("out of order", "reordered", allowed, || case.words("lies before an earlier one"));
        }
        if let Some((who, times, allowed)) = case.redelivery(tracker) {
            ledger.redelivered += 1;
            (wrong.redelivered, wrong.allowed_because) = (true, wrong.allowed_because.or(allowed));
            let words = || case.words(&format!("was given to {who} {times} times without cause"));
            findings.judge("delivered again", "redelivered", allowed, words);
        }
        wrong
    }

    /// Why a record may have been acknowledged as another one that its producer had sent: a coordinator that has lost what it knew gives an
    /// epoch out again, and to a leader the first batches of it are those that it has (`ProducerStateEntry.findDuplicateBatch`).
    fn taken_for_another(&self, case: &Case<'_>) -> Reason {
        let place = |entry: &Entry| (entry.producer, entry.topic, entry.partition, entry.offset);
        let is_other = |other: &&Entry| place(other) == place(case.entry) && other.id != case.entry.id && other.answer == Answer::Acked;
        let forgot = self.judge.has_given_up(TRANSACTIONS_TOPIC, None);
        let other = self.judge.tracker.entries.iter().filter(|_| forgot && case.entry.offset >= 0).find(is_other)?;
        (case.producer.idempotent && self.found.iter().any(|found| found.id == other.id)).then_some(
            "its coordinator had lost what it knew of the producer and gave an epoch out again: the leader took it for a record it had",
        )
    }

    /// What a transaction's end says, its log holds, and its readers go by.
    fn transactions_hold(&self, case: &Case<'_>, quiet: bool, findings: &mut Findings) {
        let Some(fate) = case.fate.filter(|_| !self.judge.tracker.was_deleted(case.topic)) else { return };
        let forgotten = self.judge.has_given_up(TRANSACTIONS_TOPIC, None);
        let forgotten = forgotten.then_some("what its coordinator had decided was lost with the disks");
        let cut = case.shadow.and_then(|shadow| shadow.cuts.last().map(|cut| cut.why)).or(forgotten);
        let otherwise = match case.entry.ended {
            Ended::No => false,
            Ended::Committed => fate == TransactionOutcome::Aborted || quiet && fate == TransactionOutcome::Open,
            Ended::Aborted => fate == TransactionOutcome::Committed,
        };
        if otherwise {
            let told = if case.entry.ended == Ended::Committed { "committed" } else { "aborted" };
            let words = || case.words(&format!("was said to be {told}, and in its log its transaction {}", fate.words()));
            findings.judge("ended otherwise", "transaction", cut, words);
        }
        for reader in self.readers.iter().filter(|reader| reader.read_committed && !case.is_committed) {
            if case.times(reader) > 0 {
                let words = || case.words(&format!("was given to {}, and its transaction {}", reader.name, fate.words()));
                findings.judge("read though not committed", "uncommitted-transaction", cut, words);
            }
        }
    }

    /// Records that a log holds and nobody sent.
    fn strangers(&self) -> u64 {
        self.found.iter().filter(|found| self.sends.binary_search(&found.id).is_err()).count() as u64
    }

    /// Whether every reader of the record's topic was given it.
    fn is_delivered(&self, case: &Case<'_>, quiet: bool, findings: &mut Findings) -> bool {
        let committed = case.first.is_some_and(|(log, offset)| offset < log.high_watermark);
        let mut missing = false;
        for reader in self.readers.iter().filter(|reader| reader.topics.contains(case.topic)) {
            if case.times(reader) > 0 || reader.read_committed && !case.is_committed {
                continue;
            }
            missing = true;
            if committed && quiet {
                let allowed_because = case.omission_allowed(reader, &self.judge.tracker);
                let words = || case.words(&format!("was never given to {}", reader.name));
                findings.judge("not delivered", "undelivered", allowed_because, words);
            }
        }
        !missing && !case.delivered.is_empty()
    }
}

impl Judge {
    /// Reads all logs and says what became of every record.
    pub(super) fn close(&mut self, probe: &dyn ClusterProbe, quiet: bool) -> Ledger {
        let (mut ledger, mut findings) = (Ledger::default(), Findings::default());
        let evidence = Evidence::new(self, probe, &mut findings);
        ledger.strangers = evidence.strangers();
        let mut latest = SortedVecMap::new();
        for case in self.tracker.entries.iter().filter_map(|entry| evidence.case(entry)) {
            ledger.count(case.entry.answer, case.copies);
            evidence.transactions_hold(&case, quiet, &mut findings);
            let wrong = evidence.wrong(&case, &mut latest, &mut ledger, &mut findings);
            ledger.delivered += u64::from(evidence.is_delivered(&case, quiet, &mut findings));
            ledger.records.push(case.outcome(wrong));
        }
        evidence.processed(probe, quiet, &mut findings);
        ledger.permitted = findings.permitted;
        for (kind, what) in findings.violations {
            self.violations.push(Violation { at: self.now, event: self.event, kind, what });
        }
        ledger
    }
}

/// The sequence numbers of a log's batches, in its order.
#[derive(Default)]
struct Sequences {
    /// By producer id: its epoch and the next sequence number.
    next: SortedVecMap<i64, (i16, i32)>,
    /// A producer's first batch was not its first: the leader knew nothing of it and took what came.
    headless: bool,
    /// A sequence number went back within an epoch, which no leader lets happen.
    back: bool,
}

impl Sequences {
    fn take(&mut self, batch: &Batch) {
        if batch.producer_id() < 0 || batch.is_control() {
            return;
        }
        let now = (batch.producer_epoch(), batch.base_sequence());
        match self.next.get(&batch.producer_id()) {
            None => self.headless |= now.1 > 0,
            Some(next) => self.back |= now.0 == next.0 && now.1 < next.1,
        }
        self.next.insert(batch.producer_id(), (now.0, sequence_after(batch.last_sequence(), 1)));
    }
}

/// All records of all partitions that have a leader.
fn read_all(judge: &Judge, probe: &dyn ClusterProbe, findings: &mut Findings) -> (Vec<Log>, Vec<Found>) {
    let (mut logs, mut found) = (Vec::<Log>::new(), Vec::<Found>::new());
    for node in probe.brokers() {
        for (topic, partition) in probe.partitions(node) {
            if topic.starts_with("__") {
                continue;
            }
            let Some(view) = probe.partition(node, &topic, partition).filter(|view| view.is_leader) else { continue };
            // Of two that believe they lead, the later one does.
            let newest = judge.shadows.get(&(topic.clone(), partition)).map_or(0, |shadow| shadow.leader_epoch);
            if view.leader_epoch < newest || logs.iter().any(|log| log.partition.0 == topic && log.partition.1 == partition) {
                continue;
            }
            let number = logs.len() as i32;
            let place = Place { node, topic: Some(&topic), partition };
            let mut sequences = Sequences::default();
            let mut transactions = OpenTransactions::default();
            let compacted = !judge.policy_altered && probe.compacted(&topic);
            let joined = read(probe, place, view.log_start_offset, view.end_offset, &mut |batch: &Batch| {
                sequences.take(batch);
                if let Some((records, fate)) = transactions.ended(batch) {
                    for at in records {
                        if let Some(found) = found.get_mut(at as usize) {
                            found.fate = fate;
                        }
                    }
                }
                if batch.is_control() {
                    return true;
                }
                let fate = transactions.begun(batch);
                let records = batch.records().unwrap_or_default();
                if let Some(fault) = unvalidated(compacted, batch, &records) {
                    findings.violate("unvalidated", || format!("{topic}-{partition}, the batch at {}: {fault}", batch.base_offset()));
                }
                for record in records {
                    if judge.is_of_this_run(&topic, partition, record.offset, probe) {
                        let id = content_id(record.key.as_ref(), record.value.as_ref());
                        if fate == TransactionOutcome::Open {
                            transactions.found(batch.producer_id(), found.len() as u32);
                        }
                        found.push(Found { id, log: number as u32, offset: record.offset, fate });
                    }
                }
                true
            });
            if let Err(why) = joined {
                findings.violate("dense", || format!("{topic}-{partition} on broker-{node}: {why}"));
            }
            let ends = !judge.may_lack_markers(&topic, partition);
            for (producer, epoch, offset) in transactions.unended.into_iter().filter(|_| ends) {
                findings.violate("marker", || {
                    format!(
                        "{topic}-{partition}, offset {offset}: producer {producer} begins a transaction, and the one of epoch {epoch} was never ended"
                    )
                });
            }
            let (start, high_watermark) = (view.log_start_offset, view.high_watermark);
            // Where retention has taken a log's begin, nothing tells any more whether it began so.
            let headless = sequences.headless && !sequences.back;
            logs.push(Log { partition: (topic.clone(), partition), node, number, start, high_watermark, headless });
        }
    }
    (logs, found)
}

/// What a leader must not have let in (`LogValidator`). `compacted`: the topic has been so from its beginning.
fn unvalidated(compacted: bool, batch: &Batch, records: &[Record]) -> Option<&'static str> {
    if compacted && records.iter().any(|record| record.key.is_none()) {
        return Some("a record without a key in a compacted topic");
    }
    let greatest = records.iter().map(|record| record.timestamp).max().unwrap_or(-1);
    let told = batch.is_log_append_time() || batch.max_timestamp() == greatest;
    (!told).then_some("the greatest time in its header is none of its records'")
}

fn readers(probe: &dyn ClusterProbe) -> Vec<Reader> {
    let mut readers: Vec<Reader> = Vec::new();
    for name in probe.receivers() {
        let Some(receiver) = probe.receiver(&name).filter(|receiver| receiver.earliest) else { continue };
        let who = receiver.group.unwrap_or(name);
        match readers.iter_mut().find(|reader| reader.name == who) {
            Some(reader) => {
                reader.topics.extend(receiver.topics);
                reader.omits = reader.omits.or(receiver.omits);
                // Of a group whose members differ, nothing can be said of what it must not see.
                reader.read_committed &= receiver.read_committed;
            }
            None => {
                let Receiver { omits, topics, read_committed, .. } = receiver;
                readers.push(Reader { name: who, omits, topics, read_committed });
            }
        }
    }
    readers
}
