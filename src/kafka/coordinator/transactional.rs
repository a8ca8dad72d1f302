//! Offsets in transactions (`OffsetMetadataManager.commitTransactionalOffset`): they are in the log, and hold once the marker of a commit
//! follows them.

use super::group::{Common, Group, Place};
use super::offsets;
use super::output::{Change, InFlight, Pending};
use super::records::CommittedOffset;
use super::{GroupCoordinator, Response, Token};
use crate::kafka::time::Time;
use crate::kafka::wire::batch::BatchOptions;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use m::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use m::txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic};

/// The first version of OffsetCommit in which a member says its epoch.
const EPOCHS_SINCE: i16 = 9;

/// Of a batch of offsets in this producer's transaction.
pub fn options(producer_id: i64, producer_epoch: i16) -> BatchOptions {
    BatchOptions { producer_id, producer_epoch, transactional: true, ..BatchOptions::default() }
}

/// The same question without its transaction.
fn plain(request: m::TxnOffsetCommitRequest) -> m::OffsetCommitRequest {
    let topics = request.topics.into_iter().map(|topic| OffsetCommitRequestTopic {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| OffsetCommitRequestPartition {
                partition_index: partition.partition_index,
                committed_offset: partition.committed_offset,
                committed_leader_epoch: partition.committed_leader_epoch,
                committed_metadata: partition.committed_metadata,
            })
            .collect(),
    });
    m::OffsetCommitRequest {
        group_id: request.group_id,
        generation_id_or_member_epoch: request.generation_id,
        member_id: request.member_id,
        group_instance_id: request.group_instance_id,
        topics: topics.collect(),
        ..m::OffsetCommitRequest::default()
    }
}

/// The answer to [`plain`] as that of the transaction's request.
pub fn answer(response: m::OffsetCommitResponse) -> m::TxnOffsetCommitResponse {
    let topics = response.topics.into_iter().map(|topic| TxnOffsetCommitResponseTopic {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|partition| TxnOffsetCommitResponsePartition {
                partition_index: partition.partition_index,
                error_code: partition.error_code,
            })
            .collect(),
    });
    m::TxnOffsetCommitResponse { topics: topics.collect(), ..m::TxnOffsetCommitResponse::default() }
}

/// The same answer with the partitions that had been accepted failed.
pub fn failed(response: Response, error: ErrorCode) -> Response {
    let Response::TxnOffsetCommit(mut response) = response else { return response };
    for partition in response.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        if partition.error_code == 0 {
            partition.error_code = error.code();
        }
    }
    Response::TxnOffsetCommit(response)
}

/// All partitions of the request refused.
pub fn refused(request: m::TxnOffsetCommitRequest, error: ErrorCode) -> m::TxnOffsetCommitResponse {
    answer(offsets::commit_answer(&plain(request), |_, _| error))
}

impl Group {
    /// Kafka's `validateOffsetCommit` for a transaction: who says nothing of a member may commit to any group.
    fn validate_transactional(&self, request: &m::OffsetCommitRequest) -> Result<(), ErrorCode> {
        let (generation, instance) = (request.generation_id_or_member_epoch, request.group_instance_id.as_deref());
        if generation < 0 && (self.is_empty() || request.member_id.is_empty() && instance.is_none()) {
            return Ok(());
        }
        match self {
            Self::Classic(group) => {
                group.validate_member(&request.member_id, instance)?;
                if generation == group.generation { Ok(()) } else { Err(ErrorCode::IllegalGeneration) }
            }
            // The version of the request says nothing of whether the member knows its epoch, and no version has Kafka's newer error.
            Self::Consumer(group) => group.validate_commit(EPOCHS_SINCE, request).map_err(|error| match error {
                ErrorCode::StaleMemberEpoch => ErrorCode::IllegalGeneration,
                error => error,
            }),
        }
    }
}

