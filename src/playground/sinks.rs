//! What a group's sink holds, in words: its counts, and its rows one by one.

use crate::world::handler::SinkKind;
use crate::world::sink_rows::{MAX_WRITES, SinkWrite, WriteOutcome};
use crate::world::view::{SinkState, WorldView};
use crate::world::{EPOCH, World};
use std::sync::Arc;

/// What a sink is, how much it holds, and what is to be said of that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkWords {
    pub kind: &'static str,
    pub count: u64,
    pub rest: String,
}

/// Of a group, or of the consumers without one: its table, or how much was handled where nothing is kept.
pub fn sink_words(view: &WorldView, group: Option<&Arc<str>>) -> SinkWords {
    let members = || view.consumers.iter().filter(|consumer| consumer.group.as_ref() == group);
    let is_its = |sink: &&SinkState| match group {
        Some(group) => sink.owner == *group,
        None => members().any(|consumer| consumer.name == sink.owner),
    };
    if let Some(sink) = view.sinks.iter().find(is_its) {
        return table_words(sink);
    }
    let count = members().map(|consumer| consumer.handled).sum();
    let rest = match members().map(|consumer| consumer.duplicates).sum::<u64>() {
        0 => "handled, none twice".to_owned(),
        again => format!("handled, {again} of them again"),
    };
    SinkWords { kind: "sink", count, rest }
}

fn table_words(sink: &SinkState) -> SinkWords {
    let kind = match sink.kind {
        SinkKind::Print => "print",
        SinkKind::Table | SinkKind::Bulk { .. } => "table",
        SinkKind::UniqueTable => "unique table",
        SinkKind::Upsert => "upserts",
        SinkKind::UpsertNewest => "newest by key",
        SinkKind::OffsetTable => "rows with offsets",
    };
    let counts = [(sink.twice, "twice"), (sink.ignored, "known"), (sink.stale, "old"), (sink.missing, "missing")];
    let wrong: String = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    SinkWords { kind, count: sink.rows, rest: format!("rows{wrong}") }
}

/// What is to be said of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowMark {
    Fine,
    Twice,
    Known,
    OldVersion,
    Missing,
}

impl RowMark {
    /// Those that a list can be narrowed down to.
    pub const WRONG: [Self; 4] = [Self::Twice, Self::Known, Self::OldVersion, Self::Missing];

    pub fn words(self) -> &'static str {
        match self {
            Self::Fine => "",
            Self::Twice => "twice",
            Self::Known => "known",
            Self::OldVersion => "old version",
            Self::Missing => "missing",
        }
    }

    /// What it means.
    pub fn means(self) -> &'static str {
        match self {
            Self::Fine => "",
            Self::Twice => "Another row stands for this event already",
            Self::Known => "The event, or a newer version, was there: nothing was written",
            Self::OldVersion => "An older version has taken the place of a newer one",
            Self::Missing => "It is committed as read, and is in no row",
        }
    }
}

/// A row, or a record that is in none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkRow {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    pub key: String,
    /// The event's id: the producer, and which of its records it is, which is its version too.
    pub event: String,
    /// Who wrote it; empty where nobody has.
    pub by: String,
    /// Microseconds since the run began; -1 where nobody has.
    pub at: i64,
    pub mark: RowMark,
}

/// A sink with its rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkTable {
    pub owner: Arc<str>,
    pub words: SinkWords,
    /// What is missing first, then the newest writes.
    pub rows: Vec<SinkRow>,
    /// What is not listed, in a sentence; empty: all is.
    pub limit: String,
}

fn row(write: &SinkWrite) -> SinkRow {
    let mark = match write.outcome {
        WriteOutcome::Inserted | WriteOutcome::Replaced => RowMark::Fine,
        WriteOutcome::Twice => RowMark::Twice,
        WriteOutcome::Ignored => RowMark::Known,
        WriteOutcome::Stale => RowMark::OldVersion,
    };
    SinkRow {
        topic: write.topic.clone(),
        partition: write.partition,
        offset: write.offset,
        key: write.key.as_deref().unwrap_or("none").to_owned(),
        event: write.event.as_ref().map_or_else(|| "not of an app".to_owned(), |(producer, number)| format!("{producer} {number}")),
        by: write.by.to_string(),
        at: write.at.micros_since(EPOCH),
        mark,
    }
}

