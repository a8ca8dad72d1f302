//! Where everything stands: three columns, or from top to bottom where the page is narrow.

use super::View;
use super::arrangements::ArrangementBlend;
use super::cluster::Area;
use super::links::links;
use super::shape::Rect;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::target::{Heading, Target};
use crate::world::view::WorldView;
use std::sync::Arc;

/// Below this width (CSS pixels) the columns are stacked.
pub const NARROW: f32 = 640.0;

/// Below this width (CSS pixels) the edges are narrow.
pub(super) const SNUG: f32 = 900.0;

/// A partition's ribbon: `capacity` slots, the first of them for offset `first`.
#[derive(Clone, Debug)]
pub struct Row {
    /// Index in `WorldView::partitions`.
    pub partition: usize,
    pub label: Rect,
    /// The left edge and the width of what is seen of the log.
    pub cells_x: f32,
    pub span: f32,
    /// Where `first` stands: at `cells_x`, unless the picture is between two arrangements.
    pub origin: f32,
    pub top: f32,
    pub cell: (f32, f32),
    pub pitch: f32,
    pub capacity: i64,
    pub first: i64,
    /// The broker in whose band the ribbon stands: the leader, or the one that was.
    pub home: i32,
    /// Where each follower's line is, by broker.
    pub followers: Vec<(i32, f32)>,
    /// The line that records ride on, from `label.x` to `right`.
    pub rail: f32,
    pub right: f32,
    pub numerals: bool,
    /// How much followers' lines are ribbons of their own, each with its broker's name: 0 to 1.
    pub copies: f32,
    /// The room above the cells, for numbers and the high watermark's name.
    pub head: f32,
}

/// `x` or the edge that it is beyond. Unlike `clamp` it takes edges that cross, as those of an empty room do, and does not panic.
pub(super) fn within(x: f32, from: f32, to: f32) -> f32 {
    x.max(from).min(to)
}

impl Row {
    /// The left edge of an offset's slot; offsets outside the window sit at its edges.
    pub fn slot(&self, offset: i64) -> f32 {
        let x = self.origin + offset.saturating_sub(self.first) as f32 * self.pitch;
        within(x, self.cells_x, self.cells_x + self.span)
    }
    pub fn middle(&self, offset: i64) -> f32 {
        self.slot(offset) + self.cell.0 / 2.0
    }
    /// Records are too many to be cells: the ribbon is a measure of how full it is.
    pub fn dense(&self) -> bool {
        self.cell.1 < 9.0
    }
    /// How far above its cells the high watermark is named.
    pub fn name(&self) -> f32 {
        6.0 + (self.head - 17.0) * 7.0 / 9.0
    }
    /// A cell is large enough to be read.
    pub fn large(&self) -> bool {
        self.cell.0 > 56.0
    }
    /// The ribbon, from its first slot to its last.
    pub fn rect(&self) -> Rect {
        Rect { x: self.cells_x, y: self.top, w: self.span, h: self.cell.1 }
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
    pub headings: Vec<(Heading, Rect)>,
    pub producers: Vec<Rect>,
    pub brokers: Vec<Rect>,
    /// What belongs to each broker: its card, and by broker all its replicas.
    pub bands: Vec<Rect>,
    /// Words about links that are not as they should be.
    pub links: Vec<Rect>,
    pub topics: Vec<(Arc<str>, Rect)>,
    pub rows: Vec<Row>,
    pub internal: Vec<(Arc<str>, Rect)>,
    pub groups: Vec<GroupBox>,
    /// How much of the brokers' bands is drawn, each with its broker's copies: 0 to 1. An arrangement without bands leaves it at 0.
    pub banded: f32,
    /// The ribbons are dense: ways are bundled before they reach them.
    pub dense: bool,
    /// Something is looked into.
    pub zoomed: bool,
    /// The record that is looked into, and where its words stand.
    pub record: Option<(Target, Rect)>,
}

pub(super) const PRODUCER_H: f32 = 84.0;
/// The line of a producer's transactions.
const TRANSACTION_H: f32 = 18.0;
pub(super) const MEMBER_H: f32 = 84.0;
/// Where there are many, a card is one line.
const LINE_H: f32 = 26.0;
/// A member's card in a picture that is drawn at less than its size.
const DENSE_H: f32 = 52.0;
const MANY_MEMBERS: usize = 8;
const MANY_PRODUCERS: usize = 6;
/// What the producers' heading needs with its button.
const HEADING_W: f32 = 158.0;
/// What the cluster's heading needs with its arrangements and its button.
const CLUSTER_HEADING_W: f32 = 238.0;
const GROUP_HEAD: f32 = 64.0;
const GROUP_FOOT: f32 = 38.0;
pub(super) const GAP: f32 = 12.0;
/// Above the columns' headings.
const TOP: f32 = 12.0;

impl Layout {
    /// It is not outside of the picture.
    pub fn sees(&self, rect: &Rect) -> bool {
        rect.bottom() > 0.0 && rect.y < self.height
    }
}

/// How much of the page's width the middle column has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// As the whole cluster needs it.
    Whole,
    /// As much as there can be, for one thing that is looked into.
    Close,
}

