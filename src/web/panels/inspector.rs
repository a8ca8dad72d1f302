//! The Inspector: what is chosen, as what it keeps, its configs, its frames, and a frame or a record as fields and bytes side by side.

use crate::kafka::time::Time;
use crate::kafka::wire::field_map::FieldSpan;
use crate::playground::inspect::{self, Line};
use crate::playground::scene::Target;
use crate::web::context::{PageStateStoreFields as _, StageHandle, Ui};
use crate::web::{clock, dom};
use crate::world::EPOCH;
use leptos::prelude::*;
use std::fmt::Write;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement, HtmlInputElement, HtmlSelectElement, KeyboardEvent};

/// Fields and bytes of one frame that are shown at most, and frames in the list.
const MAX_FIELDS: usize = 800;
const MAX_BYTES: u32 = 4096;
const MAX_FRAMES: usize = 60;

const STATE: i32 = 0;
const CONFIGS: i32 = 1;
const FRAMES: i32 = 2;
const BYTES: i32 = 3;
const MODES: [&str; 4] = ["State", "Configs", "Frames", "Bytes"];

/// What people have named, in markup.
fn escape(text: &str) -> String {
    let mut markup = String::new();
    for c in text.chars() {
        match c {
            '&' => markup += "&amp;",
            '<' => markup += "&lt;",
            '"' => markup += "&quot;",
            _ => markup.push(c),
        }
    }
    markup
}

fn label(target: &Target) -> String {
    match target {
        Target::Broker(name) | Target::Producer(name) | Target::Consumer(name) | Target::Internal(name) => name.to_string(),
        Target::Topic(topic) => format!("topic {topic}"),
        Target::Partition(topic, n) => format!("{topic}-{n}"),
        Target::Group(Some(group)) => format!("group {group}"),
        Target::Record(topic, n, offset) => format!("{topic}-{n} offset {offset}"),
        Target::Frame(message) => format!("frame {message}"),
        Target::Group(None) | Target::Heading(_) | Target::Link(..) => String::new(),
    }
}

fn is_bytes(target: &Target) -> bool {
    matches!(target, Target::Frame(_) | Target::Record(..))
}

/// What can be looked into: what is chosen first, if it does not stand on the stage.
fn targets(ui: Ui) -> Vec<Target> {
    let mut all: Vec<Target> = ui.chosen().get().filter(is_bytes).into_iter().collect();
    ui.snap().with(|s| all.extend(s.places.iter().map(|p| p.what.clone()).filter(|what| !label(what).is_empty())));
    all
}

/// What is looked into: what is chosen, or the first broker.
fn looked(ui: Ui) -> Option<Target> {
    let first = || targets(ui).into_iter().find(|what| matches!(what, Target::Broker(_)));
    ui.chosen().get().filter(|what| !label(what).is_empty()).or_else(first)
}

