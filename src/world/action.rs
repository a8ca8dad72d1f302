//! Everything that anyone can do to a run.

use crate::kafka::sabotage::Sabotage;
use crate::world::ProcessState;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    pub broker_config: BTreeMap<String, String>,
    /// One way, in microseconds; each frame draws from `latency_us..=latency_us + jitter_us`, order within a connection is kept.
    pub latency_us: i64,
    pub jitter_us: i64,
    /// Disks found at boot, by node id (a durable playground): path → bytes. Empty: fresh brokers.
    pub disks: BTreeMap<i32, Vec<(String, bytes::Bytes)>>,
}

impl Default for Genesis {
    /// One fresh broker with Kafka's configs, 60 to 90 ms away: near enough to be brisk, far enough to be seen.
    fn default() -> Self {
        Self {
            seed: 1,
            brokers: 1,
            voters: 0,
            sabotage: None,
            broker_config: BTreeMap::new(),
            latency_us: 60_000,
            jitter_us: 30_000,
            disks: BTreeMap::new(),
        }
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
    pub config: BTreeMap<String, String>,
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
    pub config: BTreeMap<String, String>,
}

/// An entry of the run's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    CreateTopic {
        topic: Arc<str>,
        partitions: i32,
        /// -1: `default.replication.factor`.
        replicas: i16,
        config: BTreeMap<String, String>,
    },
    DeleteTopic {
        topic: Arc<str>,
    },
    AddPartitions {
        topic: Arc<str>,
        total: i32,
    },
    /// IncrementalAlterConfigs of a topic; an empty value takes the config back.
    SetTopicConfig {
        topic: Arc<str>,
        config: BTreeMap<String, String>,
    },
    /// IncrementalAlterConfigs of a broker, by name, or of all brokers; an empty value takes the config back.
    SetBrokerConfig {
        broker: Option<Arc<str>>,
        config: BTreeMap<String, String>,
    },
    ElectLeader {
        topic: Arc<str>,
        partition: i32,
        unclean: bool,
    },
    /// AlterPartitionReassignments; the first replica is the preferred leader.
    Reassign {
        topic: Arc<str>,
        partition: i32,
        replicas: Vec<i32>,
    },
    Fault(Fault),
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
    /// An existing producer app gets these settings. Those of the app hold at once; another config needs another process: it is stopped as
    /// its program would stop it, and started again.
    ChangeProducer(ProducerSpec),
    /// The same of a consumer app; only `handle_us` holds without another process.
    ChangeConsumer(ConsumerSpec),
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

impl Action {
    /// The nodes by name that it is done to, or that it makes.
    pub fn nodes(&self) -> Vec<&Arc<str>> {
        use Fault::*;
        vec![match self {
            Self::Fault(Cut { from, to, .. } | Link { from, to, .. }) => return vec![from, to],
            Self::Fault(
                Kill { node } | PowerLoss { node } | Wipe { node } | Stop { node } | Restart { node } | Pause { node } | Resume { node },
            )
            | Self::Fault(SlowDisk { node, .. } | FullDisk { node, .. } | Skew { node, .. } | Isolate { node }) => node,
            Self::AddProducer(spec) | Self::ChangeProducer(spec) => &spec.name,
            Self::AddConsumer(spec) | Self::ChangeConsumer(spec) => &spec.name,
            Self::StopClient { name }
            | Self::CrashClient { name }
            | Self::RestartClient { name }
            | Self::PauseClient { name }
            | Self::ResumeClient { name }
            | Self::SetRate { name, .. }
            | Self::SetHandleTime { name, .. }
            | Self::Produce { name, .. }
            | Self::SetBrokerConfig { broker: Some(name), .. } => name,
            _ => return Vec::new(),
        }]
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

/// What can befall brokers and the network. Nodes by name: `broker-2`, or a client's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The process dies; its page cache stays (SIGKILL).
    Kill {
        node: Arc<str>,
    },
    /// The machine dies: what was not flushed is lost.
    PowerLoss {
        node: Arc<str>,
    },
    /// A broker that does not run loses its whole disk.
    Wipe {
        node: Arc<str>,
    },
    /// A controlled shutdown.
    Stop {
        node: Arc<str>,
    },
    /// Starts again from its disk.
    Restart {
        node: Arc<str>,
    },
    /// The process is frozen (a long garbage collection) until resumed.
    Pause {
        node: Arc<str>,
    },
    Resume {
        node: Arc<str>,
    },
    /// Every turn in which the broker writes takes this much longer, in microseconds; 0 heals.
    SlowDisk {
        node: Arc<str>,
        delay_us: i64,
    },
    /// This many bytes are free on the disk from now on; `None` heals.
    FullDisk {
        node: Arc<str>,
        free: Option<u64>,
    },
    /// The node's clock is ahead of (or behind) the world's by this much, in microseconds.
    Skew {
        node: Arc<str>,
        by_us: i64,
    },
    /// All links from now on: one way latency and jitter in microseconds; loss of packets in a million (each lost one is sent again after
    /// 200 ms, doubling, as TCP does); duplicates in a million (TCP throws them away: they only cost).
    Links {
        latency_us: i64,
        jitter_us: i64,
        loss_ppm: u32,
        duplicate_ppm: u32,
    },
    /// The link from one node to the other (and, unless `one_way`, back) is like this from now on; `None`: as all others again.
    Link {
        from: Arc<str>,
        to: Arc<str>,
        one_way: bool,
        how: Option<LinkSpec>,
    },
    /// Nothing goes from one node to the other (and, unless `one_way`, back) until healed. What is sent waits, as TCP's sends do, and the
    /// connection breaks after a while.
    Cut {
        from: Arc<str>,
        to: Arc<str>,
        one_way: bool,
    },
    /// Cut from every other node.
    Isolate {
        node: Arc<str>,
    },
    /// All cuts are healed, and no link differs from the others any more.
    Heal,
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
