//! ConsumerGroupDescribe, ListGroups, the page's view, and what is told of a change.

use super::ConsumerGroup;
use super::member::{Member, Partitions};
use super::step::Step;
use crate::kafka::coordinator::group::{CONSUMER, GROUP_OPERATIONS, Group, text};
use crate::kafka::coordinator::output::{Context, Pending};
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::topics::Topics;
use crate::kafka::coordinator::{GroupConfig, GroupCoordinator, GroupEvent, GroupState, GroupView, MemberView, Response, Token, UPGRADED};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use m::consumer_group_describe_response::{Assignment, DescribedGroup, TopicPartitions};
use m::list_groups_response::ListedGroup;
use std::sync::Arc;

fn described_assignment(topics: &Topics, partitions: &Partitions) -> Assignment {
    let topic = |(id, partitions): (&uuid::Uuid, &SortedVecSet<i32>)| {
        let name = topics.name(*id)?;
        Some(TopicPartitions { topic_id: *id, topic_name: m::TopicName(name.clone()), partitions: partitions.iter().copied().collect() })
    };
    Assignment { topic_partitions: partitions.iter().filter_map(topic).collect() }
}

impl ConsumerGroup {
    pub fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: m::GroupId(text(&self.common.id)),
            protocol_type: text(CONSUMER),
            group_state: text(self.state().name()),
            group_type: text(CONSUMER),
        }
    }

    /// What most members ask for, or what is for those that ask for none.
    pub(super) fn assignor_name<'a>(&'a self, config: &'a GroupConfig) -> &'a str {
        self.assignor().or(config.consumer_assignors.first()).map_or("", |name| name)
    }

    fn described(&self, config: &GroupConfig, topics: &Topics) -> DescribedGroup {
        let member = |member: &Member| m::consumer_group_describe_response::Member {
            member_id: member.id.clone(),
            instance_id: member.instance.clone(),
            rack_id: member.rack.clone(),
            member_epoch: member.epoch,
            client_id: member.client_id.clone(),
            client_host: member.host.clone(),
            subscribed_topic_names: member.topics.iter().cloned().map(m::TopicName).collect(),
            subscribed_topic_regex: Some(member.regex.clone()),
            assignment: described_assignment(topics, &member.assigned),
            target_assignment: described_assignment(topics, &self.target_of(&member.id)),
            member_type: i8::from(member.classic.is_none()),
        };
        DescribedGroup {
            group_id: m::GroupId(text(&self.common.id)),
            group_state: text(self.state().name()),
            group_epoch: self.epoch,
            assignment_epoch: self.target_epoch,
            assignor_name: text(self.assignor_name(config)),
            members: self.members.values().map(member).collect(),
            ..DescribedGroup::default()
        }
    }

    pub fn view(&self, cx: &Context, topics: &Topics) -> GroupView {
        let group = &self.common.id;
        let next = |member: &Member| {
            let kinds = [Kind::Revocation(member.id.clone()), Kind::Join(member.id.clone()), Kind::Sync(member.id.clone())];
            kinds.into_iter().filter_map(|kind| cx.timers.reasoned(group, kind)).min_by_key(|(at, _)| *at)
        };
        let member = |member: &Member| {
            let session = cx.timers.deadline(group, Kind::Session(member.id.clone())).unwrap_or(Time::NEVER);
            MemberView {
                member: member.id.clone(),
                client_id: member.client_id.clone(),
                instance: member.instance.clone(),
                assignment: Self::named(topics, &member.assigned),
                session_deadline: session,
                session_timeout_ms: member
                    .classic
                    .as_ref()
                    .map_or_else(|| cx.config.session_timeout_ms(group), |classic| classic.session_timeout_ms),
                epoch: member.epoch,
                revoking: Self::named(topics, &member.revoking),
                target: Self::named(topics, &self.target_of(&member.id)),
            }
        };
        GroupView {
            group: group.clone(),
            group_type: CONSUMER,
            state: self.state(),
            generation: self.epoch,
            protocol: Some(Arc::from(self.assignor_name(&cx.config))),
            leader: None,
            members: self.members.values().map(member).collect(),
            deadline: self.members.values().filter_map(next).min_by_key(|(at, _)| *at),
            offsets: self.common.offsets.iter().map(|((topic, partition), kept)| (topic.clone(), *partition, kept.offset)).collect(),
        }
    }
}

