//! The judge: keeps a shadow of what each client was promised, holds the run against it at each event, and says at the end what became
//! of every record, by content. It reads the run and never touches it.

mod close;
mod commits;
mod committed;
mod ledger;
mod owners;
pub mod probe;
mod processing;
#[cfg(test)]
mod tests;
mod tracker;
mod transactions;
mod watch;
mod words;
mod world_probe;

pub use ledger::{Ledger, Permitted, RecordOutcome};

use super::event::{Event, EventId, EventKind};
use super::operations::{
    Action, AddPartitions, Ailment, ChangeConsumer, DeleteTopic, ElectLeader, PowerLoss, Produce, SetBrokerConfig, SetGroupProtocol,
    SetTopicConfig, Stop, Wipe,
};
use crate::kafka::broker::{BrokerEvent, PartitionView, TRANSACTIONS_TOPIC};
use crate::kafka::client::{consumer::ConsumerEvent, producer::ProducerEvent};
use crate::kafka::controller::ControllerEvent;
use crate::kafka::controller::image::Image;
use crate::kafka::coordinator::GroupState;
use crate::kafka::coordinator::{DOWNGRADED, GroupEvent, GroupView, UPGRADED};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::world::ProcessState;
use committed::CommittedLog;
use probe::{ClusterProbe, LogDir, broker_number};
use std::collections::VecDeque;
use std::sync::Arc;

/// Violations that are kept; more are only counted.
pub const MAX_VIOLATIONS: u32 = 50;

/// Something that Kafka does not permit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub at: Time,
    /// The event at which it was seen.
    pub event: EventId,
    /// In one word: "two-leaders", "lost", "duplicated", …
    pub kind: &'static str,
    pub what: String,
}

/// How much happened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    pub events: u64,
    /// Partition leaders that took over from another broker or in a new epoch.
    pub elections: u64,
    pub quorum_elections: u64,
    pub truncations: u64,
    pub isr_changes: u64,
    pub rebalances: u64,
    /// By kind.
    pub faults: SortedVecMap<&'static str, u64>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    pub violations: Vec<Violation>,
    pub ledger: Ledger,
    pub counters: Counters,
}

/// Committed records that were given up, and why Kafka permits it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Cut {
    offset: i64,
    why: &'static str,
}

/// One replica as far as it has been held against the promise.
#[derive(Clone, Debug, Default)]
struct Replica {
    /// Compared below this offset.
    agreed: i64,
    /// The leader epoch that it went by last.
    epoch: i32,
    /// It may hold what was permitted to be lost, until it has cut it.
    stale: bool,
    /// It lost data and is not yet back in the ISR.
    hurt: bool,
    /// The broker epoch in which it last lost data. Until its session is over its leader may go on by what it said before, and even let
    /// it into the ISR (KIP-903 tells processes apart by their registration): that is no promise of what it holds now.
    lost_in: Option<i64>,
}

impl Replica {
    /// Below which offset its log has been compared. One that is shorter began anew: the replica was given up in between.
    fn agreed_within(&self, view: &PartitionView) -> i64 {
        if self.agreed > view.end_offset { 0 } else { self.agreed }
    }

    /// Whether it has lost nothing since it registered in this broker epoch.
    fn kept_since(&self, epoch: i64) -> bool {
        self.lost_in.is_none_or(|lost| epoch > lost)
    }
}

