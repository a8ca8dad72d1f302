//! The bytes of what members say and get (`ConsumerProtocol`): a version, then the message of it. Read in every version, a later one as
//! the newest known; written in version 3.

use super::Candidate;
use crate::kafka::client::{TopicPartition, text, topic_name};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::wire::message::{ConsumerProtocolAssignment, ConsumerProtocolSubscription, Message};
use crate::kafka::wire::message::{consumer_protocol_assignment, consumer_protocol_subscription};
use bytes::{Buf, Bytes};
use std::sync::Arc;

const NEWEST: i16 = 3;

fn versioned(version: i16, message: impl Message) -> Bytes {
    let head = version.to_be_bytes().to_vec();
    message.write(head.clone(), version).unwrap_or(head).into()
}

fn read<T: Message>(mut bytes: Bytes) -> Option<T> {
    let version = bytes.try_get_i16().ok().filter(|version| *version >= 0)?;
    T::read(bytes, version.min(NEWEST)).ok().map(|(message, _)| message)
}

/// What a member says when it joins.
pub struct Subscription<'a> {
    pub topics: &'a SortedVecSet<Arc<str>>,
    /// Sorted. Under the eager protocol none: they have been given up.
    pub owned: &'a [TopicPartition],
    /// The generation that the member comes from; -1: none.
    pub generation: i32,
    pub rack: Option<&'a Arc<str>>,
    pub user_data: Option<Bytes>,
}

pub fn encode_subscription(subscription: Subscription<'_>) -> Bytes {
    let mut owned: SortedVecMap<Arc<str>, Vec<i32>> = SortedVecMap::new();
    for (topic, partition) in subscription.owned {
        owned.entry(topic.clone()).or_default().push(*partition);
    }
    let owned = owned
        .into_iter()
        .map(|(topic, partitions)| consumer_protocol_subscription::TopicPartition { topic: topic_name(&topic), partitions });
    versioned(
        NEWEST,
        ConsumerProtocolSubscription {
            topics: subscription.topics.iter().cloned().collect(),
            user_data: subscription.user_data,
            owned_partitions: owned.collect(),
            generation_id: subscription.generation,
            rack_id: subscription.rack.cloned(),
        },
    )
}

/// The member with what its bytes say; bytes that are no subscription say that it wants nothing.
pub fn decode_subscription(id: Arc<str>, instance: Option<Arc<str>>, bytes: Bytes) -> Candidate {
    let said: ConsumerProtocolSubscription = read(bytes).unwrap_or_default();
    let owned = said.owned_partitions.iter();
    Candidate {
        id,
        instance,
        topics: said.topics.iter().map(text).collect(),
        owned: owned.flat_map(|topic| topic.partitions.iter().map(|partition| (text(&topic.topic.0), *partition))).collect(),
        generation: Some(said.generation_id).filter(|generation| *generation >= 0),
        rack: said.rack_id.as_ref().filter(|rack| !rack.is_empty()).map(text),
        user_data: said.user_data,
    }
}

/// Topics in the order in which they first come.
pub fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let mut topics: Vec<consumer_protocol_assignment::TopicPartition> = Vec::new();
    for (topic, partition) in partitions {
        match topics.iter_mut().find(|known| *known.topic.0 == **topic) {
            Some(known) => known.partitions.push(*partition),
            None => topics.push(consumer_protocol_assignment::TopicPartition { topic: topic_name(topic), partitions: vec![*partition] }),
        }
    }
    versioned(NEWEST, ConsumerProtocolAssignment { assigned_partitions: topics, ..ConsumerProtocolAssignment::default() })
}

/// `None`: not an assignment. No bytes at all are an empty assignment.
pub fn decode_assignment(bytes: Bytes) -> Option<Vec<TopicPartition>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let assignment = read::<ConsumerProtocolAssignment>(bytes)?;
    let topics = assignment.assigned_partitions.iter();
    Some(topics.flat_map(|topic| topic.partitions.iter().map(|partition| (text(&topic.topic.0), *partition))).collect())
}
