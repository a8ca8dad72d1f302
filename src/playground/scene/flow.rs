//! What moves: the quiet paths between clients and ribbons, and the records and requests on them.

use super::View;
use super::follow::Trail;
use super::key::key_colour;
use super::layout::{GroupBox, Layout, Row};
use super::links::look;
use super::shape::{Align, Dot, Ink, Point, Rect, Shape, at, bold, text};
use super::way::{Way, cubic, samples, straight};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::message::ApiKey;
use crate::world::ProcessState;
use crate::world::target::Target;
use crate::world::view::{Cargo, ConsumerState, Flight, WorldView};
use std::sync::Arc;

/// From a producer's card to the left end of a rail: one curve, or down along the margin where the page is narrow.
pub(super) fn into_row(card: Rect, row: &Row, layout: &Layout) -> Vec<[Point; 4]> {
    let (to, narrow) = (at(row.label.x - 4.0, row.rail), layout.narrow);
    if narrow {
        let from = at(card.x + card.w / 2.0, card.bottom());
        // Down between the cards, along their edge, down the margin.
        let (x, y) = (6.0, from.y + 6.0);
        let (bend, corner) = (at(from.x - 6.0, y), at(x + 6.0, y));
        let (down, turn) = (at(x, y + 6.0), at(x, to.y - 8.0));
        return vec![
            [from, at(from.x, y), at(from.x, y), bend],
            straight(bend, corner),
            [corner, at(x, y), at(x, y), down],
            straight(down, turn),
            [turn, at(x, to.y), at(x, to.y), to],
        ];
    }
    let from = at(card.right(), card.y + card.h / 2.0);
    if layout.dense {
        // To the trunk that all of them share, along it, and off it.
        let x = trunk(row, narrow);
        let turn = if to.y < from.y { -6.0 } else { 6.0 };
        let (on, down) = (at(x - 6.0, from.y), at(x, from.y + turn));
        let (off, end) = (at(x, to.y - turn), at(x + 6.0, to.y));
        let (a, b) = (at(x, from.y), at(x, to.y));
        return vec![straight(from, on), [on, a, a, down], straight(down, off), [off, b, b, end], straight(end, to)];
    }
    let bend = (to.x - from.x) * 0.55;
    vec![[from, at(from.x + bend, from.y), at(to.x - bend, to.y), to]]
}

/// Where ways into dense ribbons run side by side.
fn trunk(row: &Row, narrow: bool) -> f32 {
    if narrow { 6.0 } else { row.label.x - 16.0 }
}

/// From the right end of a rail to a card of a consumer.
pub(super) fn out_of_row(row: &Row, card: Rect, narrow: bool, width: f32) -> Vec<[Point; 4]> {
    let from = at(row.right, row.rail);
    if narrow {
        let to = at(card.right(), card.y + card.h / 2.0);
        let x = width - 6.0;
        let (turn, end) = (at(x, from.y + 8.0), at(x, to.y - 8.0));
        return vec![[from, at(x, from.y), at(x, from.y), turn], straight(turn, end), [end, at(x, to.y), at(x, to.y), to]];
    }
    let to = at(card.x, card.y + card.h / 2.0);
    let bend = (to.x - from.x) * 0.55;
    vec![[from, at(from.x + bend, from.y), at(to.x - bend, to.y), to]]
}

/// From a card of an app that produces too to the right end of a rail: beside the way on which it reads.
pub(super) fn back_into_row(card: Rect, row: &Row, layout: &Layout, width: f32) -> Vec<[Point; 4]> {
    let below = Rect { y: card.y + card.h * 0.25, ..card };
    out_of_row(row, below, layout.narrow, width).into_iter().rev().map(|[a, b, c, d]| [d, c, b, a]).collect()
}

pub(super) fn curves(legs: Vec<[Point; 4]>, width: f32, ink: Ink, dash: f32) -> impl Iterator<Item = Shape> {
    legs.into_iter().map(move |points| Shape::Curve { points, width, ink, dash, alpha: 1.0 })
}

