//! The records of a consumer group (`GroupCoordinatorRecordHelpers`).

use super::member::{ClassicMember, Member, MemberState, Partitions};
use super::regex::Resolved;
use crate::kafka::coordinator::records::RecordError;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::message::{self as m, Message, Str};
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// The numbers of the keys (`CoordinatorRecordType`).
pub mod key {
    pub const EPOCH: i16 = 3;
    /// Before 4.1: the partitions of the topics. Only tombstones are written.
    pub const PARTITIONS: i16 = 4;
    pub const MEMBER: i16 = 5;
    pub const TARGET_EPOCH: i16 = 6;
    pub const TARGET: i16 = 7;
    pub const CURRENT: i16 = 8;
    pub const REGEX: i16 = 16;
}

/// What is logged: `None` is a tombstone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// The group's epoch, and a hash of its topics.
    Epoch(Option<(i32, i64)>),
    Partitions,
    /// What the member has said of itself; the rest of it is in `Current`.
    Member(Arc<str>, Option<Box<Member>>),
    TargetEpoch(Option<i32>),
    Target(Arc<str>, Option<Partitions>),
    /// Epochs, state and partitions of the member.
    Current(Arc<str>, Option<Box<Member>>),
    Regex(Arc<str>, Option<Resolved>),
}

fn versioned(message: impl Message) -> Bytes {
    let head = vec![0, 0];
    message.write(head.clone(), 0).unwrap_or(head).into()
}

fn keyed(number: i16, message: impl Message) -> Bytes {
    let head = number.to_be_bytes().to_vec();
    message.write(head.clone(), 0).unwrap_or(head).into()
}

fn read<T: Message>(mut bytes: Bytes) -> Result<T, RecordError> {
    use bytes::Buf;
    match bytes.try_get_i16() {
        Ok(0) => T::read(bytes, 0).map(|(message, _)| message).map_err(|_| RecordError::Truncated),
        Ok(version) => Err(RecordError::Version(version)),
        Err(_) => Err(RecordError::Truncated),
    }
}

fn of_group(number: i16, group: &str) -> Bytes {
    keyed(number, m::ConsumerGroupMetadataKey { group_id: Str::from(group) })
}

fn of_member(number: i16, group: &str, member: &str) -> Bytes {
    keyed(number, m::ConsumerGroupMemberMetadataKey { group_id: Str::from(group), member_id: Str::from(member) })
}

fn lists(partitions: &Partitions) -> impl Iterator<Item = (Uuid, Vec<i32>)> + '_ {
    partitions.iter().map(|(topic, partitions)| (*topic, partitions.iter().copied().collect()))
}

fn sets(lists: impl Iterator<Item = (Uuid, Vec<i32>)>) -> Partitions {
    lists.map(|(topic, partitions)| (topic, partitions.into_iter().collect::<SortedVecSet<i32>>())).collect()
}

impl Record {
    pub const fn is_tombstone(&self) -> bool {
        match self {
            Self::Epoch(value) => value.is_none(),
            Self::Partitions => true,
            Self::Member(_, value) | Self::Current(_, value) => value.is_none(),
            Self::TargetEpoch(value) => value.is_none(),
            Self::Target(_, value) => value.is_none(),
            Self::Regex(_, value) => value.is_none(),
        }
    }

