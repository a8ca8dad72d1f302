//! A partition as a ribbon: record cells on a rail, log start, high watermark, end offset, committed offsets, positions.

use super::View;
use super::key::{Glyph, key_look};
use super::layout::{Layout, Row};
use super::shape::{Align, Dot, Ink, Look, Point, Rect, Shape, at};
use crate::kafka::broker::PartitionView;
use crate::world::EPOCH;
use crate::world::ProcessState;
use crate::world::target::Target;
use crate::world::view::{PartitionState, RecordState, WorldView};
use std::sync::Arc;

pub(super) fn record_look(key: Option<&str>, tombstone: bool, control: bool) -> (Ink, Glyph) {
    let (ink, glyph) = key.map_or((Ink::Muted, Glyph::None), |k| {
        let (colour, glyph) = key_look(k);
        (Ink::Key(colour), glyph)
    });
    if control {
        (Ink::Muted, Glyph::Control)
    } else if tombstone {
        (ink, Glyph::Tombstone)
    } else {
        (ink, glyph)
    }
}

fn text(at: Point, text: impl Into<Arc<str>>, size: f32, bold: bool, ink: Ink, align: Align) -> Shape {
    Shape::Text { at, text: text.into(), size, bold, mono: false, ink, align }
}

fn upright(x: f32, y1: f32, y2: f32, width: f32, ink: Ink, dash: f32) -> Shape {
    Shape::Line { from: at(x, y1), to: at(x, y2), width, ink, dash, alpha: 1.0 }
}

pub(super) fn ribbon(view: &WorldView, row: &Row, banded: f32, camera: &View, out: &mut Vec<Shape>) {
    let Some(state) = view.partitions.get(row.partition) else { return };
    let p = &state.view;
    let (cw, ch) = row.cell;
    let bottom = row.top + ch;
    let window_end = row.first.saturating_add(row.capacity);
    let selected = camera.selection.as_ref() == Some(&Target::Partition(p.topic.clone(), p.partition));
    if selected {
        let rect = Rect { x: row.cells_x - 8.0, y: row.top - 4.0, w: row.span + 16.0, h: ch + 8.0 };
        out.push(Shape::Block { rect, radius: 6.0, ink: Ink::Accent, alpha: 0.10 });
    }
    // Slots that wait for records, barely there: the log has no end.
    let empty = row.slot(p.end_offset.max(row.first));
    let slots_end = row.cells_x + row.span;
    out.push(Shape::Line {
        from: at(empty.min(slots_end), bottom),
        to: at(slots_end, bottom),
        width: 1.0,
        ink: Ink::Line,
        dash: 2.0,
        alpha: 1.0,
    });

    if row.dense() {
        density(state, row, out);
    } else {
        cells(state, row, out);
    }
    if row.numerals {
        numerals(p, row, out);
    }
    // Where a segment begins, the ribbon is cut.
    for s in p.segments.iter().filter(|s| s.base_offset > row.first && s.base_offset < window_end && s.base_offset > p.log_start_offset) {
        let x = row.slot(s.base_offset) - (row.pitch - cw) / 2.0;
        out.push(upright(x, row.top - 3.0, bottom + 3.0, 1.0, Ink::Muted, 2.0));
    }
    let edge = (row.pitch - cw) / 2.0;
    if p.log_start_offset >= row.first && p.log_start_offset <= window_end {
        let x = row.slot(p.log_start_offset) - edge - 1.0;
        out.push(upright(x, row.top - 3.0, bottom + 3.0, 1.0, Ink::Muted, 0.0));
        if p.log_start_offset > 0 && row.numerals {
            out.push(text(at(x, row.top - row.name() - 3.0), "log start", 10.0, false, Ink::Muted, Align::Start));
        }
    } else if p.log_start_offset < row.first && !row.dense() {
        // The log goes on to the left.
        let dot = |i| {
            let at = at(row.cells_x - 6.0 - i as f32 * 5.0, row.top + ch / 2.0);
            Dot { at, radius: 1.2, ink: Ink::Muted, alpha: 0.8 - i as f32 * 0.22 }
        };
        out.push(Shape::Dots((0..3).map(dot).collect()));
    }
    // Of a few large cells it may be that the log's end is not among them.
    let within = |offset: i64| !row.large() || offset >= row.first && offset <= window_end;
    let leo_x = row.slot(p.end_offset) - edge;
    let hw_x = row.slot(p.high_watermark) - edge;
    if p.end_offset != p.high_watermark && within(p.end_offset) {
        out.push(upright(leo_x, row.top - 3.0, bottom + 3.0, 1.0, Ink::Muted, 0.0));
    }
    let name_y = row.top - row.name();
    let (rise, depth, width) = if row.dense() { (1.5, 1.5, 2.0) } else { (row.name() - 4.0, 6.0, 2.5) };
    if within(p.high_watermark) {
        out.push(upright(hw_x, row.top - rise, bottom + depth, width, Ink::Ink, 0.0));
    }
    if row.numerals {
        let (left, right) = if within(p.high_watermark) {
            ("", "")
        } else if p.high_watermark < row.first {
            ("‹ ", "")
        } else {
            ("", " ›")
        };
        out.push(text(at(hw_x, name_y), format!("{left}HW {}{right}", p.high_watermark), 11.0, true, Ink::Ink, Align::Middle));
    }
    let end = if !within(p.end_offset) {
        if p.end_offset < row.first { format!("‹ LEO {}", p.end_offset) } else { format!("LEO {} ›", p.end_offset) }
    } else if p.end_offset == p.high_watermark {
        "= LEO".to_owned()
    } else {
        format!("LEO {}", p.end_offset)
    };
    if row.numerals {
        out.push(text(at(leo_x + 8.0, row.top + ch / 2.0 + 4.0), end, 10.0, false, Ink::Muted, Align::Start));
    }
    followers(view, row, hw_x, banded, out);
    epochs(p, row, out);
    commits(view, row, out);
}

