//! Light or dark: what was chosen, or what the host page's `color-scheme` says.

use super::context::{PageStateStoreFields as _, StageHandle, Ui};
use leptos::prelude::*;

/// The other theme than the one in force. The canvases follow once the style sheet has: see `playground::StageView`.
pub fn toggle(ui: Ui, stage: StageHandle) {
    let dark = stage.with_value(|s| s.is_dark());
    ui.theme().set(if dark { "light" } else { "dark" }.to_owned());
}
