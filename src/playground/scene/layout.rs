//! Where everything stands: three columns, or from top to bottom where the page is narrow.

use super::View;
use super::shape::{Rect, Target};
use crate::kafka::map::{Map, Set, sort_by};
use crate::world::view::WorldView;
use std::sync::Arc;

/// Below this width (CSS pixels) the columns are stacked.
pub const NARROW: f32 = 640.0;

/// A partition's ribbon: `capacity` slots, the first of them for offset `first`.
#[derive(Clone, Debug)]
pub struct Row {
    /// Index in `WorldView::partitions`.
    pub partition: usize,
    pub label: Rect,
    pub cells_x: f32,
    pub top: f32,
    pub cell: (f32, f32),
    pub pitch: f32,
    pub capacity: i64,
    pub first: i64,
    /// Where each follower's line is, by broker.
    pub followers: Vec<(i32, f32)>,
    /// The line that records ride on, from `label.x` to `right`.
    pub rail: f32,
    pub right: f32,
    pub numerals: bool,
}

impl Row {
    /// The left edge of an offset's slot; offsets outside the window sit at its edges.
    pub fn slot(&self, offset: i64) -> f32 {
        let n = offset.saturating_sub(self.first).clamp(0, self.capacity);
        self.cells_x + n as f32 * self.pitch
    }
    pub fn middle(&self, offset: i64) -> f32 {
        self.slot(offset) + self.cell.0 / 2.0
    }
}

#[derive(Clone, Debug)]
pub struct GroupBox {
    pub name: Option<Arc<str>>,
    pub rect: Rect,
    /// (index in `WorldView::consumers`, its card)
    pub members: Vec<(usize, Rect)>,
}

#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub narrow: bool,
    pub height: f32,
    pub headings: Vec<(&'static str, Rect)>,
    pub producers: Vec<Rect>,
    pub brokers: Vec<Rect>,
    pub topics: Vec<(Arc<str>, Rect)>,
    pub rows: Vec<Row>,
    pub internal: Vec<(Arc<str>, Rect)>,
    pub groups: Vec<GroupBox>,
}

/// A cluster narrower than this has its partitions' labels above their ribbons.
const ABOVE: f32 = 380.0;
pub(super) const PRODUCER_H: f32 = 84.0;
pub(super) const MEMBER_H: f32 = 84.0;
const GROUP_HEAD: f32 = 46.0;
const GROUP_FOOT: f32 = 38.0;
const GAP: f32 = 12.0;
/// From one follower's line to the next.
const FOLLOWER_H: f32 = 7.0;

pub fn layout(view: &WorldView, camera: &View) -> Layout {
    let narrow = camera.width < NARROW;
    let w = camera.width.max(280.0);
    let pad = if narrow { 16.0 } else { 24.0 };
    let mut out = Layout { narrow, ..Layout::default() };
    let groups = group_members(view);

    if narrow {
        let inner = w - 2.0 * pad;
        let mut y = heading(&mut out, "Producers", pad, 8.0, inner);
        y = producers(&mut out, view.producers.len(), pad, y, inner, 2);
        y = heading(&mut out, "Cluster", pad, y + 40.0, inner);
        y = cluster(&mut out, view, camera, pad + 8.0, y, inner - 16.0);
        y = heading(&mut out, "Consumer groups", pad, y + 36.0, inner);
        out.height = group_boxes(&mut out, groups, pad, y, inner) + pad;
        return out;
    }
    let left = (w * 0.15).clamp(148.0, 190.0);
    let right = (w * 0.245).clamp(220.0, 320.0);
    let gap = (w * 0.06).clamp(36.0, 88.0);
    let cluster_x = pad + left + gap;
    let groups_x = w - pad - right;
    let cluster_w = groups_x - gap - cluster_x;
    let y = heading(&mut out, "Producers", pad, 16.0, left);
    heading(&mut out, "Cluster", cluster_x, 16.0, cluster_w);
    heading(&mut out, "Consumer groups", groups_x, 16.0, right);
    let middle = cluster(&mut out, view, camera, cluster_x, y, cluster_w);
    // Producers stand at the height of the ribbons that they feed.
    let ribbons = out.rows.first().map_or(y, |r| r.top - 14.0);
    let producers_end = producers(&mut out, view.producers.len(), pad, ribbons.max(y), left, 1);
    let groups_end = group_boxes(&mut out, groups, groups_x, y, right);
    out.height = middle.max(producers_end).max(groups_end) + pad;
    out
}

