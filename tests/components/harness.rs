//! A component alone in a document, in the context of a playground whose run the test moves.

use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use std::any::Any;
use std::sync::Arc;
use tidepool::playground::scene::{View, scene};
use tidepool::web::context::{PageState, PageStateStoreFields as _, Playground, Snapshot, StageHandle, Ui};
use tidepool::web::host::Host;
use tidepool::web::options::Layout;
use tidepool::web::run::{Disks, Run};
use tidepool::web::stage::{ScenarioSource, Stage};
use tidepool::world::EPOCH;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

/// The scenario that the page opens with.
pub const THREE_BROKERS: &str = include_str!("../../www/scenarios/three-brokers.tide");

pub struct Mounted {
    /// What the component was mounted into.
    pub root: HtmlElement,
    pub ui: Ui,
    pub stage: StageHandle,
    owner: Owner,
    unmount: Option<Box<dyn Any>>,
}

/// Mounts what `component` makes, `seconds` of simulated time after the scenario's begin.
pub async fn mounted<F, V>(scenario: &str, seconds: i64, component: F) -> Mounted
where
    F: FnOnce() -> V + 'static,
    V: IntoView + 'static,
    UnmountHandle<V::State>: 'static,
{
    let run = Run::start(scenario, "test", None, Disks::new()).expect("the scenario is right");
    let owner = Owner::new();
    let (ui, stage) = owner.with(|| {
        let ui = Ui::new(PageState { playing: false, ..PageState::default() });
        let source = ScenarioSource { name: "test".into(), text: scenario.into(), seed: None };
        (ui, StageHandle::new_local(Stage::new(source, run, ui, Host::default())))
    });
    let root: HtmlElement = document().create_element("div").expect("div is an element's name").unchecked_into();
    document().body().expect("a document has a body").append_child(&root).expect("it is appended");
    let mut mounted = Mounted { root: root.clone(), ui, stage, owner: owner.clone(), unmount: None };
    stage.with_value(|s| s.seek(seconds * 1_000_000)).expect("the run goes there");
    mounted.show();
    let unmount = owner.with(|| {
        let faults = StoredValue::new(Vec::new());
        provide_context(Playground { ui, stage, controls: true, page: false, layout: Layout::Full, auto_height: false, faults });
        mount_to(root, component)
    });
    mounted.unmount = Some(Box::new(unmount));
    tick().await;
    mounted
}

/// Lets effects run.
pub async fn tick() {
    leptos::task::tick().await;
}

/// Lets the browser lay out and draw, so that observers tell what they have seen.
pub async fn drawn() {
    for _ in 0..2 {
        let frame = js_sys::Promise::new(&mut |resolve, _| {
            window().request_animation_frame(&resolve).expect("a window draws");
        });
        wasm_bindgen_futures::JsFuture::from(frame).await.expect("it is drawn");
    }
    tick().await;
}

/// The element that has the focus.
pub fn focused() -> Option<Element> {
    document().active_element()
}

impl Mounted {
    /// Goes to a moment, in microseconds since the run began, and publishes it.
    pub async fn seek(&self, micros: i64) {
        self.stage.with_value(|s| s.seek(micros)).expect("the run goes there");
        self.publish().await;
    }

    /// Publishes the run as it is now, and lets effects run.
    pub async fn publish(&self) {
        self.show();
        tick().await;
    }

    /// Publishes the run as it is now, as the stage does it after a frame.
    fn show(&self) {
        let (ui, stage) = (self.ui, self.stage);
        stage.with_value(|s| {
            let view = Arc::new(s.run.borrow().view());
            let mut picture = scene(&view, view.now, &View::new(1280.0));
            let elapsed = view.now.micros_since(EPOCH);
            let height = f64::from(picture.height);
            let snap = Snapshot { view, places: picture.places.clone(), height, narrow: picture.narrow, elapsed };
            picture.shapes.clear();
            *s.scene.borrow_mut() = picture;
            ui.snap().set(Arc::new(snap));
        });
    }

    /// The first descendant that the selector finds.
    pub fn find(&self, selector: &str) -> Option<HtmlElement> {
        self.root.query_selector(selector).expect("it is a selector").map(JsCast::unchecked_into)
    }

    /// As `find`, where there must be one.
    pub fn at(&self, selector: &str) -> HtmlElement {
        self.find(selector).unwrap_or_else(|| panic!("there is no {selector} in {}", self.root.inner_html()))
    }

    /// All descendants that the selector finds.
    pub fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.root.query_selector_all(selector).expect("it is a selector");
        (0..found.length()).filter_map(|i| found.item(i)).map(JsCast::unchecked_into).collect()
    }

    pub fn text(&self, selector: &str) -> String {
        self.at(selector).text_content().unwrap_or_default()
    }

    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        self.at(selector).get_attribute(name)
    }

    /// Presses a key where the selector leads, and lets effects run.
    pub async fn key(&self, selector: &str, key: &str) {
        self.press(selector, key, false).await;
    }

    /// As `key`, with Ctrl held down.
    pub async fn key_with_ctrl(&self, selector: &str, key: &str) {
        self.press(selector, key, true).await;
    }

    async fn press(&self, selector: &str, key: &str, ctrl: bool) {
        let init = web_sys::KeyboardEventInit::new();
        init.set_key(key);
        init.set_ctrl_key(ctrl);
        init.set_bubbles(true);
        init.set_cancelable(true);
        let event = web_sys::KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).expect("it is an event");
        self.at(selector).dispatch_event(&event).expect("it is heard");
        tick().await;
    }

    /// Does a line of the scenario language now, and publishes what that gives.
    pub async fn act(&self, line: &str) {
        self.stage.with_value(|s| s.line(line)).expect("the line can be done");
        self.publish().await;
    }

    /// Where the run is, or is about to be: microseconds since it began.
    pub fn aim(&self) -> i64 {
        self.stage.with_value(|s| s.aim())
    }

    /// Fires what the JavaScript expression makes, and lets effects run.
    pub async fn fire(&self, selector: &str, event: &str) {
        let fire = js_sys::Function::new_with_args("node", &format!("node.dispatchEvent({event})"));
        fire.call1(&JsValue::NULL, &self.at(selector)).expect("the event is made and heard");
        tick().await;
    }

    /// Types a value into a field and leaves it.
    pub async fn fill(&self, selector: &str, value: &str) {
        self.at(selector).unchecked_into::<web_sys::HtmlInputElement>().set_value(value);
        self.fire(selector, "new Event('input', { bubbles: true })").await;
        self.fire(selector, "new Event('change', { bubbles: true })").await;
    }

    /// Clicks, and lets effects run.
    pub async fn click(&self, selector: &str) {
        self.at(selector).click();
        tick().await;
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.stage.with_value(|s| s.destroy());
        drop(self.unmount.take());
        self.owner.cleanup();
        assert_eq!(self.root.child_element_count(), 0, "a component that is unmounted leaves nothing");
        self.root.remove();
    }
}
