//! What a group's sink holds, in words.

use crate::world::handler::SinkKind;
use crate::world::view::{SinkState, WorldView};
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
        SinkKind::Table | SinkKind::Bulk(_) => "table",
        SinkKind::UniqueTable => "unique table",
        SinkKind::Upsert => "upserts",
        SinkKind::UpsertNewest => "newest by key",
        SinkKind::OffsetTable => "rows with offsets",
    };
    let counts = [(sink.twice, "twice"), (sink.ignored, "known"), (sink.stale, "old"), (sink.missing, "missing")];
    let wrong: String = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    SinkWords { kind, count: sink.rows, rest: format!("rows{wrong}") }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
