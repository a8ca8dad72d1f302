//! The picture as a pure function of (view, time, camera): shapes to paint, and places where names and cards stand. There is no canvas here
//! and no animation state: a record under way is where its send and arrival times put it. Floats are for drawing only.

mod arrangements;
mod blend;
mod brackets;
mod close;
mod cluster;
mod content;
mod flags;
mod flow;
mod follow;
mod followers;
mod handover;
mod head;
mod hint;
mod key;
mod layout;
mod links;
mod lit;
mod marks;
mod pulse;
mod ribbon;
mod shape;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_arrangements;
#[cfg(test)]
mod tests_many;
#[cfg(test)]
mod tests_zoom;
mod way;
mod zoom;

pub use crate::world::target::{Heading, Target};
pub use arrangements::{ARRANGEMENTS, Arrangement, ArrangementBlend, Container};
pub use cluster::window;
pub use content::content;
pub use follow::{FORGOTTEN, Spot, Station, Trail, follow};
pub use handover::hue;
pub use hint::{hint, transactional_words};
pub use key::key_look;
pub use layout::{GroupBox, Layout, NARROW, Row, layout};
pub use shape::{Align, Dot, Glyph, Ink, Look, Place, Point, Rect, Shape, Sign, TEXT};
pub use zoom::{depth, zoom_into, zoom_out, zoom_steps};

use crate::kafka::time::Time;
use crate::world::view::WorldView;
use std::sync::Arc;

/// Moving records that are drawn one by one; beyond it a path becomes a flow with a count.
pub const MAX_DOTS: usize = 12_000;

/// How the picture is looked at. Knows no theme: shapes name inks.
#[derive(Clone, PartialEq, Debug)]
pub struct View {
    /// CSS pixels.
    pub width: f32,
    /// The height that is seen at once, in CSS pixels: rows share it as long as they stay legible. 0: as high as they like.
    pub room: f32,
    /// 0 is roomy; with 1 and more rows are smaller, and members are lines.
    pub density: u8,
    pub selection: Option<Target>,
    /// The same picture in steps: what moves is drawn at half of its way.
    pub reduced_motion: bool,
    pub max_dots: usize,
    pub arrangement: ArrangementBlend,
    /// What is looked into, and how far: the whole cluster at 0, a topic or a broker at 1, a partition at 2, a record at 3.
    /// `zoom` draws it.
    pub focus: Option<Target>,
    pub zoom: f32,
    /// Named in a hint just now.
    pub pointed: Option<Target>,
    /// The way of the record that is followed.
    pub trail: Option<Arc<Trail>>,
}

impl View {
    pub fn new(width: f32) -> Self {
        Self {
            width,
            room: 0.0,
            density: 0,
            selection: None,
            reduced_motion: false,
            max_dots: MAX_DOTS,
            arrangement: ArrangementBlend::default(),
            focus: None,
            zoom: 0.0,
            pointed: None,
            trail: None,
        }
    }
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scene {
    pub narrow: bool,
    pub height: f32,
    /// In painting order.
    pub shapes: Vec<Shape>,
    /// The first so many shapes stay the same while only time passes and nothing happens in the cluster.
    pub standing: usize,
    /// Where names, cards and buttons stand. A pointer hits the last of those that overlap.
    pub places: Vec<Place>,
    /// The ribbons, each from its first slot to its last.
    pub hitboxes: Vec<PartitionHitbox>,
    /// What a pointer is told of marks.
    pub signs: Vec<Sign>,
    /// Where the dots are, in painting order.
    pub moving: Vec<(Point, Target)>,
    /// What is off screen, in words; empty while nothing is zoomed into.
    pub off_screen: String,
}

/// A ribbon's slots, to find records in.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionHitbox {
    pub topic: Arc<str>,
    pub partition: i32,
    pub rect: Rect,
    origin: f32,
    first: i64,
    pitch: f32,
    width: f32,
    /// The log's start and end offsets.
    log: (i64, i64),
    dense: bool,
}

/// How near to a dot is on it, in CSS pixels.
const REACH: f32 = 7.0;

impl Scene {
    /// What is at a point: a dot before a record, a record before what stands around it.
    pub fn hit(&self, x: f32, y: f32) -> Option<Target> {
        let p = shape::at(x, y);
        let near = |at: &Point| (at.x - x).hypot(at.y - y) < REACH;
        let dot = self.moving.iter().rev().find(|(at, _)| near(at)).map(|(_, what)| what.clone());
        let on = |t: &&PartitionHitbox| Rect { y: t.rect.y - 3.0, h: t.rect.h + 6.0, ..t.rect }.contains(p);
        let hitbox = || self.hitboxes.iter().find(on).map(|t| t.at(x).unwrap_or_else(|| t.target()));
        let place = || self.places.iter().rev().find(|place| place.rect.contains(p)).map(|place| place.what.clone());
        dot.or_else(hitbox).or_else(place)
    }

    /// The mark at a point.
    pub fn sign(&self, x: f32, y: f32) -> Option<&Sign> {
        self.signs.iter().find(|sign| sign.rect.contains(shape::at(x, y)))
    }

    /// For pictures that are so small that nobody could read them.
    pub fn without_words(mut self) -> Self {
        self.shapes.retain_mut(|shape| {
            if let Shape::Flag { text, .. } = shape {
                *text = "".into();
            }
            !matches!(shape, Shape::Text { .. })
        });
        self
    }

