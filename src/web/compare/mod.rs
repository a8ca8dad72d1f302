//! The sheet that plays one run under two or three settings, or two branches of it, one above the other, with what they differ in.

mod lanes;
mod picture;
mod player;

use super::branches;
use super::clock;
use super::context::{Compared, PageStateStoreFields as _, Playground, use_playground};
use super::words::compare as words;
use crate::playground::compare::{self, FigureRow, Preset, offered, preset};
use crate::playground::scenario::Scenario;
use crate::playground::time::Timeline;
use lanes::Lanes;
use leptos::html;
use leptos::prelude::*;
use player::{Pace, Player, RunShown, Shown};
use std::rc::Rc;

/// Figures beside a picture; all of them stand in the table below.
const BESIDE: usize = 6;

type Handle = StoredValue<Option<Rc<Player>>, LocalStorage>;

/// What can be compared here.
#[derive(Clone, PartialEq)]
struct Choice {
    what: Compared,
    label: String,
}

fn choices(time: &Timeline) -> Vec<Choice> {
    let shown = time.branch();
    let scenario = time.play().scenario();
    let settings = offered(scenario).map(|preset| Choice { what: Compared::Setting(preset.contrast), label: preset.title.to_owned() });
    let others = time.branches().iter().filter(|branch| branch.id != shown.id);
    let branches = others.map(|other| Choice { what: Compared::Branches(shown.id, other.id), label: words::with_branch(&other.name) });
    settings.chain(branches).collect()
}

/// What a scenario is about, or else the first thing that it can be compared in.
fn usual(scenario: &Scenario) -> Option<Compared> {
    let contrast = scenario.compares.or_else(|| offered(scenario).next().map(|preset| preset.contrast));
    contrast.map(Compared::Setting)
}

/// The preset, if settings are compared.
fn preset_of(what: Compared) -> Option<&'static Preset> {
    match what {
        Compared::Setting(contrast) => Some(preset(contrast)),
        Compared::Branches(..) => None,
    }
}

/// A player of what is asked for, or a sentence.
fn player(time: &Timeline, what: Compared) -> Result<Rc<Player>, String> {
    let branch = time.branch();
    let played = branch.end.at.micros_since(crate::world::EPOCH);
    let variants = match what {
        Compared::Setting(contrast) => time.as_scenario(branch.id).map(|scenario| preset(contrast).variants(&scenario)),
        Compared::Branches(left, right) => compare::branches(time, &[left, right]),
    };
    let variants = variants.map_err(|why| format!("{why}."))?;
    let first = preset_of(what).map_or(&[][..], |preset| preset.first);
    Player::new(variants, played, first).map_err(|why| format!("{why}."))
}

#[component]
pub fn Compare() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    // One run at a time has the processor.
    let played = ui.playing().get_untracked();
    ui.playing().set(false);
    let choices = stage.with_value(|s| choices(&s.run.borrow().time));
    let first = stage.with_value(|s| usual(s.run.borrow().time.play().scenario()));
    let asked = ui.compared().get_untracked().filter(|what| choices.iter().any(|choice| choice.what == *what));
    let what = RwSignal::new(asked.or(first).or_else(|| choices.first().map(|choice| choice.what)));
    let (handle, wrong) = (Handle::new_local(None), RwSignal::new(String::new()));
    let shown = RwSignal::new(Shown::default());
    let (playing, pace) = (RwSignal::new(true), RwSignal::new(Pace::Real));
    let stop = move || {
        if let Some(player) = handle.try_update_value(Option::take).flatten() {
            player.stop();
        }
    };
    Effect::new(move |_| {
        stop();
        wrong.set(String::new());
        let Some(what) = what.get() else { return };
        match stage.with_value(|s| player(&s.run.borrow().time, what)) {
            Ok(player) => {
                player.show_in(shown, playing, pace, wrong);
                handle.set_value(Some(player));
            }
            Err(why) => wrong.set(why),
        }
    });
    on_cleanup(move || {
        stop();
        ui.playing().set(played);
    });
    let asks = move || match what.get() {
        Some(Compared::Branches(left, right)) => stage.with_value(|s| branches::parted(&s.run.borrow().time, left, right)),
        what => what.and_then(preset_of).map_or(String::new(), |preset| preset.asks.to_owned()),
    };
    view! {
        <div class="tp-compare">
            <Choices choices what />
            <Show when=move || what.get().is_none()>
                <p>{words::NOTHING}</p>
            </Show>
            <p class="tp-asks">{asks}</p>
            <Controls handle shown playing pace />
            <p class="tp-wrong" role="alert">{move || wrong.get()}</p>
            <Runs handle shown />
            <AllFigures shown />
        </div>
    }
}

#[component]
fn Choices(choices: Vec<Choice>, what: RwSignal<Option<Compared>>) -> impl IntoView {
    let choice = move |choice: Choice| {
        view! {
            <button
                type="button"
                class="tp-text"
                aria-pressed=move || (what.get() == Some(choice.what)).to_string()
                on:click=move |_| what.set(Some(choice.what))
            >
                {choice.label}
            </button>
        }
    };
    view! {
        <div class="tp-sieve" role="group" aria-label=words::WHAT>
            {choices.into_iter().map(choice).collect_view()}
        </div>
    }
}

