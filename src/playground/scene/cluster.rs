//! What stands in the middle of the picture: brokers, topics and ribbons. Arrangements put it together.

use super::View;
use super::layout::{GAP, Layout, Row};
use super::links::{links, place};
use super::shape::Rect;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::world::view::{PartitionState, RIBBON_RECORDS, WorldView};
use std::sync::Arc;

/// A cluster narrower than this has its partitions' labels above their ribbons.
const ABOVE: f32 = 380.0;
/// More partitions than this are ribbons without cells.
const MANY: usize = 24;
/// Cells, and from one to the next, where there is little room for them: a 720 px embed shows ten.
const SLENDER: (f32, f32) = (18.0, 20.0);
/// A broker's card, and one row of them.
pub(super) const BROKER_H: f32 = 58.0;
const BROKERS_H: f32 = 66.0;
/// A card's width at the least and at the most, and of one that is a line at the most; the room that three of them side by side need.
const BROKER_W: (f32, f32) = (136.0, 230.0);
const BROKER_LINE_W: f32 = 320.0;
const BROKERS_W: f32 = 3.0 * BROKER_W.0 + 2.0 * GAP;
/// A broker's card that is one line, and from one to the next.
const BROKER_LINE: f32 = 30.0;
const BROKER_STEP: f32 = 34.0;
/// A topic's name above its ribbons, and an internal topic.
const TOPIC_H: f32 = 28.0;
const INTERNAL_H: f32 = 36.0;
/// From one follower's line to the next.
const DENSE_FOLLOWER_H: f32 = 3.0;

/// How large a ribbon is: its cells, from one to the next, whether offsets are written, and the room below.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub cell: (f32, f32),
    pub pitch: f32,
    pub numerals: bool,
    pub under: f32,
    /// From 0, at ease, to 1: as low as it can be read.
    pub tight: f32,
}

/// A window of fewer slots is short.
const SHORT: i64 = 16;

const DENSE: Size = Size { cell: (0.0, 8.0), pitch: 0.0, numerals: false, under: 8.0, tight: 0.0 };
/// One partition's records, large enough to be read.
pub(super) const LARGE: Size = Size { cell: (86.0, 84.0), pitch: 92.0, numerals: true, under: 50.0, tight: 0.0 };

pub(super) fn size(users: usize, narrow: bool) -> Size {
    let (cell, pitch, numerals, under) = match users {
        0..=3 if !narrow => ((20.0, 26.0), 22.0, true, 60.0),
        0..=4 => ((20.0, 26.0), 22.0, true, 46.0),
        5..=6 => ((20.0, 22.0), 22.0, true, 30.0),
        7..=14 => ((14.0, 18.0), 16.0, true, 34.0),
        15..=MANY => ((9.0, 12.0), 10.0, false, 18.0),
        _ => return DENSE,
    };
    Size { cell, pitch, numerals, under, tight: 0.0 }
}

/// Room above a ribbon's cells, below them, from one follower to the next, and below the rail: at ease, and at the least.
const HEAD: (f32, f32) = (26.0, 17.0);
const BELOW: (f32, f32) = (7.0, 6.0);
const UNDER: f32 = 20.0;

fn between((ease, least): (f32, f32), tight: f32) -> f32 {
    ease + (least - ease) * tight
}

impl Size {
    /// From one row to the next, when its partition has so many followers.
    pub fn height(&self, followers: usize, tight: f32) -> f32 {
        let below = between(BELOW, tight);
        between(HEAD, tight) + self.cell.1 + below * (followers + 1) as f32 - 7.0 + between((self.under, UNDER), tight)
    }

    /// Rows as high as `room` allows for `count` of them.
    pub fn fit(mut self, room: f32, count: usize, followers: usize) -> Self {
        let (ease, least) = (self.height(followers, 0.0), self.height(followers, 1.0));
        if self.numerals && count > 0 && ease > least {
            self.tight = ((ease - room / count as f32) / (ease - least)).clamp(0.0, 1.0);
        }
        self
    }
}

fn users(view: &WorldView) -> impl Iterator<Item = (usize, &PartitionState)> {
    view.partitions.iter().enumerate().filter(|(_, p)| !p.internal)
}

/// Records on the whole of a dense ribbon: the same for all, so that they can be compared.
fn scale(view: &WorldView) -> i64 {
    let most = users(view).map(|(_, p)| p.view.end_offset.saturating_sub(p.view.log_start_offset)).max().unwrap_or(0);
    let mut scale = 50;
    while scale <= most {
        // 50, 100, 200, 500, …
        scale = if scale.to_string().starts_with('2') { scale / 2 * 5 } else { scale.saturating_mul(2) };
    }
    scale
}