impl GroupCoordinator {
    pub(in crate::kafka::coordinator) fn describe_consumer_groups(
        &self,
        request: &m::ConsumerGroupDescribeRequest,
    ) -> m::ConsumerGroupDescribeResponse {
        let groups = request.group_ids.iter().map(|id| {
            let failed = |error: ErrorCode, message: Option<String>| DescribedGroup {
                group_id: id.clone(),
                error_code: error.code(),
                error_message: message.map(|message| text(&message)),
                ..DescribedGroup::default()
            };
            let described = match self.locate(id).map(|_| self.groups.get(id.as_ref())) {
                Err(error) => failed(error, None),
                Ok(Some(Group::Consumer(group))) => group.described(&self.cx.config, &self.topics),
                Ok(Some(Group::Classic(_))) => {
                    failed(ErrorCode::GroupIdNotFound, Some(format!("Group {} is not a consumer group.", id.as_ref())))
                }
                Ok(None) => failed(ErrorCode::GroupIdNotFound, Some(format!("Group {} not found.", id.as_ref()))),
            };
            let tells = request.include_authorized_operations && described.error_code == 0;
            let authorized_operations = if tells { GROUP_OPERATIONS } else { described.authorized_operations };
            DescribedGroup { authorized_operations, ..described }
        });
        m::ConsumerGroupDescribeResponse { groups: groups.collect(), ..m::ConsumerGroupDescribeResponse::default() }
    }

    /// The step is done: the group is as it made it, its records go to the log, and the answer waits for them.
    pub(super) fn finish(&mut self, step: Step<'_>, answer: Option<(Token, Response)>) {
        let Step { now, topics, mut group, records } = step;
        let id = group.common.id.clone();
        if records.is_empty() {
            self.groups.insert(id.clone(), Group::Consumer(group));
            return self.answer_in_order(&id, answer);
        }
        let before = self.groups.get(&id).cloned().map(Box::new);
        self.tell(topics, before.as_deref(), &group);
        self.next_step += 1;
        group.common.step = self.next_step;
        self.cx.append(now, &group.common, records, Pending::Step { step: self.next_step, before, answer });
        self.groups.insert(id, Group::Consumer(group));
    }

    /// What is to be told of members that leave.
    pub(super) fn tell_left(&mut self, step: &Step<'_>, ids: &SortedVecSet<Arc<str>>, why: &str) {
        for member in step.group.members.values().filter(|member| ids.contains(&member.id)) {
            self.cx.event(GroupEvent::MemberRemoved {
                group: step.group.common.id.clone(),
                member: member.id.clone(),
                client_id: member.client_id.clone(),
                why: Arc::from(why),
            });
        }
    }

    fn tell(&mut self, topics: &Topics, before: Option<&Group>, after: &ConsumerGroup) {
        let group = || after.common.id.clone();
        let (from, epoch) = before.map_or((GroupState::Empty, 0), |before| (before.state(), before.epoch()));
        let known = before.and_then(Group::as_consumer);
        let was_classic = before.and_then(Group::as_classic);
        let is_new = |id: &Arc<str>| {
            let had = known.is_some_and(|known| known.members.contains_key(id));
            !had && was_classic.is_none_or(|classic| classic.member(id).is_none())
        };
        for member in after.members.values() {
            if is_new(&member.id) {
                let (member, client_id) = (member.id.clone(), member.client_id.clone());
                self.cx.event(GroupEvent::MemberAdded { group: group(), member, client_id });
            }
        }
        let to = after.state();
        if from != to || epoch != after.epoch {
            let why = if was_classic.is_some() { UPGRADED } else { "members or topics have changed" };
            self.cx.event(GroupEvent::StateChanged { group: group(), from, to, generation: after.epoch, why: Arc::from(why) });
        }
        for member in after.members.values() {
            let had = known.and_then(|known| known.members.get(&member.id)).map(|had| (had.epoch, &had.assigned, &had.revoking));
            if had == Some((member.epoch, &member.assigned, &member.revoking)) || had.is_none() && member.assigned.is_empty() {
                continue;
            }
            self.cx.event(GroupEvent::Reconciled {
                group: group(),
                member: member.id.clone(),
                client_id: member.client_id.clone(),
                epoch: member.epoch,
                assigned: ConsumerGroup::named(topics, &member.assigned),
                revoking: ConsumerGroup::named(topics, &member.revoking),
            });
        }
    }

    /// Answers once all that the group has sent to the log before is committed.
    pub(in crate::kafka::coordinator) fn answer_in_order(&mut self, group: &str, answer: Option<(Token, Response)>) {
        let Some((token, response)) = answer else { return };
        if let Some(flight) = self.cx.in_flight.values_mut().rfind(|flight| *flight.group == *group) {
            flight.also.push((token, response));
            return;
        }
        self.cx.respond(token, response);
    }
}
