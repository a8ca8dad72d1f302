//! The ledger as a table: filters, pages, and each record's fate in words.

use crate::kafka::broker::BrokerEvent;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::playground::why::{Question, of_record};
use crate::world::World;
use crate::world::action::Keys;
use crate::world::content::key_id;
use crate::world::event::EventKind;
use crate::world::judge::{Ledger, RecordOutcome};
use crate::world::operations::{Action, AddProducer, Produce};
use crate::world::target::Target;
use bytes::Bytes;
use std::sync::Arc;

/// Rows of one page.
pub const PAGE: usize = 100;
/// What stands in a row for a record without a key.
pub const NO_KEY: &str = "no key";
/// Keys that are known by name; the others are told by their hash.
const MOST_KEYS: u32 = 1_000;

/// A name, and which records it means.
type Filter = (&'static str, fn(&RecordOutcome) -> bool);

/// What can be asked for, by name.
pub const FILTERS: [Filter; 7] = [
    ("all", |_| true),
    ("not acknowledged", |outcome| outcome.acked != Some(true)),
    ("acknowledged, not readable", |outcome| outcome.acked == Some(true) && !outcome.readable),
    ("delivered again", |outcome| outcome.redelivered),
    ("lost", |outcome| outcome.lost),
    ("out of order", |outcome| outcome.reordered),
    ("twice in a log", |outcome| outcome.duplicated),
];

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// Of `FILTERS`.
    pub filter: usize,
    pub partition: Option<(Arc<str>, i32)>,
    /// Part of a key, of a producer's name and number, or of `orders-0@79`.
    pub text: String,
    /// From 0, the newest.
    pub page: usize,
}

/// A record's row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// `checkout 17`.
    pub record: String,
    pub key: String,
    /// `orders-0@79`, or less while less is known.
    pub place: String,
    pub acked: &'static str,
    pub readable: &'static str,
    /// `billing ×2`.
    pub handled: String,
    /// What looks wrong, and why it is permitted; empty when nothing does.
    pub fate: String,
    /// Where it is or was said to be.
    pub target: Option<Target>,
    /// What there is to ask about it.
    pub ask: Option<Question>,
    pub sent: Time,
}

/// A page of the table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// For each filter: what partition and text leave.
    pub counts: [usize; FILTERS.len()],
    /// Newest first.
    pub rows: Vec<Row>,
    /// The first row's place among all, from 0.
    pub from: usize,
    /// All that the filter leaves.
    pub of: usize,
    pub partitions: Vec<(Arc<str>, i32)>,
}

/// Keys by their hash, from what the producers were told to use.
pub fn keys(world: &World) -> SortedVecMap<u64, Arc<str>> {
    let mut names: SortedVecMap<u64, Arc<str>> = SortedVecMap::new();
    let mut name = |key: Arc<str>| _ = names.insert(key_id(Some(&Bytes::copy_from_slice(key.as_bytes()))), key);
    for (_, action) in world.history() {
        match action {
            Action::AddProducer(AddProducer(spec)) => match &spec.keys {
                Keys::None => {}
                Keys::Set(keys) => keys.iter().cloned().for_each(&mut name),
                Keys::Uniform(n) | Keys::Skewed(n) => (0..(*n).min(MOST_KEYS)).for_each(|n| name(format!("key-{n}").into())),
            },
            Action::Produce(Produce { key: Some(key), .. }) => name(key.clone()),
            _ => {}
        }
    }
    names
}

fn row(outcome: &RecordOutcome, keys: &SortedVecMap<u64, Arc<str>>) -> Row {
    let key = match (outcome.key, keys.get(&outcome.key)) {
        (0, _) => NO_KEY.to_owned(),
        (_, Some(name)) => name.as_ref().to_owned(),
        (hash, None) => format!("#{:08x}", hash >> 32),
    };
    let at = outcome.place.as_ref().or(outcome.promised.as_ref());
    let place = match at {
        Some((topic, partition, offset)) => format!("{topic}-{partition}@{offset}"),
        None if outcome.partition >= 0 => format!("{}-{}", outcome.topic, outcome.partition),
        None => outcome.topic.to_string(),
    };
    let acked = match outcome.acked {
        None => "no answer yet",
        Some(false) => "given up",
        Some(true) if outcome.acks == 0 => "acks=0: nobody answers",
        Some(true) => "acknowledged",
    };
    let readable = match (outcome.readable, outcome.copies) {
        (true, _) => "readable",
        (_, 0) => "in no log",
        _ => "not readable yet",
    };
    let handled: Vec<String> = outcome.delivered.iter().map(|(who, times)| format!("{who} ×{times}")).collect();
    let wrong = [
        (outcome.lost, "lost"),
        (outcome.reordered, "out of order"),
        (outcome.duplicated, "twice in a log"),
        (outcome.redelivered, "delivered again"),
    ];
    let mut said: String = wrong.iter().filter(|(is, _)| *is).map(|(_, what)| *what).collect::<Vec<_>>().join(", ");
    if !said.is_empty() {
        said = format!("{said}: {}", outcome.allowed_because.unwrap_or("Kafka does not permit this"));
    }
    Row {
        record: format!("{} {}", outcome.producer, outcome.number),
        key,
        place,
        acked,
        readable,
        handled: if handled.is_empty() { "not handled".into() } else { handled.join(", ") },
        fate: said,
        target: at.map(|(topic, partition, offset)| Target::Record(topic.clone(), *partition, *offset)),
        ask: of_record(outcome),
        sent: outcome.sent,
    }
}

