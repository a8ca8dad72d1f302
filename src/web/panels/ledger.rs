//! The ledger: what became of each record, with filters; a row leads to its record and its moment.

use super::ask::use_ask;
use super::rows::{followed, refreshed};
use crate::playground::ledger::{Asked, FILTERS, NO_KEY, PAGE, Page, Row, keys, moment, page};
use crate::playground::scene::{Glyph, key_look};
use crate::playground::time::replay_events;
use crate::playground::why::{Question, seconds};
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::words::panels as words;
use crate::world::EPOCH;
use leptos::ev::{Event, MouseEvent, Targeted};
use leptos::html;
use leptos::prelude::*;
use web_sys::{HtmlInputElement, HtmlSelectElement};

/// The filter under which a row leads to the second delivery, not to the first.
const DELIVERED_AGAIN: usize = 3;

/// A page of the ledger, and the microseconds since the run began at which it was read.
type PageAt = (Page, i64);

fn partition_name((topic, partition): &(std::sync::Arc<str>, i32)) -> String {
    format!("{topic}-{partition}")
}

#[component]
pub fn Ledger() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let asked = RwSignal::new(Asked::default());
    let table = NodeRef::<html::Tbody>::new();
    let shown = refreshed(
        table,
        move || asked.get(),
        move |asked| {
            let at = ui.snap().with_untracked(|s| s.elapsed);
            let page = stage.with_value(|s| {
                let run = s.run.borrow();
                page(&run.judge().verdict(run.world(), false).ledger, &keys(run.world()), asked)
            });
            (page, at)
        },
    );
    let empty = Memo::new(move |_| shown.with(|(page, _)| page.rows.is_empty()));
    view! {
        <div class="tp-records">
            <Filters asked shown />
            <Search asked shown />
            <div class="tp-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>{words::RECORD}</th>
                            <th>{words::KEY}</th>
                            <th>{words::PLACE}</th>
                            <th>{words::ACKNOWLEDGED}</th>
                            <th>{words::READABLE}</th>
                            <th>{words::HANDLED}</th>
                            <th>{words::FATE}</th>
                        </tr>
                    </thead>
                    <tbody node_ref=table>
                        <For
                            each=move || shown.with(|(page, _)| page.rows.clone())
                            key=|row| row.record.clone()
                            children=move |row| view! { <RecordRow row shown asked /> }
                        />
                        <Show when=move || empty.get()>
                            <tr>
                                <td colspan="7" class="tp-quiet">{words::NO_RECORD}</td>
                            </tr>
                        </Show>
                    </tbody>
                </table>
            </div>
        </div>
    }
}

