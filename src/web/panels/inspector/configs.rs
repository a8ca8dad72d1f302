//! The configs of what is looked into, and fields that set them through the cluster.

use crate::playground::inspect::{self, Config, Pasted};
use crate::playground::scene::Target;
use crate::web::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::web::panels::rows::followed;
use crate::web::words::inspector as words;
use leptos::ev::{Event, Targeted};
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

#[component]
pub fn Configs(target: Target) -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    // Whether a change of a broker's config is for all brokers.
    let all = RwSignal::new(false);
    let (of, list) = (target.clone(), NodeRef::<html::Div>::new());
    let configs = Memo::new(move |before: Option<&Vec<Config>>| {
        let all = all.get();
        let mut configs = ui.snap().with(|s| stage.with_value(|stage| inspect::configs(stage.run.borrow().world(), &s.view, &of, all)));
        // What differs stands first, but a row that moved would lose the focus: the order changes when nobody is in the list.
        if let Some(before) = before
            && list.get_untracked().is_some_and(|list| list.matches(":focus-within").unwrap_or(false))
        {
            configs.sort_by_key(|config| before.iter().position(|other| other.name == config.name).unwrap_or(usize::MAX));
        }
        configs
    });
    let about = target.clone();
    let is_broker = matches!(target, Target::Broker(_));
    let is_client = matches!(target, Target::Producer(_) | Target::Consumer(_));
    let note = move || match configs.with(Vec::is_empty) {
        true => words::NO_CONFIGS,
        false if is_client => words::TO_CLIENT,
        false if is_broker && !all.get() => words::TO_BROKER,
        false => words::TO_CONTROLLER,
    };
    let groups = move || {
        configs.with(|configs| {
            let mut groups: Vec<&'static str> = configs.iter().map(|config| config.group).collect();
            groups.dedup();
            groups
        })
    };
    let group = move |group: &'static str| {
        let target = target.clone();
        let members = move || configs.with(|configs| configs.iter().filter(|config| config.group == group).cloned().collect::<Vec<_>>());
        let count = move || configs.with(|configs| configs.iter().filter(|config| config.group == group).count());
        let row = move |config: Config| view! { <Row config configs all target=target.clone() /> };
        // A row of this broker and one of all brokers are two: what is typed into one is not the other's.
        let rows = view! { <For each=members key=move |config| (config.name, config.editable, all.get_untracked()) children=row /> };
        // What can be set stands open; what only can be read is folded.
        if group.is_empty() {
            return rows.into_any();
        }
        let summary = view! { <summary class="tp-text">{move || words::folded(group, count())}</summary> };
        view! { <details>{summary} {rows}</details> }.into_any()
    };
    view! {
        <Show when=move || is_broker>
            <Whom all />
        </Show>
        <div>
            <p class="tp-quiet">{note}</p>
            <Show when=move || !configs.with(Vec::is_empty)>
                <Paste target=about.clone() />
            </Show>
            <div class="tp-configs" node_ref=list>
                <For each=groups key=|group| *group children=group />
            </div>
        </div>
    }
}

/// A file of configs that a real client, topic or broker has.
#[component]
fn Paste(target: Target) -> impl IntoView {
    let stage = use_playground().stage;
    let text = RwSignal::new(String::new());
    let said = RwSignal::new(String::new());
    let apply = move |_| {
        let pasted = text.with_untracked(|text| stage.with_value(|s| inspect::paste(s.run.borrow().world(), &target, text)));
        let done = pasted.and_then(|Pasted { line, words }| {
            let done = if line.is_empty() { Ok(()) } else { stage.with_value(|s| s.line(&line)) };
            done.map(|()| words)
        });
        said.set(done.unwrap_or_else(|why| why));
    };
    view! {
        <details class="tp-paste">
            <summary class="tp-text">{words::PASTE}</summary>
            <textarea
                rows="5"
                spellcheck="false"
                aria-label=words::PROPERTIES
                placeholder=words::PROPERTIES_EXAMPLE
                on:input:target=move |event| text.set(event.target().value())
            ></textarea>
            <button type="button" class="tp-text" on:click=apply>{words::APPLY}</button>
            <p role="status">{said}</p>
        </details>
    }
}

#[component]
fn Whom(all: RwSignal<bool>) -> impl IntoView {
    let button = |(every, name): (bool, &'static str)| {
        view! {
            <button type="button" class="tp-text" aria-pressed=move || (all.get() == every).to_string() on:click=move |_| all.set(every)>
                {name}
            </button>
        }
    };
    view! {
        <p class="tp-quiet tp-whom" role="group" aria-label=words::WHOM>
            {[(false, words::THIS_BROKER), (true, words::ALL_BROKERS)].map(button).collect_view()}
        </p>
    }
}

#[component]
fn Row(config: Config, configs: Memo<Vec<Config>>, all: RwSignal<bool>, target: Target) -> impl IntoView {
    let stage = use_playground().stage;
    let Config { name, doc, editable, .. } = config;
    let config = followed(config, move |config| configs.with(|configs| configs.iter().find(|other| other.name == config.name).cloned()));
    // Why the last change was refused.
    let refused = RwSignal::new(None::<String>);
    Effect::watch(move || config.track(), move |(), _, _| refused.set(None), false);
    let value = move || config.with(|config| config.value.clone());
    let set = move |event: Targeted<Event, HtmlInputElement>| {
        let (value, all) = (event.target().value(), all.get_untracked());
        let line = stage.with_value(|s| inspect::check(s.run.borrow().world(), &target, name, value.trim(), all));
        refused.set(line.and_then(|line| stage.with_value(|s| s.line(&line))).err());
    };
    let field = if editable {
        view! {
            <input
                data-name=name
                value=value
                prop:value=value
                spellcheck="false"
                aria-invalid=move || refused.with(Option::is_some).then_some("true")
                on:change:target=set
            />
        }
        .into_any()
    } else {
        view! { <b>{value}</b> }.into_any()
    };
    let said = move || refused.get().unwrap_or_else(|| config.with(|config| words::default(config.from, config.default)));
    view! {
        <label title=doc>
            <span>{name}</span>
            {field}
            <i>{move || config.with(|config| if config.differs { words::SET } else { "" })}</i>
            <small role=move || refused.with(Option::is_some).then_some("alert")>{said}</small>
        </label>
    }
}
