//! A rebalance, as a member sees it (`AbstractCoordinator.joinGroupIfNeeded`, `ConsumerCoordinator.onLeaderElected`): JoinGroup, the
//! leader's assignment, SyncGroup.

use super::assignors::{self, Assignor, Candidate, Topics, protocol};
use super::membership::Phase;
use super::{Consumer, ConsumerEvent, Tag};
use crate::kafka::client::net::Outcome;
use crate::kafka::client::{TopicPartition, code, string, text};
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::join_group_request::JoinGroupRequestProtocol;
use crate::kafka::wire::message::sync_group_request::SyncGroupRequestAssignment;
use crate::kafka::wire::message::{ApiKey, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse};
use std::sync::Arc;

/// What the leader knows of its group between JoinGroup and SyncGroup.
#[derive(Clone, Debug)]
pub(super) struct LeaderState {
    members: Vec<Candidate>,
    protocol: Arc<str>,
}

impl Consumer {
    pub(super) fn join(&mut self, now: Time) {
        if self.member.phase != Phase::Unjoined || !self.member.prepared || self.member.leaving {
            return;
        }
        if now < self.member.join_retry_at {
            return self.wake_at(self.member.join_retry_at, "join retry backoff");
        }
        // What was read is committed first: in the next generation it cannot be.
        if self.commits_first() {
            return;
        }
        let Some(node) = self.coordinator_ready(now) else { return };
        let Some(version) = self.net.version(node, ApiKey::JoinGroup) else { return };
        let why = self.member.rejoin.clone().unwrap_or_else(|| Arc::from("the group rebalances"));
        let request = JoinGroupRequest {
            group_id: self.group(),
            session_timeout_ms: self.config.session_timeout_ms,
            rebalance_timeout_ms: self.config.max_poll_interval_ms,
            member_id: string(&self.member.id),
            group_instance_id: self.instance().filter(|_| version >= 5),
            protocol_type: string("consumer"),
            protocols: self.join_protocols(),
            reason: (version >= 8).then(|| string(&why)),
        };
        self.member.round += 1;
        let tag = Tag::Join { round: self.member.round };
        let timeout = self.config.request_timeout_ms.max(i64::from(self.config.max_poll_interval_ms).saturating_add(5000));
        if self.net.send(now, node, version, request, Some(tag), Some(timeout)) {
            self.member.phase = Phase::Joining;
            self.member.rejoin = None;
            let group = text(&self.group().0);
            self.net.event(ConsumerEvent::Joining { group, why });
        }
    }

