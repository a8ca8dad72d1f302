//! The frame around all components.

use super::harness::{THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::playground::Playground;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn the_frame_holds_the_stage_and_says_what_is_wrong() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Playground /> }).await;
    assert_eq!(page.all(".tp-stage > canvas").len(), 2);
    page.ui.said().set("broker-2 was killed.".into());
    page.ui.wrong().set("a record is gone".into());
    tick().await;
    assert_eq!(page.text(".tp-said"), "broker-2 was killed.");
    assert_eq!(page.text(".tp-status"), "An invariant is broken");
    assert!(
        page.find(".tp-status").is_some_and(|status| status.get_attribute("title").is_some_and(|why| why.ends_with("a record is gone")))
    );
    assert!(page.find(".tp-store").is_none());
    page.ui.store().set("Saving has ended.".into());
    tick().await;
    assert_eq!(page.text(".tp-store"), "Saving has ended.");
}
