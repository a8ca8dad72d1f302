//! A snapshot of the world at one moment: plain data, copied from the machines' state. The scene and the inspector read this and nothing
//! else.

use crate::kafka::broker::PartitionView;
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::client::producer::TransactionStep;
use crate::kafka::controller::{QuorumRole, QuorumView};
use crate::kafka::coordinator::GroupView;
use crate::kafka::coordinator::transactions::TransactionView;
use crate::kafka::time::{Deadline, Time, TimerKind};
use crate::kafka::wire::message::ApiKey;
use crate::world::ProcessState;
use crate::world::action::LinkSpec;
use crate::world::handler::{Delivery, SinkKind};
pub use crate::world::holdings::Holding;
use crate::world::operations::Action;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorldView {
    pub now: Time,
    pub brokers: Vec<BrokerState>,
    /// As the running broker with the highest epoch among those that lead it knows it; `None` while nobody leads.
    pub quorum: Option<QuorumView>,
    /// User topics' partitions first, then internal ones; each from the running broker that leads it with the highest epoch. Without one,
    /// what was last known, with leader -1.
    pub partitions: Vec<PartitionState>,
    /// What each broker's disk holds: by topic, partition and broker.
    pub replicas: Vec<ReplicaState>,
    /// Links that differ from the others, from the first node to the second: `None` where nothing gets through (to "everyone" for an
    /// isolated node), else the link's own latency and loss. Cut links come first.
    pub link_faults: Vec<(Arc<str>, Arc<str>, Option<LinkSpec>)>,
    /// Packets lost and doubled so far.
    pub lost: u64,
    pub duplicated: u64,
    pub producers: Vec<ProducerState>,
    pub consumers: Vec<ConsumerState>,
    pub groups: Vec<GroupView>,
    /// Who has which partition of a group, by group, topic and partition.
    pub holdings: Arc<Vec<Holding>>,
    /// Consumers that own or have owned partitions, in the order in which they first did: an owner's colour is its place.
    pub owners: Arc<Vec<Arc<str>>>,
    /// Transactional ids as their coordinators have them, by id.
    pub transactions: Vec<TransactionView>,
    /// By group, then by consumer.
    pub sinks: Vec<SinkState>,
    pub flights: Vec<Flight>,
    pub next: Option<Deadline>,
    /// What is waited for by the clock, the next first.
    pub waits: Vec<Wait>,
    /// When the next producer makes a record.
    pub next_record: Option<Time>,
    /// What was done in the last `DONE_US`, newest first.
    pub done: Vec<(Time, Action)>,
    /// What leaders have appended in the last `APPENDED_US`, newest first.
    pub appended: Vec<Appended>,
}

impl WorldView {
    /// The producer of a record, by the name of its app where that is known.
    pub fn producer_name(&self, producer_id: i64) -> String {
        let id = || self.transaction_of(producer_id).map(|transaction| &transaction.transactional_id);
        let name = self.writer_of(producer_id).map(|(name, _)| name).or_else(id);
        name.map_or_else(|| format!("producer {producer_id}"), ToString::to_string)
    }

    /// The app that writes with a producer id, be it a producer or one that consumes and produces, and its process.
    pub fn writer_of(&self, producer_id: i64) -> Option<(&Arc<str>, ProcessState)> {
        let producer = self.producer_of(producer_id).map(|app| (&app.name, app.state));
        // An app that consumes and produces has its own name as its transactional id.
        let id = self.transaction_of(producer_id).map(|transaction| &transaction.transactional_id);
        let own = |app: &&ConsumerState| {
            let has = app.output.as_ref().and_then(|output| output.producer_id).is_some_and(|(own, _)| own == producer_id);
            has || id == Some(&app.name)
        };
        producer.or_else(|| self.consumers.iter().find(own).map(|app| (&app.name, app.state)))
    }

    /// Readable records that a group has not committed in a partition; 0 where it has committed nothing.
    pub fn lag(&self, group: &GroupView, topic: &str, partition: i32) -> i64 {
        let committed = group.offsets.iter().find(|(t, n, _)| *n == partition && **t == *topic).map(|offset| offset.2);
        let place = self.partitions.iter().find(|state| state.view.partition == partition && *state.view.topic == *topic);
        committed.zip(place).map_or(0, |(committed, state)| state.view.high_watermark.saturating_sub(committed).max(0))
    }

    /// The transactional id that writes with a producer id now.
    pub fn transaction_of(&self, producer_id: i64) -> Option<&TransactionView> {
        self.transactions.iter().find(|transaction| transaction.producer_id == producer_id)
    }

