//! Leader epochs and where each began: Kafka's `LeaderEpochFileCache` and its text file `leader-epoch-checkpoint`.

use super::checkpoint::{read_checkpoint, whole};
use crate::kafka::disk::Disk;
use bytes::Bytes;
use std::fmt::Write;

#[derive(Clone, Debug, Default)]
pub(super) struct Epochs {
    /// (epoch, its first offset), both rising.
    pub(super) entries: Vec<(i32, i64)>,
}

impl Epochs {
    /// From the log's checkpoint.
    ///
    /// # Errors
    /// It is damaged; why, in Kafka's words.
    pub(super) fn read(disk: &Disk, path: &str) -> Result<Self, String> {
        let entry = |words: &[&str]| match words {
            [epoch, start] => Some((whole(epoch)?, whole(start)?)),
            _ => None,
        };
        let mut epochs = Self::default();
        for (epoch, start) in read_checkpoint(disk, path, entry)? {
            epochs.assign(epoch, start);
        }
        Ok(epochs)
    }

    pub(super) fn checkpoint(&self) -> Bytes {
        let mut text = format!("0\n{}\n", self.entries.len());
        for (epoch, start) in &self.entries {
            let _ = writeln!(text, "{epoch} {start}");
        }
        Bytes::from(text)
    }

    /// Removes entries that contradict the new one (a later epoch, or one that starts later). Returns whether anything changed.
    pub(super) fn assign(&mut self, epoch: i32, start: i64) -> bool {
        if epoch < 0 || start < 0 || self.entries.last().is_some_and(|&(last, at)| last == epoch && start >= at) {
            return false;
        }
        while self.entries.last().is_some_and(|&(last, at)| last >= epoch || at >= start) {
            self.entries.pop();
        }
        self.entries.push((epoch, start));
        true
    }

    pub(super) fn latest(&self) -> i32 {
        self.entries.last().map_or(-1, |&(epoch, _)| epoch)
    }

    pub(super) fn of(&self, offset: i64) -> i32 {
        let after = self.entries.partition_point(|&(_, start)| start <= offset);
        after.checked_sub(1).and_then(|i| self.entries.get(i)).map_or(-1, |&(epoch, _)| epoch)
    }

    pub(super) fn end_offset_for(&self, epoch: i32, log_end: i64) -> (i32, i64) {
        let latest = self.latest();
        if epoch < 0 || epoch > latest {
            return (-1, -1);
        }
        if epoch == latest {
            return (epoch, log_end);
        }
        let higher = self.entries.partition_point(|&(e, _)| e <= epoch);
        let end = self.entries.get(higher).map_or(log_end, |&(_, start)| start);
        let found = higher.checked_sub(1).and_then(|i| self.entries.get(i)).map_or(epoch, |&(e, _)| e);
        (found, end)
    }

    pub(super) fn truncate_from_end(&mut self, offset: i64) -> bool {
        let before = self.entries.len();
        self.entries.retain(|&(_, start)| start < offset);
        before != self.entries.len()
    }

    /// Removes epochs that end below `offset`; the epoch that contains it now starts there.
    pub(super) fn truncate_from_start(&mut self, offset: i64) -> bool {
        let below = self.entries.partition_point(|&(_, start)| start <= offset);
        let Some(last) = below.checked_sub(1) else { return false };
        self.entries.drain(..last);
        match self.entries.first_mut() {
            Some(first) if first.1 != offset => first.1 = offset,
            _ => return last > 0,
        }
        true
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_offsets_follow_the_next_epoch() {
        let mut epochs = Epochs::default();
        for (epoch, start) in [(0, 0), (2, 10), (5, 30)] {
            assert!(epochs.assign(epoch, start));
        }
        assert!(!epochs.assign(5, 31));
        let table = [(-1, (-1, -1)), (0, (0, 10)), (1, (0, 10)), (2, (2, 30)), (4, (2, 30)), (5, (5, 42)), (6, (-1, -1))];
        for (epoch, expected) in table {
            assert_eq!(epochs.end_offset_for(epoch, 42), expected, "epoch {epoch}");
        }
        assert_eq!([0, 9, 10, 29, 30, 99].map(|offset| epochs.of(offset)), [0, 0, 2, 2, 5, 5]);
        assert_eq!(epochs.checkpoint(), "0\n3\n0 0\n2 10\n5 30\n");
        let mut disk = Disk::default();
        disk.replace("a", epochs.checkpoint()).expect("there is room");
        assert_eq!(Epochs::read(&disk, "a").map(|read| read.entries), Ok(epochs.entries.clone()));
    }

    #[test]
    fn an_epoch_below_the_first_ends_where_the_first_starts() {
        let mut epochs = Epochs::default();
        epochs.assign(3, 7);
        assert_eq!(epochs.end_offset_for(1, 20), (1, 7));
    }

    #[test]
    fn truncation_at_both_ends() {
        let mut epochs = Epochs::default();
        for (epoch, start) in [(0, 0), (1, 10), (2, 20)] {
            epochs.assign(epoch, start);
        }
        assert!(epochs.truncate_from_start(15));
        assert_eq!(epochs.entries, [(1, 15), (2, 20)]);
        assert!(!epochs.truncate_from_end(21));
        assert!(epochs.truncate_from_end(20));
        assert_eq!(epochs.entries, [(1, 15)]);
        assert!(epochs.assign(4, 12), "an entry that starts later is contradicted");
        assert_eq!(epochs.entries, [(4, 12)]);
    }
}
