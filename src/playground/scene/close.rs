//! One thing fills the room: a topic, a broker, a partition or a record. Everything else stands outside, above the room or below it.

use super::View;
use super::arrangements::{by_broker, by_topic};
use super::cluster::{Area, BROKER_H, LARGE, Size, row, size};
use super::layout::{Layout, Row, Width, columns};
use super::shape::Rect;
use super::zoom::is;
use crate::world::target::Target;
use crate::world::view::WorldView;
use std::sync::Arc;

/// A row that is not seen is this far outside of the room, in CSS pixels, with all that hangs on it.
const OUTSIDE: f32 = 120.0;
/// The height of the line that says what is not in view.
const SUMMARY_H: f32 = 30.0;
/// The width of the list of a record's stations, with the page's edge.
const TRAIL_W: f32 = 394.0;
/// Cells of a topic's or a broker's ribbons are not larger than this.
const CELL: (f32, f32) = (40.0, 56.0);
/// From one follower's ribbon to the next in a partition that is looked into.
const COPY_H: f32 = 34.0;
/// The height of what a broker leads, at most.
const BAND_H: f32 = 150.0;
/// The record's ribbon: a cell's height, and cells where the page is wide and where it is narrow.
const RECORD: (f32, i64, i64) = (84.0, 5, 3);

/// The whole picture with `what` in the room that there is.
pub(super) fn close_up(view: &WorldView, camera: &View, what: &Target) -> Layout {
    columns(view, camera, Width::Close, |out, area| close(out, view, camera, what, area))
}

/// Places the middle column: everything as in an arrangement, then `what` anew in the room, and everything else outside. Gives back where
/// it ends.
fn close(out: &mut Layout, view: &WorldView, camera: &View, what: &Target, area: Area) -> f32 {
    let cluster = if let Target::Broker(_) = what { by_broker::cluster } else { by_topic::cluster };
    let end = cluster(out, view, camera, area);
    // Where everything is above the room or below it; on a narrow page other things stand below.
    let (narrow, y) = (out.narrow, area.y);
    let room = match (narrow, camera.room > 0.0) {
        (true, _) => y + 520.0,
        (_, true) => camera.room.max(440.0),
        _ => 640.0,
    };
    let floor = room - SUMMARY_H;
    let below = if narrow { -end - 2.0 * OUTSIDE } else { room + OUTSIDE - y };
    let above = -end - OUTSIDE;
    let edge = first(out, view, what).unwrap_or(y);
    let outside = |top: f32| if top < edge { above } else { below };
    out.rows.iter_mut().for_each(|row| shift(row, outside(row.top)));
    out.brokers.iter_mut().chain(&mut out.bands).for_each(|rect| rect.y += outside(rect.y));
    out.topics.iter_mut().for_each(|(_, rect)| rect.y += outside(rect.y));
    out.internal.iter_mut().for_each(|(_, rect)| rect.y += below);
    let mut room = Room { out, view, area, floor, above };
    let filled = match what {
        Target::Topic(topic) => Some(room.topic(topic)),
        Target::Broker(name) => room.broker(name),
        Target::Partition(topic, n) => room.partition(topic, *n),
        Target::Record(topic, n, offset) => room.record(what, (topic, *n, *offset), camera),
        _ => None,
    };
    let Some(filled) = filled else { return end };
    // Below it, on a narrow page, the groups go on.
    if narrow { filled + 8.0 } else { filled.max(floor) + SUMMARY_H }
}

fn shift(row: &mut Row, by: f32) {
    (row.top, row.rail, row.label.y) = (row.top + by, row.rail + by, row.label.y + by);
    row.followers.iter_mut().for_each(|f| f.1 += by);
}

/// The upper edge of what is looked into, as it stood.
fn first(out: &Layout, view: &WorldView, what: &Target) -> Option<f32> {
    match what {
        Target::Topic(topic) => out.topics.iter().find(|t| t.0 == *topic).map(|t| t.1.y),
        Target::Broker(name) => view.brokers.iter().position(|b| b.name == *name).and_then(|i| out.brokers.get(i)).map(|card| card.y),
        Target::Partition(topic, n) | Target::Record(topic, n, _) => out.rows.iter().find(|r| is(view, r, topic, *n)).map(|r| r.top),
        _ => None,
    }
}

