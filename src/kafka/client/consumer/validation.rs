//! Positions held against the leader's epochs (KIP-320): when a partition has another leader, its log may have been truncated below the
//! position (`SubscriptionState.maybeValidatePosition`, `OffsetsForLeaderEpochUtils`).

use super::fetcher::{Need, PartitionState};
use super::{Consumer, ConsumerEvent, Tag};
use crate::kafka::client::net::{Node, Outcome};
use crate::kafka::client::{ClientError, TopicPartition, code, text, topic_name};
use crate::kafka::config::OffsetReset;
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use crate::kafka::wire::message::{ApiKey, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use std::sync::Arc;

/// A position that was asked about: partition, its fence, offset and epoch.
pub(in crate::kafka::client) type Asked = (TopicPartition, u64, i64, i32);

impl Consumer {
    /// Positions whose epoch is known are validated as soon as they meet a leader, or an epoch of it, that they have not met.
    pub(super) fn run_validation(&mut self, now: Time) {
        for (at, state) in &mut self.partitions {
            let settled = matches!(state.need, Need::Nothing | Need::Validation) && state.position.is_some();
            let Some(leader) = self.metadata.leader(&at.0, at.1).filter(|leader| settled && state.leader != Some(*leader)) else {
                continue;
            };
            state.leader = Some(leader);
            state.need = if state.epoch >= 0 && leader.1 >= 0 { Need::Validation } else { Need::Nothing };
        }
        let due = |state: &PartitionState| state.need == Need::Validation;
        for (leader, partitions) in self.by_leader(now, due, "validation backoff") {
            if !self.validating.contains(&leader) {
                self.ask_epochs(now, leader, partitions);
            }
        }
    }

    fn ask_epochs(&mut self, now: Time, leader: i32, partitions: Vec<(TopicPartition, i32)>) {
        let node = Node::Broker(leader);
        let Some(version) = self.leader_ready(now, node, ApiKey::OffsetForLeaderEpoch) else { return };
        let mut topics: SortedVecMap<Arc<str>, Vec<OffsetForLeaderPartition>> = SortedVecMap::new();
        let mut wanted: Vec<Asked> = Vec::new();
        for (at, current_leader_epoch) in partitions {
            let Some((state, position)) = self.partitions.get(&at).and_then(|state| Some((state, state.position?))) else { continue };
            let asked = OffsetForLeaderPartition { partition: at.1, current_leader_epoch, leader_epoch: state.epoch };
            topics.entry(at.0.clone()).or_default().push(asked);
            wanted.push((at, state.fence, position, state.epoch));
        }
        let topics = topics.into_iter().map(|(topic, partitions)| OffsetForLeaderTopic { topic: topic_name(&topic), partitions });
        let request = OffsetForLeaderEpochRequest { replica_id: (-1).into(), topics: topics.collect() };
        if self.net.send(now, node, version, request, Some(Tag::EpochEnds { node: leader, wanted }), None) {
            self.validating.insert(leader);
        }
    }

    pub(super) fn handle_epoch_ends(&mut self, now: Time, node: i32, wanted: &[Asked], outcome: Outcome) {
        self.validating.remove(&node);
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<OffsetForLeaderEpochResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let mut results: SortedVecMap<TopicPartition, (i16, i32, i64)> = SortedVecMap::new();
        for topic in response.iter().flat_map(|response| &response.topics) {
            for row in &topic.partitions {
                results.insert((text(&topic.topic.0), row.partition), (row.error_code, row.leader_epoch, row.end_offset));
            }
        }
        for (at, fence, position, epoch) in wanted {
            let asked = |state: &&mut PartitionState| {
                state.need == Need::Validation && (state.fence, state.position, state.epoch) == (*fence, Some(*position), *epoch)
            };
            let Some(state) = self.partitions.get_mut(at).filter(asked) else { continue };
            match results.get(at).copied().unwrap_or((code::NETWORK_EXCEPTION, -1, -1)) {
                (0, epoch, end) if epoch >= 0 && end >= *position => state.need = Need::Nothing,
                (0, epoch, end) => self.truncated(at, *position, (epoch >= 0 && end >= 0).then_some((epoch, end))),
                _ => {
                    state.retry_at = now.plus_millis(self.config.retry_backoff_ms);
                    self.metadata.request_update();
                }
            }
        }
    }

    /// The log was truncated below the position: records that were read are lost. Reading goes on where the logs diverge, if that is
    /// known, or as `auto.offset.reset` says; without a policy it is the app's to decide (`LogTruncationException`).
    fn truncated(&mut self, at: &TopicPartition, position: i64, diverges: Option<(i32, i64)>) {
        const WHY: &str = "the log was truncated";
        mark!(PositionCut);
        let without_policy = self.config.auto_offset_reset == OffsetReset::None;
        let reset = self.reset_need(WHY);
        let Some(state) = self.partitions.get_mut(at) else { return };
        state.buffer.clear();
        let (topic, partition) = at.clone();
        let event = match diverges {
            _ if without_policy => {
                (state.need, state.position) = (Need::Seek, None);
                let diverges = diverges.map(|(_, offset)| offset);
                let error = ClientError::LogTruncation { topic: topic.to_string(), partition, offset: position, diverges };
                ConsumerEvent::Error { error }
            }
            Some((epoch, offset)) => {
                (state.need, state.position, state.next_fetch, state.epoch) = (Need::Nothing, Some(offset), offset, epoch);
                ConsumerEvent::PositionReset { topic, partition, offset, why: WHY }
            }
            None => {
                state.need = reset;
                return;
            }
        };
        self.net.event(event);
    }
}
