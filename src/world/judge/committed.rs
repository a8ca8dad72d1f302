//! A log as it was promised: its batches below the high watermark, by content.

use crate::kafka::wire::batch::Batch;
use crate::world::content::hash;

/// One batch. The hash is of all its bytes, base offset and leader epoch among them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    base: i64,
    next: i64,
    hash: u64,
}

/// Batches in order, each joining the one before.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct CommittedLog(Vec<Mark>);

/// What the chain says to a batch of some replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Says {
    Same,
    Differs,
    /// The chain does not reach there.
    Unknown,
}

impl CommittedLog {
    /// The first offset that it knows nothing of yet.
    pub(super) fn end(&self) -> Option<i64> {
        self.0.last().map(|mark| mark.next)
    }

    pub(super) fn push(&mut self, batch: &Batch) {
        self.0.push(Mark { base: batch.base_offset(), next: batch.last_offset() + 1, hash: hash(4, batch.bytes()) });
    }

    pub(super) fn compare(&self, batch: &Batch) -> Says {
        let base = batch.base_offset();
        let at = self.0.partition_point(|mark| mark.next <= base);
        let known = self.0.first().is_some_and(|first| first.base <= base);
        match self.0.get(at) {
            Some(mark) if known && mark.base == base && mark.hash == hash(4, batch.bytes()) => Says::Same,
            Some(_) if known => Says::Differs,
            _ => Says::Unknown,
        }
    }

    /// Bytes.
    pub(super) fn weight(&self) -> u64 {
        (self.0.len() * size_of::<Mark>()) as u64
    }

    /// Forgets what lies at `offset` and after it.
    pub(super) fn cut(&mut self, offset: i64) {
        let keep = self.0.partition_point(|mark| mark.next <= offset);
        self.0.truncate(keep);
    }
}
