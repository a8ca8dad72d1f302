//! Where readers are: committed offsets as flags, how much is unread behind them, and from each the way that its reader is ahead.

use super::layout::Row;
use super::ribbon::upright;
use super::shape::{Align, Ink, Rect, Shape, at, sign, text, text_width};
use crate::kafka::coordinator::GroupView;
use crate::world::ProcessState;
use crate::world::view::{PartitionState, WorldView};

/// Bold words are so much wider than others.
const BOLD: f32 = 1.1;

/// A flag in the row of one partition.
struct Flag<'a> {
    group: &'a GroupView,
    committed: i64,
    /// Readable records that are not committed.
    lag: i64,
}

/// The first offset that a reader of the group has not polled, while it runs.
fn position(view: &WorldView, group: &GroupView, state: &PartitionState) -> Option<i64> {
    let (p, runs) = (&state.view, |state| !matches!(state, ProcessState::Stopped | ProcessState::Crashed));
    let readers = view.consumers.iter().filter(|c| c.group.as_ref() == Some(&group.group) && runs(c.state));
    readers.flat_map(|c| &c.positions).find(|(t, n, _)| *n == p.partition && *t == p.topic).map(|at| at.2)
}

pub(super) fn commits(view: &WorldView, row: &Row, out: &mut Vec<Shape>) {
    let Some(state) = view.partitions.get(row.partition) else { return };
    let p = &state.view;
    let edge = (row.pitch - row.cell.0) / 2.0;
    let mut taken: Vec<(f32, f32, f32)> = Vec::new();
    for group in &view.groups {
        let committed = group.offsets.iter().find(|(t, n, _)| *n == p.partition && *t == p.topic).map(|o| o.2);
        let position = position(view, group, state).filter(|n| !beyond(row, *n));
        if let Some(committed) = committed {
            if row.dense() {
                // What is read lies on a line of its own.
                let bottom = row.top + row.cell.1 + 1.0;
                let (from, to) = (at(row.slot(p.log_start_offset), bottom), at(row.slot(committed), bottom));
                out.push(Shape::Line { from, to, width: 1.5, ink: Ink::Accent, dash: 0.0, alpha: 1.0 });
                continue;
            }
            flag(row, &Flag { group, committed, lag: view.lag(group, &p.topic, p.partition) }, &mut taken, out);
            if let Some(position) = position.filter(|n| *n > committed) {
                let (from, to) = (row.slot(committed) - edge, row.slot(position) - edge);
                let (from, to) = (at(from, row.rail), at(to, row.rail));
                out.push(Shape::Line { from, to, width: 3.0, ink: Ink::Accent, dash: 0.0, alpha: 0.35 });
            }
        }
        if let Some(position) = position.filter(|_| !row.dense()) {
            out.push(Shape::Pointer { at: at(row.slot(position) - edge, row.rail - 3.0), ink: Ink::Accent });
        }
    }
    // Readers without a group have a position and nothing else.
    for c in view.consumers.iter().filter(|c| c.group.is_none()) {
        if let Some((_, _, n)) = c.positions.iter().find(|(t, n, _)| *n == p.partition && *t == p.topic) {
            out.push(Shape::Pointer { at: at(row.slot(*n) - edge, row.rail - 3.0), ink: Ink::Muted });
        }
    }
}

/// An offset whose place is not in the window.
fn beyond(row: &Row, offset: i64) -> bool {
    offset < row.first || offset > row.first.saturating_add(row.capacity)
}

/// What a flag says to who points at it.
fn means(group: &str, committed: i64, lag: i64) -> String {
    let unread = if lag > 0 { format!("; {lag} unread") } else { String::new() };
    format!("{group} has committed offset {committed}: whoever takes this partition over reads on from there{unread}")
}

/// A group's flag at its committed offset, and beside it what is unread. A flag that is not in view is broken off at the edge.
fn flag(row: &Row, Flag { group, committed, lag }: &Flag<'_>, taken: &mut Vec<(f32, f32, f32)>, out: &mut Vec<Shape>) {
    let (committed, lag, gone) = (*committed, *lag, beyond(row, *committed));
    let x = row.slot(committed) - (row.pitch - row.cell.0) / 2.0;
    if !row.numerals {
        let (y, height) = (row.rail + 3.0, 9.0);
        if !gone {
            out.push(upright(x, row.top + row.cell.1 - 3.0, y + height, 1.2, Ink::Accent, 0.0));
        }
        let rect = Rect { x, y, w: 14.0, h: height };
        out.extend([Shape::Flag { rect, text: "".into(), ink: Ink::Accent }, sign(rect, means(&group.group, committed, lag))]);
        if lag > 0 {
            out.push(text(at(row.right, row.top + row.cell.1), format!("lag {lag}"), Ink::Accent, Align::End));
        }
        return;
    }
    let (y, height) = (row.rail + row.name() / 7.0 + 1.2, row.name() / 3.0 + 11.7);
    let label = match (gone, committed < row.first) {
        (false, _) => group.group.to_string(),
        (_, true) => format!("{} ⋯ {lag} unread", group.group),
        (_, false) => format!("{} {committed} ›", group.group),
    };
    let unread = if lag > 0 && !gone { format!("lag {lag}") } else { String::new() };
    let (width, before) = (text_width(&label) * BOLD + 18.0, if unread.is_empty() { 0.0 } else { text_width(&unread) + 5.0 });
    // Flags that would cover each other hang lower.
    let mut top = y;
    while taken.iter().any(|(l, r, t)| x - before < *r && x + width > *l && (t - top).abs() < 1.0) && taken.len() < 8 {
        top += height + 2.0;
    }
    taken.push((x - before, x + width + 4.0, top));
    if !gone {
        out.push(upright(x, row.top + row.cell.1 - 3.0, top + height, 1.2, Ink::Accent, 0.0));
    }
    let rect = Rect { x, y: top, w: width, h: height };
    out.extend([Shape::Flag { rect, text: label.into(), ink: Ink::Accent }, sign(rect, means(&group.group, committed, lag))]);
    if !unread.is_empty() {
        // Before the flag, where what is read lies; at the ribbon's beginning behind it.
        let (x, align) = if x - before > row.label.x + 24.0 { (x - 5.0, Align::End) } else { (x + width + 5.0, Align::Start) };
        out.push(text(at(x, top + height / 2.0 + 4.0), unread, Ink::Accent, align));
    }
}
