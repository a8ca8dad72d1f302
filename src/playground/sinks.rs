//! What a group's sink holds, in words.

use crate::world::handler::SinkKind;
use crate::world::view::{SinkState, WorldView};
use std::sync::Arc;

/// Of a group, or of the consumers without one: its table, or how much was handled where nothing is kept.
pub fn sink_words(view: &WorldView, group: Option<&Arc<str>>) -> String {
    let members = || view.consumers.iter().filter(|consumer| consumer.group.as_ref() == group);
    let is_its = |sink: &&SinkState| match group {
        Some(group) => sink.owner == *group,
        None => members().any(|consumer| consumer.name == sink.owner),
    };
    if let Some(sink) = view.sinks.iter().find(is_its) {
        return table_words(sink);
    }
    let handled: u64 = members().map(|consumer| consumer.handled).sum();
    match members().map(|consumer| consumer.duplicates).sum::<u64>() {
        0 => format!("sink: {handled} handled, none twice"),
        again => format!("sink: {handled} handled, {again} of them again"),
    }
}

fn table_words(sink: &SinkState) -> String {
    let kind = match sink.kind {
        SinkKind::Print => "print",
        SinkKind::Table | SinkKind::Bulk(_) => "table",
        SinkKind::UniqueTable => "unique table",
        SinkKind::Upsert => "upserts",
        SinkKind::UpsertNewest => "newest by key",
        SinkKind::OffsetTable => "rows with offsets",
    };
    let counts = [(sink.twice, "twice"), (sink.ignored, "known"), (sink.stale, "old"), (sink.missing, "missing")];
    let rest: String = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}")).collect();
    format!("{kind}: {} rows{rest}", sink.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_is_wrong_with_it_and_nothing_else() {
        let sink = SinkState { owner: "billing".into(), kind: SinkKind::Table, rows: 41, twice: 3, ignored: 0, stale: 0, missing: 2 };
        let mut view = WorldView { sinks: vec![sink.clone()], ..WorldView::default() };
        assert_eq!(sink_words(&view, Some(&"billing".into())), "table: 41 rows, 3 twice, 2 missing");
        assert_eq!(sink_words(&view, Some(&"audit".into())), "sink: 0 handled, none twice");
        view.sinks = vec![SinkState { kind: SinkKind::UniqueTable, twice: 0, ignored: 5, missing: 0, ..sink }];
        assert_eq!(sink_words(&view, Some(&"billing".into())), "unique table: 41 rows, 5 known");
    }
}
