//! `UniformHeterogeneousAssignmentBuilder`: members subscribe to different topics.

use super::balancer::Balancer;
use super::{Spec, Targets, walk};
use crate::kafka::sorted_vec::SortedVecMap;
use uuid::Uuid;

/// After so many rounds over the topics nothing is moved any more.
const MAX_ROUNDS: u32 = 16;

struct Builder<'a> {
    spec: &'a Spec<'a>,
    /// Who subscribes to a topic, by index.
    subscribers: SortedVecMap<Uuid, Vec<usize>>,
    targets: Targets,
    loads: Vec<i64>,
    /// Who has each partition of a topic.
    owners: SortedVecMap<Uuid, Vec<Option<usize>>>,
}

pub fn assign(spec: &Spec<'_>) -> Targets {
    let mut builder = Builder {
        spec,
        subscribers: SortedVecMap::new(),
        targets: Targets::new(),
        loads: vec![0; spec.members.len()],
        owners: SortedVecMap::new(),
    };
    for (index, member) in spec.members.iter().enumerate() {
        for topic in &member.topics {
            builder.subscribers.entry(*topic).or_default().push(index);
            let count = usize::try_from((spec.partitions)(*topic)).unwrap_or(0);
            builder.owners.entry(*topic).or_insert_with(|| vec![None; count]);
        }
    }
    if builder.subscribers.is_empty() {
        return Targets::new();
    }
    builder.keep();
    let topics = builder.sorted_topics();
    builder.give_rest(&topics);
    builder.balance(&topics);
    builder.targets
}

impl Builder<'_> {
    /// Most partitions for each subscriber first, then fewest subscribers, then by id as Kafka orders ids.
    fn sorted_topics(&self) -> Vec<Uuid> {
        let mut topics: Vec<Uuid> = self.subscribers.keys().copied().collect();
        let counts = |topic: Uuid| (self.owners[&topic].len() as u64, self.subscribers[&topic].len() as u64);
        topics.sort_by(|a, b| {
            let ((partitions, subscribers), (other_partitions, others)) = (counts(*a), counts(*b));
            let signed = |topic: Uuid| {
                let (most, least) = topic.as_u64_pair();
                (most.cast_signed(), least.cast_signed())
            };
            (other_partitions * subscribers)
                .cmp(&(partitions * others))
                .then(subscribers.cmp(&others))
                .then_with(|| signed(*a).cmp(&signed(*b)))
        });
        topics
    }

    fn keep(&mut self) {
        for (index, member) in self.spec.members.iter().enumerate() {
            let mut kept = member.assigned.clone();
            for (topic, partitions) in walk(&member.assigned) {
                if !member.topics.contains(&topic) {
                    kept.remove(&topic);
                    continue;
                }
                let Some(owners) = self.owners.get_mut(&topic) else { continue };
                for partition in partitions {
                    // A topic that was made anew may have fewer.
                    if let Some(owner) = usize::try_from(partition).ok().and_then(|at| owners.get_mut(at)) {
                        *owner = Some(index);
                        self.loads[index] += 1;
                    } else if let Some(kept) = kept.get_mut(&topic) {
                        kept.remove(&partition);
                    }
                }
            }
            self.targets.insert(member.id.clone(), kept);
        }
    }

    fn give_rest(&mut self, topics: &[Uuid]) {
        for topic in topics {
            let free: Vec<usize> = (0..).zip(&self.owners[topic]).filter(|(_, owner)| owner.is_none()).map(|(at, _)| at).collect();
            if free.is_empty() {
                continue;
            }
            let mut balancer = Balancer::new(&self.subscribers[topic], &self.loads);
            for partition in free {
                let member = balancer.next_least(&self.loads);
                self.give(*topic, partition, member);
            }
        }
    }

    fn give(&mut self, topic: Uuid, partition: usize, member: usize) {
        let Some(owner) = self.owners.get_mut(&topic).and_then(|owners| owners.get_mut(partition)) else { return };
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        if let Some(before) = owner.replace(member) {
            self.loads[before] -= 1;
            let target = self.targets.entry(self.spec.members[before].id.clone()).or_default();
            if let Some(partitions) = target.get_mut(&topic) {
                partitions.remove(&number);
                if partitions.is_empty() {
                    target.remove(&topic);
                }
            }
        }
        self.loads[member] += 1;
        self.targets.entry(self.spec.members[member].id.clone()).or_default().entry(topic).or_default().insert(number);
    }

    /// Moves partitions topic by topic, until a whole round has moved none.
    fn balance(&mut self, topics: &[Uuid]) {
        let movable: Vec<Uuid> = topics.iter().copied().filter(|topic| self.subscribers[topic].len() >= 2).collect();
        let mut last_moved: Option<usize> = None;
        for _ in 0..MAX_ROUNDS {
            for (index, topic) in movable.iter().enumerate() {
                if last_moved == Some(index) {
                    return;
                }
                if self.balance_topic(*topic) || last_moved.is_none() {
                    last_moved = Some(index);
                }
            }
        }
    }

    /// Moves partitions of the topic from who has most to who has least; whether it moved any.
    fn balance_topic(&mut self, topic: Uuid) -> bool {
        let mut balancer = Balancer::new(&self.subscribers[&topic], &self.loads);
        if balancer.imbalance() <= 1 {
            return false;
        }
        let mut owned: SortedVecMap<usize, Vec<usize>> = SortedVecMap::new();
        for (partition, owner) in self.owners[&topic].iter().enumerate() {
            if let Some(owner) = owner {
                owned.entry(*owner).or_default().push(partition);
            }
        }
        let mut moved = false;
        while !balancer.is_balanced() {
            let Some(most) = balancer.next_most(&self.loads) else { break };
            let Some(partition) = owned.get_mut(&most).and_then(Vec::pop) else {
                balancer.exclude();
                continue;
            };
            let least = balancer.next_least(&self.loads);
            if balancer.is_balanced() {
                break;
            }
            self.give(topic, partition, least);
            moved = true;
        }
        moved
    }
}
