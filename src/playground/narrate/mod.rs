//! The narrator: events in plain words.

mod cluster;
mod queue;

pub use cluster::{brokers, link_words};
pub use queue::{MAX_WAITING, Waiting};

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::ClientError;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::config::CONSUMER;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::coordinator::GroupState;
use crate::kafka::time::Time;
use crate::kafka::wire::message::Message;
use crate::kafka::wire::message::{ApiKey, ConsumerProtocolAssignment};
use crate::world::ProcessState;
use crate::world::action::{Action, Fault};
use crate::world::event::{Event, EventId, EventKind};
use crate::world::{ALL_BROKERS, World};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// One thing that happened, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// 1: what everyone should see; 2: how it came about; 3: everything that can be said.
    pub level: u8,
    pub at: Time,
    pub text: String,
    pub event: EventId,
}

/// The sentence for an event; `None` when there is nothing to say (or other events say it).
pub fn narrate(event: &Event, world: &World) -> Option<Sentence> {
    let (level, text) = words(event, world)?;
    Some(Sentence { level, at: event.at, text, event: event.id })
}

/// Any event in words: what the narrator says of it or, where it says nothing, what it is.
pub fn plainly(event: &Event, world: &World) -> String {
    if let Some(sentence) = narrate(event, world) {
        return sentence.text;
    }
    match &event.kind {
        EventKind::FrameSent { from, to, api, response, .. } => {
            format!("{from} sends {to} {} {api:?}.", if *response { "the answer to" } else { "a request:" })
        }
        EventKind::FrameArrived { message } => {
            let sent = world.events().iter().rev().find_map(|event| match &event.kind {
                EventKind::FrameSent { message: sent, from, to, api, response, .. } if sent == message => {
                    Some(format!("{}{api:?} from {from} arrives at {to}.", if *response { "The answer to " } else { "" }))
                }
                _ => None,
            });
            sent.unwrap_or_else(|| "A frame arrives.".into())
        }
        EventKind::Connected { from, to } => format!("{from} is connected to {to}."),
        EventKind::Timer { node, what, .. } => format!("{node}: {what}."),
        EventKind::ProcessState { node, to, .. } => format!("{node} is {to}."),
        EventKind::Broker { node, event: BrokerEvent::FetchHeld { .. } } => format!("{node} holds a fetch: there is nothing new yet."),
        EventKind::Broker { node, event: BrokerEvent::FetchReleased { .. } } => format!("{node} answers a fetch that it held."),
        EventKind::Broker { node, .. } | EventKind::Consumer { node, .. } => format!("{node} notes what has changed."),
        EventKind::AdminAnswered { node, .. } => format!("{node} has carried out the request."),
        _ => "What was done takes effect.".into(),
    }
}

/// Kinds of which there are many, told at level 3 if at all: who asks only for what is seldom need not look at them.
pub fn often(event: &EventKind) -> bool {
    match event {
        EventKind::Connected { .. } | EventKind::FrameSent { .. } | EventKind::FrameArrived { .. } | EventKind::Timer { .. } => true,
        EventKind::Handled { delivery, .. } => *delivery <= 1,
        EventKind::Broker { event, .. } => matches!(
            event,
            BrokerEvent::Appended { duplicate: false, .. }
                | BrokerEvent::HighWatermark { .. }
                | BrokerEvent::Replicated { .. }
                | BrokerEvent::FetchHeld { .. }
                | BrokerEvent::FetchReleased { .. }
                | BrokerEvent::Group(GroupEvent::OffsetCommitted { .. })
        ),
        EventKind::Producer { event, .. } => {
            matches!(
                event,
                ProducerEvent::Partitioned { .. } | ProducerEvent::Acked { .. } | ProducerEvent::BatchSent { attempt: ..=1, .. }
            )
        }
        EventKind::Consumer { event, .. } => matches!(event, ConsumerEvent::Fetched { .. } | ConsumerEvent::Committed { .. }),
        _ => false,
    }
}