/// Cells as large as rows of such a height allow.
fn larger(size: Size, height: f32, followers: usize) -> Size {
    if size.pitch == 0.0 {
        return size;
    }
    // What room there is goes to the cells first.
    let size = size.fit(0.0, 1, followers);
    let more = height - size.height(followers, size.tight);
    let cell_h = (size.cell.1 + more.max(0.0) * 0.8).min(CELL.1).max(size.cell.1);
    let cell_w = (cell_h * 0.9).min(CELL.0).max(size.cell.0);
    let tall = Size { cell: (cell_w, cell_h), ..size };
    let under = 20.0 + (height - tall.height(followers, size.tight)).max(0.0);
    Size { cell: (cell_w, cell_h), pitch: cell_w + 3.0, under, ..size }
}

/// The room that one thing fills, from `area.y` to `floor`. What it does not show goes to `above`.
struct Room<'a> {
    out: &'a mut Layout,
    view: &'a WorldView,
    area: Area,
    floor: f32,
    above: f32,
}

impl Room<'_> {
    /// A partition's ribbon, from `y` on.
    fn ribbon(&self, partition: usize, size: Size, y: f32) -> Option<Row> {
        let state = self.view.partitions.get(partition)?;
        Some(row(self.out.narrow, self.view, (partition, state), size, 0, (self.area.x, y, self.area.w)))
    }

    /// The rows that fit, by index.
    fn rows(&self, fits: impl Fn(&Row) -> bool) -> Vec<usize> {
        (0..self.out.rows.len()).filter(|i| fits(&self.out.rows[*i])).collect()
    }

    /// A topic's name, below it its partitions. Gives back where they end.
    fn topic(&mut self, topic: &Arc<str>) -> f32 {
        let mut y = self.area.y;
        for (_, rect) in self.out.topics.iter_mut().filter(|(name, _)| name == topic) {
            rect.y = y;
        }
        y += 30.0;
        let rows = self.rows(|row| self.view.partitions.get(row.partition).is_some_and(|p| p.view.topic == *topic));
        let followers = rows.iter().map(|i| self.out.rows[*i].followers.len()).max().unwrap_or(0);
        let size = larger(size(rows.len(), self.out.narrow), (self.floor - y) / rows.len().max(1) as f32, followers);
        for i in rows {
            if size.pitch == 0.0 {
                // Too many to be cells: they move up, as they are.
                let row = &mut self.out.rows[i];
                shift(row, y - row.top);
                y = row.rail + 8.0;
            } else if let Some(new) = self.ribbon(self.out.rows[i].partition, size, y) {
                y = new.rail - 7.0 + size.under;
                self.out.rows[i] = new;
            }
        }
        y
    }

    /// A broker's card, below it the partitions that it leads, then its copies of others. Gives back where they end.
    fn broker(&mut self, name: &Arc<str>) -> Option<f32> {
        let i = self.view.brokers.iter().position(|b| b.name == *name)?;
        let id = self.view.brokers[i].node_id;
        let mut y = self.area.y;
        if let Some(card) = self.out.brokers.get_mut(i) {
            card.y = y;
        }
        y += BROKER_H + 14.0;
        let leads = self.rows(|row| row.home == id);
        let follows = self.out.rows.iter().flat_map(|row| &row.followers).filter(|f| f.0 == id).count();
        let dense = size(leads.len() + follows, self.out.narrow).pitch == 0.0;
        let step = if dense { 13.0 } else { 24.0 };
        let free = self.floor - y - follows as f32 * step;
        let size = larger(size(leads.len(), self.out.narrow), (free / leads.len().max(1) as f32).min(BAND_H), 0);
        for i in leads {
            if let Some(mut new) = self.ribbon(self.out.rows[i].partition, size, y).filter(|_| !dense && size.pitch > 0.0) {
                new.rail = new.top + new.cell.1 + 7.0;
                y = new.rail - 7.0 + size.under;
                self.out.rows[i] = new;
            } else {
                let row = &mut self.out.rows[i];
                shift(row, y - row.top);
                y += 14.0;
            }
            // Its copies are on other brokers.
            self.out.rows[i].followers.iter_mut().for_each(|f| f.1 = self.above);
        }
        let step = ((self.floor - y) / follows.max(1) as f32).min(if dense { step } else { COPY_H }).max(step);
        for row in self.out.rows.iter_mut().filter(|row| row.home != id) {
            for f in &mut row.followers {
                f.1 = if f.0 == id { y + step / 2.0 } else { self.above };
                y += if f.0 == id { step } else { 0.0 };
            }
        }
        if let Some(rect) = self.out.bands.get_mut(i) {
            *rect = Rect { x: rect.x, y: self.area.y, w: rect.w, h: y + 6.0 - self.area.y };
        }
        Some(y)
    }

    /// What the cells of one large ribbon have: the room to the right of them, and the height that is free for them when there are so many
    /// copies below them.
    fn large(&self, copies: usize) -> (f32, f32) {
        let tail = if self.out.narrow { 34.0 } else { 64.0 };
        // Label and numbers above the cells, a flag below the rail.
        let free = self.floor - self.area.y - 18.0 - 26.0 - copies as f32 * COPY_H - 44.0;
        (self.area.w - tail - 8.0, free)
    }

    /// A partition with cells that can be read, as many as fit, and a ribbon for each copy. Gives back where it ends.
    fn partition(&mut self, topic: &Arc<str>, n: i32) -> Option<f32> {
        let narrow = self.out.narrow;
        let i = self.out.rows.iter().position(|row| is(self.view, row, topic, n))?;
        let (room, free) = self.large(self.out.rows[i].followers.len());
        let height = free.min(if narrow { 108.0 } else { 140.0 }).max(84.0);
        let pitch = room / (room / if narrow { 70.0 } else { LARGE.pitch }).floor().max(2.0);
        let size = Size { cell: (pitch - 6.0, height), pitch, ..LARGE };
        let top = if narrow { self.area.y } else { self.area.y + ((free - height) / 2.0).max(0.0) };
        let new = self.ribbon(self.out.rows[i].partition, size, top)?;
        Some(self.with_copies(i, new))
    }

    /// A record in the middle of a few of its partition's cells, below them a ribbon for each copy, then the room for its words. Gives back
    /// where it ends.
    fn record(&mut self, what: &Target, (topic, n, offset): (&Arc<str>, i32, i64), camera: &View) -> Option<f32> {
        let narrow = self.out.narrow;
        let i = self.out.rows.iter().position(|row| is(self.view, row, topic, n))?;
        let (room, _) = self.large(self.out.rows[i].followers.len());
        let count = if narrow { RECORD.2 } else { RECORD.1 };
        let pitch = room / count as f32;
        let size = Size { cell: (pitch - 6.0, RECORD.0), pitch, ..LARGE };
        let mut new = self.ribbon(self.out.rows[i].partition, size, self.area.y)?;
        (new.capacity, new.span, new.first) = (count, count as f32 * pitch, offset.saturating_sub(count / 2));
        let (x, y) = (new.label.x, self.with_copies(i, new));
        // Beside it, on a wide page, the list of its stations stands.
        let wide = self.area.w.min((camera.width - TRAIL_W - x).max(300.0));
        let (w, least) = if narrow { (self.area.w + 16.0, 320.0) } else { (wide, 240.0) };
        let words = Rect { x, y, w, h: (self.floor - y).max(least) };
        self.out.record = Some((what.clone(), words));
        Some(words.bottom())
    }

    /// Puts a row in its place, with a ribbon for each of its copies. Gives back where it ends.
    fn with_copies(&mut self, i: usize, mut new: Row) -> f32 {
        let mut line = new.top + new.cell.1 + COPY_H - 8.0;
        for f in &mut new.followers {
            f.1 = line;
            line += COPY_H;
        }
        new.rail = line - COPY_H + 18.0;
        new.copies = 1.0;
        let end = new.rail + 30.0;
        self.out.rows[i] = new;
        end
    }
}
