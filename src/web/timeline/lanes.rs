//! The lanes: a row of marks for each kind of event, and a row of owners for each partition.

use super::hand::{Area, Hand};
use super::shown::Shown;
use super::{LANE, percent};
use crate::playground::time::{Bar, NOBODY, Row, Window};
use crate::web::clock;
use crate::web::panels::rows::followed;
use crate::web::words::timeline as words;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

/// Thousandths of the width that a bar has at least if its owner's name stands in it.
const NAMED: i64 = 60;

/// A line in a lane.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::web) struct Line {
    pub class: String,
    pub opacity: Option<String>,
    /// SVG path data.
    pub d: String,
}

/// An owner's name on its bar.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::web) struct Owner {
    pub name: String,
    pub left: String,
    pub width: String,
    pub top: String,
}

/// A lane as it is drawn.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::web) struct Drawn {
    pub name: String,
    pub lines: Vec<Line>,
    pub owners: Vec<Owner>,
}

/// What a lane is drawn into. `end`: the thousandth of the width at which the run ends; `y`: the lane's upper edge in pixels.
#[derive(Clone, Copy)]
pub(in crate::web) struct Frame {
    pub window: Window,
    pub end: i64,
    pub y: i64,
}

impl Frame {
    pub(in crate::web) fn draw(self, row: &Row) -> Drawn {
        let mut drawn = Drawn { name: row.name.clone(), lines: Vec::new(), owners: Vec::new() };
        let bars = row.bars.iter().filter(|bar| bar.from <= self.window.to && bar.to >= self.window.from);
        match row.lane {
            Some(lane) => self.marks(lane as u8, bars, &mut drawn),
            None => {
                let d = format!("M{} {}H{}", self.window.part(0), self.y + 7, self.end);
                drawn.lines.push(Line { class: "tp-base".to_owned(), opacity: None, d });
                bars.for_each(|bar| self.owned(bar, &mut drawn));
            }
        }
        drawn
    }

    /// Marks that fall together are drawn once; those of the other branch are a path of their own.
    fn marks<'a>(self, lane: u8, bars: impl Iterator<Item = &'a Bar>, drawn: &mut Drawn) {
        let (mut own, mut ghosts, mut last) = (String::new(), String::new(), i64::MIN);
        for bar in bars {
            let from = self.window.part(bar.from);
            if from != last || bar.ghost {
                let path = if bar.ghost { &mut ghosts } else { &mut own };
                *path += &format!("M{from} {}v10", self.y + 2);
            }
            last = from;
        }
        for (d, ghost) in [(own, ""), (ghosts, " tp-ghost")] {
            if !d.is_empty() {
                drawn.lines.push(Line { class: format!("tp-lane-{lane}{ghost}"), opacity: None, d });
            }
        }
    }

    fn owned(self, bar: &Bar, drawn: &mut Drawn) {
        let (from, end) = (self.window.part(bar.from), self.window.part(bar.to));
        // What still holds ends where the run does.
        let to = if bar.ghost { end } else { end.min(self.end.max(from)) };
        let (y, ghost) = if bar.ghost { (self.y + 13, " tp-ghost") } else { (self.y + 6, "") };
        if bar.hue == NOBODY {
            let d = format!("M{from} {y}H{}", to.max(from + 1));
            drawn.lines.push(Line { class: format!("tp-nobody{ghost}"), opacity: None, d });
            return;
        }
        let opacity = (bar.share < 1000).then(|| format!("0.{:03}", (bar.share / 2 + 250).max(1)));
        let d = format!("M{from} {y}H{}", to.max(from + 1));
        drawn.lines.push(Line { class: format!("tp-owner tp-hue-{}{ghost}", bar.hue), opacity, d });
        if to - from > NAMED && !bar.ghost {
            let (left, width, top) = (percent(from), percent(to - from), format!("{}px", y - 6));
            drawn.owners.push(Owner { name: bar.label.clone(), left, width, top });
        }
    }
}

