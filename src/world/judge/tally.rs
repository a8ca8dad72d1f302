//! The ledger's sums, kept up to date: each look reads what the logs and the book have got since the last one.
//!
//! It is worked out from the judge and from what it sees, and so says what `close` says, whenever anybody looked before. What a record
//! on its usual way adds to the sums is added once; the odd ones (lost, twice, out of order, given again) are weighed anew at each look,
//! since an election or a fault may excuse them later. A log whose leader is another, or was cut back, is read anew. What is too rare
//! for more begins the whole tally anew.

use super::ledger::{Answer, Entry, Facts, Findings, Log, Reader, readers};
use super::sight::Sight;
use super::{Judge, Ledger, Verdict};
use crate::kafka::map::Map;
use std::sync::Arc;

/// It is in the logs.
const READABLE: u8 = 1;
/// Every group that reads its topic has handled it.
const DELIVERED: u8 = 2;
/// Its answer is counted.
const ANSWERED: u8 = 4;
/// It has its place among those of its key.
const ORDERED: u8 = 8;
/// That place is before an earlier one's.
const REORDERED: u8 = 16;
/// It is among the odd ones.
const ODD: u8 = 32;
/// Another one of the same content was sent.
const TWIN: u8 = 64;

/// An entry of the book by its number. What is known of a content is kept with the first entry of it.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Where it is first: how many records after the log's `base`.
    at: u32,
    log: u16,
    copies: u16,
    flags: u8,
}

/// Numbers of entries by a hash, each plus 1; 0 is a free slot.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<u32>,
    filled: u32,
}

impl Table {
    /// The slot of the entry that is the `same`, or the free one where it would be, and the entry.
    fn find(&self, hash: u64, same: &dyn Fn(u32) -> bool) -> (usize, Option<u32>) {
        let size = self.slots.len() as u64;
        let mut slot = (((hash >> 32) * size) >> 32) as usize;
        loop {
            match self.slots.get(slot) {
                None if size == 0 => return (0, None),
                None => slot = 0,
                Some(0) => return (slot, None),
                Some(n) if same(n - 1) => return (slot, Some(n - 1)),
                Some(_) => slot += 1,
            }
        }
    }

    fn set(&mut self, slot: usize, entry: u32) {
        if let Some(held) = self.slots.get_mut(slot) {
            self.filled += u32::from(*held == 0);
            *held = entry + 1;
        }
    }

    /// Makes room for one more.
    fn grow(&mut self, hash: &dyn Fn(u32) -> u64) {
        let size = self.slots.len();
        if (self.filled as usize + 1) * 5 <= size * 4 {
            return;
        }
        let old = std::mem::replace(&mut self.slots, vec![0; 64.max(size + size / 2)]);
        self.filled = 0;
        for n in old.into_iter().filter(|n| *n > 0) {
            let (slot, _) = self.find(hash(n - 1), &|_| false);
            self.set(slot, n - 1);
        }
    }
}

/// What a group (or lone consumer) has handled.
#[derive(Debug)]
struct Group {
    name: Arc<str>,
    seen: usize,
    /// By entry.
    times: Vec<u16>,
}

/// See the module. A copy of a judge begins a tally of its own: checkpoints do without.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Something happened of which the next look knows too little to go on.
    anew: bool,
    /// The order of records is to be worked out from the first.
    unordered: bool,
    /// Some content is in the logs more than once, or was sent more than once.
    again: bool,
    readers: Vec<Reader>,
    logs: Vec<Log>,
    groups: Vec<Group>,
    known: Vec<Known>,
    /// The first entry of each content.
    ids: Table,
    /// For each producer, key and log: the acknowledged entry that lies furthest.
    latest: Table,
    /// How many entries have this content, by the first of them; where it is not one.
    alike: Map<u32, u64>,
    /// Entries that have no answer yet.
    open: Vec<u32>,
    /// In order.
    odd: Vec<u32>,
    sums: Ledger,
}

impl Clone for Tally {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Judge {
    /// As `verdict` while things are under way, without the ledger's records: takes as long as there is something new since the last look.
    pub fn glance(&mut self, sight: &dyn Sight) -> Verdict {
        let mut tally = std::mem::take(&mut self.tally);
        let readers = readers(sight);
        let mut found = None;
        if !tally.anew && tally.readers == readers {
            found = tally.catch_up(self, sight);
        }
        let (mut ledger, findings) = found.unwrap_or_else(|| {
            tally = Tally { readers, ..Tally::default() };
            let found = tally.catch_up(self, sight);
            // Whatever the first look of a tally finds is all that there is.
            found.unwrap_or_default()
        });
        let own = self.violations.len();
        self.conclude(findings, &mut ledger);
        let violations = self.violations.clone();
        self.violations.truncate(own);
        self.tally = tally;
        Verdict { violations, ledger, counters: self.counters.clone() }
    }