#[component]
fn Filters(asked: RwSignal<Asked>, shown: Memo<PageAt>) -> impl IntoView {
    let filter = move |(n, (name, _)): (usize, &(&'static str, _))| {
        let name = *name;
        let count = move || shown.with(|(page, _)| page.counts.get(n).copied().unwrap_or_default());
        view! {
            <button
                type="button"
                class="tp-text"
                aria-pressed=move || asked.with(|asked| asked.filter == n).to_string()
                on:click=move |_| asked.update(|asked| (asked.filter, asked.page) = (n, 0))
            >
                {move || format!("{name} {}", count())}
            </button>
        }
    };
    view! {
        <div class="tp-sieve" role="group" aria-label=words::RECORDS_THAT_ARE>
            {FILTERS.iter().enumerate().map(filter).collect_view()}
        </div>
    }
}

#[component]
fn Search(asked: RwSignal<Asked>, shown: Memo<PageAt>) -> impl IntoView {
    let partitions = Memo::new(move |_| shown.with(|(page, _)| page.partitions.clone()));
    let select = move |event: Targeted<Event, HtmlSelectElement>| {
        let chosen = usize::try_from(event.target().selected_index() - 1).ok();
        let partition = chosen.and_then(|n| partitions.with_untracked(|all| all.get(n).cloned()));
        asked.update(|asked| (asked.partition, asked.page) = (partition, 0));
    };
    let search = move |event: Targeted<Event, HtmlInputElement>| {
        asked.update(|asked| (asked.text, asked.page) = (event.target().value(), 0));
    };
    let option = |partition| view! { <option>{partition_name(&partition)}</option> };
    let range = Memo::new(move |_| shown.with(|(page, _)| (page.from, page.from + page.rows.len(), page.of)));
    let is_first = move || range.get().0 == 0;
    let is_last = move || {
        let (from, _, of) = range.get();
        from + PAGE >= of
    };
    let words = move || {
        let (from, until, of) = range.get();
        let first = if of == 0 { 0 } else { from + 1 };
        words::page(first, until, of, &seconds(shown.with(|(_, at)| *at)))
    };
    view! {
        <div class="tp-sieve">
            <select aria-label=words::PARTITION on:change:target=select>
                <option>{words::ALL_PARTITIONS}</option>
                <For each=move || partitions.get() key=partition_name children=option />
            </select>
            <input
                type="search"
                placeholder=words::PART_EXAMPLE
                aria-label=words::PART
                on:input:target=search
            />
            <span class="tp-quiet tp-number tp-end" role="status">{words}</span>
            <button
                type="button"
                class="tp-text"
                disabled=is_first
                on:click=move |_| asked.update(|asked| asked.page = asked.page.saturating_sub(1))
            >
                {words::NEWER}
            </button>
            <button
                type="button"
                class="tp-text"
                disabled=is_last
                on:click=move |_| asked.update(|asked| asked.page += 1)
            >
                {words::OLDER}
            </button>
        </div>
    }
}

/// The sign and the colour of a key on the stage.
#[component]
fn KeySign(key: String) -> impl IntoView {
    let (colour, glyph) = key_look(&key);
    let sign = match glyph {
        Glyph::Bar => "▬",
        Glyph::Triangle => "▲",
        Glyph::Diamond => "◆",
        Glyph::Ring => "○",
        Glyph::Cross => "✕",
        _ => "●",
    };
    view! {
        <i class=format!("tp-k{colour}") aria-hidden="true">{sign}</i>
        " "
    }
}

#[component]
fn RecordRow(row: Row, shown: Memo<PageAt>, asked: RwSignal<Asked>) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let (record, key) = (row.record.clone(), row.key.clone());
    let id = record.clone();
    let sign = (key != NO_KEY).then(|| view! { <KeySign key=key.clone() /> });
    let row = followed(row, move |row| shown.with(|(page, _)| page.rows.iter().find(|other| other.record == row.record).cloned()));
    let question = Memo::new(move |_| row.with(|row| row.ask.clone()));
    let go = move |_| {
        let (row, again) = (row.get_untracked(), asked.with_untracked(|asked| asked.filter == DELIVERED_AGAIN));
        stage.with_value(|s| {
            replay_events(&mut s.run.borrow_mut().time);
            let to = moment(s.run.borrow().world(), &row, again);
            s.scrub(to.micros_since(EPOCH));
        });
        ui.chosen().set(row.target);
    };
    view! {
        <tr data-i=id on:click=go>
            <td>
                <button type="button" class="tp-text">{record}</button>
            </td>
            <td class="tp-mono">{sign} {key}</td>
            <td class="tp-mono">{move || row.with(|row| row.place.clone())}</td>
            <td>{move || row.with(|row| row.acked)}</td>
            <td>{move || row.with(|row| row.readable)}</td>
            <td>{move || row.with(|row| row.handled.clone())}</td>
            <td class="tp-fate">
                {move || row.with(|row| row.fate.clone())}
                {move || question.get().map(|question| view! { " " <AskAboutRecord question /> })}
            </td>
        </tr>
    }
}

/// A "Why?" button inside a row that is itself pressed: pressing this does not press the row.
#[component]
fn AskAboutRecord(question: Question) -> impl IntoView {
    let (button, ask) = (NodeRef::<html::Button>::new(), use_ask());
    let label = question.to_string();
    let pressed = move |event: MouseEvent| {
        event.stop_propagation();
        if let Some(from) = button.get_untracked() {
            ask(from.into(), question.clone());
        }
    };
    view! {
        <button type="button" class="tp-text tp-ask" node_ref=button aria-label=label on:click=pressed>{words::WHY}</button>
    }
}
