//! The end of a transaction as it stands in a log (`EndTransactionMarker`): a control batch with one record.

use super::batch::{Batch, BatchBuilder, BatchOptions};

const ABORT: i16 = 0;
const COMMIT: i16 = 1;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marker {
    pub commit: bool,
    /// Leader epoch of the transaction's partition of `__transaction_state`.
    pub coordinator_epoch: i32,
}

impl Marker {
    /// What a batch ends; `None` when it is no marker.
    pub fn of(batch: &Batch) -> Option<Self> {
        if !batch.is_control() {
            return None;
        }
        let record = batch.records_iter().ok()?.next()?.ok()?;
        let (key, value) = (record.key?, record.value?);
        let kind = i16::from_be_bytes(*key.get(2..4)?.first_chunk()?);
        let coordinator_epoch = i32::from_be_bytes(*value.get(2..6)?.first_chunk()?);
        matches!(kind, ABORT | COMMIT).then_some(Self { commit: kind == COMMIT, coordinator_epoch })
    }

    /// `timestamp` in milliseconds since the Unix epoch.
    pub fn batch(self, timestamp: i64, producer_id: i64, producer_epoch: i16) -> Batch {
        let options = BatchOptions { producer_id, producer_epoch, transactional: true, control: true, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options);
        let kind = if self.commit { COMMIT } else { ABORT };
        let [k0, k1] = kind.to_be_bytes();
        let [e0, e1, e2, e3] = self.coordinator_epoch.to_be_bytes();
        builder.push(timestamp, Some(&[0, 0, k0, k1]), Some(&[0, 0, e0, e1, e2, e3]), &[]);
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_comes_back_and_no_other_batch_is_one() {
        for commit in [true, false] {
            let marker = Marker { commit, coordinator_epoch: 7 };
            let batch = marker.batch(5, 2020, 3);
            assert_eq!(Marker::of(&batch), Some(marker));
            assert_eq!((batch.attributes(), batch.base_sequence(), batch.record_count()), (0x30, -1, 1));
        }
        let mut plain = BatchBuilder::new(BatchOptions::default());
        plain.push(5, Some(&[0, 0, 0, 1]), Some(&[0; 6]), &[]);
        assert_eq!(Marker::of(&plain.build()), None);
    }
}
