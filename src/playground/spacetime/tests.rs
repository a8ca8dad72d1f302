//! Diagrams of real answers: what is drawn, in which order, and that arrows go forward in time.

use super::{Drawing, FrameOutcome, Shape, diagram, draw};
use crate::playground::scenario::{Playback, Scenario};
use crate::playground::why::{Link, Question, why};
use crate::world::EPOCH;
use crate::world::ProcessState;
use crate::world::judge::Judge;

const CLUSTER: &str = "tidepool 1\ntitle t\nseed 5\nbrokers 3\nlink latency=2ms jitter=3ms\nconfig offsets.topic.num.partitions=1\n\
    config group.initial.rebalance.delay.ms=500\nconfig broker.session.timeout.ms=4000\n\
    topic orders partitions=1 replicas=3 min.insync.replicas=2\n\
    producer checkout topic=orders rate=10/s keys=a,b acks=all request.timeout.ms=2000 delivery.timeout.ms=60000\n\
    consumer billing-1 group=billing topics=orders handle=1ms auto.offset.reset=earliest session.timeout.ms=10000\n";

fn run(lines: &str, seconds: i64) -> (Playback, Judge) {
    let scenario = Scenario::parse(&format!("{CLUSTER}{lines}\nrun 300s")).unwrap_or_else(|error| panic!("{error}"));
    let (mut play, mut judge) = (Playback::new(scenario).expect("it starts"), Judge::new());
    play.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| judge.observe(world));
    (play, judge)
}

fn ask(play: &Playback, judge: &Judge, question: &str) -> Vec<Link> {
    why(play.world(), judge, &question.parse::<Question>().expect("a question")).links
}

fn texts(drawing: &Drawing) -> impl Iterator<Item = &str> {
    drawing.below.iter().chain(&drawing.above).filter_map(|shape| match shape {
        Shape::Text { label, .. } => Some(&*label.text),
        _ => None,
    })
}

#[test]
fn a_frozen_member_the_last_heartbeat_and_the_wait_between() {
    let (play, judge) = run("at 10s pause billing-1", 30);
    let links = ask(&play, &judge, "lag billing orders-0");
    let view = play.world().view();
    let picture = diagram(play.world(), &view, &links);
    // Brokers stand above consumers, as on the stage from left to right.
    let at = |name: &str| picture.lanes.iter().position(|lane| &**lane == name);
    assert!(at("broker-1").or(at("broker-2")).or(at("broker-3")) < at("billing-1"), "{:?}", picture.lanes);
    let mut numbers: Vec<usize> = picture.marks.iter().flat_map(|mark| mark.numbers.clone()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=links.len()).collect::<Vec<_>>(), "each sentence has a mark");
    assert!(picture.marks.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let frozen = picture.marks.iter().find(|mark| mark.deed).expect("the deed");
    assert_eq!(frozen.lane, at("billing-1"));
    assert!(picture.arrows.iter().all(|arrow| arrow.sent <= arrow.arrives && arrow.from != arrow.to));
    assert!(
        picture.arrows.iter().any(|arrow| Some(arrow.from) == at("billing-1") && arrow.outcome == FrameOutcome::Arrived),
        "its last frame"
    );
    assert!(picture.away.iter().any(|away| Some(away.lane) == at("billing-1") && away.state == ProcessState::Paused));
    assert!(!picture.forgotten);
    let drawing = draw(&picture, view.now, 700);
    assert!(texts(&drawing).any(|text| text.ends_with(" s")), "a wait says its length: {drawing:?}");
    assert_eq!(drawing.marks.len(), picture.marks.len());
    assert_eq!(drawing.arrows.len(), picture.arrows.len());
    assert_eq!(
        drawing.lanes.iter().map(|label| &*label.text).collect::<Vec<_>>(),
        picture.lanes.iter().map(|name| &**name).collect::<Vec<_>>()
    );
    assert_eq!(texts(&drawing).last(), Some("now"));
    // It fits where there is room, and is as wide as it must be where there is none.
    assert_eq!((drawing.names_width, drawing.width), (9 * 7 + 10, 700 - 9 * 7 - 10));
    let narrow = draw(&picture, view.now, 100);
    assert!(narrow.width > 100 && narrow.marks.len() == drawing.marks.len(), "{narrow:?}");
    // Marks of one lane do not cover each other, and none is outside.
    for drawing in [drawing, narrow] {
        for (i, mark) in drawing.marks.iter().enumerate() {
            assert!(
                mark.x >= 0 && mark.x + mark.width <= drawing.width && mark.y >= 0 && mark.y + mark.height <= drawing.height,
                "{mark:?}"
            );
            let covers = drawing.marks.iter().skip(i + 1).find(|other| other.y == mark.y && other.x < mark.x + mark.width);
            assert_eq!(covers, None, "{mark:?}");
        }
    }
}

#[test]
fn a_frame_that_was_not_answered_and_frames_that_are_gone() {
    let (play, judge) = run("at 10s kill broker-1", 11);
    let links = ask(&play, &judge, "late checkout");
    let picture = diagram(play.world(), &play.world().view(), &links);
    assert!(picture.away.iter().any(|away| away.state == ProcessState::Killed), "{picture:?}");
    let drawing = draw(&picture, play.world().now(), 700);
    let lost = picture.arrows.iter().filter(|arrow| arrow.outcome == FrameOutcome::Lost).count();
    assert_eq!(drawing.arrows.iter().filter(|arrow| arrow.cross.is_some()).count(), lost, "what was lost ends in a cross");
    // Much later the events are gone, and the picture says so.
    let (play, judge) = run("at 10s kill broker-3", 290);
    let links = ask(&play, &judge, "out-of-sync orders-0 broker-3");
    let picture = diagram(play.world(), &play.world().view(), &links);
    assert!(picture.forgotten && super::words(&picture).contains("no longer kept"), "{links:?}");
    assert!(picture.marks.iter().any(|mark| mark.deed && mark.lane.is_some()), "the deed is in the history still");
}
