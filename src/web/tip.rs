//! The name of what is pointed at, above it; screen readers say it.

use super::clock::tenths;
use super::context::{PageStateStoreFields as _, Playground, use_playground};
use crate::playground::scene::{Rect, hint};
use leptos::prelude::*;

/// How far above its thing a tip stands, and the room it keeps from the right edge: CSS pixels.
const LIFT: f32 = 30.0;
const ROOM: f32 = 350.0;

#[component]
pub fn Tip() -> impl IntoView {
    let Playground { ui, stage, .. } = use_playground();
    // Beside a chosen record stands its card.
    let pointed = Memo::new(move |_| ui.pointed().get().filter(|target| ui.chosen().with(|chosen| chosen.as_ref() != Some(target))));
    let thing = move || {
        pointed.with(|target| target.as_ref().map(|target| ui.snap().with(|s| hint(&s.view, target)))).filter(|words| !words.is_empty())
    };
    let words = Memo::new(move |_| ui.sign().get().map(|sign| sign.words.to_string()).or_else(thing));
    let spot = Memo::new(move |_| {
        if let Some(sign) = ui.sign().get() {
            return Some(sign.rect);
        }
        ui.snap().track();
        pointed.with(|target| target.as_ref().and_then(|target| stage.with_value(|s| s.scene.borrow().spot(target))))
    });
    let hidden = move || words.with(Option::is_none) || spot.with(Option::is_none);
    let left = move || {
        let most = stage.with_value(|s| s.width() as f32 - ROOM);
        spot.get().map(|Rect { x, .. }| format!("{}px", tenths(x.min(most).max(8.0))))
    };
    let top = move || spot.get().map(|Rect { y, .. }| format!("{}px", tenths((y - LIFT).max(0.0))));
    view! {
        <div class="tp-tip tp-number" role="status" hidden=hidden style:left=left style:top=top>
            {move || words.get().unwrap_or_default()}
        </div>
    }
}
