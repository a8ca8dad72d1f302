//! Many partitions, two arrangements, one record's way, and one partition's records at large.

use super::arrangements::{by_broker::BY_BROKER, by_topic::BY_TOPIC};
use super::tests::{moment, partition, s, texts};
use super::*;
use crate::playground::scenario::{Playback, Scenario};
use crate::world::ProcessState;
use crate::world::view::{BrokerState, ReplicaState};
use crate::world::{EPOCH, World};

pub(super) const THREE: &str = include_str!("../../../www/scenarios/three-brokers.tide");
pub(super) const FIFTY: &str = include_str!("../../../www/scenarios/fifty-partitions.tide");

/// Between the arrangements by topic and by broker.
pub(super) fn blend(part: f32) -> ArrangementBlend {
    ArrangementBlend { from: &BY_TOPIC, to: &BY_BROKER, part }
}

pub(super) fn played(text: &str, seconds: i64) -> World {
    let mut play = Playback::new(Scenario::parse(text).expect("the scenario reads")).expect("the world begins");
    play.run_until(EPOCH.plus_millis(seconds * 1000));
    play.world().clone()
}

pub(super) fn replicated() -> WorldView {
    let mut view = moment();
    view.brokers = (1..=3)
        .map(|id| BrokerState { node_id: id, name: s(&format!("broker-{id}")), state: ProcessState::Running, ..BrokerState::default() })
        .collect();
    for p in view.partitions.iter_mut().filter(|p| !p.internal) {
        p.view.replicas = vec![1, 2, 3];
        p.view.isr = vec![1, 2];
        p.view.leader = 1 + p.view.partition;
        for broker in 1..=3 {
            view.replicas.push(ReplicaState {
                broker,
                topic: p.view.topic.clone(),
                partition: p.view.partition,
                is_leader: broker == p.view.leader,
                in_isr: broker < 3,
                leader_epoch: 0,
                log_start: 0,
                high_watermark: p.view.high_watermark,
                end_offset: if broker == 3 { 1 } else { p.view.end_offset },
                running: broker < 3,
                torn: None,
                records: Vec::new(),
            });
        }
    }
    view
}

#[test]
fn fifty_partitions_are_ribbons_to_one_scale_and_none_is_left_out() {
    let view = played(FIFTY, 24).view();
    for width in [320.0, 390.0, 800.0, 1280.0, 2000.0] {
        for arrangement in [blend(0.0), blend(0.4), blend(1.0)] {
            let picture = scene(&view, view.now, &View { arrangement, ..View::new(width) });
            let names = picture.places.iter().filter(|p| matches!(p.what, Target::Partition(..))).count();
            let members = picture.places.iter().filter(|p| matches!(p.what, Target::Consumer(_))).count();
            assert_eq!((names, members, picture.hitboxes.len()), (50, 20, 50));
            for p in &picture.places {
                assert!(
                    p.rect.x >= 0.0 && p.rect.right() <= width + 0.5 && p.rect.bottom() <= picture.height,
                    "{p:?} at {width}, {arrangement:?}"
                );
            }
            let said = texts(&picture);
            for p in view.partitions.iter().filter(|p| !p.internal) {
                assert!(said.contains(&p.view.end_offset.to_string()), "how many records {} has", p.view.partition);
            }
            let first = &picture.hitboxes[0];
            assert!(picture.hitboxes.iter().all(|t| t.pitch == first.pitch), "lengths can be compared");
        }
    }
    let picture = scene(&view, view.now, &View::new(1280.0));
    let dashed = |s: &&Shape| matches!(s, Shape::Line { dash, ink: Ink::Ink, .. } if *dash > 0.0);
    let above = view.partitions.iter().filter(|p| !p.internal && p.view.high_watermark < p.view.end_offset).count();
    assert_eq!(picture.shapes.iter().filter(dashed).count(), above, "uncommitted is dashed");
    assert_eq!(texts(&picture).iter().filter(|t| *t == "to 50").count(), 8, "each producer's bundle says how many ways it is");
    assert!(picture.height < 1200.0, "{}", picture.height);
}

#[test]
fn ribbons_do_not_cover_each_other() {
    for view in [played(FIFTY, 24).view(), played(THREE, 20).view(), replicated()] {
        for width in [390.0, 1280.0] {
            for arrangement in ARRANGEMENTS.map(ArrangementBlend::at) {
                let place = layout(&view, &View { arrangement, ..View::new(width) });
                let mut spans: Vec<(f32, f32)> = place.rows.iter().map(|r| (r.top, r.top + r.cell.1)).collect();
                spans.extend(place.rows.iter().flat_map(|r| &r.followers).map(|f| (f.1 - 1.0, f.1 + 1.0)));
                spans.sort_by(|a, b| a.0.total_cmp(&b.0));
                for pair in spans.windows(2) {
                    assert!(pair[0].1 <= pair[1].0, "{pair:?} at {width}, {arrangement:?}");
                }
            }
        }
    }
}

