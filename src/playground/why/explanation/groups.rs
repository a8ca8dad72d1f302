//! What befell clients and their groups: processes that do not run, rebalances.

use super::{Clock, Explanation};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::coordinator::{GroupEvent, GroupState, GroupView, MemberView};
use crate::kafka::time::Time;
use crate::kafka::wire::murmur2::coordinator_partition;
use crate::playground::groups::is_consumer_protocol;
use crate::playground::narrate::plural;
use crate::playground::why::TopicPartition;
use crate::world::ProcessState;
use crate::world::event::{Event, EventKind};
use crate::world::operations::duration_text;
use crate::world::view::{ConsumerState, WorldView};

const OFFSETS: &str = "__consumer_offsets";

/// How long before a member is given up its trouble may have begun, in milliseconds: longer than the usual session timeouts.
const SESSION_AT_MOST_MS: i64 = 120_000;

/// The partition of `__consumer_offsets` whose leader coordinates the group; `None` while that topic does not exist.
pub(crate) fn coordinator_slot(view: &WorldView, group: &str) -> Option<TopicPartition> {
    let slots = view.partitions.iter().filter(|state| &*state.view.topic == OFFSETS).count();
    let slot = coordinator_partition(group, i32::try_from(slots).unwrap_or(i32::MAX));
    (slots > 0).then(|| TopicPartition::new(&OFFSETS.into(), slot))
}

impl<'a> Explanation<'a> {
    /// A process that is not there, or frozen.
    pub(crate) fn not_running(&mut self, name: &str, state: ProcessState) {
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

    pub(crate) fn group_event(&self, until: Time, wanted: &dyn Fn(&GroupEvent) -> bool) -> Option<&'a Event> {
        self.last(until, &|kind| matches!(kind, EventKind::Broker { event: BrokerEvent::Group(event), .. } if wanted(event)))
    }

    /// Why a group is in a rebalance, and whom it waits for.
    pub(crate) fn rebalance(&mut self, group: &GroupView) {
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

    /// A member of the consumer protocol that has nothing, though its coordinator has partitions in store for it. False: it is not one.
    pub(crate) fn reconciles(&mut self, app: &ConsumerState, group: &GroupView, member: &MemberView) -> bool {
        if !is_consumer_protocol(group) || !app.assignment.is_empty() || member.target.is_empty() {
            return false;
        }
        let (name, id) = (&*app.name, &group.group);
        let partitions = plural(member.target.len(), "partition");
        self.now(format_args!(
            "{name} has nothing yet: {id}'s coordinator has {partitions} in store for it, at epoch {}.",
            group.generation
        ));
        let has = |other: &&MemberView| {
            other.member != member.member && other.assignment.iter().chain(&other.revoking).any(|at| member.target.contains(at))
        };
        let mut waits = false;
        for other in group.members.iter().filter(has) {
            waits = true;
            let owner = &*other.client_id;
            self.now(format_args!(
                "{owner} still has some of them: it {}.",
                if other.revoking.is_empty() {
                    "learns with its next heartbeat that it is to give them up"
                } else {
                    "is to give them up, and does so as it polls"
                }
            ));
            if let Some(app) =
                self.view.consumers.iter().find(|app| &*app.name == owner).filter(|app| app.state.is_running() && app.backlog > 0)
            {
                let (records, time) = (plural(app.backlog, "record"), duration_text(app.handle_us));
                self.now(format_args!("{owner} has {records} in hand and takes {time} for each, and polls when they are done."));
            }
            self.blame(&[owner], self.view.now);
        }
        if !waits {
            self.now(format_args!("Nobody has them any more: it is told so with its next heartbeat."));
        }
        self.started(name, self.view.now);
        true
    }

    /// How the newest rebalance up to `until` began. Its time.
    pub(crate) fn last_rebalance(&mut self, id: &str, until: Time) -> Option<Time> {
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
}
