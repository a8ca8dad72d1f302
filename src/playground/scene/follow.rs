//! One record's way through the cluster, read from the run's events: stations that have happened, in the order of time.

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::kafka::time::Time;
use crate::kafka::wire::message::ApiKey;
use crate::world::World;
use crate::world::event::{Event, EventId, EventKind};
use crate::world::view::WorldView;
use std::sync::Arc;

/// Where on the stage a station is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Spot {
    Producer(Arc<str>),
    Leader,
    Watermark,
    /// By the broker's name.
    Follower(Arc<str>),
    Consumer(Arc<str>),
    Handled(Arc<str>),
    /// By the group's name.
    Committed(Arc<str>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Station {
    pub at: Time,
    pub event: EventId,
    pub text: String,
    pub spot: Spot,
}

/// A record's way so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trail {
    pub topic: Arc<str>,
    pub partition: i32,
    pub offset: i64,
    /// In the order of time.
    pub stations: Vec<Station>,
    /// What it still waits for, what became of it, or what is not known any more.
    pub note: String,
}

/// The note on a record of whose beginning nothing is known.
pub const FORGOTTEN: &str = "How it came is no longer among the events that are kept.";

/// The way of the record that has this offset now, or had it last. What happened before the oldest event that is kept is not known, and the
/// note says so.
pub fn follow(world: &World, view: &WorldView, topic: &Arc<str>, partition: i32, offset: i64) -> Trail {
    let here = |t: &Arc<str>, n: i32| t == topic && n == partition;
    let holds = |t: &Arc<str>, n: i32, base: i64, last: i64| here(t, n) && (base..=last).contains(&offset);
    let events = world.events();
    let began = events.iter().rposition(|event| match broker(event) {
        Some((_, BrokerEvent::Appended { topic, partition, base_offset, last_offset, duplicate: false, .. })) => {
            holds(topic, *partition, *base_offset, *last_offset)
        }
        _ => false,
    });
    let mut stations: Vec<Station> = Vec::new();
    if let Some(sent) = began.and_then(|i| events.get(i)).and_then(|event| sent(world, event))
        && let EventKind::FrameSent { from, to, .. } = &sent.kind
    {
        add(&mut stations, sent, Spot::Producer(from.clone()), format!("{from} sends it to {to}"));
    }
    let mut cut = false;
    for event in &events[began.unwrap_or(0)..] {
        match &event.kind {
            EventKind::Broker { node, event: what } => match what {
                BrokerEvent::Appended { topic, partition, base_offset, last_offset, duplicate: false, .. }
                    if holds(topic, *partition, *base_offset, *last_offset) =>
                {
                    add(&mut stations, event, Spot::Leader, format!("{node}, the leader, appends it"));
                }
                BrokerEvent::Replicated { topic, partition, base_offset, last_offset }
                    if holds(topic, *partition, *base_offset, *last_offset) =>
                {
                    add(&mut stations, event, Spot::Follower(node.clone()), format!("{node} has fetched a copy"));
                }
                BrokerEvent::HighWatermark { topic, partition, from, to } if here(topic, *partition) && (*from..*to).contains(&offset) => {
                    add(&mut stations, event, Spot::Watermark, "the high watermark passes it".into());
                }
                BrokerEvent::Truncated { topic, partition, to, .. } if here(topic, *partition) && *to <= offset => {
                    add(&mut stations, event, Spot::Follower(node.clone()), format!("{node} cuts it: its leader lacks it"));
                    cut = true;
                }
                BrokerEvent::Group(GroupEvent::OffsetCommitted { group, topic, partition, offset: to })
                    if here(topic, *partition) && *to > offset && stations.iter().any(|s| matches!(s.spot, Spot::Consumer(_))) =>
                {
                    add(&mut stations, event, Spot::Committed(group.clone()), format!("{group} commits offset {to}"));
                }
                _ => {}
            },
            EventKind::Consumer { node, event: ConsumerEvent::Fetched { topic, partition, base_offset, last_offset } }
                if holds(topic, *partition, *base_offset, *last_offset) =>
            {
                add(&mut stations, event, Spot::Consumer(node.clone()), format!("{node} has fetched it"));
            }
            EventKind::Handled { node, topic, partition, offset: o, delivery, .. } if here(topic, *partition) && *o == offset => {
                let again = if *delivery > 1 { " again" } else { "" };
                add(&mut stations, event, Spot::Handled(node.clone()), format!("{node} has handled it{again}"));
            }
            _ => {}
        }
    }
    let p = view.partitions.iter().find(|p| here(&p.view.topic, p.view.partition)).map(|p| &p.view);
    let has = |spot: fn(&Spot) -> bool| stations.iter().any(|s| spot(&s.spot));
    let note = match p {
        None => "The partition is gone.".to_owned(),
        Some(p) if offset < p.log_start_offset => format!("Retention has deleted it: the log begins at offset {}.", p.log_start_offset),
        Some(p) if offset >= p.end_offset && (cut || began.is_some()) => "The leader's log does not have it any more.".into(),
        Some(p) if offset >= p.end_offset => format!("No record has this offset yet: the log ends at {}.", p.end_offset),
        _ if began.is_none() => FORGOTTEN.into(),
        Some(p) if offset >= p.high_watermark => format!("Not readable yet: the high watermark is {}.", p.high_watermark),
        _ if !has(|s| matches!(s, Spot::Consumer(_))) => "Nobody has fetched it yet.".into(),
        _ if !has(|s| matches!(s, Spot::Handled(_))) => "It waits for its handler.".into(),
        _ if !has(|s| matches!(s, Spot::Committed(_))) => "It is handled, and not committed yet.".into(),
        _ => String::new(),
    };
    Trail { topic: topic.clone(), partition, offset, stations, note }
}

/// The first time that something is so is a station.
fn add(stations: &mut Vec<Station>, event: &Event, spot: Spot, text: String) {
    if stations.iter().all(|s| s.spot != spot || s.text != text && matches!(spot, Spot::Handled(_) | Spot::Follower(_))) {
        stations.push(Station { at: event.at, event: event.id, text, spot });
    }
}

fn broker(event: &Event) -> Option<(&Arc<str>, &BrokerEvent)> {
    if let EventKind::Broker { node, event } = &event.kind { Some((node, event)) } else { None }
}

/// The Produce request that led to an event.
fn sent<'a>(world: &'a World, event: &Event) -> Option<&'a Event> {
    let mut at = world.event(event.cause?)?;
    loop {
        if matches!(&at.kind, EventKind::FrameSent { api: ApiKey::Produce, response: false, .. }) {
            return Some(at);
        }
        at = world.event(at.cause?)?;
    }
}
