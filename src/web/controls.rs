//! The bar: play, step, speed, time, what comes next, theme, reset.

use super::ui::{Act, Ui};
use super::{clock, dom};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

const MARKUP: &str = "<div class=tp-name><strong>Tidepool</strong><span class=tp-quiet></span></div>\
    <div class=tp-transport><button type=button class=tp-icon><svg viewBox='0 0 20 20' aria-hidden=true><path/></svg></button>\
    <button type=button class=tp-icon aria-label='Step back' title='Step back to the event before'>\
    <svg viewBox='0 0 20 20' aria-hidden=true><path d='M16 3l-9 7 9 7zM6 3H3.4v14H6z'/></svg></button>\
    <button type=button class=tp-icon aria-label='Step to the next event' title='Step to the next event'>\
    <svg viewBox='0 0 20 20' aria-hidden=true><path d='M4 3l9 7-9 7zM14 3h2.6v14H14z'/></svg></button>\
    <button type=button class=tp-icon aria-label='Next event worth seeing' title='On to the next event worth seeing'>\
    <svg viewBox='0 0 20 20' aria-hidden=true><path d='M2 4l6.5 6L2 16zM8.5 4l6.5 6-6.5 6zM15.5 3H18v14h-2.5z'/></svg></button>\
    <button type=button class='tp-text tp-skip' title='Waits in which nothing moves pass at once'>skip idle</button>\
    <label class=tp-speed><span class=tp-number></span><input type=range step=1 aria-label=Speed></label></div>\
    <div class=tp-when><span class='tp-time tp-number' role=timer aria-label='Simulated time'></span>\
    <span class='tp-next tp-quiet tp-number'></span></div>\
    <div class=tp-side><button type=button class=tp-text>Reset</button>\
    <button type=button class=tp-icon aria-label='Light or dark' title='Light or dark'><svg viewBox='0 0 20 20' aria-hidden=true>\
    <path fill-rule=evenodd d='M10 2a8 8 0 110 16 8 8 0 010-16zm0 1.7v12.6a6.3 6.3 0 000-12.6z'/></svg></button></div>";

/// Fills the bar of the playground `root`.
pub fn bar(root: &Element, ui: Ui, act: Act, controls: bool) {
    let bar = dom::at(root, ".tp-bar");
    bar.set_inner_html(MARKUP);
    dom::text(&bar, ".tp-name > .tp-quiet", move || ui.title.get());

    let transport = dom::at(&bar, ".tp-transport");
    let play_words = move || if ui.playing.get() { "Pause" } else { "Play" }.to_owned();
    dom::attribute(&transport, "button", "aria-label", play_words);
    dom::attribute(&transport, "button", "title", play_words);
    dom::attribute(&transport, "path", "d", move || {
        if ui.playing.get() { "M5 3h3.4v14H5zM11.6 3H15v14h-3.4z" } else { "M5 3l12 7-12 7z" }.into()
    });
    dom::on(&transport, "button", "click", move |_| act.with_value(|s| s.toggle()));
    dom::on(&transport, "button + button", "click", move |_| act.with_value(|s| s.step_back()));
    dom::on(&transport, "button + button + button", "click", move |_| act.with_value(|s| s.step()));
    dom::on(&transport, "button + button + button + button", "click", move |_| act.with_value(|s| s.next()));
    dom::attribute(&transport, ".tp-skip", "aria-pressed", move || ui.skip.get().to_string());
    dom::on(&transport, ".tp-skip", "click", move |_| ui.skip.update(|on| *on = !*on));

    let input: HtmlInputElement = dom::at(&bar, "input").unchecked_into();
    input.set_min(&clock::SLOWEST.to_string());
    input.set_max(&clock::MAX.to_string());
    dom::text(&transport, ".tp-number", move || match (clock::speed_words(ui.speed.get()), ui.pace.get()) {
        (words, 0) => words,
        // What the processor can do falls short of what was asked for.
        (words, pace) => format!("{words}: {pace}×"),
    });
    dom::attribute(&input, "", "aria-valuetext", move || clock::speed_words(ui.speed.get()));
    let slider = input.clone();
    dom::when(move || ui.speed.get().to_string(), move |step| slider.set_value(step));
    let slider = input.clone();
    dom::on(&input, "", "input", move |_| {
        if let Ok(step) = slider.value().parse::<i32>() {
            ui.speed.set(step);
        }
    });

    dom::text(&bar, ".tp-time", move || ui.snap.with(|s| clock::time_words(s.elapsed)));
    let next = dom::at(&bar, ".tp-next");
    let next_words = move || {
        ui.snap.with(|s| match &s.view.next {
            Some((at, why)) => format!("next: {why} in {}", clock::span_words(at.micros_since(s.view.now).max(0))),
            None => "nothing will happen by itself".to_owned(),
        })
    };
    dom::when(next_words, move |words| {
        next.set_text_content(Some(words));
        dom::set(&next, "title", words);
    });

    let side = dom::at(&bar, ".tp-side");
    if !controls {
        side.remove();
        return;
    }
    dom::on(&side, ".tp-text", "click", move |_| act.with_value(|s| s.reset()));
    dom::on(&side, ".tp-icon", "click", move |_| super::mount::toggle_theme(ui, act));
}
