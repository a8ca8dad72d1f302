//! The active controller (`QuorumController`): it decides on a draft of the image that is ahead of what is committed, and what it decides
//! leaves it as records. Losing the quorum's leadership, it is dropped with its draft.

use super::brokers::Beat;
use super::elections::{Builder, Election, NO_LEADER};
use super::features::FEATURES;
use super::image::{BROKER_RESOURCE, Image, PartitionImage};
use super::reason::ChangeReason;
use super::records::{PartitionChange, Record};
use super::{ControllerEvent, ControllerOptions, Delta};
use crate::kafka::config::BrokerConfig;
use crate::kafka::marks::mark;
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, earlier};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use crate::kafka::wire::message::Str;
use std::sync::Arc;

pub const MIN_ISR: &str = "min.insync.replicas";

/// An error code with its sentence.
pub type Refusal = (ErrorCode, String);

#[derive(Clone, Debug)]
pub struct Active {
    pub epoch: i32,
    pub(super) node_id: i32,
    pub(super) cluster_id: Arc<str>,
    pub(super) draft: Image,
    /// With the dynamic configs of the cluster and of this node.
    pub(super) config: BrokerConfig,
    /// A stream for each epoch: no topic gets an id again that another had before a restart.
    pub(super) rng: Rng,
    sabotage: Option<Sabotage>,
    pub(super) beats: SortedVecMap<i32, Beat>,
    pub(super) next_balance: Time,
    /// When leaderless partitions are next looked at.
    next_unclean: Time,
    /// The offset of the next batch's first record.
    base: i64,
    batch: Vec<Record>,
    events: Vec<ControllerEvent>,
}

pub fn text(value: impl Into<String>) -> Str {
    Str::from(value.into())
}

pub fn topic_name(name: &str) -> m::TopicName {
    m::TopicName(text(name))
}

pub fn broker_ids(ids: &[i32]) -> Vec<m::BrokerId> {
    ids.iter().map(|id| m::BrokerId(*id)).collect()
}

pub fn numbers(ids: &[m::BrokerId]) -> Vec<i32> {
    ids.iter().map(|id| id.0).collect()
}

/// Alive and not on its way out.
pub fn alive(draft: &Image, replica: i32) -> bool {
    draft.is_active(replica)
}

impl Active {
    pub fn new(now: Time, options: &ControllerOptions, config: &BrokerConfig, draft: Image, epoch: i32) -> Self {
        let mut active = Self {
            epoch,
            node_id: options.node_id,
            cluster_id: options.cluster_id.clone(),
            // A broker that is not fenced has a whole session for its next heartbeat (`ClusterControlManager.activate`).
            beats: draft.brokers.values().map(|broker| (broker.id, Beat::new((!broker.fenced).then_some(now)))).collect(),
            draft,
            config: config.clone(),
            rng: Rng::stream(options.seed ^ u64::from(epoch.unsigned_abs()) << 32, "controller"),
            sabotage: options.sabotage,
            next_balance: now,
            next_unclean: now,
            base: 0,
            batch: Vec::new(),
            events: Vec::new(),
        };
        active.refresh_config();
        active.next_balance = now.plus_millis(active.balance_interval_ms());
        active.next_unclean = now.plus_millis(active.config.unclean_leader_election_interval_ms);
        active
    }

    /// Called before anything is decided: `end` is the log's.
    pub fn begin(&mut self, end: i64) {
        self.base = end;
    }

    /// What was decided since.
    pub fn take(&mut self) -> (Vec<Record>, Vec<ControllerEvent>) {
        (std::mem::take(&mut self.batch), std::mem::take(&mut self.events))
    }

    /// The first controller of a cluster writes its features; `start` is where its epoch begins. With eligible leader replicas, all
    /// brokers must have the same `min.insync.replicas`: its own becomes theirs (`ActivationRecordsGenerator`).
    pub fn activate(&mut self, start: i64) {
        if start == 0 {
            for feature in FEATURES {
                self.push(Record::FeatureLevel { name: feature.name.into(), level: feature.level });
            }
            let value = Some(self.config.min_insync_replicas(&SortedVecMap::new()).to_string());
            self.push(Record::Config { kind: BROKER_RESOURCE, resource: "".into(), name: MIN_ISR.into(), value });
            self.refresh_config();
        }
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.base + self.batch.len() as i64
    }

    pub(super) fn push(&mut self, record: Record) {
        self.draft.apply(self.next_offset(), &record, &mut Delta::default());
        self.batch.push(record);
    }

    pub(super) fn event(&mut self, event: ControllerEvent) {
        self.events.push(event);
    }

    /// The dynamic configs of the draft hold for the controller, too.
    pub(super) fn refresh_config(&mut self) {
        self.config.set_altered(&self.draft.broker_configs, self.node_id);
    }

    /// Whether `unclean.leader.election.enable` holds for a topic.
    pub(super) fn unclean_elections(&self, topic: &str) -> bool {
        let none = SortedVecMap::new();
        self.config.unclean_leader_election_enable(self.draft.topic_configs.get(topic).unwrap_or(&none))
    }

