//! Floor 4, wasm: the page. No state of its own outside a mounted playground, so that several live on one page.

pub mod bar;
mod branches;
mod cards;
mod clock;
pub mod context;
mod dom;
mod layers;
mod menu;
mod mount;
mod paint;
mod panels;
pub mod playground;
mod pointer;
pub mod run;
pub mod stage;
pub mod store;
mod theme;
mod timeline;
mod zoom;

pub use mount::{Handle, mount};

/// Called once by the program's wasm face.
pub fn start() {
    console_error_panic_hook::set_once();
}