pub(super) fn paths(view: &WorldView, layout: &Layout, camera: &View, out: &mut Vec<Shape>) {
    let topic = |row: &Row| view.partitions.get(row.partition).map(|p| &p.view.topic);
    for row in &layout.rows {
        let Some(p) = view.partitions.get(row.partition).filter(|_| layout.sees(&row.rect())) else { continue };
        let leader = view.brokers.iter().find(|b| b.node_id == p.view.leader).map_or("", |b| &*b.name);
        let from = if layout.dense { trunk(row, layout.narrow) + 6.0 } else { row.label.x - 4.0 };
        out.push(Shape::Line { from: at(from, row.rail), to: at(row.right, row.rail), width: 1.25, ink: Ink::Line, dash: 0.0, alpha: 1.0 });
        // Of a bundle the highest and the lowest way are all there is to draw.
        let mates = || layout.rows.iter().filter(|r| topic(r) == Some(&p.view.topic));
        let highest = mates().all(|r| r.rail >= row.rail);
        let bundled = layout.dense && !highest && mates().any(|r| r.rail > row.rail);
        let producers = view.producers.iter().zip(&layout.producers).filter(|(producer, _)| !bundled && producer.topic == p.view.topic);
        for (producer, card) in producers.filter(|(producer, _)| producer.state != ProcessState::Stopped) {
            let dash = if producer.state == ProcessState::Crashed { 3.0 } else { 0.0 };
            let (ink, dash) = look(view, &producer.name, leader).unwrap_or((Ink::Line, dash));
            out.extend(curves(into_row(*card, row, layout), 1.25, ink, dash));
            if layout.dense && !layout.narrow && highest {
                let count = mates().count();
                let place = at(trunk(row, false) - 8.0, card.y + card.h / 2.0 - 5.0);
                out.push(text(place, format!("to {count}"), Ink::Muted, Align::End));
            }
        }
        for group in &layout.groups {
            let mut owned = false;
            let mut wanted = false;
            for (c, card) in &group.members {
                let Some(c) = view.consumers.get(*c) else { continue };
                if !c.topics.contains(&p.view.topic) || c.state == ProcessState::Stopped {
                    continue;
                }
                wanted = true;
                if c.state != ProcessState::Crashed && c.assignment.iter().any(|(t, n)| *t == p.view.topic && *n == p.view.partition) {
                    owned = true;
                    let dash = if c.state == ProcessState::Paused { 3.0 } else { 0.0 };
                    let (ink, dash) = look(view, &c.name, leader).unwrap_or((Ink::Line, dash));
                    out.extend(curves(out_of_row(row, *card, layout.narrow, camera.width), 1.25, ink, dash));
                }
            }
            outputs(view, (&p.view.topic, row), group, layout, camera, out);
            if wanted && !owned {
                // Nobody reads this partition for the group just now.
                let head = Rect { h: 46.0, ..group.rect };
                out.extend(curves(out_of_row(row, head, layout.narrow, camera.width), 1.25, Ink::Bad, 3.0));
            }
        }
    }
}

/// The ways on which members of a group write into a row of `topic`, each with a tip that points into it.
fn outputs(view: &WorldView, (topic, row): (&Arc<str>, &Row), group: &GroupBox, layout: &Layout, camera: &View, out: &mut Vec<Shape>) {
    let writes = |c: &ConsumerState| c.state == ProcessState::Running && c.output.as_ref().is_some_and(|o| o.topic.as_ref() == Some(topic));
    let writers = group.members.iter().filter(|(c, _)| view.consumers.get(*c).is_some_and(writes));
    let mut is_written = false;
    for (_, card) in writers {
        is_written = true;
        out.extend(curves(back_into_row(*card, row, layout, camera.width), 1.25, Ink::Line, 0.0));
    }
    for up in [-1.0, 1.0].into_iter().filter(|_| is_written && !row.dense()) {
        let (tip, from) = (at(row.right, row.rail), at(row.right + 6.0, row.rail + 4.0 * up));
        out.push(Shape::Line { from, to: tip, width: 1.25, ink: Ink::Muted, dash: 0.0, alpha: 1.0 });
    }
}

