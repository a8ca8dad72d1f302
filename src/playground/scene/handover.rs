//! A rebalance as it is seen. A partition that changes its owner leaves the old one as a chip in that one's colour, waits at the end of its
//! ribbon while it is nobody's, with the time that nobody has read it, and goes on to its new owner. One that its owner keeps says so and
//! stays where it is.

use super::View;
use super::flow::out_of_row;
use super::layout::{GroupBox, Layout, Row};
use super::shape::{Align, Dot, Ink, Point, Rect, Shape, at, bold, sign, text_width};
use super::way::{Way, samples};
use crate::kafka::time::Time;
use crate::playground::narrate::tenths;
use crate::world::ProcessState;
use crate::world::view::{Holding, WorldView};

/// How long a chip is on its way, and how long a kept partition says so: microseconds of the run.
const TRAVEL_US: i64 = 240_000;
const KEPT_US: i64 = 700_000;
/// A chip's height, in CSS pixels.
const HEIGHT: f32 = 18.0;

/// An owner's colour, from 0: the same as in the timeline's lanes.
pub fn hue(view: &WorldView, owner: &str) -> Option<u8> {
    let place = view.owners.iter().position(|name| **name == *owner)?;
    Some((place % 6) as u8)
}

/// The key's ink that is the owner's colour.
fn owner_ink(view: &WorldView, owner: &str) -> Ink {
    hue(view, owner).map_or(Ink::Muted, |hue| Ink::Key([1, 0, 2, 3, 4, 5][usize::from(hue)]))
}

/// Where a partition is on its way at a moment.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Stage<'a> {
    /// On the way from its old owner: the part of it that lies behind.
    Leaves(&'a str, f32),
    /// Nobody's, since then.
    Waits(Time),
    /// On the way to its new owner.
    Comes(&'a str, f32),
    Kept(&'a str),
}

/// Nothing moves any more: `None`.
fn stage(holding: &Holding, time: Time) -> Option<Stage<'_>> {
    let part = |from: Time| time.micros_since(from) as f32 / TRAVEL_US as f32;
    let left = holding.before.as_ref().map(|(owner, at)| (&**owner, *at));
    if let Some((owner, at)) = left.filter(|(_, at)| (0..TRAVEL_US).contains(&time.micros_since(*at))) {
        return Some(Stage::Leaves(owner, part(at)));
    }
    let Some(owner) = &holding.owner else { return Some(Stage::Waits(holding.since)) };
    // What is given on at once is on its way to the ribbon still.
    let sets_out = left.map_or(holding.since, |(_, at)| holding.since.max(at.plus_micros(TRAVEL_US)));
    if (0..TRAVEL_US).contains(&time.micros_since(sets_out)) {
        return Some(Stage::Comes(owner, part(sets_out)));
    }
    let kept = holding.kept.filter(|at| (0..KEPT_US).contains(&time.micros_since(*at)));
    kept.map(|_| Stage::Kept(owner))
}

pub(super) fn handovers(view: &WorldView, layout: &Layout, time: Time, camera: &View, out: &mut Vec<Shape>) {
    for group in &layout.groups {
        let holdings = view.holdings.iter().filter(|holding| Some(&holding.group) == group.name.as_ref());
        for holding in holdings {
            let Some(stage) = stage(holding, time).filter(|stage| is_told(view, holding, *stage)) else { continue };
            let is = |row: &&Row| {
                let p = view.partitions.get(row.partition).map(|p| &p.view);
                p.is_some_and(|p| p.partition == holding.partition && p.topic == holding.topic)
            };
            let Some(row) = layout.rows.iter().find(is).filter(|row| layout.sees(&row.rect())) else { continue };
            draw(view, layout, camera, Handover { group, holding, row, stage, time }, out);
        }
    }
}

/// What is nobody's is told as long as somebody of the group wants it.
fn is_told(view: &WorldView, holding: &Holding, stage: Stage<'_>) -> bool {
    let wants = |c: &crate::world::view::ConsumerState| {
        c.group.as_ref() == Some(&holding.group) && c.topics.contains(&holding.topic) && c.state != ProcessState::Stopped
    };
    !matches!(stage, Stage::Waits(_)) || view.consumers.iter().any(wants)
}

struct Handover<'a> {
    group: &'a GroupBox,
    holding: &'a Holding,
    row: &'a Row,
    stage: Stage<'a>,
    time: Time,
}

fn draw(view: &WorldView, layout: &Layout, camera: &View, it: Handover<'_>, out: &mut Vec<Shape>) {
    let Handover { group, holding, row, stage, time } = it;
    let card =
        |name: &str| group.members.iter().find(|(c, _)| view.consumers.get(*c).is_some_and(|c| *c.name == *name)).map(|(_, rect)| *rect);
    let name = || format!("{}-{}", holding.topic, holding.partition);
    let along = |name: &str, part: f32| {
        let part = if camera.reduced_motion { 0.5 } else { part };
        let way = Way::new(out_of_row(row, card(name)?, layout.narrow, camera.width).iter().flat_map(samples).collect());
        Some(way.at(way.length() * part))
    };
    let (label, ink, place) = match stage {
        Stage::Leaves(owner, part) => (name(), owner_ink(view, owner), along(owner, 1.0 - part)),
        Stage::Comes(owner, part) => (name(), owner_ink(view, owner), along(owner, part)),
        Stage::Waits(since) => (format!("nobody {}", tenths(time.micros_since(since))), Ink::Muted, None),
        Stage::Kept(owner) => ("kept".to_owned(), owner_ink(view, owner), None),
    };
    if row.dense() {
        let at = place.unwrap_or(at(row.right + 6.0, row.rail));
        out.push(Shape::Dots(vec![Dot { at, radius: 4.5, ink, alpha: 1.0 }]));
        return;
    }
    let width = text_width(&label) + 26.0;
    // Several groups' chips stand side by side at the end of the ribbon.
    let before = layout.groups.iter().take_while(|other| other.name != group.name).count() as f32;
    let edge = if layout.narrow { camera.width - 4.0 } else { group.rect.x - 6.0 };
    let rest = at((row.right + 10.0).min(edge - width / 2.0) - before * (width + 4.0), row.rail);
    let middle = place.unwrap_or(rest);
    let x = middle.x.min(camera.width - 4.0 - width / 2.0).max(4.0 + width / 2.0);
    let means = match stage {
        Stage::Leaves(owner, _) => format!("{owner} gives {} back: a rebalance of {}", name(), holding.group),
        Stage::Comes(owner, _) => format!("{owner} gets {}: a rebalance of {}", name(), holding.group),
        Stage::Waits(_) => format!("Nobody of {} reads {} for now", holding.group, name()),
        Stage::Kept(owner) => format!("{owner} has kept {} through the rebalance of {}", name(), holding.group),
    };
    chip(Point { x, ..middle }, width, (label, means), ink, out);
}

