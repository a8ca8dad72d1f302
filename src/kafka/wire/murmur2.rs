//! The hash behind Kafka's key → partition rule (`Utils.murmur2`, seed 0x9747b28c) and the coordinator's
//! (`String.hashCode`).

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;

/// Kafka's murmur2 of the bytes, as Java's signed int.
pub fn murmur2(data: &[u8]) -> i32 {
    // A Java array has at most 2^31 - 1 elements, so the length mixes in as 32 bits.
    let mut hash = SEED ^ (data.len() as u32);
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !tail.is_empty() {
        for (index, &byte) in tail.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^= hash >> 15;
    hash as i32
}

/// `toPositive(murmur2(key)) % partitions`. `partitions` ≥ 1; anything less counts as 1.
pub fn partition_for_key(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & i32::MAX) % partitions.max(1)
}

/// Java's `String.hashCode`: over UTF-16 units.
pub fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `abs(String.hashCode(id)) % partitions`: the partition of `__consumer_offsets` (or `__transaction_state`) that is
/// responsible for a group (or transactional id). Hashes UTF-16 units as Java does. `partitions` ≥ 1; less counts as 1.
pub fn coordinator_partition(id: &str, partitions: i32) -> i32 {
    // `Utils.abs` makes 0 of the smallest int.
    java_hash(id).checked_abs().unwrap_or(0) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_that_kafka_asserts_itself() {
        for (key, hash) in
            [(&b"21"[..], -973_932_308), (b"foobar", -790_332_482), (b"a-little-bit-long-string", -985_981_536), (b"", 0x106e_08d9)]
        {
            assert_eq!(murmur2(key), hash);
        }
        assert_eq!(partition_for_key(b"21", 50), 40);
    }

    #[test]
    fn coordinators() {
        assert_eq!(coordinator_partition("my-group", 50), 12);
        assert_eq!(coordinator_partition("", 50), 0);
        // Its hash is the smallest int.
        assert_eq!(java_hash("polygenelubricants"), i32::MIN);
        assert_eq!(coordinator_partition("polygenelubricants", 50), 0);
        // One character above U+FFFF is two UTF-16 units.
        assert_eq!(java_hash("😀"), 0xd83d * 31 + 0xde00);
    }
}