    /// The assignors of `partition.assignment.strategy`, each with what this member says to it.
    fn join_protocols(&self) -> Vec<JoinGroupRequestProtocol> {
        let owned = if self.is_cooperative() { self.assignment() } else { Vec::new() };
        let (last, generation) = (self.member.last_assignment.as_deref(), self.member.last_generation);
        let offer = |assignor: &'static Assignor| {
            let metadata = protocol::encode_subscription(protocol::Subscription {
                topics: &self.subscription,
                owned: &owned,
                generation: self.member.generation,
                rack: None,
                user_data: (assignor.user_data)(last, generation),
            });
            JoinGroupRequestProtocol { name: string(assignor.name), metadata }
        };
        self.assignors().map(offer).collect()
    }

    fn assignors(&self) -> impl Iterator<Item = &'static Assignor> + '_ {
        self.config.partition_assignment_strategy.0.iter().filter_map(|name| assignors::find(name))
    }

    /// Members keep what they own while they rebalance if all their assignors allow it (`ConsumerCoordinator`, KIP-429).
    pub(super) fn is_cooperative(&self) -> bool {
        self.assignors().all(|assignor| assignor.cooperative)
    }

    /// A join or sync has failed: joins again, at once or after a backoff, unless the error is fatal.
    fn join_again(&mut self, now: Time, error: i16) {
        self.member.phase = Phase::Unjoined;
        self.member.leader_state = None;
        self.member.want_rejoin(ErrorCode::from_code(error).name());
        let mut wait = self.backoff.draw(self.member.join_failures);
        match error {
            code::MEMBER_ID_REQUIRED => wait = 0,
            code::COORDINATOR_LOAD_IN_PROGRESS | code::REBALANCE_IN_PROGRESS => {}
            code::COORDINATOR_NOT_AVAILABLE | code::NOT_COORDINATOR => self.lose_coordinator(now),
            code::UNKNOWN_MEMBER_ID | code::ILLEGAL_GENERATION => {
                self.forget_membership(error == code::UNKNOWN_MEMBER_ID, ErrorCode::from_code(error).name());
            }
            // For example, the coordinator's log has too few replicas in sync.
            error if ErrorCode::from_code(error).retriable() => {}
            _ => self.fatal(error),
        }
        if wait > 0 {
            self.member.join_failures = self.member.join_failures.saturating_add(1);
        }
        self.member.join_retry_at = now.plus_millis(wait);
    }

    pub(super) fn handle_join_group(&mut self, now: Time, round: u64, outcome: Outcome) {
        if round != self.member.round || self.member.phase != Phase::Joining {
            return;
        }
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<JoinGroupResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let Some(response) = response else { return self.join_again(now, code::COORDINATOR_NOT_AVAILABLE) };
        if response.error_code != 0 {
            if response.error_code == code::MEMBER_ID_REQUIRED {
                self.member.id = text(&response.member_id);
            }
            return self.join_again(now, response.error_code);
        }
        self.member.id = text(&response.member_id);
        self.member.generation = response.generation_id;
        self.member.protocol = response.protocol_name.as_ref().map_or_else(|| Arc::from(""), text);
        // The group chooses among what all its members offer.
        if !self.assignors().any(|assignor| *assignor.name == *self.member.protocol) {
            return self.fatal(code::INCONSISTENT_GROUP_PROTOCOL);
        }
        self.member.phase = Phase::Syncing;
        self.member.heartbeat_at = now.plus_millis(i64::from(self.config.heartbeat_interval_ms));
        self.member.session_deadline = now.plus_millis(i64::from(self.config.session_timeout_ms));
        self.member.assigned_by = None;
        if response.leader != response.member_id || response.skip_assignment {
            return self.send_sync(now, Vec::new());
        }
        let members: Vec<Candidate> = response
            .members
            .iter()
            .map(|member| {
                let instance = member.group_instance_id.as_ref().map(text);
                protocol::decode_subscription(text(&member.member_id), instance, member.metadata.clone())
            })
            .collect();
        for topic in members.iter().flat_map(|member| &member.topics) {
            self.metadata.want(topic);
        }
        self.member.leader_state = Some(LeaderState { members, protocol: self.member.protocol.clone() });
    }

    /// The leader assigns as soon as it has metadata of every topic of the group.
    pub(super) fn assign_as_leader(&mut self, now: Time) {
        let Some(lead) = self.member.leader_state.take() else { return };
        let topics: SortedVecSet<Arc<str>> = lead.members.iter().flat_map(|member| member.topics.iter().cloned()).collect();
        if topics.iter().any(|topic| self.metadata.topic(topic).is_none()) {
            self.metadata.request_update();
            self.member.leader_state = Some(lead);
            return;
        }
        let counts: SortedVecMap<Arc<str>, Option<i32>> =
            topics.into_iter().map(|topic| (topic.clone(), self.metadata.partition_count(&topic))).collect();
        let racks = |count: i32| vec![SortedVecSet::new(); usize::try_from(count).unwrap_or(0)];
        let known: Topics = counts.iter().filter_map(|(topic, count)| Some((topic.clone(), racks((*count)?)))).collect();
        let Some(assignor) = assignors::find(&lead.protocol) else { return self.fatal(code::INCONSISTENT_GROUP_PROTOCOL) };
        let mut assigned = (assignor.assign)(&lead.members, &known);
        if self.sabotage == Some(Sabotage::TwoOwners) {
            let all: Vec<TopicPartition> = assigned.values().flatten().cloned().collect();
            assigned.values_mut().for_each(|given| given.clone_from(&all));
        }
        let assignments = assigned
            .into_iter()
            .map(|(member, partitions)| SyncGroupRequestAssignment {
                member_id: string(&member),
                assignment: protocol::encode_assignment(&partitions),
            })
            .collect();
        self.member.assigned_by = Some(counts);
        self.net.event(ConsumerEvent::LedAssignment { protocol: lead.protocol, members: lead.members.len() as u32 });
        self.send_sync(now, assignments);
    }

    fn send_sync(&mut self, now: Time, assignments: Vec<SyncGroupRequestAssignment>) {
        let sent = self.coordinator_ready(now).and_then(|node| Some((node, self.net.version(node, ApiKey::SyncGroup)?)));
        let Some((node, version)) = sent else { return self.join_again(now, code::COORDINATOR_NOT_AVAILABLE) };
        let request = SyncGroupRequest {
            group_id: self.group(),
            generation_id: self.member.generation,
            member_id: string(&self.member.id),
            group_instance_id: self.instance().filter(|_| version >= 3),
            protocol_type: (version >= 5).then(|| string("consumer")),
            protocol_name: (version >= 5).then(|| string(&self.member.protocol)),
            assignments,
        };
        let tag = Tag::Sync { round: self.member.round };
        let timeout = self.config.request_timeout_ms.max(i64::from(self.config.max_poll_interval_ms).saturating_add(5000));
        if !self.net.send(now, node, version, request, Some(tag), Some(timeout)) {
            self.join_again(now, code::COORDINATOR_NOT_AVAILABLE);
        }
    }

    pub(super) fn handle_sync_group(&mut self, now: Time, round: u64, outcome: Outcome) {
        if round != self.member.round || self.member.phase != Phase::Syncing {
            return;
        }
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<SyncGroupResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let Some(response) = response else { return self.join_again(now, code::COORDINATOR_NOT_AVAILABLE) };
        if response.error_code != 0 {
            return self.join_again(now, response.error_code);
        }
        let Some(partitions) = protocol::decode_assignment(response.assignment) else { return self.fatal(-1) };
        self.member.phase = Phase::Stable;
        self.member.prepared = false;
        self.member.lost = false;
        self.member.join_failures = 0;
        self.offsets_retry_at = Time(i64::MIN);
        self.member.given = Some(partitions);
        // What a member has to give up, it gives up inside `poll`.
        if self.to_give_up().is_empty() {
            self.take_given(now);
        }
        self.metadata_renewed();
    }

    /// What this member owns and was not given again. Under the eager protocol it owns nothing by then.
    pub(super) fn to_give_up(&self) -> Vec<TopicPartition> {
        let Some(given) = &self.member.given else { return Vec::new() };
        self.partitions.keys().filter(|at| !given.contains(at)).cloned().collect()
    }

    /// Takes over what the leader gave (`onJoinComplete`). Whoever gives something up joins again, so that others get it.
    pub(super) fn take_given(&mut self, now: Time) {
        let revoked = self.to_give_up();
        let Some(given) = self.member.given.take() else { return };
        if !revoked.is_empty() {
            if !self.is_modern() {
                self.member.want_rejoin("need to revoke partitions and re-join");
            }
            self.net.event(ConsumerEvent::Revoked { partitions: revoked, lost: false });
        }
        self.member.last_assignment = Some(given.clone());
        self.member.last_generation = self.member.generation;
        self.joined = (self.member.generation, self.member.id.clone());
        self.set_assignment(given);
        self.next_auto_commit = now.plus_millis(self.config.auto_commit_interval_ms);
        self.net.event(ConsumerEvent::Assigned {
            generation: self.member.generation,
            member: self.member.id.clone(),
            partitions: self.assignment(),
        });
    }

    /// What a pattern matches is the subscription of a member of the classic protocol: with another one it joins again.
    fn match_pattern(&mut self) {
        if self.pattern.is_none() || self.is_modern() {
            return;
        }
        let matched: SortedVecSet<Arc<str>> = self.subscribed().into_iter().collect();
        if matched != self.subscription {
            self.subscription = matched;
            self.member.want_rejoin("the subscription has changed");
        }
    }

    /// The leader starts a rebalance when the topics of the group have other partitions than when it assigned.
    pub(super) fn metadata_renewed(&mut self) {
        self.match_pattern();
        if self.member.phase != Phase::Stable || self.is_modern() {
            return;
        }
        let Some(counts) = &self.member.assigned_by else { return };
        if counts.iter().any(|(topic, count)| self.metadata.partition_count(topic) != *count) {
            self.member.assigned_by = None;
            self.member.want_rejoin("the partitions of the subscribed topics have changed");
        }
    }
}
