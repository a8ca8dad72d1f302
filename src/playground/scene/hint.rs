//! What is under the pointer, by its name.

use crate::kafka::client::producer::TransactionStep;
use crate::playground::inspect::meaning;
use crate::playground::narrate::{acks_words, plural};
use crate::world::target::{Heading, Target};
use crate::world::view::{BrokerState, ConsumerState, ProducerState, RecordState, TransactionEnd, WorldView};
use std::sync::Arc;

/// A thing of the stage in one line: its name and how it stands.
pub fn hint(view: &WorldView, what: &Target) -> String {
    match what {
        Target::Record(topic, n, offset) => record(view, topic, *n, *offset),
        Target::Partition(topic, n) => partition(view, topic, *n),
        Target::Frame(message) => {
            let Some(f) = view.flights.iter().find(|f| f.message == *message) else { return String::new() };
            let kind = if f.response { "answer" } else { "request" };
            let what = meaning(f.api, f.response);
            let what = if what.is_empty() { String::new() } else { format!(": {what}") };
            let records = if f.cargo.is_empty() { String::new() } else { format!(", {}", plural(f.cargo.len(), "record")) };
            format!("{:?} {kind}, {} to {}{records}, {} bytes{what}", f.api, f.from, f.to, f.bytes)
        }
        Target::Heading(heading) => match heading {
            Heading::Producers => "Programs that write records to topics".to_owned(),
            Heading::Groups => "Programs that read: a group's members share its partitions, each is read by one of them".to_owned(),
            Heading::Cluster => "Brokers, and the logs that they keep for each other".to_owned(),
        },
        Target::Producer(name) => view.producers.iter().find(|p| p.name == *name).map(|p| producer(view, p)).unwrap_or_default(),
        Target::Broker(name) => view.brokers.iter().find(|b| b.name == *name).map(|b| broker(view, b)).unwrap_or_default(),
        Target::Topic(topic) => {
            let own = || view.partitions.iter().filter(|p| p.view.topic == *topic).map(|p| &p.view);
            let replicas = own().map(|p| p.replicas.len()).max().unwrap_or(0);
            let records: i64 = own().map(|p| p.end_offset.saturating_sub(p.log_start_offset)).sum();
            format!("{topic}: {} on {}, {}", plural(own().count(), "partition"), plural(replicas, "broker"), plural(records, "record"))
        }
        Target::Internal(topic) => {
            let records: i64 = view.partitions.iter().filter(|p| p.view.topic == *topic).map(|p| p.view.end_offset).sum();
            format!("{topic}: Kafka's own, where groups keep what they have committed; {}", plural(records, "record"))
        }
        Target::Link(a, b) => format!("The link of {a} and {b}: {}", view.link_words(a, b)),
        Target::Group(None) => "Consumers without a group: each reads for itself, and nothing is committed".to_owned(),
        Target::Group(Some(name)) => match view.groups.iter().find(|g| g.group == *name) {
            Some(g) => {
                let members = plural(g.members.len(), "member");
                format!(
                    "Group {name}: {}, generation {}, {members}, {} readable and not committed",
                    g.state.name(),
                    g.generation,
                    view.group_lag(g)
                )
            }
            None => format!("Group {name}: no member has joined yet"),
        },
        Target::Consumer(name) => view.consumers.iter().find(|c| c.name == *name).map(consumer).unwrap_or_default(),
    }
}

/// A record of a partition.
fn record(view: &WorldView, topic: &Arc<str>, n: i32, offset: i64) -> String {
    let Some(p) = view.partitions.iter().find(|p| p.view.partition == n && p.view.topic == *topic) else { return String::new() };
    let name = format!("{topic}-{n} offset {offset}");
    let (v, r) = (&p.view, p.records.iter().find(|r| r.offset == offset));
    let words = match r {
        Some(r) if r.control => marker(view, r),
        Some(r) => {
            let key = r.key.as_ref().map_or("no key".to_owned(), |key| format!("key {key}"));
            if r.tombstone { format!("{key}, tombstone") } else { format!("{key}, {} bytes", r.value_bytes) }
        }
        None => "older than the newest 48".to_owned(),
    };
    let state = match r.filter(|r| !r.control).and_then(|r| r.transaction) {
        _ if offset < v.log_start_offset => "deleted",
        _ if offset >= v.end_offset => "not in the log",
        _ if offset >= v.high_watermark => "not yet readable",
        Some(TransactionEnd::Aborted) => "aborted: read_committed consumers leave it out",
        Some(TransactionEnd::Open) => "in an open transaction: read_committed consumers wait",
        _ if offset >= v.last_stable_offset => "behind an open transaction: read_committed consumers wait",
        _ => "committed",
    };
    let by = r.filter(|r| r.transaction.is_some() && !r.control).map(|r| format!(" (by {})", view.producer_name(r.producer_id)));
    format!("{name}, {words}, {state}{}", by.unwrap_or_default())
}

