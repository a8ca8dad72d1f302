//! From the classic protocol to the consumer protocol and back while members are in the group (`group.consumer.migration.policy`).

use super::classic_members::{read_assignment, subscription, write_assignment};
use super::member::{ClassicMember, Member, Partitions};
use super::step::Step;
use super::{ConsumerGroup, Record, Refused, refused};
use crate::kafka::coordinator::classic::{self, ClassicGroup, State, join_error, sync_error};
use crate::kafka::coordinator::group::{CONSUMER, Common, Group};
use crate::kafka::coordinator::output::Pending;
use crate::kafka::coordinator::timers::Kind;
use crate::kafka::coordinator::topics::Topics;
use crate::kafka::coordinator::{DOWNGRADED, GroupCoordinator, GroupEvent, MigrationPolicy, Response, Token};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::murmur2::coordinator_partition;
use std::sync::Arc;

fn not_found(message: String) -> Refused {
    refused(ErrorCode::GroupIdNotFound, message)
}

impl GroupCoordinator {
    /// A step of this group, as it is (`getOrMaybeCreateConsumerGroup`). `create`: a group that is not there is made, an empty classic one
    /// is replaced, and one with members is upgraded.
    pub(in crate::kafka::coordinator) fn consumer_step<'a>(
        &mut self,
        now: Time,
        topics: &'a Topics,
        id: &str,
        create: bool,
    ) -> Result<Step<'a>, Refused> {
        match self.groups.get(id) {
            None if create => {
                let partition = coordinator_partition(id, self.cx.config.offsets_topic_partitions);
                let common = self.new_common(id, partition);
                Ok(Step::new(now, topics, ConsumerGroup::new(common)))
            }
            None => Err(not_found(format!("Consumer group {id} not found."))),
            Some(Group::Consumer(group)) => Ok(Step::new(now, topics, group.clone())),
            Some(group @ Group::Classic(_)) if create && group.is_empty() => {
                let mut step = Step::new(now, topics, ConsumerGroup::new(group.common().clone()));
                step.records = group.tombstones();
                self.cx.timers.cancel_group(&step.group.common.id);
                Ok(step)
            }
            Some(Group::Classic(group)) if create => {
                let group = group.clone();
                self.upgrade(now, topics, group)
            }
            Some(Group::Classic(_)) => Err(not_found(format!("Group {id} is not a consumer group."))),
        }
    }

    pub(in crate::kafka::coordinator) fn new_common(&mut self, id: &str, partition: i32) -> Common {
        let incarnation = self.next_incarnation;
        self.next_incarnation += 1;
        Common { id: Arc::from(id), partition, incarnation, step: 0, offsets: SortedVecMap::new(), pending_offsets: SortedVecMap::new() }
    }

    /// `validateOnlineUpgrade`, `convertToConsumerGroup`.
    fn upgrade<'a>(&mut self, now: Time, topics: &'a Topics, mut group: ClassicGroup) -> Result<Step<'a>, Refused> {
        let id = group.common.id.clone();
        let cannot = |why: &str| not_found(format!("Cannot upgrade classic group {id} to consumer group because {why}."));
        if !self.cx.config.migration_policy.upgrades() {
            return Err(cannot("online upgrade is disabled"));
        }
        if group.protocol_type.as_deref() != Some(CONSUMER) {
            return Err(cannot("the group does not use the consumer embedded protocol"));
        }
        if i64::try_from(group.members.len()).unwrap_or(i64::MAX) > i64::from(self.cx.config.consumer_max_size) {
            return Err(cannot("the group size exceeds the consumer group maximum size"));
        }
        let mut members = Vec::new();
        for member in &group.members {
            let metadata = member.metadata(group.protocol.as_deref().or_else(|| member.protocols.first().map(|(name, _)| &**name)));
            let said = subscription(metadata).ok_or_else(|| cannot("the embedded consumer protocol is malformed"))?.1;
            let mut assigned = Partitions::new();
            if !member.assignment.is_empty() {
                let given =
                    read_assignment(member.assignment.clone()).ok_or_else(|| cannot("the embedded consumer protocol is malformed"))?;
                if given.user_data.is_some_and(|data| !data.is_empty()) {
                    let why = "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor \
                               before re-attempting the upgrade";
                    return Err(cannot(why));
                }
                for topic in given.assigned_partitions {
                    if let Some(topic_id) = topics.id(&topic.topic).filter(|_| !topic.partitions.is_empty()) {
                        assigned.insert(topic_id, topic.partitions.into_iter().collect());
                    }
                }
            }
            members.push(Member {
                epoch: group.generation,
                previous_epoch: group.generation,
                instance: member.instance.clone(),
                rack: said.rack_id.filter(|rack| !rack.is_empty()),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                client_id: member.client_id.clone(),
                host: member.host.clone(),
                topics: said.topics.into_iter().collect(),
                assigned,
                classic: Some(ClassicMember { session_timeout_ms: member.session_timeout_ms, protocols: member.protocols.clone() }),
                ..Member::new(member.id.clone())
            });
        }
        // Whoever waits in a rebalance is to join again.
        for member in &members {
            group.answer_join(&mut self.cx, &member.id, join_error(&member.id, ErrorCode::RebalanceInProgress));
            group.answer_sync(&mut self.cx, &member.id, sync_error(ErrorCode::RebalanceInProgress));
        }
        self.cx.timers.cancel_group(&id);
        let generation = group.generation;
        let tombstones = Group::Classic(group.clone()).tombstones();
        let mut step = Step::new(now, topics, ConsumerGroup::new(group.common.clone()));
        self.groups.insert(id, Group::Classic(group));
        step.records = tombstones;
        let all = |record: fn(&Member) -> Record| members.iter().map(record).collect::<Vec<_>>();
        all(|member| Record::Member(member.id.clone(), Some(Box::new(member.clone())))).into_iter().for_each(|record| step.log(record));
        let hash = step.group.hash(topics);
        step.log(Record::Epoch(Some((generation, hash))));
        all(|member| Record::Target(member.id.clone(), Some(member.assigned.clone()))).into_iter().for_each(|record| step.log(record));
        step.log(Record::TargetEpoch(Some(generation)));
        all(|member| Record::Current(member.id.clone(), Some(Box::new(member.clone())))).into_iter().for_each(|record| step.log(record));
        for member in &members {
            if let Some(classic) = &member.classic {
                let at = now.plus_millis(i64::from(classic.session_timeout_ms));
                self.cx.timers.schedule(&step.group.common.id, Kind::Session(member.id.clone()), at, member.shown());
            }
        }
        Ok(step)
    }

    fn downgrades(&self, members: usize) -> bool {
        let fits = i64::try_from(members).unwrap_or(i64::MAX) <= i64::from(self.cx.config.max_size);
        self.cx.config.migration_policy.downgrades() && fits
    }

    /// `validateOnlineDowngradeWithFencedMembers`: without these members only members of the classic protocol are left.
    pub(super) fn can_downgrade(&self, step: &Step<'_>, leaving: &SortedVecSet<Arc<str>>) -> bool {
        let mut left = step.group.members.values().filter(|member| !leaving.contains(&member.id));
        let count = left.clone().count();
        count > 0 && left.all(|member| member.classic.is_some()) && self.downgrades(count)
    }

    /// `validateOnlineDowngradeWithReplacedMember`: the last member of the consumer protocol comes back with the classic one.
    pub(super) fn can_downgrade_by_replacing(&self, step: &Step<'_>, replaced: &Member) -> bool {
        let mut others = step.group.members.values().filter(|member| member.id != replaced.id);
        replaced.classic.is_none() && others.all(|member| member.classic.is_some()) && self.downgrades(step.group.members.len())
    }

    /// `convertToClassicGroup`. `replaced`: a static member came back, and whether with another subscription; otherwise somebody left.
    pub(super) fn downgrade(
        &mut self,
        mut step: Step<'_>,
        leaving: &SortedVecSet<Arc<str>>,
        replaced: Option<bool>,
        answer: Option<(Token, Response)>,
    ) {
        let now = step.now;
        step.records.extend(step.group.tombstones());
        let mut group = ClassicGroup::new(step.group.common.clone(), now);
        group.generation = step.group.epoch;
        group.protocol_type = Some(Arc::from(CONSUMER));
        group.state = State::Stable { pending_sync: SortedVecSet::new() };
        for member in step.group.members.values().filter(|member| !leaving.contains(&member.id)) {
            let Some(classic) = &member.classic else { continue };
            group.members.push(classic::Member {
                id: member.id.clone(),
                instance: member.instance.clone(),
                client_id: member.client_id.clone(),
                host: member.host.clone(),
                rebalance_timeout_ms: member.rebalance_timeout_ms,
                session_timeout_ms: classic.session_timeout_ms,
                protocols: classic.protocols.clone(),
                assignment: bytes::Bytes::new(),
                joining: None,
                syncing: None,
                is_new: false,
            });
        }
        group.leader = group.members.first().map(|member| member.id.clone());
        group.protocol = group.select_protocol();
        group.subscribed = group.compute_subscribed();
        let protocol = group.protocol.clone();
        for member in &mut group.members {
            let version = subscription(member.metadata(protocol.as_deref())).map_or(0, |(version, _)| version);
            member.assignment = write_assignment(step.topics, &step.group.target_of(&member.id), version);
        }
        let assignments = group.members.iter().map(|member| (member.id.clone(), member.assignment.clone())).collect();
        step.records.push(group.record(&assignments));

        let id = group.common.id.clone();
        let before = self.groups.get(&id).cloned().map(Box::new);
        let from = before.as_ref().map_or(super::GroupState::Stable, |group| group.state());
        self.cx.timers.cancel_group(&id);
        self.next_step += 1;
        group.common.step = self.next_step;
        let pending = Pending::Step { step: self.next_step, before, answer };
        self.cx.append(now, &group.common, step.records, pending);
        let why = Arc::from(DOWNGRADED);
        self.cx.event(GroupEvent::StateChanged { group: id.clone(), from, to: group.state.kind(), generation: group.generation, why });
        let members: Vec<Arc<str>> = group.members.iter().map(|member| member.id.clone()).collect();
        members.iter().for_each(|member| group.touch(now, &mut self.cx, member));
        match replaced {
            None => group.prepare_rebalance(now, &mut self.cx, "downgrade from consumer to classic for member leaving"),
            Some(true) => group.prepare_rebalance(now, &mut self.cx, "downgrade from consumer to classic for static member replacement"),
            Some(false) => {}
        }
        self.groups.insert(id, Group::Classic(group));
    }
}

impl MigrationPolicy {
    const fn upgrades(self) -> bool {
        matches!(self, Self::Upgrade | Self::Bidirectional)
    }

    const fn downgrades(self) -> bool {
        matches!(self, Self::Downgrade | Self::Bidirectional)
    }
}
