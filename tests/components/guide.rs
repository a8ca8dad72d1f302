//! The first steps.

use super::harness::{THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use tidepool::playground::scene::Target;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::guide::Steps;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn the_first_steps_ask_light_and_do() {
    let page = mounted(THREE_BROKERS, 16, || view! { <Steps over=|| () /> }).await;
    assert!(page.text(".tp-task").starts_with("1 of 5"), "{}", page.text(".tp-task"));
    assert!(page.text(".tp-came").starts_with("Kafka runs in this tab"), "{}", page.text(".tp-came"));
    assert!(matches!(page.ui.lit().get_untracked(), Some(Target::Partition(..))));
    page.click(".tp-guesses button").await;
    assert_eq!(page.attribute(".tp-guesses button", "aria-pressed").as_deref(), Some("true"));
    page.click(".tp-do-it").await;
    assert!(matches!(page.ui.chosen().get_untracked(), Some(Target::Record(..))), "a record is followed");
    page.click(".tp-guide .tp-acts button").await;
    page.publish().await;
    assert!(page.find(".tp-came").is_some(), "its line stays, whatever came of the step");
    assert_eq!(page.text(".tp-do-it"), "Kill broker-1");
    page.click(".tp-do-it").await;
    page.publish().await;
    tick().await;
    assert!(page.text(".tp-task").contains("broker-1 is silent"), "{}", page.text(".tp-task"));
}
