//! Floor 4, wasm: the page. No state of its own outside a mounted playground, so that several live on one page.

mod branches;
mod cards;
mod clock;
mod controls;
mod dom;
mod layers;
mod look;
mod menu;
mod mount;
mod paint;
mod panels;
mod run;
mod stage;
pub mod store;
mod timeline;
mod ui;
mod zoom;

pub use mount::{Handle, mount};

/// Called once by the program's wasm face.
pub fn start() {
    console_error_panic_hook::set_once();
}
