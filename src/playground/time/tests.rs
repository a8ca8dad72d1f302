//! Any moment of a ten-minute run with faults is what it was; branches stay what they were; breakpoints stop where they say.

use super::*;
use crate::kafka::rng::Rng;
use crate::playground::scenario::Scenario;
use crate::playground::scene::follow;
use crate::playground::why::{Happened, why};
use crate::world::EPOCH;
use crate::world::ProcessState;
use crate::world::event::EventKind;
use crate::world::operations::{Action, Crash, Kill, Stop};

const FAULTS: &str = include_str!("../../../tests/vectors/twenty-faults.tide");
const THREE: &str = include_str!("../../../www/scenarios/three-brokers.tide");
const MINUTES_10: i64 = 600;

/// The default cluster, to which the twenty faults happen again and again for ten minutes.
fn ten_minutes() -> Scenario {
    let mut scenario = Scenario::parse(THREE).expect("the scenario reads");
    let faults: Vec<_> = Scenario::parse(FAULTS).expect("the scenario reads").actions.into_iter().filter(|(at, _)| *at > 0).collect();
    for round in 0..6 {
        scenario.actions.extend(faults.iter().map(|(at, action)| (at + round * 100_000_000, action.clone())));
    }
    scenario
}

fn played(scenario: Scenario) -> Playback {
    Playback::new(scenario).expect("the world begins")
}

fn at(seconds: i64) -> Time {
    EPOCH.plus_millis(seconds * 1000)
}

fn run(timeline: &mut Timeline, until: Time) {
    assert!(timeline.advance(until, &mut || true));
}

fn kill(broker: &str) -> Action {
    Action::Kill(Kill { node: broker.into() })
}

#[test]
fn what_was_known_at_a_moment_is_known_there_again() {
    let mut timeline = Timeline::new(played(ten_minutes()));
    run(&mut timeline, at(200));
    let answers = |timeline: &Timeline| {
        let (world, judge) = (timeline.world(), timeline.judge());
        // The newest record that is handled, and one from among the oldest events that are kept.
        let asked = world.events().iter().filter(|event| matches!(event.kind, EventKind::Handled { .. }));
        let asked = asked.clone().take(3).chain(asked.rev().take(3));
        let whys: Vec<_> = asked.clone().map(|event| why(world, judge, &Happened { event: event.id }.into())).collect();
        let places = asked.filter_map(|event| match &event.kind {
            EventKind::Handled { topic, partition, offset, .. } => Some(follow(world, &world.view(), topic, *partition, *offset)),
            _ => None,
        });
        (whys, places.collect::<Vec<_>>())
    };
    let (here, hash, before) = (timeline.moment(), timeline.world().event_hash(), answers(&timeline));
    let events = timeline.world().events().to_vec();
    assert!(here.events > 25_000 && events.len() >= 20_000, "{here:?} {}", events.len());
    run(&mut timeline, at(230));
    timeline.seek(at(20)).expect("the past is kept");
    timeline.seek(here.at).expect("the past is kept");
    assert!(timeline.world().events().len() < 7_000, "a leap knows little of what was before");
    assert!(replay_events(&mut timeline));
    assert!(!replay_events(&mut timeline), "there is no more to bring back");
    assert!(timeline.world().events() == events, "the same events, from the same one on");
    assert_eq!((timeline.moment(), timeline.world().event_hash()), (here, hash));
    assert!(answers(&timeline) == before);
    timeline.seek(at(230)).expect("there is a future");
    run(&mut timeline, at(232));
    // Where all that has happened is known, there is nothing to bring back.
    timeline.seek(at(1)).expect("the past is kept");
    replay_events(&mut timeline);
    assert_eq!(timeline.world().events().first().map(|event| event.id), Some(EventId(0)));
}