/// The room of the middle column: its left and upper edges and its width, in CSS pixels.
#[derive(Clone, Copy)]
pub struct Area {
    pub x: f32,
    pub y: f32,
    pub w: f32,
}

impl Area {
    /// The left edge of cards and names: on a narrow page ribbons stand a little to the right of it.
    pub fn edge(self, narrow: bool) -> f32 {
        if narrow { self.x - 8.0 } else { self.x }
    }
}

/// The brokers side by side, and below them each topic with its ribbons: what every arrangement begins with. Gives back the size of the
/// ribbons and where the last of them ends.
pub(super) fn brokers_and_topics(out: &mut Layout, view: &WorldView, camera: &View, area: Area) -> (Size, f32) {
    let Area { x, w, .. } = area;
    let x0 = area.edge(out.narrow);
    let mut y = brokers(out, view, area);
    let faulty = links(view).len();
    y = place(faulty, x0, y, w, &mut out.links);
    let size = ribbon_size(out.narrow, view, camera, y);
    out.dense = size.pitch == 0.0;
    let scale = if out.dense { scale(view) } else { 0 };
    let mut topic: Option<&Arc<str>> = None;
    for (i, p) in users(view) {
        if topic != Some(&p.view.topic) {
            topic = Some(&p.view.topic);
            out.topics.push((p.view.topic.clone(), Rect { x: x0, y, w, h: 24.0 }));
            y += TOPIC_H;
        }
        let row = row(out.narrow, view, (i, p), size, scale, (x, y, w));
        y = (row.rail - 7.0 + between((size.under, UNDER.min(size.under)), size.tight)).max(y + 14.0);
        out.rows.push(row);
    }
    if out.topics.is_empty() {
        y += 60.0;
    }
    out.bands.clone_from(&out.brokers);
    (size, y)
}

/// The brokers' cards: side by side, or one below the other, each of one line, where there is no room for that. Gives back where they end.
fn brokers(out: &mut Layout, view: &WorldView, area: Area) -> f32 {
    let (x, w) = (area.edge(out.narrow), area.w);
    let count = view.brokers.len();
    if !out.narrow && count > 1 && w < BROKERS_W {
        let line = |i| Rect { x, y: area.y + i as f32 * BROKER_STEP, w: w.min(BROKER_LINE_W), h: BROKER_LINE };
        out.brokers.extend((0..count).map(line));
        return area.y + count as f32 * BROKER_STEP + 4.0;
    }
    let beside = count.clamp(1, 3) as f32;
    let (room, card) = if out.narrow {
        (w + 16.0, ((w + 16.0 - GAP) / 2.0).max(156.0))
    } else {
        (w, ((w - GAP * (beside - 1.0)) / beside).clamp(BROKER_W.0, BROKER_W.1))
    };
    let per_row = ((room + GAP) / (card + GAP)).floor().max(1.0) as usize;
    for i in 0..count {
        let (row, column) = (i / per_row, i % per_row);
        out.brokers.push(Rect { x: x + column as f32 * (card + GAP), y: area.y + row as f32 * BROKERS_H, w: card, h: BROKER_H });
    }
    area.y + count.div_ceil(per_row) as f32 * BROKERS_H + if out.narrow { 10.0 } else { 4.0 }
}

/// How large the ribbons are that begin at `y`: as their number asks for, and lower where a wide page's height is given.
fn ribbon_size(narrow: bool, view: &WorldView, camera: &View, y: f32) -> Size {
    let count = users(view).count();
    let usual = size(count + usize::from(camera.density) * 6, narrow);
    // Flags of several groups hang below each other.
    if camera.room <= 0.0 || narrow || view.groups.len() >= 2 {
        return usual;
    }
    let names =
        |internal| view.partitions.iter().filter(|p| p.internal == internal).map(|p| &p.view.topic).collect::<SortedVecSet<_>>().len();
    let others = names(false) as f32 * TOPIC_H + names(true) as f32 * INTERNAL_H + GAP;
    let followers = users(view).map(|(_, p)| p.view.replicas.len().saturating_sub(1)).max().unwrap_or(0);
    usual.fit(camera.room - y - others, count, followers)
}

/// Internal topics, a line each, from `y` on. Gives back where they end.
pub(super) fn internal_topics(out: &mut Layout, view: &WorldView, area: Area, mut y: f32) -> f32 {
    let mut internal: SortedVecSet<Arc<str>> = SortedVecSet::new();
    for p in view.partitions.iter().filter(|p| p.internal) {
        if internal.insert(p.view.topic.clone()) {
            out.internal.push((p.view.topic.clone(), Rect { x: area.edge(out.narrow), y: y + 6.0, w: area.w, h: 26.0 }));
            y += INTERNAL_H;
        }
    }
    y
}

