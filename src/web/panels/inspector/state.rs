//! What a node, a topic, a partition or a group keeps.

use super::machine::Machine;
use crate::playground::inspect::{self, Line};
use crate::playground::scene::Target;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use leptos::prelude::*;

/// Lines under one heading; the first section may have none.
#[derive(Clone, PartialEq, Default, Debug)]
struct Section {
    heading: Option<String>,
    lines: Vec<(String, String)>,
}

fn sections(lines: Vec<Line>) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    for (name, value) in lines {
        match (value, sections.last_mut()) {
            (Some(value), Some(section)) => section.lines.push((name, value)),
            (_, _) => sections.push(Section { heading: Some(name), lines: Vec::new() }),
        }
    }
    sections
}

#[component]
pub fn State(target: Target) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    let machine = match &target {
        Target::Group(Some(group)) => Some(view! { <Machine group=group.clone() /> }),
        _ => None,
    };
    let sections = Memo::new(move |_| {
        sections(ui.snap().with(|s| stage.with_value(|stage| inspect::state(stage.run.borrow().world(), &s.view, &target))))
    });
    // Text only, line by line: nothing in it can be chosen, so a line is followed by its place.
    let line = |(name, value): (String, String)| {
        view! {
            <p>
                <span>{name}</span>
                <b>{value}</b>
            </p>
        }
    };
    let section = move |section: Section| {
        view! {
            <section>
                {section.heading.map(|heading| view! { <h3>{heading}</h3> })}
                {section.lines.into_iter().map(line).collect_view()}
            </section>
        }
    };
    view! {
        {machine}
        <div class="tp-lines">{move || sections.get().into_iter().map(section).collect_view()}</div>
    }
}