#[test]
fn two_hundred_moments_of_ten_minutes_are_what_they_were() {
    let mut rng = Rng::stream(4, "moments");
    let mut moments: Vec<(Time, u64)> = (0..200).map(|_| (EPOCH.plus_micros((rng.next_u64() % 600_000_000) as i64), 0)).collect();
    let mut order = moments.clone();
    moments.sort();
    let mut plain = played(ten_minutes());
    for (at, hash) in &mut moments {
        plain.run_until(*at);
        *hash = plain.world().event_hash();
    }
    plain.run_until(at(MINUTES_10));

    let mut timeline = Timeline::new(played(ten_minutes()));
    run(&mut timeline, at(MINUTES_10));
    assert_eq!(timeline.world().event_hash(), plain.world().event_hash());
    let judged = timeline.judge().counters().clone();
    order.iter_mut().for_each(|(at, hash)| *hash = moments.iter().find(|(other, _)| other == at).map_or(0, |(_, hash)| *hash));
    let start = timeline.branch().start.at;
    for (at, hash) in order {
        timeline.seek(at).expect("the past is kept");
        if at > start {
            assert_eq!((timeline.world().now(), timeline.world().event_hash()), (at, hash));
        }
    }
    timeline.seek(at(MINUTES_10)).expect("the past is kept");
    assert_eq!(timeline.world().event_hash(), plain.world().event_hash());
    assert_eq!(*timeline.judge().counters(), judged, "the judge has seen the same");
    assert_eq!(timeline.branches().len(), 1);
    for lane in [Lane::Deed, Lane::Election, Lane::Isr, Lane::Rebalance] {
        assert!(timeline.branch().marks().all().iter().any(|mark| mark.lane == lane), "{}", lane.name());
    }
}

#[test]
fn acting_in_the_past_forks_and_the_first_branch_stays_as_it_was() {
    let mut timeline = Timeline::new(played(Scenario::parse(THREE).expect("the scenario reads")));
    run(&mut timeline, at(40));
    assert_eq!(timeline.act(kill("broker-1")), Ok(None), "now is no past");
    run(&mut timeline, at(90));
    let (hash, end) = (timeline.world().event_hash(), timeline.moment());
    timeline.seek(at(30)).expect("the past is kept");
    assert!(timeline.in_past());
    let early = timeline.world().event_hash();
    assert!(timeline.act(kill("nobody")).is_err());
    assert_eq!(timeline.branches().len(), 1, "what could not be done forks nothing");
    assert_eq!(timeline.act(kill("broker-2")), Ok(Some(2)));
    assert!(!timeline.in_past());
    run(&mut timeline, at(80));
    let other = timeline.world().event_hash();
    assert_eq!(timeline.branch().actions.len(), 1, "what the first one did later is not here");
    assert_eq!((timeline.branch().parent, timeline.branch().forked.at), (Some(1), at(30)));

    let compared = timeline.compare(1, 2).expect("both are there");
    let difference = compared.difference.clone().expect("they differ");
    let right = difference.right.expect("an event");
    assert!(matches!(right.kind, EventKind::Acted { .. }), "{right:?}");
    assert_eq!((right.at, compared.at), (at(30), at(80)));
    assert!(compared.left.acked > 0 && compared.right.acked > 0 && compared.left != compared.right, "{compared:?}");
    assert_eq!(compared.right.lost, 0, "acks=all loses nothing");
    assert_eq!(timeline.world().event_hash(), other, "comparing moves nothing");

    timeline.select(1).expect("it is there");
    assert_eq!(timeline.world().event_hash(), hash);
    assert_eq!(timeline.moment(), end);
    timeline.seek(at(30)).expect("the past is kept");
    assert_eq!(timeline.world().event_hash(), early);
    timeline.select(2).expect("it is there");
    assert_eq!(timeline.world().event_hash(), other, "where one left it");

    assert_eq!(timeline.rename(2, "  without broker-2 "), Ok(()));
    assert_eq!(timeline.branch().name, "without broker-2");
    assert_eq!(timeline.rename(2, ""), Err(TimeError::Name { limit: MAX_NAME }));
    assert_eq!(timeline.drop_branch(2), Err(TimeError::Shown));
    assert_eq!(timeline.drop_branch(7), Err(TimeError::NoBranch(7)));
    // The branch that it left may go: it is whole without it.
    assert_eq!(timeline.drop_branch(1), Ok(()));
    timeline.seek(at(10)).expect("the past is kept");
    timeline.seek(at(80)).expect("the past is kept");
    assert_eq!(timeline.world().event_hash(), other);
}

