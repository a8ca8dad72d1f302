//! Shapes on a canvas, in the theme's inks.

use crate::playground::scene::{Align, Glyph, Ink, Look, Place, Point, Rect, Shape, TEXT, Target};
use std::f64::consts::TAU;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

/// The theme's colours, read from the custom properties that apply to the playground.
#[derive(Clone, PartialEq, Default)]
pub struct Inks([String; INKS]);

/// The names, the keys, and the signs on keys' colours.
const INKS: usize = 17;
const KEY_1: usize = 9;
const DARK: usize = 15;
const PROPERTIES: [&str; KEY_1] =
    ["--tp-background", "--tp-surface", "--tp-soft", "--tp-ink", "--tp-muted", "--tp-line", "--tp-accent", "--tp-bad", "--tp-ok"];
const PLAIN: [&str; INKS] = [
    "#FAFAF8", "#FFFFFF", "#F1F1ED", "#1C2024", "#6A7178", "#E3E3DF", "#1F5FBF", "#C8372D", "#1B7A4A", "#E69F00", "#56B4E9", "#009E73",
    "#CC79A7", "#0072B2", "#D55E00", "#1C2024", "#FFFFFF",
];

impl Inks {
    /// The colour of an ink.
    pub fn of(&self, ink: Ink) -> &str {
        &self.0[place(ink)]
    }

    /// As the canvas resolves them, so that `light-dark()` and `var()` are followed.
    pub fn read(canvas: &HtmlCanvasElement) -> Self {
        Self(std::array::from_fn(|i| {
            let value = match PROPERTIES.get(i) {
                Some(name) => resolved(canvas, &format!("var({name})")),
                None if i < DARK => resolved(canvas, &format!("var(--tp-key-{})", i + 1 - KEY_1)),
                None => String::new(),
            };
            if value.is_empty() { PLAIN[i].to_owned() } else { value }
        }))
    }
}

/// A colour's value where the canvas is: for a moment it is the canvas's own.
fn resolved(canvas: &HtmlCanvasElement, color: &str) -> String {
    let own = HtmlElement::style(canvas);
    let _ = own.set_property("color", color);
    let style = web_sys::window().and_then(|w| w.get_computed_style(canvas).ok().flatten());
    let value = style.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default();
    let _ = own.remove_property("color");
    value
}

/// Whether the dark theme is in force where the canvas is.
pub fn is_dark(canvas: &HtmlCanvasElement) -> bool {
    resolved(canvas, "light-dark(black, white)") == "rgb(255, 255, 255)"
}

/// Where an ink is among `Inks`.
fn place(ink: Ink) -> usize {
    match ink {
        Ink::Background => 0,
        Ink::Surface => 1,
        Ink::Soft => 2,
        Ink::Ink => 3,
        Ink::Muted => 4,
        Ink::Line => 5,
        Ink::Accent => 6,
        Ink::Bad => 7,
        Ink::Ok => 8,
        Ink::Key(k) => KEY_1 + usize::from(k) % 6,
    }
}

pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

/// How the context is set. What is set already is not set again: a word to a canvas is decoded and read there.
#[derive(Clone, Copy)]
struct Set {
    fill: usize,
    stroke: usize,
    alpha: f32,
    dash: f32,
    align: Option<Align>,
    font: Option<(bool, bool)>,
}

struct Pen<'a> {
    c: &'a CanvasRenderingContext2d,
    inks: &'a Inks,
    set: Set,
}

/// More dots than these are squares: nobody sees their corners, and ten thousand of them are drawn in a frame.
const CROWD: usize = 800;
/// Tenths of alpha.
const ALPHAS: usize = 11;

/// Dots of one ink and alpha: where, and how large. Empty between two pictures.
pub type Dots = [Vec<(Point, f32)>; INKS * ALPHAS];

pub fn no_dots() -> Box<Dots> {
    Box::new(std::array::from_fn(|_| Vec::new()))
}

/// The outlines of what stands as DOM on a stage, for a poster without one.
pub fn places(c: &CanvasRenderingContext2d, places: &[Place], inks: &Inks) {
    c.set_global_alpha(1.0);
    c.set_line_width(3.0);
    c.set_stroke_style_str(&inks.0[place(Ink::Muted)]);
    let _ = c.set_line_dash(&js_sys::Array::new());
    for at in places.iter().filter(|at| matches!(at.what, Target::Producer(_) | Target::Broker(_) | Target::Consumer(_))) {
        c.begin_path();
        outline(c, &at.rect, 10.0);
        c.stroke();
    }
}