    /// The producer that has a producer id, or whose transactional id has it: by its name, also when its process is gone.
    pub fn producer_of(&self, producer_id: i64) -> Option<&ProducerState> {
        let id = self.transaction_of(producer_id).map(|transaction| &transaction.transactional_id);
        let has = |p: &&ProducerState| p.producer_id.is_some_and(|(own, _)| own == producer_id);
        let is_set = |p: &&ProducerState| id.is_some() && p.transactional_id.as_ref() == id;
        self.producers.iter().find(has).or_else(|| self.producers.iter().find(is_set))
    }

    /// Readable records that a group has not committed, in all its partitions together, whether anybody reads them or not.
    pub fn group_lag(&self, group: &GroupView) -> i64 {
        group.offsets.iter().map(|(topic, partition, _)| self.lag(group, topic, *partition)).sum()
    }

    /// What is wrong from one node to the other; empty: nothing.
    fn link_fault(&self, from: &str, to: &str) -> String {
        let found = self.link_faults.iter().find(|fault| *fault.0 == *from && *fault.1 == *to);
        found.map_or_else(String::new, |fault| fault.2.as_ref().map_or_else(|| "cut".to_owned(), LinkSpec::to_string))
    }

    /// What is wrong between two nodes, each way: `→ cut, ← 200ms to 230ms, 5% lost`; empty: nothing.
    pub fn link_words(&self, a: &str, b: &str) -> String {
        let (there, back) = (self.link_fault(a, b), self.link_fault(b, a));
        // A node that is cut from everyone is cut both ways.
        match (&*there, &*back) {
            _ if there == back || b == "everyone" => there,
            (_, "") => format!("→ {there}"),
            ("", _) => format!("← {back}"),
            _ => format!("→ {there}, ← {back}"),
        }
    }
}

/// A deadline that comes when nothing is heard until then, by the world's clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// The node or the group that it is about.
    pub who: Arc<str>,
    pub what: TimerKind,
    pub at: Time,
    /// How long it is as a whole, in microseconds.
    pub whole_us: i64,
}

/// How long the view tells of an append, in microseconds.
pub const APPENDED_US: i64 = 240_000;

/// Records that a leader has appended at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    pub at: Time,
    pub topic: Arc<str>,
    pub partition: i32,
    /// The first and the last offset.
    pub from: i64,
    pub to: i64,
}

/// A truncation of a replica's log: the end offset before and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Torn {
    pub at: Time,
    pub from: i64,
    pub to: i64,
}

/// How long a truncation is news, in microseconds.
const FRESH_US: i64 = 4_000_000;

impl Torn {
    /// Whether it was in the last few seconds.
    pub fn is_fresh(&self, now: Time) -> bool {
        now.micros_since(self.at) < FRESH_US
    }
}

/// How long the view tells of an action, in microseconds.
pub const DONE_US: i64 = 3_000_000;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BrokerState {
    pub node_id: i32,
    pub name: Arc<str>,
    pub state: ProcessState,
    /// The active controller: it leads the quorum.
    pub is_controller: bool,
    /// It runs, and the controller has not unfenced it: it leads nothing and is in no in-sync set.
    pub fenced: bool,
    /// Of its replica of the metadata log; `None` without a process.
    pub role: Option<QuorumRole>,
    /// The quorum's epoch as it knows it.
    pub quorum_epoch: i32,
    /// 1-based index among the processes that this node has had.
    pub incarnation: u32,
    pub skew_us: i64,
    pub slow_us: i64,
    pub disk_used: u64,
    /// `u64::MAX` without a limit.
    pub disk_free: u64,
    pub isolated: bool,
}

/// A replica as a broker has it, whether the broker runs or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplicaState {
    pub broker: i32,
    pub topic: Arc<str>,
    pub partition: i32,
    /// According to this broker.
    pub is_leader: bool,
    /// According to the partition's leader (`WorldView::partitions`).
    pub in_isr: bool,
    pub leader_epoch: i32,
    pub log_start: i64,
    pub high_watermark: i64,
    pub end_offset: i64,
    /// The broker has a process.
    pub running: bool,
    /// Its newest truncation.
    pub torn: Option<Torn>,
    /// Of a broker without a process: the newest `RIBBON_RECORDS` records below the end, oldest first.
    pub records: Vec<RecordState>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionState {
    pub view: PartitionView,
    /// The newest `RIBBON_RECORDS` records below the end, oldest first.
    pub records: Arc<[RecordState]>,
    pub internal: bool,
}

