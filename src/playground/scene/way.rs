//! Ways as points: where a thing is that has gone so far on them.

use super::layout::within;
use super::shape::{Point, at};

/// A way that dots take: a straight run, then a curve, or the other way round.
pub(super) struct Way {
    points: Vec<Point>,
    lengths: Vec<f32>,
}

impl Way {
    pub(super) fn new(points: Vec<Point>) -> Self {
        let mut total = 0.0;
        let mut lengths = Vec::with_capacity(points.len());
        let mut last = points.first().copied().unwrap_or_default();
        for p in &points {
            total += (p.x - last.x).hypot(p.y - last.y);
            lengths.push(total);
            last = *p;
        }
        Self { points, lengths }
    }

    pub(super) fn length(&self) -> f32 {
        self.lengths.last().copied().unwrap_or(0.0)
    }

    pub(super) fn at(&self, distance: f32) -> Point {
        let d = within(distance, 0.0, self.length());
        let i = self.lengths.partition_point(|l| *l < d);
        let Some(to) = self.points.get(i) else { return self.points.last().copied().unwrap_or_default() };
        let Some(from) = i.checked_sub(1).and_then(|i| self.points.get(i)) else { return *to };
        let (start, end) = (self.lengths[i - 1], self.lengths[i]);
        let t = if end > start { (d - start) / (end - start) } else { 1.0 };
        at(from.x + (to.x - from.x) * t, from.y + (to.y - from.y) * t)
    }

    /// Its length with the stretch of rail from its end to `x`.
    pub(super) fn with_rail(&self, x: f32) -> f32 {
        self.length() + self.points.last().map_or(0.0, |end| (x - end.x).abs())
    }

    /// A point on it, or behind it on the rail to `x`.
    pub(super) fn and_rail(&self, x: f32, distance: f32) -> Point {
        let over = distance - self.length();
        match self.points.last() {
            Some(end) if over > 0.0 => at(if x < end.x { (end.x - over).max(x) } else { (end.x + over).min(x) }, end.y),
            _ => self.at(distance),
        }
    }

    /// Its length with the stretch of rail from `x` to its beginning.
    pub(super) fn rail_with(&self, x: f32) -> f32 {
        self.length() + self.points.first().map_or(0.0, |start| (start.x - x).abs())
    }

    /// A point on the rail from `x`, or behind it on the way.
    pub(super) fn rail_and(&self, x: f32, distance: f32) -> Point {
        let rail = self.rail_with(x) - self.length();
        match self.points.first() {
            Some(start) if distance < rail => {
                let d = distance.max(0.0);
                at(if x < start.x { x + d } else { x - d }, start.y)
            }
            _ => self.at(distance - rail),
        }
    }
}

pub(super) fn cubic(p: &[Point; 4], t: f32) -> Point {
    let u = 1.0 - t;
    let (a, b, c, d) = (u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t);
    at(a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x, a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y)
}

pub(super) fn samples(p: &[Point; 4]) -> impl Iterator<Item = Point> + '_ {
    (0..=16).map(|i| cubic(p, i as f32 / 16.0))
}

/// A leg of a way that runs straight.
pub(super) fn straight(from: Point, to: Point) -> [Point; 4] {
    [from, from, to, to]
}
