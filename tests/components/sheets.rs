//! The sheets: gallery and help; the key; the keys of the whole playground.

use super::harness::{THREE_BROKERS, mounted};
use leptos::prelude::*;
use tidepool::playground::scenario::scenarios;
use tidepool::web::context::{PageStateStoreFields as _, use_playground};
use tidepool::web::faults::Faults;
use tidepool::web::gallery::Gallery;
use tidepool::web::help::Help;
use tidepool::web::keys::{ELSEWHERE, KEYS};
use tidepool::web::legend::Legend;
use tidepool::web::playground::Playground;
use tidepool::web::share::Share;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn the_gallery_lists_finds_and_opens() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Gallery /> }).await;
    assert_eq!(page.all(".tp-gallery li").len(), scenarios().len());
    page.fill(".tp-search input", "retention segments").await;
    assert_eq!(page.all(".tp-gallery li").len(), 1);
    page.click(".tp-gallery button").await;
    assert_eq!(page.ui.title().get_untracked(), "Retention deletes segments");
    page.fill(".tp-search input", "zookeeper").await;
    assert!(page.find(".tp-gallery li").is_none());
}

#[wasm_bindgen_test]
async fn the_help_lists_the_keys_that_are_handled() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Help /> }).await;
    assert_eq!(page.all(".tp-keys > div").len(), KEYS.len() + ELSEWHERE.len());
    assert!(page.text(".tp-real").contains("Network"));
    assert!(page.text(".tp-words").contains("High watermark"));
}

#[wasm_bindgen_test]
async fn the_shown_moment_is_handed_on_as_a_link_and_as_a_tag() {
    let page = mounted(THREE_BROKERS, 12, || {
        use_playground().ui.text().set(THREE_BROKERS.into());
        view! { <Share /> }
    })
    .await;
    let texts: Vec<String> = page.all("textarea").iter().map(|field| field.text_content().unwrap_or_default()).collect();
    assert!(texts[0].contains("?scenario=three-brokers&at=12s&paused"), "{texts:?}");
    assert!(texts[1].contains("<tide-pool scenario=\"three-brokers\" at=\"12s\" paused style=\"display:block;height:"), "{texts:?}");
}

#[wasm_bindgen_test]
async fn what_an_author_lets_readers_do_is_a_button_each_and_the_cards_have_no_menus() {
    let page = mounted(THREE_BROKERS, 12, || {
        use_playground().faults.set_value(vec!["kill broker-2".into(), "crash billing-1".into()]);
        view! { <Playground /> }
    })
    .await;
    assert_eq!(page.all(".tp-faults button").len(), 2);
    assert!(page.find(".tp-broker .tp-do, .tp-acts button").is_none(), "no card has a menu or buttons of its own");
    page.click(".tp-faults button").await;
    page.publish().await;
    assert_eq!(page.attribute("[data-broker=broker-2]", "data-state").as_deref(), Some("killed"));
}

#[wasm_bindgen_test]
async fn without_a_choice_of_the_author_there_is_no_row_of_buttons() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Faults /> }).await;
    assert!(page.find(".tp-faults").is_none());
}

#[wasm_bindgen_test]
async fn keys_play_step_and_open() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Playground /> }).await;
    page.key(".tp-stage", " ").await;
    assert!(page.ui.playing().get_untracked(), "Space plays");
    page.key(".tp-stage", " ").await;
    page.key(".tp-stage", "ArrowLeft").await;
    assert_eq!(page.aim(), 11_000_000, "an arrow goes a second back");
    page.key(".tp-stage", "2").await;
    assert_eq!(page.ui.panel().get_untracked(), Some("Ledger"));
    page.key(".tp-speed input", " ").await;
    assert!(!page.ui.playing().get_untracked(), "a field's keys are its own");
    page.key(".tp-stage", "?").await;
    assert!(page.text(".tp-sheet").contains("What is real here"));
    page.click(".tp-sheet .tp-end").await;
    assert!(page.ui.sheet().get_untracked().is_none());
}

#[wasm_bindgen_test]
async fn the_key_unfolds() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Legend /> }).await;
    assert!(page.attribute(".tp-legend", "data-open").is_none());
    page.click(".tp-legend button").await;
    assert_eq!(page.attribute(".tp-legend button", "aria-expanded").as_deref(), Some("true"));
    let words = page.text(".tp-legend ul");
    for sign in ["tombstone", "follower", "cut off", "link that is cut", "slow or lossy", "nobody reads"] {
        assert!(words.contains(sign), "{words}");
    }
}
