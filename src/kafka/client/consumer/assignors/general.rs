//! The sticky rules where members subscribe to different topics (`GeneralAssignmentBuilder`): keep what can be kept, give what is left to
//! who has least, then move single partitions as long as that makes it more even.

use super::movements::Movements;
use super::racks::RackInfo;
use super::sticky::{NO_GENERATION, Previous};
use super::{Assignment, Candidate, Subscribed, numbers};
use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::SortedVecMap;
use std::collections::BTreeSet;
use std::sync::Arc;

struct Builder<'a> {
    racks: &'a RackInfo,
    counts: SortedVecMap<Arc<str>, usize>,
    /// Who may get a topic, and which topics a member may get: those that there are.
    subscribers: SortedVecMap<Arc<str>, Vec<Arc<str>>>,
    topics: SortedVecMap<Arc<str>, Vec<Arc<str>>>,
    current: Assignment,
    owner: SortedVecMap<TopicPartition, Arc<str>>,
    /// Members by what they have, least first.
    by_load: BTreeSet<(usize, Arc<str>)>,
    /// Who had a partition before its present owner, in an older generation.
    older: SortedVecMap<TopicPartition, (Arc<str>, i32)>,
    movements: Movements,
}

pub fn assign(members: &[Candidate], topics: &[Subscribed<'_>], racks: &RackInfo, previous: Previous) -> Assignment {
    let counts = topics.iter().map(|(topic, partitions)| ((*topic).clone(), partitions.len())).collect();
    let names = |member: &Candidate| -> Vec<Arc<str>> {
        topics.iter().filter(|(topic, _)| member.topics.contains(*topic)).map(|(topic, _)| (*topic).clone()).collect()
    };
    let mut builder = Builder {
        racks,
        counts,
        subscribers: topics
            .iter()
            .map(|(topic, _)| {
                let all = members.iter().filter(|member| member.topics.contains(*topic)).map(|member| member.id.clone());
                ((*topic).clone(), all.collect())
            })
            .collect(),
        topics: members.iter().map(|member| (member.id.clone(), names(member))).collect(),
        older: older(members, &previous),
        current: previous.owned.into_iter().collect(),
        owner: SortedVecMap::new(),
        by_load: BTreeSet::new(),
        movements: Movements::default(),
    };
    let mut by_subscribers: Vec<_> = topics.to_vec();
    by_subscribers.sort_by_key(|(topic, _)| (builder.subscribers.get(*topic).map_or(0, Vec::len), *topic));
    let all: Vec<TopicPartition> = by_subscribers
        .into_iter()
        .flat_map(|(topic, partitions)| numbers(partitions).map(|partition| (topic.clone(), partition)))
        .collect();
    let revocation_required = builder.keep_owned();
    let unassigned = all.iter().filter(|at| !builder.owner.contains_key(*at)).cloned().collect();
    builder.by_load = builder.current.iter().map(|(member, partitions)| (partitions.len(), member.clone())).collect();
    builder.balance(all, unassigned, revocation_required);
    builder.current
}

/// `prepopulateCurrentAssignments`: what members of older generations had; the newest of them counts.
fn older(members: &[Candidate], previous: &Previous) -> SortedVecMap<TopicPartition, (Arc<str>, i32)> {
    let mut older: SortedVecMap<TopicPartition, (Arc<str>, i32)> = SortedVecMap::new();
    for member in members {
        let Some(data) = previous.data.get(&member.id) else { continue };
        let generation = data.generation.unwrap_or(NO_GENERATION);
        if generation >= previous.max_generation {
            continue;
        }
        for at in &data.partitions {
            if older.get(at).is_none_or(|(_, newest)| generation > *newest) {
                older.insert(at.clone(), (member.id.clone(), generation));
            }
        }
    }
    older
}

impl Builder<'_> {
    fn load(&self, member: &str) -> usize {
        self.current.get(member).map_or(0, Vec::len)
    }

    fn wants(&self, member: &str, topic: &Arc<str>) -> bool {
        self.topics.get(member).is_some_and(|topics| topics.contains(topic))
    }

    /// Takes from members what they may not have; whether some of it is a subscription's or a rack's doing.
    fn keep_owned(&mut self) -> bool {
        let mut revocation_required = false;
        let topics = &self.topics;
        for (member, partitions) in self.current.iter_mut() {
            partitions.retain(|at| {
                let wanted = topics.get(member).is_some_and(|topics| topics.contains(&at.0));
                let kept = wanted && !self.racks.mismatch(member, at);
                revocation_required |= !kept;
                kept
            });
            for at in partitions.iter() {
                self.owner.insert(at.clone(), member.clone());
            }
        }
        revocation_required
    }

    fn give(&mut self, at: &TopicPartition, member: &Arc<str>) {
        let load = self.load(member);
        self.by_load.remove(&(load, member.clone()));
        self.current.entry(member.clone()).or_default().push(at.clone());
        self.owner.insert(at.clone(), member.clone());
        self.by_load.insert((load + 1, member.clone()));
    }

    /// Gives the partitions to who has least; returns those that nobody may have.
    fn give_all(&mut self, partitions: Vec<TopicPartition>, only_nearby: bool) -> Vec<TopicPartition> {
        let mut left = Vec::new();
        for at in partitions {
            let fits = |member: &Arc<str>| self.wants(member, &at.0) && !(only_nearby && self.racks.mismatch(member, &at));
            match self.by_load.iter().map(|(_, member)| member).find(|member| fits(member)).cloned() {
                Some(member) => self.give(&at, &member),
                None => left.push(at),
            }
        }
        left
    }

    fn can_move(&self, topic: &str) -> bool {
        self.subscribers.get(topic).is_some_and(|members| members.len() >= 2)
    }

    /// The most that the member can get.
    fn most(&self, member: &str) -> usize {
        self.topics.get(member).into_iter().flatten().filter_map(|topic| self.counts.get(topic)).sum()
    }

    fn can_take_part(&self, member: &str) -> bool {
        let partitions = self.current.get(member).map_or(&[][..], |partitions| partitions);
        partitions.len() < self.most(member) || partitions.iter().any(|(topic, _)| self.can_move(topic))
    }

    fn balance(&mut self, mut all: Vec<TopicPartition>, mut unassigned: Vec<TopicPartition>, revocation_required: bool) {
        let initializing = self.current.values().all(Vec::is_empty);
        let mut to_give = unassigned.clone();
        if !self.racks.consumers.is_empty() {
            to_give = self.give_all(to_give, true);
        }
        self.give_all(to_give, false);
        all.retain(|(topic, _)| self.can_move(topic));
        unassigned.retain(|(topic, _)| self.can_move(topic));

        let mut fixed = Assignment::new();
        let members: Vec<Arc<str>> = self.topics.keys().cloned().collect();
        for member in members.into_iter().filter(|member| !self.can_take_part(member)).collect::<Vec<_>>() {
            self.by_load.remove(&(self.load(&member), member.clone()));
            fixed.extend(self.current.remove(&member).map(|partitions| (member, partitions)));
        }
        let before = self.current.clone();
        if !revocation_required {
            self.reassign(&unassigned);
        }
        let moved = self.reassign(&all);
        if !initializing && moved && imbalance(&self.current) >= imbalance(&before) {
            self.current = before;
        }
        self.current.extend(fixed);
    }

    /// No member could have more without another having less than it then.
    fn is_balanced(&self) -> bool {
        let (Some((least, _)), Some((most, _))) = (self.by_load.first(), self.by_load.last()) else { return true };
        if *least + 1 >= *most {
            return true;
        }
        let owners: SortedVecMap<&TopicPartition, usize> =
            self.current.values().flat_map(|partitions| partitions.iter().map(|at| (at, partitions.len()))).collect();
        self.by_load.iter().filter(|(load, member)| *load != self.most(member)).all(|(load, member)| {
            let topics = self.topics.get(member).into_iter().flatten();
            topics.flat_map(|topic| (0..self.counts.get(topic).copied().unwrap_or(0) as i32).map(|number| (topic.clone(), number))).all(
                |at| {
                    let own = self.current.get(member).is_some_and(|partitions| partitions.contains(&at));
                    own || owners.get(&&at).is_none_or(|theirs| load + 1 >= *theirs)
                },
            )
        })
    }

    /// Moves partitions to members that have at least two fewer than their owner, until none can be moved; whether any was.
    fn reassign(&mut self, partitions: &[TopicPartition]) -> bool {
        let mut any = false;
        loop {
            let mut modified = false;
            for at in partitions {
                if self.is_balanced() {
                    break;
                }
                let Some(owner) = self.owner.get(at).cloned() else { continue };
                let load = self.load(&owner);
                let older = self.older.get(at).map(|(member, _)| member.clone());
                if let Some(member) = older.filter(|member| self.current.get(member).is_some_and(|theirs| load > theirs.len() + 1)) {
                    self.move_to(at, &member);
                    modified = true;
                } else if self.subscribers.get(&at.0).is_some_and(|all| all.iter().any(|member| load > self.load(member) + 1)) {
                    let to = self.by_load.iter().map(|(_, member)| member).find(|member| self.wants(member, &at.0)).cloned();
                    let Some(to) = to else { continue };
                    self.move_to(at, &to);
                    modified = true;
                }
            }
            any |= modified;
            if !modified {
                return any;
            }
        }
    }

    fn move_to(&mut self, at: &TopicPartition, to: &Arc<str>) {
        let Some(owner) = self.owner.get(at) else { return };
        let at = self.movements.instead(at, owner, to);
        let Some(from) = self.owner.get(&at).cloned() else { return };
        let (had, has) = (self.load(&from), self.load(to));
        self.by_load.remove(&(had, from.clone()));
        self.by_load.remove(&(has, to.clone()));
        self.movements.moved(at.clone(), from.clone(), to.clone());
        if let Some(partitions) = self.current.get_mut(&from) {
            partitions.retain(|other| *other != at);
        }
        self.current.entry(to.clone()).or_default().push(at.clone());
        self.owner.insert(at, to.clone());
        self.by_load.insert((self.load(&from), from));
        self.by_load.insert((self.load(to), to.clone()));
    }
}

/// `getBalanceScore`: the differences of all pairs of members, added up.
fn imbalance(assignment: &Assignment) -> u64 {
    let loads: Vec<u64> = assignment.values().map(|partitions| partitions.len() as u64).collect();
    loads.iter().enumerate().flat_map(|(index, one)| loads[index + 1..].iter().map(|other| one.abs_diff(*other))).sum()
}