fn words(event: &Event, world: &World) -> Option<(u8, String)> {
    Some(match &event.kind {
        EventKind::Acted { action } => {
            let (_, action) = world.history().get(usize::try_from(*action).ok()?)?;
            return acted(action, world);
        }
        EventKind::FrameLost { message } => (3, format!("Frame {message} came too late: its receiver is gone.")),
        EventKind::Disconnected { from, to } => (3, format!("{to} learns that the connection to {from} is closed.")),
        EventKind::Connected { .. } | EventKind::FrameSent { .. } | EventKind::FrameArrived { .. } => return None,
        EventKind::Timer { node, what, who } => match *what {
            "next record" | "poll" | "handler" => return None,
            _ if who.is_empty() => (3, format!("{node}: {what}.")),
            _ => (3, format!("{node}: {what} of {who}.")),
        },
        EventKind::Broker { node, event } => return broker(node, event),
        EventKind::BrokerLog { node, line } => (if line.starts_with("__") { 3 } else { 2 }, format!("{node}: {line}")),
        EventKind::Producer { node, event } => return producer(node, event),
        EventKind::Consumer { node, event } => return consumer(node, event),
        EventKind::Handled { node, topic, partition, offset, delivery, group } => {
            if *delivery > 1 {
                let whom = group.as_deref().unwrap_or(node);
                (2, format!("{node} handled {topic}-{partition} offset {offset}, which {whom} had handled before (delivery {delivery})."))
            } else {
                (3, format!("{node} handled {topic}-{partition} offset {offset}."))
            }
        }
        EventKind::ProcessState { node, to: ProcessState::Stopped, .. } => (1, format!("{node} has stopped.")),
        EventKind::ProcessState { .. } => return None,
        EventKind::LinkCut { from, to, one_way } => (1, cluster::cut(from, to, *one_way)),
        EventKind::Healed => (1, "The network is whole again.".into()),
        EventKind::AdminAnswered { api, topic, error, message, .. } => {
            if error.is_error() {
                let what = match api {
                    ApiKey::CreateTopics => "created",
                    ApiKey::DeleteTopics => "deleted",
                    ApiKey::IncrementalAlterConfigs => "given another config",
                    ApiKey::ElectLeaders => "given another leader",
                    ApiKey::AlterPartitionReassignments => "moved",
                    _ => "given more partitions",
                };
                let why = if message.is_empty() { String::new() } else { format!(": {message}") };
                let whom = if &**topic == ALL_BROKERS { "No broker was".to_owned() } else { format!("{topic} was not") };
                (1, format!("{whom} {what}: {}{why}.", error.name()))
            } else {
                return None;
            }
        }
    })
}

/// An action in words; `None` when only what came of it can be told.
pub fn action_words(action: &Action, world: &World) -> Option<String> {
    match action {
        Action::Fault(Fault::Cut { from, to, one_way }) => Some(cluster::cut(from, to, *one_way)),
        Action::Fault(Fault::Isolate { node }) => Some(cluster::cut(node, "everyone", false)),
        action => acted(action, world).map(|(_, text)| text),
    }
}

