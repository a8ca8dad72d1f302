//! The index of aborted transactions (`TransactionIndex`, `.txnindex`): what a read_committed consumer must leave out.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes of an entry.
pub(super) const ENTRY: u64 = 34;
const VERSION: i16 = 0;

/// A transaction that was aborted (`AbortedTxn`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbortedTransaction {
    pub producer_id: i64,
    /// Of its first record in the partition.
    pub first_offset: i64,
    /// Of its marker.
    pub last_offset: i64,
    /// The last stable offset once the marker is there.
    pub last_stable_offset: i64,
}

impl AbortedTransaction {
    pub(super) fn bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(34);
        out.put_i16(VERSION);
        for field in [self.producer_id, self.first_offset, self.last_offset, self.last_stable_offset] {
            out.put_i64(field);
        }
        out.freeze()
    }
}

/// The entries of a file; `None` when it is none, or does not fit a segment that begins at `base_offset`.
pub(super) fn parse(mut bytes: Bytes, base_offset: i64) -> Option<Vec<AbortedTransaction>> {
    let mut found = Vec::new();
    while bytes.has_remaining() {
        let version = bytes.try_get_i16().ok()?;
        let mut field = || bytes.try_get_i64().ok();
        let entry =
            AbortedTransaction { producer_id: field()?, first_offset: field()?, last_offset: field()?, last_stable_offset: field()? };
        let rises = found.last().is_none_or(|last: &AbortedTransaction| last.last_offset < entry.last_offset);
        if version != VERSION || entry.last_offset < base_offset || !rises {
            return None;
        }
        found.push(entry);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_kafkas_bytes_and_a_file_that_is_none_is_seen() {
        let entry = AbortedTransaction { producer_id: 2020, first_offset: 4, last_offset: 5, last_stable_offset: 6 };
        assert_eq!(entry.bytes()[..], *b"\0\0\0\0\0\0\0\0\x07\xe4\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x06");
        assert_eq!(parse(entry.bytes(), 5), Some(vec![entry]));
        assert_eq!(parse(entry.bytes(), 6), None, "of an older segment");
        assert_eq!(parse(entry.bytes().slice(..33), 0), None, "cut off");
        assert_eq!(parse([entry.bytes(), entry.bytes()].concat().into(), 0), None, "twice the same");
        assert_eq!(parse(Bytes::new(), 0), Some(Vec::new()));
    }
}
