//! Shapes on a canvas, in the theme's inks.

use super::clock::tenths;
use crate::kafka::map::Map;
use crate::playground::scene::{Align, Glyph, Ink, Look, Point, Rect, Scene, Shape};
use std::f64::consts::TAU;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement};

/// The theme's colours, read from the custom properties that apply to the playground.
#[derive(Clone, PartialEq, Default)]
pub struct Inks {
    names: [String; 9],
    keys: [String; 6],
}

const PROPERTIES: [&str; 9] =
    ["--tp-background", "--tp-surface", "--tp-soft", "--tp-ink", "--tp-muted", "--tp-line", "--tp-accent", "--tp-bad", "--tp-ok"];
const PLAIN: [&str; 9] = ["#FAFAF8", "#FFFFFF", "#F1F1ED", "#1C2024", "#6A7178", "#E3E3DF", "#1F5FBF", "#C8372D", "#1B7A4A"];
const KEYS: [&str; 6] = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00"];

impl Inks {
    pub fn read(from: &Element) -> Self {
        let style = web_sys::window().and_then(|w| w.get_computed_style(from).ok().flatten());
        let get = |name: &str, fallback: &str| {
            let value = style.as_ref().and_then(|s| s.get_property_value(name).ok()).unwrap_or_default();
            let value = value.trim();
            if value.is_empty() { fallback.to_owned() } else { value.to_owned() }
        };
        Self {
            names: std::array::from_fn(|i| get(PROPERTIES[i], PLAIN[i])),
            keys: std::array::from_fn(|i| get(&format!("--tp-key-{}", i + 1), KEYS[i])),
        }
    }

    fn of(&self, ink: Ink) -> &str {
        let i = match ink {
            Ink::Background => 0,
            Ink::Surface => 1,
            Ink::Soft => 2,
            Ink::Ink => 3,
            Ink::Muted => 4,
            Ink::Line => 5,
            Ink::Accent => 6,
            Ink::Bad => 7,
            Ink::Ok => 8,
            Ink::Key(k) => return &self.keys[usize::from(k) % 6],
        };
        &self.names[i]
    }
}

pub fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

/// Paints the whole picture. `ratio`: device pixels for each CSS pixel.
pub fn paint(c: &CanvasRenderingContext2d, scene: &Scene, inks: &Inks, width: f64, height: f64, ratio: f64) {
    let _ = c.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    c.clear_rect(0.0, 0.0, width, height);
    c.set_line_cap("round");
    c.set_line_join("round");
    let mut dots = Dots::new();
    for shape in &scene.shapes {
        match shape {
            Shape::Dot { at, radius, ink, alpha } => {
                let name = if let Ink::Key(k) = ink { 100 + usize::from(*k) } else { ink_order(*ink) };
                dots.entry((name, (alpha * 10.0) as u8)).or_default().push((*at, *radius));
            }
            Shape::Veil { holes, alpha } => {
                flush(c, &mut dots, inks);
                c.set_global_alpha(f64::from(*alpha));
                c.set_fill_style_str(inks.of(Ink::Background));
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
                c.set_global_alpha(1.0);
            }
            other => one(c, other, inks),
        }
    }
    flush(c, &mut dots, inks);
}

/// More dots than these are squares: nobody sees their corners, and ten thousand of them are drawn in a frame.
const CROWD: usize = 800;

/// Dots of one ink: (ink, tenths of alpha) → where, and how large.
type Dots = Map<(usize, u8), Vec<(Point, f32)>>;

fn flush(c: &CanvasRenderingContext2d, dots: &mut Dots, inks: &Inks) {
    let crowd = dots.values().map(Vec::len).sum::<usize>() > CROWD;
    for ((name, alpha), dots) in std::mem::take(dots).iter() {
        c.set_global_alpha(f64::from(*alpha) / 10.0);
        c.set_fill_style_str(if *name >= 100 { &inks.keys[name - 100] } else { &inks.names[*name] });
        if crowd {
            for (p, r) in dots {
                let r = r * 0.9;
                c.fill_rect(f64::from(p.x - r), f64::from(p.y - r), f64::from(r + r), f64::from(r + r));
            }
            continue;
        }
        // Dots of one ink are one path.
        c.begin_path();
        for (p, r) in dots {
            let (x, y, r) = (f64::from(p.x), f64::from(p.y), f64::from(*r));
            c.move_to(x + r, y);
            let _ = c.arc(x, y, r, 0.0, TAU);
        }
        c.fill();
        if *name >= 100 {
            c.set_stroke_style_str(&inks.names[0]);
            c.set_line_width(1.0);
            c.stroke();
        }
    }
    c.set_global_alpha(1.0);
}

