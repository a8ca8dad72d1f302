//! The steps on a run of the default scenario, done as a reader does them.

use super::*;
use crate::playground::narrate::plural;
use crate::playground::scenario::{Playback, Scenario};
use crate::playground::scene::follow;

struct Reader {
    time: Timeline,
    guide: Guide,
    followed: Option<Target>,
}

fn reader(name: &str) -> Reader {
    let entry = crate::playground::scenario::scenarios().iter().find(|entry| entry.name == name).expect(name);
    let play = Playback::new(Scenario::parse(entry.text).expect(name)).expect(name);
    let mut reader = Reader { time: Timeline::new(play), guide: Guide::new(), followed: None };
    reader.run(16_000);
    reader
}

impl Reader {
    fn shown(&mut self) -> Shown {
        let view = self.time.world().view();
        let trail = match &self.followed {
            Some(Target::Record(topic, n, offset)) => Some(follow(self.time.world(), &view, topic, *n, *offset)),
            _ => None,
        };
        self.guide.observe(&Look { time: &self.time, view: &view, trail: trail.as_ref() })
    }

    /// Runs on and looks ten times a second, as a page does.
    fn run(&mut self, millis: i64) {
        for _ in 0..millis / 100 {
            let until = self.time.moment().at.plus_millis(100);
            self.time.advance(until, &mut || true);
            self.shown();
        }
    }

    fn take_offer(&mut self) {
        let (_, offer) = self.shown().task.and_then(|task| task.offer).expect("the step has a button");
        match offer {
            Offer::Line(line) => {
                for (_, action) in Scenario::timed_line(&line).expect("the line reads").actions {
                    self.time.act(action).expect("it can be done");
                }
            }
            Offer::Seek(at) => self.time.seek(at).expect("the past is kept"),
            Offer::Follow(target) => self.followed = Some(target),
        }
        self.shown();
    }
}

#[test]
fn the_five_steps_are_done_one_after_the_other_and_say_what_came_of_them() {
    let mut reader = reader("three-brokers");
    assert!(Guide::fits(&reader.time.world().view()));
    let first = reader.shown();
    assert_eq!((first.done, first.outcome.as_str()), (0, ""));
    reader.take_offer();
    let second = reader.shown();
    assert_eq!(second.done, 1);
    assert!(second.outcome.contains("on 3 brokers, and therefore readable, after 0."), "{}", second.outcome);

    let task = second.task.expect("a broker is to be killed");
    assert_eq!(task.text, "Kill broker-1. Who takes over the partitions that it leads?");
    assert_eq!(task.guesses.first().map(String::as_str), Some("nobody"));
    reader.guide.guess("nobody".into());
    reader.take_offer();
    let waiting = reader.shown();
    assert!(waiting.task.is_none() && waiting.waiting.contains("2 partitions without a leader for 0.0 s"), "{waiting:?}");
    reader.run(20_000);
    let third = reader.shown();
    assert_eq!(third.done, 2);
    assert!(
        third.outcome.starts_with("Not \u{201c}nobody\u{201d}: broker-") && third.outcome.contains(" took over orders-"),
        "{}",
        third.outcome
    );
    assert!(third.outcome.contains(" 0 of ") && third.outcome.contains(" acknowledged records lost. "), "{}", third.outcome);
    assert!(third.outcome.ends_with(" \u{201c}Why?\u{201d} on orders-0 tells how it came about."), "{}", third.outcome);

    reader.guide.guess("when its session has ended".into());
    reader.take_offer();
    assert!(reader.shown().waiting.contains("Nobody has read its 2 partitions"), "{:?}", reader.shown());
    reader.run(20_000);
    let fourth = reader.shown();
    assert_eq!(fourth.done, 3);
    assert!(fourth.outcome.starts_with("As you guessed: billing-"), "{}", fourth.outcome);
    assert!(!fourth.outcome.contains("Why?"), "it is said once");

    reader.take_offer();
    let fifth = reader.shown();
    assert_eq!((fifth.done, reader.time.in_past()), (4, true), "{fifth:?}");
    reader.take_offer();
    let end = reader.shown();
    assert_eq!((end.done, end.task.is_none()), (5, true));
    assert!(end.outcome.contains("\u{201c}isolate broker-1\u{201d} instead; \u{201c}first run\u{201d} stays"), "{}", end.outcome);
}

#[test]
fn who_is_ahead_of_the_question_is_met_there() {
    let mut reader = reader("three-brokers");
    assert_eq!(reader.shown().done, 0);
    let kill = Scenario::timed_line("kill broker-3").expect("it reads");
    for (_, action) in kill.actions {
        reader.time.act(action).expect("it can be done");
    }
    let shown = reader.shown();
    assert!(shown.done == 1 && shown.waiting.starts_with("broker-3 is silent"), "{shown:?}");
    // What is taken back is asked for again.
    reader.time.undo().expect("it can be taken back");
    let shown = reader.shown();
    assert!(shown.done == 1 && shown.task.is_some(), "{shown:?}");
}

#[test]
fn a_step_that_cannot_be_done_is_passed_over() {
    let mut alone = reader("first-light");
    assert!(!Guide::fits(&alone.time.world().view()));
    alone.guide.pass();
    let shown = alone.shown();
    assert!(shown.task.is_some_and(|task| task.text.starts_with("Crash billing-2")), "one broker has no other to take over");
}

#[test]
fn figures_are_written_as_a_person_says_them() {
    assert_eq!([seconds(181_000), seconds(9_340_000), seconds(12_340_000)], ["0.1 s", "9.3 s", "12 s"]);
    assert_eq!(crate::playground::narrate::listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    assert_eq!([plural(1_usize, "record"), plural(0_usize, "record")], ["1 record", "0 records"]);
}
