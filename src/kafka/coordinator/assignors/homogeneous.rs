//! `UniformHomogeneousAssignmentBuilder`: all members subscribe to the same topics.

use super::{Spec, Targets, walk};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::hash_order;
use uuid::Uuid;

pub fn assign(spec: &Spec<'_>) -> Targets {
    let mut targets = Targets::new();
    let Some(first) = spec.members.first() else { return targets };
    if first.topics.is_empty() {
        return targets;
    }
    let topics = hash_order::copied(first.topics.iter().copied());
    let taken: SortedVecSet<(Uuid, i32)> = spec
        .members
        .iter()
        .flat_map(|member| walk(&member.assigned))
        .flat_map(|(topic, all)| all.into_iter().map(move |one| (topic, one)))
        .collect();
    let mut unassigned: Vec<(Uuid, i32)> = Vec::new();
    let mut total: usize = 0;
    for topic in &topics {
        let count = (spec.partitions)(*topic);
        unassigned.extend((0..count).map(|partition| (*topic, partition)).filter(|at| !taken.contains(at)));
        total += usize::try_from(count).unwrap_or(0);
    }
    let (minimum, mut extra) = (total / spec.members.len(), total % spec.members.len());

    // Whoever has more than its quota gives the rest up.
    let mut unfilled = Vec::new();
    for (index, member) in spec.members.iter().enumerate() {
        let mut has_extra = extra > 0;
        let mut quota = minimum + usize::from(has_extra);
        let mut kept = member.assigned.clone();
        for (topic, partitions) in walk(&member.assigned) {
            if !topics.contains(&topic) {
                kept.remove(&topic);
                continue;
            }
            for partition in partitions {
                if quota > 0 {
                    quota -= 1;
                    continue;
                }
                unassigned.push((topic, partition));
                if let Some(left) = kept.get_mut(&topic) {
                    left.remove(&partition);
                    if left.is_empty() {
                        kept.remove(&topic);
                    }
                }
            }
        }
        if quota > 0 && has_extra && spec.members.len() - index > extra {
            quota -= 1;
            has_extra = false;
        }
        if quota > 0 {
            unfilled.push((member, quota));
        }
        extra -= usize::from(has_extra);
        targets.insert(member.id.clone(), kept);
    }

    let mut unassigned = unassigned.into_iter();
    for (member, quota) in unfilled {
        let target = targets.entry(member.id.clone()).or_default();
        for (topic, partition) in unassigned.by_ref().take(quota) {
            target.entry(topic).or_default().insert(partition);
        }
    }
    targets
}