fn acted(action: &Action, world: &World) -> Option<(u8, String)> {
    Some(match action {
        Action::SetTopicConfig { .. }
        | Action::SetBrokerConfig { .. }
        | Action::ElectLeader { .. }
        | Action::Reassign { .. }
        | Action::Fault(_) => {
            return cluster::acted(action);
        }
        // The broker tells what came of these.
        Action::CreateTopic { .. } | Action::DeleteTopic { .. } | Action::AddPartitions { .. } => return None,
        Action::AddProducer(spec) => (1, format!("{} starts and sends to {}.", spec.name, spec.topic)),
        Action::AddConsumer(spec) => {
            let topics = spec.topics.join(", ");
            match &spec.group {
                Some(group) => (1, format!("{} starts and wants to read {topics} as a member of {group}.", spec.name)),
                None => (1, format!("{} starts and reads {topics} without a group.", spec.name)),
            }
        }
        Action::StopClient { name } => (2, format!("{name} is asked to stop.")),
        Action::CrashClient { name } => match group_of(name, world) {
            Some((group, timeout)) => {
                (1, format!("{name} crashed. {group} waits for its session timeout ({timeout}) before its partitions go to others."))
            }
            None => (1, format!("{name} crashed: what it had not sent yet is lost.")),
        },
        Action::RestartClient { name } => (1, format!("{name} starts again, as a new process.")),
        Action::PauseClient { name } => match group_of(name, world) {
            Some((group, timeout)) => (1, format!("{name} is frozen: no heartbeats. {group} gives it {timeout} (its session timeout).")),
            None => (1, format!("{name} is frozen.")),
        },
        Action::ResumeClient { name } => (1, format!("{name} goes on where it was frozen.")),
        Action::ChangeProducer(spec) => changed(&spec.name),
        Action::ChangeConsumer(spec) => changed(&spec.name),
        Action::SetRate { name, rate_per_1000s } => {
            let rate = crate::playground::scenario::rate_text(*rate_per_1000s);
            let rate = rate.trim_end_matches("/s");
            (1, format!("{name} now sends {rate} record{} a second.", if rate == "1" { "" } else { "s" }))
        }
        Action::SetHandleTime { name, handle_us } => {
            let time = crate::playground::scenario::duration_text(*handle_us);
            (1, format!("{name} now takes {time} for each record."))
        }
        Action::Produce { name, key, .. } => match key {
            Some(key) => (1, format!("{name} is handed one record with the key {key}.")),
            None => (1, format!("{name} is handed one record without a key.")),
        },
    })
}

fn changed(name: &str) -> (u8, String) {
    (1, format!("{name} has other settings now."))
}

/// A consumer's group and its session timeout in words; `None` for others.
fn group_of(name: &str, world: &World) -> Option<(Arc<str>, String)> {
    world.history().iter().rev().find_map(|(_, action)| match action {
        Action::AddConsumer(spec) | Action::ChangeConsumer(spec) if &*spec.name == name => {
            let timeout = spec.config.get("session.timeout.ms").map_or_else(|| CONSUMER.default_of("session.timeout.ms"), String::as_str);
            let text = match timeout.parse::<i64>() {
                Ok(millis) if millis % 1000 == 0 => format!("{} s", millis / 1000),
                _ => format!("{timeout} ms"),
            };
            Some((spec.group.clone()?, text))
        }
        _ => None,
    })
}

/// `orders-0 offsets 3 to 5`.
fn offsets(topic: &str, partition: i32, first: i64, last: i64) -> String {
    match last {
        last if last == first => format!("{topic}-{partition} offset {first}"),
        last => format!("{topic}-{partition} offsets {first} to {last}"),
    }
}

