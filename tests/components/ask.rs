//! "Why?" buttons.

use super::harness::{THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use tidepool::playground::scene::Target;
use tidepool::playground::why::{Idle, Late, Question};
use tidepool::web::context::{Astray, PageStateStoreFields as _, use_playground};
use tidepool::web::panels::ask::{AskAbout, AskAboutLedger, AskAboutSaid, AskButton};
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn a_button_is_there_while_there_is_something_to_ask() {
    let asked: Question = Late { producer: "checkout".into() }.into();
    let question = asked.clone();
    let page = mounted(THREE_BROKERS, 12, move || {
        let ui = use_playground().ui;
        view! { <AskButton words=Signal::derive(move || ui.said().get()) ask=move || Some(question.clone()) /> }
    })
    .await;
    assert!(page.at("button").has_attribute("hidden"));
    page.ui.said().set("Why is it late?".into());
    tick().await;
    assert!(!page.at("button").has_attribute("hidden"));
    assert_eq!(page.attribute("button", "aria-label").as_deref(), Some("Why is it late?"));
    page.click("button").await;
    assert_eq!(page.ui.asked().get_untracked(), Some(asked));
    assert_eq!(page.ui.panel().get_untracked(), Some("Why?"));
}

#[wasm_bindgen_test]
async fn a_card_asks_when_its_thing_does_not_work() {
    let page = mounted(THREE_BROKERS, 20, || view! { <AskAbout what=Target::Consumer("billing-2".into()) /> }).await;
    assert!(page.at("button").has_attribute("hidden"));
    page.act("crash billing-2").await;
    assert!(!page.at("button").has_attribute("hidden"));
    page.click("button").await;
    assert_eq!(page.ui.asked().get_untracked(), Some(Idle { consumer: "billing-2".into() }.into()));
}

#[wasm_bindgen_test]
async fn the_caption_asks_about_what_was_said_and_what_was_lost() {
    let page = mounted(THREE_BROKERS, 20, || {
        view! {
            <AskAboutSaid />
            <AskAboutLedger />
        }
    })
    .await;
    assert!(page.all("button").iter().all(|button| button.has_attribute("hidden")));
    page.act("crash billing-2").await;
    let said = page.stage.with_value(|s| s.run.borrow().time.narration(1, 0).pop().map(|sentence| sentence.text));
    page.ui.said().set(said.expect("a crash is told"));
    page.ui.astray().set(Astray { lost: 1, ..Astray::default() });
    tick().await;
    assert_eq!(page.attribute("button", "title").as_deref(), Some("Why did this happen?"));
    assert_eq!(page.attribute("button + button", "title").as_deref(), Some("Why is a record gone?"));
    page.click("button").await;
    assert!(matches!(page.ui.asked().get_untracked(), Some(Question::Happened(_))));
}