/// Paints shapes over everything, in CSS pixels.
pub fn paint(c: &CanvasRenderingContext2d, shapes: &[Shape], inks: &Inks, dots: &mut Dots, width: f64, height: f64) {
    c.clear_rect(0.0, 0.0, width, height);
    let set = Set { fill: INKS, stroke: INKS, alpha: -1.0, dash: -1.0, align: None, font: None };
    let mut pen = Pen { c, inks, set };
    // The small blocks of a pile are one path: they do not cover each other.
    let mut pile = None;
    for shape in shapes {
        let small = match shape {
            Shape::Block { radius, ink, alpha, .. } if *radius == 1.0 => Some((*ink, *alpha)),
            _ => None,
        };
        if pile != small {
            if pile.is_some() {
                c.fill();
            }
            if let Some((ink, alpha)) = small {
                pen.fill(ink, alpha);
                c.begin_path();
            }
            pile = small;
        }
        match shape {
            Shape::Block { rect: r, .. } if small.is_some() => outline(c, r, 1.0),
            Shape::Dots(list) => {
                for dot in list {
                    dots[place(dot.ink) * ALPHAS + (dot.alpha * 10.0) as usize % ALPHAS].push((dot.at, dot.radius));
                }
            }
            Shape::Veil { holes, alpha } => {
                pen.flush(dots);
                pen.fill(Ink::Background, *alpha);
                c.begin_path();
                c.rect(0.0, 0.0, width, height);
                // Against the way of the whole, and so left out of it.
                for r in holes {
                    let (x, y, right, bottom) = (f64::from(r.x), f64::from(r.y), f64::from(r.right()), f64::from(r.bottom()));
                    c.move_to(x, y);
                    c.line_to(x, bottom);
                    c.line_to(right, bottom);
                    c.line_to(right, y);
                    c.close_path();
                }
                c.fill();
            }
            other => pen.one(other),
        }
    }
    if pile.is_some() {
        c.fill();
    }
    pen.flush(dots);
}

fn rounded(c: &CanvasRenderingContext2d, r: &Rect, radius: f64) {
    c.begin_path();
    outline(c, r, radius);
}

/// A cell whose left and right sides are points: a transaction's marker.
fn pointed(c: &CanvasRenderingContext2d, r: &Rect) {
    let (x, y, w, h) = (f64::from(r.x), f64::from(r.y), f64::from(r.w), f64::from(r.h));
    let point = w * 0.3;
    c.begin_path();
    c.move_to(x, y + h / 2.0);
    c.line_to(x + point, y);
    c.line_to(x + w - point, y);
    c.line_to(x + w, y + h / 2.0);
    c.line_to(x + w - point, y + h);
    c.line_to(x + point, y + h);
    c.close_path();
}

fn outline(c: &CanvasRenderingContext2d, r: &Rect, radius: f64) {
    let _ = c.round_rect_with_f64(f64::from(r.x), f64::from(r.y), f64::from(r.w), f64::from(r.h), radius);
}

