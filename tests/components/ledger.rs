//! The ledger.

use super::harness::{THREE_BROKERS, mounted};
use leptos::prelude::*;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::panels::ledger::Ledger;
use wasm_bindgen_test::*;

const LOSES: &str = include_str!("../../www/scenarios/acks-1-loses.tide");

#[wasm_bindgen_test]
async fn rows_are_counted_filtered_and_stay_while_the_run_goes_on() {
    let page = mounted(LOSES, 20, || view! { <Ledger /> }).await;
    let first = page.at("tr[data-i]");
    assert!(page.text("[role=status]").starts_with("1–") && page.text("[role=status]").ends_with(" at 20.000 s"));
    page.seek(20_500_000).await;
    assert!(page.text("[role=status]").ends_with(" at 20.500 s"), "{}", page.text("[role=status]"));
    assert!(first.is_connected(), "a record's row is not made anew");
    page.seek(40_000_000).await;
    page.click(".tp-sieve button:nth-child(5)").await;
    assert_eq!(page.attribute(".tp-sieve button:nth-child(5)", "aria-pressed").as_deref(), Some("true"));
    let lost = page.all("tr[data-i]").len();
    assert!(lost > 0);
    assert_eq!(page.text(".tp-sieve button:nth-child(5)"), format!("lost {lost}"));
    page.fill("input", "nothing is called so").await;
    assert_eq!(page.text("tbody"), "No record is like that.");
}

#[wasm_bindgen_test]
async fn a_row_leads_to_its_moment_and_its_question_does_not() {
    let page = mounted(LOSES, 40, || view! { <Ledger /> }).await;
    page.click(".tp-sieve button:nth-child(5)").await;
    page.click("tr[data-i] .tp-ask").await;
    assert!(page.ui.asked().get_untracked().is_some());
    assert_eq!((page.aim(), page.ui.panel().get_untracked()), (40_000_000, Some("Why?")));
    page.click("tr[data-i] button").await;
    assert!(page.aim() < 40_000_000);
    assert!(page.ui.chosen().get_untracked().is_some());
}

#[wasm_bindgen_test]
async fn pages_are_turned() {
    let page = mounted(THREE_BROKERS, 30, || view! { <Ledger /> }).await;
    let (newer, older) = ("[role=status] + button", "[role=status] + button + button");
    assert!(page.at(newer).has_attribute("disabled"));
    assert_eq!(page.all("tr[data-i]").len(), 100);
    page.click(older).await;
    assert!(page.text("[role=status]").starts_with("101–"), "{}", page.text("[role=status]"));
    assert!(!page.at(newer).has_attribute("disabled"));
    page.click(older).await;
    assert!(page.text("[role=status]").starts_with("201–"), "{}", page.text("[role=status]"));
    assert!(page.at(older).has_attribute("disabled"));
}
