//! How a judge watches a world: the world is the probe through which it looks.

use super::Judge;
use super::probe::{ClusterProbe, LogDir, Receiver, Sender};
use crate::kafka::broker::{Broker, PartitionView};
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::controller::image::Image;
use crate::kafka::coordinator::GroupView;
use crate::world::action::{CommitPolicy, SinkKind};
use crate::world::handler::Delivery;
use crate::world::nodes::{Machine, Node};
use crate::world::operations::Action;
use crate::world::{ProcessState, World};
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

impl World {
    fn living(&self, node_id: i32) -> Option<&Broker> {
        self.nodes.iter().find_map(|node| match &node.machine {
            Machine::Broker(broker) if broker.options.node_id == node_id => broker.broker.as_deref().or(broker.ended.as_deref()),
            _ => None,
        })
    }

    /// What is set for a topic, on itself, on `node` or for the whole cluster, by the newest metadata that anybody has.
    fn topic_config(&self, topic: &str, name: &str, node: Option<i32>) -> Option<&String> {
        self.config_in(self.newest_image(), topic, name, node)
    }

    /// The newest metadata that any broker has.
    pub(crate) fn newest_image(&self) -> Option<&Image> {
        let images = ClusterProbe::brokers(self).into_iter().filter_map(|node| ClusterProbe::image(self, node));
        images.max_by_key(|image| image.offset)
    }

    fn config_in<'a>(&'a self, image: Option<&'a Image>, topic: &str, name: &str, node: Option<i32>) -> Option<&'a String> {
        let of_topic = image.and_then(|image| image.topic_configs.get(topic)?.get(name));
        let of_cluster = image.and_then(|image| image.broker_configs.get("")?.get(name));
        let of_node = image.and_then(|image| image.broker_configs.get(&node?.to_string())?.get(name));
        of_topic.or(of_node).or(of_cluster).or_else(|| self.genesis().broker_config.get(name))
    }
}

impl Judge {
    /// Takes in what happened in the world since the last call. Call it after each `step`.
    pub fn observe(&mut self, world: &World) {
        self.observe_events(world.events(), world);
    }
}

impl ClusterProbe for World {
    fn action(&self, index: u32) -> Option<&Action> {
        self.history().get(usize::try_from(index).ok()?).map(|(_, action)| action)
    }

    fn brokers(&self) -> Vec<i32> {
        (1..=i32::try_from(self.genesis().brokers).unwrap_or(0)).filter(|id| self.living(*id).is_some()).collect()
    }

    fn partitions(&self, node: i32) -> Vec<(Arc<str>, i32)> {
        let views = self.living(node).map(Broker::partitions).unwrap_or_default();
        views.into_iter().map(|view| (view.topic, view.partition)).collect()
    }

    fn partition(&self, node: i32, topic: &str, partition: i32) -> Option<PartitionView> {
        self.living(node)?.partition_view(topic, partition)
    }

    fn peek(&self, node: i32, topic: &str, partition: i32, offset: i64, max_bytes: u32) -> Bytes {
        self.living(node).map(|broker| broker.peek(topic, partition, offset, max_bytes)).unwrap_or_default()
    }

    fn image(&self, node: i32) -> Option<&Image> {
        self.living(node).map(Broker::image)
    }

    fn topic_id(&self, node: i32, topic: &str) -> Option<Uuid> {
        self.living(node).and_then(|broker| broker.topic_id(topic))
    }

    fn peek_metadata(&self, node: i32, offset: i64, max_bytes: u32) -> Bytes {
        self.living(node).map(|broker| broker.peek_metadata(offset, max_bytes)).unwrap_or_default()
    }

    fn group(&self, node: i32, group: &str) -> Option<GroupView> {
        self.living(node)?.groups().into_iter().find(|view| *view.group == *group)
    }

    fn unclean(&self, topic: &str) -> bool {
        // The active controller goes by its own node's configs.
        let active = self.quorum().and_then(|quorum| quorum.leader);
        let value = self.topic_config(topic, "unclean.leader.election.enable", active);
        value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    fn min_isr(&self, image: &Image, topic: &str) -> u64 {
        self.config_in(Some(image), topic, "min.insync.replicas", None).and_then(|value| value.trim().parse().ok()).unwrap_or(1)
    }

    fn compacted(&self, topic: &str) -> bool {
        let image = self.topic_config(topic, "cleanup.policy", None);
        image.is_some_and(|policies| policies.split(',').any(|policy| policy.trim() == "compact"))
    }

    fn log_dirs(&self, node: i32) -> Vec<LogDir> {
        let logs = self.living(node).map(Broker::log_dirs).unwrap_or_default();
        logs.into_iter().map(|(dir, topic, bytes)| LogDir { dir, topic, bytes }).collect()
    }

    fn caught_up(&self, node: i32) -> bool {
        self.living(node).is_some_and(Broker::serves_clients)
    }

    fn sender(&self, name: &str) -> Option<Sender> {
        match &self.named(name)?.machine {
            Machine::Producer(app) => Some(Sender {
                topics: vec![app.spec.topic.clone()],
                acks: app.acks,
                idempotent: app.idempotent,
                count: app.sends.count,
                recent: app.sends.recent.iter().copied().collect(),
            }),
            Machine::Consumer(app) => {
                let client = &app.output.as_ref()?.client;
                let handler = &app.spec.handler;
                let topics = [handler.output.as_ref().map(|output| &output.topic), handler.dead_letters.as_ref()];
                Some(Sender {
                    topics: topics.map(|topic| topic.cloned().unwrap_or_else(|| "".into())).into(),
                    acks: client.acks(),
                    idempotent: client.is_idempotent(),
                    count: app.sends.count,
                    recent: app.sends.recent.iter().copied().collect(),
                })
            }
            _ => None,
        }
    }

    fn receiver(&self, name: &str) -> Option<Receiver> {
        match &self.named(name)?.machine {
            Machine::Consumer(app) => Some(Receiver {
                topics: app.topics(),
                group: app.spec.group.clone(),
                commit: match app.spec.config.get("enable.auto.commit").map(String::as_str) {
                    Some("true") => CommitPolicy::Auto,
                    _ => app.spec.commit,
                },
                omits: app.spec.handler.omits(app.spec.commit),
                earliest: app.spec.config.get("auto.offset.reset").is_some_and(|reset| reset == "earliest"),
                read_committed: match app.spec.config.get("isolation.level") {
                    Some(level) => level == "read_committed",
                    None => app.spec.handler.delivery() == Some(Delivery::ExactlyOnce),
                },
                goes_back: match app.spec.handler.sink {
                    SinkKind::OffsetTable => true,
                    SinkKind::Bulk { .. } => matches!(app.spec.commit, CommitPolicy::AfterInsert(_)),
                    _ => false,
                },
                output: app.spec.handler.output.clone(),
                last: app.last_id,
            }),
            _ => None,
        }
    }

    fn is_restored(&self) -> bool {
        !self.genesis().disks.is_empty()
    }

    fn receivers(&self) -> Vec<Arc<str>> {
        // Who was refused for good is over, as a program that ends with an error.
        let running = |node: &&Node| {
            let Machine::Consumer(app) = &node.machine else { return false };
            let failed = app.client.as_ref().is_some_and(|client| client.state() == MembershipState::Failed);
            node.meta.state == ProcessState::Running && !failed
        };
        self.nodes.iter().filter(running).map(|node| node.meta.name.clone()).collect()
    }
}
