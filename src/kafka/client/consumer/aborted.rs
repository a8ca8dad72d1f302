//! What a read_committed consumer leaves out of what it has fetched (`CompletedFetch`): the records of aborted transactions, which the
//! leader names beside them, each until its marker.

use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::marker::Marker;
use crate::kafka::wire::message::fetch_response::AbortedTransaction;

/// The aborted transactions of one fetched partition.
#[derive(Clone, Debug, Default)]
pub struct Aborted {
    /// First offset and producer of those whose records have not begun yet, the last one first.
    ahead: Vec<(i64, i64)>,
    /// The producers whose records belong to one.
    open: SortedVecSet<i64>,
}

impl Aborted {
    pub fn new(transactions: &[AbortedTransaction]) -> Self {
        let mut ahead: Vec<(i64, i64)> = transactions.iter().map(|it| (it.first_offset, it.producer_id.0)).collect();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        Self { ahead, open: SortedVecSet::new() }
    }

    /// Whether the next batch is of an aborted transaction. To be asked of every batch, in order.
    pub fn hides(&mut self, batch: &Batch) -> bool {
        while let Some((_, producer)) = self.ahead.pop_if(|(first, _)| *first <= batch.last_offset()) {
            self.open.insert(producer);
        }
        if Marker::of(batch).is_some_and(|marker| !marker.commit) {
            self.open.remove(&batch.producer_id());
        }
        batch.is_transactional() && self.open.contains(&batch.producer_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};

    fn batch(offset: i64, producer_id: i64, transactional: bool) -> Batch {
        let mut builder = BatchBuilder::new(BatchOptions { producer_id, transactional, ..BatchOptions::default() });
        builder.push(1, None, Some(b"v"), &[]);
        builder.build().with_offset(offset, 0)
    }

    #[test]
    fn a_producers_records_are_hidden_from_its_transactions_first_to_its_marker() {
        let aborted = |producer: i64, first_offset| AbortedTransaction { producer_id: producer.into(), first_offset };
        let mut hidden = Aborted::new(&[aborted(2, 6), aborted(1, 2)]);
        let marker = |offset, producer, commit| Marker { commit, coordinator_epoch: 0 }.batch(1, producer, 0).with_offset(offset, 0);
        let log = [
            (batch(0, 1, true), false),
            (marker(1, 1, true), false),
            (batch(2, 1, true), true),
            (batch(3, 2, true), false),
            (batch(4, 1, false), false),
            (marker(5, 2, true), false),
            (batch(6, 2, true), true),
            (marker(7, 1, false), false),
            (batch(8, 1, true), false),
            (marker(9, 2, false), false),
        ];
        for (batch, expected) in log {
            assert_eq!(hidden.hides(&batch), expected, "offset {}", batch.base_offset());
        }
    }
}
