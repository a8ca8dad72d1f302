//! A partition as a ribbon: record cells on a rail, log start, high watermark, end offset, committed offsets, positions.

use super::View;
use super::brackets::brackets;
use super::flags::commits;
use super::followers::followers;
use super::head::head;
use super::key::{Glyph, key_look};
use super::layout::{Layout, Row};
use super::shape::{Align, Dot, Ink, Look, Rect, Shape, TEXT, at, sign, text, text_width};
use crate::playground::narrate::plural;
use crate::world::EPOCH;
use crate::world::target::Target;
use crate::world::view::{PartitionState, RecordState, TransactionEnd, WorldView};
use std::sync::Arc;

pub(super) fn record_look(record: &RecordState) -> (Ink, Glyph) {
    if record.control {
        return match record.transaction {
            Some(TransactionEnd::Committed) => (Ink::Muted, Glyph::Commit),
            Some(TransactionEnd::Aborted) => (Ink::Muted, Glyph::Abort),
            _ => (Ink::Muted, Glyph::Control),
        };
    }
    let (ink, glyph) = record.key.as_deref().map_or((Ink::Muted, Glyph::None), |k| {
        let (colour, glyph) = key_look(k);
        (Ink::Key(colour), glyph)
    });
    if record.tombstone { (ink, Glyph::Tombstone) } else { (ink, glyph) }
}

/// How a record stands in a log whose high watermark is `watermark`.
fn stands(record: &RecordState, watermark: i64) -> Look {
    match record.transaction {
        _ if record.offset >= watermark => Look::Pending,
        Some(TransactionEnd::Aborted) => Look::Hollow,
        _ => Look::Solid,
    }
}

pub(super) fn upright(x: f32, y1: f32, y2: f32, width: f32, ink: Ink, dash: f32) -> Shape {
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
    // Where a segment begins, the ribbon is cut.
    for s in p.segments.iter().filter(|s| s.base_offset > row.first && s.base_offset < window_end && s.base_offset > p.log_start_offset) {
        let x = row.slot(s.base_offset) - (row.pitch - cw) / 2.0;
        out.push(upright(x, row.top - 3.0, bottom + 3.0, 1.0, Ink::Muted, 2.0));
    }
    let edge = (row.pitch - cw) / 2.0;
    if p.log_start_offset >= row.first && p.log_start_offset <= window_end {
        let x = row.slot(p.log_start_offset) - edge - 1.0;
        out.push(upright(x, row.top - 3.0, bottom + 3.0, 1.0, Ink::Muted, 0.0));
    } else if p.log_start_offset < row.first && !row.dense() {
        // The log goes on to the left.
        let dot = |i| {
            let at = at(row.cells_x - 5.0 - i as f32 * 4.0, row.top + ch / 2.0);
            Dot { at, radius: 1.2, ink: Ink::Muted, alpha: 0.8 - i as f32 * 0.22 }
        };
        out.push(Shape::Dots((0..3).map(dot).collect()));
    }
    // Of a few large cells it may be that the log's end is not among them.
    let within = |offset: i64| !row.large() || offset >= row.first && offset <= window_end;
    let (leo_x, hw_x) = (row.slot(p.end_offset) - edge, row.slot(p.high_watermark) - edge);
    if p.end_offset != p.high_watermark && within(p.end_offset) {
        out.push(upright(leo_x, row.top - 3.0, bottom + 3.0, 1.0, Ink::Muted, 0.0));
    }
    let (rise, depth, width) = if row.dense() { (1.5, 1.5, 2.0) } else { (row.name() - 4.0, 6.0, 2.5) };
    if within(p.high_watermark) {
        out.push(upright(hw_x, row.top - rise, bottom + depth, width, Ink::Ink, 0.0));
    }
    if row.numerals {
        let end = if !within(p.end_offset) {
            if p.end_offset < row.first { format!("‹ LEO {}", p.end_offset) } else { format!("LEO {} ›", p.end_offset) }
        } else if p.end_offset == p.high_watermark {
            "= LEO".to_owned()
        } else {
            format!("LEO {}", p.end_offset)
        };
        let rect = Rect { x: leo_x + 8.0, y: row.top + ch / 2.0 - TEXT / 2.0, w: text_width(&end), h: TEXT };
        out.push(sign(rect, format!("Log end offset {}: the next record of this partition gets it", p.end_offset)));
        out.push(text(at(leo_x + 8.0, row.top + ch / 2.0 + 4.0), end, Ink::Muted, Align::Start));
    }
    brackets(view, state, row, out);
    followers(view, row, hw_x, banded, out);
    head(view, p, row, out);
    commits(view, row, out);
}

