//! A classic group: its state, its members, and the rebalance that both JoinGroup and SyncGroup take part in.
//! Kafka's `ClassicGroup` and the rebalance half of `GroupMetadataManager`.

mod join;
mod member;
mod sync;

pub use self::join::Join;
pub use self::member::{Member, Waiting, protocols};
pub use self::sync::left_answer;

use super::group::{CONSUMER, Common, text};
use super::output::{Context, Pending};
use super::records::{GroupRecord, Key, MemberRecord, subscribed_topics};
use super::timers::Kind;
use super::{GroupEvent, GroupState, Response};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use bytes::Bytes;
use std::sync::Arc;

/// How long the member waits for its first JoinGroup's answer before it is given up
/// (`classicGroupNewMemberJoinTimeoutMs`: five minutes).
pub const NEW_MEMBER_JOIN_TIMEOUT_MS: i64 = 300_000;

/// The first rebalance of an empty group waits for more members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialDelay {
    pub delay_ms: i32,
    pub remaining_ms: i32,
    pub member_added: bool,
}

/// The state of a group that exists; a group that was deleted is `Dead` and not in the table any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Empty,
    PreparingRebalance { initial: Option<InitialDelay> },
    CompletingRebalance { pending_sync: SortedVecSet<Arc<str>> },
    Stable { pending_sync: SortedVecSet<Arc<str>> },
}

impl State {
    /// The state without what is kept in it.
    pub const fn kind(&self) -> GroupState {
        match self {
            Self::Empty => GroupState::Empty,
            Self::PreparingRebalance { .. } => GroupState::PreparingRebalance,
            Self::CompletingRebalance { .. } => GroupState::CompletingRebalance,
            Self::Stable { .. } => GroupState::Stable,
        }
    }
}

#[derive(Clone, Debug)]
pub struct ClassicGroup {
    pub common: Common,
    pub state: State,
    pub generation: i32,
    pub protocol_type: Option<Arc<str>>,
    pub protocol: Option<Arc<str>>,
    pub leader: Option<Arc<str>>,
    /// In the order in which they joined.
    pub members: Vec<Member>,
    /// Ids given with MEMBER_ID_REQUIRED whose second JoinGroup has not come yet.
    pub pending_joins: SortedVecSet<Arc<str>>,
    /// Topics that the members of the generation subscribe to; `None` when not known.
    pub subscribed: Option<SortedVecSet<Arc<str>>>,
    /// When the state was entered, milliseconds since the Unix epoch; -1 when not known.
    pub state_since: i64,
}

