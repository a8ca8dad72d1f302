//! Partitions that were moved while an assignment is balanced (`PartitionMovements`): two members do not exchange partitions of one topic.

use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::hash_order;
use std::sync::Arc;

/// From whom, to whom.
type Pair = (Arc<str>, Arc<str>);

#[derive(Default)]
pub struct Movements {
    pairs: SortedVecMap<TopicPartition, Pair>,
    /// By topic and pair, in the order in which they were moved.
    moved: SortedVecMap<(Arc<str>, Pair), Vec<TopicPartition>>,
}

impl Movements {
    fn add(&mut self, at: TopicPartition, pair: Pair) {
        self.moved.entry((at.0.clone(), pair.clone())).or_default().push(at.clone());
        self.pairs.insert(at, pair);
    }

    /// A partition goes from one to the other; where it came to the first from somewhere else, it went from there.
    pub fn moved(&mut self, at: TopicPartition, from: Arc<str>, to: Arc<str>) {
        let Some(before) = self.pairs.remove(&at) else { return self.add(at, (from, to)) };
        let key = (at.0.clone(), before.clone());
        if let Some(partitions) = self.moved.get_mut(&key) {
            partitions.retain(|other| *other != at);
            if partitions.is_empty() {
                self.moved.remove(&key);
            }
        }
        if before.0 != to {
            self.add(at, (before.0, to));
        }
    }

    /// What to move instead of `at`: one that has come the opposite way, so that it goes back.
    pub fn instead(&self, at: &TopicPartition, from: &Arc<str>, to: &Arc<str>) -> TopicPartition {
        let from = self.pairs.get(at).map_or(from, |(origin, _)| origin);
        let opposite = self.moved.get(&(at.0.clone(), (to.clone(), from.clone())));
        opposite.and_then(|partitions| hash_order::grown(partitions.iter()).first().map(|at| (*at).clone())).unwrap_or_else(|| at.clone())
    }
}