impl Common {
    /// Offsets of an open transaction are in the log.
    pub fn keep_pending(&mut self, producer_id: i64, changes: Vec<Change>) {
        let pending = self.pending_offsets.entry(producer_id).or_default();
        for (place, change) in changes {
            if let Some(kept) = change {
                pending.insert(place, kept);
            }
        }
    }

    /// What the end of a producer's transaction changes: an offset that was committed outside of it and later stays.
    fn end_transaction(&mut self, producer_id: i64, commit: bool) -> Option<Vec<Change>> {
        let pending = self.pending_offsets.remove(&producer_id).filter(|_| commit)?;
        let newer = |place: &Place, kept: &CommittedOffset| self.offsets.get(place).is_none_or(|former| kept.order > former.order);
        Some(pending.into_iter().filter(|(place, kept)| newer(place, kept)).map(|(place, kept)| (place, Some(kept))).collect())
    }

    /// Whether an open transaction has an offset for the partition, be it still on its way into the log.
    pub fn is_unstable<'a>(&self, place: &Place, mut in_flight: impl Iterator<Item = &'a InFlight>) -> bool {
        let has = |flight: &InFlight| match &flight.pending {
            Pending::Transactional { changes, .. } => self.owns(flight) && changes.iter().any(|(of, _)| of == place),
            _ => false,
        };
        self.pending_offsets.values().any(|pending| pending.contains_key(place)) || in_flight.any(has)
    }
}

impl GroupCoordinator {
    /// Kafka's `commitTransactionalOffset`. That the offsets' partition is in the transaction, the broker has asked.
    pub(super) fn commit_in_transaction(
        &mut self,
        now: Time,
        token: Token,
        request: m::TxnOffsetCommitRequest,
        exists: &dyn Fn(&str, i32) -> bool,
    ) {
        let producer = (request.producer_id.0, request.producer_epoch);
        let request = plain(request);
        let checked = self.locate(&request.group_id).and_then(|partition| match self.groups.get(request.group_id.as_ref()) {
            Some(_) if self.cx.config.takes_any_commit => Ok(partition),
            Some(group) => group.validate_transactional(&request).map(|()| partition),
            None if request.generation_id_or_member_epoch < 0 => Ok(partition),
            None => Err(ErrorCode::IllegalGeneration),
        });
        let partition = match checked {
            Ok(partition) => partition,
            Err(error) => {
                let response = offsets::commit_answer(&request, |_, _| error);
                return self.cx.respond(token, Response::TxnOffsetCommit(answer(response)));
            }
        };
        let some = request.topics.iter().any(|topic| topic.partitions.iter().any(|it| exists(&topic.name, it.partition_index)));
        if some {
            self.create(now, &request.group_id, partition);
        }
        if let Some(group) = self.groups.get(request.group_id.as_ref()) {
            return group.commit(now, &mut self.cx, token, &request, exists, Some(producer));
        }
        let response = offsets::commit_answer(&request, |_, _| ErrorCode::UnknownTopicOrPartition);
        self.cx.respond(token, Response::TxnOffsetCommit(answer(response)));
    }

    /// The transaction's marker in this partition of `__consumer_offsets` is committed.
    pub fn handle_transaction_ended(&mut self, partition: i32, producer_id: i64, commit: bool) {
        for group in self.groups.values_mut().map(Group::common_mut).filter(|group| group.partition == partition) {
            if let Some(changes) = group.end_transaction(producer_id, commit) {
                group.apply(&mut self.cx, changes);
            }
        }
    }

    /// The same while the partition is read: nothing happens now.
    pub(super) fn replay_end(&mut self, partition: i32, producer_id: i64, commit: bool) {
        for group in self.groups.values_mut().map(Group::common_mut).filter(|group| group.partition == partition) {
            for (place, change) in group.end_transaction(producer_id, commit).into_iter().flatten() {
                if let Some(kept) = change {
                    group.offsets.insert(place, kept);
                }
            }
        }
    }
}