fn heading(out: &mut Layout, text: &'static str, x: f32, y: f32, w: f32) -> f32 {
    out.headings.push((text, Rect { x, y, w, h: 20.0 }));
    y + 28.0
}

fn producers(out: &mut Layout, count: usize, x: f32, y: f32, w: f32, columns: usize) -> f32 {
    let columns = if count < 2 { 1 } else { columns };
    let card = (w - GAP * (columns as f32 - 1.0)) / columns as f32;
    let gap = if columns == 1 && count <= 4 { 28.0 } else { GAP };
    for i in 0..count {
        let (row, column) = (i / columns, i % columns);
        out.producers.push(Rect { x: x + column as f32 * (card + GAP), y: y + row as f32 * (PRODUCER_H + gap), w: card, h: PRODUCER_H });
    }
    y + count.div_ceil(columns) as f32 * (PRODUCER_H + gap)
}

fn cluster(out: &mut Layout, view: &WorldView, camera: &View, x: f32, mut y: f32, w: f32) -> f32 {
    let x0 = if out.narrow { x - 8.0 } else { x };
    let card = ((w - GAP * 2.0) / 3.0).clamp(180.0, 200.0);
    let per_row = ((w + GAP) / (card + GAP)).floor().max(1.0) as usize;
    for i in 0..view.brokers.len() {
        let (row, column) = (i / per_row, i % per_row);
        out.brokers.push(Rect { x: x0 + column as f32 * (card + GAP), y: y + row as f32 * 44.0, w: card, h: 34.0 });
    }
    y += view.brokers.len().div_ceil(per_row) as f32 * 44.0 + 10.0;

    let users = view.partitions.iter().filter(|p| !p.internal).count();
    // More partitions, lower rows: nothing is left out.
    let (cell, pitch_x, numerals, under) = match users + usize::from(camera.density) * 6 {
        0..=3 if !out.narrow => ((20.0, 26.0), 22.0, true, 60.0),
        0..=4 => ((20.0, 26.0), 22.0, true, 46.0),
        5..=6 => ((18.0, 22.0), 20.0, true, 30.0),
        7..=14 => ((14.0, 18.0), 16.0, true, 34.0),
        _ => ((9.0, 12.0), 10.0, false, 18.0),
    };
    // Where a label beside its ribbon would leave it no room, it stands above it.
    let above = out.narrow || w < ABOVE;
    let mut topic: Option<&Arc<str>> = None;
    for (i, p) in view.partitions.iter().enumerate().filter(|(_, p)| !p.internal) {
        if topic != Some(&p.view.topic) {
            topic = Some(&p.view.topic);
            let x = if out.narrow { x - 8.0 } else { x };
            out.topics.push((p.view.topic.clone(), Rect { x, y, w, h: 24.0 }));
            y += 30.0;
        }
        let (label_w, label_h) = if above { (w, 18.0) } else { (112.0, cell.1) };
        let label_y = y;
        if above {
            y += label_h;
        }
        if numerals {
            y += 26.0;
        }
        let cells_x = if above { x + 4.0 } else { x + label_w + 8.0 };
        let tail = if above { 34.0 } else { 64.0 };
        let capacity = (((x + w - tail - cells_x) / pitch_x).floor() as i64).clamp(4, i64::from(crate::world::view::RIBBON_RECORDS));
        let label_x = if out.narrow { x - 8.0 } else { x };
        let label = Rect { x: label_x, y: if above { label_y } else { y }, w: label_w, h: label_h };
        let mut rail = y + cell.1 + 7.0;
        let mut followers = Vec::new();
        // One line less than replicas, with and without a leader: the rows stand still when one dies.
        let lines = p.view.replicas.len().saturating_sub(1);
        for broker in p.view.replicas.iter().filter(|id| **id != p.view.leader).take(lines) {
            followers.push((*broker, rail));
            rail += FOLLOWER_H;
        }
        let first = window(p.view.log_start_offset, p.view.end_offset, capacity);
        let right = if out.narrow { x + w + 8.0 } else { x + w };
        out.rows.push(Row {
            partition: i,
            label,
            cells_x,
            top: y,
            cell,
            pitch: pitch_x,
            capacity,
            first,
            rail,
            right,
            numerals,
            followers,
        });
        y = rail - 7.0 + under;
    }
    if out.topics.is_empty() {
        y += 60.0;
    }
    let mut internal: Set<Arc<str>> = Set::new();
    for p in view.partitions.iter().filter(|p| p.internal) {
        if internal.insert(p.view.topic.clone()) {
            let x = if out.narrow { x - 8.0 } else { x };
            out.internal.push((p.view.topic.clone(), Rect { x, y: y + 6.0, w, h: 26.0 }));
            y += 36.0;
        }
    }
    y
}

