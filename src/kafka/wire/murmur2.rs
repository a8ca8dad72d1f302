//! The hash behind Kafka's key → partition rule (`Utils.murmur2`, seed 0x9747b28c) and the coordinator's
//! (`String.hashCode`).

/// Kafka's murmur2 of the bytes, as Java's signed int.
pub fn murmur2(_data: &[u8]) -> i32 {
    todo!()
}

/// `toPositive(murmur2(key)) % partitions`. `partitions` ≥ 1.
pub fn partition_for_key(_key: &[u8], _partitions: i32) -> i32 {
    todo!()
}

/// `abs(String.hashCode(id)) % partitions`: the partition of `__consumer_offsets` (or `__transaction_state`) that is
/// responsible for a group (or transactional id). Hashes UTF-16 units as Java does.
pub fn coordinator_partition(_id: &str, _partitions: i32) -> i32 {
    todo!()
}