/// Play, pace and moment of all runs.
#[component]
fn Controls(handle: Handle, shown: RwSignal<Shown>, playing: RwSignal<bool>, pace: RwSignal<Pace>) -> impl IntoView {
    let with = move |act: &dyn Fn(&Rc<Player>)| {
        handle.with_value(|player| {
            if let Some(player) = player {
                act(player);
            }
        });
    };
    let toggle = move |_| with(&|player| player.toggle());
    let seek = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlInputElement>| {
        if let Ok(millis) = event.target().value().parse::<i64>() {
            with(&|player| player.seek(millis * 1000));
        }
    };
    let words = move || shown.with(|shown| clock::time_words(shown.at));
    let paces = Pace::ALL.map(|one| {
        view! {
            <button
                type="button"
                class="tp-text"
                aria-pressed=move || (pace.get() == one).to_string()
                on:click=move |_| pace.set(one)
            >
                {one.words()}
            </button>
        }
    });
    view! {
        <div class="tp-common">
            <button type="button" class="tp-do-it" on:click=toggle>
                {move || if playing.get() { words::PAUSE } else { words::PLAY }}
            </button>
            <input
                type="range"
                step="100"
                min=move || shown.with(|shown| shown.window.from / 1000)
                max=move || shown.with(|shown| shown.window.to / 1000)
                aria-label=words::MOMENT
                aria-valuetext=words
                prop:value=move || shown.with(|shown| (shown.at / 1000).to_string())
                on:input:target=seek
            />
            <span class="tp-time tp-number">{words}</span>
            <span class="tp-paces" role="group" aria-label=words::PACE>{paces.collect_view()}</span>
        </div>
    }
}

#[component]
fn Runs(handle: Handle, shown: RwSignal<Shown>) -> impl IntoView {
    let names = Memo::new(move |_| shown.with(|shown| shown.runs.iter().map(|run| run.name.clone()).enumerate().collect::<Vec<_>>()));
    view! {
        <ol class="tp-runs">
            <For each=move || names.get() key=Clone::clone children=move |(nth, _)| view! { <OneRun nth handle shown /> } />
        </ol>
    }
}

/// A run: its name and settings, its picture, its owners in time, its figures.
#[component]
fn OneRun(nth: usize, handle: Handle, shown: RwSignal<Shown>) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            handle.with_value(|player| {
                if let Some(player) = player {
                    player.draw_in(nth, canvas);
                }
            });
        }
    });
    let run = Memo::new(move |_| shown.with(|shown| shown.runs.get(nth).cloned().unwrap_or_default()));
    let of = move |what: fn(&RunShown) -> String| run.with(what);
    let named = move || of(|run| run.name.clone());
    view! {
        <li aria-label=named>
            <div class="tp-run-head">
                <b>{named}</b>
                <span class="tp-mono tp-quiet">{move || of(|run| run.words.clone())}</span>
                <span class="tp-failed">{move || of(|run| run.failed.clone())}</span>
            </div>
            <canvas aria-hidden="true" node_ref=canvas></canvas>
            <Lanes run shown />
            <Beside nth shown />
        </li>
    }
}

/// The figures in which a run differs from the others.
#[component]
fn Beside(nth: usize, shown: RwSignal<Shown>) -> impl IntoView {
    let rows = Memo::new(move |_| {
        shown.with(|shown| shown.figures.iter().filter(|row| row.differs).take(BESIDE).cloned().collect::<Vec<FigureRow>>())
    });
    let row = move |row: FigureRow| {
        let value = row.values.get(nth).cloned().unwrap_or_default();
        view! {
            <div title=row.means data-best=row.best == Some(nth)>
                <dt>{row.name}</dt>
                <dd class="tp-number">{value}</dd>
            </div>
        }
    };
    let none = move || rows.with(Vec::is_empty);
    view! {
        <div class="tp-figures">
            <dl>{move || rows.get().into_iter().map(row).collect_view()}</dl>
            <Show when=none>
                <p class="tp-quiet">{words::THE_SAME}</p>
            </Show>
        </div>
    }
}

/// Every figure of every run, folded.
#[component]
fn AllFigures(shown: RwSignal<Shown>) -> impl IntoView {
    let rows = Memo::new(move |_| shown.with(|shown| shown.figures.clone()));
    let names = Memo::new(move |_| shown.with(|shown| shown.runs.iter().map(|run| run.name.clone()).collect::<Vec<_>>()));
    let cell = |value: String| view! { <td>{value}</td> };
    let row = move |row: FigureRow| {
        view! {
            <tr data-differs=row.differs title=row.means>
                <th scope="row">{row.name}</th>
                {row.values.into_iter().map(cell).collect_view()}
            </tr>
        }
    };
    let heading = |name: String| view! { <th scope="col">{name}</th> };
    let from = move || words::counted_from(&clock::time_words(shown.with(|shown| shown.opens)));
    view! {
        <details class="tp-all-figures">
            <summary>{words::ALL_FIGURES}</summary>
            <p class="tp-quiet">{from}</p>
            <table class="tp-number">
                <thead>
                    <tr>
                        <td></td>
                        {move || names.get().into_iter().map(heading).collect_view()}
                    </tr>
                </thead>
                <tbody>{move || rows.get().into_iter().map(row).collect_view()}</tbody>
            </table>
        </details>
    }
}
