//! `RangeAssignor`: topic by topic, members in order, contiguous ranges; where racks matter, first what can be read nearby.

use super::{Assignment, Assignor, Candidate, Topics, in_order, nobody, numbers, racks, subscribed};
use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use std::sync::Arc;

pub static ASSIGNOR: Assignor = Assignor { name: "range", cooperative: false, assign, user_data: |_, _| None };

/// `TopicAssignmentState`.
struct Topic<'a> {
    name: &'a Arc<str>,
    racks: &'a [SortedVecSet<Arc<str>>],
    /// In order, each with its rack.
    members: Vec<(&'a Arc<str>, Option<&'a Arc<str>>)>,
    rack_aware: bool,
    unassigned: Vec<i32>,
    given: SortedVecMap<&'a Arc<str>, usize>,
    each: usize,
    /// Members that may still get one more.
    extra: usize,
}

impl<'a> Topic<'a> {
    fn new(name: &'a Arc<str>, partitions: &'a [SortedVecSet<Arc<str>>], members: &'a [Candidate]) -> Self {
        let members: Vec<_> = in_order(members.iter().filter(|member| member.topics.contains(name)))
            .into_iter()
            .map(|member| (&member.id, racks::of(member)))
            .collect();
        let named: SortedVecSet<Arc<str>> = members.iter().filter_map(|(_, rack)| rack.cloned()).collect();
        let count = members.len().max(1);
        Self {
            name,
            racks: partitions,
            rack_aware: racks::matter(&named, &partitions.iter().collect::<Vec<_>>()),
            unassigned: numbers(partitions).collect(),
            given: members.iter().map(|(member, _)| (*member, 0)).collect(),
            each: partitions.len() / count,
            extra: partitions.len() % count,
            members,
        }
    }

    fn nearby(&self, rack: Option<&Arc<str>>, partition: i32) -> bool {
        rack.is_none_or(|rack| usize::try_from(partition).ok().and_then(|at| self.racks.get(at)).is_some_and(|racks| racks.contains(rack)))
    }

    fn room(&self, member: &Arc<str>) -> usize {
        (self.each + usize::from(self.extra > 0)).saturating_sub(self.given.get(&member).copied().unwrap_or(0))
    }

    fn give(&mut self, member: &'a Arc<str>, partitions: &[i32], result: &mut Assignment) {
        let given = self.given.entry(member).or_default();
        *given += partitions.len();
        if *given > self.each {
            self.extra = self.extra.saturating_sub(1);
        }
        self.unassigned.retain(|partition| !partitions.contains(partition));
        result.entry(member.clone()).or_default().extend(partitions.iter().map(|partition| (self.name.clone(), *partition)));
    }

    fn give_ranges(&mut self, only_nearby: bool, result: &mut Assignment) {
        for (member, rack) in self.members.clone() {
            let room = self.room(member);
            let fitting = self.unassigned.iter().copied().filter(|partition| !only_nearby || self.nearby(rack, *partition));
            let partitions: Vec<i32> = fitting.take(room).collect();
            if !partitions.is_empty() {
                self.give(member, &partitions, result);
            }
        }
    }
}

/// Topics with the same members and as many partitions keep the same partitions together.
fn give_together(topics: &mut [&mut Topic<'_>], result: &mut Assignment) {
    let Some(first) = topics.first() else { return };
    let (count, mut remaining) = (first.racks.len(), first.members.clone());
    for partition in 0..i32::try_from(count).unwrap_or(i32::MAX) {
        let fits = |topic: &Topic<'_>, member: &Arc<str>, rack| topic.nearby(rack, partition) && topic.room(member) > 0;
        let Some(at) = remaining.iter().position(|(member, rack)| topics.iter().all(|topic| fits(topic, member, *rack))) else { continue };
        let id = remaining[at].0;
        for topic in &mut *topics {
            let Some((member, _)) = topic.members.iter().find(|(member, _)| **member == *id).copied() else { continue };
            topic.give(member, &[partition], result);
        }
        if topics.iter().all(|topic| topic.room(id) == 0) {
            remaining.remove(at);
            if remaining.is_empty() {
                break;
            }
        }
    }
}

fn give_nearby(topics: &mut [Topic<'_>], result: &mut Assignment) {
    let mut groups: Vec<Vec<&mut Topic<'_>>> = Vec::new();
    for topic in topics {
        let same = |group: &&mut Vec<&mut Topic<'_>>| {
            group.first().is_some_and(|first| first.members == topic.members && first.racks.len() == topic.racks.len())
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(topic),
            None => groups.push(vec![topic]),
        }
    }
    for mut group in groups {
        match &mut group[..] {
            [alone] if alone.rack_aware => alone.give_ranges(true, result),
            [_] => {}
            together => give_together(together, result),
        }
    }
}

fn assign(members: &[Candidate], topics: &Topics) -> Assignment {
    let mut result = nobody(members);
    let mut states: Vec<Topic<'_>> =
        subscribed(members, topics).into_iter().map(|(name, racks)| Topic::new(name, racks, members)).collect();
    let rack_aware = states.iter().any(|topic| topic.rack_aware);
    if rack_aware {
        give_nearby(&mut states, &mut result);
    }
    for topic in &mut states {
        topic.give_ranges(false, &mut result);
    }
    if rack_aware {
        result.values_mut().for_each(|partitions: &mut Vec<TopicPartition>| partitions.sort());
    }
    result
}
