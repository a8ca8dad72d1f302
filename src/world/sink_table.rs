//! A table that a group's apps write into: a database as far as duplicates, losses and old versions show in one.

use super::content::{content_id, key_id};
use super::handler::SinkKind;
use super::sink::Ranges;
use super::sink_rows::{SinkWrite, WriteOutcome, Writes};
use crate::kafka::client::consumer::ConsumerRecord;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use std::rc::Rc;
use std::sync::Arc;

/// What a record says of itself: producer apps number their records, and that number is the event's id and its version.
#[derive(Clone, PartialEq, Eq, Debug)]
enum EventId {
    Numbered {
        producer: Arc<str>,
        number: i64,
    },
    /// Not written by an app: known by its content.
    Content(u64),
}

/// A record as a row.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    event: EventId,
    /// Hash of the record's key; `None` without one.
    key: Option<u64>,
}

impl Row {
    fn of(record: &ConsumerRecord) -> Self {
        let numbered = record.value.as_deref().and_then(|value| numbered(std::str::from_utf8(value).ok()?));
        let event = numbered.unwrap_or_else(|| EventId::Content(content_id(record.key.as_ref(), record.value.as_ref())));
        Self { event, key: record.key.as_ref().map(|key| key_id(Some(key))) }
    }

    /// Greater for what the same producer wrote later; 0 where nothing says so.
    fn version(&self) -> i64 {
        match self.event {
            EventId::Numbered { number, .. } => number,
            EventId::Content(_) => 0,
        }
    }
}

/// Reads `{"p":"checkout","n":17 …}`, as producer apps write it.
fn numbered(value: &str) -> Option<EventId> {
    let (producer, rest) = value.strip_prefix("{\"p\":\"")?.split_once("\",\"n\":")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some(EventId::Numbered { producer: producer.into(), number: rest.get(..digits)?.parse().ok()? })
}

/// A row of a keyed table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Versions {
    stands: i64,
    /// The newest that was ever written to the row.
    newest: i64,
}

/// What the table has of a partition.
#[derive(Clone, Debug, Default)]
struct Part {
    /// Offsets that were given to an app.
    polled: Ranges,
    /// Those of them that it has brought to the table.
    taken: Ranges,
    /// The next offset, as an `OffsetTable` stores it.
    next: i64,
}

#[derive(Clone, Debug)]
pub(super) struct SinkTable {
    pub(super) kind: SinkKind,
    pub(super) rows: u64,
    /// Rows of an event that another row stands for already.
    pub(super) twice: u64,
    /// Writes that the table did not need, and so did not make.
    pub(super) ignored: u64,
    /// By producer, the numbers of its events.
    events: SortedVecMap<Arc<str>, Ranges>,
    others: SortedVecSet<u64>,
    /// By the hash of the record key.
    keys: SortedVecMap<u64, Versions>,
    parts: SortedVecMap<(Arc<str>, i32), Part>,
    pub(super) writes: Writes,
}

impl SinkTable {
    pub(super) fn new(kind: SinkKind) -> Self {
        Self {
            kind,
            rows: 0,
            twice: 0,
            ignored: 0,
            events: SortedVecMap::new(),
            others: SortedVecSet::new(),
            keys: SortedVecMap::new(),
            parts: SortedVecMap::new(),
            writes: Writes::default(),
        }
    }

    fn part(&mut self, topic: &Arc<str>, partition: i32) -> &mut Part {
        self.parts.entry((topic.clone(), partition)).or_default()
    }

    /// An app was given this record.
    pub(super) fn polled(&mut self, record: &ConsumerRecord) {
        self.part(&record.topic, record.partition).polled.insert(record.offset);
    }

    pub(super) fn resumes_at(&self, topic: &str, partition: i32) -> Option<i64> {
        let part = self.parts.get(&(topic.into(), partition)).filter(|_| self.kind == SinkKind::OffsetTable)?;
        Some(part.next)
    }

    /// The consumer `by` brings a record.
    pub(super) fn insert(&mut self, record: &ConsumerRecord, at: Time, by: &Arc<str>) {
        let row = Row::of(record);
        let outcome = self.write(record, &row);
        let event = match row.event {
            EventId::Numbered { producer, number } => Some((producer, number)),
            EventId::Content(_) => None,
        };
        let key = record.key.as_deref().map(|key| String::from_utf8_lossy(key).into());
        let (topic, partition, offset) = (record.topic.clone(), record.partition, record.offset);
        self.writes.push(SinkWrite { at, by: by.clone(), topic, partition, offset, key, event, outcome });
    }

