//! Requests on their way to their groups: checks that come before any group, and the APIs about many groups.

use super::GroupState;
use super::classic::{ClassicGroup, Join, join_error, left_answer, sync_error};
use super::group::{GROUP_OPERATIONS, Group, text};
use super::offsets::{self, Wanted};
use super::output::Pending;
use super::records::MAX_STRING_BYTES;
use super::{Caller, Deletion, GroupCoordinator, GroupEvent, Request, Response, Token};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::murmur2::coordinator_partition;
use bytes::Bytes;
use m::delete_groups_response::DeletableGroupResult;
use m::describe_groups_response::DescribedGroup;
use m::leave_group_request::MemberIdentity;
use m::offset_fetch_response::OffsetFetchResponseGroup;
use std::sync::Arc;

impl GroupCoordinator {
    /// The partition that the group lives in, if its id is one and the partition is led here.
    pub(super) fn locate(&self, group: &str) -> Result<i32, ErrorCode> {
        if group.is_empty() || group.len() > MAX_STRING_BYTES as usize {
            return Err(ErrorCode::InvalidGroupId);
        }
        self.locate_any(group)
    }

    /// The same for the APIs that allow the empty group id (offsets of old, simple consumers).
    fn locate_any(&self, group: &str) -> Result<i32, ErrorCode> {
        if group.len() > MAX_STRING_BYTES as usize {
            return Err(ErrorCode::InvalidGroupId);
        }
        let partition = coordinator_partition(group, self.cx.config.offsets_topic_partitions);
        if self.led.contains(&partition) { Ok(partition) } else { Err(ErrorCode::NotCoordinator) }
    }

    pub(super) fn create(&mut self, now: Time, id: &str, partition: i32) -> &mut Group {
        let common = self.new_common(id, partition);
        self.groups.entry(Arc::clone(&common.id)).or_insert_with(|| Group::Classic(ClassicGroup::new(common, now)))
    }

    pub(super) fn handle(&mut self, now: Time, token: Token, caller: &Caller, request: Request, exists: &dyn Fn(&str, i32) -> bool) {
        let response = match request {
            Request::JoinGroup(request) => return self.join(&Join { now, token, caller, request: &request }),
            Request::SyncGroup(request) => return self.sync(now, token, caller, &request),
            Request::OffsetCommit(request) => return self.commit(now, token, caller, &request, exists),
            Request::TxnOffsetCommit(request) => return self.commit_in_transaction(now, token, request, exists),
            Request::OffsetDelete(request) => return self.delete_offsets(now, token, &request, exists),
            Request::DeleteGroups(request) => return self.delete_groups(now, token, &request),
            Request::ConsumerGroupHeartbeat(request) => return self.consumer_heartbeat(now, token, caller, &request),
            Request::ConsumerGroupDescribe(request) => Response::ConsumerGroupDescribe(self.describe_consumer_groups(&request)),
            Request::LeaveGroup(request) => return self.leave(now, token, caller, &request),
            Request::Heartbeat(request) => {
                let error = match self.locate(&request.group_id) {
                    Err(error) => error,
                    Ok(_) => match self.groups.get(request.group_id.as_ref()) {
                        Some(Group::Classic(group)) => group.heartbeat(now, &mut self.cx, &request),
                        Some(Group::Consumer(_)) => self.classic_heartbeat(now, &request),
                        None => ErrorCode::UnknownMemberId,
                    },
                };
                Response::Heartbeat(m::HeartbeatResponse { error_code: error.code(), ..m::HeartbeatResponse::default() })
            }
            Request::OffsetFetch(request) => Response::OffsetFetch(self.fetch(caller.version, &request)),
            Request::ListGroups(request) => Response::ListGroups(self.list(&request)),
            Request::DescribeGroups(request) => Response::DescribeGroups(self.describe(caller.version, &request)),
        };
        self.cx.respond(token, response);
    }