pub fn fill(panel: &Element, ui: Ui, act: StageHandle) {
    let Some(parent) = Owner::current() else { return };
    let root = dom::element(
        "<div class=tp-look><div class=tp-row><select aria-label='What to look into'></select><span role=group aria-label=View></span>\
        <span class='tp-quiet tp-number tp-end'></span></div><div class=tp-body></div></div>",
    );
    let _ = panel.append_child(&root);
    let mode = RwSignal::new(if ui.chosen().with_untracked(|c| c.as_ref().is_some_and(is_bytes)) { BYTES } else { STATE });
    let modes = dom::at(&root, "[role=group]");
    for (i, name) in (0..).zip(MODES) {
        let button = dom::element("<button type=button class=tp-text></button>");
        button.set_text_content(Some(name));
        dom::attribute(&button, "", "aria-pressed", move || (mode.get() == i).to_string());
        dom::on(&button, "", "click", move |_| mode.set(i));
        let _ = modes.append_child(&button);
    }
    let select = dom::at(&root, "select");
    let options = move || {
        let shown = looked(ui);
        let mut markup = String::new();
        for what in targets(ui) {
            let chosen = if Some(&what) == shown.as_ref() { " selected" } else { "" };
            let _ = write!(markup, "<option{chosen}>{}</option>", escape(&label(&what)));
        }
        markup
    };
    let list = select.clone();
    dom::when(options, move |markup| list.set_inner_html(markup));
    dom::on(&select, "", "change", move |event| {
        let Some(select) = event.target().and_then(|t| t.dyn_into::<HtmlSelectElement>().ok()) else { return };
        let what = usize::try_from(select.selected_index()).ok().and_then(|i| untrack(|| targets(ui)).into_iter().nth(i));
        ui.chosen().set(what);
    });
    // A frame or a record is bytes; what stands is not.
    let mut before = ui.chosen().get_untracked();
    dom::effect(Box::new(move || {
        let now = ui.chosen().get();
        if now != before {
            match now.as_ref().is_some_and(is_bytes) {
                true => mode.set(BYTES),
                false if mode.get_untracked() == BYTES => mode.set(STATE),
                false => {}
            }
            before = now;
        }
    }));
    let (body, title) = (dom::at(&root, ".tp-body"), dom::at(&root, ".tp-end"));
    let mut owner: Option<Owner> = None;
    let mut before = None;
    dom::effect(Box::new(move || {
        let (mode, what) = (mode.get(), looked(ui));
        let now = Some((mode, what.clone()));
        if before == now {
            return;
        }
        before = now;
        if let Some(owner) = owner.take() {
            owner.cleanup();
        }
        title.set_text_content(None);
        body.set_text_content(None);
        let view = dom::element("<div class=tp-view></div>");
        let _ = body.append_child(&view);
        let child = parent.child();
        // The views follow the moment on their own.
        child.with(|| {
            untrack(|| match (mode, what) {
                (STATE, Some(what)) => state(&view, ui, act, what),
                (CONFIGS, Some(what)) => configs(&view, ui, act, what),
                (FRAMES, what) => frames(&view, ui, act, what),
                (_, what) => bytes(&view, &title, act, what),
            });
        });
        owner = Some(child);
    }));
}

fn said(body: &Element, words: &str) {
    let note = dom::element("<p class=tp-quiet></p>");
    note.set_text_content(Some(words));
    let _ = body.append_child(&note);
}

fn state(body: &Element, ui: Ui, act: StageHandle, what: Target) {
    let body = body.clone();
    let markup = move || {
        let lines = ui.snap().with(|s| act.with_value(|stage| inspect::state(stage.run.borrow().world(), &s.view, &what)));
        let mut markup = String::from("<div class=tp-lines><section>");
        for (name, value) in lines as Vec<Line> {
            let name = escape(&name);
            let _ = match value {
                Some(value) => write!(markup, "<p><span>{name}</span><b>{}</b></p>", escape(&value)),
                None => write!(markup, "</section><section><h3>{name}</h3>"),
            };
        }
        markup
    };
    dom::when(markup, move |markup| body.set_inner_html(markup));
}