/// What is known of a partition beyond any single broker.
#[derive(Clone, Debug, Default)]
struct Shadow {
    committed: CommittedLog,
    /// The high watermark of a leader whose replica was taken from it in the same turn: a reassignment has ended, and its log is gone.
    promised: i64,
    /// Where the leader's log began last: what lies below it was deleted, and nobody has to keep it.
    start: i64,
    /// The first offset that was appended in this run. What lies below came from the disks that the run began with, whose records may
    /// look like the ones of this run: its apps count from 1 again.
    began: Option<i64>,
    /// Who led in which epoch.
    leaders: SortedVecMap<i32, i32>,
    replicas: SortedVecMap<i32, Replica>,
    /// In-sync and eligible replicas by the committed metadata.
    members: Vec<i32>,
    /// Replicas that a reassignment adds: they join the ISR and may lead at once when it ends.
    adding: Vec<i32>,
    /// A reassignment takes replicas away. It ends as soon as one that stays is in sync, which may join the ISR and lead in one change.
    removing: bool,
    leader: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    /// Members that have kept all they had when they became members.
    intact: SortedVecSet<i32>,
    /// Members that have not restarted uncleanly since: to the controller the others may have lost what they had not flushed.
    trusted: SortedVecSet<i32>,
    /// The last known leader, while nobody leads.
    last_known: i32,
    /// Epochs that began with an unclean election which the topic or somebody wanted: a leader of before may not have heard of it.
    wanted_unclean: Vec<(i32, &'static str)>,
    /// A broker that began again has refused the next of a producer's batches. `ProducerStateManager.writeSnapshot` keeps of each
    /// `ProducerStateEntry` only its last batch, of the five that it has in memory, and what lies before the snapshot is not read: an
    /// earlier batch that is sent again is no duplicate to `ProducerAppendInfo.checkSequence` but out of order, and the
    /// producer sends it in a new epoch (`TransactionManager`), in which nothing tells that it is there already.
    forgot: bool,
    /// Elections from outside the members: leader epoch → whether it is permitted, and why.
    unclean: SortedVecMap<i32, Result<&'static str, ()>>,
    cuts: Vec<Cut>,
    /// The latest appends of those who believed that they lead: base, end, their epoch.
    appends: VecDeque<(i64, i64, i32)>,
}

/// Appends that are remembered for each partition, to tell whose acknowledgement one was.
const MAX_APPENDS: u32 = 512;

/// What a shadow has beside its committed log, about: its latest appends are most of it.
const SHADOW_BYTES: u64 = 16 << 10;

impl Shadow {
    /// What lies below it is committed.
    fn end(&self) -> i64 {
        self.committed.end().unwrap_or(0).max(self.promised)
    }

    /// Whether something of what was promised has been given up, or may be by a leader that does not know of the next one.
    fn gave_up(&self) -> bool {
        !self.cuts.is_empty() || !self.wanted_unclean.is_empty()
    }

    /// The epoch of the leader that may have acknowledged this offset just now: the earliest, if there is a doubt.
    fn appender(&self, offset: i64) -> i32 {
        let at = self.appends.iter().filter(|(base, end, _)| (*base..*end).contains(&offset)).map(|(.., epoch)| *epoch);
        at.min().unwrap_or(self.leader_epoch).min(self.leader_epoch)
    }
}

type Partition = (Arc<str>, i32);

/// A consumer or a group, and the topic and number of a partition that it reads.
type ConsumerPartition = (Arc<str>, Arc<str>, i32);

/// See the module. Cloning it with its world is a checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    next_event: u64,
    now: Time,
    event: EventId,
    shadows: SortedVecMap<Partition, Shadow>,
    quorum_leaders: SortedVecMap<i32, i32>,
    metadata: CommittedLog,
    /// The metadata offset up to which a broker was compared.
    metadata_agreed: SortedVecMap<i32, i64>,
    /// The highest metadata offset whose meaning has been taken in.
    truth: i64,
    /// What the metadata says up to there.
    image: Image,
    /// Brokers whose process has been registered since it began.
    registered: SortedVecSet<i32>,
    /// What each topic's metadata was when its meaning was taken in.
    taken: SortedVecMap<Arc<str>, u64>,
    broker_epochs: SortedVecMap<i32, i64>,
    /// Brokers of which another process was before: of each producer they may have read one batch (see `Shadow::forgot`).
    began_again: SortedVecSet<i32>,
    /// The network has been at fault: what was sent on a connection that its client has given up may come much later.
    network_troubled: bool,
    /// The logs that a broker's process found when it began, until it has caught up with the metadata.
    found: SortedVecMap<i32, Vec<LogDir>>,
    /// Some `cleanup.policy` was altered under way: what a compacted topic holds may be older.
    policy_altered: bool,
    /// ElectLeaders asked for these uncleanly.
    asked_unclean: SortedVecSet<Partition>,
    /// By consumer, topic and partition: the offsets that were fetched last, since its position came from elsewhere.
    fetched: SortedVecMap<ConsumerPartition, (i64, i64)>,
    /// Topics that got partitions, or were made anew, under way.
    grown: SortedVecSet<Arc<str>>,
    /// The generation with which each group that had to rebalance went over to another protocol.
    migrated: SortedVecMap<Arc<str>, i32>,
    /// What each group has committed last, by group, topic and partition.
    committed: SortedVecMap<ConsumerPartition, i64>,
    tracker: tracker::RecordTracker,
    counters: Counters,
    violations: Vec<Violation>,
}