#[test]
fn by_broker_each_replica_stands_in_its_brokers_band() {
    let view = replicated();
    let place = layout(&view, &View { arrangement: blend(1.0), ..View::new(1280.0) });
    let within = |y: f32, id: i32| {
        let band = place.bands[usize::try_from(id).expect("an id") - 1];
        y > band.y && y < band.bottom()
    };
    for (row, leader) in place.rows.iter().zip([1, 2]) {
        assert_eq!(row.home, leader);
        assert!(within(row.top, leader));
        assert_eq!(row.followers.len(), 2);
        assert!(row.followers.iter().all(|(id, y)| within(*y, *id)));
    }
    let said = texts(&scene(&view, view.now, &View { arrangement: blend(1.0), ..View::new(1280.0) }));
    for words in ["leads 1, follows 1", "leads 0, follows 2", "orders-0", "down"] {
        assert!(said.iter().any(|t| t == words), "{words} in {said:?}");
    }
}

#[test]
fn between_two_arrangements_everything_is_on_its_way() {
    let view = replicated();
    let at = |part| scene(&view, view.now, &View { arrangement: blend(part), ..View::new(1280.0) });
    let (a, half, b) = (at(0.0), at(0.5), at(1.0));
    for ((a, half), b) in a.places.iter().zip(&half.places).zip(&b.places) {
        assert_eq!((&a.what, &b.what), (&half.what, &half.what));
        assert!((half.rect.y - f32::midpoint(a.rect.y, b.rect.y)).abs() < 0.1, "{:?}", half.what);
    }
    assert_ne!(a.places, b.places);
    assert_eq!(at(0.0), scene(&view, view.now, &View::new(1280.0)));
}

#[test]
fn a_partition_looked_into_has_large_cells_with_words() {
    let view = played(THREE, 20).view();
    for width in [390.0, 1280.0] {
        let camera = View { focus: Some(Target::Partition(s("orders"), 3)), zoom: 2.0, ..View::new(width) };
        let picture = scene(&view, view.now, &camera);
        let row = &layout(&view, &camera).rows[3];
        assert!(row.large() && row.followers.len() == 2);
        let p = &view.partitions[3];
        let newest = p.records.last().expect("a record");
        let said = texts(&picture);
        assert!(said.contains(&format!("{} bytes", newest.value_bytes)), "{said:?}");
        assert!(said.contains(&newest.offset.to_string()), "each offset is written");
        let spot = picture.spot(&Target::Record(s("orders"), 3, newest.offset)).expect("it is seen");
        assert!(spot.w > 60.0 && spot.right() < width);
    }
}

#[test]
fn records_and_dots_are_hit_and_named() {
    let mut view = moment();
    let camera = View::new(1280.0);
    let picture = scene(&view, view.now, &camera);
    for offset in [0, 5, 7] {
        let what = Target::Record(s("orders"), 0, offset);
        let spot = picture.spot(&what).expect("it is seen");
        assert_eq!(picture.hit(spot.x + 3.0, spot.y + 3.0), Some(what));
    }
    let hitbox = &picture.hitboxes[0];
    assert_eq!(picture.hit(hitbox.rect.right() - 2.0, hitbox.rect.y + 3.0), Some(Target::Partition(s("orders"), 0)), "beyond the end");
    let name = |offset| hint(&view, &Target::Record(s("orders"), 0, offset));
    assert_eq!(name(5), "orders-0 offset 5, key key-5, 90 bytes, committed");
    assert_eq!(name(7), "orders-0 offset 7, key key-0, 90 bytes, not yet readable");
    assert_eq!(hint(&view, &Target::Partition(s("orders"), 1)), "orders-1: leader broker-1, epoch 0, high watermark 3, end offset 3");
    let walk = |from, step| picture.walk("orders", 0, from, step);
    assert_eq!(walk(None, 1), Some(Target::Record(s("orders"), 0, 7)), "the newest first");
    assert_eq!(walk(Some(7), -1), Some(Target::Record(s("orders"), 0, 6)));
    assert_eq!(walk(Some(0), -1), Some(Target::Record(s("orders"), 0, 0)));
    assert_eq!(walk(Some(7), 1), Some(Target::Record(s("orders"), 0, 7)));
    view.flights = vec![tests::flight(true, "broker-1", "billing-1", 5)];
    let picture = scene(&view, EPOCH.plus_micros(1_000_000), &camera);
    let (at, what) = picture.moving.first().expect("a dot");
    assert_eq!(*what, Target::Record(s("orders"), 0, 5));
    assert_eq!(picture.hit(at.x + 2.0, at.y), Some(what.clone()));
}