pub fn plural(count: i64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

fn broker(node: &str, event: &BrokerEvent) -> Option<(u8, String)> {
    Some(match event {
        BrokerEvent::TopicCreated { topic, partitions } => {
            let level = if topic.starts_with("__") { 2 } else { 1 };
            (level, format!("Topic {topic} was created with {}.", plural(i64::from(*partitions), "partition")))
        }
        BrokerEvent::TopicDeleted { topic } => (1, format!("Topic {topic} was deleted, with all its records.")),
        BrokerEvent::PartitionsAdded { topic, from, to } => {
            (1, format!("{topic} grew from {from} to {to} partitions: a key may now go to another one than before."))
        }
        BrokerEvent::Appended { topic, partition, base_offset, last_offset, duplicate, .. } => {
            if *duplicate {
                (2, format!("{node} got a batch for {topic}-{partition} again and kept the first: no duplicate."))
            } else {
                (3, format!("{node} appended {}.", offsets(topic, *partition, *base_offset, *last_offset)))
            }
        }
        BrokerEvent::AppendRefused { topic, partition, error, message } => {
            let more = if message.is_empty() { String::new() } else { format!(" ({message})") };
            (1, format!("{node} refused records for {topic}-{partition}: {}{more}.", error.name()))
        }
        BrokerEvent::HighWatermark { topic, partition, to, .. } => (3, format!("{topic}-{partition}: the high watermark is {to}.")),
        BrokerEvent::SegmentRolled { topic, partition, base_offset } => {
            (2, format!("{topic}-{partition} began a new segment at offset {base_offset}."))
        }
        BrokerEvent::SegmentDeleted { topic, partition, base_offset } => {
            (1, format!("{topic}-{partition}: the segment from offset {base_offset} was deleted by retention."))
        }
        BrokerEvent::Recovered { topic, partition, text } => (1, format!("{topic}-{partition} was recovered: {text}.")),
        BrokerEvent::FetchHeld { .. } | BrokerEvent::FetchReleased { .. } => return None,
        BrokerEvent::Group(event) => return group(event),
        other => return cluster::broker(node, other),
    })
}

fn group(event: &GroupEvent) -> Option<(u8, String)> {
    Some(match event {
        GroupEvent::MemberAdded { group, client_id, .. } => (1, format!("{client_id} joined {group}.")),
        GroupEvent::MemberRemoved { group, client_id, why, .. } => (
            1,
            match &**why {
                "left" => format!("{client_id} left {group}."),
                why => format!("{group} gave up {client_id}: {why}."),
            },
        ),
        GroupEvent::StateChanged { group, to: GroupState::PreparingRebalance, generation, .. } => {
            (1, format!("{group} rebalances: generation {generation} ends, and its members join again."))
        }
        GroupEvent::StateChanged { group, to: GroupState::CompletingRebalance, generation, .. } => {
            (2, format!("{group} has its members for generation {generation} and waits for the leader's assignment."))
        }
        GroupEvent::StateChanged { group, to: GroupState::Empty, .. } => (1, format!("{group} has no members; its offsets stay.")),
        GroupEvent::StateChanged { group, to: GroupState::Dead, .. } => (1, format!("{group} is gone.")),
        GroupEvent::StateChanged { .. } => return None,
        GroupEvent::Assigned { group, generation, assignments } => {
            let all = assignments.iter().map(|(member, bytes)| (member, assignment(bytes.clone())));
            if assignments.len() > MOST_SHARES {
                let members = assignments.len();
                let (total, least, most) = all
                    .map(|(_, partitions)| partitions.len())
                    .fold((0, usize::MAX, 0), |(total, least, most), n| (total + n, least.min(n), most.max(n)));
                let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
                return Some((1, format!("{group}, generation {generation}: {members} members share {total} partitions, {each} each.")));
            }
            let mut shares: Vec<String> = all
                .map(|(member, partitions)| {
                    let name = client_of(member);
                    if partitions.is_empty() { format!("{name} gets nothing") } else { format!("{name} gets {}", partitions.join(", ")) }
                })
                .collect();
            shares.sort();
            (1, format!("{group}, generation {generation}: {}.", shares.join("; ")))
        }
        GroupEvent::OffsetCommitted { group, topic, partition, offset } => {
            (3, format!("{group} committed {topic}-{partition}: it reads on from offset {offset}."))
        }
    })
}

/// Members that an assignment names one by one; the shares of more are a sentence about their sizes.
const MOST_SHARES: usize = 6;

/// A member id is the client's id, a dash and a UUID of 36 characters.
fn client_of(member: &str) -> &str {
    member.len().checked_sub(37).and_then(|at| member.get(..at)).filter(|name| !name.is_empty()).unwrap_or(member)
}

/// The partitions in a `ConsumerProtocolAssignment`, in words; empty when it is none.
fn assignment(mut bytes: Bytes) -> Vec<String> {
    if bytes.len() < 2 {
        return Vec::new();
    }
    let head = bytes.split_to(2);
    let version = head.iter().fold(0_i16, |version, byte| (version << 8) | i16::from(*byte));
    let Ok((assignment, _)) = ConsumerProtocolAssignment::read(bytes, version.clamp(0, 3)) else { return Vec::new() };
    let mut partitions: Vec<(String, i32)> = assignment
        .assigned_partitions
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|partition| (topic.topic.0.as_ref().to_owned(), *partition)))
        .collect();
    partitions.sort();
    partitions.into_iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect()
}

