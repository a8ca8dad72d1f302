//! Between two layouts everything stands on the straight way from its place in the first to its place in the second.

use super::layout::{Layout, Row};
use super::shape::Rect;

fn lerp(a: &mut f32, b: f32, t: f32) {
    *a += (b - *a) * t;
}

fn rect(a: &mut Rect, b: Rect, t: f32) {
    lerp(&mut a.x, b.x, t);
    lerp(&mut a.y, b.y, t);
    lerp(&mut a.w, b.w, t);
    lerp(&mut a.h, b.h, t);
}

impl Layout {
    /// Goes the part `t` of the way to another arrangement of the same things.
    pub(super) fn blend(&mut self, to: &Self, t: f32) {
        lerp(&mut self.height, to.height, t);
        lerp(&mut self.banded, to.banded, t);
        let pairs = [
            (&mut self.producers, &to.producers),
            (&mut self.brokers, &to.brokers),
            (&mut self.bands, &to.bands),
            (&mut self.links, &to.links),
        ];
        for (a, b) in pairs.into_iter().flat_map(|(a, b)| a.iter_mut().zip(b)) {
            rect(a, *b, t);
        }
        for (a, b) in
            [(&mut self.topics, &to.topics), (&mut self.internal, &to.internal)].into_iter().flat_map(|(a, b)| a.iter_mut().zip(b))
        {
            rect(&mut a.1, b.1, t);
        }
        for (a, b) in self.headings.iter_mut().zip(&to.headings) {
            rect(&mut a.1, b.1, t);
        }
        for (a, b) in self.groups.iter_mut().zip(&to.groups) {
            rect(&mut a.rect, b.rect, t);
            for (a, b) in a.members.iter_mut().zip(&b.members) {
                rect(&mut a.1, b.1, t);
            }
        }
        if let (Some(a), Some(b)) = (&mut self.record, &to.record) {
            rect(&mut a.1, b.1, t);
        }
        for (a, b) in self.rows.iter_mut().zip(&to.rows) {
            row(a, b, t);
        }
    }
}

fn row(a: &mut Row, b: &Row, t: f32) {
    // The offset where the other window begins goes to its edge.
    a.origin += (b.first - a.first) as f32 * a.pitch;
    (a.first, a.capacity) = (b.first, b.capacity);
    rect(&mut a.label, b.label, t);
    let pairs = [
        (&mut a.origin, b.origin),
        (&mut a.cells_x, b.cells_x),
        (&mut a.span, b.span),
        (&mut a.top, b.top),
        (&mut a.cell.0, b.cell.0),
        (&mut a.cell.1, b.cell.1),
        (&mut a.pitch, b.pitch),
        (&mut a.rail, b.rail),
        (&mut a.right, b.right),
        (&mut a.head, b.head),
        (&mut a.copies, b.copies),
    ];
    for (a, b) in pairs {
        lerp(a, b, t);
    }
    a.numerals = if t < 0.5 { a.numerals } else { b.numerals };
    for (a, b) in a.followers.iter_mut().zip(&b.followers) {
        lerp(&mut a.1, b.1, t);
    }
}
