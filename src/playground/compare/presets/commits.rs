//! When an app says that a record has been read.

use super::{Preset, consumers, with_members};
use crate::playground::compare::Variant;
use crate::playground::scenario::{Contrast, Scenario};
use crate::world::action::{CommitMode, CommitPolicy, SinkKind};

pub(super) static PRESET: Preset = Preset {
    contrast: Contrast::Commits,
    title: "Commits",
    asks: "What does a crash lose, and what does it repeat?",
    first: &["missing in a sink", "twice in a sink", "delivered again", "rows in sinks"],
    fits: |scenario| consumers(scenario).any(|spec| spec.group.is_some()),
    make,
};

fn make(scenario: &Scenario) -> Vec<Variant> {
    let in_bulk = consumers(scenario).any(|spec| matches!(spec.handler.sink, SinkKind::Bulk { .. }));
    let (last, line) = match in_bulk {
        true => (CommitPolicy::AfterInsert(CommitMode::Sync), "commit=after-insert-sync"),
        false => (CommitPolicy::EachRecord(CommitMode::Sync), "commit=each-record-sync"),
    };
    let name = if in_bulk { "after each insert" } else { "after each record" };
    vec![
        committing(scenario, "before handling", "commit=before-sync", CommitPolicy::BeforeHandling(CommitMode::Sync)),
        committing(scenario, "by interval", "commit=auto", CommitPolicy::Auto),
        committing(scenario, name, line, last),
    ]
}

/// What is only printed leaves nothing to count: it goes into a table.
fn committing(scenario: &Scenario, name: &str, line: &str, commit: CommitPolicy) -> Variant {
    let scenario = with_members(scenario, |spec| {
        spec.commit = commit;
        if spec.handler.sink == SinkKind::Print {
            spec.handler.sink = SinkKind::Table;
        }
    });
    Variant { name: name.to_owned(), words: line.to_owned(), scenario }
}
