//! The transcript.

use super::harness::{THREE_BROKERS, drawn, mounted};
use leptos::prelude::*;
use tidepool::web::panels::transcript::Transcript;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn three_levels_a_filter_and_a_way_to_each_moment() {
    let page = mounted(THREE_BROKERS, 40, || view! { <Transcript /> }).await;
    page.act("crash billing-2").await;
    page.seek(58_000_000).await;
    let main = page.all("li").len();
    assert!(page.text("ol").contains("billing-2 crashed"), "{}", page.text("ol"));
    page.click(".tp-levels button:nth-child(2)").await;
    assert!(page.all("li").len() > main);
    assert_eq!(page.attribute(".tp-levels button:nth-child(2)", "aria-pressed").as_deref(), Some("true"));
    page.fill("input", "Billing-2 crashed").await;
    assert_eq!(page.all("li").len(), 1);
    let row = page.at("li");
    page.click("li button").await;
    assert_eq!(page.aim(), 40_000_000);
    page.seek(50_000_000).await;
    assert!(row.is_connected(), "a sentence's row is not made anew");
    page.fill("input", "no such words").await;
    assert_eq!(page.text("p"), "No sentence has these words.");
}

#[wasm_bindgen_test]
async fn the_sentence_that_was_said_last_is_marked_and_in_sight() {
    let page = mounted(THREE_BROKERS, 40, || view! { <Transcript /> }).await;
    let list = page.at("ol");
    list.style().set_css_text("height: 60px; overflow: auto; position: relative");
    page.click(".tp-levels button:nth-child(3)").await;
    drawn().await;
    assert_eq!(page.all("[aria-current]").len(), 1);
    let current = page.at("[aria-current]");
    let below = current.offset_top() + current.offset_height() - list.scroll_top() - list.client_height();
    assert!(list.scroll_top() > 0 && below.abs() < 4, "{below} px below");
    page.seek(20_000_000).await;
    assert_eq!(page.all("[aria-current]").len(), 1);
    assert_ne!(page.at("[aria-current]"), current);
}
