//! The border to JavaScript: options come in, the state and errors go out as plain objects, by the names of `element.d.ts`.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Error, Function, Object, Promise, Reflect};
use serde::de::value::Error as ReadError;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use tidepool::web::error::OptionError;
use tidepool::web::host::{Host, HostEvent};
use tidepool::web::options::Given;
use tidepool::web::state::State;
use tidepool::web::{Handle, mount};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const FIRST_LIGHT: &str = include_str!("../www/scenarios/first-light.tide");
const ELEMENT: &str = include_str!("../www/element.js");
const TYPES: &str = include_str!("../www/element.d.ts");

const HEIGHT: &str = "CSS pixels such as 480, a CSS length such as 30rem, or auto";

/// An element of the page for a playground.
fn place() -> HtmlElement {
    let document = web_sys::window().unwrap().document().unwrap();
    let root: HtmlElement = document.create_element("div").unwrap().unchecked_into();
    document.body().unwrap().append_child(&root).unwrap();
    root
}

/// Options for a scenario that stands still, and one more.
fn options(name: &str, value: JsValue) -> JsValue {
    let options = Object::new();
    for (name, value) in
        [("scenarioText", FIRST_LIGHT.into()), ("scenarioName", "first-light".into()), ("paused", true.into()), (name, value)]
    {
        Reflect::set(&options, &name.into(), &value).unwrap();
    }
    options.into()
}

/// After what the page does next.
async fn soon() {
    let later = |done: Function, _| {
        let _ = web_sys::window().unwrap().set_timeout_with_callback_and_timeout_and_arguments_0(&done, 50).unwrap();
    };
    JsFuture::from(Promise::new(&mut { later })).await.unwrap();
}

async fn playground() -> (Handle, HtmlElement) {
    let root = place();
    (mount(root.clone(), options("theme", "light".into())).await.unwrap(), root)
}

/// The error's message and its field.
fn told(error: &JsValue, field: &str) -> (String, Option<String>) {
    let message = String::from(error.unchecked_ref::<Error>().message());
    (message, Reflect::get(error, &field.into()).unwrap().as_string())
}

/// The names that an interface of `element.d.ts` declares.
fn declared(interface: &str) -> BTreeSet<String> {
    let (_, body) = TYPES.split_once(&format!("interface {interface} ")).expect("the interface is there");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let names = body.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()));
    names.filter_map(|line| line.split([':', '(', '?', '<']).next()).map(str::to_owned).collect()
}

fn keys(value: &JsValue) -> BTreeSet<String> {
    Object::keys(value.unchecked_ref::<Object>()).iter().filter_map(|key| key.as_string()).collect()
}

#[wasm_bindgen_test]
async fn the_state_is_a_plain_object_with_the_declared_names() {
    let (handle, root) = playground().await;
    let state = handle.state().unwrap();
    assert_eq!(keys(&state), declared("TidePoolState"));
    let plain = serde_wasm_bindgen::to_value(&State::default()).unwrap();
    assert_eq!(keys(&plain), declared("TidePoolState"));
    let ends = Reflect::get(&state, &"end_offsets".into()).unwrap();
    assert!(keys(&ends).contains("orders-0"), "{ends:?}");
    assert!(Reflect::get(&state, &"stored".into()).unwrap().is_null(), "it lives in memory");
    handle.destroy();
    root.remove();
}

#[wasm_bindgen_test]
fn errors_and_methods_have_the_declared_names() {
    let error: JsValue = OptionError::new("seed", "x", "a number").into();
    let mut names = keys(&error);
    names.insert("message".into());
    assert_eq!(names, declared("TidePoolError"));
    assert_eq!(listed("METHODS"), declared("TidePoolApi"));
}

