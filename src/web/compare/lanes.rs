//! Who owned which partition of a run, in time, up to the moment that is shown.

use super::player::{RunShown, Shown};
use crate::playground::time::Row;
use crate::web::timeline::lanes::{Drawn, Frame};
use crate::web::timeline::{LANE, percent};
use leptos::prelude::*;
use leptos::tachys::html::style::style;

#[component]
pub fn Lanes(run: Memo<RunShown>, shown: RwSignal<Shown>) -> impl IntoView {
    let drawn = Memo::new(move |_| {
        let (window, at) = shown.with(|shown| (shown.window, shown.at));
        let frame = |y| Frame { window, end: window.part(at), y };
        // What is to come stays open: these runs are looked at as they go.
        let now = |row: &Row| Row { bars: row.bars.iter().filter(|bar| bar.from <= at).cloned().collect(), ..row.clone() };
        run.with(|run| run.rows.iter().zip((0..).step_by(LANE as usize)).map(|(row, y)| frame(y).draw(&now(row))).collect::<Vec<Drawn>>())
    });
    let height = move || drawn.with(Vec::len) as i64 * LANE;
    let names = move || drawn.get().into_iter().map(|lane| view! { <div>{lane.name}</div> }).collect_view();
    let path = move || {
        let lines = drawn.get().into_iter().flat_map(|lane| lane.lines);
        lines.map(|line| view! { <path class=line.class opacity=line.opacity d=line.d /> }).collect_view()
    };
    let owners = move || {
        let owners = drawn.get().into_iter().flat_map(|lane| lane.owners);
        owners.map(|owner| view! { <s style:left=owner.left style:width=owner.width style:top=owner.top>{owner.name}</s> }).collect_view()
    };
    let now = Signal::derive(move || shown.with(|shown| percent(shown.window.part(shown.at))));
    view! {
        <div class="tp-owned" aria-hidden="true" {..style(("--at", now))}>
            <div class="tp-names">{names}</div>
            <div class="tp-plot" style:height=move || format!("{}px", height())>
                <svg viewBox=move || format!("0 0 1000 {}", height().max(1)) preserveAspectRatio="none">{path}</svg>
                <em>{owners}</em>
                <i class={"tp-now"}></i>
            </div>
        </div>
    }
}