#[test]
fn a_step_back_is_undone_by_a_step() {
    let mut timeline = Timeline::new(played(Scenario::parse(FAULTS).expect("the scenario reads")));
    run(&mut timeline, at(12));
    let mut places = vec![(timeline.moment(), timeline.world().event_hash())];
    for _ in 0..40 {
        timeline.step();
        places.push((timeline.moment(), timeline.world().event_hash()));
    }
    while let Some(place) = places.pop() {
        assert_eq!((timeline.moment(), timeline.world().event_hash()), place);
        if places.len() > 1 {
            assert_eq!(timeline.step_back(), Ok(true));
        }
        if places.len() == 1 {
            break;
        }
    }
    let first = timeline.branch().start;
    timeline.seek(first.at).expect("the past is kept");
    while timeline.moment() > first {
        assert_eq!(timeline.step_back(), Ok(true));
    }
    assert_eq!(timeline.step_back(), Ok(false), "there is nothing before the beginning");
}

#[test]
fn history_is_bounded_and_says_so() {
    let mut timeline = Timeline::new(played(Scenario::parse(FAULTS).expect("the scenario reads")));
    run(&mut timeline, at(30));
    assert_eq!(timeline.limit_words(), "");
    let (mut count, mut hashes) = (0, Vec::new());
    for second in 30..420 {
        run(&mut timeline, at(second));
        count = count.max(timeline.meter().0);
        hashes.push((at(second), timeline.world().event_hash()));
    }
    let (now, bytes) = timeline.meter();
    assert!(count <= MAX_CHECKPOINTS && now > 20 && bytes <= MAX_BYTES, "{count} {now} {bytes}");
    assert!(timeline.limit_words().contains("full"));
    for (at, hash) in hashes.into_iter().step_by(97) {
        timeline.seek(at).expect("the past is kept");
        assert_eq!(timeline.world().event_hash(), hash, "thinned, and still the same");
    }
    // Each a little earlier than the one before, where the broker still runs.
    for before in 1..i64::from(MAX_BRANCHES) {
        timeline.seek(at(20).plus_micros(-before)).expect("the past is kept");
        assert!(matches!(timeline.act(kill("broker-3")), Ok(Some(_))));
        timeline.step();
    }
    timeline.seek(at(19)).expect("the past is kept");
    assert_eq!(timeline.act(kill("broker-3")), Err(TimeError::Branches { limit: MAX_BRANCHES }));
}

#[test]
fn breakpoints_stop_at_their_event() {
    let mut timeline = Timeline::new(played(Scenario::parse(FAULTS).expect("the scenario reads")));
    assert!(matches!(timeline.set_breakpoints("election, moon"), Err(TimeError::Breakpoint { word, .. }) if word == "moon"));
    for (words, seen) in
        [("isr < 3", "IsrChanged"), ("election", ""), ("truncated", "Truncated"), ("fenced", "Fenced"), ("rebalance", "Preparing")]
    {
        timeline.set_breakpoints(words).expect("these are breakpoints");
        assert!(!timeline.advance(at(90), &mut || true), "{words}");
        let (event, said) = timeline.take_stop().expect("it stopped");
        let event = timeline.world().event(event).expect("it is kept");
        assert_eq!((event.at, said.as_str()), (timeline.world().now(), words));
        assert!(format!("{:?}", event.kind).contains(seen), "{words}: {event:?}");
    }
    timeline.set_breakpoints("").expect("none");
    run(&mut timeline, at(90));
}

