//! The narrator on runs.

use super::*;
use crate::playground::scenario::{Playback, Scenario};
use crate::world::EPOCH;

fn told(lines: &str, seconds: i64) -> Vec<String> {
    let text = format!("tidepool 1\ntitle t\nseed 5\nbrokers 3\nconfig broker.session.timeout.ms=4000\n{lines}\nrun 300s");
    let mut play = Playback::new(Scenario::parse(&text).expect("it reads")).expect("it starts");
    let mut transcript = Transcript::new(1);
    play.watch_until(EPOCH.plus_millis(seconds * 1000), &mut |world| _ = transcript.update(world));
    transcript.sentences().map(|sentence| sentence.text.clone()).collect()
}

#[test]
fn a_follower_that_is_fenced_is_no_leader() {
    let said = told("topic orders partitions=3 replicas=3\nat 10s kill broker-3", 20);
    let fenced: Vec<&String> = said.iter().filter(|text| text.contains("was fenced")).collect();
    let (led, followed): (Vec<&String>, Vec<&String>) = fenced.iter().partition(|text| text.ends_with("(broker-3 was fenced)."));
    assert_eq!((led.len(), followed.len()), (1, 2), "{said:?}");
    assert!(led.iter().all(|text| text.contains(", epoch 1;")), "another leads: {led:?}");
    assert!(followed.iter().all(|text| text.ends_with("(broker-3, a follower, was fenced).")), "{followed:?}");
    assert!(followed.iter().all(|text| text.contains(", epoch 0;")), "the leader stays: {followed:?}");
}
