//! A frame or a batch as fields and bytes side by side, which light each other.

use crate::kafka::time::Time;
use crate::kafka::wire::field_map::FieldSpan;
use crate::playground::inspect;
use crate::playground::scene::Target;
use crate::web::run::Run;
use crate::web::words::inspector as words;
use leptos::attr::custom::custom_attribute;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Fields and bytes of one frame that are shown at most.
const MAX_FIELDS: usize = 800;
const MAX_BYTES: u32 = 4096;
/// Bytes in a line.
const LINE: u32 = 16;

/// A frame or a batch, taken apart.
#[derive(Clone, PartialEq, Debug)]
pub struct Dissected {
    /// What it is, and its size.
    pub title: String,
    /// When a frame was sent.
    pub sent: Option<Time>,
    fields: Vec<FieldSpan>,
    bytes: bytes::Bytes,
    /// The field that is lit at first.
    first: usize,
}

/// `None` for what is no bytes, or is no longer kept.
pub fn dissect(run: &Run, target: &Target) -> Option<Dissected> {
    match target {
        Target::Frame(message) => {
            let frame = run.time.frame(*message)?;
            let sent = inspect::sent(run.world(), *message);
            Some(Dissected {
                title: sent.as_ref().map_or(String::new(), |sent| words::sent(&sent.words, sent.meaning, sent.bytes)),
                sent: sent.map(|sent| sent.at),
                fields: inspect::frame(frame.api, frame.response, frame.version, frame.bytes.clone()),
                bytes: frame.bytes,
                first: 0,
            })
        }
        Target::Record(topic, partition, offset) => {
            let batch = run.world().batch(topic, *partition, *offset)?;
            let fields = inspect::record(&batch);
            Some(Dissected {
                title: words::batch(batch.size()),
                sent: None,
                first: inspect::place_of(*offset, &fields).unwrap_or(0),
                fields,
                bytes: batch.bytes().clone(),
            })
        }
        _ => None,
    }
}

impl Dissected {
    /// The field and those inside it.
    fn inside(&self, field: usize) -> Range<usize> {
        let depth = self.fields.get(field).map_or(0, |field| field.depth);
        let after = self.fields.iter().enumerate().skip(field + 1).find(|(_, other)| other.depth <= depth);
        field..after.map_or(self.fields.len(), |(end, _)| end)
    }

    fn dump(&self) -> Vec<Piece> {
        let mut dump = Dump { pieces: Vec::new(), text: String::new() };
        let mut at = 0;
        for (field, run) in inspect::hex(&self.fields, MAX_BYTES) {
            for place in run {
                let byte = self.bytes.get(place as usize).copied().unwrap_or(0);
                if place % LINE == 0 {
                    dump.end_line(0);
                    dump.pieces.push(Piece::Address(format!("{place:04x}")));
                }
                dump.byte(field, place % LINE == 0, byte);
                at = place + 1;
            }
        }
        dump.end_line((LINE - at % LINE) % LINE);
        dump.pieces
    }

    /// Bytes that are not shown.
    fn hidden_bytes(&self) -> usize {
        let shown = inspect::hex(&self.fields, MAX_BYTES).last().map_or(0, |(_, run)| run.end as usize);
        self.bytes.len().saturating_sub(shown)
    }
}

/// An element of the dump of bytes.
#[derive(Clone, PartialEq, Debug)]
enum Piece {
    /// Where a line begins.
    Address(String),
    /// Bytes of one field in one line.
    Bytes { field: usize, hex: String },
    /// The text in a line, with what comes before it.
    Text { gap: String, text: String },
}

struct Dump {
    pieces: Vec<Piece>,
    /// The line's text so far.
    text: String,
}

impl Dump {
    fn byte(&mut self, of: usize, begins_line: bool, byte: u8) {
        match self.pieces.last_mut() {
            Some(Piece::Bytes { field, hex }) if *field == of && !begins_line => *hex += &format!("{byte:02x} "),
            _ => self.pieces.push(Piece::Bytes { field: of, hex: format!("{byte:02x} ") }),
        }
        self.text.push(if (32..127).contains(&byte) { char::from(byte) } else { '·' });
    }

    fn end_line(&mut self, missing: u32) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            self.pieces.push(Piece::Text { gap: "   ".repeat(missing as usize) + " ", text });
        }
    }
}

/// The two panes, and the fields that are lit in them.
#[derive(Clone, Copy)]
struct Panes {
    tree: NodeRef<html::Div>,
    hex: NodeRef<html::Div>,
    dump: NodeRef<html::Pre>,
    /// The lit field, and the end of the fields inside it.
    lit: RwSignal<(usize, usize)>,
    /// Where each field's first bytes are among the pieces of the dump.
    pieces: StoredValue<Vec<(usize, usize)>>,
}

impl Panes {
    fn child(list: &web_sys::Element, index: usize) -> Option<HtmlElement> {
        list.children().item(u32::try_from(index).ok()?)?.dyn_into().ok()
    }

    /// Brings what is lit into sight in the tree.
    fn show_field(self) {
        if let Some(tree) = self.tree.get_untracked() {
            scroll(&tree, Self::child(&tree, self.lit.get_untracked().0));
        }
    }

