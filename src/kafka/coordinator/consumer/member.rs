//! A member of a consumer group (`ConsumerGroupMember`), and its way from what it has to what it is to have (`CurrentAssignmentBuilder`).

use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::wire::message as m;
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// By topic id; no topic without a partition.
pub type Partitions = SortedVecMap<Uuid, SortedVecSet<i32>>;

/// The epoch with which a member leaves.
pub const LEAVE: i32 = -1;
/// The epoch with which a static member says that it will be back.
pub const LEAVE_FOR_NOW: i32 = -2;

/// `MemberState`, by the number that is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberState {
    Stable = 0,
    /// It is to give something up, and has not said yet that it has.
    UnrevokedPartitions = 1,
    /// It waits for what others are to give up.
    UnreleasedPartitions = 2,
    /// Of a later Kafka.
    Unknown = 127,
}

impl MemberState {
    pub const fn from_value(value: i8) -> Self {
        match value {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            _ => Self::Unknown,
        }
    }
}

/// What a member that still speaks the classic protocol has said in its JoinGroup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassicMember {
    pub session_timeout_ms: i32,
    /// Name and metadata, in the member's order.
    pub protocols: Vec<(Arc<str>, Bytes)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    pub id: Arc<str>,
    pub epoch: i32,
    /// The member may come with it once more: the answer with the newer one may have been lost.
    pub previous_epoch: i32,
    pub state: MemberState,
    pub instance: Option<Arc<str>>,
    pub rack: Option<Arc<str>>,
    pub client_id: Arc<str>,
    pub host: Arc<str>,
    pub rebalance_timeout_ms: i32,
    pub topics: SortedVecSet<Arc<str>>,
    /// Empty: none.
    pub regex: Arc<str>,
    pub assignor: Option<Arc<str>>,
    pub assigned: Partitions,
    /// What it is to give up.
    pub revoking: Partitions,
    pub classic: Option<ClassicMember>,
}

/// What a member is to have, and in which epoch; who has what now; and what the member says that it owns (`None`: it says nothing).
pub struct Target<'a> {
    pub epoch: i32,
    pub assignment: &'a Partitions,
    pub is_owned: &'a dyn Fn(Uuid, i32) -> bool,
    pub owned: Option<&'a Partitions>,
}

impl Member {
    pub fn new(id: Arc<str>) -> Self {
        Self {
            id,
            epoch: 0,
            previous_epoch: -1,
            state: MemberState::Stable,
            instance: None,
            rack: None,
            client_id: Arc::default(),
            host: Arc::default(),
            rebalance_timeout_ms: -1,
            topics: SortedVecSet::new(),
            regex: Arc::default(),
            assignor: None,
            assigned: Partitions::new(),
            revoking: Partitions::new(),
            classic: None,
        }
    }

    pub fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == epoch
    }

    /// Whom a deadline's reason names: the client id, or the member id when there is none.
    pub fn shown(&self) -> &Arc<str> {
        if self.client_id.is_empty() { &self.id } else { &self.client_id }
    }

    /// The member a step further towards its target. `None`: in a state that this version does not know it still owns something, and is to
    /// join anew.
    pub fn reconciled(&self, target: &Target<'_>) -> Option<Self> {
        match self.state {
            MemberState::Stable if self.epoch == target.epoch => Some(self.clone()),
            MemberState::Stable | MemberState::UnreleasedPartitions => Some(self.next(self.epoch, target)),
            // It waits until the member has given up what it was told to.
            MemberState::UnrevokedPartitions if owns_any(target.owned, &self.revoking) => Some(self.clone()),
            MemberState::UnrevokedPartitions => Some(self.next(self.epoch + 1, target)),
            MemberState::Unknown if target.owned.is_some_and(Partitions::is_empty) => Some(self.next(target.epoch, target)),
            MemberState::Unknown => None,
        }
    }

    /// `computeNextAssignment`: first gives up what is not in the target, in its present epoch; then gets what is free, in the target's.
    fn next(&self, epoch: i32, target: &Target<'_>) -> Self {
        let kept = intersection(&self.assigned, target.assignment);
        let revoking = difference(&self.assigned, &kept);
        if !revoking.is_empty() && owns_any(target.owned, &revoking) {
            return self.at(epoch, MemberState::UnrevokedPartitions, kept, revoking);
        }
        let mut assigned = kept;
        let mut unreleased = false;
        for (topic, partitions) in target.assignment {
            for partition in partitions {
                if assigned.get(topic).is_some_and(|kept| kept.contains(partition)) {
                    continue;
                }
                if (target.is_owned)(*topic, *partition) {
                    unreleased = true;
                } else {
                    assigned.entry(*topic).or_default().insert(*partition);
                }
            }
        }
        let state = if unreleased { MemberState::UnreleasedPartitions } else { MemberState::Stable };
        self.at(target.epoch, state, assigned, Partitions::new())
    }

    fn at(&self, epoch: i32, state: MemberState, assigned: Partitions, revoking: Partitions) -> Self {
        Self { epoch, previous_epoch: self.epoch, state, assigned, revoking, ..self.clone() }
    }
}

/// A member that does not say what it owns may own it.
fn owns_any(owned: Option<&Partitions>, partitions: &Partitions) -> bool {
    owned.is_none_or(|owned| !intersection(owned, partitions).is_empty())
}

fn intersection(one: &Partitions, other: &Partitions) -> Partitions {
    filtered(one, |topic, partition| other.get(&topic).is_some_and(|partitions| partitions.contains(&partition)))
}

fn difference(one: &Partitions, other: &Partitions) -> Partitions {
    filtered(one, |topic, partition| other.get(&topic).is_none_or(|partitions| !partitions.contains(&partition)))
}

fn filtered(all: &Partitions, keep: impl Fn(Uuid, i32) -> bool) -> Partitions {
    let topics = all.iter().map(|(topic, partitions)| (*topic, partitions.iter().copied().filter(|one| keep(*topic, *one)).collect()));
    topics.filter(|(_, partitions): &(Uuid, SortedVecSet<i32>)| !partitions.is_empty()).collect()
}

/// Whether all of `one` is in `other`.
pub fn is_subset(one: &Partitions, other: &Partitions) -> bool {
    difference(one, other).is_empty()
}

pub fn partitions_of(topics: &[m::consumer_group_heartbeat_request::TopicPartitions]) -> Partitions {
    topics.iter().map(|topic| (topic.topic_id, topic.partitions.iter().copied().collect())).collect()
}
