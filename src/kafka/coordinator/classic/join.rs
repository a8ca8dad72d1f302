//! JoinGroup, in each state of the group. Kafka's `classicGroupJoin*`.

use super::member::{self, Member, Waiting};
use super::{ClassicGroup, NEW_MEMBER_JOIN_TIMEOUT_MS, State, join_error, sync_error};
use crate::kafka::coordinator::group::text;
use crate::kafka::coordinator::output::{Context, Pending};
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::{Caller, GroupEvent, Token};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{JoinGroupRequest, JoinGroupResponse};
use std::sync::Arc;

/// One JoinGroup on its way through the group.
pub struct Join<'a> {
    pub now: Time,
    pub token: Token,
    pub caller: &'a Caller,
    pub request: &'a JoinGroupRequest,
}

impl Join<'_> {
    const fn waiting(&self) -> Waiting {
        Waiting { token: self.token, version: self.caller.version }
    }

    pub fn refuse(&self, cx: &mut Context, member: &str, error: ErrorCode) {
        cx.respond_join(self.waiting(), join_error(member, error));
    }

    fn why(&self, what: &str) -> String {
        let reason = self.request.reason.as_deref().unwrap_or("not provided");
        format!("{what}; client reason: {reason}")
    }
}

impl ClassicGroup {
    pub fn join(&mut self, cx: &mut Context, join: &Join<'_>) {
        let id = join.request.member_id.as_ref();
        if !self.has_room_for(cx.config.max_size, id) {
            if self.member(id).is_some() {
                self.remove_member(cx, id, "group max size reached");
            }
            if self.pending_joins.remove(id) {
                cx.timers.cancel(&self.common.id, Kind::Session(Arc::from(id)));
            }
            mark!(GroupFull);
            join.refuse(cx, "", ErrorCode::GroupMaxSizeReached);
        } else if !self.supports(&join.request.protocol_type, &member::protocols(join.request)) {
            join.refuse(cx, id, ErrorCode::InconsistentGroupProtocol);
        } else if id.is_empty() {
            self.join_new(cx, join);
        } else {
            self.join_existing(cx, join, id);
        }
    }

    /// Kafka's `acceptJoiningMember`: while preparing, those who already wait count, otherwise all members.
    fn has_room_for(&self, max_size: i32, id: &str) -> bool {
        let room = |count: usize| i64::try_from(count).unwrap_or(i64::MAX) < i64::from(max_size);
        match self.state {
            State::Empty => true,
            State::PreparingRebalance { .. } => {
                self.member(id).is_some_and(|member| member.joining.is_some())
                    || room(self.members.iter().filter(|member| member.joining.is_some()).count())
            }
            State::CompletingRebalance { .. } | State::Stable { .. } => self.member(id).is_some() || room(self.members.len()),
        }
    }

    fn join_new(&mut self, cx: &mut Context, join: &Join<'_>) {
        let instance = join.request.group_instance_id.as_deref();
        let prefix = instance.unwrap_or(&join.caller.client_id);
        let new_id: Arc<str> = Arc::from(format!("{prefix}-{}", cx.rng.uuid()));
        if let Some(instance) = instance {
            match self.static_member(instance).map(|old| Arc::clone(&old.id)) {
                Some(old_id) => self.replace_static(cx, join, &old_id, &new_id),
                None => self.add_member(cx, join, new_id),
            }
        } else if join.caller.version >= 4 {
            self.pending_joins.insert(Arc::clone(&new_id));
            let at = join.now.plus_millis(i64::from(join.request.session_timeout_ms));
            let who = if join.caller.client_id.is_empty() { &new_id } else { &join.caller.client_id };
            cx.timers.schedule(&self.common.id, Kind::Session(Arc::clone(&new_id)), at, who);
            join.refuse(cx, &new_id, ErrorCode::MemberIdRequired);
        } else {
            self.add_member(cx, join, new_id);
        }
    }

