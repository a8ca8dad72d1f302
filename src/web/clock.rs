//! Speeds, times and lengths in words.

use super::words::clock as words;
use js_sys::Math;
use wasm_bindgen::JsValue;

/// The slider's steps: ten for each factor of ten, from 1/1000 to 1000; one more is "as fast as it goes".
pub const SLOWEST: i32 = -30;
pub const FASTEST: i32 = 30;
pub const MAX: i32 = 31;
/// A quarter.
pub const UNHURRIED: i32 = -6;
/// No step of the slider: the director says how fast each moment is played.
pub const AUTO: i32 = SLOWEST - 1;

/// Simulated seconds for each second; `None` is as fast as it goes.
pub fn factor(step: i32) -> Option<f64> {
    (step <= FASTEST).then(|| Math::pow(10.0, f64::from(step.max(SLOWEST)) / 10.0))
}

/// The nearest step for a factor; "max" is a word for the last, "auto" for the director.
pub fn step_of(text: &str) -> Option<i32> {
    let text = text.trim();
    match text {
        "max" => return Some(MAX),
        "auto" => return Some(AUTO),
        _ => {}
    }
    let text = text.trim_end_matches(['x', '×']);
    let factor = match text.split_once('/') {
        Some((a, b)) => number(a)? / number(b)?,
        None => number(text)?,
    };
    (factor.is_finite() && factor > 0.0).then(|| ((Math::log10(factor) * 10.0).round() as i32).clamp(SLOWEST, FASTEST))
}

/// Read by the browser, as all powers and logarithms here: Rust's own would bring ten kilobytes of tables.
fn number(text: &str) -> Option<f64> {
    Some(JsValue::from_str(text).unchecked_into_f64()).filter(|number| !number.is_nan())
}

pub fn speed_words(step: i32) -> String {
    match factor(step) {
        _ if step == AUTO => words::AUTO.into(),
        None => words::MAX.into(),
        Some(f) if f < 0.95 => format!("1/{}×", nice(1.0 / f)),
        Some(f) => format!("{}×", nice(f)),
    }
}

/// The director's rate, in simulated microseconds a real millisecond, as a step and in words.
pub fn rate_step(rate: i64) -> i32 {
    ((Math::log10(rate as f64 / 1000.0) * 10.0).round() as i32).clamp(SLOWEST, FASTEST)
}

pub fn rate_words(rate: i64) -> String {
    speed_words(rate_step(rate))
}

/// Rounded to what people say, with at most one decimal.
fn nice(f: f64) -> String {
    let scale = Math::pow(10.0, Math::log10(f).floor());
    let m = f / scale;
    let m = [1.0, 1.25, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .min_by(|a: &f64, b: &f64| (a - m).abs().total_cmp(&(b - m).abs()))
        .unwrap_or(m);
    let tenths = (m * scale * 10.0).round() as i64;
    if tenths % 10 == 0 { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

/// "00:12.480" of microseconds since the run began.
pub fn time_words(micros: i64) -> String {
    let millis = micros / 1000;
    let (s, ms) = (millis / 1000, millis % 1000);
    let (m, s) = (s / 60, s % 60);
    if m < 60 { format!("{m:02}:{s:02}.{ms:03}") } else { format!("{}:{:02}:{s:02}.{ms:03}", m / 60, m % 60) }
}

/// "in 6.2 s", "in 350 µs".
pub fn span_words(micros: i64) -> String {
    match micros {
        ..1_000 => format!("{micros} {}", words::MICROS),
        1_000..1_000_000 => format!("{} {}", micros / 1000, words::MILLIS),
        1_000_000..60_000_000 => format!("{}.{} {}", micros / 1_000_000, micros / 100_000 % 10, words::SECONDS),
        _ => format!("{} {}", micros / 60_000_000, words::MINUTES),
    }
}

/// With one decimal. Rust's own words for floats would bring ten kilobytes.
pub fn tenths(value: f32) -> String {
    let tenths = (value * 10.0).round() as i32;
    format!("{}.{}", tenths / 10, tenths.abs() % 10)
}
