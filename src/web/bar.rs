//! The bar: title, play, step, speed, time, what is waited for, how the cluster is, theme, reset.

use super::clock;
use super::context::{PageStateStoreFields as _, Playground, use_playground};
use super::options::Layout;
use super::words::{self, bar, sheets};
use crate::playground::director::records_under_way;
use crate::playground::status::{Health, status};
use leptos::prelude::*;

/// An icon of 20 units a side. `even_odd`: overlapping parts are holes.
#[component]
fn Icon(#[prop(into)] path: Signal<&'static str>, #[prop(optional)] even_odd: bool) -> impl IntoView {
    view! {
        <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d=path fill-rule=even_odd.then_some("evenodd") />
        </svg>
    }
}

const PLAY: &str = "M5 3l12 7-12 7z";
const PAUSE: &str = "M5 3h3.4v14H5zM11.6 3H15v14h-3.4z";
const BACK: &str = "M16 3l-9 7 9 7zM6 3H3.4v14H6z";
const STEP: &str = "M4 3l9 7-9 7zM14 3h2.6v14H14z";
const NEXT: &str = "M2 4l6.5 6L2 16zM8.5 4l6.5 6-6.5 6zM15.5 3H18v14h-2.5z";
const SHARE: &str = "M10 1.6l4.6 4.6-1.3 1.3-2.4-2.4V13H9.1V5.1L6.7 7.5 5.4 6.2zM3 9h3.4v1.8H4.8v6h10.4v-6h-1.6V9H17v9.6H3z";
const THEME: &str = "M10 2a8 8 0 110 16 8 8 0 010-16zm0 1.7v12.6a6.3 6.3 0 000-12.6z";

#[component]
pub fn Bar() -> impl IntoView {
    let Playground { controls, layout, .. } = use_playground();
    let full = layout == Layout::Full;
    view! {
        <header class="tp-bar">
            <div class="tp-name">
                <strong>{bar::TIDEPOOL}</strong>
                <Title />
            </div>
            {controls.then(|| view! { <Transport /> })}
            <When />
            <Status />
            {(controls && full).then(|| view! { <Side /> })}
        </header>
    }
}

/// The scenario's title; on a page of its own it opens the list of all.
#[component]
fn Title() -> impl IntoView {
    let Playground { ui, page, controls, .. } = use_playground();
    let title = move || ui.title().get();
    if !page || !controls {
        return view! { <span class="tp-quiet">{title}</span> }.into_any();
    }
    view! {
        <button type="button" class="tp-text tp-pick" aria-haspopup="dialog" title=bar::ALL_SCENARIOS on:click=move |_| ui.sheet().set(Some(sheets::SCENARIOS))>
            {title}
        </button>
    }
    .into_any()
}

#[component]
fn Transport() -> impl IntoView {
    let Playground { ui, stage, layout, .. } = use_playground();
    let play = move || if ui.playing().get() { bar::PAUSE } else { bar::PLAY };
    view! {
        <div class="tp-transport">
            <button type="button" class="tp-icon" aria-label=play title=play on:click=move |_| stage.with_value(|s| s.toggle())>
                <Icon path=Signal::derive(move || if ui.playing().get() { PAUSE } else { PLAY }) />
            </button>
            <button
                type="button"
                class="tp-icon"
                aria-label=bar::STEP_BACK
                title=bar::PREVIOUS_EVENT
                on:click=move |_| stage.with_value(|s| s.step_back())
            >
                <Icon path=BACK />
            </button>
            <button
                type="button"
                class="tp-icon"
                aria-label=bar::NEXT_EVENT
                title=bar::NEXT_EVENT
                on:click=move |_| stage.with_value(|s| s.step())
            >
                <Icon path=STEP />
            </button>
            <button
                type="button"
                class="tp-icon"
                aria-label=bar::NEXT
                title=bar::ON_TO_NEXT
                on:click=move |_| stage.with_value(|s| s.next())
            >
                <Icon path=NEXT />
            </button>
            {(layout == Layout::Full).then(|| view! { <Pace /> })}
        </div>
    }
}

/// How fast time goes.
#[component]
fn Pace() -> impl IntoView {
    let Playground { ui, .. } = use_playground();
    view! {
        <button
            type="button"
            class="tp-text tp-skip"
            title=bar::SKIP_IDLE_MEANS
            aria-pressed=move || ui.skip().get().to_string()
            on:click=move |_| ui.skip().update(|on| *on = !*on)
        >
            {bar::SKIP_IDLE}
        </button>
        <Speed />
    }
}