/// Records that wait: in a producer's accumulator, and between a consumer's poll and its handler.
pub(super) fn stacks(view: &WorldView, layout: &Layout, out: &mut Vec<Shape>) {
    let mut stack = |x: f32, card: &Rect, bottom: f32, count: u64, ink: Ink, align: Align| {
        if count == 0 {
            return;
        }
        // A low card has room for few.
        for i in 0..count.min(if card.h < 40.0 { 3 } else { 10 }) {
            let rect = Rect { x, y: bottom - 5.0 - (i % 5) as f32 * 6.0, w: 5.0, h: 5.0 };
            let shift = if i < 5 { 0.0 } else { 6.0 };
            let x = if align == Align::End { rect.x - shift } else { rect.x + shift };
            out.push(Shape::Block { rect: Rect { x, ..rect }, radius: 1.0, ink, alpha: 0.9 });
        }
        // Below the stack, where no way ends; beside it on a card.
        let (at, align) = match align {
            Align::Start => (at(x, bottom + 11.0), align),
            Align::Middle => (at(x + 15.0, bottom), Align::Start),
            Align::End => (at(x + 5.0, bottom + 11.0), align),
        };
        out.push(text(at, count.to_string(), Ink::Muted, align));
    };
    for (p, card) in view.producers.iter().zip(&layout.producers) {
        let waiting = p.accumulated.iter().map(|a| u64::from(a.2)).sum();
        if layout.narrow {
            stack(card.x + 12.0, card, card.bottom() - 8.0, waiting, Ink::Muted, Align::Middle);
        } else {
            stack(card.right() + 5.0, card, card.bottom() - 1.0, waiting, Ink::Muted, Align::Start);
        }
    }
    for g in &layout.groups {
        for (c, card) in &g.members {
            if let Some(c) = view.consumers.get(*c).filter(|c| c.state != ProcessState::Crashed) {
                stack(card.x - 20.0, card, card.bottom() - 1.0, c.backlog, Ink::Accent, Align::End);
            }
        }
    }
}

pub(super) fn dead(view: &WorldView, layout: &Layout, out: &mut Vec<Shape>) {
    let producers = view.producers.iter().zip(&layout.producers).filter(|(p, _)| p.state.is_dead()).map(|(_, r)| *r);
    let brokers = view.brokers.iter().zip(&layout.bands).filter(|(b, _)| b.state.is_dead()).map(|(_, r)| *r);
    let members = layout.groups.iter().flat_map(|g| &g.members);
    let consumers = members.filter(|(c, _)| view.consumers.get(*c).is_some_and(|c| c.state.is_dead())).map(|(_, r)| *r);
    out.extend(producers.chain(brokers).chain(consumers).map(|rect| Shape::Hatch { rect, ink: Ink::Bad }));
}

/// Part of its way that a flight has gone at `time`: 0 to 1.
pub fn progress(flight: &Flight, time: Time) -> f32 {
    let whole = flight.arrives.micros_since(flight.sent);
    if whole <= 0 {
        return 1.0;
    }
    (time.micros_since(flight.sent).clamp(0, whole) as f64 / whole as f64) as f32
}

struct Ends<'a> {
    producers: SortedVecMap<&'a str, Rect>,
    consumers: SortedVecMap<&'a str, Rect>,
    brokers: SortedVecMap<&'a str, Rect>,
}

impl<'a> Ends<'a> {
    fn new(view: &'a WorldView, layout: &'a Layout) -> Self {
        let members = layout.groups.iter().flat_map(|g| &g.members);
        Self {
            producers: view.producers.iter().map(|p| &*p.name).zip(layout.producers.iter().copied()).collect(),
            consumers: members.filter_map(|(c, r)| Some((&*view.consumers.get(*c)?.name, *r))).collect(),
            brokers: view.brokers.iter().map(|b| &*b.name).zip(layout.brokers.iter().copied()).filter(|b| layout.sees(&b.1)).collect(),
        }
    }
}

/// A client's card, and what is done there.
#[derive(Clone, Copy)]
enum End {
    Writes(Rect),
    /// By an app that produces too: it is among the consumers.
    WritesBack(Rect),
    Reads(Rect),
}

