//! Records by their content. Apps give each record of theirs an id, and the judge finds it again in the logs by it.

use bytes::Bytes;

/// A record as the app of its producer knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The producer's ticket; each process of it counts anew.
    pub ticket: u64,
    /// Which of its app's processes has sent it, from 1 on.
    pub process: u32,
    /// Hash of key and value.
    pub id: u64,
    /// Hash of the key; 0 without one.
    pub key: u64,
    /// Which of its app's topics it goes to, by index.
    pub topic: u8,
    /// Its app has sent it before.
    pub again: bool,
}

/// FNV-1a over words of eight bytes, seeded with `start` and the length, so that contents of different lengths differ.
pub(super) fn hash(start: u64, bytes: &[u8]) -> u64 {
    let mut hash = start ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0_u8; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Hash of a key; 0 without one.
pub fn key_id(key: Option<&Bytes>) -> u64 {
    key.map_or(0, |key| hash(1, key).max(1))
}

/// Hash of key and value. A record without a value (a tombstone) differs from one with an empty value.
pub fn content_id(key: Option<&Bytes>, value: Option<&Bytes>) -> u64 {
    let key = key_id(key);
    value.map_or(key ^ 2, |value| hash(key ^ 3, value))
}
