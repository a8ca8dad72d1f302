//! What a run has come to by a moment, in numbers: what branches, and runs under other settings, are compared by.

use super::{AssignmentSpans, State, Timeline};
use crate::kafka::time::Time;

/// Durations are microseconds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub sent: u64,
    pub acked: u64,
    pub readable: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    pub redelivered: u64,
    /// Records that consumer apps have handled, each time counted.
    pub handled: u64,
    /// Of partitions' leaders, and of the quorum's.
    pub elections: u64,
    pub quorum_elections: u64,
    pub rebalances: u64,
    /// Partitions that were taken from a running member.
    pub revoked: u64,
    pub violations: u64,
    /// Readable records that groups have not committed.
    pub lag: u64,
    /// Partitions × time in which nobody of their group had them, and the longest such time of one.
    pub unowned_us: i64,
    pub longest_unowned_us: i64,
    /// The same without a leader.
    pub leaderless_us: i64,
    pub longest_leaderless_us: i64,
    /// From `send()` to the acknowledgement: the mean, and the longest.
    pub wait_us: i64,
    pub longest_wait_us: i64,
    /// Of all sinks together.
    pub rows: u64,
    pub twice: u64,
    pub stale: u64,
    pub missing: u64,
}

impl Timeline {
    /// What the run has come to at the moment that is shown. What groups do is counted from `from` on: how one is first shared out
    /// is another matter.
    pub fn counts(&self, from: Time) -> Counts {
        self.state.counts(self.branch().assignment_spans(), from)
    }
}

impl State {
    /// `spans`: of the branch that the state is of; later ones than its moment are not looked at.
    pub(super) fn counts(&self, spans: &AssignmentSpans, from: Time) -> Counts {
        let world = self.play.world();
        let (view, now) = (world.view(), world.now());
        let verdict = self.judge.verdict(world, false);
        let (ledger, counters) = (verdict.ledger, verdict.counters);
        let is_there = |topic: &str, n: i32| view.partitions.iter().any(|p| p.view.partition == n && *p.view.topic == *topic);
        let gaps = spans.gaps();
        let unowned = gaps.iter().filter(|gap| gap.to.is_some() || is_there(&gap.topic, gap.partition)).map(|gap| gap.micros(from, now));
        let (unowned_us, longest_unowned_us) = unowned.fold((0, 0), |(sum, longest), us| (sum + us, us.max(longest)));
        let (leaderless_us, longest_leaderless_us) = self.meter.leaderless_us(now);
        let sinks = &view.sinks;
        Counts {
            sent: ledger.sent,
            acked: ledger.acked,
            readable: ledger.readable,
            lost: ledger.lost,
            duplicated: ledger.duplicated,
            reordered: ledger.reordered,
            redelivered: ledger.redelivered,
            handled: view.consumers.iter().map(|consumer| consumer.handled).sum(),
            elections: counters.elections,
            quorum_elections: counters.quorum_elections,
            rebalances: self.meter.rebalances(from),
            revoked: self.meter.revoked(from),
            violations: verdict.violations.len() as u64,
            lag: view.groups.iter().map(|group| view.group_lag(group)).sum::<i64>().unsigned_abs(),
            unowned_us,
            longest_unowned_us,
            leaderless_us,
            longest_leaderless_us,
            wait_us: self.meter.waited_us / i64::try_from(self.meter.answered).unwrap_or(i64::MAX).max(1),
            longest_wait_us: self.meter.longest_wait_us,
            rows: sinks.iter().map(|sink| sink.rows).sum(),
            twice: sinks.iter().map(|sink| sink.twice).sum(),
            stale: sinks.iter().map(|sink| sink.stale).sum(),
            missing: sinks.iter().map(|sink| sink.missing).sum(),
        }
    }
}
