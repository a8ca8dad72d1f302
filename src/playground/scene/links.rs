//! Links that are cut, slow or lossy: a line between brokers, the ways of clients, and what is said of each.

use super::layout::Layout;
use super::shape::{Ink, Rect, Shape, at};
use crate::world::view::WorldView;
use std::sync::Arc;

/// One line of words.
pub(super) const LINE_H: f32 = 18.0;
/// Room for the line's pattern before them.
const SWATCH: f32 = 28.0;

/// The links of which something is wrong, each once.
pub(super) fn links(view: &WorldView) -> Vec<(Arc<str>, Arc<str>)> {
    let mut out: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for (from, to, _) in &view.link_faults {
        let pair = if from < to || &**to == "everyone" { (from, to) } else { (to, from) };
        if out.iter().all(|(a, b)| (a, b) != pair) {
            out.push((pair.0.clone(), pair.1.clone()));
        }
    }
    out
}

/// How the way between two nodes is drawn; `None`: as always.
pub(super) fn look(view: &WorldView, a: &str, b: &str) -> Option<(Ink, f32)> {
    let is = |from: &str, to: &str| (from == a && (to == b || to == "everyone")) || (from == b && (to == a || to == "everyone"));
    let found = view.link_faults.iter().find(|fault| is(&fault.0, &fault.1))?;
    Some(if found.2.is_none() { (Ink::Bad, 2.0) } else { (Ink::Accent, 7.0) })
}

/// A line from broker to broker, below their cards or beside them, and its pattern before the words about it.
pub(super) fn draw(view: &WorldView, layout: &Layout, out: &mut Vec<Shape>) {
    for (n, ((a, b), rect)) in links(view).iter().zip(&layout.links).enumerate() {
        let Some((ink, dash)) = look(view, a, b) else { continue };
        let y = rect.y + LINE_H / 2.0;
        out.push(Shape::Line { from: at(rect.x - SWATCH, y), to: at(rect.x - 7.0, y), width: 1.5, ink, dash, alpha: 1.0 });
        let card = |name: &str| view.brokers.iter().zip(&layout.brokers).find(|(broker, _)| &*broker.name == name).map(|(_, rect)| *rect);
        let (Some(from), Some(to)) = (card(a), card(b)) else { continue };
        let (down, left) = ((12.0 + 3.0 * n as f32) * (1.0 - layout.banded), (12.0 + 3.0 * n as f32) * layout.banded);
        // From one row of cards to the next it ends above.
        let end = |card: Rect, other: Rect| {
            let (edge, down) = if other.y < card.y { (card.y, -down) } else { (card.bottom(), down) };
            let middle = card.y + card.h / 2.0;
            let (x, y) = (card.x + card.w / 2.0 * (1.0 - layout.banded), edge + (middle - edge) * layout.banded);
            (at(x, y), at(x - left, y + down))
        };
        let ((from, a), (to, b)) = (end(from, to), end(to, from));
        out.push(Shape::Curve { points: [from, a, b, to], width: 1.5, ink, dash, alpha: 1.0 });
    }
}

/// Places for the words, one below the other; gives back where they end.
pub(super) fn place(count: usize, x: f32, mut y: f32, w: f32, out: &mut Vec<Rect>) -> f32 {
    out.clear();
    for _ in 0..count {
        out.push(Rect { x: x + SWATCH, y, w: w - SWATCH, h: LINE_H });
        y += LINE_H;
    }
    if count == 0 { y } else { y + 8.0 }
}

#[cfg(test)]
mod tests {
    use super::super::{View, scene, tests::moment, tests_many::blend};
    use super::*;
    use crate::world::ProcessState;
    use crate::world::action::LinkSpec;
    use crate::world::target::Target;
    use crate::world::view::BrokerState;

    fn s(text: &str) -> Arc<str> {
        text.into()
    }

    #[test]
    fn each_link_says_what_is_wrong_each_way() {
        let mut view = moment();
        assert_eq!(links(&view), []);
        let slow = Some(LinkSpec { latency_us: 200_000, jitter_us: 30_000, loss_ppm: 50_000, duplicate_ppm: 0 });
        view.link_faults = vec![
            (s("broker-1"), s("broker-2"), None),
            (s("web"), s("everyone"), None),
            (s("broker-2"), s("broker-1"), slow),
            (s("broker-2"), s("checkout"), slow),
            (s("checkout"), s("broker-2"), slow),
        ];
        let words: Vec<_> = links(&view).iter().map(|(a, b)| format!("{a} {b}: {}", view.link_words(a, b))).collect();
        assert_eq!(
            words,
            ["broker-1 broker-2: → cut, ← 200ms to 230ms, 5% lost", "web everyone: cut", "broker-2 checkout: 200ms to 230ms, 5% lost",]
        );
        assert_eq!(look(&view, "broker-2", "broker-1"), Some((Ink::Bad, 2.0)));
        assert_eq!(look(&view, "broker-9", "web"), Some((Ink::Bad, 2.0)));
        assert_eq!(look(&view, "broker-2", "checkout"), Some((Ink::Accent, 7.0)));
        assert_eq!(look(&view, "broker-1", "checkout"), None);
    }

    #[test]
    fn it_is_drawn_where_it_is_and_has_its_own_room() {
        let mut view = moment();
        view.brokers.push(BrokerState { node_id: 2, name: s("broker-2"), state: ProcessState::Running, ..BrokerState::default() });
        for (width, mix) in [(1280.0, 0.0), (1280.0, 0.5), (1280.0, 1.0), (390.0, 0.0), (390.0, 1.0)] {
            let camera = View { arrangement: blend(mix), ..View::new(width) };
            let dashed = |view: &WorldView, ink: Ink, dash: f32| {
                let shapes = scene(view, view.now, &camera).shapes;
                let is = |shape: &&Shape| matches!(shape, Shape::Curve { ink: i, dash: d, .. } if (*i, *d) == (ink, dash));
                shapes.iter().filter(is).count()
            };
            let before = scene(&view, view.now, &camera);
            let mut faulty = view.clone();
            let slow = LinkSpec { latency_us: 200_000, jitter_us: 0, loss_ppm: 0, duplicate_ppm: 0 };
            faulty.link_faults = vec![(s("broker-1"), s("broker-2"), None), (s("broker-1"), s("checkout"), Some(slow))];
            // One line between the brokers; the producer's ways to the two partitions that broker-1 leads.
            assert_eq!((dashed(&faulty, Ink::Bad, 2.0), dashed(&view, Ink::Bad, 2.0)), (1, 0));
            assert!(dashed(&faulty, Ink::Accent, 7.0) >= 2 && dashed(&view, Ink::Accent, 7.0) == 0);
            let after = scene(&faulty, faulty.now, &camera);
            let lines: Vec<_> = after.places.iter().filter(|place| matches!(place.what, Target::Link(..))).collect();
            assert_eq!(lines.len(), 2);
            assert!(after.height >= before.height);
            // On the way from one arrangement to the other things may pass each other.
            for line in lines.into_iter().filter(|_| mix != 0.5) {
                let over =
                    |r: &Rect| r.x < line.rect.right() && line.rect.x < r.right() && r.y < line.rect.bottom() && line.rect.y < r.bottom();
                let under = after.places.iter().filter(|place| place.what != line.what && over(&place.rect));
                assert_eq!(under.map(|place| &place.what).collect::<Vec<_>>(), Vec::<&Target>::new(), "{width} {mix}");
            }
        }
    }
}
