//! Committed offsets and positions: OffsetFetch, ListOffsets, OffsetCommit (`ConsumerCoordinator`, `OffsetFetcher`).

use super::fetcher::{Need, PartitionState};
use super::{Closing, Consumer, ConsumerEvent, Tag};
use crate::kafka::client::net::{Node, Outcome};
use crate::kafka::client::{ClientError, Core as _, TopicPartition, code, string, text, topic_name};
use crate::kafka::config::OffsetReset;
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use crate::kafka::wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::kafka::wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use crate::kafka::wire::message::{
    ApiKey, GroupId, ListOffsetsRequest, ListOffsetsResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest,
    OffsetFetchResponse,
};
use std::sync::Arc;

/// What an app commits of a partition: topic, partition, the next offset to read, and the epoch of the leader from whom the record before
/// it was read (-1: not known).
pub type NextOffset = (Arc<str>, i32, i64, i32);

/// An offset to commit, and the epoch of the leader from whom the record before it was read; -1: not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Offset {
    offset: i64,
    leader_epoch: i32,
}

/// Who wants a commit, and so what becomes of it when it fails for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::kafka::client) enum CommitKind {
    /// `auto.commit.interval.ms` has passed. It is not tried again: another one is made of the positions as they are then
    /// (`ConsumerCoordinator.autoCommitOffsetsAsync`).
    Auto,
    /// The last one before partitions are given up.
    Last,
    /// The app, which waits for it (`commitSync`).
    Sync,
    /// The app, which goes on (`commitAsync`). It is not tried again, or it would undo a later one (`RetriableCommitFailedException`).
    Async,
}

impl CommitKind {
    pub(super) const fn is_retried(self) -> bool {
        matches!(self, Self::Last | Self::Sync)
    }

    const fn is_of_the_app(self) -> bool {
        matches!(self, Self::Sync | Self::Async)
    }
}

/// A commit that is to be sent, or waits for its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::kafka::client) struct PendingCommit {
    offsets: SortedVecMap<TopicPartition, Offset>,
    kind: CommitKind,
    /// The generation in which it was asked for: in another one it fails.
    generation: i32,
    /// `default.api.timeout.ms` is counted from here.
    since: Time,
    retry_at: Time,
    attempts: u32,
}

fn by_topic<T>(items: impl Iterator<Item = (TopicPartition, T)>) -> SortedVecMap<Arc<str>, Vec<(i32, T)>> {
    let mut topics: SortedVecMap<Arc<str>, Vec<(i32, T)>> = SortedVecMap::new();
    for ((topic, partition), item) in items {
        topics.entry(topic).or_default().push((partition, item));
    }
    topics
}

impl Consumer {
    /// `commitSync`: commits the positions (what `poll` has returned so far), or these offsets. Answered by `Committed` or `CommitFailed`,
    /// after the answers to all commits before it; until then [`Consumer::is_committing`].
    pub fn commit(&mut self, now: Time, offsets: Option<Vec<NextOffset>>) {
        self.commit_as(now, offsets, CommitKind::Sync);
    }

    /// `commitAsync`: as [`Consumer::commit`], but sent at once, beside others that are under way, and once.
    pub fn commit_async(&mut self, now: Time, offsets: Option<Vec<NextOffset>>) {
        self.commit_as(now, offsets, CommitKind::Async);
    }

    /// A `commitSync` has no answer yet.
    pub fn is_committing(&self) -> bool {
        self.sync_in_flight || self.commits.iter().any(|commit| commit.kind == CommitKind::Sync)
    }

    fn commit_as(&mut self, now: Time, offsets: Option<Vec<NextOffset>>, kind: CommitKind) {
        if self.config.group_id.is_none() || self.closing == Closing::Closed {
            let error = ClientError::Illegal("a commit needs group.id and an open consumer");
            return self.net.event(ConsumerEvent::CommitFailed { error });
        }
        match offsets {
            None => self.commit_positions(now, kind),
            Some(offsets) => {
                let known = |(topic, partition, offset, leader_epoch)| ((topic, partition), Offset { offset, leader_epoch });
                let offsets = offsets.into_iter().map(known).collect();
                self.queue_commit(now, offsets, kind);
            }
        }
        self.run(now);
    }

