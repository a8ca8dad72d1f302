//! Requests to test with: for each API that a broker's listener answers, one of each version that says as much as the version can.

pub use super::time::Time;
pub use super::wire::message::*;
use crate::kafka::sorted_vec::SortedVecMap;
pub use uuid::Uuid;

/// What is there when a sample is sent: a topic "orders" that has records, a member of the group "billing" and its committed offset.
pub struct Known {
    pub now: Time,
    /// Ids of topics.
    pub topics: SortedVecMap<String, Uuid>,
    pub member: Str,
    pub generation: i32,
}

impl Known {
    /// The topic's id, or one that nothing has.
    pub fn id(&self, topic: &str) -> Uuid {
        self.topics.get(topic).copied().unwrap_or(Uuid::from_u128(77))
    }
}

/// Required of every API that a broker's listener answers: the table's test asks for it.
pub trait Sample: Request {
    /// `topic` may exist or not.
    fn sample(known: &Known, version: i16, topic: &str) -> Self;
}

pub fn text(value: &str) -> Str {
    Str::from(value)
}

pub fn topic(value: &str) -> TopicName {
    TopicName(text(value))
}

pub fn group(value: &str) -> GroupId {
    GroupId(text(value))
}