/// Every fifth offset is numbered, on the cell it names; each where cells are large.
fn numerals(p: &PartitionView, row: &Row, out: &mut Vec<Shape>) {
    let step = if row.large() { 1 } else { 5 };
    let mut n = row.first.saturating_add(step - 1) / step * step;
    let hw_x = row.slot(p.high_watermark);
    while n < p.end_offset.min(row.first.saturating_add(row.capacity)) {
        let x = row.middle(n);
        let named = p.log_start_offset > 0 && (0..50).contains(&((x - row.slot(p.log_start_offset)) as i64)) && row.name() < 12.0;
        if ((x - hw_x).abs() > 34.0 || x < hw_x - 34.0) && !named {
            out.push(text(at(x, row.top - 6.0), n.to_string(), 10.0, false, Ink::Muted, Align::Middle));
        }
        n += step;
    }
}

/// The records of the window, each as a cell; in a large one its key and its size can be read.
fn cells(state: &PartitionState, row: &Row, out: &mut Vec<Shape>) {
    let (w, h) = row.cell;
    // Older than what the moment tells of: there, and not drawn.
    let old = state.records.first().map_or(0, |r| r.offset).min(row.first.saturating_add(row.capacity));
    for offset in row.first.max(state.view.log_start_offset)..old {
        out.push(Shape::Block { rect: Rect { x: row.slot(offset), y: row.top, w, h }, radius: 4.0, ink: Ink::Muted, alpha: 0.14 });
    }
    for RecordState { offset, key, tombstone, control, value_bytes, timestamp } in &*state.records {
        let x = row.origin + offset.saturating_sub(row.first) as f32 * row.pitch;
        if x < row.cells_x - 1.0 || x + w > row.cells_x + row.span + 1.0 {
            continue;
        }
        let (ink, glyph) = record_look(key.as_deref(), *tombstone, *control);
        let look = if *offset < state.view.high_watermark { Look::Solid } else { Look::Pending };
        let rect = Rect { x, y: row.top, w, h };
        if row.large() {
            out.push(Shape::Block { rect, radius: 6.0, ink, alpha: 0.14 });
            let mut line = |y, what: String, size, bold| {
                let text = what.chars().take((w / size / 0.62) as usize).collect::<String>().into();
                out.push(Shape::Text {
                    at: at(x + w / 2.0, row.top + y),
                    text,
                    size,
                    bold,
                    mono: bold,
                    ink: Ink::Ink,
                    align: Align::Middle,
                });
            };
            line(46.0, key.as_deref().unwrap_or("no key").to_owned(), 11.0, key.is_some());
            if h > 110.0 {
                let ms = timestamp.saturating_sub(EPOCH.0 / 1000);
                line(h - 32.0, format!("{}.{:03} s", ms / 1000, ms % 1000), 11.0, false);
            }
            line(h - 14.0, if *tombstone { "null".into() } else { format!("{value_bytes} bytes") }, 11.0, false);
        }
        out.push(Shape::Cell { rect: Rect { h: if row.large() { 26.0 } else { h }, ..rect }, ink, glyph, look });
    }
}

