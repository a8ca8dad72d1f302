//! Transactions as a log holds them, against what producers were told and readers were given.

use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::marker::Marker;

/// What became of a record's transaction, by the log that it is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TransactionOutcome {
    /// Or it is in none.
    Committed,
    Aborted,
    Open,
}

impl TransactionOutcome {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Committed => "is committed",
            Self::Aborted => "is aborted",
            Self::Open => "is still open",
        }
    }
}

/// The transactions that are open so far in a log that is read.
#[derive(Default)]
pub(super) struct OpenTransactions {
    /// By producer id: its epoch, and which of the records found are in it.
    open: SortedVecMap<i64, (i16, Vec<u32>)>,
    /// Transactions that were not ended before their producer's next one: its id, the epoch, and where the next one begins.
    pub(super) unended: Vec<(i64, i16, i64)>,
}

impl OpenTransactions {
    /// The records of the transaction that a batch ends, and how.
    pub(super) fn ended(&mut self, batch: &Batch) -> Option<(Vec<u32>, TransactionOutcome)> {
        let marker = Marker::of(batch)?;
        let (_, records) = self.open.remove(&batch.producer_id())?;
        Some((records, if marker.commit { TransactionOutcome::Committed } else { TransactionOutcome::Aborted }))
    }

    /// What is known so far of the records of a batch: `Open` where they are in a transaction.
    pub(super) fn begun(&mut self, batch: &Batch) -> TransactionOutcome {
        if !batch.is_transactional() {
            return TransactionOutcome::Committed;
        }
        let (id, now) = (batch.producer_id(), batch.producer_epoch());
        let (epoch, _) = self.open.entry(id).or_insert((now, Vec::new()));
        // The next one begins only once all markers of the one before it are there.
        if *epoch != now {
            self.unended.push((id, *epoch, batch.base_offset()));
            *epoch = now;
        }
        TransactionOutcome::Open
    }

    /// A record was found in the producer's open transaction.
    pub(super) fn found(&mut self, producer_id: i64, record: u32) {
        if let Some((_, records)) = self.open.get_mut(&producer_id) {
            records.push(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};

    fn batch(producer_epoch: i16, transactional: bool) -> Batch {
        let mut builder = BatchBuilder::new(BatchOptions { producer_id: 1, producer_epoch, transactional, ..BatchOptions::default() });
        builder.push(1, None, Some(b"v"), &[]);
        builder.build()
    }

    #[test]
    fn a_transaction_that_another_one_follows_without_a_marker_is_told() {
        let mut open = OpenTransactions::default();
        let marker = |commit| Marker { commit, coordinator_epoch: 0 }.batch(1, 1, 1);
        assert_eq!(open.begun(&batch(0, false)), TransactionOutcome::Committed);
        assert_eq!(open.begun(&batch(0, true)), TransactionOutcome::Open);
        open.found(1, 7);
        assert_eq!(open.ended(&batch(0, true)), None);
        assert_eq!(open.ended(&marker(false)), Some((vec![7], TransactionOutcome::Aborted)));
        assert_eq!(open.ended(&marker(true)), None, "there is none");
        open.begun(&batch(1, true));
        open.found(1, 8);
        assert!(open.unended.is_empty());
        open.begun(&batch(2, true).with_offset(9, 0));
        assert_eq!(open.unended, [(1, 1, 9)]);
        assert_eq!(open.ended(&marker(true)), Some((vec![8], TransactionOutcome::Committed)));
    }
}
