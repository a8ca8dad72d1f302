//! The menus of the cards, and their forms.

use super::harness::{Mounted, THREE_BROKERS, mounted, tick};
use leptos::prelude::*;
use std::time::Duration;
use tidepool::web::cards::Cards;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::menu::{Menu, OpenMenu};
use tidepool::web::navigation::use_navigation;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;
use web_sys::HtmlInputElement;

async fn cards() -> Mounted {
    mounted(THREE_BROKERS, 12, || {
        OpenMenu::provide();
        view! {
            <Cards nav=use_navigation() />
            <Menu />
        }
    })
    .await
}

/// Lets the browser tell of a popover that has closed.
async fn later() {
    let waits = js_sys::Promise::new(&mut |done, _| set_timeout(move || drop(done.call0(&done)), Duration::from_millis(50)));
    JsFuture::from(waits).await.expect("time passes");
    tick().await;
}

/// The item of the open menu that is called so.
fn item(page: &Mounted, label: &str) -> web_sys::HtmlElement {
    let all = page.all("[role=menuitem]");
    let found = all.iter().find(|item| item.first_element_child().and_then(|words| words.text_content()).as_deref() == Some(label));
    found.unwrap_or_else(|| panic!("there is no {label} in {}", page.text(".tp-menu"))).clone().unchecked_into()
}

async fn choose(page: &Mounted, label: &str) {
    item(page, label).click();
    tick().await;
    tick().await;
}

fn has_focus(page: &Mounted, selector: &str) -> bool {
    page.at(selector).matches(":focus").expect("it is a selector")
}

#[wasm_bindgen_test]
async fn a_name_opens_the_menu_and_arrows_go_round() {
    let page = cards().await;
    const OPENER: &str = "[data-broker=broker-2] .tp-do";
    assert_eq!(page.attribute(OPENER, "aria-expanded").as_deref(), Some("false"));
    page.at(OPENER).focus().expect("it takes the focus");
    page.click(OPENER).await;
    tick().await;
    assert_eq!(page.attribute(OPENER, "aria-expanded").as_deref(), Some("true"));
    assert_eq!(page.attribute(".tp-menu", "role").as_deref(), Some("menu"));
    assert_eq!(page.attribute(".tp-menu", "aria-label").as_deref(), Some("broker-2"));
    assert!(page.at(".tp-menu").matches(":popover-open").expect("it is a selector"));
    let items = page.all(".tp-item").len();
    assert!(items > 3 && has_focus(&page, ".tp-item"), "the first of {items} has the focus");
    page.key(".tp-item", "ArrowUp").await;
    assert!(page.all(".tp-item")[items - 1].matches(":focus").expect("it is a selector"), "up from the first is the last");
    page.key(".tp-item", "End").await;
    page.key("[role=group]:last-child > .tp-item:last-child", "ArrowDown").await;
    assert!(has_focus(&page, ".tp-item"), "down from the last is the first");
    page.key(".tp-item", "Tab").await;
    later().await;
    assert!(page.find(".tp-menu").is_none(), "Tab closes it");
    assert!(has_focus(&page, OPENER), "the focus is back");
    assert_eq!(page.attribute(OPENER, "aria-expanded").as_deref(), Some("false"));
}

#[wasm_bindgen_test]
async fn one_menu_is_open_at_a_time() {
    let page = cards().await;
    page.click("[data-broker=broker-1] .tp-do").await;
    tick().await;
    page.click("[data-broker=broker-2] .tp-do").await;
    later().await;
    assert_eq!(page.all(".tp-menu").len(), 1);
    assert_eq!(page.attribute(".tp-menu", "aria-label").as_deref(), Some("broker-2"));
    assert!(page.at(".tp-menu").matches(":popover-open").expect("it is a selector"));
    assert_eq!(page.attribute("[data-broker=broker-1] .tp-do", "aria-expanded").as_deref(), Some("false"));
}

