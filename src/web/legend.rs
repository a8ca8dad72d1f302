//! The key of colours, shapes and lines: one line at the foot, folded where it is narrow.

use leptos::prelude::*;

/// A sign as a path in a box of 16 units, its class, and what it means.
const SIGNS: &[(&str, &str, &str)] = &[
    ("M3 3h10v10H3z", "tp-sign-key", "a record; its colour and sign: its key"),
    ("M3 3h10v10H3z", "tp-sign-dash", "not yet on every replica in sync"),
    ("M8 2v12", "tp-sign-line", "HW: readable up to here"),
    ("M8 5l4 6H4z", "tp-sign-fill", "a reader's place"),
    ("M4 2v12M4 3h8l-2 2.5L12 8H4", "tp-sign-line", "a group's committed offset"),
    ("M2 14L14 2M2 8L8 2M8 14l6-6", "tp-sign-bad", "dead"),
];

#[component]
pub fn Legend() -> impl IntoView {
    let open = RwSignal::new(false);
    let sign = |&(path, class, words): &(&'static str, &'static str, &'static str)| {
        view! {
            <li>
                <svg viewBox="0 0 16 16" aria-hidden="true" class=class>
                    <path d=path />
                </svg>
                {words}
            </li>
        }
    };
    view! {
        <div class="tp-legend" data-open=move || open.get()>
            <button type="button" class="tp-text" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                "Key"
            </button>
            <ul aria-label="Key">{SIGNS.iter().map(sign).collect_view()}</ul>
        </div>
    }
}
