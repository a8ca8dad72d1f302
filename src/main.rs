//! One program, two faces: the page (wasm) and the command line (native).

#[cfg(target_arch = "wasm32")]
fn main() {
    tidepool::web::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    tidepool::native::main()
}
