//! What can be done to a thing, on the thing: buttons, a menu, forms; and undo in the caption.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::dom;
use crate::playground::menu::{Ask, Effect, Form, MenuItem, MenuTarget, form, menu_items, title};
use crate::playground::scene::Target;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent};

/// Between a menu and what it belongs to, and the window's edge: CSS pixels.
const GAP: f64 = 4.0;

/// Makes the name on a card (its `b` or `h3`) the button of its menu, and keeps in its `.tp-acts` a button for each quick item.
pub fn on(card: &Element, ui: Ui, act: StageHandle, what: &Target) {
    let thing = MenuTarget::At(what.clone());
    let name = dom::at(card, "b,h3");
    let button = dom::element("<button type=button class=tp-do aria-haspopup=menu aria-expanded=false></button>");
    button.set_text_content(name.text_content().as_deref());
    dom::set(&button, "title", "What can be done to it");
    name.set_text_content(None);
    let _ = name.append_child(&button);
    for event in ["click", "contextmenu"] {
        let (from, thing) = (button.clone(), thing.clone());
        let place = if event == "click" { button.clone().into() } else { card.clone() };
        dom::on(&place, "", event, move |e| {
            e.prevent_default();
            let (thing, from, mouse) = (thing.clone(), from.clone(), e.dyn_into::<MouseEvent>().ok().filter(|_| event == "contextmenu"));
            open(act, &thing, &from, mouse.as_ref());
        });
    }
    let Ok(Some(acts)) = card.query_selector(".tp-acts") else { return };
    let of = thing.clone();
    let quick =
        move || ui.snap().with(|s| menu_items(&s.view, &of).into_iter().filter(|item| item.quick).map(|item| item.label + "\n").collect());
    dom::when(quick, move |all: &str| {
        acts.set_text_content(None);
        for words in all.lines() {
            let now = {
                let (thing, words) = (thing.clone(), words.to_owned());
                move |s: &super::context::Snapshot| menu_items(&s.view, &thing).into_iter().find(|item| item.label == words)
            };
            let Some(item) = ui.snap().with_untracked(|s| now(s)) else { continue };
            let button = dom::element("<button type=button class=tp-text></button>");
            button.set_text_content(Some(words));
            dom::set(&button, "aria-label", &format!("{words} {}", title(&thing)));
            dom::set(&button, "title", &item.description);
            hurts(&button, &item);
            dom::on(&button, "", "click", move |_| {
                if let Some(MenuItem { effect: Effect::Line(line), .. }) = ui.snap().with_untracked(|s| now(s)) {
                    act.with_value(|s| s.tell(&line));
                }
            });
            let _ = acts.append_child(&button);
        }
    });
}

fn hurts(node: &Element, item: &MenuItem) {
    if item.hurts {
        let _ = node.class_list().add_1("tp-bad");
    }
}

/// Opens the thing's menu below `from`, or where the mouse is. The browser closes it at Escape and at a click elsewhere.
fn open(act: StageHandle, thing: &MenuTarget, from: &HtmlElement, mouse: Option<&MouseEvent>) {
    let Ok(Some(root)) = from.closest(".tp") else { return };
    let menu = dom::element("<div class=tp-menu popover=auto></div>");
    let (shown, back) = (menu.clone(), from.clone());
    dom::on(&menu, "", "beforetoggle", move |_| {
        let closes = is(&shown, ":popover-open");
        dom::set(&back, "aria-expanded", if closes { "false" } else { "true" });
        if closes && is(&shown, ":focus-within") {
            let _ = back.focus();
        }
    });
    let shown = menu.clone();
    dom::on(&menu, "", "toggle", move |_| {
        if !is(&shown, ":popover-open") {
            shown.remove();
        }
    });
    let shown = menu.clone();
    dom::on(&menu, "", "keydown", move |event| walk(&shown, &event));
    choose(&menu, act, thing);
    let _ = root.append_child(&menu);
    let _ = menu.show_popover();
    place(&menu, from, mouse);
    first(&menu);
}

fn is(node: &Element, selector: &str) -> bool {
    node.matches(selector).unwrap_or(false)
}

/// Beside what it belongs to, inside the window.
fn place(menu: &HtmlElement, from: &HtmlElement, mouse: Option<&MouseEvent>) {
    let (width, height) = window(menu);
    let card = from.closest(".tp-at").ok().flatten().unwrap_or_else(|| from.clone().into()).get_bounding_client_rect();
    let (x, top, bottom) = match mouse {
        // A menu key has no place of its own.
        Some(e) if e.client_x() > 0 || e.client_y() > 0 => (f64::from(e.client_x()), f64::from(e.client_y()), f64::from(e.client_y())),
        _ => (card.left(), card.top(), card.bottom()),
    };
    let own = menu.get_bounding_client_rect();
    let y = if bottom + GAP + own.height() <= height { bottom + GAP } else { top - GAP - own.height() };
    put(menu, x, y, (width, height));
}

