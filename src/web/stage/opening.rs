//! The way to the moment at which a page opens: the run comes to it in slices, from the first frame on.

use std::cell::Cell;

/// Milliseconds of a frame that the way may take. The page answers all the while: a browser calls a task long that takes 50. Each frame
/// also paints what nobody looks at yet, so there are to be few of them.
pub const SLICE_MS: f64 = 40.0;

#[derive(Default)]
pub struct Opening(Cell<Option<i64>>);

impl Opening {
    /// The run goes to this moment, in microseconds since it began, before it plays.
    pub fn set(&self, micros: i64) {
        self.0.set(Some(micros).filter(|micros| *micros > 0));
    }

    /// The moment that is still ahead.
    pub fn ahead(&self) -> Option<i64> {
        self.0.get()
    }

    /// It is reached, or a reader goes elsewhere.
    pub fn end(&self) {
        self.0.set(None);
    }
}