fn partition(view: &WorldView, topic: &Arc<str>, n: i32) -> String {
    let Some(p) = view.partitions.iter().find(|p| p.view.partition == n && p.view.topic == *topic) else { return String::new() };
    let p = &p.view;
    let leader = if p.leader < 0 { "no leader".to_owned() } else { format!("leader broker-{}, epoch {}", p.leader, p.leader_epoch) };
    let mut words = format!("{topic}-{n}: {leader}, high watermark {}, end offset {}", p.high_watermark, p.end_offset);
    if p.last_stable_offset < p.high_watermark {
        words += &format!(", last stable offset {}", p.last_stable_offset);
    }
    for (first, id) in &p.open_transactions {
        words += &format!(", {} has a transaction open from {first} on", view.producer_name(*id));
    }
    for id in p.replicas.iter().filter(|id| !p.isr.contains(id)) {
        words += &format!(", broker-{id} not in sync");
    }
    for group in view.groups.iter().filter(|group| view.lag(group, topic, n) > 0) {
        words += &format!(", {} has {} to read", group.group, view.lag(group, topic, n));
    }
    for replica in view.replicas.iter().filter(|r| r.partition == n && r.topic == *topic) {
        if let Some(torn) = replica.torn {
            words += &format!(", broker-{} cut {} at {}", replica.broker, torn.from.saturating_sub(torn.to), torn.to);
        }
    }
    words
}

/// What a control record is.
fn marker(view: &WorldView, r: &RecordState) -> String {
    match r.transaction {
        Some(TransactionEnd::Committed) => format!("COMMIT marker: {}'s transaction ends here", view.producer_name(r.producer_id)),
        Some(TransactionEnd::Aborted) => {
            format!("ABORT marker: what {} wrote before it in its transaction does not count", view.producer_name(r.producer_id))
        }
        _ => "control record".to_owned(),
    }
}

/// A producer's transactional id, its producer id and epoch, and how its transaction stands; `None` without a `transactional.id`.
pub fn transactional_words(view: &WorldView, p: &ProducerState) -> Option<String> {
    let id = p.transactional_id.as_ref()?;
    let known = view.transactions.iter().find(|transaction| transaction.transactional_id == *id);
    let numbers = p.producer_id.or_else(|| known.map(|it| (it.producer_id, it.epoch)));
    let numbers = numbers.map_or_else(|| ", no producer id yet".to_owned(), |(id, epoch)| format!(", producer id {id}, epoch {epoch}"));
    let fenced = matches!(p.transaction, Some(TransactionStep::Fenced(_)));
    let state = known.map_or("", |known| known.state.name());
    let state = match (fenced, state) {
        (true, _) => ", fenced".to_owned(),
        (_, "") => String::new(),
        (_, state) => format!(", {state}"),
    };
    Some(format!("{id}{numbers}{state}"))
}

fn producer(view: &WorldView, p: &ProducerState) -> String {
    let acks = acks_words(p.acks);
    let counts = format!("{} sent, {} acknowledged, {} failed", p.sent, p.acked, p.failed);
    let transactions = transactional_words(view, p).map_or_else(String::new, |words| format!("; transactional.id {words}"));
    format!("Producer {} to {}, {}, {acks}: {counts}{transactions}", p.name, p.topic, p.state)
}

fn broker(view: &WorldView, b: &BrokerState) -> String {
    let users = || view.partitions.iter().filter(|p| !p.internal).map(|p| &p.view);
    let leads = users().filter(|p| p.leader == b.node_id).count();
    let follows = users().filter(|p| p.leader != b.node_id && p.replicas.contains(&b.node_id)).count();
    let controller = if b.is_controller { ", the active controller" } else { "" };
    format!(
        "{}, {}{controller}: leads {}, follows {follows}; {} KB on its disk",
        b.name,
        b.state,
        plural(leads, "partition"),
        b.disk_used / 1000
    )
}

fn consumer(c: &ConsumerState) -> String {
    let of = c.group.as_ref().map_or_else(|| "without a group".to_owned(), |group| format!("of {group}"));
    let waits = if c.backlog > 0 { format!(", {} wait for its handler", c.backlog) } else { String::new() };
    let owns = plural(c.assignment.len(), "partition");
    format!("Consumer {} {of}, {}: owns {owns}, {} handled{waits}; {} ms for a record", c.name, c.state, c.handled, c.handle_us / 1000)
}
