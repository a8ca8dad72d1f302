//! Members of a consumer group that still speak the classic protocol (KIP-848's online upgrade): their JoinGroup, SyncGroup, Heartbeat and
//! LeaveGroup, as steps of the same reconciliation (`classicGroupJoinToConsumerGroup` and its kin).

use super::heartbeat::{fenced_instance, unknown_member};
use super::member::{ClassicMember, LEAVE_FOR_NOW, Member, MemberState, Partitions};
use super::step::Step;
use super::{ConsumerGroup, Refused, refused};
use crate::kafka::coordinator::classic::{Join, join_error, left_answer, protocols, sync_error};
use crate::kafka::coordinator::group::{CONSUMER, text};
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::topics::Topics;
use crate::kafka::coordinator::{GroupCoordinator, Response, Token};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{self as m, Message};
use bytes::{Buf, Bytes};
use std::sync::Arc;

/// The newest version of `ConsumerProtocolSubscription` and `ConsumerProtocolAssignment`.
const NEWEST: i16 = 3;

/// What a member of the classic protocol says of itself: the version, and the message in it.
pub fn subscription(mut metadata: Bytes) -> Option<(i16, m::ConsumerProtocolSubscription)> {
    let version = metadata.try_get_i16().ok().filter(|version| *version >= 0)?.min(NEWEST);
    m::ConsumerProtocolSubscription::read(metadata, version).ok().map(|(said, _)| (version, said))
}

pub fn read_assignment(mut assignment: Bytes) -> Option<m::ConsumerProtocolAssignment> {
    let version = assignment.try_get_i16().ok().filter(|version| *version >= 0)?.min(NEWEST);
    m::ConsumerProtocolAssignment::read(assignment, version).ok().map(|(said, _)| said)
}

/// Partitions as a `ConsumerProtocolAssignment` of this version.
pub fn write_assignment(topics: &Topics, partitions: &Partitions, version: i16) -> Bytes {
    use m::consumer_protocol_assignment::TopicPartition;
    let named = partitions.iter().filter_map(|(topic, partitions)| {
        let name = topics.name(*topic)?;
        Some(TopicPartition { topic: m::TopicName(name.clone()), partitions: partitions.iter().copied().collect() })
    });
    let message = m::ConsumerProtocolAssignment { assigned_partitions: named.collect(), ..m::ConsumerProtocolAssignment::default() };
    let head = version.to_be_bytes().to_vec();
    message.write(head.clone(), version).unwrap_or(head).into()
}

fn owned_partitions(topics: &Topics, said: &m::ConsumerProtocolSubscription) -> Partitions {
    let known =
        said.owned_partitions.iter().filter_map(|topic| Some((topics.id(&topic.topic)?, topic.partitions.iter().copied().collect())));
    known.filter(|(_, partitions): &(_, SortedVecSet<i32>)| !partitions.is_empty()).collect()
}

impl ConsumerGroup {
    /// `supportsClassicProtocols`: all members of the classic protocol have one of these in common.
    fn supports(&self, protocol_type: &str, offered: &[(Arc<str>, Bytes)]) -> bool {
        let mut classic = self.members.values().filter_map(|member| member.classic.as_ref());
        let common = |name: &Arc<str>| classic.clone().all(|other| other.protocols.iter().any(|(known, _)| known == name));
        let any = offered.iter().any(|(name, _)| common(name));
        protocol_type == CONSUMER && any && (classic.next().is_some() || !offered.is_empty())
    }

    /// `validateConsumerGroupMember`, of a member of the classic protocol in its generation.
    fn classic_member(&self, id: &str, instance: Option<&str>, generation: i32) -> Result<(&Member, &ClassicMember), Refused> {
        let unknown = || unknown_member(id, &self.common.id);
        let member = match instance {
            None => self.members.get(id).ok_or_else(unknown)?,
            Some(instance) => {
                let member = self.static_member(instance).ok_or_else(unknown)?;
                fenced_instance(member, id, instance)?;
                member
            }
        };
        let classic = member.classic.as_ref().ok_or_else(unknown)?;
        if member.epoch != generation {
            return Err(refused(ErrorCode::IllegalGeneration, ""));
        }
        Ok((member, classic))
    }

    /// Something in the member's target is not free yet.
    fn waits(&self, member: &Member) -> bool {
        let target = self.target_of(&member.id);
        let missing = |topic: &uuid::Uuid, partition: &i32| !member.assigned.get(topic).is_some_and(|all| all.contains(partition));
        target.iter().any(|(topic, all)| all.iter().any(|one| missing(topic, one) && self.is_owned(*topic, *one)))
    }
}

impl GroupCoordinator {
    pub(in crate::kafka::coordinator) fn join_consumer_group(&mut self, join: &Join<'_>) {
        if let Err(why) = self.join_as_classic(join) {
            join.refuse(&mut self.cx, &join.request.member_id, why.error);
        }
    }

