//! Fetches ahead of `poll` (`Fetcher`, `FetchCollector`): one request in flight for each leader, none to a leader of whose
//! partitions records are still buffered.

use super::aborted::Aborted;
use super::offsets::CommitKind;
use super::{Consumer, ConsumerEvent, ConsumerRecord, Tag};
use crate::kafka::client::net::{Node, Outcome, Readiness};
use crate::kafka::client::{ClientError, Core as _, TopicPartition, code, text, topic_name};
use crate::kafka::config::OffsetReset;
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::batch;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::wire::message::{ApiKey, FetchRequest, FetchResponse};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Where a partition's position comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Nothing,
    Committed,
    /// The position may lie behind a truncation (KIP-320): the leader is asked.
    Validation,
    Reset {
        to: OffsetReset,
        why: &'static str,
    },
    /// With `auto.offset.reset=none`: the app must call `seek`.
    Seek,
}

/// No leader is named.
const NOBODY: (i32, i32) = (-1, -1);

/// Partitions and their leaders' epochs, by leader.
type ByLeader = SortedVecMap<i32, Vec<(TopicPartition, i32)>>;

#[derive(Clone, Debug)]
pub(super) struct PartitionState {
    /// Differs for each assignment and seek: an answer to an earlier one is ignored.
    pub fence: u64,
    pub need: Need,
    /// The next offset that `poll` returns.
    pub position: Option<i64>,
    /// The leader epoch of the last record before the position; -1: not known.
    pub epoch: i32,
    /// The leader that the position has met last, and its epoch.
    pub leader: Option<(i32, i32)>,
    /// Where the buffer ends; the position once it is drained.
    pub next_fetch: i64,
    /// The leader epoch of the last batch before it, which may hold nothing for the app: a marker, or what was aborted.
    pub next_epoch: i32,
    pub buffer: VecDeque<ConsumerRecord>,
    pub retry_at: Time,
}

impl Consumer {
    /// The next `poll` returns records from this offset on.
    pub fn seek(&mut self, now: Time, topic: &str, partition: i32, offset: i64) {
        let fence = self.fence();
        if let Some(state) = self.partitions.get_mut(&(Arc::from(topic), partition)) {
            *state = PartitionState { fence, ..PartitionState::at(offset.max(0)) };
        }
        self.run(now);
    }

    /// Goes back to what the group has committed of its partitions, as an application does after an aborted transaction
    /// (`KafkaConsumer.committed`, `seek`): what was read after that is read again.
    pub fn seek_to_committed(&mut self, now: Time) {
        let owned = self.assignment();
        self.partitions.clear();
        self.completed.clear();
        self.set_assignment(owned);
        self.run(now);
    }

    pub(super) fn fence(&mut self) -> u64 {
        self.next_fence += 1;
        self.next_fence
    }

    /// Takes over an assignment. What was read already is read on; other positions come from the group or from auto.offset.reset.
    pub(super) fn set_assignment(&mut self, partitions: Vec<TopicPartition>) {
        self.partitions.retain(|at, _| partitions.contains(at));
        self.completed.retain(|at| partitions.contains(at));
        for at in partitions {
            if self.partitions.contains_key(&at) {
                continue;
            }
            let fence = self.fence();
            let need = if self.config.group_id.is_some() { Need::Committed } else { self.reset_need("no group.id") };
            self.partitions.insert(at, PartitionState { fence, need, position: None, ..PartitionState::at(0) });
        }
    }

    pub(super) fn reset_need(&self, why: &'static str) -> Need {
        match self.config.auto_offset_reset {
            OffsetReset::None => Need::Seek,
            to => Need::Reset { to, why },
        }
    }

    /// Up to max.poll.records, oldest fetch first; positions move with them.
    pub(super) fn take_records(&mut self) -> Vec<ConsumerRecord> {
        let limit = self.config.max_poll_records as usize;
        let mut records = Vec::new();
        while let Some(at) = self.completed.front().cloned() {
            let Some(state) = self.partitions.get_mut(&at) else {
                self.completed.pop_front();
                continue;
            };
            if state.need != Need::Nothing {
                state.buffer.clear();
                state.next_fetch = state.position.unwrap_or(state.next_fetch);
            }
            while records.len() < limit {
                let Some(record) = state.buffer.pop_front() else { break };
                state.position = Some(record.offset + 1);
                state.epoch = record.leader_epoch;
                records.push(record);
            }
            if !state.buffer.is_empty() {
                break;
            }
            if state.position.is_some_and(|position| position < state.next_fetch) {
                state.position = Some(state.next_fetch);
                state.epoch = state.next_epoch;
            }
            self.completed.pop_front();
        }
        records
    }