#[test]
fn a_record_that_is_lost_stops_the_run() {
    let text = include_str!("../../../www/scenarios/acks-1-loses.tide");
    let mut timeline = Timeline::new(played(Scenario::parse(text).expect("the scenario reads")));
    timeline.set_breakpoints("lost").expect("a breakpoint");
    assert!(!timeline.advance(at(120), &mut || true));
    assert!(timeline.judge().verdict(timeline.world(), false).ledger.lost > 0);
    assert_eq!(timeline.step_back(), Ok(true));
    assert_eq!(timeline.judge().verdict(timeline.world(), false).ledger.lost, 0, "just before it nothing was");
}

#[test]
fn what_is_saved_goes_only_forward() {
    let mut timeline = Timeline::new(played(Scenario::parse(FAULTS).expect("the scenario reads")));
    timeline.only_forward();
    run(&mut timeline, at(12));
    assert_eq!(timeline.seek(at(11)), Err(TimeError::OnlyForward));
    assert_eq!(timeline.step_back(), Err(TimeError::OnlyForward));
    assert_eq!(timeline.seek(at(13)), Ok(()));
    assert_eq!(timeline.act(kill("broker-2")), Ok(None));
    assert_eq!(timeline.meter(), (0, 0));
}

#[test]
fn lanes_show_who_owned_what_and_the_gaps() {
    let mut timeline = Timeline::new(played(Scenario::parse(THREE).expect("the scenario reads")));
    run(&mut timeline, at(40));
    // Consumers that own it now, as the world itself has it.
    let owners = |timeline: &Timeline| {
        let view = timeline.world().view();
        let mut all: Vec<String> = Vec::new();
        for consumer in view.consumers.iter().filter(|c| c.state != ProcessState::Crashed) {
            all.extend(consumer.assignment.iter().map(|(topic, n)| format!("{topic}-{n} {}", consumer.name)));
        }
        sort(all)
    };
    let shown = |timeline: &Timeline| {
        let now = timeline.moment().at.micros_since(EPOCH);
        let rows = timeline.timeline_rows(MAX_ROWS as usize);
        let own = rows.iter().filter(|row| row.lane.is_none());
        sort(
            own.filter_map(|row| {
                Some(format!(
                    "{} {}",
                    row.name,
                    row.bars.iter().find(|b| !b.ghost && b.hue != NOBODY && b.from <= now && b.to >= now)?.label
                ))
            })
            .collect(),
        )
    };
    fn sort(mut all: Vec<String>) -> Vec<String> {
        all.sort();
        all
    }
    assert_eq!(owners(&timeline).len(), 6);
    assert_eq!(shown(&timeline), owners(&timeline));
    let gone: std::sync::Arc<str> = timeline.world().view().consumers.last().expect("a consumer").name.clone();
    timeline.act(Action::Crash(Crash { node: gone.clone() })).expect("it runs");
    run(&mut timeline, at(41));
    let now = timeline.moment().at.micros_since(EPOCH);
    let free = |timeline: &Timeline, at: i64| {
        timeline
            .timeline_rows(12)
            .iter()
            .filter(|row| row.lane.is_none() && row.at(at, 0).is_none_or(|bar| bar.ghost || bar.to < at || bar.hue == NOBODY))
            .count()
    };
    assert_eq!(free(&timeline, now), 2, "nobody has what the crashed one had");
    run(&mut timeline, at(100));
    assert_eq!((shown(&timeline).len(), shown(&timeline)), (6, owners(&timeline)));
    assert_eq!(free(&timeline, now), 2, "and it stays so that it was so");
    let all = timeline.timeline_rows(12);
    assert!(all.iter().all(|row| row.lane.is_some() || row.bars.iter().all(|bar| !bar.ghost)));

    // Another branch: what was after it is only a ghost, and comes back whole.
    timeline.seek(at(30)).expect("the past is kept");
    assert_eq!(timeline.timeline_rows(12), all, "lanes are of the branch, not of the moment");
    timeline.act(kill("broker-1")).expect("it runs");
    run(&mut timeline, at(35));
    let rows = timeline.timeline_rows(12);
    let deeds = &rows.iter().find(|row| row.lane == Some(Lane::Deed)).expect("a lane").bars;
    assert!(deeds.iter().any(|bar| bar.ghost && bar.from == 40_000_000) && deeds.iter().any(|bar| !bar.ghost && bar.from == 30_000_000));
    assert!(rows.iter().flat_map(|row| &row.bars).all(|bar| !bar.ghost || bar.from >= 30_000_000));
    assert_eq!(shown(&timeline), owners(&timeline));
    // Too many for a row each: counted, not dropped.
    let few = timeline.timeline_rows(5);
    let row = few.last().expect("a row");
    assert_eq!(few.iter().filter(|row| row.lane.is_none()).count(), 1);
    assert_eq!((row.name.as_str(), row.at(29_000_000, 0).map(|bar| bar.label.as_str())), ("billing, 6 partitions", Some("6 of 6")));
    timeline.select(1).expect("it is there");
    let back = timeline.timeline_rows(12);
    let own = |rows: &[Row]| rows.iter().map(|row| row.bars.iter().filter(|bar| !bar.ghost).cloned().collect()).collect::<Vec<Vec<Bar>>>();
    assert_eq!(own(&back), own(&all));
}

