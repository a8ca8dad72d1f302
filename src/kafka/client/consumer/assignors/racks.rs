//! When an assignment looks at racks (KIP-881): members say theirs, and not all partitions have replicas in all of them.

use super::{Candidate, Subscribed, numbers};
use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use std::sync::Arc;

type Racks = SortedVecSet<Arc<str>>;

/// `AbstractPartitionAssignor.useRackAwareAssignment`.
pub fn matter(members: &Racks, partitions: &[&Racks]) -> bool {
    let all: Racks = partitions.iter().flat_map(|racks| racks.iter().cloned()).collect();
    members.iter().any(|rack| all.contains(rack)) && partitions.iter().any(|racks| **racks != all)
}

/// A rack that is named.
pub fn of(member: &Candidate) -> Option<&Arc<str>> {
    member.rack.as_ref().filter(|rack| !rack.is_empty())
}

/// `AbstractStickyAssignor.RackInfo`.
pub struct RackInfo {
    /// Empty when racks do not matter.
    pub consumers: SortedVecMap<Arc<str>, Arc<str>>,
    pub partitions: SortedVecMap<TopicPartition, Racks>,
    /// How many members are in the racks of each partition; empty when no member names its rack.
    local_members: SortedVecMap<TopicPartition, u64>,
}

impl RackInfo {
    pub fn new(members: &[Candidate], topics: &[Subscribed<'_>]) -> Self {
        let mut info = Self { consumers: SortedVecMap::new(), partitions: SortedVecMap::new(), local_members: SortedVecMap::new() };
        let named: Racks = members.iter().filter_map(of).cloned().collect();
        if named.is_empty() {
            return info;
        }
        for (topic, partitions) in topics {
            for (partition, racks) in numbers(partitions).zip(partitions.iter()) {
                let at = ((*topic).clone(), partition);
                let local = members.iter().filter_map(of).filter(|rack| racks.contains(*rack)).count() as u64;
                info.local_members.insert(at.clone(), local);
                info.partitions.insert(at, racks.clone());
            }
        }
        if matter(&named, &info.partitions.values().collect::<Vec<_>>()) {
            info.consumers = members.iter().filter_map(|member| Some((member.id.clone(), of(member)?.clone()))).collect();
        } else {
            info.partitions.clear();
        }
        info
    }

    /// The member names a rack in which the partition has no replica.
    pub fn mismatch(&self, member: &str, at: &TopicPartition) -> bool {
        let Some(rack) = self.consumers.get(member) else { return false };
        self.partitions.get(at).is_none_or(|racks| !racks.contains(rack))
    }

    /// Those that few members can read nearby come first.
    pub fn sort(&self, partitions: &mut [TopicPartition]) {
        partitions.sort_by_key(|at| self.local_members.get(at).copied().unwrap_or(0));
    }

    /// The index of the next member, from `first` on and around, that is in a rack of the partition.
    pub fn next_local(&self, at: &TopicPartition, members: &[Arc<str>], first: usize) -> Option<usize> {
        let racks = self.partitions.get(at)?;
        (0..members.len()).map(|step| (first + step) % members.len()).find(|index| {
            let rack = members.get(*index).and_then(|member| self.consumers.get(member));
            rack.is_some_and(|rack| racks.contains(rack))
        })
    }
}
