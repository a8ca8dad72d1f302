//! The order in which Java's `HashMap` and `HashSet` walk their entries: bucket by bucket, within one in the order of insertion. Kafka's
//! assignors walk such tables, and who gets which partition follows from it; so that a group here is given what Kafka would give it, they
//! walk in the same order.

use super::murmur2::java_hash;
use std::sync::Arc;
use uuid::Uuid;

/// The buckets of an empty table.
const DEFAULT_BUCKETS: u32 = 16;

/// What Java's `hashCode` gives for a key.
pub trait JavaHash {
    fn java_hash(&self) -> i32;
}

impl JavaHash for Arc<str> {
    fn java_hash(&self) -> i32 {
        java_hash(self)
    }
}

/// `org.apache.kafka.common.Uuid`.
impl JavaHash for Uuid {
    fn java_hash(&self) -> i32 {
        let (most, least) = self.as_u64_pair();
        let mixed = most ^ least;
        ((mixed >> 32) as i32) ^ (mixed as i32)
    }
}

/// `org.apache.kafka.common.TopicPartition`.
impl JavaHash for (Arc<str>, i32) {
    fn java_hash(&self) -> i32 {
        31_i32.wrapping_add(self.1).wrapping_mul(31).wrapping_add(java_hash(&self.0))
    }
}

/// `Integer`.
impl JavaHash for i32 {
    fn java_hash(&self) -> i32 {
        *self
    }
}

impl<T: JavaHash + ?Sized> JavaHash for &T {
    fn java_hash(&self) -> i32 {
        (**self).java_hash()
    }
}

fn bucket(hash: i32, buckets: u32) -> u32 {
    let hash = hash as u32;
    (hash ^ (hash >> 16)) & (buckets - 1)
}

/// Bucket by bucket.
fn walked<T: JavaHash>(keys: Vec<T>, buckets: u32) -> Vec<T> {
    let mut table: Vec<Vec<T>> = (0..buckets).map(|_| Vec::new()).collect();
    for key in keys {
        table[bucket(key.java_hash(), buckets) as usize].push(key);
    }
    table.into_iter().flatten().collect()
}

/// Keys that were put one by one into an empty table, in this order: as the table walks them.
pub fn grown<T: JavaHash>(keys: impl IntoIterator<Item = T>) -> Vec<T> {
    let keys: Vec<T> = keys.into_iter().collect();
    let mut buckets = DEFAULT_BUCKETS;
    while keys.len() as u64 > u64::from(buckets) * 3 / 4 {
        buckets *= 2;
    }
    walked(keys, buckets)
}

/// Keys of `new HashSet<>(collection)`, which is made large enough at once.
pub fn copied<T: JavaHash>(keys: impl IntoIterator<Item = T>) -> Vec<T> {
    let keys: Vec<T> = keys.into_iter().collect();
    let wanted = (keys.len() as u64 * 4 / 3 + 1).max(u64::from(DEFAULT_BUCKETS));
    let mut buckets = DEFAULT_BUCKETS;
    while u64::from(buckets) < wanted {
        buckets *= 2;
    }
    walked(keys, buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_come_in_order_and_keys_of_one_as_they_were_put() {
        // 1 ^ 1, 1 ^ 2, 1 ^ 3: the buckets 0, 3 and 2.
        let id = |least| Uuid::from_u64_pair(1, least);
        assert_eq!(grown([id(1), id(2), id(3)]), [id(1), id(3), id(2)]);
        // "Aa" and "BB" have one hash.
        let text = |text: &str| -> Arc<str> { text.into() };
        assert_eq!(grown([text("BB"), text("Aa")]), [text("BB"), text("Aa")]);
        assert_eq!(copied([text("Aa"), text("BB")]), [text("Aa"), text("BB")]);
    }

    #[test]
    fn a_table_is_doubled_when_it_is_three_quarters_full() {
        let id = |least| Uuid::from_u64_pair(0, least);
        // 16 falls into bucket 0 of 16, and behind 1 once there are 32.
        let twelve: Vec<Uuid> = [16, 1].into_iter().chain(2..12).map(id).collect();
        assert_eq!(grown(twelve.clone())[0], id(16));
        let thirteen: Vec<Uuid> = twelve.into_iter().chain([id(12)]).collect();
        assert_eq!((grown(thirteen.clone())[0], grown(thirteen)[12]), (id(1), id(16)));
    }
}