impl Judge {
    pub fn new() -> Self {
        Self { truth: -1, ..Self::default() }
    }

    /// Takes in the events since the last call. Call it after each `step`, while what the nodes hold is what the events say.
    ///
    /// `events`: those that the run keeps, oldest first.
    pub fn observe_events(&mut self, events: &[Event], probe: &dyn ClusterProbe) {
        let first = events.first().map_or(0, |event| event.id.0);
        // Ids go up by one: where the new ones begin needs no search.
        let from = usize::try_from(self.next_event.saturating_sub(first)).unwrap_or(usize::MAX);
        for event in events.get(from..).unwrap_or_default() {
            self.feed(event, probe);
        }
    }

    /// Bytes of the promises and of the tracker, which a clone has for itself.
    pub fn weight(&self) -> u64 {
        let logs: u64 = self.shadows.values().map(|shadow| shadow.committed.weight() + SHADOW_BYTES).sum();
        logs + self.metadata.weight() + self.tracker.weight()
    }

    /// Whether committed records of the topic's partition, or of any (`None`), have been given up in a way that Kafka permits.
    pub fn has_given_up(&self, topic: &str, partition: Option<i32>) -> bool {
        let of = |(name, index): &Partition| &**name == topic && partition.is_none_or(|partition| partition == *index);
        self.shadows.iter().any(|(key, shadow)| of(key) && shadow.gave_up())
    }

    pub fn was_deleted(&self, topic: &Arc<str>) -> bool {
        self.tracker.was_deleted(topic)
    }

    /// Whether a group still has the generation with which it went over to another protocol, though it had to rebalance then; what belonged
    /// to nobody is nobody's until another rebalance. Back to the classic protocol the rebalance is in its coordinator's memory alone
    /// (`GroupMetadataManager.convertToClassicGroup`): the next coordinator knows nothing of it. To the consumer protocol a new member is
    /// taken to begin one (`convertToConsumerGroup`), which a static member that comes back with the same subscription does not.
    pub fn missed_rebalance(&self, group: &GroupView) -> bool {
        self.migrated.get(&group.group) == Some(&group.generation)
    }

