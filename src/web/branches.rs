//! The run's branches: one chip for each, and a table that holds two of them side by side.

use super::clock;
use super::context::{PageStateStoreFields as _, Playground, use_playground};
use super::panels::rows::followed;
use super::stage::Stage;
use crate::playground::time::{Comparison, Counts, TimeError, Timeline};
use crate::world::EPOCH;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlElement;

/// A branch's id and name.
type Named = (u32, String);

/// The branches, and the id of the one that is shown.
#[derive(Clone, PartialEq, Debug)]
struct Branches {
    all: Vec<Named>,
    shown: u32,
}

/// A chip for each branch, where there are several.
#[component]
pub fn Chips(compared: Compared) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let branches = Memo::new(move |_| {
        ui.snap().track();
        stage.with_value(|s| {
            let time = &s.run.borrow().time;
            let all: Vec<Named> = time.branches().iter().map(|branch| (branch.id, branch.name.clone())).collect();
            Branches { all: if all.len() > 1 { all } else { Vec::new() }, shown: time.branch().id }
        })
    });
    view! {
        <div class="tp-row tp-wide tp-chips">
            <For
                each=move || branches.with(|branches| branches.all.clone())
                key=|(id, _)| *id
                children=move |branch| view! { <Chip branch branches compared /> }
            />
        </div>
    }
}

#[component]
fn Chip(branch: Named, branches: Memo<Branches>, compared: Compared) -> impl IntoView {
    let id = branch.0;
    let branch = followed(branch, move |(id, _)| branches.with(|branches| branches.all.iter().find(|(other, _)| other == id).cloned()));
    let is_shown = Memo::new(move |_| branches.with(|branches| branches.shown == id));
    let name = Signal::derive(move || branch.with(|(_, name)| name.clone()));
    view! {
        <span class="tp-chip" aria-current=move || is_shown.get().then_some("true")>
            <Show when=move || is_shown.get() fallback=move || view! { <Other id name compared /> }>
                <Name id name />
            </Show>
        </span>
    }
}

/// The branch that is shown: its name can be changed.
#[component]
fn Name(id: u32, name: Signal<String>) -> impl IntoView {
    let stage = use_playground().stage;
    view! {
        <input
            class="tp-text"
            maxlength="40"
            aria-label="Name of this branch"
            style:width=move || format!("{}ch", name.with(|name| name.chars().count() + 2))
            prop:value=name
            on:change:target=move |event| stage.with_value(|s| s.branch(|time| time.rename(id, &event.target().value())))
        />
    }
}

/// Another branch: it can be shown, compared with the shown one, or dropped.
#[component]
fn Other(id: u32, name: Signal<String>, compared: Compared) -> impl IntoView {
    let Playground { stage, controls, .. } = use_playground();
    let compare = NodeRef::<html::Button>::new();
    let open = move |_| {
        if let Some(from) = compare.get_untracked() {
            compared.open(from.into(), id);
        }
    };
    view! {
        <button type="button" class="tp-text" on:click=move |_| stage.with_value(|s| s.moved(|time| time.select(id)))>{name}</button>
        <button type="button" class="tp-text tp-more" node_ref=compare on:click=open>"compare"</button>
        <Show when=move || controls>
            <button
                type="button"
                class="tp-text tp-drop"
                aria-label=move || format!("Drop {}", name.get())
                on:click=move |_| stage.with_value(|s| s.branch(|time| time.drop_branch(id)))
            >
                "×"
            </button>
        </Show>
    }
}

fn name(time: &Timeline, id: u32) -> &str {
    time.branches().iter().find(|b| b.id == id).map_or("", |b| &b.name)
}

fn at(time: crate::kafka::time::Time) -> String {
    clock::time_words(time.micros_since(EPOCH))
}

/// Where two branches part, in a sentence.
fn parting(time: &Timeline, compared: &Comparison, shown: u32, other: u32) -> String {
    let (shown, other) = (name(time, shown), name(time, other));
    match compared.difference.as_ref().and_then(|d| d.left.as_ref().or(d.right.as_ref())) {
        Some(event) => format!("{shown} and {other} part at {}.", at(event.at)),
        None => format!("{shown} and {other} are the same so far."),
    }
}

/// Two branches in words.
///
/// # Errors
/// A sentence, when there is no such branch.
pub fn compared(stage: &Stage, shown: u32, other: u32) -> Result<String, String> {
    let run = stage.run.borrow();
    let time = &run.time;
    match time.compare(shown, other) {
        Err(why) => Err(format!("{why}.")),
        Ok(compared) => {
            let mut said = format!("{} At {}", parting(time, &compared, shown, other), at(compared.at));
            for (id, c) in [(shown, &compared.left), (other, &compared.right)] {
                said += &format!("; {}: {} acknowledged, {} lost, elections: {}", name(time, id), c.acked, c.lost, c.elections);
            }
            Ok(said + ".")
        }
    }
}

