//! What a node keeps, in Kafka's words.

use crate::kafka::client::Client as _;
use crate::kafka::coordinator::GroupView;
use crate::kafka::time::Time;
use crate::playground::groups;
use crate::world::World;
use crate::world::target::Target;
use crate::world::view::{BrokerState, PartitionState, ProducerState, WorldView};
use std::fmt::Display;

/// A name and what stands there; `None` makes the name a heading.
pub type Line = (String, Option<String>);

struct Lines(Vec<Line>);

impl Lines {
    fn put(&mut self, name: &dyn Display, value: Option<&dyn Display>) {
        self.0.push((name.to_string(), value.map(|value| value.to_string())));
    }

    fn head(&mut self, name: &dyn Display) {
        self.put(name, None);
    }

    fn line(&mut self, name: &dyn Display, value: &dyn Display) {
        self.put(name, Some(value));
    }

    /// Broker ids.
    fn list(&mut self, name: &str, values: &[i32]) {
        let mut words = String::new();
        for value in values {
            if !words.is_empty() {
                words += ", ";
            }
            words += &value.to_string();
        }
        self.line(&name, if words.is_empty() { &"none" } else { &words });
    }
}

/// A broker's, if there is one.
struct Id(Option<i32>);

impl Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(id) => write!(f, "{id}"),
            None => f.write_str("nobody"),
        }
    }
}

/// What the thing keeps now; empty when there is no such thing.
pub fn state(world: &World, view: &WorldView, target: &Target) -> Vec<Line> {
    let mut lines = Lines(Vec::new());
    match target {
        Target::Broker(name) => {
            if let Some(state) = view.brokers.iter().find(|state| state.name == *name) {
                broker(world, view, state, &mut lines);
            }
        }
        Target::Topic(topic) | Target::Internal(topic) => {
            for p in view.partitions.iter().filter(|p| p.view.topic == *topic) {
                lines.head(&format_args!("{topic}-{}", p.view.partition));
                heart(p, &mut lines);
            }
        }
        Target::Partition(topic, number) => {
            if let Some(p) = view.partitions.iter().find(|p| p.view.topic == *topic && p.view.partition == *number) {
                partition(world, view, p, &mut lines);
            }
        }
        Target::Group(Some(name)) => {
            if let Some(found) = view.groups.iter().find(|view| view.group == *name) {
                group(view, found, &mut lines);
            }
        }
        Target::Producer(name) => {
            if let Some(p) = view.producers.iter().find(|p| p.name == *name) {
                lines.line(&"process", &p.state);
            }
            if let Some((_, Some(client))) = world.producer(name) {
                client.describe(&mut |name, value| lines.put(name, value));
            }
            if let Some(p) = view.producers.iter().find(|p| p.name == *name) {
                transactions(view, p, &mut lines);
            }
        }
        Target::Consumer(name) => {
            if let Some(c) = view.consumers.iter().find(|c| c.name == *name) {
                lines.line(&"process", &c.state);
                lines.line(&"polled, not handled", &c.backlog);
            }
            if let Some((_, Some(client))) = world.consumer(name) {
                client.describe(&mut |name, value| lines.put(name, value));
            }
        }
        _ => {}
    }
    lines.0
}

fn broker(world: &World, view: &WorldView, state: &BrokerState, lines: &mut Lines) {
    let id = state.node_id;
    lines.line(&"node.id", &id);
    lines.line(&"process", &format_args!("{}, number {}", state.state, state.incarnation));
    lines.line(&"leads partitions", &view.partitions.iter().filter(|p| p.view.leader == id).count());
    lines.line(&"disk", &format_args!("{} bytes", state.disk_used));
    if let Some(broker) = world.image().and_then(|image| image.brokers.get(&id)) {
        lines.head(&"Registration");
        lines.line(&"broker epoch", &broker.epoch);
        lines.line(&"listener", &format_args!("{}:{}", broker.host, broker.port));
        lines.line(&"fenced", &broker.fenced);
        lines.line(&"in controlled shutdown", &broker.in_controlled_shutdown);
    }
    let Some(process) = world.broker(&state.name) else { return };
    let quorum = process.quorum();
    lines.head(&"Controller quorum");
    lines.line(&"state", &quorum.role);
    lines.line(&"leader epoch", &quorum.epoch);
    lines.line(&"leader", &quorum.leader.unwrap_or(-1));
    lines.list("voters", &quorum.voters);
    let (voted, granted) = process.controller().votes();
    lines.line(&"voted for", &Id(voted));
    if !granted.is_empty() {
        lines.list("votes granted", &granted);
    }
    lines.line(&"high watermark", &quorum.high_watermark);
    lines.line(&"log end offset", &quorum.end_offset);
    lines.line(&"metadata applied", &process.image().offset);
    lines.line(&"next producer id", &process.image().next_producer_id);
    if let Some(told) = process.controller().describe_quorum(view.now) {
        lines.head(&format_args!("Replicas of the metadata log, epoch {}", told.leader_epoch));
        for (what, replicas) in [("voter", &told.current_voters), ("observer", &told.observers)] {
            for replica in replicas {
                let (id, end) = (replica.replica_id.0, replica.log_end_offset);
                lines.line(&format_args!("{what} {id}"), &format_args!("log end offset {end}, lag {}", (quorum.end_offset - end).max(0)));
            }
        }
        lines.head(&format_args!("Votes in epoch {}", quorum.epoch));
        for other in &view.brokers {
            let known =
                world.broker(&other.name).filter(|broker| quorum.voters.contains(&other.node_id) && broker.quorum().epoch == quorum.epoch);
            if let Some(broker) = known {
                lines.line(&format_args!("voter {}", other.node_id), &format_args!("for {}", Id(broker.controller().votes().0)));
            }
        }
    }
    for group in process.groups() {
        lines.head(&format_args!("Coordinates {}", group.group));
        lines.line(&"state", &format_args!("{}, generation {}", group.state, group.generation));
    }
}

