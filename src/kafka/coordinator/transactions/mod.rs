//! The transaction coordinator: one machine for the transactional ids of all `__transaction_state` partitions that this broker leads.
//! Kafka's `TransactionCoordinator` and `TransactionStateManager`. What it decides to remember leaves as [`Output::Append`], and the
//! answers that depend on it wait for [`TransactionCoordinator::handle_committed`]; markers leave as [`Output::Markers`].

mod answers;
mod ending;
mod machine;
mod records;
mod requests;
mod state;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

pub use answers::{Request, Response, results};
pub use machine::TransactionCoordinator;
pub use state::TransactionState;

use super::Token;
use crate::kafka::config::BrokerConfig;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::Batch;
use std::sync::Arc;

const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Broker configs that the coordinator reads; times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionConfig {
    pub partitions: i32,
    pub offsets_partitions: i32,
    pub max_timeout_ms: i32,
    pub id_expiration_ms: i64,
    pub abort_check_ms: i64,
    pub expiration_check_ms: i64,
}

impl TransactionConfig {
    pub fn new(broker: &BrokerConfig) -> Self {
        Self {
            partitions: broker.transaction_state_log_num_partitions,
            offsets_partitions: broker.offsets_topic_num_partitions,
            max_timeout_ms: broker.transaction_max_timeout_ms,
            id_expiration_ms: broker.transactional_id_expiration_ms,
            abort_check_ms: broker.transaction_abort_timed_out_transaction_cleanup_interval_ms,
            expiration_check_ms: broker.transaction_remove_expired_transaction_cleanup_interval_ms,
        }
    }
}

/// Kafka's defaults.
impl Default for TransactionConfig {
    fn default() -> Self {
        Self::new(&BrokerConfig::default())
    }
}

#[derive(Clone, Debug)]
pub enum Output {
    Respond {
        token: Token,
        response: Response,
    },
    /// Append this batch to that partition of `__transaction_state`, then call `handle_committed(append_id)` once the high watermark has
    /// passed it, or `handle_append_failed`.
    Append {
        append_id: u64,
        partition: i32,
        batch: Batch,
    },
    /// Answered by one `handle_producer_id`.
    ProducerIdWanted,
    /// Write these markers; `handle_marker` for each partition when it has its marker, or is gone, and `handle_markers_fenced` when a
    /// partition knows of a later coordinator or producer.
    Markers(Markers),
    Event(TransactionEvent),
}

/// The end of a transaction, to be written into all its partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Markers {
    pub transactional_id: Arc<str>,
    /// Of `__transaction_state`, and its leader's epoch.
    pub coordinator: (i32, i32),
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub commit: bool,
    pub partitions: Vec<(Arc<str>, i32)>,
}

/// What happened to a transactional id, in Kafka's words.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum TransactionEvent {
    StateChanged {
        transactional_id: Arc<str>,
        producer_id: i64,
        epoch: i16,
        from: TransactionState,
        to: TransactionState,
        /// "timeout", "fenced", or empty when its producer asked for it.
        why: &'static str,
    },
    /// Its partitions are more.
    PartitionsAdded { transactional_id: Arc<str>, producer_id: i64, partitions: Vec<(Arc<str>, i32)> },
}

/// A transactional id as the page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionView {
    pub transactional_id: Arc<str>,
    pub producer_id: i64,
    pub epoch: i16,
    pub state: TransactionState,
    pub timeout_ms: i32,
    /// Milliseconds since the Unix epoch; -1 before the first transaction.
    pub started: i64,
    /// When the coordinator aborts it, if its producer does not end it before: at its next look after the timeout; `NEVER` without an open
    /// transaction.
    pub aborts_at: Time,
    pub partitions: Vec<(Arc<str>, i32)>,
}
