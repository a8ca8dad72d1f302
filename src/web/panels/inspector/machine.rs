//! The states of a group, drawn small, with the one that it is in lit.

use crate::kafka::coordinator::GroupState;
use crate::playground::groups::{WAYS, state_meaning, states};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::words::inspector as words;
use leptos::prelude::*;
use std::sync::Arc;

/// The picture's box, in its own units, which are CSS pixels at 360 px.
const BOX: &str = "0 0 360 132";
/// Of each state the middle of its box; Stable stands far enough to the right for the longest name beside it.
const AT: [(f32, f32); 5] = [(30.0, 24.0), (160.0, 24.0), (160.0, 104.0), (318.0, 104.0), (30.0, 104.0)];
const HALF: f32 = 13.0;

fn half_width(state: GroupState) -> f32 {
    state.name().len() as f32 * 3.4 + 9.0
}

/// The line of a way and the two strokes of its head.
fn way(states: &[GroupState; 5], (from, to): (usize, usize)) -> String {
    let ((x1, y1), (x2, y2)) = (AT[from], AT[to]);
    let (w1, w2) = (half_width(states[from]), half_width(states[to]));
    // There and back run side by side.
    let aside = if from < to { -5.0 } else { 5.0 };
    let head = |x: f32, y: f32, dx: f32, dy: f32| {
        let (back_x, back_y) = (x - dx * 6.0, y - dy * 6.0);
        format!("M{} {}L{x} {y}L{} {}", back_x - dy * 3.5, back_y - dx * 3.5, back_x + dy * 3.5, back_y + dx * 3.5)
    };
    if from == 3 {
        // Up from Stable, and to the side of what is above.
        let (x, y) = (x2 + w2 + 2.0, y2);
        return format!("M{x1} {}V{y}H{x}{}", y1 - HALF, head(x, y, -1.0, 0.0));
    }
    if (y1 - y2).abs() < 1.0 {
        let (y, towards) = (y1 + aside, (x2 - x1).signum());
        let (start, end) = (x1 + towards * w1, x2 - towards * (w2 + 2.0));
        return format!("M{start} {y}H{end}{}", head(end, y, towards, 0.0));
    }
    let (x, towards) = (x1 + aside, (y2 - y1).signum());
    let (start, end) = (y1 + towards * HALF, y2 - towards * (HALF + 2.0));
    format!("M{x} {start}V{end}{}", head(x, end, 0.0, towards))
}

#[component]
pub fn Machine(group: Arc<str>) -> impl IntoView {
    let ui = use_playground().ui;
    let found = Memo::new(move |_| {
        ui.snap().with(|s| s.view.groups.iter().find(|view| view.group == group).map(|view| (states(view), view.state)))
    });
    let all = Memo::new(move |_| found.get().map(|(states, _)| states));
    let now = Memo::new(move |_| found.get().map(|(_, state)| state));
    let state = move |(state, (x, y)): (GroupState, (f32, f32))| {
        let half = half_width(state);
        let is_now = move || (now.get() == Some(state)).then_some("true");
        view! {
            <g data-now=is_now>
                <rect x=x - half y=y - HALF width=2.0 * half height=2.0 * HALF rx="7" />
                <text x=x y=y + 4.0>
                    {state.name()}
                </text>
            </g>
        }
    };
    move || {
        let states = all.get()?;
        let ways = WAYS.map(|ends| view! { <path d=way(&states, ends) /> });
        let boxes: Vec<_> = states.into_iter().zip(AT).map(state).collect();
        let label = move || now.get().map(|state| words::states_of_group(state.name()));
        Some(view! {
            <figure class="tp-machine">
                <svg viewBox=BOX role="img" aria-label=label>
                    {ways}
                    {boxes}
                </svg>
                <figcaption>{move || now.get().map(state_meaning)}</figcaption>
            </figure>
        })
    }
}