fn list(partitions: &[(Arc<str>, i32)]) -> String {
    partitions.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect::<Vec<_>>().join(", ")
}

pub fn reason(error: &ClientError) -> String {
    match error {
        ClientError::Broker(code) => code.name().to_owned(),
        other => other.to_string(),
    }
}

fn producer(node: &str, event: &ProducerEvent) -> Option<(u8, String)> {
    Some(match event {
        ProducerEvent::Partitioned { topic, partition, .. } => (3, format!("{node}: the partitioner chose {topic}-{partition}.")),
        ProducerEvent::BatchSent { topic, partition, tickets, attempt, why } => {
            let records = plural(i64::try_from(tickets.len()).unwrap_or(i64::MAX), "record");
            if *attempt > 1 {
                (2, format!("{node} sent {records} to {topic}-{partition} again, attempt {attempt}."))
            } else {
                (3, format!("{node} sent {records} to {topic}-{partition} ({why})."))
            }
        }
        ProducerEvent::Acked { topic, partition, offset, .. } => match offset {
            -1 => (3, format!("{node} sent a record to {topic}-{partition} and will not know what became of it (acks=0).")),
            _ => (3, format!("{node}: {topic}-{partition} offset {offset} is acknowledged.")),
        },
        ProducerEvent::Failed { error, .. } => (1, format!("{node} gave up a record: {}.", reason(error))),
        ProducerEvent::Retrying { topic, partition, error, .. } => {
            (2, format!("{node} will try {topic}-{partition} again: {}.", error.name()))
        }
        ProducerEvent::GotProducerId { producer_id, epoch } => {
            (2, format!("{node} is producer {producer_id}, epoch {epoch}: its batches are numbered from now on."))
        }
    })
}

fn consumer(node: &str, event: &ConsumerEvent) -> Option<(u8, String)> {
    Some(match event {
        ConsumerEvent::Joining { group, why } => (2, format!("{node} asks to join {group} ({why}).")),
        ConsumerEvent::Revoked { partitions, .. } if partitions.is_empty() => return None,
        ConsumerEvent::Revoked { partitions, lost: true } => (1, format!("{node} lost {}: they may be others' already.", list(partitions))),
        ConsumerEvent::Revoked { partitions, lost: false } => (2, format!("{node} gives back {}.", list(partitions))),
        ConsumerEvent::Assigned { partitions, .. } if partitions.is_empty() => {
            (1, format!("{node} has no partition: the group has more members than partitions."))
        }
        ConsumerEvent::Assigned { partitions, generation, .. } => {
            (2, format!("{node} reads {} (generation {generation}).", list(partitions)))
        }
        ConsumerEvent::LedAssignment { protocol, members } => {
            (2, format!("{node} leads the group and assigned the partitions of {} ({protocol}).", plural(i64::from(*members), "member")))
        }
        ConsumerEvent::PositionReset { topic, partition, offset, why } => {
            (2, format!("{node} starts {topic}-{partition} at offset {offset} ({why})."))
        }
        ConsumerEvent::Fetched { topic, partition, base_offset, last_offset } => {
            (3, format!("{node} fetched {}.", offsets(topic, *partition, *base_offset, *last_offset)))
        }
        ConsumerEvent::Committed { .. } => return None,
        ConsumerEvent::CommitFailed { error } => (1, format!("{node} could not commit: {}.", reason(error))),
        ConsumerEvent::PollTimeout => {
            (1, format!("{node} did not poll within max.poll.interval.ms: it leaves the group, though its handler still works."))
        }
        ConsumerEvent::Error { error } => (1, format!("{node}: {}.", reason(error))),
    })
}

