//! The scenario's text beside the picture, and the form of a new cluster.

use super::harness::{THREE_BROKERS, mounted};
use leptos::prelude::*;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::new_cluster::NewCluster;
use tidepool::web::panels::editor::Editor;
use wasm_bindgen_test::*;

/// Waits longer than the editor's pause in typing.
async fn pause() {
    let wait = js_sys::Promise::new(&mut |resolve, _| {
        let done = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 600);
        done.expect("a window has timers");
    });
    wasm_bindgen_futures::JsFuture::from(wait).await.expect("it ends");
}

#[wasm_bindgen_test]
async fn what_is_typed_runs_and_a_mistake_leaves_the_last_good_run() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Editor /> }).await;
    page.ui.text().set(THREE_BROKERS.into());
    let partitions = || page.stage.with_value(|s| s.run.borrow().view().partitions.iter().filter(|p| !p.internal).count());
    page.fill("textarea", &THREE_BROKERS.replace("partitions=6", "partitions=2")).await;
    assert_eq!(partitions(), 6, "not while one types");
    pause().await;
    assert_eq!(partitions(), 2);
    assert!(page.ui.draft().get_untracked().is_none());
    let wrong = THREE_BROKERS.replace("partitions=6", "partitins=5");
    page.fill("textarea", &wrong).await;
    pause().await;
    let said = page.text("[role=alert]");
    assert!(said.starts_with("line 12: ") && said.contains("did you mean"), "{said}");
    assert_eq!(partitions(), 2);
    assert_eq!(page.ui.draft().get_untracked(), Some(wrong), "what was typed stays");
    assert!(!page.at(".tp-wrong-line").has_attribute("hidden"));
}

#[wasm_bindgen_test]
async fn what_the_file_asks_for_and_cannot_be_is_shown_at_its_line() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Editor /> }).await;
    page.fill("textarea", &THREE_BROKERS.replace("run      60s", "at 1s    kill broker-7\nrun      60s")).await;
    pause().await;
    page.seek(12_000_000).await;
    let said = page.text("[role=alert]");
    assert!(said.starts_with("kill broker-7: "), "{said}");
    assert!(!page.at(".tp-wrong-line").has_attribute("hidden"));
}

#[wasm_bindgen_test]
async fn a_new_cluster_has_the_topics_that_a_real_one_has_printed() {
    let page = mounted(THREE_BROKERS, 12, || view! { <NewCluster /> }).await;
    page.fill(".tp-described textarea", "nothing of the kind").await;
    page.click(".tp-described button").await;
    assert!(page.text(".tp-described [role=alert]").starts_with("no topic is described here"));
    page.fill(".tp-described textarea", "Topic: audit\tPartitionCount: 4\tReplicationFactor: 2\tConfigs: min.insync.replicas=1").await;
    page.click(".tp-described button").await;
    assert_eq!(page.ui.title().get_untracked(), "Topics of a real cluster");
    assert!(page.ui.text().get_untracked().contains("topic    audit partitions=4 replicas=2 min.insync.replicas=1"));
}

#[wasm_bindgen_test]
async fn a_new_cluster_has_what_the_form_says_and_wrong_numbers_are_refused() {
    let page = mounted(THREE_BROKERS, 12, || view! { <NewCluster /> }).await;
    page.fill("label:nth-child(1) input", "2").await;
    page.fire("form", "new Event('submit', { bubbles: true, cancelable: true })").await;
    assert_eq!(page.text("[role=alert]"), "replication factor: 3 replicas need 3 brokers, and there are 2");
    assert_eq!(page.attribute("label:nth-child(4) input", "aria-invalid").as_deref(), Some("true"));
    page.fill("label:nth-child(4) input", "two").await;
    page.fire("form", "new Event('submit', { bubbles: true, cancelable: true })").await;
    assert_eq!(page.text("[role=alert]"), "replication factor: a whole number from 1 to 9 is expected");
    page.fill("label:nth-child(4) input", "1").await;
    page.fire("form", "new Event('submit', { bubbles: true, cancelable: true })").await;
    assert_eq!(page.stage.with_value(|s| s.run.borrow().view().brokers.len()), 2);
    assert_eq!(page.ui.panel().get_untracked(), Some("Scenario"));
}
