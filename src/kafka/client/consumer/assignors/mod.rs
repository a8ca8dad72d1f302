//! Who gets which partition: the assignors that a group's leader can run (`ConsumerPartitionAssignor`), and the byte form of what members
//! say and get (`protocol`). An assignor is one file and one line in [`ALL`].

mod constrained;
mod cooperative_sticky;
mod general;
mod movements;
pub mod protocol;
mod racks;
mod range;
mod round_robin;
mod sticky;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use bytes::Bytes;
use std::sync::Arc;

/// `partition.assignment.strategy`: one assignor.
#[derive(Debug)]
pub struct Assignor {
    /// As JoinGroup offers it.
    pub name: &'static str,
    /// Members keep what they own while the group rebalances (KIP-429).
    pub cooperative: bool,
    pub assign: fn(&[Candidate], &Topics) -> Assignment,
    /// What a member adds to its subscription: from what it was given last, and in which generation.
    pub user_data: fn(last: Option<&[TopicPartition]>, generation: i32) -> Option<Bytes>,
}

/// As `config::ASSIGNORS` has them.
pub static ALL: [&Assignor; 4] = [&range::ASSIGNOR, &round_robin::ASSIGNOR, &sticky::ASSIGNOR, &cooperative_sticky::ASSIGNOR];

pub fn find(name: &str) -> Option<&'static Assignor> {
    ALL.into_iter().find(|assignor| assignor.name == name)
}

/// A member as the leader sees it: its `Subscription`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Candidate {
    pub id: Arc<str>,
    pub instance: Option<Arc<str>>,
    pub topics: SortedVecSet<Arc<str>>,
    /// What it owns while it joins; under the eager protocol nothing.
    pub owned: Vec<TopicPartition>,
    /// The generation that it comes from, if it was in one and its subscription can say so (version 2 on).
    pub generation: Option<i32>,
    pub rack: Option<Arc<str>>,
    pub user_data: Option<Bytes>,
}

/// For each topic that there is, for each of its partitions, the racks of its replicas.
pub type Topics = SortedVecMap<Arc<str>, Vec<SortedVecSet<Arc<str>>>>;

/// A topic that somebody subscribes to, with the racks of its partitions.
type Subscribed<'a> = (&'a Arc<str>, &'a Vec<SortedVecSet<Arc<str>>>);

/// By member id; every member is in it.
pub type Assignment = SortedVecMap<Arc<str>, Vec<TopicPartition>>;

/// The topics that somebody subscribes to and that have partitions (`AbstractPartitionAssignor.assign`).
fn subscribed<'a>(members: &'a [Candidate], topics: &'a Topics) -> Vec<Subscribed<'a>> {
    topics
        .iter()
        .filter(|(topic, partitions)| !partitions.is_empty() && members.iter().any(|member| member.topics.contains(*topic)))
        .collect()
}

/// Static members first, by instance id; then the others by member id (`MemberInfo.compareTo`).
fn in_order<'a>(members: impl Iterator<Item = &'a Candidate>) -> Vec<&'a Candidate> {
    let order = |member: &'a Candidate| (member.instance.is_none(), &member.instance, &member.id);
    let sorted: SortedVecMap<_, &Candidate> = members.map(|member| (order(member), member)).collect();
    sorted.into_values().collect()
}

/// The numbers of a topic's partitions.
fn numbers(partitions: &[SortedVecSet<Arc<str>>]) -> impl Iterator<Item = i32> + use<> {
    0..i32::try_from(partitions.len()).unwrap_or(i32::MAX)
}

fn nobody(members: &[Candidate]) -> Assignment {
    members.iter().map(|member| (member.id.clone(), Vec::new())).collect()
}