/// The records of the window, each as a cell; in a large one its key and its size can be read.
fn cells(state: &PartitionState, row: &Row, out: &mut Vec<Shape>) {
    let (w, h) = row.cell;
    // Older than what the moment tells of: there, and not drawn.
    let old = state.records.first().map_or(0, |r| r.offset).min(row.first.saturating_add(row.capacity));
    for offset in row.first.max(state.view.log_start_offset)..old {
        out.push(Shape::Block { rect: Rect { x: row.slot(offset), y: row.top, w, h }, radius: 4.0, ink: Ink::Muted, alpha: 0.14 });
    }
    for record in &*state.records {
        let RecordState { offset, key, tombstone, value_bytes, timestamp, .. } = record;
        let x = row.origin + offset.saturating_sub(row.first) as f32 * row.pitch;
        if x < row.cells_x - 1.0 || x + w > row.cells_x + row.span + 1.0 {
            continue;
        }
        let (ink, glyph) = record_look(record);
        let look = stands(record, state.view.high_watermark);
        let rect = Rect { x, y: row.top, w, h };
        if row.large() {
            out.push(Shape::Block { rect, radius: 6.0, ink, alpha: 0.14 });
            let mut line = |y, what: String, bold| {
                let text = what.chars().take((w / 7.4) as usize).collect::<String>().into();
                let at = at(x + w / 2.0, row.top + y);
                out.push(Shape::Text { at, text, bold, mono: bold, ink: Ink::Ink, align: Align::Middle });
            };
            match glyph {
                Glyph::Commit => line(46.0, "COMMIT".into(), true),
                Glyph::Abort => line(46.0, "ABORT".into(), true),
                _ => line(46.0, key.as_deref().unwrap_or("no key").to_owned(), key.is_some()),
            }
            if h > 110.0 {
                let ms = timestamp.saturating_sub(EPOCH.0 / 1000);
                line(h - 32.0, format!("{}.{:03} s", ms / 1000, ms % 1000), false);
            }
            line(h - 14.0, if *tombstone { "null".into() } else { format!("{value_bytes} bytes") }, false);
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
        let (inset, alpha) = match stands(r, p.high_watermark) {
            Look::Solid => (0.0, 1.0),
            Look::Pending => (3.0, 0.5),
            Look::Hollow => (0.0, 0.35),
        };
        let x = row.slot(r.offset);
        let rect = Rect { x, y: row.top + inset, w: row.cell.0, h: h - inset };
        out.push(Shape::Block { rect, radius: 0.0, ink: record_look(r).0, alpha });
    }
    if p.high_watermark < p.end_offset {
        let y = row.top + 1.0;
        let (from, to) = (at(row.slot(p.high_watermark), y), at(row.slot(p.end_offset), y));
        out.push(Shape::Line { from, to, width: 1.0, ink: Ink::Ink, dash: 2.0, alpha: 1.0 });
    }
    let count = p.end_offset.saturating_sub(p.log_start_offset).to_string();
    out.push(text(at(row.right, row.top + h), count, Ink::Muted, Align::End));
}

/// A line from each broker's card along its band, and what it holds there.
pub(super) fn bands(view: &WorldView, layout: &Layout, out: &mut Vec<Shape>) {
    for ((b, band), card) in view.brokers.iter().zip(&layout.bands).zip(&layout.brokers) {
        let (y, x) = (card.y + card.h / 2.0, card.right() + 8.0);
        let leads = layout.rows.iter().filter(|r| r.home == b.node_id).count();
        let follows = layout.rows.iter().flat_map(|r| &r.followers).filter(|f| f.0 == b.node_id).count();
        let words = format!("leads {leads}, follows {follows}");
        let to = band.right() - text_width(&words) - 8.0;
        if to > x {
            out.push(Shape::Line { from: at(x, y), to: at(to, y), width: 1.0, ink: Ink::Line, dash: 0.0, alpha: layout.banded });
        }
        if layout.banded > 0.5 {
            out.push(text(at(band.right(), y + 4.0), words, Ink::Muted, Align::End));
        }
    }
}

/// An internal topic as one thin row: its partitions side by side, a tick for each record at their ends.
pub(super) fn internal(view: &WorldView, topic: &Arc<str>, rect: Rect, out: &mut Vec<Shape>) {
    let all: Vec<_> = view.partitions.iter().filter(|p| p.internal && p.view.topic == *topic).collect();
    // As wide as `__consumer_offsets` with the corner of its menu.
    let label = 160.0;
    let (x, w) = (rect.x + label, (rect.w - label - 84.0).max(0.0));
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
    out.push(text(at(rect.right(), y + 4.0), plural(total, "record"), Ink::Muted, Align::End));
}
