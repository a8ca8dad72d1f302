//! What lists of a panel share: when they are made anew, and how a row follows its entry.

use crate::web::context::{PageStateStoreFields as _, use_playground};
use leptos::html::ElementType;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// Milliseconds between two looks of a list at the run while that plays.
const LOOK_MS: f64 = 1000.0;

/// What a list shows of the run, for what `asked` asks of it. Made anew at once when that changes or while the run stands still; while
/// the run plays once a second, and never while `list` is hovered or has the focus: somebody is about to choose from it.
pub fn refreshed<Q, T, E>(
    list: NodeRef<E>,
    asked: impl Fn() -> Q + Send + Sync + 'static,
    make: impl Fn(&Q) -> T + Send + Sync + 'static,
) -> Memo<T>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    T: Clone + PartialEq + Send + Sync + 'static,
    E: ElementType + 'static,
    E::Output: JsCast + AsRef<Element> + Clone + 'static,
{
    let ui = use_playground().ui;
    let looked = StoredValue::new(f64::NEG_INFINITY);
    let held = move || {
        let list = list.get_untracked();
        list.is_some_and(|list| AsRef::<Element>::as_ref(&list).matches(":is(:hover,:focus-within)").unwrap_or(false))
    };
    let made = Memo::new(move |before: Option<&(Q, T)>| {
        let (asked, playing, now) = (asked(), ui.playing().get(), js_sys::Date::now());
        ui.snap().track();
        if let Some((before, shown)) = before
            && *before == asked
            && (playing && now - looked.get_value() < LOOK_MS || held())
        {
            return (asked, shown.clone());
        }
        looked.set_value(now);
        let shown = untrack(|| make(&asked));
        (asked, shown)
    });
    Memo::new(move |_| made.with(|(_, shown)| shown.clone()))
}

/// What `entry` has become in a list that is made anew: a row of a `<For>` stays in the document while its key does, and shows this.
pub fn followed<T>(entry: T, latest: impl Fn(&T) -> Option<T> + Send + Sync + 'static) -> Memo<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    Memo::new(move |before: Option<&T>| {
        let before = before.unwrap_or(&entry);
        latest(before).unwrap_or_else(|| before.clone())
    })
}
