//! The playground's frame: bar, stage, caption. What stands is DOM, what moves is canvas.

use super::cards::Cards;
use super::controls::Bar;
use super::stage::Stage;
use crate::playground::scene::Place;
use crate::world::EPOCH;
use crate::world::view::WorldView;
use leptos::html;
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// A moment, as the standing part shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    pub view: WorldView,
    pub places: Vec<Place>,
    pub height: f64,
    pub narrow: bool,
    /// Microseconds since the run began.
    pub elapsed: i64,
}

impl Default for Snapshot {
    fn default() -> Self {
        let view = WorldView { now: EPOCH, ..WorldView::default() };
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
        }
    }
}

/// The stage for event handlers: copied freely, gone with its owner.
pub type Act = StoredValue<Rc<Stage>, LocalStorage>;

#[component]
pub fn Playground(ui: Ui, act: Act, controls: bool) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    Effect::new(move || {
        if let Some(canvas) = canvas.get() {
            act.with_value(|s| s.attach(canvas));
        }
    });
    let height = Memo::new(move |_| ui.snap.with(|s| s.height as i64));
    view! {
        <section class="tp" data-theme=move || ui.theme.get() aria-label=move || format!("Kafka playground: {}", ui.title.get())>
            <Bar ui act controls/>
            <div class="tp-stage" style:height=move || format!("{}px", height.get())>
                <canvas node_ref=canvas aria-hidden="true"></canvas>
                <Cards ui act controls/>
            </div>
            <div class="tp-caption">
                <p class="tp-note">{move || ui.note.get()}</p>
                <p class="tp-said" role="status" aria-live="polite">{move || ui.said.get()}</p>
                <p class="tp-ledger tp-quiet tp-number"><span class="tp-pill" data-state=move || if ui.wrong.with(String::is_empty) { "Stable" } else { "wrong" }>
                    {move || if ui.wrong.with(String::is_empty) { "✓ invariants hold".to_owned() } else { format!("✗ {}", ui.wrong.get()) }}</span>
                    {move || ui.ledger.get()}</p>
                <Show when=move || ui.store.with(|s| !s.is_empty())>
                    <span class="tp-store">{move || ui.store.get()}</span>
                </Show>
            </div>
        </section>
    }
}
