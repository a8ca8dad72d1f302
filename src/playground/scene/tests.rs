//! The picture of handmade moments.

use super::*;
use crate::kafka::broker::PartitionView;
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::coordinator::GroupState;
use crate::kafka::coordinator::GroupView;
use crate::kafka::time::Time;
use crate::kafka::wire::message::ApiKey;
use crate::world::ProcessState;
use crate::world::view::*;
use std::sync::Arc;

pub(super) fn s(text: &str) -> Arc<str> {
    Arc::from(text)
}

pub(super) fn partition(topic: &str, n: i32, end: i64, hw: i64) -> PartitionState {
    PartitionState {
        view: PartitionView {
            elr: Vec::new(),
            partition_epoch: 0,
            is_leader: true,
            follower_ends: Vec::new(),
            epochs: Vec::new(),
            topic: s(topic),
            partition: n,
            leader: 1,
            leader_epoch: 0,
            replicas: vec![1],
            isr: vec![1],
            min_isr: 1,
            log_start_offset: 0,
            high_watermark: hw,
            last_stable_offset: hw,
            open_transactions: Vec::new(),
            end_offset: end,
            segments: vec![],
        },
        records: (end.saturating_sub(48).max(0)..end)
            .map(|offset| RecordState {
                offset,
                timestamp: 0,
                key: Some(s(&format!("key-{}", offset % 7))),
                tombstone: false,
                control: false,
                value_bytes: 90,
                producer_id: -1,
                transaction: None,
            })
            .collect(),
        internal: topic.starts_with("__"),
    }
}

fn consumer(name: &str, assignment: &[i32]) -> ConsumerState {
    ConsumerState {
        output: None,
        name: s(name),
        group: Some(s("billing")),
        topics: vec![s("orders")],
        state: ProcessState::Running,
        client_state: MembershipState::Stable,
        member: None,
        generation: 1,
        assignment: assignment.iter().map(|n| (s("orders"), *n)).collect(),
        positions: assignment.iter().map(|n| (s("orders"), *n, 5)).collect(),
        handled: 0,
        duplicates: 0,
        failed: 0,
        backlog: 0,
        handle_us: 1000,
        reads_committed: false,
    }
}

pub(super) fn moment() -> WorldView {
    WorldView {
        replicas: Vec::new(),
        now: Time(1_000_000),
        brokers: vec![BrokerState {
            node_id: 1,
            name: s("broker-1"),
            state: ProcessState::Running,
            is_controller: true,
            ..BrokerState::default()
        }],
        partitions: vec![partition("orders", 0, 8, 6), partition("orders", 1, 3, 3), partition("__consumer_offsets", 0, 2, 2)],
        producers: vec![ProducerState {
            name: s("checkout"),
            topic: s("orders"),
            state: ProcessState::Running,
            rate_per_1000s: 2000,
            acks: -1,
            accumulated: vec![],
            pending: 0,
            sent: 0,
            acked: 0,
            failed: 0,
            transactional_id: None,
            producer_id: None,
            transaction: None,
        }],
        consumers: vec![consumer("billing-1", &[0]), consumer("billing-2", &[1])],
        groups: vec![GroupView {
            group: s("billing"),
            group_type: "classic",
            state: GroupState::Stable,
            generation: 1,
            protocol: None,
            leader: None,
            members: vec![],
            deadline: None,
            offsets: vec![(s("orders"), 0, 4)],
        }],
        ..WorldView::default()
    }
}

pub(super) fn flight(response: bool, from: &str, to: &str, offset: i64) -> Flight {
    Flight {
        message: 1,
        from: s(from),
        to: s(to),
        sent: Time(1_000_000),
        arrives: Time(2_000_000),
        api: if response { ApiKey::Fetch } else { ApiKey::Produce },
        response,
        bytes: 100,
        cargo: vec![Cargo { topic: s("orders"), partition: 0, offset, key: Some(1), tombstone: false }].into(),
    }
}

fn dots(scene: &Scene) -> Vec<(f32, f32)> {
    scene
        .shapes
        .iter()
        .flat_map(|s| if let Shape::Dots(dots) = s { &dots[..] } else { &[] })
        .filter_map(|dot| (dot.radius > 4.0).then_some((dot.at.x, dot.at.y)))
        .collect()
}

pub(super) fn texts(scene: &Scene) -> Vec<String> {
    scene.shapes.iter().filter_map(|s| if let Shape::Text { text, .. } = s { Some(text.to_string()) } else { None }).collect()
}