/// There, or as near to it as the window lets it.
fn put(menu: &HtmlElement, x: f64, y: f64, (width, height): (f64, f64)) {
    let own = menu.get_bounding_client_rect();
    for (side, at, size, all) in [("left", x, own.width(), width), ("top", y, own.height(), height)] {
        let _ = menu.style().set_property(side, &format!("{}px", at.min(all - size - GAP).max(GAP) as i32));
    }
}

/// What it holds has changed: it stays inside the window, and its first item has the focus.
fn fit(menu: &HtmlElement) {
    let own = menu.get_bounding_client_rect();
    put(menu, own.left(), own.top(), window(menu));
    first(menu);
}

fn window(node: &Element) -> (f64, f64) {
    let root = node.owner_document().and_then(|d| d.document_element());
    root.map_or((0.0, 0.0), |root| (f64::from(root.client_width()), f64::from(root.client_height())))
}

/// The keys of a menu; in a form they are the fields' own.
fn walk(menu: &Element, event: &Event) {
    let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
    if key.key() == "Escape" {
        // It closes the menu, which the browser does, and nothing else.
        event.stop_propagation();
    }
    let Some(item) = event.target().and_then(|t| t.dyn_into::<Element>().ok()).filter(|e| is(e, "[role=menuitem]")) else { return };
    let items = menu.get_elements_by_class_name("tp-item");
    let count = items.length();
    let here = (0..count).find(|i| items.item(*i).as_ref() == Some(&item)).unwrap_or(0);
    let to = match key.key().as_str() {
        "ArrowDown" => (here + 1) % count,
        "ArrowUp" => (here + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        "Tab" => {
            if let Some(menu) = menu.dyn_ref::<HtmlElement>() {
                let _ = menu.hide_popover();
            }
            return;
        }
        _ => return,
    };
    event.prevent_default();
    dom::focus(items.item(to));
}

fn first(menu: &Element) {
    dom::focus(menu.query_selector(".tp-item,input,select").ok().flatten());
}

/// Fills the menu with what can be done to the thing.
fn choose(menu: &HtmlElement, act: StageHandle, thing: &MenuTarget) {
    menu.set_text_content(None);
    dom::set(menu, "role", "menu");
    dom::set(menu, "aria-label", &title(thing));
    let head = dom::element("<b></b>");
    head.set_text_content(Some(&title(thing)));
    let _ = menu.append_child(&head);
    let view = act.with_value(|s| s.run.borrow().view());
    let mut group: Option<HtmlElement> = None;
    let mut kind = "";
    for item in menu_items(&view, thing) {
        if kind != item.group {
            kind = item.group;
            let new = dom::element("<div role=group><span class=tp-quiet aria-hidden=true></span></div>");
            dom::set(&new, "aria-label", kind);
            dom::at(&new, "span").set_text_content(Some(kind));
            let _ = menu.append_child(&new);
            group = Some(new);
        }
        let button =
            dom::element("<button type=button role=menuitem tabindex=-1 class=tp-item><span></span> <span class=tp-quiet></span></button>");
        dom::at(&button, "span").set_text_content(Some(&item.label));
        dom::at(&button, ".tp-quiet").set_text_content(Some(&item.description));
        hurts(&button, &item);
        let (menu, what) = (menu.clone(), item.effect);
        dom::on(&button, "", "click", move |_| match &what {
            Effect::Line(line) => {
                let _ = menu.hide_popover();
                act.with_value(|s| s.tell(line));
            }
            Effect::Open(thing) => {
                choose(&menu, act, thing);
                fit(&menu);
            }
            Effect::Ask(ask) => fill_in(&menu, act, ask),
        });
        if let Some(group) = &group {
            let _ = group.append_child(&button);
        }
    }
}

const FORM: &str = "<form novalidate><b></b><p class=tp-quiet></p><div class=tp-fields></div>\
    <div class=tp-row><button type=submit class=tp-text>Apply</button></div></form>";

/// Fills the menu with a form.
fn fill_in(menu: &HtmlElement, act: StageHandle, ask: &Ask) {
    let Some(form) = act.with_value(|s| form(s.run.borrow().world(), ask)) else { return };
    menu.set_text_content(None);
    dom::set(menu, "role", "dialog");
    dom::set(menu, "aria-label", &form.title);
    let node = dom::element(FORM);
    dom::at(&node, "b").set_text_content(Some(&form.title));
    dom::at(&node, "p").set_text_content(Some(form.means));
    let (list, apply) = (dom::at(&node, ".tp-fields"), dom::at(&node, "button"));
    let mut inputs: Vec<HtmlInputElement> = Vec::new();
    let mut restarts = false;
    for field in &form.fields {
        if field.restarts && !restarts {
            restarts = true;
            let _ = list.append_child(&dom::element("<h3>With a new process</h3>"));
        }
        let choices = !field.choices.is_empty();
        let row = dom::element(if choices {
            "<label><span class=tp-mono></span><select></select><span class=tp-quiet></span></label>"
        } else {
            "<label><span class=tp-mono></span><input spellcheck=false autocomplete=off><span class=tp-quiet></span></label>"
        });
        // A long name breaks after a dot.
        let name = dom::at(&row, "span");
        for part in field.key.split_inclusive('.') {
            let _ = name.append_with_str_1(part);
            let _ = name.append_child(&dom::element("<wbr>"));
        }
        dom::at(&row, ".tp-quiet").set_text_content(Some(field.means));
        let input = dom::at(&row, "input,select");
        for word in field.choices {
            let option = dom::element("<option></option>");
            option.set_text_content(Some(word));
            let _ = input.append_child(&option);
        }
        dom::set(&input, "placeholder", &field.default);
        // A list of choices has a value as a text field has.
        let input: HtmlInputElement = input.unchecked_into();
        input.set_value(if choices && field.value.is_empty() { &field.default } else { &field.value });
        inputs.push(input);
        let _ = list.append_child(&row);
    }
    let filled = Rc::new(Filled { form, inputs });
    let of = filled.clone();
    dom::on(&node, "", "input", move |_| {
        apply.set_text_content(Some(if of.form.restarts(&of.values()) { "Restart with these" } else { "Apply" }));
    });
    let (shown, list) = (menu.clone(), node.clone());
    dom::on(&node, "", "submit", move |event| {
        event.prevent_default();
        let (Filled { form, inputs }, values) = (&*filled, filled.values());
        let mut wrong = form.wrong(&values);
        if wrong.is_empty() {
            match act.with_value(|s| s.line(&form.line(&values))) {
                Ok(()) => {
                    let _ = shown.hide_popover();
                    return;
                }
                Err(why) => wrong = why,
            }
        }
        // Beside the field that it is about; what was filled in stays.
        if let Ok(Some(old)) = list.query_selector(".tp-wrong") {
            old.remove();
        }
        let said = dom::element("<p class=tp-wrong role=alert></p>");
        said.set_text_content(Some(&wrong));
        let about = form.about(&wrong).and_then(|at| inputs.get(at));
        for input in inputs {
            dom::set(input, "aria-invalid", if Some(input) == about { "true" } else { "false" });
        }
        let place: Element = about.map_or_else(|| dom::at(&list, "p"), |input| (**input).clone().into());
        let _ = place.parent_element().map(|label| label.append_child(&said));
        dom::focus(about.map(|input| (**input).clone().into()));
    });
    let _ = menu.append_child(&node);
    fit(menu);
}

/// A form and what is in its fields.
struct Filled {
    form: Form,
    inputs: Vec<HtmlInputElement>,
}

impl Filled {
    fn values(&self) -> Vec<String> {
        let said = self.form.fields.iter().zip(&self.inputs).map(|(field, input)| {
            let value = input.value().trim().to_owned();
            // A default that nobody has chosen is not said.
            if field.value.is_empty() && !field.choices.is_empty() && value == field.default { String::new() } else { value }
        });
        said.collect()
    }
}

/// Keeps in the caption what can be undone and redone; Ctrl+Z does it too.
pub fn undo(root: &Element, ui: Ui, act: StageHandle) {
    let line = dom::element("<p class=tp-undo><button type=button class=tp-text></button><button type=button class=tp-text></button></p>");
    for (n, word) in [(0, "Undo"), (1, "Redo")] {
        let Some(button) = line.children().item(n) else { return };
        dom::on(&button, "", "click", move |_| act.with_value(|s| s.undo(n == 1)));
        dom::when(
            move || ui.undo().with(|both| both[n as usize].clone()),
            move |what| {
                let _ = button.toggle_attribute_with_force("hidden", what.is_empty());
                button.set_text_content(Some(&format!("{word} {what}")));
            },
        );
    }
    let _ = dom::at(root, ".tp-saying").after_with_node_1(&line);
    dom::on(root, "", "keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>().filter(|key| key.ctrl_key() || key.meta_key()) else { return };
        let writes = event.target().and_then(|t| t.dyn_into::<Element>().ok()).is_some_and(|e| is(&e, "input:not([type=range]),select"));
        let redo = match key.key().to_ascii_lowercase().as_str() {
            "z" => key.shift_key(),
            "y" => true,
            _ => return,
        };
        if !writes {
            event.prevent_default();
            act.with_value(|s| s.undo(redo));
        }
    });
}