fn ink_order(ink: Ink) -> usize {
    match ink {
        Ink::Background => 0,
        Ink::Surface => 1,
        Ink::Soft => 2,
        Ink::Ink | Ink::Key(_) => 3,
        Ink::Muted => 4,
        Ink::Line => 5,
        Ink::Accent => 6,
        Ink::Bad => 7,
        Ink::Ok => 8,
    }
}

fn dash(c: &CanvasRenderingContext2d, length: f32) {
    let list = js_sys::Array::new();
    if length > 0.0 {
        list.push(&JsValue::from_f64(f64::from(length)));
        list.push(&JsValue::from_f64(f64::from(length) + 1.5));
    }
    let _ = c.set_line_dash(&list);
}

fn rounded(c: &CanvasRenderingContext2d, r: &Rect, radius: f64) {
    c.begin_path();
    let _ = c.round_rect_with_f64(f64::from(r.x), f64::from(r.y), f64::from(r.w), f64::from(r.h), radius);
}

fn one(c: &CanvasRenderingContext2d, shape: &Shape, inks: &Inks) {
    match shape {
        Shape::Cell { rect, ink, glyph, look } => cell(c, rect, *ink, *glyph, *look, inks),
        Shape::Dot { .. } | Shape::Veil { .. } => {}
        Shape::Frame { rect, ink } => {
            c.set_global_alpha(1.0);
            c.set_stroke_style_str(inks.of(*ink));
            c.set_line_width(1.75);
            rounded(c, rect, 5.0);
            c.stroke();
        }
        Shape::Line { from, to, width, ink, dash: d, alpha } => {
            c.set_global_alpha(f64::from(*alpha));
            c.set_stroke_style_str(inks.of(*ink));
            c.set_line_width(f64::from(*width));
            dash(c, *d);
            c.begin_path();
            c.move_to(f64::from(from.x), f64::from(from.y));
            c.line_to(f64::from(to.x), f64::from(to.y));
            c.stroke();
            dash(c, 0.0);
        }
        Shape::Curve { points: [a, b, d, e], width, ink, dash: length, alpha } => {
            c.set_global_alpha(f64::from(*alpha));
            c.set_stroke_style_str(inks.of(*ink));
            c.set_line_width(f64::from(*width));
            dash(c, *length);
            c.begin_path();
            c.move_to(f64::from(a.x), f64::from(a.y));
            let f = f64::from;
            c.bezier_curve_to(f(b.x), f(b.y), f(d.x), f(d.y), f(e.x), f(e.y));
            c.stroke();
            dash(c, 0.0);
        }
        Shape::Flag { rect, text, ink } => {
            let (x, y, w, h) = (f64::from(rect.x), f64::from(rect.y), f64::from(rect.w), f64::from(rect.h));
            c.begin_path();
            c.move_to(x, y);
            c.line_to(x + w - 6.0, y);
            c.line_to(x + w, y + h / 2.0);
            c.line_to(x + w - 6.0, y + h);
            c.line_to(x, y + h);
            c.close_path();
            c.set_global_alpha(1.0);
            c.set_fill_style_str(inks.of(Ink::Surface));
            c.fill();
            c.set_global_alpha(0.14);
            c.set_fill_style_str(inks.of(*ink));
            c.fill();
            c.set_global_alpha(1.0);
            c.set_stroke_style_str(inks.of(*ink));
            c.set_line_width(1.0);
            c.stroke();
            words(c, x + 6.0, y + h / 2.0 + 3.5, text, 10.0, true, false, inks.of(*ink), Align::Start);
        }
        Shape::Text { at, text, size, bold, mono, ink, align } => {
            c.set_global_alpha(1.0);
            words(c, f64::from(at.x), f64::from(at.y), text, *size, *bold, *mono, inks.of(*ink), *align);
        }
        Shape::Pointer { at, ink } => {
            let (x, y) = (f64::from(at.x), f64::from(at.y));
            c.set_global_alpha(1.0);
            c.set_fill_style_str(inks.of(*ink));
            c.begin_path();
            c.move_to(x, y);
            c.line_to(x + 4.0, y + 7.0);
            c.line_to(x - 4.0, y + 7.0);
            c.close_path();
            c.fill();
        }
        Shape::Block { rect, radius, ink, alpha } => {
            c.set_global_alpha(f64::from(*alpha));
            c.set_fill_style_str(inks.of(*ink));
            if *radius == 0.0 {
                c.fill_rect(f64::from(rect.x), f64::from(rect.y), f64::from(rect.w), f64::from(rect.h));
                return;
            }
            rounded(c, rect, f64::from(*radius));
            c.fill();
        }
        Shape::Hatch { rect, ink } => {
            c.save();
            rounded(c, rect, 8.0);
            c.clip();
            c.set_global_alpha(0.16);
            c.set_stroke_style_str(inks.of(*ink));
            c.set_line_width(2.0);
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
            c.set_global_alpha(1.0);
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn words(c: &CanvasRenderingContext2d, x: f64, y: f64, text: &str, size: f32, bold: bool, mono: bool, ink: &str, align: Align) {
    let weight = if bold { 600 } else { 400 };
    let family = if mono { "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" } else { "system-ui, -apple-system, sans-serif" };
    c.set_font(&format!("{weight} {}px {family}", tenths(size)));
    c.set_text_align(match align {
        Align::Start => "left",
        Align::Middle => "center",
        Align::End => "right",
    });
    c.set_fill_style_str(ink);
    let _ = c.fill_text(text, x, y);
}

fn cell(c: &CanvasRenderingContext2d, r: &Rect, ink: Ink, glyph: Glyph, look: Look, inks: &Inks) {
    let colour = inks.of(ink);
    let radius = if r.w > 12.0 { 4.0 } else { 2.0 };
    let solid = look == Look::Solid && glyph != Glyph::Tombstone;
    let inset = Rect { x: r.x + 0.75, y: r.y + 0.75, w: r.w - 1.5, h: r.h - 1.5 };
    c.set_fill_style_str(colour);
    if solid {
        c.set_global_alpha(if ink == Ink::Muted { 0.45 } else { 1.0 });
        rounded(c, r, radius);
        c.fill();
    } else {
        c.set_global_alpha(0.2);
        rounded(c, &inset, radius);
        c.fill();
        c.set_global_alpha(1.0);
        c.set_stroke_style_str(colour);
        c.set_line_width(1.5);
        dash(c, if look == Look::Pending { 2.5 } else { 0.0 });
        c.stroke();
        dash(c, 0.0);
    }
    if r.w < 12.0 && glyph != Glyph::Tombstone {
        return;
    }
    // The sign is the cell's own colour, lighter or darker, so that the colour stays the first thing seen.
    let dark = matches!(ink, Ink::Key(0 | 1 | 3));
    c.set_global_alpha(if solid { if dark { 0.55 } else { 0.8 } } else { 0.9 });
    let sign = if !solid {
        colour
    } else if dark {
        "#1C2024"
    } else {
        "#FFFFFF"
    };
    c.set_fill_style_str(sign);
    c.set_stroke_style_str(sign);
    c.set_line_width(1.75);
    let (x, y) = (f64::from(r.x + r.w / 2.0), f64::from(r.y + r.h / 2.0));
    let s = f64::from(r.w).min(30.0) * 0.17;
    c.begin_path();
    match glyph {
        Glyph::None => {}
        Glyph::Disc => {
            let _ = c.arc(x, y, s, 0.0, TAU);
            c.fill();
        }
        Glyph::Ring => {
            let _ = c.arc(x, y, s, 0.0, TAU);
            c.stroke();
        }
        Glyph::Bar => {
            c.move_to(x - s, y);
            c.line_to(x + s, y);
            c.stroke();
        }
        Glyph::Triangle => {
            c.move_to(x, y - s);
            c.line_to(x + s * 1.1, y + s);
            c.line_to(x - s * 1.1, y + s);
            c.close_path();
            c.fill();
        }
        Glyph::Diamond => {
            c.move_to(x, y - s * 1.25);
            c.line_to(x + s * 1.1, y);
            c.line_to(x, y + s * 1.25);
            c.line_to(x - s * 1.1, y);
            c.close_path();
            c.fill();
        }
        Glyph::Cross | Glyph::Tombstone => {
            c.move_to(x - s, y - s);
            c.line_to(x + s, y + s);
            c.move_to(x + s, y - s);
            c.line_to(x - s, y + s);
            c.stroke();
        }
        Glyph::Control => {
            c.fill_rect(x - 1.5, f64::from(r.y) + 5.0, 3.0, f64::from(r.h) - 10.0);
        }
    }
    c.set_global_alpha(1.0);
}
