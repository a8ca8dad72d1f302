//! The bar: play, step, speed, time, what comes next, theme, reset.

use super::clock;
use super::ui::{Act, Ui};
use leptos::prelude::*;

#[component]
pub fn Bar(ui: Ui, act: Act, controls: bool) -> impl IntoView {
    let time = Memo::new(move |_| ui.snap.with(|s| clock::time_words(s.elapsed)));
    let next = Memo::new(move |_| {
        ui.snap.with(|s| match &s.view.next {
            Some((at, why)) => format!("next: {why} in {}", clock::span_words(at.micros_since(s.view.now).max(0))),
            None => "nothing will happen by itself".to_owned(),
        })
    });
    let speed = Memo::new(move |_| clock::speed_words(ui.speed.get()));
    view! {
        <header class="tp-bar">
            <div class="tp-name">
                <strong>"Tidepool"</strong>
                <span class="tp-quiet">{move || ui.title.get()}</span>
            </div>
            <div class="tp-transport">
                <button type="button" class="tp-icon" on:click=move |_| act.with_value(|s| s.toggle())
                    aria-label=move || if ui.playing.get() { "Pause" } else { "Play" }
                    title=move || if ui.playing.get() { "Pause" } else { "Play" }>
                    <svg viewBox="0 0 20 20" aria-hidden="true">
                        <path d=move || if ui.playing.get() { "M5 3h3.4v14H5zM11.6 3H15v14h-3.4z" } else { "M5 3l12 7-12 7z" }/>
                    </svg>
                </button>
                <button type="button" class="tp-icon" on:click=move |_| act.with_value(|s| s.step()) aria-label="Step to the next event" title="Step to the next event">
                    <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4 3l9 7-9 7zM14 3h2.6v14H14z"/></svg>
                </button>
                <label class="tp-speed">
                    <span class="tp-number">{move || speed.get()}</span>
                    <input type="range" min=clock::SLOWEST max=clock::MAX step="1" aria-label="Speed"
                        aria-valuetext=move || speed.get()
                        prop:value=move || ui.speed.get().to_string()
                        on:input=move |e| {
                            if let Ok(v) = event_target_value(&e).parse::<i32>() {
                                ui.speed.set(v);
                            }
                        }/>
                </label>
            </div>
            <div class="tp-when">
                <span class="tp-time tp-number" role="timer" aria-label="Simulated time">{move || time.get()}</span>
                <span class="tp-next tp-quiet tp-number" title=move || next.get()>{move || next.get()}</span>
            </div>
            <Show when=move || controls>
                <div class="tp-side">
                    <button type="button" class="tp-text" on:click=move |_| act.with_value(|s| s.reset())>"Reset"</button>
                    <button type="button" class="tp-icon" aria-label="Light or dark" title="Light or dark"
                        on:click=move |_| super::mount::toggle_theme(ui, act)>
                        <svg viewBox="0 0 20 20" aria-hidden="true">
                            <path fill-rule="evenodd" d="M10 2a8 8 0 110 16 8 8 0 010-16zm0 1.7v12.6a6.3 6.3 0 000-12.6z"/></svg>
                    </button>
                </div>
            </Show>
        </header>
    }
}
