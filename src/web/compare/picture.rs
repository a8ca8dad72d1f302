//! A run's stage at a small size: the scene without its words, and on its cards who it is, in the colour that its lanes have.

use crate::playground::scene::{Ink, Place, Scene, Target, View, scene};
use crate::playground::time::HUES;
use crate::web::paint::{Dots, Inks, context, is_dark, no_dots, paint};
use crate::web::stage::camera::ReducedMotion;
use crate::world::World;
use crate::world::view::WorldView;
use std::sync::Arc;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// The width for which the scene is laid out at least and at most, in its own pixels.
const LEAST: f64 = 700.0;
const MOST: f64 = 1500.0;
/// The height that rows share, in the same.
const ROOM: f32 = 300.0;
const FONT: &str = "600 12px system-ui, -apple-system, sans-serif";
const PLAIN: &str = "400 12px system-ui, -apple-system, sans-serif";
/// A letter of that, about.
const LETTER: f64 = 6.8;
/// How far a name may be narrowed to fit onto its card.
const NARROWED: f64 = 0.8;

pub struct Picture {
    canvas: HtmlCanvasElement,
    c: CanvasRenderingContext2d,
    inks: Inks,
    dark: bool,
    dots: Box<Dots>,
    still: ReducedMotion,
    /// The scene's height when it was drawn last: it hardly depends on the width.
    high: f64,
}

/// The colour of an owner's lane.
fn hue(owners: &[String], name: &str) -> Option<Ink> {
    let place = owners.iter().position(|owner| owner == name)? % usize::from(HUES);
    // As the style sheet has the lanes' hues: the first two keys are the other way round.
    Some(Ink::Key([1, 0, 2, 3, 4, 5][place]))
}

impl Picture {
    pub fn new(canvas: HtmlCanvasElement) -> Option<Self> {
        let c = context(&canvas)?;
        let (inks, dark) = (Inks::read(&canvas), is_dark(&canvas));
        Some(Self { canvas, c, inks, dark, dots: no_dots(), still: ReducedMotion::new(), high: 300.0 })
    }

    /// Reads the theme's colours again, if it is another one.
    pub fn retheme(&mut self) {
        let dark = is_dark(&self.canvas);
        if dark != self.dark {
            (self.dark, self.inks) = (dark, Inks::read(&self.canvas));
        }
    }

    /// `owners`: in the order of their colours.
    pub fn draw(&mut self, world: &World, owners: &[String]) {
        let (width, height) = (f64::from(self.canvas.client_width()), f64::from(self.canvas.client_height()));
        if width < 1.0 || height < 1.0 {
            return;
        }
        let ratio = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio()).clamp(1.0, 3.0);
        let mut view = world.view();
        // One colour for an owner in all runs.
        view.owners = Arc::new(owners.iter().map(|owner| Arc::from(owner.as_str())).collect());
        // As wide as the whole height leaves room for.
        let whole = (width * self.high / height).clamp(LEAST, MOST);
        let camera = View { density: 1, room: ROOM, reduced_motion: self.still.is_wanted(), ..View::new(whole as f32) };
        let Scene { shapes, places, height: high, .. } = scene(&view, view.now, &camera).without_words();
        self.high = f64::from(high).max(1.0);
        let scale = (width / whole).min(height / self.high);
        let pixels = [width * ratio, height * ratio].map(|size| size as u32);
        if [self.canvas.width(), self.canvas.height()] != pixels {
            self.canvas.set_width(pixels[0]);
            self.canvas.set_height(pixels[1]);
        }
        let left = (width - whole * scale) / 2.0;
        let top = (height - self.high * scale) / 2.0;
        let _ = self.c.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
        self.c.clear_rect(0.0, 0.0, width * ratio, height * ratio);
        let _ = self.c.set_transform(scale * ratio, 0.0, 0.0, scale * ratio, left * ratio, top * ratio);
        paint(&self.c, &shapes, &self.inks, &mut self.dots, whole, self.high);
        // Names are as large as all text of the page, whatever the scale.
        let _ = self.c.set_transform(ratio, 0.0, 0.0, ratio, left * ratio, top * ratio);
        for place in &places {
            self.card(&view, place, scale, owners);
        }
    }

    fn card(&self, view: &WorldView, place: &Place, scale: f64, owners: &[String]) {
        let (name, ink, runs, rest) = match &place.what {
            Target::Consumer(name) => {
                let Some(consumer) = view.consumers.iter().find(|consumer| consumer.name == *name) else { return };
                let rest = if consumer.state.is_up() { consumer.assignment.len().to_string() } else { consumer.state.to_string() };
                (name, hue(owners, name).unwrap_or(Ink::Line), consumer.state.is_up(), rest)
            }
            Target::Producer(name) => {
                let up = view.producers.iter().any(|producer| producer.name == *name && producer.state.is_up());
                (name, Ink::Muted, up, String::new())
            }
            _ => return,
        };
        let r = &place.rect;
        let (x, y, w, h) = (f64::from(r.x) * scale, f64::from(r.y) * scale, f64::from(r.w) * scale, f64::from(r.h) * scale);
        let c = &self.c;
        c.begin_path();
        let _ = c.round_rect_with_f64(x, y, w, h, 4.0);
        c.set_global_alpha(1.0);
        c.set_fill_style_str(self.inks.of(Ink::Surface));
        c.fill();
        c.set_global_alpha(if runs { 1.0 } else { 0.4 });
        c.set_stroke_style_str(self.inks.of(ink));
        c.set_line_width(if ink == Ink::Muted { 1.0 } else { 2.0 });
        let _ = c.set_line_dash(&js_sys::Array::new());
        c.stroke();
        c.set_fill_style_str(self.inks.of(Ink::Ink));
        if h >= 13.0 && w > name.chars().count() as f64 * LETTER * NARROWED {
            c.set_font(FONT);
            c.set_text_align("left");
            let _ = c.fill_text_with_max_width(name, x + 5.0, y + h / 2.0 + 4.0, w - 10.0);
            if w > (name.chars().count() + rest.chars().count() + 3) as f64 * LETTER {
                c.set_font(PLAIN);
                c.set_text_align("right");
                let _ = c.fill_text(&rest, x + w - 6.0, y + h / 2.0 + 4.0);
            }
        }
        c.set_global_alpha(1.0);
    }
}
