//! From the whole cluster to one record in steps: the thing that is zoomed into fills the room, everything else is off screen and counted.

use super::View;
use super::arrangements::{Arrangement, Container};
use super::close::close_up;
use super::layout::{Layout, Row, ease};
use super::shape::{Align, Ink, Rect, Shape, at, text};
use crate::playground::narrate::plural;
use crate::world::target::Target;
use crate::world::view::{PartitionState, WorldView};
use std::sync::Arc;

/// The steps: the whole cluster is 0, a topic or a broker 1, a partition 2, a record 3. Other things cannot be zoomed into.
pub fn depth(what: Option<&Target>) -> u8 {
    match what {
        Some(Target::Topic(_) | Target::Broker(_)) => 1,
        Some(Target::Partition(..)) => 2,
        Some(Target::Record(..)) => 3,
        _ => 0,
    }
}

/// Letters of the summary of what is not in view that fit into a line of a narrow page.
const NARROW_WORDS: usize = 60;

/// The way from the cluster to a thing in this arrangement, the thing last; empty when it is not there or cannot be looked into.
pub fn zoom_steps(view: &WorldView, what: &Target, arrangement: &Arrangement) -> Vec<Target> {
    let partition =
        |topic: &Arc<str>, n: i32| view.partitions.iter().find(|p| p.view.partition == n && p.view.topic == *topic && !p.internal);
    let by_broker = arrangement.container == Container::Broker;
    match what {
        Target::Topic(topic) if partition(topic, 0).is_some() => vec![what.clone()],
        Target::Broker(name) if by_broker && view.brokers.iter().any(|b| b.name == *name) => vec![what.clone()],
        Target::Partition(topic, n) => {
            let Some(p) = partition(topic, *n) else { return Vec::new() };
            let home = super::cluster::home(view, p);
            let broker = view.brokers.iter().find(|b| by_broker && b.node_id == home);
            vec![broker.map_or_else(|| Target::Topic(topic.clone()), |b| Target::Broker(b.name.clone())), what.clone()]
        }
        Target::Record(topic, n, _) => {
            let mut steps = zoom_steps(view, &Target::Partition(topic.clone(), *n), arrangement);
            if !steps.is_empty() {
                steps.push(what.clone());
            }
            steps
        }
        _ => Vec::new(),
    }
}

/// One step from `here` towards a thing.
pub fn zoom_into(view: &WorldView, here: Option<&Target>, what: &Target, arrangement: &Arrangement) -> Option<Target> {
    let steps = zoom_steps(view, what, arrangement);
    let next = match here {
        None => 0,
        // `here` is not on the way to it: go to the step of the same depth.
        Some(here) => steps.iter().position(|step| step == here).map_or(usize::from(depth(Some(here))).saturating_sub(1), |i| i + 1),
    };
    steps.get(next).or(steps.last()).cloned().or_else(|| here.cloned())
}

/// One step out.
pub fn zoom_out(view: &WorldView, here: &Target, arrangement: &Arrangement) -> Option<Target> {
    let mut steps = zoom_steps(view, here, arrangement);
    steps.pop();
    steps.pop()
}

/// Zooms into `what` as far as the camera has gone.
pub(super) fn zoom_layout(out: &mut Layout, view: &WorldView, camera: &View, what: &Target) {
    let steps = zoom_steps(view, what, camera.arrangement.nearer());
    let zoom = camera.zoom.min(steps.len() as f32);
    let (whole, part) = (zoom as usize, zoom.fract());
    if let Some(step) = whole.checked_sub(1).and_then(|i| steps.get(i)) {
        *out = close_up(view, camera, step);
    }
    if let Some(step) = steps.get(whole).filter(|_| part > 0.0) {
        let to = close_up(view, camera, step);
        if let Some((record, words)) = &to.record {
            // The words unfold from the record's cell.
            let from = slot(out, view, record).unwrap_or(*words);
            out.record = Some((record.clone(), from));
        }
        out.blend(&to, ease(part));
    }
    out.zoomed = !steps.is_empty();
}

