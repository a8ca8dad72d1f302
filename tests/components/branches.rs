//! Branches of the run: in the timeline, where they stand.

use super::harness::{THREE_BROKERS, mounted};
use leptos::prelude::*;
use tidepool::web::context::{Compared, PageStateStoreFields as _};
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
    assert_eq!(page.ui.sheet().get_untracked(), Some("Compare"));
    assert_eq!(page.ui.compared().get_untracked(), Some(Compared::Branches(2, 1)));
    page.click(".tp-chip:not([aria-current]) button").await;
    page.publish().await;
    assert_eq!(page.stage.with_value(|s| s.run.borrow().time.branch().id), 1);
    assert_eq!(page.text(".tp-chip:not([aria-current]) button"), "without broker-2");
    page.click(".tp-drop").await;
    page.publish().await;
    assert!(page.all(".tp-chip").is_empty());
}