#[component]
fn Speed() -> impl IntoView {
    let Playground { ui, .. } = use_playground();
    let auto = Memo::new(move |_| ui.speed().get() == clock::AUTO);
    let words = move || if auto.get() { clock::rate_words(ui.rate().get()) } else { clock::speed_words(ui.speed().get()) };
    // What the processor can do may fall short of what was asked for.
    let reached = move || match ui.pace().get() {
        0 => words(),
        pace => format!("{}: {pace}×", words()),
    };
    let step = move || if auto.get() { clock::rate_step(ui.rate().get()) } else { ui.speed().get() };
    view! {
        <button
            type="button"
            class="tp-text tp-auto"
            title=bar::AUTO_MEANS
            aria-pressed=move || auto.get().to_string()
            on:click=move |_| ui.speed().update(|step| *step = if *step == clock::AUTO { clock::UNHURRIED } else { clock::AUTO })
        >
            {words::clock::AUTO}
        </button>
        <label class="tp-speed" title=bar::SPEED_MEANS>
            <span class="tp-number">{reached}</span>
            <input
                type="range"
                step="1"
                min=clock::SLOWEST
                max=clock::MAX
                aria-label=bar::SPEED
                aria-valuetext=words
                prop:value=move || step().to_string()
                on:input:target=move |event| {
                    if let Ok(step) = event.target().value().parse() {
                        ui.speed().set(step);
                    }
                }
            />
        </label>
    }
}

/// The run's time, what is waited for, and, while it stands still, what will happen next by itself.
#[component]
fn When() -> impl IntoView {
    let Playground { ui, .. } = use_playground();
    let time = move || ui.snap().with(|s| clock::time_words(s.elapsed));
    let next = Memo::new(move |_| {
        let waiting = ui.waiting().get();
        if !waiting.is_empty() {
            return waiting;
        }
        let playing = ui.playing().get();
        ui.snap().with(|s| match &s.view.next {
            None => bar::NOTHING_NEXT.to_owned(),
            Some(_) if playing => bar::under_way(records_under_way(&s.view)),
            Some((at, why)) => bar::next(why, &clock::span_words(at.micros_since(s.view.now).max(0))),
        })
    });
    view! {
        <div class="tp-when">
            <span class="tp-time tp-number" role="timer" aria-label=bar::SIMULATED_TIME>{time}</span>
            <span class="tp-next tp-quiet tp-number" title=next>{next}</span>
        </div>
    }
}

/// How the cluster is; the judge's verdict stands behind it.
#[component]
fn Status() -> impl IntoView {
    let ui = use_playground().ui;
    let now = Memo::new(move |_| ui.snap().with(|s| status(&s.view, ui.astray().get().lost)));
    let is_broken = Memo::new(move |_| ui.wrong().with(|wrong| !wrong.is_empty()));
    let state = move || match now.with(|(health, _)| *health) {
        _ if is_broken.get() => "wrong",
        Health::Safe => "Stable",
        Health::Waits => "waits",
        Health::Lost => "wrong",
    };
    let verdict = move || match ui.wrong().get() {
        wrong if wrong.is_empty() => bar::ALL_HOLD.to_owned(),
        wrong => bar::broken(&wrong),
    };
    view! {
        <span class="tp-pill tp-status" data-state=state title=verdict>
            {move || if is_broken.get() { bar::BROKEN.to_owned() } else { now.with(|(_, words)| words.clone()) }}
        </span>
    }
}

#[component]
fn Side() -> impl IntoView {
    let Playground { ui, stage, page, .. } = use_playground();
    let share = move || {
        let open = move |_| ui.sheet().set(Some(sheets::SHARE));
        view! {
            <button type="button" class="tp-icon" aria-label=sheets::SHARE title=sheets::SHARE aria-haspopup="dialog" on:click=open>
                <Icon path=SHARE />
            </button>
        }
    };
    view! {
        <div class="tp-side">
            <button
                type="button"
                class="tp-text tp-ask-compare"
                aria-haspopup="dialog"
                title=bar::COMPARE_MEANS
                on:click=move |_| {
                    ui.compared().set(None);
                    ui.sheet().set(Some(sheets::COMPARE));
                }
            >
                {bar::COMPARE}
            </button>
            <button type="button" class="tp-text" on:click=move |_| stage.with_value(|s| s.reset())>{bar::RESET}</button>
            {page.then(share)}
            <button type="button" class="tp-icon tp-ask-help" aria-label=bar::HELP title=sheets::HELP on:click=move |_| ui.sheet().set(Some(sheets::HELP))>
                "?"
            </button>
            <button
                type="button"
                class="tp-icon"
                aria-label=bar::LIGHT_OR_DARK
                title=bar::LIGHT_OR_DARK
                on:click=move |_| super::theme::toggle(ui, stage)
            >
                <Icon path=THEME even_odd=true />
            </button>
        </div>
    }
}
