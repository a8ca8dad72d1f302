//! Pointing at things on the stage, choosing them, and zooming: by pointer, by wheel and by keys.

use super::context::{PageStateStoreFields as _, Playground, StageHandle, Ui, use_playground};
use crate::playground::scene::{Sign, Target, zoom_into, zoom_out};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, HtmlElement, KeyboardEvent, MouseEvent, WheelEvent};

/// Milliseconds between two turns of a wheel that count as two steps: a pinch is many events and one step.
const STEP_MS: f64 = 250.0;

/// What pointer and keys do on one stage. Copied freely into event handlers.
#[derive(Clone, Copy)]
pub struct Navigation {
    ui: Ui,
    stage: StageHandle,
    /// When the wheel made its last step, in milliseconds of the event's clock.
    wheeled: StoredValue<f64>,
    /// What has the focus on a card.
    focused: StoredValue<Option<HtmlElement>, LocalStorage>,
    /// Cards are being moved in the document; the focus that one of them loses comes back.
    moving: StoredValue<bool>,
}

/// That of the playground which the component is in; disposed with the component.
pub fn use_navigation() -> Navigation {
    let Playground { ui, stage, .. } = use_playground();
    Navigation {
        ui,
        stage,
        wheeled: StoredValue::new(f64::NEG_INFINITY),
        focused: StoredValue::new_local(None),
        moving: StoredValue::new(false),
    }
}

impl Navigation {
    /// Draws the picture again when another thing is looked at, also while time stands still.
    pub fn redraw_on_change(self) {
        let Self { ui, stage, .. } = self;
        Effect::new(move |_| {
            ui.chosen().track();
            ui.zoomed().track();
            ui.arrangement().track();
            stage.with_value(|s| s.refresh());
        });
    }

    /// What the scene has at the pointer, and whether no card is there.
    fn at_pointer(self, event: &MouseEvent) -> Option<(Target, bool)> {
        let (x, y) = place_of(event)?;
        let found = self.stage.with_value(|s| s.scene.borrow().hit(x, y))?;
        Some((found, is_own(event)))
    }

    /// The mark at the pointer, where no card is.
    fn sign_at(self, event: &MouseEvent) -> Option<Sign> {
        let (x, y) = place_of(event).filter(|_| is_own(event))?;
        self.stage.with_value(|s| s.scene.borrow().sign(x, y).cloned())
    }

    /// What only the canvas draws, where the pointer is.
    fn drawn_at(self, event: &MouseEvent) -> Option<Target> {
        let (target, bare) = self.at_pointer(event)?;
        (bare && matches!(target, Target::Record(..) | Target::Frame(_) | Target::Partition(..))).then_some(target)
    }

    /// Names what the pointer is over or the arrow keys have walked to.
    pub fn point(self, target: Option<Target>) {
        if self.ui.pointed().with_untracked(|now| *now != target) {
            self.ui.pointed().set(target);
            self.stage.with_value(|s| s.wake());
        }
    }

    fn point_at_mark(self, sign: Option<Sign>) {
        if self.ui.sign().with_untracked(|now| *now != sign) {
            self.ui.sign().set(sign);
        }
    }

    /// Chooses a thing, or lets go of it when it is the chosen one.
    fn choose(self, target: Option<Target>) {
        self.ui.chosen().update(|now| *now = if *now == target { None } else { target });
    }

    /// One step closer to a thing.
    pub fn zoom_toward(self, mut target: Target) {
        let here = self.ui.zoomed().get_untracked();
        if let Target::Partition(topic, n) = &target
            && here.as_ref() == Some(&target)
        {
            // Into a partition: to its newest record.
            target = self.stage.with_value(|s| s.scene.borrow().walk(topic, *n, None, 0)).unwrap_or(target);
        }
        let arrangement = self.ui.arrangement().get_untracked();
        self.zoom_to(self.ui.snap().with_untracked(|s| zoom_into(&s.view, here.as_ref(), &target, arrangement)));
    }

    /// One step out.
    pub fn zoom_out(self) {
        let arrangement = self.ui.arrangement().get_untracked();
        let here = self.ui.zoomed().get_untracked();
        self.zoom_to(here.and_then(|here| self.ui.snap().with_untracked(|s| zoom_out(&s.view, &here, arrangement))));
    }

    /// Zooms there, or out to the cluster; a record that is zoomed into is followed.
    pub fn zoom_to(self, to: Option<Target>) {
        let record = |target: &Option<Target>| matches!(target, Some(Target::Record(..)));
        if record(&to) || record(&self.ui.zoomed().get_untracked()) {
            self.ui.chosen().set(to.clone().filter(|_| record(&to)));
        }
        self.ui.zoomed().set(to);
    }

    /// Each thing on the stage says in one line what it is; a button on a card, beside its name, has a line of its own.
    pub fn on_pointer_move(self, event: &MouseEvent) {
        // From what is pointed at up to the stage, which listens.
        let on_button = || {
            let stage = event.current_target();
            let path = event.composed_path().into_iter().map_while(|node| node.dyn_into::<Element>().ok());
            path.take_while(|element| Some(element.as_ref()) != stage.as_ref()).any(|element| {
                // The name of a card is the button of its menu, and stands for the thing.
                element.local_name() == "button" && element.get_attribute("aria-haspopup").as_deref() != Some("menu")
            })
        };
        let sign = self.sign_at(event);
        let is_mark = sign.is_some();
        self.point_at_mark(sign);
        let thing = || self.drawn_at(event).or_else(|| self.at_pointer(event).filter(|_| !on_button()).map(|found| found.0));
        self.point(if is_mark { None } else { thing() });
    }

