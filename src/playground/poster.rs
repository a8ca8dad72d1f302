//! A scenario's poster: the scene of its run some seconds after it opens.

use super::scenario::{Playback, Scenario};
use super::scene::{Scene, View, scene};
use crate::world::EPOCH;

/// How long after the opening, in microseconds.
const LATER_US: i64 = 6_000_000;
/// The width for which it is laid out, in CSS pixels; it is drawn smaller.
pub const WIDTH: f32 = 1120.0;

/// `None`: the text is no scenario that begins.
pub fn poster(text: &str) -> Option<Scene> {
    let scenario = Scenario::parse(text).ok()?;
    let at = EPOCH.plus_micros(scenario.opening_us().saturating_add(LATER_US));
    let mut play = Playback::new(scenario).ok()?;
    play.run_until(at);
    let view = play.world().view();
    Some(scene(&view, view.now, &View::new(WIDTH)).without_words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::scenarios;
    use crate::playground::scene::Shape;

    #[test]
    fn a_poster_shows_records_and_a_text_that_is_none_has_no_poster() {
        let entry = scenarios().iter().find(|entry| entry.name == "first-light").expect("it is listed");
        let scene = poster(entry.text).expect("it begins");
        assert!(scene.shapes.len() > 20 && !scene.places.is_empty());
        assert!(!scene.shapes.iter().any(|shape| matches!(shape, Shape::Text { .. })), "words would be 3 pixels high");
        assert!(poster("tidepool 2").is_none());
    }
}
