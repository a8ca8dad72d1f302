//! The consumer: classic group membership on its own heartbeat timer, assignors, fetcher, positions, commits
//! (`ClassicKafkaConsumer`, `ConsumerCoordinator`, `Fetcher`).

mod aborted;
mod assignors;
mod fetcher;
mod membership;
mod modern;
mod offsets;
mod rebalance;
mod state;
mod validation;

pub use offsets::NextOffset;
pub use state::MembershipState;

use super::backoff::Backoff;
use super::metadata::Metadata;
use super::net::{APIS, Answer, Net, Node, Readiness, Timeouts};
use super::{
    Client, ClientError, ConnId, Core, Describe, GroupMetadata, Output, TopicPartition, connected, disconnected, frame_came, timed_out,
};
use crate::kafka::config::ConsumerConfig;
use crate::kafka::expression;
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::{Deadline, Reason, Time, TimerKind, earlier};
use bytes::Bytes;
use fetcher::{Need, PartitionState};
use membership::{Member, Phase};
use modern::Modern;
use offsets::{CommitKind, PendingCommit};
use regex_lite::Regex;
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerRecord {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub leader_epoch: i32,
}

#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum ConsumerEvent {
    Joining {
        group: Arc<str>,
        why: Arc<str>,
    },
    /// `onPartitionsRevoked` / `onPartitionsLost` (`lost`).
    Revoked {
        partitions: Vec<(Arc<str>, i32)>,
        lost: bool,
    },
    Assigned {
        generation: i32,
        member: Arc<str>,
        partitions: Vec<(Arc<str>, i32)>,
    },
    /// This member is the leader and has computed everyone's assignment.
    LedAssignment {
        protocol: Arc<str>,
        members: u32,
    },
    PositionReset {
        topic: Arc<str>,
        partition: i32,
        offset: i64,
        why: &'static str,
    },
    Fetched {
        topic: Arc<str>,
        partition: i32,
        base_offset: i64,
        last_offset: i64,
    },
    Committed {
        /// Topic, partition, offset, and the epoch of the leader from whom the record before it was read (-1: not known).
        offsets: Vec<(Arc<str>, i32, i64, i32)>,
    },
    CommitFailed {
        error: ClientError,
    },
    /// max.poll.interval.ms passed without a poll: the member leaves the group.
    PollTimeout,
    Error {
        error: ClientError,
    },
}