/// Reads nothing, and knows the names of the fields that were asked for.
struct Names<'a>(&'a mut BTreeSet<String>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ReadError> {
        Err(ReadError::custom("a struct is expected"))
    }

    fn deserialize_struct<V: Visitor<'de>>(self, _: &str, fields: &'static [&'static str], _: V) -> Result<V::Value, ReadError> {
        self.0.extend(fields.iter().map(|name| (*name).to_owned()));
        Err(ReadError::custom("names only"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// The texts of a list of `element.js`.
fn listed(name: &str) -> BTreeSet<String> {
    let (_, list) = ELEMENT.split_once(&format!("{name} = [")).expect("the list is there");
    let list = list.split(']').next().expect("it ends");
    list.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

#[wasm_bindgen_test]
fn attributes_are_options_with_the_declared_names() {
    let mut read = BTreeSet::new();
    assert!(Given::deserialize(Names(&mut read)).is_err());
    // The element makes a text of the scenario, and looks after the loading itself.
    let (text, own) = (names(&["scenarioName", "scenarioText"]), names(&["scenario", "load"]));
    assert!(read.is_superset(&text), "{read:?}");
    let options: BTreeSet<String> = read.difference(&text).cloned().collect();
    assert_eq!(options.union(&own).cloned().collect::<BTreeSet<_>>(), declared("TidePoolAttributes"));
    // `paused` is there or not, and has no text to hand on.
    assert_eq!(listed("HANDED").union(&names(&["paused"])).cloned().collect::<BTreeSet<_>>(), options);
}

/// The events of `element.d.ts`, without their common beginning, and the types of their details.
fn declared_events() -> BTreeMap<String, String> {
    let (_, body) = TYPES.split_once("interface TidePoolEventMap {").expect("the map is there");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let event = |line: &str| {
        let (name, detail) = line.trim().strip_prefix("\"tidepool-")?.split_once("\": CustomEvent<")?;
        Some((name.to_owned(), detail.trim_end_matches(">;").to_owned()))
    };
    body.lines().filter_map(event).collect()
}

#[wasm_bindgen_test]
fn events_have_the_declared_names_and_details() {
    let all = [
        HostEvent::Time { time_us: 1, playing: true },
        HostEvent::Narration { time_us: 1, text: "" },
        HostEvent::Breakpoint { time_us: 1, text: "" },
        HostEvent::Deed { time_us: 1, text: "" },
    ];
    let told = Array::new();
    let options = Object::new();
    let tell = Function::new_with_args("name, detail", "this.push([name, detail])").bind0(&told);
    Reflect::set(&options, &"tell".into(), &tell).unwrap();
    let host = Host::of(&options);
    for event in &all {
        // Whoever adds one adds it above as well.
        match event {
            HostEvent::Time { .. } | HostEvent::Narration { .. } | HostEvent::Breakpoint { .. } | HostEvent::Deed { .. } => {
                host.emit(event)
            }
        }
    }
    let declared_events = declared_events();
    // These three are the element's own.
    let mut emitted = names(&["ready", "error", "crash"]);
    for one in told.iter() {
        let (name, detail) = (Reflect::get_u32(&one, 0).unwrap().as_string().unwrap(), Reflect::get_u32(&one, 1).unwrap());
        assert_eq!(keys(&detail), declared(&declared_events[&name]), "{name}");
        emitted.insert(name);
    }
    assert_eq!(emitted, declared_events.into_keys().collect());
}

#[wasm_bindgen_test]
async fn an_option_that_is_wrong_is_named_with_its_value_and_what_is_expected() {
    for (name, value, expected) in [
        ("seed", "-1".into(), "a whole number from 0 to 18446744073709551615"),
        ("seed", 5.into(), "text"),
        ("theme", "blue".into(), "auto or light or dark"),
        ("controls", "some".into(), "full or none"),
        ("mode", "big".into(), "embed or page"),
        ("layout", "small".into(), "full or compact or stage"),
        ("speed", "fast".into(), "a factor such as 1, 1/4 or 10x, max or auto"),
        ("speed", "0".into(), "a factor such as 1, 1/4 or 10x, max or auto"),
        ("paused", "maybe".into(), "true or false"),
        ("height", "tall".into(), HEIGHT),
        ("height", "".into(), HEIGHT),
        ("height", "-5".into(), HEIGHT),
        ("height", "fit-content".into(), HEIGHT),
        ("height", "inherit".into(), HEIGHT),
        ("height", "calc(tall)".into(), HEIGHT),
        ("scenarioText", JsValue::from(Object::new()), "text"),
    ] {
        let root = place();
        let error = mount(root.clone(), options(name, value)).await.err().unwrap_or_else(|| panic!("{name} is refused"));
        assert_eq!(told(&error, "option").1.as_deref(), Some(name));
        let (message, said) = told(&error, "expected");
        assert_eq!(said.as_deref(), Some(expected), "{message}");
        assert!(message.contains(name) && message.contains(expected), "{message}");
        assert_eq!(root.child_element_count(), 0);
        root.remove();
    }
    let root = place();
    assert!(mount(root.clone(), JsValue::from_str("no object")).await.is_err());
    root.remove();
}

#[wasm_bindgen_test]
async fn an_argument_that_is_wrong_is_named_with_its_value_and_what_is_expected() {
    let (handle, root) = playground().await;
    for (done, argument, value) in [
        (handle.seek(f64::NAN.into()), "time_us", "NaN"),
        (handle.seek((-1).into()), "time_us", "-1"),
        (handle.seek("x".into()), "time_us", "\"x\""),
        (handle.seek(JsValue::UNDEFINED), "time_us", "undefined"),
        (handle.select(1.5.into()), "branch", "1.5"),
        (handle.act(5.into()), "line", "5"),
        (handle.breakpoints(JsValue::NULL), "words", "null"),
        (handle.branch(1.into(), 7.into()), "name", "7"),
        (handle.select(9.into()), "branch", "9"),
        (handle.branch(9.into(), JsValue::UNDEFINED), "branch", "9"),
        (handle.compare(1.into(), 9.into()).map(|_| ()), "right", "9"),
    ] {
        let error = done.expect_err("it is refused");
        assert_eq!(told(&error, "option").1.as_deref(), Some(argument));
        let (message, said) = told(&error, "value");
        assert!(said.as_deref().is_some_and(|said| said.contains(value)), "{message}: {said:?}");
    }
    assert!(handle.act("kill nobody".into()).is_err());
    for (name, value) in [("theme", "blue"), ("speed", "fast")] {
        assert_eq!(told(&handle.set(name, Some(value.into())).unwrap_err(), "option").1.as_deref(), Some(name));
    }
    handle.set("speed", Some("max".into())).unwrap();
    handle.destroy();
    root.remove();
}

#[wasm_bindgen_test]
async fn a_height_is_what_css_takes_as_a_length() {
    for height in ["480", " 480 ", "50vmin", "30rem", "40.5px", "80%", "calc(100vh - 4rem)", "min(80vh, 600px)", "var(--room)", "auto"] {
        let root = place();
        let handle = mount(root.clone(), options("height", height.into())).await.unwrap_or_else(|error| panic!("{height}: {error:?}"));
        handle.destroy();
        root.remove();
    }
}

#[wasm_bindgen_test]
async fn what_is_read_once_is_refused_later() {
    let root = place();
    let handle = mount(root.clone(), options("layout", "compact".into())).await.unwrap();
    for (name, value) in
        [("layout", None), ("layout", Some("stage")), ("controls", Some("none")), ("mode", Some("page")), ("height", Some("auto"))]
    {
        let error = handle.set(name, value.map(str::to_owned)).expect_err(name);
        assert_eq!(told(&error, "option").1.as_deref(), Some(name));
        assert!(told(&error, "expected").1.is_some_and(|expected| expected.contains("read once")), "{error:?}");
    }
    for (name, value) in
        [("layout", Some("compact")), ("controls", Some("full")), ("mode", None), ("height", Some("20em")), ("height", None)]
    {
        handle.set(name, value.map(str::to_owned)).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    handle.destroy();
    root.remove();
}

#[wasm_bindgen_test]
async fn without_a_speed_the_director_has_the_pace_again() {
    let (handle, root) = playground().await;
    let mut said = Vec::new();
    for speed in [None, Some("max"), None, Some("2"), Some("auto")] {
        handle.set("speed", speed.map(str::to_owned)).unwrap();
        soon().await;
        // How fast the director's pace is depends on the moment; that it is the director's does not.
        let auto = root.query_selector(".tp-auto").unwrap().expect("the director's button is there");
        said.push(auto.get_attribute("aria-pressed").unwrap_or_default());
    }
    assert_eq!(said, ["true", "false", "true", "false", "true"]);
    handle.destroy();
    root.remove();
}
