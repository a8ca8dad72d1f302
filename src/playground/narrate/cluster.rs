//! What befalls brokers and the network, elections, replication: in words.

use super::{Words, offsets, plural};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::controller::ControllerEvent;
use crate::playground::scenario::{duration_text, percent_text};
use crate::world::action::{Action, Fault, LinkSpec};
use std::collections::BTreeMap;

/// Internal topics have many partitions: what befalls them is for those who want to hear everything.
fn inner(topic: &str, level: u8) -> u8 {
    if topic.starts_with("__") { 3 } else { level }
}

/// `broker-1 and broker-3`.
pub fn brokers(ids: &[i32]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("broker-{id}")).collect();
    match names.split_last() {
        None => "nobody".into(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

/// `200ms to 230ms, 5% lost`.
pub fn link_words(how: &LinkSpec) -> String {
    let mut out = duration_text(how.latency_us);
    if how.jitter_us > 0 {
        out = out + " to " + &duration_text(how.latency_us.saturating_add(how.jitter_us));
    }
    for (ppm, what) in [(how.loss_ppm, " lost"), (how.duplicate_ppm, " doubled")] {
        if ppm > 0 {
            out = out + ", " + &percent_text(ppm) + what;
        }
    }
    out
}

pub(super) fn fault(fault: &Fault) -> Words {
    Some((
        1,
        match fault {
            Fault::Kill { node } => format!("{node} was killed: its process is gone, what it had written stays in the page cache."),
            Fault::PowerLoss { node } => format!("{node} lost its power: what it had not flushed is gone, and nobody is told."),
            Fault::Wipe { node } => format!("The disk of {node} is empty now."),
            Fault::Stop { node } => format!("{node} is asked to stop: it hands over what it leads first."),
            Fault::Restart { node } => format!("{node} starts again, from its disk."),
            Fault::Pause { node } => format!("{node} is frozen: it hears and says nothing."),
            Fault::Resume { node } => format!("{node} goes on where it was frozen."),
            Fault::SlowDisk { node, delay_us: 0 } => format!("The disk of {node} is as fast as before."),
            Fault::SlowDisk { node, delay_us } => format!("Whatever {node} writes now takes {} longer.", duration_text(*delay_us)),
            Fault::FullDisk { node, free: None } => format!("{node} has room on its disk again."),
            Fault::FullDisk { node, free: Some(free) } => format!("{node} has {free} bytes left on its disk."),
            Fault::Skew { node, by_us: 0 } => format!("The clock of {node} is right again."),
            Fault::Skew { node, by_us } => {
                let side = if *by_us < 0 { "behind" } else { "ahead" };
                format!("The clock of {node} is {} {side}.", duration_text(by_us.saturating_abs()))
            }
            Fault::Links { latency_us, jitter_us, loss_ppm, duplicate_ppm } => {
                let (latency_us, jitter_us, loss_ppm, duplicate_ppm) = (*latency_us, *jitter_us, *loss_ppm, *duplicate_ppm);
                format!("Every frame now takes {}.", link_words(&LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm }))
            }
            Fault::Link { from, to, one_way, how } => {
                let (way, and) = if *one_way { ("from", "to") } else { ("between", "and") };
                let words = how.as_ref().map_or_else(|| "what all links take again".to_owned(), link_words);
                let lost = how.is_some_and(|how| how.loss_ppm > 0);
                let tail = if lost { ": what is lost is sent again after 200ms, then 400ms, as TCP does" } else { "" };
                format!("A frame {way} {from} {and} {to} now takes {words}{tail}.")
            }
            // The event says it.
            Fault::Cut { .. } | Fault::Isolate { .. } | Fault::Heal => return None,
        },
    ))
}

/// An empty value takes the config back: what stands behind it holds.
fn given(whom: &str, verb: &str, config: &BTreeMap<String, String>) -> (u8, String) {
    let one = |(name, value): (&String, &String)| match value.is_empty() {
        true => format!("the inherited {name}"),
        false => format!("{name}={value}"),
    };
    let configs: Vec<String> = config.iter().map(one).collect();
    (1, format!("{whom} {verb} given {}.", configs.join(", ")))
}

pub(super) fn acted(action: &Action) -> Words {
    Some(match action {
        Action::SetTopicConfig { topic, config } => given(topic, "is", config),
        Action::SetBrokerConfig { broker: Some(broker), config } => given(broker, "is", config),
        Action::SetBrokerConfig { broker: None, config } => given("All brokers", "are", config),
        Action::ElectLeader { topic, partition, unclean } => {
            let what = if *unclean { "any live replica, in sync or not," } else { "its preferred replica" };
            (1, format!("{topic}-{partition}: {what} is asked to lead."))
        }
        Action::Reassign { topic, partition, replicas } => (1, format!("{topic}-{partition} is to move to {}.", brokers(replicas))),
        Action::Fault(what) => return fault(what),
        _ => return None,
    })
}

pub(super) fn cut(from: &str, to: &str, one_way: bool) -> String {
    if to == "everyone" {
        format!("{from} is cut off from everyone.")
    } else if one_way {
        format!("Nothing gets from {from} to {to} any more; the other way is open.")
    } else {
        format!("{from} and {to} cannot reach each other.")
    }
}

fn controller(node: &str, event: &ControllerEvent) -> Words {
    Some(match event {
        ControllerEvent::Candidate { epoch, why } => (2, format!("{node} wants to lead the quorum in epoch {epoch} ({why}).")),
        ControllerEvent::Voted { epoch, candidate, granted } => {
            let verb = if *granted { "votes for" } else { "does not vote for" };
            (2, format!("{node} {verb} broker-{candidate} (epoch {epoch})."))
        }
        ControllerEvent::Elected { epoch, votes } => {
            (1, format!("{node} is the active controller, epoch {epoch}, with the votes of {}.", brokers(votes)))
        }
        ControllerEvent::Follows { epoch, leader } => (3, format!("{node} follows broker-{leader} as controller, epoch {epoch}.")),
        ControllerEvent::Resigned { epoch, why } => (1, format!("{node} no longer leads the quorum (epoch {epoch}: {why}).")),
        ControllerEvent::Truncated { from, to } => {
            (1, format!("{node} cut its metadata log from offset {from} back to {to}: nobody had committed that."))
        }
        ControllerEvent::BrokerRegistered { broker, .. } => (2, format!("broker-{broker} has registered with the controller.")),
        ControllerEvent::BrokerFenced { broker, why } => (1, format!("The controller no longer counts broker-{broker} in: {why}.")),
        ControllerEvent::BrokerUnfenced { broker } => (2, format!("The controller counts broker-{broker} in.")),
        ControllerEvent::PartitionChanged { .. } => return partition_changed(event, None),
    })
}

/// A controller's decision on a partition. `fenced`: the broker that it fenced in the same turn. The controller gives one reason for all
/// partitions that had that broker in sync, whether it led them or not.
pub(super) fn partition_changed(event: &ControllerEvent, fenced: Option<i32>) -> Words {
    let ControllerEvent::PartitionChanged { topic, partition, leader, leader_epoch, isr, elr, why } = event else { return None };
    let level = inner(topic, if matches!(*why, "created" | "isr expanded" | "isr shrunk") { 3 } else { 1 });
    let waits = if elr.is_empty() { String::new() } else { format!("; {} could lead again", brokers(elr)) };
    let leads = match leader {
        -1 => "nobody leads: no replica that is up has all records".to_owned(),
        leader => format!("broker-{leader} leads, epoch {leader_epoch}"),
    };
    let why = match (*why, fenced) {
        ("leader's broker was fenced", Some(broker)) => format!("broker-{broker} was fenced"),
        ("leader's broker was fenced", None) => "a broker was fenced".to_owned(),
        (why, _) => why.to_owned(),
    };
    Some((level, format!("{topic}-{partition}: {leads}; in sync: {}{waits} ({why}).", brokers(isr))))
}

pub(super) fn broker(node: &str, event: &BrokerEvent) -> Words {
    Some(match event {
        BrokerEvent::Controller(event) => return controller(node, event),
        BrokerEvent::BecameLeader { topic, partition, epoch, end_offset } => {
            (inner(topic, 2), format!("{node} leads {topic}-{partition} from offset {end_offset} on, epoch {epoch}."))
        }
        BrokerEvent::BecameFollower { topic, partition, leader: -1, .. } => {
            (3, format!("{node} waits for a leader of {topic}-{partition}."))
        }
        BrokerEvent::BecameFollower { topic, partition, leader, epoch } => {
            (3, format!("{node} follows broker-{leader} on {topic}-{partition}, epoch {epoch}."))
        }
        BrokerEvent::IsrChanged { topic, partition, from, to, why } => {
            // What the controller decided, it has told itself.
            let level = inner(topic, if *why == "decided by the controller" { 3 } else { 1 });
            let verb = if to.len() < from.len() { "shrinks" } else { "grows" };
            (level, format!("{topic}-{partition}: the in-sync set {verb} to {} ({why}).", brokers(to)))
        }
        BrokerEvent::Replicated { topic, partition, base_offset, last_offset } => {
            (3, format!("{node} copied {}.", offsets(topic, *partition, *base_offset, *last_offset)))
        }
        BrokerEvent::Truncated { topic, partition, from, to, .. } => {
            let records = plural(from.saturating_sub(*to), "record");
            (1, format!("{node} cut {records} off {topic}-{partition}, back to offset {to}: its leader does not have them."))
        }
        BrokerEvent::Unfenced { .. } => (2, format!("{node} learns that it is counted in.")),
        BrokerEvent::Fenced { .. } => (2, format!("{node} learns that it is not counted in.")),
        BrokerEvent::StorageFailed { why } => (1, format!("{node} ends: its disk has failed ({why}).")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configs_are_told_with_whom_they_are_given_to() {
        let told = |broker: Option<&str>, value: &str| {
            let config = [("log.retention.ms".to_owned(), value.to_owned())].into();
            acted(&Action::SetBrokerConfig { broker: broker.map(Into::into), config })
        };
        assert_eq!(told(Some("broker-2"), "9"), Some((1, "broker-2 is given log.retention.ms=9.".to_owned())));
        assert_eq!(told(None, ""), Some((1, "All brokers are given the inherited log.retention.ms.".to_owned())));
    }

    #[test]
    fn votes_are_told_by_name() {
        let event = BrokerEvent::Controller(ControllerEvent::Elected { epoch: 3, votes: vec![2, 3] });
        let (level, text) = broker("broker-2", &event).expect("it is told");
        assert_eq!((level, text.as_str()), (1, "broker-2 is the active controller, epoch 3, with the votes of broker-2 and broker-3."));
        assert_eq!(brokers(&[]), "nobody");
        assert_eq!(brokers(&[1, 2, 3]), "broker-1, broker-2 and broker-3");
    }
}