/// What a request was for. An answer with another `round` than the member's belongs to an earlier membership and is ignored.
#[derive(Clone, Debug)]
pub(super) enum Tag {
    Metadata,
    FindCoordinator,
    Join {
        round: u64,
    },
    Sync {
        round: u64,
    },
    Heartbeat {
        round: u64,
    },
    /// `told`: what the member says that it has.
    GroupHeartbeat {
        round: u64,
        told: Option<Vec<TopicPartition>>,
    },
    Leave,
    Commit(PendingCommit),
    OffsetFetch {
        wanted: Vec<(TopicPartition, u64)>,
    },
    ListOffsets {
        node: i32,
        wanted: Vec<(TopicPartition, u64)>,
    },
    Fetch {
        node: i32,
        wanted: Vec<(TopicPartition, u64, i64)>,
    },
    EpochEnds {
        node: i32,
        wanted: Vec<validation::Asked>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Closing {
    No,
    Leaving { deadline: Time },
    Closed,
}

/// A consumer that never blocks. [`Client`] has the contract of its connections; the application's part of it is:
///
/// 1. [`Consumer::subscribe`] or [`Consumer::assign`], once.
/// 2. After each call of either party, and after the outputs are drained: while [`Consumer::wants_poll`] is true, the app may call
///    [`Consumer::poll`]. It need not: an app that is busy with its records lets the consumer wait, up to `max.poll.interval.ms`.
/// 3. [`Client::close`], once; then the connections are served until [`Client::is_closed`].
///
/// # Limits
/// One fetch is in flight for each leader, and none while records of one of its partitions wait for `poll`: at most `fetch.max.bytes` for
/// each leader are buffered.
#[derive(Clone, Debug)]
pub struct Consumer {
    config: ConsumerConfig,
    net: Net<Tag, ConsumerEvent>,
    metadata: Metadata,
    backoff: Backoff,
    subscription: SortedVecSet<Arc<str>>,
    /// A subscription by regular expression: under the classic protocol the client matches it against all topics, under the consumer
    /// protocol the coordinator does.
    pattern: Option<(Arc<str>, Regex)>,
    manual: bool,
    member: Member,
    /// The generation (or epoch) and member id of its last join, which stay while it joins again.
    joined: (i32, Arc<str>),
    modern: Modern,
    /// For the ids that a member of the consumer protocol gives itself.
    ids: Rng,
    partitions: SortedVecMap<TopicPartition, PartitionState>,
    /// Partitions with buffered records, in the order in which they were fetched.
    completed: VecDeque<TopicPartition>,
    fetching: SortedVecSet<i32>,
    listing: SortedVecSet<i32>,
    validating: SortedVecSet<i32>,
    fetching_offsets: bool,
    offsets_retry_at: Time,
    commits: VecDeque<PendingCommit>,
    commits_in_flight: u32,
    /// The last of them may be tried again: no other is sent before its answer.
    commit_awaited: bool,
    sync_in_flight: bool,
    next_auto_commit: Time,
    last_poll: Time,
    /// The app should call `poll` now, even without records.
    poll_due: bool,
    next_fence: u64,
    closing: Closing,
    wake: Option<Deadline>,
    sabotage: Option<Sabotage>,
}

impl Core for Consumer {
    type Tag = Tag;
    type Event = ConsumerEvent;

    fn net(&mut self) -> &mut Net<Tag, ConsumerEvent> {
        &mut self.net
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn handle_answers(&mut self, now: Time, answers: Vec<Answer<Tag>>) {
        for Answer { tag, outcome, .. } in answers {
            match tag {
                Tag::Metadata => {
                    self.metadata.handle(now, &mut self.net, outcome);
                    self.metadata_renewed();
                }
                Tag::FindCoordinator => self.handle_find_coordinator(now, outcome),
                Tag::Join { round } => self.handle_join_group(now, round, outcome),
                Tag::Sync { round } => self.handle_sync_group(now, round, outcome),
                Tag::Heartbeat { round } => self.handle_heartbeat(now, round, outcome),
                Tag::GroupHeartbeat { round, told } => self.handle_group_heartbeat(now, round, told, outcome),
                Tag::Leave => self.handle_leave_group(now),
                Tag::Commit(commit) => self.handle_offset_commit(now, commit, outcome),
                Tag::OffsetFetch { wanted } => self.handle_offset_fetch(now, &wanted, outcome),
                Tag::ListOffsets { node, wanted } => self.handle_list_offsets(now, node, &wanted, outcome),
                Tag::Fetch { node, wanted } => self.handle_fetch(now, node, &wanted, outcome),
                Tag::EpochEnds { node, wanted } => self.handle_epoch_ends(now, node, &wanted, outcome),
            }
        }
    }

    fn handle_connection_lost(&mut self, now: Time) {
        self.coordinator_link_lost(now);
    }

    fn run(&mut self, now: Time) {
        self.wake = None;
        if self.closing == Closing::Closed {
            return;
        }
        self.run_membership(now);
        self.run_commits(now);
        if let Closing::Leaving { deadline } = self.closing {
            self.run_close(now, deadline);
            return;
        }
        self.run_positions(now);
        self.run_validation(now);
        self.run_fetches(now);
        if self.is_subscribed()
            && let Some(deadline) = self.metadata.run(now, &mut self.net, Tag::Metadata)
        {
            self.wake = earlier(self.wake.take(), Some(deadline));
        }
        self.run_poll_due(now);
    }
}

impl Client for Consumer {
    type Event = ConsumerEvent;

    fn handle_connected(&mut self, now: Time, conn: ConnId) {
        connected(self, now, conn);
    }

    fn handle_frame(&mut self, now: Time, conn: ConnId, frame: Bytes) {
        frame_came(self, now, conn, frame);
    }

    fn handle_disconnected(&mut self, now: Time, conn: ConnId) {
        disconnected(self, now, conn);
    }

    fn handle_timeout(&mut self, now: Time) {
        timed_out(self, now);
    }

    fn poll_output(&mut self) -> Option<Output<ConsumerEvent>> {
        self.net.poll_output()
    }

    fn poll_timeout(&self) -> Option<Deadline> {
        if self.closing == Closing::Closed {
            return None;
        }
        earlier(self.wake.clone(), self.net.deadline())
    }

    /// Gives the coordinator `request.timeout.ms` to answer, 30 s at most.
    fn close(&mut self, now: Time) {
        if self.closing != Closing::No {
            return;
        }
        self.closing = Closing::Leaving { deadline: now.plus_millis(self.config.request_timeout_ms.min(30_000)) };
        if self.auto_commits() {
            self.commit_positions(now, CommitKind::Last);
        }
        self.run(now);
    }

    fn is_closed(&self) -> bool {
        self.closing == Closing::Closed
    }

    fn describe(&self, describe: Describe) {
        describe(&"state", Some(&self.state()));
        describe(&"member id", Some(&self.member.id));
        describe(&"generation", Some(&self.member.generation));
        describe(&"coordinator", Some(&self.member.coordinator.unwrap_or(-1)));
        describe(&"commits in flight", Some(&self.commits_in_flight));
        for ((topic, partition), state) in &self.partitions {
            describe(&format_args!("{topic}-{partition}"), None);
            describe(&"position", Some(&state.position.unwrap_or(-1)));
            describe(&"leader epoch", Some(&state.epoch));
            describe(&"fetched, not polled", Some(&state.buffer.len()));
            describe(&"next fetch", Some(&state.next_fetch));
        }
    }
}

impl Consumer {
    /// `seed`: of its own; what has jitter is drawn from it.
    ///
    /// # Errors
    /// Configs that do not go together.
    pub fn new(config: ConsumerConfig, seed: u64) -> Result<Self, ClientError> {
        let config = config.resolved()?;
        let timeouts = Timeouts { request_ms: config.request_timeout_ms, connection_setup_ms: config.socket_connection_setup_timeout_ms };
        let jitter = |what| Rng::stream(seed, what);
        let reconnect = Backoff::jittered(config.reconnect_backoff_ms, config.reconnect_backoff_max_ms, jitter("reconnect"));
        let retry = |what| Backoff::jittered(config.retry_backoff_ms, config.retry_backoff_max_ms, jitter(what));
        Ok(Self {
            net: Net::new(APIS, config.client_id.clone(), &config.bootstrap_servers, timeouts, reconnect),
            metadata: Metadata::new(retry("metadata"), config.metadata_max_age_ms, config.allow_auto_create_topics),
            backoff: retry("retry"),
            subscription: SortedVecSet::new(),
            pattern: None,
            manual: false,
            member: Member::default(),
            joined: (-1, Arc::from("")),
            modern: Modern::default(),
            ids: jitter("member id"),
            partitions: SortedVecMap::new(),
            completed: VecDeque::new(),
            fetching: SortedVecSet::new(),
            listing: SortedVecSet::new(),
            validating: SortedVecSet::new(),
            fetching_offsets: false,
            offsets_retry_at: Time(i64::MIN),
            commits: VecDeque::new(),
            commits_in_flight: 0,
            commit_awaited: false,
            sync_in_flight: false,
            next_auto_commit: Time::NEVER,
            last_poll: Time::NEVER,
            poll_due: false,
            next_fence: 0,
            closing: Closing::No,
            wake: None,
            sabotage: None,
            config,
        })
    }

    /// Plants a bug, if it is one of a consumer.
    pub fn sabotage(&mut self, sabotage: Option<Sabotage>) {
        self.sabotage = sabotage;
    }

    /// Subscribes to topics as a member of the group, in the place of what it was subscribed to.
    ///
    /// # Errors
    /// Without `group.id`, and after [`Consumer::assign`].
    pub fn subscribe(&mut self, now: Time, topics: Vec<Arc<str>>) -> Result<(), ClientError> {
        self.subscribe_to(now, topics, None)
    }

    fn subscribe_to(&mut self, now: Time, topics: Vec<Arc<str>>, pattern: Option<(Arc<str>, Regex)>) -> Result<(), ClientError> {
        if self.config.group_id.is_none() {
            return Err(ClientError::Illegal("subscribe needs group.id"));
        }
        if self.manual {
            return Err(ClientError::Illegal("subscribe and assign exclude each other"));
        }
        self.subscription = topics.into_iter().collect();
        // What it has it has until the coordinator, or its next join, takes it away.
        let owned = self.partitions.keys().map(|(topic, _)| topic);
        let wanted = self.subscription.iter().chain(owned).cloned().collect();
        self.metadata.want_only(&wanted);
        self.pattern = pattern;
        if self.pattern.is_some() {
            self.metadata.want_all();
            if !self.is_modern() {
                // With what is known so far (`ConsumerCoordinator.updatePatternSubscription`).
                self.subscription = self.subscribed().into_iter().collect();
            }
        }
        // A member of the consumer protocol says it with its next heartbeat.
        if !self.is_modern() || self.member.phase == Phase::Unjoined {
            self.member.want_rejoin("the subscription has changed");
        }
        if self.last_poll == Time::NEVER {
            self.last_poll = now;
        }
        if self.next_auto_commit == Time::NEVER {
            self.next_auto_commit = now.plus_millis(self.config.auto_commit_interval_ms);
        }
        self.run(now);
        Ok(())
    }

    /// Subscribes to the topics whose whole name the regular expression matches, also to those that are made later; to no internal ones.
    ///
    /// # Errors
    /// As [`Consumer::subscribe`], and an expression that is none.
    pub fn subscribe_matching(&mut self, now: Time, pattern: &Arc<str>) -> Result<(), ClientError> {
        let regex = expression::compile(pattern).map_err(|_| ClientError::Illegal("the pattern of the topics is no regular expression"))?;
        self.subscribe_to(now, Vec::new(), Some((pattern.clone(), regex)))
    }

    /// The topics that it is subscribed to, as far as it knows them.
    pub fn subscribed(&self) -> Vec<Arc<str>> {
        match &self.pattern {
            Some((_, regex)) => self.metadata.names().filter(|name| regex.is_match(name)).cloned().collect(),
            None => self.subscription.iter().cloned().collect(),
        }
    }

    /// There is something that it is to read.
    fn is_subscribed(&self) -> bool {
        !self.subscription.is_empty() || self.pattern.is_some()
    }

    /// Reads these partitions, without a group's help; with `group.id` offsets can still be committed.
    pub fn assign(&mut self, now: Time, partitions: Vec<(Arc<str>, i32)>) {
        self.manual = true;
        self.partitions.clear();
        self.completed.clear();
        self.subscription = partitions.iter().map(|(topic, _)| topic.clone()).collect();
        self.metadata.want_only(&self.subscription);
        self.set_assignment(partitions);
        self.next_auto_commit = now.plus_millis(self.config.auto_commit_interval_ms);
        self.last_poll = now;
        self.run(now);
    }

    /// `KafkaConsumer.poll` that never blocks: returns up to `max.poll.records` fetched records. It is also the sign of life that
    /// `max.poll.interval.ms` watches, the place of auto commits, and the place where a rebalance takes partitions away.
    /// The app calls it when [`Consumer::wants_poll`] is true, and from time to time.
    pub fn poll(&mut self, now: Time) -> Vec<ConsumerRecord> {
        if self.closing != Closing::No {
            return Vec::new();
        }
        self.last_poll = now;
        self.poll_due = false;
        if self.auto_commits() && self.next_auto_commit <= now {
            self.next_auto_commit = now.plus_millis(self.config.auto_commit_interval_ms);
            // A member that joins keeps what it owns under the cooperative protocol, but has no generation to commit it in.
            if self.manual || self.member.phase == Phase::Stable {
                self.commit_positions(now, CommitKind::Auto);
            }
        }
        self.prepare_join(now);
        let records = self.take_records();
        self.run(now);
        records
    }

    /// Whether `poll` would return records, or must be called for a rebalance, an auto commit or as a sign of life.
    pub fn wants_poll(&self) -> bool {
        self.closing == Closing::No
            && (self.poll_due
                || self.member.awaits_poll()
                || self.completed.iter().any(|at| self.partitions.get(at).is_some_and(|state| !state.buffer.is_empty())))
    }

    /// What the next `poll` takes away: what `onPartitionsRevoked` is called with. What was lost is not among it.
    pub fn to_revoke(&self) -> Vec<(Arc<str>, i32)> {
        if self.manual || self.member.generation < 0 {
            return Vec::new();
        }
        let mut partitions = self.to_give_up();
        if !self.is_modern() && self.member.awaits_join() && !self.member.lost {
            partitions.extend(self.given_up_to_join());
        }
        partitions
    }

    pub fn assignment(&self) -> Vec<(Arc<str>, i32)> {
        self.partitions.keys().cloned().collect()
    }

    /// (topic, partition, position: next offset that poll returns).
    pub fn positions(&self) -> Vec<(Arc<str>, i32, i64)> {
        self.partitions.iter().filter_map(|((topic, partition), state)| Some((topic.clone(), *partition, state.position?))).collect()
    }

    /// What a commit of the positions commits.
    pub fn next_offsets(&self) -> Vec<NextOffset> {
        let known = |state: &PartitionState| state.position.filter(|_| matches!(state.need, Need::Nothing | Need::Validation));
        let next = |(at, state): (&TopicPartition, &PartitionState)| Some((at.0.clone(), at.1, known(state)?, state.epoch));
        self.partitions.iter().filter_map(next).collect()
    }

    /// (member id, generation), once joined.
    pub fn membership(&self) -> Option<(Arc<str>, i32)> {
        (self.member.generation >= 0).then(|| (self.member.id.clone(), self.member.generation))
    }

    /// `KafkaConsumer.groupMetadata`: who it is to its group's coordinator; `None` without a group. It stays what it was while the member
    /// joins again, so that what it commits for partitions that it has lost is refused.
    pub fn group_metadata(&self) -> Option<GroupMetadata> {
        let (generation, member) = self.joined.clone();
        Some(GroupMetadata { group: self.config.group_id.clone()?, generation, member, instance: self.config.group_instance_id.clone() })
    }

    pub fn state(&self) -> MembershipState {
        match (self.closing, self.manual, &self.member.phase) {
            (Closing::No, true, _) => MembershipState::Assigned,
            (Closing::No, false, _) if self.member.fatal => MembershipState::Failed,
            (Closing::No, false, Phase::Unjoined) => MembershipState::Unjoined,
            (Closing::No, false, Phase::Joining) => MembershipState::Joining,
            (Closing::No, false, Phase::Syncing) => MembershipState::Syncing,
            (Closing::No, false, Phase::Stable) if self.is_modern() && !self.is_reconciled() => MembershipState::Reconciling,
            (Closing::No, false, Phase::Stable) => MembershipState::Stable,
            (Closing::Leaving { .. }, ..) => MembershipState::Closing,
            (Closing::Closed, ..) => MembershipState::Closed,
        }
    }

    fn wake_at(&mut self, at: Time, what: impl Into<TimerKind>) {
        let who = self.config.client_id.clone();
        self.wake = earlier(self.wake.take(), Some((at, Reason::new(what, who))));
    }

    fn auto_commits(&self) -> bool {
        self.config.enable_auto_commit && self.config.group_id.is_some()
    }

    /// The deadlines at which the app should call `poll` even without records.
    fn run_poll_due(&mut self, now: Time) {
        if self.poll_due || !self.is_subscribed() {
            return;
        }
        let half = i64::from(self.config.max_poll_interval_ms) / 2;
        let mut due = vec![(self.last_poll.plus_millis(half), "half of max.poll.interval.ms")];
        if self.auto_commits() && !self.partitions.is_empty() {
            due.push((self.next_auto_commit, "auto.commit.interval.ms"));
        }
        for (at, what) in due {
            if at <= now {
                self.poll_due = true;
            } else {
                self.wake_at(at, what);
            }
        }
    }

    fn coordinator_ready(&mut self, now: Time) -> Option<Node> {
        let node = Node::Coordinator(self.member.coordinator?);
        match self.net.ready(now, node) {
            Readiness::Ready => Some(node),
            Readiness::After(at) => {
                self.wake_at(at, "reconnect backoff");
                None
            }
            _ => None,
        }
    }

    /// Leaves the group once commits are answered, then closes everything.
    fn run_close(&mut self, now: Time, deadline: Time) {
        let late = deadline <= now;
        let waiting = !self.commits.is_empty() || self.commits_in_flight > 0;
        let hopeless = self.member.coordinator.is_none() && self.member.generation < 0;
        if waiting && !late && !hopeless {
            return self.wake_at(deadline, "close timeout");
        }
        if !late && self.member.leaving {
            return self.wake_at(deadline, "close timeout");
        }
        if !late && self.leave(now, "the consumer is being closed") {
            return self.wake_at(deadline, "close timeout");
        }
        self.finish_close(now);
    }

    fn finish_close(&mut self, now: Time) {
        self.closing = Closing::Closed;
        self.partitions.clear();
        self.completed.clear();
        self.member = Member::default();
        self.wake = None;
        self.net.close_all(now);
    }
}
