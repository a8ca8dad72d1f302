//! Where the picture is seen from: its size, its arrangement and its zoom, and the way between two of them.

use crate::playground::scene::{Arrangement, ArrangementBlend, Target, View, depth};
use web_sys::MediaQueryList;

/// From one arrangement or zoom level to the next.
const ARRANGE_MS: f64 = 420.0;
const REDUCED: &str = "(prefers-reduced-motion: reduce)";

/// Whether the reader prefers reduced motion: asked once, answers as it is at any time.
pub struct ReducedMotion(Option<MediaQueryList>);

impl ReducedMotion {
    pub fn new() -> Self {
        Self(web_sys::window().and_then(|w| w.match_media(REDUCED).ok().flatten()))
    }

    pub fn is_wanted(&self) -> bool {
        self.0.as_ref().is_some_and(MediaQueryList::matches)
    }
}

pub struct Camera {
    /// CSS pixels; 0 until the playground has a place in the page.
    width: f64,
    /// The height in which the picture is seen at once, in CSS pixels; 0: as high as it likes.
    room: f64,
    arrangement: ArrangementBlend,
    /// How far the picture has zoomed in: 0 is the whole cluster, each level of depth is 1 more.
    zoom: f64,
    /// What is zoomed into, or was on the way out.
    focus: Option<Target>,
    still: ReducedMotion,
}

impl Camera {
    pub fn new() -> Self {
        Self { width: 0.0, room: 0.0, arrangement: ArrangementBlend::default(), zoom: 0.0, focus: None, still: ReducedMotion::new() }
    }

    pub fn width(&self) -> f64 {
        self.width
    }

    /// Whether the size has changed by more than a rounding error.
    pub fn resize(&mut self, width: f64, room: f64) -> bool {
        let changed = width > 0.0 && (width - self.width).abs() + (room - self.room).abs() > 0.5;
        if changed {
            (self.width, self.room) = (width, room);
        }
        changed
    }

    /// Moves for `dt` milliseconds towards the arrangement and the thing zoomed into; whether anything moved.
    pub fn step(&mut self, dt: f64, arrangement: &'static Arrangement, zoomed: Option<Target>) -> bool {
        let level = depth(zoomed.as_ref());
        // On the way out, what is zoomed out of stays in focus.
        if zoomed.is_some() && f64::from(level) >= self.zoom {
            self.focus = zoomed;
        }
        let step = if self.still.is_wanted() { 1.0 } else { dt / ARRANGE_MS };
        let (at, to, zoom_step) = (self.zoom, f64::from(level), if step < 1.0 { step } else { 3.0 });
        self.zoom = if at < to { (at + zoom_step).min(to) } else { (at - zoom_step).max(to) };
        let before = self.arrangement;
        self.arrangement = before.step_towards(arrangement, step as f32);
        at != to || !before.rests_in(arrangement)
    }

    /// The scene's view, without what is selected in it.
    pub fn view(&self) -> View {
        let mut view = View::new(self.width as f32);
        view.room = self.room as f32;
        view.reduced_motion = self.still.is_wanted();
        view.arrangement = self.arrangement;
        view.zoom = self.zoom as f32;
        view.focus = self.focus.clone();
        view
    }
}