#[test]
fn records_above_the_high_watermark_are_pending_and_all_are_drawn() {
    let view = moment();
    let picture = scene(&view, view.now, &View::new(1280.0));
    let looks: Vec<_> = picture.shapes.iter().filter_map(|s| if let Shape::Cell { look, .. } = s { Some(*look) } else { None }).collect();
    assert_eq!(looks.len(), 11, "internal records are not cells");
    assert_eq!(looks.iter().filter(|l| **l == Look::Pending).count(), 2);
    let texts = texts(&picture);
    for expected in ["HW 6", "LEO 8", "HW 3", "= LEO", "2 records"] {
        assert!(texts.iter().any(|t| t == expected), "{expected} in {texts:?}");
    }
    assert_eq!(picture.shapes.iter().filter(|s| matches!(s, Shape::Flag { text, .. } if &**text == "billing")).count(), 1);
}

#[test]
fn marks_say_what_they_mean_to_who_points_at_them() {
    let view = moment();
    let picture = scene(&view, view.now, &View::new(1280.0));
    let at_text = |words: &str| {
        let mut found = picture.shapes.iter().filter_map(|s| match s {
            Shape::Text { at, text, .. } if &**text == words => Some(*at),
            _ => None,
        });
        found.next().unwrap_or_else(|| panic!("{words} is drawn"))
    };
    let told = |words: &str| {
        let Point { x, y } = at_text(words);
        picture.sign(x + 5.0, y - 4.0).map(|sign| sign.words.to_string()).unwrap_or_default()
    };
    assert!(told("HW 6").starts_with("High watermark 6: "), "{}", told("HW 6"));
    assert!(told("LEO 8").starts_with("Log end offset 8: "), "{}", told("LEO 8"));
    let flag = picture.shapes.iter().find_map(|s| if let Shape::Flag { rect, .. } = s { Some(*rect) } else { None }).expect("a flag");
    let sign = picture.sign(flag.x + 4.0, flag.y + 4.0).expect("it is hit");
    assert!(sign.words.starts_with("billing has committed offset "), "{}", sign.words);
    assert_eq!(sign.rect, flag);
}

#[test]
fn a_record_leaves_its_producer_and_lands_in_the_slot_after_the_last() {
    let mut view = moment();
    view.flights = vec![flight(false, "checkout", "broker-1", -1)];
    let camera = View::new(1280.0);
    let place = layout(&view, &camera);
    let start = dots(&scene(&view, Time(1_000_000), &camera));
    let middle = dots(&scene(&view, Time(1_500_000), &camera));
    let end = dots(&scene(&view, Time(2_000_000), &camera));
    assert_eq!(start, vec![(place.producers[0].right(), place.producers[0].y + place.producers[0].h / 2.0)]);
    let row = &place.rows[0];
    assert!((end[0].0 - row.middle(8)).abs() < 0.01 && (end[0].1 - row.rail).abs() < 0.01);
    assert!(start[0].0 < middle[0].0 && middle[0].0 < end[0].0);
}

#[test]
fn a_fetched_record_leaves_its_own_slot_and_reaches_its_consumer() {
    let mut view = moment();
    view.flights = vec![flight(true, "broker-1", "billing-1", 5)];
    let camera = View::new(1280.0);
    let place = layout(&view, &camera);
    let start = dots(&scene(&view, Time(1_000_000), &camera));
    let end = dots(&scene(&view, Time(2_000_000), &camera));
    assert!((start[0].0 - place.rows[0].middle(5)).abs() < 0.01);
    assert!((end[0].0 - place.groups[0].members[0].1.x).abs() < 0.01);
}

#[test]
fn an_acknowledgement_goes_back_on_the_way_that_its_records_came() {
    let mut view = moment();
    view.flights = vec![Flight { api: ApiKey::Produce, ..flight(true, "broker-1", "checkout", 5) }];
    let camera = View::new(1280.0);
    let place = layout(&view, &camera);
    let dot = |time| {
        let picture = scene(&view, time, &camera);
        let mut dots = picture.shapes.iter().flat_map(|s| if let Shape::Dots(dots) = s { &dots[..] } else { &[] });
        dots.find(|dot| dot.ink == Ink::Ok).expect("a dot").at
    };
    let (start, end) = (dot(Time(1_000_000)), dot(Time(2_000_000)));
    assert!((start.x - place.rows[0].middle(5)).abs() < 0.01 && (start.y - place.rows[0].rail).abs() < 0.01);
    assert_eq!(end, Point { x: place.producers[0].right(), y: place.producers[0].y + place.producers[0].h / 2.0 });
}