/// A record's cell.
pub(super) fn slot(layout: &Layout, view: &WorldView, record: &Target) -> Option<Rect> {
    let Target::Record(topic, n, offset) = record else { return None };
    let row = layout.rows.iter().find(|r| is(view, r, topic, *n))?;
    Some(Rect { x: row.slot(*offset), y: row.top, w: row.cell.0, h: row.cell.1 })
}

/// Whether it is this partition's row.
pub(super) fn is(view: &WorldView, row: &Row, topic: &Arc<str>, n: i32) -> bool {
    view.partitions.get(row.partition).is_some_and(|p| p.view.partition == n && p.view.topic == *topic)
}

/// What is not in view, in words; empty when all is.
pub(super) fn off_screen_summary(view: &WorldView, layout: &Layout) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut add = |count: usize, one: &str, more: &str| {
        if count > 0 {
            words.push(plural(count, one) + more);
        }
    };
    let gone = |rect: &Rect| !layout.sees(rect);
    let part = |row: &&Row| gone(&row.rect());
    add(layout.brokers.iter().filter(|rect| gone(rect)).count(), "broker", "");
    let rows_of = |topic: &Arc<str>| {
        layout.rows.iter().filter(|row| view.partitions.get(row.partition).is_some_and(|p| p.view.topic == *topic)).all(|r| part(&r))
    };
    let topics = layout.topics.iter().filter(|topic| gone(&topic.1) && rows_of(&topic.0)).count();
    add(topics + layout.internal.iter().filter(|topic| gone(&topic.1)).count(), "topic", "");
    // Of some there is a copy to see.
    let copied = |row: &&Row| row.followers.iter().any(|f| f.1 > 0.0 && f.1 < layout.height);
    let copies = layout.rows.iter().filter(part).filter(copied).count();
    add(copies, "partition", " led elsewhere");
    add(layout.rows.iter().filter(part).count() - copies, "partition", "");
    let rows = || layout.rows.iter().filter(part).filter_map(|row| view.partitions.get(row.partition));
    let of = |p: &PartitionState, topic: &str, n: i32| p.view.partition == n && *p.view.topic == *topic;
    let under_way = view.flights.iter().flat_map(|f| f.cargo.iter()).filter(|c| rows().any(|p| of(p, &c.topic, c.partition))).count();
    add(under_way, "record", " under way");
    if words.is_empty() { String::new() } else { format!("Not in view: {}.", words.join(", ")) }
}

/// What is not in view is told at the foot; a record's words hang on its cell.
pub(super) fn zoom_shapes(view: &WorldView, layout: &Layout, off_screen: &str, out: &mut Vec<Shape>) {
    if let Some((record, words)) = &layout.record
        && let Some(cell) = slot(layout, view, record)
    {
        // They hang on a line that points up to it.
        let (x, y) = (cell.x + cell.w / 2.0, words.y - 2.0);
        let points = [at(words.x, y), at(x - 6.0, y), at(x, y - 6.0), at(x + 6.0, y), at(words.right().max(x + 6.0), y)];
        for pair in points.windows(2) {
            out.push(Shape::Line { from: pair[0], to: pair[1], width: 1.25, ink: Ink::Accent, dash: 0.0, alpha: 0.6 });
        }
        out.push(Shape::Frame { rect: cell, ink: Ink::Accent });
    }
    let x = layout.topics.first().map_or(24.0, |topic| topic.1.x);
    let mut y = if layout.narrow { layout.headings.get(1).map_or(0.0, |h| h.1.y + 34.0) } else { layout.height - 14.0 };
    // A narrow page has room for half of it in a line.
    let cut =
        off_screen.get(..NARROW_WORDS).filter(|_| layout.narrow).and_then(|head| head.rfind(", ")).map_or(off_screen.len(), |at| at + 2);
    for line in [&off_screen[..cut], &off_screen[cut..]] {
        out.push(text(at(x, y), line, Ink::Muted, Align::Start));
        y += 14.0;
    }
}