type Count = fn(&Counts) -> u64;

/// Rows of the table, with what the two counted.
const ROWS: [(&str, Count); 10] = [
    ("sent", |c| c.sent),
    ("acknowledged", |c| c.acked),
    ("readable", |c| c.readable),
    ("lost", |c| c.lost),
    ("twice in a log", |c| c.duplicated),
    ("delivered again", |c| c.redelivered),
    ("elections of leaders", |c| c.elections),
    ("elections of the controller", |c| c.quorum_elections),
    ("rebalances", |c| c.rebalances),
    ("violations", |c| c.violations),
];

/// A row of the table; `None` where a branch has no such thing.
#[derive(Clone, PartialEq, Debug)]
struct Row {
    what: String,
    left: Option<i64>,
    right: Option<i64>,
}

/// Two branches side by side.
#[derive(Clone, PartialEq, Debug)]
struct Versus {
    /// Where they part.
    sentence: String,
    counted: String,
    names: [String; 2],
    rows: Vec<Row>,
}

impl Versus {
    fn new(time: &Timeline, shown: u32, other: u32) -> Result<Self, TimeError> {
        let compared = time.compare(shown, other)?;
        let (left, right) = (&compared.left, &compared.right);
        let row = |(what, count): (&str, Count)| Row {
            what: what.to_owned(),
            left: i64::try_from(count(left)).ok(),
            right: i64::try_from(count(right)).ok(),
        };
        Ok(Self {
            sentence: parting(time, &compared, shown, other),
            counted: format!("Both are counted at {}, where the shorter one ends.", at(compared.at)),
            names: [name(time, shown).to_owned(), name(time, other).to_owned()],
            rows: ROWS.into_iter().map(row).collect(),
        })
    }
}

/// The comparison that is open, and the button that opened it: closing leads back to that.
#[derive(Clone, Copy)]
pub struct Compared {
    versus: RwSignal<Option<Versus>>,
    from: StoredValue<Option<HtmlElement>, LocalStorage>,
    playground: Playground,
}

impl Compared {
    /// No comparison is open, in the playground of the owner at hand.
    pub fn closed() -> Self {
        Self { versus: RwSignal::new(None), from: StoredValue::new_local(None), playground: use_playground() }
    }

    /// Compares the shown branch with another, and says where they part.
    fn open(self, from: HtmlElement, other: u32) {
        let Playground { ui, stage, .. } = self.playground;
        let versus = stage.with_value(|s| {
            let run = s.run.borrow();
            Versus::new(&run.time, run.time.branch().id, other)
        });
        match versus {
            Ok(versus) => {
                ui.said().set(versus.sentence.clone());
                self.from.set_value(Some(from));
                self.versus.set(Some(versus));
            }
            Err(why) => stage.with_value(|s| s.say(format!("{why}."))),
        }
    }

    fn close(self) {
        self.versus.set(None);
        if let Some(from) = self.from.get_value() {
            let _ = from.focus();
        }
    }
}

/// The table, above the caption, while a comparison is open.
#[component]
pub fn ComparisonTable(compared: Compared) -> impl IntoView {
    move || compared.versus.get().map(|versus| view! { <Table versus compared /> })
}

#[component]
fn Table(versus: Versus, compared: Compared) -> impl IntoView {
    let close = NodeRef::<html::Button>::new();
    close.on_load(|close| {
        let _ = close.focus();
    });
    let Versus { sentence, counted, names: [left, right], rows } = versus;
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            compared.close();
        }
    };
    let cell = |value: Option<i64>| value.map_or("none".to_owned(), |value| value.to_string());
    let row = |Row { what, left, right }: Row| {
        view! {
            <tr data-differs=left != right>
                <th scope="row">{what}</th>
                <td>{cell(left)}</td>
                <td>{cell(right)}</td>
            </tr>
        }
    };
    view! {
        <div class="tp-versus" role="dialog" aria-label="Two branches" on:keydown=escape>
            <button
                type="button"
                class="tp-text tp-end"
                aria-label="Close the comparison"
                node_ref=close
                on:click=move |_| compared.close()
            >
                "close"
            </button>
            <b>{sentence}</b>
            <p class="tp-quiet">{counted}</p>
            <table class="tp-number">
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">{left}</th>
                        <th scope="col">{right}</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
