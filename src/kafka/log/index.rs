//! Offset and time index of a segment: entries in memory, mirrored in Kafka's `.index` and `.timeindex` files.

use bytes::{BufMut, Bytes, BytesMut};

pub(super) const OFFSET_ENTRY: u64 = 8;
pub(super) const TIME_ENTRY: u64 = 12;

/// (last offset of a batch, relative to the segment's base; the batch's position in the file).
#[derive(Clone, Debug, Default)]
pub(super) struct OffsetIndex {
    pub(super) entries: Vec<(u32, u32)>,
}

impl OffsetIndex {
    /// `None` when the bytes cannot be the index of a log file with `log_size` bytes.
    pub(super) fn parse(bytes: &[u8], log_size: u64) -> Option<Self> {
        let (chunks, []) = bytes.as_chunks::<8>() else { return None };
        let entries: Vec<(u32, u32)> =
            chunks.iter().map(|&[a, b, c, d, e, f, g, h]| (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))).collect();
        let rising = entries.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1);
        let inside = entries.last().is_none_or(|&(offset, position)| offset <= i32::MAX as u32 && u64::from(position) < log_size);
        (rising && inside).then_some(Self { entries })
    }

    pub(super) fn bytes(entry: (u32, u32)) -> [u8; 8] {
        let mut out = [0; 8];
        out[..4].copy_from_slice(&entry.0.to_be_bytes());
        out[4..].copy_from_slice(&entry.1.to_be_bytes());
        out
    }

    pub(super) fn file(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.entries.len() * OFFSET_ENTRY as usize);
        self.entries.iter().for_each(|&entry| out.put_slice(&Self::bytes(entry)));
        out.freeze()
    }

    /// Where to begin to look for `relative`: the position of the last indexed batch whose last offset is not above it.
    pub(super) fn position_before(&self, relative: u32) -> u64 {
        let after = self.entries.partition_point(|entry| entry.0 <= relative);
        after.checked_sub(1).and_then(|i| self.entries.get(i)).map_or(0, |entry| u64::from(entry.1))
    }
}

/// (greatest timestamp so far, the offset of its batch's last record, relative to the segment's base).
#[derive(Clone, Debug, Default)]
pub(super) struct TimeIndex {
    pub(super) entries: Vec<(i64, u32)>,
}

impl TimeIndex {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (chunks, []) = bytes.as_chunks::<12>() else { return None };
        let entries: Vec<(i64, u32)> = chunks
            .iter()
            .map(|&[a, b, c, d, e, f, g, h, i, j, k, l]| (i64::from_be_bytes([a, b, c, d, e, f, g, h]), u32::from_be_bytes([i, j, k, l])))
            .collect();
        let rising = entries.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1);
        let sound = entries.iter().all(|&(timestamp, offset)| timestamp >= 0 && offset <= i32::MAX as u32);
        (rising && sound).then_some(Self { entries })
    }

    pub(super) fn bytes(entry: (i64, u32)) -> [u8; 12] {
        let mut out = [0; 12];
        out[..8].copy_from_slice(&entry.0.to_be_bytes());
        out[8..].copy_from_slice(&entry.1.to_be_bytes());
        out
    }

    pub(super) fn file(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.entries.len() * TIME_ENTRY as usize);
        self.entries.iter().for_each(|&entry| out.put_slice(&Self::bytes(entry)));
        out.freeze()
    }

    /// An offset (relative) before which no record is as young as `timestamp`.
    pub(super) fn offset_before(&self, timestamp: i64) -> u32 {
        // An entry with this very timestamp names its batch's last offset; an earlier record of that batch may have it too,
        // so the entry before is taken.
        let after = self.entries.partition_point(|entry| entry.0 < timestamp);
        after.checked_sub(1).and_then(|i| self.entries.get(i)).map_or(0, |entry| entry.1)
    }
}
