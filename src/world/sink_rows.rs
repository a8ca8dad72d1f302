//! The writes that a sink remembers one by one: what was written, from where, by whom, and what became of it.

use crate::kafka::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// Writes that a sink remembers; older ones are only counted.
pub const MAX_WRITES: u32 = 200;

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteOutcome {
    /// It is a new row.
    Inserted,
    /// It is a row of an event that another row stands for already.
    Twice,
    /// The event, or a newer version, was there: nothing was written.
    Ignored,
    /// It has taken the place of an older version.
    Replaced,
    /// It is an older version, and has taken the place of a newer one.
    Stale,
}

/// A record that was brought to a sink.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkWrite {
    pub at: Time,
    /// The consumer.
    pub by: Arc<str>,
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    /// As text; `None` without one.
    pub key: Option<Arc<str>>,
    /// The producer app that wrote it, and which of its records it is: the event's id and its version. `None`: no app wrote it.
    pub event: Option<(Arc<str>, i64)>,
    pub outcome: WriteOutcome,
}

/// The newest writes; those of a checkpoint share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes {
    kept: VecDeque<Arc<SinkWrite>>,
    dropped: u64,
}

impl Writes {
    pub(super) fn push(&mut self, write: SinkWrite) {
        if self.kept.len() >= MAX_WRITES as usize {
            self.kept.pop_front();
            self.dropped += 1;
        }
        self.kept.push_back(Arc::new(write));
    }
}

/// A sink with what it remembers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SinkRows {
    /// Newest first.
    pub writes: Vec<Arc<SinkWrite>>,
    /// Older writes that are only counted.
    pub dropped: u64,
    /// Records that are committed and in no row: topic, partition, offset. The first `MAX_WRITES` of them.
    pub missing: Vec<(Arc<str>, i32, i64)>,
}

impl SinkRows {
    pub(super) fn new(writes: &Writes, missing: Vec<(Arc<str>, i32, i64)>) -> Self {
        Self { writes: writes.kept.iter().rev().cloned().collect(), dropped: writes.dropped, missing }
    }
}