    /// Queues a commit of all positions. Without positions nothing is sent; a commit that the app asked for then succeeds at once.
    pub(super) fn commit_positions(&mut self, now: Time, kind: CommitKind) {
        let offsets: SortedVecMap<TopicPartition, Offset> = self
            .partitions
            .iter()
            .filter_map(|(at, state)| {
                let position = state.position.filter(|_| matches!(state.need, Need::Nothing | Need::Validation))?;
                let early = self.sabotage == Some(Sabotage::CommitBeforeRecords);
                let offset = if early { position.max(state.next_fetch) } else { position };
                let leader_epoch = if self.sabotage == Some(Sabotage::EpochNotCommitted) { -1 } else { state.epoch };
                Some((at.clone(), Offset { offset, leader_epoch }))
            })
            .collect();
        if offsets.is_empty() {
            if kind.is_of_the_app() {
                self.net.event(ConsumerEvent::Committed { offsets: Vec::new() });
            }
            return;
        }
        self.queue_commit(now, offsets, kind);
    }

    fn queue_commit(&mut self, now: Time, offsets: SortedVecMap<TopicPartition, Offset>, kind: CommitKind) {
        let generation = self.member.generation;
        if !self.manual && generation < 0 {
            let error = ClientError::Broker(ErrorCode::from_code(code::UNKNOWN_MEMBER_ID));
            return self.net.event(ConsumerEvent::CommitFailed { error });
        }
        self.commits.push_back(PendingCommit { offsets, kind, generation, since: now, retry_at: now, attempts: 0 });
    }

    /// Whether a commit is to be answered before the member gives up its place: one that is tried again.
    pub(super) fn commits_first(&self) -> bool {
        !self.commits.is_empty() || self.commits_in_flight > 0 && self.commit_awaited
    }

    /// A look-up of the coordinator has failed, and with it each `commitAsync` that waited for it (`ConsumerCoordinator`). Under the
    /// consumer protocol they wait on (`CommitRequestManager`).
    pub(super) fn fail_asyncs(&mut self) {
        if self.is_modern() {
            return;
        }
        let before = self.commits.len();
        self.commits.retain(|commit| commit.kind != CommitKind::Async);
        (self.commits.len()..before).for_each(|_| self.commit_failed(code::COORDINATOR_NOT_AVAILABLE));
    }

    /// Sends commits that are due, in order: one that may be tried again waits for the answers to those before it, and those after it wait
    /// for its own. So a commit never undoes a newer one.
    pub(super) fn run_commits(&mut self, now: Time) {
        while let Some(commit) = self.commits.front() {
            let limit = match commit.kind {
                // Kafka's `joinPrepareTimer`: before a join, no longer than the others of the group wait.
                CommitKind::Last => self.config.default_api_timeout_ms.min(i64::from(self.config.max_poll_interval_ms)),
                CommitKind::Sync | CommitKind::Async | CommitKind::Auto => self.config.default_api_timeout_ms,
            };
            let deadline = commit.since.plus_millis(limit);
            // A member of the consumer protocol commits in whatever epoch it is by then.
            let over = if self.is_modern() { self.member.generation < 0 } else { commit.generation != self.member.generation };
            let failure = if over && !self.manual {
                code::ILLEGAL_GENERATION
            } else if deadline <= now {
                code::REQUEST_TIMED_OUT
            } else if self.commits_in_flight > 0 && (commit.kind.is_retried() || self.commit_awaited) {
                return self.wake_at(deadline, "commit timeout");
            } else if now < commit.retry_at {
                return self.wake_at(commit.retry_at.min(deadline), "commit retry backoff");
            } else if self.send_commit(now, &commit.clone()) {
                0
            } else {
                return self.wake_at(deadline, "commit timeout");
            };
            self.commits.pop_front();
            if failure != 0 {
                self.commit_failed(failure);
            }
        }
    }

