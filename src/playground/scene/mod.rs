//! The picture as a function: (what there is to see, time, camera) → shapes. No canvas here and no animation state: a
//! record in flight is where its send and arrival times put it. Floats are for drawing only.

mod flow;
mod key;
mod layout;
mod ribbon;
mod shape;
#[cfg(test)]
mod tests;

pub use key::key_look;
pub use layout::{GroupBox, Layout, NARROW, Row, layout, window};
pub use shape::{Align, Glyph, Ink, Look, Place, Point, Rect, Shape, Target};

use super::deeds::marks;
use crate::kafka::time::Time;
use crate::world::view::WorldView;

/// Moving records that are drawn one by one; beyond it a path becomes a flow with a count.
pub const MAX_DOTS: usize = 4000;

/// How the picture is looked at. Knows no theme: shapes name inks.
#[derive(Clone, PartialEq, Debug)]
pub struct View {
    /// CSS pixels.
    pub width: f32,
    /// 0 is roomy, 1 and more are denser.
    pub density: u8,
    pub selection: Option<Target>,
    /// The same picture in steps: what moves is drawn at half of its way.
    pub reduced_motion: bool,
    pub max_dots: usize,
}

impl View {
    pub fn new(width: f32) -> Self {
        Self { width, density: 0, selection: None, reduced_motion: false, max_dots: MAX_DOTS }
    }
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Scene {
    pub narrow: bool,
    pub height: f32,
    /// In painting order.
    pub shapes: Vec<Shape>,
    /// Where names, cards and buttons stand; also what a pointer hits, the last one first.
    pub places: Vec<Place>,
}

impl Scene {
    pub fn hit(&self, x: f32, y: f32) -> Option<&Target> {
        let p = shape::at(x, y);
        self.places.iter().rev().find(|place| place.rect.contains(p)).map(|place| &place.what)
    }
}

/// The whole picture at `time`, which is `view.now` or a little later.
pub fn scene(view: &WorldView, time: Time, camera: &View) -> Scene {
    let layout = layout(view, camera);
    let mut shapes = Vec::with_capacity(512);
    flow::paths(view, &layout, camera, &mut shapes);
    for row in &layout.rows {
        ribbon::ribbon(view, row, camera, &mut shapes);
    }
    for (topic, rect) in &layout.internal {
        ribbon::internal(view, topic, *rect, &mut shapes);
    }
    flow::stacks(view, &layout, &mut shapes);
    flow::dead(view, &layout, &mut shapes);
    flow::flights(view, &layout, time, camera, &mut shapes);
    let places = layout::places(view, &layout);
    marks(view, &places, time, camera.reduced_motion, &mut shapes);
    Scene { narrow: layout.narrow, height: layout.height, places, shapes }
}
