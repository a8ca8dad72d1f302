//! Leading: what followers have, the in-sync replicas and the high watermark (`kafka.cluster.Partition`, `AlterPartitionManager`).

use super::answers::OwnRequest;
use super::partition::{FollowerFetch, IsrReason, Rules};
use super::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::controller::Request;
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::message as m;
use m::alter_partition_request::{BrokerState, PartitionData, TopicData};
use std::sync::Arc;

/// Before AlterPartition is asked again.
const BACKOFF_MS: i64 = 100;

/// When AlterPartition is asked (`AlterPartitionManager`): one request at a time, for all partitions whose in-sync set is to change.
///
/// The owner calls `want` when a partition has a proposal. Where `poll_due` says so it collects the proposals and sends them, and gives to
/// `answered` whether any of them must be sent again.
#[derive(Clone, Debug, Default)]
pub struct AlterPartitions {
    asked: bool,
    next: Time,
    /// A partition has a proposal that was not sent.
    wanted: bool,
}

impl AlterPartitions {
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether to ask now. What is wanted until then goes into this request.
    fn poll_due(&mut self, now: Time) -> bool {
        !self.asked && self.next <= now && std::mem::take(&mut self.wanted)
    }

    fn sent(&mut self) {
        self.asked = true;
    }

    /// The answer came, or did not. `unsettled`: proposals were sent that it does not settle.
    fn answered(&mut self, now: Time, unsettled: bool) {
        self.asked = false;
        if unsettled {
            mark!(IsrUnsettled);
            self.next = now.plus_millis(BACKOFF_MS);
        }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        (self.wanted && !self.asked).then(|| (self.next, Reason::new("AlterPartition", "")))
    }
}

impl Broker {
    /// A follower fetches: updates its state, proposes it for the ISR if it has caught up, and advances the high watermark. A deletion that
    /// waits for it is looked at again.
    pub(super) fn follower_fetched(&mut self, now: Time, topic: &str, index: i32, fetch: FollowerFetch) {
        let rules = Rules { now, lag_ms: self.lag_ms, sabotage: self.options.sabotage, image: self.controller.image() };
        let Some((_, partition)) = self.topics.partition_mut(topic, index) else { return };
        let Some(starts_elsewhere) = partition.follower_fetched(now, fetch) else { return };
        if partition.propose_joining(fetch.id, &rules) {
            self.altering.want();
        }
        if starts_elsewhere {
            self.purgatory.touch(topic, index);
        }
        self.move_high_watermark(now, topic, index);
    }

    /// Advances the high watermark as far as the in-sync replicas allow; requests that wait for it are looked at again.
    pub(super) fn move_high_watermark(&mut self, now: Time, topic: &str, index: i32) {
        let rules = Rules { now, lag_ms: self.lag_ms, sabotage: self.options.sabotage, image: self.controller.image() };
        let Some((name, partition)) = self.topics.partition_mut(topic, index) else { return };
        let Some((from, to)) = partition.advance_high_watermark(&rules) else { return };
        partition.log.handle_high_watermark(to);
        self.touch(&name, index);
        let committed = self.appends.handle_high_watermark(topic, index, to);
        committed.into_iter().for_each(|appender| self.append_done(now, appender, ErrorCode::None));
        self.event(BrokerEvent::HighWatermark { topic: name, partition: index, from, to });
    }

    /// Drops followers that lag from the ISR, twice in `replica.lag.time.max.ms`.
    pub(super) fn check_lag(&mut self, now: Time) {
        let rules = Rules { now, lag_ms: self.lag_ms, sabotage: self.options.sabotage, image: self.controller.image() };
        let mut led: Vec<(Arc<str>, i32)> = Vec::new();
        for topic in self.topics.iter_mut() {
            for (index, partition) in &mut topic.partitions {
                if partition.leading.as_ref().is_some_and(|leading| !leading.followers.is_empty()) {
                    if partition.propose_leaving(&rules) {
                        self.altering.want();
                    }
                    led.push((topic.name.clone(), *index));
                }
            }
        }
        for (topic, index) in led {
            self.move_high_watermark(now, &topic, index);
        }
    }