    fn join_as_classic(&mut self, join: &Join<'_>) -> Result<(), Refused> {
        let (now, request) = (join.now, join.request);
        let topics = Arc::clone(&self.topics);
        let mut step = self.consumer_step(now, &topics, &request.group_id, false)?;
        let is_new = request.member_id.is_empty();
        let id: Arc<str> = if is_new { Arc::from(self.cx.rng.uuid().to_string()) } else { Arc::from(request.member_id.as_ref()) };
        self.check_consumer_group_size(&step, &id)?;
        let offered = protocols(request);
        if !step.group.supports(&request.protocol_type, &offered) {
            return Err(refused(ErrorCode::InconsistentGroupProtocol, ""));
        }
        if is_new && request.group_instance_id.is_none() && join.caller.version >= 4 {
            join.refuse(&mut self.cx, &id, ErrorCode::MemberIdRequired);
            return Ok(());
        }
        let first = offered.first().map(|(_, metadata)| metadata.clone()).unwrap_or_default();
        let (_, said) = subscription(first).ok_or_else(|| refused(ErrorCode::UnknownServerError, ""))?;
        let replaced = request.group_instance_id.as_deref().and_then(|instance| step.group.static_member(instance)).cloned();
        let downgrade = replaced.as_ref().is_some_and(|replaced| self.can_downgrade_by_replacing(&step, replaced));
        let member = classic_joiner(&mut step, join, &id, replaced.as_ref())?;
        let updated = Member {
            instance: request.group_instance_id.clone().or_else(|| member.instance.clone()),
            rack: said.rack_id.clone().filter(|rack| !rack.is_empty()).or_else(|| member.rack.clone()),
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            topics: said.topics.iter().cloned().collect(),
            client_id: join.caller.client_id.clone(),
            host: join.caller.host.clone(),
            classic: Some(ClassicMember { session_timeout_ms: request.session_timeout_ms, protocols: offered }),
            ..member.clone()
        };
        let changed = step.update(&member, &updated);
        step.refresh_if_due(changed);
        let owned = owned_partitions(&topics, &said);
        if !downgrade {
            step.assign(&self.cx.config);
        }
        if !(downgrade && changed) {
            step.reconcile(&mut self.cx, &id, Some(&owned))?;
        }
        let epoch = step.group.members.get(&id).map_or(0, |member| member.epoch);
        let response = Response::JoinGroup(m::JoinGroupResponse {
            member_id: text(&id),
            generation_id: epoch,
            protocol_type: Some(text(CONSUMER)),
            protocol_name: updated.classic.as_ref().and_then(|classic| Some(classic.protocols.first()?.0.clone())),
            ..m::JoinGroupResponse::default()
        });
        let answer = Some((join.token, response));
        let group = step.group.common.id.clone();
        self.cx.timers.cancel(&group, Kind::Join(id.clone()));
        if downgrade {
            self.downgrade(step, &SortedVecSet::new(), Some(changed), answer);
        } else {
            let session = now.plus_millis(i64::from(request.session_timeout_ms));
            self.cx.timers.schedule(&group, Kind::Session(id.clone()), session, updated.shown());
            let sync = now.plus_millis(i64::from(request.rebalance_timeout_ms));
            self.cx.timers.schedule(&group, Kind::Sync(id.clone()), sync, updated.shown());
            self.finish(step, answer);
        }
        Ok(())
    }

    pub(in crate::kafka::coordinator) fn sync_consumer_group(&mut self, now: Time, token: Token, request: &m::SyncGroupRequest) {
        let answer = match self.synced_in_consumer_group(now, request) {
            Ok(response) => response,
            Err(why) => sync_error(why.error),
        };
        self.answer_in_order(&request.group_id, Some((token, Response::SyncGroup(answer))));
    }

    fn synced_in_consumer_group(&mut self, now: Time, request: &m::SyncGroupRequest) -> Result<m::SyncGroupResponse, Refused> {
        let topics = Arc::clone(&self.topics);
        let step = self.consumer_step(now, &topics, &request.group_id, false)?;
        let group = &step.group;
        let instance = request.group_instance_id.as_deref();
        let (member, classic) = group.classic_member(&request.member_id, instance, request.generation_id)?;
        let (name, metadata) = classic.protocols.first().cloned().unwrap_or_default();
        let other = |asked: &Option<Arc<str>>, own: &str| asked.as_deref().is_some_and(|asked| asked != own);
        if other(&request.protocol_type, CONSUMER) || other(&request.protocol_name, &name) {
            return Err(refused(ErrorCode::InconsistentGroupProtocol, ""));
        }
        if group.epoch > member.epoch && !member.is_revoking() {
            self.expect_join(now, &group.common.id, member);
            return Err(refused(ErrorCode::RebalanceInProgress, ""));
        }
        self.cx.timers.cancel(&group.common.id, Kind::Sync(member.id.clone()));
        self.touch_classic(now, &group.common.id, member, classic);
        let version = subscription(metadata).map_or(NEWEST, |(version, _)| version);
        Ok(m::SyncGroupResponse {
            protocol_type: request.protocol_type.clone(),
            protocol_name: request.protocol_name.clone(),
            assignment: write_assignment(&topics, &member.assigned, version),
            ..m::SyncGroupResponse::default()
        })
    }

