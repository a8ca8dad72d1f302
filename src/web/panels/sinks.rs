//! What groups have put into their sinks, row by row, newest first; a row leads to its record.

use super::rows::refreshed;
use crate::playground::scene::Target;
use crate::playground::sinks::{RowMark, SinkRow, SinkTable, sink_tables};
use crate::web::clock;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::words::panels as words;
use leptos::html;
use leptos::prelude::*;
use std::sync::Arc;

/// Rows on the page at once.
const LISTED: usize = 60;

#[component]
pub fn Sinks() -> impl IntoView {
    let Playground { stage, .. } = use_playground();
    let (owner, mark) = (RwSignal::new(None::<Arc<str>>), RwSignal::new(None::<RowMark>));
    let body = NodeRef::<html::Div>::new();
    let tables = refreshed(
        body,
        move || (owner.get(), mark.get()),
        move |_| {
            stage.with_value(|s| {
                let run = s.run.borrow();
                sink_tables(run.world(), &run.view())
            })
        },
    );
    let shown = Memo::new(move |_| {
        tables.with(|tables| {
            let chosen = owner.with(|owner| tables.iter().find(|table| Some(&table.owner) == owner.as_ref()).cloned());
            chosen.or_else(|| tables.first().cloned())
        })
    });
    let owners = Memo::new(move |_| tables.with(|tables| tables.iter().map(|table| table.owner.clone()).collect::<Vec<_>>()));
    view! {
        <div class="tp-records tp-sinks">
            <Show when=move || shown.with(Option::is_none)>
                <p class="tp-quiet">
                    {words::NO_TABLE}
                </p>
            </Show>
            <Owners owners owner shown />
            <Marks shown mark />
            <div class="tp-scroll" node_ref=body>
                <Show when=move || shown.with(Option::is_some)>
                    <Rows shown mark />
                </Show>
            </div>
            <p class="tp-quiet">{move || shown.with(|table| table.as_ref().map(|table| table.limit.clone()))}</p>
        </div>
    }
}

/// Whose sink is shown, where there are several.
#[component]
fn Owners(owners: Memo<Vec<Arc<str>>>, owner: RwSignal<Option<Arc<str>>>, shown: Memo<Option<SinkTable>>) -> impl IntoView {
    let choice = move |name: Arc<str>| {
        let (label, of) = (name.to_string(), name.clone());
        let is_shown = move || shown.with(|table| table.as_ref().is_some_and(|table| table.owner == of));
        view! {
            <button type="button" class="tp-text" aria-pressed=move || is_shown().to_string() on:click=move |_| owner.set(Some(name.clone()))>
                {label}
            </button>
        }
    };
    view! {
        <div class="tp-sieve" role="group" aria-label=words::SINK_OF hidden=move || owners.with(|owners| owners.len() < 2)>
            <For each=move || owners.get() key=Clone::clone children=choice />
        </div>
    }
}

/// The counts, and what the list can be narrowed down to.
#[component]
fn Marks(shown: Memo<Option<SinkTable>>, mark: RwSignal<Option<RowMark>>) -> impl IntoView {
    let counts =
        move || shown.with(|table| table.as_ref().map(|table| format!("{}: {} {}", table.words.kind, table.words.count, table.words.rest)));
    let count =
        move |of: RowMark| shown.with(|table| table.as_ref().map_or(0, |table| table.rows.iter().filter(|row| row.mark == of).count()));
    let filter = move |of: RowMark| {
        view! {
            <button
                type="button"
                class="tp-text"
                title=of.means()
                hidden=move || count(of) == 0 && mark.get() != Some(of)
                aria-pressed=move || (mark.get() == Some(of)).to_string()
                on:click=move |_| mark.update(|mark| *mark = if *mark == Some(of) { None } else { Some(of) })
            >
                {move || words::only(count(of), of.words())}
            </button>
        }
    };
    view! {
        <div class="tp-sieve" role="group" aria-label=words::ROWS_THAT_ARE>
            <b class="tp-number">{counts}</b>
            {RowMark::WRONG.map(filter).collect_view()}
        </div>
    }
}

#[component]
fn Rows(shown: Memo<Option<SinkTable>>, mark: RwSignal<Option<RowMark>>) -> impl IntoView {
    let fits = move |row: &SinkRow| mark.get().is_none_or(|mark| row.mark == mark);
    let found = Memo::new(move |_| {
        shown.with(|table| table.iter().flat_map(|table| &table.rows).filter(|row| fits(row)).cloned().collect::<Vec<_>>())
    });
    let rows = move || found.with(|rows| rows.iter().take(LISTED).cloned().map(row).collect_view());
    let more = move || found.with(|rows| rows.len().saturating_sub(LISTED));
    view! {
        <table>
            <thead>
                <tr>
                    <th>{words::KEY}</th>
                    <th>{words::EVENT}</th>
                    <th>{words::FROM}</th>
                    <th>{words::BY}</th>
                    <th>{words::AT}</th>
                    <th>{words::NOTE}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <Show when=move || found.with(Vec::is_empty)>
            <p class="tp-quiet">{words::NO_ROW}</p>
        </Show>
        <Show when=move || { more() > 0 }>
            <p class="tp-quiet">{move || words::more_rows(more())}</p>
        </Show>
    }
}

fn row(row: SinkRow) -> impl IntoView {
    let ui = use_playground().ui;
    let record = Target::Record(row.topic.clone(), row.partition, row.offset);
    let at = if row.at < 0 { String::new() } else { clock::time_words(row.at) };
    view! {
        <tr data-mark=row.mark.words()>
            <td>{row.key}</td>
            <td class="tp-number">{row.event}</td>
            <td>
                <button type="button" class="tp-text" title=words::FOLLOW on:click=move |_| ui.chosen().set(Some(record.clone()))>
                    {format!("{}-{}@{}", row.topic, row.partition, row.offset)}
                </button>
            </td>
            <td>{row.by}</td>
            <td class="tp-number">{at}</td>
            <td title=row.mark.means()>{row.mark.words()}</td>
        </tr>
    }
}
