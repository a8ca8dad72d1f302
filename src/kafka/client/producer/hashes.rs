//! Which partition other clients give a key, for topics that theirs and Java's write to.

use crate::kafka::sorted_vec::SortedVecMap;
use std::sync::Arc;

/// How a producer chooses the partition of a record (`partitioner.class`; librdkafka's and Sarama's own).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum KeyPartitioner {
    /// Java's: murmur2 of the key; without one, a partition to stay on (KIP-794).
    #[default]
    Java,
    /// `RoundRobinPartitioner`: one after the other, whatever the key.
    RoundRobin,
    /// librdkafka's `consistent_random`, its default: CRC-32 of the key.
    Crc32,
    /// Sarama's `HashPartitioner`, its default: FNV-1a of the key.
    Fnv1a,
    /// A partition for each of these keys; others go as Java's.
    Table(SortedVecMap<Arc<str>, i32>),
}

impl KeyPartitioner {
    /// The partition of a key among `count`; `None`: it is chosen as where there is no key, or as Java does it.
    pub fn partition(&self, key: Option<&[u8]>, count: i32) -> Option<i32> {
        let partitions = count.max(1);
        match (self, key) {
            // librdkafka takes an empty key for none.
            (Self::Crc32, Some(key)) if !key.is_empty() => i32::try_from(crc32(key) % partitions.unsigned_abs()).ok(),
            // Go's remainder has the sign of the hash.
            (Self::Fnv1a, Some(key)) => Some((fnv1a(key).cast_signed() % partitions).abs()),
            (Self::Table(table), Some(key)) => table.get(std::str::from_utf8(key).ok()?).map(|partition| partition.rem_euclid(partitions)),
            _ => None,
        }
    }
}

/// CRC-32 as in zlib (IEEE 802.3, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()));
    !bytes.iter().fold(u32::MAX, step)
}

/// FNV-1a of 32 bits.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_their_standards() {
        assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
        assert_eq!((fnv1a(b""), fnv1a(b"a"), fnv1a(b"foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
    }

    #[test]
    fn each_client_gives_a_key_its_own_partition() {
        let of = |partitioner: &KeyPartitioner, key: &[u8], count| partitioner.partition(Some(key), count);
        // 0xcbf43926 is 3,421,780,262.
        assert_eq!(of(&KeyPartitioner::Crc32, b"123456789", 10), Some(2));
        assert_eq!(of(&KeyPartitioner::Crc32, b"", 10), None);
        // 0xbf9cf968 is -1,080,231,576 with a sign: Sarama drops the sign of the remainder, not of the hash.
        assert_eq!(of(&KeyPartitioner::Fnv1a, b"foobar", 10), Some(6));
        assert_eq!(of(&KeyPartitioner::Fnv1a, b"a", 7), Some((0xe40c_292c_u32.cast_signed() % 7).abs()));
        let table = KeyPartitioner::Table([(Arc::from("vip"), 5)].into_iter().collect());
        assert_eq!((of(&table, b"vip", 3), of(&table, b"other", 3)), (Some(2), None));
        assert_eq!((KeyPartitioner::Java.partition(Some(b"k"), 3), KeyPartitioner::Crc32.partition(None, 3)), (None, None));
    }
}
