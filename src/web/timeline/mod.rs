//! The timeline: where the page is in the run, what happened when, who owned what, and where the run's branches part.

mod figures;
mod hand;
pub(in crate::web) mod lanes;
mod shown;
mod stops;
mod strip;

use super::branches::Chips;
use super::clock;
use super::context::{Playground, use_playground};
use super::words::timeline as words;
use hand::{Area, Hand};
use lanes::{Names, Plot};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::tachys::html::style::style;
use leptos_use_resize_observer::use_resize_observer;
use shown::Shown;
use stops::{Stops, StopsButton, StopsRow};
use strip::{Marks, Times};

/// A lane's height in pixels.
pub(in crate::web) const LANE: i64 = 14;
/// Microseconds that an arrow key moves, and the same with Shift or a page key.
const STEP_US: i64 = 1_000_000;
const LEAP_US: i64 = 10_000_000;

/// Thousandths as a length in CSS.
pub(in crate::web) fn percent(part: i64) -> String {
    format!("{}.{}%", part / 10, part % 10)
}

#[component]
pub fn Timeline() -> impl IntoView {
    let Playground { stage, controls, .. } = use_playground();
    let (shown, stops) = (Shown::new(), Stops::new());
    let of_all = move |part: i64| shown.facts.with(|facts| percent(part * 1000 / facts.whole));
    let now = move || shown.facts.with(|facts| facts.now);
    let length = |name: &'static str, value: Signal<String>| style((name, value));
    let lengths = (
        length("--at", Signal::derive(move || percent(shown.window().part(now())))),
        length("--end", Signal::derive(move || percent(shown.window().part(shown.facts.with(|facts| facts.end))))),
        length("--all", Signal::derive(move || of_all(now()))),
        length("--from", Signal::derive(move || of_all(shown.window().from))),
        length("--wide", Signal::derive(move || shown.facts.with(|facts| percent((shown.window().width() * 1000 / facts.whole).max(4))))),
        length("--lanes", Signal::derive(move || format!("{}px", shown.lanes() * LANE))),
    );
    let is_past = move || shown.facts.with(|facts| facts.in_past && facts.now < facts.end);
    let limit = Memo::new(move |_| shown.facts.with(|facts| facts.limit.clone()));
    view! {
        <div
            class="tp-times"
            role="group"
            aria-label={words::TIMELINE}
            {..lengths}
            data-open=move || shown.open.get()
            data-out=move || !shown.window().holds(shown.facts.with(|facts| facts.now))
        >
            <Overview shown />
            <button
                type="button"
                class="tp-text tp-fold"
                title=words::LANES_MEANS
                aria-expanded=move || shown.open.get().to_string()
                on:click=move |_| shown.fold()
            >
                {words::LANES}
            </button>
            <Track shown />
            <div class="tp-row">
                <Scale shown />
                <Show when=move || controls>
                    <StopsButton stops />
                </Show>
            </div>
            <Names shown />
            <Plot shown />
            <Show when=move || controls && stops.open.get()>
                <StopsRow stops />
            </Show>
            <div class="tp-row tp-wide tp-past" hidden=move || !is_past()>
                <span>{words::IN_THE_PAST}</span>
                <button type="button" class="tp-text" on:click=move |_| stage.with_value(|s| s.scrub(i64::MAX))>{words::TO_ITS_END}</button>
            </div>
            <p class="tp-wide tp-limit" hidden=move || limit.with(String::is_empty)>{move || limit.get()}</p>
            <Chips />
            <span class="tp-hint tp-quiet tp-number" aria-hidden="true">{move || shown.told.get()}</span>
        </div>
    }
}

