//! What the metadata assigns to this broker (`ReplicaManager.applyDelta`): the partitions it has, those that it leads, and the leaders
//! that it follows for the others.

use super::files;
use super::partition::{IsrReason, Partition, Throttled};
use super::topic_creation::OFFSETS_TOPIC;
use super::topics::Topic;
use super::{Broker, BrokerEvent};
use crate::kafka::client::net::Node;
use crate::kafka::config::TopicConfig;
use crate::kafka::controller::Delta;
use crate::kafka::controller::image::{Image, PartitionImage};
use crate::kafka::log::{Log, LogConfig, LogError};
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use std::sync::Arc;
use uuid::Uuid;

static NO_CONFIGS: SortedVecMap<String, String> = SortedVecMap::new();

/// The configs set on a topic itself.
pub fn overrides<'a>(image: &'a Image, topic: &str) -> &'a SortedVecMap<String, String> {
    image.topic_configs.get(topic).unwrap_or(&NO_CONFIGS)
}

/// What the partitions of a topic work by on this broker.
struct TopicRules {
    log: LogConfig,
    topic: TopicConfig,
    me: i32,
}

impl TopicRules {
    fn apply(&self, index: i32, partition: &mut Partition) {
        partition.min_isr = self.topic.min_insync_replicas;
        partition.throttled = Throttled {
            leader: self.topic.leader_replication_throttled_replicas.contains(index, self.me),
            follower: self.topic.follower_replication_throttled_replicas.contains(index, self.me),
        };
        if partition.log.config() != &self.log {
            partition.log.set_config(self.log.clone());
        }
    }
}

