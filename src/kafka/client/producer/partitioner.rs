//! Which partition a record without a key goes to (`BuiltInPartitioner`, KIP-480, KIP-794): stay on one until batch.size
//! bytes went there, then draw another, the shorter its queue the likelier.

use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
struct Sticky {
    partition: i32,
    produced: u64,
}

#[derive(Clone, Debug)]
pub struct Partitioner {
    rng: Rng,
    batch_size: u64,
    adaptive: bool,
    sticky: SortedVecMap<Arc<str>, Sticky>,
}

/// A partition that may be drawn, and the batches that wait for it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub partition: i32,
    pub queue: u32,
    pub available: bool,
}

impl Partitioner {
    pub fn new(seed: u64, batch_size: u32, adaptive: bool) -> Self {
        Self { rng: Rng::stream(seed, "partitioner"), batch_size: u64::from(batch_size).max(1), adaptive, sticky: SortedVecMap::new() }
    }

    /// The partition that the topic sticks to now, if any.
    pub fn current(&self, topic: &str) -> Option<i32> {
        self.sticky.get(topic).map(|sticky| sticky.partition)
    }

    /// Draws the next partition.
    pub fn switch(&mut self, topic: &Arc<str>, candidates: &[Candidate]) -> i32 {
        let available: Vec<Candidate> = candidates.iter().copied().filter(|candidate| candidate.available).collect();
        let pool = if available.is_empty() { candidates } else { &available };
        let longest = pool.iter().map(|candidate| u64::from(candidate.queue)).max().unwrap_or(0);
        let adaptive = self.adaptive && !available.is_empty();
        let weight = |candidate: &Candidate| if adaptive { longest + 1 - u64::from(candidate.queue) } else { 1 };
        let mut draw = self.rng.below(pool.iter().map(weight).sum());
        let mut chosen = 0;
        for candidate in pool {
            chosen = candidate.partition;
            if draw < weight(candidate) {
                break;
            }
            draw -= weight(candidate);
        }
        self.sticky.insert(topic.clone(), Sticky { partition: chosen, produced: 0 });
        chosen
    }

    /// Counts bytes that went to the sticky partition.
    pub fn produced(&mut self, topic: &str, bytes: u32) {
        if let Some(sticky) = self.sticky.get_mut(topic) {
            sticky.produced += u64::from(bytes);
        }
    }

    /// Whether it is time for another partition: batch.size bytes went there and no batch is half full, or twice as many.
    pub fn exhausted(&self, topic: &str, all_full: bool) -> bool {
        self.sticky
            .get(topic)
            .is_none_or(|sticky| (sticky.produced >= self.batch_size && all_full) || sticky.produced >= self.batch_size.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(queues: &[u32]) -> Vec<Candidate> {
        queues.iter().zip(0..).map(|(queue, partition)| Candidate { partition, queue: *queue, available: true }).collect()
    }

    #[test]
    fn shorter_queues_are_drawn_more_often() {
        let mut partitioner = Partitioner::new(7, 16, true);
        let topic: Arc<str> = Arc::from("orders");
        let mut drawn = [0_u32; 2];
        for _ in 0..1000 {
            drawn[partitioner.switch(&topic, &candidates(&[9, 0])) as usize] += 1;
        }
        assert!(drawn[1] > 5 * drawn[0], "{drawn:?}: weights are 1 and 10");
        assert!(drawn[0] > 0);
    }

    #[test]
    fn sticks_until_batch_size_bytes_and_a_full_batch() {
        let mut partitioner = Partitioner::new(7, 100, true);
        let topic: Arc<str> = Arc::from("orders");
        assert!(partitioner.exhausted(&topic, true));
        partitioner.switch(&topic, &candidates(&[0, 0, 0]));
        partitioner.produced(&topic, 99);
        assert!(!partitioner.exhausted(&topic, true));
        partitioner.produced(&topic, 1);
        assert!(partitioner.exhausted(&topic, true));
        assert!(!partitioner.exhausted(&topic, false));
        partitioner.produced(&topic, 100);
        assert!(partitioner.exhausted(&topic, false));
    }
}
