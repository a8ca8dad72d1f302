//! The page's components, each mounted alone in a real browser: act, tick, and compare what stands there.
#![cfg(target_arch = "wasm32")]

#[path = "components/bar.rs"]
mod bar;
#[path = "components/branches.rs"]
mod branches;
#[path = "components/cards.rs"]
mod cards;
#[path = "components/compare.rs"]
mod compare;
#[path = "components/editor.rs"]
mod editor;
#[path = "components/guide.rs"]
mod guide;
#[path = "components/harness.rs"]
mod harness;
#[path = "components/inspector.rs"]
mod inspector;
#[path = "components/ledger.rs"]
mod ledger;
#[path = "components/menu.rs"]
mod menu;
#[path = "components/panels.rs"]
mod panels;
#[path = "components/playground.rs"]
mod playground;
#[path = "components/sheets.rs"]
mod sheets;
#[path = "components/sinks.rs"]
mod sinks;
#[path = "components/stage.rs"]
mod stage;
#[path = "components/timeline.rs"]
mod timeline;
#[path = "components/transcript.rs"]
mod transcript;
#[path = "components/why.rs"]
mod why;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
