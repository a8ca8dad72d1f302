//! The features of a cluster (KIP-584): what this node can do, and what a new cluster is given.

/// A feature that this node can do in the levels from `min` to `max`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feature {
    pub name: &'static str,
    pub min: i16,
    pub max: i16,
    /// The level in a new cluster.
    pub level: i16,
}

/// The feature whose level 1 is the consumer protocol (KIP-848).
pub const GROUP_VERSION: &str = "group.version";

/// Those of Kafka 4.1 that are built, in the order in which its controller writes them. There is one way to do each, except that a cluster
/// may do without the consumer protocol; `metadata.version` 27 is 4.1-IV1.
pub const FEATURES: &[Feature] = &[
    Feature { name: "metadata.version", min: 27, max: 27, level: 27 },
    Feature { name: "eligible.leader.replicas.version", min: 1, max: 1, level: 1 },
    Feature { name: GROUP_VERSION, min: 0, max: 1, level: 1 },
    Feature { name: "transaction.version", min: 2, max: 2, level: 2 },
];

pub fn find(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.name == name)
}
