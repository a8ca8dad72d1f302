//! The state of one transactional id and its transitions (`TransactionMetadata`, `TransactionState`).

use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::error::ErrorCode;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The first transaction version whose clients get a new epoch with the end of each transaction (KIP-890).
pub const EPOCH_BUMP: i16 = 2;

/// The states of a transactional id, with Kafka's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionState {
    Empty = 0,
    Ongoing = 1,
    PrepareCommit = 2,
    PrepareAbort = 3,
    CompleteCommit = 4,
    CompleteAbort = 5,
    /// Its id has expired.
    Dead = 6,
    /// Its producer is being fenced.
    PrepareEpochFence = 7,
}

impl TransactionState {
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::Ongoing,
        Self::PrepareCommit,
        Self::PrepareAbort,
        Self::CompleteCommit,
        Self::CompleteAbort,
        Self::Dead,
        Self::PrepareEpochFence,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
            Self::Dead => "Dead",
            Self::PrepareEpochFence => "PrepareEpochFence",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub fn from_id(id: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i8 == id)
    }

    /// Whether the id may be forgotten in this state.
    pub const fn may_expire(self) -> bool {
        matches!(self, Self::Empty | Self::CompleteCommit | Self::CompleteAbort)
    }
}

/// By its name, so that the hash of an event says what the page shows.
impl Hash for TransactionState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// What is remembered of a transactional id: all of it, but the last epoch, is in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metadata {
    pub producer_id: i64,
    /// The id before a change of it; -1 without one.
    pub previous_producer_id: i64,
    /// The id that holds once the markers are written; -1: the same.
    pub next_producer_id: i64,
    pub producer_epoch: i16,
    /// The epoch before the last; -1 when no one may come back with it.
    pub last_producer_epoch: i16,
    pub timeout_ms: i32,
    pub state: TransactionState,
    pub partitions: SortedVecSet<(Arc<str>, i32)>,
    /// Milliseconds since the Unix epoch; -1 before the first transaction.
    pub started: i64,
    pub updated: i64,
    /// The transaction version that its client speaks.
    pub client_version: i16,
}

impl Metadata {
    pub fn new(producer_id: i64, timeout_ms: i32, now: i64) -> Self {
        Self {
            producer_id,
            previous_producer_id: -1,
            next_producer_id: -1,
            producer_epoch: -1,
            last_producer_epoch: -1,
            timeout_ms,
            state: TransactionState::Empty,
            partitions: SortedVecSet::new(),
            started: -1,
            updated: now,
            client_version: 0,
        }
    }

    /// No epoch is left to give to the producer: the greatest is kept for fencing it.
    pub fn is_exhausted(&self) -> bool {
        is_exhausted(self.producer_epoch)
    }

    /// With an epoch more, for a producer that expects the epoch `expected`, if any.
    pub fn with_next_epoch(&self, timeout_ms: i32, expected: Option<i16>, now: i64) -> Result<Self, ErrorCode> {
        let next = self.producer_epoch.saturating_add(1);
        let (producer_epoch, last_producer_epoch) = match expected {
            None => (next, -1),
            Some(expected) if self.producer_epoch == -1 || expected == self.producer_epoch => (next, self.producer_epoch),
            // Again, after an answer that was lost.
            Some(expected) if expected == self.last_producer_epoch => (self.producer_epoch, self.last_producer_epoch),
            Some(_) => return Err(ErrorCode::ProducerFenced),
        };
        Ok(Self { producer_epoch, last_producer_epoch, ..self.emptied(timeout_ms, now) })
    }

    /// With another producer id, as the epochs of this one are used up.
    pub fn with_new_id(&self, producer_id: i64, timeout_ms: i32, expected: bool, now: i64) -> Self {
        let last_producer_epoch = if expected { self.producer_epoch } else { -1 };
        Self { producer_id, producer_epoch: 0, last_producer_epoch, ..self.emptied(timeout_ms, now) }
    }

    fn emptied(&self, timeout_ms: i32, now: i64) -> Self {
        Self {
            previous_producer_id: self.producer_id,
            next_producer_id: -1,
            timeout_ms,
            state: TransactionState::Empty,
            partitions: SortedVecSet::new(),
            started: -1,
            updated: now,
            ..self.clone()
        }
    }