    /// Brings what is lit into sight among the bytes.
    fn show_bytes(self) {
        let (from, to) = self.lit.get_untracked();
        let piece = self.pieces.with_value(|all| all.iter().find(|(field, _)| (from..to).contains(field)).map(|(_, piece)| *piece));
        if let (Some(hex), Some(dump), Some(piece)) = (self.hex.get_untracked(), self.dump.get_untracked(), piece) {
            scroll(&hex, Self::child(&dump, piece));
        }
    }

    fn focus(self, field: usize) {
        if let Some(row) = self.tree.get_untracked().and_then(|tree| Self::child(&tree, field)) {
            let _ = row.focus();
        }
    }
}

/// Scrolls a pane, which is its own scroller, until its part is in sight.
fn scroll(pane: &HtmlElement, part: Option<HtmlElement>) {
    let Some(part) = part else { return };
    let (top, height) = (part.offset_top(), pane.client_height());
    if top < pane.scroll_top() || top + 20 > pane.scroll_top() + height {
        pane.set_scroll_top(top - height / 2);
    }
}

#[component]
pub fn Bytes(dissected: Memo<Option<Arc<Dissected>>>) -> impl IntoView {
    let none = || {
        view! { <p class="tp-quiet">{words::NO_BYTES}</p> }
    };
    move || match dissected.get() {
        Some(dissected) => view! { <FieldsAndBytes dissected /> }.into_any(),
        None => none().into_any(),
    }
}

#[component]
fn FieldsAndBytes(dissected: Arc<Dissected>) -> impl IntoView {
    let dump = dissected.dump();
    let place = |(piece, of): (usize, &Piece)| if let Piece::Bytes { field, .. } = of { Some((*field, piece)) } else { None };
    let first = dissected.inside(dissected.first);
    let panes = Panes {
        tree: NodeRef::new(),
        hex: NodeRef::new(),
        dump: NodeRef::new(),
        lit: RwSignal::new((first.start, first.end)),
        pieces: StoredValue::new(dump.iter().enumerate().filter_map(place).collect()),
    };
    panes.hex.on_load(move |_| {
        panes.show_field();
        panes.show_bytes();
    });
    let (fields, hidden) = (dissected.fields.len(), dissected.hidden_bytes());
    let more = (fields > MAX_FIELDS).then(|| words::more_fields(fields - MAX_FIELDS));
    let all = dissected.clone();
    let rows = dissected.fields.iter().take(MAX_FIELDS).cloned().enumerate();
    let rows = rows.map(|(i, field)| view! { <Field i field panes inside=all.inside(i) /> }).collect_view();
    let pieces = dump.into_iter().map(|piece| view! { <Bit piece panes all=all.clone() /> }).collect_view();
    view! {
        <div class="tp-bytes">
            <div role="tree" aria-label=words::FIELDS node_ref=panes.tree>
                {rows}
                {more.map(|more| view! { <p class="tp-quiet">{more}</p> })}
            </div>
            <div class="tp-hex" node_ref=panes.hex>
                <pre aria-label=words::BYTES node_ref=panes.dump>
                    {pieces}
                    {(hidden > 0).then(|| words::more_bytes(hidden))}
                </pre>
            </div>
        </div>
    }
}

#[component]
fn Field(i: usize, field: FieldSpan, inside: Range<usize>, panes: Panes) -> impl IntoView {
    let light = move || {
        panes.lit.set((inside.start, inside.end));
        panes.show_bytes();
    };
    let over = light;
    let walk = move |event: KeyboardEvent| {
        let key = event.key();
        if key.starts_with("Arrow") {
            event.prevent_default();
        }
        match key.as_str() {
            "ArrowDown" => panes.focus(i + 1),
            "ArrowUp" => panes.focus(i.saturating_sub(1)),
            "Home" => panes.focus(0),
            _ => {}
        }
    };
    let level = custom_attribute("aria-level", field.depth + 1);
    let indent: String = "\u{2003}".repeat(field.depth as usize);
    view! {
        <div
            role="treeitem"
            {..level}
            tabindex=if i == 0 { 0 } else { -1 }
            data-i=i
            data-lit=move || panes.lit.get().0 == i
            on:mouseenter=move |_| over()
            on:focus=move |_| light()
            on:keydown=walk
        >
            <span>{indent} {field.name}</span>
            <b>{field.value}</b>
        </div>
    }
}

#[component]
fn Bit(piece: Piece, panes: Panes, all: Arc<Dissected>) -> impl IntoView {
    match piece {
        Piece::Address(at) => view! {
            <i>{at}</i>
            "  "
        }
        .into_any(),
        Piece::Text { gap, text } => view! {
            {gap}
            <i>{text}</i>
            "\n"
        }
        .into_any(),
        Piece::Bytes { field, hex } => {
            let light = move |_| {
                let inside = all.inside(field);
                panes.lit.set((inside.start, inside.end));
                panes.show_field();
            };
            let is_lit = move || {
                let (from, to) = panes.lit.get();
                (from..to).contains(&field)
            };
            view! { <b data-i=field data-lit=is_lit on:mouseenter=light on:click=move |_| panes.focus(field)>{hex}</b> }.into_any()
        }
    }
}