#[wasm_bindgen_test]
async fn an_item_does_its_line_and_a_menu_leads_to_another() {
    let page = cards().await;
    page.click("[data-broker=broker-1] .tp-do").await;
    tick().await;
    choose(&page, "One link…").await;
    assert_eq!(page.attribute(".tp-menu", "aria-label").as_deref(), Some("Links of broker-1"));
    assert!(has_focus(&page, ".tp-item"));
    choose(&page, "broker-3").await;
    choose(&page, "Cut one way").await;
    later().await;
    assert!(page.find(".tp-menu").is_none());
    page.publish().await;
    assert_eq!(page.attribute(".tp-link", "aria-label").as_deref(), Some("link broker-1 – broker-3"));
}

#[wasm_bindgen_test]
async fn a_form_says_beside_the_field_what_is_wrong_and_keeps_what_was_filled_in() {
    let page = cards().await;
    page.click(".tp-producer .tp-do").await;
    tick().await;
    choose(&page, "Settings…").await;
    assert_eq!(page.attribute(".tp-menu", "role").as_deref(), Some("dialog"));
    assert_eq!(page.attribute(".tp-menu", "aria-label").as_deref(), Some("checkout"));
    let field = |key: &str| -> HtmlInputElement {
        let labels = page.all(".tp-menu label");
        let label = labels.iter().find(|label| label.first_element_child().and_then(|name| name.text_content()).as_deref() == Some(key));
        let label = label.unwrap_or_else(|| panic!("there is no field {key}"));
        label.children().item(1).expect("a field has a control").unchecked_into()
    };
    let fill = |key: &str, value: &str| {
        field(key).set_value(value);
        field(key).dispatch_event(&web_sys::Event::new("input").expect("it is an event")).expect("it is heard");
    };
    assert_eq!((field("rate").value().as_str(), field("acks").value().as_str()), ("4/s", "all"));
    fill("rate", "9/s");
    tick().await;
    assert_eq!(page.text(".tp-menu [type=submit]"), "Apply");
    fill("linger.ms", "soon");
    tick().await;
    assert_eq!(page.text(".tp-menu [type=submit]"), "Restart with these");
    page.click(".tp-menu [type=submit]").await;
    tick().await;
    let alert = page.at(".tp-wrong");
    assert_eq!(alert.get_attribute("role").as_deref(), Some("alert"));
    assert!(page.text(".tp-wrong").starts_with("linger.ms=soon: "), "{}", page.text(".tp-wrong"));
    assert_eq!(alert.parent_element(), field("linger.ms").parent_element());
    assert_eq!(field("linger.ms").get_attribute("aria-invalid").as_deref(), Some("true"));
    assert_eq!(field("rate").get_attribute("aria-invalid").as_deref(), Some("false"));
    assert!(field("linger.ms").matches(":focus").expect("it is a selector"));
    assert_eq!((field("rate").value().as_str(), field("linger.ms").value().as_str()), ("9/s", "soon"));
    page.click(".tp-menu [type=submit]").await;
    tick().await;
    assert_eq!(page.all(".tp-wrong").len(), 1);
    assert_ne!(page.at(".tp-wrong"), alert, "it is said again");
    fill("linger.ms", "50");
    page.click(".tp-menu [type=submit]").await;
    later().await;
    assert!(page.find(".tp-menu").is_none());
    page.seek(15_000_000).await;
    assert_eq!(page.text(".tp-producer .tp-end"), "9/s");
}

#[wasm_bindgen_test]
async fn a_quick_action_is_done_at_once() {
    let page = cards().await;
    let quick = |page: &Mounted| page.attribute(".tp-member .tp-acts button", "aria-label");
    let before = quick(&page);
    assert!(before.as_deref().is_some_and(|label| label.ends_with(" billing-1")), "{before:?}");
    page.click(".tp-member .tp-acts button").await;
    page.publish().await;
    assert_ne!(page.attribute(".tp-member", "data-state").as_deref(), Some("running"));
    assert_ne!(quick(&page), before, "now it is something else that can be done");
    assert!(page.ui.snap().with_untracked(|s| !s.view.done.is_empty()));
}
