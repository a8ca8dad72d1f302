//! An open transaction as a bracket over its records: from its first offset to its last one so far, and open to the right, since its
//! marker is still to come. A foot stands on each record that is its own: other producers write in between.

use super::layout::Row;
use super::shape::{Ink, Shape, at};
use crate::kafka::broker::PartitionView;
use crate::world::ProcessState;
use crate::world::view::{PartitionState, RecordState, TransactionEnd, WorldView};

/// Brackets above each other: more share the highest line.
const LEVELS: usize = 2;

pub(super) fn brackets(view: &WorldView, state: &PartitionState, row: &Row, out: &mut Vec<Shape>) {
    let p = &state.view;
    let end = row.first.saturating_add(row.capacity);
    for (level, (first, producer)) in p.open_transactions.iter().enumerate() {
        let is_own = |r: &&RecordState| {
            r.producer_id == *producer && r.transaction == Some(TransactionEnd::Open) && (row.first..end).contains(&r.offset)
        };
        let own = || state.records.iter().filter(is_own);
        let last = own().map(|r| r.offset).max().unwrap_or(*first).max(*first);
        let (lift, foot) = if row.dense() { (2.5, 1.5) } else { (4.0 + 3.0 * level.min(LEVELS - 1) as f32, 3.0) };
        let y = row.top - lift;
        let ink = ink(view, *producer);
        let mut line = |x1: f32, y1: f32, x2: f32, y2: f32, dash| {
            out.push(Shape::Line { from: at(x1, y1), to: at(x2, y2), width: 1.75, ink, dash, alpha: 1.0 });
        };
        let (from, to) = (row.slot(*first), row.slot(last.saturating_add(1)) - (row.pitch - row.cell.0));
        line(from, y, to.max(from + 2.0), y, 0.0);
        // Where its beginning is in view, it has a corner.
        if *first >= row.first && *first < end {
            line(from + 0.9, y, from + 0.9, row.top + foot, 0.0);
        }
        // What may still come.
        line(to, y, (to + 1.5 * row.pitch.max(6.0)).min(row.cells_x + row.span), y, 2.5);
        if row.dense() {
            continue;
        }
        for r in own().filter(|r| r.offset > *first) {
            let x = row.middle(r.offset);
            line(x, y, x, row.top, 0.0);
        }
    }
}

/// Red where the producer has no process any more that could end it.
fn ink(view: &WorldView, producer: i64) -> Ink {
    let runs = |state| matches!(state, ProcessState::Running | ProcessState::Stopping | ProcessState::New);
    if view.writer_of(producer).is_none_or(|(_, state)| runs(state)) { Ink::Ink } else { Ink::Bad }
}

