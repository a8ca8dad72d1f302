//! ConsumerGroupHeartbeat: how a member joins, lives, and leaves (`consumerGroupHeartbeat`, `consumerGroupLeave`,
//! `consumerGroupFenceMembers`).

use super::member::{LEAVE, LEAVE_FOR_NOW, Member, Partitions, is_subset, partitions_of};
use super::regex::{self, MIN_INTERVAL_MS};
use super::step::Step;
use super::{Record, Refused, refused};
use crate::kafka::coordinator::group::text;
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::{Caller, GroupCoordinator, Response, Token};
use crate::kafka::expression;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{self as m, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use m::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use std::sync::Arc;

const INVALID: ErrorCode = ErrorCode::InvalidRequest;

pub fn heartbeat_error(why: &Refused) -> ConsumerGroupHeartbeatResponse {
    let error_message = Some(text(&why.message)).filter(|message| !message.is_empty());
    ConsumerGroupHeartbeatResponse { error_code: why.error.code(), error_message, ..ConsumerGroupHeartbeatResponse::default() }
}

/// `throwIfConsumerGroupHeartbeatRequestIsInvalid`.
fn check(request: &ConsumerGroupHeartbeatRequest, version: i16, assignors: &[Arc<str>]) -> Result<(), Refused> {
    let epoch = request.member_epoch;
    let blank = |text: &str| text.trim().is_empty();
    let names = [
        ("MemberId", (version >= 1 || epoch > 0 || epoch == LEAVE).then_some(&request.member_id)),
        ("GroupId", Some(&request.group_id.0)),
        ("InstanceId", request.instance_id.as_ref()),
        ("RackId", request.rack_id.as_ref()),
    ];
    if let Some((name, _)) = names.iter().find(|(_, value)| value.is_some_and(|value| blank(value))) {
        return Err(refused(INVALID, format!("{name} can't be empty.")));
    }
    if epoch == 0 {
        if request.rebalance_timeout_ms == -1 {
            return Err(refused(INVALID, "RebalanceTimeoutMs must be provided in first request."));
        }
        if request.topic_partitions.as_ref().is_none_or(|owned| !owned.is_empty()) {
            return Err(refused(INVALID, "TopicPartitions must be empty when (re-)joining."));
        }
        if request.subscribed_topic_names.is_none() && request.subscribed_topic_regex.is_none() {
            let message = "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.";
            return Err(refused(INVALID, message));
        }
    } else if epoch == LEAVE_FOR_NOW && request.instance_id.is_none() {
        return Err(refused(INVALID, "InstanceId can't be null."));
    } else if epoch < LEAVE_FOR_NOW {
        return Err(refused(INVALID, "MemberEpoch is invalid."));
    }
    let Some(assignor) = &request.server_assignor else { return Ok(()) };
    if assignors.contains(assignor) {
        return Ok(());
    }
    let message = format!("ServerAssignor {assignor} is not supported. Supported assignors: {}.", assignors.join(", "));
    Err(refused(ErrorCode::UnsupportedAssignor, message))
}

pub fn unknown_member(member: &str, group: &str) -> Refused {
    refused(ErrorCode::UnknownMemberId, format!("Member {member} is not a member of group {group}."))
}

pub fn fenced_instance(known: &Member, member: &str, instance: &str) -> Result<(), Refused> {
    if *known.id == *member {
        return Ok(());
    }
    let message = format!("Static member {member} with instance id {instance} was fenced by member {}.", known.id);
    Err(refused(ErrorCode::FencedInstanceId, message))
}

/// Whose epoch is the member's, or the one before with nothing that it has lost: the answer with the newer one may have been lost.
fn check_epoch(member: &Member, epoch: i32, owned: Option<&Partitions>) -> Result<(), Refused> {
    let accepted = || epoch == member.previous_epoch && owned.is_some_and(|owned| is_subset(owned, &member.assigned));
    if epoch == member.epoch || epoch < member.epoch && accepted() {
        return Ok(());
    }
    let size = if epoch > member.epoch { "greater" } else { "smaller" };
    let message = format!(
        "The consumer group member has a {size} member epoch ({epoch}) than the one known by the group coordinator ({}). The member must \
         abandon all its partitions and rejoin.",
        member.epoch
    );
    Err(refused(ErrorCode::FencedMemberEpoch, message))
}

impl GroupCoordinator {
    pub(in crate::kafka::coordinator) fn consumer_heartbeat(
        &mut self,
        now: Time,
        token: Token,
        caller: &Caller,
        request: &ConsumerGroupHeartbeatRequest,
    ) {
        let done = check(request, caller.version, &self.cx.config.consumer_assignors).and_then(|()| {
            self.locate(&request.group_id).map_err(|error| refused(error, ""))?;
            if request.member_epoch < 0 { self.leave_consumer_group(now, token, request) } else { self.live(now, token, caller, request) }
        });
        if let Err(why) = done {
            self.cx.respond(token, Response::ConsumerGroupHeartbeat(heartbeat_error(&why)));
        }
    }

    fn live(&mut self, now: Time, token: Token, caller: &Caller, request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refused> {
        let joins = request.member_epoch == 0;
        let owned = request.topic_partitions.as_deref().map(partitions_of);
        let topics = Arc::clone(&self.topics);
        let mut step = self.consumer_step(now, &topics, &request.group_id, joins)?;
        let id: Arc<str> =
            if request.member_id.is_empty() { Arc::from(self.cx.rng.uuid().to_string()) } else { Arc::from(request.member_id.as_ref()) };
        self.check_consumer_group_size(&step, &id)?;
        let member = match request.instance_id.as_deref() {
            None => dynamic(&step, &id, joins, request.member_epoch, owned.as_ref())?,
            Some(instance) => static_member(&mut step, &id, instance, joins, request.member_epoch, owned.as_ref())?,
        };
        let updated = said(&member, caller, request);
        let mut bump = step.group.epoch == 0;
        bump |= step.update(&member, &updated);
        bump |= self.update_regex(&mut step, &member, &updated)?;
        step.refresh_if_due(bump);
        step.assign(&self.cx.config);
        step.reconcile(&mut self.cx, &id, owned.as_ref())?;
        let Some(updated) = step.group.members.get(&id).cloned() else { return Err(unknown_member(&id, &request.group_id)) };
        let session = now.plus_millis(i64::from(self.cx.config.session_timeout_ms(&request.group_id)));
        self.cx.timers.schedule(&step.group.common.id, Kind::Session(id.clone()), session, updated.shown());

        let subscribes = request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
        let is_full = request.rebalance_timeout_ms != -1 && subscribes && owned.is_some();
        let response = ConsumerGroupHeartbeatResponse {
            member_id: Some(text(&id)),
            member_epoch: updated.epoch,
            heartbeat_interval_ms: self.cx.config.heartbeat_interval_ms(&request.group_id),
            assignment: (joins || is_full || member.assigned != updated.assigned).then(|| assignment(&updated.assigned)),
            ..ConsumerGroupHeartbeatResponse::default()
        };
        self.finish(step, Some((token, Response::ConsumerGroupHeartbeat(response))));
        Ok(())
    }

    pub(super) fn check_consumer_group_size(&self, step: &Step<'_>, member: &str) -> Result<(), Refused> {
        let full = i64::try_from(step.group.members.len()).unwrap_or(i64::MAX) >= i64::from(self.cx.config.consumer_max_size);
        if !full || step.group.members.contains_key(member) {
            return Ok(());
        }
        let message = format!("The consumer group has reached its maximum capacity of {} members.", self.cx.config.consumer_max_size);
        Err(refused(ErrorCode::GroupMaxSizeReached, message))
    }

    /// `maybeUpdateRegularExpressions`: whether the group needs another epoch. Matching takes its time: what comes of it is in the log
    /// later.
    fn update_regex(&mut self, step: &mut Step<'_>, before: &Member, member: &Member) -> Result<bool, Refused> {
        let (mut bump, mut refresh) = (false, false);
        if before.regex != member.regex {
            // The member is in the group as it is now.
            if !before.regex.is_empty() && step.group.subscribers_of(&before.regex) == 0 {
                step.log(Record::Regex(before.regex.clone(), None));
            }
            if !member.regex.is_empty() {
                if step.group.subscribers_of(&member.regex) == 1 {
                    expression::compile(&member.regex).map_err(|why| {
                        let message = format!("SubscribedTopicRegex `{}` is not a valid regular expression: {why}.", member.regex);
                        refused(ErrorCode::InvalidRegularExpression, message)
                    })?;
                    refresh = true;
                } else {
                    bump = step.group.regexes.contains_key(&member.regex);
                }
            }
        }
        let in_use = step.group.regexes_in_use();
        if in_use.is_empty() || step.group.matching {
            return Ok(bump);
        }
        let last = step.group.regexes.values().next();
        let (last_ms, last_version) = last.map_or((i64::MIN, 0), |last| (last.timestamp, last.version));
        let now_ms = step.now.millis();
        if now_ms <= last_ms.saturating_add(MIN_INTERVAL_MS) {
            return Ok(bump);
        }
        refresh |= in_use.len() != step.group.regexes.len();
        refresh |= last_version < step.topics.version;
        refresh |= now_ms > last_ms.saturating_add(i64::from(self.cx.config.consumer_regex_refresh_interval_ms));
        if refresh {
            step.group.matching = true;
            let id = &step.group.common.id;
            self.cx.timers.schedule(id, Kind::Regex, step.now, id);
        }
        Ok(bump)
    }

    /// `handleRegularExpressionsResult`.
    pub(in crate::kafka::coordinator) fn match_regexes(&mut self, now: Time, id: &str) {
        let topics = Arc::clone(&self.topics);
        let Ok(mut step) = self.consumer_step(now, &topics, id, false) else { return };
        step.group.matching = false;
        let mut bump = false;
        for regex in step.group.regexes_in_use() {
            let resolved = regex::resolve(now, &topics, &regex);
            bump |= step.group.regexes.get(&regex).map_or(!resolved.topics.is_empty(), |before| before.topics != resolved.topics);
            step.log(Record::Regex(regex, Some(resolved)));
        }
        if bump || step.group.hash(&topics) != step.group.metadata_hash {
            step.refresh(true);
        }
        self.finish(step, None);
    }

    fn leave_consumer_group(&mut self, now: Time, token: Token, request: &ConsumerGroupHeartbeatRequest) -> Result<(), Refused> {
        let topics = Arc::clone(&self.topics);
        if !self.groups.contains_key(request.group_id.as_ref()) {
            return Err(refused(ErrorCode::GroupIdNotFound, format!("Group {} not found.", request.group_id.as_ref())));
        }
        let mut step = self.consumer_step(now, &topics, &request.group_id, false)?;
        let id = request.member_id.as_ref();
        let known = match request.instance_id.as_deref() {
            None => step.group.members.get(id).ok_or_else(|| unknown_member(id, &request.group_id))?,
            Some(instance) => {
                let known = step.group.static_member(instance);
                let known = known.ok_or_else(|| refused(ErrorCode::UnknownMemberId, format!("Instance id {instance} is unknown.")))?;
                fenced_instance(known, id, instance)?;
                known
            }
        };
        let member = known.clone();
        let epoch = if request.instance_id.is_some() { request.member_epoch } else { LEAVE.min(request.member_epoch) };
        let response =
            ConsumerGroupHeartbeatResponse { member_id: Some(text(id)), member_epoch: epoch, ..ConsumerGroupHeartbeatResponse::default() };
        let answer = Some((token, Response::ConsumerGroupHeartbeat(response)));
        if epoch == LEAVE_FOR_NOW && request.instance_id.is_some() {
            let away = Member { epoch: LEAVE_FOR_NOW, revoking: Partitions::new(), ..member };
            step.log(Record::Current(away.id.clone(), Some(Box::new(away))));
            self.finish(step, answer);
        } else {
            self.fence(step, &[member.id].into(), "left", answer);
        }
        Ok(())
    }

    /// Takes members out of the group (`consumerGroupFenceMembers`). Where only members of the classic protocol are left, the group becomes
    /// a classic one.
    pub(super) fn fence(&mut self, mut step: Step<'_>, ids: &SortedVecSet<Arc<str>>, why: &str, answer: Option<(Token, Response)>) {
        if ids.is_empty() {
            return self.finish(step, answer);
        }
        self.tell_left(&step, ids, why);
        if self.can_downgrade(&step, ids) {
            return self.downgrade(step, ids, None, answer);
        }
        for id in ids {
            for kind in [Kind::Session(id.clone()), Kind::Revocation(id.clone()), Kind::Join(id.clone()), Kind::Sync(id.clone())] {
                self.cx.timers.cancel(&step.group.common.id, kind);
            }
            let regex = step.group.members.get(id).map(|member| member.regex.clone()).unwrap_or_default();
            step.remove(id);
            if !regex.is_empty() && step.group.subscribers_of(&regex) == 0 {
                step.log(Record::Regex(regex, None));
            }
        }
        let hash = step.group.hash(step.topics);
        step.log(Record::Epoch(Some((step.group.epoch + 1, hash))));
        self.finish(step, answer);
    }

    /// A member was silent, or late, for too long.
    pub(in crate::kafka::coordinator) fn member_late(&mut self, now: Time, group: &str, member: &Arc<str>, why: &str) {
        let topics = Arc::clone(&self.topics);
        let Ok(step) = self.consumer_step(now, &topics, group, false) else { return };
        if step.group.members.contains_key(member) {
            self.fence(step, &[member.clone()].into(), why, None);
        }
    }
}

/// `getOrMaybeSubscribeDynamicConsumerGroupMember`.
fn dynamic(step: &Step<'_>, id: &Arc<str>, joins: bool, epoch: i32, owned: Option<&Partitions>) -> Result<Member, Refused> {
    let member = match step.group.members.get(id) {
        Some(member) => member.clone(),
        None if joins => Member::new(id.clone()),
        None => return Err(unknown_member(id, &step.group.common.id)),
    };
    check_epoch(&member, epoch, owned)?;
    Ok(member)
}

/// `getOrMaybeSubscribeStaticConsumerGroupMember`.
fn static_member(
    step: &mut Step<'_>,
    id: &Arc<str>,
    instance: &str,
    joins: bool,
    epoch: i32,
    owned: Option<&Partitions>,
) -> Result<Member, Refused> {
    let known = step.group.static_member(instance).cloned();
    if !joins {
        let known = known.ok_or_else(|| refused(ErrorCode::UnknownMemberId, format!("Instance id {instance} is unknown.")))?;
        fenced_instance(&known, id, instance)?;
        check_epoch(&known, epoch, owned)?;
        return Ok(known);
    }
    let Some(known) = known else {
        return Ok(step.group.members.get(id).cloned().unwrap_or_else(|| Member::new(id.clone())));
    };
    if known.classic.is_none() && known.epoch != LEAVE_FOR_NOW {
        let message = format!(
            "Static member {id} with instance id {instance} cannot join the group because the instance id is owned by {} member.",
            known.id
        );
        return Err(refused(ErrorCode::UnreleasedInstanceId, message));
    }
    let member = Member { id: id.clone(), epoch: 0, previous_epoch: 0, ..known.clone() };
    step.replace(&known, &member);
    Ok(member)
}

/// The member with what it says of itself; what it leaves out is as it was.
fn said(member: &Member, caller: &Caller, request: &ConsumerGroupHeartbeatRequest) -> Member {
    let or = |said: &Option<Arc<str>>, had: &Option<Arc<str>>| said.clone().or_else(|| had.clone());
    let mut updated = Member {
        instance: or(&request.instance_id, &member.instance),
        rack: or(&request.rack_id, &member.rack),
        assignor: or(&request.server_assignor, &member.assignor),
        client_id: caller.client_id.clone(),
        host: caller.host.clone(),
        classic: None,
        ..member.clone()
    };
    if request.rebalance_timeout_ms != -1 {
        updated.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(names) = &request.subscribed_topic_names {
        updated.topics = names.iter().map(|name| name.0.clone()).collect();
    }
    if let Some(regex) = &request.subscribed_topic_regex {
        updated.regex = regex.clone();
    }
    updated
}

fn assignment(partitions: &Partitions) -> Assignment {
    let topic = |(topic_id, partitions): (&uuid::Uuid, &SortedVecSet<i32>)| TopicPartitions {
        topic_id: *topic_id,
        partitions: partitions.iter().copied().collect(),
    };
    Assignment { topic_partitions: partitions.iter().map(topic).collect() }
}
