//! A group's offsets in the producer's transaction (`KafkaProducer.sendOffsetsToTransaction`, `TransactionManager.TxnOffsetCommitHandler`).
//! In the protocol of transaction version 2 one request does it: the group's coordinator takes its partition into the transaction.

use super::{Producer, ProducerEvent, Tag, TransactionStep};
use crate::kafka::client::consumer::NextOffset;
use crate::kafka::client::net::{Node, Outcome, Readiness};
use crate::kafka::client::{ClientError, Core as _, GroupMetadata, code, coordinator_in, string, topic_name};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use crate::kafka::wire::message::{ApiKey, FindCoordinatorRequest, TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use std::sync::Arc;

/// What is to be committed with the open transaction, and the way to the group's coordinator.
#[derive(Clone, Debug)]
pub(super) struct GroupOffsets {
    waiting: Option<(GroupMetadata, Vec<NextOffset>)>,
    coordinator: Option<i32>,
    /// A request to find or to ask the coordinator is on its way.
    asked: bool,
    retry_at: Time,
}

impl Default for GroupOffsets {
    fn default() -> Self {
        Self { waiting: None, coordinator: None, asked: false, retry_at: Time(i64::MIN) }
    }
}

impl GroupOffsets {
    /// Whether the transaction may end in this way as far as its offsets go: a commit needs them in the log, and no answer is under way.
    pub(super) const fn are_done(&self, commit: bool) -> bool {
        !self.asked && (self.waiting.is_none() || !commit)
    }

    pub(super) fn forget(&mut self) {
        self.waiting = None;
    }
}

impl Producer {
    /// `KafkaProducer.sendOffsetsToTransaction`, which does not block here: [`ProducerEvent::OffsetsAdded`] says that they are in the log,
    /// and a commit of the transaction waits for it. If the coordinator refuses them, the transaction can only be aborted.
    ///
    /// # Errors
    /// Without an open transaction, or one that can only be aborted.
    pub fn send_offsets(&mut self, now: Time, offsets: Vec<NextOffset>, group: GroupMetadata) -> Result<(), ClientError> {
        match self.transactions.as_mut() {
            Some(transactions) => match &transactions.step {
                TransactionStep::Open { .. } => {
                    transactions.step = TransactionStep::Open { written: true };
                    transactions.offsets.waiting = Some((group, offsets));
                }
                TransactionStep::Failed(error) | TransactionStep::Fenced(error) => return Err(error.clone()),
                _ => return Err(ClientError::Illegal("offsets are sent in an open transaction")),
            },
            None => return Err(ClientError::Illegal("a transaction needs a transactional.id")),
        }
        self.run(now);
        Ok(())
    }

    pub(super) fn run_offsets(&mut self, now: Time) {
        let Some(transactions) = &self.transactions else { return };
        let offsets = &transactions.offsets;
        let wanted = matches!(transactions.step, TransactionStep::Open { .. } | TransactionStep::Ending { commit: true, .. });
        if offsets.waiting.is_none() || offsets.asked || !wanted {
            return;
        }
        if now < offsets.retry_at {
            return self.wake_at(offsets.retry_at, "retry.backoff.ms", "the group's coordinator");
        }
        match offsets.coordinator {
            None => self.find_group(now),
            Some(coordinator) => self.ask_group(now, coordinator),
        }
    }

    fn find_group(&mut self, now: Time) {
        let node = match self.net.least_loaded(now) {
            Ok(node) => node,
            Err(Readiness::After(at)) => return self.wake_at(at, "reconnect backoff", ""),
            Err(_) => return,
        };
        let Some(version) = self.net.version(node, ApiKey::FindCoordinator) else { return };
        let Some(offsets) = self.transactions.as_mut().map(|transactions| &mut transactions.offsets) else { return };
        let Some((group, _)) = &offsets.waiting else { return };
        let key = string(&group.group);
        let request = if version >= 4 {
            FindCoordinatorRequest { coordinator_keys: vec![key], ..FindCoordinatorRequest::default() }
        } else {
            FindCoordinatorRequest { key, ..FindCoordinatorRequest::default() }
        };
        offsets.asked = self.net.send(now, node, version, request, Some(Tag::GroupCoordinator), None);
    }

    pub(super) fn handle_group_coordinator(&mut self, now: Time, outcome: Outcome) {
        let found = coordinator_in(outcome);
        let backoff = self.config.retry_backoff_ms;
        let Some(offsets) = self.transactions.as_mut().map(|transactions| &mut transactions.offsets) else { return };
        offsets.asked = false;
        match found {
            Some((id, host, port)) => {
                offsets.coordinator = Some(id);
                self.net.set_address(Node::Coordinator(id), &host, port);
            }
            None => offsets.retry_at = now.plus_millis(backoff),
        }
    }

    fn ask_group(&mut self, now: Time, coordinator: i32) {
        let node = Node::Coordinator(coordinator);
        let ready = self.net.ready(now, node);
        let backoff = self.config.retry_backoff_ms;
        let Some(transactions) = &mut self.transactions else { return };
        match ready {
            Readiness::Ready => {}
            Readiness::Busy => return,
            // It may be another by now.
            Readiness::After(_) | Readiness::Unknown => {
                let at = now.plus_millis(backoff);
                (transactions.offsets.coordinator, transactions.offsets.retry_at) = (None, at);
                return self.wake_at(at, "retry.backoff.ms", "the group's coordinator");
            }
        }
        let Some(version) = self.net.version(node, ApiKey::TxnOffsetCommit) else { return };
        let (id, offsets) = (transactions.id(), &mut transactions.offsets);
        let (Some((group, next)), Some((producer_id, producer_epoch))) = (&offsets.waiting, self.producer_id) else { return };
        let request = TxnOffsetCommitRequest {
            transactional_id: string(&id).into(),
            group_id: string(&group.group).into(),
            producer_id: producer_id.into(),
            producer_epoch,
            generation_id: group.generation,
            member_id: string(&group.member),
            group_instance_id: group.instance.as_deref().map(string),
            topics: by_topic(next),
        };
        offsets.asked = self.net.send(now, node, version, request, Some(Tag::Offsets), None);
    }

    pub(super) fn handle_offsets(&mut self, now: Time, outcome: Outcome) {
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<TxnOffsetCommitResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let error = response.map_or(code::COORDINATOR_NOT_AVAILABLE, |response| {
            let codes = response.topics.iter().flat_map(|topic| &topic.partitions).map(|partition| partition.error_code);
            codes.into_iter().find(|error| *error != 0).unwrap_or(0)
        });
        let retry_at = now.plus_millis(self.config.retry_backoff_ms);
        let Some(transactions) = &mut self.transactions else { return };
        transactions.offsets.asked = false;
        match error {
            0 => {
                if let Some((group, offsets)) = transactions.offsets.waiting.take() {
                    self.net.event(ProducerEvent::OffsetsAdded { group: group.group, offsets });
                }
            }
            code::COORDINATOR_NOT_AVAILABLE | code::NOT_COORDINATOR | code::REQUEST_TIMED_OUT => {
                (transactions.offsets.coordinator, transactions.offsets.retry_at) = (None, retry_at);
            }
            error if ErrorCode::from_code(error).retriable() => transactions.offsets.retry_at = retry_at,
            // Another member has the partitions by now; or the transaction itself is over.
            error => {
                mark!(OffsetsRefused);
                let error = ErrorCode::from_code(error);
                transactions.offsets.forget();
                let abortable = matches!(
                    error,
                    ErrorCode::FencedInstanceId
                        | ErrorCode::UnknownMemberId
                        | ErrorCode::IllegalGeneration
                        | ErrorCode::GroupAuthorizationFailed
                        | ErrorCode::TransactionAbortable
                );
                if abortable {
                    transactions.record_failed(&ClientError::Broker(error));
                    self.net.event(ProducerEvent::OffsetsRefused { error: ClientError::Broker(error) });
                } else {
                    self.give_up(ClientError::Broker(error));
                }
            }
        }
    }
}

fn by_topic(offsets: &[NextOffset]) -> Vec<TxnOffsetCommitRequestTopic> {
    let mut topics: SortedVecMap<Arc<str>, Vec<TxnOffsetCommitRequestPartition>> = SortedVecMap::new();
    for (topic, partition, offset, leader_epoch) in offsets {
        topics.entry(topic.clone()).or_default().push(TxnOffsetCommitRequestPartition {
            partition_index: *partition,
            committed_offset: *offset,
            committed_leader_epoch: *leader_epoch,
            committed_metadata: Some(string("")),
        });
    }
    topics.into_iter().map(|(topic, partitions)| TxnOffsetCommitRequestTopic { name: topic_name(&topic), partitions }).collect()
}
