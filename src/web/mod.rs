//! Floor 4, wasm: the page. No state of its own outside a mounted playground, so that several live on one page.

pub mod api;
pub mod bar;
pub mod branches;
pub mod cards;
pub mod clock;
pub mod compare;
pub mod context;
pub mod error;
pub mod faults;
mod files;
pub mod gallery;
pub mod guide;
pub mod help;
pub mod host;
pub mod keys;
mod layers;
pub mod legend;
pub mod menu;
mod mount;
pub mod navigation;
pub mod new_cluster;
pub mod options;
mod paint;
pub mod panels;
pub mod playground;
pub mod run;
pub mod share;
pub mod sheets;
pub mod stage;
pub mod state;
pub mod store;
mod theme;
pub mod timeline;
pub mod tip;
pub mod trail;
pub mod undo;
mod words;

use std::cell::RefCell;
use std::sync::Once;
use wasm_bindgen::prelude::wasm_bindgen;

pub use api::Handle;
pub use mount::mount;

thread_local! {
    /// The words of the panic that ended this instance.
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Called by the program's wasm face and by each mount: panics say their words in the console, and keep them for the element's card.
pub fn start() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            PANIC.set(info.to_string());
            console_error_panic_hook::hook(info);
        }));
    });
}

/// What the engine said when it panicked; empty while it has not. Works after the panic too, when nothing else of the instance does.
#[wasm_bindgen(js_name = panicMessage)]
pub fn panic_message() -> String {
    PANIC.with(|words| words.try_borrow().map(|words| words.clone()).unwrap_or_default())
}