impl Pen<'_> {
    fn alpha(&mut self, alpha: f32) {
        if self.set.alpha != alpha {
            self.set.alpha = alpha;
            self.c.set_global_alpha(f64::from(alpha));
        }
    }

    fn fill(&mut self, ink: Ink, alpha: f32) {
        self.fill_by(place(ink), alpha);
    }

    fn fill_by(&mut self, place: usize, alpha: f32) {
        self.alpha(alpha);
        if self.set.fill != place {
            self.set.fill = place;
            self.c.set_fill_style_str(&self.inks.0[place]);
        }
    }

    fn stroke(&mut self, ink: Ink, alpha: f32, width: f32, dash: f32) {
        self.stroke_by(place(ink), alpha, width, dash);
    }

    fn stroke_by(&mut self, place: usize, alpha: f32, width: f32, dash: f32) {
        self.alpha(alpha);
        self.c.set_line_width(f64::from(width));
        if self.set.stroke != place {
            self.set.stroke = place;
            self.c.set_stroke_style_str(&self.inks.0[place]);
        }
        if self.set.dash != dash {
            self.set.dash = dash;
            let list = js_sys::Array::new();
            if dash > 0.0 {
                list.push(&JsValue::from_f64(f64::from(dash)));
                list.push(&JsValue::from_f64(f64::from(dash) + 1.5));
            }
            let _ = self.c.set_line_dash(&list);
        }
    }

    fn flush(&mut self, dots: &mut Dots) {
        let crowd = dots.iter().map(Vec::len).sum::<usize>() > CROWD;
        let c = self.c;
        for (i, dots) in dots.iter_mut().enumerate().filter(|(_, dots)| !dots.is_empty()) {
            self.fill_by(i / ALPHAS, (i % ALPHAS) as f32 / 10.0);
            if crowd {
                for (p, r) in dots.drain(..) {
                    let r = r * 0.9;
                    c.fill_rect(f64::from(p.x - r), f64::from(p.y - r), f64::from(r + r), f64::from(r + r));
                }
                continue;
            }
            // Dots of one ink are one path.
            c.begin_path();
            for (p, r) in dots.drain(..) {
                let (x, y, r) = (f64::from(p.x), f64::from(p.y), f64::from(r));
                c.move_to(x + r, y);
                let _ = c.arc(x, y, r, 0.0, TAU);
            }
            c.fill();
            if i / ALPHAS >= KEY_1 {
                self.stroke(Ink::Background, self.set.alpha, 1.0, 0.0);
                c.stroke();
            }
        }
    }

    fn one(&mut self, shape: &Shape) {
        let c = self.c;
        match shape {
            Shape::Cell { rect, ink, glyph, look } => self.cell(rect, *ink, *glyph, *look),
            Shape::Dots(_) | Shape::Veil { .. } | Shape::Sign(_) => {}
            Shape::Frame { rect, ink } => {
                self.stroke(*ink, 1.0, 1.75, 0.0);
                rounded(c, rect, 5.0);
                c.stroke();
            }
            Shape::Line { from, to, width, ink, dash, alpha } => {
                self.stroke(*ink, *alpha, *width, *dash);
                c.begin_path();
                c.move_to(f64::from(from.x), f64::from(from.y));
                c.line_to(f64::from(to.x), f64::from(to.y));
                c.stroke();
            }
            Shape::Curve { points: [a, b, d, e], width, ink, dash, alpha } => {
                self.stroke(*ink, *alpha, *width, *dash);
                c.begin_path();
                c.move_to(f64::from(a.x), f64::from(a.y));
                let f = f64::from;
                c.bezier_curve_to(f(b.x), f(b.y), f(d.x), f(d.y), f(e.x), f(e.y));
                c.stroke();
            }
            Shape::Tear { from, to, ink } => {
                self.stroke(*ink, 1.0, 1.75, 0.0);
                c.begin_path();
                c.move_to(f64::from(from.x), f64::from(from.y));
                let (dx, dy) = (f64::from(to.x - from.x), f64::from(to.y - from.y));
                let length = dx.hypot(dy).max(1.0);
                // Teeth of four pixels, to both sides in turn.
                let teeth = (length / 4.0).ceil().max(2.0);
                for i in 1..=teeth as u32 {
                    let (part, side) = (f64::from(i) / teeth, if i % 2 == 0 { -2.5 } else { 2.5 } / length);
                    c.line_to(f64::from(from.x) + dx * part - dy * side, f64::from(from.y) + dy * part + dx * side);
                }
                c.stroke();
            }
            Shape::Flag { rect, text, ink } => self.flag(rect, text, *ink),
            Shape::Text { at, text, bold, mono, ink, align } => {
                self.words(f64::from(at.x), f64::from(at.y), text, (*bold, *mono), *ink, *align);
            }
            Shape::Pointer { at, ink } => {
                let (x, y) = (f64::from(at.x), f64::from(at.y));
                self.fill(*ink, 1.0);
                c.begin_path();
                c.move_to(x, y);
                c.line_to(x + 4.0, y + 7.0);
                c.line_to(x - 4.0, y + 7.0);
                c.close_path();
                c.fill();
            }
            Shape::Block { rect, radius, ink, alpha } => {
                self.fill(*ink, *alpha);
                if *radius == 0.0 {
                    c.fill_rect(f64::from(rect.x), f64::from(rect.y), f64::from(rect.w), f64::from(rect.h));
                    return;
                }
                rounded(c, rect, f64::from(*radius));
                c.fill();
            }
            Shape::Hatch { rect, ink } => self.hatch(rect, *ink),
        }
    }

    fn flag(&mut self, rect: &Rect, text: &str, ink: Ink) {
        let c = self.c;
        let (x, y, w, h) = (f64::from(rect.x), f64::from(rect.y), f64::from(rect.w), f64::from(rect.h));
        c.begin_path();
        c.move_to(x, y);
        c.line_to(x + w - 6.0, y);
        c.line_to(x + w, y + h / 2.0);
        c.line_to(x + w - 6.0, y + h);
        c.line_to(x, y + h);
        c.close_path();
        self.fill(Ink::Surface, 1.0);
        c.fill();
        self.fill(ink, 0.14);
        c.fill();
        self.stroke(ink, 1.0, 1.0, 0.0);
        c.stroke();
        self.words(x + 6.0, y + h / 2.0 + 4.0, text, (true, false), ink, Align::Start);
    }

    fn hatch(&mut self, rect: &Rect, ink: Ink) {
        let c = self.c;
        let before = self.set;
        c.save();
        rounded(c, rect, 8.0);
        c.clip();
        self.stroke(ink, 0.16, 2.0, 0.0);
        c.begin_path();
        let (x, y, w, h) = (f64::from(rect.x), f64::from(rect.y), f64::from(rect.w), f64::from(rect.h));
        let mut d = -h;
        while d < w {
            c.move_to(x + d, y + h);
            c.line_to(x + d + h, y);
            d += 9.0;
        }
        c.stroke();
        c.restore();
        self.set = before;
    }

    /// `font`: whether it is bold, whether all its letters are of one width.
    fn words(&mut self, x: f64, y: f64, text: &str, font: (bool, bool), ink: Ink, align: Align) {
        let c = self.c;
        self.fill(ink, 1.0);
        if self.set.font != Some(font) {
            self.set.font = Some(font);
            let (bold, mono) = font;
            let weight = if bold { 600 } else { 400 };
            let family =
                if mono { "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" } else { "system-ui, -apple-system, sans-serif" };
            c.set_font(&format!("{weight} {TEXT}px {family}"));
        }
        if self.set.align != Some(align) {
            self.set.align = Some(align);
            c.set_text_align(match align {
                Align::Start => "left",
                Align::Middle => "center",
                Align::End => "right",
            });
        }
        let _ = c.fill_text(text, x, y);
    }

    fn cell(&mut self, r: &Rect, ink: Ink, glyph: Glyph, look: Look) {
        let c = self.c;
        let radius = if r.w > 12.0 { 4.0 } else { 2.0 };
        let solid = look == Look::Solid && !matches!(glyph, Glyph::Tombstone | Glyph::Abort);
        let shape = |rect: &Rect| if matches!(glyph, Glyph::Commit | Glyph::Abort) { pointed(c, rect) } else { rounded(c, rect, radius) };
        if solid {
            self.fill(ink, if ink == Ink::Muted { 0.45 } else { 1.0 });
            shape(r);
            c.fill();
        } else {
            shape(&Rect { x: r.x + 0.75, y: r.y + 0.75, w: r.w - 1.5, h: r.h - 1.5 });
            if look != Look::Hollow && glyph != Glyph::Abort {
                self.fill(ink, 0.2);
                c.fill();
            }
            self.stroke(ink, 1.0, 1.5, if look == Look::Pending { 2.5 } else { 0.0 });
            c.stroke();
        }
        if glyph == Glyph::None || r.w < 12.0 && glyph != Glyph::Tombstone {
            return;
        }
        // The sign is the cell's own colour, lighter or darker, so that the colour stays the first thing seen.
        let (sign, alpha) = match ink {
            _ if !solid => (place(ink), 0.9),
            Ink::Key(0 | 1 | 3) => (DARK, 0.55),
            _ => (DARK + 1, 0.8),
        };
        let (x, y) = (f64::from(r.x + r.w / 2.0), f64::from(r.y + r.h / 2.0));
        let s = f64::from(r.w).min(30.0) * 0.17;
        c.begin_path();
        let full = match glyph {
            Glyph::None => return,
            Glyph::Disc | Glyph::Ring => {
                let _ = c.arc(x, y, s, 0.0, TAU);
                glyph == Glyph::Disc
            }
            Glyph::Bar => {
                c.move_to(x - s, y);
                c.line_to(x + s, y);
                false
            }
            Glyph::Triangle => {
                c.move_to(x, y - s);
                c.line_to(x + s * 1.1, y + s);
                c.line_to(x - s * 1.1, y + s);
                c.close_path();
                true
            }
            Glyph::Diamond => {
                c.move_to(x, y - s * 1.25);
                c.line_to(x + s * 1.1, y);
                c.line_to(x, y + s * 1.25);
                c.line_to(x - s * 1.1, y);
                c.close_path();
                true
            }
            Glyph::Cross | Glyph::Tombstone | Glyph::Abort => {
                c.move_to(x - s, y - s);
                c.line_to(x + s, y + s);
                c.move_to(x + s, y - s);
                c.line_to(x - s, y + s);
                false
            }
            Glyph::Commit => {
                c.move_to(x - s, y);
                c.line_to(x - s * 0.2, y + s * 0.9);
                c.line_to(x + s * 1.1, y - s * 0.9);
                false
            }
            Glyph::Control => {
                c.rect(x - 1.5, f64::from(r.y) + 5.0, 3.0, f64::from(r.h) - 10.0);
                true
            }
        };
        if full {
            self.fill_by(sign, alpha);
            c.fill();
        } else {
            self.stroke_by(sign, alpha, 1.75, 0.0);
            c.stroke();
        }
    }
}