/// The broker that a partition stands under: its leader; without one a replica in sync whose broker is down, since most likely it led.
pub(super) fn home(view: &WorldView, p: &PartitionState) -> i32 {
    let p = &p.view;
    if p.leader >= 0 {
        return p.leader;
    }
    let mut replicas = view.replicas.iter().filter(|r| r.partition == p.partition && r.topic == p.topic);
    let down = replicas.find(|r| !r.running && p.isr.contains(&r.broker));
    down.map(|r| r.broker).or(p.replicas.last().copied()).unwrap_or(-1)
}

/// A ribbon with its label from `y` on; below its cells a line for each follower, and below those its rail.
pub(super) fn row(
    narrow: bool,
    view: &WorldView,
    (i, p): (usize, &PartitionState),
    size: Size,
    scale: i64,
    (x, mut y, w): (f32, f32, f32),
) -> Row {
    let dense = size.pitch == 0.0;
    let large = size.cell.0 > 56.0;
    // Where a label beside its ribbon would leave it no room, it stands above it.
    let above = large || !dense && (narrow || w < ABOVE);
    let (label_w, label_h) = match (above, dense) {
        (true, _) => (if large { w.min(360.0) } else { w }, 18.0),
        (_, true) if narrow => (84.0, 14.0),
        (_, true) => (112.0, 14.0),
        _ => (112.0, size.cell.1),
    };
    let label_y = y;
    if above {
        y += label_h;
    }
    let size = if above && !narrow && size.pitch > SLENDER.1 && !large {
        Size { cell: (SLENDER.0, size.cell.1), pitch: SLENDER.1, ..size }
    } else {
        size
    };
    let head = between(HEAD, size.tight);
    if size.numerals {
        y += head;
    }
    let label_x = if narrow { x - 8.0 } else { x };
    let cells_x = if above { x + 4.0 } else { label_x + label_w + 8.0 };
    // The log's end is named in the room that is kept for the next records.
    let tail = if narrow || above { 34.0 } else { 64.0 };
    let room = (x + w - tail - cells_x).max(40.0);
    // Below a label of two lines the followers have their numbers.
    let lift = if dense { 0.0 } else { 5.0 };
    let label_y = if above { label_y } else { y + (size.cell.1 - label_h) / 2.0 - lift };
    let label = Rect { x: label_x, y: label_y, w: label_w, h: label_h };
    let (cell, pitch, capacity) = if dense {
        let pitch = room / scale as f32;
        ((pitch * 0.85, size.cell.1), pitch, scale)
    } else {
        let fit = (room / size.pitch).floor() as i64;
        (size.cell, size.pitch, fit.clamp(if large { 2 } else { 4 }, i64::from(RIBBON_RECORDS)))
    };
    let v = &p.view;
    let home = home(view, p);
    let below = between(BELOW, size.tight);
    let (mut rail, step) = if dense { (y + cell.1 + 3.0, DENSE_FOLLOWER_H) } else { (y + cell.1 + below, below) };
    let mut followers = Vec::new();
    // One line less than replicas, with and without a leader: the rows stand still when one dies.
    for broker in v.replicas.iter().filter(|id| **id != home).take(v.replicas.len().saturating_sub(1)) {
        followers.push((*broker, rail));
        rail += step;
    }
    Row {
        partition: i,
        label,
        cells_x,
        span: capacity as f32 * pitch,
        origin: cells_x,
        top: y,
        cell,
        pitch,
        capacity,
        first: match (dense, large) {
            (true, _) => v.log_start_offset,
            (_, true) => v.end_offset.saturating_add(1).saturating_sub(capacity).max(v.log_start_offset),
            _ => window(v.log_start_offset, v.end_offset, capacity),
        },
        home,
        followers,
        rail,
        right: if narrow { x + w + 8.0 } else { x + w },
        numerals: size.numerals,
        copies: 0.0,
        head,
    }
}

/// The offset in the first slot. The window turns like a page, a part at a time, so that records stand still between turns; a slot is
/// kept free for the next record. A short window turns by less, so that it is nearly full at all times.
pub fn window(start: i64, end: i64, capacity: i64) -> i64 {
    let need = end.saturating_add(2).saturating_sub(capacity);
    if need <= start {
        return start;
    }
    let parts = if capacity < SHORT { 6 } else { 4 };
    let step = (capacity / parts).max(1);
    need.saturating_add(step - 1) / step * step
}