#[test]
fn what_was_told_stays_told_and_the_next_event_worth_seeing_is_found() {
    let mut timeline = Timeline::new(played(Scenario::parse(FAULTS).expect("the scenario reads")));
    run(&mut timeline, at(60));
    let all = timeline.narration(2, 0);
    assert!(all.len() > 20 && all.iter().all(|s| s.level <= 2), "{}", all.len());
    assert!(timeline.narration(1, 0).len() < all.len() && timeline.narration(3, 0).len() > all.len());
    let mut plain = crate::playground::narrate::Transcript::new(2);
    let mut world = played(Scenario::parse(FAULTS).expect("the scenario reads"));
    let start = world.world().next_event();
    while world.world().now() < at(60) && world.turn(at(60)) {
        plain.update(world.world());
    }
    let told: Vec<_> = plain.sentences().filter(|s| s.event >= start).cloned().collect();
    assert_eq!(all, told, "nothing that is often is told below level 3");
    timeline.seek(at(20)).expect("the past is kept");
    assert_eq!(timeline.narration(2, 0), all, "what is to come is known");
    timeline.run_to_next_event(Some(1));
    assert!(!timeline.advance(at(60), &mut || true));
    let (event, words) = timeline.take_stop().expect("it stopped");
    let next = all.iter().find(|s| s.level == 1 && s.at > at(20)).expect("there is one");
    assert_eq!((event, &words), (next.event, &next.text));
    timeline.run_to_next_event(None);
    timeline.seek(at(20)).expect("the past is kept");
    timeline.act(kill("broker-2")).expect("it runs");
    assert!(timeline.narration(2, 0).iter().all(|s| s.at <= at(20)), "the other future is not this one's");
}

#[test]
fn a_window_keeps_the_place_under_the_pointer_and_stays_in_the_run() {
    let whole = Window { from: 0, to: 60_000_000 };
    let half = whole.zoom(45_000_000, true, 60_000_000);
    assert_eq!((half, half.part(45_000_000)), (Window { from: 22_500_000, to: 52_500_000 }, whole.part(45_000_000)));
    assert_eq!(half.zoom(45_000_000, false, 60_000_000), whole);
    assert_eq!(whole.zoom(10, false, 60_000_000), whole);
    assert_eq!(half.begin(i64::MAX, 60_000_000), Window { from: 30_000_000, to: 60_000_000 });
    let least = (0..40).fold(whole, |window, _| window.zoom(1, true, 60_000_000));
    assert_eq!(least, Window { from: 1, to: 10_001 });
}

