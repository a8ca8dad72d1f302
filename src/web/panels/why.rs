//! The panel that answers "why?": a chain of sentences, each on its moment, and the same as a space-time diagram.

use super::ask::AskedFrom;
use super::rows::refreshed;
use crate::kafka::time::Time;
use crate::playground::spacetime::{Diagram, Drawing, Label, PlacedArrow, PlacedMark, Shape, diagram, draw, words as caption_of};
use crate::playground::time::replay_events;
use crate::playground::why::{self as questions, Link, Question, seconds, suggested_questions, why};
use crate::web::context::{Astray, PageStateStoreFields as _, Playground, use_playground};
use crate::web::run::Run;
use crate::web::words::panels as words;
use crate::world::EPOCH;
use leptos::attr::custom::custom_attribute;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos_use_resize_observer::use_resize_observer;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{Element, ShadowRoot};

/// A sentence of the answer.
#[derive(Clone, PartialEq, Debug)]
struct Sentence {
    /// From 1.
    number: usize,
    text: String,
    /// Microseconds since the run began.
    at: i64,
    when: String,
    /// The event's id; empty for what is so now.
    event: String,
}

/// An answer, as of the moment at which it was asked.
#[derive(Clone, PartialEq, Debug)]
struct Answered {
    question: String,
    when: String,
    sentences: Vec<Sentence>,
    diagram: Diagram,
    now: Time,
}

impl Answered {
    fn new(run: &Run, question: &Question) -> Self {
        let (view, world) = (run.view(), run.world());
        let links = why(world, run.judge(), question).links;
        let sentence = |(link, number): (&Link, usize)| {
            let at = link.at.micros_since(EPOCH);
            let when = if link.event.is_none() && link.at == view.now { words::NOW.to_owned() } else { seconds(at) };
            let event = link.event.map_or(String::new(), |id| id.0.to_string());
            Sentence { number, text: link.text.clone(), at, when, event }
        };
        Self {
            question: question.to_string(),
            when: seconds(view.now.micros_since(EPOCH)),
            sentences: links.iter().zip(1..).map(sentence).collect(),
            diagram: diagram(world, &view, &links),
            now: view.now,
        }
    }
}

/// What there is to ask about the ledger.
pub(super) fn suspects(run: &Run) -> Vec<Question> {
    questions::of_ledger(&run.judge().verdict(run.world(), false).ledger)
}

#[component]
pub fn Why() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let answered = RwSignal::new(None::<Arc<Answered>>);
    // Answered once for each time that it is asked, also when the same is asked again: the moment is another.
    Effect::new(move |_| {
        let question = ui.asked().get();
        let answer = question.map(|question| {
            stage.with_value(|s| {
                let mut run = s.run.borrow_mut();
                replay_events(&mut run.time);
                Arc::new(Answered::new(&run, &question))
            })
        });
        answered.set(answer);
    });
    let focus_back = AskedFrom::focus_back();
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && focus_back() {
            event.stop_propagation();
            ui.panel().set(None);
        }
    };
    view! {
        <div class="tp-why" on:keydown=escape>
            <Suggested />
            {move || answered.get().map(|answer| view! { <Answer answer /> })}
        </div>
    }
}

/// Questions about what is chosen, then those that the moment raises.
#[component]
fn Suggested() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let list = NodeRef::<html::Div>::new();
    let suggested = refreshed(
        list,
        move || ui.chosen().get(),
        move |chosen| {
            let astray = ui.astray().get() != Astray::default();
            let also = if astray { stage.with_value(|s| suspects(&s.run.borrow())) } else { Vec::new() };
            ui.snap().with(|s| suggested_questions(&s.view, chosen.as_ref(), also))
        },
    );
    let hint = move || {
        suggested.with(|(all, more)| match (all.len(), more) {
            (0, _) => words::NOTHING_WRONG.to_owned(),
            (_, 0) => String::new(),
            _ => words::more_questions(*more),
        })
    };
    let hint = Memo::new(move |_| hint());
    let question = move |question: Question| {
        let (words, asked) = (question.to_string(), question.clone());
        view! {
            <button
                type="button"
                class="tp-text"
                aria-pressed=move || ui.asked().with(|now| now.as_ref() == Some(&asked)).to_string()
                on:click=move |_| ui.asked().set(Some(question.clone()))
            >
                {words}
            </button>
        }
    };
    view! {
        <div class="tp-offers" role="group" aria-label=words::QUESTIONS node_ref=list>
            <For each=move || suggested.with(|(all, _)| all.clone()) key=ToString::to_string children=question />
            <Show when=move || !hint.with(String::is_empty)>
                <span class="tp-quiet">{move || hint.get()}</span>
            </Show>
        </div>
    }
}

/// Sentences that are lit, in the list and in the picture.
type Lit = RwSignal<Vec<usize>>;

#[component]
fn Answer(answer: Arc<Answered>) -> impl IntoView {
    let (lit, level) = (Lit::new(Vec::new()), custom_attribute("aria-level", "3"));
    let heading = NodeRef::<html::B>::new();
    heading.on_load(|heading| {
        // Whoever opened the panel by its tab stays on that tab.
        if !is_tab(focused_beside(&heading).as_ref()) {
            let _ = heading.focus();
        }
    });
    let sentence = move |sentence: Sentence| view! { <Chained sentence lit /> };
    let (question, when, sentences) = (answer.question.clone(), answer.when.clone(), answer.sentences.clone());
    view! {
        <div class="tp-answer">
            <b role="heading" {..level} tabindex="-1" node_ref=heading>{question}</b>
            " "
            <span class="tp-quiet tp-number">{words::answered_at(&when)}</span>
            <ol>
                <For each=move || sentences.clone() key=|sentence| sentence.number children=sentence />
            </ol>
        </div>
        <SpaceTime answer lit />
    }
}