/// The whole log to scale: full up to the high watermark, dashed above it; the newest records as ticks in their colours. How many there
/// are stands at its end.
fn density(state: &PartitionState, row: &Row, out: &mut Vec<Shape>) {
    let (p, h) = (&state.view, row.cell.1);
    let mut fill = |from: i64, to: i64, inset: f32, ink, alpha| {
        let x = row.slot(from);
        let rect = Rect { x, y: row.top + inset, w: (row.slot(to) - x).max(row.cell.0), h: h - inset };
        if from < to {
            out.push(Shape::Block { rect, radius: 0.0, ink, alpha });
        }
    };
    // Ticks that could not be told apart are not drawn.
    let ticks = if row.pitch >= 1.5 { &state.records[..] } else { &[] };
    let old = ticks.first().map_or(p.end_offset, |r| r.offset);
    fill(p.log_start_offset, old.min(p.high_watermark), 0.0, Ink::Muted, 0.35);
    fill(p.high_watermark, old, 2.0, Ink::Muted, 0.15);
    for r in ticks {
        let solid = r.offset < p.high_watermark;
        let (inset, alpha) = if solid { (0.0, 1.0) } else { (3.0, 0.5) };
        let x = row.slot(r.offset);
        let rect = Rect { x, y: row.top + inset, w: row.cell.0, h: h - inset };
        out.push(Shape::Block { rect, radius: 0.0, ink: record_look(r.key.as_deref(), r.tombstone, r.control).0, alpha });
    }
    if p.high_watermark < p.end_offset {
        let y = row.top + 1.0;
        let (from, to) = (at(row.slot(p.high_watermark), y), at(row.slot(p.end_offset), y));
        out.push(Shape::Line { from, to, width: 1.0, ink: Ink::Ink, dash: 2.0, alpha: 1.0 });
    }
    let count = p.end_offset.saturating_sub(p.log_start_offset).to_string();
    out.push(text(at(row.right, row.top + h), count, 10.0, false, Ink::Muted, Align::End));
}

/// Each follower as a thin line up to its log's end: solid in sync, dashed out of it, barely there when its broker does not run. The high
/// watermark goes down through those that it waits for.
fn followers(view: &WorldView, row: &Row, hw_x: f32, banded: f32, out: &mut Vec<Shape>) {
    let Some(state) = view.partitions.get(row.partition) else { return };
    let (p, dense) = (&state.view, row.dense());
    for (broker, y) in &row.followers {
        let (broker, y) = (*broker, *y);
        let replica = view.replicas.iter().find(|r| r.broker == broker && r.partition == p.partition && r.topic == p.topic);
        let in_sync = p.isr.contains(&broker);
        let runs = replica.is_some_and(|r| r.running);
        let quiet = if runs { Ink::Muted } else { Ink::Bad };
        let named = row.copies > 0.5;
        if banded > 0.5 || named {
            // In a broker's band: whose copy it is, and how it stands.
            let above = row.cells_x < row.label.x + 20.0;
            let size = if dense { 9.0 } else { 10.0 };
            let name: Arc<str> = if named { format!("broker-{broker}") } else { format!("{}-{}", p.topic, p.partition) }.into();
            let label = at(
                row.label.x,
                if named {
                    y - 9.0
                } else if above {
                    y - 6.0
                } else {
                    y + 3.0
                },
            );
            out.push(Shape::Text { at: label, text: name, size, bold: false, mono: true, ink: quiet, align: Align::Start });
            let behind = p.end_offset.saturating_sub(replica.map_or(0, |r| r.end_offset));
            let word = match (in_sync, runs) {
                (_, false) => "down".to_owned(),
                (false, true) => format!("out of sync, {behind} behind"),
                _ if behind > 0 => format!("{behind} behind"),
                _ => String::new(),
            };
            let ink = if in_sync { quiet } else { Ink::Bad };
            out.push(text(at(row.right, label.y), word, size, false, ink, Align::End));
        } else if !dense {
            out.push(text(at(row.cells_x - 8.0, y + 3.0), broker.to_string(), 8.0, false, quiet, Align::End));
        }
        let Some(replica) = replica else { continue };
        let from = row.slot(replica.log_start.max(row.first)) - 2.0;
        let to = row.slot(replica.end_offset) - 2.0;
        let (dash, alpha, ink) = match (in_sync, runs) {
            (true, true) => (0.0, 0.75, Ink::Muted),
            (_, false) => (2.0, 0.5, Ink::Bad),
            (false, true) => (3.0, 0.6, Ink::Muted),
        };
        let width = if dense { 1.5 } else { 3.0 };
        if banded < 1.0 || dense || !in_sync || !runs {
            out.push(Shape::Line { from: at(from, y), to: at(to.max(from), y), width, ink, dash, alpha });
        }
        let copies = banded.max(row.copies);
        if copies > 0.0 && !dense {
            // The copy itself, as far as it goes.
            let copy = if replica.records.is_empty() { &state.records[..] } else { &replica.records };
            for r in copy.iter().filter(|r| r.offset < replica.end_offset && r.offset < row.first.saturating_add(row.capacity)) {
                let alpha = copies * if !runs || r.offset >= p.high_watermark { 0.35 } else { 0.8 };
                if r.offset >= row.first {
                    let rect = Rect { x: row.slot(r.offset), y: y - 3.0 - 2.0 * row.copies, w: row.cell.0, h: 6.0 + 4.0 * row.copies };
                    out.push(Shape::Block { rect, radius: 1.5, ink: record_look(r.key.as_deref(), r.tombstone, r.control).0, alpha });
                }
            }
        }
        if in_sync && (!row.large() || p.high_watermark <= row.first.saturating_add(row.capacity)) {
            let (up, down, width) = if dense { (3.0, 1.0, 2.0) } else { (5.0 + banded, 3.0 + banded, 2.5) };
            out.push(upright(hw_x, y - up, y + down, width, Ink::Ink, 0.0));
        }
        if let Some((cut_from, cut_to)) = replica.truncated {
            // A truncation is drawn as a tear in the line.
            let (mut x, end) = (row.slot(cut_to), row.slot(cut_from).max(row.slot(cut_to) + 8.0));
            let mut lift = 2.5;
            while x < end {
                let next = (x + 4.0).min(end);
                out.push(Shape::Line { from: at(x, y - lift), to: at(next, y + lift), width: 1.5, ink: Ink::Bad, dash: 0.0, alpha: 1.0 });
                lift = -lift;
                x = next;
            }
        }
    }
}

