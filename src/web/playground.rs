//! The playground's frame: bar, stage, caption, panels. What stands is DOM, what moves is canvas.

use super::bar::Bar;
use super::cards::Cards;
use super::context::{PageStateStoreFields as _, Playground as Context, use_playground};
use super::faults::Faults;
use super::files;
use super::guide::Guide;
use super::keys;
use super::menu::{Menu, OpenMenu};
use super::navigation::use_navigation;
use super::options::Layout;
use super::panels::Panels;
use super::panels::ask::{AskAboutLedger, AskAboutSaid, AskedFrom};
use super::sheets::Sheets;
use super::timeline::Timeline;
use super::tip::Tip;
use super::trail::Trail;
use super::undo::Undo;
use super::words::{sheets, stage as words};
use crate::playground::compare::preset;
use leptos::html;
use leptos::prelude::*;
use leptos_use_document_visibility::use_document_visibility;
use leptos_use_event_listener::use_event_listener;
use leptos_use_intersection_observer::use_intersection_observer;
use leptos_use_resize_observer::use_resize_observer;
use leptos_use_window::use_window;
use wasm_bindgen::JsValue;
use web_sys::{DragEvent, VisibilityState};

/// From this width on a page has its panels beside the stage, and only its deck below it. In CSS pixels, as in the style sheet.
const WIDE: f64 = 1000.0;
/// The room that is left for the deck on a page that is not wide: there it opens over the stage.
const FOLDED: f64 = 136.0;

#[component]
pub fn Playground() -> impl IntoView {
    let playground = use_playground();
    let Context { ui, controls, layout, .. } = playground;
    let root = NodeRef::<html::Section>::new();
    watch(root);
    OpenMenu::provide();
    AskedFrom::provide();
    let stops = (NodeRef::new(), NodeRef::new());
    let label = move || words::playground(&ui.title().get());
    let key = move |event: leptos::ev::KeyboardEvent| {
        if controls {
            keys::on_key_down(playground, &event);
        }
    };
    // A file that is dropped on somebody else's page is theirs.
    let drag_over = move |event: DragEvent| {
        if playground.takes_files() {
            files::on_drag_over(&event);
        }
    };
    let dropped = move |event: DragEvent| {
        if playground.takes_files() {
            files::on_drop(playground, &event);
        }
    };
    view! {
        <section class="tp" node_ref=root data-theme=move || ui.theme().get() data-layout=layout.name() aria-label=label on:keydown=key on:dragover=drag_over on:drop=dropped>
            {(layout == Layout::Full && controls).then(|| view! { <SkipLinks stops /> })}
            {(layout != Layout::Stage).then(|| view! { <Bar /> })}
            <Guide />
            <StageView node=stops.0 deck=stops.1 />
            <Faults />
            {match layout {
                Layout::Full => view! { <Deck node=stops.1 /> }.into_any(),
                Layout::Compact => view! { <Said /> }.into_any(),
                Layout::Stage => ().into_any(),
            }}
            {controls.then(|| view! { <Menu /> })}
            {controls.then(|| view! { <Sheets /> })}
        </section>
    }
}

/// Past what has many stops, for who goes by keys: to the stage, and to the deck below it. Seen while they have the focus.
#[component]
fn SkipLinks(stops: (NodeRef<html::Div>, NodeRef<html::Div>)) -> impl IntoView {
    let link = |(words, to): (&'static str, NodeRef<html::Div>)| {
        let go = move |_| {
            if let Some(to) = to.get_untracked() {
                let _ = to.focus();
            }
        };
        view! { <button type="button" class="tp-text" on:click=go>{words}</button> }
    };
    view! { <div class="tp-skip-links">{[(words::SKIP_TO_STAGE, stops.0), (words::SKIP_TO_DECK, stops.1)].map(link).collect_view()}</div> }
}

/// What stands below the stage. Where it is narrow it is one line, which a tap opens; an open panel opens it too.
#[component]
fn Deck(node: NodeRef<html::Div>) -> impl IntoView {
    let ui = use_playground().ui;
    let unfolded = RwSignal::new(false);
    let open = Memo::new(move |_| unfolded.get() || ui.panel().get().is_some());
    let fold = move |_| {
        unfolded.set(!open.get_untracked());
        if !unfolded.get_untracked() {
            ui.panel().set(None);
        }
    };
    view! {
        <div class="tp-deck" tabindex="-1" data-open=move || open.get() node_ref=node>
            <button
                type="button"
                class="tp-icon tp-unfold"
                aria-label=words::DECK
                title=words::DECK
                aria-expanded=move || open.get().to_string()
                on:click=fold
            ></button>
            <Caption />
            <Panels />
        </div>
    }
}

/// The narrator's latest sentence, where there is no room for more.
#[component]
fn Said() -> impl IntoView {
    let ui = use_playground().ui;
    view! {
        <div class="tp-deck">
            <p class="tp-said tp-caption" role="status" aria-live="polite">
                {move || ui.said().get()}
            </p>
        </div>
    }
}

