//! Appends of the group coordinator that wait for the high watermark (`CoordinatorRuntime`'s deferred events).

use crate::kafka::time::{Deadline, Reason, Time};

#[derive(Clone, Debug)]
struct Append {
    id: u64,
    /// Of `__consumer_offsets`.
    partition: i32,
    /// The offset after its last record.
    end: i64,
    until: Time,
}

/// What the coordinator appended and is not committed yet.
///
/// The owner calls `wait` for an append that the high watermark has not passed, and tells the coordinator what `handle_high_watermark`
/// (committed) and `handle_timeout` (timed out) return. A partition that it no longer leads is forgotten: the coordinator knows.
#[derive(Clone, Debug, Default)]
pub struct CoordinatorAppends(Vec<Append>);

impl CoordinatorAppends {
    pub fn wait(&mut self, id: u64, partition: i32, end: i64, until: Time) {
        self.0.push(Append { id, partition, end, until });
    }

    /// The ids of those that are committed now.
    pub fn handle_high_watermark(&mut self, partition: i32, high_watermark: i64) -> Vec<u64> {
        self.take(|append| append.partition == partition && append.end <= high_watermark)
    }

    /// The ids of those whose `offsets.commit.timeout.ms` is over.
    pub fn handle_timeout(&mut self, now: Time) -> Vec<u64> {
        self.take(|append| append.until <= now)
    }

    pub fn forget(&mut self, partition: i32) {
        self.0.retain(|append| append.partition != partition);
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let at = self.0.iter().map(|append| append.until).min()?;
        Some((at, Reason::new("offsets.commit.timeout.ms", "")))
    }

    fn take(&mut self, done: impl Fn(&Append) -> bool) -> Vec<u64> {
        let taken = self.0.iter().filter(|append| done(append)).map(|append| append.id).collect();
        self.0.retain(|append| !done(append));
        taken
    }
}