impl ClassicGroup {
    pub fn new(common: Common, now: Time) -> Self {
        Self {
            common,
            state: State::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Vec::new(),
            pending_joins: SortedVecSet::new(),
            subscribed: None,
            state_since: now.millis(),
        }
    }

    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| *member.id == *id)
    }

    pub fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| *member.id == *id)
    }

    pub fn static_member(&self, instance: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.instance.as_deref() == Some(instance))
    }

    pub fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    pub const fn is_empty(&self) -> bool {
        matches!(self.state, State::Empty)
    }

    /// Kafka's `validateMember`.
    pub fn validate_member(&self, id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if *known.id != *id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.member(id).is_some() {
            return Ok(());
        }
        mark!(MemberUnknown);
        Err(ErrorCode::UnknownMemberId)
    }

    /// Whether a member with these protocols fits: the same protocol type, and at least one protocol that all members have.
    pub fn supports(&self, protocol_type: &str, protocols: &[(Arc<str>, Bytes)]) -> bool {
        if self.is_empty() {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(protocol_type)
            && protocols.iter().any(|(name, _)| self.members.iter().all(|member| member.supports(name)))
    }

    /// Each member votes for the first protocol of its list that all have; the most votes win, then the oldest member's order.
    pub fn select_protocol(&self) -> Option<Arc<str>> {
        let common = |name: &str| self.members.iter().all(|member| member.supports(name));
        let mut votes: SortedVecMap<&str, u32> = SortedVecMap::new();
        for member in &self.members {
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| common(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let mut best: Option<(&Arc<str>, u32)> = None;
        for (name, _) in &self.members.first()?.protocols {
            let count = votes.get(&**name).copied().unwrap_or(0);
            if count > best.map_or(0, |(_, most)| most) {
                best = Some((name, count));
            }
        }
        best.map(|(name, _)| Arc::clone(name))
    }

    /// The greatest of the members' rebalance timeouts, at least a millisecond so that waiting again lets time pass.
    pub fn rebalance_timeout_ms(&self) -> i64 {
        self.members.iter().map(|member| i64::from(member.rebalance_timeout_ms)).max().unwrap_or(0).max(1)
    }

    pub fn all_joined(&self) -> bool {
        self.pending_joins.is_empty() && self.members.iter().all(|member| member.joining.is_some())
    }

    pub fn subscribes_to(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.protocol_type.as_deref() == Some(CONSUMER),
        }
    }

    /// Kafka's `computeSubscribedTopics`.
    pub fn compute_subscribed(&self) -> Option<SortedVecSet<Arc<str>>> {
        if self.protocol_type.as_deref() != Some(CONSUMER) {
            return None;
        }
        let mut all = SortedVecSet::new();
        for member in &self.members {
            all.extend(subscribed_topics(member.metadata(Some(self.protocol.as_deref()?)))?);
        }
        Some(all)
    }

    pub fn transition(&mut self, now: Time, cx: &mut Context, to: State, why: &str) {
        let from = self.state.kind();
        self.state = to;
        self.state_since = now.millis();
        cx.event(GroupEvent::StateChanged {
            group: Arc::clone(&self.common.id),
            from,
            to: self.state.kind(),
            generation: self.generation,
            why: Arc::from(why),
        });
    }

    /// The group's metadata as it is logged, with these assignments.
    pub fn record(&self, assignments: &SortedVecMap<Arc<str>, Bytes>) -> (Bytes, Option<Bytes>) {
        let record = GroupRecord {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_timestamp: self.state_since,
            members: self
                .members
                .iter()
                .map(|member| MemberRecord {
                    id: Arc::clone(&member.id),
                    instance: member.instance.clone(),
                    client_id: Arc::clone(&member.client_id),
                    host: Arc::clone(&member.host),
                    rebalance_timeout_ms: member.rebalance_timeout_ms,
                    session_timeout_ms: member.session_timeout_ms,
                    subscription: member.metadata(self.protocol.as_deref()),
                    assignment: assignments.get(&member.id).cloned().unwrap_or_default(),
                })
                .collect(),
        };
        (Key::Group { group: Arc::clone(&self.common.id) }.encode(), Some(record.encode()))
    }

    /// The group as its record says; sessions are the caller's to start.
    pub fn restore(&mut self, record: GroupRecord) {
        self.generation = record.generation;
        self.protocol_type = Some(record.protocol_type).filter(|kind| !kind.is_empty());
        self.protocol = record.protocol;
        self.leader = record.leader;
        self.state_since = record.state_timestamp;
        let protocol = self.protocol.clone().unwrap_or_default();
        self.members = record
            .members
            .into_iter()
            .map(|member| Member {
                id: member.id,
                instance: member.instance,
                client_id: member.client_id,
                host: member.host,
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: member.session_timeout_ms,
                protocols: vec![(Arc::clone(&protocol), member.subscription)],
                assignment: member.assignment,
                joining: None,
                syncing: None,
                is_new: false,
            })
            .collect();
        self.state = if self.members.is_empty() { State::Empty } else { State::Stable { pending_sync: SortedVecSet::new() } };
        self.subscribed = self.compute_subscribed();
    }

    /// Starts the member's session anew.
    pub fn touch(&self, now: Time, cx: &mut Context, id: &str) {
        if let Some(member) = self.member(id) {
            let at = now.plus_millis(i64::from(member.session_timeout_ms));
            cx.timers.schedule(&self.common.id, Kind::Session(Arc::clone(&member.id)), at, member.shown());
        }
    }

    pub fn answer_join(&mut self, cx: &mut Context, id: &str, response: m::JoinGroupResponse) {
        if let Some(waiting) = self.member_mut(id).and_then(|member| member.joining.take()) {
            cx.respond_join(waiting, response);
        }
    }

    pub fn answer_sync(&mut self, cx: &mut Context, id: &str, response: m::SyncGroupResponse) {
        if let Some(waiting) = self.member_mut(id).and_then(|member| member.syncing.take()) {
            cx.respond(waiting.token, Response::SyncGroup(response));
        }
    }

    /// Takes a member out; whatever it waits for is answered UNKNOWN_MEMBER_ID.
    pub fn remove_member(&mut self, cx: &mut Context, id: &str, why: &str) {
        let unknown = ErrorCode::UnknownMemberId;
        self.answer_join(cx, id, join_error("", unknown));
        self.answer_sync(cx, id, sync_error(unknown));
        cx.timers.cancel(&self.common.id, Kind::Session(Arc::from(id)));
        self.pending_joins.remove(id);
        if let State::CompletingRebalance { pending_sync } | State::Stable { pending_sync } = &mut self.state {
            pending_sync.remove(id);
        }
        if let Some(index) = self.members.iter().position(|member| *member.id == *id) {
            let member = self.members.remove(index);
            cx.event(GroupEvent::MemberRemoved {
                group: Arc::clone(&self.common.id),
                member: member.id,
                client_id: member.client_id,
                why: Arc::from(why),
            });
        }
        if self.is_leader(id) {
            self.leader = self.members.first().map(|member| Arc::clone(&member.id));
        }
    }

    /// Starts a rebalance if none is under way, otherwise completes its join phase when all are there.
    pub fn rebalance_or_complete(&mut self, now: Time, cx: &mut Context, why: &str) {
        match self.state {
            State::PreparingRebalance { .. } => self.maybe_complete_join(now, cx),
            _ => self.prepare_rebalance(now, cx, why),
        }
    }

    pub fn prepare_rebalance(&mut self, now: Time, cx: &mut Context, why: &str) {
        if matches!(self.state, State::CompletingRebalance { .. }) {
            self.fail_syncs(now, cx, ErrorCode::RebalanceInProgress);
        }
        cx.timers.cancel(&self.common.id, Kind::PendingSync);
        if self.is_empty() {
            let delay_ms = cx.config.initial_rebalance_delay_ms.max(0);
            let whole = i32::try_from(self.rebalance_timeout_ms()).unwrap_or(i32::MAX);
            let initial = InitialDelay { delay_ms, remaining_ms: (whole - delay_ms).max(0), member_added: false };
            cx.timers.schedule(&self.common.id, Kind::InitialDelay, now.plus_millis(i64::from(delay_ms)), &self.common.id);
            self.transition(now, cx, State::PreparingRebalance { initial: Some(initial) }, why);
        } else {
            self.transition(now, cx, State::PreparingRebalance { initial: None }, why);
            if self.all_joined() {
                self.complete_join(now, cx);
            } else {
                self.schedule_rebalance_timeout(now, cx);
            }
        }
    }

    fn schedule_rebalance_timeout(&self, now: Time, cx: &mut Context) {
        cx.timers.schedule(&self.common.id, Kind::Rebalance, now.plus_millis(self.rebalance_timeout_ms()), &self.common.id);
    }

    /// The initial delay ran out: extended while members came, as long as the rebalance timeout allows.
    pub fn initial_delay_over(&mut self, now: Time, cx: &mut Context) {
        let State::PreparingRebalance { initial: Some(initial) } = &mut self.state else { return };
        if initial.member_added && initial.remaining_ms != 0 {
            let next = cx.config.initial_rebalance_delay_ms.max(0).min(initial.remaining_ms);
            *initial = InitialDelay { delay_ms: next, remaining_ms: (initial.remaining_ms - initial.delay_ms).max(0), member_added: false };
            cx.timers.schedule(&self.common.id, Kind::InitialDelay, now.plus_millis(i64::from(next)), &self.common.id);
        } else {
            self.complete_join(now, cx);
        }
    }

    /// Completes the join phase when all members are there, unless the initial delay still waits for more.
    pub fn maybe_complete_join(&mut self, now: Time, cx: &mut Context) {
        if matches!(self.state, State::PreparingRebalance { initial: None }) && self.all_joined() {
            self.complete_join(now, cx);
        }
    }

    /// Kafka's `maybeElectNewJoinedLeader`: a leader that did not rejoin hands over to the first member that did.
    fn elect_joined_leader(&mut self) -> bool {
        if self.leader.as_deref().and_then(|id| self.member(id)).is_some_and(|leader| leader.joining.is_some()) {
            return true;
        }
        match self.members.iter().find(|member| member.joining.is_some()) {
            Some(member) => {
                self.leader = Some(Arc::clone(&member.id));
                true
            }
            None => false,
        }
    }

    /// The join phase is over: the next generation begins with those who joined (and static members, who may be away).
    pub fn complete_join(&mut self, now: Time, cx: &mut Context) {
        cx.timers.cancel(&self.common.id, Kind::InitialDelay);
        cx.timers.cancel(&self.common.id, Kind::Rebalance);
        let absent: Vec<Arc<str>> = self
            .members
            .iter()
            .filter(|member| member.joining.is_none() && member.instance.is_none())
            .map(|member| Arc::clone(&member.id))
            .collect();
        for id in absent {
            mark!(JoinTooLate);
            self.remove_member(cx, &id, "rebalance timeout");
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            // Only static members are left and none has joined: wait on, until sessions run out.
            self.schedule_rebalance_timeout(now, cx);
            return;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(0);
        if self.members.is_empty() {
            self.protocol = None;
            self.leader = None;
            self.subscribed = self.compute_subscribed_when_empty();
            self.transition(now, cx, State::Empty, "no members are left");
            let record = self.record(&SortedVecMap::new());
            cx.append(now, &self.common, vec![record], Pending::Group);
            return;
        }
        self.protocol = self.select_protocol();
        self.subscribed = self.compute_subscribed();
        let pending_sync: SortedVecSet<Arc<str>> = self.members.iter().map(|member| Arc::clone(&member.id)).collect();
        self.transition(now, cx, State::CompletingRebalance { pending_sync: pending_sync.clone() }, "all members have joined");
        for id in pending_sync {
            let response = self.joined(&id);
            self.answer_join(cx, &id, response);
            self.touch(now, cx, &id);
            if let Some(member) = self.member_mut(&id) {
                member.is_new = false;
            }
        }
        cx.timers.schedule(&self.common.id, Kind::PendingSync, now.plus_millis(self.rebalance_timeout_ms()), &self.common.id);
    }

    fn compute_subscribed_when_empty(&self) -> Option<SortedVecSet<Arc<str>>> {
        (self.protocol_type.as_deref() == Some(CONSUMER)).then(SortedVecSet::new)
    }

    /// The JoinGroup answer of the current generation; only the leader gets the members.
    pub fn joined(&self, id: &str) -> m::JoinGroupResponse {
        let members = if self.is_leader(id) { self.join_members() } else { Vec::new() };
        m::JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.as_deref().map(text),
            protocol_name: self.protocol.as_deref().map(text),
            leader: text(self.leader.as_deref().unwrap_or_default()),
            member_id: text(id),
            members,
            ..m::JoinGroupResponse::default()
        }
    }

    fn join_members(&self) -> Vec<m::join_group_response::JoinGroupResponseMember> {
        self.members
            .iter()
            .map(|member| m::join_group_response::JoinGroupResponseMember {
                member_id: text(&member.id),
                group_instance_id: member.instance.as_deref().map(text),
                metadata: member.metadata(self.protocol.as_deref()),
            })
            .collect()
    }

    pub fn synced(&self, assignment: Bytes) -> m::SyncGroupResponse {
        m::SyncGroupResponse {
            protocol_type: self.protocol_type.as_deref().map(text),
            protocol_name: self.protocol.as_deref().map(text),
            assignment,
            ..m::SyncGroupResponse::default()
        }
    }

    /// Answers everyone who waits for an assignment with an error; assignments are gone.
    pub fn fail_syncs(&mut self, now: Time, cx: &mut Context, error: ErrorCode) {
        let ids: Vec<Arc<str>> = self.members.iter().map(|member| Arc::clone(&member.id)).collect();
        for id in ids {
            let Some(member) = self.member_mut(&id) else { continue };
            member.assignment = Bytes::new();
            if member.syncing.is_some() {
                self.answer_sync(cx, &id, sync_error(error));
                self.touch(now, cx, &id);
            }
        }
    }

    /// The sync phase's time is over: who did not send SyncGroup is removed.
    pub fn pending_sync_over(&mut self, now: Time, cx: &mut Context) {
        let (State::CompletingRebalance { pending_sync } | State::Stable { pending_sync }) = &self.state else { return };
        let silent: Vec<Arc<str>> = pending_sync.iter().cloned().collect();
        if silent.is_empty() {
            return;
        }
        for id in &silent {
            mark!(SyncTooLate);
            self.remove_member(cx, id, "sync timeout");
        }
        self.prepare_rebalance(now, cx, &format!("removing {} on pending sync expiration", silent.join(", ")));
    }

    pub fn session_over(&mut self, now: Time, cx: &mut Context, id: &str) {
        if self.pending_joins.remove(id) {
            if matches!(self.state, State::PreparingRebalance { .. }) && self.all_joined() {
                self.complete_join(now, cx);
            }
            return;
        }
        if self.member(id).is_none_or(Member::is_alive_by_waiting) {
            return;
        }
        mark!(SessionOver);
        self.remove_member(cx, id, "session timeout");
        match self.state {
            State::PreparingRebalance { .. } if self.all_joined() => self.complete_join(now, cx),
            State::CompletingRebalance { .. } | State::Stable { .. } => {
                self.prepare_rebalance(now, cx, &format!("removing member {id} on heartbeat expiration"));
            }
            _ => {}
        }
    }

    /// Everyone who waits is told NOT_COORDINATOR; the group is about to be forgotten.
    pub fn unload(&mut self, cx: &mut Context) {
        mark!(CoordinatorMoved);
        let ids: Vec<Arc<str>> = self.members.iter().map(|member| Arc::clone(&member.id)).collect();
        for id in ids {
            self.answer_join(cx, &id, join_error(&id, ErrorCode::NotCoordinator));
            self.answer_sync(cx, &id, sync_error(ErrorCode::NotCoordinator));
        }
        cx.timers.cancel_group(&self.common.id);
    }

    /// The member's earlier JoinGroup, if one waits, is superseded by this one.
    pub fn park_join(&mut self, cx: &mut Context, id: &str, waiting: Waiting) {
        self.answer_join(cx, id, join_error(id, ErrorCode::RebalanceInProgress));
        if let Some(member) = self.member_mut(id) {
            member.joining = Some(waiting);
        }
    }
}

pub fn join_error(member: &str, error: ErrorCode) -> m::JoinGroupResponse {
    m::JoinGroupResponse { error_code: error.code(), member_id: text(member), protocol_name: None, ..m::JoinGroupResponse::default() }
}

pub fn sync_error(error: ErrorCode) -> m::SyncGroupResponse {
    m::SyncGroupResponse { error_code: error.code(), ..m::SyncGroupResponse::default() }
}
