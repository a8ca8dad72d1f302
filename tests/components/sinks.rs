//! The sinks' rows: what is missing, what is there twice, and the way to a record.

use super::harness::{THREE_BROKERS, mounted};
use leptos::prelude::*;
use tidepool::playground::scene::Target;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::panels::sinks::Sinks;
use wasm_bindgen_test::*;

const COMMITS: &str = include_str!("../../www/scenarios/commit-order.tide");

#[wasm_bindgen_test]
async fn rows_are_listed_marked_narrowed_down_and_lead_to_their_records() {
    let page = mounted(COMMITS, 30, || view! { <Sinks /> }).await;
    let owners: Vec<_> = page.all(".tp-sieve:first-of-type button").iter().filter_map(|button| button.text_content()).collect();
    assert_eq!(owners, ["commits-first", "commits-last"]);
    assert!(page.text(".tp-sieve > b").starts_with("table: "), "{}", page.text(".tp-sieve > b"));
    let missing = page.all("tr[data-mark=missing]").len();
    assert!(missing > 0 && page.all("tr[data-mark=twice]").is_empty());
    page.click(".tp-sieve:first-of-type button:last-child").await;
    let twice = page.all("tr[data-mark=twice]").len();
    assert!(twice > 0 && page.all("tr[data-mark=missing]").is_empty());
    page.click(".tp-sieve button[title^=Another]").await;
    assert_eq!(page.all("tbody tr").len(), page.all("tr[data-mark=twice]").len(), "only those");
    page.click("tbody tr button").await;
    assert!(matches!(page.ui.chosen().get_untracked(), Some(Target::Record(topic, 0, _)) if *topic == *"orders"));
}

#[wasm_bindgen_test]
async fn without_a_table_it_says_what_would_make_one() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Sinks /> }).await;
    assert!(page.text(".tp-sinks").contains("sink=table"), "{}", page.text(".tp-sinks"));
    assert!(page.find("table").is_none());
}
