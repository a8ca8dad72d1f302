//! The narrator: events in plain words.

mod clients;
mod cluster;
mod groups;
mod queue;
#[cfg(test)]
mod tests;
mod transactions;
mod transcript;

pub use crate::world::operations::brokers;
pub use clients::reason;
pub use queue::{MAX_WAITING, Waiting};
pub use transcript::{MAX_SENTENCES, Transcript};

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::controller::ControllerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::time::{Time, TimerKind};
use crate::kafka::wire::message::ApiKey;
use crate::world::ProcessState;
use crate::world::event::{Event, EventId, EventKind};
use crate::world::handler::OnFailure;
use crate::world::operations::{Action, Narration, cut_words};
use crate::world::{ALL_BROKERS, World};
use std::fmt;

/// A sentence and its level; `None`: nothing is said.
type Words = Option<(u8, String)>;

/// One thing that happened, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// 1: what everyone should see; 2: how it came about; 3: everything that can be said.
    pub level: u8,
    pub at: Time,
    pub text: String,
    pub event: EventId,
    /// Somebody did it: it is said at once.
    pub deed: bool,
}

/// The sentence for an event; `None` when there is nothing to say (or other events say it).
pub fn narrate(event: &Event, world: &World) -> Option<Sentence> {
    let (level, text) = words(event, world)?;
    let deed = matches!(event.kind, EventKind::Acted { .. } | EventKind::LinkCut { .. } | EventKind::Healed);
    Some(Sentence { level, at: event.at, text, event: event.id, deed })
}

/// Puts what a broker's fencing led to after it: the controller decides on the partitions first, in the same moment.
pub fn causes_first(sentences: &mut [Sentence], world: &World) {
    let events = world.events();
    let is_cause = |sentence: &Sentence| {
        let found = events.binary_search_by_key(&sentence.event, |event| event.id).ok().and_then(|at| events.get(at));
        found.is_some_and(|event| {
            matches!(&event.kind, EventKind::Broker { event: BrokerEvent::Controller(ControllerEvent::BrokerFenced { .. }), .. })
        })
    };
    sentences.sort_by_key(|sentence| (sentence.at, !is_cause(sentence)));
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

/// High-frequency events, told at level 3 if at all: callers at level 2 and below may skip them.
pub fn often(event: &EventKind) -> bool {
    match event {
        EventKind::Connected { .. } | EventKind::FrameSent { .. } | EventKind::FrameArrived { .. } | EventKind::Timer { .. } => true,
        EventKind::Handled { delivery, .. } => *delivery <= 1,
        EventKind::HandlerFailed { attempt, .. } => *attempt > 1,
        EventKind::Inserted { .. } => true,
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
            match action.describe(world) {
                Narration::Says(level, text) => (level, text),
                // The event is told itself.
                Narration::ItsEventSays(_) | Narration::LaterEventsSay => return None,
            }
        }
        EventKind::FrameLost { message } => (3, format!("Frame {message} came too late: its receiver is gone.")),
        EventKind::Disconnected { from, to } => (3, format!("{to} learns that the connection to {from} is closed.")),
        EventKind::Connected { .. } | EventKind::FrameSent { .. } | EventKind::FrameArrived { .. } => return None,
        EventKind::Timer { node, what, who } => match what {
            TimerKind::NextRecord | TimerKind::Poll | TimerKind::Handler => return None,
            _ if who.is_empty() => (3, format!("{node}: {what}.")),
            _ => (3, format!("{node}: {what} of {who}.")),
        },
        EventKind::Broker { node, event } => return broker(node, event),
        EventKind::BrokerLog { node, line } => (if line.starts_with("__") { 3 } else { 2 }, format!("{node}: {line}")),
        EventKind::Producer { node, event } => return clients::producer(node, event),
        EventKind::Consumer { node, event } => return clients::consumer(node, event, world),
        EventKind::Handled { node, topic, partition, offset, delivery, group } => {
            if *delivery > 1 {
                let whom = group.as_deref().unwrap_or(node);
                (2, format!("{node} handled {topic}-{partition} offset {offset}, which {whom} had handled before (delivery {delivery})."))
            } else {
                (3, format!("{node} handled {topic}-{partition} offset {offset}."))
            }
        }
        EventKind::HandlerFailed { node, topic, partition, offset, attempt, then } => {
            let what = match then {
                OnFailure::Crash => "the exception ends its process, and nothing is committed",
                OnFailure::Retry => "it tries the same record again",
                OnFailure::Skip => "it goes on with the next record",
                OnFailure::DeadLetter => "it sends the record to its dead-letter topic, and goes on once it is there",
            };
            let level = match then {
                OnFailure::Crash => 1,
                _ if *attempt > 1 => 3,
                _ => 2,
            };
            (level, format!("{node}'s handler failed on {topic}-{partition} offset {offset}: {what}."))
        }
        EventKind::Inserted { node, rows } => (3, format!("{node} has inserted {rows} rows at once.")),
        EventKind::ProcessState { node, to: ProcessState::Stopped, .. } => (1, format!("{node} has stopped.")),
        EventKind::ProcessState { .. } => return None,
        EventKind::LinkCut { from, to, one_way } => (1, cut_words(from, to, *one_way)),
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
    match action.describe(world) {
        Narration::Says(_, text) | Narration::ItsEventSays(text) => Some(text),
        Narration::LaterEventsSay => None,
    }
}

/// `orders-0 offsets 3 to 5`.
fn offsets(topic: &str, partition: i32, first: i64, last: i64) -> String {
    match last {
        last if last == first => format!("{topic}-{partition} offset {first}"),
        last => format!("{topic}-{partition} offsets {first} to {last}"),
    }
}

/// Microseconds as seconds with one decimal: `7.3 s`. What is negative is none.
pub fn tenths(micros: i64) -> String {
    let tenths = micros.max(0) / 100_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// So many of a thing.
pub fn plural<N: fmt::Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    match count == N::from(1) {
        true => format!("1 {one}"),
        false if one.ends_with("ch") => format!("{count} {one}es"),
        false => format!("{count} {one}s"),
    }
}

/// A producer's `acks`, as its config has it.
pub fn acks_words(acks: i16) -> String {
    if acks < 0 { "acks=all".to_owned() } else { format!("acks={acks}") }
}

fn broker(node: &str, event: &BrokerEvent) -> Option<(u8, String)> {
    Some(match event {
        BrokerEvent::TopicCreated { topic, partitions } => {
            let level = if topic.starts_with("__") { 2 } else { 1 };
            (level, format!("Topic {topic} was created with {}.", plural(*partitions, "partition")))
        }
        BrokerEvent::TopicNotCreated { topic, why } => (1, format!("{topic} could not be created: {why}")),
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
        BrokerEvent::Group(event) => return groups::group(event),
        other => return cluster::broker(node, other),
    })
}