impl Ends<'_> {
    fn of_client(&self, name: &str, reads: bool) -> Option<End> {
        let of_consumer = || self.consumers.get(name).copied();
        match self.producers.get(name) {
            _ if reads => of_consumer().map(End::Reads),
            Some(card) => Some(End::Writes(*card)),
            None => of_consumer().map(End::WritesBack),
        }
    }
}

impl End {
    fn legs(self, row: &Row, layout: &Layout, width: f32) -> Vec<[Point; 4]> {
        match self {
            Self::Writes(card) => into_row(card, row, layout),
            Self::WritesBack(card) => back_into_row(card, row, layout, width),
            Self::Reads(card) => out_of_row(row, card, layout.narrow, width),
        }
    }
}

fn key_ink(cargo: &Cargo) -> Ink {
    cargo.key.map_or(Ink::Muted, |key| Ink::Key(key_colour(key)))
}

/// (client, topic, partition)
type Flow = (Arc<str>, Arc<str>, i32);

/// `only`: the one record whose dots are drawn; all of them without it. Where each dot is goes to `moving`.
pub(super) fn flights(
    view: &WorldView,
    layout: &Layout,
    time: Time,
    camera: &View,
    only: Option<&Trail>,
    out: &mut Vec<Shape>,
    moving: &mut Vec<(Point, Target)>,
) {
    let ends = Ends::new(view, layout);
    let total: usize = view.flights.iter().map(|f| f.cargo.len()).sum();
    let crowd = total > camera.max_dots;
    let mut trails = Vec::new();
    let mut dots = Vec::with_capacity(if only.is_some() { 0 } else { total.min(camera.max_dots) });
    // Records under way, when there are too many to draw one by one.
    let mut flows: SortedVecMap<Flow, (u64, Vec<[Point; 4]>)> = SortedVecMap::new();
    // By client and direction, then by partition. Ten thousand records are in some thousands of pieces.
    let mut ways: SortedVecMap<(&str, bool), Vec<Option<Way>>> = SortedVecMap::new();
    let mut rows = layout.rows.iter().cycle();
    for f in &view.flights {
        let p = if camera.reduced_motion { 0.5 } else { progress(f, time) };
        if f.cargo.is_empty() {
            if only.is_none() {
                let dot = quiet(&ends, layout, camera, f, p, out);
                moving.extend(dot.map(|dot| (dot.at, Target::Frame(f.message))));
                dots.extend(dot);
            }
            continue;
        }
        let ack = f.response && f.api == ApiKey::Produce;
        let client = if f.response { &f.to } else { &f.from };
        let broker = view.brokers.iter().find(|b| b.name == *client);
        let leaves = f.response && !ack;
        let end = ends.of_client(client, leaves);
        let ways = ways.entry((&**client, leaves)).or_default();
        for cargo in f.cargo.chunk_by(|a, b| a.partition == b.partition && (Arc::ptr_eq(&a.topic, &b.topic) || a.topic == b.topic)) {
            let Some(first) = cargo.first() else { continue };
            // Cargo mostly comes in the order of the rows: the next row is tried first.
            let is = |row: &&Row| {
                let p = view.partitions.get(row.partition).map(|p| &p.view);
                p.is_some_and(|p| p.partition == first.partition && p.topic == first.topic)
            };
            let Some(row) = rows.by_ref().take(layout.rows.len()).find(is) else { continue };
            let mut put = |c: &Cargo, dot: Dot| {
                let record = || Target::Record(c.topic.clone(), c.partition, c.offset);
                moving.push((dot.at, if c.offset < 0 { Target::Frame(f.message) } else { record() }));
                dots.push(dot);
            };
            let of = |t: &Trail| t.partition == first.partition && t.topic == first.topic;
            if only.is_some_and(|t| !of(t)) {
                continue;
            }
            let lit = |c: &Cargo| only.is_none_or(|t| t.offset == c.offset);
            if let Some(broker) = broker {
                // A follower gets it: down from the leader's cell to the follower's line.
                let line = row.followers.iter().find(|(id, _)| *id == broker.node_id);
                if let Some((_, y)) = line.filter(|_| f.response) {
                    for c in cargo.iter().filter(|c| lit(c)) {
                        // From a leader that is not in view it comes from nearby.
                        let top = if layout.sees(&row.rect()) { row.top + row.cell.1 } else { y - 14.0 };
                        let at = at(row.middle(c.offset), top + (y - top) * p);
                        put(c, Dot { at, radius: 2.5, ink: key_ink(c), alpha: 1.0 });
                    }
                }
                continue;
            }
            let Some(end) = end.filter(|_| layout.sees(&row.rect())) else { continue };
            let legs = || end.legs(row, layout, camera.width);
            if crowd && !ack {
                let count = cargo.iter().filter(|c| lit(c)).count() as u64;
                flows.entry((client.clone(), first.topic.clone(), first.partition)).or_insert_with(|| (0, legs())).0 += count;
                continue;
            }
            if ways.len() <= row.partition {
                ways.resize_with(row.partition + 1, || None);
            }
            let way = &*ways[row.partition].get_or_insert_with(|| Way::new(legs().iter().flat_map(samples).collect()));
            let direction = match (leaves, ack) {
                (true, _) => Direction::OutOfLog,
                (_, true) => Direction::Acknowledged,
                _ => Direction::IntoLog,
            };
            let end = view.partitions.get(row.partition).map_or(0, |p| p.view.end_offset);
            let train = Train::new(way, (row, end), cargo.len(), direction, p, layout.dense);
            for (i, c) in (0_i64..).zip(cargo).filter(|(_, c)| lit(c)) {
                trails.extend(train.trail(i, c));
                put(c, train.dot(i, c));
            }
        }
    }
    out.extend([trails, dots].into_iter().filter(|dots| !dots.is_empty()).map(Shape::Dots));
    for (count, legs) in flows.values() {
        flow(*count, legs, out);
    }
}

