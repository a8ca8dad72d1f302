//! One strip over the time: the marks of all lanes, the other branches, and the times on the axis.

use super::percent;
use super::shown::{Rows, Shown};
use crate::playground::time::Window;
use crate::web::clock;
use leptos::prelude::*;

/// Pixels from one time on the axis to the next, at least.
const LABEL: i64 = 76;
/// Thousandths of the width: times further right would run into what stands beside the track.
const LAST_LABEL: i64 = 940;

/// The marks of each lane as one path, with the number of the lane.
fn ticks(rows: &Rows, window: Window) -> Vec<(u8, String)> {
    let path = |row: &crate::playground::time::Row| {
        let lane = row.lane? as u8;
        let marks = row.bars.iter().filter(|bar| !bar.ghost && window.holds(bar.from));
        let path: String = marks.map(|bar| format!("M{} {}v5", window.part(bar.from), lane * 2)).collect();
        (!path.is_empty()).then_some((lane, path))
    };
    rows.rows.iter().filter_map(path).collect()
}

/// A line for each other branch, from where it and the shown one part.
fn tree(rows: &Rows, whole: Window) -> String {
    let line = |(fork, end): &(i64, i64)| {
        let (from, to) = (whole.part(*fork), whole.part(*end));
        format!("M{from} 25l6 -8H{}", to.max(from + 6))
    };
    rows.tree.iter().map(line).collect()
}

/// All marks in one strip: of the whole run while the lanes are unfolded, of the window else.
#[component]
pub fn Marks(shown: Shown, height: u32, visible: Signal<bool>) -> impl IntoView {
    let drawn = Memo::new(move |_| {
        visible.get().then(|| {
            let window = if shown.open.get() { shown.whole() } else { shown.window() };
            shown.rows.with(|rows| (ticks(rows, window), tree(rows, shown.whole())))
        })
    });
    let paths = move || {
        drawn.get().map(|(ticks, tree)| {
            let tick = |(lane, path): (u8, String)| view! { <path class=format!("tp-lane-{lane}") d=path /> };
            view! {
                {ticks.into_iter().map(tick).collect_view()}
                <path class="tp-tree" d=tree />
            }
        })
    };
    view! {
        <svg viewBox=format!("0 0 1000 {height}") preserveAspectRatio="none" aria-hidden="true">
            {paths}
        </svg>
    }
}

/// Times along the window, at round places: each with its thousandth of the width.
fn axis(window: Window, pixels: i64) -> Vec<(i64, String)> {
    let mut step = 1000;
    while step * (pixels / LABEL).max(1) < window.width() {
        step *= if step.to_string().starts_with('2') { 5 } else { 2 };
        if step.to_string().starts_with('4') {
            step = step / 4 * 5;
        }
    }
    let mut times = Vec::new();
    let mut at = (window.from + step - 1) / step * step;
    while window.part(at) < LAST_LABEL && at < window.to {
        let words = clock::time_words(at);
        let words = if step >= 1_000_000 { words.split('.').next().unwrap_or_default().to_owned() } else { words };
        times.push((window.part(at), words));
        at += step;
    }
    times
}

/// The times of the window, while the lanes are unfolded.
#[component]
pub fn Times(shown: Shown, pixels: RwSignal<i64>) -> impl IntoView {
    let times = Memo::new(move |_| if shown.open.get() { axis(shown.window(), pixels.get()) } else { Vec::new() });
    let time = |(part, words): (i64, String)| view! { <s style:left=percent(part)>{words}</s> };
    view! { <em>{move || times.get().into_iter().map(time).collect_view()}</em> }
}
