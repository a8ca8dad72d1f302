//! From the whole cluster to one record: at each step, and between the steps.

use super::arrangements::{by_broker::BY_BROKER, by_topic::BY_TOPIC};
use super::tests::{s, texts};
use super::tests_many::{FIFTY, THREE, played};
use super::*;
use crate::world::EPOCH;

fn record(view: &WorldView, n: i32) -> Target {
    let p = view.partitions.iter().find(|p| p.view.partition == n && !p.internal).expect("a partition");
    Target::Record(p.view.topic.clone(), n, p.records[p.records.len() / 2].offset)
}

fn cameras(view: &WorldView) -> Vec<View> {
    let things = [record(view, 2), Target::Partition(s("orders"), 5), Target::Topic(s("orders")), Target::Broker(s("broker-2"))];
    let mut all = Vec::new();
    for focus in things {
        for (width, room) in [(320.0, 500.0), (390.0, 0.0), (800.0, 300.0), (1280.0, 606.0), (1280.0, 0.0)] {
            for arrangement in ARRANGEMENTS.map(ArrangementBlend::at) {
                all.push(View { focus: Some(focus.clone()), arrangement, room, ..View::new(width) });
            }
        }
    }
    all
}

#[test]
fn every_moment_of_the_way_can_be_drawn_and_what_is_out_of_view_is_counted() {
    for view in [played(THREE, 30).view(), played(FIFTY, 24).view()] {
        let all = view.partitions.iter().filter(|p| !p.internal).count();
        for camera in cameras(&view) {
            for step in 0..=15 {
                let camera = View { zoom: step as f32 / 5.0, ..camera.clone() };
                let picture = scene(&view, view.now, &camera);
                let words = format!("{:?} {:?}", picture.shapes, picture.places);
                assert!(!words.contains("NaN") && !words.contains("inf,"), "{camera:?}");
                let place = layout(&view, &camera);
                let seen = place.rows.iter().filter(|row| place.sees(&row.rect())).count();
                // "2 brokers, 1 topic, 3 partitions led elsewhere, 1 partition, 4 records under way"
                let part = |word: &str| word.contains("partition").then(|| word.trim().split(' ').next()?.parse::<usize>().ok()).flatten();
                let told: usize = picture.off_screen.trim_start_matches("Not in view:").split(',').filter_map(part).sum();
                let counted = told == all - seen;
                assert!(counted, "{} of {all}: {} with {camera:?}", all - seen, picture.off_screen);
                assert!(place.height.is_finite() && place.height < 12_000.0);
                for p in &picture.places {
                    let within = p.rect.x >= 0.0 && p.rect.right() <= camera.width + 0.5;
                    assert!(within, "{p:?} with {camera:?}");
                }
            }
        }
    }
}

#[test]
fn each_step_in_fills_the_room_with_less() {
    let view = played(THREE, 30).view();
    let what = record(&view, 2);
    for arrangement in ARRANGEMENTS.map(ArrangementBlend::at) {
        let at = |zoom| View { focus: Some(what.clone()), zoom, arrangement, room: 606.0, ..View::new(1280.0) };
        let mut cell = 0.0;
        for zoom in 0..=3_u8 {
            let camera = at(f32::from(zoom));
            let place = layout(&view, &camera);
            let row = &place.rows[2];
            assert!(row.cell.0 > cell, "cells grow: {} after {cell} at {zoom}", row.cell.0);
            cell = row.cell.0;
            if zoom == 0 {
                continue;
            }
            let seen: Vec<i32> = place.rows.iter().filter(|r| place.sees(&r.rect())).map(|r| r.home).collect();
            match (zoom, arrangement.to.container) {
                (1, Container::Topic) => assert_eq!(seen.len(), 6),
                (1, Container::Broker) => assert!(!seen.is_empty() && seen.iter().all(|home| *home == row.home)),
                _ => assert_eq!(seen.len(), 1),
            }
            assert!((606.0..700.0).contains(&place.height), "it is one room: {}", place.height);
            let lines = place.rows.iter().flat_map(|r| r.followers.iter().map(|f| f.1).chain([r.rail]));
            let last = lines.filter(|y| *y < place.height).fold(0.0, f32::max);
            let last = place.record.as_ref().map_or(last, |record| record.1.bottom());
            assert!(last > 0.55 * 606.0, "it fills the room: {last} at {zoom}, {arrangement:?}");
        }
        let picture = scene(&view, view.now, &at(3.0));
        let words = picture.places.iter().find(|p| p.what == what).expect("the record's words have a place");
        let spot = picture.spot(&what).expect("its cell is seen");
        assert!(spot.w > 120.0 && words.rect.y > spot.bottom() && words.rect.w >= 300.0 && words.rect.h > 200.0, "{spot:?} {words:?}");
        // Where the log ends lies beyond its neighbours, and that is said.
        let said = texts(&picture);
        assert!(said.iter().any(|t| t.starts_with("HW ") && t.ends_with('›')), "{said:?}");
        assert!(said.iter().any(|t| t == "broker-1"), "copies say whose they are");
    }
}