/// Records that a partition's view carries at most.
pub const RIBBON_RECORDS: u32 = 48;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordState {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Arc<str>>,
    pub tombstone: bool,
    pub control: bool,
    pub value_bytes: u32,
    /// -1: its producer is not idempotent.
    pub producer_id: i64,
    /// The transaction that it is in, and of a control record the one that it ends; `None` without one.
    pub transaction: Option<TransactionEnd>,
}

/// How the transaction of a record has ended, by the markers that its partition has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionEnd {
    /// No marker of it is there yet.
    Open,
    Committed,
    Aborted,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerState {
    pub name: Arc<str>,
    pub topic: Arc<str>,
    pub state: ProcessState,
    pub rate_per_1000s: u64,
    pub acks: i16,
    pub accumulated: Vec<(Arc<str>, i32, u32)>,
    pub pending: u64,
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    pub transactional_id: Option<Arc<str>>,
    /// Its id and epoch, once the process has them.
    pub producer_id: Option<(i64, i16)>,
    /// Where its transactions stand; `None` without a `transactional.id` or a process.
    pub transaction: Option<TransactionStep>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerState {
    pub name: Arc<str>,
    pub group: Option<Arc<str>>,
    pub topics: Vec<Arc<str>>,
    pub state: ProcessState,
    /// `Closed` without a process.
    pub client_state: MembershipState,
    pub member: Option<Arc<str>>,
    pub generation: i32,
    pub assignment: Vec<(Arc<str>, i32)>,
    pub positions: Vec<(Arc<str>, i32, i64)>,
    pub handled: u64,
    /// Records handled that this group had handled before.
    pub duplicates: u64,
    /// Records polled and waiting for the handler.
    pub backlog: u64,
    /// Attempts of its handler that failed.
    pub failed: u64,
    pub handle_us: i64,
    /// `isolation.level=read_committed`: it reads up to the last stable offset.
    pub reads_committed: bool,
    /// Of an app that produces too.
    pub output: Option<OutputState>,
}

/// The producing half of a consumer app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputState {
    /// Where its outputs go; `None`: it sends dead letters only.
    pub topic: Option<Arc<str>>,
    pub delivery: Option<Delivery>,
    pub sent: u64,
    pub acked: u64,
    /// Records that have no answer yet.
    pub pending: u64,
    pub producer_id: Option<(i64, i16)>,
    /// Where its transactions stand; `None` unless it processes exactly once.
    pub transaction: Option<TransactionStep>,
    /// It waits for acknowledgements, a commit or its transaction's end before it goes on.
    pub blocked: bool,
}

/// A table that consumer apps write into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkState {
    /// The group whose it is; of a consumer without a group: that consumer's name.
    pub owner: Arc<str>,
    pub kind: SinkKind,
    pub rows: u64,
    /// Rows of an event that another row stands for already.
    pub twice: u64,
    /// Writes that were not needed: the event, or a newer version, was there.
    pub ignored: u64,
    /// Rows in which an older version has overwritten a newer one.
    pub stale: u64,
    /// Records that were given to an app and are committed, but are in no row, and no app has them in hand.
    pub missing: u64,
}

/// A frame under way. Its place at time t is where its send and arrival times put it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flight {
    pub message: u64,
    pub from: Arc<str>,
    pub to: Arc<str>,
    pub sent: Time,
    pub arrives: Time,
    pub api: ApiKey,
    pub response: bool,
    pub bytes: u32,
    /// Records that it carries (Produce requests and Fetch responses) or acknowledges (Produce responses: one piece of cargo
    /// for each partition), decoded from its bytes.
    pub cargo: Arc<[Cargo]>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cargo {
    pub topic: Arc<str>,
    pub partition: i32,
    /// -1 while the broker has not given it an offset.
    pub offset: i64,
    /// `key_number` of its key.
    pub key: Option<u32>,
    pub tombstone: bool,
}

/// Chosen so that the key names of the examples have six different colours.
const SALT: u32 = 23;

/// A key as a number: the up to six digits that it ends in (`key-4` is 4), else a hash of it.
pub fn key_number(key: &str) -> u32 {
    let digits = key.bytes().rev().take_while(u8::is_ascii_digit).count();
    if (1..=6).contains(&digits) {
        key.bytes().skip(key.len() - digits).fold(0, |n, b| n * 10 + u32::from(b & 15))
    } else {
        key.bytes().fold(0x811c_9dc5_u32 ^ SALT, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193)) >> 8
    }
}