    pub fn on_pointer_leave(self) {
        self.point_at_mark(None);
        self.point(None);
    }

    pub fn on_click(self, event: &MouseEvent) {
        match self.drawn_at(event) {
            None if is_own(event) && self.ui.chosen().with_untracked(|now| matches!(now, Some(Target::Record(..)))) => self.choose(None),
            None => {}
            target => self.choose(target),
        }
    }

    pub fn on_double_click(self, event: &MouseEvent) {
        if let Some(Target::Record(topic, n, offset)) = self.drawn_at(event) {
            self.ui.chosen().set(None);
            let partition = Target::Partition(topic.clone(), n);
            if self.ui.zoomed().with_untracked(|zoomed| zoomed.as_ref() == Some(&partition)) {
                self.zoom_toward(Target::Record(topic, n, offset));
            } else {
                self.ui.zoomed().set(Some(partition));
            }
        }
    }

    /// With Ctrl a step in or out; without it the wheel is the page's.
    pub fn on_wheel(self, event: &WheelEvent) {
        if !event.ctrl_key() {
            return;
        }
        event.prevent_default();
        let (at, before) = (event.time_stamp(), self.wheeled.get_value());
        self.wheeled.set_value(at);
        if at - before < STEP_MS {
            return;
        }
        if event.delta_y() > 0.0 {
            self.zoom_out();
        } else if let Some((target, _)) = self.at_pointer(event) {
            self.zoom_toward(target);
        }
    }

    pub fn on_focus_in(self, event: &FocusEvent) {
        self.focused.set_value(event.target().and_then(|target| target.dyn_into().ok()));
    }

    pub fn on_focus_out(self) {
        if !self.moving.get_value() {
            self.focused.set_value(None);
            self.point(None);
        }
    }

    /// To be called before the document's order of cards changes: an element that is moved loses the focus, and gets it back.
    pub fn keep_focus(self) {
        if self.focused.with_value(Option::is_none) || self.moving.get_value() {
            return;
        }
        self.moving.set_value(true);
        queue_microtask(move || {
            let _ = self.moving.try_set_value(false);
            let Some(Some(element)) = self.focused.try_get_value() else { return };
            if !element.is_connected() {
                self.on_focus_out();
            } else if !element.matches(":focus").unwrap_or(true) {
                let options = web_sys::FocusOptions::new();
                options.set_prevent_scroll(true);
                let _ = element.focus_with_options(&options);
            }
        });
    }

    /// For a key that was pressed on a card that can be zoomed into, or anywhere on the stage. Each key is acted on once: a card's listener
    /// comes first.
    pub fn on_key_down(self, event: &KeyboardEvent, card: Option<&Target>) {
        if event.default_prevented() {
            return;
        }
        let key = event.key();
        // Inside a card are buttons, with keys of their own.
        let own = card.is_some() && is_own(event);
        let partition = card.filter(|card| matches!(card, Target::Partition(..)));
        let walked = self.ui.pointed().get_untracked().filter(|pointed| match (pointed, partition) {
            (Target::Record(topic, n, _), Some(Target::Partition(of, at))) => topic == of && n == at,
            _ => false,
        });
        let zoomed = self.ui.zoomed().get_untracked();
        let step = if key == "ArrowLeft" { -1 } else { 1 };
        match (&*key, partition) {
            ("Escape", _) if self.ui.chosen().with_untracked(Option::is_some) && !matches!(zoomed, Some(Target::Record(..))) => {
                self.choose(None);
            }
            ("Escape" | "-", _) if zoomed.is_some() => self.zoom_out(),
            ("ArrowLeft" | "ArrowRight", Some(_)) if let Some(Target::Record(topic, n, at)) = zoomed => {
                self.zoom_toward(Target::Record(topic, n, at.saturating_add(step)));
            }
            ("+" | "=", _) => {
                let Some(target) = walked.or(card.cloned()).or(self.ui.chosen().get_untracked()).or(zoomed) else { return };
                self.zoom_toward(target);
            }
            ("ArrowLeft" | "ArrowRight", Some(Target::Partition(topic, n))) if own => {
                let from = if let Some(Target::Record(_, _, offset)) = walked { Some(offset) } else { None };
                self.point(self.stage.with_value(|s| s.scene.borrow().walk(topic, *n, from, step)));
            }
            ("Enter", Some(_)) if own && walked.is_some() => self.choose(walked),
            ("Enter", Some(partition)) if own => self.ui.zoomed().set(Some(partition.clone())),
            _ => return,
        }
        event.prevent_default();
    }
}

/// Where the pointer is on the stage, whose listener it is, in CSS pixels.
fn place_of(event: &MouseEvent) -> Option<(f32, f32)> {
    let frame = event.current_target()?.dyn_into::<Element>().ok()?.get_bounding_client_rect();
    Some(((f64::from(event.client_x()) - frame.left()) as f32, (f64::from(event.client_y()) - frame.top()) as f32))
}

/// Whether an event happened on the element that listens, not inside of it.
fn is_own(event: &Event) -> bool {
    event.target() == event.current_target()
}
