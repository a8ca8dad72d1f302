//! Where one is between the whole cluster and one record, the steps there, and what a record holds.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::dom;
use crate::playground::scene::{Target, content, zoom_into, zoom_out, zoom_steps};
use leptos::prelude::*;
use web_sys::{Element, HtmlElement};

/// One step closer to a thing.
pub fn toward(ui: Ui, act: StageHandle, mut what: Target) {
    let here = ui.zoomed().get_untracked();
    if let Target::Partition(topic, n) = &what
        && here.as_ref() == Some(&what)
    {
        // Into a partition: to its newest record.
        what = act.with_value(|s| s.scene.borrow().walk(topic, *n, None, 0)).unwrap_or(what);
    }
    let arrangement = ui.arrangement().get_untracked();
    go(ui, ui.snap().with_untracked(|s| zoom_into(&s.view, here.as_ref(), &what, arrangement)));
}

/// One step out.
pub fn out(ui: Ui) {
    let arrangement = ui.arrangement().get_untracked();
    let here = ui.zoomed().get_untracked();
    go(ui, here.and_then(|here| ui.snap().with_untracked(|s| zoom_out(&s.view, &here, arrangement))));
}

/// Goes there; a record that is looked into is followed.
fn go(ui: Ui, to: Option<Target>) {
    let record = |what: &Option<Target>| matches!(what, Some(Target::Record(..)));
    if record(&to) || record(&ui.zoomed().get_untracked()) {
        ui.chosen().set(to.clone().filter(|_| record(&to)));
    }
    ui.zoomed().set(to);
}

/// The way from the cluster to what is looked into, each part a button, in the cluster's heading.
pub fn crumbs(heading: &Element, ui: Ui, act: StageHandle) {
    let nav = dom::element("<nav class='tp-crumbs tp-number' aria-label=Zoom hidden></nav>");
    let _ = heading.append_child(&nav);
    dom::attribute(&nav, "", "aria-description", move || {
        ui.snap().track();
        act.with_value(|s| s.scene.borrow().off_screen.clone())
    });
    let heading = heading.clone();
    dom::effect(Box::new(move || {
        let arrangement = ui.arrangement().get();
        let what = ui.zoomed().get();
        let mut steps = vec![None];
        if let Some(what) = &what {
            let known = ui.snap().with_untracked(|s| zoom_steps(&s.view, what, arrangement));
            // In the past it may not be there yet.
            steps.extend(if known.is_empty() { vec![what.clone()] } else { known }.into_iter().map(Some));
        }
        let held = nav.matches(":focus-within").unwrap_or(false);
        nav.set_inner_html("");
        nav.set_hidden(what.is_none());
        let last = steps.len() - 1;
        for (i, step) in steps.into_iter().enumerate() {
            let button = dom::element("<button type=button class=tp-text></button>");
            button.set_text_content(Some(&match &step {
                Some(Target::Topic(name) | Target::Broker(name)) => name.to_string(),
                Some(Target::Partition(topic, n)) => format!("{topic}-{n}"),
                Some(Target::Record(_, _, offset)) => format!("offset {offset}"),
                _ => "cluster".to_owned(),
            }));
            if i == last {
                dom::set(&button, "aria-current", "location");
            }
            dom::on(&button, "", "click", move |_| go(ui, step.clone()));
            let _ = nav.append_child(&button);
        }
        if held {
            let back = if what.is_none() { heading.query_selector(".tp-by > button").ok().flatten() } else { nav.last_element_child() };
            dom::focus(back);
        }
    }));
}

/// What a record holds, line by line.
pub fn record(ui: Ui, act: StageHandle, what: &Target) -> HtmlElement {
    let card = dom::element("<div class='tp-at tp-record tp-number' role=region><dl></dl></div>");
    let Target::Record(topic, n, offset) = what.clone() else { return card };
    dom::set(&card, "aria-label", &format!("Content of {topic}-{n} offset {offset}"));
    let list = dom::at(&card, "dl");
    let mut before = Vec::new();
    dom::effect(Box::new(move || {
        let view = ui.snap().with(|s| s.view.clone());
        let lines = act.with_value(|s| content(s.run.borrow().world(), &view, &topic, n, offset));
        if lines == before {
            return;
        }
        list.set_inner_html("");
        for (name, words) in &lines {
            let line = dom::element("<div><dt></dt><dd></dd></div>");
            dom::at(&line, "dt").set_text_content(Some(name));
            dom::at(&line, "dd").set_text_content(Some(words));
            let _ = list.append_child(&line);
        }
        before = lines;
    }));
    card
}
