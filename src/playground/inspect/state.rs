//! What a node keeps, in Kafka's words.

use crate::kafka::coordinator::GroupView;
use crate::playground::scene::Target;
use crate::world::World;
use crate::world::view::{BrokerState, PartitionState, WorldView};
use std::fmt::Display;
use std::sync::Arc;

/// A name and what stands there; `None` makes the name a heading.
pub type Line = (String, Option<String>);

struct Lines(Vec<Line>);

impl Lines {
    fn head(&mut self, name: &dyn Display) {
        self.0.push((name.to_string(), None));
    }

    fn line(&mut self, name: &str, value: &dyn Display) {
        self.0.push((name.to_owned(), Some(value.to_string())));
    }

    fn flag(&mut self, name: &str, value: bool) {
        self.line(name, if value { &"yes" } else { &"no" });
    }

    /// Broker ids and the like.
    fn list(&mut self, name: &str, values: &[i32]) {
        let words: Vec<String> = values.iter().map(i32::to_string).collect();
        self.line(name, &if words.is_empty() { "none".into() } else { words.join(", ") });
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
                lines.line("process", &p.state);
                lines.line("records", &format_args!("{} sent, {} acknowledged, {} failed", p.sent, p.acked, p.failed));
            }
            if let Some((_, Some(client))) = world.producer(name) {
                client.describe(&mut |name, value| lines.0.push((name.to_owned(), value)));
            }
        }
        Target::Consumer(name) => {
            if let Some(c) = view.consumers.iter().find(|c| c.name == *name) {
                lines.line("process", &c.state);
                lines.line("records", &format_args!("{} handled, {} again, {} polled and waiting", c.handled, c.duplicates, c.backlog));
            }
            if let Some((_, Some(client))) = world.consumer(name) {
                client.describe(&mut |name, value| lines.0.push((name.to_owned(), value)));
            }
        }
        _ => {}
    }
    lines.0
}

fn broker(world: &World, view: &WorldView, state: &BrokerState, lines: &mut Lines) {
    let id = state.node_id;
    lines.line("node.id", &id);
    lines.line("process", &format_args!("{}, number {}", state.state, state.incarnation));
    let leads = view.partitions.iter().filter(|p| p.view.leader == id).count();
    let replicas = || view.replicas.iter().filter(|r| r.broker == id);
    lines.line(
        "partitions",
        &format_args!("{}, leads {leads}, in sync with {}", replicas().count(), replicas().filter(|r| r.in_isr).count()),
    );
    lines.line("disk", &format_args!("{} bytes", state.disk_used));
    if let Some(broker) = world.image().and_then(|image| image.brokers.get(&id)) {
        lines.head(&"Registration");
        lines.line("broker epoch", &broker.epoch);
        lines.line("listener", &format_args!("{}:{}", broker.host, broker.port));
        lines.flag("fenced", broker.fenced);
        lines.flag("in controlled shutdown", broker.in_controlled_shutdown);
    }
    let Some(process) = world.broker(&state.name) else { return };
    let quorum = process.quorum();
    lines.head(&"Controller quorum");
    lines.line("state", &quorum.role);
    lines.line("leader epoch", &quorum.epoch);
    lines.line("leader", &quorum.leader.map_or("none".into(), |id| id.to_string()));
    lines.list("voters", &quorum.voters);
    lines.line("high watermark", &quorum.high_watermark);
    lines.line("log end offset", &quorum.end_offset);
    lines.line("metadata applied", &process.image().offset);
    lines.line("next producer id", &process.image().next_producer_id);
    for group in process.groups() {
        lines.head(&format_args!("Coordinates {}", group.group));
        lines.line("state", &format_args!("{}, generation {}", group.state, group.generation));
    }
}

/// What everyone asks first of a partition.
fn heart(p: &PartitionState, lines: &mut Lines) {
    let p = &p.view;
    lines.line("leader", if p.leader < 0 { &"none" } else { &p.leader });
    lines.line("leader epoch", &p.leader_epoch);
    lines.list("replicas", &p.replicas);
    lines.list("ISR", &p.isr);
    lines.line("high watermark", &p.high_watermark);
    lines.line("log end offset", &p.end_offset);
}

fn partition(world: &World, view: &WorldView, p: &PartitionState, lines: &mut Lines) {
    heart(p, lines);
    let p = &p.view;
    lines.line("partition epoch", &p.partition_epoch);
    lines.list("ELR", &p.elr);
    if let Some(image) = world.image().and_then(|image| image.partition(&p.topic, p.partition)) {
        if image.is_reassigning() {
            lines.list("adding replicas", &image.adding);
            lines.list("removing replicas", &image.removing);
        }
        lines.line("leader recovery", if image.recovering { &"RECOVERING" } else { &"RECOVERED" });
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
        lines.line("leader epoch", &r.leader_epoch);
        lines.line("log start offset", &r.log_start);
        lines.line("high watermark", &r.high_watermark);
        lines.line("log end offset", &r.end_offset);
    }
    lines.head(&"Leader epochs");
    for (epoch, start) in &p.epochs {
        lines.line(&format!("epoch {epoch}"), &format_args!("from offset {start}"));
    }
    lines.head(&"Segments");
    for segment in &p.segments {
        lines.line(&format!("{:020}", segment.base_offset), &format_args!("{} bytes", segment.size));
    }
    let Some(broker) = leader.and_then(|leader| world.broker(&leader.name)) else { return };
    lines.head(&"Producer state");
    for producer in broker.producers_of(&p.topic, p.partition) {
        let words = format_args!("epoch {}, last sequence {}", producer.epoch, producer.last_sequence).to_string();
        lines.line(&format!("producer {}", producer.producer_id), &words);
    }
}

fn group(view: &WorldView, group: &GroupView, lines: &mut Lines) {
    let or_none = |text: &Option<Arc<str>>| text.clone().unwrap_or_else(|| "none".into());
    lines.line("state", &group.state);
    lines.line("generation", &group.generation);
    lines.line("protocol", &or_none(&group.protocol));
    lines.line("leader", &or_none(&group.leader));
    for member in &group.members {
        lines.head(&format_args!("Member {}", member.client_id));
        lines.line("member id", &member.member);
        let owns: Vec<String> = member.assignment.iter().map(|(topic, n)| format!("{topic}-{n}")).collect();
        lines.line("assignment", &owns.join(", "));
        let left = member.session_deadline.micros_since(view.now).max(0) / 1000;
        lines.line("session ends in", &format_args!("{left} ms"));
    }
    lines.head(&"Committed offsets");
    for (topic, number, offset) in &group.offsets {
        let here = |p: &&PartitionState| p.view.topic == *topic && p.view.partition == *number;
        let end = view.partitions.iter().find(here).map_or(*offset, |p| p.view.high_watermark);
        lines.line(&format!("{topic}-{number}"), &format_args!("{offset}, lag {}", (end - offset).max(0)));
    }
}