impl Broker {
    pub(super) fn apply_delta(&mut self, now: Time, delta: &Delta) {
        if delta.broker_configs {
            self.apply_broker_configs();
        }
        // As Kafka: the metadata is acted on only once this broker has caught up with it, or it would lead from stale metadata.
        if !self.life.caught_up {
            let topics = &self.controller.image().topics;
            self.known =
                topics.iter().map(|(name, topic)| (name.clone(), i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX))).collect();
            return;
        }
        for (name, id) in &delta.deleted {
            if self.controller.image().topics.contains_key(name) {
                mark!(TopicOfSameName);
            }
            self.remove_topic(now, name, *id);
            if self.known.remove(name).is_some() && self.tells() {
                self.event(BrokerEvent::TopicDeleted { topic: name.clone() });
            }
            if &**name != OFFSETS_TOPIC {
                self.groups.handle_topic_deleted(now, name);
            }
            self.tell_groups(name);
        }
        if delta.brokers {
            self.wake_all();
            for broker in self.controller.image().brokers.values() {
                self.peers.set_address(Node::Coordinator(broker.id), &broker.host, broker.port);
            }
        }
        for name in &delta.topics {
            self.reconcile(now, name);
            self.tell_groups(name);
        }
        delta.group_configs.iter().for_each(|group| self.apply_group_configs(group));
        if delta.broker_configs {
            let names: Vec<Arc<str>> = self.topics.iter().map(|topic| topic.name.clone()).collect();
            names.iter().for_each(|name| self.apply_topic_configs(now, name));
        } else {
            delta.topic_configs.iter().for_each(|name| self.apply_topic_configs(now, name));
        }
        if delta.broker_configs || !delta.topics.is_empty() || !delta.deleted.is_empty() {
            self.close_idle_fetchers(now);
        }
    }

    /// The metadata has been caught up with: all of it is acted on.
    pub(super) fn apply_all(&mut self, now: Time) {
        // First, or a log of a former topic of the same name would be deleted for the one that is.
        self.remove_strays();
        let topics = self.controller.image().topics.keys().cloned().collect();
        let group_configs = self.controller.image().group_configs.keys().map(|group| Arc::from(group.as_str())).collect();
        self.apply_delta(now, &Delta { topics, group_configs, broker_configs: true, brokers: true, ..Delta::default() });
    }

    /// Whether this node reports events of topics: one does, the active controller, or each event would come from every broker.
    fn tells(&self) -> bool {
        self.is_active()
    }

    fn apply_broker_configs(&mut self) {
        self.config.set_altered(&self.controller.image().broker_configs, self.options.node_id);
        self.lag_ms = self.config.replica_lag_time_max_ms;
        self.quotas.set_rates(&self.config);
        // There may be more places than before.
        self.admit_connections();
        self.fetchers.change_any();
        // Their number may be another.
        let mut followed = Vec::new();
        for topic in self.topics.iter() {
            let led = topic.partitions.iter().filter(|(_, partition)| partition.leading.is_none() && partition.state.leader >= 0);
            followed.extend(led.map(|(index, partition)| (topic.name.clone(), *index, partition.state.leader)));
        }
        followed.iter().for_each(|(topic, index, leader)| self.wake_fetcher(topic, *index, *leader));
    }

    /// What the topic's partitions work by.
    fn topic_rules(&self, name: &str) -> TopicRules {
        let topic = TopicConfig::new(&self.config, overrides(self.controller.image(), name));
        let sequences_unchecked = self.options.sabotage == Some(Sabotage::SequenceUnchecked);
        let records_unchecked = self.options.sabotage == Some(Sabotage::RecordNotValidated);
        let transactions_ignored = self.options.sabotage == Some(Sabotage::LsoIgnored);
        let usual = LogConfig::new(&self.config, &topic);
        let log = LogConfig { sequences_unchecked, records_unchecked, transactions_ignored, ..usual };
        TopicRules { log, topic, me: self.options.node_id }
    }

    fn apply_topic_configs(&mut self, now: Time, name: &Arc<str>) {
        let rules = self.topic_rules(name);
        let Some(topic) = self.topics.get_mut(name) else { return };
        for (index, partition) in topic.partitions.iter_mut() {
            rules.apply(*index, partition);
        }
        let indexes: Vec<i32> = topic.partitions.keys().copied().collect();
        for index in indexes {
            self.move_high_watermark(now, name, index);
        }
    }

    /// Brings the partitions of one topic in line with the metadata.
    fn reconcile(&mut self, now: Time, name: &Arc<str>) {
        let Some(topic) = self.controller.image().topics.get(name).cloned() else { return };
        let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let before = self.known.insert(name.clone(), count);
        if self.tells() {
            match before {
                None => self.event(BrokerEvent::TopicCreated { topic: name.clone(), partitions: count }),
                Some(from) if from < count => self.event(BrokerEvent::PartitionsAdded { topic: name.clone(), from, to: count }),
                Some(_) => {}
            }
        }
        let mut rules = None;
        for (index, state) in (0_i32..).zip(&topic.partitions) {
            let here = self.topics.partition(name, index);
            if !state.replicas.contains(&self.options.node_id) {
                if here.is_some() {
                    self.remove_partition(now, name, index);
                }
                continue;
            }
            if here.is_none_or(|partition| partition.state.leader_epoch < 0) {
                let rules = rules.get_or_insert_with(|| self.topic_rules(name));
                if let Err(error) = self.ensure_partition(now, name, topic.id, index, rules) {
                    let text = format!("{name}-{index}: no log: {error}");
                    self.log(text.clone());
                    self.storage_failed(&error, &text);
                    continue;
                }
            }
            self.apply_partition(now, name, index, state);
        }
    }

    /// The log is there, and works by the topic's configs.
    fn ensure_partition(&mut self, now: Time, name: &Arc<str>, id: Uuid, index: i32, rules: &TopicRules) -> Result<(), LogError> {
        if let Some((_, partition)) = self.topics.partition_mut(name, index) {
            rules.apply(index, partition);
            return Ok(());
        }
        let dir = files::partition_dir(name, index);
        files::write_partition_metadata(&mut self.disk, &dir, id)?;
        let (log, _) = Log::open(&mut self.disk, &dir, rules.log.clone(), now, true, 0)?;
        let mut partition = Partition::new(now, log, 0, 0);
        rules.apply(index, &mut partition);
        self.topics.ensure(name, id).partitions.insert(index, partition);
        Ok(())
    }

    fn apply_partition(&mut self, now: Time, name: &Arc<str>, index: i32, state: &PartitionImage) {
        let me = self.options.node_id;
        let Some((_, partition)) = self.topics.partition_mut(name, index) else { return };
        let old = &mut partition.state;
        if (state.leader_epoch, state.partition_epoch) <= (old.leader_epoch, old.partition_epoch) && old.leader_epoch >= 0 {
            // An answer to AlterPartition was faster; of the eligible replicas it says nothing.
            if state.partition_epoch == old.partition_epoch {
                (old.elr, old.last_known_elr) = (state.elr.clone(), state.last_known_elr.clone());
            }
            return;
        }
        if self.options.sabotage == Some(Sabotage::EpochNotFenced) && partition.leading.is_some() && state.leader != me {
            return;
        }
        let (new_epoch, led) = (state.leader_epoch != partition.state.leader_epoch, partition.leading.is_some());
        self.fetchers.change_any();
        let old = std::mem::replace(&mut partition.state, state.clone());
        let leads = state.leader == me;
        if leads && led {
            let why = partition.leading.as_ref().and_then(|leading| leading.proposal.as_ref()).map_or(IsrReason::Decided, |it| it.why);
            partition.keep_leading(now, me);
            if new_epoch {
                let end = partition.log.end_offset();
                if let Some(leading) = &mut partition.leading {
                    leading.epoch_start = end;
                }
                let kept = partition.log.assign_epoch(&mut self.disk, state.leader_epoch, end);
                self.told_leader(name, index, state.leader_epoch, end, kept);
            }
            self.isr_changed(now, name, index, old.isr, state.isr.clone(), why);
        } else if leads {
            partition.lead(now, me);
            let end = partition.log.end_offset();
            let kept = partition.log.assign_epoch(&mut self.disk, state.leader_epoch, end);
            self.told_leader(name, index, state.leader_epoch, end, kept);
            self.move_high_watermark(now, name, index);
            self.coordinate(now, name, index, state.leader_epoch);
        } else {
            partition.leading = None;
            if new_epoch {
                (partition.fetch_after, partition.lag) = (Time(0), None);
                self.event(BrokerEvent::BecameFollower {
                    topic: name.clone(),
                    partition: index,
                    leader: state.leader,
                    epoch: state.leader_epoch,
                });
            }
            if led {
                self.resigned(now, name, index);
            }
            if state.leader >= 0 {
                self.wake_fetcher(name, index, state.leader);
            }
            self.touch(name, index);
        }
    }

    fn told_leader(&mut self, name: &Arc<str>, index: i32, epoch: i32, end_offset: i64, kept: Result<(), LogError>) {
        if let Err(error) = kept {
            self.storage_failed(&error, &format!("{name}-{index}: the epoch is not kept: {error}"));
        }
        self.event(BrokerEvent::BecameLeader { topic: name.clone(), partition: index, epoch, end_offset });
    }

    /// This broker no longer leads the partition: requests that wait for it answer with an error.
    fn resigned(&mut self, now: Time, name: &Arc<str>, index: i32) {
        self.touch(name, index);
        self.stop_coordinating(now, name, index);
    }

    fn remove_partition(&mut self, now: Time, name: &Arc<str>, index: i32) {
        let Some(topic) = self.topics.get_mut(name) else { return };
        let Some(partition) = topic.partitions.remove(&index) else { return };
        self.fetchers.change_any();
        let led = partition.leading.is_some();
        let (id, dir, delay) = (topic.id, partition.log.dir().to_owned(), partition.log.config().file_delete_delay_ms);
        match files::mark_deleted(&mut self.disk, &dir, id) {
            Ok(deleted) => self.doom(now, delay, vec![deleted]),
            Err(error) => {
                self.log(format!("{dir} cannot be renamed, and goes at once: {error}"));
                files::remove_dir(&mut self.disk, &dir);
            }
        }
        if led {
            self.resigned(now, name, index);
        }
        self.touch(name, index);
        if self.topics.get(name).is_some_and(|topic: &Topic| topic.partitions.is_empty()) {
            self.topics.remove(name);
        }
    }

    fn remove_topic(&mut self, now: Time, name: &Arc<str>, id: Uuid) {
        let indexes: Vec<i32> = match self.topics.get(name) {
            Some(topic) if topic.id == id => topic.partitions.keys().copied().collect(),
            _ => return,
        };
        for index in indexes {
            self.remove_partition(now, name, index);
        }
    }

    /// Renames logs that belong to no topic or are no longer this broker's, as Kafka does once it knows the metadata.
    pub(super) fn remove_strays(&mut self) {
        let (image, me) = (self.controller.image(), self.options.node_id);
        let mut strays = Vec::new();
        for topic in self.topics.iter() {
            let known = image.topics.get(&topic.name).filter(|known| known.id == topic.id);
            for &index in topic.partitions.keys() {
                let state = known.and_then(|known| known.partitions.get(usize::try_from(index).ok()?));
                if !state.is_some_and(|state| state.replicas.contains(&me)) {
                    strays.push((topic.name.clone(), topic.id, index));
                }
            }
        }
        for (name, id, index) in strays {
            if let Some(topic) = self.topics.get_mut(&name) {
                topic.partitions.remove(&index);
                if topic.partitions.is_empty() {
                    self.topics.remove(&name);
                }
            }
            if self.options.sabotage == Some(Sabotage::StrayLogOverwritten) {
                continue;
            }
            let dir = files::partition_dir(&name, index);
            match files::set_aside(&mut self.disk, &dir, id) {
                Ok(stray) => {
                    mark!(LogSetAside);
                    self.log(format!("{dir} belongs to no topic; it is {stray} now"));
                }
                Err(error) => self.log(format!("{dir} belongs to no topic, and cannot be renamed: {error}")),
            }
        }
    }
}
