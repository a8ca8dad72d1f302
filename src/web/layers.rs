//! The picture on two canvases: what stands below, what moves above it. Each is painted when its shapes are others than those that are on
//! it. A canvas is a cache and nothing else: which shapes there are is told by the run, the moment and the camera.

use super::paint::{Dots, Inks, context, is_dark, no_dots, paint};
use crate::playground::scene::{Scene, Shape};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

pub struct Layers {
    canvases: Vec<(HtmlCanvasElement, CanvasRenderingContext2d)>,
    inks: Inks,
    dots: Box<Dots>,
    /// What is on them: the shapes, how many of them are on the lower one, and how large the canvases are.
    painted: Vec<Shape>,
    standing: usize,
    size: (f64, f64, f64),
}

impl Layers {
    pub fn new(canvases: [HtmlCanvasElement; 2]) -> Self {
        let canvases = canvases.into_iter().filter_map(|canvas| context(&canvas).map(|c| (canvas, c))).collect();
        Self { canvases, inks: Inks::default(), dots: no_dots(), painted: Vec::new(), standing: 0, size: Default::default() }
    }

    /// Reads the theme's colours; everything is painted anew.
    pub fn retheme(&mut self) {
        if let Some((canvas, _)) = self.canvases.first() {
            self.inks = Inks::read(canvas);
        }
        self.size = Default::default();
    }

    pub fn is_dark(&self) -> bool {
        self.canvases.first().is_some_and(|(canvas, _)| is_dark(canvas))
    }

    /// Takes the scene's shapes and shows them. `width` and the height that it gives back: CSS pixels.
    pub fn show(&mut self, scene: &mut Scene, width: f64) -> f64 {
        let height = f64::from(scene.height).ceil();
        let ratio = web_sys::window().map_or(1.0, |w| w.device_pixel_ratio()).clamp(1.0, 3.0);
        let size = (width, height, ratio);
        let all = self.size != size;
        self.size = size;
        let shapes = std::mem::take(&mut scene.shapes);
        let (new, old) = (shapes.split_at(scene.standing), self.painted.split_at(self.standing));
        for ((canvas, c), (new, old)) in self.canvases.iter().zip([(new.0, old.0), (new.1, old.1)]) {
            if all {
                // Whole pixels in a box of exactly their size: nothing that is drawn is resampled.
                let pixels = [width * ratio, height * ratio].map(|size| size as u32);
                canvas.set_width(pixels[0]);
                canvas.set_height(pixels[1]);
                for (name, pixels) in ["width", "height"].into_iter().zip(pixels) {
                    let thousandths = (f64::from(pixels) * 1000.0 / ratio) as u32;
                    let length = format!("{}.{:03}px", thousandths / 1000, thousandths % 1000);
                    let _ = HtmlElement::style(canvas).set_property(name, &length);
                }
                let _ = c.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
                c.set_line_cap("round");
                c.set_line_join("round");
            }
            if all || new != old {
                paint(c, new, &self.inks, &mut self.dots, width, height);
            }
        }
        (self.painted, self.standing) = (shapes, scene.standing);
        height
    }
}