    fn add_member(&mut self, cx: &mut Context, join: &Join<'_>, id: Arc<str>) {
        let mut member = Member::new(Arc::clone(&id), join.caller, join.request);
        member.joining = Some(join.waiting());
        if self.members.is_empty() {
            self.protocol_type = Some(Arc::from(join.request.protocol_type.as_ref()));
        }
        if self.leader.is_none() {
            self.leader = Some(Arc::clone(&id));
        }
        if let State::PreparingRebalance { initial: Some(initial) } = &mut self.state {
            initial.member_added = true;
        }
        self.pending_joins.remove(&id);
        let at = join.now.plus_millis(NEW_MEMBER_JOIN_TIMEOUT_MS);
        cx.timers.schedule(&self.common.id, Kind::Session(Arc::clone(&id)), at, member.shown());
        let (group, client_id) = (Arc::clone(&self.common.id), Arc::clone(&member.client_id));
        cx.event(GroupEvent::MemberAdded { group, member: Arc::clone(&id), client_id });
        self.members.push(member);
        let why = join.why(&format!("adding new member {id}"));
        self.rebalance_or_complete(join.now, cx, &why);
    }

    fn join_existing(&mut self, cx: &mut Context, join: &Join<'_>, id: &str) {
        let request = join.request;
        if self.pending_joins.contains(id) {
            if request.group_instance_id.is_some() {
                // A pending member is dynamic by construction; Kafka fails on this with an illegal state.
                return join.refuse(cx, id, ErrorCode::UnknownServerError);
            }
            return self.add_member(cx, join, Arc::from(id));
        }
        if let Err(error) = self.validate_member(id, request.group_instance_id.as_deref()) {
            return join.refuse(cx, id, error);
        }
        let Some(same) = self.member(id).map(|member| member.matches(request)) else {
            return join.refuse(cx, id, ErrorCode::UnknownMemberId);
        };
        match self.state {
            State::Empty => join.refuse(cx, id, ErrorCode::UnknownMemberId),
            State::PreparingRebalance { .. } => self.rejoin(cx, join, id, "is rejoining"),
            State::CompletingRebalance { .. } if same => self.answer_current(cx, join, id),
            State::Stable { .. } if same && !self.is_leader(id) => self.answer_current(cx, join, id),
            State::Stable { .. } if self.is_leader(id) => self.rejoin(cx, join, id, "is the leader and rejoins"),
            State::CompletingRebalance { .. } | State::Stable { .. } => self.rejoin(cx, join, id, "changed its metadata"),
        }
    }

    /// The member has what the generation was made of: it gets the generation as it is.
    fn answer_current(&self, cx: &mut Context, join: &Join<'_>, id: &str) {
        cx.respond_join(join.waiting(), self.joined(id));
    }

    fn rejoin(&mut self, cx: &mut Context, join: &Join<'_>, id: &str, what: &str) {
        self.update_member(cx, join, id);
        let why = join.why(&format!("member {id} {what}"));
        self.rebalance_or_complete(join.now, cx, &why);
    }

    fn update_member(&mut self, cx: &mut Context, join: &Join<'_>, id: &str) {
        if let Some(member) = self.member_mut(id) {
            member.protocols = member::protocols(join.request);
            member.rebalance_timeout_ms = member::rebalance_timeout(join.request, join.caller.version);
            member.session_timeout_ms = join.request.session_timeout_ms;
        }
        self.park_join(cx, id, join.waiting());
    }

