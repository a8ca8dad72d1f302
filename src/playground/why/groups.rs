//! Consumers and their groups: idle members, lag, rebalances.

use super::explanation::{Clock, Explanation, Tp};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::coordinator::GroupState;
use crate::kafka::coordinator::{GroupEvent, GroupView};
use crate::kafka::time::Time;
use crate::kafka::wire::murmur2::coordinator_partition;
use crate::playground::narrate::{plural, reason};
use crate::playground::scenario::{duration_text, rate_text};
use crate::world::ProcessState;
use crate::world::action::{Action, CommitPolicy, ConsumerSpec};
use crate::world::event::{Event, EventKind};
use crate::world::view::ConsumerState;

const OFFSETS: &str = "__consumer_offsets";

impl<'a> Explanation<'a> {
    pub(super) fn idle(&mut self, name: &str) -> bool {
        let Some(consumer) = self.view.consumers.iter().find(|consumer| &*consumer.name == name) else {
            return self.no(format_args!("There is no consumer {name}."));
        };
        if !consumer.state.is_running() {
            self.not_running(name, consumer.state);
            return true;
        }
        if consumer.backlog > 0 {
            let (records, time) = (consumer.backlog, duration_text(consumer.handle_us));
            return self.no(format_args!(
                "{name} is not idle: it has {} in hand and takes {time} for each.",
                plural(records.cast_signed(), "record")
            ));
        }
        if let Some(group) = &consumer.group {
            if consumer.client_state != MembershipState::Stable {
                self.not_stable(consumer, group);
                return true;
            }
            if consumer.assignment.is_empty() {
                self.no_share(consumer, group);
                return true;
            }
        }
        self.nothing_to_read(consumer)
    }

    /// A process that is not there, or frozen.
    pub(super) fn not_running(&mut self, name: &str, state: ProcessState) {
        // As the cards and the narrator call it.
        let words = match state {
            ProcessState::Paused => "is frozen",
            ProcessState::Crashed => "has crashed",
            ProcessState::Stopped => "has stopped",
            ProcessState::Killed => "is killed",
            ProcessState::PoweredOff => "is powered off",
            ProcessState::Stopping => "is stopping",
            ProcessState::Running => "is running",
            ProcessState::New => "is new",
        };
        self.now(format_args!("{name} does nothing: it {words}."));
        self.blame(&[name], self.view.now);
    }

    /// It has no place in its group at the moment.
    fn not_stable(&mut self, consumer: &ConsumerState, group: &str) {
        let name = &*consumer.name;
        let slots = self.view.partitions.iter().filter(|state| &*state.view.topic == OFFSETS).count();
        let slot = coordinator_partition(group, i32::try_from(slots).unwrap_or(i32::MAX));
        let coordinator = self.partition(OFFSETS, slot).map_or(-1, |view| view.leader);
        let here = self.broker(coordinator).map_or("", |broker| &*broker.name);
        let group_view = self.view.groups.iter().find(|view| &*view.group == group);
        if slots > 0 && coordinator < 0 {
            self.now(format_args!("{name} cannot join {group}: its coordinator is whoever leads {OFFSETS}-{slot}, and nobody does."));
            self.leaderless(OFFSETS, slot);
        } else if let Some(view) = group_view.filter(|view| view.state.is_rebalancing()) {
            self.now(format_args!("{name} reads nothing while {group} rebalances."));
            self.rebalance(view);
        } else {
            let what = match consumer.client_state {
                MembershipState::Unjoined => "is not a member of",
                _ => "waits for an answer of the coordinator of",
            };
            let whose = if here.is_empty() { "" } else { ", " };
            self.now(format_args!("{name} {what} {group}{whose}{here}."));
            if !self.blame(&[name, here], self.view.now) {
                self.consumer_trouble(name);
                self.started(name, self.view.now);
            }
        }
    }