/// All lanes in one drawing, and the owners' names over it where there is room.
#[component]
pub fn Plot(shown: Shown) -> impl IntoView {
    let hand = Hand::new(shown, Area::Plot);
    let end = Memo::new(move |_| shown.window().part(shown.facts.with(|facts| facts.end)));
    let drawn = Memo::new(move |_| {
        if !shown.open.get() {
            return Vec::new();
        }
        let frame = |y| Frame { window: shown.window(), end: end.get(), y };
        let mut lanes = (0..).step_by(LANE as usize);
        let mut drawn: Vec<_> = shown.rows.with(|rows| rows.rows.iter().zip(&mut lanes).map(|(row, y)| frame(y).draw(row)).collect());
        shown.figures.with(|all| drawn.extend(all.figures.iter().zip(lanes).map(|(figure, y)| frame(y).figure(figure))));
        drawn
    });
    let height = move || shown.lanes() * LANE;
    let fork = move || {
        let window = shown.window();
        let fork = shown.rows.with(|rows| rows.fork).filter(|fork| shown.open.get() && window.holds(*fork));
        fork.map(|fork| view! { <path class="tp-fork" d=format!("M{} 0V{}", window.part(fork), height()) /> })
    };
    let follow = move |lane: Drawn| followed(lane, move |lane| drawn.with(|all| all.iter().find(|other| other.name == lane.name).cloned()));
    let lines = move |lane: Drawn| {
        let lane = follow(lane);
        let line = |Line { class, opacity, d }: Line| view! { <path class=class opacity=opacity d=d /> };
        move || lane.get().lines.into_iter().map(line).collect_view()
    };
    let owners = move |lane: Drawn| {
        let lane = follow(lane);
        let owner = |Owner { name, left, width, top }: Owner| {
            view! { <s style:left=left style:width=width style:top=top>{name}</s> }
        };
        move || lane.get().owners.into_iter().map(owner).collect_view()
    };
    view! {
        <div
            class="tp-plot"
            node_ref=hand.area_node
            on:pointerdown=move |event| hand.down(&event)
            on:pointermove=move |event| hand.moved(&event)
            on:pointerup=move |event| hand.up(&event)
            on:pointercancel=move |event| hand.up(&event)
            on:pointerleave=move |event| hand.left(&event)
            on:wheel=move |event| hand.wheel(&event)
        >
            <svg viewBox=move || format!("0 0 1000 {}", height()) preserveAspectRatio="none" aria-hidden="true">
                <For each=move || drawn.get() key=|lane| lane.name.clone() children=lines />
                {fork}
            </svg>
            <em>
                <For each=move || drawn.get() key=|lane| lane.name.clone() children=owners />
            </em>
            <i class={"tp-now"}></i>
        </div>
    }
}

/// The lanes' names, each a place for the keyboard.
#[component]
pub fn Names(shown: Shown) -> impl IntoView {
    view! {
        <div class="tp-names">
            <For each=move || shown.names() key=Clone::clone children=move |name| view! { <Name name shown /> } />
        </div>
    }
}

/// Arrows go from mark to mark, Enter goes to the moment of the mark.
#[component]
fn Name(name: String, shown: Shown) -> impl IntoView {
    let (at, words) = (RwSignal::new(0_i64), RwSignal::new(words::ARROWS_GO.to_owned()));
    let (row, label) = (name.clone(), name.clone());
    let walk = move |event: KeyboardEvent| {
        let key = event.key();
        match key.as_str() {
            "ArrowLeft" | "ArrowRight" => event.prevent_default(),
            "Enter" => return shown.seek(at.get_untracked()),
            _ => return,
        }
        if let Some((from, text)) = shown.next(&row, at.get_untracked(), key == "ArrowLeft") {
            let said = format!("{} · {text}", clock::time_words(from));
            at.set(from);
            words.set(said.clone());
            shown.told.set(said);
        }
    };
    view! {
        <div
            role="slider"
            tabindex="0"
            class="tp-quiet tp-number"
            aria-label=label.clone()
            title=label
            aria-valuenow=move || at.get()
            aria-valuetext=move || words.get()
            on:keydown=walk
            on:blur=move |_| shown.told.set(String::new())
        >
            {name}
        </div>
    }
}
