//! The cards of the stage.

use super::harness::{Mounted, THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use std::sync::Arc;
use tidepool::playground::scene::{ARRANGEMENTS, Place, Target};
use tidepool::web::cards::Cards;
use tidepool::web::context::{PageStateStoreFields as _, Snapshot};
use tidepool::web::menu::OpenMenu;
use tidepool::web::navigation::use_navigation;
use wasm_bindgen_test::*;

async fn cards(scenario: &str, seconds: i64) -> Mounted {
    mounted(scenario, seconds, || {
        OpenMenu::provide();
        view! { <Cards nav=use_navigation() /> }
    })
    .await
}

/// The places of the moment, changed.
async fn rearrange(cards: &Mounted, change: impl FnOnce(&mut Vec<Place>)) {
    let mut snap = Snapshot::clone(&cards.ui.snap().get_untracked());
    change(&mut snap.places);
    cards.ui.snap().set(Arc::new(snap));
    tick().await;
}

fn has_focus(cards: &Mounted, selector: &str) -> bool {
    cards.at(selector).matches(":focus").expect("it is a selector")
}

#[wasm_bindgen_test]
async fn each_place_has_its_card_in_the_scenes_order() {
    let cards = cards(THREE_BROKERS, 12).await;
    let places = cards.ui.snap().with_untracked(|s| s.places.clone());
    let all = cards.all(".tp-at");
    assert_eq!(all.len(), places.len());
    let labels: Vec<String> = all.iter().map(|card| card.get_attribute("aria-label").unwrap_or_default()).collect();
    for (label, place) in labels.iter().zip(&places) {
        let name = match &place.what {
            Target::Heading(_) => String::new(),
            Target::Producer(name) => format!("producer {name}"),
            Target::Broker(name) => format!("broker {name}"),
            Target::Topic(name) => format!("topic {name}"),
            Target::Partition(topic, n) => format!("partition {topic}-{n}, high watermark "),
            Target::Group(name) => format!("consumer group {}", name.as_deref().unwrap_or("without a group")),
            Target::Consumer(name) => format!("consumer {name}"),
            Target::Internal(name) => format!("internal topic {name}"),
            other => panic!("{other:?}"),
        };
        assert!(label.starts_with(&name), "{label} for {:?}", place.what);
    }
    let style = all[0].get_attribute("style").unwrap_or_default();
    assert!(style.starts_with("left:") && style.contains("top:") && style.contains("width:") && style.contains("height:"), "{style}");
}

#[wasm_bindgen_test]
async fn a_card_moves_with_its_place_and_keeps_its_element() {
    let cards = cards(THREE_BROKERS, 12).await;
    let before = cards.at(".tp-producer");
    rearrange(&cards, |places| {
        let place = places.iter_mut().find(|place| matches!(place.what, Target::Producer(_))).expect("there is a producer");
        (place.rect.x, place.rect.h) = (7.25, 30.0);
    })
    .await;
    let now = cards.at(".tp-producer");
    assert_eq!(before, now);
    assert!(now.get_attribute("style").unwrap_or_default().starts_with("left: 7.3px;"), "{:?}", now.get_attribute("style"));
    assert!(now.has_attribute("data-line"), "it is low");
}

#[wasm_bindgen_test]
async fn the_focus_stays_on_a_card_when_others_go_and_come() {
    let cards = cards(THREE_BROKERS, 12).await;
    let all = cards.ui.snap().with_untracked(|s| s.places.clone());
    const HERE: &str = ".tp-partition[data-n='3']";
    cards.at(HERE).focus().expect("it takes the focus");
    cards.ui.pointed().set(Some(Target::Record("orders".into(), 3, 1)));
    let mine = |place: &Place| matches!(&place.what, Target::Partition(_, 3) | Target::Heading(_));
    rearrange(&cards, |places| places.retain(mine)).await;
    assert!(has_focus(&cards, HERE), "the others have gone");
    rearrange(&cards, |places| *places = all).await;
    assert!(has_focus(&cards, HERE), "the others are back");
}

#[wasm_bindgen_test]
async fn a_producer_says_its_rate_and_then_that_it_has_crashed() {
    let cards = cards(THREE_BROKERS, 12).await;
    assert_eq!(cards.text(".tp-producer b"), "checkout");
    assert_eq!(cards.text(".tp-producer .tp-end"), "4/s");
    assert_eq!(cards.attribute(".tp-producer", "data-state").as_deref(), Some("running"));
    assert!(cards.text(".tp-producer .tp-number > span").starts_with("acks=all · "), "{}", cards.text(".tp-producer"));
    cards.stage.with_value(|s| s.line("crash checkout")).expect("it crashes");
    cards.publish().await;
    assert_eq!(cards.text(".tp-producer .tp-stands"), "crashed");
    assert_eq!(cards.attribute(".tp-producer", "data-state").as_deref(), Some("crashed"));
    let question = cards.at(".tp-producer .tp-ask");
    assert!(!question.hidden(), "there is something to ask now");
    cards.click(".tp-producer .tp-ask").await;
    assert!(cards.ui.asked().with_untracked(Option::is_some));
}

#[wasm_bindgen_test]
async fn a_broker_says_what_is_special_about_it() {
    let cards = cards(THREE_BROKERS, 12).await;
    let words: Vec<String> = cards.all(".tp-broker .tp-end").iter().map(|e| e.text_content().unwrap_or_default()).collect();
    assert_eq!(words.iter().filter(|word| *word == "♛ controller").count(), 1, "{words:?}");
    cards.stage.with_value(|s| s.line("kill broker-2")).expect("it is killed");
    cards.publish().await;
    assert_eq!(cards.attribute("[data-broker=broker-2]", "data-state").as_deref(), Some("killed"));
    assert_eq!(cards.text("[data-broker=broker-2] .tp-end"), "killed");
}

#[wasm_bindgen_test]
async fn a_topic_counts_its_partitions_and_a_partition_names_its_leader() {
    let cards = cards(THREE_BROKERS, 12).await;
    assert_eq!(cards.text(".tp-topic .tp-quiet"), "6 partitions");
    let words = cards.text(".tp-partition .tp-number");
    assert!(words.starts_with("leader ") && words.contains(", epoch "), "{words}");
    cards.stage.with_value(|s| s.line("partitions orders total=7")).expect("it grows");
    cards.seek(13_000_000).await;
    assert_eq!(cards.text(".tp-topic .tp-quiet"), "7 partitions");
    assert_eq!(cards.text(".tp-internal b"), "__consumer_offsets");
}

#[wasm_bindgen_test]
async fn a_partition_is_zoomed_into_by_its_button_and_by_keys() {
    let cards = cards(THREE_BROKERS, 12).await;
    assert_eq!(cards.text(".tp-zoom"), "zoom");
    cards.click(".tp-zoom").await;
    assert_eq!(cards.ui.zoomed().get_untracked(), Some(Target::Partition("orders".into(), 0)));
    assert_eq!(cards.text(".tp-zoom"), "whole cluster");
    assert_eq!(cards.attribute(".tp-zoom", "aria-pressed").as_deref(), Some("true"));
    cards.click(".tp-zoom").await;
    assert_eq!(cards.ui.zoomed().get_untracked(), None);
    cards.key(".tp-partition", "Enter").await;
    assert_eq!(cards.ui.zoomed().get_untracked(), Some(Target::Partition("orders".into(), 0)));
    cards.key(".tp-partition", "-").await;
    assert_eq!(cards.ui.zoomed().get_untracked(), Some(Target::Topic("orders".into())));
}

#[wasm_bindgen_test]
async fn arrows_walk_a_partitions_records_and_enter_follows_one() {
    let cards = cards(THREE_BROKERS, 12).await;
    cards.key(".tp-partition", "ArrowLeft").await;
    let Some(Target::Record(topic, 0, newest)) = cards.ui.pointed().get_untracked() else { panic!("it is the newest record") };
    cards.key(".tp-partition", "ArrowLeft").await;
    let before = Target::Record(topic, 0, newest - 1);
    assert_eq!(cards.ui.pointed().get_untracked(), Some(before.clone()));
    // A key in a button of the card is the button's.
    cards.key(".tp-partition .tp-do", "Enter").await;
    assert_eq!(cards.ui.chosen().get_untracked(), None);
    cards.key(".tp-partition", "Enter").await;
    assert_eq!(cards.ui.chosen().get_untracked(), Some(before));
    cards.key(".tp-partition", "Escape").await;
    assert_eq!(cards.ui.chosen().get_untracked(), None);
}

#[wasm_bindgen_test]
async fn a_group_and_its_members_say_where_they_are() {
    let cards = cards(THREE_BROKERS, 15).await;
    assert_eq!(cards.text(".tp-group .tp-title"), "billing");
    assert_eq!(cards.text(".tp-group .tp-pill"), "Stable");
    assert_eq!(cards.attribute(".tp-group .tp-pill", "data-state").as_deref(), Some("Stable"));
    let words = cards.text(".tp-group .tp-head > .tp-end");
    assert!(words.starts_with("lag ") && words.contains("generation "), "{words}");
    let foot = cards.text(".tp-foot > span");
    assert!(foot.starts_with("sink: ") && foot.ends_with(" handled, none twice"), "{foot:?}");
    assert!(cards.text(".tp-member .tp-end").starts_with("lag "), "{}", cards.text(".tp-member"));
    assert!(cards.text(".tp-owns").starts_with("orders-"), "{}", cards.text(".tp-owns"));
    cards.stage.with_value(|s| s.line("pause billing-1")).expect("it stands still");
    cards.publish().await;
    assert_eq!(cards.text(".tp-member .tp-end"), "frozen");
    assert_eq!(cards.attribute(".tp-member", "data-state").as_deref(), Some("paused"));
}

#[wasm_bindgen_test]
async fn a_link_that_is_cut_has_a_card() {
    let cards = cards(THREE_BROKERS, 12).await;
    assert!(cards.find(".tp-link").is_none());
    cards.stage.with_value(|s| s.line("cut broker-1 broker-3")).expect("it is cut");
    cards.publish().await;
    assert_eq!(cards.attribute(".tp-link", "aria-label").as_deref(), Some("link broker-1 – broker-3"));
    assert!(!cards.text(".tp-link > span").is_empty());
}

#[wasm_bindgen_test]
async fn the_clusters_heading_arranges_and_leads_back() {
    let cards = cards(THREE_BROKERS, 12).await;
    cards.click(".tp-by button:last-child").await;
    assert_eq!(cards.ui.arrangement().get_untracked(), ARRANGEMENTS[1]);
    assert_eq!(cards.attribute(".tp-by button:last-child", "aria-pressed").as_deref(), Some("true"));
    cards.click(".tp-by button").await;
    assert!(cards.at(".tp-crumbs").hidden());
    cards.ui.zoomed().set(Some(Target::Partition("orders".into(), 2)));
    tick().await;
    let crumbs = || cards.all(".tp-crumbs button").iter().map(|b| b.text_content().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(crumbs(), ["cluster", "orders", "orders-2"]);
    assert_eq!(cards.attribute(".tp-crumbs button:last-child", "aria-current").as_deref(), Some("location"));
    cards.at(".tp-crumbs button:last-child").focus().expect("it takes the focus");
    cards.ui.zoomed().set(Some(Target::Topic("orders".into())));
    tick().await;
    assert_eq!(crumbs(), ["cluster", "orders"]);
    assert!(has_focus(&cards, ".tp-crumbs button:last-child"), "the crumb that had the focus has gone");
    cards.click(".tp-crumbs button").await;
    assert_eq!(cards.ui.zoomed().get_untracked(), None);
    assert!(has_focus(&cards, ".tp-by button"), "the crumbs are hidden");
}

#[wasm_bindgen_test]
async fn a_records_card_lists_what_it_holds() {
    let cards = cards(THREE_BROKERS, 12).await;
    rearrange(&cards, |places| {
        let rect = places[0].rect;
        places.push(Place { what: Target::Record("orders".into(), 0, 1), rect });
    })
    .await;
    assert_eq!(cards.attribute(".tp-record", "aria-label").as_deref(), Some("Content of orders-0 offset 1"));
    assert_eq!(cards.text(".tp-record dt"), "key");
    assert!(cards.all(".tp-record dl > div").len() > 5);
    cards.seek(1_000_000).await;
    assert!(cards.find(".tp-record").is_none(), "the scene has no place for it");
}