/// The whole run in one strip: drag to move the part that is shown below.
#[component]
fn Overview(shown: Shown) -> impl IntoView {
    let hand = Hand::new(shown, Area::Overview);
    view! {
        <div
            class="tp-over"
            title=words::WHOLE_RUN
            node_ref=hand.area_node
            on:pointerdown=move |event| hand.down(&event)
            on:pointermove=move |event| hand.moved(&event)
            on:pointerup=move |event| hand.up(&event)
            on:pointercancel=move |event| hand.up(&event)
            on:pointerleave=move |event| hand.left(&event)
            on:wheel=move |event| hand.wheel(&event)
        >
            <Marks shown height=16 visible=Signal::derive(move || shown.open.get()) />
            <b aria-hidden=true></b>
            <i class={"tp-now"}></i>
        </div>
    }
}

/// The slider: all marks in one strip while the lanes are folded, the times of the window else.
#[component]
fn Track(shown: Shown) -> impl IntoView {
    let hand = Hand::new(shown, Area::Track);
    let pixels = RwSignal::new(0_i64);
    let _ = use_resize_observer(hand.area_node, move |_, _| {
        if let Some(track) = hand.area_node.get_untracked() {
            pixels.set(track.client_width().into());
        }
    });
    let words = move || {
        shown.facts.with(|facts| match facts.keeps {
            true => clock::time_words(facts.now),
            false => words::ONLY_FORWARD.to_owned(),
        })
    };
    view! {
        <div
            class="tp-track"
            role="slider"
            tabindex="0"
            aria-label=words::MOMENT
            aria-valuemin="0"
            aria-valuemax=move || shown.facts.with(|facts| facts.end / 1_000_000)
            aria-valuenow=move || shown.facts.with(|facts| facts.now / 1_000_000)
            aria-valuetext=words
            aria-keyshortcuts="+ -"
            node_ref=hand.area_node
            on:pointerdown=move |event| hand.down(&event)
            on:pointermove=move |event| hand.moved(&event)
            on:pointerup=move |event| hand.up(&event)
            on:pointercancel=move |event| hand.up(&event)
            on:pointerleave=move |event| hand.left(&event)
            on:wheel=move |event| hand.wheel(&event)
            on:keydown=move |event| walk(shown, &event)
        >
            <Marks shown height=25 visible=Signal::derive(move || !shown.open.get()) />
            <Times shown pixels />
            <i class={"tp-line"}></i>
            <i class={"tp-done"}></i>
            <i class={"tp-now"}></i>
        </div>
    }
}

/// Arrows and page keys move in time, + and - zoom.
fn walk(shown: Shown, event: &KeyboardEvent) {
    let step = if event.shift_key() { LEAP_US } else { STEP_US };
    let now = shown.stage.with_value(|s| s.aim());
    let to = match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => now - step,
        "ArrowRight" | "ArrowUp" => now.saturating_add(step),
        "PageDown" => now - LEAP_US,
        "PageUp" => now.saturating_add(LEAP_US),
        "Home" => 0,
        "End" => shown.now_facts().end,
        sign @ ("+" | "=" | "-") => {
            event.prevent_default();
            return shown.zoom(now, sign != "-");
        }
        _ => return,
    };
    event.prevent_default();
    shown.seek(to);
}

/// How much of the run is shown, and two buttons that change it.
#[component]
fn Scale(shown: Shown) -> impl IntoView {
    let zoom = move |closer| shown.zoom(shown.stage.with_value(|s| s.aim()), closer);
    view! {
        <span class="tp-size tp-quiet tp-number" title=move || shown.facts.with(|facts| facts.meter.clone())>
            {move || clock::span_words(shown.window().width())}
        </span>
        <span class="tp-scale">
            <button type="button" class="tp-text" aria-label=words::ZOOM_OUT title=words::ZOOM_OUT_MEANS on:click=move |_| zoom(false)>"−"</button>
            <button
                type="button"
                class="tp-text"
                aria-label=words::ZOOM_IN
                title=words::ZOOM_IN_MEANS
                on:click=move |_| zoom(true)
            >
                "+"
            </button>
        </span>
    }
}