/// What everyone asks first of a partition.
fn heart(p: &PartitionState, lines: &mut Lines) {
    let p = &p.view;
    lines.line(&"leader", &p.leader);
    lines.line(&"leader epoch", &p.leader_epoch);
    lines.list("replicas", &p.replicas);
    lines.list("ISR", &p.isr);
    lines.line(&"high watermark", &p.high_watermark);
    lines.line(&"last stable offset", &p.last_stable_offset);
    lines.line(&"log end offset", &p.end_offset);
}

fn partition(world: &World, view: &WorldView, p: &PartitionState, lines: &mut Lines) {
    heart(p, lines);
    let p = &p.view;
    lines.line(&"partition epoch", &p.partition_epoch);
    lines.list("ELR", &p.elr);
    if let Some(image) = world.image().and_then(|image| image.partition(&p.topic, p.partition)) {
        lines.list("adding replicas", &image.adding);
        lines.list("removing replicas", &image.removing);
    }
    let leader = view.brokers.iter().find(|broker| broker.node_id == p.leader);
    for r in view.replicas.iter().filter(|r| r.topic == p.topic && r.partition == p.partition) {
        let role = match (r.running, r.is_leader, r.in_isr) {
            (false, ..) => "no process",
            (_, true, _) => "leader",
            (_, _, true) => "in sync",
            _ => "out of sync",
        };
        lines.head(&format_args!("Replica {}, {role}", r.broker));
        lines.line(&"leader epoch", &r.leader_epoch);
        lines.line(&"log start offset", &r.log_start);
        lines.line(&"high watermark", &r.high_watermark);
        lines.line(&"log end offset", &r.end_offset);
    }
    lines.head(&"Leader epochs");
    for (epoch, start) in &p.epochs {
        lines.line(&format_args!("epoch {epoch}"), &format_args!("from offset {start}"));
    }
    lines.head(&"Segments");
    for segment in &p.segments {
        lines.line(&format_args!("{:020}", segment.base_offset), &format_args!("{} bytes", segment.size));
    }
    let Some(broker) = leader.and_then(|leader| world.broker(&leader.name)) else { return };
    lines.head(&"Producer state");
    for producer in broker.producers_of(&p.topic, p.partition) {
        let open = match producer.current_txn_start_offset {
            -1 => String::new(),
            first => format!(", transaction open from offset {first}"),
        };
        let words = format_args!("epoch {}, last sequence {}{open}", producer.epoch, producer.last_sequence);
        lines.line(&format_args!("producer {}", producer.producer_id), &words);
    }
}

/// A producer's transactional id as its coordinator has it.
fn transactions(view: &WorldView, p: &ProducerState, lines: &mut Lines) {
    let Some(id) = &p.transactional_id else { return };
    lines.head(&format_args!("transactional.id {id}, as its coordinator has it"));
    let Some(known) = view.transactions.iter().find(|known| known.transactional_id == *id) else {
        return lines.line(&"state", &"not known, or nobody coordinates it");
    };
    lines.line(&"state", &known.state.name());
    lines.line(&"producer id", &known.producer_id);
    lines.line(&"producer epoch", &known.epoch);
    lines.line(&"transaction.timeout.ms", &known.timeout_ms);
    for (topic, number) in &known.partitions {
        lines.line(&"has written to", &format_args!("{topic}-{number}"));
    }
    if known.aborts_at < Time::NEVER {
        lines.line(&"aborted in", &format_args!("{} ms", known.aborts_at.micros_since(view.now).max(0) / 1000));
    }
}

fn group(view: &WorldView, group: &GroupView, lines: &mut Lines) {
    let modern = groups::is_consumer_protocol(group);
    lines.line(&"state", &group.state);
    lines.line(&"type", &group.group_type);
    lines.line(&if modern { "group epoch" } else { "generation" }, &group.generation);
    lines.line(&if modern { "assignor" } else { "protocol" }, &group.protocol.as_deref().unwrap_or("none"));
    if !modern {
        lines.line(&"leader", &group.leader.as_deref().unwrap_or("none"));
    }
    lines.line(&"lag", &view.group_lag(group));
    for member in &group.members {
        lines.head(&format_args!("Member {}", member.client_id));
        lines.line(&"stands", &groups::member_words(view, group, member));
        lines.line(&"member id", &member.member);
        if let Some(instance) = &member.instance {
            lines.line(&"group.instance.id", instance);
        }
        if modern {
            lines.line(&"member epoch", &member.epoch);
        }
        for (topic, number) in &member.assignment {
            let lag = view.lag(group, topic, *number);
            lines.line(&"assigned", &format_args!("{topic}-{number}, lag {lag}"));
        }
        for (topic, number) in &member.revoking {
            lines.line(&"to give up", &format_args!("{topic}-{number}"));
        }
        for (topic, number) in member.target.iter().filter(|at| !member.assignment.contains(at)) {
            lines.line(&"to get", &format_args!("{topic}-{number}"));
        }
        let left = member.session_deadline.micros_since(view.now).max(0) / 1000;
        lines.line(&"session ends in", &format_args!("{left} ms"));
    }
    lines.head(&"Committed offsets");
    for (topic, number, offset) in &group.offsets {
        let here = |p: &&PartitionState| p.view.topic == *topic && p.view.partition == *number;
        let end = view.partitions.iter().find(here).map_or(*offset, |p| p.view.high_watermark);
        lines.line(&format_args!("{topic}-{number}"), &format_args!("{offset}, lag {}", (end - offset).max(0)));
    }
}
