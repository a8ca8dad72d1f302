//! The timeline.

use super::harness::{THREE_BROKERS, focused, mounted, tick};
use leptos::prelude::*;
use tidepool::web::timeline::Timeline;
use wasm_bindgen_test::*;

/// A pointer event in the middle of an area's height, at a part of its width.
fn pointer(kind: &str, part: f64) -> String {
    format!(
        "(() => {{ const at = node.getBoundingClientRect(); return new PointerEvent('{kind}', {{ bubbles: true, button: 0, pointerId: 1, \
         clientX: at.left + at.width * {part}, clientY: at.top + at.height / 2 }}); }})()"
    )
}

#[wasm_bindgen_test]
async fn keys_and_a_pointer_move_in_time() {
    let page = mounted(THREE_BROKERS, 30, || view! { <Timeline /> }).await;
    let track = ".tp-track";
    assert_eq!(page.attribute(track, "aria-valuetext").as_deref(), Some("00:30.000"));
    page.key(track, "ArrowLeft").await;
    assert_eq!(page.aim(), 29_000_000);
    page.key(track, "PageDown").await;
    assert_eq!(page.aim(), 19_000_000);
    page.key(track, "Home").await;
    assert_eq!(page.aim(), 0);
    page.at(track).style().set_css_text("width: 600px; height: 20px");
    page.fire(track, &pointer("pointermove", 0.1)).await;
    assert_eq!(page.aim(), 0, "a pointer that holds nothing only points");
    page.fire(track, &pointer("pointerdown", 0.25)).await;
    page.fire(track, &pointer("pointermove", 0.5)).await;
    assert!((page.aim() - 30_000_000).abs() < 200_000, "{}", page.aim());
    page.fire(track, &pointer("pointerup", 0.5)).await;
    page.fire(track, &pointer("pointermove", 0.1)).await;
    assert!((page.aim() - 30_000_000).abs() < 200_000, "{}", page.aim());
    assert!(page.text(".tp-hint").starts_with("00:06.0"), "{}", page.text(".tp-hint"));
    page.fire(track, "new PointerEvent('pointerleave')").await;
    assert_eq!(page.text(".tp-hint"), "");
}

#[wasm_bindgen_test]
async fn the_past_says_so() {
    let page = mounted(THREE_BROKERS, 30, || view! { <Timeline /> }).await;
    assert!(page.at(".tp-past").has_attribute("hidden"));
    page.seek(20_000_000).await;
    assert!(!page.at(".tp-past").has_attribute("hidden"));
    page.click(".tp-past button").await;
    page.seek(30_000_000).await;
    assert!(page.at(".tp-past").has_attribute("hidden"));
}

#[wasm_bindgen_test]
async fn lanes_unfold_zoom_and_are_walked_by_keys() {
    let page = mounted(THREE_BROKERS, 40, || view! { <Timeline /> }).await;
    assert_eq!(page.attribute(".tp-fold", "aria-expanded").as_deref(), Some("false"));
    page.click(".tp-fold").await;
    assert!(page.at(".tp-times").has_attribute("data-open"));
    assert!(!page.all(".tp-plot .tp-owner").is_empty(), "who owned what is drawn");
    let lane = "[aria-label='orders-2']";
    let name = page.at(lane);
    name.focus().expect("a lane takes the focus");
    page.key(lane, "ArrowRight").await;
    let said = page.attribute(lane, "aria-valuetext").unwrap_or_default();
    assert!(said.contains("has orders-2"), "{said}");
    assert_eq!(page.text(".tp-hint"), said);
    let at = page.attribute(lane, "aria-valuenow").and_then(|at| at.parse::<i64>().ok());
    page.act("crash billing-2").await;
    page.seek(58_000_000).await;
    assert_eq!(focused(), Some(name.into()), "a lane's name stays while the run goes on");
    page.key(lane, "Enter").await;
    assert_eq!(Some(page.aim()), at);
    assert_eq!(page.text(".tp-size"), "1 min");
    page.key(".tp-track", "+").await;
    assert_eq!(page.text(".tp-size"), "30.0 s");
    page.click(".tp-scale button").await;
    assert_eq!(page.text(".tp-size"), "1 min");
}

#[wasm_bindgen_test]
async fn figures_are_areas_that_are_walked_by_keys() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Timeline /> }).await;
    page.click(".tp-fold").await;
    assert!(page.find(".tp-plot .tp-leaderless").is_none(), "every partition has had its leader");
    page.act("kill broker-2").await;
    page.seek(45_000_000).await;
    assert!(page.find(".tp-plot .tp-leaderless").is_some() && page.find(".tp-plot .tp-lag").is_some());
    let lane = "[aria-label='no leader']";
    page.key(lane, "ArrowRight").await;
    let said = page.attribute(lane, "aria-valuetext").unwrap_or_default();
    assert!(said.starts_with("00:20.0") && said.contains("partitions have no leader"), "{said}");
    page.key(lane, "ArrowRight").await;
    let said = page.attribute(lane, "aria-valuetext").unwrap_or_default();
    assert!(said.contains("without one so far, all partitions added up"), "{said}");
    assert_eq!(page.text(".tp-hint"), said);
}

#[wasm_bindgen_test]
async fn breakpoints_are_typed_and_picked() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Timeline /> }).await;
    assert_eq!(page.text(".tp-stops"), "pause when …");
    assert!(page.find(".tp-pause").is_none());
    page.click(".tp-stops").await;
    tick().await;
    assert_eq!(focused(), Some(page.at(".tp-stop").into()));
    page.fill(".tp-stop", "isr < 3").await;
    assert_eq!(page.text(".tp-stops"), "pause when isr < 3");
    page.fill(".tp-stop", "nonsense").await;
    assert_eq!(page.attribute(".tp-stop", "aria-invalid").as_deref(), Some("true"));
    page.fill(".tp-stop", "").await;
    let word = page.text(".tp-hints button");
    page.click(".tp-hints button").await;
    assert_eq!(page.text(".tp-stops"), format!("pause when {word}"));
    page.click(".tp-hints button").await;
    assert_eq!(page.text(".tp-stops"), "pause when …");
}
