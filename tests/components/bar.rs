//! The bar.

use super::harness::{THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use tidepool::web::bar::Bar;
use tidepool::web::clock;
use tidepool::web::context::PageStateStoreFields as _;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::HtmlInputElement;

#[wasm_bindgen_test]
async fn the_bar_plays_and_says_the_time() {
    let bar = mounted(THREE_BROKERS, 12, || view! { <Bar /> }).await;
    assert_eq!(bar.text(".tp-time"), "00:12.000");
    assert!(bar.text(".tp-next").starts_with("next: "), "{}", bar.text(".tp-next"));
    assert_eq!(bar.text(".tp-status"), "All safe · 0 lost");
    assert_eq!(bar.attribute(".tp-transport button", "aria-label").as_deref(), Some("Play"));
    bar.click(".tp-transport button").await;
    assert!(bar.ui.playing().get_untracked());
    assert_eq!(bar.attribute(".tp-transport button", "aria-label").as_deref(), Some("Pause"));
}

#[wasm_bindgen_test]
async fn the_bar_sets_the_speed() {
    let bar = mounted(THREE_BROKERS, 1, || view! { <Bar /> }).await;
    let slider: HtmlInputElement = bar.at("input").unchecked_into();
    slider.set_value("10");
    slider.dispatch_event(&web_sys::Event::new("input").expect("it is an event")).expect("it is heard");
    tick().await;
    assert_eq!(bar.ui.speed().get_untracked(), 10);
    assert_eq!(bar.text(".tp-speed .tp-number"), "10×");
    assert_eq!(bar.attribute(".tp-auto", "aria-pressed").as_deref(), Some("false"), "the slider overrules the director");
    bar.click(".tp-auto").await;
    assert_eq!(bar.ui.speed().get_untracked(), clock::AUTO);
    bar.click(".tp-skip").await;
    assert_eq!(bar.attribute(".tp-skip", "aria-pressed").as_deref(), Some("true"));
}