    fn write(&mut self, record: &ConsumerRecord, row: &Row) -> WriteOutcome {
        let part = self.part(&record.topic, record.partition);
        part.taken.insert(record.offset);
        // One transaction: the row is inserted only if the offset that is stored is still the one before it.
        let again = record.offset < part.next;
        part.next = part.next.max(record.offset + 1);
        match (self.kind, row.key) {
            (SinkKind::Print, _) => WriteOutcome::Ignored,
            (SinkKind::OffsetTable, _) if again => self.ignore(),
            (SinkKind::UniqueTable, _) => match self.is_new(&row.event) {
                true => self.add(WriteOutcome::Inserted),
                false => self.ignore(),
            },
            (SinkKind::Upsert | SinkKind::UpsertNewest, Some(key)) => self.upsert(key, row.version()),
            _ => {
                let new = self.is_new(&row.event);
                self.twice += u64::from(!new);
                self.add(if new { WriteOutcome::Inserted } else { WriteOutcome::Twice })
            }
        }
    }

    fn add(&mut self, outcome: WriteOutcome) -> WriteOutcome {
        self.rows += 1;
        outcome
    }

    fn ignore(&mut self) -> WriteOutcome {
        self.ignored += 1;
        WriteOutcome::Ignored
    }

    fn upsert(&mut self, key: u64, version: i64) -> WriteOutcome {
        match self.keys.get_mut(&key) {
            None => {
                self.keys.insert(key, Versions { stands: version, newest: version });
                self.add(WriteOutcome::Inserted)
            }
            Some(row) if self.kind == SinkKind::UpsertNewest && version <= row.stands => self.ignore(),
            Some(row) => {
                *row = Versions { stands: version, newest: row.newest.max(version) };
                if version < row.newest { WriteOutcome::Stale } else { WriteOutcome::Replaced }
            }
        }
    }

    /// Notes the event; false if it was known.
    fn is_new(&mut self, event: &EventId) -> bool {
        match event {
            EventId::Numbered { producer, number } => {
                let known = self.events.entry(producer.clone()).or_default();
                let new = !known.contains(*number);
                known.insert(*number);
                new
            }
            EventId::Content(id) => self.others.insert(*id),
        }
    }

    /// Rows that an older version of their event has overwritten.
    pub(super) fn stale(&self) -> u64 {
        self.keys.values().filter(|row| row.stands < row.newest).count() as u64
    }

