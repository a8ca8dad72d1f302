//! SyncGroup, Heartbeat and LeaveGroup. Kafka's `classicGroupSync`, `classicGroupHeartbeat`, `classicGroupLeave`.

use super::member::Waiting;
use super::{ClassicGroup, State, sync_error};
use crate::kafka::coordinator::output::{Context, Pending};
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::{Caller, GroupEvent, Response, Token};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use bytes::Bytes;
use m::leave_group_request::MemberIdentity;
use m::leave_group_response::MemberResponse;
use std::sync::Arc;

fn differs(asked: Option<&str>, have: Option<&str>) -> bool {
    asked.is_some() && asked != have
}

impl ClassicGroup {
    fn validate_sync(&self, request: &m::SyncGroupRequest) -> Result<(), ErrorCode> {
        if self.is_empty() {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.validate_member(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        if differs(request.protocol_type.as_deref(), self.protocol_type.as_deref())
            || differs(request.protocol_name.as_deref(), self.protocol.as_deref())
        {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    pub fn sync(&mut self, now: Time, cx: &mut Context, token: Token, caller: &Caller, request: &m::SyncGroupRequest) {
        let refuse = |cx: &mut Context, error| cx.respond(token, Response::SyncGroup(sync_error(error)));
        if let Err(error) = self.validate_sync(request) {
            return refuse(cx, error);
        }
        let id = request.member_id.as_ref();
        match &mut self.state {
            State::Empty => refuse(cx, ErrorCode::UnknownMemberId),
            State::PreparingRebalance { .. } => refuse(cx, ErrorCode::RebalanceInProgress),
            State::Stable { pending_sync } => {
                pending_sync.remove(id);
                self.maybe_cancel_sync_timeout(cx);
                let assignment = self.member(id).map(|member| member.assignment.clone()).unwrap_or_default();
                let response = self.synced(assignment);
                self.touch(now, cx, id);
                cx.respond(token, Response::SyncGroup(response));
            }
            State::CompletingRebalance { pending_sync } => {
                pending_sync.remove(id);
                self.maybe_cancel_sync_timeout(cx);
                self.answer_sync(cx, id, sync_error(ErrorCode::RebalanceInProgress));
                if let Some(member) = self.member_mut(id) {
                    member.syncing = Some(Waiting { token, version: caller.version });
                }
                self.touch(now, cx, id);
                if self.is_leader(id) {
                    let given: SortedVecMap<&str, &Bytes> =
                        request.assignments.iter().map(|given| (given.member_id.as_ref(), &given.assignment)).collect();
                    let assignments: SortedVecMap<Arc<str>, Bytes> = self
                        .members
                        .iter()
                        .map(|member| (Arc::clone(&member.id), given.get(&*member.id).map(|&bytes| bytes.clone()).unwrap_or_default()))
                        .collect();
                    let record = self.record(&assignments);
                    cx.append(now, &self.common, vec![record], Pending::Assignment { generation: self.generation, assignments });
                }
            }
        }
    }

    fn maybe_cancel_sync_timeout(&self, cx: &mut Context) {
        if let State::CompletingRebalance { pending_sync } | State::Stable { pending_sync } = &self.state
            && pending_sync.is_empty()
        {
            cx.timers.cancel(&self.common.id, Kind::PendingSync);
        }
    }

    /// The leader's assignments are in the log: the generation is stable and everyone who waits gets its own.
    pub fn assignments_stored(&mut self, now: Time, cx: &mut Context, generation: i32, assignments: &SortedVecMap<Arc<str>, Bytes>) {
        let State::CompletingRebalance { pending_sync } = &self.state else { return };
        if generation != self.generation {
            return;
        }
        let pending_sync = pending_sync.clone();
        self.transition(now, cx, State::Stable { pending_sync }, "the leader's assignment is stored");
        let ids: Vec<Arc<str>> = self.members.iter().map(|member| Arc::clone(&member.id)).collect();
        for id in ids {
            let assignment = assignments.get(&id).cloned().unwrap_or_default();
            let Some(member) = self.member_mut(&id) else { continue };
            member.assignment = assignment.clone();
            if member.syncing.is_some() {
                let response = self.synced(assignment);
                self.answer_sync(cx, &id, response);
                self.touch(now, cx, &id);
            }
        }
        let assignments = self.members.iter().map(|member| (Arc::clone(&member.id), member.assignment.clone())).collect();
        cx.event(GroupEvent::Assigned { group: Arc::clone(&self.common.id), generation, assignments });
    }

    pub fn assignments_failed(&mut self, now: Time, cx: &mut Context, generation: i32, error: ErrorCode) {
        if generation == self.generation && matches!(self.state, State::CompletingRebalance { .. }) {
            self.fail_syncs(now, cx, error);
            self.prepare_rebalance(now, cx, &format!("error {} when storing the assignment", error.name()));
        }
    }

    pub fn heartbeat(&self, now: Time, cx: &mut Context, request: &m::HeartbeatRequest) -> ErrorCode {
        if let Err(error) = self.validate_member(&request.member_id, request.group_instance_id.as_deref()) {
            return error;
        }
        if request.generation_id != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        self.touch(now, cx, &request.member_id);
        match self.state {
            State::Empty => ErrorCode::UnknownMemberId,
            State::PreparingRebalance { .. } => ErrorCode::RebalanceInProgress,
            State::CompletingRebalance { .. } | State::Stable { .. } => ErrorCode::None,
        }
    }

    /// Takes the members out and says for each what came of it; a rebalance follows if any left.
    pub fn leave(&mut self, now: Time, cx: &mut Context, leaving: &[MemberIdentity]) -> Vec<MemberResponse> {
        let mut left: Vec<&str> = Vec::new();
        let mut answers = Vec::new();
        for identity in leaving {
            let result = self.leave_one(cx, identity);
            if result.is_ok() {
                left.push(&identity.member_id);
            }
            answers.push(left_answer(identity, result.err().unwrap_or(ErrorCode::None)));
        }
        if !left.is_empty() {
            match self.state {
                State::Empty => {}
                State::PreparingRebalance { .. } => self.maybe_complete_join(now, cx),
                State::CompletingRebalance { .. } | State::Stable { .. } => {
                    self.prepare_rebalance(now, cx, &format!("explicit LeaveGroup request for ({})", left.join(", ")));
                }
            }
        }
        answers
    }

    fn leave_one(&mut self, cx: &mut Context, identity: &MemberIdentity) -> Result<(), ErrorCode> {
        let (id, instance) = (identity.member_id.as_ref(), identity.group_instance_id.as_deref());
        if id.is_empty() {
            // An administrator removes a static member by its instance id.
            let member = instance.and_then(|instance| self.static_member(instance)).ok_or(ErrorCode::UnknownMemberId)?;
            let id = Arc::clone(&member.id);
            self.remove_member(cx, &id, "left");
        } else if self.pending_joins.remove(id) {
            cx.timers.cancel(&self.common.id, Kind::Session(Arc::from(id)));
        } else {
            self.validate_member(id, instance)?;
            self.remove_member(cx, id, "left");
        }
        Ok(())
    }
}

pub fn left_answer(identity: &MemberIdentity, error: ErrorCode) -> MemberResponse {
    MemberResponse {
        member_id: identity.member_id.clone(),
        group_instance_id: identity.group_instance_id.clone(),
        error_code: error.code(),
    }
}