    /// Key and value.
    pub fn encode(&self, group: &str) -> (Bytes, Option<Bytes>) {
        match self {
            Self::Epoch(value) => {
                let value = value.map(|(epoch, metadata_hash)| versioned(m::ConsumerGroupMetadataValue { epoch, metadata_hash }));
                (of_group(key::EPOCH, group), value)
            }
            Self::Partitions => (of_group(key::PARTITIONS, group), None),
            Self::Member(member, value) => (of_member(key::MEMBER, group, member), value.as_ref().map(|value| versioned(said(value)))),
            Self::TargetEpoch(value) => {
                let value = value.map(|assignment_epoch| versioned(m::ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch }));
                (of_group(key::TARGET_EPOCH, group), value)
            }
            Self::Target(member, value) => {
                use m::consumer_group_target_assignment_member_value::TopicPartition;
                let topic = |(topic_id, partitions)| TopicPartition { topic_id, partitions };
                let message = |value| m::ConsumerGroupTargetAssignmentMemberValue { topic_partitions: lists(value).map(topic).collect() };
                (of_member(key::TARGET, group, member), value.as_ref().map(|value| versioned(message(value))))
            }
            Self::Current(member, value) => (of_member(key::CURRENT, group, member), value.as_ref().map(|value| versioned(current(value)))),
            Self::Regex(regex, value) => {
                let message = |value: &Resolved| m::ConsumerGroupRegularExpressionValue {
                    topics: value.topics.iter().cloned().collect(),
                    version: value.version,
                    timestamp: value.timestamp,
                };
                (of_member(key::REGEX, group, regex), value.as_ref().map(|value| versioned(message(value))))
            }
        }
    }

    /// The group and the record, if the key is one of these; its first two bytes, the number, have been read.
    ///
    /// # Errors
    /// A key or value that is not in Kafka's format.
    pub fn decode(number: i16, key: Bytes, value: Option<Bytes>) -> Result<Option<(Str, Self)>, RecordError> {
        let group = |key: Bytes| m::ConsumerGroupMetadataKey::read(key, 0).map(|(key, _)| key.group_id).map_err(|_| RecordError::Truncated);
        let member = |key: Bytes| {
            let key = m::ConsumerGroupMemberMetadataKey::read(key, 0).map_err(|_| RecordError::Truncated)?.0;
            Ok((key.group_id, key.member_id))
        };
        Ok(Some(match number {
            key::EPOCH => {
                let value = value.map(read::<m::ConsumerGroupMetadataValue>).transpose()?;
                (group(key)?, Self::Epoch(value.map(|value| (value.epoch, value.metadata_hash))))
            }
            key::PARTITIONS => (group(key)?, Self::Partitions),
            key::TARGET_EPOCH => {
                let value = value.map(read::<m::ConsumerGroupTargetAssignmentMetadataValue>).transpose()?;
                (group(key)?, Self::TargetEpoch(value.map(|value| value.assignment_epoch)))
            }
            key::MEMBER => {
                let (group, id) = member(key)?;
                let value = value.map(read::<m::ConsumerGroupMemberMetadataValue>).transpose()?;
                (group, Self::Member(id.clone(), value.map(|value| Box::new(speaker(id, value)))))
            }
            key::TARGET => {
                let (group, id) = member(key)?;
                let value = value.map(read::<m::ConsumerGroupTargetAssignmentMemberValue>).transpose()?;
                let topics = |value: m::ConsumerGroupTargetAssignmentMemberValue| {
                    sets(value.topic_partitions.into_iter().map(|topic| (topic.topic_id, topic.partitions)))
                };
                (group, Self::Target(id, value.map(topics)))
            }
            key::CURRENT => {
                let (group, id) = member(key)?;
                let value = value.map(read::<m::ConsumerGroupCurrentMemberAssignmentValue>).transpose()?;
                (group, Self::Current(id.clone(), value.map(|value| Box::new(owner(id, value)))))
            }
            key::REGEX => {
                let (group, regex) = member(key)?;
                let value = value.map(read::<m::ConsumerGroupRegularExpressionValue>).transpose()?;
                let resolved = |value: m::ConsumerGroupRegularExpressionValue| Resolved {
                    topics: value.topics.into_iter().collect(),
                    version: value.version,
                    timestamp: value.timestamp,
                };
                (group, Self::Regex(regex, value.map(resolved)))
            }
            _ => return Ok(None),
        }))
    }
}

fn said(member: &Member) -> m::ConsumerGroupMemberMetadataValue {
    use m::consumer_group_member_metadata_value::{ClassicMemberMetadata, ClassicProtocol};
    let protocol = |(name, metadata): &(Arc<str>, Bytes)| ClassicProtocol { name: name.clone(), metadata: metadata.clone() };
    m::ConsumerGroupMemberMetadataValue {
        instance_id: member.instance.clone(),
        rack_id: member.rack.clone(),
        client_id: member.client_id.clone(),
        client_host: member.host.clone(),
        subscribed_topic_names: member.topics.iter().cloned().collect(),
        subscribed_topic_regex: Some(member.regex.clone()),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        server_assignor: member.assignor.clone(),
        classic_member_metadata: member.classic.as_ref().map(|classic| ClassicMemberMetadata {
            session_timeout_ms: classic.session_timeout_ms,
            supported_protocols: classic.protocols.iter().map(protocol).collect(),
        }),
    }
}

fn speaker(id: Arc<str>, value: m::ConsumerGroupMemberMetadataValue) -> Member {
    Member {
        instance: value.instance_id,
        rack: value.rack_id,
        client_id: value.client_id,
        host: value.client_host,
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        topics: value.subscribed_topic_names.into_iter().collect(),
        regex: value.subscribed_topic_regex.unwrap_or_default(),
        assignor: value.server_assignor,
        classic: value.classic_member_metadata.map(|classic| ClassicMember {
            session_timeout_ms: classic.session_timeout_ms,
            protocols: classic.supported_protocols.into_iter().map(|protocol| (protocol.name, protocol.metadata)).collect(),
        }),
        ..Member::new(id)
    }
}

fn current(member: &Member) -> m::ConsumerGroupCurrentMemberAssignmentValue {
    use m::consumer_group_current_member_assignment_value::TopicPartitions;
    let topics = |partitions| lists(partitions).map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions }).collect();
    m::ConsumerGroupCurrentMemberAssignmentValue {
        member_epoch: member.epoch,
        previous_member_epoch: member.previous_epoch,
        state: member.state as i8,
        assigned_partitions: topics(&member.assigned),
        partitions_pending_revocation: topics(&member.revoking),
    }
}

fn owner(id: Arc<str>, value: m::ConsumerGroupCurrentMemberAssignmentValue) -> Member {
    Member {
        epoch: value.member_epoch,
        previous_epoch: value.previous_member_epoch,
        state: MemberState::from_value(value.state),
        assigned: sets(value.assigned_partitions.into_iter().map(|topic| (topic.topic_id, topic.partitions))),
        revoking: sets(value.partitions_pending_revocation.into_iter().map(|topic| (topic.topic_id, topic.partitions))),
        ..Member::new(id)
    }
}
