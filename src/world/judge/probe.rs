//! What the judge sees of a run. The world is one such probe; tests make others by hand.

use crate::kafka::broker::PartitionView;
use crate::kafka::controller::image::Image;
use crate::kafka::coordinator::GroupView;
use crate::kafka::wire::batch::{Batch, batches};
use crate::world::action::CommitPolicy;
use crate::world::content::Sent;
use crate::world::handler::OutputSpec;
use crate::world::operations::Action;
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// Bytes that one look into a log takes at once.
const PEEK_BYTES: u32 = 65_536;

/// What an app has handed to its producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sender {
    /// Where its records go; `Sent::topic` says which of these.
    pub topics: Vec<Arc<str>>,
    pub acks: i16,
    pub idempotent: bool,
    /// How many records there have been, in all its processes, and the newest of them, oldest first.
    pub count: u64,
    pub recent: Vec<Sent>,
}

/// What a consumer app has handled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receiver {
    pub topics: Vec<Arc<str>>,
    pub group: Option<Arc<str>>,
    pub commit: CommitPolicy,
    /// Why its settings let it pass a record over, or keep it from one; `None`: they do not.
    pub omits: Option<&'static str>,
    /// auto.offset.reset=earliest: it is to see every record.
    pub earliest: bool,
    /// `isolation.level=read_committed`.
    pub read_committed: bool,
    /// What it commits may lie before what its group has: it begins where its own table says, or commits rows once they are inserted,
    /// whoever has their partition by then (the coordinator asks for the generation only).
    pub goes_back: bool,
    /// Where it puts what it makes of each record.
    pub output: Option<OutputSpec>,
    /// The content of the record handled last; 0 before the first.
    pub last: u64,
}

/// A partition's log as a broker's disk has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogDir {
    /// `orders-0`, or `orders-0.<hex>-stray` for one that was set aside.
    pub dir: String,
    /// Of the topic that its `partition.metadata` names.
    pub topic: Option<Uuid>,
    /// All of its segments.
    pub bytes: u64,
}

impl LogDir {
    /// What a renamed directory is called after the name that it had: `<hex>-stray` or `<hex>-delete`.
    pub fn suffix_of(&self, dir: &str) -> Option<&str> {
        self.dir.strip_prefix(dir)?.strip_prefix('.')
    }
}

/// Nodes are brokers by number.
pub trait ClusterProbe {
    fn action(&self, index: u32) -> Option<&Action>;
    /// Brokers whose process lives (a frozen one does), by number.
    fn brokers(&self) -> Vec<i32>;
    /// Partitions on a broker that lives.
    fn partitions(&self, node: i32) -> Vec<(Arc<str>, i32)>;
    /// `None` when the broker does not live or has no such replica.
    fn partition(&self, node: i32, topic: &str, partition: i32) -> Option<PartitionView>;
    /// Whole batches of a replica's log from an offset on.
    fn peek(&self, node: i32, topic: &str, partition: i32, offset: i64, max_bytes: u32) -> Bytes;
    fn image(&self, node: i32) -> Option<&Image>;
    /// Whose logs a broker has under the name of this topic. One that has yet to catch up may have those of a former topic.
    fn topic_id(&self, node: i32, topic: &str) -> Option<Uuid>;
    /// Whole batches of the committed metadata log.
    fn peek_metadata(&self, node: i32, offset: i64, max_bytes: u32) -> Bytes;
    /// A group as its coordinator on this broker has it.
    fn group(&self, node: i32, group: &str) -> Option<GroupView>;
    /// `unclean.leader.election.enable` of a topic.
    fn unclean(&self, topic: &str) -> bool;
    /// `min.insync.replicas` of a topic, as this image has it.
    fn min_isr(&self, image: &Image, topic: &str) -> u64;
    /// Whether `cleanup.policy` of a topic says that it is compacted.
    fn compacted(&self, topic: &str) -> bool;
    /// The partitions' logs on a broker's disk, those that were set aside among them; none while it does not live.
    fn log_dirs(&self, node: i32) -> Vec<LogDir>;
    /// Whether the broker has caught up with the metadata since its process began, and acted on it.
    fn caught_up(&self, node: i32) -> bool;
    fn sender(&self, name: &str) -> Option<Sender>;
    fn receiver(&self, name: &str) -> Option<Receiver>;
    /// Consumer apps by name that run now.
    fn receivers(&self) -> Vec<Arc<str>>;
    /// Whether the run began with files on its disks.
    fn is_restored(&self) -> bool;
}

/// The number in `broker-N`.
pub(super) fn broker_number(name: &str) -> Option<i32> {
    name.strip_prefix("broker-")?.parse().ok()
}

/// Where a log's batches are read from: a replica's data, or (no topic) its metadata log.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) node: i32,
    pub(super) topic: Option<&'a str>,
    pub(super) partition: i32,
}

/// Every whole batch that begins in `from..to`, until `each` says stop. Batches that do not join, or whose records do not fill
/// their offsets, are told as an error.
pub(super) fn read(
    probe: &dyn ClusterProbe,
    place: Place<'_>,
    from: i64,
    to: i64,
    each: &mut dyn FnMut(&Batch) -> bool,
) -> Result<(), String> {
    let mut next = from;
    let mut first = true;
    while next < to {
        let bytes = match place.topic {
            Some(topic) => probe.peek(place.node, topic, place.partition, next, PEEK_BYTES),
            None => probe.peek_metadata(place.node, next, PEEK_BYTES),
        };
        let before = next;
        for batch in batches(bytes) {
            let batch = batch.map_err(|error| format!("at offset {next}: {error}"))?;
            let (base, last) = (batch.base_offset(), batch.last_offset());
            if base >= to {
                return Ok(());
            }
            if last < next {
                continue;
            }
            if !first && base != next {
                return Err(format!("offset {next} is followed by a batch at {base}"));
            }
            if last < base || i64::from(batch.record_count()) != last - base + 1 {
                return Err(format!("the batch at {base} has {} records for the offsets up to {last}", batch.record_count()));
            }
            first = false;
            next = last + 1;
            if !each(&batch) {
                return Ok(());
            }
        }
        if next == before {
            break;
        }
    }
    Ok(())
}
