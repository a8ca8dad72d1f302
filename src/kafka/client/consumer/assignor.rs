//! The range assignor (`RangeAssignor`): topic by topic, members in order, contiguous ranges; and the byte form of what
//! members say and get (`ConsumerProtocol`).

use crate::kafka::client::{TopicPartition, text, topic_name};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::wire::message::Message;
use crate::kafka::wire::message::consumer_protocol_assignment::TopicPartition as Assigned;
use crate::kafka::wire::message::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use bytes::{Buf, Bytes};
use std::sync::Arc;

/// A member as the leader sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    pub id: Arc<str>,
    pub instance: Option<Arc<str>>,
    pub topics: SortedVecSet<Arc<str>>,
}

pub fn range(members: &[Candidate], counts: &SortedVecMap<Arc<str>, i32>) -> SortedVecMap<Arc<str>, Vec<TopicPartition>> {
    let mut result: SortedVecMap<Arc<str>, Vec<TopicPartition>> = members.iter().map(|member| (member.id.clone(), Vec::new())).collect();
    for (topic, count) in counts {
        let mut subscribed: Vec<&Candidate> = members.iter().filter(|member| member.topics.contains(topic)).collect();
        // Static members first, by instance id; then the others by member id (`MemberInfo.compareTo`).
        subscribed.sort_by(|a, b| (a.instance.is_none(), &a.instance, &a.id).cmp(&(b.instance.is_none(), &b.instance, &b.id)));
        let members = subscribed.len() as i32;
        if members == 0 {
            continue;
        }
        let (each, extra) = (count / members, count % members);
        let mut next = 0;
        for (member, index) in subscribed.into_iter().zip(0..) {
            let end = next + each + i32::from(index < extra);
            result.entry(member.id.clone()).or_default().extend((next..end).map(|partition| (topic.clone(), partition)));
            next = end;
        }
    }
    result
}

fn versioned(version: i16, message: impl Message) -> Bytes {
    let head = version.to_be_bytes().to_vec();
    message.write(head.clone(), version).unwrap_or(head).into()
}

fn read<T: Message>(mut bytes: Bytes) -> Option<T> {
    let version = (bytes.remaining() >= 2).then(|| bytes.get_i16())?;
    if version < 0 {
        return None;
    }
    T::read(bytes, version.min(3)).ok().map(|(message, _)| message)
}

/// Subscription v3, without owned partitions: the eager protocol has given them up. `generation`: the one that the member comes from.
pub fn encode_subscription(topics: &SortedVecSet<Arc<str>>, generation_id: i32) -> Bytes {
    let topics = topics.iter().map(|topic| topic_name(topic).0).collect();
    versioned(3, ConsumerProtocolSubscription { topics, generation_id, ..ConsumerProtocolSubscription::default() })
}

pub fn decode_subscription(bytes: Bytes) -> Option<SortedVecSet<Arc<str>>> {
    read::<ConsumerProtocolSubscription>(bytes).map(|subscription| subscription.topics.iter().map(text).collect())
}

pub fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let mut topics: SortedVecMap<Arc<str>, Vec<i32>> = SortedVecMap::new();
    for (topic, partition) in partitions {
        topics.entry(topic.clone()).or_default().push(*partition);
    }
    let assigned = topics.into_iter().map(|(topic, partitions)| Assigned { topic: topic_name(&topic), partitions }).collect();
    versioned(3, ConsumerProtocolAssignment { assigned_partitions: assigned, ..ConsumerProtocolAssignment::default() })
}

/// `None`: not an assignment. No bytes at all are an empty assignment.
pub fn decode_assignment(bytes: Bytes) -> Option<Vec<TopicPartition>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let assignment = read::<ConsumerProtocolAssignment>(bytes)?;
    Some(
        assignment
            .assigned_partitions
            .iter()
            .flat_map(|topic| topic.partitions.iter().map(|partition| (text(&topic.topic.0), *partition)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_contiguous_and_the_first_members_get_the_rest() {
        let member = |id: &str, instance: Option<&str>| Candidate {
            id: id.into(),
            instance: instance.map(Arc::from),
            topics: [Arc::from("t")].into(),
        };
        let counts = [(Arc::from("t"), 7)].into();
        let result = range(&[member("c", None), member("b", None), member("a", Some("z"))], &counts);
        let of = |id: &str| result[id].iter().map(|(_, partition)| *partition).collect::<Vec<_>>();
        assert_eq!((of("a"), of("b"), of("c")), (vec![0, 1, 2], vec![3, 4], vec![5, 6]));
    }

    #[test]
    fn assignments_and_subscriptions_survive_their_bytes() {
        let partitions = vec![(Arc::from("a"), 0), (Arc::from("a"), 2), (Arc::from("b"), 1)];
        assert_eq!(decode_assignment(encode_assignment(&partitions)), Some(partitions));
        let topics: SortedVecSet<Arc<str>> = [Arc::from("x"), Arc::from("y")].into();
        assert_eq!(decode_subscription(encode_subscription(&topics, 4)), Some(topics));
        assert_eq!(decode_assignment(Bytes::from_static(&[0])), None);
    }
}
