//! Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete and their expiry. Kafka's `OffsetMetadataManager`.

use super::classic::{ClassicGroup, State};
use super::group::{CONSUMER, Common, Group, Place, text};
use super::output::{Change, Context, InFlight, Pending};
use super::records::{CommittedOffset, Key};
use super::{GroupEvent, Response, Token};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use bytes::Bytes;
use m::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use m::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use m::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use m::offset_fetch_response::{
    OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use std::sync::Arc;

type Record = (Bytes, Option<Bytes>);

/// The answer to a commit: each partition's code as `code(topic, partition)` says.
pub fn commit_answer(request: &m::OffsetCommitRequest, mut code: impl FnMut(&str, i32) -> ErrorCode) -> m::OffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let error = code(&topic.name, partition.partition_index);
            OffsetCommitResponsePartition { partition_index: partition.partition_index, error_code: error.code() }
        });
        OffsetCommitResponseTopic { name: topic.name.clone(), partitions: partitions.collect() }
    });
    m::OffsetCommitResponse { topics: topics.collect(), ..m::OffsetCommitResponse::default() }
}

/// The answer for partitions that do not exist, and what is asked of those that do (`KafkaApis.handleOffsetDeleteRequest`).
fn split_unknown(
    request: &m::OffsetDeleteRequest,
    exists: &dyn Fn(&str, i32) -> bool,
) -> (Vec<OffsetDeleteResponseTopic>, Vec<OffsetDeleteRequestTopic>) {
    let (mut unknown, mut known) = (Vec::new(), Vec::new());
    for topic in &request.topics {
        let (there, missing): (Vec<_>, Vec<_>) =
            topic.partitions.iter().cloned().partition(|partition| exists(&topic.name, partition.partition_index));
        let error_code = ErrorCode::UnknownTopicOrPartition.code();
        let refused = |partition: OffsetDeleteRequestPartition| {
            let partition_index = partition.partition_index;
            OffsetDeleteResponsePartition { partition_index, error_code }
        };
        let partitions: Vec<_> = missing.into_iter().map(refused).collect();
        if !partitions.is_empty() || !exists(&topic.name, 0) {
            unknown.push(OffsetDeleteResponseTopic { name: topic.name.clone(), partitions });
        }
        if !there.is_empty() {
            known.push(OffsetDeleteRequestTopic { name: topic.name.clone(), partitions: there });
        }
    }
    (unknown, known)
}

/// `OffsetDeleteResponse.Builder.merge`.
fn merged(mut to: Vec<OffsetDeleteResponseTopic>, from: Vec<OffsetDeleteResponseTopic>) -> Vec<OffsetDeleteResponseTopic> {
    for topic in from {
        match to.iter_mut().find(|known| known.name == topic.name) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => to.push(topic),
        }
    }
    to
}

/// The same answer with the partitions that had been accepted failed.
pub fn commit_failed(mut response: m::OffsetCommitResponse, error: ErrorCode) -> m::OffsetCommitResponse {
    for partition in response.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        if partition.error_code == 0 {
            partition.error_code = error.code();
        }
    }
    response
}