    fn send_commit(&mut self, now: Time, commit: &PendingCommit) -> bool {
        let Some(node) = self.coordinator_ready(now) else { return false };
        let Some(version) = self.net.version(node, ApiKey::OffsetCommit) else { return false };
        let topics = by_topic(commit.offsets.iter().map(|(at, offset)| (at.clone(), *offset)))
            .into_iter()
            .map(|(topic, partitions)| {
                let partitions = partitions
                    .into_iter()
                    .map(|(partition, Offset { offset, leader_epoch })| OffsetCommitRequestPartition {
                        partition_index: partition,
                        committed_offset: offset,
                        committed_leader_epoch: leader_epoch,
                        committed_metadata: Some(string("")),
                    })
                    .collect();
                OffsetCommitRequestTopic { name: topic_name(&topic), partitions }
            })
            .collect();
        let group = self.config.group_id.clone().unwrap_or_else(|| Arc::from(""));
        let instance = self.config.group_instance_id.as_ref().filter(|_| version >= 7 && !self.manual);
        let request = OffsetCommitRequest {
            group_id: GroupId(string(&group)),
            generation_id_or_member_epoch: if self.is_modern() { self.member.generation } else { commit.generation },
            member_id: string(&self.member.id),
            group_instance_id: instance.map(|instance| string(instance)),
            topics,
            ..OffsetCommitRequest::default()
        };
        let sent = self.net.send(now, node, version, request, Some(Tag::Commit(commit.clone())), None);
        if sent {
            self.commits_in_flight += 1;
            self.commit_awaited = commit.kind.is_retried();
            self.sync_in_flight |= commit.kind == CommitKind::Sync;
        }
        sent
    }

    fn commit_failed(&mut self, error: i16) {
        self.net.event(ConsumerEvent::CommitFailed { error: ClientError::Broker(ErrorCode::from_code(error)) });
    }

