//! Membership in a classic group (`AbstractCoordinator`, `ConsumerCoordinator`): find the coordinator, join, sync,
//! heartbeat, leave. Partitions are given up only inside `poll`, as the rebalance listener expects.

use super::offsets::CommitKind;
use super::rebalance::LeaderState;
use super::{Closing, Consumer, ConsumerEvent, Tag};
use crate::kafka::client::net::{Node, Outcome, Readiness};
use crate::kafka::client::{ClientError, Core as _, TopicPartition, code, string, text};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Time, TimerKind};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::leave_group_request::MemberIdentity;
use crate::kafka::wire::message::{
    ApiKey, FindCoordinatorRequest, FindCoordinatorResponse, GroupId, HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest,
};
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Unjoined,
    Joining,
    Syncing,
    Stable,
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub coordinator: Option<i32>,
    pub find_in_flight: bool,
    pub find_retry_at: Time,
    pub find_failures: u32,
    pub phase: Phase,
    pub id: Arc<str>,
    pub generation: i32,
    pub round: u64,
    /// Why the next join is, if one is wanted.
    pub rejoin: Option<Arc<str>>,
    /// The partitions have been given up, so that the join may be sent.
    pub prepared: bool,
    /// The membership was lost: partitions are lost, not revoked.
    pub lost: bool,
    pub join_retry_at: Time,
    pub join_failures: u32,
    /// The group's assignor.
    pub protocol: Arc<str>,
    /// What the leader gave this member; it is taken over inside `poll` when something is to be given up for it.
    pub given: Option<Vec<TopicPartition>>,
    /// What it was given last and in which generation, for assignors that ask their members.
    pub last_assignment: Option<Vec<TopicPartition>>,
    pub last_generation: i32,
    pub leader_state: Option<LeaderState>,
    /// Partition counts by which the leader assigned.
    pub assigned_by: Option<SortedVecMap<Arc<str>, Option<i32>>>,
    pub heartbeat_at: Time,
    pub heartbeat_in_flight: bool,
    pub session_deadline: Time,
    pub leaving: bool,
    pub fatal: bool,
}

impl Default for Member {
    fn default() -> Self {
        Self {
            coordinator: None,
            find_in_flight: false,
            find_retry_at: Time(i64::MIN),
            find_failures: 0,
            phase: Phase::Unjoined,
            id: Arc::from(""),
            generation: -1,
            round: 0,
            rejoin: None,
            prepared: false,
            lost: false,
            join_retry_at: Time(i64::MIN),
            join_failures: 0,
            protocol: Arc::from(""),
            given: None,
            last_assignment: None,
            last_generation: -1,
            leader_state: None,
            assigned_by: None,
            heartbeat_at: Time::NEVER,
            heartbeat_in_flight: false,
            session_deadline: Time::NEVER,
            leaving: false,
            fatal: false,
        }
    }
}

impl Member {
    pub fn want_rejoin(&mut self, why: &str) {
        self.rejoin.get_or_insert_with(|| Arc::from(why));
    }

    /// Whether a join, or what came of it, waits for `poll`, where partitions are given up.
    pub fn awaits_poll(&self) -> bool {
        self.given.is_some() || self.awaits_join()
    }

    pub fn awaits_join(&self) -> bool {
        self.rejoin.is_some() && !self.prepared && !self.fatal && !matches!(self.phase, Phase::Joining | Phase::Syncing)
    }
}

impl Consumer {
    pub(super) fn group(&self) -> GroupId {
        GroupId(string(self.config.group_id.as_deref().unwrap_or("")))
    }

    pub(super) fn instance(&self) -> Option<crate::kafka::wire::message::Str> {
        self.config.group_instance_id.as_deref().map(string)
    }

    /// The part of a rebalance that happens inside `poll`: commit, then give up all partitions (eager protocol), or those of topics that
    /// are not subscribed to any more (cooperative protocol).
    pub(super) fn prepare_join(&mut self, now: Time) {
        if self.manual {
            return;
        }
        if self.is_modern() {
            return self.prepare_modern(now);
        }
        self.take_given(now);
        if !self.member.awaits_join() {
            return;
        }
        let lost = self.member.lost;
        if !lost && self.auto_commits() && self.member.generation >= 0 {
            self.commit_positions(now, CommitKind::Last);
            self.run_commits(now);
        }
        let partitions = if lost { self.assignment() } else { self.given_up_to_join() };
        self.partitions.retain(|at, _| !partitions.contains(at));
        self.completed.retain(|at| !partitions.contains(at));
        if !partitions.is_empty() {
            self.net.event(ConsumerEvent::Revoked { partitions, lost });
        }
        self.member.lost = false;
        self.member.prepared = true;
        self.member.phase = Phase::Unjoined;
        self.member.round += 1;
    }