/// Sentences that a transcript keeps; older ones go.
pub const MAX_SENTENCES: u32 = 1000;

/// What the narrator has said so far, up to a level.
#[derive(Clone, Debug)]
pub struct Transcript {
    level: u8,
    next: EventId,
    sentences: VecDeque<Sentence>,
}

impl Transcript {
    /// `level`: 1 to 3.
    pub fn new(level: u8) -> Self {
        Self { level, next: EventId(0), sentences: VecDeque::new() }
    }

    /// One that tells what happens from now on.
    pub fn after(level: u8, world: &World) -> Self {
        Self { next: world.next_event(), ..Self::new(level) }
    }

    /// Narrates the events since the last time; returns how many sentences are new. Events that the world no longer keeps
    /// are told by their number.
    pub fn update(&mut self, world: &World) -> u32 {
        let events = world.events();
        let Some(first) = events.first() else { return 0 };
        let mut new = 0;
        if first.id > self.next {
            let missed = first.id.0 - self.next.0;
            let text = format!("{missed} events went by too fast to be told.");
            self.push(Sentence { level: 1, at: first.at, text, event: first.id });
            new += 1;
        }
        let start = usize::try_from(self.next.0.saturating_sub(first.id.0)).unwrap_or(usize::MAX);
        for event in events.iter().skip(start) {
            if let Some(sentence) = narrate(event, world).filter(|sentence| sentence.level <= self.level) {
                self.push(sentence);
                new += 1;
            }
            self.next = EventId(event.id.0 + 1);
        }
        new
    }

    fn push(&mut self, sentence: Sentence) {
        if self.sentences.len() as u64 >= u64::from(MAX_SENTENCES) {
            self.sentences.pop_front();
        }
        self.sentences.push_back(sentence);
    }

    /// Oldest first.
    pub fn sentences(&self) -> impl DoubleEndedIterator<Item = &Sentence> + ExactSizeIterator {
        self.sentences.iter()
    }

    pub fn latest(&self) -> Option<&Sentence> {
        self.sentences.back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_called_by_their_clients_names() {
        assert_eq!(client_of("billing-1-00000000-0000-4000-8000-000000000000"), "billing-1");
        assert_eq!(client_of("short"), "short");
    }

    #[test]
    fn an_assignment_reads_in_order() {
        let bytes = Bytes::from_static(b"\0\x01\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x02\0\0\0\0\xff\xff\xff\xff");
        assert_eq!(assignment(bytes), ["orders-0", "orders-2"]);
        assert!(assignment(Bytes::from_static(b"\0\x01\xff")).is_empty());
    }

    #[test]
    fn shares_of_many_members_are_summed_up() {
        let two = Bytes::from_static(b"\0\x01\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x02\0\0\0\0\xff\xff\xff\xff");
        let none = Bytes::from_static(b"\0\x01\0\0\0\0\xff\xff\xff\xff");
        let told = |last: &Bytes, members: usize| {
            let mut assignments: Vec<(Arc<str>, Bytes)> = (1..members).map(|n| (format!("c{n}").into(), two.clone())).collect();
            assignments.push(("c".into(), last.clone()));
            let event = GroupEvent::Assigned { group: "billing".into(), generation: 3, assignments };
            group(&event).map(|(_, words)| words).unwrap_or_default()
        };
        assert_eq!(told(&two, 7), "billing, generation 3: 7 members share 14 partitions, 2 each.");
        assert_eq!(told(&none, 7), "billing, generation 3: 7 members share 12 partitions, 0 to 2 each.");
        assert_eq!(told(&none, 2), "billing, generation 3: c gets nothing; c1 gets orders-0, orders-2.");
    }
}