    pub(super) fn handle_offset_commit(&mut self, now: Time, mut commit: PendingCommit, outcome: Outcome) {
        self.commits_in_flight = self.commits_in_flight.saturating_sub(1);
        self.sync_in_flight &= commit.kind != CommitKind::Sync;
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<OffsetCommitResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let error = match &response {
            None => code::COORDINATOR_NOT_AVAILABLE,
            Some(response) => response
                .topics
                .iter()
                .flat_map(|topic| &topic.partitions)
                .map(|partition| partition.error_code)
                .find(|error| *error != 0)
                .unwrap_or(0),
        };
        match error {
            0 => {
                let committed = commit.offsets.into_iter();
                let offsets = committed.map(|((topic, partition), at)| (topic, partition, at.offset, at.leader_epoch)).collect();
                self.net.event(ConsumerEvent::Committed { offsets });
            }
            code::COORDINATOR_LOAD_IN_PROGRESS
            | code::COORDINATOR_NOT_AVAILABLE
            | code::NOT_COORDINATOR
            | code::REQUEST_TIMED_OUT
            | code::UNKNOWN_TOPIC_OR_PARTITION => {
                if !matches!(error, code::COORDINATOR_LOAD_IN_PROGRESS | code::UNKNOWN_TOPIC_OR_PARTITION) {
                    self.lose_coordinator(now);
                }
                if commit.kind == CommitKind::Auto {
                    self.next_auto_commit = self.next_auto_commit.min(now.plus_millis(self.config.retry_backoff_ms));
                }
                if !commit.kind.is_retried() {
                    mark!(CommitGivenUp);
                    return self.commit_failed(error);
                }
                commit.retry_at = now.plus_millis(self.backoff.draw(commit.attempts));
                commit.attempts = commit.attempts.saturating_add(1);
                self.commits.push_front(commit);
            }
            // The app is told instead (`CommitRequestManager.commitSyncExceptionForError`).
            _ if self.is_stale_epoch(error) && commit.kind == CommitKind::Last => {
                commit.retry_at = now.plus_millis(self.backoff.draw(commit.attempts));
                commit.attempts = commit.attempts.saturating_add(1);
                self.commits.push_front(commit);
            }
            _ => {
                mark!(CommitOvertaken);
                self.commit_failed(error);
                if (commit.generation == self.member.generation || self.is_modern()) && !self.manual {
                    match error {
                        code::REBALANCE_IN_PROGRESS => self.member.want_rejoin("a commit met a rebalance"),
                        code::UNKNOWN_MEMBER_ID | code::ILLEGAL_GENERATION => self.lose_membership(error),
                        code::FENCED_INSTANCE_ID => self.fatal(error),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Finds positions: the group's committed offsets first, then auto.offset.reset.
    pub(super) fn run_positions(&mut self, now: Time) {
        self.fetch_offsets(now);
        let due = |state: &PartitionState| matches!(state.need, Need::Reset { .. });
        for (leader, partitions) in self.by_leader(now, due, "offset reset backoff") {
            if !self.listing.contains(&leader) {
                self.list_offsets(now, leader, partitions);
            }
        }
    }

    fn fetch_offsets(&mut self, now: Time) {
        let wanted: Vec<(TopicPartition, u64)> = self
            .partitions
            .iter()
            .filter(|(_, state)| state.need == Need::Committed)
            .map(|(at, state)| (at.clone(), state.fence))
            .collect();
        if wanted.is_empty() || self.fetching_offsets {
            return;
        }
        if now < self.offsets_retry_at {
            return self.wake_at(self.offsets_retry_at, "offset fetch backoff");
        }
        let Some(node) = self.coordinator_ready(now) else { return };
        let Some(version) = self.net.version(node, ApiKey::OffsetFetch) else { return };
        let group = GroupId(string(self.config.group_id.as_deref().unwrap_or("")));
        let topics = by_topic(wanted.iter().cloned())
            .into_iter()
            .map(|(topic, partitions)| (topic_name(&topic), partitions.into_iter().map(|(partition, _)| partition).collect::<Vec<i32>>()));
        let request = if version >= 8 {
            let topics = topics.map(|(name, partitions)| OffsetFetchRequestTopics { name, partition_indexes: partitions }).collect();
            let named = version >= 9 && self.is_modern() && !self.manual;
            let group = OffsetFetchRequestGroup {
                group_id: group,
                member_id: named.then(|| string(&self.member.id)),
                member_epoch: if named { self.member.generation } else { -1 },
                topics: Some(topics),
            };
            OffsetFetchRequest { groups: vec![group], ..OffsetFetchRequest::default() }
        } else {
            let topics = topics.map(|(name, partitions)| OffsetFetchRequestTopic { name, partition_indexes: partitions }).collect();
            OffsetFetchRequest { group_id: group, topics: Some(topics), ..OffsetFetchRequest::default() }
        };
        let request = OffsetFetchRequest { require_stable: version >= 7, ..request };
        self.fetching_offsets = self.net.send(now, node, version, request, Some(Tag::OffsetFetch { wanted }), None);
    }

    pub(super) fn handle_offset_fetch(&mut self, now: Time, wanted: &[(TopicPartition, u64)], outcome: Outcome) {
        self.fetching_offsets = false;
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<OffsetFetchResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let mut error = code::COORDINATOR_NOT_AVAILABLE;
        let mut results: SortedVecMap<TopicPartition, (i16, i64, i32)> = SortedVecMap::new();
        if let Some(response) = &response {
            error = response.error_code;
            for group in &response.groups {
                error = if error == 0 { group.error_code } else { error };
                for topic in &group.topics {
                    for row in &topic.partitions {
                        let committed = (row.error_code, row.committed_offset, row.committed_leader_epoch);
                        results.insert((text(&topic.name.0), row.partition_index), committed);
                    }
                }
            }
            for topic in &response.topics {
                for row in &topic.partitions {
                    let committed = (row.error_code, row.committed_offset, row.committed_leader_epoch);
                    results.insert((text(&topic.name.0), row.partition_index), committed);
                }
            }
        }
        self.offsets_retry_at = now.plus_millis(self.config.retry_backoff_ms);
        match error {
            0 => self.offsets_retry_at = now,
            code::COORDINATOR_NOT_AVAILABLE | code::NOT_COORDINATOR => return self.lose_coordinator(now),
            code::UNKNOWN_MEMBER_ID | code::ILLEGAL_GENERATION => return self.lose_membership(error),
            error if ErrorCode::from_code(error).retriable() || self.is_stale_epoch(error) => return,
            _ => {
                let error = ClientError::Broker(ErrorCode::from_code(error));
                return self.net.event(ConsumerEvent::Error { error });
            }
        }
        for (at, fence) in wanted {
            let Some((error, offset, epoch)) = results.get(at).copied() else { continue };
            let reset = self.reset_need("no committed offset");
            let Some(state) = self.partitions.get_mut(at).filter(|state| state.fence == *fence) else { continue };
            if error != 0 {
                self.offsets_retry_at = now.plus_millis(self.config.retry_backoff_ms);
                if error != code::UNSTABLE_OFFSET_COMMIT {
                    let error = ClientError::Broker(ErrorCode::from_code(error));
                    self.net.event(ConsumerEvent::Error { error });
                }
            } else if offset >= 0 {
                state.need = Need::Nothing;
                state.position = Some(offset);
                state.epoch = epoch;
                state.leader = None;
                state.next_fetch = offset;
                self.metadata.saw_epoch(&at.0, at.1, epoch);
            } else {
                state.need = reset;
                if reset == Need::Seek {
                    self.no_offset(at, -1);
                }
            }
        }
    }

    fn list_offsets(&mut self, now: Time, leader: i32, partitions: Vec<(TopicPartition, i32)>) {
        let node = Node::Broker(leader);
        let Some(version) = self.leader_ready(now, node, ApiKey::ListOffsets) else { return };
        let mut wanted = Vec::new();
        let mut due = Vec::new();
        for (at, epoch) in partitions {
            let Some(PartitionState { fence, need: Need::Reset { to, .. }, .. }) = self.partitions.get(&at) else { continue };
            wanted.push((at.clone(), *fence));
            due.push((at, (*to, epoch)));
        }
        let topics = by_topic(due.into_iter())
            .into_iter()
            .map(|(topic, partitions)| {
                let partitions = partitions
                    .into_iter()
                    .map(|(partition, (to, epoch))| ListOffsetsPartition {
                        partition_index: partition,
                        current_leader_epoch: if version >= 4 { epoch } else { -1 },
                        timestamp: to.timestamp(now),
                    })
                    .collect();
                ListOffsetsTopic { name: topic_name(&topic), partitions }
            })
            .collect();
        let timeout = i32::try_from(self.config.request_timeout_ms).unwrap_or(i32::MAX);
        let request = ListOffsetsRequest {
            replica_id: (-1).into(),
            isolation_level: if version >= 2 { self.config.isolation_level as i8 } else { 0 },
            topics,
            timeout_ms: if version >= 10 { timeout } else { 0 },
        };
        if self.net.send(now, node, version, request, Some(Tag::ListOffsets { node: leader, wanted }), None) {
            self.listing.insert(leader);
        }
    }

    pub(super) fn handle_list_offsets(&mut self, now: Time, node: i32, wanted: &[(TopicPartition, u64)], outcome: Outcome) {
        self.listing.remove(&node);
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<ListOffsetsResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let mut results: SortedVecMap<TopicPartition, (i16, i64, i32)> = SortedVecMap::new();
        for topic in response.iter().flat_map(|response| &response.topics) {
            for row in &topic.partitions {
                results.insert((text(&topic.name.0), row.partition_index), (row.error_code, row.offset, row.leader_epoch));
            }
        }
        for (at, fence) in wanted {
            let Some(state) = self.partitions.get_mut(at).filter(|state| state.fence == *fence) else { continue };
            let Need::Reset { to, why } = state.need else { continue };
            let (error, offset, epoch) = results.get(at).copied().unwrap_or((code::NETWORK_EXCEPTION, -1, -1));
            if error == 0 && offset >= 0 {
                state.need = Need::Nothing;
                state.position = Some(offset);
                state.epoch = -1;
                state.leader = None;
                state.next_fetch = offset;
                state.buffer.clear();
                let (topic, partition) = at.clone();
                self.metadata.saw_epoch(&topic, partition, epoch);
                self.net.event(ConsumerEvent::PositionReset { topic, partition, offset, why });
                continue;
            }
            if error == 0 && matches!(to, OffsetReset::ByDuration(_)) {
                // No record is young enough yet.
                state.retry_at = now.plus_millis(self.config.request_timeout_ms);
                continue;
            }
            state.retry_at = now.plus_millis(self.config.retry_backoff_ms);
            self.metadata.request_update();
            if !ErrorCode::from_code(error).retriable() {
                self.net.event(ConsumerEvent::Error { error: ClientError::Broker(ErrorCode::from_code(error)) });
            }
        }
    }
}