    /// What a member of the classic protocol gives up before it joins again.
    pub(super) fn given_up_to_join(&self) -> Vec<TopicPartition> {
        let mut partitions = self.assignment();
        if self.is_cooperative() {
            partitions.retain(|(topic, _)| !self.subscription.contains(topic));
        }
        partitions
    }

    pub(super) fn run_membership(&mut self, now: Time) {
        // Before the first metadata nobody knows what a pattern matches.
        let unmatched = self.pattern.is_some() && self.metadata.version == 0;
        if self.config.group_id.is_none() || ((!self.is_subscribed() || unmatched) && self.closing == Closing::No) {
            return;
        }
        if self.closing == Closing::No && !self.manual {
            self.watch_poll_interval(now);
        }
        if !self.is_modern() {
            self.watch_session(now);
        }
        if self.closing == Closing::No || self.member.generation >= 0 {
            self.find_coordinator(now);
        }
        if self.is_modern() {
            if self.closing == Closing::No && !self.manual {
                self.run_modern(now);
            }
            return;
        }
        if self.closing == Closing::No && !self.manual && !self.member.fatal {
            self.join(now);
            self.assign_as_leader(now);
        }
        self.heartbeat(now);
    }

    fn watch_poll_interval(&mut self, now: Time) {
        if self.member.generation < 0 {
            return;
        }
        let deadline = self.last_poll.plus_millis(i64::from(self.config.max_poll_interval_ms));
        if now < deadline {
            return self.wake_at(deadline, "max.poll.interval.ms");
        }
        mark!(PollTooLate);
        self.net.event(ConsumerEvent::PollTimeout);
        self.leave(now, "max.poll.interval.ms passed without a poll");
        self.forget_membership(true, "max.poll.interval.ms passed without a poll");
    }

    fn watch_session(&mut self, now: Time) {
        if !matches!(self.member.phase, Phase::Stable | Phase::Syncing) || self.member.coordinator.is_none() {
            return;
        }
        if now < self.member.session_deadline {
            return self.wake_at(self.member.session_deadline, TimerKind::SessionTimeout);
        }
        self.member.session_deadline = now.plus_millis(i64::from(self.config.session_timeout_ms));
        self.lose_coordinator(now);
    }

    fn find_coordinator(&mut self, now: Time) {
        if self.member.coordinator.is_some() || self.member.find_in_flight {
            return;
        }
        if now < self.member.find_retry_at {
            return self.wake_at(self.member.find_retry_at, "coordinator retry backoff");
        }
        let node = match self.net.least_loaded(now) {
            Ok(node) => node,
            Err(Readiness::After(at)) => return self.wake_at(at, "reconnect backoff"),
            Err(_) => return,
        };
        let Some(version) = self.net.version(node, ApiKey::FindCoordinator) else { return };
        let key = self.group().0;
        let request = if version >= 4 {
            FindCoordinatorRequest { coordinator_keys: vec![key], ..FindCoordinatorRequest::default() }
        } else {
            FindCoordinatorRequest { key, ..FindCoordinatorRequest::default() }
        };
        self.member.find_in_flight = self.net.send(now, node, version, request, Some(Tag::FindCoordinator), None);
    }

    pub(super) fn handle_find_coordinator(&mut self, now: Time, outcome: Outcome) {
        self.member.find_in_flight = false;
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<FindCoordinatorResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let found = response.map(|response| match response.coordinators.into_iter().next() {
            Some(row) => (row.error_code, row.node_id.0, row.host, row.port),
            None => (response.error_code, response.node_id.0, response.host, response.port),
        });
        if let Some((0, id, host, port)) = found {
            self.net.set_address(Node::Coordinator(id), &text(&host), port);
            self.member.coordinator = Some(id);
            self.member.find_failures = 0;
            return;
        }
        let wait = self.backoff.draw(self.member.find_failures);
        self.member.find_failures = self.member.find_failures.saturating_add(1);
        self.member.find_retry_at = now.plus_millis(wait);
        self.fail_asyncs();
        if let Some((error, ..)) = found.filter(|(error, ..)| !ErrorCode::from_code(*error).retriable()) {
            self.fatal(error);
        }
    }

    /// Forgets which broker the coordinator is; the membership stays.
    pub(super) fn lose_coordinator(&mut self, now: Time) {
        if let Some(id) = self.member.coordinator.take() {
            mark!(CoordinatorLost);
            self.member.find_retry_at = now.plus_millis(self.config.retry_backoff_ms);
            let lost = self.net.close_node(now, Node::Coordinator(id));
            self.handle_answers(now, lost);
        }
    }

    pub(super) fn coordinator_link_lost(&mut self, now: Time) {
        if let Some(id) = self.member.coordinator
            && matches!(self.net.backing_off(Node::Coordinator(id)), Some(at) if now < at)
        {
            self.lose_coordinator(now);
        }
    }