    /// Changes a partition as `set` says and elects. `acceptable`: who may lead besides what the draft says of the brokers.
    pub(super) fn change(
        &mut self,
        topic: &str,
        index: i32,
        election: Option<Election>,
        acceptable: &dyn Fn(&Image, i32) -> bool,
        why: ChangeReason,
        set: impl FnOnce(&mut Builder<'_>),
    ) -> bool {
        let Some(of) = self.draft.topics.get(topic) else { return false };
        let (id, name) = (of.id, of.name.clone());
        let Some(old) = self.draft.partition(topic, index) else { return false };
        let allowed = |replica: i32| acceptable(&self.draft, replica);
        let none = SortedVecMap::new();
        let overrides = self.draft.topic_configs.get(topic).unwrap_or(&none);
        let min_isr = usize::try_from(self.config.min_insync_replicas(overrides)).unwrap_or(1).min(old.replicas.len());
        let election = election.unwrap_or_else(|| match self.unclean_elections(topic) {
            true => Election::Unclean,
            false => Election::Online,
        });
        let mut builder = Builder::new(old, id, index, &allowed, min_isr, election);
        builder.any_replica = self.sabotage == Some(Sabotage::UncleanElection);
        set(&mut builder);
        let Some((change, unclean)) = builder.build() else { return false };
        self.apply_change(&name, change, if unclean { ChangeReason::Unclean } else { why });
        true
    }

    fn apply_change(&mut self, topic: &Arc<str>, change: PartitionChange, why: ChangeReason) {
        let index = change.partition;
        self.push(Record::PartitionChange(change));
        if let Some(state) = self.draft.partition(topic, index) {
            self.events.push(partition_event(topic, index, state, why));
        }
    }

    /// Partitions of which this holds, as topic and number.
    pub(super) fn partitions(&self, wanted: impl Fn(&PartitionImage) -> bool) -> Vec<(Arc<str>, i32)> {
        let mut found = Vec::new();
        for (name, topic) in &self.draft.topics {
            let matching = (0..).zip(&topic.partitions).filter(|(_, state)| wanted(state));
            found.extend(matching.map(|(index, _)| (name.clone(), index)));
        }
        found
    }

    /// `ReplicationControlManager.generateLeaderAndIsrUpdates`: `remove` leaves every ISR and leads nothing, `add` counts as alive, `lost`
    /// has come back from an unclean shutdown. -1: nobody. A replica that is fenced without leading the partition is told as such.
    pub(super) fn reelect(&mut self, partitions: Vec<(Arc<str>, i32)>, remove: i32, add: i32, lost: i32, why: ChangeReason) {
        let acceptable = |draft: &Image, replica: i32| replica != remove && replica != lost && (replica == add || draft.is_active(replica));
        for (topic, index) in partitions {
            let led = self.draft.partition(&topic, index).map(|state| state.leader);
            let why = match why {
                ChangeReason::LeaderFenced(broker) if led != Some(broker) => ChangeReason::ReplicaFenced(broker),
                why => why,
            };
            self.change(&topic, index, None, &acceptable, why, |builder| {
                builder.unclean_shutdown = Some(lost).filter(|id| *id != NO_LEADER);
                builder.isr.retain(|replica| *replica != remove && *replica != lost);
            });
        }
    }

    /// Fences brokers whose session expired, balances leaders, and gives leaderless partitions one where that is allowed.
    pub fn tick(&mut self, now: Time) {
        self.fence_silent(now);
        if self.next_balance <= now {
            self.next_balance = now.plus_millis(self.balance_interval_ms());
            self.balance_leaders();
        }
        if self.next_unclean <= now {
            self.next_unclean = now.plus_millis(self.config.unclean_leader_election_interval_ms.max(1));
            // Where an unclean election is allowed by now (`maybeElectUncleanLeaders`).
            let leaderless = self.partitions(|state| state.leader == NO_LEADER);
            self.reelect(leaderless, NO_LEADER, NO_LEADER, NO_LEADER, ChangeReason::Unclean);
        }
    }

    /// Gives leadership back to preferred replicas that are in sync and alive (`maybeBalancePartitionLeaders`).
    fn balance_leaders(&mut self) {
        if !self.config.auto_leader_rebalance_enable {
            return;
        }
        let imbalanced = self.partitions(|state| {
            let preferred = state.replicas.first().copied().unwrap_or(-1);
            state.leader != preferred && state.isr.contains(&preferred)
        });
        for (topic, index) in imbalanced {
            let preferred = self.draft.partition(&topic, index).and_then(|state| state.replicas.first().copied());
            if preferred.is_some_and(|preferred| self.draft.is_active(preferred)) {
                mark!(LeadersBalanced);
                self.change(&topic, index, Some(Election::Preferred), &alive, ChangeReason::Preferred, |_| {});
            }
        }
    }

    fn balance_interval_ms(&self) -> i64 {
        self.config.leader_imbalance_check_interval_seconds.max(1).saturating_mul(1000)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let balance = self.config.auto_leader_rebalance_enable.then(|| (self.next_balance, Reason::new("leader balance", "")));
        let unclean = (self.next_unclean, Reason::new("unclean leader election", ""));
        earlier(earlier(self.next_fence(), balance), Some(unclean))
    }
}

pub fn partition_event(topic: &Arc<str>, partition: i32, state: &PartitionImage, why: ChangeReason) -> ControllerEvent {
    let (topic, isr, elr) = (topic.clone(), state.isr.clone(), state.elr.clone());
    ControllerEvent::PartitionChanged { topic, partition, leader: state.leader, leader_epoch: state.leader_epoch, isr, elr, why }
}
