//! A pulse of ink where a record has just been appended: it widens and fades with the run's time.

use super::layout::Layout;
use super::ribbon::record_look;
use super::shape::{Rect, Shape};
use crate::kafka::time::Time;
use crate::world::view::{APPENDED_US, WorldView};

/// How far it goes beyond the record, in CSS pixels.
const REACH: f32 = 9.0;

pub(super) fn pulses(view: &WorldView, layout: &Layout, time: Time, out: &mut Vec<Shape>) {
    for appended in &view.appended {
        let age = time.micros_since(appended.at);
        if !(0..APPENDED_US).contains(&age) {
            continue;
        }
        let part = age as f32 / APPENDED_US as f32;
        let is =
            |state: &crate::world::view::PartitionState| state.view.partition == appended.partition && state.view.topic == appended.topic;
        let row = layout.rows.iter().find(|row| view.partitions.get(row.partition).is_some_and(is));
        let Some(row) = row.filter(|row| !row.dense() && layout.sees(&row.rect())) else { continue };
        let Some(state) = view.partitions.get(row.partition) else { continue };
        let window = row.first..row.first.saturating_add(row.capacity);
        let records = state.records.iter().filter(|r| (appended.from..=appended.to).contains(&r.offset) && window.contains(&r.offset));
        for record in records {
            let ink = record_look(record).0;
            let by = REACH * part;
            let rect = Rect { x: row.slot(record.offset) - by, y: row.top - by, w: row.cell.0 + 2.0 * by, h: row.cell.1 + 2.0 * by };
            out.push(Shape::Block { rect, radius: 6.0, ink, alpha: 0.5 * (1.0 - part) });
        }
    }
}