    fn join(&mut self, join: &Join<'_>) {
        let (id, member) = (join.request.group_id.as_ref(), join.request.member_id.as_ref());
        if id.is_empty() {
            return join.refuse(&mut self.cx, member, ErrorCode::InvalidGroupId);
        }
        let (least, most) = (self.cx.config.min_session_timeout_ms, self.cx.config.max_session_timeout_ms);
        if !(least..=most).contains(&join.request.session_timeout_ms) {
            return join.refuse(&mut self.cx, member, ErrorCode::InvalidSessionTimeout);
        }
        let partition = match self.locate(id) {
            Ok(partition) => partition,
            Err(error) => return join.refuse(&mut self.cx, member, error),
        };
        let former = match self.groups.get(id) {
            Some(group @ Group::Consumer(_)) if group.is_empty() => group.tombstones(),
            Some(Group::Consumer(_)) => return self.join_consumer_group(join),
            Some(Group::Classic(_)) | None => Vec::new(),
        };
        let is_new = !former.is_empty() || !self.groups.contains_key(id);
        if is_new {
            if !member.is_empty() {
                return join.refuse(&mut self.cx, member, ErrorCode::UnknownMemberId);
            }
            self.create(join.now, id, partition);
        }
        if !former.is_empty() {
            self.replace_by_classic(join.now, id, former);
        }
        if let Some(Group::Classic(group)) = self.groups.get_mut(id) {
            if is_new {
                group.log_new(join.now, &mut self.cx);
            }
            group.join(&mut self.cx, join);
        }
    }

    /// An empty group of the consumer protocol becomes a classic one; its offsets stay.
    fn replace_by_classic(&mut self, now: Time, id: &str, tombstones: Vec<(Bytes, Option<Bytes>)>) {
        let Some(group) = self.groups.get(id) else { return };
        let classic = ClassicGroup::new(group.common().clone(), now);
        self.cx.append(now, &classic.common, tombstones, Pending::Group);
        self.groups.insert(classic.common.id.clone(), Group::Classic(classic));
    }

    fn sync(&mut self, now: Time, token: Token, caller: &Caller, request: &m::SyncGroupRequest) {
        let error = match self.locate(&request.group_id) {
            Err(error) => error,
            Ok(_) => match self.groups.get_mut(request.group_id.as_ref()) {
                Some(Group::Classic(group)) => return group.sync(now, &mut self.cx, token, caller, request),
                Some(Group::Consumer(_)) => return self.sync_consumer_group(now, token, request),
                None => ErrorCode::UnknownMemberId,
            },
        };
        self.cx.respond(token, Response::SyncGroup(sync_error(error)));
    }

    fn leave(&mut self, now: Time, token: Token, caller: &Caller, request: &m::LeaveGroupRequest) {
        if let Err(error) = self.locate(&request.group_id) {
            let response = m::LeaveGroupResponse { error_code: error.code(), ..m::LeaveGroupResponse::default() };
            return self.cx.respond(token, Response::LeaveGroup(response));
        }
        let is_old = caller.version < 3;
        let answer = move |members: Vec<m::leave_group_response::MemberResponse>| {
            let response = m::LeaveGroupResponse::default();
            if is_old {
                return m::LeaveGroupResponse { error_code: members.first().map_or(0, |member| member.error_code), ..response };
            }
            m::LeaveGroupResponse { members, ..response }
        };
        let single = [MemberIdentity { member_id: request.member_id.clone(), ..MemberIdentity::default() }];
        let leaving = if is_old { &single[..] } else { &request.members[..] };
        let members = match self.groups.get_mut(request.group_id.as_ref()) {
            Some(Group::Classic(group)) => group.leave(now, &mut self.cx, leaving),
            Some(Group::Consumer(_)) => return self.leave_as_classic(now, token, &request.group_id, leaving, answer),
            None => leaving.iter().map(|identity| left_answer(identity, ErrorCode::UnknownMemberId)).collect(),
        };
        self.cx.respond(token, Response::LeaveGroup(answer(members)));
    }