/// The offset in the first slot. The window turns like a page, a quarter at a time, so that records stand still between
/// turns; a slot is kept free for the next record.
pub fn window(start: i64, end: i64, capacity: i64) -> i64 {
    let need = end.saturating_add(2).saturating_sub(capacity);
    if need <= start {
        return start;
    }
    let step = (capacity / 4).max(1);
    need.saturating_add(step - 1) / step * step
}

type Members = Map<Option<Arc<str>>, Vec<usize>>;

/// All groups, those that the coordinator knows and those that a consumer names; consumers in the world's order.
fn group_members(view: &WorldView) -> Members {
    let mut all: Members = view.groups.iter().map(|g| (Some(g.group.clone()), Vec::new())).collect();
    for (i, c) in view.consumers.iter().enumerate() {
        all.entry(c.group.clone()).or_default().push(i);
    }
    all
}

fn group_boxes(out: &mut Layout, groups: Members, x: f32, mut y: f32, w: f32) -> f32 {
    let mut groups: Vec<_> = groups.into_iter().collect();
    sort_by(&mut groups, |a, b| a.0.is_none().cmp(&b.0.is_none()));
    for (name, consumers) in groups {
        let top = y;
        y += GROUP_HEAD;
        let mut members = Vec::new();
        for c in consumers {
            members.push((c, Rect { x: x + 12.0, y, w: w - 24.0, h: MEMBER_H }));
            y += MEMBER_H + 8.0;
        }
        y += GROUP_FOOT;
        out.groups.push(GroupBox { name, rect: Rect { x, y: top, w, h: y - top }, members });
        y += 16.0;
    }
    y
}

/// What stands where, for the page's own elements.
pub fn places(view: &WorldView, layout: &Layout) -> Vec<super::Place> {
    let mut out = Vec::new();
    let mut put = |what, rect| out.push(super::Place { what, rect });
    for (text, rect) in &layout.headings {
        put(Target::Heading(text), *rect);
    }
    for (p, rect) in view.producers.iter().zip(&layout.producers) {
        put(Target::Producer(p.name.clone()), *rect);
    }
    for (b, rect) in view.brokers.iter().zip(&layout.brokers) {
        put(Target::Broker(b.name.clone()), *rect);
    }
    for (topic, rect) in &layout.topics {
        put(Target::Topic(topic.clone()), *rect);
    }
    for row in &layout.rows {
        if let Some(p) = view.partitions.get(row.partition) {
            put(Target::Partition(p.view.topic.clone(), p.view.partition), row.label);
        }
    }
    for (topic, rect) in &layout.internal {
        put(Target::Internal(topic.clone()), *rect);
    }
    for g in &layout.groups {
        put(Target::Group(g.name.clone()), g.rect);
        for (c, rect) in &g.members {
            if let Some(c) = view.consumers.get(*c) {
                put(Target::Consumer(c.name.clone()), *rect);
            }
        }
    }
    out
}
