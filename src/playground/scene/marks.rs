//! Where something was just done: a mark that fades with the run's time.

use super::shape::{Align, Ink, Place, Point, Rect, Shape, bold};
use crate::kafka::time::Time;
use crate::world::operations::Subject;
use crate::world::target::Target;
use crate::world::view::{DONE_US, WorldView};

/// Whether the action was done to the place; what has just been made speaks for itself.
fn is_at(subject: Subject<'_>, place: &Target) -> bool {
    match (subject, place) {
        (Subject::Node(name), Target::Broker(own) | Target::Producer(own) | Target::Consumer(own)) => name == own,
        (Subject::AllBrokers, Target::Broker(_)) => true,
        (Subject::Topic(topic), Target::Topic(own)) => topic == own,
        (Subject::Partition(topic, n), Target::Partition(own, own_n)) => topic == own && n == *own_n,
        _ => false,
    }
}

/// A fading edge around each thing to which something was done a moment ago, and the action's verb.
pub fn marks(view: &WorldView, places: &[Place], time: Time, still: bool, out: &mut Vec<Shape>) {
    for (at, action) in &view.done {
        let age = time.micros_since(*at);
        if !(0..DONE_US).contains(&age) {
            continue;
        }
        let part = if still { 0.5 } else { age as f32 / DONE_US as f32 };
        let ink = if action.hurts() { Ink::Bad } else { Ink::Accent };
        let (subjects, verb) = (action.subjects(), action.verb());
        for place in places {
            if subjects.iter().any(|subject| is_at(*subject, &place.what)) {
                edge(place.rect, 2.0 + 5.0 * part, 1.0 - part, ink, out);
                // Above the edge, and in the middle: at the sides there are headings and their buttons.
                let at = Point { x: place.rect.x + place.rect.w / 2.0, y: place.rect.y - 9.0 };
                out.push(bold(at, verb, ink, Align::Middle));
            }
        }
    }
}

/// A frame so far outside of a place.
fn edge(rect: Rect, by: f32, alpha: f32, ink: Ink, out: &mut Vec<Shape>) {
    let (x, y, right, bottom) = (rect.x - by, rect.y - by, rect.right() + by, rect.bottom() + by);
    let mut line = |x, y, to_x, to_y| {
        out.push(Shape::Line { from: Point { x, y }, to: Point { x: to_x, y: to_y }, width: 1.5, ink, dash: 0.0, alpha });
    };
    let r = 8.0;
    line(x + r, y, right - r, y);
    line(x + r, bottom, right - r, bottom);
    line(x, y + r, x, bottom - r);
    line(right, y + r, right, bottom - r);
    for (cx, cy, sx, sy) in [(x, y, 1.0, 1.0), (right, y, -1.0, 1.0), (x, bottom, 1.0, -1.0), (right, bottom, -1.0, -1.0)] {
        let (from, to, corner) = (Point { x: cx + sx * r, y: cy }, Point { x: cx, y: cy + sy * r }, Point { x: cx, y: cy });
        out.push(Shape::Curve { points: [from, corner, corner, to], width: 1.5, ink, dash: 0.0, alpha });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{View, scene};
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::World;
    use crate::world::operations::Action;

    const THREE: &str = include_str!("../../../www/scenarios/three-brokers.tide");

    fn world(seconds: i64) -> World {
        let mut play = Playback::new(Scenario::parse(THREE).expect("it reads")).expect("it begins");
        play.run_until(crate::world::EPOCH.plus_millis(seconds * 1000));
        play.world().clone()
    }

    fn line(text: &str) -> Action {
        let scenario = Scenario::timed_line(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        scenario.actions.into_iter().next().map(|(_, action)| action).unwrap_or_else(|| panic!("{text} is an action"))
    }

    #[test]
    fn a_mark_stands_where_something_was_done_and_fades() {
        let mut world = world(20);
        world.act(line("kill broker-2")).expect("it can be done");
        world.act(line("elect orders 1")).expect("it can be done");
        let words = |world: &World| -> Vec<String> {
            let view = world.view();
            let places = scene(&view, view.now, &View::new(1280.0)).places;
            let mut out = Vec::new();
            marks(&view, &places, view.now, false, &mut out);
            let at = |target: Target| places.iter().find(|place| place.what == target).expect("it stands").rect;
            for shape in &out {
                if let Shape::Text { at: p, text, ink, .. } = shape {
                    let rect =
                        if &**text == "kill" { at(Target::Broker("broker-2".into())) } else { at(Target::Partition("orders".into(), 1)) };
                    assert!((p.x - rect.x - rect.w / 2.0).abs() < 1.0 && (4.0..14.0).contains(&(rect.y - p.y)));
                    assert_eq!(*ink == Ink::Bad, &**text == "kill");
                }
            }
            let text = |shape: &Shape| if let Shape::Text { text, .. } = shape { Some(text.to_string()) } else { None };
            out.iter().filter_map(text).collect()
        };
        assert_eq!(words(&world), ["elect", "kill"]);
        world.run_until(world.now().plus_millis(2900));
        assert_eq!(words(&world), ["elect", "kill"]);
        world.run_until(world.now().plus_millis(200));
        assert_eq!(words(&world), Vec::<String>::new());
    }

    #[test]
    fn configs_mark_the_brokers_that_they_are_for() {
        for (text, marked) in [("config broker-2 log.retention.ms=9", 1), ("config brokers log.retention.ms=9", 3)] {
            let mut world = world(20);
            world.act(line(text)).expect("it can be done");
            let view = world.view();
            let mut out = Vec::new();
            marks(&view, &scene(&view, view.now, &View::new(1280.0)).places, view.now, true, &mut out);
            assert_eq!(
                out.iter().filter(|shape| matches!(shape, Shape::Text { text, .. } if &**text == "config")).count(),
                marked,
                "{text}"
            );
        }
    }
}
