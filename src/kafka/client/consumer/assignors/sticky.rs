//! `StickyAssignor`: as balanced as can be, and then as much as can be stays where it was. The rules are those of
//! `AbstractStickyAssignor`, which the cooperative one shares: `constrained` where all members want the same topics, `general` where not.
//! The members of this one give up all before they join, and say in their user data what they had.

use super::{Assignment, Assignor, Candidate, Subscribed, Topics, constrained, general, numbers, racks::RackInfo, subscribed};
use crate::kafka::client::TopicPartition;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::wire::hash_order;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::sync::Arc;

pub static ASSIGNOR: Assignor =
    Assignor { name: "sticky", cooperative: false, assign: |members, topics| assign(members, topics, member_data).0, user_data };

/// The generation of who does not say one (`DEFAULT_GENERATION`).
pub const NO_GENERATION: i32 = -1;

/// What a member had before this rebalance, and in which generation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MemberData {
    pub partitions: Vec<TopicPartition>,
    pub generation: Option<i32>,
}

/// Partitions that move from one member to another, and to whom.
pub type Transfers = SortedVecMap<TopicPartition, Arc<str>>;

/// What members had, cleared of what cannot be.
pub struct Previous {
    /// Walked as Java does.
    pub owned: Vec<(Arc<str>, Vec<TopicPartition>)>,
    /// Claimed by two members of one generation: nobody keeps it.
    pub doubly_owned: SortedVecSet<TopicPartition>,
    pub same_subscriptions: bool,
    pub data: SortedVecMap<Arc<str>, MemberData>,
    pub max_generation: i32,
}

impl Previous {
    /// `allSubscriptionsEqual`. Members whose generations differ both claim a partition: the newer one's claim holds.
    fn new(members: &[Candidate], topics: &[Subscribed<'_>], read: fn(&Candidate) -> MemberData) -> Self {
        let mut owned: SortedVecMap<Arc<str>, Vec<TopicPartition>> = SortedVecMap::new();
        let mut owner: SortedVecMap<TopicPartition, &Candidate> = SortedVecMap::new();
        let mut previous = Self {
            owned: Vec::new(),
            doubly_owned: SortedVecSet::new(),
            same_subscriptions: members.iter().all(|member| Some(&member.topics) == members.first().map(|first| &first.topics)),
            data: SortedVecMap::new(),
            max_generation: NO_GENERATION,
        };
        for member in members {
            let data = read(member);
            let generation = data.generation.unwrap_or(NO_GENERATION);
            previous.max_generation = previous.max_generation.max(generation);
            owned.insert(member.id.clone(), Vec::new());
            let exists =
                |at: &&TopicPartition| topics.iter().any(|(name, partitions)| **name == at.0 && numbers(partitions).any(|one| one == at.1));
            for at in data.partitions.iter().filter(exists) {
                let Some(other) = owner.get(at).copied() else {
                    owned.entry(member.id.clone()).or_default().push(at.clone());
                    owner.insert(at.clone(), member);
                    continue;
                };
                let theirs = other.generation.unwrap_or(NO_GENERATION);
                if generation < theirs {
                    continue;
                }
                if generation == theirs {
                    previous.doubly_owned.insert(at.clone());
                } else {
                    owned.entry(member.id.clone()).or_default().push(at.clone());
                }
                let given_up = owned.entry(other.id.clone()).or_default();
                if let Some(index) = given_up.iter().position(|had| had == at) {
                    given_up.remove(index);
                }
                owner.insert(at.clone(), member);
            }
            previous.data.insert(member.id.clone(), data);
        }
        let ids = hash_order::grown(members.iter().map(|member| member.id.clone()));
        previous.owned = ids.into_iter().map(|id| (id.clone(), owned.remove(&id).unwrap_or_default())).collect();
        previous
    }
}

/// The assignment, and where it is known from the way there, what changes hands.
pub fn assign(members: &[Candidate], topics: &Topics, read: fn(&Candidate) -> MemberData) -> (Assignment, Option<Transfers>) {
    let topics = subscribed(members, topics);
    let previous = Previous::new(members, &topics, read);
    let racks = RackInfo::new(members, &topics);
    if members.is_empty() {
        (Assignment::new(), None)
    } else if previous.same_subscriptions {
        let (assignment, transfers) = constrained::assign(&topics, &racks, &previous);
        (assignment, Some(transfers))
    } else {
        (general::assign(members, &topics, &racks, previous), None)
    }
}

/// The partitions that were given last, topic by topic, and the generation (version 1 of its user data). `None` before the first.
fn user_data(last: Option<&[TopicPartition]>, generation: i32) -> Option<Bytes> {
    // Java groups them in a hash map.
    let (mut names, mut topics): (Vec<&Arc<str>>, SortedVecMap<&str, Vec<i32>>) = Default::default();
    for (topic, partition) in last? {
        let partitions = topics.entry(topic).or_default();
        if partitions.is_empty() {
            names.push(topic);
        }
        partitions.push(*partition);
    }
    let mut out = BytesMut::new();
    out.put_i32(names.len() as i32);
    for topic in hash_order::grown(names) {
        let partitions = topics.remove(&**topic).unwrap_or_default();
        out.put_i16(topic.len() as i16);
        out.put_slice(topic.as_bytes());
        out.put_i32(partitions.len() as i32);
        partitions.into_iter().for_each(|partition| out.put_i32(partition));
    }
    out.put_i32(generation);
    Some(out.freeze())
}

/// Version 0 ends before the generation. What cannot be read is as if there were none, of no generation.
fn member_data(member: &Candidate) -> MemberData {
    let Some(bytes) = member.user_data.as_ref().filter(|bytes| !bytes.is_empty()) else { return MemberData::default() };
    let mut bytes = bytes.clone();
    match read_partitions(&mut bytes) {
        Some(partitions) => MemberData { partitions, generation: bytes.try_get_i32().ok() },
        None => MemberData { partitions: Vec::new(), generation: Some(NO_GENERATION) },
    }
}

fn read_partitions(bytes: &mut Bytes) -> Option<Vec<TopicPartition>> {
    let mut found = Vec::new();
    for _ in 0..bytes.try_get_i32().ok()? {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok().filter(|length| *length <= bytes.len())?;
        let topic: Arc<str> = Arc::from(std::str::from_utf8(&bytes.split_to(length)).ok()?);
        for _ in 0..bytes.try_get_i32().ok()? {
            found.push((topic.clone(), bytes.try_get_i32().ok()?));
        }
    }
    Some(found)
}