#[test]
fn too_many_records_become_a_flow_with_their_count() {
    let mut view = moment();
    let mut f = flight(false, "checkout", "broker-1", -1);
    f.cargo = vec![f.cargo[0].clone(); 50].into();
    view.flights = vec![f];
    let camera = View { max_dots: 49, ..View::new(1280.0) };
    let picture = scene(&view, view.now, &camera);
    assert_eq!(dots(&picture), vec![]);
    assert!(texts(&picture).contains(&"50 records".to_owned()));
    assert_eq!(dots(&scene(&view, view.now, &View { max_dots: 50, ..camera })).len(), 50);
}

#[test]
fn what_an_app_makes_leaves_its_card_for_the_topic_that_it_writes() {
    let mut view = moment();
    let output = OutputState {
        topic: Some(s("orders")),
        delivery: None,
        sent: 1,
        acked: 0,
        pending: 1,
        producer_id: None,
        transaction: None,
        blocked: false,
    };
    let curves =
        |view: &WorldView| scene(view, view.now, &View::new(1280.0)).shapes.iter().filter(|s| matches!(s, Shape::Curve { .. })).count();
    let before = curves(&view);
    view.consumers[0].output = Some(output);
    assert_eq!(curves(&view), before + 2, "a way back into each ribbon of its topic");
    view.flights = vec![flight(false, "billing-1", "broker-1", -1)];
    let picture = scene(&view, view.now, &View::new(1280.0));
    let card = picture.places.iter().find(|p| p.what == Target::Consumer(s("billing-1"))).expect("it is placed").rect;
    assert_eq!(dots(&picture), vec![(card.x, card.y + card.h * 0.75)]);
    let end = scene(&view, Time(2_000_000), &View::new(1280.0));
    assert!(dots(&end)[0].0 < card.x - 100.0, "and in the log it ends");
}

#[test]
fn a_partition_that_nobody_reads_is_a_broken_way() {
    let mut view = moment();
    let broken = |view: &WorldView| {
        let picture = scene(view, view.now, &View::new(1280.0));
        picture.shapes.iter().filter(|s| matches!(s, Shape::Curve { ink: Ink::Bad, .. })).count()
    };
    assert_eq!(broken(&view), 0);
    view.consumers[1].state = ProcessState::Crashed;
    assert_eq!(broken(&view), 1);
    let picture = scene(&view, view.now, &View::new(1280.0));
    assert_eq!(picture.shapes.iter().filter(|s| matches!(s, Shape::Hatch { .. })).count(), 1);
}

#[test]
fn columns_wide_and_from_top_to_bottom_when_narrow() {
    let view = moment();
    for width in [320.0, 390.0, 639.0, 640.0, 800.0, 1280.0, 2000.0] {
        let picture = scene(&view, view.now, &View::new(width));
        assert_eq!(picture.narrow, width < NARROW);
        for p in &picture.places {
            assert!(p.rect.x >= 0.0 && p.rect.right() <= width + 0.5, "{p:?} within {width}");
            assert!(p.rect.bottom() <= picture.height, "{p:?} within the height {}", picture.height);
        }
        let of = |t: &Target| picture.places.iter().find(|p| p.what == *t).map(|p| p.rect).expect("is placed");
        let (producer, partition, member) =
            (of(&Target::Producer(s("checkout"))), of(&Target::Partition(s("orders"), 0)), of(&Target::Consumer(s("billing-1"))));
        if picture.narrow {
            assert!(producer.bottom() <= partition.y && partition.bottom() <= member.y);
        } else {
            assert!(producer.right() <= partition.x && partition.right() <= member.x);
        }
        let p = of(&Target::Consumer(s("billing-2")));
        assert_eq!(picture.hit(p.x + 2.0, p.y + 2.0), Some(Target::Consumer(s("billing-2"))), "a member before its group");
    }
}

#[test]
fn a_window_turns_by_quarters_and_always_shows_the_end() {
    for capacity in [4, 17, 20, 48] {
        let mut turns = 0;
        let mut last = 0;
        for end in 0..500 {
            let first = window(0, end, capacity);
            assert!(first >= last && end < first + capacity, "end {end} in a window of {capacity} from {first}");
            turns += i32::from(first != last);
            last = first;
        }
        assert!(i64::from(turns) <= 500 / (capacity / 4) + 1);
    }
    assert_eq!(window(30, 31, 20), 30);
}

#[test]
fn reduced_motion_is_the_same_picture_in_steps() {
    let mut view = moment();
    view.flights = vec![flight(false, "checkout", "broker-1", -1)];
    let camera = View { reduced_motion: true, ..View::new(1280.0) };
    assert_eq!(scene(&view, Time(1_100_000), &camera), scene(&view, Time(1_900_000), &camera));
}
