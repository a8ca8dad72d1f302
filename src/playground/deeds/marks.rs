//! Where something was just done: a mark that fades with the run's time.

use super::super::scenario::action_line;
use super::super::scene::{Align, Ink, Place, Point, Rect, Shape, Target};
use crate::kafka::time::Time;
use crate::world::action::Action;
use crate::world::view::{DONE_US, WorldView};
use std::sync::Arc;

/// The nodes, topics and partitions to which an action is done; what has just been made speaks for itself.
fn touched(action: &Action) -> (Vec<&Arc<str>>, Option<i32>) {
    match action {
        Action::ElectLeader { topic, partition, .. } | Action::Reassign { topic, partition, .. } => (vec![topic], Some(*partition)),
        Action::AddPartitions { topic, .. } | Action::SetTopicConfig { topic, .. } => (vec![topic], None),
        Action::AddProducer(_) | Action::AddConsumer(_) => (Vec::new(), None),
        _ => (action.nodes(), None),
    }
}

/// A fading edge around each thing to which something was done a moment ago, and the deed's verb.
pub fn marks(view: &WorldView, places: &[Place], time: Time, still: bool, out: &mut Vec<Shape>) {
    for (at, action) in &view.done {
        let age = time.micros_since(*at);
        if !(0..DONE_US).contains(&age) {
            continue;
        }
        let (names, partition) = touched(action);
        let part = if still { 0.5 } else { age as f32 / DONE_US as f32 };
        let line = action_line(action);
        let verb = line.split(' ').next().unwrap_or_default();
        let bad = matches!(verb, "kill" | "crash" | "power-loss" | "wipe" | "isolate" | "cut" | "full-disk");
        let ink = if bad { Ink::Bad } else { Ink::Accent };
        for place in places {
            let name = match (&place.what, partition) {
                (Target::Partition(topic, n), Some(of)) if *n == of => topic,
                (Target::Broker(name) | Target::Producer(name) | Target::Consumer(name) | Target::Topic(name), None) => name,
                _ => continue,
            };
            let every = matches!((action, &place.what), (Action::SetBrokerConfig { broker: None, .. }, Target::Broker(_)));
            if every || names.contains(&name) {
                edge(place.rect, 2.0 + 5.0 * part, 1.0 - part, ink, out);
                let at = Point { x: place.rect.right() - 4.0, y: place.rect.y - 4.0 };
                out.push(Shape::Text { at, text: verb.into(), size: 11.0, bold: true, mono: false, ink, align: Align::End });
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
