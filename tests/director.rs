//! Each scenario of the list, played at the director's pace: how many real seconds after a broker is killed one sees what comes of it.

use std::collections::BTreeMap;
use tidepool::kafka::broker::{BrokerEvent, PartitionView};
use tidepool::kafka::time::Time;
use tidepool::playground::director::Director;
use tidepool::playground::scenario::{Playback, Scenario, scenarios};
use tidepool::playground::scene::{Shape, View, scene};
use tidepool::world::event::{Event, EventKind};
use tidepool::world::view::WorldView;
use tidepool::world::{EPOCH, World};

/// A frame at 30 a second, in microseconds.
const FRAME_US: i64 = 33_333;
const CONSEQUENCE_US: i64 = 5_000_000;
const NEW_ORDER_US: i64 = 8_000_000;
/// When brokers are killed, if the scenario itself does nothing before: records flow by then, and groups are stable.
const AT_US: i64 = 18_000_000;
/// So much before the scenario's own deeds.
const BEFORE_US: i64 = 500_000;

struct Played {
    play: Playback,
    director: Director,
    /// Real microseconds.
    real: i64,
}

impl Played {
    fn frame(&mut self, view: &WorldView) -> WorldView {
        let rate = self.director.direct(view).rate;
        self.play.run_until(view.now.plus_micros(rate * FRAME_US / 1_000));
        self.real += FRAME_US;
        self.play.world().view_after(view)
    }
}

type Led = BTreeMap<(String, i32), (i32, i64)>;

/// Leader and end of each of the users' partitions.
fn led(view: &WorldView) -> Led {
    let users = view.partitions.iter().filter(|partition| !partition.internal).map(|partition| &partition.view);
    users.map(|p| ((p.topic.to_string(), p.partition), (p.leader, p.end_offset))).collect()
}

/// Real microseconds to the first consequence and to the new order, when `broker` is killed.
fn killed(name: &str, text: &str, broker: usize) -> Option<(i64, i64)> {
    let mut scenario = Scenario::parse(text).expect("it reads");
    // What the file does later is not to be mistaken for what comes of this.
    let deed = scenario.actions.iter().map(|(at, _)| *at).find(|at| *at > 0);
    let at = deed.map_or(AT_US, |deed| AT_US.min(deed - BEFORE_US));
    scenario.actions.retain(|(deed, _)| *deed < at);
    let mut play = Playback::new(scenario).expect("it starts");
    play.run_until(EPOCH.plus_micros(at).max(play.world().now()));
    let mut view = play.world().view();
    let victim = view.brokers.get(broker)?.clone();
    let others = |p: &PartitionView| p.leader == victim.node_id && p.isr.iter().any(|id| *id != victim.node_id);
    let lost: Vec<(String, i32)> =
        view.partitions.iter().filter(|p| !p.internal && others(&p.view)).map(|p| (p.view.topic.to_string(), p.view.partition)).collect();
    let mut played = Played { play, director: Director::default(), real: 0 };
    view = played.frame(&view);
    let (before, controller) = (led(&view), view.quorum.as_ref().and_then(|quorum| quorum.leader));
    let in_sync = |view: &WorldView| view.partitions.iter().filter(|p| p.view.isr.contains(&victim.node_id)).count();
    let trusted = in_sync(&view);
    let line = Scenario::timed_line(&format!("kill {}", victim.name)).expect("it reads");
    for (_, action) in line.actions {
        played.play.world_mut().act(action).expect("it can be killed");
    }
    played.real = 0;
    // Nobody is left, or nobody had trusted it: nothing comes of it.
    if view.brokers.len() < 2 || trusted == 0 && lost.is_empty() && controller != Some(victim.node_id) {
        return Some((0, 0));
    }
    let (mut first, start): (Option<i64>, Time) = (None, view.now);
    view = played.play.world().view_after(&view);
    loop {
        let now = led(&view);
        let changed = lost.iter().any(|place| now[place].0 != before[place].0 && now[place].0 >= 0);
        let elected = view.quorum.as_ref().and_then(|quorum| quorum.leader).is_some_and(|leader| Some(leader) != controller);
        if first.is_none() && (changed || elected || in_sync(&view) < trusted) {
            first = Some(played.real);
        }
        let takes = |place: &(String, i32)| {
            let ((leader, end), before) = (now[place], before[place]);
            leader >= 0 && leader != victim.node_id && (end > before.1 || refused(played.play.world(), start))
        };
        if let (Some(first), true) = (first, lost.is_empty() || lost.iter().any(takes)) {
            return Some((first, played.real));
        }
        assert!(view.now.micros_since(start) < 60_000_000, "{name}, {}: no new leader takes records", victim.name);
        view = played.frame(&view);
    }
}

/// A leader without enough followers in sync refuses, which is what the scenario shows.
fn refused(world: &World, since: Time) -> bool {
    let refusal = |event: &Event| matches!(event.kind, EventKind::Broker { event: BrokerEvent::AppendRefused { .. }, .. });
    world.events().iter().rev().take_while(|event| event.at >= since).any(refusal)
}

#[test]
fn what_a_kill_leads_to_is_seen_soon() {
    let mut late = Vec::new();
    for entry in scenarios() {
        for broker in 0.. {
            let Some((first, order)) = killed(entry.name, entry.text, broker) else { break };
            println!("{} broker {}: first {} ms, new order {} ms", entry.name, broker + 1, first / 1_000, order / 1_000);
            if first > CONSEQUENCE_US || order > NEW_ORDER_US {
                late.push(format!("{}, broker {}: {} ms, {} ms", entry.name, broker + 1, first / 1_000, order / 1_000));
            }
        }
    }
    assert_eq!(late, Vec::<String>::new());
}

/// Half a minute of real time, and what a wide page shows of it.
const WATCHED_US: i64 = 30_000_000;

/// How many records are drawn on their way between clients and logs, in each frame while the page plays the scenario from its opening on.
fn under_way(text: &str) -> Vec<usize> {
    let scenario = Scenario::parse(text).expect("it reads");
    let opens = scenario.opening_us();
    let mut play = Playback::new(scenario).expect("it starts");
    play.run_until(EPOCH.plus_micros(opens));
    let mut view = play.world().view();
    let mut played = Played { play, director: Director::default(), real: 0 };
    let mut counts = Vec::new();
    while played.real < WATCHED_US {
        view = played.frame(&view);
        let picture = scene(&view, view.now, &View::new(1280.0));
        let dots = picture.shapes.iter().filter_map(|shape| if let Shape::Dots(dots) = shape { Some(dots) } else { None });
        counts.push(dots.flatten().filter(|dot| dot.radius > 6.0 && dot.alpha == 1.0).count());
    }
    counts.sort_unstable();
    counts
}

#[test]
fn ten_records_and_more_are_under_way_where_the_page_opens() {
    let counts = under_way(scenarios()[0].text);
    let part = |percent: usize| counts[percent * (counts.len() - 1) / 100];
    let (least, few, median, most) = (part(0), part(5), part(50), part(100));
    println!("records under way in 30 s: {least} at least, {few} in 19 of 20 frames, {median} in the median, {most} at most");
    assert!(few >= 4 && median >= 10 && most <= 40, "{few}, {median}, {most}");
}
