//! The ledger: what became of every record.

use crate::kafka::time::Time;
use std::sync::Arc;

/// What became of one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordOutcome {
    pub producer: Arc<str>,
    /// 1-based index among the app's records.
    pub number: u64,
    pub acks: i16,
    pub idempotent: bool,
    /// `None`: no answer has come. With `acks=0` the client answers itself.
    pub acked: Option<bool>,
    /// Hash of its key; 0 without one.
    pub key: u64,
    /// -1 until the partitioner has chosen.
    pub partition: i32,
    pub topic: Arc<str>,
    /// When it was handed to the client, to the millisecond.
    pub sent: Time,
    /// Where it is in a log first.
    pub place: Option<(Arc<str>, i32, i64)>,
    /// The place that its acknowledgement named.
    pub promised: Option<(Arc<str>, i32, i64)>,
    /// How often it is in the logs.
    pub copies: u32,
    /// How often each group (or lone consumer) has handled it.
    pub delivered: Vec<(Arc<str>, u32)>,
    /// It lies below the high watermark.
    pub readable: bool,
    pub lost: bool,
    /// It is in the logs more often than it was sent, or is there again since its app has sent it again.
    pub duplicated: bool,
    /// It lies before an earlier one of its producer.
    pub reordered: bool,
    /// A group was given it more often than it is in the logs.
    pub redelivered: bool,
    /// Why Kafka permits what looks wrong with it; `None` when nothing does, or when it is not permitted.
    pub allowed_because: Option<&'static str>,
}

/// Something that looks wrong and that Kafka permits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permitted {
    /// "lost", "duplicated", "out of order", "not delivered", "delivered again".
    pub what: &'static str,
    pub why: &'static str,
    pub records: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    /// Neither.
    pub unknown: u64,
    pub readable: u64,
    /// Acknowledged and gone.
    pub lost: u64,
    /// In the log more often than they were sent, or there again since their app has sent them again.
    pub duplicated: u64,
    pub reordered: u64,
    /// Handled at least once by every group that reads their topic.
    pub delivered: u64,
    /// Handled more than once by a group.
    pub redelivered: u64,
    /// Acknowledged, and since deleted by retention.
    pub expired: u64,
    /// Records that no log holds for its producer's partition has no leader now: nothing is said of them.
    pub unreadable: u64,
    /// In a log without anybody having sent them here.
    pub strangers: u64,
    pub permitted: Vec<Permitted>,
    pub records: Vec<RecordOutcome>,
}
