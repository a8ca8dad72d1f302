//! The panel that answers "why?".

use super::harness::{THREE_BROKERS, drawn, focused, mounted, tick};
use leptos::prelude::*;
use tidepool::playground::why::{Idle, Question};
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::panels::why::Why;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn an_answer_is_a_chain_of_sentences_and_a_picture_that_light_each_other() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Why /> }).await;
    assert!(page.find("[role=heading]").is_none(), "nothing is asked yet");
    page.act("crash billing-2").await;
    page.seek(35_000_000).await;
    let question: Question = Idle { consumer: "billing-2".into() }.into();
    page.ui.asked().set(Some(question.clone()));
    drawn().await;
    assert_eq!(page.text("[role=heading]"), question.to_string());
    assert_eq!(focused(), Some(page.at("[role=heading]").into()));
    let sentences = page.all(".tp-answer li");
    assert!(!sentences.is_empty() && page.text(".tp-answer ol").contains("crashed"), "{}", page.text(".tp-answer ol"));
    let marks = page.all(".tp-figure [role=button]");
    let mut numbers: Vec<usize> = marks
        .iter()
        .flat_map(|mark| {
            mark.get_attribute("data-n").unwrap_or_default().split(' ').map(|n| n.parse().expect("a number")).collect::<Vec<_>>()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=sentences.len()).collect::<Vec<_>>(), "each sentence has a mark");
    page.fire(".tp-answer li", "new PointerEvent('pointerenter')").await;
    assert_eq!(page.all(".tp-figure [data-lit]").len(), 1);
    page.fire(".tp-answer li", "new PointerEvent('pointerleave')").await;
    assert_eq!(page.all("[data-lit]").len(), 0);
    let at: i64 = page.attribute(".tp-figure [role=button]", "data-us").and_then(|at| at.parse().ok()).expect("a mark has its time");
    page.key(".tp-figure [role=button]", "Enter").await;
    assert_eq!(page.aim(), at);
}

#[wasm_bindgen_test]
async fn the_panel_suggests_questions_and_says_which_is_answered() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Why /> }).await;
    assert!(page.text(".tp-offers").starts_with("Nothing looks wrong now."), "{}", page.text(".tp-offers"));
    page.act("crash billing-2").await;
    assert_eq!(page.attribute(".tp-offers button", "aria-pressed").as_deref(), Some("false"));
    page.click(".tp-offers button").await;
    tick().await;
    assert_eq!(page.attribute(".tp-offers button", "aria-pressed").as_deref(), Some("true"));
    assert_eq!(page.text(".tp-offers button"), page.text("[role=heading]"));
}
