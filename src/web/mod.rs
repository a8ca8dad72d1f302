//! Floor 4, wasm: the page.

/// Called once by the program's wasm face.
pub fn start() {
    console_error_panic_hook::set_once();
}