#[test]
fn the_way_is_continuous() {
    let view = played(THREE, 30).view();
    let at = |zoom| layout(&view, &View { focus: Some(record(&view, 2)), zoom, room: 606.0, ..View::new(1280.0) });
    for k in 1..3_u8 {
        let (before, after) = (at(f32::from(k) - 0.001), at(f32::from(k)));
        for (a, b) in before.rows.iter().zip(&after.rows) {
            assert!((a.top - b.top).abs() < 2.0 && (a.cell.0 - b.cell.0).abs() < 1.0, "at step {k}: {} to {}", a.top, b.top);
        }
    }
}

#[test]
fn steps_lead_in_and_out_and_nowhere_else() {
    let view = played(THREE, 30).view();
    let (topic, partition) = (Target::Topic(s("orders")), Target::Partition(s("orders"), 2));
    let what = record(&view, 2);
    let way = [None, Some(topic.clone()), Some(partition.clone()), Some(what.clone())];
    for pair in way.windows(2) {
        assert_eq!(zoom_into(&view, pair[0].as_ref(), &what, &BY_TOPIC), pair[1]);
        assert_eq!(zoom_out(&view, pair[1].as_ref().expect("a step"), &BY_TOPIC), pair[0]);
    }
    assert_eq!(zoom_into(&view, Some(&what), &what, &BY_TOPIC), Some(what.clone()), "it goes no further");
    let other = Target::Partition(s("orders"), 4);
    assert_eq!(zoom_into(&view, Some(&partition), &other, &BY_TOPIC), Some(other.clone()), "to the neighbour, as deep");
    let home = view.partitions[2].view.leader;
    assert_eq!(zoom_steps(&view, &partition, &BY_BROKER), [Target::Broker(s(&format!("broker-{home}"))), partition.clone()]);
    for none in [Target::Producer(s("web")), Target::Topic(s("gone")), Target::Partition(s("gone"), 0), Target::Broker(s("broker-1"))] {
        assert!(zoom_steps(&view, &none, &BY_TOPIC).is_empty(), "{none:?}");
        let camera = View { focus: Some(none), zoom: 1.0, ..View::new(1280.0) };
        assert_eq!(scene(&view, view.now, &camera).places, scene(&view, view.now, &View::new(1280.0)).places);
    }
}

#[test]
fn a_record_says_what_it_holds_and_where_it_does_not_it_says_why() {
    let world = played(THREE, 30);
    let view = world.view();
    let p = &view.partitions[1];
    let newest = &p.records[p.records.len() - 12];
    let lines = content(&world, &view, "orders", 1, newest.offset);
    let line = |name: &str| lines.iter().find(|l| l.0 == name).map(|l| l.1.clone()).unwrap_or_default();
    assert_eq!(Some(line("key").as_str()), newest.key.as_deref());
    assert!(line("value").starts_with('{') && line("headers") == "none", "{lines:?}");
    let ms = newest.timestamp - EPOCH.0 / 1000;
    assert_eq!(line("timestamp"), format!("{}.{:03} s of the run, by the producer", ms / 1000, ms % 1000));
    let batch = world.batch("orders", 1, newest.offset).expect("it is in a log");
    assert!(line("batch").starts_with(&format!("base offset {}, ", batch.base_offset())), "{}", line("batch"));
    assert_eq!(line("leader epoch"), batch.partition_leader_epoch().to_string());
    assert!(line("producer").contains(", sequence ") && line("acks").contains(" was told at "), "{lines:?}");
    assert!(line("group").starts_with("billing: "));
    let why = |topic, n, offset| content(&world, &view, topic, n, offset).remove(0).1;
    assert_eq!(why("orders", 1, 9_999), format!("No record has this offset at this moment: the log ends at {}.", p.view.end_offset));
    assert_eq!(why("gone", 0, 0), "The partition is not there at this moment.");
    assert_eq!(why("orders", 1, -1), "It is deleted: the log begins at offset 0.");
}