    /// Where a thing is: a record, a ribbon, a dot, a card.
    pub fn spot(&self, what: &Target) -> Option<Rect> {
        let hitbox = |topic: &Arc<str>, n: i32| self.hitboxes.iter().find(|t| t.partition == n && t.topic == *topic);
        match what {
            Target::Record(topic, n, offset) => hitbox(topic, *n).map(|t| t.slot(*offset)),
            Target::Partition(topic, n) => hitbox(topic, *n).map(|t| t.rect),
            Target::Frame(_) => self.moving.iter().find(|m| m.1 == *what).map(|m| Rect { x: m.0.x, y: m.0.y, w: 0.0, h: 0.0 }),
            what => self.places.iter().find(|place| place.what == *what).map(|place| place.rect),
        }
    }

    /// The record that is so many steps from `from` in its partition's log, among those that are seen; without one, the newest.
    pub fn walk(&self, topic: &str, partition: i32, from: Option<i64>, steps: i64) -> Option<Target> {
        let t = self.hitboxes.iter().find(|t| t.partition == partition && *t.topic == *topic)?;
        let (start, end) = (t.first.max(t.log.0), t.log.1.min(t.first.saturating_add((t.rect.w / t.pitch) as i64)));
        let to = from.map_or(end.saturating_sub(1), |from| from.saturating_add(steps)).min(end.saturating_sub(1)).max(start);
        (to < end).then(|| Target::Record(t.topic.clone(), partition, to))
    }
}

impl PartitionHitbox {
    fn target(&self) -> Target {
        Target::Partition(self.topic.clone(), self.partition)
    }

    fn slot(&self, offset: i64) -> Rect {
        let x = self.origin + offset.saturating_sub(self.first) as f32 * self.pitch;
        Rect { x: x.max(self.rect.x).min(self.rect.right()), w: self.width, ..self.rect }
    }

    /// The record there, unless records are too small to be told apart.
    fn at(&self, x: f32) -> Option<Target> {
        let offset = self.first.saturating_add(((x - self.origin) / self.pitch).floor() as i64);
        let is = !self.dense && offset >= self.log.0 && offset < self.log.1;
        is.then(|| Target::Record(self.topic.clone(), self.partition, offset))
    }
}

/// The whole picture at `time`, which is `view.now` or a little later.
pub fn scene(view: &WorldView, time: Time, camera: &View) -> Scene {
    let layout = layout(view, camera);
    let dots = view.flights.iter().map(|f| f.cargo.len()).sum::<usize>().min(camera.max_dots);
    let mut shapes = Vec::with_capacity(1024);
    let mut moving = Vec::with_capacity(dots);
    flow::paths(view, &layout, camera, &mut shapes);
    links::draw(view, &layout, &mut shapes);
    if layout.banded > 0.0 {
        ribbon::bands(view, &layout, &mut shapes);
    }
    for row in &layout.rows {
        ribbon::ribbon(view, row, layout.banded, camera, &mut shapes);
    }
    for (topic, rect) in &layout.internal {
        ribbon::internal(view, topic, *rect, &mut shapes);
    }
    flow::dead(view, &layout, &mut shapes);
    let standing = shapes.len();
    if !camera.reduced_motion {
        pulse::pulses(view, &layout, time, &mut shapes);
    }
    flow::stacks(view, &layout, &mut shapes);
    handover::handovers(view, &layout, time, camera, &mut shapes);
    flow::flights(view, &layout, time, camera, None, &mut shapes, &mut moving);
    if let Some(trail) = &camera.trail {
        lit::lit(view, &layout, trail, camera, &mut shapes);
        flow::flights(view, &layout, time, camera, Some(trail), &mut shapes, &mut Vec::new());
    }
    let hitboxes = layout.rows.iter().filter_map(|row| {
        let p = &view.partitions.get(row.partition)?.view;
        Some(PartitionHitbox {
            topic: p.topic.clone(),
            partition: p.partition,
            rect: row.rect(),
            origin: row.origin,
            first: row.first,
            pitch: row.pitch,
            width: row.cell.0,
            log: (p.log_start_offset, p.end_offset),
            dense: row.dense(),
        })
    });
    let off_screen = if layout.zoomed { zoom::off_screen_summary(view, &layout) } else { String::new() };
    if layout.zoomed {
        zoom::zoom_shapes(view, &layout, &off_screen, &mut shapes);
    }
    let scene =
        Scene { off_screen, narrow: layout.narrow, height: layout.height, hitboxes: hitboxes.collect(), moving, ..Scene::default() };
    if let Some(rect) = camera.pointed.as_ref().filter(|what| matches!(what, Target::Record(..))).and_then(|what| scene.spot(what)) {
        let rect = Rect { x: rect.x - 2.0, y: rect.y - 2.0, w: rect.w + 4.0, h: rect.h + 4.0 };
        shapes.push(Shape::Frame { rect, ink: Ink::Accent });
    }
    let places = layout::places(view, &layout);
    marks::marks(view, &places, time, camera.reduced_motion, &mut shapes);
    let signs = shapes.iter().filter_map(|shape| if let Shape::Sign(sign) = shape { Some(sign.clone()) } else { None }).collect();
    Scene { shapes, standing, places, signs, ..scene }
}
