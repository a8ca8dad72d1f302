//! From the whole cluster to one record, a step at a time: what one looks into fills the room, the rest stands outside and is counted.

use super::View;
use super::cluster::{BROKER_H, LARGE, Size, cluster, row, size};
use super::layout::{By, Layout, Row, arrange, ease};
use super::shape::{Align, Ink, Rect, Shape, at};
use crate::world::target::Target;
use crate::world::view::{PartitionState, WorldView};
use std::sync::Arc;

/// The steps: the whole cluster is 0, a topic or a broker 1, a partition 2, a record 3. Into other things one cannot look.
pub fn depth(what: Option<&Target>) -> u8 {
    match what {
        Some(Target::Topic(_) | Target::Broker(_)) => 1,
        Some(Target::Partition(..)) => 2,
        Some(Target::Record(..)) => 3,
        _ => 0,
    }
}

/// A row of the stage that is not seen has this much room between it and the edge, with all that hangs on it.
const OUTSIDE: f32 = 120.0;
/// The line that says what is not in view.
const AWAY_H: f32 = 30.0;
/// Letters of it that fit into a line of a narrow page.
const NARROW_WORDS: usize = 60;
/// The list of a record's stations, with the page's edge.
const TRAIL_W: f32 = 394.0;
/// Cells of a topic's or a broker's ribbons are not larger than this.
const CELL: (f32, f32) = (40.0, 56.0);
/// From one follower's ribbon to the next, when one looks into a partition.
const COPY_H: f32 = 34.0;
/// What a broker leads is not higher than this.
const BAND_H: f32 = 150.0;
/// The record's ribbon: a cell's height, and cells where the page is wide and where it is narrow.
const RECORD: (f32, i64, i64) = (84.0, 5, 3);

/// The way from the cluster to a thing, the thing last; empty when it is not there or cannot be looked into.
pub fn zoom_steps(view: &WorldView, what: &Target, by_broker: bool) -> Vec<Target> {
    let partition =
        |topic: &Arc<str>, n: i32| view.partitions.iter().find(|p| p.view.partition == n && p.view.topic == *topic && !p.internal);
    match what {
        Target::Topic(topic) if partition(topic, 0).is_some() => vec![what.clone()],
        Target::Broker(name) if by_broker && view.brokers.iter().any(|b| b.name == *name) => vec![what.clone()],
        Target::Partition(topic, n) => {
            let Some(p) = partition(topic, *n) else { return Vec::new() };
            let home = super::cluster::home(view, p);
            let broker = view.brokers.iter().find(|b| by_broker && b.node_id == home);
            vec![broker.map_or_else(|| Target::Topic(topic.clone()), |b| Target::Broker(b.name.clone())), what.clone()]
        }
        Target::Record(topic, n, _) => {
            let mut steps = zoom_steps(view, &Target::Partition(topic.clone(), *n), by_broker);
            if !steps.is_empty() {
                steps.push(what.clone());
            }
            steps
        }
        _ => Vec::new(),
    }
}

/// One step from where one is towards a thing.
pub fn zoom_into(view: &WorldView, here: Option<&Target>, what: &Target, by_broker: bool) -> Option<Target> {
    let steps = zoom_steps(view, what, by_broker);
    let next = match here {
        None => 0,
        // Beside the way: to what is as deep.
        Some(here) => steps.iter().position(|step| step == here).map_or(usize::from(depth(Some(here))).saturating_sub(1), |i| i + 1),
    };
    steps.get(next).or(steps.last()).cloned().or_else(|| here.cloned())
}

/// One step out.
pub fn zoom_out(view: &WorldView, here: &Target, by_broker: bool) -> Option<Target> {
    let mut steps = zoom_steps(view, here, by_broker);
    steps.pop();
    steps.pop()
}