fn chip(middle: Point, width: f32, (label, means): (String, String), ink: Ink, out: &mut Vec<Shape>) {
    let rect = Rect { x: middle.x - width / 2.0, y: middle.y - HEIGHT / 2.0, w: width, h: HEIGHT };
    out.push(Shape::Block { rect, radius: 5.0, ink: Ink::Surface, alpha: 1.0 });
    out.push(Shape::Block { rect, radius: 5.0, ink, alpha: 0.16 });
    out.push(Shape::Frame { rect, ink });
    let dot = Dot { at: at(rect.x + 10.0, middle.y), radius: 4.0, ink, alpha: 1.0 };
    out.push(Shape::Dots(vec![dot]));
    out.push(bold(at(rect.x + 18.0, middle.y + 4.0), label, Ink::Ink, Align::Start));
    out.push(sign(rect, means));
}

#[cfg(test)]
mod tests {
    use super::super::tests::texts;
    use super::super::{View, layout, scene};
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;

    fn holding(owner: Option<&str>, since: i64, before: Option<(&str, i64)>, kept: Option<i64>) -> Holding {
        Holding {
            group: "billing".into(),
            topic: "orders".into(),
            partition: 0,
            owner: owner.map(Into::into),
            since: Time(since),
            before: before.map(|(name, at)| (name.into(), Time(at))),
            kept: kept.map(Time),
        }
    }

    #[test]
    fn a_partition_leaves_waits_and_comes() {
        let gone = holding(None, 1_000_000, Some(("a", 1_000_000)), None);
        assert_eq!(stage(&gone, Time(1_120_000)), Some(Stage::Leaves("a", 0.5)));
        assert_eq!(stage(&gone, Time(1_240_000)), Some(Stage::Waits(Time(1_000_000))));
        let given = holding(Some("b"), 2_000_000, Some(("a", 1_000_000)), None);
        assert_eq!(stage(&given, Time(2_060_000)), Some(Stage::Comes("b", 0.25)));
        assert_eq!(stage(&given, Time(2_240_000)), None);
        // Given on at once, it goes both ways one after the other.
        let at_once = holding(Some("b"), 1_000_000, Some(("a", 1_000_000)), None);
        assert_eq!(stage(&at_once, Time(1_120_000)), Some(Stage::Leaves("a", 0.5)));
        assert_eq!(stage(&at_once, Time(1_360_000)), Some(Stage::Comes("b", 0.5)));
        let kept = holding(Some("a"), 0, None, Some(1_000_000));
        assert_eq!(stage(&kept, Time(1_100_000)), Some(Stage::Kept("a")));
        assert_eq!(stage(&kept, Time(1_800_000)), None);
    }

    /// The chips' words of the moments of a run, from a second to another.
    fn chips(text: &str, from: i64, to: i64) -> Vec<String> {
        let mut play = Playback::new(Scenario::parse(text).expect("it reads")).expect("it begins");
        let mut all: Vec<String> = Vec::new();
        for at in (from * 1000..to * 1000).step_by(50) {
            play.run_until(EPOCH.plus_millis(at));
            let view = play.world().view();
            let camera = View::new(1280.0);
            let mut out = Vec::new();
            handovers(&view, &layout(&view, &camera), view.now, &camera, &mut out);
            let picture = scene(&view, view.now, &camera);
            let said = texts(&picture);
            for shape in out {
                let Shape::Text { text, .. } = shape else { continue };
                assert!(said.contains(&text.to_string()), "the picture has it");
                let word = text.split(' ').next().unwrap_or_default().to_owned();
                if !all.contains(&word) {
                    all.push(word);
                }
            }
        }
        all.sort();
        all
    }

    #[test]
    fn a_cooperative_join_moves_two_partitions_and_keeps_two_and_an_eager_one_moves_all() {
        let cooperative = include_str!("../../../www/scenarios/cooperative-join.tide");
        assert_eq!(chips(cooperative, 8, 14), ["kept", "nobody", "orders-2", "orders-3"]);
        let eager = cooperative.replace("partition.assignment.strategy=cooperative-sticky", "partition.assignment.strategy=range");
        assert_eq!(chips(&eager, 8, 14), ["nobody", "orders-0", "orders-1", "orders-2", "orders-3"]);
        let modern = include_str!("../../../www/scenarios/consumer-protocol.tide");
        let moved = chips(modern, 8, 14);
        assert!(moved.contains(&"kept".to_owned()) && moved.iter().filter(|word| word.starts_with("orders")).count() == 3, "{moved:?}");
    }
}