    /// Where the newest record was promised that was lost by the last `glance`.
    pub fn last_lost(&self) -> Option<(Arc<str>, i32, i64)> {
        let tally = &self.tally;
        let mut odd = tally.odd.iter().rev().filter_map(|n| Some((*n, tally.facts(self, *n)?)));
        odd.find_map(|(_, facts)| {
            let mut sums = Ledger::default();
            self.weigh(&facts, &tally.logs, &mut sums, &mut Findings::default());
            let (topic, entry) = (&facts.maker.topic, facts.entry);
            (sums.lost > 0 && entry.offset >= 0).then(|| (topic.clone(), entry.partition, entry.offset))
        })
    }
}

impl Tally {
    fn entry<'a>(&self, judge: &'a Judge, n: u32) -> Option<&'a Entry> {
        judge.book.entries.get(n as usize)
    }

    /// The first entry of a content.
    fn head(&self, judge: &Judge, id: u64) -> (usize, Option<u32>) {
        self.ids.find(id, &|n| self.entry(judge, n).is_some_and(|entry| entry.id == id))
    }

    fn flags(&self, n: u32) -> u8 {
        self.known.get(n as usize).map_or(0, |known| known.flags)
    }

    fn set(&mut self, n: u32, flag: u8, to: bool) {
        if let Some(known) = self.known.get_mut(n as usize) {
            known.flags = if to { known.flags | flag } else { known.flags & !flag };
        }
    }

    /// What is known of an entry's content, and its number there.
    fn content(&self, judge: &Judge, n: u32) -> (u32, Known) {
        let head = match self.flags(n) & TWIN {
            0 => n,
            _ => self.entry(judge, n).and_then(|entry| self.head(judge, entry.id).1).unwrap_or(n),
        };
        (head, self.known.get(head as usize).copied().unwrap_or_default())
    }

    fn place(&self, known: Known) -> Option<(&Log, i64)> {
        let log = self.logs.get(known.log as usize).filter(|_| known.copies > 0)?;
        Some((log, log.base + i64::from(known.at)))
    }

    fn times<'a>(&'a self, head: u32) -> impl Iterator<Item = (&'a Arc<str>, u64)> {
        let of = move |group: &'a Group| (&group.name, group.times.get(head as usize).copied().unwrap_or(0).into());
        self.groups.iter().map(of)
    }

    fn facts<'a>(&'a self, judge: &'a Judge, n: u32) -> Option<Facts<'a>> {
        let entry = self.entry(judge, n)?;
        let (head, known) = self.content(judge, n);
        let copies = u64::from(known.copies);
        Some(Facts {
            entry,
            maker: judge.book.makers.get(entry.producer as usize)?,
            copies,
            alike: self.alike.get(&head).copied().unwrap_or(1),
            first: self.place(known),
            reordered: self.flags(n) & REORDERED != 0,
            again: self.times(head).find(|(_, times)| *times > copies.max(1)),
        })
    }

    /// Reads what is new. `None`: this tally cannot go on.
    fn catch_up(&mut self, judge: &Judge, sight: &dyn Sight) -> Option<(Ledger, Findings)> {
        let first = self.known.is_empty() && self.logs.is_empty();
        let mut findings = Findings::default();
        let mut touched = Vec::new();
        self.take_entries(judge);
        self.take_handled(judge, &mut touched);
        self.take_logs(judge, sight, &mut touched, &mut findings);
        if self.anew && !first {
            return None;
        }
        let open = std::mem::take(&mut self.open);
        for n in open.iter().chain(&touched) {
            self.settle(judge, *n);
        }
        self.open = open;
        self.open.retain(|n| judge.book.entries.get(*n as usize).is_some_and(|entry| entry.answer == Answer::Pending));
        let twins: Vec<u32> = self.odd.iter().copied().filter(|n| self.flags(*n) & TWIN != 0).collect();
        for n in twins {
            self.settle(judge, n);
        }
        if std::mem::take(&mut self.unordered) {
            self.latest = Table::default();
            for known in &mut self.known {
                known.flags &= !(ORDERED | REORDERED);
            }
            for n in 0..self.known.len() as u32 {
                self.order(judge, n);
            }
        }
        let mut ledger = self.sums.clone();
        let mut odd = std::mem::take(&mut self.odd);
        odd.retain(|n| {
            let Some(facts) = self.facts(judge, *n) else { return false };
            let gone = facts.copies == 0 && facts.entry.answer == Answer::Acked;
            let stays = gone || facts.copies > facts.alike || facts.reordered || facts.again.is_some() || self.flags(*n) & TWIN != 0;
            if stays {
                judge.weigh(&facts, &self.logs, &mut ledger, &mut findings);
            } else {
                self.set(*n, ODD, false);
            }
            stays
        });
        self.odd = odd;
        Some((ledger, findings))
    }

    /// What has been sent.
    fn take_entries(&mut self, judge: &Judge) {
        let entries = &judge.book.entries;
        for (n, entry) in (0..).zip(entries).skip(self.known.len()) {
            self.known.push(Known::default());
            self.open.push(n);
            self.sums.sent += 1;
            self.sums.unknown += 1;
            self.ids.grow(&|n| entries.get(n as usize).map_or(0, |entry| entry.id));
            match self.head(judge, entry.id) {
                (slot, None) => self.ids.set(slot, n),
                (_, Some(head)) => {
                    *self.alike.entry(head).or_insert(1) += 1;
                    // What was in a log or handled before it was sent a second time may be weighed otherwise now.
                    self.again = true;
                    self.unordered = true;
                    for n in [head, n] {
                        self.set(n, TWIN, true);
                        self.add_odd(n);
                    }
                }
            }
        }
    }

    fn take_handled(&mut self, judge: &Judge, touched: &mut Vec<u32>) {
        for (name, ids) in &judge.book.handled {
            let at = self.groups.partition_point(|group| group.name < *name);
            if self.groups.get(at).is_none_or(|group| group.name != *name) {
                self.groups.insert(at, Group { name: name.clone(), seen: 0, times: Vec::new() });
            }
            let from = self.groups.get(at).map_or(0, |group| group.seen);
            for id in ids.iter().skip(from) {
                // It may be sent later.
                let Some(head) = self.head(judge, *id).1 else {
                    self.anew = true;
                    continue;
                };
                if let Some(group) = self.groups.get_mut(at) {
                    if group.times.len() < self.known.len() {
                        group.times.resize(self.known.len(), 0);
                    }
                    if let Some(times) = group.times.get_mut(head as usize) {
                        *times = times.saturating_add(1);
                    }
                    group.seen = ids.len();
                }
                touched.push(head);
            }
        }
    }

    fn take_logs(&mut self, judge: &Judge, sight: &dyn Sight, touched: &mut Vec<u32>, findings: &mut Findings) {
        let leaders = judge.leaders(sight);
        for at in 0..self.logs.len() {
            let led = |log: &Log| leaders.iter().any(|now| now.partition == log.partition);
            if self.logs.get(at).is_some_and(|log| log.led && !led(log)) {
                self.forget(at, i64::MAX, touched);
            }
        }
        for now in leaders {
            let at = self.logs.iter().position(|log| log.partition == now.partition).unwrap_or(self.logs.len());
            let known = self.logs.get(at).filter(|log| log.led);
            let grown = known.is_some_and(|log| {
                (log.node, log.grows_since, log.began) == (now.node, now.grows_since, now.began)
                    && log.start <= now.start
                    && log.end <= now.end
            });
            let (base, from) = known.filter(|_| grown).map_or((now.start, now.start), |log| (log.base, log.end.max(now.start)));
            if known.is_some_and(|log| !grown || log.start < now.start) {
                self.forget(at, if grown { now.start } else { i64::MAX }, touched);
            }
            let log = Log { base, ..now };
            let mut found = Vec::new();
            if from < log.end && !log.read(from, sight, findings, &mut |id, offset| found.push((id, offset))) {
                self.anew = true;
            }
            match self.logs.get_mut(at) {
                Some(held) => *held = log,
                None => self.logs.push(log),
            }
            for (id, offset) in found {
                match self.head(judge, id).1 {
                    Some(head) => {
                        self.found(at, (offset - base) as u32, head);
                        touched.push(head);
                    }
                    None => {
                        // It may be sent later.
                        self.sums.strangers += 1;
                        self.anew = true;
                    }
                }
            }
        }
    }

    /// A content lies in a log.
    fn found(&mut self, log: usize, at: u32, head: u32) {
        let Some(known) = self.known.get(head as usize).copied() else { return };
        let name = |log: usize| self.logs.get(log).map(|log| &log.partition);
        let sooner = (name(log), at) < (name(known.log as usize), known.at);
        let mut now = Known { copies: known.copies.saturating_add(1), ..known };
        if known.copies == 0 || sooner {
            (now.log, now.at) = (log as u16, at);
        }
        if known.copies > 0 {
            self.again = true;
            self.unordered |= sooner;
        }
        if let Some(known) = self.known.get_mut(head as usize) {
            *known = now;
        }
    }

    /// What was read of a log below an offset is there no more, or is read anew.
    fn forget(&mut self, log: usize, below: i64, touched: &mut Vec<u32>) {
        // Which copy would be the first one then is not known.
        self.anew |= self.again;
        let Some(held) = self.logs.get_mut(log) else { return };
        held.led &= below < i64::MAX;
        let below = below.saturating_sub(held.base);
        for (n, known) in (0..).zip(&mut self.known) {
            if known.copies > 0 && known.log as usize == log && i64::from(known.at) < below {
                known.copies = 0;
                known.flags &= !(ORDERED | REORDERED);
                touched.push(n);
            }
        }
    }

    fn add_odd(&mut self, n: u32) {
        if self.flags(n) & ODD == 0 {
            self.set(n, ODD, true);
            let at = self.odd.partition_point(|other| *other < n);
            self.odd.insert(at, n);
        }
    }

    /// Counts what an entry adds to the sums.
    fn settle(&mut self, judge: &Judge, n: u32) {
        self.order(judge, n);
        let Some(facts) = self.facts(judge, n) else { return };
        let (answer, copies, topic) = (facts.entry.answer, facts.copies, facts.maker.topic.clone());
        let odd = copies == 0 && answer == Answer::Acked || copies > facts.alike || facts.again.is_some();
        let (head, _) = self.content(judge, n);
        let misses = |reader: &Reader| !self.times(head).any(|(name, times)| *name == reader.name && times > 0);
        let mut readers = self.readers.iter().filter(|reader| reader.topics.contains(&topic));
        let delivered = self.times(head).any(|(_, times)| times > 0) && !readers.any(misses);
        let flags = self.flags(n);
        let add = |sum: &mut u64, flag: u8, is: bool| *sum = *sum + u64::from(is) - u64::from(flags & flag != 0);
        add(&mut self.sums.readable, READABLE, copies > 0);
        add(&mut self.sums.delivered, DELIVERED, delivered);
        if answer != Answer::Pending && flags & ANSWERED == 0 {
            self.sums.unknown -= 1;
            let answered = if answer == Answer::Acked { &mut self.sums.acked } else { &mut self.sums.failed };
            *answered += 1;
            self.set(n, ANSWERED, true);
        }
        self.set(n, READABLE, copies > 0);
        self.set(n, DELIVERED, delivered);
        if odd {
            self.add_odd(n);
        }
    }

    /// Puts an entry among those of its key, if that was not done. They come as they were sent, nearly always.
    fn order(&mut self, judge: &Judge, n: u32) {
        let Some(facts) = self.facts(judge, n) else { return };
        let (producer, key, alike) = (facts.entry.producer, facts.entry.key, facts.alike);
        let (_, known) = self.content(judge, n);
        if facts.entry.answer != Answer::Acked || key == 0 || known.copies == 0 || self.flags(n) & ORDERED != 0 {
            return;
        }
        let mut latest = std::mem::take(&mut self.latest);
        let group = |n: u32| self.entry(judge, n).map(|entry| (entry.producer, entry.key, self.content(judge, n).1.log));
        let hash = |n: u32| {
            let (producer, key, log) = group(n).unwrap_or_default();
            key.wrapping_add((u64::from(producer) << 16) | u64::from(log)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        };
        latest.grow(&hash);
        let (slot, held) = latest.find(hash(n), &|other| group(other) == Some((producer, key, known.log)));
        let before = held.filter(|held| self.flags(*held) & ORDERED != 0);
        let reordered = before.is_some_and(|held| self.content(judge, held).1.at > known.at);
        self.unordered |= before.is_some_and(|held| held > n);
        self.set(n, ORDERED, true);
        if !reordered {
            latest.set(slot, n);
        } else if alike == 1 {
            self.set(n, REORDERED, true);
            self.add_odd(n);
        }
        self.latest = latest;
    }
}
