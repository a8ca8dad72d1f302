//! Asks the browser for frames, one at a time, while the playground is seen.

use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

/// What the browser calls for each frame.
type Callback = Closure<dyn FnMut(f64)>;

pub struct Frames {
    callback: RefCell<Option<Callback>>,
    asked: Cell<Option<i32>>,
    /// The document is visible, the element is on the screen.
    visible: Cell<bool>,
    on_screen: Cell<bool>,
    stopped: Cell<bool>,
}

impl Frames {
    pub fn new() -> Self {
        Self {
            callback: RefCell::default(),
            asked: Cell::new(None),
            visible: Cell::new(true),
            on_screen: Cell::new(true),
            stopped: Cell::new(false),
        }
    }

    /// What a frame does; it is given the frame's time in milliseconds.
    pub fn on_frame(&self, call: impl FnMut(f64) + 'static) {
        *self.callback.borrow_mut() = Some(Closure::new(call));
    }

    /// A frame has come; whether it is still wanted.
    pub fn begin(&self) -> bool {
        self.asked.set(None);
        !self.stopped.get()
    }

    pub fn set_visible(&self, visible: bool) {
        self.visible.set(visible);
    }

    pub fn set_on_screen(&self, on_screen: bool) {
        self.on_screen.set(on_screen);
    }

    /// Asks for one frame, if none is asked for and somebody sees it.
    pub fn ask(&self) {
        if self.stopped.get() || self.asked.get().is_some() || !self.visible.get() || !self.on_screen.get() {
            return;
        }
        if let (Some(call), Some(window)) = (&*self.callback.borrow(), web_sys::window()) {
            self.asked.set(window.request_animation_frame(call.as_ref().unchecked_ref()).ok());
        }
    }

    pub fn stop(&self) {
        self.stopped.set(true);
        if let (Some(id), Some(window)) = (self.asked.take(), web_sys::window()) {
            let _ = window.cancel_animation_frame(id);
        }
    }
}
