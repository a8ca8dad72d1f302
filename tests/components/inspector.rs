//! The Inspector.

use super::harness::{THREE_BROKERS, focused, mounted, tick};
use leptos::prelude::*;
use tidepool::playground::scene::Target;
use tidepool::web::context::PageStateStoreFields as _;
use tidepool::web::panels::inspector::Inspector;
use wasm_bindgen_test::*;

#[wasm_bindgen_test]
async fn what_is_chosen_is_looked_into() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Inspector /> }).await;
    assert!(page.text(".tp-lines").contains("broker"), "the first broker, while nothing is chosen: {}", page.text(".tp-lines"));
    page.ui.chosen().set(Some(Target::Partition("orders".into(), 0)));
    tick().await;
    for word in ["leader epoch", "ISR", "log end offset"] {
        assert!(page.text(".tp-lines").contains(word), "{word}");
    }
    let chosen = page.all("option").into_iter().find(|option| option.text_content().as_deref() == Some("orders-0"));
    assert!(chosen.expect("it can be chosen").matches(":checked").expect("it is a selector"));
}

#[wasm_bindgen_test]
async fn a_config_is_refused_or_set_and_its_field_keeps_the_focus() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Inspector /> }).await;
    page.ui.chosen().set(Some(Target::Topic("orders".into())));
    tick().await;
    page.click("[aria-label=View] button:nth-child(2)").await;
    tick().await;
    let field = "[data-name='retention.ms']";
    let input = page.at(field);
    page.at(field).focus().expect("a field takes the focus");
    page.fill(field, "soon").await;
    assert_eq!(page.at(field), input, "a field is not made anew while somebody types");
    assert!(page.text("[role=alert]").contains("Not a number of type LONG"), "{}", page.text("[role=alert]"));
    assert_eq!(page.attribute(field, "aria-invalid").as_deref(), Some("true"));
    page.fill(field, "60000").await;
    page.seek(25_000_000).await;
    assert!(page.find("[role=alert]").is_none());
    assert_eq!(page.attribute(field, "value").as_deref(), Some("60000"));
    assert_eq!(focused(), Some(page.at(field).into()));
}

#[wasm_bindgen_test]
async fn a_properties_file_is_pasted_and_what_came_of_it_is_said() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Inspector /> }).await;
    page.ui.chosen().set(Some(Target::Producer("checkout".into())));
    tick().await;
    page.click("[aria-label=View] button:nth-child(2)").await;
    tick().await;
    page.fill(".tp-paste textarea", "acks=1\nbootstrap.servers=kafka:9092\nlinger=5\n").await;
    page.click(".tp-paste button").await;
    let said = page.text(".tp-paste [role=status]");
    assert!(said.starts_with("Set: acks.") && said.contains("linger, unknown to Kafka"), "{said}");
    page.seek(25_000_000).await;
    assert_eq!(page.attribute("[data-name=acks]", "value").as_deref(), Some("1"));
    page.fill(".tp-paste textarea", "acks=2").await;
    page.click(".tp-paste button").await;
    assert!(page.text(".tp-paste [role=status]").contains("acks"), "{}", page.text(".tp-paste [role=status]"));
}

#[wasm_bindgen_test]
async fn fields_and_bytes_of_a_frame_light_each_other() {
    let page = mounted(THREE_BROKERS, 20, || view! { <Inspector /> }).await;
    page.click("[aria-label=View] button:nth-child(3)").await;
    page.fill("input[type=search]", "produce request").await;
    let words = page.text("li button");
    assert!(words.contains("Produce request"), "{words}");
    page.click("li button").await;
    tick().await;
    assert!(matches!(page.ui.chosen().get_untracked(), Some(Target::Frame(_))));
    let lit = || page.all("[data-lit]").iter().filter_map(|lit| lit.text_content()).map(|text| text.trim().to_owned()).collect::<Vec<_>>();
    let name = page.all("[role=treeitem]").iter().position(|row| row.text_content().is_some_and(|text| text.contains("RequestApiKey")));
    let field = format!("[role=treeitem]:nth-child({})", name.expect("a request has its key") + 1);
    assert_eq!(page.attribute(&field, "aria-level").as_deref(), Some("2"));
    page.fire(&field, "new MouseEvent('mouseenter')").await;
    assert!(lit().contains(&"00 00".to_owned()), "{:?}", lit());
    page.at("[role=treeitem]").focus().expect("a field takes the focus");
    page.key("[role=treeitem]", "ArrowDown").await;
    assert_eq!(focused(), Some(page.at("[role=treeitem]:nth-child(2)").into()));
    page.click("pre b:last-of-type").await;
    assert!(focused().is_some_and(|row| row.has_attribute("data-lit")), "bytes lead to their field");
    // All bytes stand there, once.
    let shown: usize = page.all("pre b").iter().map(|b| b.text_content().unwrap_or_default().split_whitespace().count()).sum();
    assert!(page.text(".tp-end").contains(&format!(", {shown} bytes")), "{shown}: {}", page.text(".tp-end"));
}
