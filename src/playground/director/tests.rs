//! The director's pace on moments made by hand.

use super::*;
use crate::world::EPOCH;
use crate::world::view::{Cargo, Flight};

fn wait(left_us: i64) -> Wait {
    Wait { who: "broker-2".into(), what: TimerKind::SessionTimeout, at: EPOCH.plus_micros(left_us), whole_us: 9_000_000 }
}

fn waiting(left_us: i64) -> WorldView {
    WorldView { now: EPOCH, waits: vec![wait(left_us)], ..WorldView::default() }
}

#[test]
fn a_wait_is_fast_and_ends_slowly() {
    let rate = |left| pace(&waiting(left), None, EYE).rate;
    assert_eq!(rate(6_600_000), 30 * REAL);
    assert_eq!(rate(660_000), 3 * REAL);
    assert_eq!(rate(30_000), EYE);
    assert_eq!(rate(90_000_000), FASTEST);
}

#[test]
fn what_has_just_changed_is_looked_at_first() {
    let after = |micros: i64| pace(&waiting(6_600_000), Some(EPOCH.plus_micros(-micros)), EYE);
    assert_eq!(after(DWELL_US - 1), Direction { rate: EYE, wait: None });
    assert_eq!(after(DWELL_US + 150_000).rate, EYE + REAL);
    assert_eq!(after(DWELL_US + 60_000_000).rate, 30 * REAL);
}

#[test]
fn of_a_rebalance_only_the_limit_is_known() {
    let limit = Wait { what: TimerKind::RebalanceTimeout, ..wait(300_000_000) };
    let view = WorldView { waits: vec![limit], ..waiting(0) };
    assert_eq!(pace(&view, None, EYE).rate, BRISK);
}

#[test]
fn nothing_under_way_is_a_wait_for_the_next_record() {
    let view = WorldView { now: EPOCH, next_record: Some(EPOCH.plus_micros(4_400_000)), ..WorldView::default() };
    let direction = pace(&view, None, EYE);
    assert_eq!((direction.rate, direction.wait.map(|wait| wait.what)), (20 * REAL, Some(TimerKind::NextRecord)));
    let soon = WorldView { next_record: Some(EPOCH.plus_micros(50_000)), ..view.clone() };
    assert_eq!(pace(&soon, None, EYE).rate, EYE);
    let never = WorldView { next_record: None, ..view };
    assert_eq!(pace(&never, None, EYE), Direction { rate: REAL, wait: None });
}

#[test]
fn waits_are_said_with_what_is_left() {
    assert_eq!(waiting_words(&wait(7_390_000), EPOCH), "waiting for the session timeout of broker-2: 7.3 s");
    assert_eq!(countdown(&wait(7_290_000), EPOCH), "gone in 7.2 s");
    assert_eq!(
        (left_percent(&wait(4_500_000), EPOCH), left_percent(&wait(-1), EPOCH), left_percent(&wait(99_000_000), EPOCH)),
        (50, 0, 100)
    );
    assert!(wait_of(&waiting(1), "broker-2").is_some());
    assert!(wait_of(&waiting(0), "broker-2").is_none(), "it is over");
}

#[test]
fn many_records_take_more_time_than_few() {
    let record = Cargo { topic: "orders".into(), partition: 0, offset: -1, key: None, tombstone: false };
    let flight = |n: usize| Flight {
        message: 1,
        from: "checkout".into(),
        to: "broker-1".into(),
        sent: EPOCH,
        arrives: EPOCH.plus_millis(100),
        api: ApiKey::Produce,
        response: false,
        bytes: 100,
        cargo: vec![record.clone(); n].into(),
    };
    let at = |n| WorldView { now: EPOCH, flights: vec![flight(n)], ..WorldView::default() };
    let mut director = Director::default();
    director.direct(&at(MANY));
    (director.changed, director.reordered) = (None, None);
    let mut rate = |n| director.direct(&at(n)).rate;
    assert_eq!([rate(MANY - 1), rate(FEW), rate(MANY - 1), rate(MANY)], [CROWDED, EYE, EYE, CROWDED]);
}
