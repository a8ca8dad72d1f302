//! Tabs, and the drawer that they open.

use super::harness::{THREE_BROKERS, focused, mounted, tick};
use leptos::prelude::*;
use tidepool::playground::scene::Target;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::panels::Panels;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn a_tab_opens_and_closes_its_panel() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Panels /> }).await;
    let names: Vec<String> = page.all("[role=tab]").iter().filter_map(|tab| tab.text_content()).collect();
    assert_eq!(names, ["Why?", "Ledger", "Sinks", "Inspector", "Transcript", "Scenario"]);
    assert!(page.at(".tp-panel").has_attribute("hidden"));
    page.click("[role=tab]:nth-child(2)").await;
    assert!(!page.at(".tp-panel").has_attribute("hidden"));
    assert_eq!(page.attribute(".tp-panel", "aria-label").as_deref(), Some("Ledger"));
    assert_eq!(page.attribute("[role=tab]:nth-child(2)", "aria-selected").as_deref(), Some("true"));
    assert!(page.find(".tp-records").is_some());
    page.click("[role=tab]:nth-child(2)").await;
    assert!(page.at(".tp-panel").has_attribute("hidden") && page.find(".tp-records").is_none());
}

#[wasm_bindgen_test]
async fn arrows_walk_the_tabs_and_escape_leads_back_to_one() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Panels /> }).await;
    page.at("[role=tab]").focus().expect("a tab takes the focus");
    page.key("[role=tab]", "ArrowLeft").await;
    assert_eq!(focused(), Some(page.at("[role=tab]:last-child").into()));
    page.key("[role=tab]:last-child", "ArrowRight").await;
    assert_eq!(focused(), Some(page.at("[role=tab]").into()));
    page.click("[role=tab]:nth-child(5)").await;
    page.key(".tp-told input", "Escape").await;
    assert!(page.at(".tp-panel").has_attribute("hidden"));
    assert_eq!(focused(), Some(page.at("[role=tab]:nth-child(5)").into()));
}

#[wasm_bindgen_test]
async fn a_frame_that_is_chosen_opens_the_inspector() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Panels /> }).await;
    page.ui.chosen().set(Some(Target::Frame(1)));
    tick().await;
    tick().await;
    assert_eq!(page.attribute(".tp-panel", "aria-label").as_deref(), Some("Inspector"));
}
