//! The key of colours, shapes and lines, drawn as the stage draws them: one line at the foot, and more when it is unfolded.

use leptos::prelude::*;

use super::context::{PageStateStoreFields as _, use_playground};
use super::words::help as words;
use crate::playground::glossary::{COMMITTED, HIGH_WATERMARK, ISR, KEY, LAST_STABLE, Term};

/// A sign as a path in a box of 16 units, its class, what it means, and the word of the glossary that says more.
type Sign = (&'static str, &'static str, &'static str, Option<&'static Term>);

const SIGNS: &[Sign] = &[
    ("M3 3h10v10H3z", "tp-sign-key", words::RECORD, Some(&KEY)),
    ("M3 3h10v10H3z", "tp-sign-dash", words::NOT_REPLICATED, Some(&ISR)),
    ("M8 2v12", "tp-sign-line", words::HIGH_WATERMARK, Some(&HIGH_WATERMARK)),
    ("M8 5l4 6H4z", "tp-sign-fill", words::READER, None),
    ("M4 2v12M4 3h8l-2 2.5L12 8H4", "tp-sign-line", words::COMMITTED_OFFSET, Some(&COMMITTED)),
    ("M2 14L14 2M2 8L8 2M8 14l6-6", "tp-sign-bad", words::DEAD, None),
];

/// Those that are seen less often, or explain themselves where they stand: only in the unfolded key.
const MORE_SIGNS: &[Sign] = &[
    ("M3 3h10v10H3zM6 6l4 4M10 6l-4 4", "tp-sign-tomb", words::TOMBSTONE, None),
    ("M0 8h16", "tp-sign-copy", words::FOLLOWER, Some(&ISR)),
    ("M8 1l2.5 2-5 4 5 4-5 4", "tp-sign-bad", words::TEAR, None),
    ("M2 8h.01M8 8h.01M14 8h.01", "tp-sign-dots", words::GOES_ON, None),
    ("M0 8h16", "tp-sign-bad tp-sign-cut", words::CUT_LINK, None),
    ("M0 8h16", "tp-sign-slow", words::SLOW_LINK, None),
    ("M0 8h16", "tp-sign-bad tp-sign-gap", words::NOBODY, None),
];

/// Those that only a cluster with transactions has.
const TRANSACTION_SIGNS: &[Sign] = &[
    ("M2 11V5h12M6 5v4M10 5v4", "tp-sign-line", words::TRANSACTION, None),
    ("M8 1v14", "tp-sign-dash", words::LAST_STABLE, Some(&LAST_STABLE)),
    ("M3 3h10v10H3z", "tp-sign-line", words::ABORTED, None),
    ("M1 8l3-5h8l3 5-3 5H4zM5 8l2 2 4-4", "tp-sign-line", words::COMMIT_MARKER, None),
    ("M1 8l3-5h8l3 5-3 5H4zM6 6l4 4M10 6l-4 4", "tp-sign-line", words::ABORT_MARKER, None),
];

fn sign(&(path, class, words, term): &Sign, rare: bool) -> impl IntoView + use<> {
    view! {
        <li title=term.map(|term| term.means) class:tp-rare=rare>
            <svg viewBox="0 0 16 16" aria-hidden="true" class=class>
                <path d=path />
            </svg>
            {words}
        </li>
    }
}

#[component]
pub fn Legend() -> impl IntoView {
    let ui = use_playground().ui;
    let open = RwSignal::new(false);
    let has_transactions = Memo::new(move |_| ui.snap().with(|s| s.view.producers.iter().any(|p| p.transactional_id.is_some())));
    let signs = move || {
        let more = if has_transactions.get() { TRANSACTION_SIGNS } else { &[] };
        let line = SIGNS.iter().chain(more).map(|of| sign(of, false));
        line.chain(MORE_SIGNS.iter().map(|of| sign(of, true))).collect_view()
    };
    view! {
        <div class="tp-legend" data-open=move || open.get()>
            <button type="button" class="tp-text" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                {words::SIGNS}
            </button>
            <ul aria-label=words::SIGNS>{signs}</ul>
        </div>
    }
}