/// What has the focus in the document or the shadow tree that the element is in.
fn focused_beside(element: &Element) -> Option<Element> {
    match element.get_root_node().dyn_into::<ShadowRoot>() {
        Ok(root) => root.active_element(),
        Err(_) => document().active_element(),
    }
}

fn is_tab(element: Option<&Element>) -> bool {
    element.is_some_and(|element| element.get_attribute("role").as_deref() == Some("tab"))
}

#[component]
fn Chained(sentence: Sentence, lit: Lit) -> impl IntoView {
    let stage = use_playground().stage;
    let Sentence { number, text, at, when, event } = sentence;
    let light = move || lit.set(vec![number]);
    view! {
        <li
            data-n=number
            data-us=at
            data-event=event
            data-lit=move || lit.with(|lit| lit.contains(&number))
            on:pointerenter=move |_| light()
            on:pointerleave=move |_| lit.set(Vec::new())
            on:focusin=move |_| light()
        >
            <i>{number}</i>
            <span>{text}</span>
            <button type="button" class="tp-text tp-number" title=words::GO_THERE on:click=move |_| stage.with_value(|s| s.scrub(at))>
                {when}
            </button>
        </li>
    }
}

/// The answer as a diagram, as wide as there is room.
#[component]
fn SpaceTime(answer: Arc<Answered>, lit: Lit) -> impl IntoView {
    let (figure, room) = (NodeRef::<html::Figure>::new(), RwSignal::new(0_i64));
    let measure = move || {
        if let Some(figure) = figure.get_untracked() {
            room.set(figure.client_width().into());
        }
    };
    figure.on_load(move |_| measure());
    let _ = use_resize_observer(figure, move |_, _| measure());
    let (empty, caption) = (answer.diagram.lanes.is_empty(), caption_of(&answer.diagram));
    let drawing = Memo::new(move |_| (room.get() > 0).then(|| draw(&answer.diagram, answer.now, room.get())));
    view! {
        <figure hidden=empty node_ref=figure>
            <div class="tp-space">{move || drawing.get().map(|drawing| view! { <Picture drawing lit /> })}</div>
            <figcaption class="tp-quiet">{caption}</figcaption>
        </figure>
    }
}

#[component]
fn Picture(drawing: Drawing, lit: Lit) -> impl IntoView {
    let Drawing { names_width, width, height, lanes, below, arrows, marks, above } = drawing;
    let name = |Label { x, y, text }| view! { <text x=x y=y>{text}</text> };
    view! {
        <svg class="tp-lanes" width=names_width height=height aria-hidden="true">{lanes.into_iter().map(name).collect_view()}</svg>
        <div class="tp-scroll">
            <svg class="tp-figure" width=width height=height role="group" aria-label=words::DIAGRAM>
                <defs>
                    <marker id="tp-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
                        <path d={"M0 1 7 4 0 7z"} />
                    </marker>
                </defs>
                {below.into_iter().map(shape).collect_view()}
                {arrows.into_iter().map(arrow).collect_view()}
                {marks.into_iter().map(|mark| view! { <Mark mark lit /> }).collect_view()}
                {above.into_iter().map(shape).collect_view()}
            </svg>
        </div>
    }
}

fn shape(shape: Shape) -> AnyView {
    match shape {
        Shape::Path { class, d } => view! { <path class=class d=d /> }.into_any(),
        Shape::Rect { class, x, y, width, height } => view! { <rect class=class x=x y=y width=width height=height /> }.into_any(),
        Shape::Text { class, label: Label { x, y, text } } => view! { <text class=class x=x y=y>{text}</text> }.into_any(),
    }
}

fn arrow(arrow: PlacedArrow) -> impl IntoView {
    let PlacedArrow { class, title, line, cross, label } = arrow;
    view! {
        <g class=class>
            <title>{title}</title>
            <path d=line />
            {cross.map(|cross| view! { <path class="tp-x" d=cross /> })}
            {label.map(|Label { x, y, text }| view! { <text x=x y=y>{text}</text> })}
        </g>
    }
}

/// A mark is a way to its moment.
#[component]
fn Mark(mark: PlacedMark, lit: Lit) -> impl IntoView {
    let stage = use_playground().stage;
    let PlacedMark { numbers, at, name, x, y, width, height, radius, label } = mark;
    let go = move || stage.with_value(|s| s.scrub(at));
    let press = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            go();
        }
    };
    let said = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mine = numbers.clone();
    let light = move || lit.set(mine.clone());
    let focus = light.clone();
    view! {
        <g
            class="tp-mark"
            role="button"
            tabindex="0"
            data-n=said
            data-us=at
            aria-label=name
            data-lit=move || lit.with(|lit| lit.iter().any(|number| numbers.contains(number)))
            on:pointerenter=move |_| light()
            on:pointerleave=move |_| lit.set(Vec::new())
            on:focus=move |_| focus()
            on:click=move |_| go()
            on:keydown=press
        >
            <rect x=x y=y width=width height=height rx=radius />
            <text x=label.x y=label.y>{label.text}</text>
        </g>
    }
}