    /// Whether the end of a transaction may be missing in a partition, in a way that Kafka permits: lost with the disks, or never sent by a
    /// coordinator that had not heard of the partition yet (`TransactionMarkerChannelManager`: one without a leader is likely deleted).
    pub fn may_lack_markers(&self, topic: &str, partition: i32) -> bool {
        self.has_given_up(topic, Some(partition)) || self.has_given_up(TRANSACTIONS_TOPIC, None) || self.grown.contains(topic)
    }

    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Why a committed record could be given up; `None` while none at or after this offset was.
    pub fn given_up(&self, topic: &str, partition: i32, offset: i64) -> Option<&'static str> {
        let mut shadows = self.shadows.iter().filter(|((name, number), _)| &**name == topic && *number == partition);
        let (_, shadow) = shadows.next()?;
        shadow.cuts.iter().rev().find(|cut| cut.offset <= offset).map(|cut| cut.why)
    }

    /// What became of every record. `quiet`: nothing is under way any more, so that what was not delivered never will be.
    pub fn verdict(&self, probe: &dyn ClusterProbe, quiet: bool) -> Verdict {
        let mut judge = self.clone();
        if quiet {
            judge.compare_all(probe);
        }
        let ledger = judge.close(probe, quiet);
        Verdict { violations: judge.violations, ledger, counters: judge.counters }
    }

    fn violation(&mut self, kind: &'static str, what: String) {
        if (self.violations.len() as u64) < u64::from(MAX_VIOLATIONS) {
            self.violations.push(Violation { at: self.now, event: self.event, kind, what });
        }
    }

    fn feed(&mut self, event: &Event, probe: &dyn ClusterProbe) {
        self.next_event = event.id.0 + 1;
        self.now = event.at;
        self.event = event.id;
        self.counters.events += 1;
        match &event.kind {
            EventKind::Acted { action } => {
                if let Some(action) = probe.action(*action) {
                    self.acted(action, probe);
                }
            }
            EventKind::Broker { node, event } => {
                if let Some(node) = broker_number(node) {
                    self.take_metadata(node, probe);
                    self.nothing_found_is_dropped(node, probe);
                    self.broker_event(node, event, probe);
                }
            }
            EventKind::Producer { node, event } => {
                self.tracker.take_sent(node, probe, self.now);
                self.producer_event(node, event);
            }
            EventKind::Consumer { node, event } => self.consumer_event(node, event, probe),
            EventKind::Handled { node, group, topic, partition, offset, .. } => {
                // An app with an output has sent it.
                self.tracker.take_sent(node, probe, self.now);
                self.below_committed(node, topic, *partition, *offset);
                if self.is_of_this_run(topic, *partition, *offset, probe) {
                    let id = probe.receiver(node).map_or(0, |receiver| receiver.last);
                    self.tracker.handled(node, group.as_ref(), id);
                }
            }
            EventKind::ProcessState { node, from, to } => {
                if let Some(node) = broker_number(node) {
                    if *to == ProcessState::Running && *from != ProcessState::Paused {
                        self.restarted(node, *from == ProcessState::Stopped);
                        self.found.insert(node, probe.log_dirs(node));
                    }
                } else {
                    // What it sent last is looked at before the process is forgotten.
                    self.tracker.take_sent(node, probe, self.now);
                    self.tracker.process(node, *from, *to);
                }
            }
            EventKind::Timer { node, .. } | EventKind::HandlerFailed { node, .. } => self.tracker.take_sent(node, probe, self.now),
            _ => {}
        }
    }

    fn acted(&mut self, action: &Action, probe: &dyn ClusterProbe) {
        if let Some(kind) = action.fault() {
            *self.counters.faults.entry(kind).or_insert(0) += 1;
            self.tracker.disturbed = true;
        }
        let troubles = |ailment: &Ailment| ailment.is_of_network() || *ailment == Ailment::AllLinks;
        self.network_troubled |= action.conditions().iter().any(|condition| troubles(&condition.ailment));
        match action {
            Action::ElectLeader(ElectLeader { topic, partition, unclean: true }) => {
                self.asked_unclean.insert((topic.clone(), *partition));
            }
            Action::SetTopicConfig(SetTopicConfig { config, .. }) => self.policy_altered |= config.contains_key("cleanup.policy"),
            Action::SetBrokerConfig(SetBrokerConfig { config, .. }) => self.policy_altered |= config.contains_key("log.cleanup.policy"),
            Action::AddPartitions(AddPartitions { topic, .. }) => {
                self.grown.insert(topic.clone());
            }
            Action::DeleteTopic(DeleteTopic { topic }) => {
                self.grown.insert(topic.clone());
                self.tracker.deleted(topic);
            }
            Action::Produce(Produce { name, .. }) => self.tracker.take_sent(name, probe, self.now),
            Action::Stop(Stop { node }) if broker_number(node).is_none() => self.tracker.stopped(node, probe),
            Action::ChangeConsumer(ChangeConsumer(spec)) => self.tracker.stopped(&spec.name, probe),
            Action::SetGroupProtocol(SetGroupProtocol { group, .. }) => self.tracker.group_stopped(group),
            Action::PowerLoss(PowerLoss { node, .. }) | Action::Wipe(Wipe { node }) => {
                if let Some(node) = broker_number(node) {
                    self.lost_data(node);
                }
            }
            _ => {}
        }
    }

    fn broker_event(&mut self, node: i32, event: &BrokerEvent, probe: &dyn ClusterProbe) {
        if let BrokerEvent::SegmentDeleted { topic, partition, .. } = event {
            self.retention_shortens_found(node, &format!("{topic}-{partition}"), probe);
        }
        if event.topic().is_some_and(|topic| self.means_another(node, topic, probe)) {
            return;
        }
        match event {
            BrokerEvent::BecameLeader { topic, partition, epoch, .. } => {
                self.counters.elections += u64::from(*epoch > 0);
                self.became_leader(node, topic, *partition, *epoch, probe);
            }
            BrokerEvent::BecameFollower { topic, partition, epoch, .. } => {
                self.epoch_grows(node, topic, *partition, *epoch);
                self.compare(node, topic, *partition, probe);
            }
            BrokerEvent::HighWatermark { topic, partition, to, .. } => {
                // Retention may have deleted it in the same turn.
                if probe.partition(node, topic, *partition).is_none_or(|view| view.log_start_offset >= *to) {
                    let shadow = self.shadow(topic, *partition);
                    shadow.promised = shadow.promised.max(*to);
                }
                self.compare_as(node, topic, *partition, true, probe);
                self.in_sync_hold(node, topic, *partition, probe);
            }
            BrokerEvent::Appended { topic, partition, base_offset, last_offset, .. } => {
                let epoch = self.replica(node, topic, *partition).epoch;
                let shadow = self.shadow(topic, *partition);
                shadow.began = Some(shadow.began.map_or(*base_offset, |began| began.min(*base_offset)));
                let appends = &mut shadow.appends;
                if appends.len() as u64 >= u64::from(MAX_APPENDS) {
                    appends.pop_front();
                }
                appends.push_back((*base_offset, last_offset + 1, epoch));
            }
            BrokerEvent::Replicated { topic, partition, base_offset, .. } => {
                let newest = self.shadow(topic, *partition).leader_epoch;
                let replica = self.replica(node, topic, *partition);
                // What still comes from a former leader does not cut what the new one lacks.
                replica.stale &= replica.epoch < newest;
                replica.agreed = replica.agreed.min(*base_offset);
                self.compare(node, topic, *partition, probe);
            }
            BrokerEvent::SegmentDeleted { topic, partition, .. } => self.compare(node, topic, *partition, probe),
            BrokerEvent::Truncated { topic, partition, to, .. } => {
                self.counters.truncations += 1;
                let replica = self.replica(node, topic, *partition);
                replica.stale = false;
                replica.agreed = replica.agreed.min(*to);
            }
            BrokerEvent::IsrChanged { topic, partition, from, to, .. } => {
                self.counters.isr_changes += 1;
                for back in to.iter().filter(|id| !from.contains(id)) {
                    let now = registered(probe, node, *back);
                    let replica = self.replica(*back, topic, *partition);
                    replica.hurt &= !replica.kept_since(now);
                }
                self.in_sync_hold(node, topic, *partition, probe);
            }
            BrokerEvent::AppendRefused { topic, partition, error: ErrorCode::OutOfOrderSequenceNumber, .. }
                if self.began_again.contains(&node) =>
            {
                self.shadow(topic, *partition).forgot = true;
            }
            BrokerEvent::TopicDeleted { topic } if !self.image.topics.contains_key(topic) => self.forget(topic),
            BrokerEvent::Controller(ControllerEvent::Elected { epoch, .. }) => {
                self.counters.quorum_elections += 1;
                if let Some(other) = self.quorum_leaders.insert(*epoch, node).filter(|other| *other != node) {
                    self.violation("two-leaders", format!("broker-{other} and broker-{node} both lead the quorum in epoch {epoch}"));
                }
            }
            BrokerEvent::Group(event) => self.group_event(node, event, probe),
            _ => {}
        }
    }

    fn group_event(&mut self, node: i32, event: &GroupEvent, probe: &dyn ClusterProbe) {
        match event {
            GroupEvent::StateChanged { to: GroupState::PreparingRebalance, .. } => self.counters.rebalances += 1,
            GroupEvent::StateChanged { group, from, generation, why, .. }
                if **why == *DOWNGRADED || **why == *UPGRADED && *from != GroupState::Stable =>
            {
                self.migrated.insert(group.clone(), *generation);
            }
            GroupEvent::StateChanged { group, to: GroupState::Empty | GroupState::Dead, .. } => self.nobody_commits(group),
            GroupEvent::OffsetCommitted { group, topic, partition, offset } => {
                self.commits_go_on(node, group, (topic, *partition), *offset, probe);
            }
            GroupEvent::Assigned { group, assignments, .. } => self.assigned_once(group, assignments),
            GroupEvent::Reconciled { group, .. } => self.reconciled_once(node, group, probe),
            _ => {}
        }
    }

    fn producer_event(&mut self, node: &Arc<str>, event: &ProducerEvent) {
        match event {
            ProducerEvent::Partitioned { ticket, partition, .. } => self.tracker.partitioned(node, ticket.0, *partition),
            ProducerEvent::Acked { ticket, topic, partition, offset } => {
                let shadow = self.shadows.get(&(topic.clone(), *partition));
                let epoch = shadow.map_or(0, |shadow| shadow.appender(*offset));
                let cuts = shadow.map_or(0, |shadow| shadow.cuts.len() as u64);
                let end = shadow.map_or(0, Shadow::end);
                let all = self.tracker.acked(node, ticket.0, *partition, *offset, epoch, cuts);
                if all && *offset >= end && !shadow.is_some_and(Shadow::gave_up) && !self.tracker.was_deleted(topic) {
                    self.violation(
                        "acked-uncommitted",
                        format!("{node} was told that {topic}-{partition} offset {offset} is on all in-sync replicas; only what lies below {end} was"),
                    );
                }
            }
            ProducerEvent::Failed { ticket, .. } => self.tracker.failed(node, ticket.0),
            ProducerEvent::BatchSplit { .. } => self.tracker.split(node),
            ProducerEvent::Retrying { .. } => self.tracker.disturbed = true,
            ProducerEvent::TransactionBegun { first } => self.tracker.transaction_begun(node, first.0),
            ProducerEvent::TransactionEnded { committed } => self.tracker.transaction_ended(node, *committed),
            _ => {}
        }
    }

    fn consumer_event(&mut self, node: &Arc<str>, event: &ConsumerEvent, probe: &dyn ClusterProbe) {
        match event {
            ConsumerEvent::Fetched { topic, partition, base_offset, last_offset } => {
                self.fetched.insert((node.clone(), topic.clone(), *partition), (*base_offset, *last_offset));
                self.below_committed(node, topic, *partition, *last_offset);
            }
            ConsumerEvent::Committed { offsets } => {
                for (topic, partition, offset, epoch) in offsets {
                    self.committed_in_bounds(node, topic, *partition, *offset, probe);
                    self.committed_with_epoch(node, topic, *partition, (*offset, *epoch));
                }
            }
            ConsumerEvent::PositionReset { .. } | ConsumerEvent::Assigned { .. } => self.fetched.retain(|(who, ..), _| who != node),
            ConsumerEvent::Joining { .. } | ConsumerEvent::CommitFailed { .. } | ConsumerEvent::PollTimeout => {
                self.tracker.unsettled(node, probe)
            }
            _ => {}
        }
    }
}

/// The broker epoch of `id` as far as `node` knows; -1: not registered.
fn registered(probe: &dyn ClusterProbe, node: i32, id: i32) -> i64 {
    probe.image(node).and_then(|image| image.brokers.get(&id)).map_or(-1, |broker| broker.epoch)
}
