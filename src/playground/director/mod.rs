//! The director: how fast a moment is to be played. Slow while something moves that matters, fast through a wait, and slow again before
//! what is waited for comes. A wait is crossed in some two seconds of real time, however long it is. While a broker is waited for, that is
//! the story: what the groups do meanwhile is not looked at.

#[cfg(test)]
mod tests;
mod waits;

pub use waits::{countdown, left_percent, wait_of, waiting_words};

use crate::kafka::coordinator::GroupState;
use crate::kafka::time::{Time, TimerKind};
use crate::kafka::wire::message::ApiKey;
use crate::playground::time::idle;
use crate::world::view::{Wait, WorldView};
use std::sync::Arc;

/// Simulated microseconds in a millisecond, as the run is: 1×.
pub const REAL: i64 = 1_000;
/// At a quarter of its speed a record's way can be followed by eye.
pub const EYE: i64 = REAL / 4;
/// Many are followed at a tenth of it: the more there is to see, the more time it takes.
pub const CROWDED: i64 = REAL / 10;
/// Records under way that are many, and those that are few again.
const MANY: usize = 8;
const FEW: usize = 3;
/// For so many simulated microseconds after the cluster has found a new order clients look for it: they ask again in steps of up to a
/// second, which is long at the eye's pace.
const SETTLE_US: i64 = 4_000_000;
const SETTLING: i64 = REAL * 3 / 4;
/// What is on its way to an end of which only the limit is known.
const BRISK: i64 = REAL * 3;
/// Faster than this nothing can be seen.
const FASTEST: i64 = REAL * 60;
/// For so many simulated microseconds what has just changed is looked at.
const DWELL_US: i64 = 120_000;
/// The pace rises with the time since then, and falls with the time that is left: each grows and shrinks by a factor of e in so many
/// real milliseconds.
const RISE_MS: i64 = 150;
const FALL_MS: i64 = 220;
/// Partitions, beside the first so many, are not watched.
const WATCHED: usize = 64;

/// What the director says of a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Direction {
    /// Simulated microseconds for each real millisecond.
    pub rate: i64,
    /// What is waited for.
    pub wait: Option<Wait>,
}

/// What changes seldom, and is worth a look when it does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Order {
    cluster: ClusterOrder,
    /// State and generation of each group, and its members.
    groups: Vec<(GroupState, i32, usize)>,
    /// When a partition was given up or taken over last.
    handed: Option<Time>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct ClusterOrder {
    controller: Option<i32>,
    /// Leader and epoch of each partition.
    leaders: Vec<(i32, i32)>,
    /// Replicas that have been cut lately.
    cut: usize,
}

/// Remembers the order of the cluster, to see when it changes.
#[derive(Clone, Debug, Default)]
pub struct Director {
    order: Order,
    /// When it changed, or something was done.
    changed: Option<Time>,
    /// When the cluster's part of it changed.
    reordered: Option<Time>,
    /// Many records have been under way, and are not few yet.
    is_crowded: bool,
}

impl Director {
    /// How the moment is to be played. Moments come in their order; after a leap it is another director's run.
    pub fn direct(&mut self, view: &WorldView) -> Direction {
        let order = Order::of(view);
        let of_cluster = order.cluster != self.order.cluster;
        let of_groups = (&order.groups, order.handed) != (&self.order.groups, self.order.handed);
        if of_cluster || of_groups && !broker_is_awaited(view) {
            self.changed = Some(view.now);
        }
        if of_cluster {
            self.reordered = Some(view.now);
        }
        self.order = order;
        let done = view.done.first().map(|(at, _)| *at);
        let changed = self.changed.max(done).filter(|at| *at <= view.now);
        let under_way = records_under_way(view);
        self.is_crowded = under_way >= MANY || self.is_crowded && under_way > FEW;
        let settles = self.reordered.is_some_and(|at| (0..SETTLE_US).contains(&view.now.micros_since(at)));
        let eye = match (settles, self.is_crowded) {
            (true, _) => SETTLING,
            (false, true) => CROWDED,
            (false, false) => EYE,
        };
        pace(view, changed, eye)
    }
}

/// The pace of a moment, when the order of the cluster has changed last at `changed`, and records are to be seen at `eye`.
fn pace(view: &WorldView, changed: Option<Time>, eye: i64) -> Direction {
    let slow = |rate| Direction { rate, wait: None };
    let since = changed.map_or(i64::MAX, |at| view.now.micros_since(at)).saturating_sub(DWELL_US);
    if since < 0 || group_talks(view) && !broker_is_awaited(view) {
        return slow(EYE);
    }
    let rise = EYE.saturating_add(since / RISE_MS);
    let limit = |left: i64, most: i64| (left / FALL_MS).clamp(EYE, most).min(rise);
    if let Some(wait) = next_wait(view) {
        // Members of a rebalance come before its limit is over.
        let most = if waits::is_exact(wait) { FASTEST } else { BRISK };
        return Direction { rate: limit(wait.at.micros_since(view.now), most), wait: Some(wait.clone()) };
    }
    let under_way = view.flights.iter().any(|flight| !flight.cargo.is_empty());
    match view.next_record.filter(|_| !under_way && idle(view)) {
        Some(at) => {
            let (who, left) = (Arc::default(), at.micros_since(view.now).max(0));
            Direction { rate: limit(left, FASTEST), wait: Some(Wait { who, what: TimerKind::NextRecord, at, whole_us: left }) }
        }
        None if under_way => slow(eye),
        None => slow(REAL.min(rise)),
    }
}

/// Records on their way into a log and out of one.
pub fn records_under_way(view: &WorldView) -> usize {
    let carries = view.flights.iter().filter(|flight| !flight.response || flight.api == ApiKey::Fetch);
    carries.map(|flight| flight.cargo.len()).sum()
}

/// What is waited for next: a broker, before anything of a group.
fn next_wait(view: &WorldView) -> Option<&Wait> {
    let of_broker = broker_is_awaited(view);
    let fits = |wait: &&Wait| wait.at > view.now && (!of_broker || view.brokers.iter().any(|broker| broker.name == wait.who));
    view.waits.iter().find(fits)
}

/// Whether frames are under way with which a group finds its order.
fn group_talks(view: &WorldView) -> bool {
    view.flights.iter().any(|flight| matches!(flight.api, ApiKey::JoinGroup | ApiKey::SyncGroup))
}

/// Whether a broker's session or an election is waited for.
fn broker_is_awaited(view: &WorldView) -> bool {
    view.waits.iter().any(|wait| view.brokers.iter().any(|broker| broker.name == wait.who))
}

impl Order {
    fn of(view: &WorldView) -> Self {
        let shown = view.partitions.iter().filter(|partition| !partition.internal).take(WATCHED);
        Self {
            cluster: ClusterOrder {
                controller: view.quorum.as_ref().and_then(|quorum| quorum.leader),
                leaders: shown.map(|partition| (partition.view.leader, partition.view.leader_epoch)).collect(),
                cut: view.replicas.iter().filter(|replica| replica.torn.is_some_and(|torn| torn.is_fresh(view.now))).count(),
            },
            groups: view.groups.iter().map(|group| (group.state, group.generation, group.members.len())).collect(),
            handed: view.holdings.iter().map(|holding| holding.since).max(),
        }
    }
}
