//! How the seed search does an operation: on whom, how often, with which values, and how long.

use super::{Action, CreateTopic};
use crate::kafka::rng::Rng;
use crate::world::action::{ConsumerSpec, ProducerSpec};
use std::sync::Arc;

/// On whom something is drawn. Draws from the shared stream come in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum On {
    Broker,
    Client,
    /// A topic or partition, which the draw picks by itself.
    Topic,
}

/// Where the randomness of a draw comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    /// The one that the first kinds of faults share: one more of these changes the runs of all seeds.
    Shared,
    /// A stream of its own, salted by the draw's name: what other draws give does not change. It is drawn once, in one of so many runs.
    Own { one_in: u64 },
}

/// One way in which the seed search does an operation.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    pub name: &'static str,
    pub on: On,
    /// While it lasts its node has no other trouble of this kind.
    pub exclusive: bool,
    /// Profiles of the search that have it.
    pub profiles: &'static [&'static str],
    pub stream: Stream,
    /// With the name of the broker or client that was drawn.
    pub draw: fn(&mut Dice, &Arc<str>) -> Trouble,
}

/// What is done, and what is done when it is over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trouble {
    pub begin: Vec<Action>,
    pub end: Vec<Action>,
    /// It lasts at least so long, in microseconds.
    pub least_us: i64,
}

impl Trouble {
    /// It stays.
    pub fn lasting(action: impl Into<Action>) -> Self {
        Self { begin: vec![action.into()], ..Self::default() }
    }

    /// It ends with what its operation says.
    pub fn passing(action: impl Into<Action>) -> Self {
        let action = action.into();
        Self { end: action.remedy(), begin: vec![action], least_us: 0 }
    }
}

/// A source of randomness and a description of the cluster to draw for.
#[derive(Clone, Debug)]
pub struct Dice {
    pub rng: Rng,
    pub brokers: u32,
    /// How many brokers vote.
    pub voters: u32,
    pub topics: Vec<CreateTopic>,
    pub producers: Vec<ProducerSpec>,
    pub consumers: Vec<ConsumerSpec>,
}

/// `broker-2`.
pub fn broker(id: u32) -> Arc<str> {
    format!("broker-{id}").into()
}

impl Dice {
    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.rng.below(high - low + 1)
    }

    /// Microseconds in whole milliseconds, so that a file says it shortly.
    pub fn micros(&mut self, low_ms: u64, high_ms: u64) -> i64 {
        i64::try_from(self.between(low_ms, high_ms)).unwrap_or(0) * 1000
    }

    pub fn clients(&self) -> u64 {
        self.producers.len() as u64 + self.consumers.len() as u64
    }

    fn client_at(&self, at: u64) -> Option<Arc<str>> {
        let mut names = self.producers.iter().map(|spec| &spec.name).chain(self.consumers.iter().map(|spec| &spec.name));
        names.nth(usize::try_from(at).ok()?).cloned()
    }

    pub fn client(&mut self) -> Arc<str> {
        let at = self.rng.below(self.clients());
        self.client_at(at).unwrap_or_else(|| "p1".into())
    }

    pub fn broker(&mut self) -> Arc<str> {
        broker(1 + self.rng.below(self.brokers.into()) as u32)
    }

    /// A broker or a client.
    pub fn node(&mut self) -> Arc<str> {
        let at = self.rng.below(u64::from(self.brokers) + self.clients());
        match at.checked_sub(self.brokers.into()) {
            None => broker(at as u32 + 1),
            Some(client) => self.client_at(client).unwrap_or_else(|| broker(1)),
        }
    }

    pub fn topic(&mut self) -> Arc<str> {
        let at = self.rng.below(self.topics.len() as u64);
        self.topics.get(at as usize).map_or_else(|| "t1".into(), |made| made.topic.clone())
    }

    /// A topic's name, one of its partitions, and how many replicas it has.
    pub fn partition(&mut self) -> (Arc<str>, i32, u32) {
        let at = self.rng.below(self.topics.len() as u64) as usize;
        let made = self.topics.get(at).map(|made| (made.topic.clone(), made.partitions, u32::try_from(made.replicas).unwrap_or(1)));
        let (topic, partitions, replicas) = made.unwrap_or_else(|| ("t1".into(), 1, 1));
        (topic, i32::try_from(self.rng.below(partitions.unsigned_abs().into())).unwrap_or(0), replicas)
    }

    pub fn producer(&mut self) -> Option<ProducerSpec> {
        let at = self.rng.below(self.producers.len() as u64);
        self.producers.get(at as usize).cloned()
    }

    pub fn consumer(&mut self) -> Option<ConsumerSpec> {
        let at = self.rng.below(self.consumers.len() as u64);
        self.consumers.get(at as usize).cloned()
    }
}
