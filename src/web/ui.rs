//! The playground's frame: bar, stage, caption. What stands is DOM, what moves is canvas.

use super::panels::{self, why};
use super::stage::Stage;
use super::{cards, controls, dom, look, menu, timeline};
use crate::playground::scene::{Place, Target, Trail};
use crate::playground::why::Question;
use crate::world::EPOCH;
use crate::world::view::WorldView;
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlCanvasElement, HtmlElement};

/// The frame, before anything is known.
pub const MARKUP: &str = "<section class=tp><header class=tp-bar></header>\
    <div class=tp-stage tabindex=-1><canvas aria-hidden=true></canvas><canvas aria-hidden=true></canvas></div>\
    <div class=tp-deck><div class=tp-caption><p class=tp-note></p><div class=tp-saying>\
    <p class=tp-said role=status aria-live=polite></p></div>\
    <p class='tp-ledger tp-quiet tp-number'><span class=tp-pill></span><span></span></p></div>\
    <div class=tp-tabs role=tablist aria-label=Panels></div><div class=tp-panel role=tabpanel hidden></div></div></section>";

/// A moment, as the standing part shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    pub view: Arc<WorldView>,
    pub places: Vec<Place>,
    pub height: f64,
    pub narrow: bool,
    /// Microseconds since the run began.
    pub elapsed: i64,
}

impl Default for Snapshot {
    fn default() -> Self {
        let view = Arc::new(WorldView { now: EPOCH, ..WorldView::default() });
        Self { view, places: vec![], height: 320.0, narrow: false, elapsed: 0 }
    }
}

/// Signals that the loop and the elements share.
#[derive(Clone, Copy)]
pub struct Ui {
    pub snap: RwSignal<Arc<Snapshot>>,
    pub playing: RwSignal<bool>,
    pub speed: RwSignal<i32>,
    pub said: RwSignal<String>,
    /// What the scenario asks its reader to watch or to do.
    pub note: RwSignal<String>,
    /// What the store has to say; empty when all is well.
    pub store: RwSignal<String>,
    /// What the judge finds wrong; empty when all invariants hold.
    pub wrong: RwSignal<String>,
    /// The ledger of what became of the records.
    pub ledger: RwSignal<String>,
    pub theme: RwSignal<String>,
    pub title: RwSignal<String>,
    /// What undo and redo would do now; empty: nothing that was just done.
    pub undo: RwSignal<[String; 2]>,
    /// What is looked at: lit on the stage, described by the panels.
    pub chosen: RwSignal<Option<Target>>,
    /// What the pointer is over or arrow keys have walked to: named in a hint.
    pub pointed: RwSignal<Option<Target>>,
    /// The stage is arranged by broker, not by topic.
    pub by_broker: RwSignal<bool>,
    /// What is looked into; nothing: the whole cluster.
    pub zoomed: RwSignal<Option<Target>>,
    /// The way of the record that is chosen.
    pub trail: RwSignal<Option<Arc<Trail>>>,
    /// How much the narrator tells, from 1 to 3.
    pub level: RwSignal<u8>,
    /// Whether waits in which nothing moves pass at once.
    pub skip: RwSignal<bool>,
    /// Simulated seconds a second, where they are fewer than was asked for; else 0.
    pub pace: RwSignal<i64>,
    /// The panel that is open, by its tab's word.
    pub panel: RwSignal<Option<&'static str>>,
    /// What "Why?" is to answer.
    pub asked: RwSignal<Option<Question>>,
}

impl Ui {
    pub fn new() -> Self {
        Self {
            snap: RwSignal::new(Arc::default()),
            playing: RwSignal::new(true),
            speed: RwSignal::new(0),
            said: RwSignal::new(String::new()),
            note: RwSignal::new(String::new()),
            store: RwSignal::new(String::new()),
            wrong: RwSignal::new(String::new()),
            ledger: RwSignal::new(String::new()),
            theme: RwSignal::new(String::new()),
            title: RwSignal::new(String::new()),
            undo: RwSignal::default(),
            chosen: RwSignal::new(None),
            pointed: RwSignal::new(None),
            by_broker: RwSignal::new(false),
            zoomed: RwSignal::new(None),
            trail: RwSignal::new(None),
            level: RwSignal::new(1),
            skip: RwSignal::new(false),
            pace: RwSignal::new(0),
            panel: RwSignal::new(None),
            asked: RwSignal::new(None),
        }
    }
}

/// The stage for event handlers: copied freely, gone with its owner.
pub type Act = StoredValue<Rc<Stage>, LocalStorage>;

/// Lets the frame in `parent` follow the signals for as long as the current owner lives.
pub fn follow(parent: &Element, ui: Ui, act: Act, controls: bool) {
    let root = dom::at(parent, ".tp");
    dom::attribute(&root, "", "data-theme", move || ui.theme.get());
    dom::attribute(&root, "", "aria-label", move || format!("Kafka playground: {}", ui.title.get()));
    controls::bar(&root, ui, act, controls);
    let stage = dom::at(&root, ".tp-stage");
    if let Some(style) = stage.dyn_ref().map(HtmlElement::style) {
        let height = move || format!("{}px", ui.snap.with(|s| s.height as i64));
        dom::when(height, move |height| {
            let _ = style.set_property("height", height);
        });
    }
    let canvas = |at| dom::at(&stage, at).dyn_into::<HtmlCanvasElement>();
    if let (Ok(below), Ok(above)) = (canvas("canvas"), canvas("canvas + canvas")) {
        for canvas in [&below, &above] {
            // A browser may take a canvas's memory back, and give it back empty.
            dom::on(canvas, "", "contextrestored", move |_| act.with_value(|s| s.retheme()));
        }
        act.with_value(|s| s.attach([below, above]));
    }
    cards::cards(&stage, ui, act, controls);
    look::look(&stage, &dom::at(&root, ".tp-caption"), ui, act);
    timeline::timeline(&root, ui, act, controls);
    panels::panels(&root, ui, act, controls);
    if controls {
        menu::undo(&root, ui, act);
    }
    dom::text(&root, ".tp-note", move || ui.note.get());
    dom::text(&root, ".tp-said", move || ui.said.get());
    dom::attribute(&root, ".tp-pill", "data-state", move || if ui.wrong.with(String::is_empty) { "Stable" } else { "wrong" }.into());
    dom::text(&root, ".tp-pill", move || match ui.wrong.get().as_str() {
        "" => "✓ invariants hold".into(),
        wrong => format!("✗ {wrong}"),
    });
    dom::text(&root, ".tp-ledger > :last-child", move || ui.ledger.get());
    let caption = dom::at(&root, ".tp-caption");
    why::of_said(&caption, ui, act);
    why::of_ledger(&caption, ui, act);
    let store = dom::element("<span class=tp-store></span>");
    dom::when(
        move || ui.store.get(),
        move |said| {
            store.set_text_content(Some(said));
            if said.is_empty() {
                store.remove();
            } else {
                let _ = caption.append_child(&store);
            }
        },
    );
}
