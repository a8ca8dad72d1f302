//! Light or dark: what was chosen, or what the reader's system prefers.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use super::stage::Stage;
use leptos::prelude::*;
use std::rc::Rc;
use std::time::Duration;

pub const DARK: &str = "(prefers-color-scheme: dark)";
/// After the attribute has changed the custom properties follow, and then the canvas reads them.
const APPLIED: Duration = Duration::from_millis(30);

pub fn toggle(ui: Ui, stage: StageHandle) {
    let dark = match ui.theme().get_untracked().as_str() {
        "dark" => true,
        "light" => false,
        _ => prefers(DARK),
    };
    ui.theme().set(if dark { "light" } else { "dark" }.to_owned());
    stage.with_value(apply);
}

/// Lets the canvases read their colours anew, once the theme is in force.
pub fn apply(stage: &Rc<Stage>) {
    let stage = Rc::downgrade(stage);
    set_timeout(
        move || {
            if let Some(stage) = stage.upgrade() {
                stage.retheme();
            }
        },
        APPLIED,
    );
}

fn prefers(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|media| media.matches())
}