/// Goes into `camera.focus` as far as the camera has gone.
#[allow(clippy::manual_clamp)]
pub(super) fn zoom_layout(out: &mut Layout, view: &WorldView, camera: &View, what: &Target) {
    let steps = zoom_steps(view, what, camera.mix >= 0.5);
    let zoom = camera.zoom.min(steps.len() as f32);
    let (whole, part) = (zoom as usize, zoom.fract());
    let mix = out.mix * (2.0 - zoom).min(1.0).max(0.0);
    if let Some(step) = whole.checked_sub(1).and_then(|i| steps.get(i)) {
        *out = arrange(view, camera, By::Close(step));
    }
    if let Some(step) = steps.get(whole).filter(|_| part > 0.0) {
        let to = arrange(view, camera, By::Close(step));
        if let Some((record, words)) = &to.record {
            // The words unfold from the record's cell.
            let from = slot(out, view, record).unwrap_or(*words);
            out.record = Some((record.clone(), from));
        }
        out.blend(&to, ease(part));
    }
    out.mix = mix;
    out.zoomed = !steps.is_empty();
}

/// A record's cell.
pub(super) fn slot(layout: &Layout, view: &WorldView, record: &Target) -> Option<Rect> {
    let Target::Record(topic, n, offset) = record else { return None };
    let row = layout.rows.iter().find(|r| is(view, r, topic, *n))?;
    Some(Rect { x: row.slot(*offset), y: row.top, w: row.cell.0, h: row.cell.1 })
}

fn is(view: &WorldView, row: &Row, topic: &Arc<str>, n: i32) -> bool {
    view.partitions.get(row.partition).is_some_and(|p| p.view.partition == n && p.view.topic == *topic)
}

