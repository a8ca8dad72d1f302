//! By broker: a band for each broker, with the partitions that it leads and the copies of those that it follows.

use super::super::View;
use super::super::cluster::{Area, Size, brokers_and_topics, internal_topics};
use super::super::layout::{GAP, Layout, Width, columns};
use super::super::links::place;
use super::super::shape::Rect;
use super::{Arrangement, Container};
use crate::world::view::WorldView;

pub static BY_BROKER: Arrangement = Arrangement {
    id: "broker",
    label: "by broker",
    about: "Each broker with the partitions that it leads and the copies that it keeps.",
    container: Container::Broker,
    layout: |view, camera| columns(view, camera, Width::Whole, |out, area| cluster(out, view, camera, area)),
};

/// Places the middle column. Gives back where it ends.
pub fn cluster(out: &mut Layout, view: &WorldView, camera: &View, area: Area) -> f32 {
    let (size, _) = brokers_and_topics(out, view, camera, area);
    let end = bands(out, view, size, area);
    internal_topics(out, view, area, end)
}

/// Places anew what stands by topic: topics side by side, below them a band for each broker with the ribbons that it leads and the lines
/// of those that it follows. Ribbons do not move sideways.
fn bands(out: &mut Layout, view: &WorldView, size: Size, area: Area) -> f32 {
    let (x, mut y, w) = (area.edge(out.narrow), area.y, area.w);
    let (mut tx, step) = (x, 240.0_f32.min(w));
    for (_, rect) in &mut out.topics {
        if tx + step > x + w + 1.0 {
            (tx, y) = (x, y + 28.0);
        }
        *rect = Rect { x: tx, y, w: step, h: 24.0 };
        tx += step + GAP;
    }
    y = place(out.links.len(), x, y + 38.0, w, &mut out.links);
    let known: Vec<i32> = view.brokers.iter().map(|b| b.node_id).collect();
    // The last band is of brokers that nobody knows.
    for band in 0..=known.len() {
        let id = known.get(band);
        let top = y;
        if let Some(card) = out.brokers.get_mut(band) {
            (card.x, card.y) = (x, y);
            y += card.h + 8.0;
        }
        let held = |home: i32| id.map_or(!known.contains(&home), |id| home == *id);
        y = replicas(out, size, id, &held, y);
        if let Some(rect) = out.bands.get_mut(band) {
            *rect = Rect { x, y: top, w, h: y + 6.0 - top };
            y += 18.0;
        }
    }
    out.banded = 1.0;
    y
}

/// The ribbons of one band, from `y` on: those whose home it is (`held`), and the lines of the broker `id` in the others.
fn replicas(out: &mut Layout, size: Size, id: Option<&i32>, held: &dyn Fn(i32) -> bool, mut y: f32) -> f32 {
    let dense = out.dense;
    for row in &mut out.rows {
        if held(row.home) {
            let above = row.label.y < row.top - 20.0;
            let down = if size.numerals { 20.0 } else { 6.0 } + if above { 22.0 } else { 0.0 };
            let shift = y + down - row.top;
            row.top += shift;
            row.label.y += shift + if above { 8.0 } else { 0.0 };
            row.rail = row.top + row.cell.1 + if dense { 3.0 } else { 7.0 };
            y = row.rail + if dense { 4.0 } else { 24.0 };
        } else if let Some((_, line)) = row.followers.iter_mut().find(|(broker, _)| Some(broker) == id) {
            let above = row.cells_x < row.label.x + 20.0;
            *line = y + if above { 16.0 } else { 8.0 };
            y += match (dense, above) {
                (true, _) => 13.0,
                (_, true) => 22.0,
                _ => 16.0,
            };
        }
    }
    y
}
