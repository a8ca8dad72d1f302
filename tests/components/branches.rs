//! Branches of the run, and the table that compares two of them: in the timeline, where they stand.

use super::harness::{THREE_BROKERS, focused, mounted};
use leptos::prelude::*;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::timeline::Timeline;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn a_fork_is_a_chip_that_is_named_compared_shown_and_dropped() {
    let page = mounted(THREE_BROKERS, 40, || view! { <Timeline /> }).await;
    assert!(page.all(".tp-chip").is_empty(), "one branch is no choice");
    page.seek(20_000_000).await;
    page.act("kill broker-2").await;
    page.seek(38_000_000).await;
    assert_eq!(page.all(".tp-chip").len(), 2);
    assert_eq!(page.all(".tp-chip[aria-current] input").len(), 1);
    page.fill(".tp-chip input", "without broker-2").await;
    page.publish().await;
    let names = page.stage.with_value(|s| s.run.borrow().time.branches().iter().map(|b| b.name.clone()).collect::<Vec<_>>());
    assert_eq!(names, ["first run", "without broker-2"]);
    page.click(".tp-more").await;
    let words = page.text(".tp-versus");
    assert!(words.contains("part at 00:20.") && words.contains("acknowledged"), "{words}");
    assert_eq!(page.ui.said().get_untracked(), page.text(".tp-versus > b"));
    assert!(!page.all("tr[data-differs]").is_empty());
    assert_eq!(focused(), Some(page.at(".tp-versus button").into()));
    page.key(".tp-versus button", "Escape").await;
    assert!(page.find(".tp-versus").is_none());
    assert_eq!(focused(), Some(page.at(".tp-more").into()), "the focus is back where it was asked");
    page.click(".tp-chip:not([aria-current]) button").await;
    page.publish().await;
    assert_eq!(page.stage.with_value(|s| s.run.borrow().time.branch().id), 1);
    assert_eq!(page.text(".tp-chip:not([aria-current]) button"), "without broker-2");
    page.click(".tp-drop").await;
    page.publish().await;
    assert!(page.all(".tp-chip").is_empty());
}
