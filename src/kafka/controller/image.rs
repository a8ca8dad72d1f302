//! What the committed metadata says: brokers, topics, partitions, configs (`org.apache.kafka.image.MetadataImage`).

use super::Delta;
use super::records::{PartitionChange, Record};
use crate::kafka::sorted_vec::SortedVecMap;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// The last record applied; -1 before the first.
    pub offset: i64,
    pub brokers: SortedVecMap<i32, BrokerImage>,
    pub topics: SortedVecMap<Arc<str>, TopicImage>,
    pub ids: SortedVecMap<Uuid, Arc<str>>,
    /// Configs set on topics, by topic.
    pub topic_configs: SortedVecMap<Arc<str>, SortedVecMap<String, String>>,
    /// Dynamic broker configs; "" holds the cluster-wide defaults.
    pub broker_configs: SortedVecMap<String, SortedVecMap<String, String>>,
    /// Configs set on groups, by group.
    pub group_configs: SortedVecMap<String, SortedVecMap<String, String>>,
    /// Levels of the cluster's features that are not 0 (KIP-584).
    pub features: SortedVecMap<Arc<str>, i16>,
    /// The first producer id that no broker has been given.
    pub next_producer_id: i64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerImage {
    pub id: i32,
    pub epoch: i64,
    pub incarnation: Uuid,
    pub host: Arc<str>,
    pub port: i32,
    pub rack: Option<Arc<str>>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TopicImage {
    pub name: Arc<str>,
    pub id: Uuid,
    /// By number, without holes.
    pub partitions: Vec<PartitionImage>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartitionImage {
    /// The first is the preferred leader.
    pub replicas: Vec<i32>,
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<i32>,
    pub last_known_elr: Vec<i32>,
    pub adding: Vec<i32>,
    pub removing: Vec<i32>,
    /// -1: nobody leads.
    pub leader: i32,
    pub leader_epoch: i32,
    pub partition_epoch: i32,
    /// The leader was elected uncleanly and has not caught up with what that means (`LeaderRecoveryState.RECOVERING`).
    pub recovering: bool,
}

impl Image {
    pub fn partition(&self, topic: &str, partition: i32) -> Option<&PartitionImage> {
        self.topics.get(topic)?.partitions.get(usize::try_from(partition).ok()?)
    }
}

/// Resource types of configs, as ConfigRecord and the admin requests number them.
pub const TOPIC_RESOURCE: i8 = 2;
pub const BROKER_RESOURCE: i8 = 4;
pub const BROKER_LOGGER_RESOURCE: i8 = 8;
pub const CLIENT_METRICS_RESOURCE: i8 = 16;
pub const GROUP_RESOURCE: i8 = 32;

impl Image {
    /// Before the first record.
    pub fn empty() -> Self {
        Self { offset: -1, ..Self::default() }
    }

    /// Takes in one record and notes in `delta` what it touches. A record that fits nothing (of a topic that is gone, of an older
    /// registration) changes nothing.
    pub fn apply(&mut self, offset: i64, record: &Record, delta: &mut Delta) {
        self.offset = offset;
        match record {
            Record::RegisterBroker(broker) => {
                self.brokers.insert(broker.id, broker.clone());
                delta.brokers = true;
            }
            Record::UnregisterBroker { id, .. } => {
                self.brokers.remove(id);
                delta.brokers = true;
            }
            Record::BrokerChange { id, epoch, fenced, in_controlled_shutdown } => {
                let Some(broker) = self.brokers.get_mut(id).filter(|broker| broker.epoch == *epoch) else { return };
                match fenced {
                    1 => broker.fenced = true,
                    -1 => broker.fenced = false,
                    _ => {}
                }
                broker.in_controlled_shutdown |= in_controlled_shutdown;
                delta.brokers = true;
            }
            Record::Topic { name, id } => {
                self.ids.insert(*id, name.clone());
                self.topics.insert(name.clone(), TopicImage { name: name.clone(), id: *id, partitions: Vec::new() });
                delta.topics.insert(name.clone());
            }
            Record::Partition { topic, partition, state } => {
                let Some((name, topic)) = self.topic_by_id(*topic) else { return };
                let Ok(index) = usize::try_from(*partition) else { return };
                let count = topic.partitions.len();
                match topic.partitions.get_mut(index) {
                    Some(old) => old.clone_from(state),
                    None if index == count => topic.partitions.push(state.clone()),
                    None => return,
                }
                delta.topics.insert(name);
            }
            Record::PartitionChange(change) => {
                let Some((name, topic)) = self.topic_by_id(change.topic) else { return };
                let Some(state) = usize::try_from(change.partition).ok().and_then(|index| topic.partitions.get_mut(index)) else { return };
                state.merge(change);
                delta.topics.insert(name);
            }
            Record::RemoveTopic { id } => {
                let Some(name) = self.ids.remove(id) else { return };
                self.topics.remove(&name);
                self.topic_configs.remove(&name);
                delta.topics.remove(&name);
                delta.topic_configs.remove(&name);
                delta.deleted.push((name, *id));
            }
            Record::Config { kind, resource, name, value } => self.set_config(*kind, resource, name, value.as_deref(), delta),
            Record::ClearElr { topic } => self.clear_elr(topic, delta),
            Record::ProducerIds { next, .. } => self.next_producer_id = *next,
            Record::FeatureLevel { name, level: 0 } => {
                self.features.remove(name);
            }
            Record::FeatureLevel { name, level } => {
                self.features.insert(name.clone(), *level);
            }
            Record::NoOp => {}
        }
    }

    fn set_config(&mut self, kind: i8, resource: &Arc<str>, name: &str, value: Option<&str>, delta: &mut Delta) {
        let configs = match kind {
            TOPIC_RESOURCE => {
                delta.topic_configs.insert(resource.clone());
                self.topic_configs.entry(resource.clone()).or_default()
            }
            BROKER_RESOURCE => {
                delta.broker_configs = true;
                self.broker_configs.entry(resource.to_string()).or_default()
            }
            GROUP_RESOURCE => {
                delta.group_configs.insert(resource.clone());
                self.group_configs.entry(resource.to_string()).or_default()
            }
            _ => return,
        };
        match value {
            Some(value) => configs.insert(name.to_owned(), value.to_owned()),
            None => configs.remove(name),
        };
        if kind == GROUP_RESOURCE {
            self.group_configs.retain(|_, configs| !configs.is_empty());
        }
    }

    /// Of one topic, or of all where the name is empty.
    fn clear_elr(&mut self, of: &str, delta: &mut Delta) {
        for topic in self.topics.values_mut().filter(|topic| of.is_empty() || &*topic.name == of) {
            for (index, state) in (0..).zip(&mut topic.partitions) {
                if !state.elr.is_empty() || !state.last_known_elr.is_empty() {
                    let (elr, last_known_elr) = (Some(Vec::new()), Some(Vec::new()));
                    state.merge(&PartitionChange { elr, last_known_elr, ..PartitionChange::new(topic.id, index) });
                    delta.topics.insert(topic.name.clone());
                }
            }
        }
    }

    fn topic_by_id(&mut self, id: Uuid) -> Option<(Arc<str>, &mut TopicImage)> {
        let name = self.ids.get(&id)?.clone();
        let topic = self.topics.get_mut(&name)?;
        Some((name, topic))
    }

    /// The topic that has this id.
    pub fn topic_of(&self, id: Uuid) -> Option<&TopicImage> {
        self.topics.get(self.ids.get(&id)?)
    }

    /// Whether a broker is registered, neither fenced nor on its way out (`ClusterControlManager.isActive`).
    pub fn is_active(&self, broker: i32) -> bool {
        self.brokers.get(&broker).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }
}

impl PartitionImage {
    /// `PartitionRegistration.merge`: the partition epoch goes up by one, the leader epoch with every leader that is named.
    pub fn merge(&mut self, change: &PartitionChange) {
        let set = |own: &mut Vec<i32>, new: &Option<Vec<i32>>| {
            if let Some(new) = new {
                own.clone_from(new);
            }
        };
        set(&mut self.isr, &change.isr);
        set(&mut self.replicas, &change.replicas);
        set(&mut self.removing, &change.removing);
        set(&mut self.adding, &change.adding);
        set(&mut self.elr, &change.elr);
        set(&mut self.last_known_elr, &change.last_known_elr);
        if change.leader != -2 {
            self.leader = change.leader;
            self.leader_epoch = self.leader_epoch.wrapping_add(1);
        }
        if change.recovery >= 0 {
            self.recovering = change.recovery == 1;
        }
        self.partition_epoch = self.partition_epoch.wrapping_add(1);
    }

    /// Whether replicas are being added or removed.
    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }
}