/// The page that is asked for; a page beyond the last is the last.
pub fn page(ledger: &Ledger, keys: &SortedVecMap<u64, Arc<str>>, asked: &Asked) -> Page {
    let mut out = Page::default();
    let text = asked.text.trim().to_lowercase();
    let mut found: Vec<&RecordOutcome> = Vec::new();
    for outcome in ledger.records.iter().rev() {
        let home = (&outcome.topic, outcome.partition);
        if outcome.partition >= 0 && !out.partitions.iter().any(|(topic, n)| (topic, *n) == home) {
            out.partitions.push((outcome.topic.clone(), outcome.partition));
        }
        if asked.partition.as_ref().is_some_and(|(topic, n)| (topic, *n) != home) {
            continue;
        }
        if !text.is_empty() {
            let row = row(outcome, keys);
            if ![row.record, row.key, row.place].iter().any(|words| words.to_lowercase().contains(&text)) {
                continue;
            }
        }
        for ((nth, (_, holds)), count) in FILTERS.iter().enumerate().zip(&mut out.counts) {
            if holds(outcome) {
                *count += 1;
                if nth == asked.filter {
                    found.push(outcome);
                }
            }
        }
    }
    out.partitions.sort();
    out.of = found.len();
    out.from = asked.page.min(found.len().saturating_sub(1) / PAGE) * PAGE;
    out.rows = found.into_iter().skip(out.from).take(PAGE).map(|outcome| row(outcome, keys)).collect();
    out
}

/// The moment that a row leads to: when a group was given the record again, or else when a leader appended it; when it was sent, if
/// the event is no longer kept.
pub fn moment(world: &World, row: &Row, again: bool) -> Time {
    let Some(Target::Record(topic, partition, offset)) = &row.target else { return row.sent };
    let here = |kind: &EventKind| match kind {
        EventKind::Handled { topic: t, partition: p, offset: o, .. } if again => (t, p, o) == (topic, partition, offset),
        EventKind::Broker { event: BrokerEvent::Appended { topic: t, partition: p, base_offset, last_offset, .. }, .. } if !again => {
            (t, p) == (topic, partition) && (base_offset..=last_offset).contains(&offset)
        }
        _ => false,
    };
    // Of a lost record the first: later the offset is another one's.
    let mut events = world.events().iter().filter(|event| event.at >= row.sent && here(&event.kind));
    let found = if again { events.next_back() } else { events.next() };
    found.map_or(row.sent, |event| event.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;
    use crate::world::judge::Judge;

    fn run(text: &str, seconds: i64) -> (Playback, Judge) {
        let (mut play, mut judge) = (Playback::new(Scenario::parse(text).expect("it reads")).expect("it starts"), Judge::new());
        play.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| judge.observe(world));
        (play, judge)
    }

    #[test]
    fn filters_count_pages_turn_and_lost_records_say_why() {
        let (play, judge) = run(include_str!("../../www/scenarios/acks-1-loses.tide"), 30);
        let (ledger, names) = (judge.verdict(play.world(), false).ledger, keys(play.world()));
        let all = page(&ledger, &names, &Asked::default());
        assert_eq!((all.counts[0] as u64, all.counts[4] as u64), (ledger.sent, ledger.lost));
        assert_eq!((all.of, all.from, all.rows.len()), (all.counts[0], 0, PAGE.min(all.counts[0])));
        assert!(all.rows.windows(2).all(|pair| pair[0].sent >= pair[1].sent), "newest first");
        assert!(all.rows.iter().all(|row| !row.key.starts_with('#')), "keys have names");
        let last = page(&ledger, &names, &Asked { page: 999, ..Asked::default() });
        assert_eq!(last.from + last.rows.len(), last.of);
        let lost = page(&ledger, &names, &Asked { filter: 4, ..Asked::default() });
        let row = lost.rows.last().expect("one is lost");
        assert_eq!((row.place.as_str(), row.acked, row.readable), ("orders-0@79", "acknowledged", "in no log"));
        assert!(row.fate.starts_with("lost: acks=1"), "{}", row.fate);
        let at = moment(play.world(), row, false);
        assert!(at >= row.sent && at.micros_since(row.sent) < 1_000_000, "appended soon after it was sent");
        let by = |text: &str| page(&ledger, &names, &Asked { text: text.into(), ..Asked::default() });
        assert_eq!(by("ORDERS-0@79").of, by("orders-0@79").of);
        assert!(by("orders-0@79").of >= 1 && by("no such thing").of == 0);
        let here = Asked { partition: Some(("orders".into(), 0)), ..Asked::default() };
        assert_eq!(all.partitions.contains(&("orders".into(), 0)), page(&ledger, &names, &here).of > 0);
    }
}