    /// A static member came back without its id: it gets a new one and takes the old one's place.
    fn replace_static(&mut self, cx: &mut Context, join: &Join<'_>, old: &Arc<str>, new: &Arc<str>) {
        let leader = self.leader.clone();
        let Some(former) = self.member(old).cloned() else {
            return join.refuse(cx, new, ErrorCode::UnknownMemberId);
        };
        let client_id = Arc::clone(&former.client_id);
        self.rename_static(join.now, cx, old, new);
        self.update_member(cx, join, new);
        self.touch(join.now, cx, new);
        let group = || Arc::clone(&self.common.id);
        let why = Arc::from("replaced by static member");
        cx.event(GroupEvent::MemberRemoved { group: group(), member: Arc::clone(old), client_id: Arc::clone(&client_id), why });
        cx.event(GroupEvent::MemberAdded { group: group(), member: Arc::clone(new), client_id });
        match self.state {
            State::Stable { .. } if self.select_protocol() == self.protocol => {
                let assignments = self.members.iter().map(|member| (Arc::clone(&member.id), member.assignment.clone())).collect();
                let record = self.record(&assignments);
                let pending = Pending::StaticMember {
                    generation: self.generation,
                    former: Box::new(former),
                    new: Arc::clone(new),
                    version: join.caller.version,
                    leader,
                };
                cx.append(join.now, &self.common, vec![record], pending);
            }
            State::Stable { .. } | State::CompletingRebalance { .. } => {
                let why = join.why(&format!("static member {new} joins anew"));
                self.prepare_rebalance(join.now, cx, &why);
            }
            State::Empty | State::PreparingRebalance { .. } => self.maybe_complete_join(join.now, cx),
        }
    }

    /// Gives a static member another id; requests that wait under the old one are fenced.
    pub fn rename_static(&mut self, now: Time, cx: &mut Context, old: &Arc<str>, new: &Arc<str>) {
        mark!(InstanceFenced);
        self.answer_join(cx, old, join_error(old, ErrorCode::FencedInstanceId));
        self.answer_sync(cx, old, sync_error(ErrorCode::FencedInstanceId));
        cx.timers.cancel(&self.common.id, Kind::Session(Arc::clone(old)));
        if let Some(member) = self.member_mut(old) {
            member.id = Arc::clone(new);
        }
        if self.is_leader(old) {
            self.leader = Some(Arc::clone(new));
        }
        if let State::CompletingRebalance { pending_sync } | State::Stable { pending_sync } = &mut self.state
            && pending_sync.remove(old)
        {
            pending_sync.insert(Arc::clone(new));
        }
        self.touch(now, cx, new);
    }

    /// The new id of a static member is in the log: it may go on with the generation as it is.
    pub fn static_member_stored(&mut self, cx: &mut Context, generation: i32, new: &str, version: i16, leader: Option<Arc<str>>) {
        if generation != self.generation || !matches!(self.state, State::Stable { .. }) {
            return; // A rebalance has begun: the join is answered when that completes.
        }
        let is_leader = self.is_leader(new);
        let mut response = self.joined(new);
        if version >= 9 {
            response.skip_assignment = is_leader;
        } else {
            // Before v9 nothing tells a leader to leave the assignment alone, so the old leader's id is shown.
            response.members.clear();
            response.leader = text(leader.as_deref().unwrap_or_default());
        }
        self.answer_join(cx, new, response);
    }

    /// The log has refused the new id: the member is again as it was.
    pub fn static_member_failed(
        &mut self,
        now: Time,
        cx: &mut Context,
        former: Member,
        new: &Arc<str>,
        leader: Option<&str>,
        error: ErrorCode,
    ) {
        let (member_id, leader, error_code) = (text(""), text(leader.unwrap_or_default()), error.code());
        let response = JoinGroupResponse { member_id, leader, error_code, members: Vec::new(), ..self.joined(new) };
        self.answer_join(cx, new, response);
        if let Some(member) = self.member_mut(new) {
            member.protocols = former.protocols;
            member.rebalance_timeout_ms = former.rebalance_timeout_ms;
            member.session_timeout_ms = former.session_timeout_ms;
            self.rename_static(now, cx, new, &former.id);
        }
    }

    /// The record of a group that was just created and has nothing else to log.
    pub fn log_new(&self, now: Time, cx: &mut Context) {
        let mut empty = self.clone();
        empty.members.clear();
        empty.protocol_type = None;
        empty.protocol = None;
        empty.leader = None;
        let record = empty.record(&SortedVecMap::new());
        cx.append(now, &self.common, vec![record], Pending::Group);
    }
}