#[test]
fn idle_time_passes_to_the_event_that_ends_it() {
    let mut timeline = Timeline::new(played(Scenario::parse(THREE).expect("the scenario reads")));
    run(&mut timeline, at(30));
    for name in ["checkout", "web", "batch"] {
        timeline.act(Action::Stop(Stop { node: name.into() })).expect("it runs");
    }
    assert!(!idle(&timeline.world().view()), "records are still on their way");
    run(&mut timeline, at(40));
    assert!(idle(&timeline.world().view()));
    timeline.act(Action::Crash(Crash { node: "billing-1".into() })).expect("it runs");
    timeline.pass_idle(&mut || true);
    assert!(timeline.moment().at > at(45), "{:?}", timeline.moment());
    let now = timeline.moment().at;
    let told = timeline.narration(2, 0);
    assert!(told.iter().any(|s| s.at == now && s.text.contains("gave up billing-1")), "{:?}", told.last());
}

#[test]
fn undo_goes_back_to_before_a_deed_and_redo_to_the_other_branch() {
    let mut timeline = Timeline::new(played(Scenario::parse(THREE).expect("the scenario reads")));
    let hash = |timeline: &Timeline| (timeline.world().event_hash(), timeline.world().now());
    assert_eq!(timeline.undo().expect("there is a way back"), None);
    // At the very beginning, and two at one moment.
    timeline.act(kill("broker-1")).expect("it can be done");
    run(&mut timeline, at(20));
    let zero = hash(&timeline);
    timeline.act(kill("broker-2")).expect("it can be done");
    let one = hash(&timeline);
    timeline.act(Action::Crash(Crash { node: "checkout".into() })).expect("it can be done");
    run(&mut timeline, at(26));
    let end = hash(&timeline);
    assert_eq!(timeline.undo().expect("there is a way back"), Some("crash checkout".into()));
    assert_eq!(hash(&timeline), one, "the moment before, with all that was before it");
    assert_eq!((timeline.branches().len(), timeline.branch().id, timeline.in_past()), (2, 2, false));
    assert_eq!(timeline.undo().expect("there is a way back"), Some("kill broker-2".into()));
    assert_eq!(hash(&timeline), zero);
    assert_eq!(timeline.branches().len(), 3);
    run(&mut timeline, at(24));
    let without = hash(&timeline);
    assert_eq!(timeline.undo_labels(), ["kill broker-1", "kill broker-2"]);
    // Forth: both are what they were; and back again without another branch.
    assert_eq!(timeline.redo().expect("both stay"), Some("kill broker-2".into()));
    assert_eq!(hash(&timeline), one);
    assert_eq!(timeline.redo().expect("both stay"), Some("crash checkout".into()));
    assert_eq!((hash(&timeline), timeline.branch().id), (end, 1));
    assert_eq!(timeline.redo().expect("nothing was undone here"), None);
    timeline.undo().expect("there is a way back");
    timeline.undo().expect("there is a way back");
    assert_eq!((hash(&timeline), timeline.branches().len()), (zero, 3));
    timeline.seek(at(24)).expect("the past is kept");
    assert_eq!(hash(&timeline), without);
    // Something else is done instead: there is nothing to redo.
    timeline.act(kill("broker-3")).expect("it can be done");
    assert_eq!(timeline.redo().expect("nothing was undone here"), None);
    // The first deed of all.
    timeline.undo().expect("there is a way back");
    assert_eq!(timeline.undo().expect("there is a way back"), Some("kill broker-1".into()));
    assert_eq!(timeline.world().now(), timeline.branch().start.at);
    let plain = played(Scenario::parse(THREE).expect("the scenario reads"));
    assert_eq!(timeline.world().event_hash(), plain.world().event_hash());
    // Branches are not without end, and a saved cluster goes only forward.
    while timeline.branches().len() < MAX_BRANCHES as usize {
        timeline.act(Action::Crash(Crash { node: "checkout".into() })).expect("it can be done");
        timeline.undo().expect("there is room");
    }
    timeline.act(Action::Crash(Crash { node: "web".into() })).expect("it can be done");
    let here = hash(&timeline);
    assert_eq!(timeline.undo(), Err(TimeError::Branches { limit: MAX_BRANCHES }));
    timeline.only_forward();
    assert_eq!(timeline.undo(), Err(TimeError::OnlyForward));
    assert_eq!(hash(&timeline), here);
}