    /// Records that an app was given, that are committed, and that never reached the table. `committed`: the next offset that the group
    /// reads; `in_hand`: an app that runs still has the record.
    pub(super) fn missing<'a>(
        &'a self,
        committed: impl Fn(&str, i32) -> Option<i64> + 'a,
        in_hand: impl Fn(&str, i32, i64) -> bool + 'a,
    ) -> impl Iterator<Item = (&'a Arc<str>, i32, i64)> {
        let in_hand = Rc::new(in_hand);
        self.parts.iter().flat_map(move |((topic, partition), part)| {
            let (end, in_hand) = (committed(topic, *partition).unwrap_or(0), in_hand.clone());
            let lost = part.polled.without(&part.taken, end).filter(move |offset| !in_hand(topic, *partition, *offset));
            lost.map(move |offset| (topic, *partition, offset))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::sink_rows::{MAX_WRITES, SinkRows};
    use bytes::Bytes;

    fn record(offset: i64, key: &str, number: i64) -> ConsumerRecord {
        ConsumerRecord {
            topic: "orders".into(),
            partition: 0,
            offset,
            timestamp: 0,
            key: Some(Bytes::copy_from_slice(key.as_bytes())),
            value: Some(Bytes::from(format!("{{\"p\":\"checkout\",\"n\":{number}   }}"))),
            leader_epoch: 0,
        }
    }

    fn by() -> Arc<str> {
        "billing-1".into()
    }

    #[test]
    fn each_write_is_remembered_with_what_became_of_it_and_old_ones_are_counted() {
        let outcomes = |kind: SinkKind, records: &[(i64, &str, i64)]| {
            let mut table = SinkTable::new(kind);
            for (offset, key, number) in records {
                table.insert(&record(*offset, key, *number), Time(*offset), &by());
            }
            SinkRows::new(&table.writes, Vec::new()).writes.iter().map(|write| write.outcome).rev().collect::<Vec<_>>()
        };
        use WriteOutcome::{Ignored, Inserted, Replaced, Stale, Twice};
        let late = [(0, "a", 1), (2, "a", 3), (1, "a", 2), (1, "a", 2)];
        assert_eq!(outcomes(SinkKind::Table, &late), [Inserted, Inserted, Inserted, Twice]);
        assert_eq!(outcomes(SinkKind::UniqueTable, &late), [Inserted, Inserted, Inserted, Ignored]);
        assert_eq!(outcomes(SinkKind::Upsert, &late), [Inserted, Replaced, Stale, Stale]);
        assert_eq!(outcomes(SinkKind::UpsertNewest, &late), [Inserted, Replaced, Ignored, Ignored]);
        let mut table = SinkTable::new(SinkKind::Table);
        for offset in 0..i64::from(MAX_WRITES) + 5 {
            table.insert(&record(offset, "a", offset), Time(offset), &by());
        }
        let rows = SinkRows::new(&table.writes, Vec::new());
        assert_eq!((rows.writes.len(), rows.dropped, rows.writes[0].offset), (MAX_WRITES as usize, 5, i64::from(MAX_WRITES) + 4));
        assert_eq!(rows.writes[0].event, Some(("checkout".into(), i64::from(MAX_WRITES) + 4)));
    }

    /// Inserts records of (offset, key, number); gives rows, twice, ignored and stale.
    fn counted(kind: SinkKind, records: &[(i64, &str, i64)]) -> (u64, u64, u64, u64) {
        let mut table = SinkTable::new(kind);
        for (offset, key, number) in records {
            let record = record(*offset, key, *number);
            table.polled(&record);
            table.insert(&record, Time(0), &by());
        }
        (table.rows, table.twice, table.ignored, table.stale())
    }

    #[test]
    fn each_kind_takes_a_second_delivery_its_own_way() {
        let again = [(0, "a", 1), (1, "b", 2), (0, "a", 1)];
        assert_eq!(counted(SinkKind::Table, &again), (3, 1, 0, 0));
        assert_eq!(counted(SinkKind::Bulk { rows: 10, within_us: None }, &again), (3, 1, 0, 0));
        assert_eq!(counted(SinkKind::UniqueTable, &again), (2, 0, 1, 0));
        assert_eq!(counted(SinkKind::Upsert, &again), (2, 0, 0, 0));
        assert_eq!(counted(SinkKind::UpsertNewest, &again), (2, 0, 1, 0));
        assert_eq!(counted(SinkKind::OffsetTable, &again), (2, 0, 1, 0));
    }

    #[test]
    fn an_old_version_wins_unless_versions_are_compared() {
        let late = [(0, "a", 1), (2, "a", 3), (1, "a", 2)];
        assert_eq!(counted(SinkKind::Upsert, &late), (1, 0, 0, 1));
        assert_eq!(counted(SinkKind::UpsertNewest, &late), (1, 0, 1, 0));
    }

    #[test]
    fn an_event_that_was_sent_twice_is_two_offsets() {
        let sent_again = [(0, "a", 1), (1, "a", 1)];
        assert_eq!(counted(SinkKind::UniqueTable, &sent_again), (1, 0, 1, 0));
        assert_eq!(counted(SinkKind::OffsetTable, &sent_again), (2, 1, 0, 0));
    }

    #[test]
    fn what_is_committed_and_in_no_table_is_missing() {
        let mut table = SinkTable::new(SinkKind::Table);
        for offset in 0..6 {
            table.polled(&record(offset, "a", offset));
        }
        for offset in [0, 1, 4] {
            let record = record(offset, "a", offset);
            table.insert(&record, Time(0), &by());
        }
        let missing = |committed, held: i64| table.missing(move |_, _| committed, move |_, _, offset| offset == held).count();
        assert_eq!(missing(Some(5), -1), 2, "2 and 3: what is not committed is read again");
        assert_eq!(missing(Some(5), 3), 1);
        assert_eq!(missing(None, -1), 0);
    }

    #[test]
    fn a_value_that_no_app_wrote_is_known_by_its_content() {
        for value in ["", "17", "{\"p\":\"x\"}", "{\"p\":\"x\",\"n\":}", "{\"p\":\"x\",\"n\":99999999999999999999}"] {
            assert_eq!(numbered(value), None, "{value}");
        }
        assert_eq!(numbered("{\"p\":\"a b\",\"n\":12}"), Some(EventId::Numbered { producer: "a b".into(), number: 12 }));
    }
}
