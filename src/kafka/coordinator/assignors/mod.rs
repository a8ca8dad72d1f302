//! The server's assignors (KIP-848): who is to have which partition of a consumer group. One is a file and a line in [`ALL`].

mod balancer;
mod heterogeneous;
mod homogeneous;
mod range;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use super::consumer::Partitions;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::hash_order::{self, JavaHash};
use std::sync::Arc;
use uuid::Uuid;

/// `ConsumerGroupPartitionAssignor`.
#[derive(Debug)]
pub struct Assignor {
    pub name: &'static str,
    pub assign: fn(&Spec<'_>) -> Targets,
}

/// `group.consumer.assignors`: the first is for members that ask for none.
pub static ALL: [&Assignor; 2] = [&UNIFORM, &range::ASSIGNOR];

/// `UniformAssignor`: as even as can be, and what need not move stays.
static UNIFORM: Assignor = Assignor {
    name: "uniform",
    assign: |spec| if spec.same_subscriptions { homogeneous::assign(spec) } else { heterogeneous::assign(spec) },
};

pub fn find(name: &str) -> Option<&'static Assignor> {
    ALL.into_iter().find(|assignor| assignor.name == name)
}

/// What an assignor goes by (`GroupSpec`).
pub struct Spec<'a> {
    pub members: Vec<MemberSpec>,
    /// All members subscribe to the same topics.
    pub same_subscriptions: bool,
    /// How many partitions a topic has.
    pub partitions: &'a dyn Fn(Uuid) -> i32,
}

pub struct MemberSpec {
    pub id: Arc<str>,
    pub instance: Option<Arc<str>>,
    /// Those that there are.
    pub topics: Vec<Uuid>,
    /// The target that it had.
    pub assigned: Partitions,
}

impl JavaHash for MemberSpec {
    fn java_hash(&self) -> i32 {
        self.id.java_hash()
    }
}

/// By member id. Whoever is not in it gets nothing.
pub type Targets = SortedVecMap<Arc<str>, Partitions>;

impl<'a> Spec<'a> {
    /// Members in the order in which Kafka's assignors meet them.
    pub fn new(members: Vec<MemberSpec>, same_subscriptions: bool, partitions: &'a dyn Fn(Uuid) -> i32) -> Self {
        Self { members: hash_order::grown(members), same_subscriptions, partitions }
    }
}

/// Topics and their partitions as a Java map of sets walks them.
fn walk(partitions: &Partitions) -> Vec<(Uuid, Vec<i32>)> {
    let topics = hash_order::grown(partitions.keys().copied());
    topics.into_iter().map(|topic| (topic, hash_order::grown(partitions[&topic].iter().copied()))).collect()
}