fn configs(body: &Element, ui: Ui, act: StageHandle, what: Target) {
    let shown = what.clone();
    // Whom a change of a broker's config is for.
    let all = RwSignal::new(false);
    let whom = dom::element("<p class='tp-quiet tp-whom' role=group aria-label='Whom a change is for'></p>");
    for (every, name) in [(false, "This broker"), (true, "All brokers")] {
        let button = dom::element("<button type=button class=tp-text></button>");
        button.set_text_content(Some(name));
        dom::attribute(&button, "", "aria-pressed", move || (all.get() == every).to_string());
        dom::on(&button, "", "click", move |_| all.set(every));
        let _ = whom.append_child(&button);
    }
    if matches!(what, Target::Broker(_)) {
        let _ = body.append_child(&whom);
    }
    let rows = dom::element("<div></div>");
    let _ = body.append_child(&rows);
    let body = &rows;
    let markup = move || {
        let all = all.get();
        let rows = ui.snap().with(|s| act.with_value(|stage| inspect::configs(stage.run.borrow().world(), &s.view, &what, all)));
        let note = match &what {
            _ if rows.is_empty() => "It has no configs of its own, or no process.",
            Target::Producer(_) | Target::Consumer(_) => "A change gives it a new process. An empty value takes it back.",
            Target::Broker(_) if !all => "A change goes to this broker as IncrementalAlterConfigs. An empty value takes it back.",
            _ => "A change goes to the controller as IncrementalAlterConfigs. An empty value takes it back.",
        };
        let mut markup = format!("<p class=tp-quiet>{note}</p><div class=tp-configs>");
        let mut group = "";
        for row in rows {
            if row.group != group {
                group = row.group;
                let _ = write!(markup, "<h3>{group}</h3>");
            }
            let (name, value, from) = (row.name, escape(&row.value), row.from);
            let default = if row.default.is_empty() { "no default".into() } else { format!("default {}", row.default) };
            let set = if row.differs { "set" } else { "" };
            let value = match row.editable {
                true => format!("<input data-name={name} value=\"{value}\" spellcheck=false>"),
                false => format!("<b>{value}</b>"),
            };
            let _ = write!(
                markup,
                "<label title=\"{}\"><span>{name}</span>{value}<i>{set}</i><small>{from}{default}</small></label>",
                escape(row.doc)
            );
        }
        markup
    };
    let rows = body.clone();
    dom::when(markup, move |markup| {
        let at = rows.query_selector("input:focus").ok().flatten().and_then(|input| input.get_attribute("data-name"));
        rows.set_inner_html(markup);
        if let Some(name) = at {
            dom::focus(rows.query_selector(&format!("[data-name=\"{name}\"]")).ok().flatten());
        }
    });
    dom::on(body, "", "change", move |event| {
        let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else { return };
        let Some(name) = input.get_attribute("data-name") else { return };
        let row = input.closest("label").ok().flatten();
        let line = act.with_value(|s| inspect::check(s.run.borrow().world(), &shown, &name, input.value().trim(), all.get_untracked()));
        let done = line.and_then(|line| act.with_value(|s| s.line(&line)));
        dom::set(&input, "aria-invalid", if done.is_err() { "true" } else { "false" });
        if let (Some(row), Err(why)) = (row, done) {
            let small = dom::at(&row, "small");
            small.set_text_content(Some(&why));
            dom::set(&small, "role", "alert");
        }
    });
}

fn when_words(at: Time) -> String {
    clock::time_words(at.micros_since(EPOCH))
}

fn frames(body: &Element, ui: Ui, act: StageHandle, what: Option<Target>) {
    let node = match what {
        Some(Target::Broker(name) | Target::Producer(name) | Target::Consumer(name)) => name.to_string(),
        _ => String::new(),
    };
    let view = dom::element(
        "<div class=tp-view><input type=search aria-label='Frames that these words speak of' placeholder='node, API, request, response' \
        spellcheck=false><ol></ol></div>",
    );
    let _ = body.append_child(&view);
    let filter = RwSignal::new(node);
    if let Some(input) = dom::at(&view, "input").dyn_ref::<HtmlInputElement>() {
        input.set_value(&filter.get_untracked());
    }
    dom::on(&view, "input", "input", move |event| {
        if let Some(input) = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) {
            filter.set(input.value());
        }
    });
    let list = dom::at(&view, "ol");
    let mut before = None;
    dom::effect(Box::new(move || {
        let key = (filter.get(), ui.snap().with(|s| if ui.playing().get() { s.elapsed / 1_000_000 } else { s.elapsed }));
        // A list under somebody's hand stands still.
        let held = list.matches(":hover, :focus-within").unwrap_or(false);
        if before.as_ref() == Some(&key) || held && before.as_ref().is_some_and(|(filter, _)| *filter == key.0) {
            return;
        }
        let mut markup = String::new();
        for sent in act.with_value(|stage| inspect::frames(stage.run.borrow().world(), &key.0, MAX_FRAMES)) {
            let _ = write!(
                markup,
                "<li><button type=button data-m={}><i>{}</i><span>{}</span><b>{} bytes</b><small>{}</small></button>",
                sent.message,
                when_words(sent.at),
                escape(&sent.words),
                sent.bytes,
                if sent.under_way { "under way" } else { "" }
            );
        }
        list.set_inner_html(if markup.is_empty() { "<li class=tp-quiet>No frame lately." } else { &markup });
        before = Some(key);
    }));
    dom::on(&view, "ol", "click", move |event| {
        if let Some(message) = number_at(event.target(), "data-m") {
            ui.chosen().set(Some(Target::Frame(message)));
        }
    });
}