    /// The membership is over: joins again, with or without the old member id.
    pub(super) fn forget_membership(&mut self, forget_id: bool, why: &str) {
        // To the consumer protocol it is what the client has named itself, for as long as its process lives.
        if forget_id && !self.is_modern() {
            self.member.id = Arc::from("");
        }
        self.member.generation = -1;
        self.member.round += 1;
        self.member.phase = Phase::Unjoined;
        self.member.heartbeat_in_flight = false;
        self.member.leader_state = None;
        self.member.assigned_by = None;
        self.member.given = None;
        // Under the cooperative protocol it still owns something while it joins: that is lost.
        self.member.prepared &= self.partitions.is_empty();
        self.member.lost = !self.member.prepared;
        self.member.want_rejoin(why);
    }

    pub(super) fn lose_membership(&mut self, error: i16) {
        if self.member.generation >= 0 {
            let forget = error == code::UNKNOWN_MEMBER_ID;
            self.forget_membership(forget, ErrorCode::from_code(error).name());
        }
    }

    /// It is refused for good: `poll` throws from now on, so that nothing more is read, and what it had is lost to it.
    pub(super) fn fatal(&mut self, error: i16) {
        let partitions = self.assignment();
        if !partitions.is_empty() {
            self.net.event(ConsumerEvent::Revoked { partitions, lost: true });
        }
        self.partitions.clear();
        self.completed.clear();
        self.member.fatal = true;
        self.member.phase = Phase::Unjoined;
        self.member.generation = -1;
        self.member.round += 1;
        self.net.event(ConsumerEvent::Error { error: ClientError::Broker(ErrorCode::from_code(error)) });
    }

    fn heartbeat(&mut self, now: Time) {
        if !matches!(self.member.phase, Phase::Stable | Phase::Syncing) || self.member.generation < 0 || self.member.heartbeat_in_flight {
            return;
        }
        if now < self.member.heartbeat_at {
            return self.wake_at(self.member.heartbeat_at, "heartbeat.interval.ms");
        }
        let Some(node) = self.coordinator_ready(now) else { return };
        let Some(version) = self.net.version(node, ApiKey::Heartbeat) else { return };
        let request = HeartbeatRequest {
            group_id: self.group(),
            generation_id: self.member.generation,
            member_id: string(&self.member.id),
            group_instance_id: self.instance().filter(|_| version >= 3),
        };
        let tag = Tag::Heartbeat { round: self.member.round };
        self.member.heartbeat_in_flight = self.net.send(now, node, version, request, Some(tag), None);
        self.member.heartbeat_at = now.plus_millis(i64::from(self.config.heartbeat_interval_ms));
        self.wake_at(self.member.heartbeat_at, "heartbeat.interval.ms");
    }

    pub(super) fn handle_heartbeat(&mut self, now: Time, round: u64, outcome: Outcome) {
        self.member.heartbeat_in_flight = false;
        if round != self.member.round {
            return;
        }
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<HeartbeatResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let error = response.map_or(code::COORDINATOR_NOT_AVAILABLE, |response| response.error_code);
        match error {
            0 | code::REBALANCE_IN_PROGRESS => {
                self.member.session_deadline = now.plus_millis(i64::from(self.config.session_timeout_ms));
                if error != 0 && self.member.phase == Phase::Stable {
                    self.member.want_rejoin("the group rebalances");
                }
            }
            code::COORDINATOR_NOT_AVAILABLE | code::NOT_COORDINATOR => self.lose_coordinator(now),
            code::UNKNOWN_MEMBER_ID | code::ILLEGAL_GENERATION => self.lose_membership(error),
            error if ErrorCode::from_code(error).retriable() => {}
            _ => self.fatal(error),
        }
    }

    /// Sends LeaveGroup. False: there is no membership to leave (static members stay), or the coordinator cannot be reached.
    pub(super) fn leave(&mut self, now: Time, why: &str) -> bool {
        if self.is_modern() {
            return self.leave_modern(now);
        }
        if self.member.id.is_empty() || self.config.group_instance_id.is_some() || self.manual {
            return false;
        }
        let Some(node) = self.coordinator_ready(now) else { return false };
        let Some(version) = self.net.version(node, ApiKey::LeaveGroup) else { return false };
        let id = string(&self.member.id);
        let request = LeaveGroupRequest { group_id: self.group(), ..LeaveGroupRequest::default() };
        let request = if version >= 3 {
            let reason = (version >= 5).then(|| string(why));
            LeaveGroupRequest { members: vec![MemberIdentity { member_id: id, reason, ..MemberIdentity::default() }], ..request }
        } else {
            LeaveGroupRequest { member_id: id, ..request }
        };
        self.member.leaving = self.net.send(now, node, version, request, Some(Tag::Leave), None);
        self.member.leaving
    }

    pub(super) fn handle_leave_group(&mut self, now: Time) {
        self.member.leaving = false;
        if matches!(self.closing, Closing::Leaving { .. }) {
            self.finish_close(now);
        }
    }
}