    pub fn with_partitions(&self, added: &SortedVecSet<(Arc<str>, i32)>, client_version: i16, now: i64) -> Self {
        let begins = self.state != TransactionState::Ongoing;
        let mut partitions = self.partitions.clone();
        added.iter().for_each(|partition| {
            partitions.insert(partition.clone());
        });
        Self {
            previous_producer_id: self.producer_id,
            next_producer_id: -1,
            state: TransactionState::Ongoing,
            partitions,
            started: if begins { now } else { self.started },
            updated: now,
            client_version,
            ..self.clone()
        }
    }

    /// Its end is decided. `next_producer_id`: the one after the end, -1 for the same; `empty`: there is no transaction to end.
    pub fn prepared(&self, commit: bool, client_version: i16, next_producer_id: i64, empty: bool, now: i64) -> Self {
        let state = if commit { TransactionState::PrepareCommit } else { TransactionState::PrepareAbort };
        let (producer_epoch, last_producer_epoch) = if client_version < EPOCH_BUMP {
            (self.producer_epoch, self.last_producer_epoch)
        } else {
            (self.producer_epoch.saturating_add(1), self.producer_epoch)
        };
        Self {
            previous_producer_id: self.producer_id,
            next_producer_id,
            producer_epoch,
            last_producer_epoch,
            state,
            started: if empty { now } else { self.started },
            updated: now,
            client_version,
            ..self.clone()
        }
    }

    /// All markers are written.
    pub fn completed(&self, now: i64) -> Self {
        let commit = self.state == TransactionState::PrepareCommit;
        let renewed = self.client_version >= EPOCH_BUMP && self.next_producer_id != -1;
        let (producer_id, producer_epoch) = if renewed { (self.next_producer_id, 0) } else { (self.producer_id, self.producer_epoch) };
        Self {
            producer_id,
            previous_producer_id: self.producer_id,
            next_producer_id: -1,
            producer_epoch,
            state: if commit { TransactionState::CompleteCommit } else { TransactionState::CompleteAbort },
            partitions: SortedVecSet::new(),
            updated: now,
            ..self.clone()
        }
    }
}

pub fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_kafkas() {
        for (number, state) in (0_i8..).zip(TransactionState::ALL) {
            assert_eq!(TransactionState::from_id(number), Some(state));
            assert_eq!(TransactionState::from_name(state.name()), Some(state));
        }
        assert_eq!(TransactionState::from_id(8), None);
    }

    #[test]
    fn a_producer_that_asks_again_with_its_former_epoch_gets_the_same() {
        let first = Metadata::new(7, 60_000, 1).with_next_epoch(60_000, None, 1).expect("the first");
        assert_eq!((first.producer_epoch, first.last_producer_epoch), (0, -1));
        let second = first.with_next_epoch(60_000, Some(0), 2).expect("an epoch more");
        assert_eq!((second.producer_epoch, second.last_producer_epoch), (1, 0));
        let again = second.with_next_epoch(60_000, Some(0), 3).expect("the same again");
        assert_eq!((again.producer_epoch, again.last_producer_epoch), (1, 0));
        let third = again.with_next_epoch(60_000, Some(1), 4).expect("an epoch more");
        assert_eq!(third.with_next_epoch(60_000, Some(0), 5), Err(ErrorCode::ProducerFenced));
        let other = third.with_next_epoch(60_000, None, 6).expect("another process");
        assert_eq!(other.with_next_epoch(60_000, Some(2), 7), Err(ErrorCode::ProducerFenced), "the former process is fenced");
    }

    #[test]
    fn the_last_epoch_ends_a_transaction_with_a_new_id() {
        let last = Metadata { producer_epoch: i16::MAX - 1, ..Metadata::new(7, 60_000, 1) };
        assert!(last.is_exhausted());
        let ended = last.prepared(true, EPOCH_BUMP, 9, false, 2);
        assert_eq!((ended.producer_id, ended.producer_epoch), (7, i16::MAX), "the markers' epoch");
        let done = ended.completed(3);
        assert_eq!((done.producer_id, done.previous_producer_id, done.producer_epoch), (9, 7, 0));
        assert_eq!(done.last_producer_epoch, i16::MAX - 1);
    }
}