    pub(super) fn run_fetches(&mut self, now: Time) {
        let due = |state: &PartitionState| state.need == Need::Nothing && state.position.is_some() && state.buffer.is_empty();
        let buffered: SortedVecSet<i32> = self
            .completed
            .iter()
            .filter_map(|at| self.partitions.get(at).filter(|state| !state.buffer.is_empty())?.leader)
            .map(|(leader, _)| leader)
            .collect();
        for (leader, partitions) in self.by_leader(now, due, "fetch retry backoff") {
            if !self.fetching.contains(&leader) && !buffered.contains(&leader) {
                self.fetch_from(now, leader, partitions);
            }
        }
    }

    /// The partitions that are due, with their leader epochs, by leader. For the others a wake-up is set or metadata is asked for.
    pub(super) fn by_leader(&mut self, now: Time, due: fn(&PartitionState) -> bool, why: &'static str) -> ByLeader {
        let mut leaders = ByLeader::new();
        let mut later: Option<Time> = None;
        let mut leaderless = false;
        for (at, state) in self.partitions.iter().filter(|(_, state)| due(state)) {
            if now < state.retry_at {
                later = Some(later.map_or(state.retry_at, |first| first.min(state.retry_at)));
                continue;
            }
            match self.metadata.leader(&at.0, at.1) {
                Some((leader, epoch)) => leaders.entry(leader).or_default().push((at.clone(), epoch)),
                None => leaderless = true,
            }
        }
        if leaderless {
            self.metadata.request_update();
        }
        if let Some(at) = later {
            self.wake_at(at, why);
        }
        leaders
    }

    /// The version of an API to speak to a leader that can take a request now; `None`: a wake-up is set, it is dialled, or metadata is
    /// asked for.
    pub(super) fn leader_ready(&mut self, now: Time, node: Node, api: ApiKey) -> Option<i16> {
        match self.net.ready(now, node) {
            Readiness::Ready => return self.net.version(node, api),
            Readiness::After(at) => self.wake_at(at, "reconnect backoff"),
            Readiness::Busy => {}
            Readiness::Unknown => self.metadata.request_update(),
        }
        None
    }

    fn fetch_from(&mut self, now: Time, leader: i32, partitions: Vec<(TopicPartition, i32)>) {
        let node = Node::Broker(leader);
        let Some(version) = self.leader_ready(now, node, ApiKey::Fetch) else { return };
        let mut topics: SortedVecMap<Arc<str>, Vec<FetchPartition>> = SortedVecMap::new();
        let mut wanted = Vec::new();
        for (at, epoch) in partitions {
            let Some((state, position)) = self.partitions.get(&at).and_then(|state| Some((state, state.position?))) else { continue };
            topics.entry(at.0.clone()).or_default().push(FetchPartition {
                partition: at.1,
                current_leader_epoch: if version >= 9 { epoch } else { -1 },
                last_fetched_epoch: -1,
                fetch_offset: position,
                partition_max_bytes: self.config.max_partition_fetch_bytes,
                ..FetchPartition::default()
            });
            wanted.push((at, state.fence, position));
        }
        let topics = topics
            .into_iter()
            .map(|(topic, partitions)| FetchTopic { topic: topic_name(&topic), partitions, ..FetchTopic::default() })
            .collect();
        let request = FetchRequest {
            max_wait_ms: self.config.fetch_max_wait_ms,
            min_bytes: self.config.fetch_min_bytes,
            max_bytes: self.config.fetch_max_bytes,
            isolation_level: self.config.isolation_level as i8,
            session_id: 0,
            session_epoch: -1,
            topics,
            ..FetchRequest::default()
        };
        if self.net.send(now, node, version, request, Some(Tag::Fetch { node: leader, wanted }), None) {
            self.fetching.insert(leader);
        }
    }

    pub(super) fn handle_fetch(&mut self, now: Time, node: i32, wanted: &[(TopicPartition, u64, i64)], outcome: Outcome) {
        self.fetching.remove(&node);
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<FetchResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let mut results = SortedVecMap::new();
        let failed = response.as_ref().map_or(code::NETWORK_EXCEPTION, |response| response.error_code);
        for topic in response.into_iter().flat_map(|response| response.responses) {
            for partition in topic.partitions {
                let leader = (partition.current_leader.leader_id.0, partition.current_leader.leader_epoch);
                results.insert(
                    (text(&topic.topic.0), partition.partition_index),
                    (partition.error_code, partition.records, leader, partition.aborted_transactions),
                );
            }
        }
        for (at, fence, position) in wanted {
            let current = |state: &&mut PartitionState| state.fence == *fence && state.position == Some(*position);
            if self.partitions.get_mut(at).filter(current).is_none() {
                continue;
            }
            match results.remove(at) {
                Some((0, records, _, aborted)) if failed == 0 => {
                    let aborted = Aborted::new(&aborted.unwrap_or_default());
                    self.buffer_records(now, at, *position, records.unwrap_or_default(), aborted);
                }
                Some((error, _, leader, _)) if failed == 0 => self.fetch_failed(now, at, *position, error, leader),
                _ if failed != 0 => self.fetch_failed(now, at, *position, failed, NOBODY),
                _ => self.fetch_failed(now, at, *position, code::UNKNOWN_TOPIC_OR_PARTITION, NOBODY),
            }
        }
    }

