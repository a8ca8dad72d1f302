//! The sticky rules where all members subscribe to the same topics (`ConstrainedAssignmentBuilder`): each gets the quota or one more, first
//! of what it had.

use super::racks::RackInfo;
use super::sticky::{Previous, Transfers};
use super::{Assignment, Subscribed, numbers};
use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use std::sync::Arc;

struct Builder<'a> {
    racks: &'a RackInfo,
    previous: &'a Previous,
    /// What an owner may have to give up, and the owner.
    maybe_revoked: SortedVecMap<TopicPartition, Arc<str>>,
    below_minimum: Vec<Arc<str>>,
    at_minimum: Vec<Arc<str>>,
    minimum: usize,
    maximum: usize,
    /// How many members get more than the minimum, and how many do already.
    expected_over: usize,
    over: usize,
    assignment: Assignment,
    transfers: Transfers,
}

pub fn assign(topics: &[Subscribed<'_>], racks: &RackInfo, previous: &Previous) -> (Assignment, Transfers) {
    let total: usize = topics.iter().map(|(_, partitions)| partitions.len()).sum();
    let members = previous.owned.len().max(1);
    let mut builder = Builder {
        racks,
        previous,
        maybe_revoked: SortedVecMap::new(),
        below_minimum: Vec::new(),
        at_minimum: Vec::new(),
        minimum: total / members,
        maximum: total.div_ceil(members),
        expected_over: total % members,
        over: 0,
        assignment: previous.owned.iter().map(|(member, _)| (member.clone(), Vec::new())).collect(),
        transfers: Transfers::new(),
    };
    builder.keep_owned();
    let kept: SortedVecSet<TopicPartition> = builder.assignment.values().flatten().cloned().collect();
    let mut unassigned: Vec<TopicPartition> = topics
        .iter()
        .flat_map(|(topic, partitions)| numbers(partitions).map(|partition| ((*topic).clone(), partition)))
        .filter(|at| !kept.contains(at))
        .collect();
    builder.below_minimum.sort();
    builder.at_minimum.sort();
    racks.sort(&mut unassigned);
    builder.give_nearby(&mut unassigned);
    builder.give_in_turn(unassigned);
    (builder.assignment, builder.transfers)
}

impl Builder<'_> {
    fn keep_owned(&mut self) {
        let previous = self.previous;
        for (member, owned) in &previous.owned {
            let mut kept: Vec<TopicPartition> = Vec::new();
            for at in owned {
                if self.racks.mismatch(member, at) {
                    self.maybe_revoked.insert(at.clone(), member.clone());
                } else if !previous.doubly_owned.contains(at) {
                    kept.push(at.clone());
                }
            }
            kept.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
            let quota = if kept.len() < self.minimum {
                self.below_minimum.push(member.clone());
                kept.len()
            } else if kept.len() >= self.maximum && self.over < self.expected_over {
                self.over += 1;
                if self.over == self.expected_over {
                    self.at_minimum.clear();
                }
                self.maximum
            } else {
                if self.over < self.expected_over {
                    self.at_minimum.push(member.clone());
                }
                self.minimum
            };
            for at in kept.split_off(quota) {
                self.maybe_revoked.insert(at, member.clone());
            }
            self.assignment.insert(member.clone(), kept);
        }
    }

    /// In turn, to members in a rack of the partition: up to the minimum, then to those that may have one more.
    fn give_nearby(&mut self, unassigned: &mut Vec<TopicPartition>) {
        if self.racks.consumers.is_empty() {
            return;
        }
        let mut next = 0;
        let mut left = Vec::new();
        for at in std::mem::take(unassigned) {
            if let Some(index) = self.racks.next_local(&at, &self.below_minimum, next) {
                let member = self.below_minimum[index].clone();
                let mut after = index + 1;
                let count = self.count(&member) + 1;
                if count >= self.minimum {
                    self.below_minimum.remove(index);
                    after = index;
                    if count < self.maximum && self.over < self.expected_over {
                        self.at_minimum.push(member.clone());
                    }
                }
                next = if self.below_minimum.is_empty() { 0 } else { after % self.below_minimum.len() };
                self.give(at, &member);
            } else if let Some(index) = self.racks.next_local(&at, &self.at_minimum, 0) {
                let member = self.at_minimum[index].clone();
                if self.count(&member) + 1 == self.maximum {
                    self.at_minimum.remove(index);
                    self.over += 1;
                    if self.over == self.expected_over {
                        self.at_minimum.clear();
                    }
                }
                self.give(at, &member);
            } else {
                left.push(at);
            }
        }
        *unassigned = left;
    }

    fn give_in_turn(&mut self, unassigned: Vec<TopicPartition>) {
        let mut next = 0;
        for at in unassigned {
            if next >= self.below_minimum.len() {
                next = 0;
            }
            let from_minimum = self.below_minimum.is_empty();
            let member = match self.below_minimum.get(next) {
                Some(member) => member.clone(),
                // The quotas add up to all partitions.
                None if self.at_minimum.is_empty() => return,
                None => self.at_minimum.remove(0),
            };
            next += usize::from(!from_minimum);
            let count = self.give(at, &member);
            if count == self.minimum && !from_minimum {
                next -= 1;
                self.below_minimum.remove(next);
                self.at_minimum.push(member);
            } else if count == self.maximum {
                self.over += 1;
            }
        }
    }

    fn count(&self, member: &str) -> usize {
        self.assignment.get(member).map_or(0, Vec::len)
    }

    fn give(&mut self, at: TopicPartition, member: &Arc<str>) -> usize {
        if self.maybe_revoked.get(&at).is_some_and(|owner| owner != member) || self.previous.doubly_owned.contains(&at) {
            self.transfers.insert(at.clone(), member.clone());
        }
        let given = self.assignment.entry(member.clone()).or_default();
        given.push(at);
        given.len()
    }
}