/// All tables that apps write into, each with its rows. `view`: of this moment of the world.
pub fn sink_tables(world: &World, view: &WorldView) -> Vec<SinkTable> {
    let table = |sink: &SinkState| {
        let found = world.sink_rows(view, &sink.owner)?;
        let missing = found.missing.iter().map(|(topic, partition, offset)| SinkRow {
            topic: topic.clone(),
            partition: *partition,
            offset: *offset,
            key: String::new(),
            event: String::new(),
            by: String::new(),
            at: -1,
            mark: RowMark::Missing,
        });
        let rows = missing.chain(found.writes.iter().map(|write| row(write))).collect();
        let mut limit = String::new();
        if found.dropped > 0 {
            limit = format!("The newest {MAX_WRITES} writes are listed; {} older ones are only counted.", found.dropped);
        }
        if sink.missing > found.missing.len() as u64 {
            limit += &format!(" Of {} missing records the first {MAX_WRITES} are listed.", sink.missing);
        }
        Some(SinkTable { owner: sink.owner.clone(), words: table_words(sink), rows, limit: limit.trim().to_owned() })
    };
    view.sinks.iter().filter_map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario, scenarios};

    #[test]
    fn a_table_says_what_is_wrong_with_it_and_nothing_else() {
        let sink = SinkState { owner: "billing".into(), kind: SinkKind::Table, rows: 41, twice: 3, ignored: 0, stale: 0, missing: 2 };
        let mut view = WorldView { sinks: vec![sink.clone()], ..WorldView::default() };
        let words = |view: &WorldView, group: &str| {
            let SinkWords { kind, count, rest } = sink_words(view, Some(&group.into()));
            format!("{kind}: {count} {rest}")
        };
        assert_eq!(words(&view, "billing"), "table: 41 rows, 3 twice, 2 missing");
        assert_eq!(words(&view, "audit"), "sink: 0 handled, none twice");
        view.sinks = vec![SinkState { kind: SinkKind::UniqueTable, twice: 0, ignored: 5, missing: 0, ..sink }];
        assert_eq!(words(&view, "billing"), "unique table: 41 rows, 5 known");
    }

    #[test]
    fn rows_say_where_they_come_from_and_what_is_wrong_with_them() {
        let entry = scenarios().iter().find(|entry| entry.name == "commit-order").expect("it is listed");
        let mut play = Playback::new(Scenario::parse(entry.text).expect("it reads")).expect("it begins");
        play.run_until(EPOCH.plus_millis(30_000));
        let view = play.world().view();
        let tables = sink_tables(play.world(), &view);
        let marked = |owner: &str, mark: RowMark| {
            let table = tables.iter().find(|table| *table.owner == *owner).expect("its table");
            table.rows.iter().filter(|row| row.mark == mark).cloned().collect::<Vec<_>>()
        };
        assert!(marked("commits-first", RowMark::Twice).is_empty() && marked("commits-last", RowMark::Missing).is_empty());
        let missing = marked("commits-first", RowMark::Missing);
        let of_view = view.sinks.iter().find(|sink| *sink.owner == *"commits-first").expect("its sink");
        assert!(of_view.missing > 0 && missing.len() as u64 == of_view.missing);
        let twice = marked("commits-last", RowMark::Twice);
        let row = twice.first().expect("a row that is there twice");
        assert_eq!((&*row.topic, &*row.by), ("orders", "last-1"));
        assert!(row.event.starts_with("checkout ") && row.at > 22_000_000, "{row:?}");
        let all = &tables.iter().find(|table| *table.owner == *"commits-last").expect("its table").rows;
        assert!(all.is_sorted_by_key(|row| std::cmp::Reverse(row.at)), "newest first");
        assert_eq!(all.iter().filter(|of| of.event == row.event).count(), 2, "the other one is there too");
    }
}