impl ClassicGroup {
    /// Kafka's `validateOffsetCommit`.
    fn validate_commit(&self, request: &m::OffsetCommitRequest) -> Result<(), ErrorCode> {
        let (generation, instance) = (request.generation_id_or_member_epoch, request.group_instance_id.as_deref());
        if generation < 0 && self.is_empty() {
            return Ok(());
        }
        if generation < 0 && request.member_id.is_empty() && instance.is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.validate_member(&request.member_id, instance)?;
        if generation != self.generation {
            mark!(GenerationOld);
            return Err(ErrorCode::IllegalGeneration);
        }
        if matches!(self.state, State::CompletingRebalance { .. }) {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Since when nobody needs the offsets. Kafka's `offsetExpirationCondition`.
    fn unused_since(&self) -> Unused {
        match (&self.protocol_type, &self.state) {
            (Some(_), State::Empty) if self.state_since >= 0 => Unused::Since(self.state_since),
            (Some(_), State::Empty) | (None, _) => Unused::SinceCommit,
            (Some(kind), State::Stable { .. }) if **kind == *CONSUMER && self.subscribed.is_some() => Unused::SinceCommit,
            (Some(_), _) => Unused::No,
        }
    }
}

/// Since when the offsets of a group are not needed.
enum Unused {
    No,
    Since(i64),
    SinceCommit,
}

impl Group {
    /// Whether the member may commit in this generation or epoch.
    pub fn validate_commit(&self, version: i16, request: &m::OffsetCommitRequest) -> Result<(), ErrorCode> {
        match self {
            Self::Classic(group) => group.validate_commit(request),
            Self::Consumer(group) => group.validate_commit(version, request),
        }
    }

    /// Appends what is acceptable; the answer waits for it. The caller has validated member and generation. `producer`: its id and epoch,
    /// where the offsets belong to its transaction.
    pub fn commit(
        &self,
        now: Time,
        cx: &mut Context,
        token: Token,
        request: &m::OffsetCommitRequest,
        topic_exists: &dyn Fn(&str, i32) -> bool,
        producer: Option<(i64, i16)>,
    ) {
        if let Self::Classic(group) = self
            && matches!(group.state, State::Stable { .. } | State::PreparingRebalance { .. })
        {
            group.touch(now, cx, &request.member_id);
        }
        let common = self.common();
        let expire_timestamp = (request.retention_time_ms >= 0).then(|| now.millis().saturating_add(request.retention_time_ms));
        let most = i64::from(cx.config.offset_metadata_max_bytes);
        let (mut records, mut changes, mut refused) = (Vec::new(), Vec::new(), SortedVecSet::new());
        for topic in &request.topics {
            let name: Arc<str> = Arc::from(topic.name.as_ref());
            for partition in &topic.partitions {
                let metadata = partition.committed_metadata.as_deref().unwrap_or_default();
                if !topic_exists(&name, partition.partition_index) {
                    continue;
                }
                // Kafka counts UTF-16 units here, although the config says bytes.
                if i64::try_from(metadata.encode_utf16().count()).unwrap_or(i64::MAX) > most {
                    refused.insert((Arc::clone(&name), partition.partition_index));
                    continue;
                }
                let kept = CommittedOffset {
                    offset: partition.committed_offset,
                    leader_epoch: partition.committed_leader_epoch,
                    metadata: Arc::from(metadata),
                    commit_timestamp: now.millis(),
                    expire_timestamp,
                    order: cx.next_append,
                };
                records.push((common.offset_key(&name, partition.partition_index), Some(kept.encode())));
                changes.push(((Arc::clone(&name), partition.partition_index), Some(kept)));
            }
        }
        let response = commit_answer(request, |topic, partition| {
            if !topic_exists(topic, partition) {
                ErrorCode::UnknownTopicOrPartition
            } else if refused.contains(&(Arc::from(topic), partition)) {
                ErrorCode::OffsetMetadataTooLarge
            } else {
                ErrorCode::None
            }
        });
        let response = match producer {
            Some(_) => Response::TxnOffsetCommit(super::transactional::answer(response)),
            None => Response::OffsetCommit(response),
        };
        if records.is_empty() {
            cx.respond(token, response);
        } else if let Some((producer_id, producer_epoch)) = producer {
            let pending = Pending::Transactional { producer_id, changes, answer: (token, response) };
            cx.append_as(now, common, records, pending, super::transactional::options(producer_id, producer_epoch));
        } else {
            cx.append(now, common, records, Pending::Offsets { changes, answer: Some((token, response)) });
        }
    }
}

impl Common {
    fn offset_key(&self, topic: &Arc<str>, partition: i32) -> Bytes {
        Key::Offset { group: Arc::clone(&self.id), topic: Arc::clone(topic), partition }.encode()
    }

    /// Whether the append is this group's, and not that of a deleted one of the same name.
    pub fn owns(&self, flight: &InFlight) -> bool {
        flight.group == self.id && flight.incarnation == self.incarnation
    }

    /// The places that have an offset, be it an open transaction's, or will when what is in flight is committed.
    pub fn places<'a>(&'a self, in_flight: impl Iterator<Item = &'a InFlight>) -> SortedVecSet<Place> {
        let pending = self.pending_offsets.values().flat_map(|pending| pending.keys());
        let mut places: SortedVecSet<Place> = self.offsets.keys().chain(pending).cloned().collect();
        for flight in in_flight.filter(|flight| self.owns(flight)) {
            if let Pending::Offsets { changes, .. } | Pending::Transactional { changes, .. } = &flight.pending {
                for (place, change) in changes {
                    if change.is_some() {
                        places.insert(place.clone());
                    } else {
                        places.remove(place);
                    }
                }
            }
        }
        places
    }

    pub fn offset_tombstones(&self, places: &SortedVecSet<Place>) -> Vec<Record> {
        places.iter().map(|(topic, partition)| (self.offset_key(topic, *partition), None)).collect()
    }

    /// Removes these offsets, through the log.
    pub fn forget(&self, now: Time, cx: &mut Context, places: &SortedVecSet<Place>, answer: Option<(Token, Response)>) {
        let changes = places.iter().map(|place| (place.clone(), None)).collect();
        cx.append(now, self, self.offset_tombstones(places), Pending::Offsets { changes, answer });
    }

    /// A tombstone of the place is in the log. It takes what open transactions have for it, too.
    pub fn remove_offset(&mut self, place: &Place) {
        self.offsets.remove(place);
        self.pending_offsets.retain(|_, pending| {
            pending.remove(place);
            !pending.is_empty()
        });
    }

    /// The changes are in the log.
    pub fn apply(&mut self, cx: &mut Context, changes: Vec<Change>) {
        for (place, change) in changes {
            let Some(kept) = change else {
                self.remove_offset(&place);
                continue;
            };
            let (topic, partition) = place.clone();
            cx.event(GroupEvent::OffsetCommitted { group: Arc::clone(&self.id), topic, partition, offset: kept.offset });
            self.offsets.insert(place, kept);
        }
    }
}

impl Group {
    pub fn delete_offsets(
        &self,
        now: Time,
        cx: &mut Context,
        token: Token,
        request: &m::OffsetDeleteRequest,
        exists: &dyn Fn(&str, i32) -> bool,
    ) {
        let other_protocol = self.as_classic().is_some_and(|group| group.protocol_type.as_deref() != Some(CONSUMER));
        if !self.is_empty() && other_protocol {
            let response = m::OffsetDeleteResponse { error_code: ErrorCode::NonEmptyGroup.code(), ..m::OffsetDeleteResponse::default() };
            return cx.respond(token, Response::OffsetDelete(response));
        }
        let known = self.common().places(cx.in_flight.values());
        let mut gone = SortedVecSet::new();
        let (unknown, asked) = split_unknown(request, exists);
        let topics = asked.iter().map(|topic| {
            let subscribed = self.subscribes_to(&topic.name);
            let partitions = topic.partitions.iter().map(|partition| {
                let place = (Arc::from(topic.name.as_ref()), partition.partition_index);
                if !subscribed && known.contains(&place) {
                    gone.insert(place);
                }
                let error = if subscribed { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
                OffsetDeleteResponsePartition { partition_index: partition.partition_index, error_code: error.code() }
            });
            OffsetDeleteResponseTopic { name: topic.name.clone(), partitions: partitions.collect() }
        });
        let topics = merged(unknown, topics.collect());
        let response = Response::OffsetDelete(m::OffsetDeleteResponse { topics, ..m::OffsetDeleteResponse::default() });
        if gone.is_empty() {
            cx.respond(token, response);
        } else {
            self.common().forget(now, cx, &gone, Some((token, response)));
        }
    }

    /// The offsets that nobody has needed for the retention time. Kafka's `offsetExpirationCondition`.
    pub fn expired(&self, now: Time, cx: &Context) -> SortedVecSet<Place> {
        let retention_ms = i64::from(cx.config.offsets_retention_minutes).saturating_mul(60_000);
        let unused = match self {
            Self::Classic(group) => group.unused_since(),
            Self::Consumer(_) => Unused::SinceCommit,
        };
        let since_empty = match unused {
            Unused::No => return SortedVecSet::new(),
            Unused::Since(at) => Some(at),
            Unused::SinceCommit => None,
        };
        let in_use = |topic: &str| !self.is_empty() && self.subscribes_to(topic);
        let due = |kept: &CommittedOffset| match kept.expire_timestamp {
            Some(at) => now.millis() >= at,
            None => now.millis().saturating_sub(since_empty.unwrap_or(kept.commit_timestamp)) >= retention_ms,
        };
        let common = self.common();
        let goes =
            |place: &Place, kept: &CommittedOffset| !in_use(&place.0) && due(kept) && !common.is_unstable(place, cx.in_flight.values());
        common.offsets.iter().filter(|(place, kept)| goes(place, kept)).map(|(place, _)| place.clone()).collect()
    }
}

fn offset_of(group: Option<&Group>, topic: &str, partition: i32, stable: Option<&Context>) -> OffsetFetchResponsePartitions {
    let answer =
        OffsetFetchResponsePartitions { partition_index: partition, metadata: Some(text("")), ..OffsetFetchResponsePartitions::default() };
    let place = (Arc::from(topic), partition);
    if let (Some(group), Some(cx)) = (group, stable)
        && group.common().is_unstable(&place, cx.in_flight.values())
    {
        let error_code = ErrorCode::UnstableOffsetCommit.code();
        return OffsetFetchResponsePartitions { committed_offset: -1, committed_leader_epoch: -1, error_code, ..answer };
    }
    match group.and_then(|group| group.common().offsets.get(&place)) {
        Some(kept) => OffsetFetchResponsePartitions {
            committed_offset: kept.offset,
            committed_leader_epoch: kept.leader_epoch,
            metadata: Some(text(&kept.metadata)),
            ..answer
        },
        None => OffsetFetchResponsePartitions { committed_offset: -1, committed_leader_epoch: -1, ..answer },
    }
}

/// What OffsetFetch asks for: topics with their partitions, or all.
pub type Wanted<'a> = Option<Vec<(&'a str, &'a [i32])>>;

/// The offsets of one group as OffsetFetch v8 and later answers them; a group that does not exist has none. `stable`: those that an open
/// transaction may change are refused (KIP-447), with what is in flight.
pub fn fetch(group: Option<&Group>, wanted: &Wanted<'_>, stable: Option<&Context>) -> Vec<OffsetFetchResponseTopics> {
    let topic_answer = |name: &str, partitions: Vec<OffsetFetchResponsePartitions>| OffsetFetchResponseTopics {
        name: m::TopicName(text(name)),
        partitions,
    };
    match wanted {
        Some(topics) => topics
            .iter()
            .map(|(name, partitions)| {
                topic_answer(name, partitions.iter().map(|partition| offset_of(group, name, *partition, stable)).collect())
            })
            .collect(),
        None => {
            let mut answers: Vec<OffsetFetchResponseTopics> = Vec::new();
            for (topic, partition) in group.iter().flat_map(|group| group.common().offsets.keys()) {
                let answer = offset_of(group, topic, *partition, stable);
                match answers.last_mut() {
                    Some(last) if **last.name == **topic => last.partitions.push(answer),
                    _ => answers.push(topic_answer(topic, vec![answer])),
                }
            }
            answers
        }
    }
}

/// The same in the shape of v1 to v7. v1 has no place for an error but the partitions.
pub fn old_shape(topics: Vec<OffsetFetchResponseTopics>, error: ErrorCode) -> Vec<OffsetFetchResponseTopic> {
    let partition = |new: OffsetFetchResponsePartitions| OffsetFetchResponsePartition {
        partition_index: new.partition_index,
        committed_offset: new.committed_offset,
        committed_leader_epoch: new.committed_leader_epoch,
        metadata: new.metadata,
        error_code: if error.is_error() { error.code() } else { new.error_code },
    };
    topics
        .into_iter()
        .map(|topic| OffsetFetchResponseTopic { name: topic.name, partitions: topic.partitions.into_iter().map(partition).collect() })
        .collect()
}