/// The number in an attribute of the element or of one that it stands in.
fn number_at(at: Option<EventTarget>, name: &str) -> Option<u64> {
    at?.dyn_into::<Element>().ok()?.closest(&format!("[{name}]")).ok()??.get_attribute(name)?.parse().ok()
}

/// Does what an event on a field asks for: a key or "click", where it came from, and which field.
type React = Rc<dyn Fn(&str, &Element, u32)>;

fn bytes(body: &Element, title: &Element, act: StageHandle, what: Option<Target>) {
    let found = act.with_value(|stage| {
        let run = stage.run.borrow();
        match what {
            Some(Target::Frame(message)) => {
                let frame = run.time.frame(message)?;
                if let Some(sent) = inspect::sent(run.world(), message) {
                    title.set_text_content(Some(&format!("{}, {} bytes", sent.words, sent.bytes)));
                    let when = dom::element("<button type=button class=tp-text title='Go to when it was sent'></button>");
                    when.set_text_content(Some(&when_words(sent.at)));
                    dom::on(&when, "", "click", move |_| act.with_value(|s| s.scrub(sent.at.micros_since(EPOCH))));
                    let _ = title.append_child(&when);
                }
                Some((inspect::frame(frame.api, frame.response, frame.version, frame.bytes.clone()), frame.bytes, None))
            }
            Some(Target::Record(topic, partition, offset)) => {
                let batch = run.world().batch(&topic, partition, offset)?;
                let seen = inspect::record(&batch);
                let mine = format!("offset {offset}");
                let at = seen.iter().position(|field| field.value == mine);
                title.set_text_content(Some(&format!("batch of {} bytes", batch.size())));
                Some((seen, batch.bytes().clone(), at))
            }
            _ => None,
        }
    });
    let Some((seen, bytes, at)) = found else {
        return said(
            body,
            "A frame chosen among Frames, or a record on the stage, is shown here as fields and bytes. Old frames are forgotten.",
        );
    };
    let view = dom::element(
        "<div class=tp-bytes><div role=tree aria-label=Fields></div><div class=tp-hex><pre aria-label=Bytes></pre></div></div>",
    );
    let _ = body.append_child(&view);
    let (tree, pane) = (dom::at(&view, "[role=tree]"), dom::at(&view, ".tp-hex"));
    let pre = dom::at(&pane, "pre");
    tree.set_inner_html(&rows(&seen));
    pre.set_inner_html(&dump(&seen, &bytes));
    let depths: Vec<u32> = seen.iter().map(|field| field.depth).collect();
    let react: React = Rc::new(move |event, from, i| {
        let to = match event {
            "ArrowDown" => i + 1,
            "ArrowUp" => i.saturating_sub(1),
            "Home" => 0,
            "click" => i,
            "" => return light(&tree, &pane, &pre, &depths, from, i),
            _ => return,
        };
        dom::focus(tree.children().item(to));
    });
    react("", &view, at.unwrap_or(0) as u32);
    for name in ["mouseover", "focusin", "click", "keydown"] {
        let react = react.clone();
        dom::on(&view, "", name, move |event| {
            let from = event.target().and_then(|t| t.dyn_into::<Element>().ok());
            let (Some(from), Some(i)) = (from, number_at(event.target(), "data-i")) else { return };
            let key = event.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key).unwrap_or_default();
            if key.starts_with("Arrow") {
                event.prevent_default();
            }
            react(if name == "click" { name } else { &key }, &from, i as u32);
        });
    }
}