    /// The group has no partition for it.
    fn no_share(&mut self, consumer: &ConsumerState, group: &str) {
        let name = &*consumer.name;
        let members = self.view.groups.iter().find(|view| &*view.group == group).map_or(0, |view| view.members.len());
        let count = self.view.partitions.iter().filter(|state| consumer.topics.contains(&state.view.topic)).count();
        let topics = consumer.topics.join(", ");
        let partitions = plural(i64::try_from(count).unwrap_or(i64::MAX), "partition");
        self.now(format_args!(
            "{name} has no partition: {group} has {}, {topics} has only {partitions}, and a partition goes to one member of a group.",
            plural(i64::try_from(members).unwrap_or(i64::MAX), "member")
        ));
        let assigned =
            |kind: &EventKind| matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::Assigned { .. } } if **node == *name);
        if let Some(event) = self.last(self.view.now, &assigned)
            && let EventKind::Consumer { event: ConsumerEvent::Assigned { generation, .. }, .. } = &event.kind
        {
            self.tell(event, format_args!("{name} was given nothing in generation {generation} of {group}."));
        }
        self.started(name, self.view.now);
    }

    /// It has partitions and nothing in hand.
    fn nothing_to_read(&mut self, consumer: &'a ConsumerState) -> bool {
        let name = &*consumer.name;
        for (topic, partition) in &consumer.assignment {
            let Some(state) = self.partition(topic, *partition) else { continue };
            let tp = Tp(topic, *partition);
            if state.leader < 0 {
                self.now(format_args!("{name} is to read {tp} and has nobody to fetch from."));
                return self.leaderless(topic, *partition);
            }
            let position = consumer.positions.iter().find(|(t, p, _)| t == topic && p == partition).map(|(.., at)| *at);
            if position.is_none_or(|at| at < state.high_watermark) {
                let from = &*self.broker(state.leader).map_or_else(|| "".into(), |broker| broker.name.clone());
                let before = self.len();
                self.now(format_args!("{name} has not got the records of {tp} below offset {} yet.", state.high_watermark));
                if self.blame(&[name, from], self.view.now) {
                    return true;
                }
                self.truncate(before);
                return self.no(format_args!("{name} is not idle: it is fetching {tp} from {from}."));
            }
            if position.is_some_and(|at| at < state.end_offset) {
                self.now(format_args!("{name} has read {tp} up to the high watermark; what lies above it, it may not see yet."));
                return self.not_readable(topic, *partition, state.high_watermark);
            }
        }
        if consumer.assignment.is_empty() {
            let topics = consumer.topics.join(", ");
            self.now(format_args!("{name} has no partition: there is none of {topics}."));
            return true;
        }
        self.now(format_args!("{name} has read everything that there is in its partitions."));
        let mut sends = false;
        for producer in self.view.producers.iter().filter(|producer| consumer.topics.contains(&producer.topic)) {
            let from = &*producer.name;
            if producer.state.is_running() && producer.rate_per_1000s > 0 {
                sends = true;
            } else if producer.state.is_running() {
                self.now(format_args!("{from} sends nothing by itself: its rate is 0."));
                self.action(self.view.now, &|action| match action {
                    Action::SetRate { name, .. } => **name == *from,
                    Action::AddProducer(spec) => *spec.name == *from,
                    _ => false,
                });
            } else {
                self.not_running(from, producer.state);
            }
        }
        if sends {
            self.now(format_args!("Its fetch waits at the broker, and the next record ends the wait."));
        }
        true
    }

    pub(super) fn group_event(&self, until: Time, wanted: &dyn Fn(&GroupEvent) -> bool) -> Option<&'a Event> {
        self.last(until, &|kind| matches!(kind, EventKind::Broker { event: BrokerEvent::Group(event), .. } if wanted(event)))
    }

    /// Why a group is in a rebalance, and whom it waits for.
    fn rebalance(&mut self, group: &GroupView) {
        let id = &*group.group;
        for member in &group.members {
            let Some(app) = self.view.consumers.iter().find(|app| app.name == member.client_id) else { continue };
            let name = &*app.name;
            let waits = match app.state {
                ProcessState::Running if app.client_state == MembershipState::Stable && app.backlog > 0 => {
                    self.now(format_args!("{id} waits for {name}, which has records in hand and joins again with its next poll."));
                    continue;
                }
                ProcessState::Running => continue,
                state => state,
            };
            self.now(format_args!("{id} waits for {name}, which is {waits}: until {} at most.", Clock(member.session_deadline)));
            self.blame(&[name], self.view.now);
        }
        self.last_rebalance(id, self.view.now);
    }

    /// How the newest rebalance up to `until` began. Its time.
    pub(super) fn last_rebalance(&mut self, id: &str, until: Time) -> Option<Time> {
        let began = self.group_event(
            until,
            &|event| matches!(event, GroupEvent::StateChanged { group, to: GroupState::PreparingRebalance, .. } if **group == *id),
        )?;
        self.narrated(began);
        let met = |event: &GroupEvent| match event {
            GroupEvent::MemberAdded { group, .. } | GroupEvent::MemberRemoved { group, .. } => **group == *id,
            _ => false,
        };
        let change = self.group_event(began.at, &met).filter(|event| event.at == began.at);
        if let Some(change) = change
            && let EventKind::Broker { event: BrokerEvent::Group(event), .. } = &change.kind
        {
            self.narrated(change);
            match event {
                GroupEvent::MemberAdded { client_id, .. } => {
                    self.started(client_id, began.at);
                }
                GroupEvent::MemberRemoved { client_id, .. } => {
                    let since = began.at.plus_millis(-SESSION_AT_MOST_MS);
                    if !self.blame_since(&[client_id], since, began.at) {
                        self.blame(&[client_id], began.at);
                    }
                }
                _ => {}
            }
        }
        Some(began.at)
    }

    /// When a client was started last.
    pub(super) fn started(&mut self, client: &str, until: Time) -> bool {
        self.action(until, &|action| match action {
            Action::AddConsumer(ConsumerSpec { name, .. }) | Action::RestartClient { name } | Action::ResumeClient { name } => {
                **name == *client
            }
            Action::AddProducer(spec) => *spec.name == *client,
            _ => false,
        })
    }

    /// The newest complaint of a consumer.
    fn consumer_trouble(&mut self, name: &str) {
        let complains = |kind: &EventKind| match kind {
            EventKind::Consumer {
                node,
                event: ConsumerEvent::Error { .. } | ConsumerEvent::CommitFailed { .. } | ConsumerEvent::PollTimeout,
            } => **node == *name,
            _ => false,
        };
        if let Some(event) = self.last(self.view.now, &complains) {
            self.narrated(event);
        }
    }

    fn spec(&self, name: &str) -> Option<&'a ConsumerSpec> {
        self.world.history().iter().rev().find_map(|(_, action)| match action {
            Action::AddConsumer(spec) | Action::ChangeConsumer(spec) if *spec.name == *name => Some(spec),
            _ => None,
        })
    }

    pub(super) fn lag(&mut self, group: &str, topic: &str, partition: i32) -> bool {
        let tp = Tp(topic, partition);
        let Some(state) = self.partition(topic, partition) else { return self.no(format_args!("There is no partition {tp}.")) };
        let Some(view) = self.view.groups.iter().find(|view| &*view.group == group) else {
            self.now(format_args!("Nobody knows {group} at the moment: its coordinator is not there."));
            let slots = self.view.partitions.iter().filter(|state| &*state.view.topic == OFFSETS).count();
            let slot = coordinator_partition(group, i32::try_from(slots).unwrap_or(i32::MAX));
            if slots > 0 {
                self.leaderless(OFFSETS, slot);
            }
            return true;
        };
        let committed = view.offsets.iter().find(|(t, p, _)| &**t == topic && *p == partition).map(|(.., at)| *at);
        let lag = state.high_watermark.saturating_sub(committed.unwrap_or(state.log_start_offset));
        if lag <= 0 {
            return self.no(format_args!("{group} has no lag on {tp}: it has committed all that can be read."));
        }
        let owner = view.members.iter().find(|member| member.assignment.iter().any(|(t, p)| &**t == topic && *p == partition));
        let records = plural(lag, "record");
        if state.leader < 0 {
            self.now(format_args!("{group} is {records} behind on {tp}, and nobody leads that partition."));
            return self.leaderless(topic, partition);
        }
        let Some(owner) = owner.map(|member| &*member.client_id) else {
            if view.members.is_empty() {
                self.now(format_args!("{group} is {records} behind on {tp}: it has no members, so nobody reads."));
                self.last_rebalance(group, self.view.now);
                self.blame_members(group);
            } else {
                self.now(format_args!("{group} is {records} behind on {tp}: it rebalances, and the partition is nobody's meanwhile."));
                self.rebalance(view);
            }
            return true;
        };
        let Some(app) = self.view.consumers.iter().find(|app| &*app.name == owner) else {
            return self.no(format_args!("{tp} is read by {owner}, which is not of this run."));
        };
        self.now(format_args!("{group} is {records} behind on {tp}, which only {owner} may read."));
        if !app.state.is_running() {
            self.not_running(owner, app.state);
            let until = view.members.iter().find(|member| &*member.client_id == owner).map(|member| member.session_deadline);
            if let Some(until) = until.filter(|until| *until > self.view.now) {
                self.now(format_args!("{group} keeps the partition for it until its session ends at {}.", Clock(until)));
            }
            return true;
        }
        if view.state.is_rebalancing() {
            self.rebalance(view);
            return true;
        }
        let leader = self.broker(state.leader).map_or("", |broker| &*broker.name);
        if app.backlog > 0 && app.handle_us > 0 {
            let (backlog, time) = (plural(app.backlog.cast_signed(), "record"), duration_text(app.handle_us));
            let rate = |per_1000s: u64| rate_text(per_1000s).trim_end_matches("/s").to_owned();
            let most = rate(1_000_000_000 / app.handle_us.max(1).cast_unsigned());
            let sent = self.view.producers.iter().filter(|producer| producer.state.is_running() && &*producer.topic == topic);
            let sent = rate(sent.map(|producer| producer.rate_per_1000s).sum());
            self.now(format_args!(
                "{owner} has {backlog} in hand and takes {time} for each: at most {most} a second. To {topic} come {sent} a second."
            ));
            self.action(self.view.now, &|action| match action {
                Action::SetHandleTime { name, .. } => **name == *owner,
                Action::AddConsumer(spec) => *spec.name == *owner,
                _ => false,
            });
            return true;
        }
        if self.spec(owner).is_some_and(|spec| spec.commit == CommitPolicy::Never) {
            self.now(format_args!("{owner} never commits what it has read, so the group's committed offset stands still."));
            self.started(owner, self.view.now);
            return true;
        }
        let failed =
            |kind: &EventKind| matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::CommitFailed { .. } } if **node == *owner);
        let commit = self.group_event(self.view.now, &|event| {
            matches!(event, GroupEvent::OffsetCommitted { group: g, topic: t, partition: p, .. }
                if **g == *group && **t == *topic && *p == partition)
        });
        let late = commit.is_none_or(|event| self.view.now.micros_since(event.at) > STUCK_US);
        let refused = self.last(self.view.now, &failed).filter(|event| commit.is_none_or(|commit| commit.at < event.at));
        if let Some(event) = refused
            && let EventKind::Consumer { event: ConsumerEvent::CommitFailed { error }, .. } = &event.kind
        {
            self.tell(event, format_args!("{owner} could not commit: {}.", reason(error)));
        }
        let blamed = self.blame(&[owner, leader], self.view.now);
        if let Some(event) = commit {
            self.narrated(event);
        }
        blamed || refused.is_some() || late
    }

    /// What became of the group's members.
    fn blame_members(&mut self, group: &str) {
        for app in self.view.consumers.iter().filter(|app| app.group.as_deref() == Some(group)) {
            self.blame(&[&app.name], self.view.now);
        }
    }
}

/// How long before a member is given up its trouble may have begun, in milliseconds: longer than the usual session timeouts.
const SESSION_AT_MOST_MS: i64 = 120_000;
/// A lag is called stuck when nothing was committed for so long, in microseconds: two rounds of `auto.commit.interval.ms`.
const STUCK_US: i64 = 10_000_000;