/// The two canvases, and what stands on them, in a frame that scrolls where the host gives less room.
#[component]
fn StageView(node: NodeRef<html::Div>, deck: NodeRef<html::Div>) -> impl IntoView {
    let Context { ui, stage, .. } = use_playground();
    let (below, above) = (NodeRef::<html::Canvas>::new(), NodeRef::<html::Canvas>::new());
    Effect::new(move |_| {
        if let (Some(below), Some(above)) = (below.get(), above.get()) {
            stage.with_value(|s| s.attach([below, above]));
        }
    });
    let nav = use_navigation();
    nav.redraw_on_change();
    let height = move || format!("{}px", ui.snap().with(|s| s.height as i64));
    let room = NodeRef::<html::Div>::new();
    fit(room, deck);
    // A browser may take a canvas's memory back, and give it back empty.
    let restored = move |_: leptos::ev::Event| stage.with_value(|s| s.retheme());
    // The style sheet lets the canvas's outline change with the theme, whoever changes it.
    let rethemed = move |_: leptos::ev::TransitionEvent| stage.with_value(|s| s.retheme());
    view! {
        <div class="tp-room" node_ref=room>
        <div
            class="tp-stage"
            tabindex="-1"
            node_ref=node
            style:height=height
            on:pointermove=move |event| nav.on_pointer_move(&event)
            on:pointerleave=move |_| nav.on_pointer_leave()
            on:click=move |event| nav.on_click(&event)
            on:dblclick=move |event| nav.on_double_click(&event)
            on:wheel=move |event| nav.on_wheel(&event)
            on:keydown=move |event| nav.on_key_down(&event, None)
        >
            <canvas aria-hidden="true" node_ref=below on:contextrestored=restored on:transitionend=rethemed></canvas>
            <canvas aria-hidden="true" node_ref=above on:contextrestored=restored></canvas>
            <Cards nav />
            <Tip />
        </div>
        </div>
    }
}

/// What the scenario and the narrator say, the verdict and the ledger.
#[component]
fn Caption() -> impl IntoView {
    let Context { ui, controls, .. } = use_playground();
    view! {
        <div class="tp-caption">
            <Timeline />
            <p class="tp-note">
                {move || ui.note().get()}
                <Show when=move || controls>
                    <OfferCompare />
                </Show>
            </p>
            <div class="tp-saying">
                <p class="tp-said" role="status" aria-live="polite" title=move || ui.said().get()>{move || ui.said().get()}</p>
                <AskAboutSaid />
            </div>
            <Show when=move || controls>
                <Undo />
            </Show>
            <p class="tp-ledger tp-quiet tp-number">
                <span>{move || ui.ledger().get()}</span>
                <AskAboutLedger />
            </p>
            <Show when=move || !ui.store().with(String::is_empty)>
                <span class="tp-store">{move || ui.store().get()}</span>
            </Show>
            <Trail />
        </div>
    }
}

/// Leads to what the scenario is about, side by side.
#[component]
fn OfferCompare() -> impl IntoView {
    let Context { ui, stage, .. } = use_playground();
    let offered = Memo::new(move |_| {
        ui.text().track();
        let contrast = stage.with_value(|s| s.run.borrow().time.play().scenario().compares);
        contrast.map(|contrast| preset(contrast).title.to_lowercase())
    });
    let open = move |_| {
        ui.compared().set(None);
        ui.sheet().set(Some(sheets::COMPARE));
    };
    let button = move |what: String| {
        view! {
            <button type="button" class="tp-text tp-offer" aria-haspopup="dialog" on:click=open>
                {words::compare_by(&what)}
            </button>
        }
    };
    move || offered.get().map(button)
}

/// Keeps the stage at the size of `room`, and a page's own above its `deck`, whatever is folded there.
fn fit(room: NodeRef<html::Div>, deck: NodeRef<html::Div>) {
    let Context { stage, page, auto_height, .. } = use_playground();
    let resize = move || {
        let Some(room) = room.get_untracked() else { return };
        let height = if page {
            // A page of its own shows the whole picture between what stands above it and the deck.
            let length = |found: Result<JsValue, JsValue>| found.ok().and_then(|length| length.as_f64()).unwrap_or_default();
            let is_wide = length(window().inner_width()) >= WIDE;
            let deck = deck.get_untracked().filter(|_| is_wide).map_or(FOLDED, |deck| f64::from(deck.offset_height()));
            (length(window().inner_height()) - f64::from(room.offset_top()) - deck).max(1.0)
        } else if auto_height {
            0.0
        } else {
            f64::from(room.client_height())
        };
        stage.with_value(|s| s.resize(f64::from(room.client_width()), height));
    };
    let _ = use_resize_observer(room, move |_, _| resize());
    let _ = use_resize_observer(deck, move |_, _| resize());
    let _ = use_event_listener(use_window(), leptos::ev::resize, move |_| resize());
}

/// Lets the stage rest while it is not seen, and write to its store before the page goes.
fn watch(root: NodeRef<html::Section>) {
    let stage = use_playground().stage;
    let _ = use_event_listener(use_window(), leptos::ev::pagehide, move |_| stage.with_value(|s| s.flush()));
    let visibility = use_document_visibility();
    Effect::watch(
        move || visibility.get(),
        move |now, _, _| {
            stage.with_value(|s| {
                s.set_visible(*now != VisibilityState::Hidden);
                s.flush();
            });
        },
        false,
    );
    let _ = use_intersection_observer(root, move |entries, _| {
        if let Some(last) = entries.last() {
            stage.with_value(|s| s.set_on_screen(last.is_intersecting()));
        }
    });
}
