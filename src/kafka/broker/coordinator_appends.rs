//! Appends of this broker's coordinators that wait for the high watermark (`CoordinatorRuntime`'s deferred events, `DelayedProduce`).

use crate::kafka::time::{Deadline, Reason, Time};
use std::sync::Arc;

#[derive(Clone, Debug)]
struct Append<T> {
    topic: Arc<str>,
    partition: i32,
    /// The offset after its last record.
    end: i64,
    until: Time,
    tag: T,
}

/// What was appended and is not committed yet; `T` says for whom.
///
/// The owner calls `wait` for an append that the high watermark has not passed, and tells whom it may concern what `handle_high_watermark`
/// (committed), `handle_timeout` (timed out) and `forget` (no longer led) return.
#[derive(Clone, Debug)]
pub struct CoordinatorAppends<T>(Vec<Append<T>>);

impl<T> Default for CoordinatorAppends<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> CoordinatorAppends<T> {
    pub fn wait(&mut self, tag: T, topic: Arc<str>, partition: i32, end: i64, until: Time) {
        self.0.push(Append { topic, partition, end, until, tag });
    }

    /// Those that are committed now.
    pub fn handle_high_watermark(&mut self, topic: &str, partition: i32, high_watermark: i64) -> Vec<T> {
        self.take(|append| append.partition == partition && append.end <= high_watermark && *append.topic == *topic)
    }

    /// Those whose time is over.
    pub fn handle_timeout(&mut self, now: Time) -> Vec<T> {
        self.take(|append| append.until <= now)
    }

    pub fn forget(&mut self, topic: &str, partition: i32) -> Vec<T> {
        self.take(|append| append.partition == partition && *append.topic == *topic)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let at = self.0.iter().map(|append| append.until).min()?;
        Some((at, Reason::new("offsets.commit.timeout.ms", "")))
    }

    fn take(&mut self, done: impl Fn(&Append<T>) -> bool) -> Vec<T> {
        if !self.0.iter().any(&done) {
            return Vec::new();
        }
        let (taken, kept) = std::mem::take(&mut self.0).into_iter().partition(done);
        self.0 = kept;
        let taken: Vec<Append<T>> = taken;
        taken.into_iter().map(|append| append.tag).collect()
    }
}