    /// Asks the controller for the in-sync sets that are proposed; whether it did.
    pub(super) fn alter(&mut self, now: Time) -> bool {
        if self.life.epoch < 0 || !self.altering.poll_due(now) {
            return false;
        }
        let mut topics = Vec::new();
        for topic in self.topics.iter_mut() {
            let mut partitions = Vec::new();
            for (index, partition) in &mut topic.partitions {
                let state = &partition.state;
                let Some(leading) = &mut partition.leading else { continue };
                let Some(proposal) = leading.proposal.as_mut().filter(|proposal| !proposal.sent && !proposal.refused) else { continue };
                proposal.sent = true;
                let with_epoch = |(id, fetched): (&i32, &i64)| {
                    let epoch = if *id == self.options.node_id { self.life.epoch } else { *fetched };
                    BrokerState { broker_id: (*id).into(), broker_epoch: epoch }
                };
                partitions.push(PartitionData {
                    partition_index: *index,
                    leader_epoch: state.leader_epoch,
                    new_isr_with_epochs: proposal.isr.iter().zip(&proposal.epochs).map(with_epoch).collect(),
                    leader_recovery_state: 0,
                    partition_epoch: state.partition_epoch,
                    ..PartitionData::default()
                });
            }
            if !partitions.is_empty() {
                topics.push(TopicData { topic_id: topic.id, partitions });
            }
        }
        if !topics.is_empty() {
            self.altering.sent();
            let request = m::AlterPartitionRequest { broker_id: self.options.node_id.into(), broker_epoch: self.life.epoch, topics };
            self.ask_controller(now, OwnRequest::AlterPartition, Request::AlterPartition(request));
        }
        true
    }

    pub(super) fn altered(&mut self, now: Time, response: Option<m::AlterPartitionResponse>) {
        let response = response.filter(|response| response.error_code == 0);
        for topic in response.into_iter().flat_map(|response| response.topics) {
            let Some(name) = self.topics.name_of(topic.topic_id).cloned() else { continue };
            for answer in topic.partitions {
                self.partition_altered(now, &name, &answer);
            }
        }
        // What got no answer that settles it is asked again.
        let mut unsettled = false;
        for partition in self.topics.iter_mut().flat_map(|topic| topic.partitions.values_mut()) {
            if let Some(proposal) = partition.leading.as_mut().and_then(|leading| leading.proposal.as_mut())
                && !proposal.refused
            {
                unsettled |= std::mem::take(&mut proposal.sent);
                self.altering.want();
            }
        }
        self.altering.answered(now, unsettled);
    }

    fn partition_altered(&mut self, now: Time, name: &Arc<str>, answer: &m::alter_partition_response::PartitionData) {
        let index = answer.partition_index;
        let me = self.options.node_id;
        let unfenced = self.options.sabotage == Some(Sabotage::EpochNotFenced);
        let Some((_, partition)) = self.topics.partition_mut(name, index) else { return };
        let Some(leading) = &mut partition.leading else { return };
        // The metadata may have settled what was asked, and another set been proposed since: the answer is not for that one.
        if !leading.proposal.as_ref().is_some_and(|proposal| proposal.sent) {
            return;
        }
        match ErrorCode::from_code(answer.error_code) {
            // The planted bug: a leader of an older epoch takes what it is refused.
            error if unfenced && error.is_error() => {
                if let Some(proposal) = leading.proposal.take() {
                    let from = std::mem::replace(&mut partition.state.isr, proposal.isr.clone());
                    self.isr_changed(now, name, index, from, proposal.isr, proposal.why);
                }
            }
            ErrorCode::None => {
                let state = &mut partition.state;
                let Some(proposal) = &mut leading.proposal else { return };
                // The set was accepted together with a new leader epoch (a reassignment is done): until the metadata tells it, both sets
                // count for the high watermark (`Partition.handleAlterPartitionUpdate`).
                if answer.leader_epoch != state.leader_epoch || answer.partition_epoch < state.partition_epoch {
                    proposal.refused = true;
                    return;
                }
                let why = proposal.why;
                let to: Vec<i32> = answer.isr.iter().map(|id| id.0).collect();
                let from = std::mem::replace(&mut state.isr, to.clone());
                state.partition_epoch = answer.partition_epoch;
                partition.keep_leading(now, me);
                self.isr_changed(now, name, index, from, to, why);
            }
            ErrorCode::IneligibleReplica | ErrorCode::OperationNotAttempted => {
                mark!(IsrNotNow);
                leading.proposal = None;
            }
            ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnknownTopicId
            | ErrorCode::InvalidRequest
            | ErrorCode::NewLeaderElected => {
                if let Some(proposal) = &mut leading.proposal {
                    mark!(IsrRefused);
                    proposal.refused = true;
                }
            }
            _ => {}
        }
    }

    pub(super) fn isr_changed(&mut self, now: Time, name: &Arc<str>, index: i32, from: Vec<i32>, to: Vec<i32>, why: IsrReason) {
        if from != to {
            self.event(BrokerEvent::IsrChanged { topic: name.clone(), partition: index, from, to, why });
        }
        self.move_high_watermark(now, name, index);
        // Writers may be refused from now on, or no longer.
        self.touch(name, index);
    }
}