/// Where everything stands, also between two arrangements and on the way into one partition.
pub fn layout(view: &WorldView, camera: &View) -> Layout {
    let ArrangementBlend { from, to, part } = camera.arrangement;
    let mut out = if part < 1.0 { (from.layout)(view, camera) } else { (to.layout)(view, camera) };
    if part > 0.0 && part < 1.0 && from != to {
        out.blend(&(to.layout)(view, camera), ease(part));
    }
    if let Some(what) = camera.focus.as_ref().filter(|_| camera.zoom > 0.0) {
        super::zoom::zoom_layout(&mut out, view, camera, what);
    }
    out
}

pub(super) fn ease(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Places producers on the left and groups on the right, or above and below where the page is narrow; `cluster` places the rest into the
/// area that it is given, and gives back where it ends.
pub(super) fn columns(view: &WorldView, camera: &View, width: Width, cluster: impl FnOnce(&mut Layout, Area) -> f32) -> Layout {
    let close = width == Width::Close;
    let narrow = camera.width < NARROW;
    let w = camera.width.max(280.0);
    let pad = if w < SNUG { 16.0 } else { 24.0 };
    let mut out = Layout { narrow, ..Layout::default() };
    let groups = group_members(view);

    if narrow {
        let inner = w - 2.0 * pad;
        let mut y = heading(&mut out, Heading::Producers, pad, 8.0, inner);
        y = producers(&mut out, view, pad, y, inner, 2);
        y = heading(&mut out, Heading::Cluster, pad, y + 40.0 + GAP, inner);
        let down = if close { 24.0 } else { 0.0 };
        y = cluster(&mut out, Area { x: pad + 8.0, y: y + down, w: inner - 16.0 });
        y = heading(&mut out, Heading::Groups, pad, y + 36.0, inner);
        out.height = group_boxes(&mut out, groups, pad, y, inner, camera.density > 0) + 16.0 + pad;
        return out;
    }
    // The logs in the middle have what room there is: some 24 records of each at 1280 px, 10 at 720.
    let left = if close { 148.0 } else { (w * 0.12).clamp(132.0, 190.0) };
    let right = if close { 220.0 } else { (w * 0.1875).clamp(192.0, 320.0) };
    let gap = if close { 36.0 } else { (26.0 + (w - NARROW) * 0.06).clamp(26.0, 88.0) };
    // The producers' heading with its button is wider than their cards.
    let cluster_x = pad + (left + gap).max(HEADING_W + 10.0);
    let groups_x = w - pad - right;
    let cluster_w = groups_x - gap - cluster_x;
    let y = heading(&mut out, Heading::Producers, pad, TOP, left.max(HEADING_W));
    heading(&mut out, Heading::Cluster, cluster_x, TOP, cluster_w.max(CLUSTER_HEADING_W));
    heading(&mut out, Heading::Groups, groups_x, TOP, right);
    let middle = cluster(&mut out, Area { x: cluster_x, y, w: cluster_w });
    let producers_end = producers(&mut out, view, pad, y, left, 1);
    let groups_end = group_boxes(&mut out, groups, groups_x, y, right, camera.density > 0);
    // Producers and groups are centred on the ribbons, or on those that are in view.
    let seen = || out.rows.iter().filter(|r| !close || r.top > 0.0 && r.top < middle);
    let first = seen().map(|r| r.top - r.head).reduce(f32::min).unwrap_or(y);
    let last = seen().map(|r| r.rail + 20.0).reduce(f32::max).unwrap_or(y);
    let middle_of = if camera.room > 0.0 { (first + last.min(camera.room)) / 2.0 } else { (first + last) / 2.0 };
    let down = |end: f32| (middle_of - (y + end) / 2.0).max(0.0);
    let (producers_down, groups_down) = (down(producers_end), down(groups_end));
    out.producers.iter_mut().for_each(|card| card.y += producers_down);
    for group in &mut out.groups {
        group.rect.y += groups_down;
        group.members.iter_mut().for_each(|member| member.1.y += groups_down);
    }
    out.height = middle.max(producers_end + producers_down).max(groups_end + groups_down) + if close { 0.0 } else { GAP };
    out
}

fn heading(out: &mut Layout, which: Heading, x: f32, y: f32, w: f32) -> f32 {
    out.headings.push((which, Rect { x, y, w, h: 20.0 }));
    y + 28.0
}

fn producers(out: &mut Layout, view: &WorldView, x: f32, y: f32, w: f32, columns: usize) -> f32 {
    let count = view.producers.len();
    let card_h = PRODUCER_H + if view.producers.iter().any(|p| p.transactional_id.is_some()) { TRANSACTION_H } else { 0.0 };
    let columns = if count < 2 { 1 } else { columns };
    let card = (w - GAP * (columns as f32 - 1.0)) / columns as f32;
    let (h, gap) = match count {
        n if n > MANY_PRODUCERS => (LINE_H + 8.0, GAP),
        n if columns == 1 && n <= 4 => (card_h, 28.0),
        _ => (card_h, GAP),
    };
    for i in 0..count {
        let (row, column) = (i / columns, i % columns);
        out.producers.push(Rect { x: x + column as f32 * (card + GAP), y: y + row as f32 * (h + gap), w: card, h });
    }
    y + count.div_ceil(columns) as f32 * (h + gap) - gap
}

type Members = SortedVecMap<Option<Arc<str>>, Vec<usize>>;

/// All groups, those that the coordinator knows and those that a consumer names; consumers in the world's order.
fn group_members(view: &WorldView) -> Members {
    let mut all: Members = view.groups.iter().map(|g| (Some(g.group.clone()), Vec::new())).collect();
    for (i, c) in view.consumers.iter().enumerate() {
        all.entry(c.group.clone()).or_default().push(i);
    }
    all
}

/// `dense`: members are lines, however few they are.
fn group_boxes(out: &mut Layout, mut groups: Members, x: f32, mut y: f32, w: f32, dense: bool) -> f32 {
    // Consumers without a group stand last.
    let alone = groups.remove(&None).map(|consumers| (None, consumers));
    for (name, consumers) in groups.into_iter().chain(alone) {
        let top = y;
        y += GROUP_HEAD;
        let mut members = Vec::new();
        let (h, gap) = match consumers.len() {
            n if n > MANY_MEMBERS => (LINE_H, 4.0),
            _ if dense => (DENSE_H, 4.0),
            _ => (MEMBER_H, 8.0),
        };
        for c in consumers {
            members.push((c, Rect { x: x + 12.0, y, w: w - 24.0, h }));
            y += h + gap;
        }
        y += GROUP_FOOT;
        out.groups.push(GroupBox { name, rect: Rect { x, y: top, w, h: y - top }, members });
        y += 16.0;
    }
    y - 16.0
}

/// What stands where, for the page's own elements.
pub fn places(view: &WorldView, layout: &Layout) -> Vec<super::Place> {
    let mut out = Vec::new();
    // Where nothing is looked into, nothing is outside.
    let mut put = |what, rect: Rect| {
        if !layout.zoomed || layout.sees(&rect) {
            out.push(super::Place { what, rect });
        }
    };
    for (heading, rect) in &layout.headings {
        put(Target::Heading(*heading), *rect);
    }
    for (p, rect) in view.producers.iter().zip(&layout.producers) {
        put(Target::Producer(p.name.clone()), *rect);
    }
    for (b, rect) in view.brokers.iter().zip(&layout.brokers) {
        put(Target::Broker(b.name.clone()), *rect);
    }
    for ((a, b), rect) in links(view).into_iter().zip(&layout.links) {
        put(Target::Link(a, b), *rect);
    }
    for (topic, rect) in &layout.topics {
        put(Target::Topic(topic.clone()), *rect);
    }
    for row in &layout.rows {
        if let Some(p) = view.partitions.get(row.partition) {
            put(Target::Partition(p.view.topic.clone(), p.view.partition), row.label);
        }
    }
    if let Some((record, rect)) = &layout.record {
        put(record.clone(), *rect);
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