/// Records that are too many to be dots: a thick line with their number.
fn flow(count: u64, legs: &[[Point; 4]], out: &mut Vec<Shape>) {
    let width = (2.0 + (count as f32).sqrt() / 4.0).min(12.0);
    out.extend(curves(legs.to_vec(), width, Ink::Accent, 6.0));
    let middle = legs.first().map(|leg| cubic(leg, 0.5)).unwrap_or_default();
    out.push(bold(at(middle.x, middle.y - 10.0), format!("{count} records"), Ink::Ink, Align::Middle));
}

/// Where records of a client go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    IntoLog,
    OutOfLog,
    /// The answer to those that went into the log: back on the way that they came.
    Acknowledged,
}

/// A trail: CSS pixels behind the record, radius, alpha.
const TRAIL: [(f32, f32, f32); 3] = [(8.0, 4.0, 0.4), (14.0, 3.0, 0.3), (19.0, 2.0, 0.2)];

/// The records of one batch, which travel as a train.
struct Train<'a> {
    way: &'a Way,
    row: &'a Row,
    /// The partition's end offset.
    end: i64,
    direction: Direction,
    /// The part of the way that lies behind, 0 to 1.
    part: f32,
    /// From one record to the next, in CSS pixels: they set out and arrive together.
    gap: f32,
    dense: bool,
}

