//! What a run starts from, what its actions set (client apps, links), and why an action may be refused.

pub use crate::kafka::client::producer::KeyPartitioner;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::ProcessState;
pub use crate::world::handler::{CommitMode, CommitPolicy, Fails, HandlerSpec, OnFailure, SinkKind};
use std::sync::Arc;

/// One way latency, jitter, and what a slow disk takes at most, in microseconds: a minute.
pub const MAX_DELAY_US: i64 = 60_000_000;

/// What a run starts from. Together with the actions it is the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    pub seed: u64,
    /// `broker-1` … `broker-n`, each broker and controller in one (`process.roles=broker,controller`).
    pub brokers: u32,
    /// How many of them vote: the first ones. 0: three, or one where there are fewer than three brokers.
    pub voters: u32,
    /// A planted bug in every broker and client, for the judge to find.
    pub sabotage: Option<Sabotage>,
    /// Static broker configs by Kafka's names.
    pub broker_config: SortedVecMap<String, String>,
    /// One way, in microseconds; each frame draws from `latency_us..=latency_us + jitter_us`, order within a connection is kept.
    pub latency_us: i64,
    pub jitter_us: i64,
    /// Disks found at boot, by node id (a durable playground): path → bytes. Empty: fresh brokers.
    pub disks: SortedVecMap<i32, Vec<(String, bytes::Bytes)>>,
}

impl Default for Genesis {
    /// One fresh broker with Kafka's configs, 60 to 90 ms away: near enough to be brisk, far enough to be seen.
    fn default() -> Self {
        Self {
            seed: 1,
            brokers: 1,
            voters: 0,
            sabotage: None,
            broker_config: SortedVecMap::new(),
            latency_us: 60_000,
            jitter_us: 30_000,
            disks: SortedVecMap::new(),
        }
    }
}

impl Genesis {
    /// How links are in a fresh run.
    pub fn link(&self) -> LinkSpec {
        LinkSpec { latency_us: self.latency_us, jitter_us: self.jitter_us, loss_ppm: 0, duplicate_ppm: 0 }
    }
}

/// What keys a producer app draws.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Keys {
    None,
    /// Each of these in turn, drawn with equal chance.
    Set(Vec<Arc<str>>),
    /// `key-0` … `key-(n-1)`, uniform.
    Uniform(u32),
    /// `key-0` … `key-(n-1)`, the first ones far more often (Zipf-like, in integers).
    Skewed(u32),
}

/// How an app with a `transactional.id` writes in transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransactionPlan {
    /// Records in each.
    pub records: u32,
    /// How many of a million are aborted.
    pub aborts_ppm: u32,
}

/// Ten records each, and all are committed.
impl Default for TransactionPlan {
    fn default() -> Self {
        Self { records: 10, aborts_ppm: 0 }
    }
}

/// Name and value.
pub type Header = (Arc<str>, Arc<str>);

/// How an app sends, beside what its client does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SendHabits {
    /// On each of its records.
    pub headers: Vec<Header>,
    /// How often the app itself sends a record again whose send has failed. To the brokers each time is another record.
    pub retries: u32,
    /// Records are rows of an outbox table first, written with the business change. A relay reads so many rows at a time, the oldest first,
    /// sends them, and marks them once all are acknowledged: who dies before that sends them again.
    pub outbox: Option<u32>,
}

/// A producer app: sends records at a rate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerSpec {
    pub name: Arc<str>,
    pub topic: Arc<str>,
    /// Records in a thousand seconds (so that 0.5 a second is 500 and no float is needed).
    pub rate_per_1000s: u64,
    pub keys: Keys,
    pub value_bytes: u32,
    pub partitioner: KeyPartitioner,
    /// Without effect unless there is a `transactional.id`.
    pub transactions: TransactionPlan,
    pub habits: SendHabits,
    /// Client configs by Kafka's names.
    pub config: SortedVecMap<String, String>,
}

/// A consumer app: polls, takes `handle_us` for each record, puts it into its sink, commits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerSpec {
    pub name: Arc<str>,
    /// `None`: assigned all partitions of the topics without a group.
    pub group: Option<Arc<str>>,
    /// Names; or one regular expression that begins with `^`, which a group's members are subscribed to.
    pub topics: Vec<Arc<str>>,
    pub handle_us: i64,
    pub commit: CommitPolicy,
    pub handler: HandlerSpec,
    pub config: SortedVecMap<String, String>,
}

impl ConsumerSpec {
    /// The regular expression that it is subscribed to.
    pub fn pattern(&self) -> Option<&Arc<str>> {
        self.topics.first().filter(|topic| topic.starts_with('^'))
    }
}

/// How a link is: one way latency and jitter in microseconds, losses and duplicates in a million.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkSpec {
    pub latency_us: i64,
    pub jitter_us: i64,
    pub loss_ppm: u32,
    pub duplicate_ppm: u32,
}

impl LinkSpec {
    /// # Errors
    /// `Invalid`: a value that no link has.
    pub fn check(self) -> Result<(), ActionError> {
        if !(0..=MAX_DELAY_US).contains(&self.latency_us) || !(0..=MAX_DELAY_US).contains(&self.jitter_us) {
            return Err(ActionError::Invalid("a link's latency and jitter are 0 to 60 s".into()));
        }
        if self.loss_ppm > 1_000_000 || self.duplicate_ppm > 1_000_000 {
            return Err(ActionError::Invalid("loss and duplication are 0 to 100 %".into()));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    #[error("there is no {what} called {name}{hint}")]
    NoSuch { what: &'static str, name: String, hint: String },
    #[error("{name} exists already")]
    Exists { name: String },
    #[error("{name} is {state}; {hint}")]
    WrongState { name: String, state: ProcessState, hint: &'static str },
    #[error("{0}")]
    Invalid(String),
    #[error("a run keeps at most {limit} actions")]
    TooMany { limit: u32 },
}
