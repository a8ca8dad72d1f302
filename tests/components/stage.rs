//! What stands on the stage and in the caption beside the cards: the tip, the card of a followed record, undo and redo.

use super::harness::{THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use std::sync::Arc;
use tidepool::playground::scene::{Target, follow};
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::playground::Playground;
use tidepool::web::tip::Tip;
use tidepool::web::trail::Trail;
use tidepool::web::undo::Undo;
use tidepool::world::EPOCH;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn the_tip_names_what_is_pointed_at() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Tip /> }).await;
    assert!(page.at(".tp-tip").hidden());
    let record = page.stage.with_value(|s| s.scene.borrow().walk("orders", 1, None, 0)).expect("there is a record");
    page.ui.pointed().set(Some(record.clone()));
    tick().await;
    assert!(!page.at(".tp-tip").hidden());
    assert!(page.text(".tp-tip").starts_with("orders-1 offset "), "{}", page.text(".tp-tip"));
    assert!(page.attribute(".tp-tip", "style").is_some_and(|style| style.starts_with("left:")));
    page.ui.chosen().set(Some(record));
    tick().await;
    assert!(page.at(".tp-tip").hidden(), "a chosen record has its card");
    let mark = page.stage.with_value(|s| s.scene.borrow().signs.first().cloned()).expect("there is a mark");
    page.ui.sign().set(Some(mark.clone()));
    tick().await;
    assert_eq!((page.at(".tp-tip").hidden(), page.text(".tp-tip").as_str()), (false, &*mark.words));
}

#[wasm_bindgen_test]
async fn a_followed_record_has_its_stations() {
    let page = mounted(THREE_BROKERS, 15, || view! { <Trail /> }).await;
    assert!(page.find(".tp-trail").is_none());
    let topic: Arc<str> = "orders".into();
    let trail = page.stage.with_value(|s| {
        let run = s.run.borrow();
        follow(run.world(), &run.view(), &topic, 0, 3)
    });
    let stations = trail.stations.clone();
    page.ui.chosen().set(Some(Target::Record(topic, 0, 3)));
    page.ui.trail().set(Some(Arc::new(trail)));
    tick().await;
    assert_eq!(page.attribute(".tp-trail", "aria-label").as_deref(), Some("The way of orders-0 offset 3"));
    assert!(stations.len() > 3 && page.all(".tp-trail li").len() == stations.len());
    let first = page.at(".tp-trail li");
    assert_eq!(page.all(".tp-trail li[data-later]").len(), 0);
    // Back at the second station the later ones stay, and are marked.
    page.seek(stations[1].at.micros_since(EPOCH)).await;
    assert!(page.all(".tp-trail li[data-later]").len() >= stations.len() - 3);
    assert_eq!(page.at(".tp-trail li"), first, "the list stays");
    page.click(".tp-near").await;
    assert!(matches!(page.ui.zoomed().get_untracked(), Some(Target::Record(_, 0, 3))));
    page.key(".tp-trail b", "Escape").await;
    assert_eq!(page.ui.chosen().get_untracked(), None);
    page.ui.trail().set(None);
    tick().await;
    assert!(page.find(".tp-trail").is_none());
}

#[wasm_bindgen_test]
async fn undo_and_redo_say_what_they_would_do() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Undo /> }).await;
    assert!(page.at(".tp-undo button").hidden());
    page.stage.with_value(|s| s.line("kill broker-2")).expect("it is killed");
    page.ui.undo().set(page.stage.with_value(|s| s.run.borrow().time.undo_labels()));
    tick().await;
    assert_eq!(page.text(".tp-undo button"), "Undo kill broker-2");
    page.click(".tp-undo button").await;
    page.publish().await;
    assert!(page.ui.snap().with_untracked(|s| s.view.brokers.iter().all(|b| b.name.as_ref() != "broker-2" || b.incarnation == 1)));
    page.ui.undo().set(page.stage.with_value(|s| s.run.borrow().time.undo_labels()));
    tick().await;
    assert!(page.at(".tp-undo button").hidden());
    assert_eq!(page.text(".tp-undo button:last-child"), "Redo kill broker-2");
}

#[wasm_bindgen_test]
async fn keys_undo_and_redo_from_anywhere_in_the_playground() {
    let page = mounted(THREE_BROKERS, 12, || view! { <Playground /> }).await;
    page.stage.with_value(|s| s.line("kill broker-2")).expect("it is killed");
    let killed = |page: &super::harness::Mounted| page.stage.with_value(|s| s.run.borrow().time.undo_labels()[0].clone());
    assert_eq!(killed(&page), "kill broker-2");
    page.key_with_ctrl(".tp-stage", "z").await;
    assert_eq!(killed(&page), "");
    page.key_with_ctrl(".tp-stage", "y").await;
    assert_eq!(killed(&page), "kill broker-2");
}
