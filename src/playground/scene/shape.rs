//! What a picture is made of: shapes in the theme's inks, and the places where standing things go.

pub use super::key::Glyph;
use crate::world::target::Target;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

pub const fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    pub fn right(&self) -> f32 {
        self.x + self.w
    }
    pub fn bottom(&self) -> f32 {
        self.y + self.h
    }
    pub fn contains(&self, p: Point) -> bool {
        p.x >= self.x && p.x < self.right() && p.y >= self.y && p.y < self.bottom()
    }
}

/// A colour by its name in the theme.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ink {
    Background,
    Surface,
    Soft,
    Ink,
    Muted,
    Line,
    Accent,
    Bad,
    Ok,
    Key(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Below the high watermark.
    Solid,
    /// Above the high watermark: a tint with a dashed edge.
    Pending,
    /// In an aborted transaction: an edge without a filling.
    Hollow,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Start,
    Middle,
    End,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Dot {
    pub at: Point,
    pub radius: f32,
    pub ink: Ink,
    pub alpha: f32,
}

/// The size of all text, in CSS pixels: the smallest that is read with ease.
pub const TEXT: f32 = 12.0;

/// The width of so many letters, in CSS pixels: a little more than most fonts need.
pub(super) fn text_width(words: &str) -> f32 {
    words.chars().count() as f32 * 6.8
}

pub(super) fn text(at: Point, text: impl Into<Arc<str>>, ink: Ink, align: Align) -> Shape {
    Shape::Text { at, text: text.into(), bold: false, mono: false, ink, align }
}

pub(super) fn bold(at: Point, text: impl Into<Arc<str>>, ink: Ink, align: Align) -> Shape {
    Shape::Text { at, text: text.into(), bold: true, mono: false, ink, align }
}

/// A mark that is no thing of the cluster: where it is, and what it means.
#[derive(Clone, PartialEq, Debug)]
pub struct Sign {
    pub rect: Rect,
    pub words: Arc<str>,
}

pub(super) fn sign(rect: Rect, words: String) -> Shape {
    Shape::Sign(Sign { rect, words: words.into() })
}

#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A record in a log.
    Cell {
        rect: Rect,
        ink: Ink,
        glyph: Glyph,
        look: Look,
    },
    /// Records on their way, and other frames. They may be thousands, and so they are one shape.
    Dots(Vec<Dot>),
    Line {
        from: Point,
        to: Point,
        width: f32,
        ink: Ink,
        dash: f32,
        alpha: f32,
    },
    /// A cubic from `points[0]` to `points[3]`.
    Curve {
        points: [Point; 4],
        width: f32,
        ink: Ink,
        dash: f32,
        alpha: f32,
    },
    /// A committed offset: a pole at its left edge, the group's name in it.
    Flag {
        rect: Rect,
        text: Arc<str>,
        ink: Ink,
    },
    /// All text of the picture is `TEXT` high; `at` is the baseline.
    Text {
        at: Point,
        text: Arc<str>,
        bold: bool,
        mono: bool,
        ink: Ink,
        align: Align,
    },
    /// A torn edge: something was cut off here.
    Tear {
        from: Point,
        to: Point,
        ink: Ink,
    },
    /// A small filled triangle that points up at `at`.
    Pointer {
        at: Point,
        ink: Ink,
    },
    Block {
        rect: Rect,
        radius: f32,
        ink: Ink,
        alpha: f32,
    },
    /// The edge of what is looked at.
    Frame {
        rect: Rect,
        ink: Ink,
    },
    /// Over everything painted before it, but for the holes.
    Veil {
        holes: Vec<Rect>,
        alpha: f32,
    },
    /// Nothing is painted: what a pointer is told here.
    Sign(Sign),
    /// Diagonal hatching: something is dead here.
    Hatch {
        rect: Rect,
        ink: Ink,
    },
}

/// Where something stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    pub what: Target,
    pub rect: Rect,
}