/// Where another leader began to write.
fn epochs(p: &PartitionView, row: &Row, out: &mut Vec<Shape>) {
    for (epoch, start) in p.epochs.iter().skip(1).filter(|(_, start)| *start > row.first && *start < p.end_offset) {
        let x = row.slot(*start) - (row.pitch - row.cell.0) / 2.0;
        out.push(upright(x, row.top - 2.0, row.top + row.cell.1 + 2.0, 1.5, Ink::Accent, 1.5));
        if row.numerals {
            out.push(text(at(x + 3.0, row.top - 2.0), format!("e{epoch}"), 8.0, true, Ink::Accent, Align::Start));
        }
    }
}

/// Committed offsets as flags, and from each the way that its reader is ahead: read, and not committed yet.
fn commits(view: &WorldView, row: &Row, out: &mut Vec<Shape>) {
    let Some(state) = view.partitions.get(row.partition) else { return };
    let p = &state.view;
    let edge = (row.pitch - row.cell.0) / 2.0;
    let (y, height) = if row.numerals { (row.rail + row.name() / 7.0 + 1.2, row.name() / 3.0 + 11.7) } else { (row.rail + 3.0, 9.0) };
    let mut taken: Vec<(f32, f32, f32)> = Vec::new();
    for g in &view.groups {
        let committed = g.offsets.iter().find(|(t, n, _)| *t == p.topic && *n == p.partition).map(|o| o.2);
        let position = view
            .consumers
            .iter()
            .filter(|c| c.group.as_ref() == Some(&g.group) && !matches!(c.state, ProcessState::Stopped | ProcessState::Crashed))
            .flat_map(|c| &c.positions)
            .find(|(t, n, _)| *t == p.topic && *n == p.partition)
            .map(|o| o.2);
        if let Some(committed) = committed.filter(|_| row.dense()) {
            // What is read lies on a line of its own.
            let bottom = row.top + row.cell.1 + 1.0;
            let (from, to) = (at(row.slot(p.log_start_offset), bottom), at(row.slot(committed), bottom));
            out.push(Shape::Line { from, to, width: 1.5, ink: Ink::Accent, dash: 0.0, alpha: 1.0 });
            continue;
        }
        // Where a few records are large, a flag of another offset points to where that is.
        let beyond = |n: i64| row.large() && (n < row.first || n > row.first.saturating_add(row.capacity));
        if let Some(committed) = committed {
            let x = row.slot(committed) - edge;
            let label: Arc<str> = match (row.numerals, beyond(committed)) {
                (false, _) => Arc::from(""),
                (_, false) => g.group.clone(),
                (_, true) => format!("{} {} {committed}", if committed < row.first { "‹" } else { "›" }, g.group).into(),
            };
            let width = if row.numerals { label.chars().count() as f32 * 6.4 + 18.0 } else { 14.0 };
            // Flags that would cover each other hang lower.
            let mut top = y;
            while taken.iter().any(|(l, r, t)| x < *r && x + width > *l && (t - top).abs() < 1.0) && taken.len() < 8 {
                top += height + 2.0;
            }
            taken.push((x, x + width + 4.0, top));
            if !beyond(committed) {
                out.push(upright(x, row.top + row.cell.1 - 3.0, top + height, 1.2, Ink::Accent, 0.0));
            }
            out.push(Shape::Flag { rect: Rect { x, y: top, w: width, h: height }, text: label, ink: Ink::Accent });
            if let Some(position) = position.filter(|n| *n > committed) {
                let to = row.slot(position) - edge;
                out.push(Shape::Line { from: at(x, row.rail), to: at(to, row.rail), width: 3.0, ink: Ink::Accent, dash: 0.0, alpha: 0.35 });
            }
        }
        if let Some(position) = position.filter(|n| !row.dense() && !beyond(*n)) {
            out.push(Shape::Pointer { at: at(row.slot(position) - edge, row.rail - 3.0), ink: Ink::Accent });
        }
    }
    // Readers without a group have a position and nothing else.
    for c in view.consumers.iter().filter(|c| c.group.is_none()) {
        if let Some((_, _, n)) = c.positions.iter().find(|(t, n, _)| *t == p.topic && *n == p.partition) {
            out.push(Shape::Pointer { at: at(row.slot(*n) - edge, row.rail - 3.0), ink: Ink::Muted });
        }
    }
}