/// The cluster with one thing in the room that there is: `cluster` places everything, then what is looked into is placed anew and
/// everything else goes outside. Gives back where it ends.
#[allow(clippy::manual_clamp)]
pub(super) fn close_layout(out: &mut Layout, view: &WorldView, camera: &View, what: &Target, x: f32, y: f32, w: f32) -> f32 {
    let by = if let Target::Broker(_) = what { By::Broker } else { By::Topic };
    let end = cluster(out, view, camera, by, x, y, w);
    // Where everything is above the room or below it; on a narrow page other things stand below.
    let room = match (out.narrow, camera.room > 0.0) {
        (true, _) => y + 520.0,
        (_, true) => camera.room.max(440.0),
        _ => 640.0,
    };
    let floor = room - AWAY_H;
    let below = if out.narrow { -end - 2.0 * OUTSIDE } else { room + OUTSIDE - y };
    let above = -end - OUTSIDE;
    let edge = first(out, view, what).unwrap_or(y);
    let away = |top: f32| if top < edge { above } else { below };
    let shift = |row: &mut Row, by: f32| {
        (row.top, row.rail, row.label.y) = (row.top + by, row.rail + by, row.label.y + by);
        row.followers.iter_mut().for_each(|f| f.1 += by);
    };
    out.rows.iter_mut().for_each(|row| shift(row, away(row.top)));
    out.brokers.iter_mut().chain(&mut out.bands).for_each(|rect| rect.y += away(rect.y));
    out.topics.iter_mut().for_each(|(_, rect)| rect.y += away(rect.y));
    out.internal.iter_mut().for_each(|(_, rect)| rect.y += below);

    let narrow = out.narrow;
    let made = |partition: usize, size: Size, y: f32| {
        view.partitions.get(partition).map(|p| row(narrow, view, (partition, p), size, 0, (x, y, w)))
    };
    let mut y = y;
    match what {
        Target::Topic(topic) => {
            for (_, rect) in out.topics.iter_mut().filter(|(name, _)| name == topic) {
                rect.y = y;
            }
            y += 30.0;
            let mine = |row: &Row| view.partitions.get(row.partition).is_some_and(|p| p.view.topic == *topic);
            let count = out.rows.iter().filter(|row| mine(row)).count();
            let followers = out.rows.iter().filter(|row| mine(row)).map(|row| row.followers.len()).max().unwrap_or(0);
            let size = larger(size(count, narrow), (floor - y) / count.max(1) as f32, followers);
            for r in out.rows.iter_mut().filter(|row| mine(row)) {
                if size.pitch == 0.0 {
                    // Too many to be cells: they move up, as they are.
                    let by = y - r.top;
                    shift(r, by);
                    y = r.rail + 8.0;
                } else if let Some(new) = made(r.partition, size, y) {
                    y = new.rail - 7.0 + size.under;
                    *r = new;
                }
            }
        }
        Target::Broker(name) => {
            let Some(i) = view.brokers.iter().position(|b| b.name == *name) else { return end };
            let (id, top) = (view.brokers[i].node_id, y);
            if let Some(card) = out.brokers.get_mut(i) {
                card.y = y;
            }
            y += BROKER_H + 14.0;
            let leads = out.rows.iter().filter(|row| row.home == id).count();
            let follows = out.rows.iter().flat_map(|row| &row.followers).filter(|f| f.0 == id).count();
            let dense = size(leads + follows, narrow).pitch == 0.0;
            let step = if dense { 11.0 } else { 24.0 };
            let free = floor - y - follows as f32 * step;
            let size = larger(size(leads, narrow), (free / leads.max(1) as f32).min(BAND_H), 0);
            // What it leads first, then its copies.
            for r in out.rows.iter_mut().filter(|row| row.home == id) {
                if let Some(mut new) = made(r.partition, size, y).filter(|_| !dense && size.pitch > 0.0) {
                    new.rail = new.top + new.cell.1 + 7.0;
                    y = new.rail - 7.0 + size.under;
                    *r = new;
                } else {
                    let by = y - r.top;
                    shift(r, by);
                    y += 14.0;
                }
                // Its copies are on other brokers.
                r.followers.iter_mut().for_each(|f| f.1 = above);
            }
            let step = ((floor - y) / follows.max(1) as f32).min(if dense { step } else { COPY_H }).max(step);
            for row in out.rows.iter_mut().filter(|row| row.home != id) {
                for f in &mut row.followers {
                    f.1 = if f.0 == id { y + step / 2.0 } else { above };
                    y += if f.0 == id { step } else { 0.0 };
                }
            }
            if let Some(rect) = out.bands.get_mut(i) {
                *rect = Rect { x: rect.x, y: top, w: rect.w, h: y + 6.0 - top };
            }
        }
        Target::Partition(topic, n) | Target::Record(topic, n, _) => {
            let Some(r) = out.rows.iter_mut().find(|row| is(view, row, topic, *n)) else { return end };
            let offset = if let Target::Record(_, _, offset) = what { Some(*offset) } else { None };
            let copies = r.followers.len() as f32 * COPY_H;
            // Label and numbers above the cells, a flag below the rail.
            let free = floor - y - 18.0 - 26.0 - copies - 44.0;
            let cell_h = if offset.is_some() { RECORD.0 } else { free.min(if narrow { 108.0 } else { 140.0 }) };
            let tail = if narrow { 34.0 } else { 64.0 };
            let count = if narrow { RECORD.2 } else { RECORD.1 };
            let pitch = match offset {
                Some(_) => (w - tail - 8.0) / count as f32,
                // As many as are well read, over the whole width.
                _ => (w - tail - 8.0) / ((w - tail - 8.0) / if narrow { 70.0 } else { LARGE.pitch }).floor().max(2.0),
            };
            let size = Size { cell: (pitch - 6.0, cell_h.max(84.0)), pitch, ..LARGE };
            let top = if offset.is_some() || narrow { y } else { y + ((free - size.cell.1) / 2.0).max(0.0) };
            let Some(mut new) = made(r.partition, size, top) else { return end };
            if let Some(offset) = offset {
                (new.capacity, new.span, new.first) = (count, count as f32 * pitch, offset.saturating_sub(count / 2));
            }
            let mut line = new.top + new.cell.1 + COPY_H - 8.0;
            for f in &mut new.followers {
                f.1 = line;
                line += COPY_H;
            }
            new.rail = line - COPY_H + 18.0;
            new.copies = 1.0;
            y = new.rail + 30.0;
            if offset.is_some() {
                // Beside it, on a wide page, the list of its stations stands.
                let wide = w.min((camera.width - TRAIL_W - new.label.x).max(300.0));
                let words = Rect {
                    x: new.label.x,
                    y,
                    w: if narrow { w + 16.0 } else { wide },
                    h: (floor - y).max(if narrow { 320.0 } else { 240.0 }),
                };
                y = words.bottom();
                out.record = Some((what.clone(), words));
            }
            *r = new;
        }
        _ => return end,
    }
    // Below it, on a narrow page, the groups go on.
    if narrow { y + 8.0 } else { y.max(floor) + AWAY_H }
}

