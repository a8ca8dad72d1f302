//! How fast throttled replicas are copied (`ReplicationQuotaManager`): of the replicas that `leader.replication.throttled.replicas` and
//! `follower.replication.throttled.replicas` name, those that are not in sync wait while the bytes of the last windows exceed the rate.

use crate::kafka::config::BrokerConfig;
use crate::kafka::time::Time;
use std::collections::VecDeque;

/// Of one window: when it began, and the bytes of throttled replicas since.
type Sample = (Time, u64);

/// The bytes that this broker gives as a leader, or takes as a follower, of throttled replicas, beside the rate that they may have.
///
/// The owner sets the rate with `set_rate`, tells of bytes with `record`, and asks `is_exceeded` before it copies more.
#[derive(Clone, Debug)]
pub struct ReplicationQuota {
    /// Bytes a second.
    rate: i64,
    windows: u32,
    window_us: i64,
    samples: VecDeque<Sample>,
}

impl ReplicationQuota {
    /// `windows` (`replication.quota.window.num`) of so many seconds (`replication.quota.window.size.seconds`) are looked at.
    pub fn new(windows: i32, seconds: i32) -> Self {
        let windows = u32::try_from(windows).unwrap_or(1).max(1);
        Self { rate: i64::MAX, windows, window_us: i64::from(seconds.max(1)).saturating_mul(1_000_000), samples: VecDeque::new() }
    }

    pub fn set_rate(&mut self, rate: i64) {
        self.rate = rate;
    }

    /// The first window that counts begins after this (`SampledStat.purgeObsoleteSamples`).
    fn horizon(&self, now: Time) -> i64 {
        now.0.saturating_sub(i64::from(self.windows).saturating_mul(self.window_us))
    }

    pub fn record(&mut self, now: Time, bytes: u64) {
        let horizon = self.horizon(now);
        while self.samples.front().is_some_and(|(begun, _)| begun.0 <= horizon) {
            self.samples.pop_front();
        }
        match self.samples.back_mut() {
            Some((begun, sum)) if now.micros_since(*begun) < self.window_us => *sum = sum.saturating_add(bytes),
            _ => self.samples.push_back((now, bytes)),
        }
    }

    /// Whether more came in the last windows than the rate allows: their bytes, over the time since the first of them began, and over one
    /// window at least (`SimpleRate`).
    pub fn is_exceeded(&self, now: Time) -> bool {
        let horizon = self.horizon(now);
        let counted = || self.samples.iter().filter(|(begun, _)| begun.0 > horizon);
        let Some((first, _)) = counted().next() else { return false };
        let elapsed = now.micros_since(*first).max(self.window_us);
        let bytes: u64 = counted().map(|(_, bytes)| bytes).sum();
        u128::from(bytes) * 1_000_000 > u128::try_from(self.rate).unwrap_or(0) * u128::try_from(elapsed).unwrap_or(0)
    }
}

/// Of both directions: what this broker gives as a leader, and what it takes as a follower.
///
/// The owner calls `set_rates` whenever its configs have changed. A follower asks `follower.is_exceeded` before it fetches for a throttled
/// replica that lags, and calls `follower.record` with all that comes for throttled ones; a leader asks `leader.is_exceeded` before it
/// answers for one that is not in sync, and calls `leader.record` with all that it gives to throttled ones. There is nothing to drain and
/// no deadline: a follower that has to wait tries again after its backoff, and a leader's answer leaves the partition out.
#[derive(Clone, Debug)]
pub struct ReplicationQuotas {
    pub leader: ReplicationQuota,
    pub follower: ReplicationQuota,
}

impl ReplicationQuotas {
    pub fn new(config: &BrokerConfig) -> Self {
        let quota = ReplicationQuota::new(config.replication_quota_window_num, config.replication_quota_window_size_seconds);
        Self { leader: quota.clone(), follower: quota }
    }

    pub fn set_rates(&mut self, config: &BrokerConfig) {
        self.leader.set_rate(config.throttled_rate("leader.replication.throttled.rate"));
        self.follower.set_rate(config.throttled_rate("follower.replication.throttled.rate"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_millis(1_000_000 + ms)
    }

    #[test]
    fn bytes_count_against_the_rate_for_the_windows() {
        let mut quota = ReplicationQuota::new(3, 1);
        quota.record(at(0), 5000);
        assert!(!quota.is_exceeded(at(0)), "without a rate nothing is too fast");
        quota.set_rate(1000);
        assert!(quota.is_exceeded(at(0)), "5000 bytes in one window");
        assert!(quota.is_exceeded(at(2999)), "1667 bytes a second");
        assert!(!quota.is_exceeded(at(3000)), "its window is over");
        quota.record(at(3000), 1000);
        assert!(!quota.is_exceeded(at(3000)), "as much as the rate is not more than it");
        quota.record(at(3500), 1);
        assert!(quota.is_exceeded(at(3500)), "1001 bytes in one window");
        assert!(!quota.is_exceeded(at(4001)), "over more than a second it is less");
    }
}
