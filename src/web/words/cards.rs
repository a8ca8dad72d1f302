//! Cards on the stage, and the card of a record that is followed.

pub use super::{GO_THERE, at_offset, record};

use crate::playground::narrate::plural;

pub const ARRANGEMENT: &str = "Arrangement";
/// The way from the cluster to what is zoomed into.
pub const CRUMBS: &str = "Zoom";
pub const CLUSTER: &str = "cluster";
pub const ZOOM: &str = "zoom";
pub const WHOLE_CLUSTER: &str = "whole cluster";

pub fn zoom_into(what: &str) -> String {
    format!("Zoom into {what}")
}

pub const GONE: &str = "gone";
pub const ISOLATED: &str = "isolated";
/// Its sign, and the word where there is room for it.
pub const CONTROLLER: &str = "♛ controller";
pub const FENCED: &str = "fenced";
pub const SLOW_DISK: &str = "slow disk";
pub const DISK_FULL: &str = "disk full";
pub const CLOCK_SKEWED: &str = "clock skewed";

pub fn broker(name: &str) -> String {
    format!("broker {name}")
}

pub fn link(name: &str) -> String {
    format!("link {name}")
}

pub fn topic(name: &str) -> String {
    format!("topic {name}")
}

pub fn internal_topic(name: &str) -> String {
    format!("internal topic {name}")
}

pub fn partitions(count: usize) -> String {
    plural(count, "partition")
}

pub const ARROWS_WALK: &str = "Arrows walk its records, Enter follows one or zooms";
pub const NO_LEADER: &str = "no leader";

pub fn partition(name: &str, offsets: &str) -> String {
    format!("partition {name}, {offsets}")
}

pub fn offsets(high_watermark: i64, end: i64) -> String {
    format!("high watermark {high_watermark}, end offset {end}")
}

pub fn leader(broker: i32, epoch: i32) -> String {
    format!("leader {broker}, epoch {epoch}")
}

pub fn leader_in_sync(broker: i32, in_sync: usize, all: usize) -> String {
    format!("leader {broker}, ISR {in_sync}/{all}")
}

pub const NO_ID: &str = "transactions: no id yet";
pub const TRANSACTIONS_FENCED: &str = "transactions: fenced";
pub const NONE_YET: &str = "none yet";
pub const OPEN: &str = "open";
pub const COMMITTING: &str = "committing";
pub const ABORTING: &str = "aborting";
pub const COMMITTED: &str = "committed";
pub const ABORTED: &str = "aborted";

pub fn producer(name: &str) -> String {
    format!("producer {name}")
}

pub fn acks(acks: &str) -> String {
    format!("{acks} · ")
}

pub fn acked(acked: u64, failed: u64) -> String {
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    format!("{acked} acked{failed}")
}

pub fn transactional_id(id: &str) -> String {
    format!("transactional.id {id}")
}

pub fn transaction(step: &str, epoch: i16) -> String {
    format!("txn {step} · epoch {epoch}")
}

pub const COLOUR: &str = "The colour of its partitions, on the stage and in the lanes";
pub const LAG_MEANS: &str = "Lag: readable records that it has not polled";
/// Behind a number.
pub const HANDLED: &str = " handled";
pub const OWNS_NOTHING: &str = "owns nothing";
pub const IDLE: &str = "idle: no partition";
pub const WAITING: &str = "waiting for partitions";

pub fn consumer(name: &str) -> String {
    format!("consumer {name}")
}

pub fn lag(records: i64) -> String {
    format!("lag {records}")
}

/// The end of a row of partitions, behind its first.
pub fn up_to(last: i32) -> String {
    format!(" to {last}")
}

pub const NO_GROUP: &str = "without a group";
pub const NOT_JOINED: &str = "not joined yet";
pub const REBALANCING: &str = "Rebalancing";

pub fn group(name: &str) -> String {
    format!("consumer group {name}")
}

pub fn group_state(state: &str, means: &str) -> String {
    format!("{state}: {means} Press to see the states of the group.")
}

pub const LET_GO: &str = "let go";
pub const LET_GO_OF_RECORD: &str = "Let go of the record";
pub const ZOOM_INTO_RECORD: &str = "Zoom into the record";

pub fn content_of(record: &str) -> String {
    format!("Content of {record}")
}

pub fn way_of(record: &str) -> String {
    format!("The way of {record}")
}
