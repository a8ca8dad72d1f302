//! A pointer on the timeline: it scrubs on track and lanes, moves the window on the overview, zooms by wheel, and is told what it is on.

use super::LANE;
use super::shown::Shown;
use leptos::html;
use leptos::prelude::*;
use web_sys::{MouseEvent, PointerEvent, WheelEvent};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Area {
    /// The whole run.
    Overview,
    Track,
    /// The lanes.
    Plot,
}

#[derive(Clone, Copy)]
pub struct Hand {
    shown: Shown,
    area: Area,
    pub area_node: NodeRef<html::Div>,
    /// Where in the window it holds that, in microseconds; none: it holds nothing.
    held: StoredValue<Option<i64>>,
}

/// What is under the pointer.
struct Pointed {
    /// Microseconds since the run began.
    at: i64,
    /// The mark that is meant.
    mark: Option<i64>,
    words: String,
}

impl Hand {
    pub fn new(shown: Shown, area: Area) -> Self {
        Self { shown, area, area_node: NodeRef::new(), held: StoredValue::new(None) }
    }

    fn pointed(self, event: &MouseEvent) -> Option<Pointed> {
        let frame = self.area_node.get_untracked()?.get_bounding_client_rect();
        let place = ((f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0)).clamp(0.0, 1.0);
        let row = (self.area == Area::Plot).then(|| ((f64::from(event.client_y()) - frame.top()) / LANE as f64) as usize);
        let window = untrack(|| if self.area == Area::Overview { self.shown.whole() } else { self.shown.window() });
        let at = window.from + (place * window.width() as f64) as i64;
        let (mark, words) = self.shown.hint(row, at);
        Some(Pointed { at, mark, words })
    }

    pub fn down(self, event: &PointerEvent) {
        let Some(pointed) = self.pointed(event) else { return };
        if event.button() == 0 {
            let window = untrack(|| self.shown.window());
            let inside = self.area == Area::Overview && window.holds(pointed.at);
            self.held.set_value(Some(if inside { pointed.at - window.from } else { window.width() / 2 }));
            if let Some(area) = self.area_node.get_untracked() {
                let _ = area.set_pointer_capture(event.pointer_id());
            }
        }
        // A mark is meant exactly by whoever presses on it, not by a drag across it.
        self.drag(pointed.mark.unwrap_or(pointed.at), pointed.at);
        self.shown.told.set(pointed.words);
    }

    pub fn moved(self, event: &PointerEvent) {
        let Some(pointed) = self.pointed(event) else { return };
        self.drag(pointed.at, pointed.at);
        self.shown.told.set(pointed.words);
    }

    pub fn up(self, event: &PointerEvent) {
        self.held.set_value(None);
        if let Some(pointed) = self.pointed(event) {
            self.shown.told.set(pointed.words);
        }
    }

    pub fn left(self, event: &PointerEvent) {
        if let Some(pointed) = self.pointed(event) {
            self.drag(pointed.at, pointed.at);
        }
        self.shown.told.set(String::new());
    }

    /// With Ctrl the wheel zooms; alone it is the page's.
    pub fn wheel(self, event: &WheelEvent) {
        let Some(pointed) = self.pointed(event) else { return };
        if event.ctrl_key() {
            event.prevent_default();
            self.shown.zoom(pointed.at, event.delta_y() < 0.0);
        }
        self.shown.told.set(pointed.words);
    }

    /// While something is held: goes to the moment `to`, or takes the window to where it is held at `at`.
    fn drag(self, to: i64, at: i64) {
        match self.held.get_value() {
            Some(offset) if self.area == Area::Overview => self.shown.pan(at - offset),
            Some(_) => self.shown.seek(to),
            None => {}
        }
    }
}
