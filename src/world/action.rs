//! Everything that anyone can do to a run.

use crate::kafka::map::Map;
use std::sync::Arc;

/// What a run starts from. Together with the actions it is the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    pub seed: u64,
    pub brokers: u32,
    /// Static broker configs by Kafka's names.
    pub broker_config: Map<String, String>,
    /// One way, in microseconds; each frame draws from `latency_us..=latency_us + jitter_us`, order within a connection is kept.
    pub latency_us: i64,
    pub jitter_us: i64,
    /// Disks found at boot, by node id (a durable playground): path → bytes. Empty: fresh brokers.
    pub disks: Map<i32, Vec<(String, bytes::Bytes)>>,
}

impl Default for Genesis {
    /// One fresh broker with Kafka's configs, 60 to 90 ms away: near enough to be brisk, far enough to be seen.
    fn default() -> Self {
        Self { seed: 1, brokers: 1, broker_config: Map::new(), latency_us: 60_000, jitter_us: 30_000, disks: Map::new() }
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

/// A producer app: sends records at a rate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProducerSpec {
    pub name: Arc<str>,
    pub topic: Arc<str>,
    /// Records in a thousand seconds (so that 0.5 a second is 500 and no float is needed).
    pub rate_per_1000s: u64,
    pub keys: Keys,
    pub value_bytes: u32,
    /// Client configs by Kafka's names.
    pub config: Map<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitPolicy {
    /// enable.auto.commit=true
    Auto,
    /// commit after each batch that was handled
    AfterEachPoll,
    Never,
}

/// A consumer app: polls, takes `handle_us` for each record, counts it into its sink, commits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumerSpec {
    pub name: Arc<str>,
    /// `None`: assigned all partitions of the topics without a group.
    pub group: Option<Arc<str>>,
    pub topics: Vec<Arc<str>>,
    pub handle_us: i64,
    pub commit: CommitPolicy,
    pub config: Map<String, String>,
}

/// An entry of the run's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    CreateTopic {
        topic: Arc<str>,
        partitions: i32,
        config: Map<String, String>,
    },
    DeleteTopic {
        topic: Arc<str>,
    },
    AddPartitions {
        topic: Arc<str>,
        total: i32,
    },
    AddProducer(ProducerSpec),
    AddConsumer(ConsumerSpec),
    /// A client is stopped as its program would stop it: flushed, left, closed.
    StopClient {
        name: Arc<str>,
    },
    /// The client's process dies: connections break, nothing is said.
    CrashClient {
        name: Arc<str>,
    },
    /// A stopped or crashed client starts again, as a new process with the same settings.
    RestartClient {
        name: Arc<str>,
    },
    /// The process is frozen (GC): nothing in, nothing out, until resumed.
    PauseClient {
        name: Arc<str>,
    },
    ResumeClient {
        name: Arc<str>,
    },
    SetRate {
        name: Arc<str>,
        rate_per_1000s: u64,
    },
    /// A slow handler: microseconds for each record.
    SetHandleTime {
        name: Arc<str>,
        handle_us: i64,
    },
    /// One record by hand, from an existing producer app.
    Produce {
        name: Arc<str>,
        key: Option<Arc<str>>,
        value: Option<Arc<str>>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    #[error("there is no {what} called {name}{hint}")]
    NoSuch { what: &'static str, name: String, hint: String },
    #[error("{name} exists already")]
    Exists { name: String },
    #[error("{name} is {state}; {hint}")]
    WrongState { name: String, state: &'static str, hint: &'static str },
    #[error("{0}")]
    Invalid(String),
    #[error("a run keeps at most {limit} actions")]
    TooMany { limit: u32 },
}
