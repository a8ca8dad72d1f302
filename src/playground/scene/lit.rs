//! A record's way, lit: everything else steps back, and its stations are numbered where they happened.

use super::View;
use super::flow::{curves, into_row, out_of_row};
use super::follow::{Spot, Trail};
use super::layout::{Layout, Row};
use super::shape::{Align, Ink, Point, Rect, Shape, at, bold};
use super::way::straight;
use crate::world::view::WorldView;
use std::sync::Arc;

/// How far everything else steps back.
const VEIL: f32 = 0.72;
const BADGE: f32 = 9.0;

fn row<'a>(view: &WorldView, layout: &'a Layout, trail: &Trail) -> Option<&'a Row> {
    let is =
        |r: &&Row| view.partitions.get(r.partition).is_some_and(|p| p.view.partition == trail.partition && p.view.topic == trail.topic);
    layout.rows.iter().find(is)
}

pub(super) fn lit(view: &WorldView, layout: &Layout, trail: &Trail, camera: &View, out: &mut Vec<Shape>) {
    let Some(row) = row(view, layout, trail) else { return };
    let members = || layout.groups.iter().flat_map(|g| &g.members);
    let consumer = |name: &Arc<str>| members().find(|(c, _)| view.consumers.get(*c).is_some_and(|c| c.name == *name)).map(|m| m.1);
    let producer = |name: &Arc<str>| view.producers.iter().zip(&layout.producers).find(|(p, _)| p.name == *name).map(|p| *p.1);
    let x = row.middle(trail.offset);
    let cell = Rect { x: x - row.cell.0 / 2.0, y: row.top, w: row.cell.0, h: row.cell.1 };
    let mut holes = vec![row.label];
    // Where a record is looked into, its words and the way back out stay plain.
    if let Some((_, words)) = &layout.record {
        holes.extend(layout.headings.get(1).map(|heading| heading.1));
        holes.push(*words);
    }
    // A record that has left the window has its stations at the ribbon's edge.
    let seen = trail.offset >= row.first && trail.offset < row.first.saturating_add(row.capacity);
    if seen {
        holes.push(cell);
    }
    let mut ways: Vec<[Point; 4]> = Vec::new();
    let mut badges: Vec<Point> = Vec::new();
    let mut lowest = row.rail;
    // What is still to come waits in the list beside the stage.
    for station in trail.stations.iter().filter(|s| s.at <= view.now) {
        let place = match &station.spot {
            Spot::Producer(name) => producer(name).map(|card| {
                let legs = into_row(card, row, layout);
                ways.extend(&legs);
                ways.push(straight(at(row.label.x - 4.0, row.rail), at(x, row.rail)));
                holes.push(card);
                legs.first().map_or(at(card.x, card.y), |leg| leg[0])
            }),
            Spot::Leader => Some(at(x, row.top - BADGE - 3.0)),
            Spot::Watermark => Some(at(x + 2.0 * BADGE + 2.0, row.top - BADGE - 3.0)),
            Spot::Follower(name) => {
                let id = view.brokers.iter().find(|b| b.name == *name).map_or(-1, |b| b.node_id);
                let line = row.followers.iter().find(|f| f.0 == id).map(|f| f.1);
                lowest = lowest.max(line.unwrap_or(lowest));
                line.map(|y| at(x, y))
            }
            Spot::Consumer(name) => consumer(name).map(|card| {
                let legs = out_of_row(row, card, layout.narrow, camera.width);
                ways.extend(&legs);
                ways.push(straight(at(x, row.rail), at(row.right, row.rail)));
                holes.push(card);
                legs.last().map_or(at(card.x, card.y), |leg| leg[3])
            }),
            Spot::Handled(name) => consumer(name).map(|card| at(card.right() - 14.0, card.y + card.h / 2.0)),
            Spot::Committed(name) => layout.groups.iter().find(|g| g.name.as_ref() == Some(name)).map(|g| {
                let foot = Rect { y: g.rect.bottom() - 38.0, h: 38.0, ..g.rect };
                holes.push(foot);
                at(foot.x, foot.y + 18.0)
            }),
        };
        badges.push(place.unwrap_or(at(x, row.rail + 14.0)));
    }
    // The words in a large cell stay free of it.
    ways.push(straight(at(x, if row.large() { cell.bottom() } else { row.top }), at(x, lowest)));
    out.push(Shape::Veil { holes, alpha: VEIL });
    out.extend(curves(ways, 2.0, Ink::Accent, 0.0));
    if seen {
        out.push(Shape::Frame { rect: cell, ink: Ink::Accent });
    }
    let mut taken: Vec<Point> = Vec::new();
    for (n, mut place) in (1..).zip(badges) {
        while taken.iter().any(|t| (t.x - place.x).hypot(t.y - place.y) < 2.0 * BADGE) && taken.len() < 40 {
            place.x += 2.0 * BADGE + 1.0;
        }
        taken.push(place);
        let rect = Rect { x: place.x - BADGE, y: place.y - BADGE, w: 2.0 * BADGE, h: 2.0 * BADGE };
        out.push(Shape::Block { rect, radius: BADGE, ink: Ink::Accent, alpha: 1.0 });
        out.push(bold(at(place.x, place.y + 4.0), n.to_string(), Ink::Background, Align::Middle));
    }
}
