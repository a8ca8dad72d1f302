//! What the inspector looks into: a node's machine, a frame under way, a batch in a log. Nothing here changes anything.

use super::World;
use super::action::{ConsumerSpec, ProducerSpec};
use super::nodes::Machine;
use crate::kafka::broker::Broker;
use crate::kafka::client::{consumer::Consumer, producer::Producer};
use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::message::ApiKey;
use bytes::Bytes;

/// A frame's bytes, and what they are to be read as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    pub api: ApiKey,
    pub version: i16,
    pub response: bool,
    pub bytes: Bytes,
}

impl World {
    /// A broker that has a process.
    pub fn broker(&self, name: &str) -> Option<&Broker> {
        match &self.named(name)?.machine {
            Machine::Broker(node) => node.broker.as_deref(),
            _ => None,
        }
    }

    /// A producer's settings and, while it has a process, its client.
    pub fn producer(&self, name: &str) -> Option<(&ProducerSpec, Option<&Producer>)> {
        match &self.named(name)?.machine {
            Machine::Producer(app) => Some((&app.spec, app.client.as_ref())),
            _ => None,
        }
    }

    /// A consumer's settings and, while it has a process, its client.
    pub fn consumer(&self, name: &str) -> Option<(&ConsumerSpec, Option<&Consumer>)> {
        match &self.named(name)?.machine {
            Machine::Consumer(app) => Some((&app.spec, app.client.as_ref())),
            _ => None,
        }
    }

    /// The settings of the consumers that have a process.
    pub fn running_consumers(&self) -> impl Iterator<Item = &ConsumerSpec> {
        self.nodes.iter().filter_map(|node| match &node.machine {
            Machine::Consumer(app) if node.meta.state.is_up() => Some(&app.spec),
            _ => None,
        })
    }

    /// A frame under way.
    pub fn frame(&self, message: u64) -> Option<Frame> {
        let flight = self.core.flights.get(&message)?;
        Some(Frame { api: flight.api, version: flight.version, response: !flight.to_listener, bytes: flight.frame.clone() })
    }

    /// The batch that holds a record, from the log of the broker that leads the partition.
    pub fn batch(&self, topic: &str, partition: i32, offset: i64) -> Option<Batch> {
        let leads = |broker: &&Broker| broker.partition_view(topic, partition).is_some_and(|view| view.is_leader);
        let mut bytes = self.brokers().find(leads)?.peek(topic, partition, offset, 1);
        let batch = Batch::split_first(&mut bytes).ok()?;
        (batch.base_offset()..=batch.last_offset()).contains(&offset).then_some(batch)
    }
}
