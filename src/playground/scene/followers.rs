//! A partition's followers: a line for each below the leader's ribbon, up to the end of its log.

use super::layout::Row;
use super::ribbon::{record_look, upright};
use super::shape::{Align, Ink, Point, Rect, Shape, at, text};
use crate::world::view::WorldView;
use std::sync::Arc;

/// A torn edge, from one point to another.
pub(super) fn tear(from: Point, to: Point) -> Shape {
    Shape::Tear { from, to, ink: Ink::Bad }
}

/// Each follower as a thin line up to its log's end: solid in sync, dashed out of it, barely there when its broker does not run. The high
/// watermark goes down through those that it waits for.
pub(super) fn followers(view: &WorldView, row: &Row, hw_x: f32, banded: f32, out: &mut Vec<Shape>) {
    let Some(state) = view.partitions.get(row.partition) else { return };
    let (p, dense) = (&state.view, row.dense());
    for (i, (broker, y)) in row.followers.iter().enumerate() {
        let (broker, y) = (*broker, *y);
        let replica = view.replicas.iter().find(|r| r.broker == broker && r.partition == p.partition && r.topic == p.topic);
        let in_sync = p.isr.contains(&broker);
        let runs = replica.is_some_and(|r| r.running);
        let quiet = if runs { Ink::Muted } else { Ink::Bad };
        let named = row.copies > 0.5;
        if banded > 0.5 || named {
            // In a broker's band: whose copy it is, and how it stands.
            let above = row.cells_x < row.label.x + 20.0;
            let name: Arc<str> = if named { format!("broker-{broker}") } else { format!("{}-{}", p.topic, p.partition) }.into();
            let lift = match (named, above) {
                (true, _) => -9.0,
                (_, true) => -6.0,
                _ => 4.0,
            };
            let label = at(row.label.x, y + lift);
            out.push(Shape::Text { at: label, text: name, bold: false, mono: true, ink: quiet, align: Align::Start });
            let behind = p.end_offset.saturating_sub(replica.map_or(0, |r| r.end_offset));
            let word = match (in_sync, runs) {
                (_, false) => "down".to_owned(),
                (false, true) => format!("out of sync, {behind} behind"),
                _ if behind > 0 => format!("{behind} behind"),
                _ => String::new(),
            };
            out.push(text(at(row.right, label.y), word, if in_sync { quiet } else { Ink::Bad }, Align::End));
        } else if !dense {
            // Their lines are close: the numbers stand side by side, in the lines' order.
            let (first, last) = (row.followers.first().map_or(y, |f| f.1), row.followers.last().map_or(y, |f| f.1));
            // Where the label stands above, there is room at the other end.
            let edge = if row.label.right() < row.cells_x { row.cells_x - 8.0 } else { row.right };
            let x = edge - 11.0 * (row.followers.len() - 1 - i) as f32;
            out.push(text(at(x, f32::midpoint(first, last) + 4.0), broker.to_string(), quiet, Align::End));
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
                    out.push(Shape::Block { rect, radius: 1.5, ink: record_look(r).0, alpha });
                }
            }
        }
        if in_sync && (!row.large() || p.high_watermark <= row.first.saturating_add(row.capacity)) {
            let (up, down, width) = if dense { (3.0, 1.0, 2.0) } else { (5.0 + banded, 3.0 + banded, 2.5) };
            out.push(upright(hw_x, y - up, y + down, width, Ink::Ink, 0.0));
        }
        if let Some(torn) = replica.torn.filter(|torn| torn.is_fresh(view.now)) {
            // A truncation is drawn as a tear in the line.
            let from = at(row.slot(torn.to), y);
            out.push(tear(from, at(row.slot(torn.from).max(from.x + 8.0), y)));
        }
    }
}
