//! The topics of which this broker has partitions, and what its copy of the metadata says of topics and brokers.

use super::partition::Partition;
use super::{Broker, ErrorCode};
use crate::kafka::controller::image::BrokerImage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::message::{BrokerId, Str, TopicName};
use std::sync::Arc;
use uuid::Uuid;

/// All that may be done to a topic, as bits (READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS).
pub const TOPIC_OPERATIONS: i32 = 3576;
/// All that may be done to a cluster, as bits.
pub const CLUSTER_OPERATIONS: i32 = 8096;

pub fn text(value: &str) -> Str {
    Str::from(value)
}

pub fn topic_name(name: &str) -> TopicName {
    TopicName(Str::from(name))
}

/// A topic of which this broker has partitions.
#[derive(Clone, Debug)]
pub struct Topic {
    pub name: Arc<str>,
    pub id: Uuid,
    /// Those that are here, by number.
    pub partitions: SortedVecMap<i32, Partition>,
}

/// Topics by name, and their ids.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    by_name: SortedVecMap<Arc<str>, Topic>,
    ids: SortedVecMap<Uuid, Arc<str>>,
}

impl Topics {
    /// The topic; without partitions, if it was not here.
    pub fn ensure(&mut self, name: &Arc<str>, id: Uuid) -> &mut Topic {
        self.ids.insert(id, name.clone());
        self.by_name.entry(name.clone()).or_insert_with(|| Topic { name: name.clone(), id, partitions: SortedVecMap::new() })
    }

    pub fn remove(&mut self, name: &str) -> Option<Topic> {
        let topic = self.by_name.remove(name)?;
        self.ids.remove(&topic.id);
        Some(topic)
    }

    pub fn get(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Topic> {
        self.by_name.get_mut(name)
    }

    pub fn name_of(&self, id: Uuid) -> Option<&Arc<str>> {
        self.ids.get(&id)
    }

    pub fn partition(&self, name: &str, index: i32) -> Option<&Partition> {
        self.get(name)?.partitions.get(&index)
    }

    pub fn partition_mut(&mut self, name: &str, index: i32) -> Option<(Arc<str>, &mut Partition)> {
        let topic = self.by_name.get_mut(name)?;
        let partition = topic.partitions.get_mut(&index)?;
        Some((topic.name.clone(), partition))
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.by_name.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Topic> {
        self.by_name.values_mut()
    }
}

impl Broker {
    /// The brokers that clients may talk to.
    pub(super) fn live_brokers(&self) -> impl Iterator<Item = &BrokerImage> {
        self.controller.image().brokers.values().filter(|broker| !broker.fenced)
    }

    /// Whom clients are told to be the controller: any broker that is alive, drawn anew for each answer, since each of them hands on what
    /// only the controller can do (`KRaftMetadataCache.getRandomAliveBroker`). -1 while there is none.
    pub(super) fn any_live_broker(&mut self) -> BrokerId {
        let count = self.live_brokers().count() as u64;
        let nth = usize::try_from(self.live_broker_draws.below(count)).unwrap_or(0);
        BrokerId(self.live_brokers().nth(nth).map_or(-1, |broker| broker.id))
    }

    /// The active controller.
    pub(super) fn controller_id(&self) -> BrokerId {
        BrokerId(self.controller.quorum().leader.unwrap_or(-1))
    }

    /// What is wrong with asking this broker for a partition that it does not lead; nothing is known of it, or another leads.
    pub(super) fn not_led(&self, topic: &str, index: i32) -> ErrorCode {
        match self.controller.image().partition(topic, index) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        }
    }

    /// Who leads the partition, and in which epoch, by the metadata; -1 each when nobody does.
    pub(super) fn leader_of(&self, topic: &str, index: i32) -> (i32, i32) {
        self.controller.image().partition(topic, index).map_or((-1, -1), |partition| (partition.leader, partition.leader_epoch))
    }

    pub(super) fn host(&self) -> Str {
        text(&self.options.host)
    }

    pub(super) fn cluster_id(&self) -> Str {
        text(&self.options.cluster_id)
    }

    pub(super) fn rack(&self) -> Option<Str> {
        self.config.broker_rack.clone().filter(|rack| !rack.is_empty())
    }
}