    /// A member that is told to join again has its rebalance timeout for it.
    fn expect_join(&mut self, now: Time, group: &Arc<str>, member: &Member) {
        let kind = Kind::Join(member.id.clone());
        if self.cx.timers.deadline(group, kind.clone()).is_none() {
            self.cx.timers.schedule(group, kind, now.plus_millis(i64::from(member.rebalance_timeout_ms)), member.shown());
        }
    }

    fn touch_classic(&mut self, now: Time, group: &Arc<str>, member: &Member, classic: &ClassicMember) {
        let at = now.plus_millis(i64::from(classic.session_timeout_ms));
        self.cx.timers.schedule(group, Kind::Session(member.id.clone()), at, member.shown());
    }

    pub(in crate::kafka::coordinator) fn classic_heartbeat(&mut self, now: Time, request: &m::HeartbeatRequest) -> ErrorCode {
        let topics = Arc::clone(&self.topics);
        let Ok(step) = self.consumer_step(now, &topics, &request.group_id, false) else { return ErrorCode::UnknownMemberId };
        let group = &step.group;
        let instance = request.group_instance_id.as_deref();
        let (member, classic) = match group.classic_member(&request.member_id, instance, request.generation_id) {
            Ok(found) => found,
            Err(why) => return why.error,
        };
        self.touch_classic(now, &group.common.id, member, classic);
        let may_get_more = member.state == MemberState::UnreleasedPartitions && !group.waits(member);
        if member.epoch < group.epoch || member.is_revoking() || may_get_more {
            self.expect_join(now, &group.common.id, member);
            return ErrorCode::RebalanceInProgress;
        }
        ErrorCode::None
    }

    pub(in crate::kafka::coordinator) fn leave_as_classic(
        &mut self,
        now: Time,
        token: Token,
        group: &str,
        leaving: &[m::leave_group_request::MemberIdentity],
        answer: impl FnOnce(Vec<m::leave_group_response::MemberResponse>) -> m::LeaveGroupResponse,
    ) {
        let topics = Arc::clone(&self.topics);
        let Ok(step) = self.consumer_step(now, &topics, group, false) else { return };
        let mut left = SortedVecSet::new();
        let members = leaving.iter().map(|identity| {
            let found = match identity.group_instance_id.as_deref() {
                None => step.group.members.get(identity.member_id.as_ref()).ok_or(ErrorCode::UnknownMemberId),
                Some(instance) => {
                    let known = step.group.static_member(instance).ok_or(ErrorCode::UnknownMemberId);
                    // An administrator removes a static member by its instance id.
                    let own = |known: &&Member| identity.member_id.is_empty() || *known.id == *identity.member_id;
                    known.and_then(|known| if own(&known) { Ok(known) } else { Err(ErrorCode::FencedInstanceId) })
                }
            };
            match found {
                Ok(member) => {
                    left.insert(member.id.clone());
                    left_answer(identity, ErrorCode::None)
                }
                Err(error) => left_answer(identity, error),
            }
        });
        let response = Response::LeaveGroup(answer(members.collect()));
        self.fence(step, &left, "left", Some((token, response)));
    }
}

/// The member that joins: known, new, or in the place of a static one.
fn classic_joiner(step: &mut Step<'_>, join: &Join<'_>, id: &Arc<str>, replaced: Option<&Member>) -> Result<Member, Refused> {
    let Some(instance) = join.request.group_instance_id.as_deref() else {
        return Ok(step.group.members.get(id).cloned().unwrap_or_else(|| Member::new(id.clone())));
    };
    if !join.request.member_id.is_empty() {
        let known = replaced.ok_or_else(|| refused(ErrorCode::UnknownMemberId, ""))?;
        fenced_instance(known, id, instance)?;
        return Ok(known.clone());
    }
    let Some(known) = replaced else { return Ok(Member::new(id.clone())) };
    debug_assert!(known.epoch >= LEAVE_FOR_NOW);
    let member = Member { id: id.clone(), epoch: 0, previous_epoch: 0, ..known.clone() };
    step.replace(known, &member);
    Ok(member)
}

/// The answer to a JoinGroup whose record was refused.
pub fn join_failed(error: ErrorCode) -> Response {
    Response::JoinGroup(join_error("", error))
}
