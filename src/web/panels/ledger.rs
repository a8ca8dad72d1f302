//! The ledger: what became of each record, with filters; a row leads to its record and its moment.

use super::{due, why};
use crate::playground::ledger::{Asked, FILTERS, PAGE, Row, keys, moment, page};
use crate::playground::scene::{Glyph, key_look};
use crate::playground::spacetime::escape;
use crate::playground::time::replay_events;
use crate::playground::why::seconds;
use crate::web::context::{PageStateStoreFields as _, StageHandle, Ui};
use crate::web::dom;
use crate::world::EPOCH;
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement};

const MARKUP: &str = "<div class=tp-records><div class=tp-sieve role=group aria-label='Records that are'></div>\
    <div class=tp-sieve><select aria-label=Partition></select>\
    <input type=search placeholder='key, producer, orders-0@79' aria-label='Part of a key, a producer or a place'>\
    <span class='tp-quiet tp-number tp-end' role=status></span>\
    <button type=button class=tp-text data-by=-1>newer</button><button type=button class=tp-text data-by=1>older</button></div>\
    <div class=tp-scroll><table><thead><tr><th>Record<th>Key<th>Partition@offset<th>Acknowledged<th>Readable<th>Handled<th>Fate</thead>\
    <tbody></tbody></table></div></div>";

fn sign(key: &str) -> String {
    let (colour, glyph) = key_look(key);
    let sign = match glyph {
        Glyph::Bar => "▬",
        Glyph::Triangle => "▲",
        Glyph::Diamond => "◆",
        Glyph::Ring => "○",
        Glyph::Cross => "✕",
        _ => "●",
    };
    format!("<i class=tp-k{colour} aria-hidden=true>{sign}</i> ")
}

fn row_html(row: &Row, n: usize) -> String {
    let key = if row.key == "no key" { String::new() } else { sign(&row.key) };
    let mut html = format!("<tr data-i={n}><td><button type=button class=tp-text>{}</button>", escape(&row.record));
    let cells = [&row.key, &row.place, row.acked, row.readable, &row.handled, &row.fate];
    for (cell, class) in cells.into_iter().zip(["tp-mono", "tp-mono", "", "", "", "tp-fate"]) {
        let before = if class == "tp-mono" && std::ptr::eq(cell, row.key.as_str()) { key.as_str() } else { "" };
        html += &format!("<td class='{class}'>{before}{}", escape(cell));
    }
    if let Some(question) = &row.ask {
        html += &format!(" <button type=button class='tp-text tp-ask' aria-label='{}'>Why?</button>", escape(&question.to_string()));
    }
    html
}

pub fn fill(panel: &Element, ui: Ui, act: StageHandle) {
    let node = dom::element(MARKUP);
    let _ = panel.append_child(&node);
    let asked = RwSignal::new(Asked::default());
    let sieve = dom::at(&node, ".tp-sieve");
    for (n, _) in FILTERS.iter().enumerate() {
        let button = dom::element("<button type=button class=tp-text></button>");
        let _ = sieve.append_child(&button);
        dom::on(&button, "", "click", move |_| asked.update(|asked| (asked.filter, asked.page) = (n, 0)));
    }
    let (select, input): (HtmlSelectElement, HtmlInputElement) =
        (dom::at(&node, "select").unchecked_into(), dom::at(&node, "input").unchecked_into());
    let partitions = Rc::new(RefCell::new(Vec::new()));
    let (from, all) = (select.clone(), partitions.clone());
    dom::on(&select, "", "change", move |_| {
        let partition = usize::try_from(from.selected_index() - 1).ok().and_then(|n| all.borrow().get(n).cloned());
        asked.update(|asked| (asked.partition, asked.page) = (partition, 0));
    });
    let text = input.clone();
    dom::on(&input, "", "input", move |_| asked.update(|asked| (asked.text, asked.page) = (text.value(), 0)));
    for by in ["-1", "1"] {
        dom::on(&node, &format!("[data-by='{by}']"), "click", move |_| {
            asked.update(|asked| asked.page = if by == "1" { asked.page + 1 } else { asked.page.saturating_sub(1) });
        });
    }
    let rows: Rc<RefCell<Vec<Row>>> = Rc::default();
    let (shown, table) = (rows.clone(), dom::at(&node, "tbody"));
    dom::on(&table, "", "click", move |e| {
        let Some(at) = e.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
        let n = at.closest("tr").ok().flatten().and_then(|tr| tr.get_attribute("data-i")?.parse::<usize>().ok());
        let Some(row) = n.and_then(|n| shown.borrow().get(n).cloned()) else { return };
        if let (true, Some(question)) = (at.class_list().contains("tp-ask"), &row.ask) {
            return why::ask_from(ui, &at, question.clone());
        }
        let again = asked.with_untracked(|asked| asked.filter == 3);
        act.with_value(|s| {
            replay_events(&mut s.run.borrow_mut().time);
            let to = moment(s.run.borrow().world(), &row, again);
            s.scrub(to.micros_since(EPOCH));
        });
        ui.chosen().set(row.target);
    });
    let (last, before) = (Cell::new(0.0), RefCell::new(None));
    dom::effect(Box::new(move || {
        let now = asked.get();
        let at = ui.snap().with(|s| s.elapsed);
        if !due(ui, &table, &last, &before, now.clone()) {
            return;
        }
        let page = act.with_value(|s| {
            let run = s.run.borrow();
            page(&run.judge().verdict(run.world(), false).ledger, &keys(run.world()), &now)
        });
        for (n, ((name, _), count)) in FILTERS.iter().zip(page.counts).enumerate() {
            let Some(button) = sieve.children().item(n as u32) else { continue };
            button.set_text_content(Some(&format!("{name} {count}")));
            dom::set(&button, "aria-pressed", &(n == now.filter).to_string());
        }
        if *partitions.borrow() != page.partitions || select.length() == 0 {
            let mut html = "<option>all partitions".to_owned();
            for (topic, n) in &page.partitions {
                html += &format!("<option>{}-{n}", escape(topic));
            }
            select.set_inner_html(&html);
            let chosen = page.partitions.iter().position(|p| Some(p) == now.partition.as_ref());
            select.set_selected_index(chosen.map_or(0, |n| n as i32 + 1));
            partitions.replace(page.partitions);
        }
        let (from, until) = (page.from, page.from + page.rows.len());
        let first = if page.of == 0 { 0 } else { from + 1 };
        dom::at(&node, ".tp-end").set_text_content(Some(&format!("{first}–{until} of {} at {}", page.of, seconds(at))));
        for (by, off) in [("-1", from == 0), ("1", from + PAGE >= page.of)] {
            let _ = dom::at(&node, &format!("[data-by='{by}']")).toggle_attribute_with_force("disabled", off);
        }
        let html: String = page.rows.iter().enumerate().map(|(n, row)| row_html(row, n)).collect();
        table.set_inner_html(if html.is_empty() { "<tr><td colspan=7 class=tp-quiet>No record is like that." } else { &html });
        rows.replace(page.rows);
    }));
}