impl<'a> Train<'a> {
    fn new(way: &'a Way, (row, end): (&'a Row, i64), length: usize, direction: Direction, part: f32, dense: bool) -> Self {
        let gap = if dense { 5.0_f32 } else { 14.0 }.min(way.length() / length as f32);
        let (start, stop) = ((4.0 * part).min(1.0), (4.0 * (1.0 - part)).min(1.0));
        Self { way, row, end, direction, part, gap: gap * start * stop, dense }
    }

    /// The record `c`, the `i`-th of the train.
    fn dot(&self, i: i64, c: &Cargo) -> Dot {
        let radius = if self.dense {
            3.0
        } else if c.tombstone {
            4.5
        } else {
            6.5
        };
        self.at(i, c, radius, 1.0, 0.0)
    }

    /// What a record leaves behind it for a moment, so that one sees where it goes.
    fn trail(&self, i: i64, c: &Cargo) -> impl Iterator<Item = Dot> {
        let shown = !self.dense && self.direction != Direction::Acknowledged;
        TRAIL.iter().filter(move |_| shown).map(move |(back, radius, alpha)| self.at(i, c, *radius, *alpha, *back))
    }

    /// So many CSS pixels behind where the record is.
    fn at(&self, i: i64, c: &Cargo, radius: f32, alpha: f32, back: f32) -> Dot {
        let (way, row, part, spread) = (self.way, self.row, self.part, i as f32 * self.gap);
        match self.direction {
            Direction::Acknowledged => {
                let (ink, x) = if c.offset < 0 { (Ink::Bad, row.cells_x) } else { (Ink::Ok, row.middle(c.offset)) };
                Dot { at: way.and_rail(x, (1.0 - part) * way.with_rail(x)), radius: 2.2, ink, alpha: 0.85 }
            }
            Direction::OutOfLog => {
                let x = row.middle(c.offset);
                Dot { at: way.rail_and(x, part * way.rail_with(x) - spread - back), radius, ink: key_ink(c), alpha }
            }
            Direction::IntoLog => {
                // To the slot that it will most likely get; the broker decides.
                let x = row.middle(self.end.saturating_add(i));
                Dot { at: way.and_rail(x, part * way.with_rail(x) + spread - back), radius, ink: key_ink(c), alpha }
            }
        }
    }
}

/// Requests and answers without records, most of them between a member and its group's coordinator, on a way that is there as
/// long as they are; fetches that wait are not drawn.
fn quiet(ends: &Ends<'_>, layout: &Layout, camera: &View, f: &Flight, p: f32, out: &mut Vec<Shape>) -> Option<Dot> {
    let (client, broker) = if f.response { (&f.to, &f.from) } else { (&f.from, &f.to) };
    let (radius, ink) = match f.api {
        ApiKey::Fetch | ApiKey::Metadata | ApiKey::ApiVersions => return None,
        ApiKey::Heartbeat => (1.5, Ink::Muted),
        ApiKey::OffsetCommit => (2.2, Ink::Accent),
        _ => (2.0, Ink::Muted),
    };
    if let (Some(a), Some(b)) = (ends.brokers.get(&*f.from), ends.brokers.get(&*f.to)) {
        if !matches!(f.api, ApiKey::Heartbeat | ApiKey::OffsetCommit) && a != b {
            let (from, to) = (at(a.x + a.w / 2.0, a.y), at(b.x + b.w / 2.0, b.y));
            let points = [from, at(from.x, from.y - 10.0), at(to.x, to.y - 10.0), to];
            let vote = matches!(f.api, ApiKey::Vote | ApiKey::BeginQuorumEpoch);
            let (radius, ink) = if vote { (3.5, Ink::Accent) } else { (1.5, Ink::Muted) };
            return Some(Dot { at: cubic(&points, p), radius, ink, alpha: 0.9 });
        }
        return None;
    }
    let card = ends.producers.get(&**client).or_else(|| ends.consumers.get(&**client));
    let (card, broker) = (card?, ends.brokers.get(&**broker)?);
    let left = card.x < broker.x;
    let points = if layout.narrow {
        let x = if card.y > broker.y { camera.width - 6.0 } else { 6.0 };
        [at(card.x + card.w / 2.0, card.y), at(x, card.y), at(x, broker.y + 17.0), at(broker.right(), broker.y + 17.0)]
    } else if left {
        let (from, to) = (at(card.right(), card.y + 14.0), at(broker.x, broker.y + 17.0));
        [from, at(from.x + 30.0, from.y), at(to.x - 40.0, to.y), to]
    } else {
        let (from, to) = (at(card.x, card.y + 14.0), at(broker.right(), broker.y + 17.0));
        [from, at(from.x - 60.0, from.y), at(to.x + 120.0, to.y), to]
    };
    let t = if f.response { 1.0 - p } else { p };
    // It comes and goes with its dot, most plain in the middle of the way.
    out.push(Shape::Curve { points, width: 1.0, ink: Ink::Line, dash: 2.0, alpha: 4.0 * p * (1.0 - p) });
    Some(Dot { at: cubic(&points, t), radius, ink, alpha: 0.85 })
}