/// The uppermost of what one looks into, as it stood.
fn first(out: &Layout, view: &WorldView, what: &Target) -> Option<f32> {
    match what {
        Target::Topic(topic) => out.topics.iter().find(|t| t.0 == *topic).map(|t| t.1.y),
        Target::Broker(name) => view.brokers.iter().position(|b| b.name == *name).and_then(|i| out.brokers.get(i)).map(|card| card.y),
        Target::Partition(topic, n) | Target::Record(topic, n, _) => out.rows.iter().find(|r| is(view, r, topic, *n)).map(|r| r.top),
        _ => None,
    }
}

/// Cells as large as rows of such a height allow.
#[allow(clippy::manual_clamp)]
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

/// What is not in view, in words; empty when all is.
pub(super) fn off_screen_summary(view: &WorldView, layout: &Layout) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |count: usize, one: &str, more: &str| {
        if count > 0 {
            words.push(format!("{count} {one}{}{more}", if count == 1 { "" } else { "s" }));
        }
    };
    let gone = |rect: &Rect| !layout.sees(rect);
    let part = |row: &&Row| gone(&row.tape());
    add(layout.brokers.iter().filter(|rect| gone(rect)).count(), "broker", "");
    let rows_of = |topic: &Arc<str>| {
        layout.rows.iter().filter(|row| view.partitions.get(row.partition).is_some_and(|p| p.view.topic == *topic)).all(|r| part(&r))
    };
    let topics = layout.topics.iter().filter(|topic| gone(&topic.1) && rows_of(&topic.0)).count();
    add(topics + layout.internal.iter().filter(|topic| gone(&topic.1)).count(), "topic", "");
    // Of some there is a copy to see.
    let copied = |row: &&Row| row.followers.iter().any(|f| f.1 > 0.0 && f.1 < layout.height);
    let copies = layout.rows.iter().filter(part).filter(copied).count();
    add(copies, "partition", " led elsewhere");
    add(layout.rows.iter().filter(part).count() - copies, "partition", "");
    let rows = || layout.rows.iter().filter(part).filter_map(|row| view.partitions.get(row.partition));
    let of = |p: &PartitionState, topic: &str, n: i32| p.view.partition == n && *p.view.topic == *topic;
    let under_way = view.flights.iter().flat_map(|f| f.cargo.iter()).filter(|c| rows().any(|p| of(p, &c.topic, c.partition))).count();
    add(under_way, "record", " under way");
    if words.is_empty() { String::new() } else { format!("Not in view: {}.", words.join(", ")) }
}

/// What is not in view is told at the foot; a record's words hang on its cell.
pub(super) fn zoom_shapes(view: &WorldView, layout: &Layout, away: &str, out: &mut Vec<Shape>) {
    if let Some((record, words)) = &layout.record
        && let Some(cell) = slot(layout, view, record)
    {
        // They hang on a line that points up to it.
        let (x, y) = (cell.x + cell.w / 2.0, words.y - 2.0);
        let points = [at(words.x, y), at(x - 6.0, y), at(x, y - 6.0), at(x + 6.0, y), at(words.right().max(x + 6.0), y)];
        for pair in points.windows(2) {
            out.push(Shape::Line { from: pair[0], to: pair[1], width: 1.25, ink: Ink::Accent, dash: 0.0, alpha: 0.6 });
        }
        out.push(Shape::Frame { rect: cell, ink: Ink::Accent });
    }
    let x = layout.topics.first().map_or(24.0, |topic| topic.1.x);
    let mut y = if layout.narrow { layout.headings.get(1).map_or(0.0, |h| h.1.y + 34.0) } else { layout.height - 14.0 };
    // A narrow page has room for half of it in a line.
    let cut = away.get(..NARROW_WORDS).filter(|_| layout.narrow).and_then(|head| head.rfind(", ")).map_or(away.len(), |at| at + 2);
    for text in [&away[..cut], &away[cut..]] {
        let text = text.into();
        out.push(Shape::Text { at: at(x, y), text, size: 11.0, bold: false, mono: false, ink: Ink::Muted, align: Align::Start });
        y += 13.0;
    }
}