    fn commit(&mut self, now: Time, token: Token, caller: &Caller, request: &m::OffsetCommitRequest, exists: &dyn Fn(&str, i32) -> bool) {
        let checked = self.locate_any(&request.group_id).and_then(|partition| {
            if let Some(group) = self.groups.get(request.group_id.as_ref()) {
                let checked = if self.cx.config.takes_any_commit { Ok(()) } else { group.validate_commit(caller.version, request) };
                return checked.map(|()| partition);
            }
            match request.generation_id_or_member_epoch {
                ..0 => Ok(partition),
                _ if caller.version >= 9 => Err(ErrorCode::GroupIdNotFound),
                _ => Err(ErrorCode::IllegalGeneration),
            }
        });
        match checked {
            Ok(partition) => {
                let some = request.topics.iter().any(|topic| topic.partitions.iter().any(|p| exists(&topic.name, p.partition_index)));
                if some && !self.groups.contains_key(request.group_id.as_ref()) {
                    self.create(now, &request.group_id, partition);
                }
                if let Some(group) = self.groups.get(request.group_id.as_ref()) {
                    return group.commit(now, &mut self.cx, token, request, exists, None);
                }
                let response = offsets::commit_answer(request, |_, _| ErrorCode::UnknownTopicOrPartition);
                self.cx.respond(token, Response::OffsetCommit(response));
            }
            Err(error) => {
                let response =
                    offsets::commit_answer(
                        request,
                        |topic, partition| {
                            if exists(topic, partition) { error } else { ErrorCode::UnknownTopicOrPartition }
                        },
                    );
                self.cx.respond(token, Response::OffsetCommit(response));
            }
        }
    }

    fn fetch(&self, version: i16, request: &m::OffsetFetchRequest) -> m::OffsetFetchResponse {
        let answer = m::OffsetFetchResponse::default();
        let stable = request.require_stable.then_some(&self.cx);
        if version >= 8 {
            let groups = request.groups.iter().map(|asked| {
                let wanted: Wanted<'_> = asked
                    .topics
                    .as_ref()
                    .map(|topics| topics.iter().map(|topic| (topic.name.as_ref(), &topic.partition_indexes[..])).collect());
                let response = OffsetFetchResponseGroup { group_id: asked.group_id.clone(), ..OffsetFetchResponseGroup::default() };
                let group = self.groups.get(asked.group_id.as_ref());
                let checked = self.locate_any(&asked.group_id).and_then(|_| match group {
                    Some(Group::Consumer(group)) => group.validate_fetch(asked.member_id.as_deref(), asked.member_epoch),
                    Some(Group::Classic(_)) | None => Ok(()),
                });
                match checked {
                    Ok(()) => OffsetFetchResponseGroup { topics: offsets::fetch(group, &wanted, stable), ..response },
                    Err(error) => OffsetFetchResponseGroup { error_code: error.code(), ..response },
                }
            });
            return m::OffsetFetchResponse { groups: groups.collect(), ..answer };
        }
        let wanted: Wanted<'_> =
            request.topics.as_ref().map(|topics| topics.iter().map(|topic| (topic.name.as_ref(), &topic.partition_indexes[..])).collect());
        match self.locate_any(&request.group_id) {
            Ok(_) => {
                let topics = offsets::fetch(self.groups.get(request.group_id.as_ref()), &wanted, stable);
                m::OffsetFetchResponse { topics: offsets::old_shape(topics, ErrorCode::None), ..answer }
            }
            Err(error) if version >= 2 => m::OffsetFetchResponse { error_code: error.code(), ..answer },
            Err(error) => m::OffsetFetchResponse { topics: offsets::old_shape(offsets::fetch(None, &wanted, None), error), ..answer },
        }
    }

    fn delete_offsets(&mut self, now: Time, token: Token, request: &m::OffsetDeleteRequest, exists: &dyn Fn(&str, i32) -> bool) {
        let error = match self.locate(&request.group_id) {
            Err(error) => error,
            Ok(_) => match self.groups.get(request.group_id.as_ref()) {
                Some(group) => return group.delete_offsets(now, &mut self.cx, token, request, exists),
                None => ErrorCode::GroupIdNotFound,
            },
        };
        self.cx.respond(
            token,
            Response::OffsetDelete(m::OffsetDeleteResponse { error_code: error.code(), ..m::OffsetDeleteResponse::default() }),
        );
    }

