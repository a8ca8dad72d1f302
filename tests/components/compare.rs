//! The sheet of comparisons: what it offers, what it plays, and its figures.

use super::harness::{Mounted, THREE_BROKERS, drawn, mounted};
use leptos::prelude::*;
use tidepool::web::compare::Compare;
use tidepool::web::context::{Compared, PageStateStoreFields as _};
use wasm_bindgen_test::*;

const PROTOCOLS: &str = include_str!("../../www/scenarios/three-protocols.tide");

/// Plays on until the runs have come to their end.
async fn ended(page: &Mounted) {
    for _ in 0..3_000 {
        drawn().await;
        if page.text(".tp-common .tp-do-it") == "Play" {
            return;
        }
    }
    panic!("it does not end: {}", page.text(".tp-common"));
}

#[wasm_bindgen_test]
async fn a_join_is_played_under_three_protocols_with_what_nobody_read() {
    let page = mounted(PROTOCOLS, 17, || view! { <Compare /> }).await;
    assert_eq!(page.attribute(".tp-sieve [aria-pressed=true]", "aria-pressed").as_deref(), Some("true"));
    assert_eq!(page.text(".tp-sieve [aria-pressed=true]"), "Group protocol", "what the scenario is about");
    page.click(".tp-paces button:last-child").await;
    ended(&page).await;
    let names: Vec<_> = page.all(".tp-run-head > b").iter().filter_map(|name| name.text_content()).collect();
    assert_eq!(names, ["eager", "cooperative", "KIP-848"]);
    let first = page.all(".tp-figures dl > div:first-child");
    let value = |n: usize| {
        let text = first[n].text_content().unwrap_or_default();
        let text = text.strip_prefix("without an owner").unwrap_or_else(|| panic!("{text}"));
        text.strip_suffix(" partition-seconds").and_then(|text| text.parse::<f64>().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    assert!(value(0) > value(1) && value(0) > value(2), "{} {} {}", value(0), value(1), value(2));
    assert!(page.all(".tp-owned .tp-owner").len() > 24, "owners in time");
    assert!(page.all(".tp-all-figures tr[data-differs]").len() > 3);
    page.fire(".tp-common input", "(node.value = 17000, new Event('input', { bubbles: true }))").await;
    for _ in 0..600 {
        drawn().await;
        if page.text(".tp-common .tp-time") == "00:17.000" {
            return;
        }
    }
    panic!("it does not go back: {}", page.text(".tp-common .tp-time"));
}

#[wasm_bindgen_test]
async fn two_branches_are_played_in_the_same_sheet() {
    let page = mounted(THREE_BROKERS, 40, || view! { <Compare /> }).await;
    assert!(page.all(".tp-sieve button").iter().all(|button| !button.text_content().unwrap_or_default().contains("first run")));
    drop(page);
    let page = mounted(THREE_BROKERS, 40, || view! { <Late /> }).await;
    page.seek(20_000_000).await;
    page.act("kill broker-2").await;
    page.seek(30_000_000).await;
    page.ui.compared().set(Some(Compared::Branches(2, 1)));
    page.ui.sheet().set(Some("Compare"));
    drawn().await;
    assert!(page.text(".tp-asks").contains("part at 00:20."), "{}", page.text(".tp-asks"));
    page.click(".tp-paces button:last-child").await;
    ended(&page).await;
    assert_eq!(page.all(".tp-runs > li").len(), 2);
    assert!(page.text(".tp-figures dl").contains("leader"), "{}", page.text(".tp-figures dl"));
}

/// The sheet, once it is asked for.
#[component]
fn Late() -> impl IntoView {
    let ui = tidepool::web::context::use_playground().ui;
    view! {
        <Show when=move || ui.sheet().get().is_some()>
            <Compare />
        </Show>
    }
}