/// A line from each broker's card along its band, and what it holds there.
pub(super) fn bands(view: &WorldView, layout: &Layout, out: &mut Vec<Shape>) {
    for ((b, band), card) in view.brokers.iter().zip(&layout.bands).zip(&layout.brokers) {
        let (y, x) = (card.y + card.h / 2.0, card.right() + 8.0);
        let leads = layout.rows.iter().filter(|r| r.home == b.node_id).count();
        let follows = layout.rows.iter().flat_map(|r| &r.followers).filter(|f| f.0 == b.node_id).count();
        let words = format!("leads {leads}, follows {follows}");
        let to = band.right() - words.len() as f32 * 5.2 - 8.0;
        if to > x {
            out.push(Shape::Line { from: at(x, y), to: at(to, y), width: 1.0, ink: Ink::Line, dash: 0.0, alpha: layout.banded });
        }
        if layout.banded > 0.5 {
            out.push(text(at(band.right(), y + 3.5), words, 10.0, false, Ink::Muted, Align::End));
        }
    }
}

/// An internal topic as one thin row: its partitions side by side, a tick for each record at their ends.
pub(super) fn internal(view: &WorldView, topic: &Arc<str>, rect: Rect, out: &mut Vec<Shape>) {
    let all: Vec<_> = view.partitions.iter().filter(|p| p.internal && p.view.topic == *topic).collect();
    // As wide as `__consumer_offsets` with the corner of its menu.
    let label = 142.0;
    let (x, w) = (rect.x + label, (rect.w - label - 70.0).max(0.0));
    let y = rect.y + rect.h / 2.0;
    out.push(Shape::Line { from: at(x, y + 5.0), to: at(x + w, y + 5.0), width: 1.0, ink: Ink::Line, dash: 0.0, alpha: 1.0 });
    let mut recent: Vec<_> = all.iter().flat_map(|p| p.records.iter().map(move |r| (r.timestamp, p.view.partition, r))).collect();
    recent.sort_by_key(|record| (record.0, record.1, record.2.offset));
    let fit = (w / 6.0) as usize;
    let skip = recent.len().saturating_sub(fit);
    for (i, (_, _, r)) in recent.iter().skip(skip).enumerate() {
        let rect = Rect { x: x + i as f32 * 6.0, y: y - 4.0, w: 4.0, h: 8.0 };
        let alpha = if r.tombstone { 0.3 } else { 0.75 };
        out.push(Shape::Block { rect, radius: 1.0, ink: Ink::Muted, alpha });
    }
    let total: i64 = all.iter().map(|p| p.view.end_offset).sum();
    out.push(text(at(rect.right(), y + 4.0), format!("{total} records"), 10.0, false, Ink::Muted, Align::End));
}
