//! What is under the pointer, by its name.

use crate::world::target::Target;
use crate::world::view::{BrokerState, ConsumerState, ProducerState, WorldView};

/// A thing of the stage in one line: its name and how it stands.
pub fn hint(view: &WorldView, what: &Target) -> String {
    match what {
        Target::Record(topic, n, offset) => {
            let Some(p) = view.partitions.iter().find(|p| p.view.partition == *n && p.view.topic == *topic) else { return String::new() };
            let name = format!("{topic}-{n} offset {offset}");
            let (v, r) = (&p.view, p.records.iter().find(|r| r.offset == *offset));
            let words = match r {
                Some(r) if r.control => "control record".to_owned(),
                Some(r) => {
                    let key = r.key.as_ref().map_or("no key".to_owned(), |key| format!("key {key}"));
                    if r.tombstone { format!("{key}, tombstone") } else { format!("{key}, {} bytes", r.value_bytes) }
                }
                None => "older than the newest 48".to_owned(),
            };
            let state = match () {
                () if *offset < v.log_start_offset => "deleted",
                () if *offset >= v.end_offset => "not in the log",
                () if *offset >= v.high_watermark => "not yet readable",
                () => "committed",
            };
            format!("{name}, {words}, {state}")
        }
        Target::Partition(topic, n) => {
            let Some(p) = view.partitions.iter().find(|p| p.view.partition == *n && p.view.topic == *topic) else { return String::new() };
            let p = &p.view;
            let leader =
                if p.leader < 0 { "no leader".to_owned() } else { format!("leader broker-{}, epoch {}", p.leader, p.leader_epoch) };
            let mut words = format!("{topic}-{n}: {leader}, high watermark {}, end offset {}", p.high_watermark, p.end_offset);
            for id in p.replicas.iter().filter(|id| !p.isr.contains(id)) {
                words += &format!(", broker-{id} not in sync");
            }
            for group in view.groups.iter().filter(|group| view.lag(group, topic, *n) > 0) {
                words += &format!(", {} has {} to read", group.group, view.lag(group, topic, *n));
            }
            for replica in view.replicas.iter().filter(|r| r.partition == *n && r.topic == *topic) {
                if let Some(torn) = replica.torn {
                    words += &format!(", broker-{} cut {} at {}", replica.broker, torn.from.saturating_sub(torn.to), torn.to);
                }
            }
            words
        }
        Target::Frame(message) => {
            let Some(f) = view.flights.iter().find(|f| f.message == *message) else { return String::new() };
            let kind = if f.response { "answer" } else { "request" };
            format!("{:?} {kind}, {} to {}, {} records, {} bytes", f.api, f.from, f.to, f.cargo.len(), f.bytes)
        }
        Target::Heading(text) => match *text {
            "Producers" => "Programs that write records to topics".to_owned(),
            "Consumer groups" => "Programs that read: a group's members share its partitions, each is read by one of them".to_owned(),
            _ => "Brokers, and the logs that they keep for each other".to_owned(),
        },
        Target::Producer(name) => view.producers.iter().find(|p| p.name == *name).map(producer).unwrap_or_default(),
        Target::Broker(name) => view.brokers.iter().find(|b| b.name == *name).map(|b| broker(view, b)).unwrap_or_default(),
        Target::Topic(topic) => {
            let own = || view.partitions.iter().filter(|p| p.view.topic == *topic).map(|p| &p.view);
            let replicas = own().map(|p| p.replicas.len()).max().unwrap_or(0);
            let records: i64 = own().map(|p| p.end_offset.saturating_sub(p.log_start_offset)).sum();
            format!("{topic}: {} on {}, {records} records", some(own().count(), "partition"), some(replicas, "broker"))
        }
        Target::Internal(topic) => {
            let records: i64 = view.partitions.iter().filter(|p| p.view.topic == *topic).map(|p| p.view.end_offset).sum();
            format!("{topic}: Kafka's own, where groups keep what they have committed; {records} records")
        }
        Target::Link(a, b) => format!("The link of {a} and {b}: {}", view.link_words(a, b)),
        Target::Group(None) => "Consumers without a group: each reads for itself, and nothing is committed".to_owned(),
        Target::Group(Some(name)) => match view.groups.iter().find(|g| g.group == *name) {
            Some(g) => {
                let members = some(g.members.len(), "member");
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

fn some(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn producer(p: &ProducerState) -> String {
    let acks = if p.acks < 0 { "all".to_owned() } else { p.acks.to_string() };
    format!("Producer {} to {}, {}, acks={acks}: {} sent, {} acknowledged, {} failed", p.name, p.topic, p.state, p.sent, p.acked, p.failed)
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
        some(leads, "partition"),
        b.disk_used / 1000
    )
}

fn consumer(c: &ConsumerState) -> String {
    let of = c.group.as_ref().map_or_else(|| "without a group".to_owned(), |group| format!("of {group}"));
    let waits = if c.backlog > 0 { format!(", {} wait for its handler", c.backlog) } else { String::new() };
    let owns = some(c.assignment.len(), "partition");
    format!("Consumer {} {of}, {}: owns {owns}, {} handled{waits}; {} ms for a record", c.name, c.state, c.handled, c.handle_us / 1000)
}
