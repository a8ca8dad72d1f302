//! Elections and replication in words.

use super::{Words, offsets, plural, transactions};
use crate::kafka::broker::{BrokerEvent, IsrReason};
use crate::kafka::controller::{ChangeReason, ControllerEvent};
use crate::world::operations::brokers;

/// Internal topics have many partitions: what happens to them is for those who want to hear everything.
fn inner(topic: &str, level: u8) -> u8 {
    if topic.starts_with("__") { 3 } else { level }
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
        ControllerEvent::PartitionChanged { .. } => return partition_changed(event),
    })
}

/// A controller's decision on a partition.
fn partition_changed(event: &ControllerEvent) -> Words {
    let ControllerEvent::PartitionChanged { topic, partition, leader, leader_epoch, isr, elr, why } = event else { return None };
    let quiet = matches!(why, ChangeReason::Created | ChangeReason::IsrExpanded | ChangeReason::IsrShrunk);
    let level = inner(topic, if quiet { 3 } else { 1 });
    let waits = if elr.is_empty() { String::new() } else { format!("; {} could lead again", brokers(elr)) };
    let leads = match leader {
        -1 => "nobody leads: no replica that is up has all records".to_owned(),
        leader => format!("broker-{leader} leads, epoch {leader_epoch}"),
    };
    let why = match why {
        ChangeReason::LeaderFenced(broker) => format!("broker-{broker} was fenced"),
        ChangeReason::ReplicaFenced(broker) => format!("broker-{broker}, a follower, was fenced"),
        why => why.name().to_owned(),
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
            let level = inner(topic, if *why == IsrReason::Decided { 3 } else { 1 });
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
        BrokerEvent::Transaction(event) => return transactions::transaction(event),
        BrokerEvent::StorageFailed { why } => (1, format!("{node} ends: its disk has failed ({why}).")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_told_by_name() {
        let event = BrokerEvent::Controller(ControllerEvent::Elected { epoch: 3, votes: vec![2, 3] });
        let (level, text) = broker("broker-2", &event).expect("it is told");
        assert_eq!((level, text.as_str()), (1, "broker-2 is the active controller, epoch 3, with the votes of broker-2 and broker-3."));
        assert_eq!(brokers(&[]), "nobody");
        assert_eq!(brokers(&[1, 2, 3]), "broker-1, broker-2 and broker-3");
    }
}
