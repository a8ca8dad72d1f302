//! Markup, and what changes in it. Nodes are made from text and followed by one kind of effect with a boxed closure: every
//! element as a Rust type of its own, as `view!` makes them, was a tenth of the page's size.

use leptos::prelude::Effect;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement};

/// The element that `markup` describes. Only the program's own text comes here: what people have named is set as text.
pub fn element(markup: &str) -> HtmlElement {
    let document = web_sys::window().and_then(|w| w.document()).expect("a page has a document");
    let shell = document.create_element("div").expect("div is an element's name");
    shell.set_inner_html(markup);
    shell.first_element_child().unwrap_or(shell).unchecked_into()
}

/// The first descendant that `selector` means; the element itself when there is none.
pub fn at(root: &Element, selector: &str) -> Element {
    let found = if selector.is_empty() { None } else { root.query_selector(selector).ok().flatten() };
    found.unwrap_or_else(|| root.clone())
}

pub fn set(root: &Element, name: &str, value: &str) {
    let _ = root.set_attribute(name, value);
}

/// Does `then` with what `words` says, at the beginning and whenever that has changed.
pub fn when(words: impl Fn() -> String + 'static, then: impl Fn(&str) + 'static) {
    follow(Box::new(words), Box::new(then));
}

fn follow(words: Box<dyn Fn() -> String>, then: Box<dyn Fn(&str)>) {
    let mut before: Option<String> = None;
    effect(Box::new(move || {
        let now = words();
        if before.as_ref() != Some(&now) {
            then(&now);
            before = Some(now);
        }
    }));
}

/// Runs now, and again when a signal that it has read has changed.
pub fn effect(run: Box<dyn FnMut()>) {
    Effect::new(run);
}

/// An attribute of a descendant.
pub fn attribute(root: &Element, selector: &str, name: &'static str, words: impl Fn() -> String + 'static) {
    let node = at(root, selector);
    follow(Box::new(words), Box::new(move |now| set(&node, name, now)));
}

/// Listens to a descendant for as long as it lives.
pub fn on(root: &Element, selector: &str, event: &str, call: impl FnMut(Event) + 'static) {
    listen(&at(root, selector), event, Box::new(call));
}

fn listen(node: &Element, event: &str, call: Box<dyn FnMut(Event)>) {
    // The collector frees the closure with the node.
    let call = Closure::wrap(call).into_js_value();
    let _ = node.add_event_listener_with_callback(event, call.unchecked_ref());
}

pub fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
