//! The fixed head of a stored batch, read in place: what finding a place in a segment needs, without taking the batch out.

use super::super::disk::{Disk, File};
use super::super::wire::batch::HEADER_BYTES;

/// Base offset and length: the bytes of a batch that its length field does not count.
pub(super) const LOG_OVERHEAD: u64 = 12;

#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    /// The whole batch's bytes.
    pub(super) size: u64,
    pub(super) leader_epoch: i32,
    pub(super) max_timestamp: i64,
}

impl Head {
    /// The head of the batch at `position`; `None` when no whole head is there or its length is impossible.
    pub(super) fn at(disk: &Disk, path: &str, position: u64) -> Option<Self> {
        Self::of(disk.open(path)?, position)
    }

    pub(super) fn of(file: &File, position: u64) -> Option<Self> {
        let mut bytes = [0; HEADER_BYTES as usize];
        if file.peek(position, &mut bytes) < HEADER_BYTES {
            return None;
        }
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8; HEADER_BYTES as usize]) -> Option<Self> {
        let [o0, o1, o2, o3, o4, o5, o6, o7, l0, l1, l2, l3, e0, e1, e2, e3, _magic, ..] = *bytes;
        let [_, .., d0, d1, d2, d3] = *bytes.first_chunk::<27>()?;
        let max_timestamp = i64::from_be_bytes(*bytes.get(35..43)?.first_chunk()?);
        let base_offset = i64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]);
        let length = u64::from(u32::try_from(i32::from_be_bytes([l0, l1, l2, l3])).ok()?);
        let delta = i32::from_be_bytes([d0, d1, d2, d3]);
        let size = length + LOG_OVERHEAD;
        (size >= u64::from(HEADER_BYTES) && delta >= 0 && base_offset >= 0).then_some(Self {
            base_offset,
            last_offset: base_offset.checked_add(i64::from(delta))?,
            size,
            leader_epoch: i32::from_be_bytes([e0, e1, e2, e3]),
            max_timestamp,
        })
    }
}