    fn list(&self, request: &m::ListGroupsRequest) -> m::ListGroupsResponse {
        let passes = |filter: &[Str], value: &str| filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(value));
        let groups = self
            .groups
            .values()
            .filter(|group| passes(&request.states_filter, group.state().name()) && passes(&request.types_filter, group.type_name()))
            .map(Group::listed);
        m::ListGroupsResponse { groups: groups.collect(), ..m::ListGroupsResponse::default() }
    }

    fn describe(&self, version: i16, request: &m::DescribeGroupsRequest) -> m::DescribeGroupsResponse {
        let groups = request.groups.iter().map(|id| {
            let nothing = DescribedGroup { group_id: id.clone(), ..DescribedGroup::default() };
            let described = match self.locate_any(id) {
                Err(error) => DescribedGroup { error_code: error.code(), ..nothing },
                Ok(_) => match self.groups.get(id.as_ref()) {
                    Some(Group::Classic(group)) => group.described(),
                    group if version >= 6 => {
                        let what = if group.is_some() { "is not a classic group" } else { "not found" };
                        DescribedGroup {
                            group_state: text(GroupState::Dead.name()),
                            error_code: ErrorCode::GroupIdNotFound.code(),
                            error_message: Some(Str::from(format!("Group {} {what}.", id.as_ref()))),
                            ..nothing
                        }
                    }
                    _ => DescribedGroup { group_state: text(GroupState::Dead.name()), ..nothing },
                },
            };
            let tells = request.include_authorized_operations && described.error_code == 0;
            let authorized_operations = if tells { GROUP_OPERATIONS } else { described.authorized_operations };
            DescribedGroup { authorized_operations, ..described }
        });
        m::DescribeGroupsResponse { groups: groups.collect(), ..m::DescribeGroupsResponse::default() }
    }

    fn delete_groups(&mut self, now: Time, token: Token, request: &m::DeleteGroupsRequest) {
        let deletion_id = self.next_deletion;
        self.next_deletion += 1;
        let mut deletion = Deletion { token, results: Vec::new(), waits_for: 0 };
        let mut seen = SortedVecSet::new();
        for id in request.groups_names.iter().filter(|id| seen.insert((*id).clone())) {
            let error = match self.locate_any(id) {
                Err(error) => error,
                Ok(_) => match self.groups.get(id.as_ref()).map(Group::is_empty) {
                    None => ErrorCode::GroupIdNotFound,
                    Some(false) => ErrorCode::NonEmptyGroup,
                    Some(true) => {
                        self.delete(now, id, Some(deletion_id), "deleted");
                        deletion.waits_for += 1;
                        ErrorCode::None
                    }
                },
            };
            deletion.results.push(DeletableGroupResult { group_id: id.clone(), error_code: error.code() });
        }
        if deletion.waits_for == 0 {
            self.cx.respond(token, deletion.response());
        } else {
            self.deletions.insert(deletion_id, deletion);
        }
    }

    /// Takes an empty group and its offsets away, with tombstones for all of it.
    pub(super) fn delete(&mut self, now: Time, id: &str, deletion: Option<u64>, why: &str) {
        let Some(group) = self.groups.remove(id) else { return };
        let common = group.common();
        self.cx.timers.cancel_group(&common.id);
        let places = common.places(self.cx.in_flight.values());
        let mut records = common.offset_tombstones(&places);
        records.extend(group.tombstones());
        self.cx.event(GroupEvent::StateChanged {
            group: Arc::clone(&common.id),
            from: group.state(),
            to: GroupState::Dead,
            generation: group.epoch(),
            why: Arc::from(why),
        });
        let pending = Pending::Delete { group: Box::new(group.clone()), deletion };
        self.cx.append(now, common, records, pending);
    }

    /// A waiting DeleteGroups hears of one of its groups.
    pub(super) fn deleted(&mut self, deletion: Option<u64>, group: &str, error: ErrorCode) {
        let Some(id) = deletion else { return };
        let Some(waiting) = self.deletions.get_mut(&id) else { return };
        for result in waiting.results.iter_mut().filter(|result| **result.group_id == *group && result.error_code == 0) {
            result.error_code = error.code();
        }
        waiting.waits_for = waiting.waits_for.saturating_sub(1);
        if waiting.waits_for == 0
            && let Some(done) = self.deletions.remove(&id)
        {
            self.cx.respond(done.token, done.response());
        }
    }

    /// The JoinGroups and SyncGroups that wait in a group whose first record could not be written.
    pub(super) fn creation_failed(&mut self, id: &str, error: ErrorCode) {
        let Some(Group::Classic(group)) = self.groups.get_mut(id) else { return };
        let members: Vec<Arc<str>> = group.members.iter().map(|member| Arc::clone(&member.id)).collect();
        for member in members {
            group.answer_join(&mut self.cx, &member, join_error("", error));
        }
    }
}