#[test]
fn the_way_of_a_record_is_told_from_its_produce_request_to_the_commit() {
    let world = played(THREE, 30);
    let view = world.view();
    let p = &view.partitions[1];
    let offset = view.groups[0].offsets.iter().find(|o| o.1 == 1).expect("committed").2 - 2;
    let trail = follow(&world, &view, &p.view.topic, 1, offset);
    let spots: Vec<String> =
        trail.stations.iter().map(|s| format!("{:?}", s.spot).split('(').next().unwrap_or_default().to_owned()).collect();
    for spot in ["Producer", "Leader", "Watermark", "Consumer", "Handled", "Committed"] {
        assert_eq!(spots.iter().filter(|s| *s == spot).count(), 1, "{spot} in {spots:?}");
    }
    assert_eq!(spots.iter().filter(|s| *s == "Follower").count(), 2);
    assert_eq!((spots[0].as_str(), spots[1].as_str()), ("Producer", "Leader"));
    assert!(trail.stations.windows(2).all(|w| w[0].at <= w[1].at && w[0].event < w[1].event));
    assert!(trail.stations.iter().all(|s| world.event(s.event).is_some_and(|e| e.at == s.at)));
    assert_eq!(trail.note, "");

    let newest = follow(&world, &view, &p.view.topic, 1, p.view.end_offset);
    assert_eq!((newest.stations.len(), newest.note), (0, format!("No record has this offset yet: the log ends at {}.", p.view.end_offset)));
    // A world that keeps no events knows the record and not its way.
    let silent = follow(&world.without_events(), &view, &p.view.topic, 1, offset);
    assert_eq!((silent.stations.len(), silent.note.as_str()), (0, "How it came is no longer among the events that are kept."));

    // On the stage: everything else steps back, and each station has its number.
    let count = trail.stations.len();
    let camera = View { trail: Some(Arc::new(trail)), ..View::new(1280.0) };
    let picture = scene(&view, view.now, &camera);
    let veil = picture.shapes.iter().position(|s| matches!(s, Shape::Veil { .. })).expect("a veil");
    let lit = Scene { shapes: picture.shapes[veil..].to_vec(), ..Scene::default() };
    let numbers = texts(&lit);
    assert!((1..=count).all(|n| numbers.contains(&n.to_string())), "{numbers:?}");
    assert!(lit.shapes.iter().filter(|s| matches!(s, Shape::Curve { ink: Ink::Accent, .. })).count() >= 3);
}

#[test]
fn a_record_that_was_cut_says_so() {
    let mut view = moment();
    let world = played(THREE, 1);
    view.partitions.push(partition("lost", 0, 4, 4));
    assert_eq!(follow(&world, &view, &s("gone"), 0, 1).note, "The partition is gone.");
    view.partitions.iter_mut().for_each(|p| p.view.log_start_offset = 2);
    assert_eq!(follow(&world, &view, &s("lost"), 0, 1).note, "Retention has deleted it: the log begins at offset 2.");
}

#[test]
fn six_partitions_with_their_flags_fit_a_room_and_rows_stay_legible() {
    let view = played(THREE, 30).view();
    let place = |room| layout(&view, &View { room, ..View::new(1280.0) });
    assert!(place(606.0).height <= 606.0, "{}", place(606.0).height);
    for room in [0.0, 1.0, 300.0, 606.0, 706.0, 2000.0] {
        let place = place(room);
        let steps: Vec<f32> = place.rows.windows(2).map(|rows| rows[1].top - rows[0].top).collect();
        assert!(steps.iter().all(|step| (69.9..92.1).contains(step)), "{steps:?} in {room}");
        // Below a flag is the next ribbon's high watermark, by its name.
        for pair in place.rows.windows(2) {
            let flag = pair[0].rail + pair[0].name() / 7.0 + 1.2 + pair[0].name() / 3.0 + 11.7;
            assert!(flag < pair[1].top - pair[1].name() - 8.0, "{flag} in {room}");
        }
        // Who writes and who reads stands at the middle of what is read.
        let middle = |all: &[Rect]| f32::midpoint(all[0].y, all[all.len() - 1].bottom());
        let groups: Vec<Rect> = place.groups.iter().map(|g| g.rect).collect();
        assert!(room < 600.0 || (middle(&place.producers) - middle(&groups)).abs() < 1.0);
    }
}

#[test]
fn what_stands_is_the_same_while_only_time_passes_and_what_moves_is_not_among_it() {
    let mut view = played(THREE, 20).view();
    assert!(view.flights.iter().any(|f| !f.cargo.is_empty()), "records are under way");
    for camera in [View::new(1280.0), View::new(390.0), View { arrangement: blend(1.0), ..View::new(1280.0) }] {
        let one = scene(&view, view.now, &camera);
        let next = scene(&view, view.now.plus_micros(900), &camera);
        let (a, b) = (one.shapes.split_at(one.standing), next.shapes.split_at(next.standing));
        assert!(a.0.len() > 100 && a.0 == b.0, "ribbons and ways stand");
        assert_ne!(a.1, b.1, "records move");
        assert!(
            !a.0.iter().any(|s| matches!(s, Shape::Dots(dots) if dots.iter().any(|dot| dot.radius > 2.0))),
            "and none of them is painted below"
        );
    }
    let before = scene(&view, view.now, &View::new(1280.0));
    view.producers[0].accumulated.push((s("orders"), 0, 3));
    view.flights.clear();
    let now = scene(&view, view.now, &View::new(1280.0));
    assert_eq!(before.shapes[..before.standing], now.shapes[..now.standing], "a record that waits is no ribbon's matter");
    view.partitions[0].view.high_watermark -= 1;
    let now = scene(&view, view.now, &View::new(1280.0));
    assert_ne!(before.shapes[..before.standing], now.shapes[..now.standing], "a high watermark is");
}