/// Whose transaction holds the last stable offset, and whether anybody is there to end it.
pub(super) fn words(view: &WorldView, p: &PartitionView) -> Option<(String, Ink)> {
    let (_, producer) = p.open_transactions.first()?;
    let name = view.producer_name(*producer);
    let others = match p.open_transactions.len() {
        0 | 1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    Some(match ink(view, *producer) {
        Ink::Bad => (format!("open until {name}'s timeout{others}"), Ink::Bad),
        _ => (format!("open: {name}{others}"), Ink::Muted),
    })
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Glyph, Look};
    use super::super::tests::texts;
    use super::super::{View, hint, scene};
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;
    use crate::world::target::Target;

    fn view(text: &str, seconds: i64) -> WorldView {
        let mut play = Playback::new(Scenario::parse(text).expect("it reads")).expect("it begins");
        play.run_until(EPOCH.plus_millis(seconds * 1000));
        play.world().view()
    }

    #[test]
    fn a_hanging_transaction_has_a_bracket_from_its_first_record_and_holds_the_last_stable_offset() {
        let text = include_str!("../../../www/scenarios/hanging-transaction.tide");
        let open = |view: &WorldView| {
            let lines = scene(view, view.now, &View::new(1280.0)).shapes;
            let level = |shape: &Shape| match shape {
                Shape::Line { from, to, width: 1.75, dash: 0.0, .. } => from.y == to.y,
                _ => false,
            };
            lines.into_iter().filter(level).collect::<Vec<_>>()
        };
        let before = view(text, 4);
        let p = &before.partitions[0];
        let (first, id) = p.view.open_transactions[0];
        assert_eq!((p.view.open_transactions.len(), p.view.last_stable_offset), (1, first));
        assert_eq!(before.producer_name(id), "checkout");
        let row = &super::super::layout(&before, &View::new(1280.0)).rows[0];
        let last = p.records.iter().filter(|r| r.producer_id == id).map(|r| r.offset).max().expect("it has records");
        let [Shape::Line { from, to, ink, .. }] = open(&before)[..] else { panic!("one bracket") };
        assert_eq!((from.x, to.x, ink), (row.slot(first), row.slot(last) + row.cell.0, Ink::Ink));
        let said = texts(&scene(&before, before.now, &View::new(1280.0)));
        assert!(said.contains(&format!("LSO {first}")) && said.contains(&"open: checkout".to_owned()), "{said:?}");
        // Its producer is dead, and it is still there.
        let after = view(text, 20);
        assert!(matches!(open(&after)[..], [Shape::Line { ink: Ink::Bad, .. }]));
        let wait = after.waits.iter().find(|wait| &*wait.who == "checkout").expect("it is waited for");
        let ended = view(text, 45);
        assert!(open(&ended).is_empty() && ended.now > wait.at);
        let aborted = ended.partitions[0].records.iter().find(|r| r.control).expect("its marker is seen");
        assert!((aborted.timestamp - wait.at.millis()).abs() < 1000, "{} {}", aborted.timestamp, wait.at.millis());
    }

    #[test]
    fn aborted_records_are_hollow_and_markers_have_their_own_shapes() {
        let view = view(include_str!("../../../www/scenarios/aborted-records.tide"), 15);
        let shapes = scene(&view, view.now, &View::new(1280.0)).shapes;
        let count = |wanted: &dyn Fn(Look, Glyph) -> bool| {
            shapes.iter().filter(|shape| matches!(shape, Shape::Cell { look, glyph, .. } if wanted(*look, *glyph))).count()
        };
        let hollow = count(&|look, glyph| look == Look::Hollow && glyph != Glyph::Abort);
        let (commits, aborts) = (count(&|_, glyph| glyph == Glyph::Commit), count(&|_, glyph| glyph == Glyph::Abort));
        assert!(commits > 0 && aborts > 0, "{commits} {aborts}");
        assert!(hollow > 0 && hollow <= 6 * aborts + 6 && count(&|look, _| look == Look::Solid) > 6, "{hollow}");
        let p = &view.partitions[0];
        let words = |wanted: fn(&RecordState) -> bool| {
            let record = p.records.iter().rev().find(|r| wanted(r)).expect("there is one");
            hint(&view, &Target::Record(p.view.topic.clone(), 0, record.offset))
        };
        let aborted = words(|r| !r.control && r.transaction == Some(TransactionEnd::Aborted));
        assert!(aborted.ends_with(", aborted: read_committed consumers leave it out (by checkout)"), "{aborted}");
        let marker = words(|r| r.control && r.transaction == Some(TransactionEnd::Aborted));
        assert!(marker.contains("ABORT marker: what checkout wrote"), "{marker}");
    }

    #[test]
    fn an_app_that_consumes_and_produces_is_named_as_the_one_whose_transaction_is_open() {
        let text = "tidepool 1\ntitle t\nseed 5\nbroker 1\nlink latency=40ms jitter=20ms\nconfig offsets.topic.num.partitions=1\n\
                    config transaction.state.log.num.partitions=1\nconfig group.initial.rebalance.delay.ms=500\n\
                    topic orders partitions=1\ntopic copies partitions=1\nproducer checkout topic=orders rate=4/s acks=all\n\
                    consumer copy-1 group=copy topics=orders handle=50ms auto.offset.reset=earliest output=copies \
                    delivery=exactly-once producer.linger.ms=0\n\
                    run 60s";
        let mut play = Playback::new(Scenario::parse(text).expect("it reads")).expect("it begins");
        let mut named = 0;
        for at in (5_000..15_000).step_by(10) {
            play.run_until(EPOCH.plus_millis(at));
            let view = play.world().view();
            let copies = view.partitions.iter().find(|p| &*p.view.topic == "copies").expect("it is there");
            for (_, id) in &copies.view.open_transactions {
                let (name, state) = view.writer_of(*id).expect("it is known");
                assert_eq!((&**name, state), ("copy-1", ProcessState::Running));
                assert_eq!(words(&view, &copies.view), Some(("open: copy-1".to_owned(), Ink::Muted)));
                named += 1;
            }
        }
        assert!(named > 10, "{named}");
    }
}