/// Marks field `i` and its bytes, with those of the fields inside it; what was marked is no more.
fn light(tree: &Element, pane: &Element, pre: &Element, depths: &[u32], from: &Element, i: u32) {
    let depth = depths.get(i as usize).copied().unwrap_or(0);
    let inside = (i + 1..).zip(depths.iter().skip(i as usize + 1)).find(|(_, other)| **other <= depth);
    let end = inside.map_or(u32::MAX, |(end, _)| end);
    for (holder, last) in [(tree, i + 1), (pre, end)] {
        let all = holder.children();
        for node in (0..all.length()).filter_map(|n| all.item(n)) {
            let own = node.get_attribute("data-i").and_then(|own| own.parse::<u32>().ok());
            let _ = node.toggle_attribute_with_force("data-lit", own.is_some_and(|own| own >= i && own < last));
        }
    }
    // What is lit comes into sight in the other pane, which is its own scroller.
    for pane in [tree, pane] {
        let lit = pane.query_selector("[data-lit]").ok().flatten().and_then(|node| node.dyn_into::<HtmlElement>().ok());
        if let (false, Some(lit)) = (pane.contains(Some(from)), lit) {
            let (top, height) = (lit.offset_top(), pane.client_height());
            if top < pane.scroll_top() || top + 20 > pane.scroll_top() + height {
                pane.set_scroll_top(top - height / 2);
            }
        }
    }
}

fn rows(seen: &[FieldSpan]) -> String {
    let mut markup = String::new();
    for (i, field) in seen.iter().enumerate().take(MAX_FIELDS) {
        let tab = if i == 0 { 0 } else { -1 };
        let _ = write!(markup, "<div role=treeitem aria-level={} tabindex={tab} data-i={i}><span>", field.depth + 1);
        for _ in 0..field.depth {
            markup.push('\u{2003}');
        }
        let _ = write!(markup, "{}</span><b>{}</b></div>", field.name, escape(&field.value));
    }
    if seen.len() > MAX_FIELDS {
        let _ = write!(markup, "<p class=tp-quiet>{} more fields are not shown.", seen.len() - MAX_FIELDS);
    }
    markup
}

/// Sixteen bytes a line: where, the bytes by field, and what of them is text.
fn dump(seen: &[FieldSpan], bytes: &[u8]) -> String {
    const WIDE: u32 = 16;
    let (mut markup, mut text) = (String::new(), String::new());
    let mut at = 0;
    for (i, run) in inspect::hex(seen, MAX_BYTES) {
        let mut open = false;
        for place in run {
            let byte = bytes.get(place as usize).copied().unwrap_or(0);
            if place % WIDE == 0 {
                if open {
                    markup += "</b>";
                    open = false;
                }
                let _ = write!(markup, "{}<i>{place:04x}</i>  ", end_line(&mut text, 0));
            }
            if !open {
                let _ = write!(markup, "<b data-i={i}>");
                open = true;
            }
            let _ = write!(markup, "{byte:02x} ");
            text.push(if (32..127).contains(&byte) { char::from(byte) } else { '·' });
            at = place + 1;
        }
        markup += "</b>";
    }
    markup += &end_line(&mut text, (WIDE - at % WIDE) % WIDE);
    if bytes.len() as u32 > at {
        let _ = write!(markup, "{} more bytes are not shown.", bytes.len() as u32 - at);
    }
    markup
}

fn end_line(text: &mut String, missing: u32) -> String {
    let line = std::mem::take(text);
    if line.is_empty() {
        return line;
    }
    let mut end = String::new();
    for _ in 0..missing {
        end += "   ";
    }
    end + " <i>" + &escape(&line) + "</i>\n"
}