    /// `leader`: who leads the partition and in which epoch, as far as the broker has said it (KIP-951).
    fn fetch_failed(&mut self, now: Time, at: &TopicPartition, position: i64, error: i16, leader: (i32, i32)) {
        let moved =
            matches!(error, code::NOT_LEADER_OR_FOLLOWER | code::FENCED_LEADER_EPOCH) && self.metadata.lead_by(&self.net, at, leader);
        let reset = self.reset_need("the offset is out of range");
        let Some(state) = self.partitions.get_mut(at) else { return };
        if !moved {
            state.retry_at = now.plus_millis(self.config.retry_backoff_ms);
        }
        if code::invalid_metadata(error) {
            self.metadata.request_update();
        } else if error == code::OFFSET_OUT_OF_RANGE {
            mark!(PositionReset);
            state.need = reset;
            if reset == Need::Seek {
                state.position = None;
                self.no_offset(at, position);
            }
        } else if !ErrorCode::from_code(error).retriable() {
            self.net.event(ConsumerEvent::Error { error: ClientError::Broker(ErrorCode::from_code(error)) });
        }
    }

    pub(super) fn no_offset(&mut self, at: &TopicPartition, offset: i64) {
        let error = ClientError::NoOffset { topic: at.0.to_string(), partition: at.1, offset };
        self.net.event(ConsumerEvent::Error { error });
    }

    /// Reads fetched batches into the buffer; control batches, those of aborted transactions and records below the position only move it
    /// on.
    fn buffer_records(&mut self, now: Time, at: &TopicPartition, position: i64, bytes: Bytes, mut aborted: Aborted) {
        let (mut next, mut epoch) = (position, -1);
        let mut buffer = VecDeque::new();
        let mut failure = None;
        for found in batch::batches(bytes) {
            let records = found.and_then(|batch| {
                if self.config.check_crcs {
                    batch.check_crc()?;
                }
                let hidden = aborted.hides(&batch) || batch.is_control();
                let records = if hidden { Vec::new() } else { batch.records()? };
                Ok((batch.last_offset(), batch.partition_leader_epoch(), records))
            });
            match records {
                Ok((last_offset, leader_epoch, records)) => {
                    for record in records.into_iter().filter(|record| record.offset >= next) {
                        buffer.push_back(ConsumerRecord {
                            topic: at.0.clone(),
                            partition: at.1,
                            offset: record.offset,
                            timestamp: record.timestamp,
                            key: record.key,
                            value: record.value,
                            leader_epoch,
                        });
                    }
                    next = next.max(last_offset.saturating_add(1));
                    epoch = leader_epoch;
                }
                Err(_) => {
                    // CORRUPT_MESSAGE: what came before it is good; the rest is asked for again.
                    failure = Some(ErrorCode::from_code(2));
                    break;
                }
            }
        }
        let Some(state) = self.partitions.get_mut(at) else { return };
        (state.next_fetch, state.next_epoch) = (next, epoch);
        if failure.is_some() {
            state.retry_at = now.plus_millis(self.config.retry_backoff_ms);
        }
        let ends = buffer.front().zip(buffer.back()).map(|(first, last)| (first.offset, last.offset));
        state.buffer = buffer;
        match ends {
            Some((base_offset, last_offset)) => {
                self.completed.push_back(at.clone());
                if self.sabotage == Some(Sabotage::CommitBeforeRecords) && self.member.generation >= 0 {
                    self.commit_positions(now, CommitKind::Last);
                }
                let (topic, partition) = at.clone();
                self.net.event(ConsumerEvent::Fetched { topic, partition, base_offset, last_offset });
            }
            None if next > position => {
                state.position = Some(next);
                state.epoch = epoch;
            }
            None => {}
        }
        if let Some(error) = failure {
            self.net.event(ConsumerEvent::Error { error: ClientError::Broker(error) });
        }
    }
}

impl PartitionState {
    pub fn at(offset: i64) -> Self {
        Self {
            fence: 0,
            need: Need::Nothing,
            position: Some(offset),
            epoch: -1,
            next_epoch: -1,
            leader: None,
            next_fetch: offset,
            buffer: VecDeque::new(),
            retry_at: Time(i64::MIN),
        }
    }
}
